//! What the optimiser decided, for `detect explain --optimizer`.

use super::order::{self, Estimate};
use super::statistics::Statistics;
use super::witness::{self, Witness};
use super::{Atom, Condition, Formula, Role, Ruleset, guard};

/// Decisions about one condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// What the condition is for.
    pub roles: Vec<Role>,
    /// What the guard fields must say, as text.
    pub guard: String,
    /// What makes it a candidate; `None` = it is asked whenever the guard holds.
    pub witness: Option<Choice>,
    /// What else might have been the witness, cheapest first.
    pub others: Vec<Choice>,
    /// The operands of the condition in the order in which they run.
    pub steps: Vec<Step>,
    /// Expected nanoseconds of one run, from front to back as far as needed.
    pub cost: f64,
    /// Its atoms that other rules ask too, with the number of these rules.
    pub shared: Vec<(String, usize)>,
    /// Other conditions with the same formula: one of them is evaluated for all.
    pub equal: usize,
}

/// A set of tests, one of which must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The tests as text.
    pub tests: Vec<String>,
    /// What the guard fields say where none of them is needed.
    pub residue: Option<String>,
    /// Expected nanoseconds an event: of looking, and of the runs that it causes.
    pub cost: f64,
}

/// A part of a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// As text.
    pub text: String,
    /// Expected nanoseconds.
    pub cost: f64,
    /// Chance to hold, on events of its kind.
    pub chance: f64,
}

/// Explains a condition of the ruleset by the statistics that it was built with.
pub fn explain(ruleset: &Ruleset, number: usize, statistics: &Statistics) -> Option<Explanation> {
    let condition = ruleset.conditions.get(number)?;
    let formula = global(ruleset, number)?;
    let is_guard: Vec<bool> =
        ruleset.atoms.iter().map(|atom| guard::is_guard_atom(&ruleset.fields, atom)).collect();
    let parts = witness::parts(&ruleset.atoms, &ruleset.fields, &is_guard, statistics);
    let estimates = order::estimates(&ruleset.atoms, &ruleset.fields, &is_guard, statistics);
    let choice = |witness: &Witness| Choice {
        tests: witness.atoms.iter().map(|&atom| atom_text(ruleset, atom, false)).collect(),
        residue: (witness.residue != Formula::Const(false))
            .then(|| text(ruleset, &witness.residue)),
        cost: witness.cost,
    };
    let operands = match &formula {
        Formula::And(all) => all.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut others: Vec<Choice> = operands
        .iter()
        .filter_map(|operand| witness::choose(operand, &parts))
        .filter(|other| condition.witness.as_ref() != Some(other))
        .map(|other| choice(&other))
        .collect();
    others.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    let steps = operands.iter().map(|operand| step(ruleset, operand, &estimates)).collect();
    let equal = (0..ruleset.conditions.len())
        .filter(|other| *other != number && global(ruleset, *other).as_ref() == Some(&formula))
        .count();
    Some(Explanation {
        roles: condition.roles.clone(),
        guard: text(ruleset, &condition.guard),
        witness: condition.witness.as_ref().map(choice),
        others,
        steps,
        cost: order::order(&formula, &estimates).1,
        shared: shared(ruleset, condition, &formula),
        equal,
    })
}

/// The formula of a condition over atoms of the ruleset.
fn global(ruleset: &Ruleset, number: usize) -> Option<Formula> {
    let condition = ruleset.conditions.get(number)?;
    let place = ruleset.rules.partition_point(|entry| entry.conditions.end <= number);
    let rule = ruleset.rules.get(place)?;
    let number = |local: u32| rule.locals.get(local as usize).copied().unwrap_or_default();
    Some(condition.formula.renumber(&mut |local| number(local)))
}

fn step(ruleset: &Ruleset, formula: &Formula, estimates: &[Estimate]) -> Step {
    let (_, cost, chance) = order::order(formula, estimates);
    Step { text: text(ruleset, formula), cost, chance }
}

fn shared(ruleset: &Ruleset, condition: &Condition, formula: &Formula) -> Vec<(String, usize)> {
    let mut shared = Vec::new();
    formula.atoms(&mut |atom| {
        let others = ruleset
            .rules
            .iter()
            .filter(|entry| entry.rule != condition.rule && entry.locals.contains(&atom))
            .count();
        let line = (atom_text(ruleset, atom, false), others);
        if others > 0 && !shared.contains(&line) {
            shared.push(line);
        }
    });
    shared
}

fn text(ruleset: &Ruleset, formula: &Formula) -> String {
    let list = |all: &[Formula], word: &str| {
        let all: Vec<String> = all.iter().map(|operand| text(ruleset, operand)).collect();
        format!("({})", all.join(word))
    };
    match formula {
        Formula::Const(truth) => truth.to_string(),
        Formula::Atom { atom, negated } => atom_text(ruleset, *atom, *negated),
        Formula::And(all) => list(all, " and "),
        Formula::Or(all) => list(all, " or "),
    }
}

fn atom_text(ruleset: &Ruleset, atom: u32, negated: bool) -> String {
    let path = |field: &u16| ruleset.fields.path(*field);
    let not = if negated { "not " } else { "" };
    match ruleset.atoms.get(atom as usize) {
        Some(Atom::Set { field, tests }) => {
            let tests: Vec<String> = tests.iter().map(test_text).collect();
            format!("{not}{} : ({})", path(field), tests.join(", "))
        }
        Some(Atom::Exists { field, .. }) => format!("{not}exists {}", path(field)),
        Some(Atom::Single { field, .. }) => format!("{not}single {}", path(field)),
        Some(Atom::Leaf(_)) | None => format!("{not}computed #{atom}"),
    }
}

fn test_text(test: &detect_runtime::test::Test) -> String {
    use detect_runtime::test::{Piece, Test};
    match test {
        Test::Equals { text, .. } => format!("{text:?}"),
        Test::Glob { glob, .. } => {
            let pieces: String = glob
                .0
                .iter()
                .map(|piece| match piece {
                    Piece::Literal(text) => text.as_str(),
                    Piece::Any => "*",
                    Piece::One => "?",
                })
                .collect();
            format!("{pieces:?}")
        }
        other => format!("{other:?}"),
    }
}
