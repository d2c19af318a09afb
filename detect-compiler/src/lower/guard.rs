//! Conditions that a rule puts on its source events besides the query: which
//! operating systems it is for, and its exceptions.

use crate::diagnostic::{Complaint, Problem, Report};
use crate::plan::{Body, Cond, Field, Rows, Term};
use crate::querydsl::{self, Mismatch, Wording};
use crate::rule::{Entry, EntryTest, Exceptions, Item, Rule};
use crate::schema::Schema;
use detect_runtime::test::{Fold, Glob, Order, Piece, Test};
use detect_runtime::value::Type;
use std::ops::Range;
use thiserror::Error;

/// An exception that cannot apply to its field.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("this exception cannot apply: {mismatch}")]
struct ExceptionError {
    mismatch: Mismatch,
    span: Range<usize>,
}

impl Complaint for ExceptionError {
    fn span(&self) -> Range<usize> {
        self.span.clone()
    }
}

/// The condition, [`Cond::Const`] true if there is none.
///
/// # Errors
/// A report about the file of exceptions.
pub(crate) fn of(rule: &Rule, schema: &Schema) -> Result<Cond, Report> {
    let mut all = Vec::new();
    if !rule.os_list.is_empty() {
        all.push(operating_systems(&rule.os_list, schema));
    }
    if let Some(exceptions) = &rule.exceptions {
        all.push(Cond::Not(Box::new(exempt(exceptions, schema)?)));
    }
    Ok(querydsl::and(all))
}

/// Joins a condition on source events to a body.
pub(super) fn apply(guard: &Cond, body: &mut Body) {
    if matches!(guard, Cond::Const(true)) {
        return;
    }
    match body {
        Body::Events(cond) => join(cond, guard),
        Body::Pipeline(pipeline) => match &mut pipeline.rows {
            Rows::Events { filter, .. } => join(filter, guard),
            Rows::Constants(_) => {}
        },
        Body::Sequence(sequence) => {
            let terms = sequence.terms.iter_mut().chain(&mut sequence.until);
            terms.for_each(|Term { cond, .. }| join(cond, guard));
        }
        Body::Sample(sample) => {
            sample.terms.iter_mut().for_each(|Term { cond, .. }| join(cond, guard));
        }
        Body::Threshold(threshold) => join(&mut threshold.filter, guard),
        Body::NewTerms(terms) => join(&mut terms.filter, guard),
        Body::ThreatMatch(threat) => {
            join(&mut threat.filter, guard);
            join(&mut threat.indicator_filter, guard);
        }
    }
}

fn join(cond: &mut Cond, guard: &Cond) {
    let own = std::mem::replace(cond, Cond::Const(true));
    *cond = match own {
        Cond::Const(true) => guard.clone(),
        Cond::And(mut all) => {
            all.push(guard.clone());
            Cond::And(all)
        }
        own => Cond::And(vec![own, guard.clone()]),
    };
}

/// An event that names no operating system is not excluded.
fn operating_systems(list: &[String], schema: &Schema) -> Cond {
    const FIELD: &str = "host.os.type";
    let field = Field { path: FIELD.to_owned(), ty: schema.lookup(FIELD).ty };
    let named = list.iter().map(|os| Cond::Any {
        field: field.clone(),
        test: Test::Equals { text: os.clone(), fold: Fold::Ascii },
    });
    let unnamed = Cond::Not(Box::new(Cond::Exists { field: field.clone(), objects: false }));
    Cond::Or(std::iter::once(unnamed).chain(named).collect())
}

/// True for events that some item exempts.
fn exempt(exceptions: &Exceptions, schema: &Schema) -> Result<Cond, Report> {
    let mut problems = Vec::new();
    let items = exceptions.items.iter().map(|item| self::item(item, schema, &mut problems));
    let any = querydsl::or(items.collect());
    if problems.is_empty() {
        return Ok(any);
    }
    Err(Report { path: exceptions.path.clone(), source: exceptions.source.clone(), problems })
}

fn item(item: &Item, schema: &Schema, problems: &mut Vec<Problem>) -> Cond {
    let mut all = entries(&item.entries, "", schema, problems);
    if let Some(nanos) = item.expires {
        let field = Field { path: "@timestamp".to_owned(), ty: Type::Date };
        all.push(Cond::Any { field, test: Test::DateOrder { order: Order::LessEqual, nanos } });
    }
    querydsl::and(all)
}

fn entries(
    entries: &[Entry],
    below: &str,
    schema: &Schema,
    problems: &mut Vec<Problem>,
) -> Vec<Cond> {
    let mut all = Vec::with_capacity(entries.len());
    for entry in entries {
        match self::entry(entry, below, schema, problems) {
            Ok(cond) if entry.negate => all.push(Cond::Not(Box::new(cond))),
            Ok(cond) => all.push(cond),
            Err(mismatch) => {
                let span = entry.field.span.clone();
                problems.push(Problem::of(&ExceptionError { mismatch, span }));
            }
        }
    }
    all
}

fn entry(
    entry: &Entry,
    below: &str,
    schema: &Schema,
    problems: &mut Vec<Problem>,
) -> Result<Cond, Mismatch> {
    let path = &format!("{below}{}", entry.field.value);
    let equals = |text: &str| querydsl::equals(path, text, Wording::Phrase, schema);
    Ok(match &entry.test {
        EntryTest::Match(text) => equals(&text.value)?,
        EntryTest::MatchAny(texts) => {
            let any: Result<_, _> = texts.iter().map(|text| equals(&text.value)).collect();
            querydsl::or(any?)
        }
        EntryTest::Exists => querydsl::exists(path, schema),
        EntryTest::Wildcard(text) => {
            querydsl::wildcard(path, glob(&text.value), Fold::None, schema)?
        }
        EntryTest::Nested(inner) => Cond::Element {
            path: path.clone(),
            cond: Box::new(querydsl::and(entries(inner, &format!("{path}."), schema, problems))),
        },
    })
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
