//! All public rules, compiled: every single-event rule on thousands of documents,
//! cell by cell against the matrix of independent evaluators
//! (`../shared/conformance/triggers/cross.*`; skipped, saying so, where it is not
//! there).

#[cfg(not(shared_corpus))]
#[test]
fn the_matrix_agrees() {
    println!("skipped: ../shared/corpus is not there");
}

#[cfg(shared_corpus)]
mod compiled {
    use detect::runtime::engine::{Alert, Engine, HeadSpec, Options, Ruleset, Sink};
    use detect::runtime::head::{Settings, Whole};
    use serde_json::Value;
    use std::collections::{BTreeMap, BTreeSet, HashMap};
    use std::path::{Path, PathBuf};

    /// All rules of both corpora; a few share their ids.
    #[detect::ruleset(path = "../shared/corpus", on_error = "skip")]
    struct Corpus;

    struct Nowhere;

    impl Sink for Nowhere {
        fn alert(&mut self, _alert: &Alert<'_>) {}
    }

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance/triggers")
    }

    fn read(name: &str) -> String {
        std::fs::read_to_string(folder().join(name)).expect("the matrix lies beside the corpora")
    }

    /// Documents that satisfy each rule's per-event part, by path of the rule.
    fn given(reference: bool) -> BTreeMap<&'static str, BTreeSet<usize>> {
        let settings = Settings { whole: Some(Whole::default()), ..Settings::default() };
        let options = Options { settings, walk_all: true, reference, ..Options::default() };
        let mut engine = Engine::<Corpus>::new(options).expect("a table of this version");
        let mut seen = vec![0; Corpus::table().rules.len()];
        let mut found = vec![BTreeSet::new(); seen.len()];
        for (number, line) in read("cross.events.ndjson").lines().enumerate() {
            engine.feed(line.as_bytes(), &mut Nowhere);
            engine.feed(b"\n", &mut Nowhere);
            for ((counts, seen), found) in
                engine.rule_counts().iter().zip(&mut seen).zip(&mut found)
            {
                if counts.matches > *seen {
                    *seen = counts.matches;
                    found.insert(number);
                }
            }
        }
        let rules = Corpus::table().rules.iter().zip(found);
        rules
            .filter(|(rule, _)| !matches!(rule.head, HeadSpec::Sequence(_) | HeadSpec::Sample(_)))
            .map(|(rule, found)| (rule.info.path, found))
            .collect()
    }

    fn suspect() -> BTreeSet<(usize, usize)> {
        read("cross.suspect.csv")
            .lines()
            .filter_map(|line| {
                let mut cells = line.split(',');
                Some((cells.next()?.parse().ok()?, cells.next()?.parse().ok()?))
            })
            .collect()
    }

    fn wanted() -> HashMap<usize, BTreeSet<usize>> {
        read("cross.matches.csv")
            .lines()
            .filter_map(|line| {
                let (row, documents) = line.split_once(',')?;
                let documents = documents.split(' ').filter_map(|number| number.parse().ok());
                Some((row.parse().ok()?, documents.collect()))
            })
            .collect()
    }

    #[test]
    fn every_rule_compiles() {
        let table = Corpus::table();
        assert!(table.refused.is_empty(), "refused: {:#?}", table.refused);
        assert!(table.rules.len() > 2_000, "{} rules", table.rules.len());
    }

    #[test]
    fn the_matrix_agrees() {
        let (given, wanted, suspect) = (given(false), wanted(), suspect());
        let mut cells = 0;
        let mut wrong = Vec::new();
        for line in read("cross.rules.ndjson").lines() {
            let rule: Value = serde_json::from_str(line).expect("a row is JSON");
            let row = rule["row"].as_u64().expect("a number") as usize;
            let path = rule["path"].as_str().expect("a path");
            let found = given.iter().find(|(own, _)| own.ends_with(path)).map(|(_, found)| found);
            let (Some(found), Some(wanted)) = (found, wanted.get(&row)) else {
                wrong.push(format!("{path}: not compiled, or not in the matrix"));
                continue;
            };
            cells += wanted.len();
            for document in found.symmetric_difference(wanted) {
                if !suspect.contains(&(row, *document)) {
                    let verdict = if wanted.contains(document) { "misses" } else { "takes" };
                    wrong.push(format!("{path} {verdict} document {document}"));
                }
            }
        }
        println!("matrix: {cells} matching cells, {} wrong", wrong.len());
        assert!(
            wrong.is_empty(),
            "{} wrong cells: {:#?}",
            wrong.len(),
            &wrong[..wrong.len().min(40)]
        );
    }
    /// All rules, stateful ones too.
    #[test]
    fn reference_mode_gives_the_same_alerts() {
        let alerts = |lines: &[u8], reference: bool| {
            let settings = Settings { lateness: 120_000, ..Settings::default() };
            let options = Options { settings, reference, ..Options::default() };
            let mut engine = Engine::<Corpus>::new(options).expect("a table of this version");
            let mut alerts: Vec<String> = Vec::new();
            engine.feed(lines, &mut alerts);
            engine.finish(&mut alerts);
            let matches: Vec<u64> = engine.rule_counts().iter().map(|c| c.matches).collect();
            (alerts, matches)
        };
        for (name, lines) in [("cross", some_documents()), ("otrf-ecs-50k", some_events())] {
            let (fast, plain) = (alerts(&lines, false), alerts(&lines, true));
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
