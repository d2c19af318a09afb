//! Rule files at large: both public corpora read without an error, and no
//! text makes the reader panic.

use detect_compiler::diagnostic::Style;
use detect_compiler::rule::{Kind, Rule, Shape, read_folder};
use proptest::prelude::*;
use std::path::Path;

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared");

fn ruleset(folder: &str) -> Option<detect_compiler::rule::Ruleset> {
    let path = Path::new(SHARED).join(folder);
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(read_folder(&path).expect("a readable folder").ruleset())
}

#[test]
fn detection_rules_read() {
    let Some(ruleset) = ruleset("corpus/detection-rules") else { return };
    let messages: Vec<String> =
        ruleset.refused.iter().map(|report| report.render(Style::Plain)).collect();
    assert!(messages.is_empty(), "{}", messages.concat());
    assert!(ruleset.rules.iter().all(|rule| rule.shape == Shape::Detection));
    for rule in &ruleset.rules {
        assert!(rule.warnings.iter().all(|warning| warning.lint != Some("unknown_member")));
        if let Some(query) = &rule.query {
            let whole = query.locate(&rule.source, 0..query.value.len());
            assert!(rule.source[whole].contains(query.value.trim()), "{}", rule.path);
        }
    }
    let of_type =
        |name| ruleset.rules.iter().filter(|rule| rule.rule_type().name() == name).count();
    assert_eq!(of_type("machine_learning"), 78);
    assert_eq!(of_type("new_terms"), 180);
    assert_eq!(ruleset.rules.iter().filter(|rule| rule.deprecated()).count(), 99);
}

#[test]
fn endpoint_rules_read() {
    let Some(ruleset) = ruleset("corpus/endpoint-rules") else { return };
    let messages: Vec<String> =
        ruleset.refused.iter().map(|report| report.render(Style::Plain)).collect();
    assert!(messages.is_empty(), "{}", messages.concat());
    for rule in &ruleset.rules {
        assert_eq!(rule.shape, Shape::Endpoint);
        assert_eq!((rule.severity.name(), rule.risk_score), ("high", 73));
        assert!(matches!(rule.kind, Kind::Eql(_)));
        assert!(!rule.threat.is_empty() && !rule.os_list.is_empty(), "{}", rule.path);
    }
}

/// TOML-like text: lines of members and headers with odd values.
fn toml_like() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "name",
        "type",
        "severity",
        "risk_score",
        "rule_id",
        "query",
        "from",
        "interval",
        "index",
        "threshold",
        "value",
        "field",
        "filters",
        "threat",
        "tactic",
        "id",
        "new_terms",
        "language",
        "threat_mapping",
        "entries",
        "alert_suppression",
        "duration",
        "description",
        "zzz",
    ]);
    let value = prop_oneof![
        Just("\"esql\"".to_owned()),
        Just("\"threshold\"".to_owned()),
        Just("\"new_terms\"".to_owned()),
        Just("\"threat_match\"".to_owned()),
        Just("\"low\"".to_owned()),
        Just("\"now-9m\"".to_owned()),
        Just("\"\\u00e9 \\\\ x\"".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        Just("[]".to_owned()),
        Just("[{}]".to_owned()),
        Just("{ a = [1, \"x\"], field = \"y\" }".to_owned()),
        Just("true".to_owned()),
        Just("1.5".to_owned()),
        Just("1979-05-27T07:32:00Z".to_owned()),
        ".{0,6}",
    ];
    let member = (name.clone(), value).prop_map(|(name, value)| format!("{name} = {value}\n"));
    let header = prop_oneof![
        name.clone().prop_map(|name| format!("[[rule.{name}]]\n")),
        name.prop_map(|name| format!("[rule.{name}]\n")),
        Just("[rule]\n".to_owned()),
    ];
    let line = prop_oneof![4 => member, 1 => header];
    prop::collection::vec(line, 0..25).prop_map(|lines| format!("[rule]\n{}", lines.concat()))
}

proptest! {
    #[test]
    fn no_text_panics(source in prop_oneof![toml_like(), ".{0,60}"]) {
        if let Err(report) = Rule::parse("x.toml", &source) {
            prop_assert!(report.is_error());
            report.render(Style::Plain);
            prop_assert_eq!(report.json().len(), report.problems.len());
        }
    }
}
