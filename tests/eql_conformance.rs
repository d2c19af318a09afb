//! The EQL conformance suite: the files of `eql/` in each data folder, described
//! in the README there. Queries and series run as compiled rules, in reference
//! mode, and by their plain forms.

#[path = "esql_suite/src/eql/mod.rs"]
mod eql_cases;
mod suite;

use detect_compiler::eql::{self, Compiled, Context, Dialect, Unmapped};
use detect_compiler::plan::{Body, ExprKind, PipeLimit};
use detect_compiler::schema::{Schema, parse_type};
use detect_runtime::value::Owned;
use eql_cases::data::DataSet;
use eql_cases::series::Series;
use eql_cases::{Case, Cases};
use std::path::Path;
use std::process::ExitCode;
use suite::compiled::{Built, MODES, results};
use suite::plain::Plain;
use suite::tally::Tally;
use suite::{Conditions, Document, Joined, Way, folders, read, read_toml};

detect_suite::eql_suite!(Eql);

fn main() -> ExitCode {
    let mut tally = Tally::new("eql");
    let mut built = BUILT.iter();
    let mut next = || built.next().expect("the test was built of the same data");
    for folder in folders("eql") {
        queries(&folder, &mut tally, &mut next);
        for file in ["test_string_functions.toml", "test_folding.toml"] {
            if let Some(file) = read_toml(&folder.join(file)) {
                expressions(&file, &mut tally);
            }
        }
        refused(&folder, &mut tally);
        unsupported(&folder, &mut tally);
        for series in eql_cases::series::of(&folder) {
            let built = next();
            tally.case(&series.name, || one_series(&series, built));
        }
    }
    tally.close()
}

/// A data set's documents, and what every compiled rule gives over them by mode.
struct Run {
    documents: Vec<Document>,
    results: Vec<Vec<Vec<Joined>>>,
}

impl Run {
    fn over(documents: Vec<Document>) -> Run {
        let lines: Vec<&str> = documents.iter().map(|document| document.line.as_str()).collect();
        let results = MODES.map(|(_, reference)| results::<Eql>(&lines, reference));
        Run { results: results.into(), documents }
    }
}

/// The queries of a folder: by plain forms, compiled, and in reference mode.
fn queries(folder: &Path, tally: &mut Tally, next: &mut impl FnMut() -> &'static Built) {
    let cases = eql_cases::of(folder);
    let runs: Vec<Run> = cases
        .sets
        .iter()
        .map(|set| Run::over(set.documents.iter().map(Document::of).collect()))
        .collect();
    for case in &cases.cases {
        let built = next();
        tally.case(&case.name, || query(case, &cases, &runs[case.set], built));
    }
}

fn tables<'f>(file: &'f toml::Table, kind: &str) -> Vec<&'f toml::Table> {
    let all = file.get(kind).and_then(toml::Value::as_array);
    all.into_iter().flatten().filter_map(toml::Value::as_table).collect()
}

fn text<'c>(case: &'c toml::Table, key: &str) -> &'c str {
    case.get(key).and_then(toml::Value::as_str).unwrap_or_default()
}

/// Results of a search that asks for no more.
const SIZE: usize = 50;

fn query(case: &Case, cases: &Cases, run: &Run, built: &Built) -> Result<(), String> {
    let (query, set) = (&case.query, &cases.sets[case.set]);
    let compiled = cases
        .compile(case)
        .map_err(|problems| format!("`{query}` is refused: {}", problems[0].message))?;
    let size = case.table.get("size").and_then(toml::Value::as_integer);
    let size = size.map_or(SIZE, |size| size as usize);
    let mut ways = vec![(Plain.name(), plain(&compiled, &run.documents)?)];
    let rule = built.rule(&case.name, query)?;
    for ((mode, _), results) in MODES.iter().zip(&run.results) {
        ways.push((mode, results[rule].clone()));
    }
    for (way, mut results) in ways {
        if matches!(compiled.body, Body::Events(_)) {
            limit(&compiled.limits, &mut results);
        }
        results.truncate(size);
        compare(&case.table, &results, set)
            .map_err(|problem| format!("`{query}` ({way}): {problem}"))?;
    }
    Ok(())
}

