//! The probe: what the engine and generated conditions ask about one event.

use super::guard::{Alive, Guards, Place};
use super::layout::{ATOM_SIZE, AtomKind, Bytes, CONDITION_SIZE, Head, WITNESS_SIZE};
use super::recent::{Found, Recent};
use super::slow::Slow;
use super::value::{Scratch, ValueMatcher};
use crate::event::{Event, FieldId};
use crate::value::Cx;

/// The tables of a ruleset, used where they lie.
#[derive(Clone, Copy, Debug)]
pub struct Tables {
    bytes: &'static [u8],
}

impl Tables {
    /// Tables that `detect-compiler` wrote. Nothing is done here: no copy, no
    /// check.
    pub const fn new(bytes: &'static [u8]) -> Tables {
        Tables { bytes }
    }

    /// Number of conditions.
    pub fn conditions(&self) -> u32 {
        self.bytes().word(0, Head::ConditionCount as u32)
    }

    fn bytes(&self) -> Bytes<'static> {
        Bytes(self.bytes)
    }
}

/// Memory of a matcher, kept from event to event: answers by atom with the
/// number of the event they belong to (nothing is cleared in between), buffers,
/// and what was learned about guards.
#[derive(Debug)]
pub struct Memory {
    /// Per atom: event number, and the truth in the lowest bit.
    atoms: Vec<u32>,
    /// Per condition: number of the event for which it became a candidate.
    conditions: Vec<u32>,
    /// Per condition that others equal: event number, and the truth in the lowest
    /// bit.
    truths: Vec<u32>,
    /// Number of the event, at most [`LAST_EVENT`].
    event: u32,
    scratch: Scratch,
    slow: Slow,
    guards: Guards,
    recent: Recent,
}

/// Event numbers have 31 bits.
const LAST_EVENT: u32 = u32::MAX >> 1;

impl Memory {
    /// Memory for these tables; about 16 bytes an atom.
    pub fn new(tables: &Tables) -> Memory {
        let bytes = tables.bytes();
        let head = |head: Head| bytes.word(0, head as u32) as usize;
        Memory {
            atoms: vec![0; head(Head::AtomCount)],
            conditions: vec![0; head(Head::ConditionCount)],
            truths: vec![0; head(Head::ConditionCount)],
            event: 0,
            scratch: Scratch::new(head(Head::LiteralCount)),
            slow: Slow::new(head(Head::SlowCount)),
            guards: Guards::new(bytes),
            recent: Recent::new(),
        }
    }

    fn next_event(&mut self) {
        if self.event == LAST_EVENT {
            self.atoms.fill(0);
            self.conditions.fill(0);
            self.truths.fill(0);
            self.event = 0;
        }
        self.event += 1;
    }
}

/// Watches the look at each field that witnesses stand on.
pub trait Watch {
    /// The field's values are about to be looked at.
    fn begin(&mut self);
    /// They were, with so many witness hits.
    fn end(&mut self, field: FieldId, hits: u32);
}

/// Watches nothing, at no cost.
impl Watch for () {
    #[inline]
    fn begin(&mut self) {}
    #[inline]
    fn end(&mut self, _field: FieldId, _hits: u32) {}
}

/// Questions about one event, each answered at most once.
pub struct Probe<'p, 'a> {
    tables: Bytes<'static>,
    memory: &'p mut Memory,
    event: &'p Event<'a>,
    /// Arena, tick and warnings for the expressions of leaves.
    pub cx: Cx<'a>,
    /// Local-to-global table of the condition that runs.
    locals: u32,
    /// See [`Probe::assume`].
    lineages: u64,
    /// See [`Probe::evaluated`].
    evaluated: u32,
    /// Where guards stand for the event, once they were asked.
    place: Option<Place>,
}

impl<'p, 'a> Probe<'p, 'a> {
    /// Begins an event; what the memory knows of the one before is void.
    pub fn new(
        tables: &Tables,
        memory: &'p mut Memory,
        event: &'p Event<'a>,
        cx: Cx<'a>,
    ) -> Probe<'p, 'a> {
        memory.next_event();
        let tables = tables.bytes();
        Probe { tables, memory, event, cx, locals: 0, lineages: 0, evaluated: 0, place: None }
    }

    /// The event.
    pub fn event(&self) -> &'p Event<'a> {
        self.event
    }

    /// Appends the numbers of the conditions that may hold, each once, rising.
    /// A condition that holds is always among them. `index` is the name of the
    /// event's index; without one the event is offered to all rules.
    pub fn candidates(&mut self, index: Option<&str>, out: &mut Vec<u32>) {
        self.watched_candidates(index, out, &mut ());
    }

