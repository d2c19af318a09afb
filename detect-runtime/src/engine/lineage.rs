//! Process lineages in the engine: `descendant of` is the one part of a condition
//! that the event alone does not decide.
//!
//! A scanner holds no state, so it evaluates a rule that asks for lineages once
//! for each possible answer and emits a hit for each answer under which the rule
//! holds. Before it, it emits what the tree of processes must know of the event:
//! a hit of the pseudo-rule [`PROCESS`]. The owner follows the tree in input order
//! and drops the hits whose answer is not the true one. So any number of shards
//! gives the same alerts.

use super::table::Table;
use crate::event::{Event, FieldId, Raw};
use crate::head::Hit;
use crate::lineage::{PROCESS_LIMIT, Process, Tracker};
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::{Cx, Value};
use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;
use std::collections::HashMap;

/// Rule number of records about processes.
pub(super) const PROCESS: u32 = u32::MAX;

/// Most lineages of one rule that are told apart; the rules known have two.
pub(super) const MOST: u32 = 8;

/// Lineages that one tracker follows.
const BITS: usize = u64::BITS as usize;

/// Number of 64-bit words with a bit for each lineage of the ruleset.
pub(super) fn words(table: &Table) -> usize {
    table.lineages.len().div_ceil(BITS)
}

/// The process of an event, as a scanner sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    entity: &'a str,
    parent: Option<&'a str>,
    ancestry: &'a [Value<'a>],
    started: bool,
    ended: bool,
}

/// The event's process, if some rule asks for lineages.
pub(super) fn process<'a>(table: &Table, event: &Event<'a>, cx: &Cx<'a>) -> Option<Seen<'a>> {
    if table.lineages.is_empty() {
        return None;
    }
    let origin = &table.origin;
    let entity = first(event, origin.entity)?;
    let texts = event.values(origin.ancestry).map(|raw| Value::Text(raw.text()));
    let ancestry = ArenaVec::from_iter_in(texts, cx.arena).into_bump_slice();
    let has = |field: FieldId, text: &str| event.values(field).any(|raw| raw == Raw::Text(text));
    let is_process = has(origin.category, "process");
    Some(Seen {
        entity,
        parent: first(event, origin.parent),
        ancestry,
        started: is_process && has(origin.kind, "start"),
        ended: is_process && has(origin.kind, "end"),
    })
}

fn first<'a>(event: &Event<'a>, field: FieldId) -> Option<&'a str> {
    event.values(field).next().map(Raw::text)
}

impl<'a> Seen<'a> {
    /// Whether the tree changes whatever the conditions say.
    pub(super) fn moves(&self) -> bool {
        self.started || self.ended
    }

    /// The row of the record. `sources`: a bit for each lineage of the ruleset
    /// whose condition the event satisfies.
    pub(super) fn row(&self, sources: &[u64], arena: &'a Bump) -> &'a [Value<'a>] {
        let fixed = [
            Value::Text(self.entity),
            self.parent.map_or(Value::Null, Value::Text),
            Value::from_slice(self.ancestry),
            Value::Boolean(self.started),
            Value::Boolean(self.ended),
        ];
        let words = sources.iter().map(|word| Value::UnsignedLong(*word));
        ArenaVec::from_iter_in(fixed.into_iter().chain(words), arena).into_bump_slice()
    }
}

/// The tree of processes and what it says of the event at hand.
#[derive(Debug)]
pub(super) struct Lineages {
    table: &'static Table,
    /// One for each 64 lineages.
    trackers: Vec<Tracker>,
    /// Lineages in which the process of the last event descends, a word a tracker.
    descends: Vec<u64>,
    /// Position of the last event with a process.
    position: Option<u64>,
    /// Its process, if it ended: it is taken out before the next event.
    leaving: Option<Box<str>>,
}

impl Lineages {
    pub(super) fn new(table: &'static Table) -> Lineages {
        let words = words(table);
        Lineages {
            table,
            trackers: (0..words).map(|_| Tracker::new(PROCESS_LIMIT)).collect(),
            descends: vec![0; words],
            position: None,
            leaving: None,
        }
    }

