//! Tests of one field against a constant, by the type of the field (sections
//! 3.3 to 3.6 of `reference/eql.md`).

use super::{Lower, or};
use crate::eql::ast::{Comparison, Literal, Pattern, Span, StringOperator};
use crate::eql::error::EqlErrorKind;
use crate::plan::{Cond, Field};
use crate::schema::{FieldType, Mapping};
use detect_runtime::test::{Fold, Glob, Number, Order, Piece, Test};
use detect_runtime::text::lucene;
use detect_runtime::value::address::Block;
use detect_runtime::value::{Type, address, date, number};

/// What types have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Boolean,
    Address,
    Date,
    Version,
    Other,
}

impl Kind {
    pub(super) fn of(ty: Type) -> Kind {
        match ty {
            Type::Keyword | Type::Text | Type::Null | Type::Source => Kind::Text,
            Type::Integer | Type::Long | Type::UnsignedLong | Type::Double => Kind::Number,
            Type::Boolean => Kind::Boolean,
            Type::Ip => Kind::Address,
            Type::Date | Type::DateNanos => Kind::Date,
            Type::Version => Kind::Version,
            _ => Kind::Other,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Number => "number",
            Kind::Boolean => "boolean",
            Kind::Address => "ip",
            Kind::Date => "date",
            Kind::Version => "version",
            Kind::Other => "geographic",
        }
    }
}

/// A field with what the schema says.
pub(super) struct Subject {
    pub(super) field: Field,
    pub(super) declared: FieldType,
    pub(super) span: Span,
}

impl Subject {
    fn kind(&self) -> Kind {
        Kind::of(self.field.ty)
    }

    /// Case of `==` on this field: a normaliser lower-cases what it indexes.
    fn own_fold(&self) -> Fold {
        if self.declared.mapping == Mapping::Caseless { Fold::Full } else { Fold::None }
    }

    pub(super) fn any(&self, test: Test) -> Cond {
        Cond::Any { field: self.field.clone(), test }
    }

    /// `f != null`.
    pub(super) fn exists(&self) -> Cond {
        Cond::Exists { field: self.field.clone(), objects: true }
    }
}

impl Lower<'_> {
    /// `f == c` and its kin, without `!=`; `folded` is `in~`.
    pub(super) fn compare(
        &mut self,
        subject: &Subject,
        operator: Comparison,
        literal: &Literal,
        folded: bool,
        span: &Span,
    ) -> Cond {
        let Some(order) = order_of(operator) else { return Cond::Const(false) };
        let test = match (subject.kind(), literal) {
            (_, Literal::Null) => None,
            (Kind::Boolean, Literal::Boolean(b)) if order == Order::Equal => {
                Some(Test::Boolean(*b))
            }
            (Kind::Text, Literal::Boolean(b)) if order == Order::Equal && !self.strict() => {
                Some(Test::Boolean(*b))
            }
            (Kind::Number, Literal::Integer(n)) => {
                Some(Test::Number { order, number: Number::Long(*n) })
            }
            (Kind::Number, Literal::Decimal(n)) => {
                Some(Test::Number { order, number: Number::Double(*n) })
            }
            // A number beside a text: compared as numbers where the text is one.
            (Kind::Text, Literal::Integer(n)) => {
                Some(Test::Number { order, number: Number::Long(*n) })
            }
            (Kind::Text, Literal::Decimal(n)) => {
                Some(Test::Number { order, number: Number::Double(*n) })
            }
            (Kind::Date, Literal::Integer(millis)) => {
                Some(Test::DateOrder { order, nanos: i128::from(*millis) * 1_000_000 })
            }
            (_, Literal::Text(text)) => {
                let fold = if folded { self.fold() } else { subject.own_fold() };
                let test = self.text_test(subject.kind(), order, text, fold);
                if test.is_none() && !self.strict() && subject.kind() == Kind::Address {
                    // Not an address: no address equals it.
                    return Cond::Const(false);
                }
                test
            }
            _ => None,
        };
        match test {
            Some(test) => subject.any(test),
            None if *literal == Literal::Null => Cond::Const(false),
            None => {
                let kind = subject.kind().name();
                let problem = format!("a {kind} field cannot be compared with this value");
                self.errors.push(EqlErrorKind::Type(problem).at(span));
                Cond::Const(false)
            }
        }
    }

    fn text_test(&self, kind: Kind, order: Order, text: &str, fold: Fold) -> Option<Test> {
        Some(match kind {
            Kind::Text if order == Order::Equal => Test::Equals { text: text.to_owned(), fold },
            Kind::Text => Test::TextOrder { order, text: text.to_owned() },
            Kind::Number if self.strict() => return None,
            Kind::Number => Test::Number { order, number: parse_number(text)? },
            Kind::Boolean if order == Order::Equal => Test::Boolean(text.parse().ok()?),
            Kind::Address if order == Order::Equal => {
                let Block { address, bits } = Block::parse(text)?;
                Test::Cidr { address, bits }
            }
            Kind::Address => Test::AddressOrder { order, address: address::parse(text)? },
            Kind::Date => Test::DateOrder { order, nanos: date::parse_or_epoch(text)? },
            Kind::Version => Test::VersionOrder { order, version: text.to_owned() },
            Kind::Boolean | Kind::Other => return None,
        })
    }

    /// `f : (..)`, `f like (..)`, `f regex (..)`.
    pub(super) fn matches(
        &mut self,
        subject: &Subject,
        operator: StringOperator,
        patterns: &[Pattern],
    ) -> Cond {
        let textual = match subject.kind() {
            Kind::Text | Kind::Version => true,
            // Elasticsearch refuses patterns of addresses too; rules elsewhere may not.
            Kind::Address => !self.strict(),
            _ => false,
        };
        if !textual {
            let problem = format!("a {} field has no patterns; use `==`", subject.kind().name());
            self.errors.push(EqlErrorKind::Type(problem).at(&subject.span));
            return Cond::Const(false);
        }
        let own = subject.own_fold();
        let tests = self.pattern_tests(operator, patterns);
        or(tests.into_iter().map(|test| subject.any(widen(test, own))).collect())
    }

    /// The tests of a list of patterns, one of which must hold.
    pub(super) fn pattern_tests(
        &mut self,
        operator: StringOperator,
        patterns: &[Pattern],
    ) -> Vec<Test> {
        let fold = match operator {
            StringOperator::Like | StringOperator::Regex => Fold::None,
            StringOperator::LikeFolded | StringOperator::RegexFolded => self.fold(),
        };
        let regex = matches!(operator, StringOperator::Regex | StringOperator::RegexFolded);
        let test = |lower: &mut Self, pattern: &Pattern| {
            if regex { lower.regex(pattern, fold) } else { wildcard(&pattern.text, fold) }
        };
        patterns.iter().map(|pattern| test(self, pattern)).collect()
    }

    fn regex(&mut self, pattern: &Pattern, fold: Fold) -> Test {
        // Ranges in classes keep their case in Elasticsearch (Lucene issue 14378).
        let options = lucene::Options { fold, fold_ranges: self.endpoint() };
        lucene::test(&pattern.text, options).unwrap_or_else(|error| {
            self.errors.push(EqlErrorKind::Regex(error.to_string()).at(&pattern.span));
            Test::AnyToken(Vec::new())
        })
    }

    /// `startsWith(f, c)` and its kin as a pattern. Elasticsearch pastes the
    /// constant of `endsWith` and `stringContains` into a wildcard query, where
    /// `*` and `?` are wildcards and a backslash escapes; Endpoint takes it as it is.
    pub(super) fn affix(&self, constant: &str, before: bool, after: bool, folded: bool) -> Test {
        let fold = if folded { self.fold() } else { Fold::None };
        let pasted = !self.endpoint() && before;
        let middle = if pasted { escaped_pieces(constant) } else { literal_piece(constant) };
        let star = |wanted: bool| wanted.then_some(Piece::Any);
        let pieces = star(before).into_iter().chain(middle).chain(star(after)).collect();
        Test::Glob { glob: Glob(pieces), fold }
    }
}

