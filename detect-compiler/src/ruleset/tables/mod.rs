//! Tables: what the optimiser decided, as bytes that the runtime reads in place.
//!
//! In: atoms, guards, witnesses. Out: one row of bytes in the layout of
//! [`detect_runtime::matcher::layout`], the same for the same ruleset.

mod anchor;
mod guard;
mod map;
mod pattern;
mod ranges;
pub(super) mod required;
mod value;
mod writer;

use super::atoms::{Atom, test_key};
use super::fields::Fields;
use super::formula::Formula;
use super::statistics::Statistics;
use super::witness::Witness;
use detect_runtime::event::FieldId;
use detect_runtime::matcher::layout::{AtomKind, HEAD_WORDS, Head, MAGIC};
use detect_runtime::test::Test;
use guard::{Groups, Guard};
use std::collections::{BTreeMap, HashMap};
use value::Numbers;
use writer::Writer;

/// One condition, as the tables need it.
pub(super) struct Entry<'e> {
    /// Over atoms of the ruleset.
    pub(super) guard: &'e Formula,
    /// Number of the index list.
    pub(super) index: Option<u32>,
    pub(super) witness: Option<&'e Witness>,
    /// Position of its local-to-global table in `locals`.
    pub(super) locals: usize,
    /// Number of the first condition that is equal, if there are others.
    pub(super) same: Option<u32>,
}

/// What the tables are made of.
pub(super) struct Input<'i> {
    pub(super) fields: &'i Fields,
    pub(super) atoms: &'i [Atom],
    pub(super) conditions: &'i [Entry<'i>],
    pub(super) locals: &'i [&'i [u32]],
    pub(super) indexes: &'i [Vec<String>],
    pub(super) statistics: &'i Statistics,
}

/// Writes the tables.
pub(super) fn write(input: &Input<'_>) -> Vec<u8> {
    let mut writer = Writer::new(HEAD_WORDS);
    let mut numbers = Numbers::default();
    let mut groups = Groups::default();
    let group_of: Vec<u32> = input
        .conditions
        .iter()
        .map(|entry| groups.number(Guard { formula: entry.guard.clone(), index: entry.index }))
        .collect();
    let witnesses = Witnesses::collect(input, &group_of, &mut groups);
    witnesses.write(&mut writer, &mut numbers, input);
    let conditions = conditions(&mut writer, input, &group_of);
    let atoms = atoms(&mut writer, &mut numbers, input);
    let always = unsought(input, &group_of, &mut groups);
    let always = writer.counted(&always);
    let guards = groups.write(&mut writer, input.atoms, input.indexes);
    let (slow_count, slow) = numbers.write_slow(&mut writer);
    let mut head = |head: Head, word: u32| writer.set_head(head as u32, word);
    head(Head::Magic, MAGIC);
    head(Head::AtomCount, input.atoms.len() as u32);
    head(Head::Atoms, atoms);
    head(Head::ConditionCount, input.conditions.len() as u32);
    head(Head::Conditions, conditions);
    head(Head::FieldCount, input.fields.specs().len() as u32);
    head(Head::LiteralCount, numbers.literals);
    head(Head::SlowCount, slow_count);
    head(Head::Slow, slow);
    head(Head::Always, always);
    head(Head::Guards, guards);
    writer.into_bytes()
}

/// Conditions that become candidates by guards alone, each with its group: those
/// without a witness, and those whose witness leaves a residue.
fn unsought(input: &Input<'_>, group_of: &[u32], groups: &mut Groups) -> Vec<u32> {
    let mut pairs = Vec::new();
    for ((number, entry), group) in numbered(input).zip(group_of) {
        match entry.witness.map(|witness| &witness.residue) {
            None => pairs.extend([number, *group]),
            Some(Formula::Const(false)) => {}
            Some(residue) => {
                let formula = Formula::join(vec![entry.guard.clone(), residue.clone()], false);
                pairs.extend([number, groups.number(Guard { formula, index: entry.index })]);
            }
        }
    }
    pairs
}

fn numbered<'i>(input: &Input<'i>) -> impl Iterator<Item = (u32, &'i Entry<'i>)> {
    input.conditions.iter().enumerate().map(|(number, entry)| (number as u32, entry))
}

fn conditions(writer: &mut Writer, input: &Input<'_>, group_of: &[u32]) -> u32 {
    let locals: Vec<u32> = input.locals.iter().map(|table| writer.words(table)).collect();
    let mut row = Vec::new();
    for (entry, group) in input.conditions.iter().zip(group_of) {
        let offset = locals.get(entry.locals).copied().unwrap_or_default();
        row.extend([*group, offset, entry.same.map_or(0, |first| first + 1)]);
    }
    writer.words(&row)
}

