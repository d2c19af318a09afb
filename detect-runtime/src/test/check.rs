//! What each test means, made ready to be asked often.

use super::{Fold, Number, Order, Test};
use crate::event::Raw;
use crate::state::Encode;
use crate::text::glob::Pattern;
use crate::text::whole::Whole;
use crate::text::{address, analysis, edit, equal};
use crate::value::address::Block;
use crate::value::{compare_versions, instant};
use core::cmp::Ordering;

/// A [`Test`] with its pattern made ready.
#[derive(Clone, Debug)]
pub struct Check(Ready);

#[derive(Clone, Debug)]
enum Ready {
    /// Tests that need no preparation.
    Plain(Test),
    Glob(Pattern),
    TokenGlob(Pattern),
    /// `None`: no pattern that `regex-automata` takes; nothing matches.
    Regex(Option<Whole>),
}

impl Check {
    /// Makes a test ready.
    pub fn new(test: &Test) -> Check {
        Check(match test {
            Test::Glob { glob, fold } => Ready::Glob(Pattern::new(glob, *fold)),
            Test::TokenGlob(glob) => Ready::TokenGlob(Pattern::new(glob, Fold::None)),
            Test::Regex { pattern } => Ready::Regex(Whole::new(pattern).ok()),
            other => Ready::Plain(other.clone()),
        })
    }

    /// False if the test holds a pattern that cannot be made ready.
    pub fn is_valid(&self) -> bool {
        !matches!(self.0, Ready::Regex(None))
    }

    /// True if the value passes.
    pub fn passes(&self, raw: Raw<'_>) -> bool {
        match &self.0 {
            Ready::Plain(test) => plain(test, raw),
            Ready::Glob(pattern) => pattern.matches(raw.text()),
            Ready::Regex(regex) => regex.as_ref().is_some_and(|regex| regex.matches(raw.text())),
            Ready::TokenGlob(pattern) => {
                let mut found = false;
                analysis::each_token(raw.text(), |token| {
                    found = pattern.matches(token);
                    !found
                });
                found
            }
        }
    }
}

impl Test {
    /// Bytes that are equal exactly for equal tests (doubles by bits): the key
    /// under which a ruleset keeps one predicate.
    pub fn key(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }

    /// True if the value passes. Patterns are made ready anew each time: to ask
    /// often, use [`Check`].
    ///
    /// ```
    /// use detect_runtime::event::Raw;
    /// use detect_runtime::test::{Number, Order, Test};
    /// let above = Test::Number { order: Order::Greater, number: Number::Long(1024) };
    /// assert!(above.holds(Raw::Number("1024.5")));
    /// assert!(above.holds(Raw::Text("4242")));
    /// assert!(!above.holds(Raw::Text("many")));
    /// ```
    pub fn holds(&self, raw: Raw<'_>) -> bool {
        match self {
            Test::Glob { .. } | Test::Regex { .. } | Test::TokenGlob(_) => {
                Check::new(self).passes(raw)
            }
            other => plain(other, raw),
        }
    }
}

fn plain(test: &Test, raw: Raw<'_>) -> bool {
    match test {
        Test::Equals { text, fold } => equal(raw.text(), text, *fold),
        Test::TextOrder { order, text } => order.admits(raw.text().cmp(text)),
        Test::Number { order, number } => {
            let value = match raw {
                Raw::Boolean(_) => None,
                Raw::Text(text) | Raw::Number(text) => Number::parse(text),
            };
            value.is_some_and(|value| order.admits_some(value.compare(*number)))
        }
        Test::Boolean(wanted) => raw.text() == if *wanted { "true" } else { "false" },
        Test::Cidr { address: network, bits } => {
            address(raw.text()).is_some_and(|address| Block::new(*network, *bits).contains(address))
        }
        Test::AddressOrder { order, address: other } => {
            address(raw.text()).is_some_and(|address| order.admits(address.cmp(other)))
        }
        Test::DateOrder { order, nanos } => {
            instant(raw).is_some_and(|instant| order.admits(instant.cmp(nanos)))
        }
        Test::DateWithin { from, to } => {
            instant(raw).is_some_and(|instant| (*from..=*to).contains(&instant))
        }
        Test::VersionOrder { order, version } => {
            order.admits(compare_versions(raw.text(), version))
        }
        Test::AnyToken(tokens) => analysis::any_token(raw.text(), tokens),
        Test::Phrase(tokens) => analysis::phrase(raw.text(), tokens),
        Test::Fuzzy { text, distance } => edit::within(raw.text(), text, *distance),
        // Made ready in `Check::new`.
        Test::Glob { .. } | Test::Regex { .. } | Test::TokenGlob(_) => false,
    }
}

impl Order {
    /// True if `ordering`, of a value to the other side, is what is asked.
    pub fn admits(self, ordering: Ordering) -> bool {
        match self {
            Order::Equal => ordering.is_eq(),
            Order::Less => ordering.is_lt(),
            Order::LessEqual => ordering.is_le(),
            Order::Greater => ordering.is_gt(),
            Order::GreaterEqual => ordering.is_ge(),
        }
    }

    fn admits_some(self, ordering: Option<Ordering>) -> bool {
        ordering.is_some_and(|ordering| self.admits(ordering))
    }
}

impl Number {
    /// The number that a text is, white space around it ignored; none for texts
    /// that are no finite decimal number.
    pub fn parse(text: &str) -> Option<Number> {
        let text = text.trim();
        if !text.ends_with(|c: char| c.is_ascii_digit() || c == '.') {
            return None;
        }
        if let Ok(n) = text.parse() {
            return Some(Number::Long(n));
        }
        if let Ok(n) = text.parse() {
            return Some(Number::UnsignedLong(n));
        }
        text.parse().ok().filter(|n: &f64| n.is_finite()).map(Number::Double)
    }

