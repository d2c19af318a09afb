//! What can be wrong with an EQL query.

use super::ast::Span;
use crate::diagnostic::Complaint;
use thiserror::Error;

/// An error with its place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{kind}")]
pub struct EqlError {
    /// What is wrong.
    pub kind: EqlErrorKind,
    /// Where, in bytes of the query.
    pub span: Span,
}

/// Kinds of error.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EqlErrorKind {
    /// A character that begins nothing.
    #[error("unexpected character `{0}`")]
    Character(char),
    /// A text, a raw text, a name in back quotes or a comment without end.
    #[error("{0} is not closed")]
    Unclosed(&'static str),
    /// `'...'`, `?"..."`.
    #[error("{0} are not EQL any more")]
    OldString(&'static str),
    /// An escape that does not exist or names no character.
    #[error("bad escape in a string: {0}")]
    Escape(&'static str),
    /// Something else was expected.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// In words.
        expected: &'static str,
        /// The token.
        found: String,
    },
    /// A keyword where a name is needed.
    #[error("`{0}` is a keyword of EQL")]
    Keyword(String),
    /// `a == b == c`.
    #[error("comparisons cannot be chained")]
    Chained,
    /// Too many levels.
    #[error("nested deeper than {0} levels")]
    Depth(usize),
    /// Known from other dialects, refused here.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
    /// A pipe other than `head` and `tail`.
    #[error("unknown pipe `{0}`: only `head` and `tail` exist")]
    Pipe(String),
    /// A number that is too large or too small for its place.
    #[error("{0}")]
    Number(&'static str),
    /// A time span that is none.
    #[error("a time span is a whole number above 0 and a unit: ms, s, m, h, d")]
    Duration,
    /// Rules of sequences and samples.
    #[error("{0}")]
    Sequence(String),
    /// A field without a mapping.
    #[error("unknown field `{name}`")]
    UnknownField {
        /// The field.
        name: String,
        /// A known one that is close.
        near: Option<String>,
    },
    /// A function that does not exist.
    #[error("unknown function `{name}`")]
    UnknownFunction {
        /// The function.
        name: String,
        /// A known one that is close.
        near: Option<String>,
    },
    /// A function without a case-insensitive form.
    #[error("`{0}` has no case-insensitive form")]
    NotFolded(String),
    /// A call that does not resolve.
    #[error("`{name}`: {reason}")]
    Call {
        /// The function.
        name: String,
        /// In words.
        reason: String,
    },
    /// A type that does not fit.
    #[error("{0}")]
    Type(String),
    /// A field compared with a field.
    #[error("comparisons against fields are not supported")]
    FieldComparison,
    /// A variable or alias that is not in scope.
    #[error("`{0}` is not defined here")]
    Undefined(String),
    /// More process lineages than a rule can tell apart.
    #[error("more than {0} times `descendant of` in one rule")]
    Lineages(usize),
    /// A regular expression that is none.
    #[error("bad regular expression: {0}")]
    Regex(String),
}

impl EqlErrorKind {
    /// Gives the error its place.
    pub(super) fn at(self, span: &Span) -> EqlError {
        EqlError { kind: self, span: span.clone() }
    }
}

impl Complaint for EqlError {
    fn span(&self) -> Span {
        self.span.clone()
    }

    fn label(&self) -> Option<String> {
        Some(match &self.kind {
            EqlErrorKind::Expected { expected, .. } => format!("expected {expected}"),
            EqlErrorKind::Keyword(_) => "a keyword cannot be a field name".to_owned(),
            EqlErrorKind::UnknownField { .. } => "no such field".to_owned(),
            EqlErrorKind::UnknownFunction { .. } => "no such function".to_owned(),
            EqlErrorKind::FieldComparison => "must be a constant".to_owned(),
            EqlErrorKind::Undefined(_) => "not in scope".to_owned(),
            _ => return None,
        })
    }

    fn help(&self) -> Option<String> {
        Some(match &self.kind {
            EqlErrorKind::Character('=') => {
                "`==` compares, `:` compares without case and knows wildcards".to_owned()
            }
            EqlErrorKind::OldString(_) => {
                "write \"...\", or \"\"\"...\"\"\" where backslashes stand for themselves".to_owned()
            }
            EqlErrorKind::Escape(_) => {
                "escapes are \\b \\t \\n \\f \\r \\\" \\' \\\\ and \\u{...}; a backslash is written \\\\"
                    .to_owned()
            }
            EqlErrorKind::Keyword(word) => format!("write `{word}` in back quotes"),
            EqlErrorKind::UnknownField { near: Some(near), .. }
            | EqlErrorKind::UnknownFunction { near: Some(near), .. } => {
                format!("did you mean `{near}`?")
            }
            EqlErrorKind::UnknownField { near: None, .. } => {
                "`?field` stands for a field that may be without a mapping".to_owned()
            }
            EqlErrorKind::Lineages(_) => {
                "each one doubles the work for an event; conditions inside one can be joined with `or`"
                    .to_owned()
            }
            EqlErrorKind::Chained => "join the comparisons with `and`".to_owned(),
            _ => return None,
        })
    }
}
