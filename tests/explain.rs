//! `detect explain` from outside: the page of a rule in its three forms, and what
//! happens to names that mean nothing or too much.

#![cfg(feature = "cli")]

use serde_json::Value as Json;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const SEED: &str = "8eeeda11-dca6-4c3e-910f-7089db412d1c";
const NAME: &str = "File Transfer Utility Launched from Unusual Parent";
const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");

fn detect(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_detect"))
        .args(args)
        .stdin(Stdio::null())
        .output()
        .expect("the program starts")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(args: &[&str]) -> Json {
    let output = detect(args);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// A folder that is removed at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Folder {
        let path = std::env::temp_dir().join(format!("detect-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a scratch folder");
        for (file, text) in files {
            fs::write(path.join(file), text).expect("a scratch file");
        }
        Folder(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a path of UTF-8")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

fn rule(id: &str, name: &str, query: &str) -> String {
    format!(
        "[rule]\nname = \"{name}\"\ndescription = \"d\"\nrule_id = \"{id}\"\ntype = \"query\"\n\
         severity = \"low\"\nrisk_score = 21\nlanguage = \"kuery\"\nquery = '''{query}'''\n"
    )
}

#[test]
fn json_has_the_fixed_members() {
    let page = json(&["explain", NAME, "--format", "json"]);
    for (member, expected) in [
        ("id", Json::from(SEED)),
        ("name", NAME.into()),
        ("type", "esql".into()),
        ("language", "esql".into()),
        ("status", "production".into()),
        ("severity", "medium".into()),
        ("risk_score", 47.into()),
        ("author", serde_json::json!(["Elastic"])),
        ("window", "61m".into()),
        ("interval", "1h".into()),
        ("group_by", serde_json::json!(["process.executable", "process.parent.executable"])),
        ("index", serde_json::json!(["logs-endpoint.events.process-*"])),
    ] {
        assert_eq!(page["rule"][member], expected, "{member}");
    }
    assert_eq!(page["stages"].as_array().map(Vec::len), Some(9));
    assert_eq!(page["stages"][8]["n"], 9);
    assert_eq!(page["output"][4], serde_json::json!({"field": "Esql.*", "source": "KEEP Esql.*"}));
    assert_eq!(page["threat"][0]["tactic"]["id"], "TA0010");
    let rows = page["indicators"].as_array().expect("rows");
    for row in rows {
        let members: Vec<&String> = row.as_object().expect("a row").keys().collect();
        assert_eq!(members, ["field", "kind", "values", "negated", "corpus"]);
    }
    let suffixes =
        rows.iter().find(|row| row["field"] == "process.parent.name" && row["kind"] == "wildcard");
    assert_eq!(suffixes.map(|row| row["values"].as_array().map(Vec::len)), Some(Some(9)));
}

#[test]
fn id_name_and_file_are_the_same_rule() {
    let file = format!("{RULES}/linux/file_transfer_utility_launched_from_unusual_parent.toml");
    let relative = "linux/file_transfer_utility_launched_from_unusual_parent.toml";
    let by_id = json(&["explain", SEED, "--format", "json"]);
    for name in [NAME, &NAME.to_lowercase(), relative] {
        assert_eq!(json(&["explain", name, "--format", "json"]), by_id, "{name}");
    }
    assert_eq!(json(&["explain", SEED, "--rules", RULES, "--format", "json"]), by_id);
    let mut by_file = json(&["explain", &file, "--format", "json"]);
    by_file["rule"]["path"] = by_id["rule"]["path"].clone();
    assert_eq!(by_file, by_id);
}

#[test]
fn text_is_plain_when_piped_and_html_is_whole() {
    let text = out(&detect(&["explain", SEED]));
    assert!(!text.contains('\x1b'));
    for part in ["Stages", "Indicators", "Output fields", "Rule body", "Stage 5: stats", "*.lua*"] {
        assert!(text.contains(part), "{part}");
    }
    let page = out(&detect(&["explain", SEED, "--format", "html"]));
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
    for part in [NAME, "process.parent.executable", "/lost+found/*", "KEEP Esql.*", "T1048"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("src=") && !page.contains("<link rel=\"stylesheet\""));
}

#[test]
fn names_that_mean_nothing_or_too_much() {
    let folder = Folder::new(
        "names",
        &[
            ("one.toml", &rule("id-1", "Twice", "process.name: a")),
            ("two.toml", &rule("id-2", "Twice", "process.name: b")),
            ("broken.toml", "[rule]\nname = \"Broken\"\nrule_id = \"id-3\n"),
            ("wrong.toml", &rule("id-4", "Wrong query", "process.pid > ")),
        ],
    );
    let lone = format!("{}/broken.toml", folder.path());
    let rows: &[(&[&str], i32, &[&str])] = &[
        (&["explain", "Twice", "--rules", folder.path()], 2, &["2 rules", "one.toml", "two.toml"]),
        (&["explain", "one.toml", "--rules", folder.path()], 0, &[]),
        (&["explain", "Twise", "--rules", folder.path()], 2, &["did you mean", "Twice"]),
        (&["explain", "broken.toml", "--rules", folder.path()], 1, &["broken.toml:3"]),
        (&["explain", "Wrong query", "--rules", folder.path()], 1, &["expected a value"]),
        (&["explain", "id-4", "--rules", folder.path()], 1, &["wrong.toml:9"]),
        (&["explain", "zzzzzz"], 2, &["there is no rule with the id, name or file `zzzzzz`"]),
        (&["explain", RULES], 2, &["is a folder"]),
        (&["explain", SEED, "--rules", "/there/is/nothing"], 3, &["cannot read"]),
        (&["explain", &lone], 1, &["broken.toml:3"]),
    ];
    for (args, code, parts) in rows {
        let output = detect(args);
        let said = err(&output);
        assert_eq!(output.status.code(), Some(*code), "{args:?}: {said}");
        for part in *parts {
            assert!(said.contains(part), "{args:?}: {part} is not in {said}");
        }
    }
}

#[test]
fn events_are_explained() {
    let event = r#"{"@timestamp":"2026-01-01T00:00:00Z","host":{"os":{"type":"linux"},"name":"h"},"event":{"type":"start","action":"exec"},"process":{"name":"scp","executable":"/usr/bin/scp","parent":{"name":"bash","executable":"/bin/bash"}},"agent":{"id":"a"}}"#;
    let other = event.replace("scp", "ls");
    let folder = Folder::new("event", &[("e.ndjson", &format!("{event}\n{other}\n"))]);
    let file = format!("{}/e.ndjson", folder.path());
    let output = detect(&["explain", SEED, "--event", &file, "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let answers: Vec<Json> =
        out(&output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0]["conditions"][0]["holds"], true);
    assert_eq!(answers[1]["conditions"][0]["holds"], false);
    let decided = answers[1]["conditions"][0]["decided_by"].to_string();
    assert!(decided.contains("process.name") && decided.contains("ls"), "{decided}");
    let state = answers[0]["state"][0].as_str().expect("a group");
    assert!(state.contains("process.parent.executable") && state.contains("/bin/bash"), "{state}");
    assert_eq!(answers[1]["state"].as_array().map(Vec::len), Some(0));
    for answer in &answers {
        assert_eq!(answer["compiled_agrees"], true);
    }
    let text = out(&detect(&["explain", SEED, "--event", &file]));
    assert!(text.contains("the compiled form agrees") && text.contains("decided by"), "{text}");
}

/// Members that the format of layers documents, version 4.5.
#[test]
fn a_layer_for_the_navigator() {
    let folder = Folder::new("layer", &[]);
    let file = format!("{}/layer.json", folder.path());
    let output = detect(&["explain", "--attack-navigator", &file]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let text = fs::read_to_string(&file).expect("a layer");
    let layer: Json = serde_json::from_str(&text).expect("JSON");
    assert_eq!(layer["versions"]["layer"], "4.5");
    assert_eq!(layer["domain"], "enterprise-attack");
    assert!(layer["name"].is_string() && layer["gradient"]["colors"].is_array());
    let techniques = layer["techniques"].as_array().expect("techniques");
    let found = techniques.iter().find(|one| one["techniqueID"] == "T1059.004");
    let found = found.expect("the seed's subtechnique");
    assert_eq!(found["tactic"], "execution");
    assert!(found["score"].as_u64() >= Some(1));
    assert_eq!(found["enabled"], true);
}

/// Every rule has its page, every link inside the site leads to a file.
#[test]
fn the_site_is_whole() {
    let folder = Folder::new("site", &[]);
    let output = detect(&["catalog", "--out", folder.path(), "--rules", RULES]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let index = fs::read_to_string(folder.0.join("index.html")).expect("the index");
    assert!(index.contains(&format!("rules/{SEED}.html")));
    let mut links = 0;
    for (below, name) in pages(&folder.0) {
        let text = fs::read_to_string(folder.0.join(&below).join(&name)).expect("a page");
        assert!(
            !text.contains("src=\"http") && !text.contains("<link rel=\"stylesheet\" href=\"http")
        );
        for link in text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            if link.starts_with("http") || link.starts_with('#') {
                continue;
            }
            links += 1;
            let target = folder.0.join(&below).join(link);
            assert!(target.exists(), "{below}/{name}: {link}");
        }
    }
    assert!(links > 100, "{links} links");
}

/// Folder and name of the pages of a site.
fn pages(root: &std::path::Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for below in ["", "rules", "attack", "fields"] {
        for entry in fs::read_dir(root.join(below)).expect("a folder").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().extension().is_some_and(|extension| extension == "html") {
                all.push((below.to_owned(), name));
            }
        }
    }
    all
}
