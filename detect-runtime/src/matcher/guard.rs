//! Guards: what an event says about itself (category, type, action, operating
//! system, data set, index) decides which conditions are alive for it.
//!
//! Conditions with the same guard are a group; a group's guard is a small
//! Boolean program over atoms. It is not run for each event: the values of the
//! guard fields are brought down to classes (values that no guard tells apart
//! are one class), and what is alive for a row of classes is remembered.
//! A stream has some dozens of such rows. The memory has a fixed number of
//! places, and a row must agree in full, so foreign input can cause work of
//! bounded size but never a wrong answer.

use super::hash::{Map, hash};
use super::index::admit;
use super::layout::{Bytes, GuardOp, GuardPart, Head};
use crate::event::{Event, Raw};
use std::collections::HashMap;

/// Sets of places for remembered rows.
const SETS: usize = 64;
/// Places of a set: rows that fall on one set do not push each other out until
/// there are more of them.
const WAYS: usize = 4;
/// Longest row of classes that is remembered, in bytes.
const ROW: usize = 64;
/// Sets of places for index names, of [`WAYS`] each.
const NAME_SETS: usize = 32;
/// Sets of admitted index lists that are told apart before all is forgotten.
const INDEX_CLASSES: usize = 4096;
/// Longest value that is looked up; no guard has a longer text.
const LONGEST: usize = 128;

/// Class of a value that no guard names.
const OTHER: u16 = 1;
/// Stands between the classes of two fields.
const END: u16 = 0;
/// There is an object at the field's path; no field has so many texts.
const OBJECT: u16 = u16::MAX;
/// All values of the field are one and the same.
const REPEATED: u16 = u16::MAX - 1;

/// What is alive under one row of classes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alive {
    row: Row,
    /// Bit per guard group.
    groups: Vec<u64>,
    /// Bit per witness field.
    fields: Vec<u64>,
    /// Truth of each atom that stands in a guard, a bit each; empty if nothing was
    /// learned yet.
    atoms: Vec<u64>,
    /// Conditions that are candidates by their guards alone.
    pub(crate) always: Vec<u32>,
}

impl Alive {
    #[inline]
    pub(crate) fn group(&self, group: u32) -> bool {
        bit(&self.groups, group)
    }

    #[inline]
    pub(crate) fn field(&self, witness: u32) -> bool {
        bit(&self.fields, witness)
    }
}

#[inline]
fn bit(bits: &[u64], index: u32) -> bool {
    bits.get(index as usize / 64).is_some_and(|word| word >> (index % 64) & 1 != 0)
}

fn set_bit(bits: &mut [u64], index: u32) {
    if let Some(word) = bits.get_mut(index as usize / 64) {
        *word |= 1 << (index % 64);
    }
}

/// Classes of an event's guard values, in order of the guard fields, and the
/// class of its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    classes: [u8; ROW],
    length: u8,
}

impl Default for Row {
    fn default() -> Row {
        // Longer than any real row: equal to none.
        Row { classes: [0; ROW], length: u8::MAX }
    }
}

impl Row {
    fn empty() -> Row {
        Row { classes: [0; ROW], length: 0 }
    }

    /// Appends a class; false if there is no room.
    #[inline]
    fn push(&mut self, class: u16) -> bool {
        let at = self.length as usize;
        let Some(place) = self.classes.get_mut(at..at + 2) else { return false };
        place.copy_from_slice(&class.to_le_bytes());
        self.length += 2;
        true
    }

    fn bytes(&self) -> &[u8] {
        self.classes.get(..self.length as usize).unwrap_or_default()
    }
}

/// Guards and what was found out about them.
#[derive(Debug)]
pub(crate) struct Guards {
    places: Vec<Alive>,
    /// For rows that are not remembered.
    spare: Alive,
    /// Atoms that stand in a guard, a bit each: a row decides them too.
    atoms: Vec<u64>,
    indexes: Indexes,
    stack: Vec<bool>,
    /// Way that is given up next.
    turn: usize,
}

/// Where the answer for an event stands.
#[derive(Clone, Copy)]
pub(crate) struct Place(Option<usize>);

/// The guards' part of the tables.
#[derive(Clone, Copy)]
struct GuardTables<'t> {
    tables: Bytes<'t>,
    at: u32,
}

