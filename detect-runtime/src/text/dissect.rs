//! DISSECT: taking a text apart by the literals between its parts (esql.md 5.9).
//!
//! The text before the first key must begin the input. Each key takes everything up
//! to the first occurrence of the literal behind it; the last key without literal
//! takes the rest. Literals that repeat directly are swallowed if the key says `->`,
//! else each repeat is an empty value of the next key. All keys get values, or none.

use crate::value::{Cx, Value};
use bumpalo::collections::{String as ArenaString, Vec as ArenaVec};
use memchr::memmem;
use std::sync::OnceLock;
use thiserror::Error;

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DissectError {
    /// No key that gives a column.
    #[error("the pattern has no key that is kept")]
    NoKey,
    /// A reference key.
    #[error("reference keys (`%{{{key}}}`) are not supported")]
    Reference {
        /// The key as written.
        key: String,
    },
    /// `/` without a number behind it.
    #[error("`%{{{key}}}` has no number behind the `/`")]
    Order {
        /// The key as written.
        key: String,
    },
}

/// A key and what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    /// Column, none if skipped.
    name: Option<String>,
    append: bool,
    /// Order among the appended ones.
    order: Option<u32>,
    /// Repeats of the literal are swallowed.
    padded: bool,
    /// The literal behind the key.
    literal: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    prefix: String,
    keys: Vec<Key>,
}

impl Pattern {
    fn new(pattern: &str) -> Result<Pattern, DissectError> {
        let (prefix, mut rest) = match pattern.find("%{") {
            Some(begin) => pattern.split_at(begin),
            None => return Err(DissectError::NoKey),
        };
        let mut keys = Vec::new();
        while let Some((key, behind)) = rest.get(2..).and_then(|body| body.split_once('}')) {
            let end = behind.match_indices("%{").find(|(at, _)| behind[*at..].contains('}'));
            let (literal, next) = behind.split_at(end.map_or(behind.len(), |(at, _)| at));
            keys.push(Key::new(key, literal)?);
            rest = next;
        }
        if keys.iter().all(|key| key.name.is_none()) {
            return Err(DissectError::NoKey);
        }
        Ok(Pattern { prefix: prefix.to_owned(), keys })
    }

    /// Values of all keys, in order; `None` if the text does not fit.
    fn values<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let mut rest = text.strip_prefix(self.prefix.as_str()).filter(|rest| !rest.is_empty())?;
        let mut values = Vec::with_capacity(self.keys.len());
        while let Some(key) = self.keys.get(values.len()) {
            let literal = key.literal.as_str();
            if literal.is_empty() {
                // Without literal only the last key can be: it takes the rest.
                values.push(core::mem::take(&mut rest));
                continue;
            }
            let end = memmem::find(rest.as_bytes(), literal.as_bytes())?;
            values.push(&rest[..end]);
            rest = &rest[end + literal.len()..];
            while let Some(behind) = rest.strip_prefix(literal) {
                if !key.padded {
                    if values.len() == self.keys.len() {
                        break;
                    }
                    values.push("");
                }
                rest = behind;
            }
        }
        Some(values)
    }
}

impl Key {
    fn new(written: &str, literal: &str) -> Result<Key, DissectError> {
        let (body, padded) = match written.strip_suffix("->") {
            Some(body) => (body, true),
            None => (written, false),
        };
        if body.starts_with(['*', '&']) {
            return Err(DissectError::Reference { key: written.to_owned() });
        }
        let (body, append) = match body.strip_prefix('+') {
            Some(body) => (body, true),
            None => (body, false),
        };
        let (name, order) = match body.split_once('/') {
            Some((name, order)) if append => {
                let order = order.parse().ok();
                (name, Some(order.ok_or_else(|| DissectError::Order { key: written.to_owned() })?))
            }
            _ => (body, None),
        };
        let kept = !(name.is_empty() || name.starts_with('?'));
        Ok(Key {
            name: kept.then(|| name.to_owned()),
            append,
            order,
            padded,
            literal: literal.to_owned(),
        })
    }
}

/// The columns that a pattern makes, in the order in which they first occur.
///
/// ```
/// use detect_runtime::text::dissect::columns;
/// assert_eq!(columns("%{+a} %{?x} %{b->} %{+a}"), Ok(vec!["a".into(), "b".into()]));
/// assert!(columns("no key").is_err());
/// ```
pub fn columns(pattern: &str) -> Result<Vec<String>, DissectError> {
    let mut columns: Vec<String> = Vec::new();
    for name in Pattern::new(pattern)?.keys.into_iter().filter_map(|key| key.name) {
        if !columns.contains(&name) {
            columns.push(name);
        }
    }
    Ok(columns)
}

/// A pattern that generated code declares as a `static`.
#[derive(Debug)]
pub struct Dissect {
    pattern: &'static str,
    separator: &'static str,
    columns: &'static [&'static str],
    ready: OnceLock<Option<Ready>>,
}

#[derive(Debug)]
struct Ready {
    pattern: Pattern,
    /// By column: its keys in the order of joining, or the last one alone.
    sources: Vec<Vec<usize>>,
}

