//! Conditions as formulas over interned atoms.
//!
//! Negations stand at atoms only, constants are folded, nested connectives are
//! flat, equal operands stand once. Tests of one field that are joined by `or`
//! (or whose complements are joined by `and`) become one atom, so that a list of
//! 200 exclusions is asked once.

use super::atoms::{Atom, Atoms, test_key};
use crate::plan::{Cond, Field};
use detect_runtime::test::Test;

/// A condition over atoms, which are numbered for the rule in [`RuleEntry`]
/// (here) or for the ruleset (inside the optimiser).
///
/// [`RuleEntry`]: super::RuleEntry
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Formula {
    /// Always or never.
    Const(bool),
    /// The atom holds, or (`negated`) does not.
    Atom {
        /// Its number.
        atom: u32,
        /// Complement.
        negated: bool,
    },
    /// All hold.
    And(Vec<Formula>),
    /// One holds.
    Or(Vec<Formula>),
}

impl Formula {
    /// Calls `visit` for each atom, left to right.
    pub fn atoms(&self, visit: &mut impl FnMut(u32)) {
        match self {
            Formula::Const(_) => {}
            Formula::Atom { atom, .. } => visit(*atom),
            Formula::And(all) | Formula::Or(all) => {
                for operand in all {
                    operand.atoms(visit);
                }
            }
        }
    }

    /// The same formula with other atom numbers.
    #[must_use]
    pub fn renumber(&self, number: &mut impl FnMut(u32) -> u32) -> Formula {
        match self {
            Formula::Const(truth) => Formula::Const(*truth),
            Formula::Atom { atom, negated } => {
                Formula::Atom { atom: number(*atom), negated: *negated }
            }
            Formula::And(all) => {
                Formula::And(all.iter().map(|operand| operand.renumber(number)).collect())
            }
            Formula::Or(all) => {
                Formula::Or(all.iter().map(|operand| operand.renumber(number)).collect())
            }
        }
    }

    /// Its truth under an assignment of the atoms.
    pub fn holds(&self, truth: &mut impl FnMut(u32) -> bool) -> bool {
        match self {
            Formula::Const(constant) => *constant,
            Formula::Atom { atom, negated } => truth(*atom) != *negated,
            Formula::And(all) => all.iter().all(|operand| operand.holds(truth)),
            Formula::Or(all) => all.iter().any(|operand| operand.holds(truth)),
        }
    }

    /// The conjunction (`decides` = false) or disjunction (`decides` = true) in
    /// normal form.
    pub(crate) fn join(operands: Vec<Formula>, decides: bool) -> Formula {
        let mut flat: Vec<Formula> = Vec::new();
        for operand in operands {
            match operand {
                Formula::Const(truth) if truth == decides => return Formula::Const(decides),
                Formula::Const(_) => {}
                Formula::And(inner) if !decides => flat.extend(inner),
                Formula::Or(inner) if decides => flat.extend(inner),
                other => flat.push(other),
            }
        }
        let mut distinct: Vec<Formula> = Vec::with_capacity(flat.len());
        let mut seen = std::collections::HashSet::new();
        for operand in flat {
            if let Formula::Atom { atom, negated } = operand
                && seen.contains(&Formula::Atom { atom, negated: !negated })
            {
                return Formula::Const(decides);
            }
            if seen.insert(operand.clone()) {
                distinct.push(operand);
            }
        }
        match distinct.len() {
            0 => Formula::Const(!decides),
            1 => distinct.remove(0),
            _ if decides => Formula::Or(distinct),
            _ => Formula::And(distinct),
        }
    }
}

