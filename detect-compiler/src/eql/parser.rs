//! Tokens to the syntax tree: the grammar of `reference/eql.md`, section 2.
//! Queries, sequences and pipes here, expressions in [`expression`].

mod expression;

use super::Dialect;
use super::ast::{Base, EventQuery, Key, Node, Pipe, Query, Sample, Sequence, Span, Term};
use super::error::{EqlError, EqlErrorKind};
use super::lexer::{Token, TokenKind, tokens};

/// Words that cannot be bare names.
const KEYWORDS: [&str; 19] = [
    "and", "any", "by", "false", "in", "join", "like", "maxspan", "not", "null", "of", "or",
    "regex", "sample", "sequence", "true", "until", "where", "with",
];

/// Deepest nesting of brackets, `not` and subqueries. Real rules stay below 12.
const MAX_DEPTH: usize = 100;

/// Parses a whole query.
pub(super) fn parse(text: &str, dialect: Dialect) -> Result<Query, EqlError> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, dialect, depth: 0, operators: 0 };
    let query = parser.query()?;
    parser.end()?;
    Ok(query)
}

/// Parses a bare expression (the conformance suites test constant ones).
pub(super) fn parse_expression(text: &str, dialect: Dialect) -> Result<Node, EqlError> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, dialect, depth: 0, operators: 0 };
    let node = parser.expression()?;
    parser.end()?;
    Ok(node)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    dialect: Dialect,
    depth: usize,
    operators: usize,
}

impl Parser {
    fn query(&mut self) -> Result<Query, EqlError> {
        let base = if self.word_is("sequence") {
            Base::Sequence(self.sequence()?)
        } else if self.word_is("sample") {
            Base::Sample(self.sample()?)
        } else if self.word_is("join") {
            return Err(EqlErrorKind::Unsupported("`join`").at(&self.span()));
        } else {
            Base::Event(self.event()?)
        };
        let mut pipes = Vec::new();
        while self.take_symbol("|") {
            pipes.push(self.pipe()?);
        }
        Ok(Query { base, pipes })
    }

    fn pipe(&mut self) -> Result<Pipe, EqlError> {
        let span = self.span();
        let name = self.any_word("`head` or `tail`")?;
        let make: fn(u64) -> Pipe = match name.as_str() {
            "head" => Pipe::Head,
            "tail" => Pipe::Tail,
            _ => return Err(EqlErrorKind::Pipe(name).at(&span)),
        };
        let span = self.span();
        let digits = self.integer("a number of results")?;
        let count = digits
            .parse()
            .map_err(|_| EqlErrorKind::Number("the number is too large").at(&span))?;
        Ok(make(count))
    }

    fn event(&mut self) -> Result<EventQuery, EqlError> {
        let start = self.span().start;
        let category = match &self.token().kind {
            TokenKind::Word { text, tilde: false } if text == "any" => None,
            TokenKind::Word { text, tilde: false } if !is_keyword(text) => Some(text.clone()),
            TokenKind::Text(text) => Some(text.clone()),
            _ => return Err(self.expected("an event category or `any`")),
        };
        self.at += 1;
        self.keyword("where")?;
        let condition = self.expression()?;
        Ok(EventQuery { category, span: start..condition.span.end, condition })
    }

    fn sequence(&mut self) -> Result<Sequence, EqlError> {
        let start = self.span().start;
        self.keyword("sequence")?;
        let keys = self.keys()?;
        let mut maxspan = None;
        if self.word_is("with") {
            self.at += 1;
            self.keyword("maxspan")?;
            self.symbol("=")?;
            maxspan = Some(self.duration()?);
            if self.word_is("by") {
                let problem = "`by` stands before `with`".to_owned();
                return Err(EqlErrorKind::Sequence(problem).at(&self.span()));
            }
        }
        let mut terms = vec![self.term()?];
        while self.symbol_is("[") || self.symbol_is("![") {
            terms.push(self.term()?);
        }
        let mut until = None;
        if self.word_is("until") {
            self.at += 1;
            let begin = self.span().start;
            until = Some(self.plain_term(begin, false)?);
        }
        Ok(Sequence { keys, maxspan, terms, until, span: start..self.previous_end() })
    }

