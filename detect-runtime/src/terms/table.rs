//! The last time each term was seen, in 12 bytes and some air a term.
//!
//! A term is a keyed 64-bit fingerprint. A new term is missed if its fingerprint
//! is that of a term within the history: with 10 million of them that is one new
//! term in 1.8 * 10^12, and the chance that any two of the 10 million agree is
//! `n^2 / 2^65`, some 3 in a million. 128 bits would cost half as much memory
//! again against that.
//!
//! Times are 32-bit distances from a base, in milliseconds where the history is
//! at most 24 days and else in the least number of milliseconds that reaches; so
//! a term may expire early by less than that unit. The table has 64 parts by the
//! first bits of the fingerprint, each open-addressed with linear probing. A part
//! is rebuilt by itself when it is full or its turn to expire has come, so no
//! event waits for the whole table. Nothing is ever deleted in between.

use crate::state::{Decode, DecodeError, Encode, Reader};

const PARTS: usize = 64;

/// Bits of a fingerprint that choose its part.
const PART_BITS: u32 = PARTS.trailing_zeros();

/// A part is full at 4/5 and rebuilt for a load of 16/25.
const FULL: (usize, usize) = (4, 5);
const FRESH: (usize, usize) = (16, 25);

/// Last-seen times by fingerprint.
#[derive(Clone, Debug)]
pub(super) struct LastSeen {
    parts: Vec<Part>,
    history: i64,
    /// How far back times are kept.
    reach: i64,
    /// Milliseconds in a unit of time.
    unit: i64,
    /// The part whose turn is next, and when.
    turn: usize,
    next: i64,
}

/// Terms of one part; a fingerprint of 0 is a free place.
#[derive(Clone, Debug, Default)]
struct Part {
    prints: Vec<u64>,
    times: Vec<u32>,
    len: usize,
    base: i64,
}

impl LastSeen {
    /// `history`: how long a term is remembered, in milliseconds.
    pub(super) fn new(history: i64) -> LastSeen {
        let reach = history.saturating_add(slack(history));
        LastSeen {
            parts: vec![Part::default(); PARTS],
            history,
            reach,
            unit: (reach >> 31) + 1,
            turn: 0,
            next: i64::MIN,
        }
    }

    /// Notes a term; true if it was seen no more than the history ago. `clock`:
    /// the latest time of all, which is not before `time`.
    pub(super) fn see(&mut self, print: u64, time: i64, clock: i64) -> bool {
        let print = print.max(1);
        let (history, reach, unit) = (self.history, self.reach, self.unit);
        let part = &mut self.parts[(print >> (64 - PART_BITS)) as usize];
        if !part.has_room() || part.code(clock, unit).is_none() {
            part.rebuild(clock.saturating_sub(reach), unit);
        }
        let code = part.code(time, unit).unwrap_or(0);
        let at = part.place(print);
        if part.prints[at] == 0 {
            part.prints[at] = print;
            part.times[at] = code;
            part.len += 1;
            return false;
        }
        let known = part.time(at, unit) >= time.saturating_sub(history);
        part.times[at] = part.times[at].max(code);
        known
    }

    /// Frees the terms of the parts whose turn has come: each part has one turn
    /// in a quarter of the history.
    pub(super) fn expire(&mut self, clock: i64) {
        let pause = (self.history / (4 * PARTS as i64)).max(1);
        for _ in 0..PARTS {
            if clock < self.next {
                return;
            }
            let since = if self.next == i64::MIN { clock } else { self.next };
            self.next = since.saturating_add(pause);
            self.parts[self.turn].rebuild(clock.saturating_sub(self.reach), self.unit);
            self.turn = (self.turn + 1) % PARTS;
        }
        self.next = clock.saturating_add(pause);
    }

    /// Drops the oldest terms until the table has at most so many bytes; how
    /// many terms that were.
    pub(super) fn bound(&mut self, most: usize, clock: i64) -> u64 {
        let before = self.len();
        let step = (self.history / 16).max(1);
        let mut horizon = clock.saturating_sub(self.reach);
        while self.bytes() > most && horizon < clock {
            horizon = horizon.saturating_add(step);
            for part in &mut self.parts {
                part.rebuild(horizon, self.unit);
            }
        }
        (before - self.len()) as u64
    }

    pub(super) fn len(&self) -> usize {
        self.parts.iter().map(|p| p.len).sum()
    }

    pub(super) fn bytes(&self) -> usize {
        self.parts.iter().map(|p| p.prints.capacity() * 8 + p.times.capacity() * 4).sum()
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        (self.turn as u64).encode(out);
        self.next.encode(out);
        for part in &self.parts {
            part.base.encode(out);
            (part.len as u64).encode(out);
            for (print, time) in part.terms() {
                out.extend_from_slice(&print.to_le_bytes());
                time.encode(out);
            }
        }
    }

