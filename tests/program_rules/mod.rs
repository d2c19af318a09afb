//! The tests, by name, and what they share.

mod live;
mod memory;
mod needs;
mod over_alerts;
mod pipe;
mod sampled;

use crate::process::{ended, err, out, started};
use crate::{AS_PROGRAM, Rules};
use detect::runtime::engine::{Engine, Options};
use detect::runtime::head::Settings;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Output};

const TESTS: &[(&str, fn())] = &[
    ("alerts_are_events", over_alerts::alerts_are_events),
    ("no_alert_descends_from_its_own_rule", over_alerts::no_alert_descends_from_its_own_rule),
    ("nothing_else_matters", over_alerts::nothing_else_matters),
    ("time_moves_rules_over_alerts", over_alerts::time_moves_rules_over_alerts),
    ("alerts_of_an_earlier_run", over_alerts::alerts_of_an_earlier_run),
    ("old_names_are_understood", over_alerts::old_names_are_understood),
    ("the_program_prints_them", over_alerts::the_program_prints_them),
    ("what_rules_wait_for", needs::what_rules_wait_for),
    ("what_was_left_out", needs::what_was_left_out),
    ("a_table_is_joined", needs::a_table_is_joined),
    ("somebody_is_asked", needs::somebody_is_asked),
    ("an_answer_takes_too_long", needs::an_answer_takes_too_long),
    ("the_tick_of_one_window", needs::the_tick_of_one_window),
    ("indicators_are_given", live::indicators_are_given),
    ("exceptions_are_given", live::exceptions_are_given),
    ("a_changed_file_must_fit", live::a_changed_file_must_fit),
    ("states_are_given", live::states_are_given),
    ("all_rules_hold_to_their_memory", memory::all_rules_hold_to_their_memory),
    ("the_rule_that_holds_most_gives_up_its_oldest", memory::the_largest_gives_up_its_oldest),
    ("a_silent_pipe_lets_time_go_on", pipe::a_silent_pipe_lets_time_go_on),
    ("a_silent_pipe_may_be_waited_for", pipe::a_silent_pipe_may_be_waited_for),
    ("samples_are_cases", sampled::samples_are_cases),
    ("the_program_counts_what_went", memory::the_program_counts_what_went),
];

/// Runs the tests whose names contain an argument, or all.
pub(crate) fn run() -> ExitCode {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let mut failed = 0;
    for (name, test) in TESTS {
        if !wanted.is_empty() && !wanted.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        let outcome = catch_unwind(AssertUnwindSafe(test));
        println!("test {name} ... {}", if outcome.is_ok() { "ok" } else { "FAILED" });
        failed += u32::from(outcome.is_err());
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// 2026-01-01 in milliseconds.
const START: i64 = 1_767_225_600_000;

/// An event so many seconds after the start.
fn event(id: u32, seconds: i64, host: &str, more: &[(&str, &str)]) -> String {
    let mut event = json!({
        "@timestamp": START + seconds * 1000,
        "_id": id.to_string(),
        "host.name": host,
        "data_stream": { "type": "logs", "dataset": "test", "namespace": "default" },
    });
    for (field, value) in more {
        event[field] = Json::from(*value);
    }
    format!("{event}\n")
}

fn odd(id: u32, seconds: i64, host: &str) -> String {
    event(id, seconds, host, &[("process.name", "odd")])
}

fn action(id: u32, seconds: i64, host: &str, action: &str) -> String {
    event(id, seconds, host, &[("event.action", action)])
}

fn options() -> Options {
    let settings = Settings { lateness: 60_000, history_complete: true, ..Settings::default() };
    Options { settings, ..Options::default() }
}

fn engine(options: Options) -> Engine<Rules> {
    Engine::new(options).expect("a table of this version")
}

/// What is told of alerts: rule, host, seconds after the start, depth.
fn told(alerts: &[String]) -> String {
    let mut text = String::new();
    for alert in alerts {
        let alert: Json = serde_json::from_str(alert).expect("an alert is JSON");
        let time = alert["@timestamp"].as_str().unwrap_or_default();
        let time = time.strip_prefix("2026-01-01T").and_then(|time| time.strip_suffix(".000Z"));
        let host = match &alert["host.name"] {
            Json::Array(_) | Json::Null => "-",
            host => host.as_str().unwrap_or_default(),
        };
        let _infallible = writeln!(
            text,
            "{} | {host} | {} | {}",
            time.unwrap_or("?"),
            alert["kibana.alert.rule.name"].as_str().unwrap_or_default(),
            alert["kibana.alert.depth"],
        );
    }
    text
}

/// The program with these arguments.
fn command(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(args).env(AS_PROGRAM, "1");
    command
}

/// Runs the program with these arguments and input.
fn program(args: &[&str], input: &str) -> Output {
    ended(&mut command(args), input.as_bytes())
}

/// The alerts that a program printed, of one rule.
fn printed(output: &Output, rule: &str) -> Vec<Json> {
    assert!(output.status.success(), "{}", err(output));
    let lines = out(output);
    let alerts = lines.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    alerts.filter(|alert: &Json| alert["kibana.alert.rule.name"] == rule).collect()
}

/// A file that is removed at the end of the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, text: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("detect-{}-{name}", std::process::id()));
        std::fs::write(&path, text).expect("a scratch file");
        Scratch(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a path of UTF-8")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.0);
    }
}
