//! The one order of single values: SORT, MIN, MAX, TOP, VALUES and comparisons.

use super::Value;
use core::cmp::Ordering;

/// Orders two single values of one type: false before true, numbers and times by
/// size, texts by UTF-8 bytes, addresses by their 16 bytes, versions as
/// [`compare_versions`] does. Numbers of different types compare by size. Null
/// is above everything; values that have no order compare by kind.
pub fn compare(a: &Value<'_>, b: &Value<'_>) -> Ordering {
    match (a, b) {
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) | (Value::Shape(a), Value::Shape(b)) => a.cmp(b),
        (Value::Version(a), Value::Version(b)) => compare_versions(a, b),
        (Value::Date(a), Value::Date(b))
        | (Value::DateNanos(a), Value::DateNanos(b))
        | (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
        (Value::Date(a), Value::DateNanos(b)) => nanos(*a).cmp(&i128::from(*b)),
        (Value::DateNanos(a), Value::Date(b)) => i128::from(*a).cmp(&nanos(*b)),
        (Value::Ip(a), Value::Ip(b)) => a.cmp(b),
        (Value::Point(a), Value::Point(b)) => a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)),
        (Value::Period { months: a, days: c }, Value::Period { months: b, days: d }) => {
            (a, c).cmp(&(b, d))
        }
        (Value::Double(a), Value::Double(b)) => number(*a, *b),
        _ => match (whole(a), whole(b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            (Some(a), None) => match b {
                Value::Double(b) => number(a as f64, *b),
                _ => rank(&Value::Long(0)).cmp(&rank(b)),
            },
            (None, Some(b)) => match a {
                Value::Double(a) => number(*a, b as f64),
                _ => rank(a).cmp(&rank(&Value::Long(0))),
            },
            (None, None) => rank(a).cmp(&rank(b)),
        },
    }
}

fn nanos(millis: i64) -> i128 {
    i128::from(millis) * 1_000_000
}

/// -0.0 equals 0.0; anything else as numbers go.
fn number(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.total_cmp(&b))
}

fn whole(value: &Value<'_>) -> Option<i128> {
    match value {
        Value::Integer(n) => Some(i128::from(*n)),
        Value::Long(n) => Some(i128::from(*n)),
        Value::UnsignedLong(n) => Some(i128::from(*n)),
        _ => None,
    }
}

/// Order of kinds, for values that the type checker keeps apart.
fn rank(value: &Value<'_>) -> u8 {
    match value {
        Value::Boolean(_) => 0,
        Value::Integer(_) | Value::Long(_) | Value::UnsignedLong(_) | Value::Double(_) => 1,
        Value::Date(_) | Value::DateNanos(_) => 2,
        Value::Duration(_) => 3,
        Value::Period { .. } => 4,
        Value::Ip(_) => 5,
        Value::Text(_) => 6,
        Value::Version(_) => 7,
        Value::Point(_) => 8,
        Value::Shape(_) => 9,
        Value::Multi(_) => 10,
        Value::Null => 11,
    }
}

