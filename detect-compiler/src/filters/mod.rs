//! Kibana filters of a rule file (`filters`, `threat_filters`).
//!
//! In: one filter as JSON, and the schema. Out: a two-valued condition. The forms
//! are those of `reference/detection-engine.md`, 1.6: `wildcard`, `exists`,
//! `match_phrase`; everything else is refused by name. Must not know languages.
//!
//! A filter with `meta.disabled` holds for all events; other members of `meta` and
//! `$state` are for the screen.

#[cfg(test)]
mod tests;

use crate::plan::Cond;
use crate::querydsl::{self, Mismatch, Wording};
use crate::schema::Schema;
use detect_runtime::test::{Fold, Glob, Piece};
use serde_json::{Map, Value};
use thiserror::Error;

type Object = Map<String, Value>;

/// Why a filter is not understood.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FilterError {
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

/// Compiles a filter.
///
/// ```
/// use detect_compiler::{filters, schema::Schema};
/// let filter = serde_json::json!({
///     "meta": {"negate": true},
///     "query": {"wildcard": {"file.path": {"value": "C:\\\\Windows*", "case_insensitive": true}}},
/// });
/// assert!(filters::compile(&filter, &Schema::builtin()).is_ok());
/// ```
pub fn compile(filter: &Value, schema: &Schema) -> Result<Cond, FilterError> {
    let filter = object(filter, "an object")?;
    let flag = |name: &str| match filter.get("meta").and_then(|meta| meta.get(name)) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(FilterError::Expected("true or false in `meta`")),
    };
    let (negate, disabled) = (flag("negate")?, flag("disabled")?);
    let mut bodies = Vec::new();
    for (name, value) in filter {
        match name.as_str() {
            "meta" | "$state" => {}
            "query" => {
                let query = object(value, "an object `query`")?;
                bodies.extend(query.iter().map(|(name, value)| (name.as_str(), value)));
            }
            other => bodies.push((other, value)),
        }
    }
    let [(name, body)] = bodies.as_slice() else {
        return Err(FilterError::Expected("one query in each filter"));
    };
    let cond = leaf(name, body, schema)?;
    Ok(match (disabled, negate) {
        (true, _) => Cond::Const(true),
        (false, true) => Cond::Not(Box::new(cond)),
        (false, false) => cond,
    })
}

fn leaf(name: &str, body: &Value, schema: &Schema) -> Result<Cond, FilterError> {
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
                Value::Object(_) => only(body, &["query"])?.get("query"),
                scalar => Some(scalar),
            };
            let value = printed(value)?;
            Ok(querydsl::equals(field, &value, Wording::Phrase, schema)?)
        }
        other => Err(FilterError::Unsupported(other.to_owned())),
    }
}

fn wildcard(field: &str, body: &Object, schema: &Schema) -> Result<Cond, FilterError> {
    let pattern = text(body.get("value").or_else(|| body.get("wildcard")))?;
    let fold = match body.get("case_insensitive") {
        None | Some(Value::Bool(false)) => Fold::None,
        Some(Value::Bool(true)) => Fold::Ascii,
        Some(_) => return Err(FilterError::Expected("true or false in `case_insensitive`")),
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
fn field(body: &Value) -> Result<(&str, &Value), FilterError> {
    let body = object(body, "a field")?;
    let mut fields = body.iter();
    match (fields.next(), fields.next()) {
        (Some((field, value)), None) => Ok((field, value)),
        _ => Err(FilterError::Expected("one field")),
    }
}

/// An object with these members and no others.
fn only<'v>(value: &'v Value, known: &[&str]) -> Result<&'v Object, FilterError> {
    let object = object(value, "an object")?;
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(other) => Err(FilterError::Unsupported(other.clone())),
        None => Ok(object),
    }
}

fn object<'v>(value: &'v Value, expected: &'static str) -> Result<&'v Object, FilterError> {
    value.as_object().ok_or(FilterError::Expected(expected))
}

fn text(value: Option<&Value>) -> Result<&str, FilterError> {
    value.and_then(Value::as_str).ok_or(FilterError::Expected("a text"))
}

/// A scalar as text.
fn printed(value: Option<&Value>) -> Result<String, FilterError> {
    match value {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(n)) => Ok(n.to_string()),
        Some(Value::Bool(b)) => Ok(b.to_string()),
        _ => Err(FilterError::Expected("a text, a number or a boolean")),
    }
}
