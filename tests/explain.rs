//! `detect explain` from outside: the page of a rule in its three forms, and what
//! happens to names that mean nothing or too much.

#![cfg(feature = "cli")]

#[path = "explain/corpus.rs"]
mod corpus;
mod process;

use process::{ended, err, out};
use serde_json::Value as Json;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

const SEED: &str = "8eeeda11-dca6-4c3e-910f-7089db412d1c";
const NAME: &str = "File Transfer Utility Launched from Unusual Parent";
const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");

fn detect(args: &[&str]) -> Output {
    ended(Command::new(env!("CARGO_BIN_EXE_detect")).args(args), b"")
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
    let empty = format!("{}/empty.ndjson", folder.path());
    fs::write(&empty, "").expect("a file");
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
        (&["explain", "zzzzzz", "--optimizer"], 2, &["there is no rule"]),
        (&["explain", SEED, "--event", "/there/is/nothing"], 3, &["cannot read"]),
        (&["explain", SEED, "--event", &empty, "--format", "html"], 2, &["text or json"]),
        (&["explain", SEED, "--optimizer", "--format", "html"], 2, &["text or json"]),
        (&["explain", "--attack-navigator", "/there/is/nothing"], 3, &["cannot write"]),
        (&["explain"], 2, &["required"]),
        (&["catalog", "--out", "/dev/null/site"], 3, &["cannot write"]),
        (&["check", folder.path(), "--hygiene", "--data", &empty], 2, &["no events"]),
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
    assert_eq!((&answers[0]["matches"], &answers[1]["matches"]), (&true.into(), &false.into()));
    let text = out(&detect(&["explain", SEED, "--event", &file]));
    assert!(text.contains("the compiled form agrees") && text.contains("decided by"), "{text}");

    // What is of another index does not match, whatever its fields say.
    let foreign = event.replacen('{', r#"{"_index":"logs-other-default","#, 1);
    fs::write(&file, foreign).expect("a file");
    let answer = json(&["explain", SEED, "--event", &file, "--format", "json"]);
    assert_eq!(answer["conditions"][0]["holds"], true);
    assert_eq!(answer["matches"], false);
    assert_eq!(answer["compiled_agrees"], true);
    let index = serde_json::json!({ "name": "logs-other-default", "admitted": false });
    assert_eq!(answer["index"], index);
    let text = out(&detect(&["explain", SEED, "--event", &file]));
    assert!(text.contains("its index logs-other-default is none of logs-endpoint"), "{text}");
}

/// A sequence, a threshold and new terms: where an event goes, what was there before it
/// in the file, what is waited for.
#[test]
fn state_that_an_event_enters() {
    let sequence = rule(
        "s",
        "Sequence",
        "sequence by host.id with maxspan=1m [process where process.name == \"a\"] \
         [network where process.name == \"b\"] until [process where process.name == \"end\"]",
    );
    let sequence = sequence.replace("\"query\"\n", "\"eql\"\n").replace("\"kuery\"\n", "\"eql\"\n");
    let head = |id: &str, rule_type: &str, rest: &str| {
        let own = format!("type = \"{rule_type}\"\n");
        rule(id, id, "process.name: a").replace("type = \"query\"\n", &own) + rest
    };
    let threshold =
        head("threshold", "threshold", "[rule.threshold]\nfield = [\"host.id\"]\nvalue = 3\n");
    let terms = head(
        "terms",
        "new_terms",
        "[rule.new_terms]\nfield = \"new_terms_fields\"\nvalue = [\"host.id\"]\n\
         [[rule.new_terms.history_window_start]]\nfield = \"history_window_start\"\n\
         value = \"now-7d\"\n",
    );
    let event = |category: &str, host: &str, name: &str| {
        let event = serde_json::json!({
            "@timestamp": "2026-01-01T00:00:00Z",
            "event": { "category": category },
            "host": { "id": host },
            "process": { "name": name },
        });
        format!("{event}\n")
    };
    let events = [
        event("process", "h", "a"),
        event("network", "g", "b"),
        event("network", "h", "b"),
        event("process", "h", "end"),
        event("process", "h", "a"),
    ];
    let folder = Folder::new(
        "state",
        &[
            ("sequence.toml", &sequence),
            ("threshold.toml", &threshold),
            ("terms.toml", &terms),
            ("e.ndjson", &events.concat()),
        ],
    );
    let file = format!("{}/e.ndjson", folder.path());
    let answers = |name: &str| -> Vec<Json> {
        let asked =
            ["explain", name, "--rules", folder.path(), "--event", &file, "--format", "json"];
        let output = detect(&asked);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        out(&output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let of = answers("Sequence");
    let state = |number: usize| of[number]["state"][0].as_str().unwrap_or_default().to_owned();
    assert!(
        state(0).starts_with("enters as event 1 of 2: host.id = h; waits for event 2: "),
        "{}",
        state(0)
    );
    assert!(state(1).ends_with("no event of this file is pending before it"), "{}", state(1));
    assert!(state(2).contains("goes on from event 1 of the file; completes"), "{}", state(2));
    assert!(state(3).contains("clears what is pending"), "{}", state(3));
    let pending = &of[2]["pending"][0];
    assert_eq!(pending["what"], "term");
    assert_eq!((pending["place"].as_u64(), pending["of"].as_u64()), (Some(2), Some(2)));
    assert_eq!(pending["key"], serde_json::json!({ "host.id": "h" }));
    assert_eq!(pending["earlier"], serde_json::json!([1]));

    let of = answers("threshold");
    let state = of[4]["state"][0].as_str().unwrap_or_default();
    assert!(state.contains("behind event 1 of the file; 2 of 3 events"), "{state}");
    assert_eq!(of[1]["state"], serde_json::json!([]));

    let of = answers("terms");
    let state = |number: usize| of[number]["state"][0].as_str().unwrap_or_default();
    assert!(state(0).contains("history") && state(4).contains("seen before"), "{of:?}");
}

#[test]
fn the_optimizer_is_explained() {
    let asked = json(&["explain", SEED, "--optimizer", "--format", "json"]);
    let condition = &asked["conditions"][0];
    assert_eq!(condition["roles"], serde_json::json!(["condition"]));
    assert!(condition["guard"].as_str().is_some_and(|guard| guard.contains("event.type")));
    let cost = condition["witness"]["ns_per_event"].as_f64().expect("a witness with its cost");
    assert!(cost > 0.0);
    let others = condition["others"].as_array().expect("others");
    assert!(!others.is_empty());
    for other in others {
        assert!(other["ns_per_event"].as_f64() >= Some(cost), "the cheapest is chosen: {other}");
    }
    assert!(condition["ns_per_run"].as_f64() > Some(0.0));
    let has = |all: &Json, member: &str, part: &str| {
        all.as_array().is_some_and(|all| {
            all.iter().any(|one| one[member].as_str().is_some_and(|text| text.contains(part)))
        })
    };
    assert!(has(&condition["steps"], "text", "rsync"), "{condition}");
    assert!(has(&condition["shared"], "test", "host.os.type"), "{condition}");
    let text = out(&detect(&["explain", SEED, "--optimizer"]));
    for part in ["guard: ", "witness, ", " ns an event", "witnesses that cost more", " rules  "] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// A profile of the folder moves the choice of a witness, and a wrong one is said to be.
#[test]
fn a_profile_moves_the_witness() {
    let path = format!("{RULES}/linux/file_transfer_utility_launched_from_unusual_parent.toml");
    let seed = fs::read_to_string(path).expect("the seed's rule");
    let folder = Folder::new("profile", &[("seed.toml", &seed)]);
    let at = ["explain", SEED, "--rules", folder.path(), "--optimizer", "--format", "json"];
    let witness = || json(&at)["conditions"][0]["witness"].clone();
    let builtin = witness();
    // Here the events with the fields that it asks for are those without the others.
    let field = |path: &str, share: &str| {
        format!("[fields.\"{path}\"]\npresence = {share}\nlength = 9.0\n")
    };
    let profile = |name: &str, parent: &str| {
        let text = [
            field("process.name", name),
            field("process.parent.name", parent),
            field("process.parent.executable", parent),
        ];
        fs::write(folder.0.join("detect-profile.toml"), text.concat()).expect("a file");
    };
    profile("0.9", "0.0");
    let parent = witness();
    profile("0.0", "0.9");
    let name = witness();
    let tests = |witness: &Json| witness["tests"].to_string();
    assert!(tests(&parent).contains("process.parent."), "{parent}");
    assert!(tests(&name).contains("process.name"), "{name}");
    assert!(!tests(&name).contains("process.parent."), "{name}");
    assert_ne!(name["ns_per_event"], builtin["ns_per_event"]);
    fs::write(folder.0.join("detect-profile.toml"), "[fields.x]\npresence = 7\n").expect("a file");
    let output = detect(&at);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("detect-profile.toml"), "{}", err(&output));
}

/// `check --hygiene` and the pages of the catalogue say the same.
#[test]
fn hygiene_of_a_folder() {
    let cases = "{\"name\":\"n\",\"rule_id\":\"id-1\",\"events\":[],\"expect\":\"match\"}\n";
    let folder = Folder::new(
        "hygiene",
        &[
            ("a.toml", &rule("id-1", "One", "process.name: (a or b) and event.dataset: x.y")),
            ("a.tests.ndjson", cases),
            ("b.toml", &rule("id-2", "Two", "event.dataset: x.y and process.name: (b or a)")),
            ("c.toml", &rule("id-3", "Three", "process.name: (a or b or c*)")),
            ("d.toml", &rule("id-4", "Four", "dns.question.name: z")),
            ("e.toml", &rule("id-5", "Five", "proces.name: z")),
        ],
    );
    let event = "{\"process\":{\"name\":\"a\"}}\n";
    let events = Folder::new("hygiene-events", &[("e.ndjson", event)]);
    let file = format!("{}/e.ndjson", events.path());
    let args = ["check", folder.path(), "--hygiene", "--data", &file, "--format", "json"];
    let hygiene = json(&args)["hygiene"].clone();
    let pair = |pair: &Json| {
        format!("{} {} {}", pair["kind"], pair["rules"][0]["name"], pair["rules"][1]["name"])
            .replace('"', "")
    };
    let pairs: Vec<String> = hygiene["pairs"].as_array().expect("pairs").iter().map(pair).collect();
    assert_eq!(pairs, ["equal One Two", "narrower One Three", "narrower Two Three"]);
    assert_eq!(hygiene["unsampled"].as_array().map(Vec::len), Some(4));
    let blind = |one: &Json| format!("{}: {}", one["rule"]["name"], one["why"]).replace('"', "");
    let blind: Vec<String> =
        hygiene["blind"].as_array().expect("blind").iter().map(blind).collect();
    assert_eq!(
        blind,
        [
            "One: no event has event.dataset",
            "Two: no event has event.dataset",
            "Four: no event has dns.question.name",
            "Five: no event has proces.name"
        ]
    );
    let text = out(&detect(&["check", folder.path(), "--hygiene"]));
    assert!(text.contains("rules that hold for the same events: 1"), "{text}");

    let site = Folder::new("hygiene-site", &[]);
    let asked = ["catalog", "--rules", folder.path(), "--out", site.path(), "--data", &file];
    assert_eq!(detect(&asked).status.code(), Some(0));
    let page = fs::read_to_string(site.0.join("hygiene.html")).expect("the page");
    assert!(page.contains("holds for the same events as") && page.contains("id=\"blind\""));
    assert!(page.contains("<code>unknown-field</code>") && page.contains("proces.name"), "{page}");
    let one = fs::read_to_string(site.0.join("rules/id-1.html")).expect("the rule's page");
    assert!(one.contains("Holds for the same events as") && one.contains("id-2.html"), "{one}");
    assert!(one.contains("Holds only when this one does too:"), "{one}");
    assert!(one.contains("It cannot see the given data"), "{one}");
    let three = fs::read_to_string(site.0.join("rules/id-3.html")).expect("the rule's page");
    assert!(three.contains("<dt>Samples</dt><dd>none</dd>"), "{three}");
    assert!(one.contains("<dt>Samples</dt><dd>1 that alert, 0 that do not</dd>"), "{one}");
}

/// Every bundled rule over the events of all samples and over documents of the public
/// matrix: the tree that is shown holds exactly where the compiled form does.
#[test]
fn both_forms_agree_on_every_event() {
    let mut events = Vec::new();
    for entry in fs::read_dir(format!("{RULES}/linux")).expect("rules").flatten() {
        if !entry.path().display().to_string().ends_with(".tests.ndjson") {
            continue;
        }
        for line in fs::read_to_string(entry.path()).expect("cases").lines() {
            let case: Json = serde_json::from_str(line).expect("a case");
            events.extend(case["events"].as_array().expect("events").iter().map(Json::to_string));
        }
    }
    let own = events.len();
    assert!(own > 20, "{own} events");
    let matrix =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/conformance/triggers/cross.events.ndjson");
    match fs::read_to_string(matrix) {
        Ok(text) => events.extend(text.lines().step_by(40).map(str::to_owned)),
        Err(_) => println!("skipped: ../shared/conformance is not there"),
    }
    let folder = Folder::new("agree", &[("e.ndjson", &events.join("\n"))]);
    let file = format!("{}/e.ndjson", folder.path());
    let mut held = 0;
    for entry in fs::read_dir(format!("{RULES}/linux")).expect("rules").flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let name = format!("linux/{}", entry.file_name().to_string_lossy());
        let output = detect(&["explain", &name, "--event", &file, "--format", "json"]);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", err(&output));
        let text = out(&output);
        assert_eq!(text.lines().count(), events.len(), "{name}");
        for line in text.lines() {
            let answer: Json = serde_json::from_str(line).expect("JSON");
            assert_eq!(answer["compiled_agrees"], true, "{name}: {line}");
            let conditions = answer["conditions"].as_array().expect("conditions");
            held += conditions.iter().filter(|condition| condition["holds"] == true).count();
        }
    }
    println!("{} events, {held} times a condition held", events.len());
    assert!(held > 0);
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
