//! Groups and their panes: the state of a STATS over sliding windows.
//!
//! In: encoded keys with rows and pane numbers, and the window of each tick. Out:
//! results of the groups that a tick touches. Must not know what comes behind
//! STATS.
//!
//! A group holds only the panes in which it has rows. Panes that no tick has seen
//! yet are *open*: typed states in the slab of the [`GroupStore`]. When a tick takes
//! a pane in, its state is *frozen*: written in its byte form behind the group's
//! earlier panes, a dozen bytes for a count and a distinct value. A result is the
//! merge of the frozen panes in the window. So a group that is not being updated
//! costs its key, 16 bytes, and the bytes of its panes.
//!
//! A pane whose state alone, or together with the panes behind it, is saturated
//! ([`Group::saturated`](crate::aggregate::Group::saturated)) makes every window
//! that holds it fail. Then only its number is kept, and no older pane.

mod evaluate;
mod frozen;
mod passing;
mod saved;

use crate::aggregate::GroupStore;
use crate::value::{Cx, Value};
use core::hash::BuildHasher;
use foldhash::fast::RandomState;
use frozen::Frozen;
use hashbrown::HashTable;
use passing::Passing;
use std::collections::BTreeMap;

const NONE: u32 = u32::MAX;

/// No pane saturates the group.
const ALIVE: i32 = i32::MIN;

/// The group is none: its number waits to be used again.
const GONE: i32 = i32::MAX;

/// Room for so many open panes is kept when there are none.
const KEPT_OPEN: usize = 256;

/// Mean bytes of the hash index a group: a number and a control byte at a load of
/// one half to seven eighths.
const INDEX_ENTRY: usize = 8;

/// The groups of one STATS. Pane numbers are relative to a pane near the first
/// event, so that they fit 32 bits.
pub(crate) struct Groups {
    store: Box<dyn GroupStore>,
    index: HashTable<u32>,
    hasher: RandomState,
    entries: Vec<Group>,
    free: Vec<u32>,
    open: Vec<Open>,
    free_open: Vec<u32>,
    /// Groups by pane: with a pane that no tick has seen.
    entering: BTreeMap<i32, Vec<u32>>,
    /// Groups by oldest frozen or saturated pane.
    leaving: BTreeMap<i32, Vec<u32>>,
    /// Groups that had a row at the last tick.
    pub(crate) passing: Passing,
    /// Bytes of keys, frozen panes, and states on the heap.
    key_bytes: usize,
    frozen_bytes: usize,
    state_bytes: usize,
    listed: usize,
}

struct Group {
    key: Box<[u8]>,
    frozen: Frozen,
    /// Newest pane that makes all windows that hold it fail.
    saturated: i32,
    /// First of the open panes.
    open: u32,
}

/// A pane of a group that no tick has seen.
#[derive(Clone, Copy)]
struct Open {
    pane: i32,
    /// State in the store, or `NONE` if it is saturated.
    slot: u32,
    next: u32,
}

/// Panes of the window of a tick, first and last.
pub(crate) type Panes = (i32, i32);

impl Groups {
    pub(crate) fn new(store: Box<dyn GroupStore>) -> Groups {
        Groups {
            store,
            index: HashTable::new(),
            hasher: RandomState::default(),
            entries: Vec::new(),
            free: Vec::new(),
            open: Vec::new(),
            free_open: Vec::new(),
            entering: BTreeMap::new(),
            leaving: BTreeMap::new(),
            passing: Passing::default(),
            key_bytes: 0,
            frozen_bytes: 0,
            state_bytes: 0,
            listed: 0,
        }
    }

    /// Number of groups.
    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// The oldest pane that no tick has seen.
    pub(crate) fn first_entering(&self) -> Option<i32> {
        self.entering.first_key_value().map(|(pane, _)| *pane)
    }

    /// The oldest pane that a tick has seen.
    pub(crate) fn first_leaving(&self) -> Option<i32> {
        self.leaving.first_key_value().map(|(pane, _)| *pane)
    }

    /// All groups.
    pub(crate) fn all(&self) -> impl Iterator<Item = u32> {
        self.index.iter().copied()
    }

    /// A group's encoded key.
    pub(crate) fn key(&self, group: u32) -> &[u8] {
        &self.entries[group as usize].key
    }

    /// Adds a row to the pane of a group. Every tick to come whose window holds
    /// `pane` also holds `next`, the last pane of the next tick, unless `pane` is
    /// newer than that.
    pub(crate) fn update<'a>(
        &mut self,
        key: &[u8],
        pane: i32,
        next: i32,
        row: &[Value<'a>],
        cx: &Cx<'a>,
    ) {
        let group = self.intern(key);
        if pane <= self.entries[group as usize].saturated {
            return;
        }
        let slot = self.open_slot(group, pane);
        if slot == NONE {
            return;
        }
        let updated = self.store.update(slot, row, cx);
        self.state_bytes = self.state_bytes.saturating_add_signed(updated.grown);
        if updated.saturated {
            self.saturate_open(group, pane, next);
        }
    }

