//! Every rule type from its file to its alerts: `NAME.toml`, `NAME.events.ndjson`
//! and `NAME.alerts.ndjson` in `tests/data/types` (`DETECT_RENEW=1` writes the alerts
//! anew); what may change about the rules while they run; the samples beside them.

#[path = "types/exceptions.rs"]
mod exceptions;
#[path = "types/limits.rs"]
mod limits;
#[path = "types/random/mod.rs"]
mod random;
#[path = "types/samples.rs"]
mod samples;
#[path = "types/sentences.rs"]
mod sentences;
mod suite;

use detect::runtime::alert::Severity;
use detect::runtime::engine::{Engine, Feed, HeadSpec, Live, Options, Table};
use detect::runtime::head::Settings;
use serde_json::Value as Json;
use std::path::PathBuf;
use std::sync::Arc;

/// The rules beside the events.
#[detect::ruleset(path = "tests/data/types")]
struct Rules;

detect::rule_tests!(path = "tests/data/types");

/// What the condition on indicators means by now: 2026-01-01.
const NOW: i64 = 1_767_225_600_000;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/types")
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).expect("a file of the test")
}

fn number(table: &Table, path: &str) -> usize {
    table.rules.iter().position(|rule| rule.info.path == path).expect("a rule of the test")
}

/// How late events may come.
const LATENESS: i64 = 60_000;

fn engine() -> Engine<Rules> {
    engine_with(Settings { history_complete: true, ..Settings::default() })
}

/// An engine in which deprecated rules are off, as in the program, with the
/// indicators of the test.
fn engine_with(settings: Settings) -> Engine<Rules> {
    let settings = Settings { lateness: LATENESS, ..settings };
    let options = Options { settings, ..Options::default() };
    let mut engine = Engine::<Rules>::new(options).expect("a table of this version");
    let mut live = Live::clone(engine.live());
    let table = engine.table();
    for (rule, live) in table.rules.iter().zip(&mut live.rules) {
        live.on = !rule.info.deprecated;
    }
    for (number, rule) in table.rules.iter().enumerate() {
        if matches!(rule.head, HeadSpec::Threat(_)) {
            indicate(table, &mut live, number, &read("threat.indicators.ndjson"));
        }
    }
    engine.go_on_with(&Arc::new(live));
    engine
}

/// Gives indicators to a rule; counts documents, and those that count.
fn indicate(table: &'static Table, live: &mut Live, rule: usize, indicators: &[u8]) -> (u64, u64) {
    let exceptions = Arc::clone(&live.rules[rule].exceptions);
    let mut feed = Feed::new(table, rule, &exceptions, NOW).expect("an indicator rule");
    feed.file("ti-ours", indicators);
    let (set, counts) = feed.finish();
    live.rules[rule].indicators = Arc::new(set);
    (counts.documents, counts.kept)
}

/// All alerts on some bytes.
fn alerts_of(mut engine: Engine<Rules>, bytes: &[u8]) -> Vec<String> {
    let mut alerts = Vec::new();
    engine.feed(bytes, &mut alerts);
    engine.finish(&mut alerts);
    alerts
}

/// Alerts without what all alerts of a rule say of it.
fn shown(alerts: &[String]) -> String {
    let alerts = alerts.iter().map(|alert| {
        let mut alert: Json = serde_json::from_str(alert).expect("an alert is JSON");
        let members = alert.as_object_mut().expect("an object");
        let of_rule =
            |name: &str| name.starts_with("kibana.alert.rule.") && name != "kibana.alert.rule.name";
        members.retain(|name, _| !of_rule(name) && !name.starts_with("kibana.alert.workflow"));
        format!("{alert}\n")
    });
    alerts.collect()
}

fn ids(alerts: &[String]) -> Vec<String> {
    let id = |alert: &String| {
        let alert: Json = serde_json::from_str(alert).expect("an alert is JSON");
        alert["kibana.alert.ancestors"][0]["id"].as_str().unwrap_or_default().to_owned()
    };
    alerts.iter().map(id).collect()
}

