//! Which rules can never see the data that there is.

use super::atoms::{Atom, Atoms};
use super::facts::Facts;
use super::pairs::Subject;
use super::solve::{Answer, Clauses};
use crate::ruleset::Formula;
use detect_runtime::event::Raw;
use detect_runtime::event::reference::{Document, Found};
use detect_runtime::json::Malformed;
use detect_runtime::matcher::{admit, index_of};
use std::collections::BTreeSet;

/// Fields that hold the name of a data set.
const DATA_SET: [&str; 2] = ["event.dataset", "data_stream.dataset"];

/// What data there is: names of data sets or indices, or events to look at.
#[derive(Clone, Debug, Default)]
pub struct Data {
    indices: BTreeSet<String>,
    streams: BTreeSet<String>,
    /// Fields of the events, objects included; `None` without events.
    fields: Option<BTreeSet<String>>,
    /// Some event does not say which index it is of: index patterns admit it.
    anonymous: bool,
}

/// Why a rule cannot see any of the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blind {
    /// No index is one of its own.
    Index,
    /// It asks for these fields, which no event has.
    Fields(Vec<String>),
    /// It asks for another data set, or for several things that no event has together.
    Values,
}

impl Data {
    /// Nothing is known, so every rule may see something.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty() && self.fields.is_none()
    }

    /// Adds a data set (`endpoint.events.process`), or an index by its name: what has a
    /// `-` is one.
    pub fn name(&mut self, name: &str) {
        if name.contains('-') {
            self.indices.insert(name.to_owned());
            let parts = name.strip_prefix("logs-").or_else(|| name.strip_prefix("metrics-"));
            if let Some((data_set, _)) = parts.and_then(|rest| rest.split_once('-')) {
                self.streams.insert(data_set.to_owned());
            }
        } else {
            self.indices.insert(format!("logs-{name}-default"));
            // What a Beat writes.
            self.indices.insert(format!("{name}-default"));
            self.streams.insert(name.to_owned());
        }
    }

    /// Adds an event.
    ///
    /// # Errors
    /// If the line is no JSON object.
    pub fn event(&mut self, line: &[u8]) -> Result<(), Malformed> {
        let document = Document::parse(line)?;
        present(&document, "", self.fields.get_or_insert_default());
        let first = |path: &str| {
            let mut first = None;
            document.find(path, &mut |found| {
                if let Found::Scalar(Document::Text(text)) = found {
                    first.get_or_insert_with(|| text.clone());
                }
            });
            first
        };
        match index_of(&document) {
            Some(index) => drop(self.indices.insert(index)),
            None => self.anonymous = true,
        }
        self.streams.extend(DATA_SET.into_iter().filter_map(first));
        Ok(())
    }

    /// Why the rule sees nothing of this, if so.
    pub(super) fn blind(
        &self,
        subject: &Subject<'_>,
        atoms: &Atoms,
        facts: &Facts,
        budget: usize,
    ) -> Option<Blind> {
        let patterns = &subject.planned.lowered.plan.index;
        let admitted = |index: &String| admit(patterns.iter().map(String::as_str), index);
        if !patterns.is_empty() && !self.anonymous && !self.indices.iter().any(admitted) {
            return Some(Blind::Index);
        }
        let needed = subject.formulas.iter().zip(&subject.shape.needed);
        needed.filter(|(_, needed)| **needed).find_map(|(formula, _)| {
            let never = |lacks: &dyn Fn(&str) -> bool| {
                let mut clauses = Clauses::default();
                clauses.demand(formula, false);
                for atom in clauses.atoms() {
                    if self.impossible(atom, atoms, lacks) {
                        clauses.demand(&Formula::Atom { atom, negated: true }, false);
                    }
                }
                facts.demand(atoms, &mut clauses);
                clauses.solve(0, budget) == Answer::Never
            };
            let lacks =
                |field: &str| self.fields.as_ref().is_some_and(|fields| !fields.contains(field));
            if !never(&lacks) {
                return None;
            }
            let mut lacking = BTreeSet::new();
            formula.atoms(&mut |atom| {
                let field = atoms.list.get(atom as usize).and_then(Atom::field);
                lacking.extend(field.and_then(|field| atoms.fields.get(field as usize)));
            });
            let alone = |field: &&&String| lacks(field) && never(&|own| own == field.as_str());
            let fields: Vec<String> =
                lacking.iter().filter(alone).map(|field| (*field).clone()).collect();
            Some(if fields.is_empty() { Blind::Values } else { Blind::Fields(fields) })
        })
    }

    /// An atom that no event of the data meets.
    fn impossible(&self, atom: u32, atoms: &Atoms, lacks: &dyn Fn(&str) -> bool) -> bool {
        let Some(atom) = atoms.list.get(atom as usize) else { return false };
        let field = atom.field().and_then(|field| atoms.fields.get(field as usize));
        let Some(field) = field else { return false };
        // Metadata is given from outside.
        if field.starts_with('_') {
            return false;
        }
        let other = || match atom {
            Atom::Some { values, .. } if DATA_SET.contains(&field.as_str()) => {
                let passes = |name: &String| values.test.holds(Raw::Text(name));
                !self.streams.is_empty() && !self.streams.iter().any(passes)
            }
            _ => false,
        };
        lacks(field) || other()
    }
}

/// Adds the paths at which a document has something, with all above them.
fn present(document: &Document, path: &str, fields: &mut BTreeSet<String>) {
    match document {
        Document::Null => {}
        Document::Array(all) => all.iter().for_each(|one| present(one, path, fields)),
        Document::Object(members) => {
            for (key, value) in members {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let mut above = Some(path.as_str());
                // A member that is null still makes its object one.
                if matches!(value, Document::Null) {
                    above = path.rsplit_once('.').map(|(parent, _)| parent);
                }
                while let Some(path) = above.filter(|path| !fields.contains(*path)) {
                    fields.insert(path.to_owned());
                    above = path.rsplit_once('.').map(|(parent, _)| parent);
                }
                present(value, &path, fields);
            }
        }
        _ => {}
    }
}
