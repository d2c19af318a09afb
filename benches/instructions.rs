//! What an event costs in instructions: a program for callgrind, which
//! `benches/callgrind.sh` runs.
//!
//! `instructions RULES DEPTH EVENTS` compiles so many of the public rules (or
//! `all`) and takes so many events of each stream (see [`streams`]) as far as
//! `project`, `candidates` or `conditions`. What is to be counted happens inside
//! [`measured`]. A pass before it fills what is
//! learned from a stream: glue, rows of guards, values. Before and
//! behind that callgrind is asked not to look (`--instr-atstart=no`): compiling all
//! rules under its eyes takes minutes.

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
        ask_callgrind(START);
        let work = measured(&trial, &lines, depth, &mut projector, &mut memory);
        ask_callgrind(STOP);
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

/// `CALLGRIND_START_INSTRUMENTATION` of valgrind's `callgrind.h`.
const START: u64 = 0x4354_0004;
/// `CALLGRIND_STOP_INSTRUMENTATION`.
const STOP: u64 = 0x4354_0005;

/// Asks callgrind to begin or to end, by valgrind's way of asking: a sequence of
/// instructions that does nothing on a processor and that valgrind knows. No
/// safe function is there for it, and the tool's own command needs the right to
/// trace processes, which a container may not give.
#[cfg(target_arch = "x86_64")]
fn ask_callgrind(what: u64) {
    let request = [what, 0, 0, 0, 0, 0];
    // SAFETY: rotations of rdi by 128 bits in all leave it as it was, and rbx is
    // exchanged with itself; under valgrind the request is read, and rdx, which is
    // declared, is written. `request` lives until then.
    unsafe {
        core::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") request.as_ptr(),
            inout("rdx") 0u64 => _,
            options(nostack),
        );
    }
}

/// Elsewhere there is no way to ask, and nothing is counted.
#[cfg(not(target_arch = "x86_64"))]
fn ask_callgrind(_what: u64) {}

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