/// A test on a field whose index is lower-case holds without case.
fn widen(test: Test, own: Fold) -> Test {
    match test {
        Test::Equals { text, fold } => Test::Equals { text, fold: fold.max(own) },
        Test::Glob { glob, fold } => Test::Glob { glob, fold: fold.max(own) },
        other => other,
    }
}

fn order_of(operator: Comparison) -> Option<Order> {
    Some(match operator {
        Comparison::Equal => Order::Equal,
        Comparison::Less => Order::Less,
        Comparison::LessEqual => Order::LessEqual,
        Comparison::Greater => Order::Greater,
        Comparison::GreaterEqual => Order::GreaterEqual,
        Comparison::NotEqual => return None,
    })
}

fn parse_number(text: &str) -> Option<Number> {
    let text = text.trim();
    text.parse().map(Number::Long).ok().or_else(|| number::parse_double(text).map(Number::Double))
}

/// `*` and `?` without escapes; a pattern without them is an equality.
pub(super) fn wildcard(pattern: &str, fold: Fold) -> Test {
    if !pattern.contains(['*', '?']) {
        return Test::Equals { text: pattern.to_owned(), fold };
    }
    let mut pieces = Vec::new();
    for c in pattern.chars() {
        push(&mut pieces, c, true);
    }
    Test::Glob { glob: Glob(pieces), fold }
}

/// `*` and `?` with backslash escapes.
fn escaped_pieces(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => push(&mut pieces, chars.next().unwrap_or('\\'), false),
            c => push(&mut pieces, c, true),
        }
    }
    pieces
}

fn literal_piece(text: &str) -> Vec<Piece> {
    if text.is_empty() { Vec::new() } else { vec![Piece::Literal(text.to_owned())] }
}

fn push(pieces: &mut Vec<Piece>, c: char, special: bool) {
    match (c, special, pieces.last_mut()) {
        ('*', true, Some(Piece::Any)) => {}
        ('*', true, _) => pieces.push(Piece::Any),
        ('?', true, _) => pieces.push(Piece::One),
        (c, _, Some(Piece::Literal(text))) => text.push(c),
        (c, _, _) => pieces.push(Piece::Literal(c.to_string())),
    }
}
