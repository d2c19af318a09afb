//! Which values pass a test, as far as that can be compared: one test within another,
//! two that no value passes both of.
//!
//! Both answers are one-sided: `true` is a proof, `false` is "not known". Patterns of
//! `*` and `?`, orders of numbers, texts and instants, and blocks of addresses are
//! decided; a single text is put to whatever test it is compared with.

use detect_runtime::event::Raw;
use detect_runtime::test::{Check, Fold, Glob, Number, Order, Piece, Test};
use detect_runtime::text::{fold_char, folded};
use std::cmp::Ordering;

/// A test with its values in comparable form.
#[derive(Clone, Debug)]
pub(super) struct Values {
    pub(super) test: Test,
    check: Check,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    /// Texts that fit a pattern.
    Word { word: Vec<Symbol>, fold: Fold },
    /// Addresses from one to another, as numbers.
    Addresses(u128, u128),
    /// Instants from one to another, in nanoseconds.
    Instants(i128, i128),
    /// What the test itself says.
    Other,
}

/// A place of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Symbol {
    Char(char),
    One,
    Any,
}

impl Values {
    pub(super) fn new(test: &Test) -> Values {
        let form = match test {
            Test::Equals { text, fold } => {
                Form::Word { word: text.chars().map(Symbol::Char).collect(), fold: *fold }
            }
            Test::Glob { glob, fold } => Form::Word { word: word(glob), fold: *fold },
            Test::Boolean(truth) => Form::Word {
                word: truth.to_string().chars().map(Symbol::Char).collect(),
                fold: Fold::None,
            },
            Test::Cidr { address, bits } => {
                let free = u128::MAX.checked_shr(u32::from(*bits)).unwrap_or(0);
                let first = u128::from_be_bytes(*address) & !free;
                Form::Addresses(first, first | free)
            }
            Test::AddressOrder { order, address } => {
                let (first, last) = addresses(*order, u128::from_be_bytes(*address));
                Form::Addresses(first, last)
            }
            Test::DateOrder { order, nanos } => {
                let (first, last) = instants(*order, *nanos);
                Form::Instants(first, last)
            }
            Test::DateWithin { from, to } => Form::Instants(*from, *to),
            _ => Form::Other,
        };
        Values { test: test.clone(), check: Check::new(test), form }
    }

    /// The runs of letters of a pattern in their coarsest folding, and whether the
    /// pattern is one text without wildcards; `None` if it is no pattern.
    pub(super) fn literals(&self) -> Option<(Vec<String>, bool)> {
        let Form::Word { word, .. } = &self.form else { return None };
        let runs = word.split(|symbol| !matches!(symbol, Symbol::Char(_)));
        let text = |run: &[Symbol]| {
            let letter = |symbol: &Symbol| match symbol {
                Symbol::Char(c) => Some(fold_char(*c)),
                _ => None,
            };
            run.iter().filter_map(letter).collect::<String>()
        };
        let lone = word.iter().all(|symbol| matches!(symbol, Symbol::Char(_)));
        Some((runs.map(text).filter(|text| lone || !text.is_empty()).collect(), lone))
    }

    /// Whether an instant decides: there a number and a text of the same digits are two
    /// things, everywhere else a value is its text.
    pub(super) fn by_kind(&self) -> bool {
        matches!(self.form, Form::Instants(..))
    }

    /// True if every value that passes this test is known to pass `broad`.
    pub(super) fn within(&self, broad: &Values) -> bool {
        if self.test == broad.test {
            return true;
        }
        match (&self.form, &broad.form) {
            (Form::Word { word, fold }, Form::Word { word: other, fold: coarse }) => {
                covers(other, *coarse, word, *fold)
            }
            (Form::Addresses(first, last), Form::Addresses(from, to)) => {
                first > last || (from <= first && last <= to)
            }
            (Form::Instants(first, last), Form::Instants(from, to)) => {
                first > last || (from <= first && last <= to)
            }
            (Form::Word { .. }, _) => self
                .lone(&broad.test)
                .is_some_and(|text| raws(&text).into_iter().all(|raw| broad.check.passes(raw))),
            _ => ordered_within(&self.test, &broad.test) || tokens_within(&self.test, &broad.test),
        }
    }

