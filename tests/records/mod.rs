//! Records on standard output: every command that prints some prints them in three
//! forms, which say the same; and the reader may go away.

use super::{EXAMPLE, RULES, Scratch, detect, err, out};
use serde_json::Value as Json;
use std::io::Read;
use std::process::{Command, Stdio};

/// What a command prints as NDJSON, after JSON and table were held against it.
fn records(args: &[&str]) -> Vec<Json> {
    let printed = |format: &str| {
        let output = detect(&[args, &["--format", format]].concat());
        assert_eq!(output.status.code(), Some(0), "{args:?} {format}: {}", err(&output));
        out(&output)
    };
    // How long a case took differs from run to run.
    let timeless = |mut record: Json| {
        record.as_object_mut().expect("an object").remove("seconds");
        record
    };
    let ndjson = printed("ndjson");
    let lines = ndjson.lines().map(|line| serde_json::from_str(line).expect("a line of JSON"));
    let records: Vec<Json> = lines.map(timeless).collect();
    let array: Vec<Json> = serde_json::from_str(&printed("json")).expect("JSON");
    assert_eq!(array.into_iter().map(timeless).collect::<Vec<_>>(), records, "{args:?}");
    let table = printed("table");
    assert_eq!(table.lines().count(), records.len() + 1, "{args:?}: {table}");
    assert!(!table.contains('\x1b'), "{args:?}");
    records
}

#[test]
fn cases_are_records() {
    let cases = records(&["test", RULES]);
    assert!(cases.len() > 10, "{} cases", cases.len());
    for case in &cases {
        assert!(case["case"].is_string() && case["file"].is_string(), "{case}");
        assert_eq!((&case["passed"], &case["failure"]), (&Json::Bool(true), &Json::Null));
    }
    // One that fails says why, in every form, and the exit code is the same.
    let wrong = "{\"name\":\"n\",\"rule_id\":\"8eeeda11-dca6-4c3e-910f-7089db412d1c\",\
                 \"events\":[],\"expect\":\"match\"}\n";
    let file = Scratch::new("wrong.tests.ndjson", wrong.as_bytes());
    for format in [&[][..], &["--format", "table"], &["--format", "ndjson"], &["--format", "json"]]
    {
        let output = detect(&[&["test", file.path()], format].concat());
        assert_eq!(output.status.code(), Some(1), "{format:?}");
        assert!(out(&output).contains("alert"), "{format:?}: {}", out(&output));
    }
}

#[test]
fn a_matrix_is_records() {
    let csv = out(&detect(&["matrix", EXAMPLE]));
    let rows = records(&["matrix", EXAMPLE]);
    let line = |row: &Json| {
        let numbers = row["documents"].as_array().expect("numbers").iter().map(Json::to_string);
        let text = |name: &str| row[name].as_str().expect("a text").to_owned();
        let numbers = numbers.collect::<Vec<_>>().join(" ");
        format!("{},{},{numbers}\n", text("rule_id"), text("path"))
    };
    assert_eq!(rows.iter().map(line).collect::<String>(), csv);

    let old = csv.replacen(' ', " 5000 ", 1);
    let old = Scratch::new("old.csv", old.as_bytes());
    let output = detect(&["matrix", EXAMPLE, "--diff", old.path(), "--format", "ndjson"]);
    assert_eq!(output.status.code(), Some(1));
    let change: Json = serde_json::from_str(out(&output).trim()).expect("one change");
    assert_eq!((&change["change"], &change["documents"]), (&"-".into(), &vec![5000].into()));
}

#[test]
fn statistics_and_costs_are_records() {
    let fields = records(&["profile", EXAMPLE]);
    let name = fields.iter().find(|field| field["field"] == "process.name").expect("a field");
    assert!(name["presence"].as_f64() > Some(0.0) && name["length"].as_f64() > Some(1.0));
    let first = &name["values"][0];
    assert!(first["value"].is_string() && first["share"].as_f64() > Some(0.0), "{name}");
    // The same as the TOML that a build reads.
    let toml = out(&detect(&["profile", EXAMPLE]));
    for field in &fields {
        let title = format!("[fields.{}]", field["field"]);
        assert!(toml.contains(&title), "{title}");
    }
    assert_eq!(toml.matches("presence = ").count(), fields.len());
    let output = detect(&["profile", "--costs", EXAMPLE, "--format", "ndjson"]);
    assert!(out(&output).lines().count() > 3, "{}", err(&output));
}

#[test]
fn messages_are_records() {
    let broken = "[rule]\nname = \"n\"\n";
    let file = Scratch::new("broken.toml", broken.as_bytes());
    let printed = |format: &str| out(&detect(&["check", file.path(), "--format", format]));
    let messages: Vec<Json> = printed("ndjson")
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    assert!(!messages.is_empty());
    let table = printed("table");
    assert_eq!(table.lines().count(), messages.len() + 1, "{table}");
    for (line, message) in table.lines().skip(1).zip(&messages) {
        for name in ["level", "path", "message"] {
            let text = message[name].as_str().expect("a text");
            assert!(line.contains(text), "{text} is not in {line}");
        }
    }
    let whole: Json = serde_json::from_str(&printed("json")).expect("JSON");
    assert_eq!(whole["messages"].as_array(), Some(&messages));
}

#[test]
fn nobody_reads_the_output() {
    for (args, bytes) in [
        (&["generate", "-n", "50000"][..], 100),
        (&["scan", EXAMPLE, "--quiet"], 0),
        (&["scan", EXAMPLE], 0),
        (&["scan", EXAMPLE, "--threads", "2", "--format", "ndjson"], 0),
        (&["matrix", EXAMPLE], 0),
        (&["rules"], 0),
        (&["check", RULES], 0),
        (&["test", RULES], 0),
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_detect"))
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut some = vec![0; bytes];
        child.stdout.take().expect("a pipe").read_exact(&mut some).expect("output");
        let output = child.wait_with_output().expect("the program ends");
        assert_eq!(output.status.code(), Some(141), "{args:?}");
        let said = err(&output);
        assert_eq!(
            said.lines().collect::<Vec<_>>(),
            ["error: nobody reads the output any more, so the rest was not written"],
            "{args:?}"
        );
    }
}
