//! Typed values of a field, as Elasticsearch stores and ES|QL reads them.
//!
//! A value of the wrong JSON type is converted like an index would convert it (a
//! number to its text, a numeric text to a number); what cannot be converted is
//! left out. Keywords and addresses are sorted by bytes and lose duplicates,
//! numbers, dates and booleans are sorted and keep them, analysed text keeps
//! the order of the source.

use super::{Event, FieldId, Raw};
use crate::value::{Cx, Type, Value, compare};
use bumpalo::collections::Vec as BumpVec;
use std::net::IpAddr;

impl<'a> Event<'a> {
    /// The value of a field as a column of type `ty`: null, one value, or a
    /// multi-value in stored order.
    pub fn load(&self, field: FieldId, ty: Type, cx: &Cx<'a>) -> Value<'a> {
        match self.count(field) {
            0 => Value::Null,
            1 => self.raw(field, 0).and_then(|raw| convert(raw, ty)).unwrap_or_default(),
            many => {
                let mut values = BumpVec::with_capacity_in(many, cx.arena);
                values.extend(self.values(field).filter_map(|raw| convert(raw, ty)));
                store(&mut values, ty);
                Value::from_slice(values.into_bump_slice())
            }
        }
    }
}

/// Brings the values of a field into the order in which they are stored.
fn store(values: &mut BumpVec<'_, Value<'_>>, ty: Type) {
    match ty {
        Type::Keyword | Type::Version | Type::Ip => {
            values.sort_unstable_by(|a, b| compare(a, b));
            values.dedup_by(|a, b| compare(a, b).is_eq());
        }
        Type::Text | Type::Source => {}
        _ => values.sort_unstable_by(|a, b| compare(a, b)),
    }
}

/// One value as an index would store it in a field of type `ty`; `None` if it
/// would refuse it.
pub(crate) fn convert(raw: Raw<'_>, ty: Type) -> Option<Value<'_>> {
    let text = raw.text();
    match ty {
        Type::Keyword | Type::Text | Type::Source => Some(Value::Text(text)),
        Type::Version => Some(Value::Version(text)),
        Type::Boolean => match (raw, text) {
            (Raw::Number(_), _) => None,
            (_, "true") => Some(Value::Boolean(true)),
            (_, "false" | "") => Some(Value::Boolean(false)),
            _ => None,
        },
        Type::Integer => i32::try_from(whole(number(raw)?)?).ok().map(Value::Integer),
        Type::Long => i64::try_from(whole(number(raw)?)?).ok().map(Value::Long),
        Type::UnsignedLong => u64::try_from(whole(number(raw)?)?).ok().map(Value::UnsignedLong),
        Type::Double => {
            let value: f64 = number(raw)?.parse().ok()?;
            value.is_finite().then_some(Value::Double(value))
        }
        Type::Date => nanos(raw)
            .and_then(|nanos| i64::try_from(nanos.div_euclid(1_000_000)).ok())
            .map(Value::Date),
        Type::DateNanos => {
            nanos(raw).and_then(|nanos| i64::try_from(nanos).ok()).map(Value::DateNanos)
        }
        Type::Ip => match text.parse().ok()? {
            IpAddr::V4(address) => Some(Value::Ip(address.to_ipv6_mapped().octets())),
            IpAddr::V6(address) => Some(Value::Ip(address.octets())),
        },
        _ => None,
    }
}

/// The text of a number; also of one in quotes, as an index takes it.
fn number(raw: Raw<'_>) -> Option<&str> {
    match raw {
        Raw::Number(text) => Some(text),
        Raw::Text(text) if text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => {
            Some(text)
        }
        _ => None,
    }
}

/// A number without its fraction, as an index coerces it for integer fields.
fn whole(text: &str) -> Option<i128> {
    if text.contains(['e', 'E']) {
        let value: f64 = text.parse().ok()?;
        return (value.abs() < 1e30).then_some(value.trunc() as i128);
    }
    let Some((before, fraction)) = text.split_once('.') else { return text.parse().ok() };
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match before {
        "" | "-" | "+" => (!fraction.is_empty()).then_some(0),
        _ => before.parse().ok(),
    }
}

/// Nanoseconds since 1970 of a date: a number of milliseconds, or text.
fn nanos(raw: Raw<'_>) -> Option<i128> {
    match raw {
        Raw::Number(text) => whole(text).map(|millis| millis.saturating_mul(1_000_000)),
        Raw::Text(text) => {
            let timestamp: jiff::Timestamp = text.parse().ok()?;
            Some(timestamp.as_nanosecond())
        }
        Raw::Boolean(_) => None,
    }
}
