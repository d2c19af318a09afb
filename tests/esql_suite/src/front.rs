//! Cases through the front end of rules.

use crate::csv_spec::Case;
use crate::data_set::DataSet;
use detect_compiler::diagnostic::Problem;
use detect_compiler::esql::{Compiled, Context, Names, QueryStrings, compile};
use detect_compiler::plan::Cond;
use detect_compiler::schema::{FieldType, Schema, parse_type};
use std::collections::HashMap;

/// Rows that a query gives if it has no LIMIT.
const IMPLICIT_LIMIT: u64 = 1000;

/// Compiles the query of a case over the data sets.
pub(crate) fn plan(
    case: &Case,
    data: &HashMap<String, DataSet>,
    strings: &dyn Fn(&Schema) -> Box<dyn QueryStrings>,
) -> Result<Compiled, Vec<Problem>> {
    let schema = schema(source(&case.query).and_then(|name| data.get(&name)));
    let strings = strings(&schema);
    let cx = Context {
        schema: &schema,
        query_strings: &*strings,
        tables: &HashMap::new(),
        names: Names::Closed,
        implicit_limit: Some(IMPLICIT_LIMIT),
    };
    compile(&case.query, &cx)
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

/// No language inside the query.
pub(crate) struct NoStrings;

impl QueryStrings for NoStrings {
    fn kql(&self, _: &str) -> Result<Cond, Vec<Problem>> {
        Ok(Cond::Const(true))
    }

    fn lucene(&self, _: &str) -> Result<Cond, Vec<Problem>> {
        Ok(Cond::Const(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv_spec::{cases, files, folders};
    use std::path::Path;

    #[test]
    fn every_case_compiles() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let (mut all, mut broken) = (0, Vec::new());
        for folder in folders(root) {
            let folder = folder.join("esql");
            let data: HashMap<String, DataSet> = files(&folder.join("data"), "csv")
                .iter()
                .filter_map(|path| {
                    let name = path.file_stem()?.to_str()?.to_owned();
                    Some((name, DataSet::parse(&std::fs::read_to_string(path).ok()?)))
                })
                .collect();
            for path in files(&folder, "csv-spec") {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                for case in cases(&text) {
                    all += 1;
                    if let Err(problems) = plan(&case, &data, &|_| Box::new(NoStrings)) {
                        let messages: Vec<&str> =
                            problems.iter().map(|problem| problem.message.as_str()).collect();
                        broken.push(format!(
                            "{}:{} {}: {}\n{}\n",
                            path.file_name().and_then(|n| n.to_str()).unwrap_or_default(),
                            case.line,
                            case.name,
                            messages.join("; "),
                            case.query
                        ));
                    }
                }
            }
        }
        println!("{all} cases, {} do not compile\n{}", broken.len(), broken.join("\n"));
    }
}
