//! Join and grouping keys as bytes: what sequences join by, thresholds group
//! by and new-terms rules remember.
//!
//! In: values of a hit's row. Out: for each combination of values one short
//! byte string. Two keys are equal if their values are, type by type, and byte
//! order is the order of the value tuples (null, false, true, numbers, dates,
//! texts), so keys sort as Elasticsearch lists them. Must not know what a key
//! is used for.
//!
//! Whole numbers of all widths are one type. An address and a version compare as
//! text, as they do in Elasticsearch's sequence keys.

mod combinations;

pub use combinations::{Combinations, KeyColumn, combinations};

use crate::state::{DecodeError, Reader};
use crate::value::{Owned, Point, Value};
use core::fmt::{self, Write};
use std::net::Ipv6Addr;

const NULL: u8 = 0;
const BOOLEAN: u8 = 1;
const WHOLE: u8 = 2;
const LARGE: u8 = 3;
const DOUBLE: u8 = 4;
const DATE: u8 = 5;
const DATE_NANOS: u8 = 6;
const TEXT: u8 = 7;
const POINT: u8 = 8;
const PERIOD: u8 = 9;
const DURATION: u8 = 10;
const MULTI: u8 = 11;

/// Stands behind a zero byte of a text; a zero byte without it ends the text.
const ESCAPE: u8 = 0xff;

/// Where key bytes go.
pub trait Sink: Extend<u8> {
    /// Appends one byte.
    fn byte(&mut self, byte: u8) {
        self.extend(core::iter::once(byte));
    }

    /// Appends bytes.
    fn bytes(&mut self, bytes: &[u8]) {
        self.extend(bytes.iter().copied());
    }
}

