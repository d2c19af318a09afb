//! Order of evaluation inside a condition.
//!
//! Operands of `and` and `or` have no effect but their truth, so they may run in
//! any order. For a conjunction of independent operands with cost c and chance p
//! to hold, the cheapest order is by c / (1 - p) rising, for a disjunction by
//! c / p. Atoms that guards or other rules have answered cost almost nothing.

use super::atoms::Atom;
use super::cost;
use super::fields::Fields;
use super::formula::Formula;
use super::statistics::Statistics;

/// Reading a known answer.
const KNOWN: f64 = 1.0;
/// Asking whether a field is there.
const PRESENCE: f64 = 4.0;
/// A computed atom: an expression, elements of an array, a lineage.
const LEAF: f64 = 150.0;
/// Where the chance of a computed atom is unknown.
const LEAF_CHANCE: f64 = 0.3;

/// Cost and chance to hold.
#[derive(Clone, Copy)]
pub(super) struct Estimate {
    cost: f64,
    chance: f64,
}

/// Estimates of all atoms. The chance of a set is taken among events that have
/// the field: a condition runs on events of its own kind.
pub(super) fn estimates(
    atoms: &[Atom],
    fields: &Fields,
    is_guard: &[bool],
    statistics: &Statistics,
) -> Vec<Estimate> {
    let estimate = |(atom, is_guard): (&Atom, &bool)| match atom {
        Atom::Set { field, tests } => {
            let path = fields.path(*field);
            let numbers = statistics.field(path);
            let chance =
                (statistics.share(path, tests) / numbers.presence.max(1e-6)).clamp(0.001, 0.999);
            let cost = if *is_guard { KNOWN } else { set_cost(tests, numbers.length) };
            Estimate { cost, chance }
        }
        Atom::Exists { .. } | Atom::Single { .. } => Estimate { cost: PRESENCE, chance: 0.7 },
        Atom::Leaf(_) => Estimate { cost: LEAF, chance: LEAF_CHANCE },
    };
    atoms.iter().zip(is_guard).map(estimate).collect()
}

fn set_cost(tests: &[detect_runtime::test::Test], length: f64) -> f64 {
    let search: f64 = tests.iter().map(|test| cost::search(test, length)).sum();
    10.0 + 0.2 * length + search
}

/// The formula with its operands in the order in which they should run.
pub(super) fn order(formula: &Formula, estimates: &[Estimate]) -> (Formula, f64, f64) {
    match formula {
        Formula::Const(truth) => (formula.clone(), 0.0, f64::from(u8::from(*truth))),
        Formula::Atom { atom, negated } => {
            let known = estimates.get(*atom as usize).copied();
            let Estimate { cost, chance } =
                known.unwrap_or(Estimate { cost: LEAF, chance: LEAF_CHANCE });
            (formula.clone(), cost, if *negated { 1.0 - chance } else { chance })
        }
        Formula::And(all) => {
            let (operands, cost, chance) = connective(all, estimates, false);
            (Formula::And(operands), cost, chance)
        }
        Formula::Or(all) => {
            let (operands, cost, chance) = connective(all, estimates, true);
            (Formula::Or(operands), cost, 1.0 - chance)
        }
    }
}

/// Ordered operands, expected cost, chance that evaluation reaches the end.
fn connective(all: &[Formula], estimates: &[Estimate], decides: bool) -> (Vec<Formula>, f64, f64) {
    let mut operands: Vec<(Formula, f64, f64)> = all
        .iter()
        .map(|operand| {
            let (operand, cost, chance) = order(operand, estimates);
            (operand, cost, if decides { 1.0 - chance } else { chance })
        })
        .collect();
    let rank = |operand: &(Formula, f64, f64)| operand.1 / (1.0 - operand.2).max(1e-3);
    // Stable: equal ranks keep the rule's own order, so the code of a rule does
    // not depend on anything but the rule and the statistics.
    operands.sort_by(|a, b| rank(a).total_cmp(&rank(b)));
    let (mut cost, mut goes_on) = (0.0, 1.0);
    for operand in &operands {
        cost += goes_on * operand.1;
        goes_on *= operand.2;
    }
    (operands.into_iter().map(|operand| operand.0).collect(), cost, goes_on)
}
