//! The rule that the project started from, against its right answers in
//! `../shared/seed/expected` (skipped, saying so, where they are not there).

use detect::runtime::engine::{Alert, Engine, Options, Ruleset, Sink};
use detect::runtime::head::{Settings, Whole};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// The rule with its facts as they stand.
///
/// It compares `event.type`, which is an array in ECS, with one value: it says so, and it
/// is meant.
#[detect::ruleset(
    path = "rules/linux/file_transfer_utility_launched_from_unusual_parent.toml",
    allow = ["array_comparison:8eeeda11-dca6-4c3e-910f-7089db412d1c"]
)]
struct Seed;

/// The rule as its authors wrote it.
#[cfg(shared_seed)]
#[detect::ruleset(path = "../shared/seed/file_transfer_utility_launched_from_unusual_parent.toml")]
struct Original;

/// Alerts as JSON.
#[derive(Default)]
struct Alerts(Vec<Value>);

impl Sink for Alerts {
    fn alert(&mut self, alert: &Alert<'_>) {
        self.0.push(serde_json::from_str(alert.json).expect("an alert is JSON"));
    }
}

#[test]
fn it_is_warned_about_the_array_unless_that_is_allowed() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/rules/linux/file_transfer_utility_launched_from_unusual_parent.toml"
    );
    let folder = detect_compiler::rule::read_folder(Path::new(path)).expect("the rule");
    let lints = |allow: &[&str]| -> Vec<&str> {
        let options = detect_compiler::compile::Options {
            allow: allow.iter().map(|&lint| lint.to_owned()).collect(),
            runtime: "runtime".parse().expect("a path"),
            ..detect_compiler::compile::Options::default()
        };
        let plans = detect_compiler::compile::plans(&folder, &options);
        let problems = plans.warnings.iter().flat_map(|report| &report.problems);
        problems.filter_map(|problem| problem.lint).collect()
    };
    assert_eq!(lints(&[]), ["array_comparison"]);
    let id = Seed::table().rules[0].info.id;
    assert_eq!(lints(&[&format!("array_comparison:{id}")]), [""; 0]);
}

fn expected_folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/seed/expected");
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

fn input(folder: &Path, name: &str) -> Vec<u8> {
    let plain = folder.join(format!("{name}.ndjson"));
    if plain.exists() {
        return std::fs::read(plain).expect("readable");
    }
    let packed = std::fs::File::open(folder.join(format!("{name}.ndjson.zst"))).expect("readable");
    zstd::decode_all(packed).expect("zstd")
}

/// Alerts and matches; in reference mode they are the same.
fn run<R: Ruleset>(bytes: &[u8], settings: Settings) -> (Vec<Value>, u64) {
    let [fast, plain] = [false, true].map(|reference| {
        let options = Options { settings: settings.clone(), reference, ..Options::default() };
        let mut engine = Engine::<R>::new(options).expect("a table of this version");
        let mut alerts = Alerts::default();
        engine.feed(bytes, &mut alerts);
        engine.finish(&mut alerts);
        assert_eq!(engine.rule_counts()[0].losses.late, 0);
        (alerts.0, engine.rule_counts()[0].matches)
    });
    assert!(fast == plain, "reference mode gives other alerts");
    fast
}

/// The row's columns of an alert, lists where the expectation has lists.
fn row(alert: &Value) -> Value {
    let columns = Seed::table().rules[0].info.columns;
    let mut row = Map::new();
    for column in columns {
        let Some(value) = alert.get(column) else { continue };
        let mut value = value.clone();
        if column.ends_with("_values") {
            let mut list = match value {
                Value::Array(list) => list,
                single => vec![single],
            };
            list.sort_by_key(ToString::to_string);
            value = Value::Array(list);
        }
        row.insert((*column).to_owned(), value);
    }
    Value::Object(row)
}

/// Rows in one order: by their text with sorted members.
fn sorted(rows: impl IntoIterator<Item = Value>) -> Vec<String> {
    let mut texts: Vec<String> = rows
        .into_iter()
        .map(|row| {
            let members = row.as_object().expect("a row is an object");
            let mut members: Vec<String> =
                members.iter().map(|(name, value)| format!("{name}={value}")).collect();
            members.sort();
            members.join(" ")
        })
        .collect();
    texts.sort();
    texts
}