impl<'t> GuardTables<'t> {
    fn new(tables: Bytes<'t>) -> GuardTables<'t> {
        GuardTables { tables, at: tables.word(0, Head::Guards as u32) }
    }

    #[inline]
    fn part(self, part: GuardPart) -> u32 {
        self.tables.word(self.at, part as u32)
    }

    /// Operations and operands of a group's program.
    fn program(self, group: u32) -> impl Iterator<Item = (GuardOp, u32)> {
        let programs = self.part(GuardPart::Groups);
        let (at, length) = (programs + 8 * group, programs + 8 * group + 4);
        let words = self.tables.slice(self.tables.u32(at), self.tables.u32(length).wrapping_mul(4));
        words
            .chunks_exact(4)
            .map(|word| GuardOp::split(u32::from_le_bytes([word[0], word[1], word[2], word[3]])))
    }

    /// Atoms that stand in a program, a bit each.
    fn atoms(self) -> Vec<u64> {
        let mut atoms =
            vec![0; (self.tables.word(0, Head::AtomCount as u32) as usize).div_ceil(64)];
        for group in 0..self.part(GuardPart::GroupCount) {
            for (_, atom) in self.program(group).filter(|(op, _)| *op == GuardOp::Atom) {
                set_bit(&mut atoms, atom);
            }
        }
        atoms
    }

    /// The classes of an event; `None` if they do not fit or a value is not
    /// plain ASCII, whose folding differs from language to language.
    #[inline]
    fn row(self, event: &Event<'_>, index_class: u16) -> Option<Row> {
        let mut row = Row::empty();
        row.push(index_class);
        let fields = self.part(GuardPart::Fields);
        for number in 0..self.part(GuardPart::FieldCount) {
            let field = self.tables.u32(fields + 8 * number) as u16;
            let map = self.tables.u32(fields + 8 * number + 4);
            for value in event.values(field) {
                if !row.push(self.class(map, value)?) {
                    return None;
                }
            }
            // Values of one class may differ, and then they are not a single value.
            if event.count(field) > 1 && event.is_single(field, true) && !row.push(REPEATED) {
                return None;
            }
            if event.has_object(field) && !row.push(OBJECT) {
                return None;
            }
            if !row.push(END) {
                return None;
            }
        }
        Some(row)
    }

    #[inline]
    fn class(self, map: u32, value: Raw<'_>) -> Option<u16> {
        let text = value.text().as_bytes();
        if !text.is_ascii() {
            return None;
        }
        let mut buffer = [0; LONGEST];
        let Some(folded) = buffer.get_mut(..text.len()) else { return Some(OTHER) };
        folded.copy_from_slice(text);
        folded.make_ascii_lowercase();
        let entry = Map::new(map).get(self.tables, folded, hash(folded));
        if entry == 0 {
            return Some(OTHER);
        }
        let exact = (0..self.tables.u32(entry + 4))
            .map(|index| entry + 8 + 12 * index)
            .find(|&at| self.tables.slice(self.tables.u32(at), self.tables.u32(at + 4)) == text);
        Some(self.tables.u32(exact.map_or(entry, |at| at + 8)) as u16)
    }
}

impl Guards {
    pub(crate) fn new(tables: Bytes<'_>) -> Guards {
        let guards = GuardTables::new(tables);
        let groups = (guards.part(GuardPart::GroupCount) as usize).div_ceil(64);
        let fields = (tables.word(0, Head::WitnessCount as u32) as usize).div_ceil(64);
        let empty = Alive {
            row: Row::default(),
            groups: vec![0; groups],
            fields: vec![0; fields],
            atoms: Vec::new(),
            always: Vec::new(),
        };
        Guards {
            places: vec![empty.clone(); SETS * WAYS],
            spare: empty,
            atoms: guards.atoms(),
            indexes: Indexes::new(guards.part(GuardPart::IndexCount)),
            stack: Vec::new(),
            turn: 0,
        }
    }

    /// The answer at a place.
    #[inline]
    pub(crate) fn alive(&self, place: Place) -> &Alive {
        place.0.and_then(|place| self.places.get(place)).unwrap_or(&self.spare)
    }

    /// Truth of an atom under the row at a place, if a guard asks for the atom.
    #[inline]
    pub(crate) fn atom(&self, place: Place, atom: u32) -> Option<bool> {
        bit(&self.atoms, atom).then(|| bit(&self.alive(place).atoms, atom))
    }

    /// Looks an event up: true and the place of the answer, or false and the
    /// place where [`Guards::learn`] has to put it.
    #[inline]
    pub(crate) fn find(
        &mut self,
        tables: Bytes<'_>,
        event: &Event<'_>,
        index: Option<&str>,
    ) -> (bool, Place) {
        let guards = GuardTables::new(tables);
        let (index_class, forgotten) = self.indexes.class(guards, index);
        if forgotten {
            for place in &mut self.places {
                place.row = Row::default();
            }
        }
        let Some(row) = guards.row(event, index_class) else { return (false, Place(None)) };
        let first = hash(row.bytes()) as usize % SETS * WAYS;
        let set = first..first + WAYS;
        if let Some(way) = self.places[set].iter().position(|place| place.row == row) {
            return (true, Place(Some(first + way)));
        }
        self.turn = (self.turn + 1) % WAYS;
        let number = first + self.turn;
        self.places[number].row = row;
        (false, Place(Some(number)))
    }

