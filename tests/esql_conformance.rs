//! The ES|QL conformance suite: every case of the csv-spec files of `esql/` in
//! each data folder, compiled like a rule and run over its data set; the format
//! is described in the README there.

#[path = "esql_suite/src/csv_spec.rs"]
mod csv_spec;
#[path = "esql_suite/src/data_set.rs"]
mod data_set;
mod suite;

use data_set::DataSet;
use detect::runtime::engine::{Alert, Engine, Options, Sink};
use detect::runtime::head::{Content, Draft, Settings, Whole};
use detect::runtime::value::{Owned, address, date, number, well_known_point};
use serde_json::{Map, Value as Json, json};
use std::process::ExitCode;
use suite::tally::Tally;

/// A case and its rule in [`Suite`].
struct Expected {
    name: &'static str,
    line: usize,
    query: &'static str,
    any_order: bool,
    header: &'static str,
    rows: &'static [&'static str],
    /// Number of the rule and types of its columns, or why there is none.
    outcome: Result<(usize, &'static [&'static str]), &'static str>,
}

detect_suite::esql_suite!(Suite);

/// The suite mixes versions of the language and has cases whose ties the language
/// leaves open; what fails is printed.
const LEAST: f64 = 0.98;

fn main() -> ExitCode {
    let mut tally = Tally::new("esql");
    let rows = run();
    for case in CASES {
        tally.case(case.name, || check(case, &rows));
    }
    tally.close_with(LEAST)
}

/// The rows of each rule over all data sets.
fn run() -> Vec<Vec<Box<[Owned]>>> {
    let settings =
        Settings { faithful: true, whole: Some(Whole { now: None }), ..Settings::default() };
    let options = Options { settings, ..Options::default() };
    let mut engine = match Engine::<Suite>::new(options) {
        Ok(engine) => engine,
        Err(error) => panic!("{error}"),
    };
    let mut drafts = Drafts(CASES.iter().map(|_| Vec::new()).collect());
    let mut lines = document("row", 0, Map::new());
    for folder in suite::folders("esql") {
        for (name, data) in data_set::all(&folder) {
            for (number, row) in data.rows.iter().enumerate() {
                lines.push_str(&document(&name, number, fields(&data, row)));
            }
        }
    }
    engine.feed(lines.as_bytes(), &mut drafts);
    engine.finish(&mut drafts);
    drafts.0
}

/// Collects the rows of all rules.
struct Drafts(Vec<Vec<Box<[Owned]>>>);

impl Sink for Drafts {
    fn alert(&mut self, _: &Alert<'_>) {}

    fn draft(&mut self, rule: usize, draft: &Draft) {
        if let Content::Row { columns, .. } = &draft.content
            && let Some(rows) = self.0.get_mut(rule)
        {
            rows.push(columns.clone());
        }
    }
}

/// A line: the fields of a row with what an index adds to them.
fn document(index: &str, number: usize, mut fields: Map<String, Json>) -> String {
    fields.insert("_index".into(), json!(index));
    fields.insert("_id".into(), json!(format!("{index}-{number}")));
    fields.insert("_version".into(), json!(1));
    fields.insert("@timestamp".into(), json!("2026-01-01T00:00:00.000Z"));
    format!("{}\n", Json::Object(fields))
}

fn fields(data: &DataSet, row: &[Vec<String>]) -> Map<String, Json> {
    let mut fields = Map::new();
    for ((name, ty), values) in data.columns.iter().zip(row) {
        let mut values: Vec<Json> = values.iter().map(|value| scalar(ty, value)).collect();
        match values.len() {
            0 => {}
            1 => drop(fields.insert(name.clone(), values.remove(0))),
            _ => drop(fields.insert(name.clone(), Json::Array(values))),
        }
    }
    fields
}

/// A value as its index would keep it: narrow floating point types round.
fn scalar(ty: &str, text: &str) -> Json {
    let rounded: fn(f64) -> f64 = match ty {
        "double" => |x| x,
        "float" => |x| f64::from(x as f32),
        "half_float" => half,
        "scaled_float" => |x| (x * 100.0).round() / 100.0,
        "integer" | "long" | "short" | "byte" => {
            return text.parse::<i64>().map_or(Json::Null, Json::from);
        }
        "boolean" => return json!(text == "true"),
        _ => return json!(text),
    };
    text.parse::<f64>().map_or(Json::Null, |x| json!(rounded(x)))
}

/// Rounds to 11 significant bits, ties to even (normal numbers of IEEE 754 half
/// precision, which the data sets stay within).
fn half(x: f64) -> f64 {
    if x == 0.0 {
        return x;
    }
    let step = 2f64.powi(x.abs().log2().floor() as i32 - 10);
    (x / step).round_ties_even() * step
}

fn check(case: &Expected, rows: &[Vec<Box<[Owned]>>]) -> Result<(), String> {
    let (rule, types) = case.outcome.map_err(|message| format!("does not compile: {message}"))?;
    let columns = columns(case.header);
    let names = output_names(rule);
    let wanted: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    if names != wanted {
        return Err(failure(case, &format!("columns {names:?}, expected {wanted:?}")));
    }
    let mut wanted: Vec<Vec<Vec<String>>> = case
        .rows
        .iter()
        .map(|row| csv_spec::cells(row).iter().map(|cell| csv_spec::values(cell)).collect())
        .collect();
    let got = &rows[rule];
    for (index, (name, ty)) in columns.iter().enumerate() {
        let always_null = wanted.iter().all(|row| row.get(index).is_none_or(Vec::is_empty));
        if !always_null && !same_type(ty, types[index]) {
            let found = types[index];
            return Err(failure(case, &format!("`{name}` is {found}, expected {ty}")));
        }
    }
    if got.len() != wanted.len() {
        let message = format!("{} rows, expected {}: {got:?}", got.len(), wanted.len());
        return Err(failure(case, &message));
    }
    for row in got {
        let ordered = !case.any_order && is_ordered(case.query);
        let fits = |wanted: &Vec<Vec<String>>| {
            row.len() == wanted.len()
                && row
                    .iter()
                    .zip(wanted)
                    .zip(&columns)
                    .all(|((value, cell), (_, ty))| equal(value, cell, ty))
        };
        let place = if ordered {
            wanted.first().filter(|first| fits(first)).map(|_| 0)
        } else {
            wanted.iter().position(fits)
        };
        if let Some(place) = place {
            wanted.remove(place);
        } else {
            let first = wanted.first();
            return Err(failure(case, &format!("row {row:?}, expected {first:?}")));
        }
    }
    Ok(())
}

/// STATS loses the order of rows; only a SORT behind it gives one.
fn is_ordered(query: &str) -> bool {
    let query = query.to_ascii_lowercase();
    let grouped = query.match_indices("stats").filter(|(at, _)| {
        let before = query[..*at].trim_end();
        before.ends_with('|') && !before.ends_with("inline")
    });
    let last = grouped.map(|(at, _)| at).last();
    last.is_none_or(|stats| query.rfind("sort").is_some_and(|sort| sort > stats))
}

fn failure(case: &Expected, message: &str) -> String {
    format!("{message}\n    line {}: {}", case.line, case.query.replace('\n', "\n    "))
}

/// Names and types of the header.
fn columns(header: &str) -> Vec<(String, String)> {
    csv_spec::columns(header)
}

fn output_names(rule: usize) -> Vec<&'static str> {
    let table = <Suite as detect::runtime::engine::Ruleset>::table();
    table.rules.get(rule).map(|rule| rule.info.columns.to_vec()).unwrap_or_default()
}

