//! Choice of witnesses.
//!
//! A witness of a formula is a set of positive atoms one of which must hold for
//! the formula to hold. An atom is its own witness; a conjunction has the
//! cheapest witness of its operands; a disjunction needs one of each operand,
//! together. Complements and computed atoms have none. Costs are those of
//! [`cost`](super::cost).
//!
//! Guard atoms are searched for by nobody: what they demand has been asked before,
//! and a condition that demands nothing else runs whenever its guard lets it. But
//! an operand of a disjunction may demand nothing else while the others have
//! witnesses (`event.module : "azure" or process.name : "waagent"`). What such
//! operands demand is kept as the *residue*: the condition is a candidate where a
//! witness holds, and where the residue does, which is known with the guards.

use super::atoms::Atom;
use super::cost::{self, CONDITION};
use super::fields::Fields;
use super::formula::Formula;
use super::statistics::Statistics;

/// A set of atoms with its expected cost in nanoseconds an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Witness {
    /// The atoms, each once, rising.
    pub atoms: Vec<u32>,
    /// Where the condition is a candidate without any of them: over guard atoms,
    /// false where there is no such place.
    pub residue: Formula,
    /// Expected cost, not counting what guards save.
    pub cost: f64,
}

/// What an atom can do for a witness.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    /// Nothing.
    None,
    /// It can be searched for, at this cost in nanoseconds an event.
    Searched(f64),
    /// Guards ask it; it holds in this share of events.
    Guard(f64),
}

/// What the atoms can do.
pub(super) fn parts(
    atoms: &[Atom],
    fields: &Fields,
    is_guard: &[bool],
    statistics: &Statistics,
) -> Vec<Part> {
    let part = |(atom, is_guard): (&Atom, &bool)| match atom {
        Atom::Set { field, tests } if *is_guard => {
            Part::Guard(statistics.share(fields.path(*field), tests))
        }
        Atom::Set { field, tests } => {
            Part::Searched(cost::witness(statistics, fields.path(*field), tests))
        }
        Atom::Leaf(_) => Part::None,
        Atom::Exists { field, .. } | Atom::Single { field, .. } => {
            let presence = statistics.field(fields.path(*field)).presence;
            if *is_guard {
                Part::Guard(presence)
            } else {
                Part::Searched(cost::presence(statistics, fields.path(*field)))
            }
        }
    };
    atoms.iter().zip(is_guard).map(part).collect()
}

/// The cheapest witness of a formula, if it has one with something to search for.
pub(super) fn choose(formula: &Formula, parts: &[Part]) -> Option<Witness> {
    let witness = find(formula, parts)?;
    let nowhere = witness.residue == Formula::Const(false);
    (!witness.atoms.is_empty() || nowhere).then_some(witness)
}

/// The same, or what guards alone demand.
fn find(formula: &Formula, parts: &[Part]) -> Option<Witness> {
    let nowhere = Formula::Const(false);
    match formula {
        Formula::Const(false) => Some(Witness { atoms: Vec::new(), residue: nowhere, cost: 0.0 }),
        Formula::Const(true) => None,
        Formula::Atom { atom, negated } => match (parts.get(*atom as usize)?, negated) {
            (Part::None, _) | (Part::Searched(_), true) => None,
            (Part::Searched(cost), false) => {
                Some(Witness { atoms: vec![*atom], residue: nowhere, cost: *cost })
            }
            (Part::Guard(share), negated) => {
                let share = if *negated { 1.0 - share } else { *share };
                let (atoms, cost) = (Vec::new(), CONDITION * share);
                Some(Witness { atoms, residue: formula.clone(), cost })
            }
        },
        Formula::And(all) => {
            let (searched, known): (Vec<_>, Vec<_>) = all
                .iter()
                .filter_map(|operand| find(operand, parts))
                .partition(|witness| !witness.atoms.is_empty());
            cheapest(searched).or_else(|| all_of(known))
        }
        Formula::Or(all) => {
            let found: Option<Vec<Witness>> =
                all.iter().map(|operand| find(operand, parts)).collect();
            found.map(one_of)
        }
    }
}

