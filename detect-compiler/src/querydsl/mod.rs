//! Leaves of Elasticsearch's Query DSL as conditions: `match`, `match_phrase`,
//! `wildcard`, `range`, `exists` on one field, by the field's type
//! (`reference/kql-lucene.md`, 3.2).
//!
//! In: field name, text, schema. Out: a condition on any value of the field. KQL,
//! Lucene and Kibana filters all end in these leaves. Must not know how a query
//! was written.

mod fields;
mod range;

#[cfg(test)]
mod tests;

pub use fields::over_fields;
pub use range::range;

use crate::plan::{Cond, Field};
use crate::schema::{FieldType, Mapping, Schema};
use detect_runtime::test::{Fold, Glob, Number, Order, Piece, Test};
use detect_runtime::text::analysis;
use detect_runtime::value::address::Block;
use detect_runtime::value::{Type, number};
use thiserror::Error;

/// A text that does not fit the type of its field.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is not {expected}, and `{field}` has only such values")]
pub struct Mismatch {
    /// The field.
    pub field: String,
    /// The text.
    pub text: String,
    /// In words: `a number`.
    pub expected: &'static str,
}

/// How a text matches analysed fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording {
    /// One of its words occurs (`match`).
    AnyWord,
    /// Its words occur side by side (`match_phrase`).
    Phrase,
}

/// Some value of the field equals the text.
///
/// ```
/// use detect_compiler::querydsl::{Wording, equals};
/// use detect_compiler::schema::Schema;
/// let schema = Schema::builtin();
/// assert!(equals("process.pid", "4", Wording::AnyWord, &schema).is_ok());
/// assert!(equals("process.pid", "four", Wording::AnyWord, &schema).is_err());
/// ```
pub fn equals(path: &str, text: &str, wording: Wording, schema: &Schema) -> Result<Cond, Mismatch> {
    let declared = schema.lookup(path);
    let test = match declared.mapping {
        Mapping::Text => return Ok(analysed(path, text, wording, schema)),
        Mapping::Object | Mapping::Nested => return Ok(Cond::Const(false)),
        Mapping::Flattened => {
            let test = Test::Equals { text: text.to_owned(), fold: Fold::None };
            return Ok(Cond::AnyField { pattern: format!("{path}.*"), test: Some(test) });
        }
        Mapping::Keyword if !declared.known && wording == Wording::AnyWord => {
            // A name in no table: a number beside it makes it numeric.
            match parse_number(text) {
                Some(number) => Test::Number { order: Order::Equal, number },
                None => Test::Equals { text: text.to_owned(), fold: Fold::None },
            }
        }
        Mapping::Keyword | Mapping::Caseless => {
            Test::Equals { text: text.to_owned(), fold: own_fold(declared) }
        }
        Mapping::Plain => return range::equal(path, text, schema),
    };
    Ok(any(path, test, schema))
}

/// Some value of the field matches the pattern.
pub fn wildcard(path: &str, glob: Glob, fold: Fold, schema: &Schema) -> Result<Cond, Mismatch> {
    let declared = schema.lookup(path);
    match declared.mapping {
        Mapping::Text => Ok(token_glob(path, &glob, schema)),
        Mapping::Object | Mapping::Nested => Ok(Cond::Const(false)),
        Mapping::Flattened => Ok(Cond::AnyField {
            pattern: format!("{path}.*"),
            test: Some(Test::Glob { glob, fold }),
        }),
        Mapping::Plain if declared.ty != Type::Version => Err(Mismatch {
            field: path.to_owned(),
            text: written(&glob),
            expected: "a value without wildcards",
        }),
        Mapping::Keyword | Mapping::Caseless | Mapping::Plain => {
            let fold = fold.max(own_fold(declared));
            Ok(any(path, Test::Glob { glob, fold }, schema))
        }
    }
}

/// The field has a value. An object counts where the name may be one.
pub fn exists(path: &str, schema: &Schema) -> Cond {
    let declared = schema.lookup(path);
    let objects = !declared.known
        || matches!(declared.mapping, Mapping::Object | Mapping::Nested | Mapping::Flattened);
    Cond::Exists { field: field(path, schema), objects }
}

/// `or` of any number of conditions.
pub fn or(mut all: Vec<Cond>) -> Cond {
    match all.len() {
        0 => Cond::Const(false),
        1 => all.remove(0),
        _ => Cond::Or(all),
    }
}

/// `and` of any number of conditions.
pub fn and(mut all: Vec<Cond>) -> Cond {
    match all.len() {
        0 => Cond::Const(true),
        1 => all.remove(0),
        _ => Cond::And(all),
    }
}

/// A text without any word matches nothing.
fn analysed(path: &str, text: &str, wording: Wording, schema: &Schema) -> Cond {
    let tokens = analysis::tokens(text);
    if tokens.is_empty() {
        return Cond::Const(false);
    }
    let test = match wording {
        Wording::AnyWord => Test::AnyToken(tokens),
        Wording::Phrase => Test::Phrase(tokens),
    };
    any(path, test, schema)
}

/// A pattern on analysed text, as `query_string` reads it: split at blanks, each
/// part is held against single words, one must match.
fn token_glob(path: &str, glob: &Glob, schema: &Schema) -> Cond {
    let mut parts: Vec<Vec<Piece>> = vec![Vec::new()];
    for piece in &glob.0 {
        let Piece::Literal(text) = piece else {
            last(&mut parts).push(piece.clone());
            continue;
        };
        for (index, word) in text.split(char::is_whitespace).enumerate() {
            if index > 0 {
                parts.push(Vec::new());
            }
            if !word.is_empty() {
                last(&mut parts).push(Piece::Literal(word.to_lowercase()));
            }
        }
    }
    let conds =
        parts.into_iter().filter(|part| !part.is_empty()).map(|part| match part.as_slice() {
            [Piece::Literal(word)] => analysed(path, word, Wording::AnyWord, schema),
            _ => any(path, Test::TokenGlob(Glob(part)), schema),
        });
    or(conds.collect())
}

fn last(parts: &mut [Vec<Piece>]) -> &mut Vec<Piece> {
    let end = parts.len() - 1;
    &mut parts[end]
}

fn any(path: &str, test: Test, schema: &Schema) -> Cond {
    Cond::Any { field: field(path, schema), test }
}

fn field(path: &str, schema: &Schema) -> Field {
    Field { path: schema.stored(path).to_owned(), ty: schema.lookup(path).ty }
}

/// A field that is indexed in lower case compares without case.
fn own_fold(declared: FieldType) -> Fold {
    if declared.mapping == Mapping::Caseless { Fold::Full } else { Fold::None }
}

/// A number as a query writes it.
fn parse_number(text: &str) -> Option<Number> {
    text.parse()
        .map(Number::Long)
        .or_else(|_| text.parse().map(Number::UnsignedLong))
        .ok()
        .or_else(|| number::parse_double(text).map(Number::Double))
}

fn parse_block(text: &str) -> Option<Test> {
    Block::parse(text).map(|Block { address, bits }| Test::Cidr { address, bits })
}

/// The pattern as a user would write it.
fn written(glob: &Glob) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Any => "*".to_owned(),
        Piece::One => "?".to_owned(),
    };
    glob.0.iter().map(piece).collect()
}
