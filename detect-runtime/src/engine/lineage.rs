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
use crate::value::Value;
use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;
use std::collections::HashMap;

/// Rule number of records about processes.
pub(super) const PROCESS: u32 = u32::MAX;

/// Most lineages of one rule that are told apart.
pub(super) const MOST: u32 = crate::lineage::MOST_OF_RULE as u32;

/// Ancestors of an event that are read without a list of their own; agents send some
/// twenty.
const FEW: usize = 32;

/// Lineages that one tracker follows.
const BITS: usize = u64::BITS as usize;

/// Number of 64-bit words with a bit for each lineage of the ruleset.
pub(super) fn words(table: &Table) -> usize {
    table.lineages.len().div_ceil(BITS)
}

/// Conditions that are sources of lineages, a bit each: few are, and looking each of
/// them up among the candidates of every event stood out in the profile.
#[derive(Debug)]
pub(super) struct Sources(Box<[u64]>);

impl Sources {
    pub(super) fn of(table: &Table) -> Sources {
        let mut words = vec![0; table.conditions.len().div_ceil(BITS)];
        for source in table.lineages {
            if let Some(word) = words.get_mut(*source as usize / BITS) {
                *word |= 1 << (*source as usize % BITS);
            }
        }
        Sources(words.into())
    }

    #[inline]
    pub(super) fn has(&self, condition: u32) -> bool {
        let word = self.0.get(condition as usize / BITS);
        word.is_some_and(|word| word >> (condition as usize % BITS) & 1 != 0)
    }
}

/// Numbers of the lineages whose source is this condition.
pub(super) fn numbers(table: &Table, source: u32) -> impl Iterator<Item = usize> {
    let all = table.lineages.iter().enumerate();
    all.filter(move |(_, own)| **own == source).map(|(number, _)| number)
}

/// The process of an event, as a scanner sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    entity: &'a str,
    parent: Option<&'a str>,
    ancestry: FieldId,
    started: bool,
    ended: bool,
}

