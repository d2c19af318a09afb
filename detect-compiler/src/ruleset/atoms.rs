//! Interning: fields and atoms, each once for the whole ruleset.

use super::fields::Fields;
use super::walk;
use crate::plan::Cond;
use detect_runtime::event::FieldId;
use detect_runtime::json::layout::Flags;
use detect_runtime::test::Test;
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
        /// Repeats are one value, as the field is kept.
        distinct: bool,
    },
    /// Computed by generated code: [`Cond::Expr`], [`Cond::Element`],
    /// [`Cond::AnyField`] or [`Cond::DescendantOf`].
    Leaf(Box<Cond>),
}

impl Atom {
    /// The field it asks about, if it is one field's affair.
    pub fn field(&self) -> Option<FieldId> {
        match self {
            Atom::Set { field, .. } | Atom::Exists { field, .. } | Atom::Single { field, .. } => {
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
#[derive(Default)]
pub(super) struct Atoms {
    pub(super) fields: Fields,
    pub(super) list: Vec<Atom>,
    numbers: HashMap<String, u32>,
}

impl Atoms {
    /// Number of a field.
    pub(super) fn field(&mut self, path: &str) -> FieldId {
        self.fields.number(path, Flags::NONE)
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
