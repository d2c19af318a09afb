//! The command-line program: one file a command, and what they share.

mod args;
mod bench;
mod catalog;
mod check;
mod explain;
mod failure;
mod generate;
mod html;
mod hygiene;
mod input;
mod library;
mod matrix;
mod output;
mod profile;
mod progress;
mod rules;
mod ruleset;
mod samples;
mod scan;
mod test;

use clap::{CommandFactory, Parser, Subcommand};
use failure::Failure;
use std::path::Path;
use std::process::ExitCode;

/// Events that the program scans when it is started with nothing.
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/events.ndjson");

/// Detection rules, compiled to native code, over streams of security events
#[derive(Parser, Debug)]
#[command(name = "detect", version, about, max_term_width = 100)]
struct Program {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    Scan(Box<scan::Scan>),
    Rules(rules::ListRules),
    Test(test::TestRules),
    Samples(samples::MakeSamples),
    Matrix(matrix::Matrix),
    Bench(bench::Bench),
    Profile(profile::Profile),
    Check(check::Check),
    Explain(explain::Explain),
    Catalog(catalog::Catalog),
    Generate(generate::Generate),
}

/// Runs the program with the arguments of the process.
pub(crate) fn run() -> ExitCode {
    let done = match &Program::parse().command {
        Some(Command::Scan(scan)) => scan.run(),
        Some(Command::Rules(rules)) => rules.run(),
        Some(Command::Test(test)) => test.run(),
        Some(Command::Samples(samples)) => samples.run(),
        Some(Command::Matrix(matrix)) => matrix.run(),
        Some(Command::Bench(bench)) => bench.run(),
        Some(Command::Profile(profile)) => profile.run(),
        Some(Command::Check(check)) => check.run(),
        Some(Command::Explain(explain)) => explain.run(),
        Some(Command::Catalog(catalog)) => catalog.run(),
        Some(Command::Generate(generate)) => generate.run(),
        None => nothing(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Started with nothing: the example of the source tree is scanned; where that
/// is not there, the help is shown.
fn nothing() -> Result<(), Failure> {
    let example = Path::new(EXAMPLE);
    if example.exists() {
        eprintln!("No command given: scanning {EXAMPLE}. `detect --help` shows what there is.\n");
        return scan::Scan::example(example);
    }
    Program::command().print_help().map_err(Failure::output)
}
