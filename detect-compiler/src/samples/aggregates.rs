//! What is wanted of aggregates: how many documents of which kind, with how many values.

use super::columns::{self, Place};
use super::outcome::Outcome;
use super::search::{Goal, State, Wishes};
use crate::plan::{Expr, Field, Pipeline};
use detect_runtime::test::{Order, Test};
use std::rc::Rc;

/// What makes an aggregate have an outcome: documents with these goals.
#[derive(Clone, Debug)]
pub(super) struct Counted<'p> {
    goals: Vec<Goal<'p>>,
    least: u64,
    distinct: Option<(&'p Expr, Place)>,
}

/// So many documents of a kind, or of different values.
#[derive(Clone, Debug)]
pub(super) struct Demand<'p> {
    pub(super) doc: usize,
    pub(super) least: u64,
    /// Different values of this, at this place.
    pub(super) distinct: Option<(&'p Expr, Place)>,
    /// Different values of this field.
    pub(super) field: Option<&'p Field>,
}

/// The most kinds of document in one sample.
const KINDS: usize = 3;

/// What is wanted of an aggregate, as demands and as goals of documents.
pub(super) fn wanted<'p>(
    state: &mut State<'p>,
    pipeline: &'p Pipeline,
    doc: usize,
    stage: usize,
    number: usize,
    wanted: &Outcome,
) -> bool {
    let Some(aggregate) =
        columns::stats(pipeline, stage).and_then(|stats| stats.aggregates.get(number))
    else {
        return false;
    };
    let at = Place::before(stage);
    let arg = aggregate.args.first();
    let filter = aggregate.filter.as_ref().map(|filter| Goal::Expr(filter, at, Outcome::True));
    let of_arg = |wanted: Outcome| arg.map(|arg| Goal::Expr(arg, at, wanted));
    // Goals of the documents that count, how many, and of how many values.
    let mut ways: Vec<(Vec<Goal<'p>>, u64, bool)> = Vec::new();
    let mut nowhere = None;
    match (aggregate.name, wanted) {
        ("count" | "count_distinct", _) => {
            for (low, high) in wanted.ranges() {
                if high < 1.0 {
                    nowhere = Some(());
                } else {
                    let least = low.max(1.0).ceil() as u64;
                    let goals = of_arg(Outcome::Present).into_iter().collect();
                    ways.push((goals, least, aggregate.name == "count_distinct"));
                }
            }
            if wanted.ranges().is_empty() {
                ways.push((of_arg(Outcome::Present).into_iter().collect(), 1, false));
            }
        }
        ("sum", Outcome::Passes(_)) => {
            for (low, high) in wanted.ranges() {
                if high < 1.0 {
                    nowhere = Some(());
                    continue;
                }
                let least = |low: f64| Outcome::passes([at_least(low)]);
                ways.push((of_arg(least(low.max(0.0))).into_iter().collect(), 1, false));
                if low > 1.0 {
                    ways.push((of_arg(least(1.0)).into_iter().collect(), low.ceil() as u64, false));
                }
            }
        }
        (_, Outcome::Count(Order::Greater | Order::GreaterEqual | Order::Equal, count)) => {
            let more = matches!(wanted, Outcome::Count(Order::Greater, _));
            let least = (*count + i64::from(more)).max(1) as u64;
            ways.push((of_arg(Outcome::Present).into_iter().collect(), least, true));
        }
        ("std_dev" | "variance" | "median_absolute_deviation", _) => {
            ways.push((of_arg(Outcome::Present).into_iter().collect(), 2, true));
        }
        ("present" | "absent", _) => {
            let present = matches!(wanted, Outcome::True) == (aggregate.name == "present");
            let wanted = if present { Outcome::Present } else { Outcome::Null };
            ways.push((of_arg(wanted).into_iter().collect(), 1, false));
        }
        (_, Outcome::Null) => nowhere = Some(()),
        _ => ways.push((of_arg(wanted.clone()).into_iter().collect(), 1, false)),
    }
    if nowhere.is_some() {
        let out = match (&filter, aggregate.name) {
            (Some(Goal::Expr(filter, at, _)), _) => Some(Goal::Expr(filter, *at, Outcome::NotTrue)),
            (_, "sum") => of_arg(Outcome::passes([at_most(0.0)])),
            _ => of_arg(Outcome::Null),
        };
        let Some(out) = out else { return false };
        let docs = 0..state.docs.len();
        state.goals.extend(docs.map(|doc| (doc, out.clone())));
        state.everywhere.push(out);
        return true;
    }
    let mut choices = Vec::new();
    for (goals, least, distinct) in ways {
        let goals: Vec<Goal<'p>> = goals.into_iter().chain(filter.clone()).collect();
        let distinct = arg.filter(|_| distinct).map(|arg| (arg, at));
        let alike = goals.is_empty();
        let counted = Rc::new(Counted { goals, least, distinct });
        let others = (0..state.docs.len()).filter(|kind| *kind != doc).map(Some);
        let own = [None].into_iter().filter(|_| state.docs.len() < KINDS);
        let kinds = std::iter::once(Some(doc)).chain(others.chain(own).filter(|_| !alike));
        choices.extend(kinds.map(|kind| vec![(doc, Goal::Kind(kind, Rc::clone(&counted)))]));
    }
    state.choose(choices)
}

/// Lets documents of a kind count for an aggregate.
pub(super) fn kind<'p>(
    base: &[Goal<'p>],
    state: &mut State<'p>,
    kind: Option<usize>,
    counted: &Counted<'p>,
) -> bool {
    let doc = match kind {
        Some(kind) => kind,
        None if state.docs.len() >= KINDS => return false,
        None => {
            let doc = state.docs.len();
            state.docs.push(Wishes::new());
            let base: Vec<Goal<'p>> = base.iter().chain(&state.everywhere).cloned().collect();
            state.goals.extend(base.into_iter().map(|goal| (doc, goal)));
            doc
        }
    };
    state.goals.extend(counted.goals.iter().map(|goal| (doc, goal.clone())));
    let Counted { least, distinct, .. } = *counted;
    state.demands.push(Demand { doc, least, distinct, field: None });
    true
}

fn at_least(number: f64) -> Test {
    let number = detect_runtime::test::Number::Double(number);
    Test::Number { order: Order::GreaterEqual, number }
}

fn at_most(number: f64) -> Test {
    let number = detect_runtime::test::Number::Double(number);
    Test::Number { order: Order::LessEqual, number }
}
