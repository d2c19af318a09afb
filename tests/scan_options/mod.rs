//! Options of `scan` that change what alerts come: each with and without.

use super::bad_input::{good, transfer};
use super::{EXAMPLE, Scratch, detect, err, out};
use serde_json::Value as Json;

/// A transfer at a time of 2026-01-01, or another day.
fn at(time: &str) -> String {
    let day = if time.contains('T') { "" } else { "2026-01-01T" };
    transfer(&format!(r#""@timestamp":"{day}{time}Z","#)) + "\n"
}

struct Row {
    options: &'static [&'static str],
    input: String,
    alerts: usize,
    /// A line of the summary.
    said: &'static str,
}

fn row(options: &'static [&'static str], input: &str, alerts: usize, said: &'static str) -> Row {
    Row { options, input: input.to_owned(), alerts, said }
}

fn rows() -> Vec<Row> {
    let good = good() + "\n";
    // The windows of both ticks hold the last minute of the hour.
    let (twice, ahead) = (at("00:59:30"), at("2200-01-01T00:00:00"));
    let late = at("12:00:00") + &at("08:30:00").replace("/usr/bin/scp", "/opt/scp");
    vec![
        row(&[], &good, 1, "alerts      1\n"),
        row(&["--index", "metrics-x"], &good, 0, "alerts      0\n"),
        row(&["--index", "logs-endpoint.events.process-x"], &good, 1, "alerts      1\n"),
        row(&[], &twice, 1, "alerts      1\n"),
        row(&["--emit", "faithful"], &twice, 2, "alerts      2\n"),
        row(&["--window", "all", "--emit", "faithful"], &twice, 1, "alerts      1\n"),
        row(&[], &ahead, 0, "future      1\n"),
        row(&["--max-future", "1000000d"], &ahead, 1, "future      0\n"),
        row(&[], &late, 1, "late        1\n"),
        row(&["--allowed-lateness", "4h"], &late, 2, "late        0\n"),
        row(&["--window", "all"], &late, 2, "late        0\n"),
    ]
}

#[test]
fn options_do_what_they_say() {
    for Row { options, input, alerts, said } in rows() {
        let file = Scratch::new("options.ndjson", input.as_bytes());
        for threads in ["1", "3"] {
            let args = ["scan", file.path(), "--format", "ndjson", "--threads", threads];
            let output = detect(&[&args[..], options].concat());
            let found = out(&output).lines().count();
            assert_eq!(found, alerts, "{options:?} on {input}: {}", err(&output));
            assert!(err(&output).contains(said), "{options:?} on {input}: {}", err(&output));
        }
    }
}

/// The time of the one tick is that of the latest event, or the one that is given.
#[test]
fn one_window_has_one_tick() {
    let file = Scratch::new("tick.ndjson", (at("00:59:30") + &at("10:00:00")).as_bytes());
    for (now, tick) in [
        (&[][..], "2026-01-01T10:00:00.000Z"),
        (&["--now", "2026-01-02T00:00:00Z"], "2026-01-02T00:00:00.000Z"),
    ] {
        let args = ["scan", file.path(), "--format", "json", "--window", "all"];
        let output = detect(&[&args[..], now].concat());
        let alerts: Vec<Json> = serde_json::from_slice(&output.stdout).expect("a JSON array");
        assert_eq!(alerts.len(), 1, "both events are of one group");
        assert_eq!(alerts[0]["@timestamp"], tick);
        assert_eq!(alerts[0]["Esql.event_count"], 2);
    }
}

#[test]
fn long_texts_are_asked_for() {
    for (fields, there) in [("usual", false), ("full", true)] {
        let args = ["scan", EXAMPLE, "-q", "--format", "ndjson", "--alert-fields", fields];
        let alerts = out(&detect(&args));
        assert_eq!(alerts.contains("\"kibana.alert.rule.note\""), there, "{fields}");
    }
}