#[test]
fn each_type_makes_its_alerts() {
    let renew = std::env::var_os("DETECT_RENEW").is_some();
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .expect("the folder of the test")
        .flatten()
        .filter_map(|entry| {
            entry.file_name().to_str()?.strip_suffix(".events.ndjson").map(str::to_owned)
        })
        .collect();
    names.sort();
    assert!(names.len() >= 25, "{names:?}");
    for name in names {
        let alerts = alerts_of(engine(), &read(&format!("{name}.events.ndjson")));
        let path = folder().join(format!("{name}.alerts.ndjson"));
        if renew {
            std::fs::write(&path, shown(&alerts)).expect("the folder can be written");
        }
        let expected = std::fs::read_to_string(&path).expect("expected alerts");
        assert_eq!(shown(&alerts), expected, "{name}");
    }
}

#[test]
fn indicators_change_between_two_events() {
    let mut engine = engine();
    let table = engine.table();
    let event = |id: u32, hash: &str| {
        format!(
            "{{\"@timestamp\":{id},\"_id\":\"{id}\",\"event\":{{\"category\":\"file\"}},\
             \"file\":{{\"hash\":{{\"sha256\":\"{hash}\"}}}}}}\n"
        )
    };
    let mut alerts = Vec::new();
    engine.feed((event(1, "aa11") + &event(2, "cc33")).as_bytes(), &mut alerts);
    let mut live = Live::clone(engine.live());
    let new = br#"{"@timestamp":"2025-12-31T00:00:00Z","threat":{"indicator":{"file":{"hash":{"sha256":"cc33"}}}}}
[not an object]
{"@timestamp":"2025-01-01T00:00:00Z","threat":{"indicator":{"file":{"hash":{"sha256":"aa11"}}}}}"#;
    let threat = number(table, "threat.toml");
    assert_eq!(indicate(table, &mut live, threat, new), (2, 1));
    engine.go_on_with(&Arc::new(live));
    engine.feed((event(3, "aa11") + &event(4, "cc33")).as_bytes(), &mut alerts);
    assert_eq!(ids(&alerts), ["1", "4"]);
}

#[test]
fn rules_are_switched_and_rated_while_they_run() {
    let mut engine = engine();
    let table = engine.table();
    let (query, old) = (number(table, "query.toml"), number(table, "old.toml"));
    let event = br#"{"@timestamp":1,"_id":"x","process":{"name":"sh"}}
"#;
    let mut alerts: Vec<String> = Vec::new();
    engine.feed(event, &mut alerts);
    assert_eq!(engine.rule_counts()[old].matches, 0, "a deprecated rule costs nothing");
    let conditions = engine.scan_counts().conditions;
    let mut live = Live::clone(engine.live());
    live.rules[query].rating.severity = Severity::Critical;
    live.rules[query].rating.risk_score = 99;
    live.rules[old].on = true;
    engine.go_on_with(&Arc::new(live.clone()));
    engine.feed(event, &mut alerts);
    assert_eq!(engine.scan_counts().conditions - conditions, conditions + 1);
    live.rules[query].on = false;
    engine.go_on_with(&Arc::new(live));
    engine.feed(event, &mut alerts);
    let said: Vec<(String, String)> = alerts
        .iter()
        .map(|alert| {
            let alert: Json = serde_json::from_str(alert).expect("an alert is JSON");
            let text = |name: &str| alert[name].as_str().unwrap_or_default().to_owned();
            (text("kibana.alert.rule.name"), text("kibana.alert.severity"))
        })
        .collect();
    let expected = [
        ("Shell", "low"),
        ("Shell", "critical"),
        ("Old shell rule", "low"),
        ("Old shell rule", "low"),
    ];
    let said: Vec<(&str, &str)> = said.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(said, expected);
}