/// Whether a type of a header is the one that the compiler found.
fn same_type(written: &str, found: &str) -> bool {
    let written = match written.to_ascii_lowercase().as_str() {
        "i" | "integer" | "short" | "byte" => "Integer",
        "l" | "long" => "Long",
        "ul" | "unsigned_long" => "UnsignedLong",
        "d" | "double" | "float" | "half_float" | "scaled_float" => "Double",
        "s" | "k" | "string" | "keyword" => "Keyword",
        "t" | "text" => "Text",
        "b" | "bool" | "boolean" => "Boolean",
        "dt" | "date" | "datetime" => "Date",
        "date_nanos" => "DateNanos",
        "ip" => "Ip",
        "v" | "version" => "Version",
        "geo_point" => "GeoPoint",
        "null" => return true,
        _ => return false,
    };
    written == found
}

/// Whether a value is what a cell says.
fn equal(value: &Owned, cell: &[String], ty: &str) -> bool {
    match (value, cell) {
        (Owned::Null, []) => true,
        (Owned::Null, [text]) => text == "null",
        (Owned::Multi(all), cell) => {
            all.len() == cell.len()
                && all.iter().zip(cell).all(|(value, text)| one(value, text, ty))
        }
        (value, [text]) => one(value, text, ty),
        _ => false,
    }
}

fn one(value: &Owned, text: &str, ty: &str) -> bool {
    match value {
        Owned::Null | Owned::Multi(_) => false,
        Owned::Boolean(b) => text.eq_ignore_ascii_case(if *b { "true" } else { "false" }),
        Owned::Integer(n) => text.parse() == Ok(*n),
        Owned::Long(n) => text.parse() == Ok(*n),
        Owned::UnsignedLong(n) => text.parse() == Ok(*n),
        Owned::Double(x) => number::parse_double(text).is_some_and(|y| close(*x, y)),
        Owned::Text(t) if ty == "null" => **t == *text,
        Owned::Text(t) | Owned::Version(t) | Owned::Shape(t) => **t == *text,
        Owned::Date(millis) => date::parse(text).and_then(date::to_millis) == Some(*millis),
        Owned::DateNanos(nanos) => date::parse(text) == Some(i128::from(*nanos)),
        Owned::Ip(bytes) => address::parse(text) == Some(*bytes),
        Owned::Point(point) => well_known_point(text, point.geo)
            .is_some_and(|other| close(point.x, other.x) && close(point.y, other.y)),
        Owned::Period { .. } | Owned::Duration(_) => false,
    }
}

/// Equal up to the order in which many were added.
fn close(x: f64, y: f64) -> bool {
    x == y || (x - y).abs() <= 1e-9 * x.abs().max(y.abs())
}
