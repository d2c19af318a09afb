//! The EQL conformance suite: the files of `eql/` in each data folder, described
//! in the README there.

mod suite;

use detect_compiler::eql::{self, Context, Dialect, Unmapped};
use detect_compiler::plan::{Body, ExprKind, PipeLimit};
use detect_compiler::schema::{FieldType, Schema, parse_type};
use detect_runtime::value::Owned;
use serde_json::{Map, Value as Json, json};
use std::path::Path;
use std::process::ExitCode;
use suite::plain::Plain;
use suite::tally::Tally;
use suite::{Conditions, Document, Joined, Way, folders, read, read_toml};

fn main() -> ExitCode {
    let mut tally = Tally::new("eql");
    let mut ways: Vec<Box<dyn Way>> = vec![Box::new(Plain)];
    for folder in folders("eql") {
        for (file, set) in QUERIES {
            let Some(queries) = read_toml(&folder.join(file)) else { continue };
            let set = set(&folder);
            for (number, case) in tables(&queries, "queries").into_iter().enumerate() {
                let name = match text(case, "name") {
                    "" => format!("{file} {}", number + 1),
                    name => name.to_owned(),
                };
                tally.case(&name, || query(case, &set, &mut ways));
            }
        }
        for file in ["test_string_functions.toml", "test_folding.toml"] {
            if let Some(file) = read_toml(&folder.join(file)) {
                expressions(&file, &mut tally);
            }
        }
        refused(&folder, &mut tally);
        unsupported(&folder, &mut tally);
        series(&folder, &mut tally, &mut ways);
    }
    tally.close()
}

/// Files of queries and their data.
const QUERIES: [(&str, fn(&Path) -> DataSet); 8] = [
    ("test_queries.toml", endgame),
    ("additional_test_queries.toml", endgame),
    ("test_queries_date.toml", endgame),
    ("test_between_queries.toml", endgame),
    ("test_extra.toml", |folder| DataSet::load(folder, &["extra"], "sequence", Some("sequence"))),
    ("test_missing_events.toml", |folder| {
        DataSet::load(folder, &["missing-events"], "sequence", Some("sequence"))
    }),
    ("test_sample.toml", |folder| {
        DataSet::load(folder, &["sample1", "sample2", "sample3"], "id", None)
    }),
    ("test_sample_multi.toml", |folder| DataSet::load(folder, &["sample-multi"], "id", None)),
];

/// Events with their mapping.
struct DataSet {
    schema: Schema,
    /// In order of time and tiebreaker.
    documents: Vec<Document>,
    ids: Vec<i64>,
    tiebreaker: Option<&'static str>,
}

/// `test_data.json`: Windows file times become milliseconds since 1970.
fn endgame(folder: &Path) -> DataSet {
    let mut events = events(&folder.join("test_data.json"));
    for event in &mut events {
        let ticks = event["timestamp"].as_i64().unwrap_or_default();
        event.insert("@timestamp".to_owned(), json!(ticks / 10_000 - 11_644_473_600_000));
    }
    let mapping = mapping(&folder.join("data/endgame-140.mapping"));
    DataSet::new(vec![(events, mapping)], "serial_event_id", Some("serial_event_id"))
}

fn events(path: &Path) -> Vec<Map<String, Json>> {
    let all: Vec<Json> = serde_json::from_str(&read(path)).expect("a list of events");
    all.into_iter().filter_map(|event| event.as_object().cloned()).collect()
}

/// A mapping's entry.
enum Entry {
    Field {
        path: String,
        declared: FieldType,
        null_value: Option<Json>,
        /// Days come first in its dates (`dd-MM-yyyy`).
        day_first: bool,
    },
    Alias {
        path: String,
        target: String,
    },
}

fn mapping(path: &Path) -> Vec<Entry> {
    let text = read(path).replace("[runtime_random_keyword_type]", "keyword");
    let json: Json = serde_json::from_str(&text).expect("a mapping");
    let mut entries = Vec::new();
    properties(&json["properties"], "", &mut entries);
    entries
}

