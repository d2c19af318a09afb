//! Random conditions, what they say in each language, and whether they hold.
//!
//! The evaluation here is written from the reference alone: values of a field are a
//! set, a leaf holds if some value satisfies it, `not` is the complement.

use proptest::prelude::*;
use proptest::sample::select;

/// A scalar of an event.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    Text(&'static str),
    Number(i64),
    Boolean(bool),
}

/// Types of the fields that conditions ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Keyword,
    Number,
    Boolean,
    Address,
}

pub(super) const FIELDS: [(&str, Kind); 8] = [
    ("process.name", Kind::Keyword),
    ("process.args", Kind::Keyword),
    ("user.name", Kind::Keyword),
    ("file.path", Kind::Keyword),
    ("process.pid", Kind::Number),
    ("process.exit_code", Kind::Number),
    ("process.code_signature.trusted", Kind::Boolean),
    ("destination.ip", Kind::Address),
];

/// Texts of events and conditions: what is special in some language, letters that only
/// Unicode folds, words that are operators.
pub(super) const TEXTS: [&str; 16] = [
    "a",
    "A",
    "ab",
    "aab",
    "b",
    "x y",
    "a*b",
    "a?b",
    "C:\\a",
    "say \"a\"",
    "\u{e9}a",
    "\u{c9}A",
    "or",
    "not",
    "(a:b)",
    "a/b.c-d",
];

pub(super) const ADDRESSES: [&str; 4] = ["10.1.2.3", "10.200.0.1", "192.168.0.1", "::1"];
const BLOCKS: [(&str, &[&str]); 4] = [
    ("10.0.0.0/8", &["10.1.2.3", "10.200.0.1"]),
    ("10.1.9.9/16", &["10.1.2.3"]),
    ("192.168.0.1", &["192.168.0.1"]),
    ("::/127", &["::1"]),
];

/// Regular expressions, and texts of [`TEXTS`] that they match as a whole.
pub(super) const PATTERNS: [(&str, &[&str]); 5] = [
    ("a.*", &["a", "ab", "aab", "a*b", "a?b", "a/b.c-d"]),
    ("a{1,2}b?", &["a", "ab", "aab"]),
    ("(x y|or|b)", &["x y", "or", "b"]),
    ("a\\*b|.{2}", &["ab", "or", "a*b", "\u{e9}a", "\u{c9}A"]),
    (
        "[^a].*",
        &["A", "b", "x y", "C:\\a", "say \"a\"", "\u{e9}a", "\u{c9}A", "or", "not", "(a:b)"],
    ),
];

/// A piece of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Any,
    One,
    Text(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// How letters compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    None,
    Ascii,
    Full,
}

