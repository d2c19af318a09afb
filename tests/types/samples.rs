//! The samples beside rules as generated tests: two rules of one id, names that are no
//! identifiers, what a case that fails says.

use detect::runtime::rule_test::run_line;
use std::process::Command;

/// Two rules that share their id.
#[detect::ruleset(path = "tests/data/twins", on_error = "skip")]
struct Twins;

detect::rule_tests!(ruleset = Twins, path = "tests/data/twins");

#[test]
fn each_case_is_a_test() {
    let program = std::env::current_exe().expect("the tests' own path");
    let output = Command::new(program).arg("--list").output().expect("the tests start");
    let list = String::from_utf8_lossy(&output.stdout).into_owned();
    for name in [
        "rule_tests::threshold::one_port_three_times",
        "rule_tests::sequence::deleted_between",
        "samples::rule_tests::one::its_own_event",
        "samples::rule_tests::one::the_event_of_the_other",
        "samples::rule_tests::one::either_of_them",
        "samples::rule_tests::one::line_5",
        "samples::rule_tests::two::case_match",
        "samples::rule_tests::two::case_match_2",
    ] {
        assert!(list.contains(&format!("{name}: test\n")), "{name} in\n{list}");
    }
}

/// A line, and the message that it fails with; none: it passes.
#[test]
fn a_case_that_fails_says_why() {
    let id = "00000000-0000-4000-8000-000000000101";
    let one = r#"[{"process":{"name":"one"}}]"#;
    let rows = [
        (format!(r#"{{"rule_id":"{id}","events":{one},"expect":"match"}}"#), None),
        (
            format!(r#"{{"rule_id":"{id}","path":"two.toml","events":{one},"expect":"match"}}"#),
            Some("the rule did not alert on 1 events; these did: One"),
        ),
        (
            format!(r#"{{"rule_id":"{id}","events":[],"expect":"match"}}"#),
            Some("the rule did not alert on 0 events; no rule did"),
        ),
        (
            format!(r#"{{"rule_id":"{id}","events":{one},"expect":"no-match"}}"#),
            Some("the rule made 1 alerts and should make none"),
        ),
        (
            r#"{"rule_id":"x","path":"y","events":[],"expect":"match"}"#.to_owned(),
            Some("no rule with the id x and the path y is compiled in"),
        ),
        (r#"{"events":[],"expect":"match"}"#.to_owned(), Some("`rule_id` must be a text")),
        (r#"{"rule_id":1,"events":[]}"#.to_owned(), Some("`rule_id` must be a text")),
        (format!(r#"{{"rule_id":"{id}","expect":"match"}}"#), Some("`events` must be a list")),
        (
            format!(r#"{{"rule_id":"{id}","events":[],"expect":"maybe"}}"#),
            Some("`expect` must be `match` or `no-match`"),
        ),
        (
            format!(r#"{{"rule_id":"{id}","events":[{{}},7],"expect":"no-match"}}"#),
            Some("event 2 is no event: not a JSON object"),
        ),
        (
            format!(r#"{{"rule_id":"{id}","events":[],"indicators":[],"expect":"no-match"}}"#),
            Some("the rule matches no indicators"),
        ),
        ("[]".to_owned(), Some("the line is no JSON object: ")),
    ];
    for (line, message) in rows {
        match (run_line::<Twins>(&line, 1), message) {
            (Ok(()), None) => {}
            (Err(error), Some(message)) => {
                assert!(error.to_string().starts_with(message), "{line}: {error}");
            }
            (done, _) => panic!("{line}: {done:?}"),
        }
    }
}
