//! What a scan did, on standard error: every loss has a line, also when it is 0.

use super::alerts::Alerts;
use crate::cli::input::Damage;
use crate::cli::output::{self, Cell, Column, Table, Tone};
use crate::cli::ruleset::Rules;
use detect::runtime::engine::{Engine, Refused};
use detect::runtime::head::Losses;
use detect::runtime::json::Reason;
use detect::runtime::value::Warning;
use std::fmt::{Display, Write as _};
use std::time::Duration;

/// Says which rules were left out when the program was built.
pub(super) fn refused(refused: &[Refused]) {
    for Refused { path, reason } in refused {
        eprintln!("warning: the rule `{path}` is not compiled in: {reason}");
    }
}

/// Prints the summary; `refused` are changed files that were not taken over.
pub(super) fn print(engine: &mut Engine<Rules>, alerts: &Alerts, refused: u64, elapsed: Duration) {
    let state = engine.memory() as f64;
    let (counts, scan) = (*engine.counts(), *engine.scan_counts());
    let losses = engine.rule_counts().iter().fold(Losses::default(), |sum, rule| Losses {
        late: sum.late + rule.losses.late,
        evicted: sum.evicted + rule.losses.evicted,
        learning: sum.learning + rule.losses.learning,
        suppressed: sum.suppressed + rule.losses.suppressed,
        capped: sum.capped + rule.losses.capped,
    });
    let seconds = elapsed.as_secs_f64().max(1e-9);
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let line = format!("{name:<11} {value}");
        let dim = value == "0" && output::error_coloured();
        let _infallible = writeln!(text, "{}", if dim { Tone::Dim.around(&line) } else { line });
    };
    line("events", output::count(counts.events));
    line("bytes", output::bytes(counts.bytes as f64));
    line(
        "speed",
        format!(
            "{}/s, {} events in {seconds:.2} s",
            output::bytes(counts.bytes as f64 / seconds),
            output::per_second(counts.events as f64 / seconds),
        ),
    );
    line("alerts", counted(alerts));
    line("unread", output::count(counts.unread));
    line("unparsable", unparsable(&counts));
    line("damaged", damaged(alerts.damages()));
    line("untimed", output::count(scan.untimed));
    line("late", output::count(losses.late));
    line("future", output::count(scan.future));
    line("evicted", output::count(losses.evicted));
    line("learning", output::count(losses.learning));
    line("suppressed", output::count(losses.suppressed));
    line("capped", output::count(losses.capped));
    line("nulls", warnings(engine));
    line("refused", output::count(refused));
    line("state", output::bytes(state));
    eprint!("\n{text}");
    let rules = rules(engine);
    if !rules.is_empty() {
        eprint!("\n{}", rules.render(output::error_coloured()));
    }
}

fn counted(alerts: &Alerts) -> String {
    let count = output::count(alerts.count());
    match alerts.blocks() {
        0 => count,
        blocks => format!("{count} ({} of them events of sequences)", output::count(blocks)),
    }
}

/// Values that became null, by what made them so.
fn warnings(engine: &Engine<Rules>) -> String {
    let of = |kind: Warning| {
        (0..engine.table().rules.len()).map(|rule| engine.warnings(rule, kind)).sum()
    };
    let counts: Vec<(u64, &str)> = KINDS.iter().map(|(kind, name)| (of(*kind), *name)).collect();
    by_kind(&counts)
}

/// The sum of counts, and in brackets those that are not 0.
fn by_kind<N: Display>(counts: &[(u64, N)]) -> String {
    let mut text = output::count(counts.iter().map(|(count, _)| count).sum());
    let kinds: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{} {name}", output::count(*count)))
        .collect();
    if !kinds.is_empty() {
        let _infallible = write!(text, " ({})", kinds.join(", "));
    }
    text
}

/// Why a value of an expression becomes null.
const KINDS: [(Warning, &str); 8] = [
    (Warning::MultiValue, "several values"),
    (Warning::DivisionByZero, "division by zero"),
    (Warning::Overflow, "overflow"),
    (Warning::Conversion, "conversion"),
    (Warning::Argument, "argument"),
    (Warning::Pattern, "pattern"),
    (Warning::TooLong, "too long"),
    (Warning::Choices, "too many choices"),
];

fn unparsable(counts: &detect::runtime::input::Counts) -> String {
    by_kind(&Reason::ALL.map(|reason| (counts.of(reason), reason)))
}

fn damaged(damages: &[Damage]) -> String {
    let of = |kind: Damage| damages.iter().filter(|damage| **damage == kind).count() as u64;
    by_kind(&[Damage::Cut, Damage::Corrupt].map(|kind| (of(kind), kind)))
}

/// Rules that matched something.
fn rules(engine: &Engine<Rules>) -> Table {
    let mut table = Table::new(vec![
        Column::left("RULE").most(64),
        Column::right("MATCHES"),
        Column::right("ALERTS"),
        Column::right("LATE"),
        Column::right("NULLS"),
    ]);
    for (number, (rule, counts)) in
        engine.table().rules.iter().zip(engine.rule_counts()).enumerate()
    {
        let nulls = KINDS.iter().map(|(kind, _)| engine.warnings(number, *kind)).sum();
        if counts.matches == 0 && counts.alerts == 0 {
            continue;
        }
        let tone = if counts.alerts > 0 { Tone::Warn } else { Tone::Plain };
        table.row(vec![
            Cell::new(rule.info.name),
            Cell::new(output::count(counts.matches)),
            Cell::new(output::count(counts.alerts)).tone(tone),
            Cell::new(output::count(counts.losses.late)),
            Cell::new(output::count(nulls)),
        ]);
    }
    table
}