    /// True if it is known that no value passes both.
    pub(super) fn apart(&self, other: &Values) -> bool {
        match (&self.form, &other.form) {
            (Form::Word { word: a, fold: x }, Form::Word { word: b, fold: y }) => {
                clash(a, b, (*x).max(*y)) || {
                    let lone = |word: &[Symbol]| word.iter().all(|s| matches!(s, Symbol::Char(_)));
                    lone(a) && lone(b) && a.len() != b.len()
                }
            }
            (Form::Addresses(a, b), Form::Addresses(c, d)) => b < c || d < a,
            (Form::Instants(a, b), Form::Instants(c, d)) => b < c || d < a,
            (Form::Word { .. }, _) => self.misses(other),
            (_, Form::Word { .. }) => other.misses(self),
            _ => ordered_apart(&self.test, &other.test),
        }
    }

    /// A single text that fails the other test whatever kind of value has it.
    fn misses(&self, other: &Values) -> bool {
        self.lone(&other.test)
            .is_some_and(|text| raws(&text).into_iter().all(|raw| !other.check.passes(raw)))
    }

    /// The one text that passes, or one for all of them where `asked` sees no case.
    fn lone(&self, asked: &Test) -> Option<String> {
        let Form::Word { word, fold } = &self.form else { return None };
        let analysed = matches!(asked, Test::AnyToken(_) | Test::Phrase(_) | Test::TokenGlob(_));
        let one = |symbol: &Symbol| match symbol {
            Symbol::Char(c) if *fold == Fold::None || !has_case(*c) => Some(*c),
            Symbol::Char(c) if *fold == Fold::Ascii && (analysed || !c.is_ascii()) => Some(*c),
            _ => None,
        };
        word.iter().map(one).collect()
    }
}

fn word(glob: &Glob) -> Vec<Symbol> {
    let mut word = Vec::new();
    for piece in &detect_runtime::text::glob::normal(glob).0 {
        match piece {
            Piece::Literal(text) => word.extend(text.chars().map(Symbol::Char)),
            Piece::One => word.push(Symbol::One),
            Piece::Any => word.push(Symbol::Any),
        }
    }
    word
}

/// Every kind of value with this text.
fn raws(text: &str) -> Vec<Raw<'_>> {
    let mut raws = vec![Raw::Text(text), Raw::Number(text)];
    match text {
        "true" => raws.push(Raw::Boolean(true)),
        "false" => raws.push(Raw::Boolean(false)),
        _ => {}
    }
    raws
}

/// Whether some folding joins the character with another. Nothing but letters folds to
/// an ASCII letter; of others it is not known.
fn has_case(c: char) -> bool {
    !c.is_ascii() || c.is_ascii_alphabetic()
}

/// True if what the place of a narrow pattern stands for is all that the place of a
/// broad one admits.
fn admits(broad: Symbol, coarse: Fold, narrow: Symbol, fine: Fold) -> bool {
    match (broad, narrow) {
        (Symbol::One, Symbol::One | Symbol::Char(_)) => true,
        (Symbol::Char(wide), Symbol::Char(c)) if fine <= coarse => {
            folded(wide, coarse) == folded(c, coarse)
        }
        // The narrow pattern takes both cases of a letter, the broad one may not.
        (Symbol::Char(wide), Symbol::Char(c)) => {
            wide == c && (!has_case(c) || (fine == Fold::Ascii && !c.is_ascii_alphabetic()))
        }
        _ => false,
    }
}

/// Inclusion of patterns: the broad one matches the narrow one taken as a word, in which
/// `?` is a letter of its own and `*`, which may be empty, is none. A run of wildcards with
/// a `*` takes so many letters at least as it has `?`. Leftmost placement with one mark, as
/// for texts; runs of wildcards are in normal form.
fn covers(broad: &[Symbol], coarse: Fold, narrow: &[Symbol], fine: Fold) -> bool {
    let (mut at, mut place) = (0, 0);
    let mut mark: Option<(usize, usize)> = None;
    while place < narrow.len() || at < broad.len() {
        if let Some(ones) = gap(&broad[at..]) {
            let Some(length) = letters(&narrow[place..], ones) else { return false };
            at += ones + 1;
            place += length;
            mark = Some((at, place));
            continue;
        }
        match (broad.get(at), narrow.get(place)) {
            (Some(wide), Some(symbol)) if admits(*wide, coarse, *symbol, fine) => {
                at += 1;
                place += 1;
            }
            (_, None) => return false,
            (_, Some(_)) => match &mut mark {
                Some((again, from)) if *from < narrow.len() => {
                    *from += 1;
                    (at, place) = (*again, *from);
                }
                _ => return false,
            },
        }
    }
    true
}

