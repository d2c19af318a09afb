//! The state machine of a sequence rule.
//!
//! For every key there are slots `0..n-1`, each with at most one pending
//! sequence whose last event was taken for that positive term. An event tries
//! its terms from the last to the first, so it cannot advance what it has just
//! extended:
//!
//! * the first term begins a sequence and replaces the one in slot 0;
//! * a later term takes the sequence out of the slot before, whatever comes
//!   then: beyond maxspan it is dropped, else it is complete or goes into the
//!   next slot and replaces what is there.
//!
//! This gives what Elasticsearch's matcher gives, which keeps lists and picks the
//! latest candidate before the event: with events in order only the latest can
//! ever be used. `until` empties the slots of its key after the terms, so an
//! event that is both finishes the sequence.
//!
//! # Time
//!
//! Order and maxspan go by `@timestamp`, lateness and expiry by the rule's time.
//! Where both are the same nothing is lost. Where they differ (ingestion time
//! as rule's time), two events of one sequence may have been delayed by
//! different times: what is pending lives [`DELAY_SPREAD`] and the lateness
//! longer than maxspan. An event that comes out of order in spite of the
//! lateness takes part where it still fits and is counted as late where it
//! does not. With one window over all input, all events are held and sorted and
//! only `@timestamp` counts.

use super::keys::{KeyId, Keys};
use super::pending::{Pending, Waiting, millis};
use super::reorder::{Held, Reorder};
use super::shape::{Missing, Place, Shape};
use super::{Join, Limit, SequenceSpec, TermSpec};
use crate::head::{Content, Draft, Env, Head, Hit, Settings, Sleeper, Source};
use crate::key::{combinations, push, values};
use crate::state::{DecodeError, Reader};
use crate::value::{Cx, Value};
use bumpalo::Bump;
use std::sync::Arc;

/// How much the delays between `@timestamp` and the rule's time of two events of
/// one sequence may differ beyond the lateness, in milliseconds.
pub const DELAY_SPREAD: i64 = 60_000;

/// Most keys that one event has under one term; more are counted as evicted.
pub const KEY_LIMIT: usize = 1024;

/// Held events whose rows are read into the caller's arena; those behind them share
/// the room of one.
const LENT_AT_ONCE: usize = 16;

/// Head of a sequence rule.
#[derive(Debug)]
pub struct Machine {
    pub(super) spec: &'static SequenceSpec,
    pub(super) shape: Shape,
    pub(super) clock: i64,
    /// Rule's time up to which everything has been settled.
    pub(super) progress: i64,
    /// Events taken so far.
    pub(super) rank: u64,
    /// Events held so far.
    pub(super) arrivals: u64,
    /// Time that announced hits before all that is held bring; see
    /// [`Sleeper::precede`].
    pub(super) preceding: i64,
    pub(super) reorder: Reorder,
    pub(super) keys: Keys,
    /// Completions of one window over all input.
    pub(super) complete: Vec<Complete>,
}

/// A completion that waits for its place in the order of results.
#[derive(Debug)]
pub(super) struct Complete {
    pub(super) rank: u64,
    pub(super) key: Box<[u8]>,
    pub(super) pending: Pending,
}

impl Complete {
    fn draft(self, spec: &SequenceSpec) -> Draft {
        let keys = values(&self.key);
        debug_assert!(keys.is_ok(), "keys are made here and checked when a state is read");
        Draft {
            time: self.pending.time,
            content: Content::Sequence {
                events: self.pending.events(spec),
                keys: keys.unwrap_or_default().into(),
            },
            suppression: None,
        }
    }
}

impl Machine {
    /// An empty machine for this rule.
    pub fn new(spec: &'static SequenceSpec) -> Machine {
        let shape = Shape::of(spec);
        Machine {
            spec,
            clock: i64::MIN,
            progress: i64::MIN,
            rank: 0,
            arrivals: 0,
            preceding: i64::MIN,
            reorder: Reorder::new(shape.wake),
            shape,
            keys: Keys::new(spec.maxspan.unwrap_or(spec.lookback)),
            complete: Vec::new(),
        }
    }