/// Turns a condition into a formula over the atoms of the ruleset. `rule` tells
/// apart what rules number for themselves (lineages).
pub(super) fn lower(cond: &Cond, rule: usize, negated: bool, atoms: &mut Atoms) -> Formula {
    match cond {
        Cond::Const(truth) => Formula::Const(*truth != negated),
        Cond::Not(inner) => lower(inner, rule, !negated, atoms),
        Cond::And(all) => connective(all, rule, negated, negated, atoms),
        Cond::Or(all) => connective(all, rule, negated, !negated, atoms),
        Cond::Any { field, test } => set(field, vec![test], negated, atoms),
        Cond::Exists { field, objects } => {
            let field = atoms.field(&field.path);
            literal(atoms.intern(Atom::Exists { field, objects: *objects }), negated)
        }
        Cond::Single(field) => {
            let distinct = field.ty.keeps_distinct();
            let field = atoms.field(&field.path);
            literal(atoms.intern(Atom::Single { field, distinct }), negated)
        }
        Cond::AnyField { pattern, .. } => any_field(cond, pattern, negated, atoms),
        Cond::Expr { .. } | Cond::Element { .. } => {
            atoms.visit_leaf(cond, rule);
            literal(atoms.leaf(cond, None), negated)
        }
        Cond::DescendantOf(_) => literal(atoms.leaf(cond, Some(rule)), negated),
    }
}

/// The projector keeps named fields only, so a pattern over names is computed
/// from the document; but only if there is an object at the path before the
/// pattern's first `*`, which the projector knows.
fn any_field(cond: &Cond, pattern: &str, negated: bool, atoms: &mut Atoms) -> Formula {
    let leaf = literal(atoms.leaf(cond, None), negated);
    let fixed = pattern.split('*').next().unwrap_or_default();
    let Some((parent, _)) = fixed.rsplit_once('.') else { return leaf };
    let field = atoms.field(parent);
    let object = literal(atoms.intern(Atom::Exists { field, objects: true }), negated);
    Formula::join(vec![object, leaf], negated)
}

fn literal(atom: u32, negated: bool) -> Formula {
    Formula::Atom { atom, negated }
}

fn set(field: &Field, tests: Vec<&Test>, negated: bool, atoms: &mut Atoms) -> Formula {
    let field = atoms.field(&field.path);
    let mut tests: Vec<(String, Test)> =
        tests.into_iter().map(|test| (test_key(test), test.clone())).collect();
    tests.sort_by(|a, b| a.0.cmp(&b.0));
    tests.dedup_by(|a, b| a.0 == b.0);
    let tests = tests.into_iter().map(|(_, test)| test).collect();
    literal(atoms.intern(Atom::Set { field, tests }), negated)
}

/// `decides`: the truth value of an operand that decides, under the negation.
fn connective(
    all: &[Cond],
    rule: usize,
    negated: bool,
    decides: bool,
    atoms: &mut Atoms,
) -> Formula {
    let mut flat = Vec::new();
    flatten(all, negated, decides, &mut flat);
    let mut operands: Vec<Option<Formula>> = Vec::with_capacity(flat.len());
    // Field, complement, position of the merged atom, its tests.
    let mut sets: Vec<(&Field, bool, usize, Vec<&Test>)> = Vec::new();
    for (cond, negated) in flat {
        match cond {
            // Some value passes a or b: one question. With `and` between, or
            // complements under `or`, two values may answer, so two questions.
            Cond::Any { field, test } if negated != decides => {
                let known = sets.iter_mut().find(|set| set.0.path == field.path);
                if let Some(set) = known {
                    set.3.push(test);
                } else {
                    sets.push((field, negated, operands.len(), vec![test]));
                    operands.push(None);
                }
            }
            cond => operands.push(Some(lower(cond, rule, negated, atoms))),
        }
    }
    for (field, negated, position, tests) in sets {
        operands[position] = Some(set(field, tests, negated, atoms));
    }
    Formula::join(operands.into_iter().flatten().collect(), decides)
}

/// Operands of nested connectives of the same kind, each with its negation.
fn flatten<'c>(all: &'c [Cond], negated: bool, decides: bool, out: &mut Vec<(&'c Cond, bool)>) {
    for cond in all {
        let (mut cond, mut negated) = (cond, negated);
        while let Cond::Not(inner) = cond {
            cond = inner;
            negated = !negated;
        }
        match cond {
            Cond::And(inner) if negated == decides => flatten(inner, negated, decides, out),
            Cond::Or(inner) if negated != decides => flatten(inner, negated, decides, out),
            other => out.push((other, negated)),
        }
    }
}
