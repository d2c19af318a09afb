//! Comparisons between values of different kinds.

use crate::test::Fold;
use crate::text::equal;
use crate::value::{Cx, Value, address, compare_versions, date, number};
use core::cmp::Ordering;

/// `==`: by value; kinds that do not compare are not equal.
pub fn equals<'a>(_: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    decide(args, |order| order == Ordering::Equal)
}

/// `in~`: texts without case, else as [`equals`].
pub fn equals_folded<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    match args {
        [Value::Text(a), Value::Text(b)] => Value::Boolean(equal(a, b, Fold::Full)),
        _ => equals(cx, args),
    }
}

/// `<`; kinds that do not compare give false.
pub fn less<'a>(_: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    decide(args, |order| order == Ordering::Less)
}

/// `<=`; kinds that do not compare give false.
pub fn less_equal<'a>(_: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    decide(args, |order| order != Ordering::Greater)
}

/// `== null`: never null itself.
pub fn is_null<'a>(_: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    Value::Boolean(args.first().is_none_or(Value::is_null))
}

fn decide<'a>(args: &[Value<'a>], holds: impl Fn(Ordering) -> bool) -> Value<'a> {
    match args {
        [a, b] if !a.is_null() && !b.is_null() => Value::Boolean(order(*a, *b).is_some_and(holds)),
        _ => Value::Null,
    }
}

/// Order of two single values; `None` if they do not compare. A text beside a
/// number, an address, a date or a boolean is read as one.
fn order(a: Value<'_>, b: Value<'_>) -> Option<Ordering> {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Version(a), Value::Version(b) | Value::Text(b))
        | (Value::Text(a), Value::Version(b)) => Some(compare_versions(a, b)),
        (Value::Boolean(a), Value::Boolean(b)) => Some(a.cmp(&b)),
        (Value::Boolean(a), Value::Text(b)) => Some(a.cmp(&b.parse().ok()?)),
        (Value::Ip(a), Value::Ip(b)) => Some(a.cmp(&b)),
        (Value::Ip(a), Value::Text(b)) => Some(a.cmp(&address::parse(b)?)),
        (Value::Date(_) | Value::DateNanos(_), _) => Some(instant(a)?.cmp(&instant(b)?)),
        (_, Value::Date(_) | Value::DateNanos(_)) => Some(instant(a)?.cmp(&instant(b)?)),
        (Value::Text(_), Value::Ip(_) | Value::Boolean(_)) => order(b, a).map(Ordering::reverse),
        _ => match (whole(a), whole(b)) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => decimal(a)?.partial_cmp(&decimal(b)?),
        },
    }
}

/// Nanoseconds since 1970; numbers are epoch milliseconds.
fn instant(value: Value<'_>) -> Option<i128> {
    match value {
        Value::Date(millis) => Some(i128::from(millis) * 1_000_000),
        Value::DateNanos(nanos) => Some(i128::from(nanos)),
        Value::Text(text) => date::parse_or_epoch(text),
        other => whole(other).map(|millis| millis * 1_000_000),
    }
}

fn whole(value: Value<'_>) -> Option<i128> {
    match value {
        Value::Integer(n) => Some(n.into()),
        Value::Long(n) => Some(n.into()),
        Value::UnsignedLong(n) => Some(n.into()),
        Value::Text(text) => text.trim().parse::<i64>().ok().map(i128::from),
        _ => None,
    }
}

fn decimal(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Double(n) => Some(n),
        Value::Text(text) => number::parse_double(text),
        other => whole(other).map(|n| n as f64),
    }
}