/// A condition.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    Equals(&'static str, &'static str),
    In(&'static str, Vec<&'static str>),
    /// A list of patterns; `true`: letters without case, where the language can.
    Like(&'static str, Vec<Vec<Piece>>, bool),
    Exists(&'static str),
    IsNumber(&'static str, i64),
    Compare(&'static str, Order, i64),
    Boolean(&'static str, bool),
    Block(&'static str, usize),
    /// EQL's functions: `startsWith`, `endsWith`, `stringContains`.
    Affix(&'static str, Affix, &'static str, bool),
    /// EQL's `length(f) op n`.
    Length(&'static str, Order, i64),
    /// `f != "x"`.
    Differs(&'static str, &'static str),
    /// `f == null`.
    Missing(&'static str),
    /// EQL's `in~`.
    InFolded(&'static str, Vec<&'static str>),
    /// A pattern by its number, without case where the language can.
    Regex(&'static str, usize, bool),
    /// Field beside field, in Endpoint's dialect.
    Same(&'static str, &'static str),
    /// `startsWith` of two fields.
    Begins(&'static str, &'static str, bool),
    Not(Box<Tree>),
    And(Vec<Tree>),
    Or(Vec<Tree>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Affix {
    Start,
    End,
    Middle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Eql,
    Endpoint,
    Kql,
    Lucene,
}

pub(super) const LANGUAGES: [Language; 4] =
    [Language::Eql, Language::Endpoint, Language::Kql, Language::Lucene];

fn field(kind: Kind) -> impl Strategy<Value = &'static str> {
    let of_kind = FIELDS.iter().filter(move |(_, own)| *own == kind).map(|(name, _)| *name);
    select(of_kind.collect::<Vec<_>>())
}

fn order() -> impl Strategy<Value = Order> {
    select(&[Order::Less, Order::LessEqual, Order::Greater, Order::GreaterEqual][..])
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        3 => Just(Piece::Any),
        1 => Just(Piece::One),
        4 => select(&TEXTS[..]).prop_map(Piece::Text),
    ]
}

fn leaf() -> impl Strategy<Value = Tree> {
    let text = || select(&TEXTS[..]);
    let patterns = prop::collection::vec(prop::collection::vec(piece(), 1..4), 1..3);
    let affix = select(&[Affix::Start, Affix::End, Affix::Middle][..]);
    prop_oneof![
        3 => (field(Kind::Keyword), text()).prop_map(|(f, v)| Tree::Equals(f, v)),
        2 => (field(Kind::Keyword), prop::collection::vec(text(), 1..4))
            .prop_map(|(f, all)| Tree::In(f, all)),
        3 => (field(Kind::Keyword), patterns, any::<bool>())
            .prop_map(|(f, all, folded)| Tree::Like(f, all, folded)),
        1 => select(&FIELDS[..]).prop_map(|(f, _)| Tree::Exists(f)),
        1 => (field(Kind::Number), -1..4i64).prop_map(|(f, n)| Tree::IsNumber(f, n)),
        1 => (field(Kind::Number), order(), -1..4i64).prop_map(|(f, o, n)| Tree::Compare(f, o, n)),
        1 => (field(Kind::Boolean), any::<bool>()).prop_map(|(f, b)| Tree::Boolean(f, b)),
        1 => (field(Kind::Address), 0..BLOCKS.len()).prop_map(|(f, block)| Tree::Block(f, block)),
        1 => (field(Kind::Keyword), affix, text(), any::<bool>())
            .prop_map(|(f, affix, t, folded)| Tree::Affix(f, affix, t, folded)),
        1 => (field(Kind::Keyword), order(), 0..4i64).prop_map(|(f, o, n)| Tree::Length(f, o, n)),
        1 => (field(Kind::Keyword), text()).prop_map(|(f, v)| Tree::Differs(f, v)),
        1 => select(&FIELDS[..]).prop_map(|(f, _)| Tree::Missing(f)),
        1 => (field(Kind::Keyword), prop::collection::vec(text(), 1..4))
            .prop_map(|(f, all)| Tree::InFolded(f, all)),
        1 => (field(Kind::Keyword), 0..PATTERNS.len(), any::<bool>())
            .prop_map(|(f, pattern, folded)| Tree::Regex(f, pattern, folded)),
        1 => (field(Kind::Keyword), field(Kind::Keyword)).prop_map(|(a, b)| Tree::Same(a, b)),
        1 => (field(Kind::Keyword), field(Kind::Keyword), any::<bool>())
            .prop_map(|(a, b, folded)| Tree::Begins(a, b, folded)),
    ]
}

/// Random conditions.
pub(super) fn tree() -> impl Strategy<Value = Tree> {
    leaf().prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            1 => inner.clone().prop_map(|tree| Tree::Not(Box::new(tree))),
            1 => prop::collection::vec(inner.clone(), 2..4).prop_map(Tree::And),
            1 => prop::collection::vec(inner, 2..4).prop_map(Tree::Or),
        ]
    })
}

impl Tree {
    /// The condition as far as the language can say it.
    pub(super) fn of(&self, language: Language) -> Tree {
        let is_eql = matches!(language, Language::Eql | Language::Endpoint);
        match self {
            Tree::Like(field, patterns, folded) => {
                let piece = |piece: &Piece| match (piece, language) {
                    // `?` is a character in KQL.
                    (Piece::One, Language::Kql) => Piece::Any,
                    // EQL has no escape for its wildcards.
                    (Piece::Text(text), _) if is_eql && text.contains(['*', '?']) => {
                        Piece::Text("a")
                    }
                    (piece, _) => *piece,
                };
                // A pattern of text alone would be a word, not a pattern, in Lucene.
                let pattern = |pieces: &Vec<Piece>| {
                    let mut pieces: Vec<Piece> = pieces.iter().map(piece).collect();
                    if !is_eql && !pieces.contains(&Piece::Any) {
                        pieces.push(Piece::Any);
                    }
                    pieces
                };
                Tree::Like(field, patterns.iter().map(pattern).collect(), *folded && is_eql)
            }
            // Constants of `endsWith` and `stringContains` are patterns in Elasticsearch.
            Tree::Affix(field, affix, text, folded)
                if is_eql && *affix != Affix::Start && text.contains(['*', '?', '\\']) =>
            {
                Tree::Affix(field, *affix, "a", *folded)
            }
            Tree::Affix(field, ..) | Tree::Length(field, ..) | Tree::Begins(field, ..)
                if !is_eql =>
            {
                Tree::Exists(field)
            }
            Tree::InFolded(field, texts) if !is_eql => Tree::In(field, texts.clone()),
            Tree::Same(field, _) if language != Language::Endpoint => Tree::Exists(field),
            Tree::Regex(field, ..) if language == Language::Kql => Tree::Exists(field),
            // Classes keep their case in Elasticsearch; Lucene knows no case.
            Tree::Regex(field, pattern, true)
                if language == Language::Lucene || PATTERNS[*pattern].0.contains('[') =>
            {
                Tree::Regex(field, *pattern, false)
            }
            Tree::Not(inner) => Tree::Not(Box::new(inner.of(language))),
            Tree::And(all) => Tree::And(all.iter().map(|tree| tree.of(language)).collect()),
            Tree::Or(all) => Tree::Or(all.iter().map(|tree| tree.of(language)).collect()),
            other => other.clone(),
        }
    }

    /// Whether the condition, made for the language, holds for an event.
    pub(super) fn holds(&self, event: &super::Event, language: Language) -> bool {
        let some = |field: &str, test: &dyn Fn(&Scalar) -> bool| event.values(field).any(test);
        let text = |field: &str, test: &dyn Fn(&str) -> bool| {
            some(field, &|scalar| matches!(scalar, Scalar::Text(text) if test(text)))
        };
        let number = |field: &str, test: &dyn Fn(i64) -> bool| {
            some(field, &|scalar| matches!(scalar, Scalar::Number(n) if test(*n)))
        };
        let fold = if language == Language::Endpoint { Fold::Full } else { Fold::Ascii };
        let folding = |folded: bool| if folded { fold } else { Fold::None };
        match self {
            Tree::Equals(field, constant) => text(field, &|value| value == *constant),
            Tree::In(field, list) => text(field, &|value| list.contains(&value)),
            Tree::Like(field, patterns, folded) => text(field, &|value| {
                let value: Vec<char> = folding(*folded).letters(value);
                patterns.iter().any(|pieces| glob(&value, &folding(*folded).pieces(pieces)))
            }),
            Tree::Exists(field) => some(field, &|_| true),
            Tree::IsNumber(field, n) => number(field, &|value| value == *n),
            Tree::Compare(field, order, n) => number(field, &|value| order.holds(value, *n)),
            Tree::Boolean(field, b) => some(field, &|scalar| *scalar == Scalar::Boolean(*b)),
            Tree::Block(field, block) => text(field, &|value| BLOCKS[*block].1.contains(&value)),
            Tree::Affix(field, affix, constant, folded) => text(field, &|value| {
                let value: String = folding(*folded).letters(value).into_iter().collect();
                let constant: String = folding(*folded).letters(constant).into_iter().collect();
                match affix {
                    Affix::Start => value.starts_with(&constant),
                    Affix::End => value.ends_with(&constant),
                    Affix::Middle => value.contains(&constant),
                }
            }),
            Tree::Length(field, order, n) => {
                text(field, &|value| order.holds(value.chars().count() as i64, *n))
            }
            Tree::Differs(field, constant) => !text(field, &|value| value == *constant),
            Tree::Missing(field) => !some(field, &|_| true),
            Tree::InFolded(field, list) => text(field, &|value| {
                list.iter().any(|constant| fold.letters(constant) == fold.letters(value))
            }),
            Tree::Regex(field, pattern, folded) => text(field, &|value| {
                let matching = PATTERNS[*pattern].1;
                let folded_value = folding(*folded).letters(value);
                // Without case a text matches if some spelling of it does.
                matching.contains(&value)
                    || *folded
                        && spellings(value).iter().any(|spelling| {
                            fold.letters(spelling) == folded_value
                                && matches_folded(*pattern, spelling)
                        })
            }),
            Tree::Same(left, right) => text(left, &|a| text(right, &|b| a == b)),
            Tree::Begins(left, right, folded) => text(left, &|a| {
                text(right, &|b| {
                    // Of computed values all letters fold, not those of ASCII alone.
                    let fold = if *folded { Fold::Full } else { Fold::None };
                    let (a, b) = (fold.letters(a), fold.letters(b));
                    a.starts_with(&b)
                })
            }),
            Tree::Not(inner) => !inner.holds(event, language),
            Tree::And(all) => all.iter().all(|tree| tree.holds(event, language)),
            Tree::Or(all) => all.iter().any(|tree| tree.holds(event, language)),
        }
    }
}

impl Order {
    fn holds(self, a: i64, b: i64) -> bool {
        match self {
            Order::Less => a < b,
            Order::LessEqual => a <= b,
            Order::Greater => a > b,
            Order::GreaterEqual => a >= b,
        }
    }

    pub(super) fn sign(self) -> &'static str {
        match self {
            Order::Less => "<",
            Order::LessEqual => "<=",
            Order::Greater => ">",
            Order::GreaterEqual => ">=",
        }
    }
}

/// A piece as single characters.
enum Step {
    Any,
    One,
    Is(char),
}

impl Fold {
    fn letters(self, text: &str) -> Vec<char> {
        match self {
            Fold::None => text.chars().collect(),
            Fold::Ascii => text.chars().map(|c| c.to_ascii_lowercase()).collect(),
            Fold::Full => text.to_lowercase().chars().collect(),
        }
    }

    fn pieces(self, pieces: &[Piece]) -> Vec<Step> {
        let mut steps = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Any => steps.push(Step::Any),
                Piece::One => steps.push(Step::One),
                Piece::Text(text) => steps.extend(self.letters(text).into_iter().map(Step::Is)),
            }
        }
        steps
    }
}

/// Texts that differ from this one by case alone.
fn spellings(text: &str) -> [String; 3] {
    [text.to_ascii_lowercase(), text.to_lowercase(), text.to_uppercase()]
}

/// Whether a pattern of [`PATTERNS`] matches a spelling that is in no table.
fn matches_folded(pattern: usize, spelling: &str) -> bool {
    let chars: Vec<char> = spelling.chars().collect();
    match pattern {
        0 => chars.first() == Some(&'a'),
        1 => matches!(spelling, "a" | "ab" | "aab" | "aa"),
        2 => matches!(spelling, "x y" | "or" | "b"),
        3 => spelling == "a*b" || chars.len() == 2,
        _ => !chars.is_empty() && chars[0] != 'a',
    }
}

/// The plainest way to match a pattern.
fn glob(value: &[char], steps: &[Step]) -> bool {
    match (steps.split_first(), value.split_first()) {
        (None, rest) => rest.is_none(),
        (Some((Step::Any, rest)), _) => (0..=value.len()).any(|skip| glob(&value[skip..], rest)),
        (Some((Step::One, rest)), Some((_, tail))) => glob(tail, rest),
        (Some((Step::Is(c), rest)), Some((first, tail))) => c == first && glob(tail, rest),
        (Some(_), None) => false,
    }
}
