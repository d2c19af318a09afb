//! Where the alerts of a scan go: the output in one of three forms, and bad lines
//! to the dead-letter file.

use super::places::Places;
use crate::cli::failure::Failure;
use crate::cli::input::Damage;
use crate::cli::output::{self, Cell, Column, Format, Table, Tone};
use detect::runtime::alert::{RuleType, Severity};
use detect::runtime::engine::{Alert, Sink};
use detect::runtime::input::BadLine;
use serde_json::{Map, Value as Json, json};
use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Rows of a table that are aligned together.
const ROWS: usize = 5_000;

/// The sink of a scan.
pub(super) struct Alerts {
    format: Format,
    out: BufWriter<Box<dyn Write>>,
    /// Rows of a table with the times that they are sorted by.
    rows: Vec<(String, Vec<Cell>)>,
    count: u64,
    /// Events of sequences among them.
    blocks: u64,
    dead_letter: Option<(PathBuf, BufWriter<File>)>,
    /// The first bad line ends the scan.
    strict: bool,
    /// Name of the input, and its offset among all inputs.
    input: (String, u64),
    /// Bad lines of the current run, with their text.
    bad: Vec<(BadLine, Vec<u8>)>,
    first_bad: Option<String>,
    /// Packed files that did not unpack to their ends.
    damaged: Vec<Damage>,
    failure: Option<Failure>,
}

impl Alerts {
    pub(super) fn new(
        out: Box<dyn Write>,
        format: Format,
        dead_letter: Option<&Path>,
        strict: bool,
    ) -> Result<Alerts, Failure> {
        let dead_letter = match dead_letter {
            None => None,
            Some(path) => {
                let file = File::create(path).map_err(|error| Failure::write(path, error))?;
                Some((path.to_owned(), BufWriter::new(file)))
            }
        };
        Ok(Alerts {
            format,
            out: BufWriter::with_capacity(1 << 17, out),
            rows: Vec::new(),
            count: 0,
            blocks: 0,
            dead_letter,
            strict,
            input: (String::new(), 0),
            bad: Vec::new(),
            first_bad: None,
            damaged: Vec::new(),
            failure: None,
        })
    }

    /// Begins an input.
    pub(super) fn begin(&mut self, name: &str, base: u64) {
        self.input = (name.to_owned(), base);
    }

    /// Scans a run of bytes, and then says where its bad lines are.
    pub(super) fn run(&mut self, places: &mut Places, run: &[u8], scan: impl FnOnce(&mut Alerts)) {
        scan(self);
        if !self.wants_places() {
            return;
        }
        let base = self.input.1;
        self.settle(|_, bad| places.line(run, bad.offset.saturating_sub(base)));
        places.pass(run);
    }

    /// Scans a run of bytes the bad lines of which are numbered already, from 1
    /// behind so many lines.
    pub(super) fn numbered(
        &mut self,
        before: u64,
        numbers: &[u64],
        scan: impl FnOnce(&mut Alerts),
    ) {
        scan(self);
        self.settle(|index, _| before + numbers.get(index).copied().unwrap_or(1));
    }

    /// Writes the bad lines of a run away.
    fn settle(&mut self, mut number: impl FnMut(usize, &BadLine) -> u64) {
        for (index, (bad, line)) in std::mem::take(&mut self.bad).into_iter().enumerate() {
            let offset = bad.offset.saturating_sub(self.input.1);
            let number = number(index, &bad);
            self.first_bad.get_or_insert_with(|| {
                format!("{}:{number}:{}: {}", self.input.0, bad.at + 1, bad.reason)
            });
            let place = (number, offset, bad.at);
            self.bury(place, &bad.reason, &String::from_utf8_lossy(&line));
        }
    }

    /// The input's packed file does not unpack behind `offset`, which is in line
    /// `number` of what it holds.
    pub(super) fn damaged(&mut self, damage: Damage, number: u64, offset: u64) {
        let name = &self.input.0;
        if !self.strict {
            eprintln!("warning: `{name}`: {damage}, what is left of it was not read");
        }
        self.first_bad.get_or_insert_with(|| format!("{name}:{number}: {damage}"));
        self.damaged.push(damage);
        self.bury((number, offset, 0), &damage, "");
    }

    /// Writes what is wrong at a line, an offset and a byte of the line to the
    /// dead-letter file.
    fn bury(
        &mut self,
        (number, offset, at): (u64, u64, usize),
        reason: &dyn fmt::Display,
        text: &str,
    ) {
        let Some((path, file)) = &mut self.dead_letter else { return };
        let record = json!({
            "file": self.input.0,
            "line": number,
            "offset": offset,
            "at": at,
            "reason": reason.to_string(),
            "text": text,
        });
        if let Err(error) = writeln!(file, "{record}") {
            self.failure.get_or_insert(Failure::write(path, error));
        }
    }

    /// True if the text of bad lines is wanted.
    pub(super) fn keeps_bad(&self) -> bool {
        self.dead_letter.is_some()
    }

    /// True if somebody wants to know where bad lines are.
    pub(super) fn wants_places(&self) -> bool {
        self.strict || self.dead_letter.is_some()
    }

    /// Alerts so far, building blocks included.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Building blocks among them: the events of sequences, which a table leaves out.
    pub(super) fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Packed files that did not unpack to their ends.
    pub(super) fn damages(&self) -> &[Damage] {
        &self.damaged
    }

    /// Where the first bad line is and what is wrong with it.
    pub(super) fn first_bad(&self) -> Option<&str> {
        self.first_bad.as_deref()
    }

    /// What went wrong with the output.
    pub(super) fn failure(&mut self) -> Result<(), Failure> {
        self.failure.take().map_or(Ok(()), Err)
    }

