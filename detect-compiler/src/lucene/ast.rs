//! The syntax tree of a Lucene query.

use detect_runtime::test::{Order, Piece};
use std::ops::Range;

/// Byte range in the query.
pub(super) type Span = Range<usize>;

/// Clauses beside each other.
#[derive(Clone, Debug, Default)]
pub(super) struct Clauses(pub(super) Vec<Clause>);

/// A clause with what the operators around it make of it.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    pub(super) occurs: Occurs,
    /// `None`: the field of the group, or all fields.
    pub(super) field: Option<Name>,
    pub(super) atom: Atom,
    pub(super) span: Span,
}

/// Whether a clause must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occurs {
    Optional,
    Required,
    Prohibited,
}

/// A field name; `*` in it makes it a pattern.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) span: Span,
}

/// What a clause asks.
#[derive(Clone, Debug)]
pub(super) enum Atom {
    Group(Clauses),
    /// A word, perhaps with wildcards.
    Term {
        pieces: Vec<Piece>,
        /// `~n`
        fuzzy: Option<u8>,
    },
    /// `"..."`
    Phrase {
        text: String,
        /// `~n`
        slop: u32,
    },
    /// `/.../`
    Regex(String),
    /// `[a TO b]`, `>= a`: bounds that are there.
    Range(Vec<(Order, String)>),
}
