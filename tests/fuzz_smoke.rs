//! The bodies of the fuzz targets over mutated texts: a fixed number from a fixed
//! start. `DETECT_FUZZ_COUNT` and `DETECT_FUZZ_SEED` set others;
//! `DETECT_FUZZ_SEEDS=DIR` writes the seeds where `cargo fuzz` takes them
//! (`fuzz/corpus`). An input under way lies in `target/tmp/fuzz_smoke.TARGET`: there
//! it is found when it overflows the stack, which ends the process.

#[path = "../fuzz/src/lib.rs"]
mod bodies;
#[path = "fuzz_smoke/mutate.rs"]
mod mutate;

use detect::runtime::engine::{Engine, Options};
use detect_compiler::rule::{Language, Rule, Shape, read_folder};
use mutate::{Random, mutate};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// One rule of each head.
#[detect::ruleset(path = "tests/data/fuzz/rules")]
struct Rules;

const EVENTS: &[u8] = include_bytes!("../examples/events.ndjson");

/// Longest time for one input: some hundred times what the slowest takes on a quiet
/// machine.
const LIMIT: Duration = Duration::from_secs(20);

fn number(variable: &str, usual: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn drive(name: &str, seeds: &[Vec<u8>], count: usize, body: impl Fn(&[u8])) {
    assert!(!seeds.is_empty(), "{name} has seeds");
    if let Some(folder) = std::env::var_os("DETECT_FUZZ_SEEDS") {
        let folder = PathBuf::from(folder).join(name);
        fs::create_dir_all(&folder).expect("a folder for seeds");
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed).expect("a seed");
        }
    }
    let under_way = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz_smoke.{name}"));
    let mut random = Random(number("DETECT_FUZZ_SEED", 1) as u64);
    let run = |input: &[u8]| {
        fs::write(&under_way, input).expect("a file to write");
        let start = Instant::now();
        body(input);
        let taken = start.elapsed();
        assert!(taken < LIMIT, "{name} took {taken:?}: {}", under_way.display());
    };
    seeds.iter().for_each(|seed| run(seed));
    for _ in 0..number("DETECT_FUZZ_COUNT", count) {
        run(&mutate(seeds, &mut random));
    }
}

/// Rules of the project, and every hundredth of the corpus where that is there.
fn rules() -> Vec<(Rule, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut rules = Vec::new();
    for (folder, step) in [("tests/data/fuzz/rules", 1), ("../shared/corpus", 100)] {
        let Ok(folder) = read_folder(&root.join(folder)) else {
            eprintln!("{folder} is not there: no seeds from it");
            continue;
        };
        for file in folder.files.into_iter().step_by(step) {
            let text = String::from_utf8_lossy(&file.bytes).into_owned();
            if let Ok(rule) = Rule::parse(&file.path, &text) {
                rules.push((rule, file.bytes));
            }
        }
    }
    rules
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let wanted = |rule: &Rule| match name {
        "esql" => rule.language == Language::Esql,
        "eql" => rule.language == Language::Eql && rule.shape == Shape::Detection,
        "endpoint" => rule.language == Language::Eql,
        "kql" => rule.language == Language::Kuery,
        _ => rule.language == Language::Lucene,
    };
    let lines = |text: &str| text.split("\n\n").map(|seed| seed.as_bytes().to_vec()).collect();
    match name {
        "rule" => rules().into_iter().map(|(_, bytes)| bytes).collect(),
        "pattern" => lines(include_str!("data/fuzz/patterns.txt")),
        "value" => lines(include_str!("data/fuzz/values.txt")),
        _ => rules()
            .iter()
            .filter(|(rule, _)| wanted(rule))
            .filter_map(|(rule, _)| Some(rule.query.as_ref()?.value.as_bytes().to_vec()))
            .collect(),
    }
}

fn target(name: &str, count: usize) {
    let body = bodies::TARGETS.iter().find(|(own, _)| *own == name).expect("a target").1;
    drive(name, &seeds(name), count, body);
}

#[test]
fn rule_files() {
    target("rule", 150);
}

#[test]
fn esql_queries() {
    target("esql", 150);
}

#[test]
fn eql_queries() {
    target("eql", 150);
}

#[test]
fn endpoint_queries() {
    target("endpoint", 150);
}

#[test]
fn kql_queries() {
    target("kql", 150);
}

#[test]
fn lucene_queries() {
    target("lucene", 150);
}

#[test]
fn patterns() {
    target("pattern", 400);
}

#[test]
fn values() {
    target("value", 2000);
}

fn engine() -> Engine<Rules> {
    Engine::new(Options::default()).expect("a table of this version")
}

#[test]
fn snapshots() {
    let mut engine = engine();
    let mut alerts: Vec<String> = Vec::new();
    let mut seeds = vec![engine.snapshot()];
    for chunk in EVENTS.chunks(EVENTS.len() / 3 + 1) {
        engine.feed(chunk, &mut alerts);
        seeds.push(engine.snapshot());
    }
    assert!(seeds.last().is_some_and(|last| last.len() > 500), "there is state");
    let events = &EVENTS[..EVENTS.len().min(20_000)];
    drive("snapshot", &seeds, 200, |input| bodies::snapshot::<Rules>(input, events));
}

#[test]
fn partial_records() {
    let engine = engine();
    let mut shard = engine.shard().expect("a table of this version");
    let hits = shard.scan(EVENTS, 0, false).hits;
    assert!(hits.len() > 500, "there are hits");
    let seeds = [hits[..hits.len().min(20_000)].to_vec(), Vec::new()];
    drive("partials", &seeds, 200, bodies::partials::<Rules>);
}
