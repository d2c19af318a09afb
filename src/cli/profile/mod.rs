//! `detect profile`: what a stream looks like, and what each rule costs on it.
//!
//! Without `--costs` the output is a `detect-profile.toml`: put into the folder
//! of rules it re-weights the choice of witnesses at the next build.

mod costs;
mod statistics;

use super::failure::Failure;
use super::input::{Source, sources};
use super::output::Format;
use super::ruleset::Rules;
use bumpalo::Bump;
use clap::Args;
use costs::Costs;
use detect::runtime::engine::Ruleset as _;
use detect::runtime::event::Event;
use detect::runtime::input::{LINE_LIMIT, one_line};
use detect::runtime::json::layout::Layout;
use detect::runtime::json::projector::Projector;
use detect::runtime::value::{Cx, Warnings};
use statistics::Statistics;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;

/// Statistics of events for the next build (TOML), or what each rule costs
#[derive(Args, Debug)]
pub(crate) struct Profile {
    /// Files of events; `-` is standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Show what each rule and each field costs
    #[arg(long)]
    costs: bool,
    /// How many rules and fields to show
    #[arg(long, default_value_t = 40, value_name = "N", requires = "costs")]
    top: usize,
    /// How it is printed; without it costs are a table, statistics a `detect-profile.toml`
    #[arg(long, value_enum)]
    format: Option<Format>,
}

impl Profile {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let sources = sources(&self.files).unwrap_or_default();
        if self.costs {
            let mut costs = Costs::new(Rules::table());
            each_event(&sources, &mut |event, cx| costs.event(event, cx))?;
            return costs.print(self.format.unwrap_or(Format::Table), self.top);
        }
        let mut statistics = Statistics::new(Rules::table().fields);
        each_event(&sources, &mut |event, _| statistics.event(event))?;
        if statistics.events() == 0 {
            return Err(Failure::Usage("there are no events to make a profile of".to_owned()));
        }
        if let Some(format) = self.format {
            return statistics.print(format);
        }
        let text = statistics.to_toml();
        std::io::stdout().lock().write_all(text.as_bytes()).map_err(Failure::output)
    }
}

/// Projects every line that is an event on the fields of the compiled rules.
fn each_event(
    sources: &[Source],
    visit: &mut dyn for<'a> FnMut(&Event<'a>, Cx<'a>),
) -> Result<(), Failure> {
    let layout = Layout::new(Rules::table().layout)
        .map_err(|error| Failure::File(format!("the compiled rules are damaged: {error}")))?;
    let (mut projector, mut arena) = (Projector::new(layout), Bump::new());
    let warnings = Warnings::default();
    for source in sources {
        let mut input = BufReader::with_capacity(1 << 18, source.open()?);
        let (mut bytes, mut offset) = (Vec::new(), 0);
        loop {
            bytes.clear();
            let read =
                input.read_until(b'\n', &mut bytes).map_err(|error| source.broken(&error))?;
            if read == 0 {
                break;
            }
            let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
            let line = one_line(line, offset, LINE_LIMIT).and_then(|line| line.bytes);
            arena.reset();
            if let Some(Ok(event)) = line.map(|line| projector.project(line, &arena)) {
                visit(&event, Cx { arena: &arena, now: 0, warnings: &warnings });
            }
            offset += read as u64;
        }
    }
    Ok(())
}
