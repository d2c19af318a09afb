//! Records on standard output: as a table for people, as NDJSON or JSON for
//! programs. Every command that prints records prints them through here.

mod sizes;
mod table;

pub(crate) use sizes::{bytes, count, per_second};
pub(crate) use table::{Cell, Column, Table, Tone};

use super::failure::Failure;
use clap::ValueEnum;
use serde_json::Value as Json;
use std::fmt;
use std::io::{self, IsTerminal, Write};

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// An aligned table, coloured on a terminal.
    Table,
    /// One JSON object a line.
    Ndjson,
    /// One JSON array.
    Json,
}

/// True if standard output takes colours: a terminal, and `NO_COLOR` not set.
pub(crate) fn coloured() -> bool {
    io::stdout().is_terminal() && allowed()
}

/// The same for standard error.
pub(crate) fn error_coloured() -> bool {
    io::stderr().is_terminal() && allowed()
}

fn allowed() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// A word in a colour, if standard output takes colours.
pub(crate) fn toned(word: &str, tone: Tone) -> String {
    if coloured() { format!("{}{word}\x1b[0m", tone.begin()) } else { word.to_owned() }
}

/// Prints a line at once, for what goes on for a while.
pub(crate) fn line(text: fmt::Arguments<'_>) -> Result<(), Failure> {
    writeln!(io::stdout().lock(), "{text}").map_err(Failure::output)
}

/// Prints records; `table` is only asked where a table is wanted.
pub(crate) fn records(
    format: Format,
    records: &[Json],
    table: impl FnOnce() -> Table,
) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = match format {
        Format::Table => write!(out, "{}", table().render(coloured())),
        Format::Ndjson => records.iter().try_for_each(|record| writeln!(out, "{record}")),
        Format::Json => writeln!(out, "{:#}", Json::Array(records.to_vec())),
    };
    written.and_then(|()| out.flush()).map_err(Failure::output)
}