    /// Number of keys with something pending.
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    /// Takes an event in its place in the order.
    fn take<'e>(&mut self, hit: &Hit<'_>, watermark: i64, env: &mut Env<'e>) {
        self.settle(basis(hit, env.settings).max(self.preceding).min(watermark), env);
        self.rank = self.rank.wrapping_add(1);
        let groups = env.arena.alloc_slice_fill_default(self.shape.groups.len());
        let mut event: Event<'_, 'e> = Event { hit, arena: env.arena, source: None, groups };
        for k in (0..self.shape.positive.len()).rev() {
            let (term, group) = self.shape.positive[k];
            let term = &self.spec.terms[term];
            if hit.terms & term.mask() != 0 {
                for at in 0..self.count_keys(&mut event, group, env) {
                    if k == 0 {
                        self.begin(&mut event, (group, at), term, env);
                    } else {
                        self.extend(&mut event, k, (group, at), term, env);
                    }
                }
            }
        }
        for number in 0..self.shape.missing.len() {
            let Missing { mask, group, place } = self.shape.missing[number];
            if hit.terms & mask != 0 {
                for at in 0..self.count_keys(&mut event, group, env) {
                    self.miss(hit, event.key((group, at)), place, env);
                }
            }
        }
        if let Some((mask, group)) = self.shape.until
            && hit.terms & mask != 0
        {
            for at in 0..self.count_keys(&mut event, group, env) {
                if let Some(id) = self.keys.get(event.key((group, at))) {
                    self.keys.clear(id);
                    self.keys.settle(id);
                }
            }
        }
        for id in event.groups.iter().flatten().flat_map(|g| g.iter()).filter_map(|k| k.1) {
            self.keys.settle(id);
        }
    }

    /// Makes the event's keys under a group of key fields and finds those that
    /// are known; how many there are.
    fn count_keys<'e>(&self, event: &mut Event<'_, 'e>, group: usize, env: &mut Env<'e>) -> usize {
        let columns = self.shape.groups[group].iter().copied();
        let (hit, arena) = (event.hit, event.arena);
        let keys = event.groups[group].get_or_insert_with(|| {
            let found = combinations(hit.row, columns, KEY_LIMIT, arena);
            env.losses.evicted += found.dropped;
            arena.alloc_slice_fill_iter(found.keys.iter().map(|k| (*k, self.keys.get(k))))
        });
        keys.len()
    }

    fn begin(
        &mut self,
        event: &mut Event<'_, '_>,
        key: (usize, usize),
        term: &TermSpec,
        env: &mut Env<'_>,
    ) {
        let hit = event.hit;
        let id = self.keys.get_or_insert(event.key(key));
        event.know(key, id);
        let entry = self.keys.entry(id);
        if entry.find(0).is_some_and(|at| entry.pending[at].last > hit.order) {
            env.losses.late += 1;
            return;
        }
        let lead = entry.side.as_ref().and_then(|s| s.lead?.before(millis(hit.order)));
        let (source, charged) = event.keep();
        let span = self.spec.maxspan.unwrap_or(self.spec.lookback);
        let mut pending = Pending::new(hit, source, charged, self.expiry(hit, span, env.settings));
        if self.shape.captures {
            pending.capture(hit, term);
        }
        if lead.is_some() {
            pending.extra.get_or_insert_default().lead = lead;
        }
        if self.shape.positive.len() == 1 {
            self.finish_sequence(id, pending, env);
        } else {
            self.keys.put(id, pending);
        }
    }

    fn extend(
        &mut self,
        event: &mut Event<'_, '_>,
        k: usize,
        key: (usize, usize),
        term: &TermSpec,
        env: &mut Env<'_>,
    ) {
        let hit = event.hit;
        let Some(id) = event.known(key) else { return };
        let entry = self.keys.entry(id);
        let Some(at) = entry.find((k - 1) as u16) else { return };
        let pending = &entry.pending[at];
        if pending.last > hit.order {
            env.losses.late += 1;
            return;
        }
        let expired = pending.expires < self.progress && !self.unbounded(env.settings);
        let beyond = self.spec.maxspan.is_some_and(|most| pending.span_to(hit.order) > most);
        if !expired && term.join.is_some_and(|join| !self.joins(join, pending, hit, env)) {
            return;
        }
        if expired || beyond {
            self.keys.take(id, at);
            return;
        }
        let (source, charged) = event.keep();
        let captures = self.shape.captures;
        let append = |pending: &mut Pending| {
            pending.append(hit, source, charged);
            if captures {
                pending.capture(hit, term);
            }
        };
        if k + 1 == self.shape.positive.len() {
            let mut pending = self.keys.take(id, at);
            append(&mut pending);
            self.finish_sequence(id, pending, env);
        } else {
            self.keys.shift(id, at, append);
        }
    }

    /// All positive terms are there: asks the missing ones before and behind.
    ///
    /// With L the latest leading missing event before the first event and T the
    /// earliest trailing one behind the last: accepted if there is no L and no
    /// trailing term, or `last - L > maxspan`; if `T - first > maxspan` (no
    /// leading term); if `T - L > maxspan` or one of them is not there (both).
    fn finish_sequence(&mut self, id: KeyId, pending: Pending, env: &mut Env<'_>) {
        if pending.rejected {
            return;
        }
        let maxspan = self.spec.maxspan.unwrap_or(i64::MAX);
        let (first, last) = (millis(pending.first), millis(pending.last));
        let from = self.origin(&pending);
        if self.shape.trailing {
            if let Some(from) = from
                && last.saturating_sub(from) < maxspan
            {
                let deadline = pending.expires.saturating_sub(first.saturating_sub(from));
                self.keys.wait(id, Waiting { pending, deadline, rank: self.rank });
                return;
            }
        } else if self.shape.leading
            && from.is_some_and(|lead| last.saturating_sub(lead) <= maxspan)
        {
            return;
        }
        let key = self.keys.entry(id).key.clone();
        self.emit(Complete { rank: self.rank, key, pending }, env);
    }

    /// From where maxspan is measured to a trailing missing event: the leading
    /// missing event where the rule has such a term, else the first event.
    fn origin(&self, pending: &Pending) -> Option<i64> {
        if self.shape.leading {
            pending.extra.as_ref().and_then(|e| e.lead)
        } else {
            Some(millis(pending.first))
        }
    }

    /// A missing event of this key.
    fn miss(&mut self, hit: &Hit<'_>, key: &[u8], place: Place, env: &mut Env<'_>) {
        let time = millis(hit.order);
        let maxspan = self.spec.maxspan.unwrap_or(self.spec.lookback);
        if place == Place::Leading {
            let id = self.keys.get_or_insert(key);
            self.keys.lead(id, time, self.expiry(hit, maxspan, env.settings));
            return;
        }
        let Some(id) = self.keys.get(key) else { return };
        if let Place::Middle(slot) = place {
            self.keys.miss(id, slot, time);
            return;
        }
        for Waiting { pending, rank, .. } in self.keys.decide(id, |w| millis(w.pending.last) < time)
        {
            if self.origin(&pending).is_none_or(|from| time.saturating_sub(from) > maxspan) {
                self.emit(Complete { rank, key: key.into(), pending }, env);
            }
        }
        self.keys.settle(id);
    }

    /// Whether the join of a term holds for a pending sequence and this event.
    fn joins(&self, join: Join, pending: &Pending, hit: &Hit<'_>, env: &Env<'_>) -> bool {
        let captured = env.arena.alloc_slice_fill_copy(self.spec.terms.len(), &[][..]);
        let rows = pending.extra.iter().flat_map(|e| &e.rows);
        for ((term, _), row) in self.shape.positive.iter().zip(rows) {
            let row = row.iter().map(|value| value.lend(env.arena));
            captured[*term] = env.arena.alloc_slice_fill_iter(row);
        }
        let cx = Cx { arena: env.arena, now: hit.time, warnings: env.warnings };
        join(captured, hit.row, &cx)
    }

    fn emit(&mut self, complete: Complete, env: &mut Env<'_>) {
        if env.settings.whole.is_some() {
            self.complete.push(complete);
        } else {
            env.drafts.push(complete.draft(self.spec));
        }
    }

    /// Rule's time has come to `now`: expires, and accepts what has waited.
    pub(super) fn settle(&mut self, now: i64, env: &mut Env<'_>) {
        if now <= self.progress {
            return;
        }
        self.progress = now;
        if self.unbounded(env.settings) {
            return;
        }
        let (spec, all) = (self.spec, &mut self.complete);
        self.keys.sweep(now, |key, Waiting { pending, rank, .. }| {
            let complete = Complete { rank, key, pending };
            if env.settings.whole.is_some() {
                all.push(complete);
            } else {
                env.drafts.push(complete.draft(spec));
            }
        });
    }

    /// Takes all events that the watermark lets go.
    pub(super) fn release(&mut self, watermark: i64, env: &mut Env<'_>) {
        self.reorder.open(watermark, self.spec.tiebreaker.is_some() && watermark < i64::MAX);
        self.drain(watermark, env);
    }

    fn drain(&mut self, watermark: i64, env: &mut Env<'_>) {
        let mut own = Bump::new();
        let mut count = 0;
        while let Some(held) = self.reorder.next() {
            if held.terms & self.shape.wake == 0 && self.keys.is_empty() {
                // It could only go on with what is pending.
                let order = millis(held.ordinal.order);
                let basis = if env.settings.whole.is_some() { order } else { held.time };
                self.settle(basis.max(self.preceding).min(watermark), env);
                continue;
            }
            count += 1;
            let arena = if count <= LENT_AT_ONCE {
                env.arena
            } else {
                own.reset();
                &own
            };
            let mut env = Env {
                arena,
                settings: env.settings,
                drafts: env.drafts,
                losses: env.losses,
                warnings: env.warnings,
            };
            held.lend(arena, |hit| self.take(hit, watermark, &mut env));
        }
    }

    pub(super) fn watermark(&self, settings: &Settings) -> i64 {
        self.clock.saturating_sub(settings.lateness)
    }

    /// Nothing expires.
    fn unbounded(&self, settings: &Settings) -> bool {
        settings.whole.is_some() && self.spec.maxspan.is_none()
    }

    /// When nothing can follow an event within `span` any more. What follows may have
    /// been delayed although the event was not.
    fn expiry(&self, hit: &Hit<'_>, span: i64, settings: &Settings) -> i64 {
        let delayed = self.spec.delayed && settings.whole.is_none();
        let spread = if delayed { DELAY_SPREAD } else { 0 };
        basis(hit, settings).saturating_add(span).saturating_add(spread)
    }

    pub(super) fn tie(&self, hit: &Hit<'_>) -> Box<[u8]> {
        let Some(at) = self.spec.tiebreaker else { return Box::default() };
        let mut bytes = Vec::new();
        match hit.row.get(usize::from(at)) {
            None | Some(Value::Null) => bytes.push(u8::MAX),
            Some(value) => push(&mut bytes, *value),
        }
        bytes.into()
    }
}

