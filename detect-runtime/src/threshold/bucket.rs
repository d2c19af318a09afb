//! Buckets: events of one combination of values, counted pane by pane.

use crate::key::{push, values};
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::Value;
use core::hash::BuildHasher;
use foldhash::quality::RandomState;
use hashbrown::{HashMap, HashSet, HashTable};
use std::collections::BTreeMap;

/// Number of a bucket.
pub(super) type BucketId = u32;

/// Distinct values of a pane as key bytes.
type Distinct = HashSet<Box<[u8]>, RandomState>;

/// One bucket.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    key: Box<[u8]>,
    /// Ascending, none empty.
    panes: Vec<Pane>,
    /// Newest event of the last alert; what is not later does not count.
    signal: Option<i64>,
    /// Number of entries in the calendar that name this bucket.
    booked: u32,
}

/// What a bucket has in one pane.
#[derive(Debug)]
struct Pane {
    number: i64,
    events: u64,
    oldest: i64,
    newest: i64,
    distinct: Option<Box<Distinct>>,
}

/// What a bucket has in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) events: u64,
    pub(super) distinct: u64,
    pub(super) oldest: i64,
    pub(super) newest: i64,
}

impl Bucket {
    /// Adds up the panes from first to last; `None` below `least` events.
    pub(super) fn sum(&self, panes: (i64, i64), least: u64, distinct: bool) -> Option<Count> {
        let inside = || self.panes.iter().filter(|p| panes.0 <= p.number && p.number <= panes.1);
        let events = inside().fold(0, |sum: u64, p| sum.saturating_add(p.events));
        let oldest = inside().map(|p| p.oldest).min()?;
        let newest = inside().map(|p| p.newest).max()?;
        if events < least {
            return None;
        }
        let distinct = if distinct {
            let all: HashSet<&[u8], RandomState> =
                inside().flat_map(|p| &p.distinct).flat_map(|d| d.iter()).map(|v| &**v).collect();
            all.len() as u64
        } else {
            0
        };
        Some(Count { events, distinct, oldest, newest })
    }
}

impl Pane {
    fn new(number: i64, time: i64) -> Pane {
        Pane { number, events: 0, oldest: time, newest: time, distinct: None }
    }

    /// Counts an event; bytes that were added.
    fn count(&mut self, time: i64, distinct: Option<Value<'_>>) -> usize {
        self.events = self.events.saturating_add(1);
        self.oldest = self.oldest.min(time);
        self.newest = self.newest.max(time);
        let mut added = 0;
        for value in distinct.iter().flat_map(Value::as_slice) {
            let mut key = Vec::new();
            push(&mut key, *value);
            added += self.note(key.into());
        }
        added
    }

    fn note(&mut self, value: Box<[u8]>) -> usize {
        let bytes = value_bytes(&value);
        if self.distinct.get_or_insert_default().insert(value) { bytes } else { 0 }
    }

    fn bytes(&self) -> usize {
        let distinct = self.distinct.iter().flat_map(|d| d.iter());
        size_of::<Pane>() + distinct.map(|v| value_bytes(v)).sum::<usize>()
    }
}

/// Bytes of a distinct value with its place in the set.
fn value_bytes(value: &[u8]) -> usize {
    value.len() + size_of::<Box<[u8]>>() + 2
}

/// All buckets of a rule.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    table: HashTable<BucketId>,
    all: Vec<Bucket>,
    free: Vec<BucketId>,
    hasher: RandomState,
    /// Panes and the buckets that have something in them.
    calendar: BTreeMap<i64, Vec<BucketId>>,
    heap: usize,
}