fn properties(json: &Json, prefix: &str, entries: &mut Vec<Entry>) {
    for (name, field) in json.as_object().into_iter().flatten() {
        let path = format!("{prefix}{name}");
        if field.get("properties").is_some() {
            properties(&field["properties"], &format!("{path}."), entries);
            continue;
        }
        match field["type"].as_str().unwrap_or_default() {
            "alias" => {
                let target = field["path"].as_str().unwrap_or_default().to_owned();
                entries.push(Entry::Alias { path, target });
            }
            ty => {
                // Text with a keyword sub-field: EQL reads the exact text.
                let ty = if field.get("fields").is_some() { "keyword" } else { ty };
                let declared = parse_type(ty).unwrap_or_else(|| panic!("unknown type {ty}"));
                let null_value = field.get("null_value").cloned();
                let day_first = field["format"].as_str() == Some("dd-MM-yyyy");
                entries.push(Entry::Field { path, declared, null_value, day_first });
            }
        }
    }
}

impl DataSet {
    fn load(folder: &Path, names: &[&str], id: &str, tiebreaker: Option<&'static str>) -> DataSet {
        let data = folder.join("data");
        let parts = names.iter().map(|name| {
            let events = events(&data.join(format!("{name}.data")));
            (events, mapping(&data.join(format!("{name}.mapping"))))
        });
        DataSet::new(parts.collect(), id, tiebreaker)
    }

    fn new(
        parts: Vec<(Vec<Map<String, Json>>, Vec<Entry>)>,
        id: &str,
        tiebreaker: Option<&'static str>,
    ) -> DataSet {
        let mut fields: Vec<(String, FieldType)> = Vec::new();
        let mut all = Vec::new();
        for (events, entries) in parts {
            for mut event in events {
                for (name, value) in &event {
                    dynamic(name, value, &mut fields);
                }
                complete(&mut event, &entries);
                all.push(event);
            }
            for entry in &entries {
                if let Entry::Field { path, declared, .. } = entry {
                    fields.push((path.clone(), *declared));
                }
            }
            for entry in &entries {
                if let Entry::Alias { path, target } = entry {
                    let declared = fields.iter().rev().find(|(name, _)| name == target);
                    let declared = declared.expect("the target of an alias").1;
                    fields.push((path.clone(), declared));
                }
            }
        }
        let number = |event: &Map<String, Json>, name: &str| match &event.get(name) {
            Some(Json::Number(n)) => n.as_i64().unwrap_or_default(),
            Some(Json::String(text)) => instant(text),
            _ => 0,
        };
        all.sort_by_key(|event| {
            (number(event, "@timestamp"), tiebreaker.map(|name| number(event, name)))
        });
        DataSet {
            schema: Schema::closed(fields),
            documents: all.iter().map(|event| Document::of(&json!(event))).collect(),
            ids: all.iter().map(|event| number(event, id)).collect(),
            tiebreaker,
        }
    }

    fn context(&self) -> Context<'_> {
        Context {
            category_field: "event.category",
            tiebreaker_field: self.tiebreaker,
            unmapped: Unmapped::Refuse,
            ..Context::new(&self.schema, Dialect::Elasticsearch)
        }
    }
}

/// Milliseconds of a date or of a number as text.
fn instant(text: &str) -> i64 {
    let nanos = detect_runtime::value::date::parse_or_epoch(text);
    nanos.map_or(0, |nanos| (nanos / 1_000_000) as i64)
}

/// The type that a field without mapping gets from its first value.
fn dynamic(path: &str, value: &Json, fields: &mut Vec<(String, FieldType)>) {
    let ty = match value {
        Json::Null => return,
        Json::Bool(_) => "boolean",
        Json::Number(n) if n.is_f64() => "double",
        Json::Number(_) => "long",
        Json::String(_) => "keyword",
        Json::Array(all) => {
            return all.iter().for_each(|value| dynamic(path, value, fields));
        }
        Json::Object(members) => {
            return members.iter().for_each(|(name, value)| {
                dynamic(&format!("{path}.{name}"), value, fields);
            });
        }
    };
    if !fields.iter().any(|(name, _)| name == path) {
        fields.push((path.to_owned(), parse_type(ty).expect("a type")));
    }
}

