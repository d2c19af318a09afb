//! Random events against thresholds, new terms and indicators: compiled rules, in both
//! modes, give what the reference says of all events at once.

use super::config;
use super::sequence::stream::{Event, arrivals, lines};
use super::tree::Scalar;
use detect::runtime::engine::{Engine, Feed, HeadSpec, Live, Options, Ruleset as _};
use detect::runtime::head::{Settings, Whole};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A rule of each type; all ask for events whose `process.name` is `a` or `b`.
#[detect::ruleset(path = "tests/data/counted")]
struct Counted;

/// Alerts of all rules on some lines; `whole`: as one window.
fn alerts(lines: &[String], indicators: &[Json], whole: bool, reference: bool) -> Vec<Json> {
    let whole = whole.then(Whole::default);
    let settings = Settings { whole, history_complete: true, ..Settings::default() };
    let options = Options { settings, reference, ..Options::default() };
    let mut engine = Engine::<Counted>::new(options).expect("a table of this version");
    let mut live = Live::clone(engine.live());
    let table = engine.table();
    for (number, rule) in table.rules.iter().enumerate() {
        if matches!(rule.head, HeadSpec::Threat(_)) {
            let exceptions = Arc::clone(&live.rules[number].exceptions);
            let mut feed = Feed::new(table, number, &exceptions, 0).expect("an indicator rule");
            let documents: Vec<String> = indicators.iter().map(Json::to_string).collect();
            feed.file("ti-drawn", documents.join("\n").as_bytes());
            live.rules[number].indicators = Arc::new(feed.finish().0);
        }
    }
    engine.go_on_with(&Arc::new(live));
    let mut alerts: Vec<String> = Vec::new();
    for line in lines {
        engine.feed(format!("{line}\n").as_bytes(), &mut alerts);
    }
    engine.finish(&mut alerts);
    alerts.iter().map(|alert| serde_json::from_str(alert).expect("an alert is JSON")).collect()
}

fn of_rule<'a>(alerts: &'a [Json], name: &'a str) -> impl Iterator<Item = &'a Json> {
    alerts.iter().filter(move |alert| alert["kibana.alert.rule.name"] == name)
}

/// Number of the event behind an alert.
fn number(alert: &Json) -> usize {
    let id = alert["kibana.alert.ancestors"][0]["id"].as_str().expect("an id");
    id.parse().expect("a number")
}

/// The events that satisfy the rules' query.
fn asked(events: &[Event]) -> Vec<&Event> {
    let is = |event: &&Event| {
        let mut names = event.fields.values("process.name");
        names.any(|name| matches!(name, Scalar::Text("a" | "b")))
    };
    events.iter().filter(is).collect()
}

/// The different values of a field, as text.
fn values(event: &Event, field: &str) -> BTreeSet<String> {
    let text = |scalar: &Scalar| match scalar {
        Scalar::Text(text) => (*text).to_owned(),
        Scalar::Number(n) => n.to_string(),
        Scalar::Boolean(b) => b.to_string(),
    };
    event.fields.values(field).map(text).collect()
}

