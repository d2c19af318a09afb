//! Writing of one JSON object, member by member, into a text that is reused.

use crate::value::{Owned, address, date, number};
use std::fmt::Write as _;

/// An object being written: members are appended, the caller sets the braces.
pub(super) struct Members<'o> {
    out: &'o mut String,
    first: bool,
}

impl<'o> Members<'o> {
    /// Begins an object: writes `{`.
    pub(super) fn begin(out: &'o mut String) -> Members<'o> {
        out.push('{');
        Members { out, first: true }
    }

    /// Ends the object: writes `}`.
    pub(super) fn end(self) {
        self.out.push('}');
    }

    /// Writes a name; the value is then appended to what is returned.
    pub(super) fn name(&mut self, name: &str) -> &mut String {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        text(name, self.out);
        self.out.push(':');
        self.out
    }

    /// Writes members that are JSON text already, without braces; none if empty.
    pub(super) fn ready(&mut self, members: &str) {
        if members.is_empty() {
            return;
        }
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        self.out.push_str(members);
    }

    pub(super) fn text(&mut self, name: &str, value: &str) {
        text(value, self.name(name));
    }

    pub(super) fn integer(&mut self, name: &str, value: impl Into<i128>) {
        let _infallible = write!(self.name(name), "{}", value.into());
    }

    pub(super) fn time(&mut self, name: &str, millis: i64) {
        time(millis, self.name(name));
    }

    /// Writes a value; null writes nothing.
    pub(super) fn value(&mut self, name: &str, value: &Owned) {
        if !matches!(value, Owned::Null) {
            self::value(value, self.name(name));
        }
    }
}

/// Appends `[a,b]`, each element written by `each`.
pub(super) fn array<T>(
    elements: impl IntoIterator<Item = T>,
    out: &mut String,
    mut each: impl FnMut(T, &mut String),
) {
    out.push('[');
    for (i, element) in elements.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        each(element, out);
    }
    out.push(']');
}

/// Appends a time of milliseconds since 1970 as ISO 8601 text in UTC.
pub(super) fn time(millis: i64, out: &mut String) {
    text(&date::print(millis), out);
}

/// Appends a value as Elasticsearch shows it in JSON: dates, addresses and
/// versions as text, several values as an array.
pub(super) fn value(value: &Owned, out: &mut String) {
    match value {
        Owned::Null => out.push_str("null"),
        Owned::Boolean(b) => out.push_str(if *b { "true" } else { "false" }),
        Owned::Integer(n) => integer(i128::from(*n), out),
        Owned::Long(n) => integer(i128::from(*n), out),
        Owned::UnsignedLong(n) => integer(i128::from(*n), out),
        Owned::Double(n) => double(*n, out),
        Owned::Text(t) | Owned::Version(t) | Owned::Shape(t) => text(t, out),
        Owned::Date(millis) => time(*millis, out),
        Owned::DateNanos(nanos) => text(&date::print_nanos(*nanos), out),
        Owned::Ip(ip) => text(&address::print(*ip), out),
        Owned::Multi(all) => array(all.iter(), out, self::value),
        Owned::Point(_) | Owned::Period { .. } | Owned::Duration(_) => {
            let arena = bumpalo::Bump::new();
            text(crate::value::text(value.lend(&arena), &arena).unwrap_or_default(), out);
        }
    }
}

fn integer(number: i128, out: &mut String) {
    let _infallible = write!(out, "{number}");
}

/// JSON has no infinities; they do not leave a computation, but a document may.
pub(super) fn double(double: f64, out: &mut String) {
    if double.is_finite() {
        out.push_str(&number::print(double));
    } else {
        out.push_str("null");
    }
}

/// Appends a JSON string.
pub(super) fn text(text: &str, out: &mut String) {
    out.push('"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0x1f => "",
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        plain = at + 1;
        if escape.is_empty() {
            let _infallible = write!(out, "\\u{byte:04x}");
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn serde_json_reads_any_text(any in ".*") {
            let mut out = String::new();
            text(&any, &mut out);
            prop_assert_eq!(serde_json::from_str::<String>(&out).ok(), Some(any));
        }

        #[test]
        fn serde_json_reads_any_number(any in any::<f64>()) {
            let mut out = String::new();
            double(any, &mut out);
            let read: Option<f64> = serde_json::from_str(&out).expect("JSON");
            prop_assert_eq!(read, any.is_finite().then_some(any));
        }
    }
}
