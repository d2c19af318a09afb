//! Reading: from Lucene's syntax to [`Node`]. Tightest first: repetition,
//! complement, concatenation, `&`, `|` (org.apache.lucene.util.automaton.RegExp,
//! its published grammar).

use super::{Class, LAST, Node, Options, RegexError};
use crate::test::Fold;
use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

pub(super) fn parse(pattern: &str, options: Options) -> Result<Node, RegexError> {
    let mut parser = Parser { pattern, at: 0, options, depth: 0 };
    if pattern.is_empty() {
        return Ok(Node::EMPTY);
    }
    let node = parser.choice()?;
    match parser.peek() {
        None => Ok(node),
        Some(_) => Err(parser.expected("the end of the pattern")),
    }
}

/// Deepest nesting of groups and complements.
const DEPTH: usize = 200;
/// Most repetitions that a counted repeat may ask for, as in Lucene's own limit on
/// automaton size.
const REPEATS: u32 = 10_000;

struct Parser<'p> {
    pattern: &'p str,
    at: usize,
    options: Options,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.pattern[self.at..].chars().next()
    }

    fn take(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    fn next(&mut self, expected: &'static str) -> Result<char, RegexError> {
        let c = self.peek().ok_or(RegexError::End { expected })?;
        self.at += c.len_utf8();
        Ok(c)
    }

    fn expected(&self, expected: &'static str) -> RegexError {
        match self.peek() {
            Some(_) => RegexError::Unexpected { at: self.at, expected },
            None => RegexError::End { expected },
        }
    }

    fn choice(&mut self) -> Result<Node, RegexError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.expected("less deep nesting"));
        }
        let mut all = vec![self.intersection()?];
        while self.take('|') {
            all.push(self.intersection()?);
        }
        self.depth -= 1;
        Ok(one_or(all, Node::Or))
    }

    fn intersection(&mut self) -> Result<Node, RegexError> {
        let mut all = vec![self.sequence()?];
        while self.take('&') {
            all.push(self.sequence()?);
        }
        Ok(one_or(all, Node::And))
    }

    fn sequence(&mut self) -> Result<Node, RegexError> {
        let mut all = vec![self.repetition()?];
        while self.peek().is_some_and(|c| !matches!(c, ')' | '|' | '&')) {
            all.push(self.repetition()?);
        }
        let mut flat = Vec::with_capacity(all.len());
        for node in all {
            match node {
                Node::Concat(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        Ok(one_or(flat, Node::Concat))
    }

    fn repetition(&mut self) -> Result<Node, RegexError> {
        let mut node = self.complement()?;
        loop {
            let (least, most) = match self.peek() {
                Some('?') => (0, Some(1)),
                Some('*') => (0, None),
                Some('+') => (1, None),
                Some('{') => {
                    self.take('{');
                    let (least, most) = self.count()?;
                    node = repeat(node, least, most);
                    continue;
                }
                _ => return Ok(node),
            };
            self.next("")?;
            node = repeat(node, least, most);
        }
    }

    /// Behind `{`: `n}`, `n,}` or `n,m}`.
    fn count(&mut self) -> Result<(u32, Option<u32>), RegexError> {
        let least = self.number()?;
        let most = match self.take(',') {
            false => Some(least),
            true if self.peek() == Some('}') => None,
            true => Some(self.number()?),
        };
        if !self.take('}') {
            return Err(self.expected("`}`"));
        }
        if most.is_some_and(|most| most < least) {
            return Err(self.expected("a range from less to more"));
        }
        Ok((least, most))
    }

    fn number(&mut self) -> Result<u32, RegexError> {
        let digits = self.digits();
        match digits.parse() {
            Ok(n) if n <= REPEATS => Ok(n),
            Ok(_) => Err(self.expected("a count of at most 10,000")),
            Err(_) => Err(self.expected("a number")),
        }
    }

    fn digits(&mut self) -> &str {
        let rest = &self.pattern[self.at..];
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn complement(&mut self) -> Result<Node, RegexError> {
        let mut times = 0usize;
        while self.take('~') {
            times += 1;
        }
        let node = self.class()?;
        Ok(if times % 2 == 1 { Node::Not(Box::new(node)) } else { node })
    }

    fn class(&mut self) -> Result<Node, RegexError> {
        if !self.take('[') {
            return self.simple();
        }
        let negated = self.take('^');
        let mut class = Class::new();
        // The first item may be a bracket: a class is never empty.
        loop {
            self.class_item(&mut class)?;
            match self.peek() {
                None => return Err(RegexError::End { expected: "`]`" }),
                Some(']') => break,
                Some(_) => {}
            }
        }
        self.take(']');
        let class = normal(class);
        Ok(Node::Class(if negated { complement(&class) } else { class }))
    }

    fn class_item(&mut self, class: &mut Class) -> Result<(), RegexError> {
        if let Some(predefined) = self.predefined() {
            class.extend(predefined);
            return Ok(());
        }
        let from = self.character("a class item")?;
        let rest = &self.pattern[self.at..];
        // A dash before the closing bracket is itself.
        if !rest.starts_with('-') || rest.starts_with("-]") {
            class.extend(folded(u32::from(from), u32::from(from), self.options.fold));
            return Ok(());
        }
        self.take('-');
        let start = self.at;
        let to = self.character("the end of a range")?;
        if to < from {
            return Err(RegexError::Unexpected {
                at: start,
                expected: "a range from less to more",
            });
        }
        let fold = if self.options.fold_ranges { self.options.fold } else { Fold::None };
        class.extend(folded(u32::from(from), u32::from(to), fold));
        Ok(())
    }

    /// `\d` and its kin.
    fn predefined(&mut self) -> Option<Class> {
        let c = self.pattern[self.at..].strip_prefix('\\')?.chars().next()?;
        let class: &[(char, char)] = match c.to_ascii_lowercase() {
            'd' => &[('0', '9')],
            's' => &[('\t', '\n'), ('\r', '\r'), (' ', ' ')],
            'w' => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
            _ => return None,
        };
        self.at += 2;
        let class = class.iter().map(|(a, b)| (u32::from(*a), u32::from(*b))).collect();
        Some(if c.is_ascii_uppercase() { complement(&class) } else { class })
    }

    fn character(&mut self, expected: &'static str) -> Result<char, RegexError> {
        self.take('\\');
        self.next(expected)
    }

    fn simple(&mut self) -> Result<Node, RegexError> {
        if let Some(class) = self.predefined() {
            return Ok(Node::Class(class));
        }
        match self.peek() {
            Some('.') => self.taken(Node::any()),
            Some('#') => self.taken(Node::NOTHING),
            Some('@') => self.taken(Node::any_text()),
            Some('"') => self.quoted(),
            Some('(') => self.group(),
            Some('<') => self.interval(),
            // Where an atom must stand Lucene takes any character as itself, so
            // `a||b` is `a`, or `|b`.
            _ => {
                let c = self.character("an expression")?;
                Ok(self.literal(c))
            }
        }
    }

    fn taken(&mut self, node: Node) -> Result<Node, RegexError> {
        self.next("")?;
        Ok(node)
    }

    fn literal(&self, c: char) -> Node {
        Node::Class(folded(u32::from(c), u32::from(c), self.options.fold))
    }

    fn quoted(&mut self) -> Result<Node, RegexError> {
        self.take('"');
        let rest = &self.pattern[self.at..];
        let Some(end) = rest.find('"') else { return Err(RegexError::End { expected: "`\"`" }) };
        self.at += end + 1;
        Ok(one_or(rest[..end].chars().map(|c| self.literal(c)).collect(), Node::Concat))
    }

    fn group(&mut self) -> Result<Node, RegexError> {
        self.take('(');
        if self.take(')') {
            return Ok(Node::EMPTY);
        }
        let node = self.choice()?;
        if self.take(')') { Ok(node) } else { Err(self.expected("`)`")) }
    }

    /// `<n-m>`: the decimal numbers of a range; as long as both are written, if
    /// they are written with the same length, else with any leading zeros.
    fn interval(&mut self) -> Result<Node, RegexError> {
        self.take('<');
        let from = self.digits().to_owned();
        if from.is_empty() || !self.take('-') {
            return Err(self.expected("a number and `-`"));
        }
        let to = self.digits().to_owned();
        let (Ok(a), Ok(b)) = (from.parse::<u64>(), to.parse::<u64>()) else {
            return Err(self.expected("a number of at most 64 bits"));
        };
        if !self.take('>') {
            return Err(self.expected("`>`"));
        }
        let (low, high) = (a.min(b), a.max(b));
        if from.len() == to.len() {
            let width = from.len();
            return Ok(numbers(&format!("{low:0width$}"), &format!("{high:0width$}")));
        }
        let zeros = Node::Repeat(Box::new(self.literal('0')), 0, None);
        let widths = low.to_string().len()..=high.to_string().len();
        let choices = widths.map(|width| {
            let least = 10u64.pow(width as u32 - 1);
            let from = low.max(if width == 1 { 0 } else { least });
            let to = high.min(least.saturating_mul(10).saturating_sub(1).max(9));
            numbers(&from.to_string(), &to.to_string())
        });
        Ok(Node::Concat(vec![zeros, Node::Or(choices.collect())]))
    }
}

/// The numbers between two texts of digits of one length.
fn numbers(from: &str, to: &str) -> Node {
    let digit = |a: u8, b: u8| Node::Class(vec![(u32::from(a), u32::from(b))]);
    let (Some((a, low)), Some((b, high))) =
        (from.as_bytes().split_first(), to.as_bytes().split_first())
    else {
        return Node::EMPTY;
    };
    let (low_rest, high_rest) = (&from[1..], &to[1..]);
    if a == b {
        return Node::Concat(vec![digit(*a, *a), numbers(low_rest, high_rest)]);
    }
    let (zeros, nines) = ("0".repeat(low.len()), "9".repeat(high.len()));
    let mut choices = vec![
        Node::Concat(vec![digit(*a, *a), numbers(low_rest, &nines)]),
        Node::Concat(vec![digit(*b, *b), numbers(&zeros, high_rest)]),
    ];
    if b - a > 1 {
        choices.push(Node::Concat(vec![digit(a + 1, b - 1), numbers(&zeros, &nines)]));
    }
    Node::Or(choices)
}

fn repeat(node: Node, least: u32, most: Option<u32>) -> Node {
    Node::Repeat(Box::new(node), least, most)
}

/// A list of one is the one.
fn one_or(mut all: Vec<Node>, list: fn(Vec<Node>) -> Node) -> Node {
    match all.pop() {
        Some(one) if all.is_empty() => one,
        Some(last) => {
            all.push(last);
            list(all)
        }
        None => list(all),
    }
}

/// A range with the other cases of its letters.
fn folded(from: u32, to: u32, fold: Fold) -> Class {
    match fold {
        Fold::None => vec![(from, to)],
        Fold::Ascii => {
            let mut class = vec![(from, to)];
            for (first, last, shift) in [(0x41, 0x5a, 32i64), (0x61, 0x7a, -32)] {
                let (a, b) = (from.max(first), to.min(last));
                if a <= b {
                    let moved = |n: u32| (i64::from(n) + shift) as u32;
                    class.push((moved(a), moved(b)));
                }
            }
            normal(class)
        }
        Fold::Full => {
            let ends = char::from_u32(from).zip(char::from_u32(to));
            let mut class = ClassUnicode::new(ends.map(|(a, b)| ClassUnicodeRange::new(a, b)));
            match class.try_case_fold_simple() {
                Ok(()) => class
                    .iter()
                    .map(|range| (u32::from(range.start()), u32::from(range.end())))
                    .collect(),
                Err(_) => vec![(from, to)],
            }
        }
    }
}

/// Sorts and joins ranges.
pub(super) fn normal(mut class: Class) -> Class {
    class.sort_unstable();
    let mut out: Class = Vec::with_capacity(class.len());
    for (from, to) in class {
        match out.last_mut() {
            Some((_, end)) if from <= end.saturating_add(1) => *end = to.max(*end),
            _ => out.push((from, to)),
        }
    }
    out
}

/// Every other character; code points of surrogates are none.
pub(super) fn complement(class: &Class) -> Class {
    const SURROGATES: (u32, u32) = (0xd800, 0xdfff);
    let mut out = Class::new();
    let mut next = 0;
    for (from, to) in normal([class.as_slice(), &[SURROGATES]].concat()) {
        if from > next {
            out.push((next, from - 1));
        }
        next = to + 1;
    }
    if next <= LAST {
        out.push((next, LAST));
    }
    out
}
