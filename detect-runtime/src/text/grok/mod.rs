//! GROK: taking a text apart by named regular expressions (esql.md 5.10).
//!
//! `%{NAME}` inserts a pattern of the bank ([`bank`]), `%{NAME:column}` captures it,
//! `%{NAME:column:type}` converts what was captured, `(?<column>...)` captures
//! directly. The dialect is Oniguruma's; the first match anywhere in the text counts.

mod bank;

use super::dialect::{Dialect, DialectError, Regex};
use crate::value::{Cx, Type, Value, Warning, number};
use bumpalo::collections::Vec as ArenaVec;
use std::sync::OnceLock;
use thiserror::Error;

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GrokError {
    /// A name that the bank does not have.
    #[error("there is no pattern called {name:?}")]
    Unknown {
        /// The name.
        name: String,
    },
    /// `%{` that is not closed or names nothing.
    #[error("`%{{` at byte {at} is no reference to a pattern")]
    Reference {
        /// Byte offset.
        at: usize,
    },
    /// One column with two types.
    #[error("the column {column:?} is captured with two types")]
    Types {
        /// The column.
        column: String,
    },
    /// The expression that comes out is none.
    #[error("the expanded pattern is no regular expression: {0}")]
    Regex(#[from] DialectError),
    /// The pattern expands to too much.
    #[error("the pattern expands to more than {limit} bytes")]
    TooLong {
        /// Most bytes.
        limit: usize,
    },
    /// No captures at all.
    #[error("the pattern captures no column")]
    NoColumn,
}

/// Longest expanded pattern in bytes.
const EXPANDED: usize = 1 << 18;

/// Replaces references by the patterns of the bank. A captured one becomes a named
/// group whose name holds the type: `(?<column:int>...)`.
fn expand(pattern: &str, out: &mut String) -> Result<(), GrokError> {
    let mut rest = pattern;
    while let Some(begin) = rest.find("%{") {
        out.push_str(&rest[..begin]);
        let at = pattern.len() - rest.len() + begin;
        let body = &rest[begin + 2..];
        let end = body.find('}').ok_or(GrokError::Reference { at })?;
        let (name, column) = match body[..end].split_once(':') {
            Some((name, column)) => (name, Some(column)),
            None => (&body[..end], None),
        };
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if name.is_empty() || !plain || column.is_some_and(|c| c.is_empty() || c.contains('>')) {
            return Err(GrokError::Reference { at });
        }
        let inner =
            bank::pattern(name).ok_or_else(|| GrokError::Unknown { name: name.to_owned() })?;
        match column {
            Some(column) => {
                out.push_str("(?<");
                out.push_str(column);
                out.push('>');
            }
            None => out.push_str("(?:"),
        }
        // The bank's patterns refer to each other without circles.
        expand(inner, out)?;
        out.push(')');
        if out.len() > EXPANDED {
            return Err(GrokError::TooLong { limit: EXPANDED });
        }
        rest = &body[end + 1..];
    }
    out.push_str(rest);
    Ok(())
}

/// The column and the type of a group's name.
fn column_of(group: &str) -> (&str, Type) {
    let Some((column, ty)) = group.split_once(':') else { return (group, Type::Keyword) };
    let ty = match ty {
        "int" => Type::Integer,
        "long" => Type::Long,
        "float" | "double" => Type::Double,
        "boolean" => Type::Boolean,
        _ => Type::Keyword,
    };
    (column, ty)
}

fn compile(pattern: &str) -> Result<Regex, GrokError> {
    let mut expanded = String::new();
    expand(pattern, &mut expanded)?;
    Ok(Regex::new(&expanded, Dialect::Oniguruma)?)
}

/// The columns that patterns capture, by name, with their types.
///
/// ```
/// use detect_runtime::text::grok::columns;
/// use detect_runtime::value::Type;
/// assert_eq!(
///     columns(&["%{WORD:who} %{INT:n:int}"]),
///     Ok(vec![("n".into(), Type::Integer), ("who".into(), Type::Keyword)])
/// );
/// assert!(columns(&["%{NOTHING:x}"]).is_err());
/// ```
pub fn columns<P: AsRef<str>>(patterns: &[P]) -> Result<Vec<(String, Type)>, GrokError> {
    let mut columns: Vec<(String, Type)> = Vec::new();
    for pattern in patterns {
        for (_, group) in compile(pattern.as_ref())?.names() {
            let (column, ty) = column_of(group);
            match columns.iter().find(|(known, _)| known == column) {
                None => columns.push((column.to_owned(), ty)),
                Some((_, known)) if *known == ty => {}
                Some(_) => return Err(GrokError::Types { column: column.to_owned() }),
            }
        }
    }
    if columns.is_empty() {
        return Err(GrokError::NoColumn);
    }
    columns.sort();
    Ok(columns)
}

/// Patterns that generated code declares as a `static`.
#[derive(Debug)]
pub struct Grok {
    patterns: &'static [&'static str],
    columns: &'static [(&'static str, Type)],
    ready: OnceLock<Vec<Ready>>,
}