impl Sink for Vec<u8> {
    fn byte(&mut self, byte: u8) {
        self.push(byte);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl Sink for bumpalo::collections::Vec<'_, u8> {
    fn byte(&mut self, byte: u8) {
        self.push(byte);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.extend_from_slice_copy(bytes);
    }
}

/// Appends the bytes of one value. No value's bytes begin another's, so the
/// bytes of several values can stand one behind the other.
pub fn push(out: &mut impl Sink, value: Value<'_>) {
    match value {
        Value::Null => out.byte(NULL),
        Value::Boolean(b) => out.bytes(&[BOOLEAN, u8::from(b)]),
        Value::Integer(n) => signed(out, WHOLE, i64::from(n)),
        Value::Long(n) => signed(out, WHOLE, n),
        Value::UnsignedLong(n) => match i64::try_from(n) {
            Ok(n) => signed(out, WHOLE, n),
            Err(_) => fixed(out, LARGE, n),
        },
        Value::Double(n) => fixed(out, DOUBLE, ascending(n)),
        Value::Date(n) => signed(out, DATE, n),
        Value::DateNanos(n) => signed(out, DATE_NANOS, n),
        Value::Text(t) | Value::Version(t) | Value::Shape(t) => text(out, t),
        Value::Ip(address) => ip(out, address),
        Value::Point(p) => {
            fixed(out, POINT, ascending(p.x));
            out.bytes(&ascending(p.y).to_be_bytes());
            out.byte(u8::from(p.geo));
        }
        Value::Period { months, days } => {
            signed(out, PERIOD, i64::from(months));
            out.bytes(&days.to_be_bytes());
        }
        Value::Duration(n) => signed(out, DURATION, n),
        Value::Multi(all) => {
            out.byte(MULTI);
            for value in all {
                push(out, *value);
            }
            out.byte(NULL);
        }
    }
}

/// The values of a key, in order.
pub fn values(key: &[u8]) -> Result<Vec<Owned>, DecodeError> {
    let mut from = Reader::new(key);
    let mut all = Vec::new();
    while !from.is_empty() {
        all.push(pull(&mut from)?);
    }
    Ok(all)
}

fn pull(from: &mut Reader<'_>) -> Result<Owned, DecodeError> {
    Ok(match from.byte()? {
        NULL => Owned::Null,
        BOOLEAN => Owned::Boolean(from.byte()? != 0),
        WHOLE => Owned::Long(pull_signed(from)?),
        LARGE => Owned::UnsignedLong(u64::from_be_bytes(from.array()?)),
        DOUBLE => Owned::Double(pull_double(from)?),
        DATE => Owned::Date(pull_signed(from)?),
        DATE_NANOS => Owned::DateNanos(pull_signed(from)?),
        TEXT => Owned::Text(pull_text(from)?),
        POINT => Owned::Point(Box::new(Point {
            x: pull_double(from)?,
            y: pull_double(from)?,
            geo: from.byte()? != 0,
        })),
        PERIOD => Owned::Period {
            months: pull_signed(from)? as i32,
            days: i32::from_be_bytes(from.array()?),
        },
        DURATION => Owned::Duration(pull_signed(from)?),
        MULTI => {
            let mut all = Vec::new();
            loop {
                match from.peek() {
                    Some(MULTI) => return Err(DecodeError::Tag { what: "element", tag: MULTI }),
                    Some(NULL) => break,
                    _ => all.push(pull(from)?),
                }
            }
            from.byte()?;
            Owned::Multi(all.into())
        }
        tag => return Err(DecodeError::Tag { what: "key value", tag }),
    })
}

fn fixed(out: &mut impl Sink, tag: u8, bits: u64) {
    let mut bytes = [tag; 9];
    bytes[1..].copy_from_slice(&bits.to_be_bytes());
    out.bytes(&bytes);
}

fn signed(out: &mut impl Sink, tag: u8, n: i64) {
    fixed(out, tag, n as u64 ^ (1 << 63));
}

fn pull_signed(from: &mut Reader<'_>) -> Result<i64, DecodeError> {
    Ok((u64::from_be_bytes(from.array()?) ^ (1 << 63)) as i64)
}

/// Bits that order as the numbers do; -0 is 0.
fn ascending(n: f64) -> u64 {
    let bits = (n + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

fn pull_double(from: &mut Reader<'_>) -> Result<f64, DecodeError> {
    let bits = u64::from_be_bytes(from.array()?);
    Ok(f64::from_bits(if bits >> 63 == 1 { bits & !(1 << 63) } else { !bits }))
}

fn text(out: &mut impl Sink, text: &str) {
    out.byte(TEXT);
    let mut rest = text.as_bytes();
    while let Some(at) = memchr::memchr(0, rest) {
        out.bytes(&rest[..=at]);
        out.byte(ESCAPE);
        rest = &rest[at + 1..];
    }
    out.bytes(rest);
    out.byte(0);
}

fn pull_text(from: &mut Reader<'_>) -> Result<Box<str>, DecodeError> {
    let mut bytes = Vec::new();
    loop {
        match from.byte()? {
            0 if from.peek() == Some(ESCAPE) => {
                from.byte()?;
                bytes.push(0);
            }
            0 => break,
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).map(Into::into).map_err(|_| DecodeError::Utf8)
}

fn ip(out: &mut impl Sink, address: [u8; 16]) {
    out.byte(TEXT);
    let address = Ipv6Addr::from(address);
    let mut ascii = Ascii(out);
    let written = match address.to_ipv4_mapped() {
        Some(v4) => write!(ascii, "{v4}"),
        None => write!(ascii, "{address}"),
    };
    debug_assert!(written.is_ok(), "an address has a text and the sink takes all");
    out.byte(0);
}

/// Formats into a sink.
struct Ascii<'s, S>(&'s mut S);

impl<S: Sink> Write for Ascii<'_, S> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.bytes(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Values in the order that keys have; equal ranks are equal keys.
    const ORDER: &[(u32, Value<'static>)] = &[
        (0, Value::Null),
        (1, Value::Boolean(false)),
        (2, Value::Boolean(true)),
        (3, Value::Long(i64::MIN)),
        (4, Value::Integer(-1)),
        (5, Value::Integer(7)),
        (5, Value::Long(7)),
        (5, Value::UnsignedLong(7)),
        (6, Value::UnsignedLong(1 << 63)),
        (7, Value::Double(-1.5)),
        (8, Value::Double(-0.0)),
        (8, Value::Double(0.0)),
        (9, Value::Double(2.0)),
        (10, Value::Date(5)),
        (11, Value::DateNanos(5)),
        (12, Value::Text("")),
        (13, Value::Text("\0")),
        (14, Value::Text("\0a")),
        (15, Value::Ip([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1])),
        (15, Value::Text("10.0.0.1")),
        (16, Value::Text("A")),
        (17, Value::Text("a")),
        (18, Value::Text("a\0")),
        (19, Value::Text("aa")),
    ];

    fn key(of: &[Value<'_>]) -> Vec<u8> {
        let mut out = Vec::new();
        for value in of {
            push(&mut out, *value);
        }
        out
    }

    #[test]
    fn bytes_order_as_values_do() {
        for (i, a) in ORDER {
            for (j, b) in ORDER {
                assert_eq!(key(&[*a]).cmp(&key(&[*b])), i.cmp(j), "{a:?} {b:?}");
                let (left, right) = (key(&[*a, Value::Long(1)]), key(&[*b, Value::Long(1)]));
                assert_eq!(left.cmp(&right), i.cmp(j), "{a:?} {b:?} with a second value");
            }
        }
    }

    proptest! {
        #[test]
        fn keys_give_their_values_back(
            texts in prop::collection::vec("[\0-\u{3}a-cé]{0,5}", 0..4),
            n in any::<i64>(),
            d in -1e9..1e9f64,
        ) {
            let mut tuple: Vec<Value<'_>> = texts.iter().map(|t| Value::Text(t)).collect();
            tuple.extend([Value::Long(n), Value::Double(d), Value::Null]);
            let back = values(&key(&tuple)).unwrap();
            let want: Vec<Owned> = tuple.iter().map(|v| Owned::of(*v)).collect();
            prop_assert_eq!(back, want);
        }

        #[test]
        fn arbitrary_bytes_are_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = values(&bytes);
        }
    }
}
