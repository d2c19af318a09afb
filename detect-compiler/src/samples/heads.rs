//! What each kind of rule asks of its documents.

use super::aggregates::Demand;
use super::columns::Place;
use super::documents::{documents, fields_of, flat, stamp};
use super::outcome::Outcome;
use super::search::{Goal, Search, State, Wishes};
use super::{BUDGET, Proposal, Unsolved};
use crate::plan::{
    Body, Cond, Field, Pipeline, Plan, Rows, Sequence, Stage, Term, ThreatMatch, Threshold,
};

/// Takes a proposal and the wishes behind it; true if it is enough.
type Found<'f> = dyn FnMut(Proposal, &[Wishes]) -> bool + 'f;

/// Gives proposals for a rule until `found` has enough.
pub(super) fn propose(plan: &Plan, found: &mut Found<'_>) -> Result<(), Unsolved> {
    if !plan.lineages.is_empty() {
        return Err(Unsolved::Lineage);
    }
    match &plan.body {
        Body::Events(cond) => events(cond, &[], found),
        Body::NewTerms(terms) => events(&terms.filter, &terms.fields, found),
        Body::Threshold(threshold) => groups(threshold, found),
        Body::Pipeline(pipeline) => return self::pipeline(pipeline, found),
        Body::Sequence(sequence) => self::sequence(sequence, found),
        Body::Sample(sample) => terms(&sample.terms, None, found),
        Body::ThreatMatch(threat) => threats(threat, found),
    }
    Ok(())
}

fn search(base: Vec<Goal<'_>>) -> Search<'_> {
    Search { pipeline: None, base, ties: Vec::new(), common: Vec::new(), budget: BUDGET }
}

/// Gives what the search finds as documents.
fn run<'p>(mut search: Search<'p>, state: State<'p>, found: &mut Found<'_>) {
    let shape = Search {
        pipeline: search.pipeline,
        base: search.base.clone(),
        ties: Vec::new(),
        common: search.common.clone(),
        budget: 0,
    };
    search.run(state, &mut |state| match documents(&shape, state) {
        Some(docs) => found(Proposal { docs, indicators: Vec::new() }, &state.docs),
        None => false,
    });
}

fn events<'p>(cond: &'p Cond, present: &'p [Field], found: &mut Found<'_>) {
    let present = present.iter().map(|field| Goal::Field(field, Outcome::Present));
    let goals: Vec<Goal<'p>> = present.chain([Goal::Cond(cond, true)]).collect();
    run(search(goals.clone()), State::of(goals), found);
}

fn groups(threshold: &Threshold, found: &mut Found<'_>) {
    let present = threshold.fields.iter().map(|field| Goal::Field(field, Outcome::Present));
    let goals: Vec<Goal<'_>> = present.chain([Goal::Cond(&threshold.filter, true)]).collect();
    let mut state = State::of(goals.clone());
    let demand = |least, field| Demand { doc: 0, least, distinct: None, field };
    state.demands.push(demand(threshold.value.max(1), None));
    if let Some((field, least)) = &threshold.cardinality {
        state.goals.push((0, Goal::Field(field, Outcome::Present)));
        state.demands.push(demand((*least).max(1), Some(field)));
    }
    let search = Search { common: threshold.fields.iter().collect(), ..search(goals) };
    run(search, state, found);
}

fn pipeline(pipeline: &Pipeline, found: &mut Found<'_>) -> Result<(), Unsolved> {
    let Rows::Events { filter, .. } = &pipeline.rows else { return Err(Unsolved::Constants) };
    let mut goals = vec![];
    let (mut base, mut grouped) = (vec![Goal::Cond(filter, true)], None);
    for (number, stage) in pipeline.stages.iter().enumerate() {
        match stage {
            Stage::Where(expr) => {
                let goal = Goal::Expr(expr, Place::before(number), Outcome::True);
                if grouped.is_none() {
                    base.push(goal.clone());
                }
                goals.push(goal);
            }
            Stage::Stats(stats) | Stage::InlineStats { stats, .. } => {
                grouped = Some((number, stats));
            }
            _ => {}
        }
    }
    let common = grouped.iter().flat_map(|(number, stats)| {
        let at = Place::before(*number);
        stats.keys.iter().flat_map(move |key| fields_of(pipeline, key, at))
    });
    let mut common: Vec<&Field> = common.collect();
    // Time is common by lying close together.
    common.retain(|field| field.path != "@timestamp");
    // Goals are taken from the end: the filter first.
    goals.reverse();
    goals.push(Goal::Cond(filter, true));
    let search = Search { pipeline: Some(pipeline), common, ..search(base) };
    run(search, State::of(goals), found);
    Ok(())
}

fn sequence(sequence: &Sequence, found: &mut Found<'_>) {
    terms(&sequence.terms, sequence.maxspan, found);
}

/// A document for each term that is no absence, all with the same keys.
fn terms(terms: &[Term], maxspan: Option<i64>, found: &mut Found<'_>) {
    let mut state = State::default();
    for (number, term) in terms.iter().enumerate() {
        state.docs.push(Wishes::new());
        if term.missing {
            continue;
        }
        if let Some(join) = &term.join {
            state.goals.insert(0, (number, Goal::Cond(join, true)));
        }
        for (field, _) in &term.keys {
            state.goals.push((number, Goal::Field(field, Outcome::Present)));
        }
        state.goals.push((number, Goal::Cond(&term.cond, true)));
    }
    let there = || terms.iter().enumerate().filter(|(_, term)| !term.missing);
    let keys = terms.first().map_or(0, |term| term.keys.len());
    let tie = |key: usize| there().filter_map(move |(n, term)| Some((n, &term.keys.get(key)?.0)));
    let ties = (0..keys).map(|key| tie(key).collect()).collect();
    let mut search = Search { ties, ..search(Vec::new()) };
    let span = maxspan.unwrap_or(60_000).min(60_000);
    search.run(state, &mut |state| {
        let mut docs: Vec<_> = there()
            .map(|(number, _)| state.docs.get(number).map(flat).unwrap_or_default())
            .collect();
        stamp(&mut docs, span);
        found(Proposal { docs, indicators: Vec::new() }, &state.docs)
    });
}

/// An event, and an indicator that it matches.
fn threats(threat: &ThreatMatch, found: &mut Found<'_>) {
    let Some(group) = threat.mapping.first() else { return };
    let mut state = State::of([Goal::Cond(&threat.filter, true)]);
    state.docs.push(Wishes::new());
    state.goals.push((1, Goal::Cond(&threat.indicator_filter, true)));
    let mut ties = Vec::new();
    for entry in group {
        state.goals.push((0, Goal::Field(&entry.field, Outcome::Present)));
        state.goals.push((1, Goal::Field(&entry.indicator, Outcome::Present)));
        if !entry.negate {
            ties.push(vec![(0, &entry.field), (1, &entry.indicator)]);
        }
    }
    let mut search = Search { ties, ..search(Vec::new()) };
    search.run(state, &mut |state| {
        let mut docs: Vec<_> = state.docs.iter().map(flat).collect();
        stamp(&mut docs, 1_000);
        let indicators = docs.split_off(1);
        found(Proposal { docs, indicators }, &state.docs[..1])
    });
}
