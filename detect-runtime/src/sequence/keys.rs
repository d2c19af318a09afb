//! Pending sequences by key.
//!
//! A key is held once, with its pending sequences in one short vector sorted by
//! slot. Expiry is in bulk: a calendar of buckets names the keys in which
//! something expires, so a key that has gone quiet costs one visit.

use super::pending::{Pending, Waiting};
use core::cmp::Ordering;
use core::hash::BuildHasher;
use foldhash::quality::RandomState;
use hashbrown::HashTable;
use std::collections::BTreeMap;

/// Number of a key in the store.
pub(super) type KeyId = u32;

/// What is known of one key.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) key: Box<[u8]>,
    /// At most one in each slot, ascending.
    pub(super) pending: Vec<Pending>,
    /// Only rules with leading or trailing missing terms have it.
    pub(super) side: Option<Box<Side>>,
    /// Latest bucket of the calendar that names this key.
    booked: i64,
    live: bool,
}

/// What missing terms need.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) lead: Option<Lead>,
    /// Complete sequences behind which no missing event may come yet.
    pub(super) waiting: Vec<Waiting>,
}

/// Leading missing events of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lead {
    /// Time of the latest, in milliseconds of `@timestamp`.
    pub(super) latest: i64,
    /// Time of the latest before that time.
    pub(super) before: Option<i64>,
    /// When it may be forgotten.
    pub(super) expires: i64,
}

impl Entry {
    fn is_idle(&self) -> bool {
        self.pending.is_empty()
            && self.side.as_ref().is_none_or(|s| s.lead.is_none() && s.waiting.is_empty())
    }

    /// Position of a slot's pending sequence.
    pub(super) fn find(&self, slot: u16) -> Option<usize> {
        self.pending.binary_search_by_key(&slot, |p| p.slot).ok()
    }
}

/// All keys of a rule.
#[derive(Debug)]
pub(super) struct Keys {
    table: HashTable<KeyId>,
    entries: Vec<Entry>,
    free: Vec<KeyId>,
    hasher: RandomState,
    /// Buckets of `width` milliseconds and the keys in which something expires.
    calendar: BTreeMap<i64, Vec<KeyId>>,
    width: i64,
    /// Ends of waits, to the millisecond.
    due: BTreeMap<i64, Vec<KeyId>>,
    /// Heap bytes of keys, pending sequences and events.
    heap: usize,
}

impl Keys {
    /// `span`: how long a pending sequence lives, in milliseconds.
    pub(super) fn new(span: i64) -> Keys {
        Keys {
            table: HashTable::new(),
            entries: Vec::new(),
            free: Vec::new(),
            hasher: RandomState::default(),
            calendar: BTreeMap::new(),
            width: (span / 64).max(1),
            due: BTreeMap::new(),
            heap: 0,
        }
    }

    pub(super) fn get(&self, key: &[u8]) -> Option<KeyId> {
        let entries = &self.entries;
        self.table.find(self.hasher.hash_one(key), |id| *entries[*id as usize].key == *key).copied()
    }

    pub(super) fn get_or_insert(&mut self, key: &[u8]) -> KeyId {
        if let Some(id) = self.get(key) {
            return id;
        }
        let entry = Entry { key: key.into(), booked: i64::MIN, live: true, ..Entry::default() };
        self.heap += key.len();
        let id = if let Some(id) = self.free.pop() {
            self.entries[id as usize] = entry;
            id
        } else {
            self.entries.push(entry);
            (self.entries.len() - 1) as KeyId
        };
        let (entries, hasher) = (&self.entries, &self.hasher);
        self.table.insert_unique(hasher.hash_one(key), id, |id| {
            hasher.hash_one(&*entries[*id as usize].key)
        });
        id
    }

    pub(super) fn entry(&self, id: KeyId) -> &Entry {
        &self.entries[id as usize]
    }

