//! What the hygiene of rules needs from outside, and how a terminal shows it.
//!
//! In: names of data sets, files of events. Out: the data that rules are held against;
//! a report as text. The catalogue shows the same as a page.

use super::failure::Failure;
use super::input::sources;
use clap::Args;
use detect_compiler::compile::Planned;
use detect_compiler::hygiene::{Data, Hygiene, Relation};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

/// Rules that a section names; `--format json` names all.
const SHOWN: usize = 20;

/// What data there is.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Given {
    /// A data set that there is (`endpoint.events.process`), or an index by its name:
    /// rules that can never see any of these are listed; may be repeated
    #[arg(long = "data-set", value_name = "NAME", value_delimiter = ',')]
    data_sets: Vec<String>,
    /// Events as they come: rules that ask for fields or data sets that none of them has
    /// are listed; may be repeated
    #[arg(long = "data", value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Given {
    /// Reads the events.
    ///
    /// # Errors
    /// A file that cannot be read. Lines that are no events are passed over.
    pub(crate) fn data(&self) -> Result<Data, Failure> {
        let mut data = Data::default();
        for name in &self.data_sets {
            data.name(name);
        }
        if self.files.is_empty() {
            return Ok(data);
        }
        let (mut events, mut bad) = (0u64, 0u64);
        for source in sources(&self.files).unwrap_or_default() {
            let mut input = BufReader::with_capacity(1 << 18, source.open()?);
            let mut line = Vec::new();
            while input.read_until(b'\n', &mut line).map_err(|error| source.broken(&error))? > 0 {
                if !line.trim_ascii().is_empty() {
                    match data.event(&line) {
                        Ok(()) => events += 1,
                        Err(_) => bad += 1,
                    }
                }
                line.clear();
            }
        }
        if events == 0 {
            return Err(Failure::Usage("there are no events in the files of `--data`".to_owned()));
        }
        if bad > 0 {
            eprintln!("{bad} lines are no events");
        }
        Ok(data)
    }
}

/// The report for a terminal.
pub(crate) fn report(hygiene: &Hygiene, rules: &[&Planned]) -> String {
    let name = |number: usize| match rules.get(number) {
        Some(planned) => format!("{} ({})", planned.rule.name, planned.rule.path),
        None => String::new(),
    };
    let pairs = |wanted: &dyn Fn(&Relation) -> Option<(usize, &'static str, usize)>| {
        let line =
            |(a, how, b): (usize, &str, usize)| format!("{}\n    {how} {}", name(a), name(b));
        hygiene.relations.iter().filter_map(wanted).map(line).collect::<Vec<_>>()
    };
    let equal = pairs(&|relation| match *relation {
        Relation::Equal(a, b) => Some((a, "as", b)),
        _ => None,
    });
    let narrower = pairs(&|relation| match *relation {
        Relation::Narrower { narrow, broad } => Some((narrow, "only with", broad)),
        _ => None,
    });
    let elsewhere = pairs(&|relation| match *relation {
        Relation::Elsewhere(a, b) => Some((a, "as", b)),
        _ => None,
    });
    let undecided: Vec<String> = hygiene
        .undecided
        .iter()
        .map(|(a, b)| format!("{}\n    and {}", name(*a), name(*b)))
        .collect();
    let blind: Vec<String> = hygiene
        .blind
        .iter()
        .map(|(rule, why)| format!("{}: {}", name(*rule), why.words()))
        .collect();
    let list = |all: &[usize]| all.iter().map(|number| name(*number)).collect::<Vec<_>>();
    let mut out = format!(
        "hygiene: {} rules compared; {} pairs needed a proof, all others an example told apart\n",
        hygiene.compared, hygiene.asked
    );
    for (title, lines) in [
        ("rules that hold for the same events", equal),
        ("rules that hold only when another one does", narrower),
        ("rules with one condition over different indices", elsewhere),
        ("pairs that were not decided", undecided),
        ("conditions that no event meets", list(&hygiene.never)),
        ("rules that cannot see the given data", blind),
        ("rules without samples", list(&hygiene.unsampled)),
    ] {
        section(&mut out, title, &lines);
    }
    out
}

fn section(out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    // Writing to a String cannot fail.
    let _infallible = writeln!(out, "\n{title}: {}", lines.len());
    for line in lines.iter().take(SHOWN) {
        let _infallible = writeln!(out, "  {line}");
    }
    if lines.len() > SHOWN {
        let more = lines.len() - SHOWN;
        let _infallible = writeln!(out, "  and {more} more (`--format json` names all)");
    }
}