impl Buckets {
    /// Counts an event in a bucket; `None` if an alert has used its time up.
    pub(super) fn count(
        &mut self,
        key: &[u8],
        pane: i64,
        time: i64,
        distinct: Option<Value<'_>>,
    ) -> Option<BucketId> {
        let id = self.get_or_insert(key);
        let bucket = &mut self.all[id as usize];
        if bucket.signal.is_some_and(|signal| time <= signal) {
            return None;
        }
        let at = match bucket.panes.binary_search_by_key(&pane, |p| p.number) {
            Ok(at) => at,
            Err(at) => {
                bucket.panes.insert(at, Pane::new(pane, time));
                self.heap += size_of::<Pane>();
                self.book(id, pane);
                at
            }
        };
        self.heap += self.all[id as usize].panes[at].count(time, distinct);
        Some(id)
    }

    pub(super) fn get(&self, id: BucketId) -> Option<&Bucket> {
        self.all.get(id as usize).filter(|b| b.booked > 0)
    }

    pub(super) fn key(&self, id: BucketId) -> &[u8] {
        &self.all[id as usize].key
    }

    /// An alert was made of all panes up to `last`.
    pub(super) fn signal(&mut self, id: BucketId, last: i64, newest: i64) {
        let bucket = &mut self.all[id as usize];
        bucket.signal = bucket.signal.max(Some(newest));
        let used = bucket.panes.extract_if(.., |p| p.number <= last);
        self.heap -= used.map(|p| p.bytes()).sum::<usize>();
    }

    /// Drops panes before `first`.
    pub(super) fn expire(&mut self, first: i64) {
        while let Some(pane) = self.calendar.first_entry() {
            if *pane.key() >= first {
                break;
            }
            let (pane, ids) = pane.remove_entry();
            self.drop_pane(pane, &ids);
        }
    }

    /// Drops the oldest pane of all buckets; how many bucket panes that were.
    pub(super) fn evict(&mut self) -> u64 {
        let mut gone = 0;
        while gone == 0
            && let Some((pane, ids)) = self.calendar.pop_first()
        {
            gone += self.drop_pane(pane, &ids);
        }
        gone
    }

    fn drop_pane(&mut self, pane: i64, ids: &[BucketId]) -> u64 {
        let mut gone = 0;
        for id in ids {
            let bucket = &mut self.all[*id as usize];
            for pane in bucket.panes.extract_if(.., |p| p.number <= pane) {
                self.heap -= pane.bytes();
                gone += 1;
            }
            bucket.booked -= 1;
            if bucket.booked == 0 {
                self.release(*id);
            }
        }
        gone
    }

    /// A bucket of which the calendar knows nothing more is gone; the time of its
    /// last alert lies in a pane that has left the window too.
    fn release(&mut self, id: BucketId) {
        let bucket = core::mem::take(&mut self.all[id as usize]);
        let hash = self.hasher.hash_one(&*bucket.key);
        if let Ok(found) = self.table.find_entry(hash, |other| *other == id) {
            found.remove();
        }
        self.heap -= bucket.key.len();
        self.free.push(id);
    }

    fn book(&mut self, id: BucketId, pane: i64) {
        self.calendar.entry(pane).or_default().push(id);
        self.all[id as usize].booked += 1;
    }

    fn get_or_insert(&mut self, key: &[u8]) -> BucketId {
        let (all, hasher) = (&self.all, &self.hasher);
        let hash = hasher.hash_one(key);
        if let Some(id) = self.table.find(hash, |id| *all[*id as usize].key == *key) {
            return *id;
        }
        let bucket = Bucket { key: key.into(), ..Bucket::default() };
        self.heap += key.len();
        let id = if let Some(id) = self.free.pop() {
            self.all[id as usize] = bucket;
            id
        } else {
            self.all.push(bucket);
            (self.all.len() - 1) as BucketId
        };
        let (all, hasher) = (&self.all, &self.hasher);
        self.table.insert_unique(hash, id, |id| hasher.hash_one(&*all[*id as usize].key));
        id
    }

    /// Bytes that eviction gives back.
    pub(super) fn held(&self) -> usize {
        self.heap + self.table.len() * (size_of::<Bucket>() + size_of::<BucketId>())
    }

    pub(super) fn bytes(&self) -> usize {
        self.heap + self.table.allocation_size() + self.all.capacity() * size_of::<Bucket>()
    }

