//! Regular expressions in `regex-syntax` form that must match a whole text.

use regex_automata::meta;
use thiserror::Error;

/// A pattern that the engine refuses: no such syntax, or too large.
#[derive(Clone, Debug, Error)]
#[error("{reason}")]
pub struct PatternError {
    /// The engine's message.
    pub reason: String,
}

/// A compiled pattern, anchored at both ends; `.` is any character but a line
/// break unless the pattern says otherwise.
#[derive(Clone, Debug)]
pub struct Whole(meta::Regex);

/// Largest automaton of one pattern in bytes.
const SIZE_LIMIT: usize = 1 << 22;

impl Whole {
    /// Compiles.
    ///
    /// ```
    /// use detect_runtime::text::whole::Whole;
    /// let regex = Whole::new("a|ab").unwrap();
    /// assert!(regex.matches("ab"));
    /// assert!(!regex.matches("abc"));
    /// assert!(Whole::new("(").is_err());
    /// ```
    pub fn new(pattern: &str) -> Result<Whole, PatternError> {
        meta::Builder::new()
            .configure(meta::Config::new().nfa_size_limit(Some(SIZE_LIMIT)))
            .build(&format!(r"\A(?:{pattern})\z"))
            .map(Whole)
            .map_err(|error| PatternError { reason: reason(&error) })
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

fn reason(error: &meta::BuildError) -> String {
    match error.syntax_error() {
        Some(syntax) => syntax.to_string(),
        None => error.to_string(),
    }
}