    pub(super) fn decode(history: i64, from: &mut Reader<'_>) -> Result<LastSeen, DecodeError> {
        let mut new = LastSeen::new(history);
        new.turn = u64::decode(from)? as usize % PARTS;
        new.next = i64::decode(from)?;
        for part in &mut new.parts {
            let base = i64::decode(from)?;
            let length = from.length()?;
            *part = Part::with_room(length, base);
            for _ in 0..length {
                let print = u64::from_le_bytes(from.array()?);
                part.add(print.max(1), u32::decode(from)?);
            }
        }
        Ok(new)
    }
}

/// How far events may lag behind the clock.
pub(super) fn slack(history: i64) -> i64 {
    history / 8
}

impl Part {
    fn with_room(terms: usize, base: i64) -> Part {
        let places = if terms == 0 { 0 } else { terms * FRESH.1 / FRESH.0 + 8 };
        Part { prints: vec![0; places], times: vec![0; places], len: 0, base }
    }

    fn has_room(&self) -> bool {
        (self.len + 1) * FULL.1 <= self.prints.len() * FULL.0
    }

    /// Where a fingerprint stands or would stand. Needs a free place.
    ///
    /// The first place is the fraction `print / 2^64` of the part, so that a part
    /// may have any number of places.
    fn place(&self, print: u64) -> usize {
        let places = self.prints.len();
        let mut at = ((u128::from(print << PART_BITS) * places as u128) >> 64) as usize;
        while self.prints[at] != 0 && self.prints[at] != print {
            at += 1;
            if at == places {
                at = 0;
            }
        }
        at
    }

    /// A time as it is stored; `None` if it is out of reach of the base.
    fn code(&self, time: i64, unit: i64) -> Option<u32> {
        u32::try_from(time.saturating_sub(self.base) / unit).ok()
    }

    fn time(&self, at: usize, unit: i64) -> i64 {
        self.base.saturating_add(i64::from(self.times[at]) * unit)
    }

    fn terms(&self) -> impl Iterator<Item = (u64, u32)> {
        let all = self.prints.iter().copied().zip(self.times.iter().copied());
        all.filter(|(print, _)| *print != 0)
    }

    /// Makes room for more, dropping what is older than the horizon, which
    /// becomes the base.
    fn rebuild(&mut self, horizon: i64, unit: i64) {
        let kept = |at: &usize| self.prints[*at] != 0 && self.time(*at, unit) >= horizon;
        let count = (0..self.prints.len()).filter(kept).count();
        let mut new = Part::with_room(count.max(1), horizon);
        for at in (0..self.prints.len()).filter(kept) {
            let code = new.code(self.time(at, unit), unit).unwrap_or(u32::MAX);
            new.add(self.prints[at], code);
        }
        *self = new;
    }

    fn add(&mut self, print: u64, time: u32) {
        let at = self.place(print);
        self.len += usize::from(self.prints[at] == 0);
        self.prints[at] = print;
        self.times[at] = self.times[at].max(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        /// Against a plain map, with times that run back by up to the slack,
        /// jumps of the clock, and a state written and read.
        #[test]
        fn equals_a_map(
            history in prop::sample::select(vec![0, 10, 1000, 5_000_000_000]),
            steps in prop::collection::vec((0..60u64, 0..40i64, 0..=100i64, any::<bool>()), 0..300),
        ) {
            let mut table = LastSeen::new(history);
            let mut map: HashMap<u64, i64> = HashMap::new();
            let mut clock = 1_700_000_000_000i64;
            for (term, step, back, stored) in steps {
                clock += if step == 0 { history * 2 } else { history * step / 400 };
                let time = clock - slack(history) * back / 100;
                let print = term.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                table.expire(clock);
                let known = map.get(&print).is_some_and(|seen| *seen >= time - history);
                let near = map.get(&print).is_some_and(|s| (s - (time - history)).abs() < 3);
                let slot = map.entry(print).or_insert(time);
                *slot = (*slot).max(time);
                let got = table.see(print, time, clock);
                prop_assert!(got == known || table.unit > 1 && near, "got {}", got);
                if stored {
                    let mut bytes = Vec::new();
                    table.encode(&mut bytes);
                    table = LastSeen::decode(history, &mut Reader::new(&bytes)).unwrap();
                    let mut again = Vec::new();
                    table.encode(&mut again);
                    prop_assert_eq!(again.len(), bytes.len());
                }
            }
        }

        #[test]
        fn damaged_states_are_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..900)) {
            if let Ok(mut table) = LastSeen::decode(10, &mut Reader::new(&bytes)) {
                table.see(7, 5, 5);
                table.expire(100);
            }
        }
    }

    #[test]
    fn a_million_terms_take_less_than_20_bytes_each() {
        let mut table = LastSeen::new(1_000_000);
        table.expire(0);
        for n in 0..1_000_000u64 {
            let print = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            assert!(!table.see(print, 0, 0));
        }
        assert_eq!(table.len(), 1_000_000);
        assert!(table.bytes() < 20_000_000, "{}", table.bytes());
        let dropped = table.bound(table.bytes(), 0);
        assert_eq!(dropped, 0);
        table.expire(2_000_000);
        assert_eq!((table.len(), table.bytes() < 64 * 12 * 20), (0, true));
    }
}
