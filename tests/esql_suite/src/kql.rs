//! The KQL suite: `kql/cases.toml` of a folder.
//!
//! In: a folder of the suite. Out: its cases, compiled by the front end of rules.
//! Must not know how a plan is run. Both the macro and the test that it serves have
//! this file; each uses a part.
#![allow(dead_code)]

use detect_compiler::diagnostic::Problem;
use detect_compiler::kql;
use detect_compiler::plan::Cond;
use detect_compiler::schema::{FieldType, Schema, parse_type};
use std::path::Path;

/// A query with its documents, or one that is to be refused.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) query: String,
    /// Lines of JSON.
    pub(crate) documents: Vec<String>,
    /// Numbers of the documents that match; `None`: the query is to be refused.
    pub(crate) matches: Option<Vec<usize>>,
    fields: Vec<(String, FieldType)>,
}

/// The cases of a folder that are in the dialect of rules.
pub(crate) fn of(folder: &Path) -> Vec<Case> {
    let Ok(text) = std::fs::read_to_string(folder.join("cases.toml")) else { return Vec::new() };
    let file: toml::Table = text.parse().unwrap_or_else(|error| panic!("cases.toml: {error}"));
    let all = |kind: &str| -> Vec<Case> {
        let tables = file.get(kind).and_then(toml::Value::as_array).into_iter().flatten();
        let tables = tables.filter_map(toml::Value::as_table);
        tables.filter(|table| string(table, "dialect") != "elasticsearch").map(case).collect()
    };
    let mut cases = all("case");
    cases.extend(all("refused").into_iter().map(|case| Case { matches: None, ..case }));
    cases
}

impl Case {
    /// Its query, compiled.
    pub(crate) fn compile(&self) -> Result<Cond, Vec<Problem>> {
        let schema = Schema::closed(self.fields.iter().cloned());
        kql::compile(&self.query, &schema).map(|compiled| compiled.cond)
    }
}

fn case(table: &toml::Table) -> Case {
    let list = |key: &str| table.get(key).and_then(toml::Value::as_array).into_iter().flatten();
    let mapping = table.get("mapping").and_then(toml::Value::as_table);
    Case {
        name: string(table, "name").to_owned(),
        query: string(table, "query").to_owned(),
        documents: list("docs").filter_map(toml::Value::as_str).map(str::to_owned).collect(),
        matches: Some(
            list("matches").filter_map(toml::Value::as_integer).map(|n| n as usize).collect(),
        ),
        fields: mapping
            .into_iter()
            .flatten()
            .map(|(name, ty)| (name.clone(), declared(ty)))
            .collect(),
    }
}

fn string<'t>(table: &'t toml::Table, key: &str) -> &'t str {
    table.get(key).and_then(toml::Value::as_str).unwrap_or_default()
}

fn declared(ty: &toml::Value) -> FieldType {
    ty.as_str().and_then(parse_type).unwrap_or_else(|| panic!("unknown type {ty}"))
}