/// How many `?` stand before a `*` at the beginning of a pattern; `None` if there is no
/// `*` behind them.
fn gap(pattern: &[Symbol]) -> Option<usize> {
    let ones = pattern.iter().take_while(|symbol| **symbol == Symbol::One).count();
    (pattern.get(ones) == Some(&Symbol::Any)).then_some(ones)
}

/// The shortest beginning of a word with so many letters.
fn letters(word: &[Symbol], count: usize) -> Option<usize> {
    if count == 0 {
        return Some(0);
    }
    let mut letters = word.iter().enumerate().filter(|(_, symbol)| **symbol != Symbol::Any);
    letters.nth(count - 1).map(|(place, _)| place + 1)
}

/// Whether the fixed beginnings or ends of two patterns differ.
fn clash(a: &[Symbol], b: &[Symbol], fold: Fold) -> bool {
    let differ = |pair: (&Symbol, &Symbol)| match pair {
        (Symbol::Char(a), Symbol::Char(b)) => Some(folded(*a, fold) != folded(*b, fold)),
        (Symbol::Any, _) | (_, Symbol::Any) => None,
        _ => Some(false),
    };
    let front = a.iter().zip(b).map(differ).map_while(|differ| differ).any(|differ| differ);
    let back = || {
        let pairs = a.iter().rev().zip(b.iter().rev());
        pairs.map(differ).map_while(|differ| differ).any(|differ| differ)
    };
    front || back()
}

fn addresses(order: Order, address: u128) -> (u128, u128) {
    // An empty range where nothing is below or above.
    let empty = (1, 0);
    match order {
        Order::Equal => (address, address),
        Order::Less => address.checked_sub(1).map_or(empty, |last| (0, last)),
        Order::LessEqual => (0, address),
        Order::Greater => address.checked_add(1).map_or(empty, |first| (first, u128::MAX)),
        Order::GreaterEqual => (address, u128::MAX),
    }
}

fn instants(order: Order, nanos: i128) -> (i128, i128) {
    match order {
        Order::Equal => (nanos, nanos),
        Order::Less => (i128::MIN, nanos.saturating_sub(1)),
        Order::LessEqual => (i128::MIN, nanos),
        Order::Greater => (nanos.saturating_add(1), i128::MAX),
        Order::GreaterEqual => (nanos, i128::MAX),
    }
}

/// Two tests of one order with how their other sides compare.
fn sides(a: &Test, b: &Test) -> Option<(Order, Order, Ordering)> {
    match (a, b) {
        (Test::Number { order: x, number: n }, Test::Number { order: y, number: m }) => {
            Number::compare(*n, *m).map(|compared| (*x, *y, compared))
        }
        (Test::TextOrder { order: x, text: n }, Test::TextOrder { order: y, text: m }) => {
            Some((*x, *y, n.cmp(m)))
        }
        _ => None,
    }
}

fn ordered_within(narrow: &Test, broad: &Test) -> bool {
    use Order::{Equal, Greater, GreaterEqual, Less, LessEqual};
    let Some((narrow, broad, sides)) = sides(narrow, broad) else { return false };
    match (narrow, broad) {
        (Equal, _) => broad.admits(sides),
        (Less, Less | LessEqual) | (LessEqual, LessEqual) => sides.is_le(),
        (LessEqual, Less) => sides.is_lt(),
        (Greater, Greater | GreaterEqual) | (GreaterEqual, GreaterEqual) => sides.is_ge(),
        (GreaterEqual, Greater) => sides.is_gt(),
        _ => false,
    }
}

fn ordered_apart(a: &Test, b: &Test) -> bool {
    use Order::{Equal, Greater, GreaterEqual, Less, LessEqual};
    let Some((a, b, sides)) = sides(a, b) else { return false };
    match (a, b) {
        (Equal, _) => !b.admits(sides),
        (_, Equal) => !a.admits(sides.reverse()),
        (LessEqual, GreaterEqual) => sides.is_lt(),
        (GreaterEqual, LessEqual) => sides.is_gt(),
        (Less | LessEqual, Greater | GreaterEqual) => sides.is_le(),
        (Greater | GreaterEqual, Less | LessEqual) => sides.is_ge(),
        _ => false,
    }
}

