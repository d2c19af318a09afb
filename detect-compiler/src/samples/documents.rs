//! From what was found to documents: as many as are demanded, one after the other in time.

use super::aggregates::Demand;
use super::columns::{Column, Place, column};
use super::outcome::{Outcome, test_of};
use super::search::{Goal, Search, State, Wishes};
use super::wishes::{Asked, Wish};
use super::{BUDGET, START};
use crate::plan::{Expr, ExprKind, Field, Pipeline};
use detect_runtime::event::Raw;
use detect_runtime::test::{Fold, Order, Test};
use detect_runtime::value::date;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// The fields of a document by their full paths.
pub(super) type Flat = BTreeMap<String, Json>;

/// All documents lie within so many milliseconds, so that one window holds them, and one
/// bucket of time of a query that makes some.
const SPAN: i64 = 5_000;

/// The most documents of a sample.
const MOST: u64 = 5_000;

/// True if the time that every document has anyway is what is wanted.
pub(super) fn usual_time(wanted: &Outcome) -> bool {
    let text = date::print(START);
    match wanted {
        Outcome::Passes(tests) => tests.iter().any(|asked| asked.passes(Raw::Text(&text))),
        Outcome::Fails(tests) => !tests.iter().any(|asked| asked.passes(Raw::Text(&text))),
        Outcome::Present => true,
        _ => false,
    }
}

/// The documents of a state: each kind as often as its demands say.
pub(super) fn documents<'p>(search: &Search<'p>, state: &State<'p>) -> Option<Vec<Flat>> {
    let mut docs = Vec::new();
    for (kind, wishes) in state.docs.iter().enumerate() {
        let demands: Vec<&Demand<'p>> =
            state.demands.iter().filter(|demand| demand.doc == kind).collect();
        let least = demands.iter().map(|demand| demand.least).max().unwrap_or(1);
        if least > MOST {
            return None;
        }
        let mut varied: Vec<Vec<Flat>> = Vec::new();
        for demand in demands.iter().filter(|demand| demand.least > 1) {
            let by_case = demand
                .distinct
                .and_then(|(expr, at)| cases(search, state, wishes, expr, at, demand.least));
            let fields = match (demand.field, demand.distinct, search.pipeline) {
                (Some(field), ..) => vec![field],
                (_, Some((expr, at)), Some(pipeline)) => fields_of(pipeline, expr, at),
                _ => continue,
            };
            let own = match by_case {
                Some(own) => own,
                None => variants(search, state, wishes, &fields, demand.least)?,
            };
            add(&mut varied, own);
        }
        let least = varied.iter().map(|all| all.len() as u64).max().unwrap_or(0).max(least);
        let base = flat(wishes);
        for number in 0..least as usize {
            let mut doc = base.clone();
            for variants in &varied {
                let variant = &variants[number % variants.len()];
                doc.extend(variant.iter().map(|(path, value)| (path.clone(), value.clone())));
            }
            docs.push(doc);
        }
    }
    docs.retain(|doc| !doc.is_empty());
    stamp(&mut docs, SPAN);
    Some(docs)
}

/// Gives times to documents that have none, one after the other.
pub(super) fn stamp(docs: &mut [Flat], span: i64) {
    let step = (span / docs.len().max(1) as i64).clamp(1, 1_000);
    for (number, doc) in docs.iter_mut().enumerate() {
        let time = date::print(START + step * number as i64);
        doc.entry("@timestamp".to_owned()).or_insert_with(|| time.into());
    }
}

/// The fields of one document.
pub(super) fn flat(wishes: &Wishes) -> Flat {
    let value = |(path, wish): (&String, &Wish)| Some((path.clone(), wish.document()?));
    wishes.iter().filter_map(value).collect()
}

/// Adds variants; those that change what others change too stand before these, not over them.
fn add(varied: &mut Vec<Vec<Flat>>, own: Vec<Flat>) {
    let changes =
        |all: &[Flat]| -> Vec<String> { all.iter().flat_map(|doc| doc.keys().cloned()).collect() };
    let paths = changes(&own);
    let same = varied.iter().position(|all| changes(all).iter().any(|path| paths.contains(path)));
    match same {
        None => varied.push(own),
        Some(at) => {
            let (few, many) = if varied[at].len() < own.len() {
                (varied.remove(at), own)
            } else {
                (own, varied.remove(at))
            };
            let rest = many.into_iter().filter(|doc| !few.contains(doc));
            varied.push(few.iter().cloned().chain(rest).collect());
        }
    }
}

/// Documents for which an expression that chooses between constants has different ones.
fn cases<'p>(
    search: &Search<'p>,
    state: &State<'p>,
    wishes: &Wishes,
    expr: &'p Expr,
    at: Place,
    count: u64,
) -> Option<Vec<Flat>> {
    let pipeline = search.pipeline?;
    let mut chosen = expr;
    let mut place = at;
    while let ExprKind::Slot(slot) = &chosen.kind {
        let Column::Computed(inner, inner_place) = column(pipeline, *slot, place) else {
            return None;
        };
        (chosen, place) = (inner, inner_place);
    }
    let ExprKind::Case { arms, .. } = &chosen.kind else { return None };
    let mut all: Vec<Flat> = Vec::new();
    for (_, value) in arms {
        if all.len() as u64 == count {
            break;
        }
        let arena = bumpalo::Bump::new();
        let constant = super::fixed::value(value)?;
        let Some(test) = test_of(Order::Equal, &constant.lend(&arena)) else { continue };
        let goal = Goal::Expr(chosen, place, Outcome::passes([test]));
        let found = again(search, state, wishes, None, vec![goal], |_| {});
        all.extend(found.map(|wishes| flat(&wishes)).filter(|doc| !all.contains(doc)));
    }
    (all.len() as u64 == count).then_some(all)
}

