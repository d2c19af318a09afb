//! Alerts are events for the rules that read them.

use super::{Json, action, engine, odd, options, printed, program, told};
use detect::runtime::engine::{Engine, Options};

fn events() -> String {
    let events = [
        odd(1, 60, "h1"),
        odd(2, 90, "h2"),
        action(3, 120, "h1", "logon-failed"),
        odd(4, 150, "h1"),
        action(5, 180, "h1", "logon-failed"),
        action(6, 240, "h1", "logon-failed"),
        action(7, 360, "h1", "logon"),
    ];
    events.concat()
}

fn alerts_of(options: Options, events: &str) -> Vec<String> {
    let mut engine = engine(options);
    let mut alerts = Vec::new();
    engine.feed(events.as_bytes(), &mut alerts);
    engine.finish(&mut alerts);
    alerts
}

pub(super) fn alerts_are_events() {
    let told = told(&alerts_of(options(), &events()));
    // What keeps no state comes at once behind its cause; what does comes in the order of
    // strata, when no earlier alert can come any more.
    let round = |time: &str, host: &str| {
        [
            ("Odd program", 1),
            ("Again", 2),
            ("Ring A", 2),
            ("Ring B", 2),
            ("Ring B", 3),
            ("Ring A", 3),
        ]
        .map(|(name, depth)| format!("{time} | {host} | {name} | {depth}\n"))
        .concat()
    };
    let expected = round("00:01:00", "h1")
        + &round("00:01:30", "h2")
        + &round("00:02:30", "h1")
        + "00:05:00 | h1 | Failed logons | 1\n"
        + &[
            "00:10:00 | h1 | Two rules alert on one host | 1",
            "00:05:00 | h1 | Program, then logons | 2",
            "00:05:00 | h1 | Program, then logons | 2",
            "00:05:00 | h1 | Program, then logons | 3",
            "00:10:00 | h1 | Two rules, again | 1",
            "00:05:00 | h1 | Many alerts of a kind | 1",
            "00:01:00 | h1 | First alert of a host | 2",
            "00:01:30 | h2 | First alert of a host | 2",
            "00:10:00 | h1 | Events beside alerts | 1",
        ]
        .map(|line| line.to_owned() + "\n")
        .concat();
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines.join("\n")
    };
    assert_eq!(sorted(&told), sorted(&expected));
    assert!(told.starts_with(&expected[..expected.find("00:10:00").expect("a line")]), "{told}");
    let place = |name: &str| told.find(name).expect("it alerts");
    assert!(place("Two rules, again") > place("Two rules alert on one host"), "{told}");
}

pub(super) fn no_alert_descends_from_its_own_rule() {
    let alerts = alerts_of(options(), &events());
    let mut rounds = 0;
    for alert in &alerts {
        let alert: Json = serde_json::from_str(alert).expect("JSON");
        let own = &alert["kibana.alert.rule.uuid"];
        let ancestors = alert["kibana.alert.ancestors"].as_array().expect("ancestors");
        // The events of a sequence name its rule: they are its building blocks.
        let block = !alert["kibana.alert.group.id"].is_null();
        rounds += usize::from(ancestors.len() > 2 && !block);
        assert!(block || ancestors.iter().all(|ancestor| &ancestor["rule"] != own), "{alert}");
    }
    assert_eq!(rounds, 6, "alerts over alerts over alerts");
}

pub(super) fn nothing_else_matters() {
    let events = events();
    let expected = alerts_of(options(), &events);
    assert_eq!(alerts_of(Options { reference: true, ..options() }, &events), expected, "reference");
    for cut in 0..=events.len() {
        let mut alerts = Vec::new();
        let mut first = engine(options());
        first.feed(&events.as_bytes()[..cut], &mut alerts);
        let state = first.snapshot();
        let mut second = engine(options());
        second.restore(&state).expect("a state of this build");
        second.feed(&events.as_bytes()[cut..], &mut alerts);
        second.finish(&mut alerts);
        assert_eq!(alerts, expected, "taken up again at {cut}");
    }
    for lines in 1..4 {
        let mut owner = engine(options());
        let mut shards = [owner.shard().expect("a shard"), owner.shard().expect("a shard")];
        let mut alerts = Vec::new();
        let all: Vec<&str> = events.split_inclusive('\n').collect();
        let mut offset = 0;
        for (number, block) in all.chunks(lines).enumerate() {
            let block = block.concat();
            let partials = shards[number % 2].scan(block.as_bytes(), offset, false);
            owner.merge(&partials, &mut alerts).expect("records of this process");
            offset += block.len() as u64;
        }
        owner.finish(&mut alerts);
        assert_eq!(alerts, expected, "blocks of {lines} lines");
    }
}

