//! Messages about rules.
//!
//! In: typed errors and warnings of any stage. Out: [`Problem`]s with a place in
//! the query's text; the rule model moves them to the place in the file, and
//! one renderer shows them. Must not know which stage complains.

mod report;

pub use report::{Report, Style};

use std::ops::Range;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The rule does not compile.
    Error,
    /// The rule compiles; something is doubtful.
    Warning,
}

/// Implemented by the error enum of every stage.
pub trait Complaint: std::error::Error {
    /// Byte range in the text that the stage was given.
    fn span(&self) -> Range<usize>;
    /// What was expected there, for the caret.
    fn label(&self) -> Option<String> {
        None
    }
    /// A suggestion.
    fn help(&self) -> Option<String> {
        None
    }
}

/// A message with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad.
    pub level: Level,
    /// Short name that `allow = [...]` silences (lints only).
    pub lint: Option<&'static str>,
    /// One sentence.
    pub message: String,
    /// Byte range in the text that the stage was given.
    pub span: Range<usize>,
    /// Beside the caret.
    pub label: Option<String>,
    /// Below the snippet.
    pub help: Option<String>,
}

impl Problem {
    /// The message of a typed error.
    pub fn of(error: &impl Complaint) -> Problem {
        Problem {
            level: Level::Error,
            lint: None,
            message: error.to_string(),
            span: error.span(),
            label: error.label(),
            help: error.help(),
        }
    }
}

/// The candidate nearest to `name`, if it is near enough to be a typing error:
/// at most one edit in three letters.
///
/// ```
/// use detect_compiler::diagnostic::nearest;
/// assert_eq!(nearest("proces.name", ["process.name", "host.name"]), Some("process.name"));
/// assert_eq!(nearest("zzz", ["process.name"]), None);
/// ```
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let limit = name.chars().count() / 3;
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= limit)
        .map(|candidate| (edits(name, candidate), candidate))
        .filter(|(count, _)| *count <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance in characters.
pub(crate) fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