    /// The same under the eyes of a watch.
    pub fn watched_candidates(
        &mut self,
        index: Option<&str>,
        out: &mut Vec<u32>,
        watch: &mut impl Watch,
    ) {
        let start = out.len();
        let (known, place) = self.memory.guards.find(self.tables, self.event, index);
        if !known {
            self.learn(place);
        }
        self.place = Some(place);
        let Memory { conditions, event, scratch, slow, guards, recent, .. } = &mut *self.memory;
        let alive = guards.alive(place);
        let tables = self.tables;
        let records = tables.word(0, Head::Conditions as u32);
        let mut hits = Hits { tables, records, conditions, event: *event, alive, out };
        let witnesses = Witnesses::new(tables);
        let mut look = Look { tables, event: self.event, scratch, slow, recent };
        for &field in self.event.present() {
            let Some(witness) = witnesses.of(field) else { continue };
            if alive.field(witness) {
                let before = hits.out.len();
                watch.begin();
                look.at(field, witness, witnesses.record(witness), &mut hits);
                watch.end(field, (hits.out.len() - before) as u32);
            }
        }
        for &field in self.event.objects() {
            if let Some(witness) = witnesses.of(field).filter(|witness| alive.field(*witness)) {
                hits.add(tables.u32(witnesses.record(witness) + 12));
            }
        }
        alive.always.iter().for_each(|&condition| hits.add_alive(condition));
        if let Some(found) = out.get_mut(start..) {
            found.sort_unstable();
        }
    }

    #[cold]
    fn learn(&mut self, place: Place) {
        let tables = self.tables;
        let Memory { atoms, event, scratch, slow, guards, .. } = &mut *self.memory;
        let mut memo = Memo { tables, atoms, stamp: *event, scratch, slow };
        guards.learn(tables, place, |atom| memo.has(self.event, atom));
    }

    /// Truth of a condition, by its function: `has` and `leaf` inside mean its
    /// atoms. Of equal conditions one is run and the others are told.
    #[inline]
    pub fn evaluate(&mut self, condition: u32, holds: impl FnOnce(&mut Self) -> bool) -> bool {
        self.enter(condition);
        let Some(first) = self.equal(condition) else { return self.run(holds) };
        if let Some(truth) = self.known(first) {
            return truth;
        }
        let truth = self.run(holds);
        let event = self.memory.event;
        if let Some(known) = self.memory.truths.get_mut(first as usize) {
            *known = event << 1 | u32::from(truth);
        }
        truth
    }

    /// The first of the conditions that equal this one, if there are others.
    #[inline]
    pub(crate) fn equal(&self, condition: u32) -> Option<u32> {
        let records = self.tables.word(0, Head::Conditions as u32);
        self.tables.u32(records + CONDITION_SIZE * condition + 8).checked_sub(1)
    }

    /// The truth of the first of equal conditions, if one of them was evaluated.
    #[inline]
    pub(crate) fn known(&self, first: u32) -> Option<bool> {
        let known = self.memory.truths.get(first as usize)?;
        (known >> 1 == self.memory.event).then_some(known & 1 != 0)
    }

    #[inline]
    fn run(&mut self, holds: impl FnOnce(&mut Self) -> bool) -> bool {
        self.evaluated += 1;
        holds(self)
    }

    /// Number of conditions that were run for the event so far; those that equal
    /// one that was run are not among them.
    pub fn evaluated(&self) -> u32 {
        self.evaluated
    }

    /// Makes `has` and `leaf` mean the atoms of a condition's rule: the numbers
    /// are the rule's.
    #[inline]
    pub fn enter(&mut self, condition: u32) {
        let records = self.tables.word(0, Head::Conditions as u32);
        self.locals = self.tables.u32(records + CONDITION_SIZE * condition + 4);
    }

    /// Says in which of its rule's lineages (a bit each) the event's process
    /// descends. This is for the conditions that run next: it is the one thing
    /// that the event alone does not tell, so nothing of it is remembered.
    pub fn assume(&mut self, lineages: u64) {
        self.lineages = lineages;
    }

    /// Whether the event's process descends in lineage `number` of the running
    /// condition's rule.
    #[inline]
    pub fn descends(&self, number: u32) -> bool {
        self.lineages >> number & 1 == 1
    }

    /// Truth of the running condition's atom number `local`.
    #[inline]
    pub fn has(&mut self, local: u32) -> bool {
        let atom = self.tables.word(self.locals, local);
        let memory = &mut *self.memory;
        match memory.atoms.get(atom as usize) {
            Some(answer) if answer >> 1 == memory.event => answer & 1 != 0,
            _ => self.find_out(atom),
        }
    }

    #[inline(never)]
    fn find_out(&mut self, atom: u32) -> bool {
        if let Some(truth) = self.place.and_then(|place| self.memory.guards.atom(place, atom)) {
            return truth;
        }
        let Memory { atoms, event, scratch, slow, .. } = &mut *self.memory;
        Memo { tables: self.tables, atoms, stamp: *event, scratch, slow }.has(self.event, atom)
    }

    /// Truth of the running condition's computed atom number `local`; `compute`
    /// runs at most once an event, whichever rules share the atom.
    #[inline]
    pub fn leaf(&mut self, local: u32, compute: for<'b> fn(&mut Probe<'_, 'b>) -> bool) -> bool {
        let atom = self.tables.word(self.locals, local);
        let event = self.memory.event;
        if let Some(answer) = self.memory.atoms.get(atom as usize)
            && answer >> 1 == event
        {
            return answer & 1 != 0;
        }
        let truth = compute(self);
        if let Some(answer) = self.memory.atoms.get_mut(atom as usize) {
            *answer = event << 1 | u32::from(truth);
        }
        truth
    }
}