impl Head for Machine {
    fn hit(&mut self, hit: &Hit<'_>, env: &mut Env<'_>) {
        let whole = env.settings.whole.is_some();
        if !whole && hit.time < self.watermark(env.settings) {
            env.losses.late += 1;
            return;
        }
        self.clock = self.clock.max(hit.time);
        let watermark = if whole { i64::MAX } else { self.watermark(env.settings) };
        if !whole
            && self.spec.tiebreaker.is_none()
            && hit.time <= watermark
            && self.reorder.is_empty()
        {
            self.take(hit, watermark, env);
        } else {
            self.arrivals = self.arrivals.wrapping_add(1);
            self.reorder.hold(Held::new(hit, self.tie(hit), self.arrivals));
            if !whole {
                self.release(watermark, env);
            }
        }
        if !whole {
            self.settle(watermark, env);
        }
        if let Some(most) = env.settings.rule_memory {
            self.bound(most, env);
        }
    }

    fn tick(&mut self, time: i64, env: &mut Env<'_>) {
        if env.settings.whole.is_some() {
            return;
        }
        self.clock = self.clock.max(time);
        let watermark = self.watermark(env.settings);
        self.release(watermark, env);
        self.settle(watermark, env);
    }

    fn finish(&mut self, env: &mut Env<'_>) {
        self.release(i64::MAX, env);
        self.settle(i64::MAX, env);
        self.complete.sort_by(|a, b| (a.rank, &a.key).cmp(&(b.rank, &b.key)));
        Limit::apply(self.spec.limits, &mut self.complete);
        env.drafts.extend(self.complete.drain(..).map(|c| c.draft(self.spec)));
    }

