//! What the optimiser decided, for `detect explain --optimizer`.

use super::{Atom, Condition, Formula, Ruleset};

/// Decisions about one condition, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The guard.
    pub guard: String,
    /// The witness's tests, one a line, with the expected cost; `None` = the
    /// condition is asked whenever the guard holds.
    pub witness: Option<Vec<String>>,
    /// The formula in the order in which it runs.
    pub formula: String,
    /// Its atoms that other rules ask too, with the number of these rules.
    pub shared: Vec<(String, usize)>,
}

/// Explains a condition of the ruleset.
pub fn explain(ruleset: &Ruleset, number: usize) -> Option<Explanation> {
    let condition = ruleset.conditions.get(number)?;
    let rule = ruleset.rules.iter().find(|entry| entry.conditions.contains(&number))?;
    let global = |formula: &Formula| {
        formula.renumber(&mut |local| rule.locals.get(local as usize).copied().unwrap_or_default())
    };
    Some(Explanation {
        guard: text(ruleset, &condition.guard),
        witness: condition.witness.as_ref().map(|witness| {
            witness.atoms.iter().map(|&atom| atom_text(ruleset, atom, false)).collect()
        }),
        formula: text(ruleset, &global(&condition.formula)),
        shared: shared(ruleset, condition, &global(&condition.formula)),
    })
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
