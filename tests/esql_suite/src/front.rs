//! Cases through the front end of rules.

use crate::csv_spec::Case;
use crate::data_set::DataSet;
use detect_compiler::diagnostic::Problem;
use detect_compiler::esql::{Compiled, Context, Names, QueryStrings, compile};
use detect_compiler::plan::Cond;
use detect_compiler::schema::{FieldType, Schema, parse_type};
use detect_compiler::{kql, lucene};
use std::collections::HashMap;

/// Rows that a query gives if it has no LIMIT.
const IMPLICIT_LIMIT: u64 = 1000;

/// Compiles the query of a case over the data sets.
pub(crate) fn plan(case: &Case, data: &HashMap<String, DataSet>) -> Result<Compiled, Vec<Problem>> {
    let schema = schema(source(&case.query).and_then(|name| data.get(&name)));
    let cx = Context {
        schema: &schema,
        query_strings: &Strings(&schema),
        tables: &HashMap::new(),
        names: Names::Closed,
        implicit_limit: Some(IMPLICIT_LIMIT),
    };
    compile(&case.query, &cx)
}

/// The languages inside queries.
pub(crate) struct Strings<'s>(pub(crate) &'s Schema);

impl QueryStrings for Strings<'_> {
    fn kql(&self, text: &str) -> Result<Cond, Vec<Problem>> {
        kql::compile(text, self.0).map(|compiled| compiled.cond)
    }

    fn lucene(&self, text: &str) -> Result<Cond, Vec<Problem>> {
        lucene::compile(text, self.0).map(|compiled| compiled.cond)
    }
}

/// The data set that a query reads.
fn source(query: &str) -> Option<String> {
    let mut words = query
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(str::split_whitespace)
        .skip_while(|word| !word.eq_ignore_ascii_case("from"));
    words.next()?;
    let name: String = words
        .next()?
        .trim_matches('"')
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        .collect();
    Some(name)
}

/// The mapping of a data set: exactly its columns.
fn schema(data: Option<&DataSet>) -> Schema {
    let columns = data.map(|data| data.columns.as_slice()).unwrap_or_default();
    let fields: Vec<(String, FieldType)> =
        columns.iter().filter_map(|(name, ty)| Some((name.clone(), parse_type(ty)?))).collect();
    Schema::closed(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv_spec::{cases, files, folders};
    use crate::data_set;
    use std::path::Path;

    /// Cases that the front end refuses, with the reason in `tests/data/skips.tsv`.
    #[test]
    fn every_case_compiles_or_is_listed() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let skips = std::fs::read_to_string(root.join("tests/data/skips.tsv")).unwrap_or_default();
        let mut broken = Vec::new();
        for folder in folders(root) {
            let folder = folder.join("esql");
            let data = data_set::all(&folder);
            for path in files(&folder, "csv-spec") {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                for case in cases(&std::fs::read_to_string(&path).unwrap_or_default()) {
                    let listed = format!("esql\t{stem}.{}\t", case.name);
                    if let Err(problems) = plan(&case, &data)
                        && !skips.contains(&listed)
                    {
                        let messages: Vec<&str> =
                            problems.iter().map(|problem| problem.message.as_str()).collect();
                        broken.push(format!("{stem}.{}: {}", case.name, messages.join("; ")));
                    }
                }
            }
        }
        assert!(broken.is_empty(), "{}", broken.join("\n"));
    }
}