    /// Appends the buckets; the numbers that they have there.
    pub(super) fn encode(&self, out: &mut Vec<u8>) -> HashMap<BucketId, u64> {
        let live = || (0..).zip(&self.all).filter(|(_, b)| b.booked > 0);
        let mut numbers = HashMap::default();
        (live().count() as u64).encode(out);
        for (id, bucket) in live() {
            numbers.insert(id, numbers.len() as u64);
            bucket.encode(out);
        }
        (self.calendar.len() as u64).encode(out);
        for (pane, ids) in &self.calendar {
            pane.encode(out);
            let ids: Vec<u64> = ids.iter().filter_map(|id| numbers.get(id).copied()).collect();
            ids[..].encode(out);
        }
        numbers
    }

    /// Reads buckets; their ids by number.
    pub(super) fn decode(from: &mut Reader<'_>) -> Result<(Buckets, Vec<BucketId>), DecodeError> {
        let mut new = Buckets::default();
        let mut ids = Vec::new();
        for _ in 0..from.length()? {
            let bucket = Bucket::decode(from)?;
            let id = new.get_or_insert(&bucket.key);
            if ids.last().is_some_and(|last| *last >= id) {
                return Err(DecodeError::Tag { what: "bucket that was there before", tag: 0 });
            }
            new.heap += bucket.panes.iter().map(Pane::bytes).sum::<usize>();
            new.all[id as usize] = bucket;
            ids.push(id);
        }
        for _ in 0..from.length()? {
            let pane = i64::decode(from)?;
            for number in Vec::<u64>::decode(from)? {
                new.book(by_number(&ids, number)?, pane);
            }
        }
        if new.all.iter().any(|b| b.booked == 0) {
            return Err(DecodeError::Tag { what: "bucket without a pane", tag: 0 });
        }
        Ok((new, ids))
    }
}

/// Id of a bucket by its number in a state.
pub(super) fn by_number(ids: &[BucketId], number: u64) -> Result<BucketId, DecodeError> {
    let id = usize::try_from(number).ok().and_then(|n| ids.get(n)).copied();
    id.ok_or(DecodeError::Tag { what: "bucket", tag: number as u8 })
}

impl Encode for Bucket {
    fn encode(&self, out: &mut Vec<u8>) {
        blob(&self.key, out);
        self.signal.encode(out);
        (self.panes.len() as u64).encode(out);
        for pane in &self.panes {
            pane.number.encode(out);
            pane.events.encode(out);
            pane.oldest.encode(out);
            pane.newest.encode(out);
            let mut values: Vec<&[u8]> =
                pane.distinct.iter().flat_map(|d| d.iter()).map(|v| &**v).collect();
            values.sort_unstable();
            (values.len() as u64).encode(out);
            for value in values {
                blob(value, out);
            }
        }
    }
}

impl Decode for Bucket {
    fn decode(from: &mut Reader<'_>) -> Result<Bucket, DecodeError> {
        let key: Box<[u8]> = bytes(from)?.into();
        values(&key)?;
        let signal = Option::decode(from)?;
        let mut panes: Vec<Pane> = Vec::new();
        for _ in 0..from.length()? {
            let mut pane = Pane::new(i64::decode(from)?, 0);
            if panes.last().is_some_and(|last| last.number >= pane.number) {
                return Err(DecodeError::Tag { what: "pane out of order", tag: 0 });
            }
            pane.events = u64::decode(from)?;
            pane.oldest = i64::decode(from)?;
            pane.newest = i64::decode(from)?;
            for _ in 0..from.length()? {
                pane.note(bytes(from)?.into());
            }
            panes.push(pane);
        }
        Ok(Bucket { key, panes, signal, booked: 0 })
    }
}

fn blob(bytes: &[u8], out: &mut Vec<u8>) {
    (bytes.len() as u64).encode(out);
    out.extend_from_slice(bytes);
}

fn bytes<'b>(from: &mut Reader<'b>) -> Result<&'b [u8], DecodeError> {
    let length = from.length()?;
    from.take(length)
}