    fn intern(&mut self, key: &[u8]) -> u32 {
        let hash = self.hasher.hash_one(key);
        let groups = &self.entries;
        if let Some(group) = self.index.find(hash, |group| *groups[*group as usize].key == *key) {
            return *group;
        }
        let new =
            Group { key: key.into(), frozen: Frozen::default(), saturated: ALIVE, open: NONE };
        self.key_bytes += key.len();
        let group = if let Some(group) = self.free.pop() {
            self.entries[group as usize] = new;
            group
        } else {
            self.entries.push(new);
            (self.entries.len() - 1) as u32
        };
        let (groups, hasher) = (&self.entries, &self.hasher);
        self.index
            .insert_unique(hash, group, |group| hasher.hash_one(&*groups[*group as usize].key));
        group
    }

    /// The slot of an open pane, made if need be; `NONE` if the pane is saturated.
    fn open_slot(&mut self, group: u32, pane: i32) -> u32 {
        let first = self.entries[group as usize].open;
        let mut at = first;
        while let Some(open) = self.open.get(at as usize) {
            if open.pane == pane {
                return open.slot;
            }
            at = open.next;
        }
        let slot = self.store.insert();
        self.entries[group as usize].open = self.insert_open(Open { pane, slot, next: first });
        self.entering.entry(pane).or_default().push(group);
        self.listed += 1;
        slot
    }

    fn insert_open(&mut self, open: Open) -> u32 {
        if let Some(at) = self.free_open.pop() {
            self.open[at as usize] = open;
            return at;
        }
        self.open.push(open);
        (self.open.len() - 1) as u32
    }

    /// The state of an open pane is saturated: keep that, not the state.
    fn saturate_open(&mut self, group: u32, pane: i32, next: i32) {
        if pane <= next {
            let unlisted = self.entries[group as usize].oldest().is_none();
            self.saturate(group, pane);
            if unlisted {
                self.leaving.entry(pane).or_default().push(group);
                self.listed += 1;
            }
            return;
        }
        // A tick before this pane's may still pass.
        let mut at = self.entries[group as usize].open;
        while let Some(open) = self.open.get_mut(at as usize) {
            at = open.next;
            if open.pane == pane {
                let slot = core::mem::replace(&mut open.slot, NONE);
                self.drop_state(slot);
            }
        }
    }

    /// Marks the pane and forgets it and all older ones.
    fn saturate(&mut self, group: u32, pane: i32) {
        let entry = &mut self.entries[group as usize];
        entry.saturated = entry.saturated.max(pane);
        self.frozen_bytes -= entry.frozen.heap();
        entry.frozen.drop_before(pane.saturating_add(1));
        self.frozen_bytes += entry.frozen.heap();
        for open in self.take_open(group, pane) {
            self.drop_state(open.slot);
        }
    }

    fn drop_state(&mut self, slot: u32) {
        if slot != NONE {
            self.state_bytes = self.state_bytes.saturating_sub(self.store.heap(slot));
            self.store.remove(slot);
        }
    }

    /// Takes the open panes up to `last` out of the group's list, oldest first.
    fn take_open(&mut self, group: u32, last: i32) -> Vec<Open> {
        let (mut taken, mut kept) = (Vec::new(), NONE);
        let mut at = self.entries[group as usize].open;
        while let Some(open) = self.open.get_mut(at as usize) {
            let next = open.next;
            if open.pane <= last {
                taken.push(*open);
                self.free_open.push(at);
            } else {
                open.next = kept;
                kept = at;
            }
            at = next;
        }
        self.entries[group as usize].open = kept;
        if self.free_open.len() == self.open.len() && self.open.len() > KEPT_OPEN {
            // After a burst nothing is open: its room is not needed for long.
            self.open = Vec::new();
            self.free_open = Vec::new();
        }
        taken.sort_by_key(|open| open.pane);
        taken
    }

    /// Lets a tick with this window begin: freezes the panes that it is the first
    /// to see, drops those that it no longer sees, and gives the groups for which
    /// that changed something and that have panes left.
    pub(crate) fn advance(&mut self, window: Panes) -> Vec<u32> {
        let leaving = take_lists(&mut self.leaving, |pane| pane < window.0);
        let entering = take_lists(&mut self.entering, |pane| pane <= window.1);
        self.listed -= leaving.len() + entering.len();
        let mut touched: Vec<(u32, bool)> =
            leaving.into_iter().map(|group| (group, true)).collect();
        touched.extend(entering.into_iter().map(|group| (group, false)));
        // Of a group that both enters and leaves the entry with `true` stays.
        touched.sort_unstable_by_key(|(group, unlisted)| (*group, !unlisted));
        touched.dedup_by_key(|(group, _)| *group);
        touched.retain(|(group, unlisted)| self.advance_group(*group, window, *unlisted));
        touched.into_iter().map(|(group, _)| group).collect()
    }

