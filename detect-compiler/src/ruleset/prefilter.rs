//! Literals for search before parse.
//!
//! If the whole ruleset hangs on a handful of texts, lines without any of them
//! need not be read. Each condition needs a set of positive atoms, one of which
//! must hold, all of whose tests demand a text: the chosen set is the one with
//! the longest shortest text. How JSON may write a text, and that a line with a
//! `\u` escape is always walked, is the affair of the search.

use super::Ruleset;
use super::atoms::Atom;
use super::formula::Formula;
use crate::plan::Cond;
use detect_runtime::json::prefilter::Literal;
use detect_runtime::test::{Piece, Test};

/// More needles than this make the search slower than reading.
const MOST: usize = 64;
/// Shorter needles hit too many lines.
const SHORTEST: usize = 3;

/// A text that is searched for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Needle {
    /// The text, as the value has it.
    pub text: String,
    /// The same with its place in the value, for the search.
    pub literal: Literal,
}

/// The needles of a ruleset, if there is a short list.
pub(super) fn needles(ruleset: &Ruleset) -> Option<Vec<Needle>> {
    // The tree of processes needs each start and end of a process, whatever the
    // conditions say of it.
    let lineage =
        |atom: &Atom| matches!(atom, Atom::Leaf(cond) if matches!(**cond, Cond::DescendantOf(_)));
    if ruleset.atoms.iter().any(lineage) {
        return None;
    }
    let mut all = Vec::new();
    for rule in &ruleset.rules {
        for condition in &ruleset.conditions[rule.conditions.clone()] {
            let global = condition.formula.renumber(&mut |local| {
                rule.locals.get(local as usize).copied().unwrap_or_default()
            });
            all.extend(of_formula(&global, &ruleset.atoms)?);
            if all.len() > 16 * MOST {
                return None;
            }
        }
    }
    all.sort_unstable();
    all.dedup();
    (!all.is_empty() && all.len() <= MOST).then_some(all)
}

fn of_formula(formula: &Formula, atoms: &[Atom]) -> Option<Vec<Needle>> {
    match formula {
        Formula::Const(false) => Some(Vec::new()),
        Formula::Const(true) | Formula::Atom { negated: true, .. } => None,
        Formula::Atom { atom, negated: false } => match atoms.get(*atom as usize)? {
            Atom::Set { tests, .. } => tests.iter().map(of_test).collect(),
            _ => None,
        },
        Formula::And(all) => all
            .iter()
            .filter_map(|operand| of_formula(operand, atoms))
            .max_by_key(|needles| quality(needles)),
        Formula::Or(all) => {
            let mut union = Vec::new();
            for operand in all {
                union.extend(of_formula(operand, atoms)?);
            }
            Some(union)
        }
    }
}

/// Length of the shortest needle, then fewer needles. Words with which events
/// describe themselves (`process`, `start`, `windows`) stand in every line, so a
/// set with one of these comes last.
fn quality(needles: &[Needle]) -> (bool, usize, usize) {
    let common = needles.iter().any(|needle| COMMON.contains(&needle.text.as_str()));
    let shortest = needles.iter().map(|needle| needle.text.len()).min();
    (!common, shortest.unwrap_or(usize::MAX), usize::MAX - needles.len())
}

/// Values of the guard fields, and names that ECS documents have as keys.
const COMMON: [&str; 24] = [
    "process",
    "file",
    "network",
    "registry",
    "library",
    "start",
    "end",
    "event",
    "info",
    "host",
    "user",
    "windows",
    "linux",
    "macos",
    "creation",
    "change",
    "deletion",
    "exec",
    "fork",
    "success",
    "failure",
    "endpoint",
    "access",
    "connection",
];

/// The needle of a test: its whole text, or the longest literal of its pattern,
/// bound to the quotes where the pattern is bound to the ends of the value.
fn of_test(test: &Test) -> Option<Needle> {
    let literal = match test {
        Test::Equals { text, fold } => (text, Literal::whole(text, *fold)),
        Test::Glob { glob, fold } => {
            let last = glob.0.len().checked_sub(1)?;
            let literals = glob.0.iter().enumerate().filter_map(|(place, piece)| match piece {
                Piece::Literal(text) => Some((place, text)),
                _ => None,
            });
            let (place, text) = literals.max_by_key(|(_, text)| text.len())?;
            let literal = match (place == 0, place == last) {
                (true, true) => Literal::whole(text, *fold),
                (true, false) => Literal::prefix(text, *fold),
                (false, true) => Literal::suffix(text, *fold),
                (false, false) => Literal::within(text, *fold),
            };
            (text, literal)
        }
        _ => return None,
    };
    let (text, literal) = literal;
    (text.len() >= SHORTEST).then_some(Needle { text: text.clone(), literal: literal.ok()? })
}
