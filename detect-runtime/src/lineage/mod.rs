//! Process lineage: which processes descend from one that satisfied a condition
//! (Endpoint `descendant of`).
//!
//! In: the ids of the processes of events, in input order. Out: whether an
//! event's process is a descendant. Must not know the condition.
//!
//! A process whose event satisfies the condition is a *source*; a process that
//! is created by a source or by a descendant is a *descendant*. So a source is
//! not its own descendant, and what was created before its parent became a
//! source is none. Where the creation was missed, `process.Ext.ancestry` tells at
//! each event: a process without a place in the tree descends if a known member is
//! among its ancestors.
//!
//! One [`Tracker`] follows up to 64 lineages, each a bit of a mask. Around every
//! event that has a `process.entity_id` and begins or ends its process, makes it a
//! source, or is asked about:
//!
//! 1. [`Tracker::enter`] with the event's [`Process`] and the lineages whose
//!    condition it satisfies; the answer are those for which `descendant of` is
//!    true of this event.
//! 2. [`Tracker::leave`] with the same process when all conditions have been
//!    evaluated.

use crate::state::{Decode, DecodeError, Encode, Reader};
use foldhash::quality::RandomState;
use hashbrown::HashMap;

/// Most lineages of one rule. A rule is evaluated once for each set of lineages in
/// which a process may descend, so each doubles its cost; the rules known have two.
pub const MOST_OF_RULE: usize = 8;

/// Most processes that a tracker holds unless told otherwise.
pub const PROCESS_LIMIT: usize = 1 << 20;

/// The process of an event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Process<'a> {
    /// `process.entity_id`.
    pub entity: &'a str,
    /// `process.parent.entity_id`.
    pub parent: Option<&'a str>,
    /// `process.Ext.ancestry`: ids of ancestors.
    pub ancestry: &'a [&'a str],
    /// The event is the process's creation: a `process` event with `event.type`
    /// `start`.
    pub started: bool,
    /// The event is the process's end: a `process` event with `event.type` `end`.
    pub ended: bool,
    /// What tells older from newer events: a time, or the position in the input.
    pub time: i64,
}

/// Members of up to 64 lineages.
///
/// ```
/// use detect_runtime::lineage::{Process, Tracker};
///
/// let mut tracker = Tracker::default();
/// let shell = Process { entity: "shell", started: true, ..Process::default() };
/// let tool = Process { entity: "tool", parent: Some("shell"), ..shell };
/// assert_eq!(tracker.enter(&shell, 0b1), 0, "a source is not its own descendant");
/// assert_eq!(tracker.enter(&tool, 0), 0b1);
/// ```
#[derive(Clone, Debug)]
pub struct Tracker {
    members: HashMap<Box<str>, Member, RandomState>,
    limit: usize,
    heap: usize,
    evicted: u64,
}

/// A process of the tree.
#[derive(Clone, Copy, Debug, Default)]
struct Member {
    /// Lineages that it descends in.
    descends: u64,
    /// Lineages that it is a source of.
    sources: u64,
    /// Time of the latest event that began it or made it a source.
    seen: i64,
}

impl Default for Tracker {
    fn default() -> Tracker {
        Tracker::new(PROCESS_LIMIT)
    }
}

impl Tracker {
    /// Holds at most `limit` processes; the oldest go first.
    pub fn new(limit: usize) -> Tracker {
        Tracker { members: HashMap::default(), limit: limit.max(1), heap: 0, evicted: 0 }
    }

    /// Takes an event in; the lineages in which its process is a descendant.
    /// `sources`: the lineages whose condition the event satisfies.
    pub fn enter(&mut self, process: &Process<'_>, sources: u64) -> u64 {
        let own = self.members.get(process.entity);
        let mut descends = own.map_or(0, |member| member.descends);
        let of = |id: &str| match self.members.get(id) {
            Some(member) if id != process.entity => member.descends | member.sources,
            _ => 0,
        };
        if process.started {
            descends |= process.parent.map_or(0, of);
        }
        if process.started || own.is_none() {
            descends |= process.ancestry.iter().map(|id| of(id)).fold(0, |all, one| all | one);
        }
        // What an event that moves nothing says of its ancestors is not kept: whether
        // it is shown here at all depends on who asks.
        if process.started && descends != 0 || sources != 0 {
            self.note(process, Member { descends, sources, seen: process.time });
        }
        descends
    }

    /// Whether something is kept of a process.
    pub fn holds(&self, entity: &str) -> bool {
        self.members.contains_key(entity)
    }

    /// Takes the event's process out if it ended.
    pub fn leave(&mut self, process: &Process<'_>) {
        if process.ended && self.members.remove(process.entity).is_some() {
            self.heap -= process.entity.len();
        }
    }

    /// All processes: entity id, lineages it descends in, lineages it is a source
    /// of, time of its latest event.
    pub fn members(&self) -> impl Iterator<Item = (&str, u64, u64, i64)> {
        self.members.iter().map(|(id, m)| (&**id, m.descends, m.sources, m.seen))
    }

    /// Adds what is known of a process from elsewhere.
    pub fn add(&mut self, entity: &str, descends: u64, sources: u64, time: i64) {
        let process = Process { entity, time, ..Process::default() };
        self.note(&process, Member { descends, sources, seen: time });
    }

    /// Number of processes held.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// True if no process is held.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Processes dropped because of the limit.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Bytes held.
    pub fn memory(&self) -> usize {
        self.heap + self.members.allocation_size()
    }