    /// The exact order of two numbers; `None` only for a double that is none.
    pub fn compare(self, other: Number) -> Option<Ordering> {
        match (self, other) {
            (Number::Double(a), Number::Double(b)) => a.partial_cmp(&b),
            (Number::Double(a), whole) => whole.compare_double(a).map(Ordering::reverse),
            (whole, Number::Double(b)) => whole.compare_double(b),
            (a, b) => Some(a.whole().cmp(&b.whole())),
        }
    }

    fn whole(self) -> i128 {
        match self {
            Number::Long(n) => i128::from(n),
            Number::UnsignedLong(n) => i128::from(n),
            Number::Double(n) => n as i128,
        }
    }

    /// A whole number against a double, without rounding the whole number.
    fn compare_double(self, double: f64) -> Option<Ordering> {
        if double.is_nan() {
            return None;
        }
        let whole = self.whole();
        // Saturates far outside of 64 bits, where the order is the same.
        let floor = double.floor() as i128;
        Some(
            whole.cmp(&floor).then_with(|| {
                if double > double.floor() { Ordering::Less } else { Ordering::Equal }
            }),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Decode, Reader};
    use crate::test::{Glob, Piece};

    fn number(order: Order, number: Number) -> Test {
        Test::Number { order, number }
    }

    #[test]
    fn values_pass() {
        let text = |text: &str, fold| Test::Equals { text: text.into(), fold };
        let net = |block: &str| {
            let block = Block::parse(block).expect("a block");
            Test::Cidr { address: block.address, bits: block.bits }
        };
        let rows = [
            (text("a", Fold::None), Raw::Text("a"), true),
            (text("a", Fold::None), Raw::Text("A"), false),
            (text("a", Fold::Ascii), Raw::Text("A"), true),
            (text("É", Fold::Ascii), Raw::Text("é"), false),
            (text("É", Fold::Full), Raw::Text("é"), true),
            (text("5", Fold::None), Raw::Number("5"), true),
            (text("true", Fold::None), Raw::Boolean(true), true),
            (number(Order::Equal, Number::Long(5)), Raw::Number("5.0"), true),
            (number(Order::Equal, Number::Long(5)), Raw::Text(" 5 "), true),
            (number(Order::Equal, Number::Long(5)), Raw::Text(""), false),
            (number(Order::Less, Number::Long(5)), Raw::Text("inf"), false),
            (
                number(Order::Greater, Number::Double(9007199254740992.0)),
                Raw::Number("9007199254740993"),
                true,
            ),
            (
                number(Order::Less, Number::UnsignedLong(u64::MAX)),
                Raw::Number("18446744073709551614"),
                true,
            ),
            (number(Order::Less, Number::Double(-0.5)), Raw::Number("-1"), true),
            (number(Order::Less, Number::Double(-0.5)), Raw::Number("0"), false),
            (Test::Boolean(true), Raw::Text("true"), true),
            (Test::Boolean(false), Raw::Boolean(true), false),
            (net("10.6.48.157/8"), Raw::Text("10.1.2.3"), true),
            (net("10.0.0.0/8"), Raw::Text("::ffff:10.1.2.3"), true),
            (net("::1"), Raw::Text("::2"), false),
            (net("::1"), Raw::Text("no address"), false),
            (Test::AnyToken(vec!["join".into()]), Raw::Text("[x]::Join"), true),
            (Test::Phrase(vec!["x".into(), "join".into()]), Raw::Text("[x]::Join"), true),
            (Test::Regex { pattern: "a.c".into() }, Raw::Text("abc"), true),
            (Test::Regex { pattern: "a|b".into() }, Raw::Text("ab"), false),
            (Test::Regex { pattern: "(".into() }, Raw::Text("("), false),
            (
                Test::TokenGlob(Glob(vec![Piece::Literal("jo".into()), Piece::Any])),
                Raw::Text("x Join"),
                true,
            ),
            (Test::Fuzzy { text: "svchost".into(), distance: 1 }, Raw::Text("svch0st"), true),
            (
                Test::DateOrder { order: Order::Less, nanos: 1_000_000_000 },
                Raw::Text("1970-01-01"),
                true,
            ),
            (Test::DateWithin { from: 0, to: 1 }, Raw::Number("0"), true),
            (
                Test::DateOrder { order: Order::Greater, nanos: 1_000_000_000 },
                Raw::Number("1001"),
                true,
            ),
            (
                Test::DateOrder { order: Order::Greater, nanos: 1_000_000_000 },
                Raw::Text("1001"),
                false,
            ),
            (Test::TextOrder { order: Order::Less, text: "b".into() }, Raw::Text("a"), true),
            (
                Test::VersionOrder { order: Order::Greater, version: "1.5.0".into() },
                Raw::Text("1.11.3"),
                true,
            ),
        ];
        for (test, raw, expected) in rows {
            assert_eq!(test.holds(raw), expected, "{test:?} {raw:?}");
            assert_eq!(Check::new(&test).passes(raw), expected, "{test:?} {raw:?}");
            let mut bytes = Vec::new();
            test.encode(&mut bytes);
            let mut from = Reader::new(&bytes);
            assert_eq!(Test::decode(&mut from), Ok(test));
            assert!(from.is_empty());
        }
    }
}