fn tokens_within(narrow: &Test, broad: &Test) -> bool {
    let fits =
        |glob: &Glob, token: &String| detect_runtime::text::glob::matches(glob, token, Fold::None);
    match (narrow, broad) {
        (Test::AnyToken(few), Test::AnyToken(many)) => few.iter().all(|one| many.contains(one)),
        (Test::AnyToken(few), Test::TokenGlob(glob)) => few.iter().all(|one| fits(glob, one)),
        // A phrase of no tokens occurs nowhere.
        (Test::Phrase(all), Test::AnyToken(many)) => all.iter().any(|one| many.contains(one)),
        (Test::Phrase(all), Test::TokenGlob(glob)) => all.iter().any(|one| fits(glob, one)),
        (Test::Phrase(all), Test::Phrase(part)) => {
            !part.is_empty() && all.windows(part.len()).any(|window| window == part.as_slice())
        }
        (Test::TokenGlob(narrow), Test::TokenGlob(broad)) => {
            covers(&word(broad), Fold::None, &word(narrow), Fold::None)
        }
        (Test::Fuzzy { text: a, distance: x }, Test::Fuzzy { text: b, distance: y }) => {
            a == b && x <= y
        }
        _ => false,
    }
}

/// Whether every index that the patterns `narrow` admit is known to be admitted by
/// `broad`; no patterns admit all.
pub(super) fn index_within(narrow: &[String], broad: &[String]) -> bool {
    if broad.is_empty() || narrow == broad {
        return true;
    }
    let local = |pattern: &String| pattern.rsplit(':').next().unwrap_or_default().to_owned();
    let broad: Vec<String> = broad.iter().map(local).collect();
    if narrow.is_empty() || broad.iter().any(|pattern| pattern.starts_with('-')) {
        return false;
    }
    // `?` is a letter in names of indices.
    let word = |pattern: &str| -> Vec<Symbol> {
        pattern.chars().map(|c| if c == '*' { Symbol::Any } else { Symbol::Char(c) }).collect()
    };
    let broad: Vec<Vec<Symbol>> = broad.iter().map(|pattern| word(pattern)).collect();
    narrow.iter().map(local).filter(|pattern| !pattern.starts_with('-')).all(|pattern| {
        broad.iter().any(|broad| covers(broad, Fold::None, &word(&pattern), Fold::None))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use detect_runtime::text::glob::plain;
    use detect_runtime::value::address::Block;

    fn glob(pattern: &str, fold: Fold) -> Test {
        Test::Glob { glob: plain(pattern), fold }
    }

    fn text(text: &str, fold: Fold) -> Test {
        Test::Equals { text: text.into(), fold }
    }

    fn number(order: Order, number: i64) -> Test {
        Test::Number { order, number: Number::Long(number) }
    }

    fn block(block: &str) -> Test {
        let block = Block::parse(block).expect("a block");
        Test::Cidr { address: block.address, bits: block.bits }
    }

    #[test]
    fn one_within_the_other() {
        use Fold::{Ascii, Full, None};
        use Order::{Equal, Greater, GreaterEqual, Less, LessEqual};
        let tokens = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        // Within, and whether the other way round too.
        let rows = [
            (text("cmd.exe", None), glob("*.exe", None), true, false),
            (text("cmd.exe", Ascii), glob("*.exe", None), false, false),
            (text("cmd.exe", None), glob("*.EXE", Ascii), true, false),
            (text("4688", Ascii), text("4688", None), true, true),
            (text("é", Ascii), text("é", None), true, true),
            (text("é", Full), text("é", Ascii), false, true),
            (text("k", Ascii), text("k", Full), true, false),
            (glob("/tmp/*", None), glob("/tmp*", None), true, false),
            (glob("a*b", None), glob("a*", None), true, false),
            (glob("a??", None), glob("a?*", None), true, false),
            (glob("*?", None), glob("?*", None), true, true),
            (glob("*a*", None), glob("*a*a*", None), false, true),
            (glob("*a", None), glob("*a*", None), true, false),
            (number(Equal, 5), number(LessEqual, 5), true, false),
            (number(Less, 5), number(LessEqual, 5), true, false),
            (number(LessEqual, 4), number(Less, 5), true, false),
            (number(Greater, 6), number(GreaterEqual, 6), true, false),
            (text("7", None), number(Greater, 6), true, false),
            (text("many", None), number(Greater, 6), false, false),
            (block("10.1.0.0/16"), block("10.0.0.0/8"), true, false),
            (text("10.1.2.3", None), block("10.0.0.0/8"), true, false),
            (block("127.0.0.1"), block("::1"), false, false),
            (text("Join me", None), Test::AnyToken(tokens(&["join"])), true, false),
            (Test::AnyToken(tokens(&["a"])), Test::AnyToken(tokens(&["a", "b"])), true, false),
            (Test::Phrase(tokens(&["a", "b"])), Test::AnyToken(tokens(&["b"])), true, false),
            (text("abc", None), Test::Regex { pattern: "a.*".into() }, true, false),
            (text("true", None), Test::Boolean(true), true, true),
            (
                Test::DateWithin { from: 3, to: 4 },
                Test::DateOrder { order: Greater, nanos: 2 },
                true,
                false,
            ),
        ];
        for (narrow, broad, there, back) in rows {
            let (a, b) = (Values::new(&narrow), Values::new(&broad));
            assert_eq!(a.within(&b), there, "{narrow:?} within {broad:?}");
            assert_eq!(b.within(&a), back, "{broad:?} within {narrow:?}");
        }
    }

    #[test]
    fn apart() {
        use Fold::{Ascii, None};
        use Order::{Equal, Greater, Less};
        let rows = [
            (text("a", None), text("b", None), true),
            (text("a", None), text("A", Ascii), false),
            (text("a", None), text("A", None), true),
            (glob("a*", None), glob("b*", None), true),
            (glob("*a", None), glob("b*", None), false),
            (glob("*.exe", None), glob("*.dll", None), true),
            (text("ab", None), glob("a?c*", None), false),
            (number(Less, 5), number(Greater, 5), true),
            (number(Equal, 5), number(Greater, 5), true),
            (number(Equal, 6), number(Greater, 5), false),
            (text("x", None), number(Greater, 5), true),
            (block("10.0.0.0/8"), block("11.0.0.0/8"), true),
            (block("10.0.0.0/8"), block("10.1.0.0/16"), false),
        ];
        for (one, other, expected) in rows {
            let (a, b) = (Values::new(&one), Values::new(&other));
            assert_eq!((a.apart(&b), b.apart(&a)), (expected, expected), "{one:?} {other:?}");
        }
    }

    #[test]
    fn indices() {
        let list = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        for (narrow, broad, expected) in [
            (&["logs-endpoint.events.process-*"][..], &["logs-endpoint.events.*"][..], true),
            (&["logs-endpoint.events.*"], &["logs-endpoint.events.process-*"], false),
            (&["a-*", "b-*"], &["a*", "b-*"], true),
            (&["a-*", "c-*"], &["a*", "b-*"], false),
            (&["eu:logs-x-*", "-logs-x-test"], &["logs-*"], true),
            (&["logs-x-*"], &["logs-*", "-logs-x-test"], false),
            (&[], &["logs-*"], false),
            (&["logs-*"], &[], true),
        ] {
            assert_eq!(index_within(&list(narrow), &list(broad)), expected, "{narrow:?} {broad:?}");
        }
    }

    /// All words of up to so many letters.
    fn words(letters: &[char], longest: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..longest {
            last = last
                .iter()
                .flat_map(|word| letters.iter().map(move |letter| format!("{word}{letter}")))
                .collect();
            all.extend(last.iter().cloned());
        }
        all
    }

    /// Patterns of up to four places against every text of up to six letters, one of
    /// which no pattern has: inclusion is exact, not only sound.
    #[test]
    fn patterns_by_enumeration() {
        let patterns: Vec<Test> = words(&['a', 'b', '*', '?'], 3)
            .iter()
            .chain(&["a*b*".into(), "*a*b".into(), "*ab*".into(), "?a*?".into(), "a?*b".into()])
            .map(|pattern| glob(pattern, Fold::None))
            .collect();
        let texts = words(&['a', 'b', 'c'], 6);
        let table: Vec<(Values, Vec<bool>)> = patterns
            .iter()
            .map(|test| {
                let check = Check::new(test);
                let fits = texts.iter().map(|text| check.passes(Raw::Text(text))).collect();
                (Values::new(test), fits)
            })
            .collect();
        for (a, of_a) in &table {
            for (b, of_b) in &table {
                let pairs = || of_a.iter().zip(of_b);
                let expected = pairs().all(|(a, b)| !a || *b);
                assert_eq!(a.within(b), expected, "{:?} within {:?}", a.test, b.test);
                assert!(!a.apart(b) || pairs().all(|(a, b)| !(a & b)), "{:?} {:?}", a.test, b.test);
            }
        }
    }
}