/// Both have the same rows, as often.
fn same(
    reading: &str,
    given: impl IntoIterator<Item = Value>,
    wanted: impl IntoIterator<Item = Value>,
) {
    let (given, wanted) = (sorted(given), sorted(wanted));
    let missing: Vec<&String> = wanted.iter().filter(|row| !given.contains(row)).collect();
    let extra: Vec<&String> = given.iter().filter(|row| !wanted.contains(row)).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "{reading}: missing {missing:#?}, extra {extra:#?}"
    );
    assert_eq!(given.len(), wanted.len(), "{reading}: rows");
}

fn expected_rows(value: &Value) -> Vec<Value> {
    value.as_array().expect("rows").clone()
}

/// Descriptions are others, facts and alerts are not.
#[cfg(shared_seed)]
#[test]
fn the_original_is_the_same_rule() {
    let (own, original) = (&Seed::table().rules[0], &Original::table().rules[0]);
    let facts = |rule: &detect::runtime::engine::Rule| {
        let info = rule.info;
        let schedule = (info.interval, info.lookback, info.timestamp_override);
        (info.id, info.name, info.severity, info.risk_score, schedule, rule.meaning)
    };
    assert_eq!(facts(own), facts(original));
    let Some(folder) = expected_folder() else { return };
    let bytes = input(&folder, "edge");
    let settings = Settings { lateness: 60_000, ..Settings::default() };
    let (given, matched) = run::<Original>(&bytes, settings.clone());
    let (wanted, expected) = run::<Seed>(&bytes, settings);
    assert_eq!(matched, expected);
    let threat = |alert: &Value| alert["kibana.alert.rule.threat"].clone();
    assert!(given.iter().map(threat).eq(wanted.iter().map(threat)), "threat mapping");
    same("the original", given.iter().map(row), wanted.iter().map(row));
}

#[test]
fn three_readings_agree() {
    let Some(folder) = expected_folder() else { return };
    for name in ["edge", "generated"] {
        let bytes = input(&folder, name);
        let text = std::fs::read(folder.join(format!("{name}.expected.json"))).expect("readable");
        let expected: Value = serde_json::from_slice(&text).expect("JSON");
        let settings = Settings { lateness: 60_000, ..Settings::default() };

        let whole = Settings { whole: Some(Whole::default()), ..settings.clone() };
        let (once, matched) = run::<Seed>(&bytes, whole);
        assert_eq!(Value::from(matched), expected["matched"], "{name}: matched");
        let wanted = expected_rows(&expected["once"]).into_iter().map(without_nulls);
        same(&format!("{name}: one window"), once.iter().map(row), wanted);

        let (ticks, _) = run::<Seed>(&bytes, Settings { faithful: true, ..settings.clone() });
        let given = ticks.iter().map(|alert| with_tick(row(alert), &alert["@timestamp"]));
        let wanted = expected_rows(&expected["ticks"]).into_iter().flat_map(|tick| {
            let time = tick["tick"].clone();
            expected_rows(&tick["rows"]).into_iter().map(move |row| with_tick(row, &time))
        });
        same(&format!("{name}: every tick"), given, wanted);

        let (changes, _) = run::<Seed>(&bytes, settings);
        let given = changes.iter().map(|alert| {
            let mut change = Map::new();
            for column in ["process.executable", "process.parent.executable"] {
                if let Some(value) = alert.get(column) {
                    change.insert(column.to_owned(), value.clone());
                }
            }
            with_tick(Value::Object(change), &alert["@timestamp"])
        });
        let wanted = expected_rows(&expected["alerts"]).into_iter().map(without_nulls);
        same(&format!("{name}: changes"), given, wanted);
    }
}

fn with_tick(mut row: Value, tick: &Value) -> Value {
    row["tick"] = tick.clone();
    without_nulls(row)
}

/// A null column, an absent one and an empty list are the same.
fn without_nulls(row: Value) -> Value {
    let Value::Object(members) = row else { return row };
    Value::Object(members.into_iter().filter(|(_, value)| !empty(value)).collect())
}

fn empty(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}
