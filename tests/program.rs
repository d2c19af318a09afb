//! The program from outside: output, exit codes, files.

#![cfg(feature = "cli")]

mod bad_input;
mod process;
mod records;
mod scan_options;

use process::{ended, err, out};
use serde_json::Value as Json;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/events.ndjson");
const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");

fn detect(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_detect"))
        .args(args)
        .stdin(Stdio::null())
        .output()
        .expect("the program starts")
}

fn with_input(args: &[&str], input: &[u8]) -> Output {
    ended(Command::new(env!("CARGO_BIN_EXE_detect")).args(args), input)
}

#[test]
fn reference_mode_prints_the_same() {
    for command in [&["scan", "--quiet", EXAMPLE][..], &["matrix", EXAMPLE]] {
        let (fast, plain) = (detect(command), detect(&[command, &["--reference"]].concat()));
        assert!(plain.status.success(), "{command:?}: {}", err(&plain));
        assert!(!out(&fast).is_empty());
        assert_eq!(out(&fast), out(&plain), "{command:?}");
    }
}

/// The program leaves long texts out of the compiled rules; full alerts have them all
/// the same, and are else as short ones are.
#[test]
fn full_alerts_carry_the_texts_of_their_rules() {
    const LONG: [&str; 3] =
        ["kibana.alert.rule.note", "kibana.alert.rule.setup", "kibana.alert.rule.parameters.query"];
    let alerts = |more: &[&str]| -> Vec<Json> {
        let output =
            detect(&[&["scan", "--quiet", "--format", "ndjson", EXAMPLE][..], more].concat());
        let lines = out(&output);
        lines.lines().map(|line| serde_json::from_str(line).expect("an alert")).collect()
    };
    let (short, mut full) = (alerts(&[]), alerts(&["--alert-fields", "full"]));
    assert!(!short.is_empty());
    for alert in &mut full {
        let name = text(&alert["kibana.alert.rule.name"]);
        let members = alert.as_object_mut().expect("an object");
        let long = LONG.map(|name| members.remove(name));
        assert!(long[2].is_some(), "{name} says its query");
    }
    assert_eq!(short, full);
    assert!(short.iter().all(|alert| LONG.iter().all(|name| alert.get(name).is_none())));
}

/// A file or folder that is removed at the end of the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, bytes: &[u8]) -> Scratch {
        let path = std::env::temp_dir().join(format!("detect-{}-{name}", std::process::id()));
        fs::write(&path, bytes).expect("a scratch file");
        Scratch(path)
    }

    fn folder(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("detect-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a scratch folder");
        Scratch(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a path of UTF-8")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.0).or_else(|_| fs::remove_dir_all(&self.0));
    }
}

