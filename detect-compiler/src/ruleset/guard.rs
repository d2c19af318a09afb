//! Guards: what a condition demands of the few fields by which events describe
//! themselves.
//!
//! A condition's guard is what is left of its formula when every atom that is
//! no guard atom is taken as possibly true, negated or not. That is exact about
//! the guard fields and says nothing about others: if the guard is false, the
//! condition is false. The rule's index patterns belong to the guard.

use super::atoms::Atom;
use super::fields::Fields;
use super::formula::Formula;
use detect_runtime::event::FieldId;
use detect_runtime::test::Test;

/// Fields with a small, mostly fixed set of values, by which Elastic Common
/// Schema and its integrations say what kind of event this is.
const GUARD_FIELDS: [&str; 10] = [
    "event.category",
    "event.type",
    "event.action",
    "event.kind",
    "event.dataset",
    "data_stream.dataset",
    "event.module",
    "event.provider",
    "event.code",
    "host.os.type",
];

/// Longest text of a guard atom; the runtime takes longer values as foreign.
const LONGEST: usize = 128;

/// Number of the guard field, if the field is one.
pub(super) fn guard_field(fields: &Fields, field: FieldId) -> bool {
    GUARD_FIELDS.contains(&fields.path(field))
}

/// Whether an atom can stand in guards: on a guard field, equalities with ASCII
/// texts, and whether it has a value, one value, or an object. These depend on
/// nothing but the class of each value and on how many there are.
///
/// `host.os.type : "windows" or not exists host.os.type` stands in each of the
/// endpoint rules: with equalities alone it was no guard, and conditions for
/// Windows were evaluated on events of Linux hosts.
pub(super) fn is_guard_atom(fields: &Fields, atom: &Atom) -> bool {
    if !atom.field().is_some_and(|field| guard_field(fields, field)) {
        return false;
    }
    let Atom::Set { tests, .. } = atom else { return true };
    tests.iter().all(|test| match test {
        Test::Equals { text, .. } => text.is_ascii() && text.len() <= LONGEST,
        _ => false,
    })
}

/// The guard of a condition; `is_guard` by atom number.
pub(super) fn guard(formula: &Formula, is_guard: &[bool]) -> Formula {
    match formula {
        Formula::Atom { atom, .. } if !is_guard.get(*atom as usize).copied().unwrap_or(false) => {
            Formula::Const(true)
        }
        Formula::Const(_) | Formula::Atom { .. } => formula.clone(),
        Formula::And(all) => {
            Formula::join(all.iter().map(|operand| guard(operand, is_guard)).collect(), false)
        }
        Formula::Or(all) => {
            Formula::join(all.iter().map(|operand| guard(operand, is_guard)).collect(), true)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atom(atom: u32) -> Formula {
        Formula::Atom { atom, negated: false }
    }

    fn not(atom: u32) -> Formula {
        Formula::Atom { atom, negated: true }
    }

    #[test]
    fn keeps_only_what_guards_demand() {
        let is_guard = [true, true, false, false];
        let rows = [
            (Formula::And(vec![atom(0), atom(2)]), atom(0)),
            (Formula::Or(vec![atom(0), atom(2)]), Formula::Const(true)),
            (Formula::And(vec![not(1), not(3)]), not(1)),
            (
                Formula::Or(vec![
                    Formula::And(vec![atom(0), atom(2)]),
                    Formula::And(vec![atom(1), not(3)]),
                ]),
                Formula::Or(vec![atom(0), atom(1)]),
            ),
        ];
        for (formula, expected) in rows {
            assert_eq!(guard(&formula, &is_guard), expected, "{formula:?}");
        }
    }
}
