//! What rules and fields cost: witness hits, runs, matches, sampled time.
//!
//! The scan itself is not touched: events are taken through the same matcher and
//! the same conditions here, with a watch. So measuring costs a scan nothing.

use crate::cli::failure::Failure;
use crate::cli::output::{self, Cell, Column, Format, Table as Printed};
use detect::runtime::engine::{Table, index_name};
use detect::runtime::event::{Event, FieldId};
use detect::runtime::matcher::{Memory, Probe, Watch};
use detect::runtime::value::Cx;
use serde_json::{Value as Json, json};
use std::time::Instant;

/// One event of so many is timed: reading the clock twice for each condition
/// takes as long as the condition.
const SAMPLE: u64 = 16;

/// Counts of a rule.
#[derive(Clone, Copy, Default)]
struct RuleCost {
    witness_hits: u64,
    runs: u64,
    matches: u64,
    /// In the events that were timed.
    nanoseconds: u64,
}

/// Counts of a field's matcher.
#[derive(Clone, Copy, Default)]
struct FieldCost {
    looks: u64,
    hits: u64,
    nanoseconds: u64,
}

/// Costs over a stream.
pub(super) struct Costs {
    table: &'static Table,
    memory: Memory,
    candidates: Vec<u32>,
    events: u64,
    rules: Vec<RuleCost>,
    fields: Vec<FieldCost>,
}

/// Watches the field matchers of one event.
struct Stopwatch<'c> {
    fields: &'c mut [FieldCost],
    timed: bool,
    begun: Option<Instant>,
}

impl Watch for Stopwatch<'_> {
    fn begin(&mut self) {
        self.begun = self.timed.then(Instant::now);
    }

    fn end(&mut self, field: FieldId, hits: u32) {
        let spent = self.begun.map_or(0, |begun| begun.elapsed().as_nanos() as u64);
        if let Some(cost) = self.fields.get_mut(field as usize) {
            cost.looks += 1;
            cost.hits += u64::from(hits);
            cost.nanoseconds += spent;
        }
    }
}

impl Costs {
    pub(super) fn new(table: &'static Table) -> Costs {
        Costs {
            table,
            memory: Memory::new(&table.matchers),
            candidates: Vec::new(),
            events: 0,
            rules: vec![RuleCost::default(); table.rules.len()],
            fields: vec![FieldCost::default(); table.fields.len()],
        }
    }

    pub(super) fn event<'a>(&mut self, event: &Event<'a>, cx: Cx<'a>) {
        let timed = self.events % SAMPLE == 0;
        self.events += 1;
        self.candidates.clear();
        let mut probe = Probe::new(&self.table.matchers, &mut self.memory, event, cx);
        let mut watch = Stopwatch { fields: &mut self.fields, timed, begun: None };
        let index = index_name(self.table, event);
        probe.watched_candidates(index, &mut self.candidates, &mut watch);
        for &number in &self.candidates {
            let Some(condition) = self.table.conditions.get(number as usize) else { continue };
            let Some(cost) = self.rules.get_mut(condition.rule as usize) else { continue };
            let before = probe.evaluated();
            let begun = timed.then(Instant::now);
            let holds = probe.evaluate(number, condition.holds);
            cost.nanoseconds += begun.map_or(0, |begun| begun.elapsed().as_nanos() as u64);
            cost.witness_hits += 1;
            cost.runs += u64::from(probe.evaluated() - before);
            cost.matches += u64::from(holds);
        }
    }

    /// Prints the costliest rules and fields.
    pub(super) fn print(&self, format: Format, top: usize) -> Result<(), Failure> {
        let each = |nanoseconds: u64| (nanoseconds * SAMPLE) as f64 / self.events.max(1) as f64;
        let round = |number: f64| (number * 100.0).round() / 100.0;
        let rules = self.table.rules.iter().zip(&self.rules).map(|(rule, cost)| {
            (
                each(cost.nanoseconds),
                json!({
                    "what": "rule",
                    "name": rule.info.path,
                    "hits": cost.witness_hits,
                    "runs": cost.runs,
                    "matches": cost.matches,
                    "ns_per_event": round(each(cost.nanoseconds)),
                }),
            )
        });
        let fields = self.table.fields.iter().zip(&self.fields).map(|(path, cost)| {
            (
                each(cost.nanoseconds),
                json!({
                    "what": "field",
                    "name": path,
                    "looks": cost.looks,
                    "hits": cost.hits,
                    "ns_per_event": round(each(cost.nanoseconds)),
                }),
            )
        });
        let mut records = costliest(rules, "hits", top);
        records.extend(costliest(fields, "looks", top));
        output::records(format, &records, || table(&records))
    }
}

/// The costliest records that were touched at all.
fn costliest(all: impl Iterator<Item = (f64, Json)>, count: &str, top: usize) -> Vec<Json> {
    let mut all: Vec<(f64, Json)> =
        all.filter(|(_, record)| record[count].as_u64() > Some(0)).collect();
    // Stable: what was not timed stays in the order of the rules.
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all.into_iter().take(top).map(|(_, record)| record).collect()
}

fn table(records: &[Json]) -> Printed {
    let mut table = Printed::new(vec![
        Column::left("WHAT"),
        Column::left("NAME"),
        Column::right("HITS"),
        Column::right("RUNS"),
        Column::right("MATCHES"),
        Column::right("NS/EVENT"),
    ]);
    for record in records {
        let number = |name: &str| record[name].as_u64().map_or(String::new(), output::count);
        // A field's matcher runs when a value is looked at.
        let runs = if record["runs"].is_null() { number("looks") } else { number("runs") };
        table.row(vec![
            Cell::new(record["what"].as_str().unwrap_or_default()),
            Cell::new(record["name"].as_str().unwrap_or_default()),
            Cell::new(number("hits")),
            Cell::new(runs),
            Cell::new(number("matches")),
            Cell::new(format!("{:.2}", record["ns_per_event"].as_f64().unwrap_or_default())),
        ]);
    }
    table
}
