//! What of two rules must be alike before their conditions can be compared.
//!
//! | kind | alike | then a narrower condition means |
//! | --- | --- | --- |
//! | each event | nothing else | each event that the one alerts on, the other does too |
//! | ES\|QL stages that work row by row | stages, columns | the same |
//! | threshold | fields, look-back | the same groups reach the same or a lower threshold |
//! | indicator match | mapping, indicators | the same |
//! | new terms, sequences, samples, ES\|QL with STATS, SORT, LIMIT | all but conditions | nothing: only equal ones are told |
//!
//! More events may make a rule of the last row silent: a term was seen before, a sequence
//! went on with another event.

use crate::compile::Planned;
use crate::plan::{Body, Cond, Pipeline, Plan, Rows, Stage, Term};
use std::fmt::Write as _;

/// A rule's conditions and what stands around them.
pub(super) struct Shape<'p> {
    /// Everything but conditions; only rules with equal words are compared.
    pub(super) words: String,
    /// A narrower condition means fewer alerts.
    pub(super) monotone: bool,
    /// Thresholds: higher ones mean fewer alerts.
    pub(super) least: Vec<u64>,
    /// The conditions, in order.
    pub(super) conditions: Vec<&'p Cond>,
    /// Which of them must be met by some event for an alert.
    pub(super) needed: Vec<bool>,
}

impl<'p> Shape<'p> {
    /// The shape of a rule; `None` if it reads no events (ES|QL with ROW).
    pub(super) fn of(planned: &'p Planned) -> Option<Shape<'p>> {
        let plan = &planned.lowered.plan;
        let window = format!("{:?}", planned.rule.schedule);
        let one = |words: String, monotone, cond: &'p Cond| Shape {
            words,
            monotone,
            least: Vec::new(),
            conditions: vec![cond],
            needed: vec![true],
        };
        Some(match &plan.body {
            Body::Events(cond) => one(String::new(), true, cond),
            Body::Pipeline(pipeline) => self::pipeline(pipeline, &window)?,
            Body::Threshold(threshold) => {
                let cardinality = threshold.cardinality.as_ref();
                let words = format!(
                    "threshold {:?} {:?} {window}",
                    threshold.fields,
                    cardinality.map(|(field, _)| field)
                );
                let mut shape = one(words, true, &threshold.filter);
                shape.least = vec![threshold.value];
                shape.least.extend(cardinality.map(|(_, least)| *least));
                shape
            }
            Body::NewTerms(terms) => {
                let words = format!("terms {:?} {} {window}", terms.fields, terms.history);
                one(words, false, &terms.filter)
            }
            Body::ThreatMatch(threat) => {
                let words = format!(
                    "threat {:?} {:?} {} {:?}",
                    threat.indicator_filter,
                    threat.indicator_index,
                    threat.indicator_path,
                    threat.mapping
                );
                one(words, true, &threat.filter)
            }
            Body::Sequence(sequence) => {
                let mut words = format!(
                    "sequence {:?} {:?} {:?} {:?}",
                    sequence.maxspan, sequence.timestamp, sequence.tiebreaker, sequence.limits
                );
                let terms = sequence.terms.iter().chain(&sequence.until);
                let mut shape = Shape::of_terms(terms, &mut words, plan);
                if sequence.until.is_some()
                    && let Some(needed) = shape.needed.last_mut()
                {
                    *needed = false;
                    shape.words += " until";
                }
                shape
            }
            Body::Sample(sample) => {
                let mut words = format!("sample {} {:?}", sample.per_key, sample.limits);
                Shape::of_terms(sample.terms.iter(), &mut words, plan)
            }
        })
    }

    fn of_terms(
        terms: impl Iterator<Item = &'p Term>,
        words: &mut String,
        plan: &Plan,
    ) -> Shape<'p> {
        let (mut conditions, mut needed) = (Vec::new(), Vec::new());
        for term in terms {
            let (keys, join, missing) = (&term.keys, &term.join, term.missing);
            let _infallible = write!(words, " {keys:?} {join:?} {missing}");
            conditions.push(&term.cond);
            needed.push(!missing);
        }
        if !plan.lineages.is_empty() {
            let _infallible = write!(words, " {:?}", plan.lineages);
        }
        Shape {
            words: std::mem::take(words),
            monotone: false,
            least: Vec::new(),
            conditions,
            needed,
        }
    }
}

fn pipeline<'p>(pipeline: &'p Pipeline, window: &str) -> Option<Shape<'p>> {
    let Rows::Events { filter, exact, slots } = &pipeline.rows else { return None };
    let mut shape = Shape {
        words: String::new(),
        monotone: true,
        least: Vec::new(),
        conditions: vec![filter],
        needed: vec![true],
    };
    if *exact && pipeline.stages.is_empty() && !pipeline.aggregating {
        return Some(shape);
    }
    let Pipeline { stages, output, rest, .. } = pipeline;
    shape.words = format!("pipeline {exact} {slots:?} {stages:?} {output:?} {rest:?} {window}");
    shape.monotone = !pipeline.aggregating && stages.iter().all(row_by_row);
    Some(shape)
}

/// What happens to a row does not depend on the others. `now()` is the same for both:
/// the schedule is part of the words.
fn row_by_row(stage: &Stage) -> bool {
    match stage {
        Stage::Where(_)
        | Stage::Eval(_)
        | Stage::MvExpand(_)
        | Stage::Dissect { .. }
        | Stage::Grok { .. }
        | Stage::Lookup { .. } => true,
        Stage::Stats(_)
        | Stage::InlineStats { .. }
        | Stage::Sort(_)
        | Stage::Limit { .. }
        | Stage::Completion { .. }
        | Stage::Sample(_) => false,
    }
}
