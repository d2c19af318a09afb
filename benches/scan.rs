//! End to end: bytes of events in memory to alerts, for the rule that the project
//! began with, at three shares of matching events.
//!
//! In the same run, over the same bytes: the engine (`detect`), the engine without
//! search before parse (`detect, every line walked`), and what one would write by
//! hand (`serde_json`): each line parsed into a `serde_json::Value`, the rule's tests
//! one after the other, a hash map of groups. All find the same alerts, which is
//! asserted before anything is measured. `serde_json` keeps the order of members
//! here, as other tests of the workspace want it so.
//!
//! Beside it the same rule's aggregation alone (`aggregate only`); projection and matching
//! alone are `benches/project.rs` and `benches/match.rs`.
//!
//! `benches/report.py` makes a table of what criterion wrote down.

use core::hint::black_box;
use criterion::measurement::WallTime;
use criterion::{
    BatchSize, BenchmarkGroup, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use detect::runtime::engine::{Alert, Engine, Options, Partials, Sink};
use detect::runtime::head::{Settings, Whole};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::process::Command;

#[detect::ruleset(path = "rules/linux/file_transfer_utility_launched_from_unusual_parent.toml")]
struct Rules;

/// Events of a stream: some 95 MB, more than caches hold.
const EVENTS: u64 = 50_000;

/// Bytes handed to the engine at once, as the program does.
const CHUNK: usize = 1 << 18;

/// A group of benches over a stream.
fn group<'c>(
    criterion: &'c mut Criterion,
    name: &str,
    bytes: &[u8],
) -> BenchmarkGroup<'c, WallTime> {
    let mut group = criterion.benchmark_group(name);
    let bytes = bytes.len() as u64;
    group
        .throughput(Throughput::ElementsAndBytes { elements: EVENTS, bytes })
        .sampling_mode(SamplingMode::Flat)
        .sample_size(20);
    group
}

fn end_to_end(criterion: &mut Criterion) {
    for share in ["0", "0.2", "20"] {
        let bytes = generated(share);
        let found = detect(engine(false), &bytes);
        assert_eq!(found, detect(engine(true), &bytes), "walking every line finds the same");
        assert_eq!(found, by_hand(&bytes), "the baseline finds the same");
        println!("{share} %: {EVENTS} events, {} bytes, {found} alerts", bytes.len());
        let mut group = group(criterion, &format!("end to end, {share} % matches"), &bytes);
        for (name, walk_all) in [("detect", false), ("detect, every line walked", true)] {
            group.bench_function(name, |bencher| {
                bencher.iter_batched(
                    || engine(walk_all),
                    |engine| detect(engine, black_box(&bytes)),
                    BatchSize::PerIteration,
                );
            });
        }
        group.sample_size(10);
        group.bench_function("serde_json", |bencher| {
            bencher.iter(|| by_hand(black_box(&bytes)));
        });
        group.finish();
    }
}

/// What is behind the per-event part: hits of a scan, as shards exchange them, into
/// groups, a tick, alerts. Bytes and events are those of the stream that they are of.
fn aggregate_only(criterion: &mut Criterion) {
    for share in ["0.2", "20"] {
        let bytes = generated(share);
        let mut shard = engine(false).shard().expect("a table of this version");
        let hits: Vec<Partials> =
            runs(&bytes).map(|(run, at)| shard.scan(run, at, false)).collect();
        let merged = |mut engine: Engine<Rules>| {
            let mut alerts = Counter(0);
            for partials in &hits {
                engine.merge(partials, &mut alerts).expect("records of this process");
            }
            engine.finish(&mut alerts);
            alerts.0
        };
        assert_eq!(merged(engine(false)), detect(engine(false), &bytes), "the same alerts");
        let size: usize = hits.iter().map(|partials| partials.hits.len()).sum();
        println!("{share} %: {EVENTS} events, {} bytes, hits of {size} bytes", bytes.len());
        let mut group = group(criterion, &format!("aggregate only, {share} % matches"), &bytes);
        group.bench_function("detect", |bencher| {
            bencher.iter_batched(|| engine(false), merged, BatchSize::PerIteration);
        });
        group.finish();
    }
}

