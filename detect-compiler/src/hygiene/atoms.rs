//! Conditions as formulas over predicates, each predicate once for all rules.
//!
//! Unlike the optimiser's atoms, which ask several tests of a field at once, an atom is
//! one test here, so that `a` is seen to imply `a or b`. What is computed (expressions,
//! elements of arrays, patterns over names, lineages) is an atom that is known by its
//! text alone.

use super::values::Values;
use crate::plan::{Cond, Plan};
use crate::ruleset::Formula;
use detect_runtime::test::{Order, Piece, Test};
use detect_runtime::text::glob;
use std::collections::HashMap;

/// What an atom asks.
#[derive(Clone, Debug)]
pub(super) enum Atom {
    /// Some value of the field passes.
    Some { field: u32, values: Box<Values> },
    /// The field has a value (`objects`: an object counts).
    Exists { field: u32, objects: bool },
    /// The field has one value (`distinct`: repeats are one).
    Single { field: u32, distinct: bool },
    /// What is computed, by its text.
    Computed,
}

impl Atom {
    /// The field that it asks about.
    pub(super) fn field(&self) -> Option<u32> {
        match self {
            Atom::Some { field, .. } | Atom::Exists { field, .. } | Atom::Single { field, .. } => {
                Some(*field)
            }
            Atom::Computed => None,
        }
    }
}

/// All atoms and fields.
#[derive(Debug, Default)]
pub(super) struct Atoms {
    pub(super) list: Vec<Atom>,
    pub(super) fields: Vec<String>,
    field_numbers: HashMap<String, u32>,
    numbers: HashMap<String, u32>,
}

impl Atoms {
    /// The formula of a condition of a plan.
    pub(super) fn formula(&mut self, cond: &Cond, plan: &Plan) -> Formula {
        self.lower(cond, false, plan)
    }

    /// Number of an atom that some condition has.
    pub(super) fn exists(&self, field: u32, objects: bool) -> Option<u32> {
        self.numbers.get(&exists_key(field, objects)).copied()
    }

    fn lower(&mut self, cond: &Cond, negated: bool, plan: &Plan) -> Formula {
        let atom = match cond {
            Cond::Const(truth) => return Formula::Const(*truth != negated),
            Cond::Not(inner) => return self.lower(inner, !negated, plan),
            Cond::And(all) | Cond::Or(all) => {
                let decides = matches!(cond, Cond::Or(_)) != negated;
                let all = all.iter().map(|one| self.lower(one, negated, plan)).collect();
                return Formula::join(all, decides);
            }
            Cond::Any { field, test } => self.test(&field.path, &normal(test)),
            Cond::Exists { field, objects } => self.presence(&field.path, *objects),
            Cond::Single(field) => {
                let distinct = field.ty.keeps_distinct();
                let field = self.field(&field.path);
                let key = format!("single {distinct} {field}");
                self.intern(key, || Atom::Single { field, distinct })
            }
            Cond::AnyField { .. } | Cond::Expr { .. } | Cond::Element { .. } => {
                self.intern(format!("{cond:?}"), || Atom::Computed)
            }
            // A lineage is remembered from events that the rule's own index patterns
            // admit.
            Cond::DescendantOf(number) => {
                let key = format!("{:?} {:?}", plan.lineages.get(*number), plan.index);
                self.intern(key, || Atom::Computed)
            }
        };
        Formula::Atom { atom, negated }
    }

    fn test(&mut self, path: &str, test: &Test) -> u32 {
        // Any text fits, so any value does; but `_index` and its like are given from
        // outside.
        if let Test::Glob { glob, .. } = test
            && glob.0 == [Piece::Any]
            && !path.starts_with('_')
        {
            return self.presence(path, false);
        }
        let field = self.field(path);
        self.intern(format!("{field} {test:?}"), || Atom::Some {
            field,
            values: Box::new(Values::new(test)),
        })
    }

    fn presence(&mut self, path: &str, objects: bool) -> u32 {
        let field = self.field(path);
        self.intern(exists_key(field, objects), || Atom::Exists { field, objects })
    }

    fn field(&mut self, path: &str) -> u32 {
        if let Some(number) = self.field_numbers.get(path) {
            return *number;
        }
        let number = self.fields.len() as u32;
        self.fields.push(path.to_owned());
        self.field_numbers.insert(path.to_owned(), number);
        number
    }

    fn intern(&mut self, key: String, atom: impl FnOnce() -> Atom) -> u32 {
        let list = &mut self.list;
        *self.numbers.entry(key).or_insert_with(|| {
            list.push(atom());
            list.len() as u32 - 1
        })
    }
}

fn exists_key(field: u32, objects: bool) -> String {
    format!("exists {objects} {field}")
}

/// One form for tests that are written in two.
fn normal(test: &Test) -> Test {
    match test {
        Test::Glob { glob, fold } => match glob::as_literal(glob) {
            Some(text) => Test::Equals { text: text.to_owned(), fold: *fold },
            None => Test::Glob { glob: glob::normal(glob), fold: *fold },
        },
        Test::TextOrder { order: Order::Equal, text } => {
            Test::Equals { text: text.clone(), fold: detect_runtime::test::Fold::None }
        }
        other => other.clone(),
    }
}
