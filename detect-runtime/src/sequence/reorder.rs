//! Events that wait until no earlier one can come.
//!
//! The watermark goes by the rule's time, the order by `@timestamp`, and the two
//! may differ (`timestamp_override`). An event leaves when the watermark has
//! reached its time; with it leave all held events that stand before it in
//! order. So where both times are the same the output is sorted, and where they
//! differ each pair of events that the lateness covers is, while a source whose
//! `@timestamp` lags by hours holds up nobody.

use crate::head::{Hit, Lent, Source, Turn};
use crate::value::{keep_row, lend_row};
use bumpalo::Bump;
use core::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

/// Place of an event in its order: time, tiebreaker (as key bytes, a missing
/// one behind all), arrival.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ordinal {
    pub(super) order: i64,
    pub(super) tie: Box<[u8]>,
    pub(super) position: u64,
    pub(super) arrival: u64,
}

/// A hit that waits.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) ordinal: Ordinal,
    pub(super) time: i64,
    pub(super) terms: u64,
    /// The row's values, encoded one behind the other.
    pub(super) row: Box<[u8]>,
    pub(super) source: Option<Arc<Source>>,
}

impl PartialEq for Held {
    fn eq(&self, other: &Held) -> bool {
        self.ordinal == other.ordinal
    }
}

impl Eq for Held {}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Held) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Held {
    fn cmp(&self, other: &Held) -> Ordering {
        self.ordinal.cmp(&other.ordinal)
    }
}

impl Held {
    pub(super) fn new(hit: &Hit<'_>, tie: Box<[u8]>, arrival: u64) -> Held {
        Held {
            ordinal: Ordinal { order: hit.order, tie, position: hit.position, arrival },
            time: hit.time,
            terms: hit.terms,
            row: keep_row(hit.row),
            source: hit.source.map(Lent::share),
        }
    }

    /// Calls with the hit that was held.
    pub(super) fn lend(&self, arena: &Bump, with: impl FnOnce(&Hit<'_>)) {
        let lent = self.source.as_ref().map(Lent::kept);
        with(&Hit {
            time: self.time,
            order: self.ordinal.order,
            position: self.ordinal.position,
            row: lend_row(&self.row, arena),
            terms: self.terms,
            lineages: 0,
            source: lent.as_ref(),
        });
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Held>()
            + self.row.len()
            + self.ordinal.tie.len()
            + self.source.as_ref().map_or(0, |s| s.line.len() + s.index.len())
    }
}

/// Places that an event may come behind its own before the queue becomes heaps.
const SHIFT: usize = 64;

/// The events that wait.
///
/// While events come nearly in order, and their times with them, one sorted queue
/// holds them. The first that does not fit turns it into two heaps, by order and by
/// time, until these are empty.
#[derive(Debug, Default)]
pub(super) struct Reorder {
    /// Sorted by order and by time.
    queue: VecDeque<Held>,
    held: BinaryHeap<Reverse<Held>>,
    times: BinaryHeap<Reverse<(i64, Ordinal)>>,
    /// Everything up to here may leave.
    pub(super) bar: Option<Ordinal>,
    bytes: usize,
    /// Bits of [`Hit::terms`] that wake a sequence, and how many hits have one.
    wake: u64,
    wakers: usize,
}

impl Reorder {
    /// Nothing waits; hits with one of these terms are counted.
    pub(super) fn new(wake: u64) -> Reorder {
        Reorder { wake, ..Reorder::default() }
    }

    pub(super) fn hold(&mut self, held: Held) {
        self.bytes += held.bytes();
        self.wakers += usize::from(held.terms & self.wake != 0);
        if self.held.is_empty()
            && let Some(at) = self.fit(&held)
        {
            self.queue.insert(at, held);
            return;
        }
        for held in self.queue.drain(..) {
            self.times.push(Reverse((held.time, held.ordinal.clone())));
            self.held.push(Reverse(held));
        }
        self.times.push(Reverse((held.time, held.ordinal.clone())));
        self.held.push(Reverse(held));
    }

    /// Where an event fits into the queue; `None` if order and time disagree there,
    /// or the place is far from the end.
    fn fit(&self, held: &Held) -> Option<usize> {
        let behind = self.queue.iter().rev().take_while(|other| *other > held).take(SHIFT).count();
        let at = self.queue.len() - behind;
        let earlier = at.checked_sub(1).and_then(|before| self.queue.get(before));
        let later = self.queue.get(at);
        let fits = earlier.is_none_or(|earlier| earlier <= held && earlier.time <= held.time)
            && later.is_none_or(|later| held.time <= later.time);
        fits.then_some(at)
    }

    /// Lets events up to this time go (before it, if `strictly`).
    pub(super) fn open(&mut self, watermark: i64, strictly: bool) {
        let stays = |time: i64| time > watermark || strictly && time == watermark;
        let opened = self.queue.iter().take_while(|held| !stays(held.time)).last();
        if let Some(last) = opened
            && Some(&last.ordinal) > self.bar.as_ref()
        {
            self.bar = Some(last.ordinal.clone());
        }
        while let Some(Reverse((time, _))) = self.times.peek() {
            if stays(*time) {
                break;
            }
            if let Some(Reverse((_, ordinal))) = self.times.pop() {
                self.bar = self.bar.take().max(Some(ordinal));
            }
        }
    }

    /// Lets the first event go although an earlier one might still come.
    pub(super) fn open_first(&mut self) {
        if let Some(first) = self.first() {
            let ordinal = first.ordinal.clone();
            self.bar = self.bar.take().max(Some(ordinal));
        }
    }

    /// Lets everything up to this place in the order go.
    pub(super) fn raise(&mut self, (order, position): Turn) {
        let ordinal = Ordinal { order, tie: Box::default(), position, arrival: u64::MAX };
        self.bar = self.bar.take().max(Some(ordinal));
    }

    fn first(&self) -> Option<&Held> {
        self.queue.front().or_else(|| self.held.peek().map(|Reverse(held)| held))
    }

    /// The next event that may leave.
    pub(super) fn next(&mut self) -> Option<Held> {
        if Some(&self.first()?.ordinal) > self.bar.as_ref() {
            return None;
        }
        let held = self.queue.pop_front().or_else(|| self.held.pop().map(|Reverse(held)| held))?;
        self.bytes -= held.bytes();
        self.wakers -= usize::from(held.terms & self.wake != 0);
        if self.held.is_empty() {
            self.times.clear();
        }
        Some(held)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.held.is_empty()
    }

    /// Whether a hit that wakes a sequence waits.
    pub(super) fn has_waker(&self) -> bool {
        self.wakers > 0
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.times.len() * size_of::<Reverse<(i64, Ordinal)>>()
    }

    /// The held events in order.
    pub(super) fn sorted(&self) -> Vec<&Held> {
        let heap = self.held.iter().map(|Reverse(held)| held);
        let mut all: Vec<&Held> = self.queue.iter().chain(heap).collect();
        all.sort_unstable();
        all
    }
}
