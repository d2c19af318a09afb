//! Writes the guards: classes of guard values, programs of guard groups, index
//! lists.

use super::map;
use super::writer::Writer;
use crate::ruleset::atoms::Atom;
use crate::ruleset::formula::Formula;
use detect_runtime::event::FieldId;
use detect_runtime::matcher::layout::{GUARD_WORDS, GuardOp, GuardPart};
use detect_runtime::test::{Fold, Test};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a condition's guard is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Guard {
    /// Over atoms of the ruleset, guard atoms only.
    pub(super) formula: Formula,
    /// Number of its index list, if it has one.
    pub(super) index: Option<u32>,
}

/// Groups of conditions with one guard.
#[derive(Default)]
pub(super) struct Groups {
    numbers: HashMap<Guard, u32>,
    guards: Vec<Guard>,
    /// Witness fields that conditions of each group stand on.
    pub(super) fields: Vec<BTreeSet<u32>>,
}

impl Groups {
    pub(super) fn number(&mut self, guard: Guard) -> u32 {
        if let Some(&number) = self.numbers.get(&guard) {
            return number;
        }
        let number = self.guards.len() as u32;
        self.numbers.insert(guard.clone(), number);
        self.guards.push(guard);
        self.fields.push(BTreeSet::new());
        number
    }

    /// Writes all guards and gives their offset.
    pub(super) fn write(
        &self,
        writer: &mut Writer,
        atoms: &[Atom],
        indexes: &[Vec<String>],
    ) -> u32 {
        let mut used = BTreeSet::new();
        for guard in &self.guards {
            guard.formula.atoms(&mut |atom| {
                used.insert(atom);
            });
        }
        let fields = write_fields(writer, atoms, &used);
        let mut programs = Vec::new();
        for guard in &self.guards {
            let program = program(guard);
            programs.extend([writer.words(&program), program.len() as u32]);
        }
        let group_fields: Vec<u32> = self
            .fields
            .iter()
            .map(|fields| writer.counted(&fields.iter().copied().collect::<Vec<_>>()))
            .collect();
        let lists: Vec<u32> = indexes.iter().map(|list| write_index(writer, list)).collect();
        let mut parts = [0u32; GUARD_WORDS];
        parts[GuardPart::FieldCount as usize] = fields.len() as u32 / 2;
        parts[GuardPart::Fields as usize] = writer.words(&fields);
        parts[GuardPart::GroupCount as usize] = self.guards.len() as u32;
        parts[GuardPart::Groups as usize] = writer.words(&programs);
        parts[GuardPart::GroupFields as usize] = writer.words(&group_fields);
        parts[GuardPart::IndexCount as usize] = indexes.len() as u32;
        parts[GuardPart::Indexes as usize] = writer.words(&lists);
        writer.words(&parts)
    }
}

fn program(guard: &Guard) -> Vec<u32> {
    let mut program = Vec::new();
    postfix(&guard.formula, &mut program);
    if let Some(index) = guard.index {
        program.push(GuardOp::Index.with(index));
        program.push(GuardOp::And.with(2));
    }
    program
}

fn postfix(formula: &Formula, program: &mut Vec<u32>) {
    match formula {
        // The empty conjunction and disjunction.
        Formula::Const(true) => program.push(GuardOp::And.with(0)),
        Formula::Const(false) => program.push(GuardOp::Or.with(0)),
        Formula::Atom { atom, negated } => {
            program.push(GuardOp::Atom.with(*atom));
            if *negated {
                program.push(GuardOp::Not.with(0));
            }
        }
        Formula::And(all) | Formula::Or(all) => {
            for operand in all {
                postfix(operand, program);
            }
            let op = if matches!(formula, Formula::And(_)) { GuardOp::And } else { GuardOp::Or };
            program.push(op.with(all.len() as u32));
        }
    }
}

/// Per guard field, in order of their numbers: field and map of its texts.
fn write_fields(writer: &mut Writer, atoms: &[Atom], used: &BTreeSet<u32>) -> Vec<u32> {
    // Field, folded text, exact texts.
    let mut texts: BTreeMap<FieldId, BTreeMap<Vec<u8>, BTreeSet<&str>>> = BTreeMap::new();
    for &atom in used {
        let Some(atom) = atoms.get(atom as usize) else { continue };
        let Some(field) = atom.field() else { continue };
        // A field that is only asked for presence has no texts.
        texts.entry(field).or_default();
        let Atom::Set { tests, .. } = atom else { continue };
        for test in tests {
            let Test::Equals { text, fold } = test else { continue };
            let folded = text.to_ascii_lowercase().into_bytes();
            let exact = texts.entry(field).or_default().entry(folded).or_default();
            if *fold == Fold::None {
                exact.insert(text);
            }
        }
    }
    let mut row = Vec::new();
    for (field, texts) in texts {
        // Class 0 ends a field, class 1 is any value without an entry.
        let mut next = 2;
        let mut class = || {
            next += 1;
            next - 1
        };
        let mut entries = Vec::new();
        for (folded, exact) in texts {
            let mut entry = vec![class(), exact.len() as u32];
            for text in exact {
                entry.extend([writer.text(text.as_bytes()), text.len() as u32, class()]);
            }
            entries.push((folded, writer.words(&entry)));
        }
        row.extend([u32::from(field), map::write(writer, &entries)]);
    }
    row
}

fn write_index(writer: &mut Writer, patterns: &[String]) -> u32 {
    let mut list = vec![patterns.len() as u32];
    for pattern in patterns {
        list.extend([writer.text(pattern.as_bytes()), pattern.len() as u32]);
    }
    writer.words(&list)
}
