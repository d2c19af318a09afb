//! Cost of projection alone: a line of NDJSON to the fields that a ruleset names.
//!
//! Two sets of fields: the twelve of the first rule, and all those that queries of
//! the public rules name. Two streams: generated endpoint events of Linux and
//! macOS hosts, and recorded ones, mostly of Windows. `shared` beside the
//! repository holds both; without it the bench says so and ends. For comparison
//! each stream is also parsed into `serde_json::Value`s, and searched for six
//! literals (search before parse).

use bumpalo::Bump;
use core::hint::black_box;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use detect_compiler::schema::Schema;
use detect_runtime::json::layout::{FieldSpec, Flags, Layout, build};
use detect_runtime::json::prefilter::{self, Literal, Search};
use detect_runtime::json::projector::Projector;
use detect_runtime::json::scan::Level;
use detect_runtime::test::Fold;
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use streams::{lines, streams};

mod streams;

const RULE: [&str; 12] = [
    "@timestamp",
    "_id",
    "_index",
    "agent.id",
    "event.action",
    "event.type",
    "host.name",
    "host.os.type",
    "process.executable",
    "process.name",
    "process.parent.executable",
    "process.parent.name",
];

fn project(criterion: &mut Criterion) {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let Some(streams) = streams(&shared) else {
        println!("no events at {}: nothing is measured", shared.display());
        return;
    };
    let all = fields(&shared.join("corpus"));
    for (name, bytes) in &streams {
        let lines = lines(bytes);
        println!("{name}: {} events, {} bytes, {} fields", lines.len(), bytes.len(), all.len());
        let mut group = criterion.benchmark_group(format!("project/{name}"));
        let throughput = Throughput::ElementsAndBytes {
            elements: lines.len() as u64,
            bytes: bytes.len() as u64,
        };
        group.throughput(throughput).sample_size(10);
        for (set, paths) in [("rule", RULE.map(str::to_owned).to_vec()), ("corpus", all.clone())] {
            for level in Level::available() {
                let id = BenchmarkId::new(format!("{set} {}", paths.len()), level.name());
                group.bench_function(id, |bencher| {
                    let table = table(&paths);
                    let layout = Layout::new(&table).expect("the table is ours");
                    let mut projector = Projector::with_level(layout, level);
                    let arena = Bump::new();
                    bencher.iter(|| {
                        for line in &lines {
                            let event = projector.project(line, &arena).expect("a good event");
                            black_box(event.present());
                        }
                    });
                });
            }
        }
        group.bench_function("serde_json::Value", |bencher| {
            bencher.iter(|| {
                for line in &lines {
                    let value: serde_json::Value = serde_json::from_slice(line).expect("JSON");
                    black_box(value);
                }
            });
        });
        let table = search();
        for level in Level::available() {
            let search = Search::with_level(&table, level).expect("the table is ours");
            group.bench_function(BenchmarkId::new("search", level.name()), |bencher| {
                bencher.iter(|| {
                    search.each_hit(bytes, |line, _| {
                        black_box(line);
                    })
                });
            });
        }
        group.finish();
    }
}

/// The known field names that occur in queries of a folder of rules.
fn fields(corpus: &Path) -> Vec<String> {
    let schema = Schema::builtin();
    let known: HashSet<&str> = schema.names().collect();
    let mut used = BTreeSet::<&str>::new();
    for path in rules(corpus) {
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        let Ok(rule) = text.parse::<toml::Table>() else { continue };
        let query = rule.get("rule").and_then(|rule| rule.get("query")).and_then(|q| q.as_str());
        let name = |c: char| !(c.is_alphanumeric() || "_.@-".contains(c));
        used.extend(
            query.unwrap_or_default().split(name).filter_map(|word| known.get(word).copied()),
        );
    }
    used.into_iter().map(ToOwned::to_owned).collect()
}

/// All rule files below a folder.
fn rules(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(rules(&path));
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
    found
}

fn table(paths: &[String]) -> Vec<u8> {
    let spec = |path: &String| FieldSpec { path: path.clone(), flags: Flags::NONE };
    build(&paths.iter().map(spec).collect::<Vec<_>>()).expect("the paths are good")
}

fn search() -> Vec<u8> {
    let names = ["scp", "ftp", "sftp", "vsftpd", "sftp-server", "rsync"];
    let literals = names.map(|name| Literal::whole(name, Fold::None).expect("plain names"));
    prefilter::build(&literals).expect("six literals")
}

criterion_group!(benches, project);
criterion_main!(benches);
