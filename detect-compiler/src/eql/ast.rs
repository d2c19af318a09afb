//! The syntax tree of an EQL query. Every node knows its place in the text.

use std::ops::Range;

/// Byte range in the query.
pub(super) type Span = Range<usize>;

/// A query.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) base: Base,
    pub(super) pipes: Vec<Pipe>,
}

/// What stands before the pipes.
#[derive(Clone, Debug)]
pub(super) enum Base {
    Event(EventQuery),
    Sequence(Sequence),
    Sample(Sample),
}

/// `category where condition`.
#[derive(Clone, Debug)]
pub(super) struct EventQuery {
    /// `None` is `any`.
    pub(super) category: Option<String>,
    pub(super) condition: Node,
    pub(super) span: Span,
}

/// `sequence ...`.
#[derive(Clone, Debug)]
pub(super) struct Sequence {
    pub(super) keys: Vec<Key>,
    /// Milliseconds.
    pub(super) maxspan: Option<i64>,
    pub(super) terms: Vec<Term>,
    pub(super) until: Option<Term>,
    pub(super) span: Span,
}

/// `sample ...`.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) keys: Vec<Key>,
    pub(super) terms: Vec<Term>,
    pub(super) span: Span,
}

/// `[event] by keys with runs=n as alias`.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) event: EventQuery,
    pub(super) missing: bool,
    pub(super) keys: Vec<Key>,
    pub(super) runs: u32,
    pub(super) alias: Option<String>,
    pub(super) span: Span,
}

/// A join key.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) path: String,
    pub(super) optional: bool,
    pub(super) span: Span,
}

/// `| head n`, `| tail n`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pipe {
    Head(u64),
    Tail(u64),
}

/// An expression.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// Kinds of expression.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Literal(Literal),
    Field {
        path: String,
        /// `?field`
        optional: bool,
    },
    /// `$name.path`; the path may be empty.
    Variable {
        name: String,
        path: String,
    },
    Call {
        name: String,
        /// `name~(...)`
        folded: bool,
        args: Vec<Node>,
    },
    Negate(Box<Node>),
    Arithmetic {
        operator: Arithmetic,
        left: Box<Node>,
        right: Box<Node>,
    },
    Compare {
        operator: Comparison,
        left: Box<Node>,
        right: Box<Node>,
    },
    In {
        value: Box<Node>,
        list: Vec<Node>,
        negated: bool,
        /// `in~`
        folded: bool,
    },
    Match {
        operator: StringOperator,
        value: Box<Node>,
        patterns: Vec<Pattern>,
    },
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    /// `descendant of [...]`
    Descendant(Box<EventQuery>),
}

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Boolean(bool),
    Integer(i64),
    Decimal(f64),
    Text(String),
}

/// A string literal behind `:`, `like` or `regex`.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub(super) text: String,
    pub(super) span: Span,
}

/// Arithmetic operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// String operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StringOperator {
    /// `:` and `like~`
    LikeFolded,
    /// `like`
    Like,
    /// `regex`
    Regex,
    /// `regex~`
    RegexFolded,
}

impl Comparison {
    /// The operator with its sides exchanged.
    pub(super) fn flipped(self) -> Comparison {
        match self {
            Comparison::Less => Comparison::Greater,
            Comparison::LessEqual => Comparison::GreaterEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterEqual => Comparison::LessEqual,
            same => same,
        }
    }
}
