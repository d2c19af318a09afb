//! The program with the rules of `tests/data/program`: rules over alerts, rules that
//! need a table or somebody to ask, budgets of memory.
//!
//! The target is itself the program, with other rules than the bundled ones: started
//! with [`AS_PROGRAM`] set it does what its arguments say, else it runs the tests, which
//! start it again.

#![allow(
    unused_imports,
    dead_code,
    reason = "without a harness the program's own tests are not compiled"
)]

#[path = "../src/allocations.rs"]
mod allocations;
#[path = "../src/cli/mod.rs"]
mod cli;
mod process;
#[path = "program_rules/mod.rs"]
mod tests;

use std::process::ExitCode;

/// The rules of the tests; one of them does not compile.
#[detect::ruleset(path = "tests/data/program", on_error = "skip")]
pub(crate) struct Rules;

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting(mimalloc::MiMalloc);

const AS_PROGRAM: &str = "DETECT_TEST_AS_PROGRAM";

fn main() -> ExitCode {
    if std::env::var_os(AS_PROGRAM).is_some() {
        return cli::run();
    }
    tests::run()
}