impl Dissect {
    /// A checked pattern, what joins appended keys, and the columns to fill.
    pub const fn new(
        pattern: &'static str,
        separator: &'static str,
        columns: &'static [&'static str],
    ) -> Dissect {
        Dissect { pattern, separator, columns, ready: OnceLock::new() }
    }

    fn ready(&self) -> Option<&Ready> {
        let make = || {
            let pattern = Pattern::new(self.pattern).ok()?;
            let sources =
                self.columns.iter().map(|column| sources(&pattern.keys, column)).collect();
            Some(Ready { pattern, sources })
        };
        self.ready.get_or_init(make).as_ref()
    }

    /// Fills the columns from a text. Of several texts each is taken apart, those that
    /// do not fit add nothing; no value and no fit give nulls.
    ///
    /// ```
    /// use bumpalo::Bump;
    /// use detect_runtime::text::dissect::Dissect;
    /// use detect_runtime::value::{Cx, Value, Warnings};
    /// static DATE: Dissect = Dissect::new("%{y}-%{m}", "", &["m", "y"]);
    /// let (arena, warnings) = (Bump::new(), Warnings::default());
    /// let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
    /// let mut out = [Value::Null; 2];
    /// DATE.extract(&cx, Value::Text("2024-05"), &mut out);
    /// assert!(matches!(out, [Value::Text("05"), Value::Text("2024")]));
    /// ```
    pub fn extract<'a>(&self, cx: &Cx<'a>, input: Value<'a>, out: &mut [Value<'a>]) {
        out.fill(Value::Null);
        let Some(ready) = self.ready() else { return };
        let texts = input.as_slice().iter().filter_map(|value| match value {
            Value::Text(text) => Some(*text),
            _ => None,
        });
        let rows: Vec<Vec<&'a str>> = texts.filter_map(|text| ready.pattern.values(text)).collect();
        for (slot, sources) in out.iter_mut().zip(&ready.sources) {
            let values = rows.iter().map(|row| self.join(cx, row, sources));
            *slot = Value::from_slice(ArenaVec::from_iter_in(values, cx.arena).into_bump_slice());
        }
    }

    fn join<'a>(&self, cx: &Cx<'a>, row: &[&'a str], sources: &[usize]) -> Value<'a> {
        let mut pieces = sources.iter().filter_map(|index| row.get(*index).copied());
        let first = pieces.next().unwrap_or_default();
        if sources.len() <= 1 {
            return Value::Text(first);
        }
        let mut text = ArenaString::from_str_in(first, cx.arena);
        for piece in pieces {
            text.push_str(self.separator);
            text.push_str(piece);
        }
        Value::Text(text.into_bump_str())
    }
}

fn sources(keys: &[Key], column: &str) -> Vec<usize> {
    let named = |key: &&Key| key.name.as_deref() == Some(column);
    let mut sources: Vec<usize> = (0..keys.len()).filter(|index| named(&&keys[*index])).collect();
    if sources.iter().any(|index| keys[*index].append) {
        // Stable: without a number the written order.
        sources.sort_by_key(|index| keys[*index].order.unwrap_or(0));
    } else {
        sources.drain(..sources.len().saturating_sub(1));
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Warnings;
    use bumpalo::Bump;

    /// Columns and values as `a=1 b=2`, `-` for null.
    fn taken(pattern: &str, separator: &'static str, input: Value<'_>) -> String {
        let columns = match columns(pattern) {
            Ok(columns) => columns,
            Err(error) => return error.to_string(),
        };
        let leaked: Vec<&'static str> = columns.iter().map(|c| &*c.clone().leak()).collect();
        let pattern: &'static str = pattern.to_owned().leak();
        let dissect = Dissect::new(pattern, separator, leaked.leak());
        let (arena, warnings) = (Bump::new(), Warnings::default());
        let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
        let mut out = vec![Value::Null; columns.len()];
        dissect.extract(&cx, input, &mut out);
        let show = |value: &Value<'_>| match value.as_slice() {
            [] => "-".to_owned(),
            [Value::Text(text)] => (*text).to_owned(),
            many => format!("{many:?}"),
        };
        let cells: Vec<_> =
            columns.iter().zip(&out).map(|(c, v)| format!("{c}={}", show(v))).collect();
        cells.join(" ")
    }

    #[test]
    fn table() {
        for (pattern, text, expected) in [
            ("%{b} %{c}", "foo bar", "b=foo c=bar"),
            ("%{b} %{c} baz", "foo bar", "b=- c=-"),
            ("Zurich, the %{city} city", "Zurich, the largest city in", "city=largest"),
            ("x%{a}", "x", "a=-"),
            ("x%{a}", "yz", "a=-"),
            ("%{a} %{b} %{c}", "1  3", "a=1 b= c=3"),
            ("%{a->} %{b}", "1    2", "a=1 b=2"),
            ("%{a}:%{b}", "1:2:3", "a=1 b=2:3"),
            ("%{a}:%{b}:", "1:2:3", "a=1 b=2"),
            ("%{a} %{}-%{?s} %{d}", "1 2-3 4", "a=1 d=4"),
            ("%{foo} %{foo}", "a b", "foo=b"),
            ("%{+b} %{c} %{+b}", "1 2 3", "b=1,3 c=2"),
            ("%{+b/2} %{+b/1} %{b}", "1 2 3", "b=3,2,1"),
            ("%{{?k}=%{v}", "a=b", "{?k=a v=b"),
            ("%{a}", "é", "a=é"),
            ("none", "x", "the pattern has no key that is kept"),
            ("%{?a}", "x", "the pattern has no key that is kept"),
            ("%{*a} %{&a}", "x y", "reference keys (`%{*a}`) are not supported"),
            ("%{+a/x}", "x", "`%{+a/x}` has no number behind the `/`"),
        ] {
            assert_eq!(taken(pattern, ",", Value::Text(text)), expected, "{pattern} of {text}");
        }
        let several = Value::Multi(&[Value::Text("1-2"), Value::Text("x"), Value::Text("3-4")]);
        assert_eq!(
            taken("%{a}-%{b}", "", several),
            r#"a=[Text("1"), Text("3")] b=[Text("2"), Text("4")]"#
        );
        assert_eq!(taken("%{a}", "", Value::Null), "a=-");
    }
}
