//! Tokens to syntax tree.
//!
//! In: the text of a query. Out: a [`Query`], or every syntax error that can be
//! told apart: behind an error the parser goes on at the next `|`. Recursive
//! descent by the grammar of the language reference; commands are in `command`,
//! expressions in `expression`. Must not know types or columns.

mod command;
mod expression;

use super::ast::{Name, Query, Setting, Span, Text};
use super::lexer::{self, Kind, Symbol, Token};
use super::syntax::SyntaxError;

/// Greatest depth of brackets, calls and operators inside each other: bounds
/// the stack of everything that walks the tree.
const MAX_DEPTH: usize = 64;

/// Words that must be quoted to be a name in an expression.
const RESERVED: [&str; 16] = [
    "and", "asc", "by", "desc", "false", "in", "is", "like", "not", "null", "nulls", "on", "or",
    "rlike", "true", "where",
];

/// Parses a query.
///
/// ```
/// let query = detect_compiler::esql::parser::parse("from logs-* | limit 3").unwrap();
/// assert_eq!(query.commands.len(), 2);
/// let errors = detect_compiler::esql::parser::parse("from a | wher b | limt 3").unwrap_err();
/// assert_eq!(errors.len(), 2);
/// ```
pub fn parse(query: &str) -> Result<Query, Vec<SyntaxError>> {
    let (tokens, errors) = lexer::tokens(query);
    let mut parser = Parser { query, tokens, at: 0, depth: 0, errors };
    let parsed = parser.query();
    if parser.errors.is_empty() {
        return Ok(parsed);
    }
    parser.errors.sort_by_key(|error| crate::diagnostic::Complaint::span(error).start);
    Err(parser.errors)
}

type Parsed<T> = Result<T, SyntaxError>;

struct Parser<'q> {
    query: &'q str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    errors: Vec<SyntaxError>,
}

impl<'q> Parser<'q> {
    fn query(&mut self) -> Query {
        let mut settings = Vec::new();
        while self.at_word("set") {
            match self.setting() {
                Ok(setting) => settings.push(setting),
                Err(error) => self.recover(error, Symbol::Semicolon),
            }
            self.eat(Symbol::Semicolon);
        }
        let commands = self.pipeline(true);
        if self.peek().kind != Kind::End && self.errors.is_empty() {
            let error = self.unexpected("`|` or the end of the query");
            self.errors.push(error);
        }
        Query { settings, commands }
    }

    fn setting(&mut self) -> Parsed<Setting> {
        let start = self.peek().span;
        self.next();
        let name = self.identifier()?;
        self.expect(Symbol::Assign)?;
        let value = self.constant()?;
        if self.peek().kind != Kind::Symbol(Symbol::Semicolon) {
            return Err(self.unexpected("`;`"));
        }
        Ok(Setting { name: name.text.to_ascii_lowercase(), value, span: self.since(start) })
    }

    // Tokens.

    fn peek(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn peek_at(&self, ahead: usize) -> &Token {
        &self.tokens[(self.at + ahead).min(self.tokens.len() - 1)]
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    fn text(&self, span: Span) -> &'q str {
        self.query.get(span.range()).unwrap_or_default()
    }

    /// Span from `start` to the last token taken.
    fn since(&self, start: Span) -> Span {
        match self.at.checked_sub(1).and_then(|last| self.tokens.get(last)) {
            Some(last) => start.to(last.span),
            None => start,
        }
    }

    fn at_symbol(&self, symbol: Symbol) -> bool {
        self.peek().kind == Kind::Symbol(symbol)
    }

    /// Takes the symbol if it is next.
    fn eat(&mut self, symbol: Symbol) -> bool {
        let found = self.at_symbol(symbol);
        if found {
            self.next();
        }
        found
    }

    fn expect(&mut self, symbol: Symbol) -> Parsed<()> {
        if self.eat(symbol) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{}`", symbol.text())))
        }
    }

    fn is_word(&self, token: &Token, word: &str) -> bool {
        match &token.kind {
            Kind::Word | Kind::Source | Kind::Pattern(_) => {
                self.text(token.span).eq_ignore_ascii_case(word)
            }
            _ => false,
        }
    }

    fn at_word(&self, word: &str) -> bool {
        self.is_word(self.peek(), word)
    }

    /// Takes the keyword if it is next.
    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        if found {
            self.next();
        }
        found
    }

    fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.eat_word(word) { Ok(()) } else { Err(self.unexpected(&word.to_uppercase())) }
    }

    // Errors.

    fn unexpected(&self, expected: &str) -> SyntaxError {
        let token = self.peek();
        SyntaxError::Expected {
            expected: expected.to_owned(),
            found: self.describe(token),
            span: token.span,
            help: None,
        }
    }

    fn unexpected_with(&self, expected: &str, help: &str) -> SyntaxError {
        match self.unexpected(expected) {
            SyntaxError::Expected { expected, found, span, .. } => {
                SyntaxError::Expected { expected, found, span, help: Some(help.to_owned()) }
            }
            other => other,
        }
    }

    fn describe(&self, token: &Token) -> String {
        match &token.kind {
            Kind::End => "the end of the query".to_owned(),
            Kind::Text(_) => "a string".to_owned(),
            _ => format!("`{}`", self.text(token.span)),
        }
    }

    /// Notes an error and skips to where the next thing begins.
    fn recover(&mut self, error: SyntaxError, resume: Symbol) {
        self.errors.push(error);
        while !matches!(self.peek().kind, Kind::End) && !self.at_symbol(resume) {
            self.next();
        }
    }

    /// Runs a parser one level deeper.
    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return Err(SyntaxError::Depth { span: self.peek().span });
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    // Pieces that many commands share.

    /// `item, item, ...`
    fn comma_separated<T>(&mut self, item: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.eat(Symbol::Comma) {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn string(&mut self, what: &str) -> Parsed<Text> {
        match self.peek().kind.clone() {
            Kind::Text(text) => Ok(Text { text, span: self.next().span }),
            _ => Err(self.unexpected(what)),
        }
    }

    /// One identifier, not dotted.
    fn identifier(&mut self) -> Parsed<Name> {
        let token = self.peek().clone();
        match token.kind {
            Kind::Quoted(text) => {
                self.next();
                Ok(Name { text, span: token.span })
            }
            Kind::Word => {
                let word = self.text(token.span);
                if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(word)) {
                    return Err(SyntaxError::Reserved { word: word.to_owned(), span: token.span });
                }
                self.next();
                Ok(Name { text: word.to_owned(), span: token.span })
            }
            _ => Err(self.unexpected("a name")),
        }
    }

    /// Identifiers joined by dots: one flat name.
    fn name(&mut self) -> Parsed<Name> {
        let Name { mut text, mut span } = self.identifier()?;
        while self.eat(Symbol::Dot) {
            let part = self.identifier_part()?;
            text.push('.');
            text.push_str(&part.text);
            span = span.to(part.span);
        }
        Ok(Name { text, span })
    }

    /// Behind a dot a number, as in `target_resources.0.type`, is told to be quoted.
    fn identifier_part(&mut self) -> Parsed<Name> {
        match self.peek().kind {
            Kind::Integer | Kind::Decimal => Err(self.unexpected_with(
                "a name",
                "a part that begins with a digit must be quoted: put the whole name in back-quotes",
            )),
            _ => self.identifier(),
        }
    }
}

#[cfg(test)]
mod tests;
