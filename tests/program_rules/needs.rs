//! Rules that need more than events: a table, somebody to ask, a time.

use super::{Json, Scratch, action, err, event, odd, out, printed, program};

const SCAN: [&str; 5] = ["scan", "-", "--format", "ndjson", "--quiet"];

fn questions() -> String {
    let ask = |id, message| event(id, 60, "h1", &[("event.action", "ask"), ("message", message)]);
    [ask(1, "guilty as sin"), ask(2, "not at all"), ask(3, "guilty as sin"), odd(4, 61, "h1")]
        .concat()
}

pub(super) fn what_rules_wait_for() {
    let listed = program(&["rules", "--format", "json"], "");
    let listed: Json = serde_json::from_str(&out(&listed)).expect("JSON");
    let of = |name: &str| {
        let rules = listed.as_array().expect("a list");
        let rule = rules.iter().find(|rule| rule["name"] == name).expect("the rule");
        (rule["status"].clone(), rule["waits_for"].clone())
    };
    let waits = |option: &str| (Json::from("waiting"), serde_json::json!([option]));
    assert_eq!(of("Asked for an opinion"), waits("--completion-cmd"));
    assert_eq!(of("Host of an owner"), waits("--lookup owners=FILE"));
    assert_eq!(of("Again"), (Json::from("active"), serde_json::json!([])));
    // The others run.
    let scan = program(&SCAN[..4], &questions());
    let said = err(&scan);
    assert!(said.contains("waiting: Asked for an opinion (--completion-cmd)"), "{said}");
    assert!(said.contains("waiting: Host of an owner (--lookup owners=FILE)"), "{said}");
    assert_eq!(printed(&scan, "Odd program").len(), 1);
    assert!(printed(&scan, "Asked for an opinion").is_empty());
    let scan = program(&[&SCAN[..4], &["--completion-cmd", "cat"]].concat(), &questions());
    assert!(!err(&scan).contains("--completion-cmd"), "{}", err(&scan));
}

/// A rule that does not compile is named at the start of each scan and in the list of
/// rules, with the reason; the others run.
pub(super) fn what_was_left_out() {
    let scan = program(&SCAN[..4], &odd(1, 60, "h1"));
    let said = err(&scan);
    let warning = "warning: the rule `tests/data/program/refused.toml` is not compiled in: ";
    let line = said.lines().next().expect("a line");
    assert!(line.starts_with(warning) && line.contains("sql"), "{said}");
    assert_eq!(said.matches("is not compiled in").count(), 1, "{said}");
    assert_eq!(printed(&scan, "Odd program").len(), 1);

    let listed = program(&["rules", "--format", "json"], "");
    let listed: Json = serde_json::from_str(&out(&listed)).expect("JSON");
    let refused: Vec<&Json> = listed
        .as_array()
        .expect("a list")
        .iter()
        .filter(|rule| rule["status"] == "refused")
        .collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["path"], "tests/data/program/refused.toml");
    assert!(refused[0]["reason"].as_str().is_some_and(|reason| reason.contains("sql")));
    let table = out(&program(&["rules"], ""));
    assert!(table.lines().any(|line| line.contains("refused") && line.contains("sql")), "{table}");
}

pub(super) fn a_table_is_joined() {
    let csv = Scratch::new("owners.csv", "host.name,owner.team\nh1,payments\nh2,search\n");
    let ndjson = "{\"host.name\":\"h1\",\"owner.team\":\"payments\"}\n{\"host.name\":\"h2\"}\n";
    let ndjson = Scratch::new("owners.ndjson", ndjson);
    let events = [odd(1, 60, "h1"), odd(2, 61, "h2"), odd(3, 62, "h3")].concat();
    for file in [&csv, &ndjson] {
        let given = format!("owners={}", file.path());
        let scan = program(&[&SCAN[..], &["--lookup", &given]].concat(), &events);
        let alerts = printed(&scan, "Host of an owner");
        assert_eq!(alerts.len(), 1, "{}", file.path());
        assert_eq!(alerts[0]["host.name"], "h1");
        assert_eq!(alerts[0]["owner.team"], "payments");
    }
    for wrong in ["owners", "owners=/no/such/file.csv"] {
        let scan = program(&[&SCAN[..], &["--lookup", wrong]].concat(), &events);
        assert!(
            !scan.status.success() && err(&scan).contains(wrong.rsplit('=').next().unwrap_or(""))
        );
    }
}

pub(super) fn somebody_is_asked() {
    // Each prompt once: what answers it keeps a list.
    let asked = Scratch::new("asked", "");
    let script = format!("#!/bin/sh\ntee -a {0}\necho >> {0}\n", asked.path());
    let script = Scratch::new("answer.sh", &script);
    let command = format!("sh {}", script.path());
    let scan = program(&[&SCAN[..], &["--completion-cmd", &command]].concat(), &questions());
    let alerts = printed(&scan, "Asked for an opinion");
    assert_eq!(alerts.len(), 2, "{}", err(&scan));
    assert_eq!(alerts[0]["opinion"], "guilty as sin");
    let asked = std::fs::read_to_string(asked.path()).expect("the list");
    assert_eq!(asked, "guilty as sin\nnot at all\n", "each prompt once");
}

pub(super) fn an_answer_takes_too_long() {
    let limit = ["--completion-cmd", "sleep 30", "--completion-limit", "200ms"];
    let started = std::time::Instant::now();
    let scan = program(&[&SCAN[..], &limit].concat(), &questions());
    assert!(printed(&scan, "Asked for an opinion").is_empty());
    assert_eq!(printed(&scan, "Odd program").len(), 1, "the others go on");
    assert!(started.elapsed().as_secs() < 20, "two prompts, none waited for");
}

pub(super) fn the_tick_of_one_window() {
    let events: String = (1..=3).map(|n| action(n, i64::from(n), "h1", "logon-failed")).collect();
    let all = [&SCAN[..], &["--window", "all"]].concat();
    for (now, expected) in [
        (None, "2026-01-01T00:00:03.000Z"),
        (Some("2026-01-01T00:07:00Z"), "2026-01-01T00:07:00.000Z"),
    ] {
        let given: Vec<&str> = now.iter().flat_map(|now| ["--now", now]).collect();
        let scan = program(&[&all[..], &given].concat(), &events);
        let alerts = printed(&scan, "Failed logons");
        assert_eq!(alerts.len(), 1, "{now:?}");
        assert_eq!(alerts[0]["@timestamp"], expected);
    }
    let scan = program(&[&SCAN[..], &["--now", "2026-01-01T00:07:00Z"]].concat(), &events);
    assert_eq!(scan.status.code(), Some(2), "{}", err(&scan));
    assert!(err(&scan).contains("--window all"), "{}", err(&scan));
}
