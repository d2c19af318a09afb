//! Text to the syntax tree. The grammar is Kibana's `grammar.peggy`
//! (`reference/kql-lucene.md`, section 2); the names of the functions are those of its
//! rules. It never needs to go back: after a literal the next character tells
//! what it is.

use super::ast::{Literal, Query, Values};
use super::error::{KqlError, KqlErrorKind};
use detect_runtime::test::{Order, Piece};

/// Deepest nesting of brackets. Real rules stay below 6.
const MAX_DEPTH: usize = 100;

/// Parses a query; `None` is the empty one.
pub(super) fn parse(text: &str) -> Result<Option<Query>, KqlError> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    parser.space();
    if parser.rest().is_empty() {
        return Ok(None);
    }
    let query = parser.or_query()?;
    parser.space();
    if parser.rest().is_empty() {
        Ok(Some(query))
    } else {
        Err(parser.expected("`and`, `or` or the end"))
    }
}

struct Parser<'q> {
    text: &'q str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn or_query(&mut self) -> Result<Query, KqlError> {
        self.deeper()?;
        let all = self.list("or", |parser| {
            let all = parser.list("and", Parser::not_query)?;
            Ok(join(all, Query::And))
        })?;
        self.depth -= 1;
        Ok(join(all, Query::Or))
    }

    fn not_query(&mut self) -> Result<Query, KqlError> {
        if self.take_not() {
            return Ok(Query::Not(Box::new(self.sub_query()?)));
        }
        self.sub_query()
    }

    fn sub_query(&mut self) -> Result<Query, KqlError> {
        if self.take('(') {
            let query = self.or_query()?;
            self.space();
            return self.closing(')', query);
        }
        self.expression()
    }

    /// `NestedQuery`, `FieldRangeExpression`, `FieldValueExpression` or
    /// `ValueExpression`: all begin with a literal.
    fn expression(&mut self) -> Result<Query, KqlError> {
        let field = self.literal("a field or a value")?;
        let behind = self.at;
        self.space();
        if let Some(order) = self.range_operator() {
            self.space();
            let value = self.literal("a value")?;
            return Ok(Query::Range { field, order, value });
        }
        if !self.take(':') {
            self.at = behind;
            return Ok(Query::Free(field));
        }
        self.space();
        if self.take('{') {
            self.space();
            let query = Box::new(self.or_query()?);
            self.space();
            return self.closing('}', Query::Nested { path: field, query });
        }
        Ok(Query::Field { field, values: self.list_of_values()? })
    }

    fn range_operator(&mut self) -> Option<Order> {
        let (operator, order) = [
            ("<=", Order::LessEqual),
            (">=", Order::GreaterEqual),
            ("<", Order::Less),
            (">", Order::Greater),
        ]
        .into_iter()
        .find(|(operator, _)| self.rest().starts_with(operator))?;
        self.at += operator.len();
        Some(order)
    }

    fn list_of_values(&mut self) -> Result<Values, KqlError> {
        if self.take('(') {
            self.space();
            let values = self.or_list_of_values()?;
            self.space();
            return self.closing(')', values);
        }
        self.literal("a value").map(Values::One)
    }

    fn or_list_of_values(&mut self) -> Result<Values, KqlError> {
        self.deeper()?;
        let all = self.list("or", |parser| {
            let all = parser.list("and", Parser::not_list_of_values)?;
            Ok(join(all, Values::And))
        })?;
        self.depth -= 1;
        Ok(join(all, Values::Or))
    }

    fn not_list_of_values(&mut self) -> Result<Values, KqlError> {
        if self.take_not() {
            return Ok(Values::Not(Box::new(self.list_of_values()?)));
        }
        self.list_of_values()
    }

    /// One or more operands with a keyword between them.
    fn list<T>(
        &mut self,
        keyword: &str,
        operand: impl Fn(&mut Self) -> Result<T, KqlError>,
    ) -> Result<Vec<T>, KqlError> {
        let mut all = vec![operand(self)?];
        while let Some(length) = joining(self.rest(), keyword) {
            self.at += length;
            all.push(operand(self)?);
        }
        Ok(all)
    }
}

