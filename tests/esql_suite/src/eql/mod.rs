//! The EQL suite's queries: files of cases, each with a data set; and series.
//!
//! In: a folder of the suite. Out: cases, compiled by the front end of rules. Must
//! not know how a plan is run. Both the macro and the test that it serves have this
//! module; each uses a part.
#![allow(dead_code)]

pub(crate) mod data;
pub(crate) mod series;

use data::{DataSet, QUERIES};
use detect_compiler::diagnostic::Problem;
use detect_compiler::eql::{self, Compiled};
use detect_compiler::plan::Body;
use std::path::Path;

/// The queries of a folder.
pub(crate) struct Cases {
    pub(crate) sets: Vec<DataSet>,
    pub(crate) cases: Vec<Case>,
}

/// A query.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) query: String,
    /// Number of its data set.
    pub(crate) set: usize,
    /// What the file says of it.
    pub(crate) table: toml::Table,
}

/// Reads a folder; kinds that it lacks are left out.
pub(crate) fn of(folder: &Path) -> Cases {
    let (mut sets, mut cases) = (Vec::new(), Vec::new());
    for (file, load) in QUERIES {
        let Ok(text) = std::fs::read_to_string(folder.join(file)) else { continue };
        let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{file}: {error}"));
        let all = table.get("queries").and_then(toml::Value::as_array);
        let all = all.into_iter().flatten().filter_map(toml::Value::as_table);
        cases.extend(all.enumerate().map(|(number, table)| {
            let text = |key| table.get(key).and_then(toml::Value::as_str).unwrap_or_default();
            let name = match text("name") {
                "" => format!("{file} {}", number + 1),
                name => name.to_owned(),
            };
            let query = text("query").trim().to_owned();
            Case { name, query, set: sets.len(), table: table.clone() }
        }));
        sets.push(load(folder));
    }
    Cases { sets, cases }
}

impl Cases {
    /// A query, compiled over its data set.
    pub(crate) fn compile(&self, case: &Case) -> Result<Compiled, Vec<Problem>> {
        let mut compiled = eql::compile(&case.query, &self.sets[case.set].context())?;
        let per_key = case.table.get("max_samples_per_key").and_then(toml::Value::as_integer);
        if let (Body::Sample(sample), Some(per_key)) = (&mut compiled.body, per_key) {
            sample.per_key = per_key as u32;
        }
        Ok(compiled)
    }
}