    /// Number of live keys.
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Live keys, by number.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|e| e.live)
    }

    /// Puts a pending sequence into its slot; what was there is dropped.
    pub(super) fn put(&mut self, id: KeyId, pending: Pending) {
        let expires = pending.expires;
        self.heap += pending.heap();
        let entry = &mut self.entries[id as usize];
        match entry.pending.binary_search_by_key(&pending.slot, |p| p.slot) {
            Ok(at) => {
                let old = core::mem::replace(&mut entry.pending[at], pending);
                self.heap -= old.heap();
            }
            Err(at) => {
                if entry.pending.len() < 2 {
                    entry.pending.reserve_exact(1);
                }
                entry.pending.insert(at, pending);
            }
        }
        self.book(id, expires);
    }

    /// Takes the pending sequence at a position of the key's vector.
    pub(super) fn take(&mut self, id: KeyId, at: usize) -> Pending {
        let pending = self.entries[id as usize].pending.remove(at);
        self.heap -= pending.heap();
        pending
    }

    /// Moves the pending sequence at a position one slot on with the event that
    /// `extend` adds; what was in that slot is dropped.
    pub(super) fn shift(&mut self, id: KeyId, at: usize, extend: impl FnOnce(&mut Pending)) {
        let pending = &mut self.entries[id as usize].pending;
        let next = pending[at].slot + 1;
        if pending.get(at + 1).is_some_and(|p| p.slot == next) {
            let old = pending.remove(at + 1);
            self.heap -= old.heap();
        }
        self.heap -= pending[at].heap();
        extend(&mut pending[at]);
        pending[at].slot = next;
        self.heap += pending[at].heap();
    }

    /// Tells the pending sequence in a slot of a missing event.
    pub(super) fn miss(&mut self, id: KeyId, slot: u16, time: i64) {
        let entry = &mut self.entries[id as usize];
        if let Some(at) = entry.find(slot) {
            self.heap -= entry.pending[at].heap();
            entry.pending[at].miss(time);
            self.heap += entry.pending[at].heap();
        }
    }

    /// Empties all slots of a key.
    pub(super) fn clear(&mut self, id: KeyId) {
        let entry = &mut self.entries[id as usize];
        self.heap -= entry.pending.drain(..).map(|p| p.heap()).sum::<usize>();
    }

    /// Lets a complete sequence wait; it is handed out by [`Keys::sweep`].
    pub(super) fn wait(&mut self, id: KeyId, waiting: Waiting) {
        self.heap += waiting.pending.heap();
        self.due.entry(waiting.deadline).or_default().push(id);
        self.side(id).waiting.push(waiting);
    }

    /// Takes the waiting sequences that a missing event decides.
    pub(super) fn decide(
        &mut self,
        id: KeyId,
        concerns: impl Fn(&Waiting) -> bool,
    ) -> Vec<Waiting> {
        let Some(side) = self.entries[id as usize].side.as_mut() else { return Vec::new() };
        let decided: Vec<Waiting> = side.waiting.extract_if(.., |w| concerns(w)).collect();
        self.heap -= decided.iter().map(|w| w.pending.heap()).sum::<usize>();
        decided
    }

    /// Remembers a leading missing event.
    pub(super) fn lead(&mut self, id: KeyId, time: i64, expires: i64) {
        let lead = match self.side(id).lead {
            None => Lead { latest: time, before: None, expires },
            Some(old) => old.with(time, expires),
        };
        self.set_lead(id, lead);
    }

    pub(super) fn set_lead(&mut self, id: KeyId, lead: Lead) {
        self.side(id).lead = Some(lead);
        self.book(id, lead.expires);
    }

    fn side(&mut self, id: KeyId) -> &mut Side {
        let entry = &mut self.entries[id as usize];
        if entry.side.is_none() {
            self.heap += size_of::<Side>();
        }
        entry.side.get_or_insert_default()
    }

    fn book(&mut self, id: KeyId, expires: i64) {
        let bucket = expires.div_euclid(self.width);
        let entry = &mut self.entries[id as usize];
        if bucket > entry.booked {
            entry.booked = bucket;
            self.calendar.entry(bucket).or_default().push(id);
        }
    }

    /// Frees the key if nothing is left of it.
    pub(super) fn settle(&mut self, id: KeyId) {
        let entry = &self.entries[id as usize];
        if !entry.live || !entry.is_idle() {
            return;
        }
        let hash = self.hasher.hash_one(&*entry.key);
        if let Ok(found) = self.table.find_entry(hash, |other| *other == id) {
            found.remove();
        }
        let side = entry.side.as_ref().map_or(0, |_| size_of::<Side>());
        self.heap -= entry.key.len() + side;
        self.entries[id as usize] = Entry::default();
        self.free.push(id);
        if self.table.is_empty() {
            self.calendar.clear();
        }
    }

    /// Drops what expired before `now` and hands out what has waited long
    /// enough, by end of wait, then by last event, then by key.
    pub(super) fn sweep(&mut self, now: i64, mut ready: impl FnMut(Box<[u8]>, Waiting)) {
        while let Some(slot) = self.due.first_entry() {
            if *slot.key() >= now {
                break;
            }
            let (deadline, ids) = slot.remove_entry();
            let mut batch = Vec::new();
            for id in ids {
                for waiting in self.decide(id, |w| w.deadline <= deadline) {
                    batch.push((waiting.rank, self.entries[id as usize].key.clone(), waiting));
                }
                self.settle(id);
            }
            batch.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
            for (_, key, waiting) in batch {
                ready(key, waiting);
            }
        }
        while let Some(bucket) = self.calendar.first_entry() {
            if bucket.key().saturating_add(1).saturating_mul(self.width) > now {
                break;
            }
            for id in bucket.remove() {
                self.expire(id, now);
            }
        }
    }

    /// Drops the oldest bucket; the number of pending sequences and leading
    /// missing events that went.
    pub(super) fn evict(&mut self) -> Option<u64> {
        let (bucket, ids) = self.calendar.pop_first()?;
        let end = bucket.saturating_add(1).saturating_mul(self.width);
        Some(ids.into_iter().map(|id| self.expire(id, end)).sum())
    }

    /// Drops what expires before `now`; how much that was.
    fn expire(&mut self, id: KeyId, now: i64) -> u64 {
        let entry = &mut self.entries[id as usize];
        let (mut count, mut heap) = (0, 0);
        entry.pending.retain(|p| {
            let stays = p.expires >= now;
            if !stays {
                count += 1;
                heap += p.heap();
            }
            stays
        });
        if let Some(side) = &mut entry.side {
            count += u64::from(side.lead.take_if(|l| l.expires < now).is_some());
        }
        self.heap -= heap;
        self.settle(id);
        count
    }

    /// Bytes that eviction gives back.
    pub(super) fn held(&self) -> usize {
        self.heap + self.table.len() * (size_of::<Entry>() + size_of::<KeyId>())
    }

    pub(super) fn bytes(&self) -> usize {
        self.heap
            + self.table.allocation_size()
            + self.entries.capacity() * size_of::<Entry>()
            + self.free.capacity() * size_of::<KeyId>()
    }
}

impl Lead {
    fn with(self, time: i64, expires: i64) -> Lead {
        let expires = self.expires.max(expires);
        match time.cmp(&self.latest) {
            Ordering::Greater => Lead { latest: time, before: Some(self.latest), expires },
            Ordering::Less => Lead { before: self.before.max(Some(time)), expires, ..self },
            Ordering::Equal => Lead { expires, ..self },
        }
    }

    /// The latest strictly before a time.
    pub(super) fn before(&self, time: i64) -> Option<i64> {
        if self.latest < time { Some(self.latest) } else { self.before.filter(|b| *b < time) }
    }
}