/// Results by plain forms.
fn plain(compiled: &Compiled, documents: &[Document]) -> Result<Vec<Joined>, String> {
    Ok(match &compiled.body {
        Body::Events(cond) => {
            let rule = Conditions { cond, lineages: &compiled.lineages };
            Plain.matches(&rule, documents).into_iter().map(Joined::alone).collect()
        }
        Body::Sequence(sequence) => Plain.sequences(sequence, documents),
        Body::Sample(sample) => Plain.samples(sample, documents),
        other => return Err(format!("an unexpected body: {other:?}")),
    })
}

fn limit<T>(limits: &[PipeLimit], results: &mut Vec<T>) {
    for limit in limits {
        match limit {
            PipeLimit::Head(n) => results.truncate(*n as usize),
            PipeLimit::Tail(n) => drop(results.drain(..results.len().saturating_sub(*n as usize))),
        }
    }
}

fn compare(case: &toml::Table, results: &[Joined], set: &DataSet) -> Result<(), String> {
    let ids: Vec<i64> = results
        .iter()
        .flat_map(|joined| &joined.events)
        .map(|event| event.map_or(-1, |number| set.ids[number]))
        .collect();
    let expected = case.get("expected_event_ids").and_then(toml::Value::as_array);
    let expected = expected.map(Vec::as_slice).unwrap_or_default();
    let alternatives: Vec<Vec<i64>> = match expected.first() {
        Some(toml::Value::Array(_)) => {
            expected.iter().filter_map(toml::Value::as_array).map(|all| integers(all)).collect()
        }
        _ => vec![integers(expected)],
    };
    if !alternatives.contains(&ids) {
        return Err(format!("{ids:?} instead of {alternatives:?}"));
    }
    let Some(keys) = case.get("join_keys").and_then(toml::Value::as_array) else { return Ok(()) };
    let keys: Vec<&str> = keys.iter().filter_map(toml::Value::as_str).collect();
    let found: Vec<&String> = results.iter().flat_map(|joined| &joined.keys).collect();
    if found != keys {
        return Err(format!("keys {found:?} instead of {keys:?}"));
    }
    Ok(())
}

fn integers(all: &[toml::Value]) -> Vec<i64> {
    all.iter().filter_map(toml::Value::as_integer).collect()
}

/// Constant expressions.
fn expressions(file: &toml::Table, tally: &mut Tally) {
    for (section, content) in file {
        let Some(content) = content.as_table() else { continue };
        // The suite has these functions as Python EQL does.
        let dialect = if section == "between" { Dialect::Endpoint } else { Dialect::Elasticsearch };
        let folded = content.get("fold").and_then(toml::Value::as_table).unwrap_or(content);
        for case in tables(folded, "tests") {
            let expression = text(case, "expression");
            let name = format!("{section} {expression}");
            tally.case(&name, || fold(expression, case.get("expected"), dialect));
        }
        for repeated in tables(content, "loop") {
            let literals = repeated["param"]["type"].as_array().into_iter().flatten();
            for literal in literals.filter_map(toml::Value::as_str) {
                let value = literal_of(literal);
                let fold_of = repeated.get("fold").and_then(toml::Value::as_table);
                for case in fold_of.map(|holder| tables(holder, "tests")).unwrap_or_default() {
                    let expression = text(case, "expression").replace("$value", value);
                    let name = format!("{section} {expression}");
                    tally.case(&name, || fold(&expression, case.get("expected"), dialect));
                }
            }
        }
        let verifier = content.get("verifier").and_then(toml::Value::as_table);
        for case in verifier.map(|holder| tables(holder, "failures")).unwrap_or_default() {
            let expression = text(case, "expression");
            tally.case(&format!("{section} refuses {expression}"), || {
                match eql::expression(expression, &constants(dialect)) {
                    Err(_) => Ok(()),
                    Ok(_) => Err(format!("`{expression}` is accepted")),
                }
            });
        }
    }
}

fn literal_of(ty: &str) -> &'static str {
    match ty {
        "bool" => "true",
        "int" => "1",
        "string" => "\"text\"",
        "float" => "1.5",
        _ => "null",
    }
}

