//! What a query asks, as written: see [`crate::predicate`].

use super::ast::{Literal, Query, Values};
use crate::predicate::{Asked, Kind};
use crate::schema::Schema;
use detect_runtime::test::Piece;
use detect_runtime::value::Type;

/// What the query asks; nothing for an empty one.
pub(super) fn asked(query: Option<&Query>, schema: &Schema) -> Asked {
    query.map_or(Asked::NOTHING, |query| Reader { schema }.query(query, ""))
}

struct Reader<'s> {
    schema: &'s Schema,
}

impl Reader<'_> {
    /// `group`: path of the nested group around, with its dot.
    fn query(&self, query: &Query, group: &str) -> Asked {
        let many = |all: &[Query]| all.iter().map(|query| self.query(query, group)).collect();
        let path = |field: &Literal| format!("{group}{}", field.pattern());
        match query {
            Query::Or(all) => Asked::Any(many(all)),
            Query::And(all) => Asked::All(many(all)),
            Query::Not(inner) => self.query(inner, group).negated_if(true),
            Query::Nested { path: inner, query } => self.query(query, &format!("{}.", path(inner))),
            Query::Range { field, order, value } => {
                Asked::one(path(field), Kind::of(*order), value.pattern())
            }
            Query::Field { field, values } => self.values(&path(field), values),
            Query::Free(value) => self.value("*", value),
        }
    }

    fn values(&self, path: &str, values: &Values) -> Asked {
        let many = |all: &[Values]| all.iter().map(|values| self.values(path, values)).collect();
        match values {
            Values::One(value) => self.value(path, value),
            Values::Or(all) => Asked::Any(many(all)),
            Values::And(all) => Asked::All(many(all)),
            Values::Not(inner) => self.values(path, inner).negated_if(true),
        }
    }

    fn value(&self, path: &str, value: &Literal) -> Asked {
        if !value.quoted && value.is_star() {
            return match path {
                "*" => Asked::NOTHING,
                _ => Asked::values(path, Kind::Exists, Vec::new()),
            };
        }
        let (kind, text) = match value.text() {
            Some(text) if self.is_block(path, text) => (Kind::Cidr, text.to_owned()),
            Some(text) => (Kind::Eq, text.to_owned()),
            None => (Kind::Wildcard, value.pieces.iter().map(written).collect()),
        };
        Asked::one(path, kind, text)
    }

    fn is_block(&self, path: &str, text: &str) -> bool {
        text.contains('/') && self.schema.lookup(path).ty == Type::Ip
    }
}

fn written(piece: &Piece) -> &str {
    match piece {
        Piece::Literal(text) => text,
        Piece::Any => "*",
        Piece::One => "?",
    }
}
