//! What can be wrong with a KQL query.

use super::ast::Span;
use crate::diagnostic::Complaint;
use crate::querydsl::Mismatch;
use thiserror::Error;

/// An error with its place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{kind}")]
pub struct KqlError {
    /// What is wrong.
    pub kind: KqlErrorKind,
    /// Where, in bytes of the query.
    pub span: Span,
}

/// Kinds of error.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KqlErrorKind {
    /// Something else was expected.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// In words.
        expected: &'static str,
        /// The character or the end.
        found: String,
    },
    /// A quote without its end.
    #[error("a quoted value is not closed")]
    Unclosed,
    /// A backslash before something that it does not escape.
    #[error(
        "a backslash outside quotes escapes one of \\ ( ) : < > \" * {{ }}, a keyword or \\t \\r \\n \\uXXXX"
    )]
    Backslash,
    /// Too many levels.
    #[error("nested deeper than {0} levels")]
    Depth(usize),
    /// `field: null`
    #[error("`null` is no value; `not {0}:*` asks for its absence")]
    Null(String),
    /// A value that does not fit its field.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// A nested field outside its group.
    #[error("`{field}` is nested below `{parent}`; write `{parent}:{{ ... }}`")]
    OutsideNested {
        /// The field.
        field: String,
        /// The nested field above it.
        parent: String,
    },
    /// A group on a field that is not nested.
    #[error("`{field}` is not nested below `{group}`")]
    NotNested {
        /// The field.
        field: String,
        /// The path before the brace.
        group: String,
    },
}

impl KqlErrorKind {
    /// Gives the error its place.
    pub(super) fn at(self, span: &Span) -> KqlError {
        KqlError { kind: self, span: span.clone() }
    }
}

impl Complaint for KqlError {
    fn span(&self) -> Span {
        self.span.clone()
    }

    fn label(&self) -> Option<String> {
        match &self.kind {
            KqlErrorKind::Expected { expected, .. } => Some(format!("expected {expected}")),
            KqlErrorKind::Mismatch(mismatch) => Some(format!("not {}", mismatch.expected)),
            _ => None,
        }
    }

    fn help(&self) -> Option<String> {
        match &self.kind {
            KqlErrorKind::Backslash => Some(
                "in quotes a backslash may stand for itself; outside it is written \\\\".to_owned(),
            ),
            KqlErrorKind::Expected { found, .. } if found == "`:`" => Some(
                "between two clauses stands `and` or `or`; a colon in a value is written \\:"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}
