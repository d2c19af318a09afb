//! Java's replacement texts (`Matcher.appendReplacement`).

use super::{DialectError, Regex, TooManySteps};
use thiserror::Error;

/// A replacement made ready for a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Group(usize),
}

/// Why replacing gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReplaceError {
    /// See [`TooManySteps`].
    #[error(transparent)]
    Steps(#[from] TooManySteps),
    /// The result is longer than allowed.
    #[error("the result is too long")]
    TooLong,
}

impl Replacement {
    /// Reads `$n` and `${name}` as groups of a pattern, a backslash as making the
    /// next character itself. More digits belong to the number as long as there is
    /// such a group.
    ///
    /// ```
    /// use detect_runtime::text::dialect::{Dialect, Regex, Replacement};
    /// let regex = Regex::new(r"(\w+) (?<last>\w+)", Dialect::Java).unwrap();
    /// let swap = Replacement::new(r"${last}\$ $1", &regex).unwrap();
    /// assert_eq!(swap.apply(&regex, "a b, c d", 100), Ok(Some("b$ a, d$ c".into())));
    /// assert!(Replacement::new("$3", &regex).is_err());
    /// ```
    pub fn new(text: &str, regex: &Regex) -> Result<Replacement, DialectError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let refuse = |reason: &str| DialectError::Syntax { at, reason: reason.to_owned() };
            match c {
                '\\' => match chars.next() {
                    Some((_, c)) => plain.push(c),
                    None => return Err(refuse("a backslash at the end")),
                },
                '$' => {
                    let group = match chars.next() {
                        Some((_, '{')) => {
                            let rest = &text[at + 2..];
                            let name =
                                rest.split('}').next().filter(|name| name.len() < rest.len());
                            let name = name.ok_or_else(|| refuse("`${` is not closed"))?;
                            while chars.next().is_some_and(|(_, c)| c != '}') {}
                            let found = regex.names().find(|(_, known)| *known == name);
                            found.ok_or_else(|| refuse(&format!("no group is called {name:?}")))?.0
                        }
                        Some((_, digit)) if digit.is_ascii_digit() => {
                            let mut group = digit as usize - '0' as usize;
                            if group > regex.groups() {
                                return Err(refuse(&format!("there is no group {group}")));
                            }
                            while let Some((_, digit)) = chars.peek().copied() {
                                let Some(digit) = digit.to_digit(10) else { break };
                                let longer = group * 10 + digit as usize;
                                if longer > regex.groups() {
                                    break;
                                }
                                group = longer;
                                chars.next();
                            }
                            group
                        }
                        _ => return Err(refuse("`$` without a group")),
                    };
                    if !plain.is_empty() {
                        parts.push(Part::Text(core::mem::take(&mut plain)));
                    }
                    parts.push(Part::Group(group));
                }
                c => plain.push(c),
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Replacement(parts))
    }

    /// Replaces every match; `None` if there is none. A result above `limit` bytes
    /// is an error.
    pub fn apply(
        &self,
        regex: &Regex,
        text: &str,
        limit: usize,
    ) -> Result<Option<String>, ReplaceError> {
        if !regex.is_match(text)? {
            return Ok(None);
        }
        let mut search = regex.search(text);
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        while let Some(groups) = search.next_match()? {
            let Some((start, end)) = groups.first().copied().flatten() else { break };
            out.push_str(&text[done..start]);
            for part in &self.0 {
                match part {
                    Part::Text(text) => out.push_str(text),
                    Part::Group(number) => {
                        if let Some((start, end)) = groups.get(*number).copied().flatten() {
                            out.push_str(&text[start..end]);
                        }
                    }
                }
            }
            done = end;
            if out.len() > limit {
                return Err(ReplaceError::TooLong);
            }
        }
        out.push_str(&text[done..]);
        if out.len() > limit { Err(ReplaceError::TooLong) } else { Ok(Some(out)) }
    }
}
