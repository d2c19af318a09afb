//! Tests that have no place in the value matchers' tables: regular expressions,
//! numbers, dates, versions, analysed text. Each is made ready when it is first
//! asked for and then kept.

use super::layout::{Bytes, Head};
use crate::event::Raw;
use crate::state::{Decode, Reader};
use crate::test::{Check, Number, Order, Test};

/// The tests made ready so far, by number.
#[derive(Debug)]
pub(crate) struct Slow {
    ready: Vec<Option<Box<Ready>>>,
}

/// A test made ready.
#[derive(Debug)]
enum Ready {
    /// A comparison with a number, which most values answer as a plain integer.
    Number {
        order: Order,
        number: Number,
        check: Check,
    },
    Other(Check),
}

impl Ready {
    fn new(test: &Test) -> Ready {
        let check = Check::new(test);
        match test {
            Test::Number { order, number } => {
                Ready::Number { order: *order, number: *number, check }
            }
            _ => Ready::Other(check),
        }
    }

    fn passes(&self, value: Raw<'_>) -> bool {
        match (self, value) {
            (Ready::Number { order, number, check }, Raw::Text(text) | Raw::Number(text)) => {
                match plain_integer(text) {
                    Some(whole) => Number::Long(whole)
                        .compare(*number)
                        .is_some_and(|ordering| order.admits(ordering)),
                    None => check.passes(value),
                }
            }
            (Ready::Number { check, .. } | Ready::Other(check), _) => check.passes(value),
        }
    }
}

/// The value of up to 18 digits, which every reading of numbers agrees on.
fn plain_integer(text: &str) -> Option<i64> {
    let digits = text.as_bytes();
    if digits.is_empty() || digits.len() > 18 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |sum, digit| 10 * sum + i64::from(digit - b'0')))
}

impl Slow {
    pub(crate) fn new(count: usize) -> Slow {
        Slow { ready: (0..count).map(|_| None).collect() }
    }

    /// Tries the tests of a list.
    pub(crate) fn look(
        &mut self,
        tables: Bytes<'_>,
        list: u32,
        value: Raw<'_>,
        hit: &mut impl FnMut(u32) -> bool,
    ) -> bool {
        let count = if list == 0 { 0 } else { tables.u32(list) };
        (0..count).any(|index| {
            let at = list + 4 + 8 * index;
            self.holds(tables, tables.u32(at), value) && hit(tables.u32(at + 4))
        })
    }

    /// Whether a value passes the test of this number.
    pub(crate) fn holds(&mut self, tables: Bytes<'_>, number: u32, value: Raw<'_>) -> bool {
        let Some(slot) = self.ready.get_mut(number as usize) else { return false };
        let check = slot.get_or_insert_with(|| {
            let record = tables.word(0, Head::Slow as u32) + 8 * number;
            let bytes = tables.slice(tables.u32(record), tables.u32(record + 4));
            // Bytes that are no test pass nothing.
            let test = Test::decode(&mut Reader::new(bytes)).unwrap_or(Test::AnyToken(Vec::new()));
            Box::new(Ready::new(&test))
        });
        check.passes(value)
    }
}

/// Gives the outputs of the range that holds the value, an address.
pub(crate) fn in_ranges(
    tables: Bytes<'_>,
    ranges: u32,
    value: Raw<'_>,
    hit: &mut impl FnMut(u32) -> bool,
) -> bool {
    let Some(address) = crate::text::address(value.text()) else { return false };
    let records = tables.slice(ranges + 4, RANGE * tables.u32(ranges));
    let (mut low, mut high) = (0, records.len() / RANGE as usize);
    while low < high {
        let middle = usize::midpoint(low, high);
        let at = middle * RANGE as usize;
        let (Some(first), Some(last)) = (records.get(at..at + 16), records.get(at + 16..at + 32))
        else {
            return false;
        };
        if address[..] < *first {
            high = middle;
        } else if address[..] > *last {
            low = middle + 1;
        } else {
            return hit(tables.u32(ranges + 4 + at as u32 + 32));
        }
    }
    false
}

/// Bytes of a range's record.
const RANGE: u32 = 36;
