//! Threshold rules: events counted per combination of field values.
//!
//! In: hits of the rule's query. Out: [`Content::Threshold`] for each bucket that
//! reaches the threshold within the window of a tick. Must not know what a field
//! is called.
//!
//! An event of several values is in a bucket for each; one without a value for a
//! grouping field is in none. Events that made an alert are not counted again: the
//! detection engine looks up the rule's own alerts and leaves out, per bucket,
//! events up to the newest one that was used. So an alert empties its bucket, and
//! a bucket can only reach the threshold at the first tick that sees a new event
//! of it: no other tick is run. Both modes of emission are the same here.
//!
//! # What the code generator emits
//!
//! A `static` [`ThresholdSpec`] for a [`Counter`]. The row holds the grouping
//! fields first, in the order of the rule, then the cardinality field if there is
//! one.

mod bucket;

use crate::head::{Content, Draft, Env, Head, Hit};
use crate::key::{KeyColumn, combinations, values};
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::window::{Clock, Schedule};
use bucket::{Bucket, BucketId, Buckets, Count, by_number};
use std::collections::{BTreeMap, BTreeSet};

/// Most buckets that one event is in; more are counted as evicted.
pub const BUCKET_LIMIT: usize = 1024;

/// A threshold rule, as constant data.
#[derive(Clone, Copy, Debug)]
pub struct ThresholdSpec {
    /// Number of grouping fields, 0 to 5; they are the first of the row.
    pub fields: usize,
    /// At least so many events.
    pub value: u64,
    /// At least so many distinct values of the field behind the grouping fields.
    pub cardinality: Option<u64>,
    /// Time between ticks in milliseconds.
    pub interval: i64,
    /// Length of the window in milliseconds.
    pub lookback: i64,
}

/// Head of a threshold rule.
#[derive(Debug)]
pub struct Counter {
    spec: &'static ThresholdSpec,
    schedule: Schedule,
    clock: Clock,
    /// The last tick that is over.
    over: i64,
    buckets: Buckets,
    /// Ticks to come and the buckets that have new events then.
    changed: BTreeMap<i64, BTreeSet<BucketId>>,
}

impl Counter {
    /// A head without events for this rule.
    pub fn new(spec: &'static ThresholdSpec) -> Counter {
        Counter {
            spec,
            schedule: Schedule::new(spec.interval, spec.lookback),
            clock: Clock::new(),
            over: i64::MIN,
            buckets: Buckets::default(),
            changed: BTreeMap::new(),
        }
    }

    /// Counts an event in its buckets.
    fn count(&mut self, hit: &Hit<'_>, tick: i64, env: &mut Env<'_>) {
        let pane = if env.settings.whole.is_some() { 0 } else { self.schedule.pane(hit.time) };
        let columns =
            (0..self.spec.fields).map(|n| KeyColumn { position: n as u16, optional: false });
        let found = combinations(hit.row, columns, BUCKET_LIMIT, env.arena);
        env.losses.evicted += found.dropped;
        let distinct = self.spec.cardinality.and_then(|_| hit.row.get(self.spec.fields).copied());
        for key in found.keys {
            if let Some(id) = self.buckets.count(key, pane, hit.time, distinct) {
                self.changed.entry(tick).or_default().insert(id);
            }
        }
    }

    /// Runs all ticks up to `due` at which something has changed.
    fn run(&mut self, due: i64, env: &mut Env<'_>) {
        // No tick up to one that is over has anything new.
        if due <= self.over {
            return;
        }
        while let Some(first) = self.changed.first_entry() {
            if *first.key() > due {
                break;
            }
            let (tick, ids) = first.remove_entry();
            self.tick_over(tick, ids, env);
        }
        self.over = self.over.max(due);
        if due < i64::MAX {
            let (first, _) = self.schedule.window(due.saturating_add(self.spec.interval));
            self.buckets.expire(first);
        }
    }

