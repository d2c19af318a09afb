//! What can be wrong with a Lucene query.

use super::ast::Span;
use crate::diagnostic::Complaint;
use crate::querydsl::Mismatch;
use thiserror::Error;

/// An error with its place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{kind}")]
pub struct LuceneError {
    /// What is wrong.
    pub kind: LuceneErrorKind,
    /// Where, in bytes of the query.
    pub span: Span,
}

/// Kinds of error.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LuceneErrorKind {
    /// Something else was expected.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// In words.
        expected: &'static str,
        /// The character or the end.
        found: String,
    },
    /// A phrase or regular expression without its end.
    #[error("{0} is not closed")]
    Unclosed(&'static str),
    /// Too many levels.
    #[error("nested deeper than {0} levels")]
    Depth(usize),
    /// Refused by design.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
    /// A value that does not fit its field.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// A regular expression that is none.
    #[error("bad regular expression: {0}")]
    Regex(String),
    /// A boost, distance or fuzziness that is no number.
    #[error("{0}")]
    Number(&'static str),
}

impl LuceneErrorKind {
    /// Gives the error its place.
    pub(super) fn at(self, span: &Span) -> LuceneError {
        LuceneError { kind: self, span: span.clone() }
    }
}

impl Complaint for LuceneError {
    fn span(&self) -> Span {
        self.span.clone()
    }

    fn label(&self) -> Option<String> {
        match &self.kind {
            LuceneErrorKind::Expected { expected, .. } => Some(format!("expected {expected}")),
            LuceneErrorKind::Mismatch(mismatch) => Some(format!("not {}", mismatch.expected)),
            _ => None,
        }
    }

    fn help(&self) -> Option<String> {
        match &self.kind {
            LuceneErrorKind::Unclosed("a regular expression") => {
                Some("`/` begins a regular expression; in a word it is written \\/".to_owned())
            }
            _ => None,
        }
    }
}
