//! Cost of matching: all public rules, a tenth of them, and one, over the events of
//! two streams (see [`streams`]).
//!
//! An event lives as long as its line is the last one read, so matching cannot
//! be timed without projection: `project` is the part to take off. `candidates`
//! adds guards and witnesses, `conditions` the evaluation of the candidates'
//! formulas (walked as trees; generated code has no tree to walk). Without
//! `shared` beside the repository the bench says so and ends.

use bumpalo::Bump;
use core::hint::black_box;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use detect_compiler::compile::{Options, Plans, optimise, plans};
use detect_compiler::expand::OnError;
use detect_compiler::rule::read_folder;
use detect_compiler::ruleset::Ruleset;
use detect_runtime::json::layout::{Layout, build};
use detect_runtime::json::projector::Projector;
use detect_runtime::matcher::{Memory, Probe, Tables};
use detect_runtime::value::{Cx, Warnings};
use std::path::Path;
use streams::streams;

mod streams;

fn matching(criterion: &mut Criterion) {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let (Some(streams), Ok(folder)) = (streams(&shared), read_folder(&shared.join("corpus")))
    else {
        println!("no events or rules at {}: nothing is measured", shared.display());
        return;
    };
    let options = Options {
        on_error: OnError::Skip,
        allow: Vec::new(),
        runtime: "::detect_runtime".parse().expect("a path"),
        below: String::new(),
    };
    let all = plans(&folder, &options);
    let sets: Vec<(usize, Trial)> = [1, all.rules.len() / 10, all.rules.len()]
        .map(|count| (count, Trial::of(&all, count)))
        .into();
    for (name, bytes) in &streams {
        let lines: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
        let mut group = criterion.benchmark_group(format!("match/{name}"));
        group.throughput(Throughput::Elements(lines.len() as u64)).sample_size(10);
        for (count, trial) in &sets {
            for depth in [Depth::Project, Depth::Candidates, Depth::Conditions] {
                let mut memory = Memory::new(&trial.tables);
                let work = trial.run(&lines, depth, &mut memory);
                println!(
                    "{name}, {count} rules, {depth:?}: {:.2} conditions and {:.2} matches an event",
                    work.candidates as f64 / lines.len() as f64,
                    work.matches as f64 / lines.len() as f64
                );
                group.bench_function(format!("{count} rules/{depth:?}"), |bencher| {
                    bencher.iter(|| black_box(trial.run(&lines, depth, &mut memory).matches));
                });
            }
        }
        group.finish();
    }
}

/// How far an event goes.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Depth {
    Project,
    Candidates,
    Conditions,
}

/// A ruleset ready to run.
struct Trial {
    ruleset: Ruleset,
    layout: Vec<u8>,
    tables: Tables,
}

#[derive(Default)]
struct Work {
    candidates: usize,
    matches: usize,
}

impl Trial {
    /// Every so many-th rule, `count` in all.
    fn of(all: &Plans, count: usize) -> Trial {
        let step = (all.rules.len() / count.max(1)).max(1);
        let some = Plans {
            rules: all.rules.iter().step_by(step).take(count).cloned().collect(),
            refused: Vec::new(),
            warnings: Vec::new(),
            schema: all.schema.clone(),
            fields_hash: all.fields_hash,
            profile: None,
        };
        let ruleset = optimise(&some).expect("there is no profile to be wrong");
        let layout = build(ruleset.fields.specs()).expect("the paths are good");
        let tables = Tables::new(Vec::leak(ruleset.tables.clone()));
        Trial { ruleset, layout, tables }
    }

    fn run(&self, lines: &[&[u8]], depth: Depth, memory: &mut Memory) -> Work {
        let layout = Layout::new(&self.layout).expect("the table is ours");
        let mut projector = Projector::new(layout);
        let mut arena = Bump::new();
        let warnings = Warnings::default();
        let (mut work, mut candidates) = (Work::default(), Vec::new());
        for line in lines {
            arena.reset();
            let event = projector.project(line, &arena).expect("a good event");
            if depth == Depth::Project {
                black_box(event.present());
                continue;
            }
            let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
            let mut probe = Probe::new(&self.tables, memory, &event, cx);
            candidates.clear();
            probe.candidates(None, &mut candidates);
            work.candidates += candidates.len();
            if depth == Depth::Conditions {
                for &number in &candidates {
                    probe.enter(number);
                    if let Some(condition) = self.ruleset.conditions.get(number as usize) {
                        let holds = condition.formula.holds(&mut |atom| probe.has(atom));
                        work.matches += usize::from(holds);
                    }
                }
            }
        }
        work
    }
}

criterion_group!(benches, matching);
criterion_main!(benches);
