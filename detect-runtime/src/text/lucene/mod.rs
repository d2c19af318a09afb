//! Lucene's `RegExp` (ES|QL RLIKE, EQL `regex`, KQL and Lucene `/.../`).
//!
//! In: a pattern with all optional operators on. Out: a [`Test`]: equality or a
//! wildcard pattern where the expression says no more than that, else a
//! regular expression in `regex-syntax` form. Intersection and complement, which
//! that form lacks, are worked out on an automaton ([`automaton`]).

mod automaton;
mod parse;
mod print;
#[cfg(test)]
mod tests;

use crate::test::{Fold, Glob, Piece, Test};
use thiserror::Error;

/// Which letters compare without case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Case of literal characters, also of those listed one by one in a class.
    pub fold: Fold,
    /// Whether ranges in classes fold as well: not in Elasticsearch (Lucene issue
    /// 14378), presumably in Endpoint.
    pub fold_ranges: bool,
}

impl Options {
    /// Every letter counts.
    pub const EXACT: Options = Options { fold: Fold::None, fold_ranges: false };
}

/// Why a pattern is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RegexError {
    /// The pattern ends where something must follow.
    #[error("the pattern ends where {expected} is expected")]
    End {
        /// What.
        expected: &'static str,
    },
    /// Something else is expected at a place.
    #[error("expected {expected}")]
    Unexpected {
        /// Byte offset in the pattern.
        at: usize,
        /// What.
        expected: &'static str,
    },
    /// An intersection or complement with too many states.
    #[error("`&` or `~` makes an automaton of more than {limit} states")]
    TooComplex {
        /// How many are allowed.
        limit: usize,
    },
    /// The regular expression is too large for the engine.
    #[error("the pattern is too large: {reason}")]
    TooLarge {
        /// The engine's words.
        reason: String,
    },
}

impl RegexError {
    /// Byte offset in the pattern, where there is one.
    pub fn at(&self) -> Option<usize> {
        match self {
            RegexError::Unexpected { at, .. } => Some(*at),
            _ => None,
        }
    }
}

/// Ranges of code points: sorted, apart, both ends included.
type Class = Vec<(u32, u32)>;

/// A regular expression over classes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Node {
    /// One character of the class; none if the class is empty.
    Class(Class),
    /// One behind the other; of none: the empty text.
    Concat(Vec<Node>),
    /// One of them; of none: nothing.
    Or(Vec<Node>),
    /// All of them at once.
    And(Vec<Node>),
    /// Every text that this does not match.
    Not(Box<Node>),
    /// So many times.
    Repeat(Box<Node>, u32, Option<u32>),
}

/// The last code point.
const LAST: u32 = 0x10_ffff;

impl Node {
    const EMPTY: Node = Node::Concat(Vec::new());
    const NOTHING: Node = Node::Or(Vec::new());

    fn any() -> Node {
        Node::Class(vec![(0, LAST)])
    }

    fn any_text() -> Node {
        Node::Repeat(Box::new(Node::any()), 0, None)
    }
}

/// Translates a pattern into the test of a whole text.
///
/// ```
/// use detect_runtime::test::{Fold, Test};
/// use detect_runtime::text::glob;
/// use detect_runtime::text::lucene::{Options, test};
/// assert_eq!(
///     test(r".*\.exe", Options::EXACT),
///     Ok(Test::Glob { glob: glob::plain("*.exe"), fold: Fold::None })
/// );
/// assert_eq!(
///     test("a|[0-9]+", Options::EXACT),
///     Ok(Test::Regex { pattern: "(?:a|[0-9]+)".into() })
/// );
/// ```
pub fn test(pattern: &str, options: Options) -> Result<Test, RegexError> {
    let node = parse::parse(pattern, Options::EXACT)?;
    if let Some(glob) = as_glob(&node) {
        return Ok(match super::glob::as_literal(&glob) {
            Some(text) => Test::Equals { text: text.to_owned(), fold: options.fold },
            None => Test::Glob { glob, fold: options.fold },
        });
    }
    let pattern = translate(pattern, options)?;
    match super::whole::Whole::new(&pattern) {
        Ok(_) => Ok(Test::Regex { pattern }),
        Err(error) => Err(RegexError::TooLarge { reason: error.reason }),
    }
}

/// Translates a pattern into `regex-syntax` form, not yet anchored.
pub fn translate(pattern: &str, options: Options) -> Result<String, RegexError> {
    let node = parse::parse(pattern, options)?;
    Ok(print::print(&automaton::without_sets(node)?))
}

/// The wildcard pattern that says the same, if there is one: characters, `.` and
/// `.*`.
fn as_glob(node: &Node) -> Option<Glob> {
    let single = core::slice::from_ref(node);
    let parts = if let Node::Concat(parts) = node { parts } else { single };
    let pieces = parts.iter().map(|part| match part {
        Node::Class(class) => match class.as_slice() {
            [(0, LAST)] => Some(Piece::One),
            [(a, b)] if a == b => Some(Piece::Literal(char::from_u32(*a)?.to_string())),
            _ => None,
        },
        part if *part == Node::any_text() => Some(Piece::Any),
        _ => None,
    });
    pieces.collect::<Option<Vec<_>>>().map(|pieces| super::glob::normal(&Glob(pieces)))
}
