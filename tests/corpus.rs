//! All public rules, compiled: what must not matter to any of them. (What they
//! match is the business of `triggers`.) Skipped, saying so, where `../shared` is
//! not there.

#[cfg(not(shared_corpus))]
#[test]
fn every_rule_compiles() {
    println!("skipped: ../shared/corpus is not there");
}

#[cfg(shared_corpus)]
mod allocations;

#[cfg(shared_corpus)]
mod compiled {
    use super::allocations;
    use detect::runtime::engine::{Alert, Engine, Options, Ruleset, Sink};
    use detect::runtime::head::{Settings, Whole};
    use serde_json::{Map, Value, json};
    use std::path::Path;

    /// All rules of both corpora; a few share their ids.
    #[detect::ruleset(path = "../shared/corpus", on_error = "skip")]
    struct Corpus;

    /// A part of them.
    #[detect::ruleset(
        path = "../shared/corpus/detection-rules/rules/cross-platform",
        on_error = "skip"
    )]
    struct Part;

    /// The program's own rules.
    #[detect::ruleset(path = "rules")]
    struct Bundled;

    struct Nowhere;

    impl Sink for Nowhere {
        fn alert(&mut self, _alert: &Alert<'_>) {}
    }

    fn read(name: &str) -> String {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance/triggers");
        std::fs::read_to_string(folder.join(name)).expect("the matrix lies beside the corpora")
    }

    #[test]
    fn every_rule_compiles() {
        let table = Corpus::table();
        assert!(table.refused.is_empty(), "refused: {:#?}", table.refused);
        assert!(table.rules.len() > 2_000, "{} rules", table.rules.len());
    }

    /// How often each rule holds on each line.
    fn matches(lines: &[String]) -> Vec<Vec<u64>> {
        let settings = Settings { whole: Some(Whole::default()), ..Settings::default() };
        let (walk_all, alerts_return) = (true, false);
        let options = Options { settings, walk_all, alerts_return, ..Options::default() };
        let mut engine = Engine::<Corpus>::new(options).expect("a table of this version");
        let mut seen = vec![0; Corpus::table().rules.len()];
        let mut of_line = |line: &String| {
            engine.feed(line.as_bytes(), &mut Nowhere);
            engine.feed(b"\n", &mut Nowhere);
            let counts = engine.rule_counts().iter().zip(&mut seen);
            counts.map(|(now, seen)| now.matches - std::mem::replace(seen, now.matches)).collect()
        };
        lines.iter().map(&mut of_line).collect()
    }

    /// A way to write the same document.
    type Spelling = fn(&Value) -> String;

    /// The order of keys, dots instead of nesting, escapes, and fields that no rule
    /// reads must not matter.
    #[test]
    fn spelling_does_not_matter() {
        let text = read("cross.events.ndjson");
        let documents: Vec<Value> = text
            .lines()
            .step_by(4)
            .map(|line| serde_json::from_str(line).expect("a document is JSON"))
            .collect();
        let written =
            |spelling: Spelling| -> Vec<String> { documents.iter().map(spelling).collect() };
        let expected = matches(&written(Value::to_string));
        assert!(expected.iter().flatten().sum::<u64>() > 500, "too little holds");
        let spellings: [(&str, Spelling); 4] = [
            ("keys in reverse", |document| reversed(document).to_string()),
            ("dotted names", |document| Value::Object(dotted(document)).to_string()),
            ("escapes", escaped),
            ("more fields", with_more_fields),
        ];
        for (name, spelling) in spellings {
            let lines = written(spelling);
            for (line, (found, expected)) in lines.iter().zip(matches(&lines).iter().zip(&expected))
            {
                for (rule, (found, expected)) in
                    Corpus::table().rules.iter().zip(found.iter().zip(expected))
                {
                    assert_eq!(found, expected, "{name}: {} on {line}", rule.info.path);
                }
            }
        }
    }

    fn reversed(value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                let members = members.iter().rev();
                members.map(|(key, value)| (key.clone(), reversed(value))).collect()
            }
            Value::Array(all) => all.iter().map(reversed).collect(),
            other => other.clone(),
        }
    }

    fn dotted(document: &Value) -> Map<String, Value> {
        let mut flat = Map::new();
        for (key, value) in document.as_object().into_iter().flatten() {
            match value {
                Value::Object(members) if !members.is_empty() => {
                    let inner = dotted(value).into_iter();
                    flat.extend(inner.map(|(below, value)| (format!("{key}.{below}"), value)));
                }
                other => drop(flat.insert(key.clone(), other.clone())),
            }
        }
        flat
    }

    /// Every character of every string, names too, as an escape.
    fn escaped(value: &Value) -> String {
        let string = |text: &str| -> String {
            let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
            format!("\"{}\"", units.collect::<String>())
        };
        match value {
            Value::String(text) => string(text),
            Value::Array(all) => {
                format!("[{}]", all.iter().map(escaped).collect::<Vec<_>>().join(","))
            }
            Value::Object(members) => {
                let member =
                    |(key, value): (&String, &Value)| format!("{}:{}", string(key), escaped(value));
                format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
            }
            other => other.to_string(),
        }
    }

    fn with_more_fields(document: &Value) -> String {
        let mut more = Map::new();
        let nothing =
            json!({"deep": [{"er": "qzxqzx"}, [null, true, 1e300]], "wide": "q".repeat(300)});
        more.insert("unrelated_a".to_owned(), nothing.clone());
        more.extend(document.as_object().cloned().unwrap_or_default());
        more.insert("unrelated_z".to_owned(), nothing);
        Value::Object(more).to_string()
    }

    /// In the steady state an event that matches nothing costs no heap allocation. Of
    /// all public rules some hold on every recorded event as it is, so these are asked
    /// about events that come from another index.
    #[test]
    fn an_event_that_matches_nothing_allocates_nothing() {
        let bytes = some_events();
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        allocates_nothing::<Bundled>(&lines);
        let example = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/events.ndjson"));
        let example = example.expect("the bundled example");
        let lines = lines.into_iter().chain(example.split_inclusive(|byte| *byte == b'\n'));
        let foreign: Vec<Vec<u8>> =
            lines.map(|line| [&b"{\"_index\":\"elsewhere\","[..], &line[1..]].concat()).collect();
        allocates_nothing::<Corpus>(&foreign);
    }

    /// The alerts of some rules are the same when 2,500 others stand beside them.
    #[test]
    fn other_rules_do_not_matter() {
        let ids: Vec<&str> = Part::table().rules.iter().map(|rule| rule.info.id).collect();
        let mut all = 0;
        for lines in [some_documents(), some_events()] {
            let (alone, mut among) =
                (alerts::<Part>(&lines, false).0, alerts::<Corpus>(&lines, false).0);
            among.retain(|alert| {
                let alert: Value = serde_json::from_str(alert).expect("an alert is JSON");
                alert["kibana.alert.rule.rule_id"].as_str().is_some_and(|id| ids.contains(&id))
            });
            all += alone.len();
            assert!(alone == among, "{} alerts alone, {} among others", alone.len(), among.len());
        }
        println!("{all} alerts of {} rules", ids.len());
        assert!(all > 10, "too little alerts");
    }

    fn allocates_nothing<R: Ruleset>(lines: &[impl AsRef<[u8]>]) {
        let quiet = allocations::quiet::<R>(lines, true);
        println!("{quiet} of {} events match nothing", lines.len());
        assert!(quiet > 0 || lines.is_empty());
    }

    /// Alerts, and how often each rule holds.
    fn alerts<R: Ruleset>(lines: &[u8], reference: bool) -> (Vec<String>, Vec<u64>) {
        let settings = Settings { lateness: 120_000, ..Settings::default() };
        let options = Options { settings, reference, ..Options::default() };
        let mut engine = Engine::<R>::new(options).expect("a table of this version");
        let mut alerts: Vec<String> = Vec::new();
        engine.feed(lines, &mut alerts);
        engine.finish(&mut alerts);
        let matches: Vec<u64> = engine.rule_counts().iter().map(|c| c.matches).collect();
        (alerts, matches)
    }

    /// All rules, stateful ones too.
    #[test]
    fn reference_mode_gives_the_same_alerts() {
        for (name, lines) in [("cross", some_documents()), ("otrf-ecs-50k", some_events())] {
            let (fast, plain) = (alerts::<Corpus>(&lines, false), alerts::<Corpus>(&lines, true));
            println!("{name}: {} alerts, {} hits", fast.0.len(), fast.1.iter().sum::<u64>());
            for (rule, (fast, plain)) in
                Corpus::table().rules.iter().zip(fast.1.iter().zip(&plain.1))
            {
                assert_eq!(fast, plain, "{name}: hits of {}", rule.info.path);
            }
            assert!(fast.0 == plain.0, "{name}: alerts differ");
        }
    }

    /// Every tenth document of the matrix.
    fn some_documents() -> Vec<u8> {
        let text = read("cross.events.ndjson");
        text.lines().step_by(10).flat_map(|line| [line, "\n"]).collect::<String>().into_bytes()
    }

    /// Runs of recorded events, so that what belongs together stays together.
    fn some_events() -> Vec<u8> {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/events/otrf-ecs-50k.ndjson.zst");
        let Ok(file) = std::fs::File::open(&path) else {
            println!("skipped: {} is not there", path.display());
            return Vec::new();
        };
        let bytes = zstd::decode_all(file).expect("zstd");
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        lines.chunks(50).step_by(100).flatten().flat_map(|line| line.iter().copied()).collect()
    }
}
