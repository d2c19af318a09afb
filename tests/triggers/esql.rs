//! ES|QL rules as generated code over the document sets of `esql.ndjson`: each set is
//! one window, and the rows must be those that an independent evaluator gives.

use crate::suite::tally::Tally;
use detect::runtime::alert::RuleInfo;
use detect::runtime::engine::{Alert, Engine, Options, Ruleset, Sink};
use detect::runtime::head::{Content, Draft, Settings, Whole};
use detect::runtime::value::{Owned, address, date};
use serde_json::{Map, Value as Json, json};
use std::path::Path;

detect_suite::esql_rules!(Rules);

/// A row by names of columns; null ones are left out.
type Row = Map<String, Json>;

/// Runs all sets of a file.
pub(crate) fn sets(path: &Path, tally: &mut Tally) {
    for set in super::lines(path) {
        let text = |key: &str| set[key].as_str().unwrap_or_default();
        let Some(rule) = number(text("path")) else { continue };
        tally.case(text("name"), || check(rule, &set));
    }
}

/// Number of the rule with this path; `None` if it is not at hand.
fn number(path: &str) -> Option<usize> {
    Rules::table().rules.iter().position(|rule| rule.info.path == path)
}

fn check(rule: usize, set: &Json) -> Result<(), String> {
    let left_out = names(&set["undetermined"]);
    let open = names(&set["unordered"]);
    let rows = |rows: Vec<Row>| -> Vec<Row> {
        rows.into_iter().map(|row| comparable(row, &left_out, &open)).collect()
    };
    let expected = set["rows"].as_array().into_iter().flatten();
    let expected = rows(expected.filter_map(|row| row.as_object().cloned()).collect());
    let mut given = rows(run(rule, set)?);
    let path = Rules::table().rules[rule].info.path;
    let shows = OF_METADATA.iter().find(|(of, _)| *of == path).map_or(&[][..], |(_, all)| all);
    for row in &mut given {
        row.retain(|name, _| {
            let may_be_left_out = name.starts_with('_') || shows.contains(&name.as_str());
            !may_be_left_out || expected.iter().any(|row| row.contains_key(name))
        });
    }
    let mut rest = given.clone();
    for wanted in &expected {
        let found = if set["ordered"] == json!(true) {
            rest.first().filter(|row| same(row, wanted)).map(|_| 0)
        } else {
            rest.iter().position(|row| same(row, wanted))
        };
        match found {
            Some(at) => drop(rest.remove(at)),
            None => return Err(difference(set, &expected, &given)),
        }
    }
    if rest.is_empty() { Ok(()) } else { Err(difference(set, &expected, &given)) }
}

fn difference(set: &Json, expected: &[Row], given: &[Row]) -> String {
    let text = |rows: &[Row]| -> String {
        Json::from(rows.to_vec()).to_string().chars().take(600).collect()
    };
    let (path, variant) = (&set["path"], &set["variant"]);
    format!("{path} ({variant})\n    given    {}\n    expected {}", text(given), text(expected))
}

fn run(rule: usize, set: &Json) -> Result<Vec<Row>, String> {
    let now = set["now"].as_str().and_then(date::parse).and_then(date::to_millis);
    let settings = Settings { faithful: true, whole: Some(Whole { now }), ..Settings::default() };
    let (walk_all, alerts_return) = (true, false);
    let options = Options { settings, walk_all, alerts_return, ..Options::default() };
    let mut engine = Engine::<Rules>::new(options).map_err(|error| error.to_string())?;
    let mut drafts = Drafts { rule, rows: Vec::new() };
    for event in set["events"].as_array().into_iter().flatten() {
        engine.feed(format!("{event}\n").as_bytes(), &mut drafts);
    }
    engine.finish(&mut drafts);
    Ok(drafts.rows)
}

/// The rows of one rule.
struct Drafts {
    rule: usize,
    rows: Vec<Row>,
}

impl Sink for Drafts {
    fn alert(&mut self, _: &Alert<'_>) {}

    fn draft(&mut self, rule: usize, draft: &Draft) {
        let Content::Row { columns, source, .. } = &draft.content else { return };
        if rule != self.rule {
            return;
        }
        let info = Rules::table().rules[rule].info;
        let mut row = Row::new();
        if let Some(source) = source
            && let Ok(Json::Object(event)) = serde_json::from_slice(&source.line)
        {
            rest(info, &event, "", &mut row);
        }
        for (name, value) in info.columns.iter().zip(columns) {
            row.insert((*name).to_owned(), cell(value));
        }
        self.rows.push(row);
    }
}

/// The stored fields that are columns without having been named.
fn rest(info: &RuleInfo, object: &Map<String, Json>, below: &str, row: &mut Row) {
    let patterns = REST.iter().find(|(path, _)| *path == info.path).map(|(_, rest)| *rest);
    for (name, value) in object {
        let name = format!("{below}{name}");
        match value {
            Json::Object(inner) => rest(info, inner, &format!("{name}."), row),
            value => {
                let admits = |(all, none): &(&[&str], &[&str])| {
                    all.iter().all(|pattern| glob(pattern, &name))
                        && !none.iter().any(|pattern| glob(pattern, &name))
                };
                if patterns.is_some_and(|patterns| patterns.iter().any(admits)) {
                    row.insert(name, stored(value));
                }
            }
        }
    }
}

/// Stored lists come sorted and without repeats.
fn stored(value: &Json) -> Json {
    let Json::Array(all) = value else { return value.clone() };
    let mut all: Vec<Json> = all.iter().filter(|value| !value.is_null()).cloned().collect();
    all.sort_by_key(Json::to_string);
    all.dedup();
    Json::Array(all)
}

fn glob(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|behind| {
            (0..=behind.len()).any(|at| behind.is_char_boundary(at) && glob(rest, &behind[at..]))
        }),
    }
}

fn cell(value: &Owned) -> Json {
    match value {
        Owned::Null => Json::Null,
        Owned::Boolean(b) => json!(b),
        Owned::Integer(n) => json!(n),
        Owned::Long(n) => json!(n),
        Owned::UnsignedLong(n) => json!(n),
        Owned::Double(x) => json!(x),
        Owned::Text(text) | Owned::Version(text) | Owned::Shape(text) => json!(text),
        Owned::Date(millis) => json!(date::print(*millis)),
        Owned::DateNanos(nanos) => json!(date::print(nanos.div_euclid(1_000_000))),
        Owned::Ip(bytes) => json!(address::print(*bytes)),
        Owned::Multi(all) => Json::Array(all.iter().map(cell).collect()),
        other => json!(format!("{other:?}")),
    }
}

fn names(list: &Json) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Json::as_str).collect()
}

/// Without nulls and what is left out; a list of one value is the value, a list in
/// open order is sorted.
fn comparable(row: Row, left_out: &[&str], open: &[&str]) -> Row {
    let column = |(name, value): (String, Json)| {
        let value = match value {
            Json::Null => return None,
            Json::Array(mut all) => {
                if open.contains(&name.as_str()) {
                    all.sort_by_key(Json::to_string);
                }
                if all.len() < 2 { all.pop()? } else { Json::Array(all) }
            }
            value => value,
        };
        (!left_out.contains(&name.as_str())).then_some((name, value))
    };
    row.into_iter().filter_map(column).collect()
}

fn same(a: &Row, b: &Row) -> bool {
    a.len() == b.len()
        && a.iter().all(|(name, value)| b.get(name).is_some_and(|other| equal(value, other)))
}

fn equal(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        _ => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a == b || (a - b).abs() <= 1e-9 * a.abs().max(b.abs()),
            _ => a == b,
        },
    }
}
