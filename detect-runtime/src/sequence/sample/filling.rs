//! Ways to fill the terms of a sample with different events.
//!
//! In: for each term the events that satisfy it. Out: choices of one event a term.
//! Must not know keys or time.

use super::Kept;
use std::collections::{BTreeMap, BTreeSet};

/// The first `most` ways to fill all terms with different events, in the order
/// of the lists.
pub(super) fn fillings<'k>(lists: &[Vec<&'k Kept>], most: usize) -> Vec<Vec<&'k Kept>> {
    let mut all = Vec::new();
    if can_fill(lists, &[]) {
        fill(lists, &mut Vec::new(), most, &mut all);
    }
    all
}

/// Goes only where a filling is certain, so each costs polynomial time.
fn fill<'k>(
    lists: &[Vec<&'k Kept>],
    chosen: &mut Vec<&'k Kept>,
    most: usize,
    all: &mut Vec<Vec<&'k Kept>>,
) {
    let Some(list) = lists.get(chosen.len()) else {
        all.push(chosen.clone());
        return;
    };
    for kept in list {
        if all.len() == most {
            return;
        }
        if chosen.iter().all(|c| c.position != kept.position) {
            chosen.push(kept);
            if can_fill(lists, chosen) {
                fill(lists, chosen, most, all);
            }
            chosen.pop();
        }
    }
}

/// Whether the terms behind the chosen ones can be filled with different other
/// events: a bipartite matching by augmenting paths.
fn can_fill(lists: &[Vec<&Kept>], chosen: &[&Kept]) -> bool {
    let mut taken: BTreeMap<u64, usize> = BTreeMap::new();
    let used: BTreeSet<u64> = chosen.iter().map(|k| k.position).collect();
    (chosen.len()..lists.len()).all(|term| augment(lists, term, &mut taken, &mut used.clone()))
}

fn augment(
    lists: &[Vec<&Kept>],
    term: usize,
    taken: &mut BTreeMap<u64, usize>,
    visited: &mut BTreeSet<u64>,
) -> bool {
    for kept in &lists[term] {
        if visited.insert(kept.position) {
            let free = match taken.get(&kept.position) {
                None => true,
                Some(other) => augment(lists, *other, taken, visited),
            };
            if free {
                taken.insert(kept.position, term);
                return true;
            }
        }
    }
    false
}
