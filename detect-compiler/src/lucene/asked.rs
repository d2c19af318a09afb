//! What a query asks, as written: see [`crate::predicate`].

use super::ast::{Atom, Clause, Clauses, Occurs};
use crate::predicate::{Asked, Kind};
use crate::schema::Schema;
use detect_runtime::test::Piece;
use detect_runtime::value::Type;

/// What the query asks.
pub(super) fn asked(clauses: &Clauses, schema: &Schema) -> Asked {
    Reader { schema }.clauses(clauses, "*")
}

struct Reader<'s> {
    schema: &'s Schema,
}

impl Reader<'_> {
    /// Optional clauses count only where none is required.
    fn clauses(&self, clauses: &Clauses, outer: &str) -> Asked {
        let required = clauses.0.iter().any(|clause| clause.occurs == Occurs::Required);
        let (mut all, mut some) = (Vec::new(), Vec::new());
        for clause in &clauses.0 {
            let asked = self.clause(clause, outer);
            match clause.occurs {
                Occurs::Required => all.push(asked),
                Occurs::Prohibited => all.push(asked.negated_if(true)),
                Occurs::Optional if required => {}
                Occurs::Optional => some.push(asked),
            }
        }
        if !some.is_empty() {
            all.push(Asked::Any(some));
        }
        Asked::All(all)
    }

    fn clause(&self, clause: &Clause, outer: &str) -> Asked {
        let field = clause.field.as_ref().map_or(outer, |name| &name.text);
        match &clause.atom {
            Atom::Group(clauses) => self.clauses(clauses, field),
            Atom::Term { pieces, .. } if field == "_exists_" => {
                Asked::values(pattern(pieces), Kind::Exists, Vec::new())
            }
            Atom::Phrase { text, .. } if field == "_exists_" => {
                Asked::values(text, Kind::Exists, Vec::new())
            }
            Atom::Term { pieces, fuzzy: None } if *pieces == [Piece::Any] => match field {
                "*" => Asked::NOTHING,
                _ => Asked::values(field, Kind::Exists, Vec::new()),
            },
            Atom::Term { pieces, fuzzy: Some(_) } => {
                Asked::one(field, Kind::Fuzzy, pattern(pieces))
            }
            Atom::Term { pieces, fuzzy: None } => self.term(field, pieces),
            Atom::Phrase { text, .. } => Asked::one(field, self.equal(field, text), text),
            Atom::Regex(pattern) => Asked::one(field, Kind::Regex, pattern),
            Atom::Range(bounds) if bounds.is_empty() => {
                Asked::values(field, Kind::Exists, Vec::new())
            }
            Atom::Range(bounds) => Asked::All(
                bounds
                    .iter()
                    .map(|(order, text)| Asked::one(field, Kind::of(*order), text))
                    .collect(),
            ),
        }
    }

    fn term(&self, field: &str, pieces: &[Piece]) -> Asked {
        match pieces {
            [Piece::Literal(text)] => Asked::one(field, self.equal(field, text), text),
            _ => Asked::one(field, Kind::Wildcard, pattern(pieces)),
        }
    }

    fn equal(&self, field: &str, text: &str) -> Kind {
        let block = text.contains('/') && self.schema.lookup(field).ty == Type::Ip;
        if block { Kind::Cidr } else { Kind::Eq }
    }
}

fn pattern(pieces: &[Piece]) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Any => "*".to_owned(),
        Piece::One => "?".to_owned(),
    };
    pieces.iter().map(piece).collect()
}