    fn encode(&self, out: &mut Vec<u8>) {
        super::codec::encode(self, out);
    }

    fn decode(&mut self, from: &mut Reader<'_>) -> Result<(), DecodeError> {
        *self = super::codec::decode(self.spec, from)?;
        Ok(())
    }

    fn memory(&self) -> usize {
        self.reorder.bytes() + self.keys.bytes()
    }

    /// Held events go on early, then what expires first is dropped.
    fn bound(&mut self, most: usize, env: &mut Env<'_>) {
        let watermark = self.watermark(env.settings);
        while self.reorder.bytes() + self.keys.held() > most {
            if !self.reorder.is_empty() {
                self.reorder.open_first();
                self.drain(watermark, env);
            } else if let Some(gone) = self.keys.evict() {
                env.losses.evicted += gone;
            } else {
                break;
            }
        }
    }

    fn sleeper(&mut self) -> Option<&mut dyn Sleeper> {
        // Tiebreakers stand in the row, which an announced hit has not.
        self.spec.tiebreaker.is_none().then_some(self)
    }
}

/// An event on its way through the terms.
struct Event<'h, 'a> {
    hit: &'h Hit<'h>,
    arena: &'a Bump,
    source: Option<Arc<Source>>,
    /// By group, once somebody has asked for them.
    groups: &'a mut [Option<&'a mut [Known<'a>]>],
}

/// A key of an event, and its number if the store knows it.
type Known<'a> = (&'a [u8], Option<KeyId>);

impl<'a> Event<'_, 'a> {
    fn key(&self, (group, at): (usize, usize)) -> &'a [u8] {
        self.groups[group].as_ref().map_or(&[], |keys| keys[at].0)
    }

    fn known(&self, (group, at): (usize, usize)) -> Option<KeyId> {
        self.groups[group].as_ref().and_then(|keys| keys[at].1)
    }

    fn know(&mut self, (group, at): (usize, usize), id: KeyId) {
        if let Some(keys) = &mut self.groups[group] {
            keys[at].1 = Some(id);
        }
    }

    /// The event for keeping, and the bytes to count for it: the whole line the
    /// first time, nothing then.
    fn keep(&mut self) -> (Arc<Source>, u32) {
        if let Some(source) = &self.source {
            return (Arc::clone(source), 0);
        }
        let source = self.hit.share();
        let bytes = size_of::<Source>() + source.line.len() + source.index.len();
        self.source = Some(Arc::clone(&source));
        (source, u32::try_from(bytes).unwrap_or(u32::MAX))
    }
}

/// The time that expiry goes by.
fn basis(hit: &Hit<'_>, settings: &Settings) -> i64 {
    if settings.whole.is_some() { millis(hit.order) } else { hit.time }
}