fn cheapest(all: Vec<Witness>) -> Option<Witness> {
    all.into_iter().min_by(|a, b| a.cost.total_cmp(&b.cost))
}

/// What guards demand of each of these. They depend on each other, so the rarest
/// alone says how often all hold.
fn all_of(all: Vec<Witness>) -> Option<Witness> {
    let cost = all.iter().map(|witness| witness.cost).min_by(f64::total_cmp)?;
    let residues = all.into_iter().map(|witness| witness.residue).collect();
    Some(Witness { atoms: Vec::new(), residue: Formula::join(residues, false), cost })
}

/// One of these. What several of them cost on one event is a run, and the condition
/// runs once: taken as chances of a run, costs below one run are joined as chances of
/// events that do not depend on each other.
fn one_of(all: Vec<Witness>) -> Witness {
    let (runs, more): (Vec<f64>, Vec<f64>) =
        all.iter().map(|witness| witness.cost).partition(|cost| *cost < CONDITION);
    let none: f64 = runs.iter().map(|cost| 1.0 - cost / CONDITION).product();
    let cost = more.iter().sum::<f64>() + CONDITION * (1.0 - none);
    let mut atoms: Vec<u32> = all.iter().flat_map(|witness| witness.atoms.clone()).collect();
    atoms.sort_unstable();
    atoms.dedup();
    let residues = all.into_iter().map(|witness| witness.residue).collect();
    Witness { atoms, residue: Formula::join(residues, true), cost }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atom(atom: u32) -> Formula {
        Formula::Atom { atom, negated: false }
    }

    #[test]
    fn cheapest_of_a_conjunction_all_of_a_disjunction() {
        use Part::{None as Nothing, Searched};
        let parts = [Searched(5.0), Searched(1.0), Nothing, Searched(2.0)];
        let not = |atom| Formula::Atom { atom, negated: true };
        let rows: [(Formula, Option<&[u32]>); 7] = [
            (atom(0), Some(&[0])),
            (not(0), None),
            (atom(2), None),
            (Formula::And(vec![atom(0), atom(1), atom(2)]), Some(&[1])),
            (Formula::Or(vec![atom(0), atom(1)]), Some(&[0, 1])),
            (Formula::Or(vec![atom(0), atom(2)]), None),
            (
                // 5 against 1 + 2.
                Formula::And(vec![atom(0), Formula::Or(vec![atom(3), atom(1)])]),
                Some(&[1, 3]),
            ),
        ];
        for (formula, expected) in rows {
            let chosen = choose(&formula, &parts).map(|witness| witness.atoms);
            assert_eq!(chosen.as_deref(), expected, "{formula:?}");
        }
    }

    #[test]
    fn guards_alone_are_kept_beside_the_witnesses_of_other_operands() {
        let parts = [Part::Guard(0.1), Part::Searched(1.0), Part::None, Part::Guard(0.5)];
        let not = |atom| Formula::Atom { atom, negated: true };
        let and = Formula::And;
        let or = Formula::Or;
        let rows: [(Formula, Option<(&[u32], Formula)>); 7] = [
            // Guards alone: the guard of the condition says the same.
            (atom(0), None),
            (and(vec![atom(0), atom(2)]), None),
            (or(vec![atom(0), not(3)]), None),
            // What can be searched for is, however rare the guard.
            (and(vec![atom(0), atom(1)]), Some((&[1], Formula::Const(false)))),
            (or(vec![atom(0), atom(1)]), Some((&[1], atom(0)))),
            (
                or(vec![and(vec![atom(0), not(3), atom(2)]), atom(1)]),
                Some((&[1], and(vec![atom(0), not(3)]))),
            ),
            (or(vec![atom(0), atom(2), atom(1)]), None),
        ];
        for (formula, expected) in rows {
            let chosen = choose(&formula, &parts).map(|w| (w.atoms, w.residue));
            let expected = expected.map(|(atoms, residue)| (atoms.to_vec(), residue));
            assert_eq!(chosen, expected, "{formula:?}");
        }
    }
}