    /// One tick: the buckets that have reached the threshold, by key.
    fn tick_over(&mut self, tick: i64, ids: BTreeSet<BucketId>, env: &mut Env<'_>) {
        let panes = match env.settings.whole {
            Some(_) => (i64::MIN, i64::MAX),
            None => self.schedule.window(tick),
        };
        let mut reached: Vec<(Box<[u8]>, Count)> = Vec::new();
        for id in ids {
            let Some(count) = self.buckets.get(id).and_then(|b| self.reached(b, panes)) else {
                continue;
            };
            reached.push((self.buckets.key(id).into(), count));
            self.buckets.signal(id, panes.1, count.newest);
        }
        reached.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (key, count) in reached {
            let terms = values(&key);
            debug_assert!(terms.is_ok(), "keys are made here and checked when a state is read");
            env.drafts.push(Draft {
                time: tick,
                content: Content::Threshold {
                    terms: terms.unwrap_or_default().into(),
                    count: count.events,
                    cardinality: self.spec.cardinality.map(|_| count.distinct),
                    span: (count.oldest, count.newest),
                },
                suppression: None,
            });
        }
    }

    fn reached(&self, bucket: &Bucket, panes: (i64, i64)) -> Option<Count> {
        let count = bucket.sum(panes, self.spec.value, self.spec.cardinality.is_some())?;
        (count.distinct >= self.spec.cardinality.unwrap_or(0)).then_some(count)
    }
}

impl Head for Counter {
    fn hit(&mut self, hit: &Hit<'_>, env: &mut Env<'_>) {
        if env.settings.whole.is_some() {
            self.clock.see(hit.time, env.settings);
            self.count(hit, i64::MAX, env);
        } else {
            let mut tick = self.schedule.tick_at(hit.time);
            if tick <= self.over {
                env.losses.late += 1;
                tick = self.over.saturating_add(self.spec.interval);
            }
            if tick <= self.schedule.last_tick(hit.time) {
                self.count(hit, tick, env);
            }
            self.clock.see(hit.time, env.settings);
            self.run(self.clock.due(&self.schedule), env);
        }
        if let Some(most) = env.settings.rule_memory {
            self.bound(most, env);
        }
    }

    fn tick(&mut self, time: i64, env: &mut Env<'_>) {
        if env.settings.whole.is_none() {
            self.clock.advance(time, env.settings);
            self.run(self.clock.due(&self.schedule), env);
        }
    }

    fn finish(&mut self, env: &mut Env<'_>) {
        if let Some(whole) = env.settings.whole {
            let tick = whole.now.unwrap_or(self.clock.latest);
            let ids = self.changed.remove(&i64::MAX).unwrap_or_default();
            self.tick_over(tick, ids, env);
        } else {
            while let Some((tick, _)) = self.changed.first_key_value() {
                self.run(*tick, env);
            }
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.clock.encode(out);
        self.over.encode(out);
        let numbers = self.buckets.encode(out);
        (self.changed.len() as u64).encode(out);
        for (tick, ids) in &self.changed {
            tick.encode(out);
            let ids: Vec<u64> = ids.iter().filter_map(|id| numbers.get(id).copied()).collect();
            ids[..].encode(out);
        }
    }

    fn decode(&mut self, from: &mut Reader<'_>) -> Result<(), DecodeError> {
        let mut new = Counter::new(self.spec);
        new.clock = Clock::decode(from)?;
        new.over = i64::decode(from)?;
        let (buckets, ids) = Buckets::decode(from)?;
        new.buckets = buckets;
        for _ in 0..from.length()? {
            let tick = i64::decode(from)?;
            let changed = new.changed.entry(tick).or_default();
            for number in Vec::<u64>::decode(from)? {
                changed.insert(by_number(&ids, number)?);
            }
        }
        *self = new;
        Ok(())
    }

    fn memory(&self) -> usize {
        let changed: usize = self.changed.values().map(BTreeSet::len).sum();
        self.buckets.bytes() + changed * size_of::<BucketId>()
    }

    /// The oldest panes go.
    fn bound(&mut self, most: usize, env: &mut Env<'_>) {
        while self.buckets.held() > most {
            match self.buckets.evict() {
                0 => break,
                gone => env.losses.evicted += gone,
            }
        }
    }
}

#[cfg(test)]
mod tests;
