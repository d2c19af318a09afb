//! Regular expressions of other engines: java.util.regex (ES|QL REPLACE) and
//! Oniguruma with Ruby syntax (GROK).
//!
//! A pattern is translated into a form that says all that the dialect implies
//! (classes of `\d`, what `.` and `^` mean, case) and runs on a linear-time engine,
//! or, if it looks around, refers back or is possessive, on a backtracking one.
//!
//! Java's `^`, `$` and `\Z` know five line terminators and a final one, which needs
//! look-around. Most texts have no terminator but `\n`, and none at the end: for
//! them `\z` and the plain line anchors say the same, so such a pattern has two
//! forms.

mod bracket;
mod class;
mod escape;
mod replacement;
mod translate;

pub use replacement::{ReplaceError, Replacement};

use regex_automata::meta;
use regex_automata::util::captures::Captures;
use regex_automata::{Anchored, Input};
use std::sync::OnceLock;
use thiserror::Error;

/// Whose rules a pattern follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// java.util.regex of Java 21, no flags set.
    Java,
    /// Oniguruma with Ruby syntax over UTF-8.
    Oniguruma,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DialectError {
    /// Something is wrong at a place.
    #[error("{reason}")]
    Syntax {
        /// Byte offset in the pattern.
        at: usize,
        /// What is wrong.
        reason: String,
    },
    /// The engine does not take the translation.
    #[error("{reason}")]
    Engine {
        /// Its words.
        reason: String,
    },
}

/// The engine gave up: too many steps of backtracking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("matching needs too many steps")]
pub struct TooManySteps;

/// A compiled pattern.
#[derive(Debug)]
pub struct Regex {
    /// For texts that are simple (see [`is_simple`]), or for all.
    plain: Engine,
    /// Translation for all other texts, where there is a difference.
    exact: Option<(String, OnceLock<Option<Engine>>)>,
    names: Vec<(usize, String)>,
    groups: usize,
}

#[derive(Debug)]
enum Engine {
    Linear(meta::Regex),
    Backtracking(Box<fancy_regex::Regex>),
}

/// Largest automaton of a pattern in bytes.
const SIZE_LIMIT: usize = 1 << 23;
/// Most steps of backtracking over one text.
const STEP_LIMIT: usize = 1_000_000;

impl Engine {
    fn new(pattern: &str, linear: bool) -> Result<Engine, DialectError> {
        if linear {
            return meta::Builder::new()
                .configure(meta::Config::new().nfa_size_limit(Some(SIZE_LIMIT)))
                .build(pattern)
                .map(Engine::Linear)
                .map_err(|error| DialectError::Engine {
                    reason: error
                        .syntax_error()
                        .map_or_else(|| error.to_string(), ToString::to_string),
                });
        }
        fancy_regex::RegexBuilder::new(pattern)
            .backtrack_limit(STEP_LIMIT)
            .delegate_size_limit(SIZE_LIMIT)
            .build()
            .map(|regex| Engine::Backtracking(Box::new(regex)))
            .map_err(|error| DialectError::Engine { reason: error.to_string() })
    }
}

impl Regex {
    /// Compiles a pattern.
    ///
    /// ```
    /// use detect_runtime::text::dialect::{Dialect, Regex};
    /// let regex = Regex::new(r"(?i)powershell(\.exe)?$", Dialect::Java).unwrap();
    /// assert_eq!(regex.is_match("PowerShell.exe"), Ok(true));
    /// assert_eq!(regex.is_match("PowerShell.exe -enc"), Ok(false));
    /// assert!(Regex::new("(", Dialect::Java).is_err());
    /// ```
    pub fn new(pattern: &str, dialect: Dialect) -> Result<Regex, DialectError> {
        let plain = translate::translate(pattern, dialect, false)?;
        let exact = if plain.anchored && dialect == Dialect::Java {
            Some((translate::translate(pattern, dialect, true)?.pattern, OnceLock::new()))
        } else {
            None
        };
        Ok(Regex {
            plain: Engine::new(&plain.pattern, plain.linear)?,
            exact,
            names: plain.names,
            groups: plain.groups,
        })
    }

    /// Names of groups and their numbers, in the order of the pattern; several
    /// groups may share a name (Oniguruma).
    pub fn names(&self) -> impl Iterator<Item = (usize, &str)> {
        self.names.iter().map(|(number, name)| (*number, name.as_str()))
    }

    /// Number of groups, without the whole match.
    pub fn groups(&self) -> usize {
        self.groups
    }

    fn engine(&self, text: &str) -> &Engine {
        match &self.exact {
            Some((pattern, ready)) if !is_simple(text) => {
                let exact = ready.get_or_init(|| Engine::new(pattern, false).ok());
                exact.as_ref().unwrap_or(&self.plain)
            }
            _ => &self.plain,
        }
    }

    /// Whether the pattern occurs.
    pub fn is_match(&self, text: &str) -> Result<bool, TooManySteps> {
        match self.engine(text) {
            Engine::Linear(regex) => Ok(regex.is_match(text)),
            Engine::Backtracking(regex) => regex.is_match(text).map_err(|_| TooManySteps),
        }
    }

    /// Begins a search for matches one behind the other.
    pub fn search<'r, 't>(&'r self, text: &'t str) -> Search<'r, 't> {
        let engine = self.engine(text);
        let captures = match engine {
            Engine::Linear(regex) => Some(regex.create_captures()),
            Engine::Backtracking(_) => None,
        };
        Search { engine, text, captures, groups: vec![None; self.groups + 1], next: Some(0) }
    }
}

/// Byte range of a group that took part in a match; the first is the whole match.
pub type Group = Option<(usize, usize)>;

/// True if a text ends in no line terminator and holds none but `\n`.
fn is_simple(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.last() != Some(&b'\n')
        && memchr::memchr(b'\r', bytes).is_none()
        && (text.is_ascii() || !text.contains(['\u{85}', '\u{2028}', '\u{2029}']))
}

/// Matches in a text, leftmost first. Behind an empty match the search goes on one
/// character further, as Java's `find` does.
#[derive(Debug)]
pub struct Search<'r, 't> {
    engine: &'r Engine,
    text: &'t str,
    captures: Option<Captures>,
    groups: Vec<Group>,
    next: Option<usize>,
}

impl Search<'_, '_> {
    /// The byte ranges of the next match and of its groups.
    pub fn next_match(&mut self) -> Result<Option<&[Group]>, TooManySteps> {
        let Some(from) = self.next.filter(|from| *from <= self.text.len()) else {
            return Ok(None);
        };
        match self.engine {
            Engine::Linear(regex) => {
                let Some(captures) = self.captures.as_mut() else { return Ok(None) };
                let input = Input::new(self.text).range(from..).anchored(Anchored::No);
                regex.search_captures(&input, captures);
                for (number, group) in self.groups.iter_mut().enumerate() {
                    *group = captures.get_group(number).map(|span| (span.start, span.end));
                }
            }
            Engine::Backtracking(regex) => {
                let found = regex.captures_from_pos(self.text, from).map_err(|_| TooManySteps)?;
                for (number, group) in self.groups.iter_mut().enumerate() {
                    let found = found.as_ref().and_then(|found| found.get(number));
                    *group = found.map(|group| (group.start(), group.end()));
                }
            }
        }
        let Some((start, end)) = self.groups.first().copied().flatten() else {
            self.next = None;
            return Ok(None);
        };
        let step = || self.text[end..].chars().next().map_or(1, char::len_utf8);
        self.next = Some(if end > start { end } else { end + step() });
        Ok(Some(&self.groups))
    }
}

#[cfg(test)]
mod tests;
