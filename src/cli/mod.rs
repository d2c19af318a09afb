//! The command-line program: one file a command, and what they share.

mod args;

mod failure;
mod generate;
mod input;
mod output;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Detection rules, compiled to native code, over streams of security events
#[derive(Parser, Debug)]
#[command(name = "detect", version, about, max_term_width = 100)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Generate(generate::Generate),
}

/// Runs the program with the arguments of the process.
pub(crate) fn run() -> ExitCode {
    let program = Program::parse();
    let done = match &program.command {
        Command::Generate(generate) => generate.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
