//! Text to the syntax tree: the grammar of `reference/kql-lucene.md`, section 5.

use super::ast::{Atom, Clause, Clauses, Name, Occurs};
use super::error::{LuceneError, LuceneErrorKind};
use detect_runtime::test::{Order, Piece};

/// Deepest nesting of groups.
const MAX_DEPTH: usize = 100;

/// Parses a query.
pub(super) fn parse(text: &str) -> Result<Clauses, LuceneError> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let clauses = parser.clauses()?;
    if parser.rest().is_empty() { Ok(clauses) } else { Err(parser.expected("a clause")) }
}

struct Parser<'q> {
    text: &'q str,
    at: usize,
    depth: usize,
}

/// The word between two clauses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Conjunction {
    None,
    And,
    Or,
}

impl Parser<'_> {
    /// Clauses up to a closing bracket or the end. `AND` makes both neighbours
    /// required, a lone clause is optional (`addClause` of Lucene's classic parser).
    fn clauses(&mut self) -> Result<Clauses, LuceneError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(LuceneErrorKind::Depth(MAX_DEPTH).at(&(self.at..self.at)));
        }
        let mut clauses: Vec<Clause> = Vec::new();
        loop {
            self.blanks();
            if self.rest().is_empty() || self.rest().starts_with(')') {
                break;
            }
            let conjunction =
                if clauses.is_empty() { Conjunction::None } else { self.conjunction() };
            let mut clause = self.clause()?;
            if conjunction == Conjunction::And {
                if let Some(before) = clauses.last_mut() {
                    require(before);
                }
                require(&mut clause);
            }
            clauses.push(clause);
        }
        self.depth -= 1;
        Ok(Clauses(clauses))
    }

    fn conjunction(&mut self) -> Conjunction {
        let found = if self.take_word("AND") || self.take("&&") {
            Conjunction::And
        } else if self.take_word("OR") || self.take("||") {
            Conjunction::Or
        } else {
            Conjunction::None
        };
        self.blanks();
        found
    }

    fn clause(&mut self) -> Result<Clause, LuceneError> {
        let start = self.at;
        let occurs = if self.take("+") {
            Occurs::Required
        } else if self.take("-") || self.take("!") || self.take_word("NOT") {
            Occurs::Prohibited
        } else {
            Occurs::Optional
        };
        self.blanks();
        let field = self.field()?;
        self.blanks();
        let atom = self.atom(field.is_some())?;
        self.boost()?;
        Ok(Clause { occurs, field, atom, span: start..self.at })
    }

    /// A name and a colon, or nothing. Blanks are skipped between words and signs.
    fn field(&mut self) -> Result<Option<Name>, LuceneError> {
        let start = self.at;
        let pieces = self.word();
        let end = self.at;
        self.blanks();
        if pieces.is_empty() || !self.take(":") {
            self.at = start;
            return Ok(None);
        }
        let piece = |piece: &Piece| match piece {
            Piece::Literal(text) => Ok(text.clone()),
            Piece::Any => Ok("*".to_owned()),
            Piece::One => {
                Err(LuceneErrorKind::Unsupported("`?` in a field name").at(&(start..end)))
            }
        };
        let text = pieces.iter().map(piece).collect::<Result<String, _>>()?;
        Ok(Some(Name { text, span: start..end }))
    }

    fn atom(&mut self, named: bool) -> Result<Atom, LuceneError> {
        if self.take("(") {
            let clauses = self.clauses()?;
            if clauses.0.is_empty() || !self.take(")") {
                return Err(self.expected(if clauses.0.is_empty() { "a clause" } else { "`)`" }));
            }
            return Ok(Atom::Group(clauses));
        }
        if self.rest().starts_with('"') {
            let text = self.phrase()?;
            let slop = if self.take("~") { self.number()?.map_or(0, |n| n as u32) } else { 0 };
            return Ok(Atom::Phrase { text, slop });
        }
        if self.take("/") {
            return self.regex();
        }
        if self.rest().starts_with(['[', '{']) {
            return self.range();
        }
        if named && let Some(order) = self.comparison() {
            self.blanks();
            let bound = self.bound()?;
            return Ok(Atom::Range(vec![(order, bound)]));
        }
        let pieces = self.word();
        if pieces.is_empty() {
            return Err(self.expected("a word"));
        }
        let fuzzy = if self.take("~") { Some(self.fuzziness()?) } else { None };
        Ok(Atom::Term { pieces, fuzzy })
    }

    fn phrase(&mut self) -> Result<String, LuceneError> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(c) = self.next() {
            match c {
                '"' => return Ok(text),
                '\\' => text.extend(self.next()),
                c => text.push(c),
            }
        }
        Err(LuceneErrorKind::Unclosed("a phrase").at(&(start..start + 1)))
    }

    fn regex(&mut self) -> Result<Atom, LuceneError> {
        let start = self.at - 1;
        let mut pattern = String::new();
        while let Some(c) = self.next() {
            match c {
                '/' => return Ok(Atom::Regex(pattern)),
                '\\' if self.rest().starts_with('/') => {
                    self.at += 1;
                    pattern.push('/');
                }
                '\\' => {
                    pattern.push('\\');
                    pattern.extend(self.next());
                }
                c => pattern.push(c),
            }
        }
        Err(LuceneErrorKind::Unclosed("a regular expression").at(&(start..start + 1)))
    }

    /// `[a TO b]`; a star is no bound.
    fn range(&mut self) -> Result<Atom, LuceneError> {
        let low = if self.take("[") { Order::GreaterEqual } else { Order::Greater };
        if low == Order::Greater {
            self.at += 1;
        }
        self.blanks();
        let first = self.bound()?;
        self.blanks();
        if !self.take_word("TO") {
            return Err(self.expected("`TO`"));
        }
        self.blanks();
        let second = self.bound()?;
        self.blanks();
        let high = if self.take("]") {
            Order::LessEqual
        } else if self.take("}") {
            Order::Less
        } else {
            return Err(self.expected("`]` or `}`"));
        };
        let bounds = [(low, first), (high, second)];
        Ok(Atom::Range(bounds.into_iter().filter(|(_, bound)| bound != "*").collect()))
    }

    fn comparison(&mut self) -> Option<Order> {
        let (operator, order) = [
            (">=", Order::GreaterEqual),
            ("<=", Order::LessEqual),
            (">", Order::Greater),
            ("<", Order::Less),
        ]
        .into_iter()
        .find(|(operator, _)| self.rest().starts_with(operator))?;
        self.at += operator.len();
        Some(order)
    }

    /// The end of a range: quoted, or anything up to white space or a bracket.
    fn bound(&mut self) -> Result<String, LuceneError> {
        if self.rest().starts_with('"') {
            return self.phrase();
        }
        let mut bound = String::new();
        while let Some(c) = self.rest().chars().next() {
            if is_blank(c) || matches!(c, ']' | '}' | ')') {
                break;
            }
            self.at += c.len_utf8();
            if c == '\\' { bound.extend(self.next()) } else { bound.push(c) }
        }
        if bound.is_empty() { Err(self.expected("a bound")) } else { Ok(bound) }
    }

    /// A run of word characters, escapes and wildcards.
    fn word(&mut self) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        while let Some(c) = self.rest().chars().next() {
            let first = pieces.is_empty();
            let escaped = c == '\\';
            if !escaped && (is_blank(c) || ends_word(c) || first && matches!(c, '+' | '-' | '!')) {
                break;
            }
            if first && (self.rest().starts_with("&&") || self.rest().starts_with("||")) {
                break;
            }
            self.at += c.len_utf8();
            let c = match (c, escaped) {
                ('*', _) => {
                    if pieces.last() != Some(&Piece::Any) {
                        pieces.push(Piece::Any);
                    }
                    continue;
                }
                ('?', _) => {
                    pieces.push(Piece::One);
                    continue;
                }
                (_, true) => self.next().unwrap_or('\\'),
                (c, false) => c,
            };
            match pieces.last_mut() {
                Some(Piece::Literal(text)) => text.push(c),
                _ => pieces.push(Piece::Literal(c.to_string())),
            }
        }
        pieces
    }

    /// `~`, `~1`, and the old `~0.8`.
    fn fuzziness(&mut self) -> Result<u8, LuceneError> {
        match self.number()? {
            None => Ok(2),
            Some(n) if n >= 1.0 && n.fract() == 0.0 => Ok(n.min(2.0) as u8),
            Some(0.0) => Ok(0),
            Some(_) => Err(LuceneErrorKind::Unsupported("a fuzziness given as similarity")
                .at(&(self.at - 1..self.at))),
        }
    }

    /// `^2` only weighs.
    fn boost(&mut self) -> Result<(), LuceneError> {
        let start = self.at;
        if self.take("^") && self.number()?.is_none() {
            let kind = LuceneErrorKind::Number("a boost is a number");
            return Err(kind.at(&(start..self.at)));
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Option<f64>, LuceneError> {
        let start = self.at;
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        self.at += length;
        if length == 0 {
            return Ok(None);
        }
        let error = || LuceneErrorKind::Number("not a number").at(&(start..start + length));
        rest[..length].parse().map(Some).map_err(|_| error())
    }
}

fn require(clause: &mut Clause) {
    if clause.occurs != Occurs::Prohibited {
        clause.occurs = Occurs::Required;
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{3000}')
}

fn ends_word(c: char) -> bool {
    matches!(c, '(' | ')' | '{' | '}' | '[' | ']' | '^' | '"' | '~' | ':' | '/')
}

/// The text.
impl<'q> Parser<'q> {
    fn rest(&self) -> &'q str {
        &self.text[self.at..]
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(is_blank).len();
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    /// An operator in capitals, with white space or a bracket behind it.
    fn take_word(&mut self, word: &str) -> bool {
        let behind = self.rest().strip_prefix(word);
        let found = behind.is_some_and(|rest| {
            rest.chars().next().is_none_or(|c| is_blank(c) || matches!(c, '(' | '"' | ')'))
        });
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn expected(&self, expected: &'static str) -> LuceneError {
        let (found, length) = match self.rest().chars().next() {
            Some(c) => (format!("`{c}`"), c.len_utf8()),
            None => ("the end of the query".to_owned(), 0),
        };
        LuceneErrorKind::Expected { expected, found }.at(&(self.at..self.at + length))
    }
}