/// What indexing does: aliases, values for explicit nulls, dates in other forms.
fn complete(event: &mut Map<String, Json>, entries: &[Entry]) {
    for entry in entries {
        match entry {
            Entry::Field { path, null_value: Some(value), .. } => match event.get_mut(path) {
                Some(null @ Json::Null) => *null = value.clone(),
                Some(Json::Array(all)) => {
                    all.iter_mut().filter(|v| v.is_null()).for_each(|v| *v = value.clone());
                }
                _ => {}
            },
            Entry::Field { path, day_first: true, .. } => {
                if let Some(Json::String(date)) = event.get_mut(path) {
                    *date = date.split('-').rev().collect::<Vec<_>>().join("-");
                }
            }
            Entry::Field { .. } => {}
            Entry::Alias { path, target } => {
                if let Some(value) = event.get(target).filter(|_| path != target).cloned() {
                    event.insert(path.clone(), value);
                }
            }
        }
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

fn query(case: &toml::Table, set: &DataSet, ways: &mut [Box<dyn Way>]) -> Result<(), String> {
    let query = text(case, "query").trim();
    let compiled = eql::compile(query, &set.context())
        .map_err(|problems| format!("`{query}` is refused: {}", problems[0].message))?;
    let number = |key: &str| case.get(key).and_then(toml::Value::as_integer);
    let size = number("size").map_or(SIZE, |size| size as usize);
    for way in ways {
        let results = match &compiled.body {
            Body::Events(cond) => {
                let rule = Conditions { cond, lineages: &compiled.lineages };
                let mut found = way.matches(&rule, &set.documents);
                limit(&compiled.limits, &mut found);
                let alone = |number| Joined { events: vec![Some(number)], keys: Vec::new() };
                found.into_iter().map(alone).collect()
            }
            Body::Sequence(sequence) => way.sequences(sequence, &set.documents),
            Body::Sample(sample) => {
                let per_key = number("max_samples_per_key").unwrap_or(1) as u32;
                way.samples(sample, per_key, &set.documents)
            }
            other => return Err(format!("an unexpected body: {other:?}")),
        };
        let results = &results[..results.len().min(size)];
        compare(case, results, set)
            .map_err(|problem| format!("`{query}` ({}): {problem}", way.name()))?;
    }
    Ok(())
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

/// `sequences.series-spec`: for each stage the events that satisfy it.
fn series(folder: &Path, tally: &mut Tally, ways: &mut [Box<dyn Way>]) {
    let path = folder.join("sequences.series-spec");
    if !path.exists() {
        return;
    }
    let text = read(&path);
    let mut lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    while let Some(name) = lines.next() {
        let stages: Vec<&str> = lines.by_ref().take_while(|line| *line != ";").collect();
        let expected: Vec<&str> = lines.by_ref().take_while(|line| *line != ";").collect();
        tally.case(name, || one_series(&stages, &expected, ways));
    }
}

/// An event of a series: `A3` or `key|A3`.
fn moment(token: &str) -> Option<(i64, Option<&str>)> {
    let (key, event) = match token.split_once('|') {
        Some((key, event)) => (Some(key), event),
        None => (None, token),
    };
    let time = event.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().ok()?;
    (!event.starts_with('X')).then_some((time, key))
}

fn one_series(stages: &[&str], expected: &[&str], ways: &mut [Box<dyn Way>]) -> Result<(), String> {
    let mut events: Vec<(i64, Json)> = Vec::new();
    let mut keyed = false;
    for (number, stage) in stages.iter().enumerate() {
        for (time, key) in stage.split_whitespace().filter_map(moment) {
            keyed |= key.is_some();
            let at = if let Some(at) = events
                .iter()
                .position(|(other, event)| *other == time && event["key"] == json!(key))
            {
                at
            } else {
                events.push((time, json!({"@timestamp": time, "key": key, "stage": []})));
                events.len() - 1
            };
            if let Some(list) = events[at].1["stage"].as_array_mut() {
                list.push(json!(format!("s{number}")));
            }
        }
    }
    events.sort_by_key(|(time, _)| *time);
    let documents: Vec<Document> = events.iter().map(|(_, event)| Document::of(event)).collect();
    let terms: Vec<String> =
        (0..stages.len()).map(|number| format!("[any where stage == \"s{number}\"]")).collect();
    let by = if keyed { "by key " } else { "" };
    let query = format!("sequence {by}{}", terms.join(" "));
    let schema = Schema::builtin();
    let compiled = eql::compile(&query, &Context::new(&schema, Dialect::Elasticsearch))
        .map_err(|problems| problems[0].message.clone())?;
    let Body::Sequence(sequence) = &compiled.body else { return Err("no sequence".to_owned()) };
    let expected: Vec<Vec<i64>> = expected
        .iter()
        .map(|line| line.split_whitespace().filter_map(moment).map(|(time, _)| time).collect())
        .collect();
    for way in ways {
        let found: Vec<Vec<i64>> = way
            .sequences(sequence, &documents)
            .iter()
            .map(|joined| joined.events.iter().flatten().map(|n| events[*n].0).collect())
            .collect();
        if found != expected {
            return Err(format!("({}) {found:?} instead of {expected:?}", way.name()));
        }
    }
    Ok(())
}