    /// Writes what is still held.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        self.failure()?;
        let written = match self.format {
            Format::Table => self.flush_table(),
            Format::Json if self.count == 0 => writeln!(self.out, "[]"),
            Format::Json => writeln!(self.out, "\n]"),
            Format::Ndjson => Ok(()),
        };
        written.and_then(|()| self.out.flush()).map_err(Failure::output)?;
        if let Some((path, file)) = &mut self.dead_letter {
            file.flush().map_err(|error| Failure::write(path, error))?;
        }
        Ok(())
    }

    /// Hands on what was written so far.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(Failure::output)
    }

    /// The same with rows of a table that wait for others to be aligned with.
    pub(super) fn show(&mut self) -> Result<(), Failure> {
        if self.format == Format::Table {
            self.flush_table().map_err(Failure::output)?;
        }
        self.flush()
    }

    fn write(&mut self, alert: &Alert<'_>) -> io::Result<()> {
        match self.format {
            Format::Ndjson => {
                self.out.write_all(alert.json.as_bytes())?;
                self.out.write_all(b"\n")
            }
            Format::Json => {
                self.out.write_all(if self.count == 1 { b"[\n" } else { b",\n" })?;
                self.out.write_all(alert.json.as_bytes())
            }
            Format::Table => {
                // People see the alert of a sequence, not its building blocks.
                if is_part(alert) {
                    return Ok(());
                }
                let document = serde_json::from_str(alert.json).unwrap_or_default();
                let time = find(&document, "@timestamp").map(plain).unwrap_or_default();
                self.rows.push((time, row(alert, &document)));
                if self.rows.len() >= ROWS { self.flush_table() } else { Ok(()) }
            }
        }
    }

    fn flush_table(&mut self) -> io::Result<()> {
        let mut rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(());
        }
        // Alerts of a tick come late; people read by time.
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        let mut table = table();
        rows.into_iter().for_each(|(_, row)| table.row(row));
        self.out.write_all(table.render(output::coloured()).as_bytes())
    }
}

impl Sink for Alerts {
    fn alert(&mut self, alert: &Alert<'_>) {
        self.count += 1;
        self.blocks += u64::from(is_part(alert));
        if self.failure.is_none()
            && let Err(error) = self.write(alert)
        {
            self.failure = Some(Failure::output(error));
        }
    }

    fn bad_line(&mut self, bad: &BadLine, line: &[u8]) {
        let text = self.dead_letter.is_some().then(|| line.to_vec());
        if self.wants_places() {
            self.bad.push((*bad, text.unwrap_or_default()));
        }
    }
}

/// True for the events of a sequence's alert.
fn is_part(alert: &Alert<'_>) -> bool {
    alert.building_block && !alert.info.building_block
}

fn table() -> Table {
    Table::new(vec![
        Column::left("TIME"),
        Column::left("SEVERITY"),
        Column::left("RULE").most(48),
        Column::left("HOST").most(20),
        Column::left("WHAT").most(100),
    ])
}

fn row(alert: &Alert<'_>, document: &Map<String, Json>) -> Vec<Cell> {
    let text = |path: &str| find(document, path).map(plain).unwrap_or_default();
    let severity = text("kibana.alert.severity");
    let tone = match severity.parse() {
        Ok(Severity::Low) => Tone::Note,
        Ok(Severity::Medium) => Tone::Warn,
        Ok(Severity::High) => Tone::Bad,
        Ok(Severity::Critical) => Tone::Alarm,
        Err(_) => Tone::Plain,
    };
    let time = text("@timestamp").replace('T', " ");
    vec![
        Cell::new(time.trim_end_matches('Z')).tone(Tone::Dim),
        Cell::new(severity).tone(tone),
        Cell::new(text("kibana.alert.rule.name")),
        Cell::new(text("host.name")),
        Cell::new(what(alert, document)),
    ]
}

/// What the alert is about, in a few words: of an aggregation what it groups by
/// and counts, else user, process, file and address of the event.
fn what(alert: &Alert<'_>, document: &Map<String, Json>) -> String {
    let mut words: Vec<String> = Vec::new();
    if alert.info.aggregating || alert.info.rule_type == RuleType::Threshold {
        let groups = alert.info.group_by.iter().filter(|name| **name != "host.name");
        words.extend(groups.filter_map(|name| find(document, name).map(plain)));
        let counts = alert.info.columns.iter().filter(|name| !alert.info.group_by.contains(name));
        words.extend(counts.filter_map(|name| {
            let value = find(document, name).filter(|value| value.is_number())?;
            Some(format!("{}={}", name.trim_start_matches("Esql."), plain(value)))
        }));
        if let Some(count) = find(document, "kibana.alert.threshold_result.count") {
            words.push(format!("count={}", plain(count)));
        }
        return words.join("  ");
    }
    if let Some(Json::Array(ancestors)) = find(document, "kibana.alert.ancestors")
        && find(document, "kibana.alert.group.id").is_some()
    {
        let events = ancestors.iter().filter(|ancestor| ancestor["type"] == "event").count();
        words.push(format!("{events} events"));
    }
    for path in ["user.name", "process.command_line", "file.path", "destination.ip"] {
        words.extend(find(document, path).map(plain));
    }
    if words.is_empty() {
        words.extend(find(document, "kibana.alert.reason").map(plain));
    }
    words.join("  ")
}

/// The value at a path, dotted or nested or mixed.
fn find<'d>(object: &'d Map<String, Json>, path: &str) -> Option<&'d Json> {
    if let Some(value) = object.get(path) {
        return Some(value);
    }
    let mut dots = path.match_indices('.');
    dots.find_map(|(at, _)| match object.get(&path[..at]) {
        Some(Json::Object(inner)) => find(inner, &path[at + 1..]),
        _ => None,
    })
}

fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}