/// Orders version texts as semantic versions: the numbers before the first `-`
/// or `+` by size, a pre-release before its release, pre-release identifiers
/// numeric before text, build after none. Texts that are no version stand behind
/// all versions, by bytes.
///
/// ```
/// use detect_runtime::value::compare_versions;
/// assert!(compare_versions("1.2.10", "1.10.0").is_lt());
/// assert!(compare_versions("1.0.0-rc.2", "1.0.0").is_lt());
/// assert!(compare_versions("9.9", "none").is_lt());
/// ```
pub fn compare_versions(a: &str, b: &str) -> Ordering {
    match (Version::parse(a), Version::parse(b)) {
        (Some(x), Some(y)) => x.compare(&y).then_with(|| a.cmp(b)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

struct Version<'t> {
    numbers: &'t str,
    pre: Option<&'t str>,
    build: Option<&'t str>,
}

impl<'t> Version<'t> {
    fn parse(text: &'t str) -> Option<Version<'t>> {
        let (rest, build) = match text.split_once('+') {
            Some((rest, build)) => (rest, Some(build)),
            None => (text, None),
        };
        let (numbers, pre) = match rest.split_once('-') {
            Some((numbers, pre)) => (numbers, Some(pre)),
            None => (rest, None),
        };
        let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        numbers.split('.').all(number).then_some(Version { numbers, pre, build })
    }

    fn compare(&self, other: &Version<'_>) -> Ordering {
        identifiers(self.numbers, other.numbers)
            .then_with(|| match (self.pre, other.pre) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
                (Some(a), Some(b)) => identifiers(a, b),
            })
            .then_with(|| match (self.build, other.build) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Less,
                (Some(_), None) => Ordering::Greater,
                (Some(a), Some(b)) => a.cmp(b),
            })
    }
}

/// Dot-separated identifiers: digits by size and before texts, texts by bytes, a
/// prefix before what it begins.
fn identifiers(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => {
                let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
                match (digits(a), digits(b)) {
                    (true, true) => {
                        let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
                        a.len().cmp(&b.len()).then_with(|| a.cmp(b))
                    }
                    (true, false) => Ordering::Less,
                    (false, true) => Ordering::Greater,
                    (false, false) => a.cmp(b),
                }
            }
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Decode, Encode, Reader};
    use crate::value::{Owned, Point};
    use bumpalo::Bump;
    use proptest::prelude::*;

    #[test]
    fn versions_in_ascending_order() {
        let ascending = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-rc",
            "1.0.0",
            "1.0.0+7",
            "1.2.9",
            "1.2.10",
            "2",
            "x",
        ];
        for pair in ascending.windows(2) {
            assert_eq!(compare_versions(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(compare_versions(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
    }

    /// Values of one type that SORT may meet.
    fn comparable() -> impl Strategy<Value = Vec<Value<'static>>> {
        let three = |one: BoxedStrategy<Value<'static>>| prop::collection::vec(one, 3);
        let text =
            prop::sample::select(vec!["", "a", "B", "é", "1.2", "1.10", "1.2-rc", "1.2+5", "x.y"]);
        let number = prop_oneof![
            any::<i32>().prop_map(Value::Integer),
            any::<i64>().prop_map(Value::Long),
            any::<u64>().prop_map(Value::UnsignedLong),
        ];
        prop_oneof![
            three(text.clone().prop_map(Value::Text).boxed()),
            three(text.prop_map(Value::Version).boxed()),
            three(number.boxed()),
            three((-1e9..1e9).prop_map(Value::Double).boxed()),
            three(
                prop_oneof![
                    any::<i64>().prop_map(Value::Date),
                    any::<i64>().prop_map(Value::DateNanos)
                ]
                .boxed()
            ),
            three(any::<[u8; 16]>().prop_map(Value::Ip).boxed()),
            three(any::<bool>().prop_map(Value::Boolean).boxed()),
        ]
    }

    proptest! {
        #[test]
        fn order_is_total(values in comparable()) {
            let (a, b, c) = (&values[0], &values[1], &values[2]);
            prop_assert_eq!(compare(a, b), compare(b, a).reverse());
            prop_assert!(compare(a, a).is_eq());
            if compare(a, b).is_le() && compare(b, c).is_le() {
                prop_assert!(compare(a, c).is_le());
            }
        }
    }

    #[test]
    fn owned_and_borrowed_have_one_byte_form() {
        let arena = Bump::new();
        let point = Point { x: 1.5, y: -2.0, geo: true };
        let many = [Value::Text("a"), Value::Text("b")];
        let values = [
            Value::Null,
            Value::Boolean(true),
            Value::Integer(-3),
            Value::Long(1 << 40),
            Value::UnsignedLong(u64::MAX),
            Value::Double(0.1),
            Value::Text("x"),
            Value::Date(5),
            Value::DateNanos(6),
            Value::Ip([7; 16]),
            Value::Version("1.2"),
            Value::Point(&point),
            Value::Shape("POLYGON EMPTY"),
            Value::Period { months: 1, days: 2 },
            Value::Duration(9),
            Value::Multi(&many),
        ];
        for value in values {
            let owned = Owned::of(value);
            let (mut a, mut b) = (Vec::new(), Vec::new());
            value.encode(&mut a);
            owned.encode(&mut b);
            assert_eq!(a, b, "{value:?}");
            assert!(owned.is(value));
            assert_eq!(Owned::decode(&mut Reader::new(&a)), Ok(owned.clone()));
            let back = Value::decode_in(&mut Reader::new(&a), &arena);
            assert!(back.is_ok_and(|back| owned.is(back)));
        }
    }
}
