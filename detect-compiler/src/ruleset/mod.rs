//! Ruleset: the optimiser over all rules.
//!
//! In: the plans. Out: a [`Ruleset`]: the field table, the atoms of all rules
//! (each once), every condition as a formula over them with its guard and its
//! witness, and the byte tables that the runtime reads in place. Must not know
//! languages, nor the Rust that the code generator makes of a formula.
//!
//! The passes, each a file: [`walk`] finds conditions and fields of a plan,
//! [`formula`] normalises conditions over interned [`atoms`], [`guard`] takes
//! out what is asked of the few self-describing fields, [`witness`] chooses by
//! [`cost`] and [`statistics`] what makes a condition a candidate, [`order`]
//! sorts what is left by cost and chance, [`tables`] writes it down.

mod atoms;
mod cost;
pub mod explain;
mod fields;
mod formula;
mod guard;
mod order;
mod prefilter;
pub mod statistics;
mod tables;
#[cfg(test)]
mod tests;
mod walk;
mod witness;

pub use atoms::Atom;
pub use fields::Fields;
pub use formula::Formula;
pub use prefilter::Needle;
pub use walk::Role;
pub use witness::Witness;

use crate::plan::{Cond, Field, Plan};
use atoms::Atoms;
use detect_runtime::json::layout::Flags;
use statistics::Statistics;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

/// What the optimiser goes by, beside the plans.
#[derive(Clone, Debug)]
pub struct Options {
    /// How often values occur.
    pub statistics: Statistics,
    /// Fields that alerts, times and suppression need, with what is kept of them.
    pub fields: Vec<(String, Flags)>,
}

/// The optimised ruleset.
#[derive(Clone, Debug)]
pub struct Ruleset {
    /// Fields by number.
    pub fields: Fields,
    /// Atoms by number.
    pub atoms: Vec<Atom>,
    /// In the order of the input.
    pub rules: Vec<RuleEntry>,
    /// Conditions by number, which are also those of the runtime; those of one
    /// rule stand together.
    pub conditions: Vec<Condition>,
    /// The runtime's tables.
    pub tables: Vec<u8>,
    /// For search before parse: every line on which some condition can hold has
    /// one of these. `None` if there is no short list.
    pub needles: Option<Vec<Needle>>,
    /// Conditions inside expressions, by rule and their text.
    nested: HashMap<(usize, String), Formula>,
}

/// What concerns one rule.
#[derive(Clone, Debug)]
pub struct RuleEntry {
    /// Index that the input gave.
    pub rule: usize,
    /// Its conditions.
    pub conditions: Range<usize>,
    /// Atom of the ruleset by atom number of the rule. It is in the tables too:
    /// generated code uses the rule's numbers only, which depend on nothing but
    /// the rule.
    pub locals: Vec<u32>,
}

/// One condition.
#[derive(Clone, Debug)]
pub struct Condition {
    /// Index of the rule that the input gave.
    pub rule: usize,
    /// What it is for; terms with equal conditions share one.
    pub roles: Vec<Role>,
    /// Over atom numbers of the rule, in the order in which it should run.
    pub formula: Formula,
    /// What the guard fields must say, over atoms of the ruleset.
    pub guard: Formula,
    /// What makes it a candidate, over atoms of the ruleset; without, it is one
    /// whenever the guard holds.
    pub witness: Option<Witness>,
}

/// The condition of a plan in a role, if it has that role.
pub fn condition_of(plan: &Plan, role: Role) -> Option<&Cond> {
    walk::conditions(plan).into_iter().find(|(own, _)| *own == role).map(|(_, cond)| cond)
}

/// The conditions of a plan that are asked of every event, with their roles.
pub fn conditions(plan: &Plan) -> Vec<(Role, &Cond)> {
    walk::conditions(plan)
}

/// Paths of the fields that a plan reads, for its conditions and its head.
pub fn fields_read(plan: &Plan) -> BTreeSet<String> {
    let mut read = BTreeSet::new();
    let mut add = |field: &Field| {
        read.insert(field.path.clone());
    };
    for (_, cond) in walk::conditions(plan) {
        cond.each_field(&mut add);
    }
    walk::head_fields(plan, &mut add);
    walk::nested_conditions(plan, &mut |cond| cond.each_field(&mut add));
    read
}

/// Optimises the rules; the same input gives the same output, byte for byte.
pub fn build(rules: &[(usize, &Plan)], options: &Options) -> Ruleset {
    let mut atoms = Atoms::default();
    let lowered: Vec<Lowered> =
        rules.iter().map(|(rule, plan)| Lowered::of(*rule, plan, &mut atoms)).collect();
    for (path, flags) in &options.fields {
        atoms.fields.number(path, *flags);
    }
    let Atoms { fields, list: atoms, .. } = atoms;
    let is_guard: Vec<bool> =
        atoms.iter().map(|atom| guard::is_guard_atom(&fields, atom)).collect();
    let parts = witness::parts(&atoms, &fields, &is_guard, &options.statistics);
    let estimates = order::estimates(&atoms, &fields, &is_guard, &options.statistics);
    let mut entries = Vec::new();
    let mut conditions = Vec::new();
    let mut nested = HashMap::new();
    for lowered in lowered {
        let start = conditions.len();
        let mut local = |global: u32| {
            let found = lowered.locals.iter().position(|known| *known == global);
            found.unwrap_or_default() as u32
        };
        for (roles, formula) in lowered.conditions {
            conditions.push(Condition {
                rule: lowered.rule,
                roles,
                guard: guard::guard(&formula, &is_guard),
                witness: witness::choose(&formula, &parts),
                formula: order::order(&formula, &estimates).0.renumber(&mut local),
            });
        }
        for (text, formula) in lowered.nested {
            let formula = order::order(&formula, &estimates).0.renumber(&mut local);
            nested.insert((lowered.rule, text), formula);
        }
        entries.push(RuleEntry {
            rule: lowered.rule,
            conditions: start..conditions.len(),
            locals: lowered.locals,
        });
    }
    let mut ruleset = Ruleset {
        fields,
        atoms,
        rules: entries,
        conditions,
        tables: Vec::new(),
        needles: None,
        nested,
    };
    ruleset.tables = write_tables(&ruleset, rules, &options.statistics);
    ruleset.needles = prefilter::needles(&ruleset);
    ruleset
}

