//! The program `detect`.

mod allocations;
mod cli;

use std::process::ExitCode;

/// `rules/`, or what `DETECT_RULES` names at build time. Their long texts are in the
/// packed rule files already.
#[detect::ruleset(
    path = "rules",
    env = "DETECT_RULES",
    texts = false,
    allow = ["array_comparison:8eeeda11-dca6-4c3e-910f-7089db412d1c"]
)]
pub(crate) struct Rules;

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting(mimalloc::MiMalloc);

fn main() -> ExitCode {
    cli::run()
}