fn atoms(writer: &mut Writer, numbers: &mut Numbers, input: &Input<'_>) -> u32 {
    let mut row = Vec::new();
    for atom in input.atoms {
        let (kind, flag, field, payload) = match atom {
            Atom::Set { field, tests } => {
                let tests: Vec<(&Test, u32)> = tests.iter().map(|test| (test, 0)).collect();
                let sample = &input.statistics.field(input.fields.path(*field)).values;
                (AtomKind::Set, false, *field, value::write(writer, numbers, &tests, sample))
            }
            Atom::Exists { field, objects } => (AtomKind::Exists, *objects, *field, 0),
            Atom::Single { field, distinct } => (AtomKind::Single, *distinct, *field, 0),
            Atom::Leaf(_) => (AtomKind::Leaf, false, 0, 0),
        };
        row.extend([kind as u32 | u32::from(flag) << 8 | u32::from(field) << 16, payload]);
    }
    writer.words(&row)
}

/// Conditions by what makes them candidates.
#[derive(Default)]
struct Witnesses {
    fields: BTreeMap<FieldId, Postings>,
}

/// Postings of one field.
#[derive(Default)]
struct Postings {
    presence: Vec<u32>,
    objects: Vec<u32>,
    /// By test key, so that equal tests of different atoms are one.
    tests: BTreeMap<String, (Test, Vec<u32>)>,
}

impl Witnesses {
    fn collect(input: &Input<'_>, group_of: &[u32], groups: &mut Groups) -> Witnesses {
        let mut all = Witnesses::default();
        for (condition, entry) in numbered(input) {
            let Some(witness) = entry.witness else { continue };
            for &atom in &witness.atoms {
                match input.atoms.get(atom as usize) {
                    Some(Atom::Set { field, tests }) => {
                        let postings = all.fields.entry(*field).or_default();
                        for test in tests {
                            let slot = postings
                                .tests
                                .entry(test_key(test))
                                .or_insert_with(|| (test.clone(), Vec::new()));
                            slot.1.push(condition);
                        }
                    }
                    Some(Atom::Exists { field, objects }) => {
                        let postings = all.fields.entry(*field).or_default();
                        postings.presence.push(condition);
                        if *objects {
                            postings.objects.push(condition);
                        }
                    }
                    Some(Atom::Single { field, .. }) => {
                        all.fields.entry(*field).or_default().presence.push(condition);
                    }
                    Some(Atom::Leaf(_)) | None => {}
                }
            }
        }
        let numbers: HashMap<FieldId, u32> =
            all.fields.keys().enumerate().map(|(number, field)| (*field, number as u32)).collect();
        for ((_, entry), group) in numbered(input).zip(group_of) {
            for &atom in entry.witness.iter().flat_map(|witness| &witness.atoms) {
                let field = input.atoms.get(atom as usize).and_then(Atom::field);
                if let Some(number) = field.and_then(|field| numbers.get(&field)) {
                    groups.fields[*group as usize].insert(*number);
                }
            }
        }
        all
    }

    fn write(&self, writer: &mut Writer, numbers: &mut Numbers, input: &Input<'_>) {
        let mut row = Vec::new();
        let mut witness_of = vec![0u16; input.fields.specs().len()];
        for (number, (field, postings)) in self.fields.iter().enumerate() {
            witness_of[*field as usize] = number as u16 + 1;
            let mut outputs = |all: &[u32]| if all.is_empty() { 0 } else { writer.counted(all) };
            let (presence, objects) = (outputs(&postings.presence), outputs(&postings.objects));
            let tests: Vec<(&Test, u32)> = postings
                .tests
                .values()
                .map(|(test, conditions)| (test, writer.counted(conditions)))
                .collect();
            let sample = &input.statistics.field(input.fields.path(*field)).values;
            let matcher =
                if tests.is_empty() { 0 } else { value::write(writer, numbers, &tests, sample) };
            row.extend([u32::from(*field), matcher, presence, objects]);
        }
        let records = writer.words(&row);
        let witness_of: Vec<u8> =
            witness_of.iter().flat_map(|number| number.to_le_bytes()).collect();
        let witness_of = writer.aligned(&witness_of);
        writer.set_head(Head::WitnessCount as u32, self.fields.len() as u32);
        writer.set_head(Head::Witnesses as u32, records);
        writer.set_head(Head::WitnessOfField as u32, witness_of);
    }
}
