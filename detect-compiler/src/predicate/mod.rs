//! Predicates as written: what a query asks of fields, in the words of its author.
//!
//! In: the [`Asked`] that a front end reads off its own syntax tree. Out: the rows
//! of a rule's table of indicators. This is for people: a list of alternatives is
//! one row, a constant stands as it was written. What a predicate means is decided
//! by the plan alone; nothing here takes part in matching. Must not know languages.

mod rows;

pub use rows::rows;

use detect_runtime::test::Order;

/// What a query asks, as a tree over predicates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// One predicate.
    One(Predicate),
    /// All of them; of none: nothing is asked.
    All(Vec<Asked>),
    /// One of them.
    Any(Vec<Asked>),
    /// Its complement.
    Not(Box<Asked>),
}

/// One row: a field, an operator and the values that it admits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Predicate {
    /// A field by its path, a column by its name, or an expression as written.
    pub field: String,
    /// The operator.
    pub kind: Kind,
    /// Its values as text, each once and in order; none for [`Kind::Exists`] and
    /// [`Kind::Missing`].
    pub values: Vec<String>,
    /// It stands under a negation: what it describes is what the rule leaves out.
    pub negated: bool,
}

/// Operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Equal to the value.
    Eq,
    /// Not equal to the value.
    Ne,
    /// Equal to one of the values.
    In,
    /// Fits one of the patterns with `*` and `?`.
    Wildcard,
    /// Begins with one of the values.
    Prefix,
    /// Ends with one of the values.
    Suffix,
    /// One of the values occurs in it.
    Contains,
    /// Matches one of the regular expressions.
    Regex,
    /// Below the value.
    Lt,
    /// At most the value.
    Le,
    /// Above the value.
    Gt,
    /// At least the value.
    Ge,
    /// Has a value.
    Exists,
    /// Has no value.
    Missing,
    /// Lies in one of the blocks of addresses.
    Cidr,
    /// Its analysed text has one of the texts.
    Match,
    /// Is within an edit distance of one of the texts.
    Fuzzy,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 17] = [
        Kind::Eq,
        Kind::Ne,
        Kind::In,
        Kind::Wildcard,
        Kind::Prefix,
        Kind::Suffix,
        Kind::Contains,
        Kind::Regex,
        Kind::Lt,
        Kind::Le,
        Kind::Gt,
        Kind::Ge,
        Kind::Exists,
        Kind::Missing,
        Kind::Cidr,
        Kind::Match,
        Kind::Fuzzy,
    ];

    /// The operator of an order.
    pub const fn of(order: Order) -> Kind {
        match order {
            Order::Equal => Kind::Eq,
            Order::Less => Kind::Lt,
            Order::LessEqual => Kind::Le,
            Order::Greater => Kind::Gt,
            Order::GreaterEqual => Kind::Ge,
        }
    }

    /// The name in pages and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Eq => "eq",
            Kind::Ne => "ne",
            Kind::In => "in",
            Kind::Wildcard => "wildcard",
            Kind::Prefix => "prefix",
            Kind::Suffix => "suffix",
            Kind::Contains => "contains",
            Kind::Regex => "regex",
            Kind::Lt => "lt",
            Kind::Le => "le",
            Kind::Gt => "gt",
            Kind::Ge => "ge",
            Kind::Exists => "exists",
            Kind::Missing => "missing",
            Kind::Cidr => "cidr",
            Kind::Match => "match",
            Kind::Fuzzy => "fuzzy",
        }
    }
}

impl Asked {
    /// Nothing is asked.
    pub const NOTHING: Asked = Asked::All(Vec::new());

    /// A predicate with one value.
    pub fn one(field: impl Into<String>, kind: Kind, value: impl Into<String>) -> Asked {
        Asked::values(field, kind, vec![value.into()])
    }

    /// A predicate with these values.
    pub fn values(field: impl Into<String>, kind: Kind, values: Vec<String>) -> Asked {
        Asked::One(Predicate { field: field.into(), kind, values, negated: false })
    }

    /// The complement, if `negated`.
    #[must_use]
    pub fn negated_if(self, negated: bool) -> Asked {
        if negated { Asked::Not(Box::new(self)) } else { self }
    }
}