/// One value of each field, in all ways.
fn combinations(event: &Event, fields: &[&str]) -> BTreeSet<Vec<String>> {
    let mut all = BTreeSet::from([Vec::new()]);
    for field in fields {
        let values = values(event, field);
        let longer = |before: &Vec<String>| -> Vec<Vec<String>> {
            values.iter().map(|value| [&before[..], std::slice::from_ref(value)].concat()).collect()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

/// Terms, count, different addresses.
type Bucket = (Vec<String>, u64, Option<u64>);

fn buckets(
    events: &[Event],
    fields: &[&str],
    value: u64,
    cardinality: Option<(&str, u64)>,
) -> Vec<Bucket> {
    let mut buckets: BTreeMap<Vec<String>, (u64, BTreeSet<String>)> = BTreeMap::new();
    for event in asked(events) {
        for terms in combinations(event, fields) {
            let bucket = buckets.entry(terms).or_default();
            bucket.0 += 1;
            bucket.1.extend(cardinality.iter().flat_map(|(field, _)| values(event, field)));
        }
    }
    let enough = |(terms, (count, different)): (Vec<String>, (u64, BTreeSet<String>))| {
        let different = cardinality.map(|(_, least)| (different.len() as u64, least));
        let enough = count >= value && different.is_none_or(|(found, least)| found >= least);
        enough.then_some((terms, count, different.map(|(found, _)| found)))
    };
    buckets.into_iter().filter_map(enough).collect()
}

fn bucket(alert: &Json) -> Bucket {
    let result = &alert["kibana.alert.threshold_result"];
    let terms = result["terms"].as_array().into_iter().flatten();
    let text = |term: &Json| match &term["value"] {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let cardinality = result["cardinality"][0]["value"].as_u64();
    (terms.map(text).collect(), result["count"].as_u64().expect("a count"), cardinality)
}

fn sorted<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = all.collect();
    all.sort();
    all
}

/// An indicator: what it says of each mapped field.
fn indicator() -> impl Strategy<Value = Json> {
    let text = || {
        prop_oneof![
            4 => select(&["x", "y"][..]).prop_map(|text| json!(text)),
            1 => Just(json!(["x", "y"])),
            1 => Just(Json::Null),
        ]
    };
    let ip = prop_oneof![2 => Just(Json::Null), 1 => Just(json!("10.1.2.3"))];
    (text(), prop::option::of(0..2i64), text(), ip).prop_map(|(user, pid, args, ip)| {
        let said = json!({ "user": user, "pid": pid, "args": args, "ip": ip });
        json!({ "@timestamp": 0, "threat": { "indicator": said } })
    })
}

/// What an indicator says of a field.
fn said(indicator: &Json, field: &str) -> Vec<String> {
    let text = |value: &Json| match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    match &indicator["threat"]["indicator"][field] {
        Json::Null => Vec::new(),
        Json::Array(all) => all.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

/// Whether an indicator is found in an event: a group of several entries wants exactly
/// one value of each, a negated entry that the event does not have it.
fn indicates(indicator: &Json, event: &Event) -> bool {
    let group = [
        ("user.name", "user", false),
        ("process.pid", "pid", false),
        ("process.args", "args", true),
    ];
    let first = group.iter().all(|(field, member, negated)| match &said(indicator, member)[..] {
        [one] => values(event, field).contains(one) != *negated,
        _ => false,
    });
    first || said(indicator, "ip").iter().any(|ip| values(event, "destination.ip").contains(ip))
}

proptest! {
    #![proptest_config(config(120))]

    #[test]
    fn rules_count_what_the_reference_says(
        events in arrivals(0),
        indicators in prop::collection::vec(indicator(), 0..4),
    ) {
        let lines = lines(&events);
        let whole = alerts(&lines, &indicators, true, false);
        prop_assert_eq!(&whole, &alerts(&lines, &indicators, true, true));
        for (name, expected) in [
            ("threshold_none", buckets(&events, &[], 3, None)),
            ("threshold_one", buckets(&events, &["process.pid"], 2, None)),
            (
                "threshold_two",
                buckets(&events, &["user.name", "process.args"], 2, Some(("destination.ip", 2))),
            ),
        ] {
            let found = sorted(of_rule(&whole, name).map(bucket));
            prop_assert_eq!(found, expected, "{} on\n{}", name, lines.join("\n"));
        }

        let stream = alerts(&lines, &indicators, false, false);
        prop_assert_eq!(&stream, &alerts(&lines, &indicators, false, true));
        let of = ["user.name", "process.pid", "destination.ip"];
        for (name, fields) in [("terms_one", &["process.args"][..]), ("terms_three", &of)] {
            let mut seen = BTreeSet::new();
            let mut expected = Vec::new();
            for event in asked(&events) {
                for terms in combinations(event, fields) {
                    if seen.insert(terms.clone()) {
                        expected.push((event.number, terms));
                    }
                }
            }
            let terms = |alert: &Json| -> Vec<String> {
                let all = alert["kibana.alert.new_terms"].as_array().into_iter().flatten();
                all.map(|term| term.as_str().map_or(term.to_string(), str::to_owned)).collect()
            };
            let found = sorted(of_rule(&stream, name).map(|alert| (number(alert), terms(alert))));
            prop_assert_eq!(found, expected, "{} on\n{}", name, lines.join("\n"));
        }

        let expected: Vec<usize> = asked(&events)
            .into_iter()
            .filter(|event| indicators.iter().any(|indicator| indicates(indicator, event)))
            .map(|event| event.number)
            .collect();
        let found: Vec<usize> = of_rule(&stream, "threat").map(number).collect();
        prop_assert_eq!(found, expected, "{:?} on\n{}", indicators, lines.join("\n"));
        prop_assert_eq!(Counted::table().rules.len(), 6);
    }
}
