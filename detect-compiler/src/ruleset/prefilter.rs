//! Literals for search before parse.
//!
//! If the whole ruleset hangs on a handful of texts, lines without any of them
//! need not be read. Each condition needs a set of positive atoms, one of which
//! must hold, all of whose tests demand a text: the chosen set is the one with
//! the longest shortest text. A text is cut where JSON might write it in another
//! way (quotes, backslashes, slashes, control characters) or where folding
//! leaves ASCII; the longest rest counts. So a needle stands in the line as it
//! is, up to the case of letters, unless the line writes plain characters as
//! `\u` escapes: the reader must walk every line that has `\u`.

use super::Ruleset;
use super::atoms::Atom;
use super::formula::Formula;
use detect_runtime::test::{Fold, Piece, Test};

/// More needles than this make the search slower than reading.
const MOST: usize = 64;
/// Shorter needles hit too many lines.
const SHORTEST: usize = 3;

/// A text that is searched for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Needle {
    /// Printable ASCII without quote, backslash and slash; in lower case if
    /// `fold` is set.
    pub text: String,
    /// Letters of either case match.
    pub fold: bool,
}

/// The needles of a ruleset, if there is a short list.
pub(super) fn needles(ruleset: &Ruleset) -> Option<Vec<Needle>> {
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

fn of_test(test: &Test) -> Option<Needle> {
    let (literals, fold): (Vec<&str>, Fold) = match test {
        Test::Equals { text, fold } => (vec![text], *fold),
        Test::Glob { glob, fold } => {
            let literals = glob.0.iter().filter_map(|piece| match piece {
                Piece::Literal(text) => Some(text.as_str()),
                _ => None,
            });
            (literals.collect(), *fold)
        }
        _ => return None,
    };
    let plain = |c: char| {
        let same_in_json = matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '/');
        // Letters outside ASCII fold to k and s.
        same_in_json && !(fold == Fold::Full && matches!(c, 'k' | 'K' | 's' | 'S'))
    };
    let longest = literals
        .iter()
        .flat_map(|literal| literal.split(|c| !plain(c)))
        .max_by_key(|part| part.len())?;
    let fold = fold != Fold::None;
    let text = if fold { longest.to_ascii_lowercase() } else { longest.to_owned() };
    (text.len() >= SHORTEST).then_some(Needle { text, fold })
}
