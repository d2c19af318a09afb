//! Expressions by their precedence, tightest last:
//! `OR`, `AND`, `NOT`, predicates (`IN LIKE RLIKE IS :`), one comparison,
//! `+ -`, `* / %`, unary `- +`, `::`.

use super::{Parsed, Parser};
use crate::diagnostic::nearest;
use crate::esql::ast::{
    Args, Expr, ExprKind, Map, MapValue, Name, Operator, Span, TIME_UNITS, TimeUnit,
};
use crate::esql::lexer::{Kind, Symbol};
use crate::esql::syntax::SyntaxError;

impl Parser<'_> {
    /// `bool` of the grammar.
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        let expr = self.deeper(Self::disjunction)?;
        // Chains of operators nest to the left without brackets.
        if self.depth == 0 && expr.height() > 4 * super::MAX_DEPTH {
            return Err(SyntaxError::Depth { span: expr.span });
        }
        Ok(expr)
    }

    fn disjunction(&mut self) -> Parsed<Expr> {
        self.connective("or", Self::conjunction, ExprKind::Or)
    }

    fn conjunction(&mut self) -> Parsed<Expr> {
        self.connective("and", Self::negation, ExprKind::And)
    }

    fn connective(
        &mut self,
        word: &str,
        operand: impl Fn(&mut Self) -> Parsed<Expr>,
        make: impl Fn(Vec<Expr>) -> ExprKind,
    ) -> Parsed<Expr> {
        let start = self.peek().span;
        let first = operand(self)?;
        if !self.at_word(word) {
            return Ok(first);
        }
        let mut all = vec![first];
        while self.eat_word(word) {
            all.push(operand(self)?);
        }
        Ok(Expr { kind: make(all), span: self.since(start) })
    }

    fn negation(&mut self) -> Parsed<Expr> {
        let start = self.peek().span;
        if self.eat_word("not") {
            let inner = self.deeper(Self::negation)?;
            return Ok(Expr { kind: ExprKind::Not(Box::new(inner)), span: self.since(start) });
        }
        self.predicate()
    }

    fn predicate(&mut self) -> Parsed<Expr> {
        let start = self.peek().span;
        let mut expr = self.comparison()?;
        loop {
            let value = Box::new(expr);
            let negated = self.at_word("not")
                && ["in", "like", "rlike"].iter().any(|word| self.is_word(self.peek_at(1), word));
            if negated {
                self.next();
            }
            let kind = if self.eat_word("in") {
                ExprKind::In { value, negated, items: self.items()? }
            } else if self.eat_word("like") {
                self.like(value, false, negated)?
            } else if self.eat_word("rlike") {
                self.like(value, true, negated)?
            } else if self.eat_word("is") {
                let negated = self.eat_word("not");
                self.expect_word("null")?;
                ExprKind::IsNull { value, negated }
            } else if self.eat(Symbol::Colon) {
                ExprKind::Match { field: value, query: Box::new(self.constant()?) }
            } else {
                return Ok(*value);
            };
            expr = Expr { kind, span: self.since(start) };
        }
    }

    fn items(&mut self) -> Parsed<Vec<Expr>> {
        self.expect(Symbol::Open)?;
        let items = self.comma_separated(|parser| parser.deeper(Self::comparison))?;
        self.expect(Symbol::Close)?;
        Ok(items)
    }

    fn like(&mut self, value: Box<Expr>, regex: bool, negated: bool) -> Parsed<ExprKind> {
        let list = self.at_symbol(Symbol::Open);
        let patterns = if list {
            self.next();
            let patterns = self.comma_separated(|parser| {
                let text = parser.string("a pattern in quotes")?;
                Ok(Expr { kind: ExprKind::Text(text.text), span: text.span })
            })?;
            self.expect(Symbol::Close)?;
            patterns
        } else {
            vec![self.postfix()?]
        };
        Ok(ExprKind::Like { value, regex, negated, patterns, list })
    }

    /// `value` of the grammar: at most one comparison.
    fn comparison(&mut self) -> Parsed<Expr> {
        let start = self.peek().span;
        let left = self.sum()?;
        let Some(operator) = self.comparison_operator()? else {
            return Ok(left);
        };
        self.next();
        let right = self.sum()?;
        if self.comparison_operator()?.is_some() {
            return Err(self.unexpected_with(
                "AND, OR or the end of the condition",
                "comparisons cannot be chained: join two of them with AND",
            ));
        }
        Ok(binary(operator, left, right, self.since(start)))
    }

    fn comparison_operator(&mut self) -> Parsed<Option<Operator>> {
        Ok(Some(match self.peek().kind {
            Kind::Symbol(Symbol::Equal) => Operator::Equal,
            Kind::Symbol(Symbol::NotEqual) => Operator::NotEqual,
            Kind::Symbol(Symbol::Less) => Operator::Less,
            Kind::Symbol(Symbol::LessEqual) => Operator::LessEqual,
            Kind::Symbol(Symbol::Greater) => Operator::Greater,
            Kind::Symbol(Symbol::GreaterEqual) => Operator::GreaterEqual,
            Kind::Symbol(Symbol::Assign) => {
                return Err(self.unexpected_with("an operator", "equality is written `==`"));
            }
            _ => return Ok(None),
        }))
    }

    fn sum(&mut self) -> Parsed<Expr> {
        self.left_associative(Self::product, |symbol| match symbol {
            Symbol::Plus => Some(Operator::Add),
            Symbol::Minus => Some(Operator::Subtract),
            _ => None,
        })
    }

    fn product(&mut self) -> Parsed<Expr> {
        self.left_associative(Self::unary, |symbol| match symbol {
            Symbol::Star => Some(Operator::Multiply),
            Symbol::Slash => Some(Operator::Divide),
            Symbol::Percent => Some(Operator::Modulo),
            _ => None,
        })
    }

    /// A chain of operators nests to the left, so its length counts as depth.
    fn left_associative(
        &mut self,
        operand: impl Fn(&mut Self) -> Parsed<Expr>,
        operator: impl Fn(Symbol) -> Option<Operator>,
    ) -> Parsed<Expr> {
        let start = self.peek().span;
        let mut left = operand(self)?;
        let mut length = self.depth;
        loop {
            let found = match self.peek().kind {
                Kind::Symbol(symbol) => operator(symbol),
                _ => None,
            };
            let Some(found) = found else { return Ok(left) };
            length += 1;
            if length > super::MAX_DEPTH {
                return Err(SyntaxError::Depth { span: self.peek().span });
            }
            self.next();
            let right = operand(self)?;
            left = binary(found, left, right, self.since(start));
        }
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let start = self.peek().span;
        let make: fn(Box<Expr>) -> ExprKind = if self.eat(Symbol::Minus) {
            ExprKind::Negate
        } else if self.eat(Symbol::Plus) {
            ExprKind::Plus
        } else {
            return self.postfix();
        };
        let inner = self.deeper(Self::unary)?;
        Ok(Expr { kind: make(Box::new(inner)), span: self.since(start) })
    }

    /// `primary` of the grammar: a leaf, a call, brackets, casts.
    pub(super) fn operand(&mut self) -> Parsed<Expr> {
        self.deeper(Self::postfix)
    }

    fn postfix(&mut self) -> Parsed<Expr> {
        let start = self.peek().span;
        let mut expr = self.primary()?;
        let mut length = self.depth;
        while self.eat(Symbol::Cast) {
            length += 1;
            if length > super::MAX_DEPTH {
                return Err(SyntaxError::Depth { span: self.peek().span });
            }
            let ty = self.identifier()?;
            let kind = ExprKind::Cast { value: Box::new(expr), ty };
            expr = Expr { kind, span: self.since(start) };
        }
        Ok(expr)
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let token = self.peek().clone();
        match &token.kind {
            Kind::Symbol(Symbol::Open) => {
                self.next();
                let inner = self.expression()?;
                self.expect(Symbol::Close)?;
                Ok(inner)
            }
            Kind::Word if self.is_call() => self.call(),
            Kind::Word if !["true", "false", "null"].iter().any(|word| self.at_word(word)) => {
                self.column()
            }
            Kind::Quoted(_) => self.column(),
            _ => self.constant(),
        }
    }

    fn column(&mut self) -> Parsed<Expr> {
        let Name { text, span } = self.name()?;
        Ok(Expr { kind: ExprKind::Column(text), span })
    }

    /// A word before a bracket is a function, unless it is an operator.
    fn is_call(&self) -> bool {
        let operator = ["not", "in", "and", "or", "like", "rlike", "is", "by", "where"];
        self.peek_at(1).kind == Kind::Symbol(Symbol::Open)
            && !operator.iter().any(|word| self.at_word(word))
    }

    fn call(&mut self) -> Parsed<Expr> {
        let token = self.next();
        let name = Name { text: self.text(token.span).to_owned(), span: token.span };
        self.expect(Symbol::Open)?;
        let mut options = None;
        let args = if self.eat(Symbol::Star) {
            Args::Star
        } else {
            let mut args = Vec::new();
            while !self.at_symbol(Symbol::Close) {
                if self.at_symbol(Symbol::OpenBrace) {
                    options = Some(self.map()?);
                    break;
                }
                args.push(self.expression()?);
                if !self.eat(Symbol::Comma) {
                    break;
                }
                if self.at_symbol(Symbol::Close) {
                    return Err(self.unexpected("an argument"));
                }
            }
            Args::List(args)
        };
        if !self.eat(Symbol::Close) {
            return Err(self.unexpected("`,` or `)`"));
        }
        Ok(Expr { kind: ExprKind::Call { name, args, options }, span: self.since(token.span) })
    }

    // Constants.

    /// `constant` of the grammar.
    pub(super) fn constant(&mut self) -> Parsed<Expr> {
        let token = self.peek().clone();
        let kind = match token.kind {
            Kind::Word if self.at_word("null") => self.taken(ExprKind::Null),
            Kind::Word if self.at_word("true") => self.taken(ExprKind::Boolean(true)),
            Kind::Word if self.at_word("false") => self.taken(ExprKind::Boolean(false)),
            Kind::Text(text) => self.taken(ExprKind::Text(text)),
            Kind::Integer => self.integer()?,
            Kind::Decimal => {
                let text = self.text(token.span);
                let value = decimal(text, token.span)?;
                self.taken(ExprKind::Decimal(value))
            }
            Kind::Parameter => {
                let text = self.text(token.span).to_owned();
                self.taken(ExprKind::Parameter(text))
            }
            Kind::Symbol(Symbol::OpenBracket) => {
                self.next();
                let items = self.comma_separated(|parser| parser.deeper(Self::constant))?;
                self.expect(Symbol::CloseBracket)?;
                ExprKind::List(items)
            }
            Kind::Symbol(sign @ (Symbol::Minus | Symbol::Plus)) => {
                self.next();
                if !matches!(self.peek().kind, Kind::Integer | Kind::Decimal) {
                    return Err(self.unexpected("a number"));
                }
                let inner = Box::new(self.constant()?);
                if sign == Symbol::Minus { ExprKind::Negate(inner) } else { ExprKind::Plus(inner) }
            }
            _ => return Err(self.unexpected("an expression")),
        };
        Ok(Expr { kind, span: self.since(token.span) })
    }

    fn taken(&mut self, kind: ExprKind) -> ExprKind {
        self.next();
        kind
    }

    /// A whole number, or a time span if a unit follows.
    fn integer(&mut self) -> Parsed<ExprKind> {
        let token = self.next();
        let text = self.text(token.span);
        let Ok(count) = text.parse::<u128>() else {
            return Ok(ExprKind::Decimal(decimal(text, token.span)?));
        };
        let unit = self.peek().clone();
        let keyword = super::RESERVED.iter().any(|word| self.at_word(word))
            || ["with", "first", "last"].iter().any(|word| self.at_word(word));
        if unit.kind != Kind::Word || keyword {
            return Ok(ExprKind::Integer(count));
        }
        let written = self.text(unit.span);
        let Some(known) = TimeUnit::parse(written) else {
            let near = nearest(&written.to_lowercase(), TIME_UNITS.map(|(name, _)| name));
            return Err(SyntaxError::Unit {
                unit: written.to_owned(),
                near: near.map(str::to_owned),
                span: unit.span,
            });
        };
        self.next();
        Ok(ExprKind::Span { count, unit: known })
    }

    /// `{"key": constant or map, ...}`
    pub(super) fn map(&mut self) -> Parsed<Map> {
        let start = self.peek().span;
        self.expect(Symbol::OpenBrace)?;
        let mut entries = Vec::new();
        while !self.at_symbol(Symbol::CloseBrace) {
            let key = self.string("a key in quotes")?;
            self.expect(Symbol::Colon)?;
            let value = if self.at_symbol(Symbol::OpenBrace) {
                MapValue::Map(self.deeper(Self::map)?)
            } else {
                MapValue::Constant(self.constant()?)
            };
            entries.push((key, value));
            if !self.eat(Symbol::Comma) {
                break;
            }
        }
        self.expect(Symbol::CloseBrace)?;
        Ok(Map { entries, span: self.since(start) })
    }
}

fn binary(operator: Operator, left: Expr, right: Expr, span: Span) -> Expr {
    let kind = ExprKind::Binary { operator, left: Box::new(left), right: Box::new(right) };
    Expr { kind, span }
}

fn decimal(text: &str, span: Span) -> Parsed<f64> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(SyntaxError::Number { text: text.to_owned(), span }),
    }
}