    /// Takes a record about a process in; how many processes were dropped for lack
    /// of memory.
    pub(super) fn see(&mut self, record: &Hit<'_>) -> u64 {
        self.leave();
        let [entity, parent, ancestry, started, ended, sources @ ..] = record.row else { return 0 };
        let Value::Text(entity) = entity else { return 0 };
        let ancestry: Vec<&str> = ancestry.as_slice().iter().filter_map(text).collect();
        let process = Process {
            entity,
            parent: text(parent),
            ancestry: &ancestry,
            started: started.truth() == Some(true),
            ended: ended.truth() == Some(true),
            time: record.position as i64,
        };
        let mut evicted = 0;
        for ((tracker, descends), sources) in
            self.trackers.iter_mut().zip(&mut self.descends).zip(sources)
        {
            let before = tracker.evicted();
            let sources = if let Value::UnsignedLong(word) = sources { *word } else { 0 };
            *descends = tracker.enter(&process, sources);
            evicted += tracker.evicted() - before;
        }
        self.position = Some(record.position);
        self.leaving = process.ended.then(|| (*entity).into());
        evicted
    }

    /// Whether a hit assumes the truth about its rule's lineages.
    pub(super) fn confirms(&self, rule: usize, hit: &Hit<'_>) -> bool {
        let Some(rule) = self.table.rules.get(rule) else { return true };
        let (first, count) = (rule.lineages.0 as usize, rule.lineages.1.min(MOST) as usize);
        let mut truth = 0;
        if self.position == Some(hit.position) {
            for number in 0..count {
                truth |= u64::from(bit(&self.descends, first + number)) << number;
            }
        }
        truth == hit.lineages
    }

    fn leave(&mut self) {
        if let Some(entity) = self.leaving.take() {
            let process = Process { entity: &entity, ended: true, ..Process::default() };
            self.trackers.iter_mut().for_each(|tracker| tracker.leave(&process));
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.trackers.iter().map(Tracker::memory).sum()
    }

    /// Appends the state, with the meaning of each lineage: its rule's and its
    /// number in it.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let names = names(self.table);
        (names.len() as u64).encode(out);
        for (meaning, number) in names {
            out.extend_from_slice(&meaning.to_le_bytes());
            number.encode(out);
        }
        self.leaving.as_deref().unwrap_or_default().encode(out);
        for tracker in &self.trackers {
            tracker.encode(out);
        }
    }

    /// Takes over what an earlier ruleset knew of lineages that are still there.
    pub(super) fn decode(&mut self, from: &mut Reader<'_>) -> Result<(), DecodeError> {
        let mut known = Vec::new();
        for _ in 0..from.length()? {
            known.push((u64::from_le_bytes(from.array()?), u32::decode(from)?));
        }
        let leaving: Box<str> = Box::decode(from)?;
        let names = names(self.table);
        let here: HashMap<_, _> = names.into_iter().zip(0usize..).collect();
        let to: Vec<Option<usize>> = known.iter().map(|name| here.get(name).copied()).collect();
        let mut new = Lineages::new(self.table);
        for part in to.chunks(BITS) {
            let mut old = Tracker::new(PROCESS_LIMIT);
            old.decode(from)?;
            for (entity, descends, sources, time) in old.members() {
                for (bit, to) in part.iter().enumerate() {
                    let Some(to) = to else { continue };
                    let moved = |mask: u64| (mask >> bit & 1) << (to % BITS);
                    let (descends, sources) = (moved(descends), moved(sources));
                    if let Some(tracker) = new.trackers.get_mut(to / BITS)
                        && descends | sources != 0
                    {
                        tracker.add(entity, descends, sources, time);
                    }
                }
            }
        }
        new.leaving = (!leaving.is_empty()).then_some(leaving);
        *self = new;
        Ok(())
    }
}

/// Meaning of the rule and number in it, for each lineage of the ruleset.
fn names(table: &Table) -> Vec<(u64, u32)> {
    let of = |rule: &super::table::Rule| {
        let meaning = rule.meaning;
        (0..rule.lineages.1).map(move |number| (meaning, number))
    };
    table.rules.iter().flat_map(of).collect()
}

fn bit(words: &[u64], number: usize) -> bool {
    words.get(number / BITS).is_some_and(|word| word >> (number % BITS) & 1 == 1)
}

fn text<'a>(value: &Value<'a>) -> Option<&'a str> {
    if let Value::Text(text) = value { Some(text) } else { None }
}