    /// Appends the state.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut all: Vec<_> = self.members.iter().collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        (all.len() as u64).encode(out);
        for (id, member) in all {
            id.encode(out);
            member.descends.encode(out);
            member.sources.encode(out);
            member.seen.encode(out);
        }
    }

    /// Replaces the state.
    pub fn decode(&mut self, from: &mut Reader<'_>) -> Result<(), DecodeError> {
        let mut new = Tracker::new(self.limit);
        for _ in 0..from.length()? {
            let id: Box<str> = Box::decode(from)?;
            let member = Member {
                descends: u64::decode(from)?,
                sources: u64::decode(from)?,
                seen: i64::decode(from)?,
            };
            let length = id.len();
            if new.members.insert(id, member).is_none() {
                new.heap += length;
            }
        }
        *self = new;
        Ok(())
    }

    fn note(&mut self, process: &Process<'_>, new: Member) {
        if let Some(member) = self.members.get_mut(process.entity) {
            member.descends |= new.descends;
            member.sources |= new.sources;
            member.seen = member.seen.max(new.seen);
            return;
        }
        if self.members.len() >= self.limit {
            self.evict();
        }
        self.heap += process.entity.len();
        self.members.insert(process.entity.into(), new);
    }

    /// Drops the oldest eighth.
    fn evict(&mut self) {
        let mut seen: Vec<i64> = self.members.values().map(|m| m.seen).collect();
        let cut = seen.len() / 8;
        let (_, cut, _) = seen.select_nth_unstable(cut);
        let (cut, heap, evicted) = (*cut, &mut self.heap, &mut self.evicted);
        self.members.retain(|id, member| {
            let stays = member.seen > cut;
            if !stays {
                *heap -= id.len();
                *evicted += 1;
            }
            stays
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Events as words: `id<parent` with `+` for a start, `-` for an end, `*` for
    /// a source, `^ancestor` for ancestry; the ids that descend at their event.
    #[test]
    fn lineage_by_table() {
        let table: &[(&str, &str)] = &[
            ("a+* b+<a c+<b b+<a", "b c b"),
            ("a+* a", ""),
            ("b+<a a+* b", ""),
            ("a+* b+<a c<b", "b"),
            ("a+* b+<a b- b c+<b", "b b"),
            ("a+* b+<x b", ""),
            ("a+* c^b^a d+<c", "c"),
            ("a+* c^b^a d+<c^c^b^a", "c d"),
            ("a+* c*^a d+<c", "c d"),
            ("a+* c^a a- c^a", "c"),
            ("a+* b+*<a c+<b", "b c"),
            ("a+* a+<b", ""),
            ("a+* b+* a+<b", "a"),
        ];
        for (events, expected) in table {
            let mut tracker = Tracker::default();
            let mut got = Vec::new();
            for word in events.split(' ') {
                let end = word.find(|c: char| !c.is_alphabetic()).unwrap_or(word.len());
                let ancestry: Vec<&str> = word.split('^').skip(1).collect();
                let process = Process {
                    entity: &word[..end],
                    parent: word.split_once('<').map(|p| p.1),
                    ancestry: &ancestry,
                    started: word.contains('+'),
                    ended: word.contains('-'),
                    time: 0,
                };
                if tracker.enter(&process, u64::from(word.contains('*'))) == 1 {
                    got.push(&word[..end]);
                }
                tracker.leave(&process);
            }
            assert_eq!(got.join(" "), *expected, "{events}");
        }
    }

    #[test]
    fn the_oldest_go_first() {
        let mut tracker = Tracker::new(100);
        for n in 0..1000 {
            let id = n.to_string();
            tracker.enter(&Process { entity: &id, time: n, ..Process::default() }, 1);
        }
        assert!(tracker.len() <= 100);
        assert_eq!(tracker.evicted() as usize + tracker.len(), 1000);
        let child =
            Process { entity: "c", parent: Some("999"), started: true, ..Process::default() };
        assert_eq!(tracker.enter(&child, 0), 1);
    }

    proptest! {
        /// Against the definition over plain sets, two lineages at once; the state
        /// is written and read back in the middle.
        #[test]
        fn equals_the_definition(
            events in prop::collection::vec((0..6u8, 0..6u8, any::<[bool; 2]>(), 0..4u64), 0..40),
            stop in 0..40usize,
        ) {
            let mut tracker = Tracker::default();
            let mut sets = [(BTreeSet::new(), BTreeSet::new()), Default::default()];
            for (at, (id, parent, [started, ended], sources)) in events.into_iter().enumerate() {
                if at == stop {
                    let mut bytes = Vec::new();
                    tracker.encode(&mut bytes);
                    let memory = tracker.heap;
                    tracker = Tracker::default();
                    tracker.decode(&mut Reader::new(&bytes)).unwrap();
                    prop_assert_eq!(tracker.heap, memory);
                }
                let (entity, parent_id) = (id.to_string(), parent.to_string());
                let process = Process {
                    entity: &entity,
                    parent: Some(&parent_id),
                    ancestry: &[],
                    started,
                    ended,
                    time: 0,
                };
                let got = tracker.enter(&process, sources);
                tracker.leave(&process);
                for (bit, (of, descendants)) in sets.iter_mut().enumerate() {
                    let inside = of.contains(&parent) || descendants.contains(&parent);
                    if started && inside && id != parent {
                        descendants.insert(id);
                    }
                    if sources >> bit & 1 == 1 {
                        of.insert(id);
                    }
                    prop_assert_eq!(got >> bit & 1 == 1, descendants.contains(&id));
                    if ended {
                        of.remove(&id);
                        descendants.remove(&id);
                    }
                }
            }
        }
    }
}
