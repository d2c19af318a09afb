//! EQL `sample`: events of one key that fill all terms, in any order.
//!
//! Per key and term the last few events of the rule's window are kept, just so
//! many that nothing depends on those that are not. When each term can be filled
//! by an event of its own the sample is reported, and the key then keeps quiet
//! for the length of a window, at whose end it is asked again. With one window
//! over all input the first events are kept and everything is decided at the
//! end, keys ascending, as Elasticsearch does.

mod codec;
mod filling;

use super::Limit;
use crate::head::{Content, Draft, Env, Head, Hit, Settings, Source};
use crate::key::{KeyColumn, combinations, values};
use crate::sequence::KEY_LIMIT;
use crate::state::{DecodeError, Reader};
use core::mem::take;
use filling::fillings;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A sample rule, as constant data.
#[derive(Clone, Copy, Debug)]
pub struct SampleSpec {
    /// The terms in order.
    pub terms: &'static [SampleTerm],
    /// Length of the rule's window in milliseconds.
    pub lookback: i64,
    /// Most samples reported per key and window; 1 unless the request says more.
    pub per_key: u32,
    /// `head`/`tail` in the order written; they act on one window over all input.
    pub limits: &'static [Limit],
}

/// A term of a sample.
#[derive(Clone, Copy, Debug)]
pub struct SampleTerm {
    /// Bit of [`Hit::terms`](crate::head::Hit::terms).
    pub bit: u8,
    /// Key fields; the same number in each term.
    pub keys: &'static [KeyColumn],
}

/// Head of a sample rule.
#[derive(Debug)]
pub struct Sampler {
    spec: &'static SampleSpec,
    clock: i64,
    /// Time of the last sweep.
    swept: i64,
    keys: BTreeMap<Box<[u8]>, Candidates>,
    /// Ends of quiet times.
    due: BTreeSet<(i64, Box<[u8]>)>,
    heap: usize,
}

/// Events of one key.
#[derive(Debug, Default)]
struct Candidates {
    /// By term, in order of arrival.
    terms: Vec<Vec<Kept>>,
    /// Nothing is reported before this time.
    quiet: Option<i64>,
}

/// An event that may fill a term.
#[derive(Clone, Debug)]
struct Kept {
    time: i64,
    position: u64,
    source: Arc<Source>,
}

impl Sampler {
    /// An empty head for this rule.
    pub fn new(spec: &'static SampleSpec) -> Sampler {
        Sampler {
            spec,
            clock: i64::MIN,
            swept: i64::MIN,
            keys: BTreeMap::new(),
            due: BTreeSet::new(),
            heap: 0,
        }
    }

    /// With `n` terms and `m` samples per key, `n + m - 1` events of a term do:
    /// the other terms take at most `n - 1` of them.
    fn room(&self) -> usize {
        self.spec.terms.len() + (self.spec.per_key as usize).saturating_sub(1)
    }

    /// Keeps the event under a key; false if there is no room for it.
    fn keep(&mut self, key: &[u8], term: usize, hit: &Hit<'_>, whole: bool) -> bool {
        let (room, terms) = (self.room(), self.spec.terms.len());
        if !self.keys.contains_key(key) {
            self.heap += key_bytes(key, terms);
            let lists = (0..terms).map(|_| Vec::new()).collect();
            self.keys.insert(key.into(), Candidates { terms: lists, quiet: None });
        }
        let Some(candidates) = self.keys.get_mut(key) else { return false };
        let list = &mut candidates.terms[term];
        if list.len() >= room {
            if whole {
                return false;
            }
            self.heap -= list.remove(0).bytes();
        }
        let kept = Kept { time: hit.time, position: hit.position, source: hit.share() };
        self.heap += kept.bytes();
        list.push(kept);
        true
    }

    /// Reports the samples of a key whose events lie behind `start`.
    fn report(&mut self, key: &[u8], start: i64, now: i64, env: &mut Env<'_>) {
        let Some(candidates) = self.keys.get_mut(key) else { return };
        let lists: Vec<Vec<&Kept>> = candidates
            .terms
            .iter()
            .map(|l| l.iter().filter(|k| k.time > start).collect())
            .collect();
        let found = fillings(&lists, self.spec.per_key as usize);
        if found.is_empty() {
            return;
        }
        let keys = values(key).unwrap_or_default();
        for events in found {
            env.drafts.push(Draft {
                time: events.iter().map(|e| e.time).max().unwrap_or(now),
                content: Content::Sequence {
                    events: events.iter().map(|e| Some(Arc::clone(&e.source))).collect(),
                    keys: keys.clone().into(),
                },
                suppression: None,
            });
        }
        let end = now.saturating_add(self.spec.lookback);
        candidates.quiet = Some(end);
        self.due.insert((end, key.into()));
    }