pub(super) fn time_moves_rules_over_alerts() {
    let start = super::START;
    let mut engine = engine(options());
    let mut alerts = Vec::new();
    engine.feed(events().as_bytes(), &mut alerts);
    let has = |alerts: &[String], name: &str| told(alerts).contains(name);
    assert!(has(&alerts, "Again") && !has(&alerts, "Program, then logons"));
    engine.tick(start + 400_000, &mut alerts);
    assert!(has(&alerts, "Failed logons") && has(&alerts, "Program, then logons"));
    assert!(!has(&alerts, "Two rules alert on one host"), "its tick is to come");
    engine.tick(start + 700_000, &mut alerts);
    assert!(has(&alerts, "Two rules alert on one host"));
    engine.tick(start + 1_200_000, &mut alerts);
    let until_now = alerts.len();
    engine.finish(&mut alerts);
    let sorted = |mut alerts: Vec<String>| {
        alerts.sort();
        alerts
    };
    assert_eq!(sorted(alerts.clone()), sorted(alerts_of(options(), &events())));
    assert_eq!(until_now, alerts.len(), "all had come");
    let late: u64 = engine.rule_counts().iter().map(|counts| counts.losses.late).sum();
    assert_eq!(late, 0, "alerts of windowed rules are not late");
}

/// Alerts that stand in the input, say of an earlier run, are events as well, whatever
/// data stream they copied.
pub(super) fn alerts_of_an_earlier_run() {
    let before = alerts_of(options(), &odd(1, 60, "h1"));
    let first: Vec<String> =
        before.iter().filter(|alert| alert.contains("\"Odd program\"")).cloned().collect();
    let only_program = |engine: &Engine<crate::Rules>| {
        let rules = engine.table().rules.iter().zip(engine.rule_counts());
        rules.filter(|(_, counts)| counts.matches > 0).map(|(rule, _)| rule.info.name).collect()
    };
    let mut engine = engine(options());
    let mut alerts = Vec::new();
    engine.feed((first[0].clone() + "\n").as_bytes(), &mut alerts);
    engine.finish(&mut alerts);
    let mut matched: Vec<&str> = only_program(&engine);
    matched.sort_unstable();
    let expected = [
        "Again",
        "First alert of a host",
        "Many alerts of a kind",
        "Program, then logons",
        "Ring A",
        "Ring B",
        "Two rules alert on one host",
    ];
    assert_eq!(matched, expected, "the alert copies `process.name`, and is none of `logs-*`");
}

pub(super) fn the_program_prints_them() {
    let args = ["scan", "-", "-q", "--format", "ndjson"];
    let one = program(&args, &events());
    assert_eq!(printed(&one, "Again").len(), 3);
    assert_eq!(printed(&one, "Two rules alert on one host").len(), 1);
    let names = &printed(&one, "Two rules alert on one host")[0]["names"];
    assert_eq!(names, &serde_json::json!(["Failed logons", "Odd program"]));
    for threads in ["2", "3", "5"] {
        let many = program(&[&args[..], &["--threads", threads]].concat(), &events());
        assert_eq!(many.stdout, one.stdout, "{threads} threads");
    }
    let plain = program(&[&args[..], &["--reference"]].concat(), &events());
    assert_eq!(plain.stdout, one.stdout, "reference mode");
}

/// Rules may ask for fields by the names that they had before; alerts do not repeat them.
pub(super) fn old_names_are_understood() {
    for reference in [false, true] {
        let options = Options { reference, ..options() };
        let alerts = alerts_of(options, &action(1, 60, "h1", "watched"));
        let by_old_name: Vec<&String> =
            alerts.iter().filter(|alert| alert.contains("\"By its old name\"")).collect();
        let [alert] = by_old_name.as_slice() else { panic!("{alerts:?}") };
        assert!(!alert.contains("\"signal.rule"), "{alert}");
        let alert: Json = serde_json::from_str(alert).expect("JSON");
        assert_eq!(alert["kibana.alert.depth"], 2);
    }
}
