//! Kibana filters of a rule file (`filters`, `threat_filters`).
//!
//! In: the TOML values and the schema. Out: a two-valued condition. The forms
//! are those of `reference/detection-engine.md`, 1.6: `wildcard`, `exists`,
//! `match_phrase`; everything else is refused by name. Must not know languages.
//!
//! A filter with `meta.disabled` is left out; other members of `meta` and
//! `$state` are for the screen.

#[cfg(test)]
mod tests;

use crate::plan::Cond;
use crate::querydsl::{self, Mismatch, Wording, and};
use crate::schema::Schema;
use detect_runtime::test::{Fold, Glob, Piece};
use thiserror::Error;
use toml::{Table, Value};

/// A filter that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("filter {}: {kind}", index + 1)]
pub struct FilterError {
    /// Position in the list from 0.
    pub index: usize,
    /// What is wrong.
    pub kind: FilterErrorKind,
}

/// Kinds of error.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FilterErrorKind {
    /// A form that is refused.
    #[error("`{0}` is not supported")]
    Unsupported(String),
    /// A member that is missing or of another type.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A value that does not fit its field.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
}

/// Compiles filters: all must hold.
///
/// ```
/// use detect_compiler::{filters, schema::Schema};
/// let file: toml::Table = r#"
///     [[filters]]
///     meta = { negate = true }
///     query.wildcard."file.path" = { value = "C:\\\\Windows\\\\*", case_insensitive = true }
/// "#.parse().unwrap();
/// let list = file["filters"].as_array().unwrap();
/// assert!(filters::compile(list, &Schema::builtin()).is_ok());
/// ```
pub fn compile(filters: &[Value], schema: &Schema) -> Result<Cond, FilterError> {
    let mut all = Vec::with_capacity(filters.len());
    for (index, value) in filters.iter().enumerate() {
        let compiled = table(value, "a table").and_then(|table| filter(table, schema));
        all.extend(compiled.map_err(|kind| FilterError { index, kind })?);
    }
    Ok(and(all))
}

/// One filter; `None` if it is disabled.
fn filter(filter: &Table, schema: &Schema) -> Result<Option<Cond>, FilterErrorKind> {
    let flag = |name: &str| match filter.get("meta").and_then(|meta| meta.get(name)) {
        None => Ok(false),
        Some(Value::Boolean(flag)) => Ok(*flag),
        Some(_) => Err(FilterErrorKind::Expected("true or false in `meta`")),
    };
    let (negate, disabled) = (flag("negate")?, flag("disabled")?);
    let mut bodies = Vec::new();
    for (name, value) in filter {
        match name.as_str() {
            "meta" | "$state" => {}
            "query" => {
                let query = table(value, "a table `query`")?;
                bodies.extend(query.iter().map(|(name, value)| (name.as_str(), value)));
            }
            other => bodies.push((other, value)),
        }
    }
    let [(name, body)] = bodies.as_slice() else {
        return Err(FilterErrorKind::Expected("one query in each filter"));
    };
    let cond = leaf(name, body, schema)?;
    let cond = if negate { Cond::Not(Box::new(cond)) } else { cond };
    Ok((!disabled).then_some(cond))
}

fn leaf(name: &str, body: &Value, schema: &Schema) -> Result<Cond, FilterErrorKind> {
    match name {
        "exists" => {
            let body = only(body, &["field"])?;
            Ok(querydsl::exists(text(body.get("field"))?, schema))
        }
        "wildcard" => {
            let (field, body) = field(body)?;
            wildcard(field, only(body, &["value", "wildcard", "case_insensitive"])?, schema)
        }
        "match_phrase" => {
            let (field, body) = field(body)?;
            let value = match body {
                Value::Table(_) => only(body, &["query"])?.get("query"),
                scalar => Some(scalar),
            };
            let value = printed(value)?;
            Ok(querydsl::equals(field, &value, Wording::Phrase, schema)?)
        }
        other => Err(FilterErrorKind::Unsupported(other.to_owned())),
    }
}

fn wildcard(field: &str, body: &Table, schema: &Schema) -> Result<Cond, FilterErrorKind> {
    let pattern = text(body.get("value").or_else(|| body.get("wildcard")))?;
    let fold = match body.get("case_insensitive") {
        None | Some(Value::Boolean(false)) => Fold::None,
        Some(Value::Boolean(true)) => Fold::Ascii,
        Some(_) => return Err(FilterErrorKind::Expected("true or false in `case_insensitive`")),
    };
    Ok(querydsl::wildcard(field, Glob(pieces(pattern)), fold, schema)?)
}

/// `*` any run, `?` one character, a backslash takes the next as it is.
fn pieces(pattern: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        let literal = match c {
            '*' => {
                pieces.push(Piece::Any);
                continue;
            }
            '?' => {
                pieces.push(Piece::One);
                continue;
            }
            '\\' => chars.next().unwrap_or('\\'),
            c => c,
        };
        match pieces.last_mut() {
            Some(Piece::Literal(text)) => text.push(literal),
            _ => pieces.push(Piece::Literal(literal.to_string())),
        }
    }
    pieces
}

/// The only field of a body and what is asked of it.
fn field(body: &Value) -> Result<(&str, &Value), FilterErrorKind> {
    let body = table(body, "a field")?;
    let mut fields = body.iter();
    match (fields.next(), fields.next()) {
        (Some((field, value)), None) => Ok((field, value)),
        _ => Err(FilterErrorKind::Expected("one field")),
    }
}

/// A table with these members and no others.
fn only<'v>(value: &'v Value, known: &[&str]) -> Result<&'v Table, FilterErrorKind> {
    let table = table(value, "a table")?;
    match table.keys().find(|key| !known.contains(&key.as_str())) {
        Some(other) => Err(FilterErrorKind::Unsupported(other.clone())),
        None => Ok(table),
    }
}

fn table<'v>(value: &'v Value, expected: &'static str) -> Result<&'v Table, FilterErrorKind> {
    value.as_table().ok_or(FilterErrorKind::Expected(expected))
}

fn text(value: Option<&Value>) -> Result<&str, FilterErrorKind> {
    value.and_then(Value::as_str).ok_or(FilterErrorKind::Expected("a text"))
}

/// A scalar as text.
fn printed(value: Option<&Value>) -> Result<String, FilterErrorKind> {
    match value {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Integer(n)) => Ok(n.to_string()),
        Some(Value::Float(n)) => Ok(n.to_string()),
        Some(Value::Boolean(b)) => Ok(b.to_string()),
        _ => Err(FilterErrorKind::Expected("a text, a number or a boolean")),
    }
}
