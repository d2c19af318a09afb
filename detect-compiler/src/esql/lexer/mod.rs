//! Query text to tokens.
//!
//! In: the text of a query. Out: tokens with byte spans, and the errors met on
//! the way; a text with errors still gives tokens up to its end, so that the
//! parser can find further errors. The lexer is modal as the reference one is:
//! the command's keyword picks the token set for the rest of that command, `|`
//! and a closing bracket return to commands. Must not know what commands mean.

mod token;

pub(crate) use token::{Kind, Symbol, Token};

use super::ast::{NamePiece, Span};
use super::syntax::SyntaxError;

/// The token set in force.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Where a command begins.
    Command,
    /// WHERE, EVAL, STATS, ...
    Expression,
    /// KEEP, DROP, RENAME, after ENRICH ... ON.
    Pattern,
    /// FROM, LOOKUP JOIN, ENRICH: index patterns; a word of the list ends it.
    Source(Follow),
}

/// What comes after the index patterns.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Follow {
    Nothing,
    /// `LOOKUP JOIN t ON expression`
    Join,
    /// `ENRICH policy ON pattern WITH pattern`
    Enrich,
}

/// Tokens of a query; the last one is [`Kind::End`].
pub(crate) fn tokens(query: &str) -> (Vec<Token>, Vec<SyntaxError>) {
    let mut lexer = Lexer {
        query,
        at: 0,
        mode: Mode::Command,
        outer: Vec::new(),
        tokens: Vec::new(),
        errors: Vec::new(),
    };
    while lexer.next() {}
    let end = Span::new(query.len(), query.len());
    lexer.tokens.push(Token { kind: Kind::End, span: end });
    (lexer.tokens, lexer.errors)
}

struct Lexer<'q> {
    query: &'q str,
    at: usize,
    mode: Mode,
    /// Modes outside of the brackets that are open.
    outer: Vec<Mode>,
    tokens: Vec<Token>,
    errors: Vec<SyntaxError>,
}

