//! Cost of matching: all public rules, a tenth of them, and one, over the events of
//! two streams (see [`streams`]).
//!
//! An event lives as long as its line is the last one read, so matching cannot
//! be timed without projection: `project` is the part to take off. `candidates`
//! adds guards and witnesses, `conditions` the evaluation of the candidates'
//! formulas (walked as trees; generated code has no tree to walk). Without
//! `shared` beside the repository the bench says so and ends.

use core::hint::black_box;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::path::Path;
use streams::{lines, streams};
use trial::{Depth, Trial, public_plans};

mod streams;
mod trial;

fn matching(criterion: &mut Criterion) {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let (Some(streams), Some(all)) = (streams(&shared), public_plans(&shared)) else {
        println!("no events or rules at {}: nothing is measured", shared.display());
        return;
    };
    let sets: Vec<(usize, Trial)> = [1, all.rules.len() / 10, all.rules.len()]
        .map(|count| (count, Trial::of(&all, count)))
        .into();
    for (name, bytes) in &streams {
        let lines = lines(bytes);
        let mut group = criterion.benchmark_group(format!("match/{name}"));
        let throughput = Throughput::ElementsAndBytes {
            elements: lines.len() as u64,
            bytes: bytes.len() as u64,
        };
        group.throughput(throughput).sample_size(10);
        for (count, trial) in &sets {
            for depth in [Depth::Project, Depth::Candidates, Depth::Conditions] {
                let (mut projector, mut memory) = (trial.projector(), trial.memory());
                let work = trial.run(&lines, depth, &mut projector, &mut memory);
                println!(
                    "{name}, {count} rules, {depth:?}: {:.2} conditions evaluated and {:.2} that hold an event",
                    work.evaluated as f64 / lines.len() as f64,
                    work.matches as f64 / lines.len() as f64
                );
                group.bench_function(format!("{count} rules/{depth:?}"), |bencher| {
                    bencher.iter(|| {
                        let work = trial.run(&lines, depth, &mut projector, &mut memory);
                        black_box(work.matches)
                    });
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, matching);
criterion_main!(benches);
