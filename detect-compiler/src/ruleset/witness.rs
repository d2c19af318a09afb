//! Choice of witnesses.
//!
//! A witness of a formula is a set of positive atoms one of which must hold for
//! the formula to hold. An atom is its own witness; a conjunction has the
//! cheapest witness of its operands; a disjunction needs one of each operand,
//! together. Complements and computed atoms have none. Costs are those of
//! [`cost`](super::cost).
//!
//! Guard atoms are no witnesses: what they demand has been asked before, and a
//! condition that demands nothing else runs whenever its guard lets it.

use super::atoms::Atom;
use super::cost;
use super::fields::Fields;
use super::formula::Formula;
use super::statistics::Statistics;

/// A set of atoms with its expected cost in nanoseconds an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Witness {
    /// The atoms, each once, rising.
    pub atoms: Vec<u32>,
    /// Expected cost, not counting what guards save.
    pub cost: f64,
}

/// Costs of all atoms; `None` = cannot be a witness.
pub(super) fn costs(
    atoms: &[Atom],
    fields: &Fields,
    is_guard: &[bool],
    statistics: &Statistics,
) -> Vec<Option<f64>> {
    let cost = |(atom, is_guard): (&Atom, &bool)| match atom {
        _ if *is_guard => None,
        Atom::Set { field, tests } => Some(cost::witness(statistics, fields.path(*field), tests)),
        Atom::Leaf(_) => None,
        Atom::Exists { field, .. } | Atom::Single { field } => {
            Some(cost::presence(statistics, fields.path(*field)))
        }
    };
    atoms.iter().zip(is_guard).map(cost).collect()
}

/// The cheapest witness of a formula, if it has one.
pub(super) fn choose(formula: &Formula, costs: &[Option<f64>]) -> Option<Witness> {
    match formula {
        Formula::Const(false) => Some(Witness { atoms: Vec::new(), cost: 0.0 }),
        Formula::Const(true) | Formula::Atom { negated: true, .. } => None,
        Formula::Atom { atom, negated: false } => {
            let cost = costs.get(*atom as usize).copied().flatten()?;
            Some(Witness { atoms: vec![*atom], cost })
        }
        Formula::And(all) => all
            .iter()
            .filter_map(|operand| choose(operand, costs))
            .min_by(|a, b| a.cost.total_cmp(&b.cost)),
        Formula::Or(all) => {
            let mut union = Witness { atoms: Vec::new(), cost: 0.0 };
            for operand in all {
                let witness = choose(operand, costs)?;
                union.atoms.extend(witness.atoms);
                union.cost += witness.cost;
            }
            union.atoms.sort_unstable();
            union.atoms.dedup();
            Some(union)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atom(atom: u32) -> Formula {
        Formula::Atom { atom, negated: false }
    }

    #[test]
    fn cheapest_of_a_conjunction_all_of_a_disjunction() {
        let costs = [Some(5.0), Some(1.0), None, Some(2.0)];
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
            let chosen = choose(&formula, &costs).map(|witness| witness.atoms);
            assert_eq!(chosen.as_deref(), expected, "{formula:?}");
        }
    }
}
