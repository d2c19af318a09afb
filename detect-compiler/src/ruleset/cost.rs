//! The cost model: nanoseconds an event, for the choice of witnesses.
//!
//! The constants are estimates from instruction counts of the matchers (callgrind,
//! see `docs/PERFORMANCE.md`), at about ten instructions a nanosecond. Only their
//! ratios decide: which of two witnesses is searched for on fewer events, or hits
//! on fewer.

use super::statistics::{self, Statistics};
use super::tables::required;
use detect_runtime::test::{Piece, Test};

/// Running a condition that a witness made a candidate: its call, two or three
/// atoms that are not known yet.
pub(super) const CONDITION: f64 = 60.0;

/// Looking at a field's values at all: folding, one hash.
const FIELD: f64 = 15.0;

/// Of the cost of looking at a field, what one more condition is charged with:
/// a field that a rule opens is shared by some dozens of others on average.
const SHARE_OF_FIELD: f64 = 1.0 / 30.0;

/// What one more test adds to the look at a value of `length` bytes: a whole
/// text, a prefix or a suffix is a line in a hash table that is probed anyway; a
/// literal inside sets a bit of a filter over all positions, and short ones hit
/// by chance. A slow test with literals that it requires is filed under them, and
/// runs where one of them stands.
pub(super) fn search(test: &Test, length: f64) -> f64 {
    match test {
        Test::Equals { .. } => 0.02,
        Test::Glob { glob, .. } => {
            let longest = longest_literal(&glob.0);
            let anchored = !matches!(glob.0.first(), Some(Piece::Any))
                || !matches!(glob.0.last(), Some(Piece::Any));
            match longest {
                1.. if anchored => 0.1,
                2.. => inside(longest, length),
                _ => 20.0 + 0.5 * length,
            }
        }
        Test::Regex { .. } => filed(test, length, 50.0 + 2.0 * length),
        Test::AnyToken(_) | Test::Phrase(_) | Test::TokenGlob(_) | Test::Fuzzy { .. } => {
            filed(test, length, 100.0 + 5.0 * length)
        }
        Test::TextOrder { .. } | Test::Boolean(_) => 5.0,
        _ => 20.0,
    }
}

/// Searching for a literal of so many bytes anywhere in a value.
fn inside(literal: usize, length: f64) -> f64 {
    if literal < 4 { 0.5 + 0.02 * length } else { 0.1 + 0.002 * length }
}

/// Searching for the literals that a slow test requires, if there are some, and
/// running it, which costs `run`, where one stands.
fn filed(test: &Test, length: f64, run: f64) -> f64 {
    let Some((literals, _)) = required::literals(test) else { return run };
    literals
        .iter()
        .map(|text| inside(text.len(), length) + run * statistics::somewhere(text.len()))
        .sum()
}

/// Longest literal of a glob in bytes.
pub(super) fn longest_literal(pieces: &[Piece]) -> usize {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Literal(text) => text.len(),
            _ => 0,
        })
        .max()
        .unwrap_or(0)
}

/// Expected cost of having these tests of a field as a witness.
pub(super) fn witness(statistics: &Statistics, path: &str, tests: &[Test]) -> f64 {
    let field = statistics.field(path);
    let search: f64 = tests.iter().map(|test| search(test, field.length)).sum();
    field.presence * (FIELD * SHARE_OF_FIELD + search) + CONDITION * statistics.share(path, tests)
}

/// The same for the mere presence of a field.
pub(super) fn presence(statistics: &Statistics, path: &str) -> f64 {
    CONDITION * statistics.field(path).presence
}
