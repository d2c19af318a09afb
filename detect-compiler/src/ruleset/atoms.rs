//! Interning: fields and atoms, each once for the whole ruleset.

use super::fields::Fields;
use super::walk;
use crate::plan::Cond;
use crate::schema::Schema;
use detect_runtime::event::FieldId;
use detect_runtime::json::layout::Flags;
use detect_runtime::test::Test;
use detect_runtime::value::Type;
use std::collections::HashMap;

/// One question about one event.
#[derive(Clone, Debug)]
pub enum Atom {
    /// Some value of the field passes one of the tests, which are distinct and
    /// in a fixed order.
    Set {
        /// The field.
        field: FieldId,
        /// The tests.
        tests: Vec<Test>,
    },
    /// The field has a value.
    Exists {
        /// The field.
        field: FieldId,
        /// An object counts.
        objects: bool,
    },
    /// The field has exactly one value.
    Single {
        /// The field.
        field: FieldId,
    },
    /// Computed by generated code: [`Cond::Expr`], [`Cond::Element`] or
    /// [`Cond::DescendantOf`].
    Leaf(Box<Cond>),
}

impl Atom {
    /// The field it asks about, if it is one field's affair.
    pub fn field(&self) -> Option<FieldId> {
        match self {
            Atom::Set { field, .. } | Atom::Exists { field, .. } | Atom::Single { field } => {
                Some(*field)
            }
            Atom::Leaf(_) => None,
        }
    }
}

/// A text that is equal exactly for equal tests.
pub(super) fn test_key(test: &Test) -> String {
    format!("{test:?}")
}

/// The tables of interned things under construction.
pub(super) struct Atoms<'s> {
    pub(super) fields: Fields,
    pub(super) list: Vec<Atom>,
    numbers: HashMap<String, u32>,
    schema: &'s Schema,
}

impl<'s> Atoms<'s> {
    pub(super) fn new(schema: &'s Schema) -> Atoms<'s> {
        Atoms { fields: Fields::default(), list: Vec::new(), numbers: HashMap::new(), schema }
    }

    /// Number of a field.
    pub(super) fn field(&mut self, path: &str) -> FieldId {
        self.fields.number(path, Flags::NONE)
    }

    /// Fields of the schema whose name matches, in order of their names. A
    /// document's fields that no schema knows are not found by a pattern: the
    /// projector keeps named fields only.
    pub(super) fn fields_like(&self, pattern: &str) -> Vec<String> {
        let mut names: Vec<String> = self
            .schema
            .names()
            .filter(|name| star_matches(pattern, name))
            .map(str::to_owned)
            .collect();
        names.sort_unstable();
        names
    }

    /// Type of fields that are found by pattern.
    #[expect(clippy::unused_self, reason = "a fact of the schema, asked where the schema is")]
    pub(super) fn keyword(&self) -> Type {
        Type::Keyword
    }

    /// Number of an atom.
    pub(super) fn intern(&mut self, atom: Atom) -> u32 {
        if let Atom::Exists { field, objects: true } = atom {
            self.fields.add_flags(field, Flags::OBJECT);
        }
        let key = match &atom {
            Atom::Leaf(cond) => format!("{cond:?}"),
            other => format!("{other:?}"),
        };
        self.insert(key, atom)
    }

    /// Number of a computed atom; `rule` for those that mean something else in
    /// each rule.
    pub(super) fn leaf(&mut self, cond: &Cond, rule: Option<usize>) -> u32 {
        let key = match rule {
            Some(rule) => format!("{rule} {cond:?}"),
            None => format!("{cond:?}"),
        };
        self.insert(key, Atom::Leaf(Box::new(cond.clone())))
    }

    /// Interns what a computed atom reads.
    pub(super) fn visit_leaf(&mut self, cond: &Cond, rule: usize) {
        walk::fields_of_leaf(cond, &mut |path, flags| {
            self.fields.number(path, flags);
        });
        walk::inner_conditions(cond, &mut |inner| {
            super::formula::lower(inner, rule, false, self);
        });
    }

    fn insert(&mut self, key: String, atom: Atom) -> u32 {
        let list = &mut self.list;
        *self.numbers.entry(key).or_insert_with(|| {
            list.push(atom);
            (list.len() - 1) as u32
        })
    }
}

/// Field name patterns have `*` only.
fn star_matches(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(first) = pieces.next() else { return false };
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_patterns() {
        for (pattern, name, expected) in [
            ("file.hash.*", "file.hash.md5", true),
            ("file.hash.*", "file.hash", false),
            ("*.name", "process.name", true),
            ("p*.n*e", "process.name", true),
            ("p*.nn*e", "process.name", false),
            ("process.name", "process.name", true),
            ("process", "process.name", false),
        ] {
            assert_eq!(star_matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
