//! What can be wrong with a rule file.

use super::TimeError;
use crate::diagnostic::{Complaint, Level, Problem};
use std::ops::Range;
use thiserror::Error;

/// An error with its place in the file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{fault}")]
pub struct RuleError {
    /// What is wrong.
    pub fault: Fault,
    /// Byte range in the file.
    pub span: Range<usize>,
}

/// Kinds of error in a rule file. Names of members are full
/// (`rule.threshold.value`).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// The file is no TOML.
    #[error("{0}")]
    Syntax(String),
    /// The file is not UTF-8.
    #[error("the file is not UTF-8")]
    Utf8,
    /// No `[rule]`.
    #[error("no table `[rule]`")]
    NoRule,
    /// A member that every rule, or every rule of this type, must have.
    #[error("`{0}` is missing")]
    Missing(String),
    /// A value of another type.
    #[error("`{name}` must be {expected}, found {found}")]
    WrongType {
        /// Member.
        name: String,
        /// Expected type in words.
        expected: &'static str,
        /// Found type in words.
        found: &'static str,
    },
    /// A member that is close to a known one.
    #[error("unknown member `{name}`")]
    NearlyKnown {
        /// Member.
        name: String,
        /// The known one.
        near: &'static str,
    },
    /// Text outside a fixed list.
    #[error("unknown value `{value}` for `{name}`")]
    NotOneOf {
        /// Member.
        name: String,
        /// The value.
        value: String,
        /// The list.
        allowed: &'static [&'static str],
    },
    /// A number outside its range.
    #[error("`{name}` is {value}, outside {least} to {most}")]
    OutOfRange {
        /// Member.
        name: String,
        /// The value.
        value: i64,
        /// Least.
        least: i64,
        /// Most.
        most: i64,
    },
    /// A list that is too short or too long.
    #[error("`{name}` has {count} elements, expected {least} to {most}")]
    Length {
        /// Member.
        name: String,
        /// Its length.
        count: usize,
        /// Least.
        least: usize,
        /// Most.
        most: usize,
    },
    /// An empty text.
    #[error("`{0}` is empty")]
    Empty(String),
    /// A time that cannot be read.
    #[error("`{name}`: {error}")]
    Time {
        /// Member.
        name: String,
        /// Why.
        error: TimeError,
    },
    /// `to` is not behind `from`.
    #[error("the window is empty: `from` is not before `to`")]
    EmptyWindow,
    /// The history of a new-terms rule begins within its window.
    #[error("the history begins at or after the window")]
    History,
    /// `language` and `type` do not go together.
    #[error("a rule of type `{rule_type}` cannot have the language `{language}`")]
    Language {
        /// Type.
        rule_type: &'static str,
        /// Language.
        language: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// A member that this type of rule may not have.
    #[error("`{name}` is not allowed in a rule of type `{rule_type}`")]
    NotAllowed {
        /// Member.
        name: String,
        /// Type.
        rule_type: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// Two members that exclude each other.
    #[error("`{0}` and `{1}` exclude each other")]
    Both(&'static str, &'static str),
    /// A mapping group that only says what must differ.
    #[error("a group of `threat_mapping` needs an entry that is not negated")]
    OnlyNegated,
    /// A filter of a form that is not known.
    #[error("this form of filter is not supported")]
    Filter,
    /// A rule id that another file has.
    #[error("rule id `{id}` is already used by `{other}`")]
    DuplicateId {
        /// The id.
        id: String,
        /// Path of the other file.
        other: String,
    },
    /// An exception of a kind that cannot apply here.
    #[error("an exception of type `{kind}` cannot apply: {reason}")]
    Exception {
        /// Its type.
        kind: String,
        /// Why.
        reason: &'static str,
    },
    /// A file of exceptions without its rule.
    #[error("exceptions without a rule: `{0}` does not exist")]
    LonelyExceptions(String),
    /// A field type override that names no type.
    #[error("unknown field type `{0}`")]
    FieldType(String),
}

impl Complaint for RuleError {
    fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    fn label(&self) -> Option<String> {
        Some(match &self.fault {
            Fault::WrongType { expected, .. } => format!("expected {expected}"),
            Fault::NotOneOf { allowed, .. } => format!("expected {}", alternatives(allowed)),
            Fault::OutOfRange { least, most, .. } if *most == i64::MAX => {
                format!("expected at least {least}")
            }
            Fault::OutOfRange { least, most, .. } => format!("expected {least} to {most}"),
            Fault::Language { allowed, .. } => format!("expected {allowed}"),
            Fault::Missing(_) => "expected in this table".to_owned(),
            Fault::NotAllowed { reason, .. } => (*reason).to_owned(),
            _ => return None,
        })
    }

    fn help(&self) -> Option<String> {
        match &self.fault {
            Fault::NearlyKnown { near, .. } => Some(format!("did you mean `{near}`?")),
            Fault::NotOneOf { value, allowed, .. } => {
                let near = crate::diagnostic::nearest(value, allowed.iter().copied())?;
                Some(format!("did you mean `{near}`?"))
            }
            Fault::NoRule => Some(
                "a rule file has a table `[rule]`; reserved names in a rules folder are \
                 `*.exceptions.toml`, `*.tests.ndjson`, `detect-fields.toml` and \
                 `detect-profile.toml`"
                    .to_owned(),
            ),
            Fault::Filter => Some(
                "known forms: `query.wildcard`, `query.match_phrase`, `query.exists`, `exists`"
                    .to_owned(),
            ),
            Fault::DuplicateId { .. } => Some("a new rule needs a new `rule_id`".to_owned()),
            _ => None,
        }
    }
}

/// `a`, `b` or `c`.
fn alternatives(allowed: &[&str]) -> String {
    let quoted: Vec<String> = allowed.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// Errors and warnings of one file as they are found.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) problems: Vec<Problem>,
}

impl Faults {
    pub(super) fn error(&mut self, fault: Fault, span: Range<usize>) {
        self.problems.push(Problem::of(&RuleError { fault, span }));
    }

    pub(super) fn warn(&mut self, lint: &'static str, message: String, span: Range<usize>) {
        self.problems.push(Problem {
            level: Level::Warning,
            lint: Some(lint),
            message,
            span,
            label: None,
            help: None,
        });
    }

    pub(super) fn any_error(&self) -> bool {
        self.problems.iter().any(|problem| problem.level == Level::Error)
    }
}
