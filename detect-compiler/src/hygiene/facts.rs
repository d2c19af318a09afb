//! What predicates imply of each other, whatever the event.
//!
//! | fact | why |
//! | --- | --- |
//! | `some value passes t` implies `some value passes u` | every value that passes t passes u |
//! | `some value passes t` implies `the field has a value` | it is one |
//! | `one value` implies `the field has a value`, `a value` implies `a value or an object` | |
//! | `one value`, `some value passes t`, `some value passes u` exclude each other | no value passes both |
//!
//! A field may have several values, so without `one value` two equalities of one field
//! exclude nothing. Candidates for the first fact are found by an index over runs of
//! three letters: a pattern within another contains what the other demands.

use super::atoms::{Atom, Atoms};
use super::solve::Clauses;
use super::values::Values;
use std::collections::{HashMap, HashSet};

/// The facts about the atoms of all rules.
#[derive(Debug)]
pub(super) struct Facts {
    /// By atom: the atoms that it implies, each direct.
    implied: Vec<Vec<u32>>,
}

/// Three letters that follow each other.
type Gram = [char; 3];

impl Facts {
    pub(super) fn of(atoms: &Atoms) -> Facts {
        let mut implied: Vec<Vec<u32>> = vec![Vec::new(); atoms.list.len()];
        let mut tests: HashMap<u32, Vec<(u32, &Values)>> = HashMap::new();
        for (number, atom) in atoms.list.iter().enumerate() {
            let number = number as u32;
            let presence = match atom {
                Atom::Some { field, values } => {
                    tests.entry(*field).or_default().push((number, values));
                    [atoms.exists(*field, false), atoms.exists(*field, true)]
                }
                Atom::Single { field, .. } => {
                    [atoms.exists(*field, false), atoms.exists(*field, true)]
                }
                Atom::Exists { field, objects: false } => [atoms.exists(*field, true), None],
                Atom::Exists { .. } | Atom::Computed => [None, None],
            };
            implied[number as usize].extend(presence.into_iter().flatten());
        }
        // One value is one value, repeated or not.
        let singles = atoms.list.iter().enumerate();
        let strict = singles.filter_map(|(number, atom)| match atom {
            Atom::Single { field, distinct: false } => Some((number, *field)),
            _ => None,
        });
        for (number, field) in strict {
            let distinct = |atom: &Atom| matches!(atom, Atom::Single { field: own, distinct: true } if *own == field);
            let other = atoms.list.iter().position(distinct);
            implied[number].extend(other.map(|other| other as u32));
        }
        for all in tests.values() {
            of_field(all, &mut implied);
        }
        Facts { implied }
    }

    /// Adds all that follows from these atoms.
    pub(super) fn close(&self, truth: &mut Truth) {
        let mut open: Vec<u32> = truth.atoms.clone();
        while let Some(atom) = open.pop() {
            for implied in self.implied.get(atom as usize).into_iter().flatten() {
                if truth.set(*implied) {
                    open.push(*implied);
                }
            }
        }
    }

    /// Demands the facts among the atoms that occur in the clauses.
    pub(super) fn demand(&self, atoms: &Atoms, clauses: &mut Clauses) {
        let occurring = clauses.atoms();
        let known: HashSet<u32> = occurring.iter().copied().collect();
        for atom in &occurring {
            for implied in self.implied.get(*atom as usize).into_iter().flatten() {
                if known.contains(implied) {
                    clauses.rule(&[*atom], Some(*implied));
                }
            }
        }
        let single = |atom: &u32| match atoms.list.get(*atom as usize) {
            Some(Atom::Single { field, distinct }) => Some((*atom, *field, *distinct)),
            _ => None,
        };
        for (single, field, distinct) in occurring.iter().filter_map(single) {
            let of_field: Vec<(u32, &Values)> = occurring
                .iter()
                .filter_map(|atom| match atoms.list.get(*atom as usize) {
                    // Values of equal text may be of two kinds.
                    Some(Atom::Some { field: own, values })
                        if *own == field && !(distinct && values.by_kind()) =>
                    {
                        Some((*atom, &**values))
                    }
                    _ => None,
                })
                .collect();
            for (at, (a, values)) in of_field.iter().enumerate() {
                for (b, other) in &of_field[..at] {
                    if values.apart(other) {
                        clauses.rule(&[single, *a, *b], None);
                    }
                }
            }
        }
    }
}

