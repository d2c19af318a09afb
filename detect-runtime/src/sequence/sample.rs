//! EQL `sample`: events of one key that fill all terms, in any order.
//!
//! Per key and term the last few events of the rule's window are kept, just so
//! many that nothing depends on those that are not. When each term can be filled
//! by an event of its own the sample is reported, and the key then keeps quiet
//! for the length of a window, at whose end it is asked again. With one window
//! over all input the first events are kept and everything is decided at the
//! end, keys ascending, as Elasticsearch does.

use super::Limit;
use crate::head::{Content, Draft, Env, Head, Hit, Settings, Source};
use crate::key::{KeyColumn, combinations, values};
use crate::sequence::KEY_LIMIT;
use crate::state::{Decode, DecodeError, Encode, Reader};
use core::mem::take;
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

    /// Drops the oldest events where there is too much.
    fn bound(&mut self, env: &mut Env<'_>) {
        let Some(most) = env.settings.rule_memory else { return };
        while self.heap > most {
            let times = self.keys.values().flat_map(|c| c.terms.iter().flatten().map(|k| k.time));
            let mut times: Vec<i64> = times.collect();
            times.sort_unstable();
            let Some(cut) = times.get(times.len() / 8) else { break };
            env.losses.evicted += self.drop_until(*cut);
        }
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
        self.bound(env);
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
        self.clock.encode(out);
        self.swept.encode(out);
        (self.keys.len() as u64).encode(out);
        for (key, candidates) in &self.keys {
            blob(key, out);
            candidates.quiet.encode(out);
            for list in &candidates.terms {
                (list.len() as u64).encode(out);
                for kept in list {
                    kept.time.encode(out);
                    kept.position.encode(out);
                    blob(&kept.source.line, out);
                    kept.source.index.encode(out);
                }
            }
        }
    }

    fn decode(&mut self, from: &mut Reader<'_>) -> Result<(), DecodeError> {
        let mut new = Sampler::new(self.spec);
        new.clock = i64::decode(from)?;
        new.swept = i64::decode(from)?;
        for _ in 0..from.length()? {
            let key: Box<[u8]> = bytes(from)?.into();
            values(&key)?;
            let quiet: Option<i64> = Option::decode(from)?;
            let mut terms = Vec::new();
            for _ in self.spec.terms {
                let length = from.length()?;
                terms.push((0..length).map(|_| kept(from)).collect::<Result<Vec<_>, _>>()?);
            }
            if let Some(end) = quiet {
                new.due.insert((end, key.clone()));
            }
            let events: usize = terms.iter().flatten().map(Kept::bytes).sum();
            let fresh = key_bytes(&key, terms.len()) + events;
            if new.keys.insert(key, Candidates { terms, quiet }).is_none() {
                new.heap += fresh;
            } else {
                return Err(DecodeError::Tag { what: "key that was there before", tag: 0 });
            }
        }
        *self = new;
        Ok(())
    }

    fn memory(&self) -> usize {
        self.heap + self.due.len() * size_of::<(i64, Box<[u8]>)>()
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

fn blob(bytes: &[u8], out: &mut Vec<u8>) {
    (bytes.len() as u64).encode(out);
    out.extend_from_slice(bytes);
}

fn bytes<'b>(from: &mut Reader<'b>) -> Result<&'b [u8], DecodeError> {
    let length = from.length()?;
    from.take(length)
}

fn kept(from: &mut Reader<'_>) -> Result<Kept, DecodeError> {
    Ok(Kept {
        time: i64::decode(from)?,
        position: u64::decode(from)?,
        source: Arc::new(Source { line: bytes(from)?.into(), index: Box::decode(from)? }),
    })
}

/// The first `most` ways to fill all terms with different events, in the order
/// of the lists.
fn fillings<'k>(lists: &[Vec<&'k Kept>], most: usize) -> Vec<Vec<&'k Kept>> {
    let mut all = Vec::new();
    if can_fill(lists, &[]) {
        fill(lists, &mut Vec::new(), most, &mut all);
    }
    all
}

