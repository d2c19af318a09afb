//! One pending sequence: its events so far and what decides its fate.

use super::{SequenceSpec, TermSpec};
use crate::head::{Hit, Source};
use crate::value::Owned;
use std::sync::Arc;

/// Nanoseconds in a millisecond.
pub(super) const NANOS: i64 = 1_000_000;

/// A sequence that is not complete, in slot `k` when its last event was taken
/// for positive term `k`.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) slot: u16,
    /// A missing event lies between two of its events. It goes on, because it
    /// takes the place of others, and is thrown away when it is complete.
    pub(super) rejected: bool,
    /// `@timestamp` of the first and last event in nanoseconds.
    pub(super) first: i64,
    pub(super) last: i64,
    /// Rule's time of the last event in milliseconds.
    pub(super) time: i64,
    /// Rule's time in milliseconds behind which nothing can extend it.
    pub(super) expires: i64,
    /// Bytes of lines that are counted here; a line shared by several pending
    /// sequences is counted at one of them.
    pub(super) charged: u32,
    pub(super) head: Arc<Source>,
    pub(super) tail: Vec<Arc<Source>>,
    pub(super) extra: Option<Box<Extra>>,
}

/// What only some rules need.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Extra {
    /// Earliest missing event behind the last event, in milliseconds.
    pub(super) gap: Option<i64>,
    /// Latest leading missing event before the first event, in milliseconds.
    pub(super) lead: Option<i64>,
    /// Captured values of each event.
    pub(super) rows: Vec<Box<[Owned]>>,
}

/// A complete sequence that a trailing missing event could still reject.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) pending: Pending,
    /// It is accepted when time has passed this, in milliseconds of rule's time.
    pub(super) deadline: i64,
    /// Place of its last event among all events of the rule.
    pub(super) rank: u64,
}

impl Pending {
    /// Begins with this event.
    pub(super) fn new(hit: &Hit<'_>, source: Arc<Source>, charged: u32, expires: i64) -> Pending {
        Pending {
            slot: 0,
            rejected: false,
            first: hit.order,
            last: hit.order,
            time: hit.time,
            expires,
            charged,
            head: source,
            tail: Vec::new(),
            extra: None,
        }
    }

    /// Goes on with this event. The caller moves it to the next slot.
    pub(super) fn append(&mut self, hit: &Hit<'_>, source: Arc<Source>, charged: u32) {
        if let Some(extra) = &mut self.extra
            && let Some(gap) = extra.gap.take()
        {
            self.rejected |= gap < millis(hit.order);
        }
        self.last = hit.order;
        self.time = hit.time;
        self.charged = self.charged.saturating_add(charged);
        if self.tail.len() < 2 {
            self.tail.reserve_exact(1);
        }
        self.tail.push(source);
    }

    /// A missing event, which rejects the sequence if the next event comes later.
    pub(super) fn miss(&mut self, time: i64) {
        if time > millis(self.last) {
            let gap = &mut self.extra.get_or_insert_default().gap;
            *gap = Some(gap.map_or(time, |old| old.min(time)));
        }
    }

    /// Keeps the values that later joins read.
    pub(super) fn capture(&mut self, hit: &Hit<'_>, term: &TermSpec) {
        let row = term
            .captured
            .iter()
            .map(|at| hit.row.get(usize::from(*at)).map_or(Owned::Null, |v| Owned::of(*v)));
        self.extra.get_or_insert_default().rows.push(row.collect());
    }

    /// Distance of first and last event in milliseconds.
    pub(super) fn span_to(&self, order: i64) -> i64 {
        millis(order).saturating_sub(millis(self.first))
    }

    /// Events by term; `None` for missing ones.
    pub(super) fn events(self, spec: &SequenceSpec) -> Vec<Option<Arc<Source>>> {
        let mut all = core::iter::once(self.head).chain(self.tail);
        spec.terms.iter().map(|t| if t.missing { None } else { all.next() }).collect()
    }

    /// Bytes of its place in a vector and all that hangs on it.
    pub(super) fn heap(&self) -> usize {
        size_of::<Pending>()
            + self.charged as usize
            + self.tail.capacity() * size_of::<Arc<Source>>()
            + self.extra.as_ref().map_or(0, |e| e.heap())
    }
}

impl Extra {
    fn heap(&self) -> usize {
        size_of::<Extra>()
            + self
                .rows
                .iter()
                .map(|r| {
                    size_of_val(r) + r.iter().map(|v| size_of_val(v) + v.heap()).sum::<usize>()
                })
                .sum::<usize>()
    }
}

/// Milliseconds of a time in nanoseconds.
pub(super) fn millis(order: i64) -> i64 {
    order.div_euclid(NANOS)
}