/// The event's process, if some rule asks for lineages.
pub(super) fn process<'a>(table: &Table, event: &Event<'a>) -> Option<Seen<'a>> {
    if table.lineages.is_empty() {
        return None;
    }
    let origin = &table.origin;
    let entity = first(event, origin.entity)?;
    let has = |field: FieldId, text: &str| event.values(field).any(|raw| raw == Raw::Text(text));
    let is_process = has(origin.category, "process");
    Some(Seen {
        entity,
        parent: first(event, origin.parent),
        ancestry: origin.ancestry,
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

    /// The entities that its event names as ancestors, the nearest first.
    pub(super) fn ancestors(&self, event: &Event<'a>, arena: &'a Bump) -> &'a [Value<'a>] {
        let texts = event.values(self.ancestry).map(|raw| Value::Text(raw.text()));
        ArenaVec::from_iter_in(texts, arena).into_bump_slice()
    }

    /// The row of the record. `sources`: a bit for each lineage of the ruleset
    /// whose condition the event satisfies.
    pub(super) fn row(
        &self,
        ancestors: &'a [Value<'a>],
        sources: &[u64],
        arena: &'a Bump,
    ) -> &'a [Value<'a>] {
        let fixed = [
            Value::Text(self.entity),
            self.parent.map_or(Value::Null, Value::Text),
            Value::from_slice(ancestors),
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
    /// By rule: number of its first lineage, and how many it has.
    of_rule: Vec<(u32, u32)>,
    /// By lineage: meaning of its rule, and its number in it.
    names: Vec<(u64, u32)>,
    /// One for each 64 lineages.
    trackers: Vec<Tracker>,
    /// Lineages in which the process of the last event descends, a word a tracker.
    descends: Vec<u64>,
    /// Position of the last event with a process.
    position: Option<u64>,
    /// Its process, if it ended: it is taken out before the next event.
    leaving: String,
}

impl Lineages {
    pub(super) fn new(table: &'static Table) -> Lineages {
        Lineages::of(table.rules.iter().map(|rule| (rule.meaning, rule.lineages)))
    }

    /// Meaning and lineages of each rule.
    fn of(rules: impl Iterator<Item = (u64, (u32, u32))>) -> Lineages {
        let (mut of_rule, mut names) = (Vec::new(), Vec::new());
        for (meaning, (first, count)) in rules {
            of_rule.push((first, count));
            names.extend((0..count).map(|number| (meaning, number)));
        }
        Lineages::with(of_rule, names)
    }

    fn with(of_rule: Vec<(u32, u32)>, names: Vec<(u64, u32)>) -> Lineages {
        let words = names.len().div_ceil(BITS);
        Lineages {
            of_rule,
            names,
            trackers: (0..words).map(|_| Tracker::new(PROCESS_LIMIT)).collect(),
            descends: vec![0; words],
            position: None,
            leaving: String::new(),
        }
    }

    /// Takes a record about a process in; how many processes were dropped for lack
    /// of memory.
    pub(super) fn see(&mut self, record: &Hit<'_>) -> u64 {
        self.leave();
        let [entity, parent, ancestry, started, ended, sources @ ..] = record.row else { return 0 };
        let Value::Text(entity) = entity else { return 0 };
        let named = ancestry.as_slice();
        let (mut few, mut many) = ([""; FEW], Vec::new());
        let ancestry: &[&str] = if named.len() <= FEW {
            let texts = named.iter().filter_map(text);
            let count = few.iter_mut().zip(texts).map(|(place, text)| *place = text).count();
            few.get(..count).unwrap_or_default()
        } else {
            many.extend(named.iter().filter_map(text));
            &many
        };
        let process = Process {
            entity,
            parent: text(parent),
            ancestry,
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
        let leaves = process.ended && self.trackers.iter().any(|tracker| tracker.holds(entity));
        if leaves {
            self.leaving.push_str(entity);
        }
        evicted
    }

    /// Whether a hit assumes the truth about its rule's lineages.
    pub(super) fn confirms(&self, rule: usize, hit: &Hit<'_>) -> bool {
        let Some((first, count)) = self.of_rule.get(rule) else { return true };
        let (first, count) = (*first as usize, (*count).min(MOST) as usize);
        let mut truth = 0;
        if self.position == Some(hit.position) {
            for number in 0..count {
                truth |= u64::from(bit(&self.descends, first + number)) << number;
            }
        }
        truth == hit.lineages
    }

    fn leave(&mut self) {
        if !self.leaving.is_empty() {
            let process = Process { entity: &self.leaving, ended: true, ..Process::default() };
            self.trackers.iter_mut().for_each(|tracker| tracker.leave(&process));
            self.leaving.clear();
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.trackers.iter().map(Tracker::memory).sum()
    }

    /// Appends the state, with the meaning of each lineage: its rule's and its
    /// number in it.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        (self.names.len() as u64).encode(out);
        for (meaning, number) in &self.names {
            out.extend_from_slice(&meaning.to_le_bytes());
            number.encode(out);
        }
        self.leaving.as_str().encode(out);
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
        let here: HashMap<_, _> = self.names.iter().zip(0usize..).collect();
        let to: Vec<Option<usize>> = known.iter().map(|name| here.get(name).copied()).collect();
        let mut new = Lineages::with(self.of_rule.clone(), self.names.clone());
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
        new.leaving = leaving.into();
        *self = new;
        Ok(())
    }
}

fn bit(words: &[u64], number: usize) -> bool {
    words.get(number / BITS).is_some_and(|word| word >> (number % BITS) & 1 == 1)
}

fn text<'a>(value: &Value<'a>) -> Option<&'a str> {
    if let Value::Text(text) = value { Some(text) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Rules as meaning and number of lineages; 70 lineages make two trackers.
    const RULES: &[(u64, u32)] = &[(10, 0), (11, 2), (12, 0), (13, 67), (14, 1)];
    /// The same in another order, one changed, one new.
    const LATER: &[(u64, u32)] = &[(14, 1), (20, 3), (11, 2), (99, 67)];

    fn lineages(rules: &[(u64, u32)]) -> Lineages {
        let mut first = 0;
        Lineages::of(rules.iter().map(|(meaning, count)| {
            first += count;
            (*meaning, (first - count, *count))
        }))
    }

    /// Bits of the lineages of a rule that the owner takes for true, of those told
    /// apart; exactly one answer is.
    fn truth(lineages: &Lineages, rule: usize, position: u64) -> u64 {
        let count = lineages.of_rule[rule].1.min(MOST);
        let row = &[];
        let confirmed: Vec<u64> = (0..1 << count)
            .filter(|answer| {
                let (terms, source, time, order) = (1, None, 0, 0);
                let hit = Hit { time, order, position, row, terms, lineages: *answer, source };
                lineages.confirms(rule, &hit)
            })
            .collect();
        assert_eq!(confirmed.len(), 1, "one answer is true");
        confirmed[0]
    }

    fn see(lineages: &mut Lineages, position: u64, process: &Seen<'_>, sources: &[u64]) {
        let arena = Bump::new();
        let (row, terms, source) = (process.row(&[], sources, &arena), 0, None);
        let hit = Hit { time: 0, order: 0, position, row, terms, lineages: 0, source };
        lineages.see(&hit);
    }

    proptest! {
        /// Each lineage is followed as by a tracker of its own, across words, and
        /// across a change of the ruleset as far as its rule stayed.
        #[test]
        fn each_lineage_is_followed_by_itself(
            events in prop::collection::vec(
                (0..6u8, 0..6u8, any::<[bool; 2]>(), prop::collection::vec(0..70usize, 0..3)),
                0..30,
            ),
            change in 0..30usize,
        ) {
            let mut all = lineages(RULES);
            let mut alone: Vec<Tracker> = (0..70).map(|_| Tracker::default()).collect();
            let (mut rules, mut moved) = (RULES, false);
            for (at, (id, parent, [started, ended], sources)) in events.into_iter().enumerate() {
                if at == change {
                    let mut bytes = Vec::new();
                    all.encode(&mut bytes);
                    all = lineages(LATER);
                    all.decode(&mut Reader::new(&bytes)).unwrap();
                    (rules, moved) = (LATER, true);
                }
                // Numbers in RULES of the lineages that both rulesets have.
                let number = |meaning: u64, n: u32| match meaning {
                    11 => Some(n as usize),
                    14 => Some(69),
                    13 if !moved => Some(2 + n as usize),
                    _ => None,
                };
                let (entity, parent) = (id.to_string(), parent.to_string());
                let seen =
                    Seen { entity: &entity, parent: Some(&parent), ancestry: 0, started, ended };
                let process = Process {
                    entity: &entity,
                    parent: Some(&parent),
                    ancestry: &[],
                    started,
                    ended,
                    time: 0,
                };
                let mut words = [0u64; 2];
                let names = all.names.clone();
                for (here, (meaning, n)) in names.iter().enumerate() {
                    if number(*meaning, *n).is_some_and(|number| sources.contains(&number)) {
                        words[here / BITS] |= 1 << (here % BITS);
                    }
                }
                let words = &words[..names.len().div_ceil(BITS)];
                see(&mut all, at as u64, &seen, words);
                let mut expected = vec![0u64; rules.len()];
                for (lineage, tracker) in alone.iter_mut().enumerate() {
                    let descends = tracker.enter(&process, u64::from(sources.contains(&lineage)));
                    for (rule, (meaning, count)) in rules.iter().enumerate() {
                        for n in 0..(*count).min(MOST) {
                            if number(*meaning, n) == Some(lineage) {
                                expected[rule] |= descends << n;
                            }
                        }
                    }
                    tracker.leave(&process);
                }
                for (rule, expected) in expected.iter().enumerate() {
                    prop_assert_eq!(truth(&all, rule, at as u64), *expected);
                    prop_assert_eq!(truth(&all, rule, 1000), 0, "an event without a process");
                }
            }
        }
    }
}
