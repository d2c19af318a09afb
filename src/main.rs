//! The program `detect`.

mod allocations;
mod cli;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting(mimalloc::MiMalloc);

fn main() -> ExitCode {
    cli::run()
}
