//! The KQL conformance suite: `kql/cases.toml` of each data folder.

mod suite;

use detect_compiler::kql;
use detect_compiler::schema::{FieldType, Schema, parse_type};
use std::process::ExitCode;
use suite::plain::Plain;
use suite::tally::Tally;
use suite::{Conditions, Document, Way, folders, read_toml};

fn main() -> ExitCode {
    let mut tally = Tally::new("kql");
    let mut ways: Vec<Box<dyn Way>> = vec![Box::new(Plain)];
    for folder in folders("kql") {
        let Some(file) = read_toml(&folder.join("cases.toml")) else { continue };
        for case in tables(&file, "case") {
            tally.case(text(case, "name"), || check(case, &mut ways));
        }
        for case in tables(&file, "refused") {
            tally.case(text(case, "name"), || refused(case));
        }
    }
    tally.close()
}

/// The cases of a kind that are in the dialect of rules.
fn tables<'f>(file: &'f toml::Table, kind: &str) -> Vec<&'f toml::Table> {
    let all = file.get(kind).and_then(toml::Value::as_array);
    all.into_iter()
        .flatten()
        .filter_map(toml::Value::as_table)
        .filter(|case| text(case, "dialect") != "elasticsearch")
        .collect()
}

fn text<'c>(case: &'c toml::Table, key: &str) -> &'c str {
    case.get(key).and_then(toml::Value::as_str).unwrap_or_default()
}

fn schema(case: &toml::Table) -> Schema {
    let mapping = case.get("mapping").and_then(toml::Value::as_table);
    let fields = mapping.into_iter().flatten().map(|(name, ty)| (name.clone(), declared(ty)));
    Schema::closed(fields)
}

fn declared(ty: &toml::Value) -> FieldType {
    ty.as_str().and_then(parse_type).unwrap_or_else(|| panic!("unknown type {ty}"))
}

fn check(case: &toml::Table, ways: &mut [Box<dyn Way>]) -> Result<(), String> {
    let query = text(case, "query");
    let compiled = kql::compile(query, &schema(case))
        .map_err(|problems| format!("`{query}` is refused: {}", problems[0].message))?;
    let strings = |key: &str| case.get(key).and_then(toml::Value::as_array).into_iter().flatten();
    let documents: Vec<Document> = strings("docs")
        .filter_map(toml::Value::as_str)
        .map(|line| Document::new(line.to_owned()))
        .collect();
    let expected: Vec<usize> =
        strings("matches").filter_map(toml::Value::as_integer).map(|n| n as usize).collect();
    let rule = Conditions { cond: &compiled.cond, lineages: &[] };
    for way in ways {
        let found = way.matches(&rule, &documents);
        if found != expected {
            let name = way.name();
            return Err(format!("`{query}` ({name}): {found:?} instead of {expected:?}"));
        }
    }
    Ok(())
}

fn refused(case: &toml::Table) -> Result<(), String> {
    match kql::compile(text(case, "query"), &schema(case)) {
        Err(_) => Ok(()),
        Ok(_) => Err(format!("`{}` is accepted", text(case, "query"))),
    }
}
