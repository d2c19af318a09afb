//! Expressions, tightest binding last.

use super::Parser;
use crate::eql::Dialect;
use crate::eql::ast::{Arithmetic, Comparison, Kind, Literal, Node, Pattern, StringOperator};
use crate::eql::error::{EqlError, EqlErrorKind};
use crate::eql::lexer::TokenKind;

/// Most arithmetic operators of one query.
const MAX_OPERATORS: usize = 500;

impl Parser {
    pub(super) fn expression(&mut self) -> Result<Node, EqlError> {
        self.deeper()?;
        let node = self
            .joined("or", Kind::Or, |parser| parser.joined("and", Kind::And, Parser::negation))?;
        self.depth -= 1;
        Ok(node)
    }

    /// One or more operands with `word` between them.
    fn joined(
        &mut self,
        word: &str,
        join: fn(Vec<Node>) -> Kind,
        operand: impl Fn(&mut Parser) -> Result<Node, EqlError>,
    ) -> Result<Node, EqlError> {
        let first = operand(self)?;
        if !self.word_is(word) {
            return Ok(first);
        }
        let start = first.span.start;
        let mut all = vec![first];
        while self.word_is(word) {
            self.at += 1;
            all.push(operand(self)?);
        }
        Ok(Node { kind: join(all), span: start..self.previous_end() })
    }

    fn negation(&mut self) -> Result<Node, EqlError> {
        if self.word_is("not") {
            let start = self.span().start;
            self.at += 1;
            self.deeper()?;
            let inner = self.negation()?;
            self.depth -= 1;
            return Ok(Node { span: start..inner.span.end, kind: Kind::Not(Box::new(inner)) });
        }
        self.lineage()
    }

    /// `descendant of [ ... ]`.
    fn lineage(&mut self) -> Result<Node, EqlError> {
        let relation = match &self.token().kind {
            TokenKind::Word { text, tilde: false } => text.clone(),
            _ => return self.comparison(),
        };
        let of = matches!(self.ahead(1), TokenKind::Word { text, tilde: false } if text == "of");
        if !of || *self.ahead(2) != TokenKind::Symbol("[") {
            return self.comparison();
        }
        let start = self.span();
        if self.dialect != Dialect::Endpoint {
            return Err(EqlErrorKind::Unsupported("a process relationship").at(&start));
        }
        if relation != "descendant" {
            return Err(EqlErrorKind::Unsupported(
                "a process relationship other than `descendant of`",
            )
            .at(&start));
        }
        self.at += 3;
        self.deeper()?;
        let event = self.event()?;
        self.depth -= 1;
        self.symbol("]")?;
        let span = start.start..self.previous_end();
        Ok(Node { kind: Kind::Descendant(Box::new(event)), span })
    }

    fn comparison(&mut self) -> Result<Node, EqlError> {
        let left = self.sum()?;
        if let Some(operator) = self.comparison_operator() {
            self.at += 1;
            let right = self.sum()?;
            if self.comparison_operator().is_some() {
                return Err(EqlErrorKind::Chained.at(&self.span()));
            }
            let span = left.span.start..right.span.end;
            let kind = Kind::Compare { operator, left: Box::new(left), right: Box::new(right) };
            return Ok(Node { kind, span });
        }
        if let Some(operator) = self.string_operator() {
            self.at += 1;
            let patterns = self.patterns()?;
            let span = left.span.start..self.previous_end();
            let kind = Kind::Match { operator, value: Box::new(left), patterns };
            return Ok(Node { kind, span });
        }
        self.membership(left)
    }

    /// `in (...)`, `not in (...)`, or nothing of the kind.
    fn membership(&mut self, value: Node) -> Result<Node, EqlError> {
        let is_in = |kind: &TokenKind| match kind {
            TokenKind::Word { text, tilde } if text == "in" => Some(*tilde),
            _ => None,
        };
        let negated = self.word_is("not") && is_in(self.ahead(1)).is_some();
        let Some(folded) = is_in(self.ahead(usize::from(negated))) else { return Ok(value) };
        self.at += 1 + usize::from(negated);
        self.symbol("(")?;
        let mut list = vec![self.expression()?];
        while self.take_symbol(",") {
            list.push(self.expression()?);
        }
        self.symbol(")")?;
        let span = value.span.start..self.previous_end();
        Ok(Node { kind: Kind::In { value: Box::new(value), list, negated, folded }, span })
    }

    fn patterns(&mut self) -> Result<Vec<Pattern>, EqlError> {
        if !self.take_symbol("(") {
            return Ok(vec![self.pattern()?]);
        }
        let mut patterns = vec![self.pattern()?];
        while self.take_symbol(",") {
            patterns.push(self.pattern()?);
        }
        self.symbol(")")?;
        Ok(patterns)
    }

    fn pattern(&mut self) -> Result<Pattern, EqlError> {
        let TokenKind::Text(text) = self.token().kind.clone() else {
            return Err(self.expected("a string"));
        };
        let span = self.span();
        self.at += 1;
        Ok(Pattern { text, span })
    }

    fn sum(&mut self) -> Result<Node, EqlError> {
        let mut left = self.product()?;
        loop {
            let operator = match self.token().kind {
                TokenKind::Symbol("+") => Arithmetic::Add,
                TokenKind::Symbol("-") => Arithmetic::Subtract,
                _ => return Ok(left),
            };
            self.operator()?;
            let right = self.product()?;
            left = arithmetic(operator, left, right);
        }
    }

