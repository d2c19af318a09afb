//! Events that sleeping rules may still want.
//!
//! In: announced hits (rule, term bits, times) and their events, in input order.
//! Out: the hits of one rule, or the oldest event with its hits. An event's line is
//! copied once for all its hits; a hit is a few words without a row, chained to the
//! one before of the same rule. Must not know why a rule sleeps.

use crate::head::{Hit, Lent};
use std::collections::VecDeque;

/// Bytes of a block of lines.
const BLOCK: usize = 1 << 18;

/// Bytes of lines up to which an event stays for rules whose clocks lag behind the
/// others'. Taking it over costs a rule more than this memory is worth: behind every
/// gap in the input all clocks but those of the first event's rules lag.
const SLACK: usize = 32 << 20;

/// Most blocks that are kept to be used again.
const SPARE: usize = SLACK / BLOCK;

/// Bytes of lines above which events go before their time.
const MOST: usize = 256 << 20;

/// Place of a hit among all that were ever noted, from 1; 0 stands for none.
pub(super) type Place = u64;

/// An announced hit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noted {
    /// Place of the rule's hit before.
    before: Place,
    pub(super) rule: u32,
    pub(super) time: i64,
    pub(super) order: i64,
    pub(super) position: u64,
    pub(super) terms: u64,
    /// Number of its event among all.
    event: u64,
}

impl Noted {
    /// Its place in the order of events.
    pub(super) fn ordinal(&self) -> (i64, u64) {
        (self.order, self.position)
    }
}

/// An event: where its line and index name lie, and its hits.
#[derive(Clone, Copy, Debug)]
struct Kept {
    position: u64,
    /// The largest time of a hit.
    time: i64,
    block: u64,
    start: usize,
    line: usize,
    index: usize,
    hits: u32,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Ring {
    events: VecDeque<Kept>,
    hits: VecDeque<Noted>,
    blocks: VecDeque<Vec<u8>>,
    /// Blocks to be used again. When rules whose clocks lagged catch up, many go at
    /// once; given back, their pages would be cleared anew by the kernel each time.
    spare: Vec<Vec<u8>>,
    /// Numbers of the first event, hit and block.
    first_event: u64,
    first_hit: u64,
    first_block: u64,
    clock: i64,
    fresh: bool,
}

impl Ring {
    /// Notes a hit; `before` is the place of the rule's hit before it. Gives its
    /// place.
    pub(super) fn note(
        &mut self,
        rule: u32,
        hit: &Hit<'_>,
        lent: &Lent<'_>,
        before: Place,
    ) -> Place {
        if self.events.back().is_none_or(|kept| kept.position != hit.position) {
            self.keep(hit.position, lent);
        }
        self.clock = self.clock.max(hit.time);
        if let Some(kept) = self.events.back_mut() {
            kept.time = kept.time.max(hit.time);
            kept.hits += 1;
        }
        let event = self.first_event + self.events.len() as u64 - 1;
        let Hit { time, order, position, terms, .. } = *hit;
        self.hits.push_back(Noted { before, rule, time, order, position, terms, event });
        self.first_hit + self.hits.len() as u64
    }

    fn keep(&mut self, position: u64, lent: &Lent<'_>) {
        self.fresh = true;
        let (line, index) = (lent.line(), lent.index().as_bytes());
        let length = line.len() + index.len();
        if self.blocks.back().is_none_or(|block| block.capacity() - block.len() < length) {
            let mut block = self.spare.pop().unwrap_or_default();
            block.reserve(length.max(BLOCK));
            self.blocks.push_back(block);
        }
        let block = self.first_block + self.blocks.len() as u64 - 1;
        let Some(bytes) = self.blocks.back_mut() else { return };
        let start = bytes.len();
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(index);
        let (line, index) = (line.len(), index.len());
        self.events.push_back(Kept {
            position,
            time: i64::MIN,
            block,
            start,
            line,
            index,
            hits: 0,
        });
    }

    /// True if the hit at this place is still here.
    pub(super) fn holds(&self, place: Place) -> bool {
        place > self.first_hit
    }

    /// The hits of the rule whose last one stands at this place, the last first.
    pub(super) fn chain(&self, last: Place) -> impl Iterator<Item = &Noted> {
        let mut place = last;
        core::iter::from_fn(move || {
            let at = place.checked_sub(self.first_hit + 1)?;
            let noted = self.hits.get(usize::try_from(at).ok()?)?;
            place = noted.before;
            Some(noted)
        })
    }

    /// Line and index name of a hit's event.
    pub(super) fn event(&self, noted: &Noted) -> Option<Lent<'_>> {
        let at = noted.event.checked_sub(self.first_event)?;
        self.lent(self.events.get(usize::try_from(at).ok()?)?)
    }

    fn lent(&self, kept: &Kept) -> Option<Lent<'_>> {
        let block = self.blocks.get(usize::try_from(kept.block - self.first_block).ok()?)?;
        let line = block.get(kept.start..kept.start + kept.line)?;
        let index = block.get(kept.start + kept.line..kept.start + kept.line + kept.index)?;
        Some(Lent::new(line, core::str::from_utf8(index).unwrap_or_default()))
    }

    /// Whether the oldest event may go: it lies `lateness` behind the latest, or there
    /// is no more room.
    pub(super) fn is_due(&self, lateness: i64) -> bool {
        let due = self.clock.saturating_sub(lateness);
        self.events.front().is_some_and(|kept| kept.time <= due) || self.blocks.len() * BLOCK > MOST
    }

    /// Whether it must go, even if a rule may still need it.
    pub(super) fn is_full(&self) -> bool {
        self.blocks.len() * BLOCK > SLACK
    }

    /// True if it holds no event.
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// True once for each event.
    pub(super) fn is_fresh(&mut self) -> bool {
        core::mem::take(&mut self.fresh)
    }

    /// The hits of the oldest event with their places.
    pub(super) fn oldest(&self) -> impl Iterator<Item = (Place, &Noted)> {
        let count = self.events.front().map_or(0, |kept| kept.hits as usize);
        let places = self.first_hit + 1..;
        places.zip(self.hits.iter().take(count))
    }

    /// Lets the oldest event go.
    pub(super) fn drop_oldest(&mut self) {
        let Some(kept) = self.events.pop_front() else { return };
        self.first_event += 1;
        self.first_hit += u64::from(kept.hits);
        self.hits.drain(..kept.hits as usize);
        let needed = self.events.front().map_or(u64::MAX, |kept| kept.block);
        while self.first_block < needed {
            let Some(mut block) = self.blocks.pop_front() else { break };
            self.first_block += 1;
            if block.capacity() <= 2 * BLOCK && self.spare.len() < SPARE {
                block.clear();
                self.spare.push(block);
            }
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.blocks.iter().map(Vec::capacity).sum::<usize>()
            + self.spare.iter().map(Vec::capacity).sum::<usize>()
            + self.events.capacity() * size_of::<Kept>()
            + self.hits.capacity() * size_of::<Noted>()
    }
}