/// Runs of whole lines of about a chunk, with their offsets.
fn runs(bytes: &[u8]) -> impl Iterator<Item = (&[u8], u64)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &bytes[at..];
        let near = rest.len().min(CHUNK);
        let end = rest[near..].iter().position(|byte| *byte == b'\n');
        let run = &rest[..end.map_or(rest.len(), |end| near + end + 1)];
        let found = (run, at as u64);
        at += run.len();
        (!run.is_empty()).then_some(found)
    })
}

/// The program's generated stream.
fn generated(share: &str) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_detect"))
        .args(["generate", "--seed", "1", "-n", &EVENTS.to_string()])
        .args(["--match-rate", &format!("{share}%")])
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// One window over all events.
fn engine(walk_all: bool) -> Engine<Rules> {
    let settings = Settings { whole: Some(Whole::default()), ..Settings::default() };
    let options = Options { settings, walk_all, ..Options::default() };
    Engine::new(options).expect("a table of this version")
}

struct Counter(usize);

impl Sink for Counter {
    fn alert(&mut self, alert: &Alert<'_>) {
        self.0 += usize::from(!black_box(alert.json).is_empty());
    }
}

fn detect(mut engine: Engine<Rules>, bytes: &[u8]) -> usize {
    let mut alerts = Counter(0);
    for chunk in bytes.chunks(CHUNK) {
        engine.feed(chunk, &mut alerts);
    }
    engine.finish(&mut alerts);
    alerts.0
}

/// What a group has seen.
#[derive(Default)]
struct Seen {
    events: u64,
    agents: HashSet<String>,
}

/// The rule written by hand.
fn by_hand(bytes: &[u8]) -> usize {
    let mut groups: HashMap<(String, String), Seen> = HashMap::new();
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let event: Value = serde_json::from_slice(line).expect("a good event");
        let Some((executable, parent)) = matching(&event) else { continue };
        let seen = groups.entry((executable.to_owned(), parent.to_owned())).or_default();
        seen.events += 1;
        seen.agents.extend(event["agent"]["id"].as_str().map(str::to_owned));
    }
    groups.values().filter(|seen| seen.agents.len() == 1 && seen.events < 5).count()
}

/// Program and parent of an event that the rule's filter lets through. Of a field with
/// several values only the action is expanded; the rest must have one.
fn matching(event: &Value) -> Option<(&str, &str)> {
    const TOOLS: [&str; 6] = ["scp", "ftp", "sftp", "vsftpd", "sftp-server", "rsync"];
    const SHELLS: [&str; 8] = ["bash", "dash", "sh", "tcsh", "csh", "zsh", "ksh", "fish"];
    const SUFFIXES: [&str; 6] = [".elf", ".sh", ".py", ".rb", ".pl", ".js"];
    const PLACES: [&str; 14] = [
        "/tmp/",
        "/var/tmp/",
        "/dev/shm/",
        "./",
        "/run/",
        "/var/run/",
        "/boot/",
        "/sys/",
        "/lost+found/",
        "/proc/",
        "/var/mail/",
        "/var/www/",
        "/home/",
        "/root/",
    ];
    let stream = &event["data_stream"];
    if stream["type"] != "logs" || stream["dataset"] != "endpoint.events.process" {
        return None;
    }
    let process = &event["process"];
    let parent = &process["parent"];
    let (name, executable) = (parent["name"].as_str(), parent["executable"].as_str());
    let by_name = name.is_some_and(|name| {
        SHELLS.contains(&name)
            || name.starts_with('.')
            || SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
            || name.contains(".lua")
            || name.contains(".php")
    });
    let by_place =
        executable.is_some_and(|path| PLACES.iter().any(|place| path.starts_with(place)));
    let holds = only(&event["host"]["os"]["type"]) == Some("linux")
        && only(&event["event"]["type"]) == Some("start")
        && all(&event["event"]["action"]).any(|action| action == "exec")
        && process["name"].as_str().is_some_and(|name| TOOLS.contains(&name))
        && (by_name || by_place);
    holds.then(|| {
        (process["executable"].as_str().unwrap_or_default(), executable.unwrap_or_default())
    })
}

/// The value of a field that has one.
fn only(value: &Value) -> Option<&str> {
    match value {
        Value::Array(all) if all.len() == 1 => all[0].as_str(),
        Value::Array(_) => None,
        single => single.as_str(),
    }
}

/// The values of a field.
fn all(value: &Value) -> impl Iterator<Item = &str> {
    let many = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    many.chain(value.as_str())
}

criterion_group!(benches, end_to_end, aggregate_only);
criterion_main!(benches);