#[derive(Debug)]
struct Ready {
    regex: Regex,
    /// By column: its groups in order.
    groups: Vec<Vec<usize>>,
}

/// By column: what was captured.
type Row<'a> = Vec<Vec<Value<'a>>>;

impl Grok {
    /// Checked patterns, of which the first that matches counts, and the columns to
    /// fill.
    pub const fn new(
        patterns: &'static [&'static str],
        columns: &'static [(&'static str, Type)],
    ) -> Grok {
        Grok { patterns, columns, ready: OnceLock::new() }
    }

    fn ready(&self) -> &[Ready] {
        self.ready.get_or_init(|| {
            let regexes = self.patterns.iter().filter_map(|pattern| compile(pattern).ok());
            let groups = |regex: &Regex, column: &str| {
                let names = regex.names().filter(|(_, group)| column_of(group).0 == column);
                names.map(|(number, _)| number).collect()
            };
            regexes
                .map(|regex| Ready {
                    groups: self.columns.iter().map(|(name, _)| groups(&regex, name)).collect(),
                    regex,
                })
                .collect()
        })
    }

    /// Fills the columns from a text. A column captured several times has several
    /// values; of several texts the results of all that match are collected. No value,
    /// no match and a failing conversion (with a warning) give nulls.
    ///
    /// ```
    /// use bumpalo::Bump;
    /// use detect_runtime::text::grok::Grok;
    /// use detect_runtime::value::{Cx, Type, Value, Warnings};
    /// static PORT: Grok = Grok::new(&["port %{POSINT:port:int}"], &[("port", Type::Integer)]);
    /// let (arena, warnings) = (Bump::new(), Warnings::default());
    /// let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
    /// let mut out = [Value::Null];
    /// PORT.extract(&cx, Value::Text("on port 443"), &mut out);
    /// assert!(matches!(out, [Value::Integer(443)]));
    /// ```
    pub fn extract<'a>(&self, cx: &Cx<'a>, input: Value<'a>, out: &mut [Value<'a>]) {
        let mut all: Row<'a> = vec![Vec::new(); self.columns.len()];
        for value in input.as_slice() {
            let Value::Text(text) = value else { continue };
            match self.first_match(text) {
                Ok(Some(row)) => {
                    for (column, values) in all.iter_mut().zip(row) {
                        column.extend(values);
                    }
                }
                Ok(None) => {}
                Err(warning) => cx.warnings.add(warning),
            }
        }
        out.fill(Value::Null);
        for (slot, values) in out.iter_mut().zip(all) {
            *slot = Value::from_slice(ArenaVec::from_iter_in(values, cx.arena).into_bump_slice());
        }
    }

    fn first_match<'a>(&self, text: &'a str) -> Result<Option<Row<'a>>, Warning> {
        for ready in self.ready() {
            let mut search = ready.regex.search(text);
            let Some(groups) = search.next_match().map_err(|_| Warning::Pattern)? else { continue };
            let mut row = Vec::with_capacity(self.columns.len());
            for (numbers, (_, ty)) in ready.groups.iter().zip(self.columns) {
                let spans = numbers.iter().filter_map(|n| groups.get(*n).copied().flatten());
                let values = spans.map(|(start, end)| convert(&text[start..end], *ty));
                row.push(values.collect::<Option<Vec<_>>>().ok_or(Warning::Conversion)?);
            }
            return Ok(Some(row));
        }
        Ok(None)
    }
}

fn convert(text: &str, ty: Type) -> Option<Value<'_>> {
    Some(match ty {
        Type::Integer => Value::Integer(text.parse().ok()?),
        Type::Long => Value::Long(text.parse().ok()?),
        Type::Double => Value::Double(number::parse_double(text)?),
        Type::Boolean => Value::Boolean(text.eq_ignore_ascii_case("true")),
        _ => Value::Text(text),
    })
}

#[cfg(test)]
mod tests;