    fn sample(&mut self) -> Result<Sample, EqlError> {
        let start = self.span().start;
        self.keyword("sample")?;
        let keys = self.keys()?;
        let mut terms = Vec::new();
        while self.symbol_is("[") || terms.is_empty() {
            let begin = self.span().start;
            terms.push(self.plain_term(begin, false)?);
        }
        if self.symbol_is("![") {
            return Err(EqlErrorKind::Unsupported("a missing event in a sample").at(&self.span()));
        }
        Ok(Sample { keys, terms, span: start..self.previous_end() })
    }

    fn term(&mut self) -> Result<Term, EqlError> {
        let span = self.span();
        let missing = self.symbol_is("![");
        if missing && self.dialect == Dialect::Endpoint {
            return Err(EqlErrorKind::Unsupported("a missing event `![ ]`").at(&span));
        }
        let mut term = self.plain_term(span.start, missing)?;
        if self.word_is("with") {
            self.at += 1;
            term.runs = self.runs()?;
        }
        if self.dialect == Dialect::Endpoint && self.word_is("as") {
            self.at += 1;
            term.alias = Some(self.any_word("an alias")?);
        }
        term.span.end = self.previous_end();
        Ok(term)
    }

    /// `[ event ] by keys`.
    fn plain_term(&mut self, start: usize, missing: bool) -> Result<Term, EqlError> {
        self.symbol(if missing { "![" } else { "[" })?;
        self.deeper()?;
        let event = self.event()?;
        self.depth -= 1;
        self.symbol("]")?;
        let keys = self.keys()?;
        let span = start..self.previous_end();
        Ok(Term { event, missing, keys, runs: 1, alias: None, span })
    }

    fn runs(&mut self) -> Result<u32, EqlError> {
        let span = self.span();
        if self.any_word("`runs`")? != "runs" {
            return Err(EqlErrorKind::Expected {
                expected: "`runs`",
                found: "another option".to_owned(),
            }
            .at(&span));
        }
        if self.dialect == Dialect::Endpoint {
            return Err(EqlErrorKind::Unsupported("`with runs`").at(&span));
        }
        self.symbol("=")?;
        let span = self.span();
        let digits = self.integer("a number of runs")?;
        match digits.parse() {
            Ok(runs @ 1..=100) => Ok(runs),
            _ => Err(EqlErrorKind::Number("`runs` is a whole number from 1 to 100").at(&span)),
        }
    }

    fn keys(&mut self) -> Result<Vec<Key>, EqlError> {
        let mut keys = Vec::new();
        if !self.word_is("by") {
            return Ok(keys);
        }
        self.at += 1;
        loop {
            let start = self.span().start;
            let optional = self.take_symbol("?");
            let path = self.path()?;
            keys.push(Key { path, optional, span: start..self.previous_end() });
            if !self.take_symbol(",") {
                return Ok(keys);
            }
        }
    }

    fn duration(&mut self) -> Result<i64, EqlError> {
        let start = self.span();
        let error = |parser: &Parser| EqlErrorKind::Duration.at(&(start.start..parser.span().end));
        let TokenKind::Integer(digits) = self.token().kind.clone() else { return Err(error(self)) };
        self.at += 1;
        let TokenKind::Word { text: unit, tilde: false } = &self.token().kind else {
            return Err(error(self));
        };
        let milliseconds = match unit.as_str() {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(error(self)),
        };
        let span = digits.parse::<i64>().ok().and_then(|n| n.checked_mul(milliseconds));
        match span {
            Some(span @ 1..) => {
                self.at += 1;
                Ok(span)
            }
            _ => Err(error(self)),
        }
    }