    /// Ends quiet times, and now and then drops what left the window.
    fn settle(&mut self, now: i64, env: &mut Env<'_>) {
        while self.due.first().is_some_and(|(end, _)| *end <= now) {
            let Some((end, key)) = self.due.pop_first() else { break };
            if let Some(candidates) = self.keys.get_mut(&key) {
                candidates.quiet = None;
                self.report(&key, end.saturating_sub(self.spec.lookback), end, env);
            }
        }
        if self.swept == i64::MIN || now.saturating_sub(self.swept) >= self.spec.lookback / 8 {
            self.swept = now;
            self.drop_until(now.saturating_sub(self.spec.lookback));
        }
    }

    /// Drops events up to this time; how many those were.
    fn drop_until(&mut self, time: i64) -> u64 {
        let (heap, mut count, terms) = (&mut self.heap, 0, self.spec.terms.len());
        self.keys.retain(|key, candidates| {
            for list in &mut candidates.terms {
                for gone in list.extract_if(.., |k| k.time <= time) {
                    *heap -= gone.bytes();
                    count += 1;
                }
            }
            let stays =
                candidates.quiet.is_some() || candidates.terms.iter().any(|l| !l.is_empty());
            if !stays {
                *heap -= key_bytes(key, terms);
            }
            stays
        });
        count
    }

    fn watermark(&self, settings: &Settings) -> i64 {
        self.clock.saturating_sub(settings.lateness)
    }
}

impl Head for Sampler {
    fn hit(&mut self, hit: &Hit<'_>, env: &mut Env<'_>) {
        let whole = env.settings.whole.is_some();
        if !whole && hit.time < self.watermark(env.settings) {
            env.losses.late += 1;
            return;
        }
        if hit.time > self.clock {
            self.clock = hit.time;
            if !whole {
                self.settle(self.watermark(env.settings), env);
            }
        }
        let (now, mut touched) = (self.clock, BTreeSet::new());
        for (number, term) in self.spec.terms.iter().enumerate() {
            if hit.terms >> term.bit & 1 == 1 {
                let found = combinations(hit.row, term.keys.iter().copied(), KEY_LIMIT, env.arena);
                env.losses.evicted += found.dropped;
                for key in found.keys {
                    if self.keep(key, number, hit, whole) {
                        touched.insert(*key);
                    }
                }
            }
        }
        if !whole {
            for key in touched {
                if self.keys.get(key).is_some_and(|c| c.quiet.is_none()) {
                    self.report(key, now.saturating_sub(self.spec.lookback), now, env);
                }
            }
        }
        if let Some(most) = env.settings.rule_memory {
            self.bound(most, env);
        }
    }

    fn tick(&mut self, time: i64, env: &mut Env<'_>) {
        self.clock = self.clock.max(time);
        if env.settings.whole.is_none() {
            self.settle(self.watermark(env.settings), env);
        }
    }

    fn finish(&mut self, env: &mut Env<'_>) {
        if env.settings.whole.is_none() {
            while let Some((end, _)) = self.due.first() {
                self.settle(*end, env);
            }
            return;
        }
        let mut samples = Vec::new();
        let before = take(env.drafts);
        for key in self.keys.keys().cloned().collect::<Vec<_>>() {
            self.report(&key, i64::MIN, self.clock, env);
            samples.append(env.drafts);
        }
        Limit::apply(self.spec.limits, &mut samples);
        *env.drafts = before;
        env.drafts.append(&mut samples);
        *self = Sampler::new(self.spec);
    }

    fn encode(&self, out: &mut Vec<u8>) {
        codec::encode(self, out);
    }

    fn decode(&mut self, from: &mut Reader<'_>) -> Result<(), DecodeError> {
        *self = codec::decode(self.spec, from)?;
        Ok(())
    }

    fn memory(&self) -> usize {
        self.heap + self.due.len() * size_of::<(i64, Box<[u8]>)>()
    }

    fn bound(&mut self, most: usize, env: &mut Env<'_>) {
        while self.heap > most {
            let times = self.keys.values().flat_map(|c| c.terms.iter().flatten().map(|k| k.time));
            let mut times: Vec<i64> = times.collect();
            times.sort_unstable();
            let Some(cut) = times.get(times.len() / 8) else { break };
            env.losses.evicted += self.drop_until(*cut);
        }
    }
}

impl Kept {
    fn bytes(&self) -> usize {
        size_of::<Kept>() + size_of::<Source>() + self.source.line.len() + self.source.index.len()
    }
}

fn key_bytes(key: &[u8], terms: usize) -> usize {
    key.len() + size_of::<(Box<[u8]>, Candidates)>() + terms * size_of::<Vec<Kept>>()
}

#[cfg(test)]
mod tests;