/// Which tests of one field lie within which.
fn of_field(all: &[(u32, &Values)], implied: &mut [Vec<u32>]) {
    let mut broad = Broad::default();
    let literals: Vec<Option<(Vec<String>, bool)>> =
        all.iter().map(|(_, values)| values.literals()).collect();
    let mut counts: HashMap<Gram, u32> = HashMap::new();
    for gram in literals.iter().flatten().flat_map(|(runs, _)| runs.iter().flat_map(|r| grams(r))) {
        *counts.entry(gram).or_default() += 1;
    }
    for (place, literals) in literals.iter().enumerate() {
        broad.add(place, literals.as_ref(), &counts);
    }
    let mut candidates = Vec::new();
    for (place, (number, values)) in all.iter().enumerate() {
        candidates.clear();
        broad.candidates(literals[place].as_ref(), &mut candidates);
        candidates.sort_unstable();
        candidates.dedup();
        for candidate in &candidates {
            let Some((other, wide)) = all.get(*candidate) else { continue };
            if other != number && values.within(wide) {
                implied[*number as usize].push(*other);
            }
        }
    }
}

/// The tests of a field, by what a test within them must contain.
#[derive(Default)]
struct Broad {
    /// Texts without wildcards, by the text.
    lone: HashMap<String, Vec<usize>>,
    /// Patterns by the rarest three letters of theirs.
    grams: HashMap<Gram, Vec<usize>>,
    /// All others.
    rest: Vec<usize>,
}

impl Broad {
    fn add(
        &mut self,
        place: usize,
        literals: Option<&(Vec<String>, bool)>,
        counts: &HashMap<Gram, u32>,
    ) {
        let Some((runs, lone)) = literals else { return self.rest.push(place) };
        if *lone {
            let text = runs.concat();
            return self.lone.entry(text).or_default().push(place);
        }
        let all = runs.iter().flat_map(|run| grams(run));
        match all.min_by_key(|gram| (counts.get(gram), *gram)) {
            Some(gram) => self.grams.entry(gram).or_default().push(place),
            None => self.rest.push(place),
        }
    }

    fn candidates(&self, literals: Option<&(Vec<String>, bool)>, out: &mut Vec<usize>) {
        out.extend_from_slice(&self.rest);
        let Some((runs, lone)) = literals else { return };
        if *lone {
            out.extend(self.lone.get(&runs.concat()).into_iter().flatten());
        }
        for gram in runs.iter().flat_map(|run| grams(run)) {
            out.extend(self.grams.get(&gram).into_iter().flatten());
        }
    }
}

fn grams(run: &str) -> impl Iterator<Item = Gram> {
    let letters: Vec<char> = run.chars().collect();
    (2..letters.len()).map(move |last| [letters[last - 2], letters[last - 1], letters[last]])
}

/// The atoms that are true.
#[derive(Clone, Debug)]
pub(super) struct Truth {
    bits: Vec<u64>,
    atoms: Vec<u32>,
}

impl Truth {
    pub(super) fn of(model: &[u32], atoms: &Atoms) -> Truth {
        let mut truth = Truth { bits: vec![0; atoms.list.len().div_ceil(64)], atoms: Vec::new() };
        for atom in model {
            truth.set(*atom);
        }
        truth
    }

    pub(super) fn holds(&self, atom: u32) -> bool {
        self.bits.get(atom as usize / 64).is_some_and(|bits| bits >> (atom % 64) & 1 == 1)
    }

    fn set(&mut self, atom: u32) -> bool {
        let new = !self.holds(atom);
        if new && let Some(bits) = self.bits.get_mut(atom as usize / 64) {
            *bits |= 1 << (atom % 64);
            self.atoms.push(atom);
        }
        new
    }
}
