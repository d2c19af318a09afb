//! The ruleset's field table.

use detect_runtime::event::FieldId;
use detect_runtime::json::layout::{FieldSpec, Flags};
use std::collections::HashMap;

/// Fields by number, in order of first use.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    specs: Vec<FieldSpec>,
    numbers: HashMap<String, FieldId>,
}

/// Metadata fields, which stand beside the document.
const METADATA: [&str; 5] = ["_id", "_index", "_version", "_source", "_ignored"];

impl Fields {
    /// Number of a field, which is added if it is new; flags add up.
    pub(super) fn number(&mut self, path: &str, flags: Flags) -> FieldId {
        let flags = if METADATA.contains(&path) { flags.with(Flags::METADATA) } else { flags };
        if let Some(&number) = self.numbers.get(path) {
            self.add_flags(number, flags);
            return number;
        }
        let number = self.specs.len() as FieldId;
        self.specs.push(FieldSpec { path: path.to_owned(), flags });
        self.numbers.insert(path.to_owned(), number);
        number
    }

    pub(super) fn add_flags(&mut self, field: FieldId, flags: Flags) {
        if let Some(spec) = self.specs.get_mut(field as usize) {
            spec.flags = spec.flags.with(flags);
        }
    }

    /// Number of a known field.
    pub fn get(&self, path: &str) -> Option<FieldId> {
        self.numbers.get(path).copied()
    }

    /// Path of a field.
    pub fn path(&self, field: FieldId) -> &str {
        self.specs.get(field as usize).map_or("", |spec| &spec.path)
    }

    /// All fields, for the projector.
    pub fn specs(&self) -> &[FieldSpec] {
        &self.specs
    }
}