/// Documents that differ in one of the fields, and in what follows from that.
fn variants<'p>(
    search: &Search<'p>,
    state: &State<'p>,
    wishes: &Wishes,
    fields: &[&'p Field],
    count: u64,
) -> Option<Vec<Flat>> {
    for field in fields {
        let mut wish = wishes.get(&field.path).cloned().unwrap_or_else(|| Wish::new(field.ty));
        wish.present = true;
        if !wish.settle(&field.path) {
            continue;
        }
        let mut used = wish.values.clone();
        let mut all = vec![Flat::from([(field.path.clone(), wish.document()?)])];
        while (all.len() as u64) < count {
            if let Some(text) = wish.another(&field.path, &used) {
                all.push(Flat::from([(field.path.clone(), wish.json(&text))]));
                used.push(text);
            } else if let Some(other) = otherwise(search, state, wishes, field, &used) {
                used.extend(other.get(&field.path).map(|wish| wish.values.clone())?);
                all.push(flat(&other));
            } else {
                break;
            }
        }
        if all.len() as u64 == count {
            return Some(all);
        }
    }
    None
}

/// A document with another value of the field, found by another way through the rule.
fn otherwise<'p>(
    search: &Search<'p>,
    state: &State<'p>,
    wishes: &Wishes,
    field: &'p Field,
    used: &[String],
) -> Option<Wishes> {
    again(search, state, wishes, Some(field), Vec::new(), |next| {
        let wish = next.wish(0, field);
        wish.fail.extend(used.iter().map(|text| Asked::new(equals(text))));
        wish.present = true;
    })
}

fn equals(text: &str) -> Test {
    Test::Equals { text: text.to_owned(), fold: Fold::None }
}

/// Another document of the rule, which has in common with the first what all have.
fn again<'p>(
    search: &Search<'p>,
    state: &State<'p>,
    wishes: &Wishes,
    but: Option<&Field>,
    goals: Vec<Goal<'p>>,
    prepare: impl FnOnce(&mut State<'p>),
) -> Option<Wishes> {
    let mut next = State::of(search.base.iter().cloned().chain(goals));
    prepare(&mut next);
    for common in &search.common {
        if but.is_some_and(|but| but.path == common.path) {
            continue;
        }
        let values = wishes.get(&common.path).map(|wish| wish.values.clone()).unwrap_or_default();
        next.wish(0, common).pass.extend(values.iter().map(|text| Asked::new(equals(text))));
    }
    let mut found = None;
    let mut own = Search {
        pipeline: search.pipeline,
        base: search.base.clone(),
        ties: Vec::new(),
        common: Vec::new(),
        budget: BUDGET,
    };
    next.goals.extend(state.everywhere().map(|goal: Goal<'p>| (0, goal)));
    own.run(next, &mut |state| {
        found = state.docs.first().cloned();
        true
    });
    found
}

/// The fields that a value depends on.
pub(super) fn fields_of<'p>(pipeline: &'p Pipeline, expr: &'p Expr, at: Place) -> Vec<&'p Field> {
    let mut fields = Vec::new();
    collect(pipeline, expr, at, &mut fields, &mut 10_000);
    fields
}

fn collect<'p>(
    pipeline: &'p Pipeline,
    expr: &'p Expr,
    at: Place,
    fields: &mut Vec<&'p Field>,
    budget: &mut usize,
) {
    if *budget == 0 {
        return;
    }
    *budget -= 1;
    let mut add = |field: &'p Field| {
        if !fields.contains(&field) {
            fields.push(field);
        }
    };
    match &expr.kind {
        ExprKind::Field(field) => add(field),
        ExprKind::Slot(slot) => match column(pipeline, *slot, at) {
            Column::Field(field) => add(field),
            Column::Computed(expr, at) => collect(pipeline, expr, at, fields, budget),
            Column::Captured(stage, _) => {
                if let Some(input) = super::columns::input(pipeline, stage) {
                    collect(pipeline, input, Place::before(stage), fields, budget);
                }
            }
            Column::Aggregate(stage, number) => {
                let arg = super::columns::stats(pipeline, stage)
                    .and_then(|stats| stats.aggregates.get(number)?.args.first());
                if let Some(arg) = arg {
                    collect(pipeline, arg, Place::before(stage), fields, budget);
                }
            }
            Column::Given | Column::Null => {}
        },
        _ => expr.children(&mut |child| collect(pipeline, child, at, fields, budget)),
    }
}

/// The document as it is written: objects within objects, but where a field stands in the
/// way of another, its full name.
pub(super) fn nested(flat: &Flat) -> Json {
    let mut document = Map::new();
    for (path, value) in flat {
        if !insert(&mut document, path, value) {
            document.insert(path.clone(), value.clone());
        }
    }
    Json::Object(document)
}

fn insert(into: &mut Map<String, Json>, path: &str, value: &Json) -> bool {
    match path.split_once('.') {
        None => {
            let free = !into.contains_key(path);
            if free {
                into.insert(path.to_owned(), value.clone());
            }
            free
        }
        Some((first, rest)) => {
            let inner = into.entry(first).or_insert_with(|| Json::Object(Map::new()));
            inner.as_object_mut().is_some_and(|inner| insert(inner, rest, value))
        }
    }
}
