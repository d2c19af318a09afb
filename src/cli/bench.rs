//! `detect bench`: how fast the compiled rules are on events in memory.
//!
//! Four passes do ever more of the way of an event, so that the differences
//! say what each stage costs: lines are cut (`read`), projected (`project`), the
//! per-event part runs (`match`), and hits go to the heads and become alerts
//! (`aggregate`). Every pass begins with fresh state.

use super::failure::Failure;
use super::generate::Generate;
use super::input::Source;
use super::output::{self, Cell, Column, Format, Table, Tone};
use super::ruleset::Rules;
use crate::allocations;
use bumpalo::Bump;
use clap::Args;
use detect::runtime::engine::{Alert, Engine, Options, Ruleset as _, Sink};
use detect::runtime::input::{LINE_LIMIT, each_line};
use detect::runtime::json::layout::{Layout, LayoutError};
use detect::runtime::json::projector::Projector;
use serde_json::{Value as Json, json};
use std::hint::black_box;
use std::io::Read;
use std::path::PathBuf;
use std::time::Instant;

/// Bytes handed to the engine at once, as `scan` does.
const CHUNK: usize = 1 << 18;

/// Measures the compiled rules on events in memory
#[derive(Args, Debug)]
pub(crate) struct Bench {
    /// File of events; without one they are generated
    file: Option<PathBuf>,
    /// How many events to generate
    #[arg(long, default_value_t = 100_000, value_name = "N")]
    generate: u64,
    /// Share of generated events that match the first rule
    #[arg(long, default_value_t = 0.002, value_parser = super::args::share)]
    match_rate: f64,
    /// How often each pass is repeated
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    passes: u32,
    /// Keep the result under a name
    #[arg(long, value_name = "NAME")]
    save: Option<String>,
    /// Show the change since a kept result
    #[arg(long, value_name = "NAME")]
    compare: Option<String>,
    /// Folder of kept results
    #[arg(long, default_value = "target/detect-bench", value_name = "DIR")]
    results: PathBuf,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Time and allocations of one stage.
#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    /// Fastest, middle and slowest pass, in seconds.
    seconds: (f64, f64, f64),
    /// Allocations of the last pass.
    allocations: u64,
}

impl Bench {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let bytes = self.bytes()?;
        let mut events = 0_u64;
        each_line(&bytes, 0, LINE_LIMIT, |_| events += 1);
        if events == 0 {
            return Err(Failure::Usage("there are no events to measure with".to_owned()));
        }
        let before = match &self.compare {
            Some(name) => Some(self.kept(name)?),
            None => None,
        };
        let records = self.measure(&bytes, events)?;
        if let Some(name) = &self.save {
            let path = self.path(name);
            std::fs::create_dir_all(&self.results)
                .map_err(|error| Failure::write(&self.results, error))?;
            let text = format!("{:#}\n", Json::Array(records.clone()));
            std::fs::write(&path, text).map_err(|error| Failure::write(&path, error))?;
        }
        output::records(self.format, &records, || table(&records, before.as_deref()))
    }

    fn bytes(&self) -> Result<Vec<u8>, Failure> {
        let Some(path) = &self.file else {
            return Ok(Generate::lines(self.generate, 1, self.match_rate).into_bytes());
        };
        let source = Source::File(path.clone());
        let mut bytes = Vec::new();
        let mut input = source.open()?;
        input.read_to_end(&mut bytes).map_err(|error| source.broken(&error))?;
        if !bytes.ends_with(b"\n") {
            bytes.push(b'\n');
        }
        Ok(bytes)
    }

    fn measure(&self, bytes: &[u8], events: u64) -> Result<Vec<Json>, Failure> {
        let damaged =
            |error: LayoutError| Failure::File(format!("the compiled rules are damaged: {error}"));
        let layout = Layout::new(Rules::table().layout).map_err(damaged)?;
        let engine = || Engine::<Rules>::new(Options::default());
        engine().map_err(|error| Failure::File(error.to_string()))?;
        let read = self.pass(
            || Some(()),
            |()| {
                let mut longest = 0;
                each_line(bytes, 0, LINE_LIMIT, |line| {
                    longest = longest.max(line.bytes.map_or(0, <[u8]>::len));
                });
                black_box(longest);
            },
        );
        let project = self.pass(
            || Some((Projector::new(layout), Bump::new())),
            |(projector, arena)| {
                each_line(bytes, 0, LINE_LIMIT, |line| {
                    arena.reset();
                    let event = projector.project(line.bytes.unwrap_or_default(), arena);
                    black_box(event.is_ok());
                });
            },
        );
        let matched = self.pass(
            || engine().ok()?.shard().ok(),
            |shard| {
                for (number, run) in runs(bytes).enumerate() {
                    black_box(shard.scan(run, (number * CHUNK) as u64, false));
                }
            },
        );
        let mut alerts = 0;
        let whole = self.pass(
            || engine().ok(),
            |engine| {
                let mut sink = Counter(0);
                for chunk in bytes.chunks(CHUNK) {
                    engine.feed(chunk, &mut sink);
                }
                engine.finish(&mut sink);
                alerts = sink.0;
            },
        );
        let stages = [
            ("read", read, Measured::default()),
            ("project", project, read),
            ("match", matched, project),
            ("aggregate", whole, matched),
            ("all", whole, Measured::default()),
        ];
        let record = |(stage, own, below): (&str, Measured, Measured)| {
            let nanoseconds = |seconds: f64| seconds * 1e9 / events as f64;
            let (least, middle, most) = own.seconds;
            json!({
                "stage": stage,
                "events": events,
                "bytes": bytes.len(),
                "alerts": alerts,
                "ns_per_event": round(nanoseconds((middle - below.seconds.1).max(0.0))),
                "ns_per_event_up_to_here": round(nanoseconds(middle)),
                "spread": round((most - least) / middle.max(1e-12)),
                "events_per_second": (events as f64 / middle.max(1e-12)).round(),
                "bytes_per_second": (bytes.len() as f64 / middle.max(1e-12)).round(),
                "allocations_per_event":
                    round(own.allocations.saturating_sub(below.allocations) as f64 / events as f64),
            })
        };
        Ok(stages.into_iter().map(record).collect())
    }

    /// Repeats a pass, each time over a fresh subject that is made outside the
    /// clock; the first, which warms caches, does not count.
    fn pass<S>(
        &self,
        mut fresh: impl FnMut() -> Option<S>,
        mut run: impl FnMut(&mut S),
    ) -> Measured {
        let mut seconds = Vec::new();
        let mut allocated = 0;
        for number in 0..=self.passes {
            let Some(mut subject) = fresh() else { continue };
            let before = allocations::count();
            let started = Instant::now();
            run(&mut subject);
            let elapsed = started.elapsed().as_secs_f64();
            allocated = allocations::count() - before;
            if number > 0 {
                seconds.push(elapsed);
            }
        }
        seconds.sort_by(f64::total_cmp);
        let at = |place: usize| seconds.get(place).copied().unwrap_or_default();
        let last = seconds.len().saturating_sub(1);
        Measured { seconds: (at(0), at(seconds.len() / 2), at(last)), allocations: allocated }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.results.join(format!("{name}.json"))
    }

    fn kept(&self, name: &str) -> Result<Vec<Json>, Failure> {
        let path = self.path(name);
        let text = std::fs::read_to_string(&path).map_err(|error| Failure::read(&path, error))?;
        serde_json::from_str(&text).map_err(|error| Failure::read(&path, error))
    }
}

