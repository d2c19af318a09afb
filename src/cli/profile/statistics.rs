//! How often fields and values occur.

use crate::cli::failure::Failure;
use crate::cli::output::{self, Cell, Column, Format, Table, Tone};
use detect::runtime::event::{Event, FieldId};
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::fmt::Write as _;

/// Values counted at once for a field. With so many counters no value of more
/// than 1/4096 of the field's values is lost, however many there are (Misra and
/// Gries), and no count is too low by more than that.
const COUNTERS: usize = 4096;
/// Values that are written for a field; frequent ones decide, the rest is guessed
/// by the kind of test.
const VALUES: usize = 24;
/// Values that a table shows of a field.
const SHOWN: usize = 4;
/// Least share of events of a value that is written.
const LEAST: f64 = 0.002;
/// Longest value that is counted, in bytes: script texts do not repeat.
const LONGEST: usize = 256;

/// Counts of one field.
#[derive(Default)]
struct Field {
    events: u64,
    bytes: u64,
    values: HashMap<String, u64>,
}

/// Counts over a stream.
pub(super) struct Statistics {
    paths: &'static [&'static str],
    events: u64,
    fields: Vec<Field>,
}

impl Statistics {
    pub(super) fn new(paths: &'static [&'static str]) -> Statistics {
        let fields = paths.iter().map(|_| Field::default()).collect();
        Statistics { paths, events: 0, fields }
    }

    pub(super) fn events(&self) -> u64 {
        self.events
    }

    pub(super) fn event(&mut self, event: &Event<'_>) {
        self.events += 1;
        for &number in event.present() {
            if let Some(field) = self.fields.get_mut(number as usize) {
                field.count(event, number);
            }
        }
    }

    /// The fields that some event has, by name.
    fn seen(&self) -> Vec<(&str, &Field)> {
        let all = self.paths.iter().copied().zip(&self.fields);
        let mut seen: Vec<_> = all.filter(|(_, field)| field.events > 0).collect();
        seen.sort_unstable_by_key(|(path, _)| *path);
        seen
    }

    /// Prints the same as records, a field each.
    pub(super) fn print(&self, format: Format) -> Result<(), Failure> {
        let events = self.events as f64;
        let record = |(path, field): (&str, &Field)| {
            let values: Vec<Json> = field
                .frequent(events)
                .iter()
                .map(|(value, share)| json!({ "value": value, "share": share }))
                .collect();
            json!({
                "field": path,
                "events": field.events,
                "presence": field.events as f64 / events,
                "length": field.bytes as f64 / field.events as f64,
                "values": values,
            })
        };
        let records: Vec<Json> = self.seen().into_iter().map(record).collect();
        output::records(format, &records, || {
            let mut table = Table::new(vec![
                Column::left("FIELD"),
                Column::right("EVENTS"),
                Column::right("PRESENCE"),
                Column::right("LENGTH"),
                Column::left("FREQUENT VALUES").most(80),
            ]);
            for (path, field) in self.seen() {
                let shares = field.frequent(events).into_iter().take(SHOWN);
                let shares = shares.map(|(value, share)| format!("{value} {:.1} %", share * 100.0));
                table.row(vec![
                    Cell::new(path),
                    Cell::new(output::count(field.events)),
                    Cell::new(format!("{:.1} %", field.events as f64 / events * 100.0)),
                    Cell::new(format!("{:.1}", field.bytes as f64 / field.events as f64)),
                    Cell::new(shares.collect::<Vec<_>>().join(", ")).tone(Tone::Dim),
                ]);
            }
            table
        })
    }

    /// The profile; fields by name, values by share.
    pub(super) fn to_toml(&self) -> String {
        let mut text = format!(
            "# How often fields and values occur, of {} events.\n\
             # Shares are of all events, length is mean bytes in an event that has the field.\n",
            self.events
        );
        for (path, field) in self.seen() {
            field.write(&mut text, path, self.events as f64);
        }
        text
    }
}

impl Field {
    fn count(&mut self, event: &Event<'_>, number: FieldId) {
        self.events += 1;
        let mut seen: Vec<&str> = Vec::new();
        for value in event.values(number) {
            let value = value.text();
            self.bytes += value.len() as u64;
            // A share is one of events: a value counts once for each. Beyond some
            // values of one event that is not worth the search.
            if value.len() > LONGEST || seen.contains(&value) {
                continue;
            }
            if seen.len() < 16 {
                seen.push(value);
            }
            if let Some(count) = self.values.get_mut(value) {
                *count += 1;
            } else if self.values.len() < COUNTERS {
                self.values.insert(value.to_owned(), 1);
            } else {
                self.values.retain(|_, count| {
                    *count -= 1;
                    *count > 0
                });
            }
        }
    }

    /// Values with their shares of all events, the most frequent first.
    fn frequent(&self, events: f64) -> Vec<(&str, f64)> {
        let mut values: Vec<(&str, f64)> = self
            .values
            .iter()
            .map(|(value, count)| (value.as_str(), *count as f64 / events))
            .filter(|(_, share)| *share >= LEAST)
            .collect();
        values.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        values.truncate(VALUES);
        values
    }

    fn write(&self, text: &mut String, path: &str, events: f64) {
        let path = quoted(path);
        let length = self.bytes as f64 / self.events as f64;
        let presence = self.events as f64 / events;
        // Writing to a String cannot fail.
        let _infallible =
            write!(text, "\n[fields.{path}]\npresence = {presence:.4}\nlength = {length:.1}\n");
        let values = self.frequent(events);
        if !values.is_empty() {
            let _infallible = writeln!(text, "[fields.{path}.values]");
        }
        for (value, share) in values {
            let _infallible = writeln!(text, "{} = {share:.4}", quoted(value));
        }
    }
}

/// A quoted key of TOML: JSON's escapes, and one for DEL.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\x7f', "\\u007f")
}
