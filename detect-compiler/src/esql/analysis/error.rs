//! What can be wrong with a query that parses.

use crate::diagnostic::Complaint;
use crate::esql::ast::Span;
use detect_runtime::functions::SignatureError;
use detect_runtime::value::Type;
use std::ops::Range;

/// An error of the analysis.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AnalysisError {
    /// A name that no column has at this place.
    #[error("unknown column `{name}`")]
    Column {
        /// As written.
        name: String,
        /// The nearest column.
        near: Option<String>,
        /// Where.
        span: Span,
    },
    /// A function that does not exist.
    #[error("unknown function `{name}`")]
    Function {
        /// As written.
        name: String,
        /// The nearest function.
        near: Option<String>,
        /// Where.
        span: Span,
    },
    /// A function or operator does not take these arguments.
    #[error("`{function}` does not take this: {error}")]
    Arguments {
        /// As the user knows it.
        function: String,
        /// What is wrong.
        error: SignatureError,
        /// Where.
        span: Span,
    },
    /// Another type was expected.
    #[error("expected {expected}, found {}", type_name(*.found))]
    Type {
        /// In words.
        expected: String,
        /// The type.
        found: Type,
        /// Where.
        span: Span,
    },
    /// Two values that have no type in common.
    #[error("{} and {} have no common type", type_name(*.left), type_name(*.right))]
    NoCommonType {
        /// Type of the values before.
        left: Type,
        /// Type of the value at the span.
        right: Type,
        /// Where.
        span: Span,
    },
    /// A literal that cannot be read as what it has to be.
    #[error("cannot read {literal} as {}", type_name(*.ty))]
    Literal {
        /// As written.
        literal: String,
        /// The type.
        ty: Type,
        /// Where.
        span: Span,
    },
    /// A type name behind `::` that does not exist.
    #[error("unknown type `{name}`")]
    TypeName {
        /// As written.
        name: String,
        /// The nearest type.
        near: Option<String>,
        /// Where.
        span: Span,
    },
    /// A constant was expected.
    #[error("{what} must be constant")]
    Constant {
        /// What.
        what: String,
        /// Where.
        span: Span,
    },
    /// A constant with a value that is refused.
    #[error("{reason}")]
    Value {
        /// In words.
        reason: String,
        /// Where.
        span: Span,
    },
    /// A LIKE, RLIKE, GROK or DISSECT pattern that is none.
    #[error("bad pattern: {reason}")]
    Pattern {
        /// In words.
        reason: String,
        /// Where.
        span: Span,
    },
    /// An aggregate outside of STATS.
    #[error("the aggregate `{name}` can only stand in STATS")]
    StrayAggregate {
        /// As written.
        name: String,
        /// Where.
        span: Span,
    },
    /// An aggregate inside an aggregate.
    #[error("the aggregate `{name}` stands inside another aggregate")]
    NestedAggregate {
        /// As written.
        name: String,
        /// Where.
        span: Span,
    },
    /// A column in STATS that is neither aggregated nor a grouping.
    #[error("column `{name}` is neither aggregated nor a grouping")]
    Ungrouped {
        /// As written.
        name: String,
        /// Where.
        span: Span,
    },
    /// A full-text function where the source document is gone.
    #[error("`{function}` cannot be used behind {command}")]
    DocumentGone {
        /// As written.
        function: String,
        /// The command.
        command: &'static str,
        /// Where.
        span: Span,
    },
    /// A full-text function outside of conditions.
    #[error("`{function}` can only stand in a condition")]
    NotACondition {
        /// As written.
        function: String,
        /// Where.
        span: Span,
    },
    /// Something of the language that is refused by design.
    #[error("{what} is not supported")]
    Unsupported {
        /// What.
        what: String,
        /// Where.
        span: Span,
    },
    /// A function option that does not exist.
    #[error("unknown option `{name}`")]
    Option {
        /// As written.
        name: String,
        /// Where.
        span: Span,
    },
    /// What another front end says about a query inside the query.
    #[error("{message}")]
    Embedded {
        /// Its message.
        message: String,
        /// Its help.
        help: Option<String>,
        /// Where.
        span: Span,
    },
}

impl AnalysisError {
    fn place(&self) -> Span {
        match self {
            AnalysisError::Column { span, .. }
            | AnalysisError::Function { span, .. }
            | AnalysisError::Arguments { span, .. }
            | AnalysisError::Type { span, .. }
            | AnalysisError::NoCommonType { span, .. }
            | AnalysisError::Literal { span, .. }
            | AnalysisError::TypeName { span, .. }
            | AnalysisError::Constant { span, .. }
            | AnalysisError::Value { span, .. }
            | AnalysisError::Pattern { span, .. }
            | AnalysisError::StrayAggregate { span, .. }
            | AnalysisError::NestedAggregate { span, .. }
            | AnalysisError::Ungrouped { span, .. }
            | AnalysisError::DocumentGone { span, .. }
            | AnalysisError::NotACondition { span, .. }
            | AnalysisError::Unsupported { span, .. }
            | AnalysisError::Option { span, .. }
            | AnalysisError::Embedded { span, .. } => *span,
        }
    }
}

impl Complaint for AnalysisError {
    fn span(&self) -> Range<usize> {
        self.place().range()
    }

    fn label(&self) -> Option<String> {
        Some(match self {
            AnalysisError::Column { .. } => "no such column here".into(),
            AnalysisError::Function { .. } => "no such function".into(),
            AnalysisError::Arguments { error, .. } => error.to_string(),
            AnalysisError::Type { expected, .. } => format!("expected {expected}"),
            AnalysisError::NoCommonType { right, .. } => format!("this is {}", type_name(*right)),
            AnalysisError::Literal { ty, .. } => format!("expected {}", type_name(*ty)),
            AnalysisError::TypeName { .. } => "no such type".into(),
            AnalysisError::Constant { .. } => "expected a constant".into(),
            AnalysisError::Ungrouped { .. } => "expected an aggregate or a grouping".into(),
            AnalysisError::Unsupported { .. } => "cannot be compiled".into(),
            _ => return None,
        })
    }

    fn help(&self) -> Option<String> {
        match self {
            AnalysisError::Column { near: Some(near), .. }
            | AnalysisError::Function { near: Some(near), .. }
            | AnalysisError::TypeName { near: Some(near), .. } => {
                Some(format!("did you mean `{near}`?"))
            }
            AnalysisError::Ungrouped { name, .. } => {
                Some(format!("aggregate it, e.g. VALUES({name}), or add it behind BY"))
            }
            AnalysisError::StrayAggregate { .. } => {
                Some("aggregate with STATS first, then use its column".into())
            }
            AnalysisError::Embedded { help, .. } => help.clone(),
            _ => None,
        }
    }
}

/// The name of a type as ES|QL writes it.
pub(crate) fn type_name(ty: Type) -> &'static str {
    match ty {
        Type::Null => "null",
        Type::Boolean => "boolean",
        Type::Integer => "integer",
        Type::Long => "long",
        Type::UnsignedLong => "unsigned_long",
        Type::Double => "double",
        Type::Keyword => "keyword",
        Type::Text => "text",
        Type::Date => "date",
        Type::DateNanos => "date_nanos",
        Type::Ip => "ip",
        Type::Version => "version",
        Type::GeoPoint => "geo_point",
        Type::CartesianPoint => "cartesian_point",
        Type::GeoShape => "geo_shape",
        Type::CartesianShape => "cartesian_shape",
        Type::DatePeriod => "date_period",
        Type::TimeDuration => "time_duration",
        Type::Source => "_source",
    }
}