    fn product(&mut self) -> Result<Node, EqlError> {
        let mut left = self.unary()?;
        loop {
            let operator = match self.token().kind {
                TokenKind::Symbol("*") => Arithmetic::Multiply,
                TokenKind::Symbol("/") => Arithmetic::Divide,
                TokenKind::Symbol("%") => Arithmetic::Modulo,
                _ => return Ok(left),
            };
            self.operator()?;
            let right = self.unary()?;
            left = arithmetic(operator, left, right);
        }
    }

    /// Steps over an operator. Chains of them make deep trees, so they count.
    fn operator(&mut self) -> Result<(), EqlError> {
        self.operators += 1;
        if self.operators > MAX_OPERATORS {
            return Err(EqlErrorKind::Depth(MAX_OPERATORS).at(&self.span()));
        }
        self.at += 1;
        Ok(())
    }

    /// Signs: two minus cancel, a minus before a number is part of it.
    fn unary(&mut self) -> Result<Node, EqlError> {
        let start = self.span().start;
        let mut negative = false;
        while self.symbol_is("-") || self.symbol_is("+") {
            negative ^= self.symbol_is("-");
            self.at += 1;
        }
        let inner = self.primary(negative)?;
        if !negative {
            return Ok(inner);
        }
        let span = start..inner.span.end;
        let kind = match inner.kind {
            // `primary` has read the sign already.
            Kind::Literal(Literal::Integer(_) | Literal::Decimal(_)) => inner.kind,
            _ => Kind::Negate(Box::new(inner)),
        };
        Ok(Node { kind, span })
    }

    fn primary(&mut self, negative: bool) -> Result<Node, EqlError> {
        let span = self.span();
        let kind = match self.token().kind.clone() {
            TokenKind::Text(text) => Kind::Literal(Literal::Text(text)),
            TokenKind::Integer(digits) => Kind::Literal(integer(&digits, negative)),
            TokenKind::Decimal(number) => {
                Kind::Literal(Literal::Decimal(if negative { -number } else { number }))
            }
            TokenKind::Word { text, tilde: false } if text == "true" => {
                Kind::Literal(Literal::Boolean(true))
            }
            TokenKind::Word { text, tilde: false } if text == "false" => {
                Kind::Literal(Literal::Boolean(false))
            }
            TokenKind::Word { text, tilde: false } if text == "null" => {
                Kind::Literal(Literal::Null)
            }
            TokenKind::Word { text, tilde } if *self.ahead(1) == TokenKind::Symbol("(") => {
                return self.call(text, tilde);
            }
            TokenKind::Word { .. } | TokenKind::Quoted(_) | TokenKind::Symbol("?") => {
                let optional = self.take_symbol("?");
                let path = self.path()?;
                let span = span.start..self.previous_end();
                return Ok(Node { kind: Kind::Field { path, optional }, span });
            }
            TokenKind::Symbol("$") if self.dialect == Dialect::Endpoint => return self.variable(),
            TokenKind::Symbol("(") => {
                self.at += 1;
                let mut inner = self.expression()?;
                self.symbol(")")?;
                inner.span = span.start..self.previous_end();
                return Ok(inner);
            }
            _ => return Err(self.expected("a value")),
        };
        self.at += 1;
        Ok(Node { kind, span })
    }

    fn call(&mut self, name: String, folded: bool) -> Result<Node, EqlError> {
        let start = self.span().start;
        if super::is_keyword(&name) {
            return Err(EqlErrorKind::Keyword(name).at(&self.span()));
        }
        self.at += 2;
        let mut args = Vec::new();
        if !self.symbol_is(")") {
            args.push(self.expression()?);
            while self.take_symbol(",") {
                args.push(self.expression()?);
            }
        }
        self.symbol(")")?;
        Ok(Node { kind: Kind::Call { name, folded, args }, span: start..self.previous_end() })
    }

    fn variable(&mut self) -> Result<Node, EqlError> {
        let start = self.span().start;
        self.at += 1;
        let name = self.any_word("the name of a variable")?;
        let mut path = String::new();
        if self.take_symbol(".") {
            path = self.path()?;
        }
        Ok(Node { kind: Kind::Variable { name, path }, span: start..self.previous_end() })
    }

    fn comparison_operator(&self) -> Option<Comparison> {
        Some(match self.token().kind {
            TokenKind::Symbol("==") => Comparison::Equal,
            TokenKind::Symbol("!=") => Comparison::NotEqual,
            TokenKind::Symbol("<") => Comparison::Less,
            TokenKind::Symbol("<=") => Comparison::LessEqual,
            TokenKind::Symbol(">") => Comparison::Greater,
            TokenKind::Symbol(">=") => Comparison::GreaterEqual,
            _ => return None,
        })
    }

    fn string_operator(&self) -> Option<StringOperator> {
        Some(match &self.token().kind {
            TokenKind::Symbol(":") => StringOperator::LikeFolded,
            TokenKind::Word { text, tilde } => match (text.as_str(), tilde) {
                ("like", true) => StringOperator::LikeFolded,
                ("like", false) => StringOperator::Like,
                ("regex", true) => StringOperator::RegexFolded,
                ("regex", false) => StringOperator::Regex,
                _ => return None,
            },
            _ => return None,
        })
    }
}

fn arithmetic(operator: Arithmetic, left: Node, right: Node) -> Node {
    let span = left.span.start..right.span.end;
    Node { kind: Kind::Arithmetic { operator, left: Box::new(left), right: Box::new(right) }, span }
}

/// Beyond 64 bits a whole number is read as a decimal.
fn integer(digits: &str, negative: bool) -> Literal {
    let signed = if negative { format!("-{digits}") } else { digits.to_owned() };
    match signed.parse::<i64>() {
        Ok(number) => Literal::Integer(number),
        Err(_) => Literal::Decimal(signed.parse().unwrap_or(f64::MAX)),
    }
}