    /// A dotted name. A name in back quotes is one segment, which may have dots.
    fn path(&mut self) -> Result<String, EqlError> {
        let mut path = self.segment()?;
        while self.symbol_is(".") {
            self.at += 1;
            path.push('.');
            path.push_str(&self.segment()?);
        }
        let index = self.symbol_is("[")
            && matches!(self.ahead(1), TokenKind::Integer(_))
            && *self.ahead(2) == TokenKind::Symbol("]");
        if index {
            return Err(EqlErrorKind::Unsupported("an array index").at(&self.span()));
        }
        Ok(path)
    }

    fn segment(&mut self) -> Result<String, EqlError> {
        let segment = match &self.token().kind {
            TokenKind::Quoted(name) => name.clone(),
            TokenKind::Word { text, tilde: false } => {
                if is_keyword(text) {
                    return Err(EqlErrorKind::Keyword(text.clone()).at(&self.span()));
                }
                text.clone()
            }
            _ => return Err(self.expected("a field")),
        };
        self.at += 1;
        Ok(segment)
    }
}

/// The token stream.
impl Parser {
    fn token(&self) -> &Token {
        // The last token is `End`, and nothing steps over it.
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn ahead(&self, n: usize) -> &TokenKind {
        &self.tokens[(self.at + n).min(self.tokens.len() - 1)].kind
    }

    fn span(&self) -> Span {
        self.token().span.clone()
    }

    fn previous_end(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |token| token.span.end)
    }

    fn word_is(&self, word: &str) -> bool {
        matches!(&self.token().kind, TokenKind::Word { text, tilde: false } if text == word)
    }

    fn symbol_is(&self, symbol: &str) -> bool {
        matches!(self.token().kind, TokenKind::Symbol(found) if found == symbol)
    }

    fn take_symbol(&mut self, symbol: &str) -> bool {
        let found = self.symbol_is(symbol);
        self.at += usize::from(found);
        found
    }

    fn symbol(&mut self, symbol: &'static str) -> Result<(), EqlError> {
        if self.take_symbol(symbol) { Ok(()) } else { Err(self.expected(symbol)) }
    }

    fn keyword(&mut self, word: &'static str) -> Result<(), EqlError> {
        if !self.word_is(word) {
            return Err(self.expected(word));
        }
        self.at += 1;
        Ok(())
    }

    fn any_word(&mut self, expected: &'static str) -> Result<String, EqlError> {
        let TokenKind::Word { text, tilde: false } = self.token().kind.clone() else {
            return Err(self.expected(expected));
        };
        self.at += 1;
        Ok(text)
    }

    fn integer(&mut self, expected: &'static str) -> Result<String, EqlError> {
        let TokenKind::Integer(digits) = self.token().kind.clone() else {
            return Err(self.expected(expected));
        };
        self.at += 1;
        Ok(digits)
    }

    fn end(&self) -> Result<(), EqlError> {
        match self.token().kind {
            TokenKind::End => Ok(()),
            TokenKind::Symbol("=") => Err(EqlErrorKind::Character('=').at(&self.span())),
            _ => Err(self.expected("the end of the query")),
        }
    }

    fn deeper(&mut self) -> Result<(), EqlError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(EqlErrorKind::Depth(MAX_DEPTH).at(&self.span()));
        }
        Ok(())
    }

    fn expected(&self, expected: &'static str) -> EqlError {
        let found = match &self.token().kind {
            TokenKind::Word { text, tilde } => format!("`{text}{}`", if *tilde { "~" } else { "" }),
            TokenKind::Quoted(name) => format!("the name `{name}`"),
            TokenKind::Text(_) => "a string".to_owned(),
            TokenKind::Integer(digits) => format!("`{digits}`"),
            TokenKind::Decimal(number) => format!("`{number}`"),
            TokenKind::Symbol("=") => return EqlErrorKind::Character('=').at(&self.span()),
            TokenKind::Symbol(symbol) => format!("`{symbol}`"),
            TokenKind::End => "the end of the query".to_owned(),
        };
        EqlErrorKind::Expected { expected, found }.at(&self.span())
    }
}

fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}