/// The fields that witnesses stand on.
#[derive(Clone, Copy)]
struct Witnesses {
    tables: Bytes<'static>,
    of_field: u32,
    records: u32,
}

impl Witnesses {
    #[inline]
    fn new(tables: Bytes<'static>) -> Witnesses {
        let head = |head: Head| tables.word(0, head as u32);
        Witnesses { tables, of_field: head(Head::WitnessOfField), records: head(Head::Witnesses) }
    }

    /// Number of a field among them.
    #[inline]
    fn of(self, field: FieldId) -> Option<u32> {
        u32::from(self.tables.u16(self.of_field + 2 * u32::from(field))).checked_sub(1)
    }

    #[inline]
    fn record(self, witness: u32) -> u32 {
        self.records + WITNESS_SIZE * witness
    }
}

/// Conditions that became candidates.
struct Hits<'h> {
    tables: Bytes<'static>,
    /// The records of the conditions.
    records: u32,
    /// See [`Memory::conditions`].
    conditions: &'h mut [u32],
    event: u32,
    alive: &'h Alive,
    out: &'h mut Vec<u32>,
}

impl Hits<'_> {
    /// Adds those of a list of outputs that are alive.
    #[inline]
    fn add(&mut self, outputs: u32) {
        for condition in self.tables.counted(outputs) {
            if self.alive.group(self.tables.u32(self.records + CONDITION_SIZE * condition)) {
                self.add_alive(condition);
            }
        }
    }

    #[inline]
    fn add_alive(&mut self, condition: u32) {
        let Some(stamp) = self.conditions.get_mut(condition as usize) else { return };
        if *stamp != self.event {
            *stamp = self.event;
            self.out.push(condition);
        }
    }
}

/// A look at the values of fields that witnesses stand on.
struct Look<'l, 'a> {
    tables: Bytes<'static>,
    event: &'l Event<'a>,
    scratch: &'l mut Scratch,
    slow: &'l mut Slow,
    recent: &'l mut Recent,
}

impl Look<'_, '_> {
    #[inline]
    fn at(&mut self, field: FieldId, witness: u32, record: u32, hits: &mut Hits<'_>) {
        let (matcher, presence) = (self.tables.u32(record + 4), self.tables.u32(record + 8));
        if presence != 0 {
            hits.add(presence);
        }
        if matcher == 0 {
            return;
        }
        let matcher = ValueMatcher::new(self.tables, matcher);
        let costly = matcher.is_costly();
        for stored in self.event.stored(field) {
            let known = if costly { self.recent.find(witness, stored) } else { Err(None) };
            let place = match known {
                Ok(outputs) => {
                    outputs.iter().for_each(|&outputs| hits.add(outputs));
                    continue;
                }
                Err(place) => place,
            };
            let mut found = Found::default();
            let value = self.event.resolve(stored);
            matcher.look(value, self.scratch, self.slow, &mut |outputs| {
                hits.add(outputs);
                found.add(outputs);
                false
            });
            if let Some(place) = place {
                self.recent.keep(place, witness, stored, &found);
            }
        }
    }
}

/// Memoised atoms that need nothing but the event's values.
struct Memo<'m> {
    tables: Bytes<'static>,
    atoms: &'m mut [u32],
    stamp: u32,
    scratch: &'m mut Scratch,
    slow: &'m mut Slow,
}

impl Memo<'_> {
    fn has(&mut self, event: &Event<'_>, atom: u32) -> bool {
        if let Some(answer) = self.atoms.get(atom as usize)
            && answer >> 1 == self.stamp
        {
            return answer & 1 != 0;
        }
        let truth = self.evaluate(event, atom);
        if let Some(answer) = self.atoms.get_mut(atom as usize) {
            *answer = self.stamp << 1 | u32::from(truth);
        }
        truth
    }

    fn evaluate(&mut self, event: &Event<'_>, atom: u32) -> bool {
        let record = self.tables.word(0, Head::Atoms as u32) + ATOM_SIZE * atom;
        let field = self.tables.u16(record + 2);
        match self.tables.byte(record) {
            kind if kind == AtomKind::Set as u8 => {
                let matcher = ValueMatcher::new(self.tables, self.tables.u32(record + 4));
                event
                    .values(field)
                    .any(|value| matcher.look(value, self.scratch, self.slow, &mut |_| true))
            }
            kind if kind == AtomKind::Exists as u8 => {
                event.count(field) > 0
                    || self.tables.byte(record + 1) != 0 && event.has_object(field)
            }
            kind if kind == AtomKind::Single as u8 => {
                event.is_single(field, self.tables.byte(record + 1) != 0)
            }
            // A leaf is computed by generated code only.
            _ => false,
        }
    }
}