/// Runs of whole lines of about a chunk.
fn runs(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let near = rest.len().min(CHUNK);
        let end = memchr::memchr(b'\n', &rest[near..]).map_or(rest.len(), |end| near + end + 1);
        let (run, behind) = rest.split_at(end);
        rest = behind;
        (!run.is_empty()).then_some(run)
    })
}

/// Three digits behind the point.
fn round(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

struct Counter(u64);

impl Sink for Counter {
    fn alert(&mut self, _alert: &Alert<'_>) {
        self.0 += 1;
    }
}

fn table(records: &[Json], before: Option<&[Json]>) -> Table {
    let mut columns = vec![
        Column::left("STAGE"),
        Column::right("NS/EVENT"),
        Column::right("UP TO HERE"),
        Column::right("EVENTS/S"),
        Column::right("BYTES/S"),
        Column::right("ALLOCS/EVENT"),
        Column::right("SPREAD"),
    ];
    if before.is_some() {
        columns.push(Column::right("CHANGE"));
    }
    let mut table = Table::new(columns);
    let number = |record: &Json, name: &str| record[name].as_f64().unwrap_or_default();
    for record in records {
        let own = number(record, "ns_per_event");
        let mut cells = vec![
            Cell::new(record["stage"].as_str().unwrap_or_default()),
            Cell::new(format!("{own:.1}")),
            Cell::new(format!("{:.1}", number(record, "ns_per_event_up_to_here"))).tone(Tone::Dim),
            Cell::new(output::per_second(number(record, "events_per_second"))),
            Cell::new(format!("{}/s", output::bytes(number(record, "bytes_per_second")))),
            Cell::new(format!("{:.3}", number(record, "allocations_per_event"))),
            Cell::new(format!("{:.1} %", 100.0 * number(record, "spread"))).tone(Tone::Dim),
        ];
        if let Some(before) = before {
            let old = before.iter().find(|old| old["stage"] == record["stage"]);
            let old = old.map_or(0.0, |old| number(old, "ns_per_event"));
            let change = if old > 0.0 { 100.0 * (own - old) / old } else { 0.0 };
            let tone = match change {
                c if c < -2.0 => Tone::Good,
                c if c > 2.0 => Tone::Bad,
                _ => Tone::Dim,
            };
            cells.push(Cell::new(format!("{change:+.1} %")).tone(tone));
        }
        table.row(cells);
    }
    table
}
