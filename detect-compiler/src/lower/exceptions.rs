//! Exceptions: what a file of items asks of events, apart from the values that it
//! asks for.
//!
//! In: [`Exceptions`] and the schema. Out: shapes, which are compiled, and items,
//! which are data that can be replaced while the program runs
//! ([`detect_runtime::exception`]). Both the build and a running program that reads
//! a changed file come through here.

use crate::diagnostic::{Complaint, Problem, Report};
use crate::plan::{Ask, Below, Cond, ExceptionShape, Field, ShapeEntry};
use crate::querydsl::{self, Mismatch, Wording};
use crate::rule::{Entry, EntryTest, Exceptions, Item, in_order};
use crate::schema::Schema;
use detect_runtime::exception;
use detect_runtime::test::{Fold, Glob, Piece, Test};
use detect_runtime::value::Type;
use std::ops::Range;
use thiserror::Error;

/// A file of exceptions, taken apart.
#[derive(Clone, Debug, Default)]
pub struct Exempt {
    /// Fields and operators, each once, in order of their words.
    pub shapes: Vec<ExceptionShape>,
    /// The items over them.
    pub items: Vec<exception::Item>,
}

/// An exception that cannot apply to its field.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("this exception cannot apply: {why}")]
struct ExceptionError {
    why: Unfit,
    span: Range<usize>,
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
enum Unfit {
    #[error(transparent)]
    Value(#[from] Mismatch),
    #[error("`{0}` has no value that could match")]
    Nothing(String),
    #[error("a time that counts from now would move with the clock")]
    Moving,
    #[error("below an array of objects there can be values and their absence only")]
    Below,
}

impl Complaint for ExceptionError {
    fn span(&self) -> Range<usize> {
        self.span.clone()
    }
}

/// Takes a file of exceptions apart.
///
/// # Errors
/// A report about that file: values that their fields cannot hold.
pub fn exempt(exceptions: &Exceptions, schema: &Schema) -> Result<Exempt, Report> {
    let mut problems = Vec::new();
    let mut shapes: Vec<ExceptionShape> = Vec::new();
    let mut rows = Vec::with_capacity(exceptions.items.len());
    for item in &exceptions.items {
        let (entries, tests) = self::item(item, schema, &mut problems);
        let words = item.words();
        rows.push((words.clone(), item.expires, tests));
        if shapes.iter().all(|known| known.words != words) {
            shapes.push(ExceptionShape { words, entries });
        }
    }
    if !problems.is_empty() {
        let (path, source) = (exceptions.path.clone(), exceptions.source.clone());
        return Err(Report { path, source, problems });
    }
    shapes.sort_by(|a, b| a.words.cmp(&b.words));
    let items = rows.into_iter().filter_map(|(words, expires, tests)| {
        let shape = shapes.iter().position(|shape| shape.words == words)? as u32;
        Some(exception::Item { shape, expires, tests })
    });
    Ok(Exempt { items: items.collect(), shapes })
}

fn item(
    item: &Item,
    schema: &Schema,
    problems: &mut Vec<Problem>,
) -> (Vec<ShapeEntry>, Vec<Vec<Test>>) {
    let (mut entries, mut lists) = (Vec::new(), Vec::new());
    for entry in in_order(&item.entries) {
        match question(entry, "", schema, &mut lists) {
            Ok(ask) => entries.push(ShapeEntry { negate: entry.negate, ask }),
            Err((why, span)) => problems.push(Problem::of(&ExceptionError { why, span })),
        }
    }
    (entries, lists)
}

/// What an entry asks; its values go behind `lists`.
fn question(
    entry: &Entry,
    below: &str,
    schema: &Schema,
    lists: &mut Vec<Vec<Test>>,
) -> Result<Ask, (Unfit, Range<usize>)> {
    let path = &format!("{below}{}", entry.field.value);
    let place = |why: Unfit| (why, entry.field.span.clone());
    let equals = |text: &str| {
        querydsl::equals(path, text, Wording::Phrase, schema).map_err(|why| place(why.into()))
    };
    let cond = match &entry.test {
        EntryTest::Match(text) => equals(&text.value)?,
        EntryTest::MatchAny(texts) => {
            let any: Result<_, _> = texts.iter().map(|text| equals(&text.value)).collect();
            querydsl::or(any?)
        }
        EntryTest::Wildcard(text) => {
            querydsl::wildcard(path, glob(&text.value), Fold::None, schema)
                .map_err(|why| place(why.into()))?
        }
        EntryTest::Exists => match querydsl::exists(path, schema) {
            Cond::Exists { field, objects } => return Ok(Ask::Exists(field, objects)),
            _ => return Err(place(Unfit::Nothing(path.clone()))),
        },
        EntryTest::Nested(inner) => {
            return nested(path, inner, schema, lists).map(|all| Ask::Nested(path.clone(), all));
        }
    };
    let (ask, tests) =
        values(cond).map_err(|why| place(why.unwrap_or_else(|| Unfit::Nothing(path.clone()))))?;
    lists.push(tests);
    Ok(ask)
}

fn nested(
    path: &str,
    inner: &[Entry],
    schema: &Schema,
    lists: &mut Vec<Vec<Test>>,
) -> Result<Vec<Below>, (Unfit, Range<usize>)> {
    let prefix = format!("{path}.");
    let all = in_order(inner).into_iter().map(|entry| {
        let (field, value) = match question(entry, &prefix, schema, lists)? {
            Ask::Value(field) => (field, true),
            Ask::Exists(field, _) => (field, false),
            _ => return Err((Unfit::Below, entry.field.span.clone())),
        };
        let path = field.path.strip_prefix(&prefix).unwrap_or(&field.path).to_owned();
        Ok(Below { negate: entry.negate, path, value })
    });
    all.collect()
}

/// A condition on any value of one place, as place and tests. Without a reason it
/// is one that never holds.
fn values(cond: Cond) -> Result<(Ask, Vec<Test>), Option<Unfit>> {
    match cond {
        Cond::Any { field, test } => Ok((Ask::Value(field), vec![test])),
        Cond::AnyField { pattern, test: Some(test) } => Ok((Ask::Pattern(pattern), vec![test])),
        Cond::Or(all) => {
            let mut place = None;
            let mut tests = Vec::with_capacity(all.len());
            for cond in all {
                let (ask, mut more) = values(cond)?;
                place.get_or_insert(ask);
                tests.append(&mut more);
            }
            place.map(|place| (place, tests)).ok_or(None)
        }
        Cond::Const(_) => Err(None),
        _ => Err(Some(Unfit::Moving)),
    }
}

/// What the rule asks of events because of its exceptions, as a condition: for
/// people, who read shapes and values together.
pub(crate) fn as_condition(exempt: &Exempt) -> Cond {
    let items = exempt.items.iter().filter_map(|item| {
        let shape = exempt.shapes.get(item.shape as usize)?;
        let mut lists = item.tests.iter();
        let entries =
            shape.entries.iter().map(|entry| negated(entry.negate, asked(&entry.ask, &mut lists)));
        Some(querydsl::and(entries.collect()))
    });
    Cond::Not(Box::new(querydsl::or(items.collect())))
}

fn asked<'t>(ask: &Ask, lists: &mut impl Iterator<Item = &'t Vec<Test>>) -> Cond {
    let any = |field: &Field, tests: &[Test]| {
        let any = tests.iter().map(|test| Cond::Any { field: field.clone(), test: test.clone() });
        querydsl::or(any.collect())
    };
    match ask {
        Ask::Value(field) => any(field, lists.next().map_or(&[][..], Vec::as_slice)),
        Ask::Pattern(pattern) => {
            let tests = lists.next().into_iter().flatten().cloned();
            let any =
                tests.map(|test| Cond::AnyField { pattern: pattern.clone(), test: Some(test) });
            querydsl::or(any.collect())
        }
        Ask::Exists(field, objects) => Cond::Exists { field: field.clone(), objects: *objects },
        Ask::Nested(path, below) => {
            let inner = below.iter().map(|below| {
                let field = Field { path: format!("{path}.{}", below.path), ty: Type::Keyword };
                negated(
                    below.negate,
                    if below.value {
                        any(&field, lists.next().map_or(&[][..], Vec::as_slice))
                    } else {
                        Cond::Exists { field, objects: false }
                    },
                )
            });
            Cond::Element { path: path.clone(), cond: Box::new(querydsl::and(inner.collect())) }
        }
    }
}

fn negated(negate: bool, cond: Cond) -> Cond {
    if negate { Cond::Not(Box::new(cond)) } else { cond }
}

/// `*` is any run, `?` one character. A backslash escapes these and itself and
/// is else a backslash, so that Windows paths can be written as they are.
fn glob(text: &str) -> Glob {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let literal = match c {
            '*' => {
                if pieces.last() != Some(&Piece::Any) {
                    pieces.push(Piece::Any);
                }
                continue;
            }
            '?' => {
                pieces.push(Piece::One);
                continue;
            }
            '\\' => chars.next_if(|next| matches!(next, '*' | '?' | '\\')).unwrap_or('\\'),
            c => c,
        };
        match pieces.last_mut() {
            Some(Piece::Literal(text)) => text.push(literal),
            _ => pieces.push(Piece::Literal(literal.to_string())),
        }
    }
    Glob(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        let literal = |text: &str| Piece::Literal(text.to_owned());
        let rows = [
            ("", vec![]),
            ("a**b", vec![literal("a"), Piece::Any, literal("b")]),
            (r"C:\Temp\*.exe", vec![literal(r"C:\Temp*.exe")]),
            (r"C:\Temp\\*.exe", vec![literal(r"C:\Temp\"), Piece::Any, literal(".exe")]),
            (r"a?\", vec![literal("a"), Piece::One, literal(r"\")]),
        ];
        for (text, expected) in rows {
            assert_eq!(glob(text), Glob(expected), "{text}");
        }
    }
}
