//! The syntax tree of a KQL query.

use detect_runtime::test::{Order, Piece};
use std::ops::Range;

/// Byte range in the query.
pub(super) type Span = Range<usize>;

/// A query.
#[derive(Clone, Debug)]
pub(super) enum Query {
    Or(Vec<Query>),
    And(Vec<Query>),
    Not(Box<Query>),
    /// `path:{ query }`
    Nested {
        path: Literal,
        query: Box<Query>,
    },
    /// `field < value`
    Range {
        field: Literal,
        order: Order,
        value: Literal,
    },
    /// `field: values`
    Field {
        field: Literal,
        values: Values,
    },
    /// A value without field.
    Free(Literal),
}

/// A value or a list of them.
#[derive(Clone, Debug)]
pub(super) enum Values {
    One(Literal),
    Or(Vec<Values>),
    And(Vec<Values>),
    Not(Box<Values>),
}

/// A field name or value.
#[derive(Clone, Debug)]
pub(super) struct Literal {
    /// Text and, if it was not quoted, wildcards. Blanks around it are gone.
    pub(super) pieces: Vec<Piece>,
    pub(super) quoted: bool,
    pub(super) span: Span,
}

impl Literal {
    /// The text, if there is no wildcard in it.
    pub(super) fn text(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// A lone `*`.
    pub(super) fn is_star(&self) -> bool {
        self.pieces == [Piece::Any]
    }

    /// With `*` for wildcards, as field name patterns are written.
    pub(super) fn pattern(&self) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Literal(text) => text.clone(),
            Piece::Any | Piece::One => "*".to_owned(),
        };
        self.pieces.iter().map(piece).collect()
    }
}