/// Goes only where a filling is certain, so each costs polynomial time.
fn fill<'k>(
    lists: &[Vec<&'k Kept>],
    chosen: &mut Vec<&'k Kept>,
    most: usize,
    all: &mut Vec<Vec<&'k Kept>>,
) {
    let Some(list) = lists.get(chosen.len()) else {
        all.push(chosen.clone());
        return;
    };
    for kept in list {
        if all.len() == most {
            return;
        }
        if chosen.iter().all(|c| c.position != kept.position) {
            chosen.push(kept);
            if can_fill(lists, chosen) {
                fill(lists, chosen, most, all);
            }
            chosen.pop();
        }
    }
}

/// Whether the terms behind the chosen ones can be filled with different other
/// events: a bipartite matching by augmenting paths.
fn can_fill(lists: &[Vec<&Kept>], chosen: &[&Kept]) -> bool {
    let mut taken: BTreeMap<u64, usize> = BTreeMap::new();
    let used: BTreeSet<u64> = chosen.iter().map(|k| k.position).collect();
    (chosen.len()..lists.len()).all(|term| augment(lists, term, &mut taken, &mut used.clone()))
}

fn augment(
    lists: &[Vec<&Kept>],
    term: usize,
    taken: &mut BTreeMap<u64, usize>,
    visited: &mut BTreeSet<u64>,
) -> bool {
    for kept in &lists[term] {
        if visited.insert(kept.position) {
            let free = match taken.get(&kept.position) {
                None => true,
                Some(other) => augment(lists, *other, taken, visited),
            };
            if free {
                taken.insert(kept.position, term);
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::Whole;
    use crate::head::trial::{Event, Trial, name};
    use crate::value::{Owned, Value};
    use proptest::prelude::*;

    const KEY: KeyColumn = KeyColumn { position: 0, optional: true };
    const SPEC: SampleSpec = SampleSpec {
        terms: &[
            SampleTerm { bit: 0, keys: &[KEY] },
            SampleTerm { bit: 1, keys: &[KEY] },
            SampleTerm { bit: 2, keys: &[KEY] },
        ],
        lookback: 10,
        per_key: 1,
        limits: &[],
    };

    /// Key (empty: none), conditions, time.
    type Row = (&'static str, u64, i64);

    fn feed(head: &mut Sampler, trial: &mut Trial, at: usize, (key, terms, time): Row) {
        let event =
            Event { name: at.to_string(), time, position: at as u64, terms, ..Event::default() };
        let key = if key.is_empty() { Value::Null } else { Value::Text(key) };
        trial.hit(head, &event, &[key]);
    }

    /// Samples as `key:event,event,event`.
    fn run(
        spec: &'static SampleSpec,
        settings: &Settings,
        rows: &[Row],
        stop: usize,
    ) -> Vec<String> {
        let mut head = Sampler::new(spec);
        let mut trial = Trial::new(settings.clone());
        for (at, row) in rows.iter().enumerate() {
            if at == stop {
                let mut bytes = Vec::new();
                head.encode(&mut bytes);
                let memory = head.memory();
                head = Sampler::new(spec);
                head.decode(&mut Reader::new(&bytes)).unwrap();
                assert_eq!(head.memory(), memory);
            }
            feed(&mut head, &mut trial, at, *row);
        }
        head.finish(&mut trial.env());
        head.tick(i64::MAX / 2, &mut trial.env());
        if settings.whole.is_none() {
            head.tick(i64::MAX / 2 + 1000, &mut trial.env());
        }
        assert_eq!(head.memory(), 0, "all is freed and accounted for");
        trial.drafts.iter().map(show).collect()
    }

    fn show(draft: &Draft) -> String {
        let Content::Sequence { events, keys } = &draft.content else { panic!("not a sample") };
        let key = match &keys[0] {
            Owned::Text(t) => t,
            _ => "",
        };
        let events: Vec<String> = events.iter().flatten().map(name).collect();
        format!("{key}:{}", events.join(","))
    }

    fn whole() -> Settings {
        Settings { whole: Some(Whole::default()), ..Settings::default() }
    }

    #[test]
    fn samples_by_table() {
        static TWO: SampleSpec = SampleSpec { per_key: 2, ..SPEC };
        static FIRST: SampleSpec = SampleSpec { limits: &[Limit::Head(1)], ..SPEC };
        static ONE: SampleSpec = SPEC;
        // What it shows, rule, stream or whole, events, samples.
        type Case =
            (&'static str, &'static SampleSpec, bool, &'static [Row], &'static [&'static str]);
        let table: &[Case] = &[
            (
                "any order",
                &ONE,
                false,
                &[("a", 4, 1), ("a", 1, 2), ("b", 2, 3), ("a", 2, 4)],
                &["a:1,3,0"],
            ),
            ("null is a key", &ONE, false, &[("", 1, 1), ("", 2, 2), ("", 4, 3)], &[":0,1,2"]),
            ("all different", &ONE, false, &[("a", 7, 1), ("a", 7, 2)], &[]),
            (
                "one event, many terms",
                &ONE,
                false,
                &[("a", 7, 1), ("a", 7, 2), ("a", 1, 3)],
                &["a:2,0,1"],
            ),
            ("out of the window", &ONE, false, &[("a", 1, 1), ("a", 2, 5), ("a", 4, 11)], &[]),
            ("just inside", &ONE, false, &[("a", 1, 1), ("a", 2, 5), ("a", 4, 10)], &["a:0,1,2"]),
            (
                "once per window",
                &ONE,
                false,
                &[
                    ("a", 1, 1),
                    ("a", 2, 2),
                    ("a", 4, 3),
                    ("a", 7, 5),
                    ("a", 7, 6),
                    ("a", 7, 7),
                    ("b", 1, 40),
                ],
                &["a:0,1,2", "a:3,4,5"],
            ),
            (
                "keys ascend",
                &ONE,
                true,
                &[
                    ("b", 7, 1),
                    ("b", 7, 1),
                    ("", 7, 1),
                    ("a", 7, 1),
                    ("a", 7, 1),
                    ("a", 7, 1),
                    ("b", 7, 1),
                    ("", 7, 2),
                    ("", 7, 900),
                ],
                &[":2,7,8", "a:3,4,5", "b:0,1,6"],
            ),
            (
                "two per key",
                &TWO,
                true,
                &[("a", 1, 1), ("a", 2, 1), ("a", 4, 1), ("a", 2, 1)],
                &["a:0,1,2", "a:0,3,2"],
            ),
            (
                "head",
                &FIRST,
                true,
                &[("b", 7, 1), ("b", 7, 1), ("b", 7, 1), ("a", 7, 1), ("a", 7, 1), ("a", 7, 1)],
                &["a:3,4,5"],
            ),
        ];
        for (what, spec, is_whole, rows, expected) in table {
            let settings = if *is_whole { whole() } else { Settings::default() };
            for stop in 0..=rows.len() {
                assert_eq!(run(spec, &settings, rows, stop), *expected, "{what}, stop {stop}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        /// With one window over everything a key is reported exactly if some
        /// choice of events fills all terms, and the choice is one.
        #[test]
        fn finds_a_sample_where_there_is_one(
            rows in prop::collection::vec((prop::sample::select(vec!["", "a"]), 0..8u64, 0..9i64), 0..9),
            stop in 0..9usize,
        ) {
            static ONE: SampleSpec = SPEC;
            let got = run(&ONE, &whole(), &rows, stop);
            let has = |n: usize, key: &str, bit: u64| rows[n].0 == key && rows[n].1 >> bit & 1 == 1;
            let all = 0..rows.len();
            for key in ["", "a"] {
                let mut ways = Vec::new();
                for i in all.clone().filter(|i| has(*i, key, 0)) {
                    for j in all.clone().filter(|j| has(*j, key, 1) && *j != i) {
                        for k in all.clone().filter(|k| has(*k, key, 2) && *k != i && *k != j) {
                            ways.push(format!("{key}:{i},{j},{k}"));
                        }
                    }
                }
                let of_key: Vec<&String> =
                    got.iter().filter(|g| g.split(':').next() == Some(key)).collect();
                prop_assert_eq!(of_key.len(), usize::from(!ways.is_empty()));
                prop_assert!(of_key.iter().all(|g| ways.contains(g)));
            }
        }
    }
}