fn constants(dialect: Dialect) -> Context<'static> {
    static EMPTY: std::sync::LazyLock<Schema> = std::sync::LazyLock::new(|| Schema::closed([]));
    Context { unmapped: Unmapped::Refuse, ..Context::new(&EMPTY, dialect) }
}

fn fold(text: &str, expected: Option<&toml::Value>, dialect: Dialect) -> Result<(), String> {
    let expr = eql::expression(text, &constants(dialect))
        .map_err(|problems| format!("`{text}` is refused: {}", problems[0].message))?;
    let ExprKind::Const(value) = expr.kind else {
        return Err(format!("`{text}` is not constant"));
    };
    let equal = match (&value, expected) {
        (Owned::Null, None) => true,
        (Owned::Boolean(a), Some(toml::Value::Boolean(b))) => a == b,
        (Owned::Long(a), Some(toml::Value::Integer(b))) => a == b,
        (Owned::Long(a), Some(toml::Value::Float(b))) => (*a as f64 - b).abs() < 1e-9,
        (Owned::Double(a), Some(toml::Value::Float(b))) => (a - b).abs() < 1e-9,
        (Owned::Double(a), Some(toml::Value::Integer(b))) => (a - *b as f64).abs() < 1e-9,
        (Owned::Text(a), Some(toml::Value::String(b))) => **a == **b,
        _ => false,
    };
    if equal { Ok(()) } else { Err(format!("`{text}` is {value:?} instead of {expected:?}")) }
}

/// `refused.toml`, under the mapping in its head.
fn refused(folder: &Path, tally: &mut Tally) {
    let Some(file) = read_toml(&folder.join("refused.toml")) else { return };
    let mapping = file.get("mapping").and_then(toml::Value::as_table);
    let fields = mapping.into_iter().flatten().map(|(name, ty)| {
        let ty = ty.as_str().unwrap_or_default();
        let ty = if ty == "text+keyword" { "keyword" } else { ty };
        (name.clone(), parse_type(ty).unwrap_or_else(|| panic!("unknown type {ty}")))
    });
    let schema = Schema::closed(fields);
    let context = Context {
        category_field: "event_type",
        unmapped: Unmapped::Refuse,
        ..Context::new(&schema, Dialect::Elasticsearch)
    };
    for case in tables(&file, "refused") {
        let query = text(case, "query");
        tally.case(&format!("refuses {}", text(case, "name")), || must_refuse(query, &context));
    }
}

/// `queries-unsupported.eql`: statements that the parser refuses.
fn unsupported(folder: &Path, tally: &mut Tally) {
    let path = folder.join("queries-unsupported.eql");
    if !path.exists() {
        return;
    }
    let text = read(&path);
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    let context = constants(Dialect::Elasticsearch);
    for statement in text.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        tally.case(statement, || must_refuse(statement, &context));
    }
}

fn must_refuse(query: &str, context: &Context<'_>) -> Result<(), String> {
    match eql::compile(query, context) {
        Err(_) => Ok(()),
        Ok(_) => Err(format!("`{query}` is accepted")),
    }
}

fn one_series(series: &Series, built: &Built) -> Result<(), String> {
    let compiled = series.compile().map_err(|problems| problems[0].message.clone())?;
    let run = Run::over(series.events.iter().map(|(_, event)| Document::of(event)).collect());
    let rule = built.rule(&series.name, &series.query)?;
    let mut ways = vec![(Plain.name(), plain(&compiled, &run.documents)?)];
    for ((mode, _), results) in MODES.iter().zip(&run.results) {
        ways.push((mode, results[rule].clone()));
    }
    for (way, results) in ways {
        let times = |joined: &Joined| -> Vec<i64> {
            joined.events.iter().flatten().map(|number| series.events[*number].0).collect()
        };
        let found: Vec<Vec<i64>> = results.iter().map(times).collect();
        if found != series.expected {
            let expected = &series.expected;
            return Err(format!("({way}) {found:?} instead of {expected:?}"));
        }
    }
    Ok(())
}
