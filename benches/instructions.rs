//! What an event costs in instructions: a program for callgrind, which
//! `benches/callgrind.sh` runs.
//!
//! `instructions RULES DEPTH EVENTS` compiles so many of the public rules (or
//! `all`) and takes so many events of each stream (see [`streams`]) as far as
//! `project`, `candidates` or `conditions`. What is to be counted happens inside
//! [`measured`], which callgrind is told by name. A pass before it fills what is
//! learned from a stream: glue, rows of guards, values.

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use streams::{lines, streams};
use trial::{Depth, Trial, Work, public_plans};

mod streams;
mod trial;

fn main() -> ExitCode {
    // `cargo bench` adds arguments of its own.
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let wanted = match arguments.as_slice() {
        [rules, depth, events] => wanted(rules, depth, events),
        _ => None,
    };
    let Some((rules, depth, events)) = wanted else {
        println!("usage: instructions RULES|all project|candidates|conditions EVENTS");
        return ExitCode::SUCCESS;
    };
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let (Some(streams), Some(all)) = (streams(&shared), public_plans(&shared)) else {
        println!("no events or rules at {}: nothing is measured", shared.display());
        return ExitCode::SUCCESS;
    };
    let trial = Trial::of(&all, rules.unwrap_or(all.rules.len()));
    for (name, bytes) in &streams {
        let mut lines = lines(bytes);
        lines.truncate(events);
        let (mut projector, mut memory) = (trial.projector(), trial.memory());
        trial.run(&lines, depth, &mut projector, &mut memory);
        let start = Instant::now();
        let work = measured(&trial, &lines, depth, &mut projector, &mut memory);
        let each = |count: usize| count as f64 / lines.len() as f64;
        println!(
            "{name}: {} events; an event {:.2} candidates, {:.2} conditions evaluated, {:.2} hold, {:.0} ns",
            lines.len(),
            each(work.candidates),
            each(work.evaluated),
            each(work.matches),
            start.elapsed().as_nanos() as f64 / lines.len() as f64
        );
    }
    ExitCode::SUCCESS
}

/// Number of rules, `None` for all; depth; number of events.
fn wanted(rules: &str, depth: &str, events: &str) -> Option<(Option<usize>, Depth, usize)> {
    let rules = if rules == "all" { None } else { Some(rules.parse().ok()?) };
    let depth = match depth {
        "project" => Depth::Project,
        "candidates" => Depth::Candidates,
        "conditions" => Depth::Conditions,
        _ => return None,
    };
    Some((rules, depth, events.parse().ok()?))
}

/// The part that is counted.
#[inline(never)]
fn measured(
    trial: &Trial,
    lines: &[&[u8]],
    depth: Depth,
    projector: &mut detect_runtime::json::projector::Projector<'_>,
    memory: &mut detect_runtime::matcher::Memory,
) -> Work {
    black_box(trial.run(black_box(lines), depth, projector, memory))
}