impl<'q> Lexer<'q> {
    /// Reads a token; false at the end.
    fn next(&mut self) -> bool {
        self.skip_blanks();
        let Some(first) = self.rest().chars().next() else {
            return false;
        };
        if first == '"' {
            self.text();
            return true;
        }
        match self.mode {
            Mode::Source(follow) if is_source(first) => self.source(follow),
            Mode::Pattern if is_pattern_start(first) || first == '`' => self.pattern(),
            _ if first == '`' => self.quoted_name(),
            _ if is_word_start(self.rest()) => self.word(),
            _ if first.is_ascii_digit() => self.number(),
            _ if first == '.' && self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                self.number();
            }
            _ if first == '?' => self.parameter(),
            _ => self.symbol(first),
        }
        true
    }

    fn rest(&self) -> &'q str {
        &self.query[self.at..]
    }

    fn push(&mut self, kind: Kind, length: usize) {
        let span = Span::new(self.at, self.at + length);
        self.at = span.end;
        self.tokens.push(Token { kind, span });
    }

    /// Length of the run of characters at the front that satisfy the test.
    fn run(&self, test: impl Fn(char) -> bool) -> usize {
        self.rest().find(|c| !test(c)).unwrap_or(self.rest().len())
    }

    fn skip_blanks(&mut self) {
        loop {
            self.at += self.run(|c| matches!(c, ' ' | '\t' | '\r' | '\n'));
            if self.rest().starts_with("//") {
                self.at += self.run(|c| c != '\n' && c != '\r');
            } else if self.rest().starts_with("/*") {
                self.skip_comment();
            } else {
                return;
            }
        }
    }

    /// Block comments nest.
    fn skip_comment(&mut self) {
        let start = self.at;
        let bytes = self.query.as_bytes();
        let mut depth = 0usize;
        while self.at < bytes.len() {
            match &bytes[self.at..] {
                [b'/', b'*', ..] => {
                    depth += 1;
                    self.at += 2;
                }
                [b'*', b'/', ..] => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.at += 1,
            }
        }
        self.errors.push(SyntaxError::OpenComment { span: Span::new(start, start + 2) });
    }

    fn text(&mut self) {
        if let Some(body) = self.rest().strip_prefix("\"\"\"") {
            let line = body.find(['\n', '\r']).unwrap_or(body.len());
            match body[..line].find("\"\"\"") {
                Some(mut end) => {
                    // One or two further quotes still belong to the content.
                    for _ in 0..2 {
                        if body[end + 3..line].starts_with('"') {
                            end += 1;
                        }
                    }
                    self.push(Kind::Text(body[..end].to_owned()), end + 6);
                }
                None => self.open_text(line + 3),
            }
            return;
        }
        let (start, mut decoded) = (self.at, String::new());
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((offset, character)) = chars.next() {
            match character {
                '"' => {
                    self.push(Kind::Text(decoded), offset + 1);
                    return;
                }
                '\n' | '\r' => break,
                '\\' => match chars.next() {
                    Some((_, 't')) => decoded.push('\t'),
                    Some((_, 'n')) => decoded.push('\n'),
                    Some((_, 'r')) => decoded.push('\r'),
                    Some((_, escaped @ ('"' | '\\'))) => decoded.push(escaped),
                    Some((next, character)) if character != '\n' && character != '\r' => {
                        let end = start + next + character.len_utf8();
                        let span = Span::new(start + offset, end);
                        self.errors.push(SyntaxError::Escape { character, span });
                    }
                    _ => break,
                },
                other => decoded.push(other),
            }
        }
        let line = self.run(|c| c != '\n' && c != '\r');
        self.open_text(line);
    }

    fn open_text(&mut self, length: usize) {
        let span = Span::new(self.at, self.at + length);
        self.errors.push(SyntaxError::OpenText { span });
        self.push(Kind::Text(String::new()), length);
    }

    /// An index pattern, or the word that ends the list of them.
    fn source(&mut self, follow: Follow) {
        let bytes = self.rest().as_bytes();
        let mut length = 0;
        for character in self.rest().chars() {
            let comment = character == '/' && matches!(bytes.get(length + 1), Some(b'/' | b'*'));
            if !is_source(character) || comment {
                break;
            }
            length += character.len_utf8();
        }
        let word = self.rest()[..length].to_ascii_lowercase();
        match (follow, word.as_str()) {
            (Follow::Join, "on") => self.mode = Mode::Expression,
            (Follow::Enrich, "on" | "with") => self.mode = Mode::Pattern,
            _ => {}
        }
        self.push(Kind::Source, length);
    }

    /// A piece of a name pattern: quoted and unquoted parts glued together.
    fn pattern(&mut self) {
        let start = self.at;
        let mut pieces = Vec::new();
        loop {
            if self.rest().starts_with('`') {
                let Some((name, length)) = self.quoted() else { break };
                pieces.push(NamePiece::Literal(name));
                self.at += length;
                continue;
            }
            let length = self.run(is_pattern_part);
            if length == 0 {
                break;
            }
            for (index, literal) in self.rest()[..length].split('*').enumerate() {
                if index > 0 {
                    pieces.push(NamePiece::Any);
                }
                if !literal.is_empty() {
                    pieces.push(NamePiece::Literal(literal.to_owned()));
                }
            }
            self.at += length;
        }
        let span = Span::new(start, self.at);
        self.tokens.push(Token { kind: Kind::Pattern(pieces), span });
    }

    fn quoted_name(&mut self) {
        if let Some((name, length)) = self.quoted() {
            self.push(Kind::Quoted(name), length);
        }
    }

    /// The back-quoted name at the front and its length; at an error the rest
    /// of the line is taken.
    fn quoted(&mut self) -> Option<(String, usize)> {
        let body = self.rest().get(1..)?;
        let mut name = String::new();
        let mut from = 0;
        while let Some(quote) = body[from..].find('`') {
            name.push_str(&body[from..from + quote]);
            from += quote + 1;
            if !body[from..].starts_with('`') {
                let length = from + 1;
                if name.is_empty() {
                    let span = Span::new(self.at, self.at + length);
                    self.errors.push(SyntaxError::EmptyName { span });
                }
                return Some((name, length));
            }
            name.push('`');
            from += 1;
        }
        let length = self.run(|c| c != '\n');
        let span = Span::new(self.at, self.at + length);
        self.errors.push(SyntaxError::OpenName { span });
        self.push(Kind::Quoted(String::new()), length);
        None
    }

    fn word(&mut self) {
        let start = self.rest().chars().next().map_or(1, char::len_utf8);
        let length = start
            + self.rest()[start..].find(|c| !is_word_part(c)).unwrap_or(self.rest().len() - start);
        let word = self.rest()[..length].to_ascii_lowercase();
        self.push(Kind::Word, length);
        if self.mode == Mode::Command {
            self.mode = match word.as_str() {
                "from" | "ts" => Mode::Source(Follow::Nothing),
                "join" => Mode::Source(Follow::Join),
                "enrich" => Mode::Source(Follow::Enrich),
                "keep" | "drop" | "rename" => Mode::Pattern,
                // LOOKUP JOIN, INLINE STATS, FORK ( ... )
                "lookup" | "inline" | "fork" => Mode::Command,
                _ => Mode::Expression,
            };
        }
    }

    fn number(&mut self) {
        let digits = |from: usize| {
            let rest = self.rest().get(from..).unwrap_or_default();
            from + rest.bytes().take_while(u8::is_ascii_digit).count()
        };
        let bytes = self.rest().as_bytes();
        let mut end = digits(0);
        let mut kind = Kind::Integer;
        if bytes.get(end) == Some(&b'.') {
            kind = Kind::Decimal;
            end = digits(end + 1);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits(end + 1 + sign);
            if exponent > end + 1 + sign {
                kind = Kind::Decimal;
                end = exponent;
            }
        }
        self.push(kind, end);
    }

    fn parameter(&mut self) {
        let marks = self.run(|c| c == '?').min(2);
        let name = self.rest()[marks..]
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(self.rest().len() - marks);
        self.push(Kind::Parameter, marks + name);
    }

    fn symbol(&mut self, first: char) {
        let second = self.rest().as_bytes().get(1).copied();
        let (symbol, length) = match (first, second) {
            ('=', Some(b'=')) => (Symbol::Equal, 2),
            ('!', Some(b'=')) => (Symbol::NotEqual, 2),
            ('<', Some(b'=')) => (Symbol::LessEqual, 2),
            ('>', Some(b'=')) => (Symbol::GreaterEqual, 2),
            (':', Some(b':')) => (Symbol::Cast, 2),
            ('|', _) => (Symbol::Pipe, 1),
            (',', _) => (Symbol::Comma, 1),
            ('.', _) => (Symbol::Dot, 1),
            (';', _) => (Symbol::Semicolon, 1),
            ('(', _) => (Symbol::Open, 1),
            (')', _) => (Symbol::Close, 1),
            ('[', _) => (Symbol::OpenBracket, 1),
            (']', _) => (Symbol::CloseBracket, 1),
            ('{', _) => (Symbol::OpenBrace, 1),
            ('}', _) => (Symbol::CloseBrace, 1),
            ('=', _) => (Symbol::Assign, 1),
            ('<', _) => (Symbol::Less, 1),
            ('>', _) => (Symbol::Greater, 1),
            ('+', _) => (Symbol::Plus, 1),
            ('-', _) => (Symbol::Minus, 1),
            ('*', _) => (Symbol::Star, 1),
            ('/', _) => (Symbol::Slash, 1),
            ('%', _) => (Symbol::Percent, 1),
            (':', _) => (Symbol::Colon, 1),
            _ => {
                let span = Span::new(self.at, self.at + first.len_utf8());
                self.errors.push(SyntaxError::Character { character: first, span });
                self.at = span.end;
                return;
            }
        };
        self.change_mode(symbol);
        self.push(Kind::Symbol(symbol), length);
    }

    fn change_mode(&mut self, symbol: Symbol) {
        match symbol {
            Symbol::Pipe | Symbol::Semicolon => self.mode = Mode::Command,
            Symbol::Open => {
                self.outer.push(self.mode);
                // A subquery of FROM or a branch of FORK begins with a command.
                if self.mode != Mode::Expression {
                    self.mode = Mode::Command;
                }
            }
            Symbol::Close => {
                if let Some(outer) = self.outer.pop() {
                    self.mode = outer;
                }
            }
            _ => {}
        }
    }
}

fn is_word_start(text: &str) -> bool {
    let mut chars = text.chars();
    match chars.next() {
        Some('_' | '@') => chars.next().is_some_and(is_word_part),
        first => first.is_some_and(|c| c.is_ascii_alphabetic()),
    }
}

fn is_word_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_pattern_start(c: char) -> bool {
    is_pattern_part(c)
}

/// `@` can only begin a piece; a stray one inside is told by the parser's
/// expectation of a comma, so it is enough to take it here.
fn is_pattern_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '*' | '@')
}

fn is_source(c: char) -> bool {
    !matches!(
        c,
        ':' | '"' | '=' | '|' | ',' | '[' | ']' | '(' | ')' | ' ' | '\t' | '\r' | '\n' | ';'
    )
}
