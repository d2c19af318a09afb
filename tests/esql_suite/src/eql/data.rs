//! Data sets of the EQL suite: events with their mapping, made ready as an index
//! would.

use detect_compiler::eql::{Context, Dialect, Unmapped};
use detect_compiler::schema::{FieldType, Schema, parse_type};
use serde_json::{Map, Value as Json, json};
use std::path::{Path, PathBuf};

/// Files of queries and their data.
pub(crate) const QUERIES: [(&str, fn(&Path) -> DataSet); 8] = [
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
pub(crate) struct DataSet {
    pub(crate) schema: Schema,
    /// In order of time and tiebreaker.
    pub(crate) documents: Vec<Json>,
    pub(crate) ids: Vec<i64>,
    pub(crate) tiebreaker: Option<&'static str>,
}

/// `test_data.json`: Windows file times become milliseconds since 1970.
fn endgame(folder: &Path) -> DataSet {
    let mut events = events(&place(folder, "test_data.json"));
    for event in &mut events {
        let ticks = event["timestamp"].as_i64().unwrap_or_default();
        event.insert("@timestamp".to_owned(), json!(ticks / 10_000 - 11_644_473_600_000));
    }
    let mapping = mapping(&place(folder, "data/endgame-140.mapping"));
    DataSet::new(vec![(events, mapping)], "serial_event_id", Some("serial_event_id"))
}

/// A data file: that of the folder, else the one that lies in the shared folder.
fn place(folder: &Path, file: &str) -> PathBuf {
    let own = folder.join(file);
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    if own.exists() { own } else { root.join("../shared/conformance/eql").join(file) }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
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
        let parts = names.iter().map(|name| {
            let events = events(&place(folder, &format!("data/{name}.data")));
            (events, mapping(&place(folder, &format!("data/{name}.mapping"))))
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
                // Rules need a time, samples ask for none.
                event.entry("@timestamp").or_insert(json!(0));
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
            documents: all.iter().map(|event| json!(event)).collect(),
            ids: all.iter().map(|event| number(event, id)).collect(),
            tiebreaker,
        }
    }

    /// How its queries are compiled.
    pub(crate) fn context(&self) -> Context<'_> {
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