/// Literals.
impl Parser<'_> {
    fn literal(&mut self, expected: &'static str) -> Result<Literal, KqlError> {
        if self.rest().starts_with('"') { self.quoted_string() } else { self.unquoted(expected) }
    }

    fn quoted_string(&mut self) -> Result<Literal, KqlError> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let Some(c) = self.rest().chars().next() else {
                return Err(KqlErrorKind::Unclosed.at(&(start..start + 1)));
            };
            if c == '"' {
                self.at += 1;
                let pieces = if text.is_empty() { Vec::new() } else { vec![Piece::Literal(text)] };
                return Ok(Literal { pieces, quoted: true, span: start..self.at });
            }
            let (c, length) = common_escape(self.rest())
                .or_else(|| {
                    let escaped = self.rest().strip_prefix('\\')?.chars().next()?;
                    matches!(escaped, '\\' | '"').then_some((escaped, 2))
                })
                .unwrap_or((c, c.len_utf8()));
            text.push(c);
            self.at += length;
        }
    }

    fn unquoted(&mut self, expected: &'static str) -> Result<Literal, KqlError> {
        let start = self.at;
        let mut builder = Builder::default();
        while let Some(unit) = unquoted_unit(self.rest()) {
            match unit {
                Unit::Wildcard => {
                    builder.wildcard();
                    self.at += 1;
                }
                Unit::Text { text, length, blank } => {
                    builder.text(&text, blank);
                    self.at += length;
                }
            }
        }
        if self.rest().starts_with('\\') {
            return Err(KqlErrorKind::Backslash.at(&(self.at..self.at + 1)));
        }
        if self.at == start {
            return Err(self.expected(expected));
        }
        let pieces = builder.finish();
        if pieces.is_empty() {
            self.at = start;
            self.space();
            return Err(self.expected(expected));
        }
        let end = start + self.text[start..self.at].trim_end_matches(is_space).len();
        Ok(Literal { pieces, quoted: false, span: start..end })
    }
}

/// A step through an unquoted literal.
enum Unit<'t> {
    Wildcard,
    Text {
        text: Unescaped<'t>,
        length: usize,
        /// White space goes at the ends, also if it was escaped: Kibana trims the literal
        /// once it is put together.
        blank: bool,
    },
}

/// Text of a step.
enum Unescaped<'t> {
    Char(char),
    Word(&'t str),
}

/// The next step; `None` where the literal ends.
fn unquoted_unit(rest: &str) -> Option<Unit<'_>> {
    let c = rest.chars().next()?;
    if let Some((c, length)) = common_escape(rest) {
        return Some(Unit::Text { text: Unescaped::Char(c), length, blank: is_trimmed(c) });
    }
    if let Some(escaped) = rest.strip_prefix('\\') {
        if let Some(c) = escaped.chars().next().filter(|c| is_special(*c)) {
            return Some(Unit::Text { text: Unescaped::Char(c), length: 2, blank: false });
        }
        let word = ["or", "and", "not"].into_iter().find_map(|keyword| {
            escaped.get(..keyword.len()).filter(|word| word.eq_ignore_ascii_case(keyword))
        })?;
        return Some(Unit::Text {
            text: Unescaped::Word(word),
            length: 1 + word.len(),
            blank: false,
        });
    }
    if c == '*' {
        return Some(Unit::Wildcard);
    }
    let keyword = joining(rest, "or").or(joining(rest, "and")).or(negating(rest));
    if is_special(c) || keyword.is_some() {
        return None;
    }
    Some(Unit::Text { text: Unescaped::Char(c), length: c.len_utf8(), blank: is_trimmed(c) })
}

/// Puts the pieces of an unquoted literal together.
#[derive(Default)]
struct Builder {
    pieces: Vec<Piece>,
    /// Blanks that count only if something follows.
    pending: String,
}

impl Builder {
    fn wildcard(&mut self) {
        self.flush();
        if self.pieces.last() != Some(&Piece::Any) {
            self.pieces.push(Piece::Any);
        }
    }

    fn text(&mut self, text: &Unescaped<'_>, blank: bool) {
        match text {
            Unescaped::Char(c) if blank => self.pending.push(*c),
            Unescaped::Char(c) => {
                self.flush();
                self.push(c.encode_utf8(&mut [0; 4]));
            }
            Unescaped::Word(word) => {
                self.flush();
                self.push(word);
            }
        }
    }