#[test]
fn started_with_nothing_it_shows_the_example() {
    let output = detect(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    for rule in [
        "File Transfer Utility Launched from Unusual Parent",
        "Many Ports of One Address Tried by One Process",
        "Program Runs from Shared Memory",
        "SSH Keys Changed by an Unusual Program",
        "Script Fetched and Run from a Temporary Folder",
    ] {
        assert!(out(&output).contains(rule), "{rule}");
    }
    let times: Vec<String> =
        out(&output).lines().skip(1).map(|line| line.chars().take(23).collect()).collect();
    assert!(times.is_sorted(), "people read by time: {times:?}");
    for loss in ["unread", "unparsable", "late", "future", "evicted"] {
        assert!(err(&output).contains(loss), "{loss}");
    }
    // A sequence is one row.
    let parts = "alerts      9 (2 of them events of sequences)\n";
    assert_eq!(times.len(), 7);
    assert!(err(&output).contains(parts), "{}", err(&output));
}

/// `DETECT_BLESS=1` writes the expected alerts anew.
#[test]
fn alerts_of_the_example() {
    let golden =
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/example.alerts.ndjson"));
    let alerts = out(&detect(&["scan", EXAMPLE, "-q", "--format", "ndjson"]));
    if std::env::var_os("DETECT_BLESS").is_some() {
        fs::write(golden, &alerts).expect("a file to write");
    }
    assert_eq!(alerts, fs::read_to_string(golden).unwrap_or_default());
}

#[test]
fn threads_and_packing_do_not_change_a_byte() {
    let text = fs::read(EXAMPLE).expect("the example");
    let one = detect(&["scan", EXAMPLE, "-q", "--format", "ndjson"]).stdout;
    assert!(!one.is_empty());
    for threads in ["2", "3", "5"] {
        let args = ["scan", EXAMPLE, "-q", "--format", "ndjson", "--threads", threads];
        assert_eq!(detect(&args).stdout, one, "{threads} threads");
    }
    assert_eq!(with_input(&["scan", "-", "-q", "--format", "ndjson"], &text).stdout, one);
}

#[test]
fn exit_codes() {
    let bad = Scratch::new("bad.ndjson", b"{\"a\":1}\nnot json\n");
    let dead = Scratch::new("exit.dead", b"");
    let rows: &[(&[&str], i32, &str)] = &[
        (&["scan", "/there/is/no/such/file"], 3, "cannot read `/there/is/no/such/file`"),
        (&["scan", RULES], 3, "it is a folder"),
        (&["scan", EXAMPLE, "/there/is/no/such/file"], 3, "cannot read"),
        (&["scan", EXAMPLE, "--dead-letter", "/no/such/folder/file"], 3, "cannot write"),
        (&["scan", "--allowed-lateness", "5"], 2, "a unit is missing"),
        (&["scan", bad.path(), "--strict"], 1, ":2:1: not a JSON object"),
        // Lines that the search before the parse never walks are not known to be bad.
        (&["scan", bad.path()], 0, "unread      2"),
        (
            &["scan", bad.path(), "--dead-letter", dead.path()],
            0,
            "unparsable  1 (1 not a JSON object)",
        ),
        (&["check", "/there/is/no/such/folder"], 3, "cannot read"),
        (&["rules", "--verify", RULES], 0, ""),
        (&["bench", "--generate", "0"], 2, "no events"),
    ];
    for (args, code, message) in rows {
        let output = detect(args);
        assert_eq!(output.status.code(), Some(*code), "{args:?}: {}", err(&output));
        assert!(err(&output).contains(message), "{args:?}: {}", err(&output));
        if *code == 3 {
            assert_eq!(err(&output).lines().count(), 1, "{args:?}: {}", err(&output));
            assert!(out(&output).is_empty(), "{args:?}");
        }
    }
}

/// Which files are not those that were compiled in.
#[test]
fn rules_compared_with_a_folder() {
    let folder = Scratch::folder("verify");
    let linux = Path::new(RULES).join("linux");
    fs::create_dir_all(folder.0.join("linux")).expect("a temporary folder");
    for entry in fs::read_dir(&linux).expect("the rules").flatten() {
        let to = folder.0.join("linux").join(entry.file_name());
        fs::copy(entry.path(), to).expect("a temporary file");
    }
    let verify = || {
        let output = detect(&["rules", "--verify", folder.path(), "--format", "ndjson"]);
        let states = out(&output);
        let mut named: Vec<(String, String)> = states
            .lines()
            .map(|line| serde_json::from_str::<Json>(line).expect("JSON"))
            .map(|file| (text(&file["state"]), text(&file["path"])))
            .collect();
        named.retain(|(state, _)| state != "equal");
        (output.status.code(), named)
    };
    assert_eq!(verify(), (Some(0), Vec::new()));
    let file = |name: &str| folder.0.join("linux").join(name);
    let changed = "program_runs_from_shared_memory.tests.ndjson";
    fs::write(file(changed), "\n").expect("a temporary file");
    fs::write(file("mine.toml"), "").expect("a temporary file");
    fs::remove_file(file("many_ports_tried_by_one_process.toml")).expect("the rule");
    // What is no rule and goes with none does not count.
    fs::write(file("README.md"), "").expect("a temporary file");
    let (code, mut named) = verify();
    named.sort();
    let expected = [
        ("added", "linux/mine.toml".to_owned()),
        ("changed", format!("linux/{changed}")),
        ("missing", "linux/many_ports_tried_by_one_process.toml".to_owned()),
    ];
    assert_eq!(named, expected.map(|(state, path)| (state.to_owned(), path)));
    assert_eq!(code, Some(1));
    let nowhere = detect(&["rules", "--verify", "/there/is/no/such/folder"]);
    assert_eq!(nowhere.status.code(), Some(3), "{}", err(&nowhere));
}

fn text(value: &Json) -> String {
    value.as_str().expect("a text").to_owned()
}

#[test]
fn bad_lines_are_buried_with_their_places() {
    let input = Scratch::new("lines.ndjson", b"{\"a\":1}\r\n\n[1]\n{\"a\"");
    let letters = Scratch::new("dead.ndjson", b"");
    for threads in ["1", "3"] {
        detect(&["scan", input.path(), "--dead-letter", letters.path(), "--threads", threads]);
        let text = fs::read_to_string(&letters.0).expect("the dead letters");
        let letters: Vec<Json> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let places: Vec<_> = letters.iter().map(|l| (&l["line"], &l["offset"])).collect();
        assert_eq!(places, [(&Json::from(3), &Json::from(10)), (&Json::from(4), &Json::from(14))]);
        assert_eq!(letters[0]["text"], "[1]");
    }
}

#[test]
fn check_says_what_is_wrong() {
    let rule = Scratch::new(
        "rule.toml",
        b"[rule]\nname = \"x\"\ndescription = \"x\"\nrule_id = \"x\"\ntype = \"esql\"\n\
          severity = \"low\"\nrisk_score = 1\nquery = 'from logs-* | wher x == 1'\n",
    );
    let output = detect(&["check", rule.path()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).contains("rule.toml:8:"), "{}", out(&output));
    assert!(out(&output).ends_with("1 rules: 0 compile, 1 refused\n"), "{}", out(&output));
    let output = detect(&["check", rule.path(), "--format", "json"]);
    let whole: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(whole["refused"], 1);
    assert_eq!(whole["messages"][0]["line"], 8);
    let output = detect(&["check", RULES]);
    assert_eq!(output.status.code(), Some(0), "{}", out(&output));
}

#[test]
fn the_state_of_rules_changes_during_a_run() {
    let name = "linux/program_runs_from_shared_memory.toml";
    let state = Scratch::new(
        "state.json",
        format!("{{\"{name}\":{{\"severity\":\"critical\",\"risk_score\":99}}}}").as_bytes(),
    );
    let event = b"{\"@timestamp\":\"2026-01-01T00:00:00Z\",\"event\":{\"category\":\"process\",\
        \"type\":\"start\",\"action\":\"exec\"},\"host\":{\"os\":{\"type\":\"linux\"}},\
        \"process\":{\"executable\":\"/dev/shm/x\",\"name\":\"x\"}}\n";
    let mut child = Command::new(env!("CARGO_BIN_EXE_detect"))
        .args(["scan", "-", "-q", "--format", "ndjson", "--rules-state", state.path()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut input = child.stdin.take().expect("a pipe");
    let pause = std::time::Duration::from_millis(1500);
    input.write_all(event).expect("the program reads");
    input.flush().expect("the program reads");
    for text in ["{}".to_owned(), format!("{{\"{name}\":{{\"enabled\":false}}}}")] {
        std::thread::sleep(pause);
        fs::write(&state.0, text).expect("a temporary file");
        input.write_all(event).expect("the program reads");
        input.flush().expect("the program reads");
    }
    drop(input);
    let output = child.wait_with_output().expect("the program ends");
    let severities: Vec<Json> = out(&output)
        .lines()
        .map(|line| {
            serde_json::from_str::<Json>(line).expect("JSON")["kibana.alert.severity"].clone()
        })
        .collect();
    assert_eq!(severities, ["critical", "high"]);
}

/// What an earlier build matched beside what this one does: nothing, or the documents
/// of each rule that are new or gone.
#[test]
fn matrix_against_a_saved_one() {
    let now = out(&detect(&["matrix", EXAMPLE]));
    let saved = Scratch::new("matrix.csv", now.as_bytes());
    let same = detect(&["matrix", EXAMPLE, "--diff", saved.path()]);
    assert_eq!((same.status.code(), out(&same).as_str()), (Some(0), ""), "{}", err(&same));

    // The first row that has documents loses its first one and gains another; a rule
    // is gone.
    let row = now.lines().find(|row| !row.ends_with(',')).expect("a row with documents");
    let (rule, numbers) = row.rsplit_once(',').expect("a row");
    let mut numbers: Vec<&str> = numbers.split(' ').collect();
    let first = numbers.remove(0);
    numbers.push("999999");
    let old = now.replace(row, &format!("{rule},{}", numbers.join(" "))) + "gone,gone.toml,3 4\n";
    let saved = Scratch::new("matrix.old.csv", old.as_bytes());
    for mode in [&[][..], &["--reference"]] {
        let args = [&["matrix", EXAMPLE, "--diff", saved.path()], mode].concat();
        let differs = detect(&args);
        assert_eq!(differs.status.code(), Some(1), "{}", err(&differs));
        let mut lines: Vec<String> = out(&differs).lines().map(str::to_owned).collect();
        lines.sort();
        let mut expected = [
            format!("+,{rule},{first}"),
            format!("-,{rule},999999"),
            "-,gone,gone.toml,3 4".to_owned(),
        ];
        expected.sort();
        assert_eq!(lines, expected);
    }

    let broken = Scratch::new("matrix.broken.csv", b"a,b.toml,1\nno row\n");
    let output = detect(&["matrix", EXAMPLE, "--diff", broken.path()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(err(&output).contains("line 2 is not"), "{}", err(&output));
}

/// Off, a rule makes what it finds; asked for, no more than a hundred alerts in a run.
#[test]
fn max_signals_on_request() {
    let event = |n: u32| {
        format!(
            "{{\"@timestamp\":\"2026-03-02T08:00:00Z\",\"_id\":\"{n}\",\
             \"event\":{{\"category\":[\"process\"],\"type\":[\"start\"],\"action\":\"exec\"}},\
             \"host\":{{\"os\":{{\"type\":\"linux\"}}}},\
             \"process\":{{\"executable\":\"/dev/shm/x\",\"name\":\"x\"}}}}\n"
        )
    };
    let events: String = (0..150).map(event).collect();
    let input = Scratch::new("signals.ndjson", events.as_bytes());
    for threads in ["1", "2"] {
        let args = ["scan", input.path(), "--format", "ndjson", "--threads", threads];
        let all = detect(&args);
        assert_eq!(out(&all).lines().count(), 150, "{}", err(&all));
        assert!(err(&all).contains("capped      0"), "{}", err(&all));
        let cut = detect(&[&args[..], &["--max-signals"]].concat());
        assert_eq!(out(&cut).lines().count(), 100, "{}", err(&cut));
        assert!(err(&cut).contains("capped      50"), "{}", err(&cut));
    }
}

#[test]
fn samples_of_the_rules_pass() {
    let output = detect(&["test", RULES]);
    assert_eq!(output.status.code(), Some(0), "{}", out(&output));
    assert!(out(&output).contains("; 0 failed"), "{}", out(&output));
}

#[test]
fn the_generated_stream() {
    let args = ["generate", "-n", "4000", "--match-rate", "5%", "--seed", "3"];
    let stream = detect(&args).stdout;
    assert_eq!(detect(&args).stdout, stream);
    assert_ne!(
        detect(&["generate", "-n", "4000", "--match-rate", "5%", "--seed", "4"]).stdout,
        stream
    );
    let lines = stream.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let sizes: Vec<usize> = lines.map(<[u8]>::len).collect();
    assert_eq!(sizes.len(), 4000);
    let mean = sizes.iter().sum::<usize>() / sizes.len();
    assert!((1500..2500).contains(&mean), "{mean} bytes an event");
    let file = Scratch::new("stream.ndjson", &stream);
    let matrix = out(&detect(&["matrix", file.path()]));
    let row = matrix
        .lines()
        .find(|line| line.starts_with("8eeeda11-dca6-4c3e-910f-7089db412d1c"))
        .expect("the row of the rule");
    let matches = row.rsplit(',').next().expect("numbers").split(' ').count();
    assert!((150..250).contains(&matches), "{matches} matches");
}

#[test]
fn a_profile_counts_fields_and_values() {
    let lines = [
        r#"{"process":{"name":"scp"},"event":{"action":["exec","exec"]}}"#,
        r#"{"process.name":"sc\u0070"}"#,
        r#"{"process":{"name":"bash"}}"#,
        r#"{"user":{"name":"x"}}"#,
        "no event",
    ];
    let events = Scratch::new("profile", lines.join("\n").as_bytes());
    let output = detect(&["profile", events.path()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let profile: toml::Table = out(&output).parse().expect("TOML");
    let name = &profile["fields"]["process.name"];
    assert_eq!(name["presence"].as_float(), Some(0.75));
    assert_eq!(name["length"].as_float(), Some(3.3), "(3 + 3 + 4) / 3");
    assert_eq!(name["values"]["scp"].as_float(), Some(0.5));
    assert_eq!(name["values"]["bash"].as_float(), Some(0.25));
    // A share is one of events.
    assert_eq!(profile["fields"]["event.action"]["values"]["exec"].as_float(), Some(0.25));
    detect_compiler::ruleset::statistics::Statistics::with_profile(&out(&output))
        .expect("the compiler reads it");
}

#[test]
fn costs_by_rule_and_field() {
    let output = detect(&["profile", "--costs", "--format", "ndjson", EXAMPLE]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let records: Vec<Json> =
        out(&output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of = |what: &str| records.iter().filter(|record| record["what"] == what).count();
    assert!(of("rule") > 0 && of("field") > 0, "{records:?}");
    for record in records.iter().filter(|record| record["what"] == "rule") {
        let number = |name: &str| record[name].as_u64().expect("a count");
        assert!(number("matches") <= number("hits") && number("runs") <= number("hits"));
    }
    assert!(records.iter().any(|record| record["matches"].as_u64() > Some(0)), "{records:?}");
}

/// Each kind of bad line: it is counted, does not stop the scan, is buried with its
/// place, and ends a strict scan. The same for any number of threads.
#[test]
fn each_kind_of_bad_line() {
    let deep = [&b"{\"a\":"[..], &[b'['; 200], &[b']'; 200], b"}"].concat();
    let long = [&b"{\"a\":\""[..], &[b'x'; 2000], b"\"}"].concat();
    let rows: &[(&[u8], &str)] = &[
        (b"[1]", "not a JSON object"),
        (b"{\"a\":\"x", "unterminated string"),
        (b"{\"a\":{\"b\":1}", "unterminated object or array"),
        (b"{\"a\":1} {", "text behind the object"),
        (b"{\"a\" 1}", "unexpected character"),
        (b"{\"a\":01}", "malformed number"),
        (b"{\"a\":\"\\q\"}", "malformed escape"),
        (b"{\"a\":\"\0\"}", "control character in a string"),
        (b"{\"a\":\"\xff\"}", "invalid UTF-8"),
        (&deep, "nesting too deep"),
        (&long, "line too long"),
    ];
    let good = b"\xef\xbb\xbf{\"a\":1}\r\n\r\n{\"a\":1e999,\"a\":\"\\ud800\"}\n";
    for (number, (line, reason)) in rows.iter().enumerate() {
        let text = [&good[..], *line, b"\n{\"b\":2}"].concat();
        let input = Scratch::new(&format!("kind-{number}.ndjson"), &text);
        let letters = Scratch::new(&format!("kind-{number}.dead"), b"");
        // Twice the same file: the places are those of each.
        for threads in ["1", "3"] {
            let args = ["scan", input.path(), input.path(), "--line-limit", "1k"];
            let args = [&args[..], &["--threads", threads]].concat();
            let output = detect(&[&args[..], &["--dead-letter", letters.path()]].concat());
            let count = format!("unparsable  2 (2 {reason})");
            assert_eq!(output.status.code(), Some(0), "{reason}: {}", err(&output));
            assert!(err(&output).contains(&count), "{reason}: {}", err(&output));
            let buried = fs::read_to_string(&letters.0).expect("the dead letters");
            assert_eq!(buried.lines().count(), 2, "{buried}");
            for letter in buried.lines() {
                let letter: Json = serde_json::from_str(letter).expect("JSON");
                let place = (&letter["line"], &letter["offset"], &letter["reason"]);
                let offset = Json::from(good.len());
                assert_eq!(place, (&Json::from(4), &offset, &Json::from(*reason)));
                assert_eq!(letter["file"], input.path());
            }
            let output = detect(&[&args[..], &["--strict"]].concat());
            assert_eq!(output.status.code(), Some(1), "{reason}: {}", err(&output));
            assert!(err(&output).contains(".ndjson:4:"), "{reason}: {}", err(&output));
        }
    }
}