impl Ruleset {
    /// Formula, over atom numbers of the rule, of a condition that stands inside
    /// an expression of the rule.
    pub fn nested(&self, rule: usize, cond: &Cond) -> Option<&Formula> {
        self.nested.get(&(rule, format!("{cond:?}")))
    }

    /// Number of a condition by its role.
    pub fn condition(&self, rule: usize, role: Role) -> Option<usize> {
        let entry = self.rules.iter().find(|entry| entry.rule == rule)?;
        entry.conditions.clone().find(|&number| {
            self.conditions.get(number).is_some_and(|condition| condition.roles.contains(&role))
        })
    }
}

/// A rule's formulas over atoms of the ruleset, and its atoms in order of first
/// use.
struct Lowered {
    rule: usize,
    conditions: Vec<(Vec<Role>, Formula)>,
    nested: Vec<(String, Formula)>,
    locals: Vec<u32>,
}

impl Lowered {
    fn of(rule: usize, plan: &Plan, atoms: &mut Atoms) -> Lowered {
        let mut lowered =
            Lowered { rule, conditions: Vec::new(), nested: Vec::new(), locals: Vec::new() };
        for (role, cond) in walk::conditions(plan) {
            let formula = formula::lower(cond, rule, false, atoms);
            match lowered.conditions.iter_mut().find(|known| known.1 == formula) {
                Some((roles, _)) => roles.push(role),
                None => lowered.conditions.push((vec![role], formula)),
            }
        }
        walk::nested_conditions(plan, &mut |cond| {
            let formula = formula::lower(cond, rule, false, atoms);
            lowered.nested.push((format!("{cond:?}"), formula));
        });
        walk::head_fields(plan, &mut |field| {
            atoms.field(&field.path);
        });
        let mut seen = std::collections::HashSet::new();
        let formulas = lowered.conditions.iter().map(|(_, formula)| formula);
        for formula in formulas.chain(lowered.nested.iter().map(|(_, formula)| formula)) {
            formula.atoms(&mut |atom| {
                if seen.insert(atom) {
                    lowered.locals.push(atom);
                }
            });
        }
        lowered
    }
}

fn write_tables(ruleset: &Ruleset, rules: &[(usize, &Plan)], statistics: &Statistics) -> Vec<u8> {
    let mut indexes: Vec<Vec<String>> = Vec::new();
    let equal = equal_conditions(ruleset);
    let mut entries = Vec::new();
    let mut locals = Vec::new();
    for (number, (rule, (_, plan))) in ruleset.rules.iter().zip(rules).enumerate() {
        locals.push(rule.locals.as_slice());
        let index = (!plan.index.is_empty()).then(|| {
            let known = indexes.iter().position(|list| *list == plan.index);
            known.unwrap_or_else(|| {
                indexes.push(plan.index.clone());
                indexes.len() - 1
            }) as u32
        });
        for condition in &ruleset.conditions[rule.conditions.clone()] {
            entries.push(tables::Entry {
                guard: &condition.guard,
                index,
                witness: condition.witness.as_ref(),
                locals: number,
                same: equal.get(entries.len()).copied().flatten(),
            });
        }
    }
    tables::write(&tables::Input {
        fields: &ruleset.fields,
        atoms: &ruleset.atoms,
        conditions: &entries,
        locals: &locals,
        indexes: &indexes,
        statistics,
    })
}

/// Per condition the first one that is equal, if there are others: the same
/// formula over the same atoms. Conditions that hang on lineages have atoms of
/// their own, so they equal none. The end of a process is `until` of many
/// rules: the runtime evaluates it once.
fn equal_conditions(ruleset: &Ruleset) -> Vec<Option<u32>> {
    let mut classes: HashMap<Formula, Vec<u32>> = HashMap::new();
    for rule in &ruleset.rules {
        for number in rule.conditions.clone() {
            let Some(condition) = ruleset.conditions.get(number) else { continue };
            let global = condition.formula.renumber(&mut |local| {
                rule.locals.get(local as usize).copied().unwrap_or_default()
            });
            classes.entry(global).or_default().push(number as u32);
        }
    }
    let mut equal = vec![None; ruleset.conditions.len()];
    for class in classes.values().filter(|class| class.len() > 1) {
        for &number in class {
            equal[number as usize] = class.first().copied();
        }
    }
    equal
}