    /// Works out what is alive; `has` tells the truth of an atom.
    #[cold]
    pub(crate) fn learn(
        &mut self,
        tables: Bytes<'_>,
        place: Place,
        mut has: impl FnMut(u32) -> bool,
    ) {
        let guards = GuardTables::new(tables);
        let alive = match place.0.and_then(|place| self.places.get_mut(place)) {
            Some(alive) => alive,
            None => &mut self.spare,
        };
        alive.groups.fill(0);
        alive.fields.fill(0);
        alive.atoms.clear();
        alive.atoms.resize(self.atoms.len(), 0);
        let mut has = |atom| {
            let truth = has(atom);
            if truth {
                set_bit(&mut alive.atoms, atom);
            }
            truth
        };
        let fields = guards.part(GuardPart::GroupFields);
        for group in 0..guards.part(GuardPart::GroupCount) {
            if run(guards.program(group), &mut self.stack, &self.indexes, &mut has) {
                set_bit(&mut alive.groups, group);
                for field in tables.counted(tables.word(fields, group)) {
                    set_bit(&mut alive.fields, field);
                }
            }
        }
        alive.always.clear();
        let mut words = tables.counted(tables.word(0, Head::Always as u32));
        while let (Some(condition), Some(group)) = (words.next(), words.next()) {
            if bit(&alive.groups, group) {
                alive.always.push(condition);
            }
        }
    }
}

/// Runs a group's program.
fn run(
    program: impl Iterator<Item = (GuardOp, u32)>,
    stack: &mut Vec<bool>,
    indexes: &Indexes,
    has: &mut impl FnMut(u32) -> bool,
) -> bool {
    stack.clear();
    for (op, operand) in program {
        let value = match op {
            GuardOp::Atom => has(operand),
            GuardOp::Index => indexes.admitted(operand),
            GuardOp::Not => !stack.pop().unwrap_or(true),
            GuardOp::And | GuardOp::Or => {
                let from = stack.len().saturating_sub(operand as usize);
                let mut operands = stack.drain(from..);
                if op == GuardOp::And {
                    operands.all(|value| value)
                } else {
                    operands.any(|value| value)
                }
            }
        };
        stack.push(value);
    }
    stack.pop().unwrap_or(true)
}

/// Index names seen, and which index lists admit them.
#[derive(Debug)]
struct Indexes {
    names: Vec<(String, u16)>,
    classes: HashMap<Box<[u64]>, u16>,
    /// Lists that admit the current event's index, a bit each.
    admitted: Vec<u64>,
    /// The bits of each class.
    sets: Vec<Box<[u64]>>,
    /// Way that is given up next.
    turn: usize,
}

impl Indexes {
    fn new(lists: u32) -> Indexes {
        let words = (lists as usize).div_ceil(64);
        Indexes {
            names: vec![(String::new(), 0); NAME_SETS * WAYS],
            classes: HashMap::new(),
            admitted: vec![u64::MAX; words],
            sets: Vec::new(),
            turn: 0,
        }
    }

    fn admitted(&self, list: u32) -> bool {
        bit(&self.admitted, list)
    }

    /// Class of an index name, 0 for an event without one, which all lists
    /// admit; true if classes given out earlier are not valid any more.
    #[inline]
    fn class(&mut self, guards: GuardTables<'_>, index: Option<&str>) -> (u16, bool) {
        if self.admitted.is_empty() {
            return (0, false);
        }
        let Some(name) = index.filter(|name| !name.is_empty()) else {
            self.admitted.fill(u64::MAX);
            return (0, false);
        };
        let first = hash(name.as_bytes()) as usize % NAME_SETS * WAYS;
        let known = self.names[first..first + WAYS].iter().find(|known| known.0 == name);
        if let Some((_, class)) = known {
            if let Some(set) = self.sets.get(*class as usize - 1) {
                self.admitted.copy_from_slice(set);
            }
            return (*class, false);
        }
        self.turn = (self.turn + 1) % WAYS;
        self.learn(guards, name, first + self.turn)
    }

    #[cold]
    fn learn(&mut self, guards: GuardTables<'_>, name: &str, place: usize) -> (u16, bool) {
        self.admitted.fill(0);
        let lists = guards.part(GuardPart::Indexes);
        for list in 0..guards.part(GuardPart::IndexCount) {
            let record = guards.tables.word(lists, list);
            let patterns = (0..guards.tables.u32(record)).map(|index| {
                let at = record + 4 + 8 * index;
                let bytes = guards.tables.slice(guards.tables.u32(at), guards.tables.u32(at + 4));
                core::str::from_utf8(bytes).unwrap_or_default()
            });
            if admit(patterns, name) {
                set_bit(&mut self.admitted, list);
            }
        }
        let full = self.sets.len() >= INDEX_CLASSES;
        if full {
            self.sets.clear();
            self.classes.clear();
            self.names.iter_mut().for_each(|(name, _)| name.clear());
        }
        let next = self.sets.len() as u16 + 1;
        let class = *self.classes.entry(self.admitted.clone().into_boxed_slice()).or_insert(next);
        if class == next {
            self.sets.push(self.admitted.clone().into_boxed_slice());
        }
        let (known, known_class) = &mut self.names[place];
        known.clear();
        known.push_str(name);
        *known_class = class;
        (class, full)
    }
}
