//! The keyword text of a value.

use super::{Value, address, date, number};
use bumpalo::Bump;
use core::fmt::Write;

/// Text of a single value as TO_STRING gives it; texts are borrowed. `None` for
/// null and multi-values.
///
/// ```
/// use bumpalo::Bump;
/// use detect_runtime::value::{self, Value};
/// let arena = Bump::new();
/// assert_eq!(value::text(Value::Double(1.0), &arena), Some("1.0"));
/// assert_eq!(value::text(Value::Date(0), &arena), Some("1970-01-01T00:00:00.000Z"));
/// assert_eq!(value::text(Value::Null, &arena), None);
/// ```
pub fn text<'a>(value: Value<'a>, arena: &'a Bump) -> Option<&'a str> {
    let printed = match value {
        Value::Text(t) | Value::Version(t) | Value::Shape(t) => return Some(t),
        Value::Boolean(b) => return Some(if b { "true" } else { "false" }),
        Value::Null | Value::Multi(_) => return None,
        Value::Integer(n) => n.to_string(),
        Value::Long(n) => n.to_string(),
        Value::UnsignedLong(n) => n.to_string(),
        Value::Double(n) => number::print(n),
        Value::Date(n) => date::print(n),
        Value::DateNanos(n) => date::print_nanos(n),
        Value::Ip(a) => address::print(a),
        Value::Point(p) => format!("POINT ({} {})", number::print(p.x), number::print(p.y)),
        Value::Period { months, days } => period(months, days),
        Value::Duration(millis) => duration(millis),
    };
    Some(arena.alloc_str(&printed))
}

/// ISO 8601 period as Java's `Period.toString`: `P1Y2M3D`, `P0D` if empty.
fn period(months: i32, days: i32) -> String {
    let mut out = String::from("P");
    for (count, unit) in [(months / 12, 'Y'), (months % 12, 'M'), (days, 'D')] {
        if count != 0 {
            let _ = write!(out, "{count}{unit}");
        }
    }
    if out.len() == 1 { "P0D".to_owned() } else { out }
}

/// ISO 8601 duration as Java's `Duration.toString`: `PT1H2M3.5S`, `PT0S` if empty.
fn duration(millis: i64) -> String {
    let mut out = String::from("PT");
    let (minutes, rest) = (millis / 60_000, millis % 60_000);
    for (count, unit) in [(minutes / 60, 'H'), (minutes % 60, 'M')] {
        if count != 0 {
            let _ = write!(out, "{count}{unit}");
        }
    }
    if rest != 0 {
        let sign = if rest < 0 { "-" } else { "" };
        let _ = write!(out, "{sign}{}", rest.abs() / 1000);
        let fraction = format!("{:03}", rest.abs() % 1000);
        match fraction.trim_end_matches('0') {
            "" => out.push('S'),
            digits => {
                let _ = write!(out, ".{digits}S");
            }
        }
    }
    if out.len() == 2 { "PT0S".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Point;

    #[test]
    fn texts() {
        let arena = Bump::new();
        let point = Point { x: 1.5, y: -2.0, geo: true };
        for (value, expected) in [
            (Value::Long(-7), "-7"),
            (Value::UnsignedLong(u64::MAX), "18446744073709551615"),
            (Value::Boolean(false), "false"),
            (Value::Double(1e21), "1.0E21"),
            (Value::DateNanos(1), "1970-01-01T00:00:00.000000001Z"),
            (Value::Ip([0; 16]), "::"),
            (Value::Point(&point), "POINT (1.5 -2.0)"),
            (Value::Period { months: 14, days: 3 }, "P1Y2M3D"),
            (Value::Period { months: 0, days: 0 }, "P0D"),
            (Value::Duration(3_723_500), "PT1H2M3.5S"),
            (Value::Duration(0), "PT0S"),
        ] {
            assert_eq!(text(value, &arena), Some(expected));
        }
    }
}
