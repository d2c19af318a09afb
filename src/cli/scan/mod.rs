//! `detect scan`: events in, alerts out.

mod alerts;
mod blocks;
mod completion;
mod crew;
mod drive;
mod live;
#[cfg(test)]
mod pieces;
mod places;
mod reader;
mod summary;
#[cfg(test)]
mod tests;

use super::args;
use super::failure::Failure;
use super::input::{self, Source};
use super::library;
use super::output::Format;
use super::rules;
use super::ruleset::Rules;
use alerts::Alerts;
use clap::{Args, ValueEnum};
use detect::runtime::alert;
use detect::runtime::engine::{Engine, HeadSpec, Horizon, LiveRule, Options, Rule, Ruleset, Table};
use detect::runtime::head::{Settings, Whole};
use detect::runtime::table::{Complete, LookupTable, Resources};
use drive::{Drive, Pieces};
use live::{LiveFiles, Watch};
use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Runs the compiled rules over NDJSON events and prints alerts
#[derive(Args, Debug)]
pub(crate) struct Scan {
    /// Files of events, also .gz and .zst; none or `-` is standard input
    files: Vec<PathBuf>,
    /// `rule`: each rule's schedule; `all`: one window over all input
    #[arg(long, value_enum, default_value_t = Window::Rule)]
    window: Window,
    /// `changes`: a group alerts when it comes to satisfy its rule; `faithful`: at each tick
    #[arg(long, value_enum, default_value_t = Emit::Changes)]
    emit: Emit,
    /// How far events may come behind the latest one
    #[arg(long, default_value = "60s", value_parser = args::duration, value_name = "TIME")]
    allowed_lateness: i64,
    /// How far events may be ahead of the wall clock
    #[arg(long, default_value = "10m", value_parser = args::duration, value_name = "TIME")]
    max_future: i64,
    /// Index name of events that name no data stream
    #[arg(long, value_name = "NAME")]
    index: Option<String>,
    /// How alerts are printed; default: a table on a terminal, else NDJSON
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// `full`: with the long texts of the rule
    #[arg(long, value_enum, default_value_t = AlertFields::Usual)]
    alert_fields: AlertFields,
    /// Threads that read events; alerts are the same for any number
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: u16,
    /// Stop at the first line that is no event
    #[arg(long)]
    strict: bool,
    /// Write lines that are no events here, with place and reason
    #[arg(long, value_name = "FILE")]
    dead_letter: Option<PathBuf>,
    /// Longest line
    #[arg(long, default_value = "16MiB", value_parser = args::size, value_name = "SIZE")]
    line_limit: u64,
    /// How long a pipe may be silent before time goes on without it, from its latest event on;
    /// `0s`: never. Not with several threads, not with `--window all`; files are never silent
    #[arg(long, default_value = "1s", value_parser = args::duration, value_name = "TIME")]
    idle_timeout: i64,
    /// Files of earlier events from which new-terms rules learn
    #[arg(long, value_name = "FILE")]
    history: Vec<PathBuf>,
    /// Time of the one tick of `--window all`; default: that of the latest event
    #[arg(long, value_parser = args::time, value_name = "TIME")]
    now: Option<i64>,
    /// Table for ENRICH and LOOKUP JOIN: NAME=FILE, .csv or .ndjson
    #[arg(long, value_name = "NAME=FILE")]
    lookup: Vec<String>,
    /// Program that answers COMPLETION: the prompt on its standard input, the answer on
    /// its standard output
    #[arg(long, value_name = "COMMAND")]
    completion_cmd: Option<String>,
    /// Longest time that it may take for an answer
    #[arg(long, default_value = "30s", value_parser = args::duration, value_name = "TIME")]
    completion_limit: i64,
    /// Most state that one rule may hold
    #[arg(long, value_parser = args::size, value_name = "SIZE")]
    rule_memory: Option<u64>,
    /// A rule makes no more alerts in one run than its `max_signals`; the summary counts
    /// what is beyond
    #[arg(long)]
    max_signals: bool,
    /// Most state that all rules together may hold; the rule that holds most gives up its
    /// oldest
    #[arg(long, value_parser = args::size, value_name = "SIZE")]
    max_memory: Option<u64>,
    /// Evaluate every condition on every event the plain way: slow, the measure of the fast one
    #[arg(long)]
    reference: bool,
    #[command(flatten)]
    live: LiveFiles,
    /// Print no summary
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Window {
    Rule,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Emit {
    Changes,
    Faithful,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum AlertFields {
    Usual,
    Full,
}

impl Scan {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let Some(sources) = input::sources(&self.files) else {
            let message = "nothing to scan: name files, or pipe events into standard input";
            return Err(Failure::Usage(message.to_owned()));
        };
        self.over(&sources)
    }

    /// Scans the bundled example, as the program does when started with nothing.
    pub(crate) fn example(path: &Path) -> Result<(), Failure> {
        let scan = Scan {
            files: Vec::new(),
            window: Window::Rule,
            emit: Emit::Changes,
            allowed_lateness: 60_000,
            max_future: 600_000,
            index: None,
            format: Some(Format::Table),
            alert_fields: AlertFields::Usual,
            threads: 1,
            strict: false,
            dead_letter: None,
            line_limit: 16 << 20,
            idle_timeout: 0,
            history: Vec::new(),
            now: None,
            lookup: Vec::new(),
            completion_cmd: None,
            completion_limit: 30_000,
            rule_memory: None,
            max_signals: false,
            max_memory: None,
            reference: false,
            live: LiveFiles::default(),
            quiet: false,
        };
        scan.over(&[Source::File(path.to_owned())])
    }

    fn over(&self, sources: &[Source]) -> Result<(), Failure> {
        // Before anything is printed or written: a wrong name is one line.
        sources.iter().try_for_each(Source::check)?;
        let options = self.options()?;
        let resources = Arc::clone(&options.resources);
        let mut engine = Engine::<Rules>::new(options)
            .map_err(|error| Failure::File(format!("the compiled rules are damaged: {error}")))?;
        if !self.quiet {
            summary::refused(engine.table().refused);
            waiting(engine.table(), &resources);
        }
        let watch = Watch::begin(&self.live, &resources, &mut engine)?;
        self.learn(&mut engine)?;
        if let Some(note) = cold_start(&engine).filter(|_| self.history.is_empty() && !self.quiet) {
            eprintln!("{note}");
        }
        let dead_letter = self.dead_letter.as_deref();
        let out = Box::new(std::io::stdout().lock());
        let mut alerts = Alerts::new(out, self.format(), dead_letter, self.strict)?;
        let started = Instant::now();
        let mut drive = Drive {
            engine: &mut engine,
            alerts: &mut alerts,
            watch,
            threads: usize::from(self.threads),
            pieces: Pieces::default(),
            strict: self.strict,
            line_limit: self.line_limit as usize,
            idle: self.idle(),
        };
        let outcome = drive.run(sources);
        let refused = drive.watch.refused;
        alerts.finish()?;
        if !self.quiet {
            summary::print(&mut engine, &alerts, refused, started.elapsed());
        }
        outcome
    }

    fn options(&self) -> Result<Options, Failure> {
        if self.now.is_some() && self.window != Window::All {
            return Err(Failure::Usage("--now goes with --window all".to_owned()));
        }
        let full = self.alert_fields == AlertFields::Full;
        let limit = Duration::from_millis(self.completion_limit.unsigned_abs());
        let completion = self
            .completion_cmd
            .as_deref()
            .map(|command| Arc::new(completion::Program::new(command, limit)) as Arc<dyn Complete>);
        let resources = Resources::new(self.tables()?, completion);
        Ok(Options {
            settings: Settings {
                lateness: self.allowed_lateness,
                faithful: self.emit == Emit::Faithful,
                whole: (self.window == Window::All).then_some(Whole { now: self.now }),
                rule_memory: self.rule_memory.map(|bytes| bytes as usize),
                max_memory: self.max_memory.map(|bytes| bytes as usize),
                history_complete: !self.history.is_empty(),
                max_signals: self.max_signals,
            },
            format: alert::Format {
                full,
                texts: Arc::new(if full { library::long_texts() } else { HashMap::new() }),
                ..alert::Format::default()
            },
            index: self.index.clone(),
            line_limit: self.line_limit as usize,
            horizon: Some(Horizon { clock: now, ahead: self.max_future }),
            walk_all: self.strict || self.dead_letter.is_some(),
            alerts_return: true,
            reference: self.reference,
            resources: Arc::new(resources),
        })
    }

    fn idle(&self) -> Option<Duration> {
        let idle = Duration::from_millis(self.idle_timeout.unsigned_abs());
        (self.window == Window::Rule && !idle.is_zero()).then_some(idle)
    }

    fn format(&self) -> Format {
        use std::io::IsTerminal as _;
        let usual = if std::io::stdout().is_terminal() { Format::Table } else { Format::Ndjson };
        self.format.unwrap_or(usual)
    }

    fn tables(&self) -> Result<HashMap<String, Arc<LookupTable>>, Failure> {
        let mut tables = HashMap::new();
        for given in &self.lookup {
            let (name, file) = given
                .split_once('=')
                .ok_or_else(|| Failure::Usage(format!("--lookup {given}: expected NAME=FILE")))?;
            let path = Path::new(file);
            let text = std::fs::read_to_string(path).map_err(|error| Failure::read(path, error))?;
            let is_csv = path.extension().is_some_and(|extension| extension == "csv");
            let table = if is_csv { LookupTable::csv(&text) } else { LookupTable::ndjson(&text) };
            let table = table.map_err(|error| Failure::read(path, error))?;
            tables.insert(name.to_owned(), Arc::new(table));
        }
        Ok(tables)
    }

    /// History is read as a whole run of lines, chunk by chunk.
    fn learn(&self, engine: &mut Engine<Rules>) -> Result<(), Failure> {
        for path in &self.history {
            let source = Source::File(path.clone());
            let mut input = source.open()?;
            let mut bytes = Vec::new();
            input.read_to_end(&mut bytes).map_err(|error| source.broken(&error))?;
            engine.learn(&bytes);
        }
        Ok(())
    }
}

/// What to say where rules begin without history: a new-terms rule that has seen nothing
/// yet would report everything, so it learns first.
fn cold_start<R: Ruleset>(engine: &Engine<R>) -> Option<String> {
    let rules = engine.table().rules.iter().zip(&engine.live().rules);
    let of_terms =
        |(rule, live): &(&Rule, &LiveRule)| live.on && matches!(rule.head, HeadSpec::NewTerms(_));
    let count = rules.filter(of_terms).count();
    (count > 0).then(|| {
        format!(
            "note: {count} new-terms rules learn for the length of their history before they \
             alert; --history FILE warms them up"
        )
    })
}

/// Names the rules that do not run for want of something.
fn waiting(table: &Table, resources: &Resources) {
    for rule in table.rules {
        let wanted = rule.needs().find(|need| !need.is_met(resources));
        if let Some(wanted) = wanted.filter(|_| !rule.info.deprecated) {
            eprintln!("waiting: {} ({})", rule.info.name, rules::wanted(wanted));
        }
    }
}

/// The wall clock in milliseconds since 1970.
fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}