    fn flush(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        if !self.pieces.is_empty() && !pending.is_empty() {
            self.push(&pending);
        }
    }

    fn push(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Literal(before)) => before.push_str(text),
            _ => self.pieces.push(Piece::Literal(text.to_owned())),
        }
    }

    fn finish(self) -> Vec<Piece> {
        self.pieces
    }
}

/// `EscapedWhitespace` and `EscapedUnicodeSequence`: character and length.
fn common_escape(rest: &str) -> Option<(char, usize)> {
    let escaped = rest.strip_prefix('\\')?;
    match escaped.chars().next()? {
        't' => Some(('\t', 2)),
        'r' => Some(('\r', 2)),
        'n' => Some(('\n', 2)),
        'u' => {
            let first = code_unit(rest)?;
            // Kibana's texts are UTF-16: two units may be one character, and half of one
            // alone is none.
            let pair = code_unit(&rest[6..]).map(|second| char::decode_utf16([first, second]));
            if let Some(Ok(c)) = pair.and_then(|mut pair| pair.next())
                && c.len_utf16() == 2
            {
                return Some((c, 12));
            }
            Some((char::from_u32(first.into()).unwrap_or(char::REPLACEMENT_CHARACTER), 6))
        }
        _ => None,
    }
}

/// The number of `\uXXXX` at the front.
fn code_unit(rest: &str) -> Option<u16> {
    let digits = rest.strip_prefix("\\u")?.get(..4)?;
    let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
    is_hex.then(|| u16::from_str_radix(digits, 16).ok())?
}

/// Length of `space+ keyword space+` at the front.
fn joining(rest: &str, keyword: &str) -> Option<usize> {
    let word = rest.trim_start_matches(is_space);
    let behind = word.get(..keyword.len()).filter(|w| w.eq_ignore_ascii_case(keyword))?;
    let tail = &word[behind.len()..];
    let end = tail.trim_start_matches(is_space);
    (word.len() < rest.len() && end.len() < tail.len()).then(|| rest.len() - end.len())
}

/// Length of `not space+` at the front.
fn negating(rest: &str) -> Option<usize> {
    rest.get(..3).filter(|word| word.eq_ignore_ascii_case("not"))?;
    let tail = &rest[3..];
    let end = tail.trim_start_matches(is_space);
    (end.len() < tail.len()).then(|| rest.len() - end.len())
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{a0}')
}

/// What JavaScript's `trim` takes away.
fn is_trimmed(c: char) -> bool {
    c.is_whitespace() && c != '\u{85}' || c == '\u{feff}'
}

fn is_special(c: char) -> bool {
    matches!(c, '\\' | '(' | ')' | ':' | '<' | '>' | '"' | '*' | '{' | '}')
}

fn join<T>(mut all: Vec<T>, many: fn(Vec<T>) -> T) -> T {
    if all.len() == 1 { all.remove(0) } else { many(all) }
}

/// The text.
impl<'q> Parser<'q> {
    fn rest(&self) -> &'q str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(is_space).len();
    }

    fn take(&mut self, c: char) -> bool {
        let found = self.rest().starts_with(c);
        self.at += if found { c.len_utf8() } else { 0 };
        found
    }

    fn take_not(&mut self) -> bool {
        let length = negating(self.rest());
        self.at += length.unwrap_or(0);
        length.is_some()
    }

    fn closing<T>(&mut self, bracket: char, value: T) -> Result<T, KqlError> {
        if self.take(bracket) {
            return Ok(value);
        }
        Err(self.expected(if bracket == ')' { "`)`" } else { "`}`" }))
    }

    fn deeper(&mut self) -> Result<(), KqlError> {
        self.space();
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(KqlErrorKind::Depth(MAX_DEPTH).at(&(self.at..self.at)));
        }
        Ok(())
    }

    fn expected(&self, expected: &'static str) -> KqlError {
        let (found, length) = match self.rest().chars().next() {
            Some(c) => (format!("`{c}`"), c.len_utf8()),
            None => ("the end of the query".to_owned(), 0),
        };
        KqlErrorKind::Expected { expected, found }.at(&(self.at..self.at + length))
    }
}
