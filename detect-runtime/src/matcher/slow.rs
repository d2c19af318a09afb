//! Tests that have no place in the value matchers' tables: regular expressions,
//! numbers, dates, versions, analysed text. Each is made ready when it is first
//! asked for and then kept.

use super::layout::Bytes;
use crate::event::Raw;
use crate::state::{Decode, Reader};
use crate::test::{Check, Test};

/// The tests made ready so far, by number.
#[derive(Debug)]
pub(crate) struct Slow {
    ready: Vec<Option<Box<Check>>>,
}

impl Slow {
    pub(crate) fn new(count: usize) -> Slow {
        Slow { ready: (0..count).map(|_| None).collect() }
    }

    /// Tries the tests of a list and the address ranges.
    pub(crate) fn look(
        &mut self,
        tables: Bytes<'_>,
        list: u32,
        ranges: u32,
        value: Raw<'_>,
        hit: &mut impl FnMut(u32) -> bool,
    ) -> bool {
        if ranges != 0 && in_ranges(tables, ranges, value) && hit(0) {
            return true;
        }
        let count = if list == 0 { 0 } else { tables.u32(list) };
        (0..count).any(|index| {
            let at = list + 4 + 16 * index;
            let test = || tables.slice(tables.u32(at + 4), tables.u32(at + 8));
            self.holds(tables.u32(at), test, value) && hit(tables.u32(at + 12))
        })
    }

    fn holds<'t>(&mut self, number: u32, bytes: impl Fn() -> &'t [u8], value: Raw<'_>) -> bool {
        let Some(slot) = self.ready.get_mut(number as usize) else { return false };
        if slot.is_none() {
            let test = Test::decode(&mut Reader::new(bytes())).ok();
            *slot = test.map(|test| Box::new(Check::new(&test)));
        }
        slot.as_ref().is_some_and(|test| test.passes(value))
    }
}

/// Whether the value is an address in one of the sorted, disjoint ranges.
fn in_ranges(tables: Bytes<'_>, ranges: u32, value: Raw<'_>) -> bool {
    let Some(address) = crate::value::address::parse(value.text()) else { return false };
    let bytes = tables.slice(ranges + 4, 32 * tables.u32(ranges));
    let (mut low, mut high) = (0, bytes.len() / 32);
    while low < high {
        let middle = usize::midpoint(low, high);
        let range = bytes.get(32 * middle..32 * middle + 32).unwrap_or_default();
        let (from, to) = range.split_at(range.len() / 2);
        if address[..] < *from {
            high = middle;
        } else if address[..] > *to {
            low = middle + 1;
        } else {
            return true;
        }
    }
    false
}