    /// `unlisted`: the group was taken out of the list of its oldest pane. False if
    /// nothing of it is left.
    fn advance_group(&mut self, group: u32, (first, last): Panes, unlisted: bool) -> bool {
        // A list can name a group that was evicted since.
        if self.entries[group as usize].saturated == GONE {
            return false;
        }
        // Of a group that was unlisted it does not matter.
        let before = if unlisted { None } else { self.entries[group as usize].oldest() };
        self.freeze(group, first, last);
        let entry = &mut self.entries[group as usize];
        self.frozen_bytes -= entry.frozen.heap();
        entry.frozen.drop_before(first);
        self.frozen_bytes += entry.frozen.heap();
        if entry.saturated < first {
            entry.saturated = ALIVE;
        }
        match entry.oldest() {
            Some(oldest) if unlisted || before.is_none_or(|before| oldest < before) => {
                self.leaving.entry(oldest).or_default().push(group);
                self.listed += 1;
            }
            None if entry.open == NONE => {
                self.remove(group);
                return false;
            }
            _ => {}
        }
        true
    }

    fn freeze(&mut self, group: u32, first: i32, last: i32) {
        let mut bytes = Vec::new();
        for open in self.take_open(group, last) {
            if open.slot == NONE {
                self.saturate(group, open.pane);
                continue;
            }
            if open.pane >= first {
                bytes.clear();
                self.store.encode(open.slot, &mut bytes);
                let frozen = &mut self.entries[group as usize].frozen;
                self.frozen_bytes -= frozen.heap();
                frozen.push(open.pane, &bytes);
                self.frozen_bytes += frozen.heap();
            }
            self.drop_state(open.slot);
        }
    }

    /// Drops about a sixteenth of the groups, those with the oldest panes, and says
    /// how many.
    pub(crate) fn evict(&mut self) -> u64 {
        let mut wanted = self.len().div_ceil(16);
        let mut evicted = 0;
        while wanted > 0 {
            let lists = match (self.first_leaving(), self.first_entering()) {
                (Some(frozen), Some(open)) if open < frozen => &mut self.entering,
                (None, _) => &mut self.entering,
                _ => &mut self.leaving,
            };
            let Some(mut oldest) = lists.first_entry() else { return evicted };
            let end = oldest.get().len().min(wanted);
            let groups: Vec<u32> = oldest.get_mut().drain(..end).collect();
            if oldest.get().is_empty() {
                oldest.remove();
            }
            self.listed -= groups.len();
            wanted -= end;
            for group in groups {
                if self.entries[group as usize].saturated != GONE {
                    self.remove(group);
                    evicted += 1;
                }
            }
        }
        evicted
    }

    fn remove(&mut self, group: u32) {
        self.passing.set(group, false);
        for open in self.take_open(group, i32::MAX) {
            self.drop_state(open.slot);
        }
        let entry = &mut self.entries[group as usize];
        self.frozen_bytes -= entry.frozen.heap();
        self.key_bytes -= entry.key.len();
        let hash = self.hasher.hash_one(&*entry.key);
        if let Ok(found) = self.index.find_entry(hash, |known| *known == group) {
            found.remove();
        }
        *entry =
            Group { key: Box::default(), frozen: Frozen::default(), saturated: GONE, open: NONE };
        self.free.push(group);
    }

    /// Bytes held: keys, panes, states, and what each group, open pane and list
    /// entry takes itself.
    pub(crate) fn memory(&self) -> usize {
        let open = self.open.len() - self.free_open.len();
        self.len() * (size_of::<Group>() + INDEX_ENTRY)
            + open * (size_of::<Open>() + self.store.slot_size())
            + self.listed * size_of::<u32>()
            + self.key_bytes
            + self.frozen_bytes
            + self.state_bytes
    }
}

impl Group {
    /// The oldest pane of which something is left at rest.
    fn oldest(&self) -> Option<i32> {
        if self.saturated == ALIVE { self.frozen.oldest() } else { Some(self.saturated) }
    }
}

fn take_lists(lists: &mut BTreeMap<i32, Vec<u32>>, wanted: impl Fn(i32) -> bool) -> Vec<u32> {
    let mut taken = Vec::new();
    while let Some(entry) = lists.first_entry() {
        if !wanted(*entry.key()) {
            break;
        }
        taken.append(&mut entry.remove());
    }
    taken
}
