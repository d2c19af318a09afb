//! What is wanted of the value of an expression.

use super::wishes::Asked;
use detect_runtime::event::Raw;
use detect_runtime::test::{Fold, Number, Order, Test};
use detect_runtime::value::{Owned, Value, address, date};
use std::rc::Rc;

/// What is wanted.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// True.
    True,
    /// False and not null.
    False,
    /// False or null.
    NotTrue,
    /// No value.
    Null,
    /// Some value.
    Present,
    /// One value, which passes one of these.
    Passes(Rc<[Rc<Asked>]>),
    /// One value, which passes none of these.
    Fails(Rc<[Rc<Asked>]>),
    /// A text of so many characters.
    Length(Order, i64),
    /// So many values.
    Count(Order, i64),
}

impl Outcome {
    /// Passes one of the tests.
    pub(super) fn passes(tests: impl IntoIterator<Item = Test>) -> Outcome {
        Outcome::Passes(tests.into_iter().map(Asked::new).collect())
    }

    /// Is `truth`.
    pub(super) fn truth(truth: bool) -> Outcome {
        if truth { Outcome::True } else { Outcome::False }
    }

    /// The same in terms of tests, for what holds a boolean.
    pub(super) fn as_tests(&self) -> Outcome {
        match self {
            Outcome::True => Outcome::passes([Test::Boolean(true)]),
            Outcome::False => Outcome::passes([Test::Boolean(false)]),
            other => other.clone(),
        }
    }

    /// The same for an expression that is a condition.
    pub(super) fn of_condition(&self) -> Outcome {
        let boolean = |tests: &[Rc<Asked>]| match tests {
            [asked] => match asked.test {
                Test::Boolean(truth) => Some(truth),
                _ => None,
            },
            _ => None,
        };
        match self {
            Outcome::Passes(tests) => boolean(tests).map(Outcome::truth),
            Outcome::Fails(tests) => boolean(tests).map(|truth| Outcome::truth(!truth)),
            _ => None,
        }
        .unwrap_or_else(|| self.clone())
    }

    /// Whether a constant is what is wanted.
    pub(super) fn holds(&self, value: &Owned) -> bool {
        let texts = texts(value);
        let passes = |asked: &Rc<Asked>| match texts.as_slice() {
            [(text, number)] => {
                asked.passes(if *number { Raw::Number(text) } else { Raw::Text(text) })
            }
            _ => false,
        };
        match self {
            Outcome::True => matches!(value, Owned::Boolean(true)),
            Outcome::False => matches!(value, Owned::Boolean(false)),
            Outcome::NotTrue => !matches!(value, Owned::Boolean(true)),
            Outcome::Null => matches!(value, Owned::Null),
            Outcome::Present => !matches!(value, Owned::Null),
            Outcome::Passes(tests) => tests.iter().any(passes),
            Outcome::Fails(tests) => texts.len() == 1 && !tests.iter().any(passes),
            Outcome::Length(order, length) => texts
                .iter()
                .any(|(text, _)| order.admits((text.chars().count() as i64).cmp(length))),
            Outcome::Count(order, count) => order.admits((texts.len() as i64).cmp(count)),
        }
    }

    /// What numbers are wanted: ranges, each of which will do.
    pub(super) fn ranges(&self) -> Vec<(f64, f64)> {
        let Outcome::Passes(tests) = self else { return Vec::new() };
        let range = |asked: &Rc<Asked>| {
            let Test::Number { order, number } = &asked.test else { return None };
            let number = double(*number);
            Some(match order {
                Order::Equal => (number, number),
                Order::Less => (f64::NEG_INFINITY, number - 1.0),
                Order::LessEqual => (f64::NEG_INFINITY, number),
                Order::Greater => (number + 1.0, f64::INFINITY),
                Order::GreaterEqual => (number, f64::INFINITY),
            })
        };
        tests.iter().filter_map(range).collect()
    }
}

pub(super) fn double(number: Number) -> f64 {
    match number {
        Number::Long(n) => n as f64,
        Number::UnsignedLong(n) => n as f64,
        Number::Double(n) => n,
    }
}

/// Each value as a text, and whether it is a number.
fn texts(value: &Owned) -> Vec<(String, bool)> {
    match value {
        Owned::Null => Vec::new(),
        Owned::Multi(all) => all.iter().flat_map(texts).collect(),
        Owned::Boolean(truth) => vec![(truth.to_string(), false)],
        Owned::Integer(n) => vec![(n.to_string(), true)],
        Owned::Long(n) => vec![(n.to_string(), true)],
        Owned::UnsignedLong(n) => vec![(n.to_string(), true)],
        Owned::Double(n) => vec![(format!("{n:?}"), true)],
        Owned::Text(text) | Owned::Version(text) => vec![(text.to_string(), false)],
        Owned::Date(millis) => vec![(date::print(*millis), false)],
        Owned::Ip(at) => vec![(address::print(*at), false)],
        _ => vec![(String::new(), false)],
    }
}

/// The test that a comparison with a constant is; none where there is none.
pub(super) fn test_of(order: Order, constant: &Value<'_>) -> Option<Test> {
    let number = |number: Number| Test::Number { order, number };
    Some(match constant {
        Value::Boolean(truth) if order == Order::Equal => Test::Boolean(*truth),
        Value::Integer(n) => number(Number::Long(i64::from(*n))),
        Value::Long(n) => number(Number::Long(*n)),
        Value::UnsignedLong(n) => number(Number::UnsignedLong(*n)),
        Value::Double(n) => number(Number::Double(*n)),
        Value::Text(text) if order == Order::Equal => {
            Test::Equals { text: (*text).to_owned(), fold: Fold::None }
        }
        Value::Text(text) => Test::TextOrder { order, text: (*text).to_owned() },
        Value::Date(millis) => Test::DateOrder { order, nanos: i128::from(*millis) * 1_000_000 },
        Value::Ip(at) => Test::AddressOrder { order, address: *at },
        Value::Version(text) => Test::VersionOrder { order, version: (*text).to_owned() },
        _ => return None,
    })
}
