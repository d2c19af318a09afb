//! Files that say how rules run: their state, the values of their exceptions,
//! indicators. They are looked at between two runs of lines; when one has changed,
//! all that it says is replaced at once.

use crate::cli::failure::Failure;
use crate::cli::input::Source;
use clap::Args;
use detect::runtime::alert::Severity;
use detect::runtime::engine::{Engine, Feed, HeadSpec, Live, LiveRule, Rule, Ruleset, Table};
use detect::runtime::exception::{ExceptionSpec, Item, Items};
use detect::runtime::indicator::Indicators;
use detect::runtime::table::Resources;
use detect::runtime::test::Fold;
use detect::runtime::text::glob;
use detect::runtime::value::date;
use detect_compiler::diagnostic::Style;
use detect_compiler::lower::exempt;
use detect_compiler::rule::{Exceptions, read_folder};
use detect_compiler::schema::Schema;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// How often files are looked at.
const PAUSE: Duration = Duration::from_millis(200);

/// Ends the name of a file of exceptions.
const EXCEPTIONS: &str = ".exceptions.toml";

/// Options that name such files.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct LiveFiles {
    /// Which rules run, with what severity and risk: JSON, read again when it changes
    #[arg(long, value_name = "FILE")]
    pub(super) rules_state: Option<PathBuf>,
    /// Folder of the rules: values of their exceptions, read again when a file changes
    #[arg(long, value_name = "DIR")]
    pub(super) exceptions: Option<PathBuf>,
    /// Indicators for index NAME, NDJSON, read again when the file changes
    #[arg(long, value_name = "NAME=FILE", value_parser = named)]
    pub(super) indicators: Vec<(String, PathBuf)>,
    /// What conditions on indicators mean by now; default: the wall clock
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub(super) indicators_at: Option<i64>,
    /// Rules that are deprecated run too
    #[arg(long)]
    pub(super) with_deprecated: bool,
}

fn named(text: &str) -> Result<(String, PathBuf), String> {
    let (name, file) = text.split_once('=').ok_or("expected NAME=FILE")?;
    Ok((name.to_owned(), file.into()))
}

fn instant(text: &str) -> Result<i64, String> {
    let nanos = date::parse(text).ok_or("expected a time such as 2026-01-01T00:00:00Z")?;
    date::to_millis(nanos).ok_or_else(|| "out of range".to_owned())
}

/// Watches the files.
pub(super) struct Watch {
    files: LiveFiles,
    resources: Arc<Resources>,
    table: &'static Table,
    looked: Instant,
    /// What was seen of each file when it was last read.
    stamps: BTreeMap<PathBuf, Option<Stamp>>,
    /// Changes that could not be taken over.
    pub(super) refused: u64,
}

/// By which a change is noticed.
type Stamp = (SystemTime, u64);

impl Watch {
    /// Reads all files for the first time.
    pub(super) fn begin<R: Ruleset>(
        files: &LiveFiles,
        resources: &Arc<Resources>,
        engine: &mut Engine<R>,
    ) -> Result<Watch, Failure> {
        let table = engine.table();
        let mut watch = Watch {
            files: files.clone(),
            resources: Arc::clone(resources),
            table,
            looked: Instant::now(),
            stamps: BTreeMap::new(),
            refused: 0,
        };
        watch.stamps = watch.seen();
        let live = watch.read(engine.live(), None)?;
        engine.go_on_with(&Arc::new(live));
        Ok(watch)
    }

    /// What holds from now on, if a file has changed. A file that cannot be read, or
    /// whose exceptions ask what no item of the build asked, is reported and counted,
    /// and everything stays as it was.
    pub(super) fn changed(&mut self, live: &Live) -> Option<Arc<Live>> {
        if self.looked.elapsed() < PAUSE {
            return None;
        }
        self.looked = Instant::now();
        let seen = self.seen();
        if seen == self.stamps {
            return None;
        }
        let before = std::mem::replace(&mut self.stamps, seen);
        match self.read(live, Some(&before)) {
            Ok(live) => Some(Arc::new(live)),
            Err(failure) => {
                self.refused += 1;
                eprintln!("warning: {failure}; the rules go on as before");
                None
            }
        }
    }

    fn seen(&self) -> BTreeMap<PathBuf, Option<Stamp>> {
        let mut paths: Vec<PathBuf> = self.files.rules_state.iter().cloned().collect();
        paths.extend(self.files.indicators.iter().map(|(_, path)| path.clone()));
        if let Some(folder) = &self.files.exceptions {
            let of_rules = self.table.rules.iter().filter(|rule| rule.exceptions.is_some());
            paths.extend(of_rules.map(|rule| folder.join(exceptions_of(rule))));
        }
        let stamp = |path: &Path| {
            let metadata = path.metadata().ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        paths
            .into_iter()
            .map(|path| (stamp(&path), path))
            .map(|(stamp, path)| (path, stamp))
            .collect()
    }

    /// Everything anew; indicators are kept where neither their files nor the
    /// rule's exceptions changed since `before`.
    fn read(
        &self,
        old: &Live,
        before: Option<&BTreeMap<PathBuf, Option<Stamp>>>,
    ) -> Result<Live, Failure> {
        let mut live = Live::new(self.table).map_err(|error| Failure::File(error.to_string()))?;
        for (rule, live) in self.table.rules.iter().zip(&mut live.rules) {
            live.on = self.files.with_deprecated || !rule.info.deprecated;
        }
        if let Some(path) = &self.files.rules_state {
            states(path, self.table, &mut live)?;
        }
        for (rule, live) in self.table.rules.iter().zip(&mut live.rules) {
            live.on &= rule.needs().all(|need| need.is_met(&self.resources));
        }
        if let Some(folder) = &self.files.exceptions {
            exceptions(folder, self.table, &mut live)?;
        }
        let is_new =
            |path: &Path| before.is_none_or(|before| before.get(path) != self.stamps.get(path));
        for (number, rule) in self.table.rules.iter().enumerate() {
            let HeadSpec::Threat(spec) = rule.head else { continue };
            let files: Vec<&(String, PathBuf)> = self
                .files
                .indicators
                .iter()
                .filter(|(name, _)| spec.indices.iter().any(|index| fits(index, name)))
                .collect();
            let of_rule =
                self.files.exceptions.iter().map(|folder| folder.join(exceptions_of(rule)));
            let mut paths = files.iter().map(|(_, path)| path.clone()).chain(of_rule);
            let kept = if paths.any(|path| is_new(&path)) {
                None
            } else {
                old.rules.get(number).map(|rule| Arc::clone(&rule.indicators))
            };
            let Some(place) = live.rules.get_mut(number) else { continue };
            place.indicators = match kept {
                Some(kept) => kept,
                None => self.indicators(number, place, &files)?,
            };
        }
        self.unread()?;
        Ok(live)
    }

    fn indicators(
        &self,
        rule: usize,
        live: &LiveRule,
        files: &[&(String, PathBuf)],
    ) -> Result<Arc<Indicators>, Failure> {
        let now = self.files.indicators_at.unwrap_or_else(super::now);
        let damaged = |error: detect::runtime::engine::FeedError| Failure::File(error.to_string());
        let mut feed = Feed::new(self.table, rule, &live.exceptions, now).map_err(damaged)?;
        for (name, path) in files {
            let source = Source::File(path.clone());
            let mut bytes = Vec::new();
            source.open()?.read_to_end(&mut bytes).map_err(|error| source.broken(&error))?;
            feed.file(name, &bytes);
        }
        let (set, counts) = feed.finish();
        if counts.documents > 0 && counts.kept == 0 {
            let name = self.table.rules.get(rule).map_or("", |rule| rule.info.name);
            eprintln!("warning: {name}: none of {} indicators can match", counts.documents);
        }
        if counts.malformed > 0 {
            eprintln!("warning: {} indicators are no JSON objects", counts.malformed);
        }
        Ok(Arc::new(set))
    }

    /// An indicator file that no rule reads is a mistake.
    fn unread(&self) -> Result<(), Failure> {
        let mut indices = self.table.rules.iter().flat_map(|rule| match rule.head {
            HeadSpec::Threat(spec) => spec.indices,
            _ => &[],
        });
        for (name, _) in &self.files.indicators {
            if !indices.clone().any(|index| fits(index, name)) {
                let all: Vec<&str> = indices.by_ref().copied().collect();
                return Err(Failure::Usage(format!(
                    "--indicators {name}: no rule reads indicators of this name; they read: {}",
                    all.join(", ")
                )));
            }
        }
        Ok(())
    }
}

/// An index pattern names an index, or is itself the name.
fn fits(pattern: &str, name: &str) -> bool {
    pattern == name || glob::matches(&glob::plain(pattern), name, Fold::None)
}

fn exceptions_of(rule: &Rule) -> String {
    rule.info.path.strip_suffix(".toml").unwrap_or(rule.info.path).to_owned() + EXCEPTIONS
}

/// Reads `{"RULE_ID or path":{"enabled":true,"severity":"high","risk_score":73}}`;
/// what is left out stays as the rule says. Several rules of one id are told apart
/// by path.
fn states(path: &Path, table: &Table, live: &mut Live) -> Result<(), Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::read(path, error))?;
    let states: Map<String, Json> =
        serde_json::from_str(&text).map_err(|error| Failure::read(path, error))?;
    for (name, state) in &states {
        let named = |rule: &Rule| rule.info.id == name || rule.info.path == name;
        let mut any = false;
        for (rule, live) in table.rules.iter().zip(&mut live.rules) {
            if named(rule) {
                any = true;
                apply(state, live)
                    .map_err(|why| Failure::read(path, format!("`{name}`: {why}")))?;
            }
        }
        if !any {
            return Err(Failure::read(path, format!("no rule has the id or path `{name}`")));
        }
    }
    Ok(())
}

fn apply(state: &Json, live: &mut LiveRule) -> Result<(), String> {
    for (name, value) in state.as_object().ok_or("expected an object")? {
        let wrong = || format!("`{name}` cannot be {value}");
        match name.as_str() {
            "enabled" => live.on = value.as_bool().ok_or_else(wrong)?,
            "severity" => {
                let severity: Option<Severity> = value.as_str().and_then(|s| s.parse().ok());
                live.rating.severity = severity.ok_or_else(wrong)?;
            }
            "risk_score" => {
                let score = value.as_u64().filter(|score| *score <= 100).ok_or_else(wrong)?;
                live.rating.risk_score = score as u8;
            }
            _ => return Err(format!("unknown member `{name}`")),
        }
    }
    Ok(())
}

/// Reads the exceptions of all rules that were built with some. A file that is
/// gone has no items.
fn exceptions(folder: &Path, table: &Table, live: &mut Live) -> Result<(), Failure> {
    let files = read_folder(folder).map_err(|error| Failure::read(&error.path, &error.error))?;
    let schema = files.ruleset().schema;
    for file in files.files.iter().filter(|file| file.path.ends_with(EXCEPTIONS)) {
        let rule = table.rules.iter().position(|rule| exceptions_of(rule) == file.path);
        if rule.and_then(|rule| table.rules.get(rule)?.exceptions).is_none() {
            let why = "the rule beside it was built without exceptions; build again";
            return Err(Failure::read(&folder.join(&file.path), why));
        }
    }
    for (rule, live) in table.rules.iter().zip(&mut live.rules) {
        let Some(spec) = rule.exceptions else { continue };
        let path = exceptions_of(rule);
        let found = files.files.iter().find(|file| file.path == path);
        let items = match found {
            Some(file) => items(&path, &String::from_utf8_lossy(&file.bytes), spec, &schema)?,
            None => Vec::new(),
        };
        let ready = Items::new(spec, &items);
        live.exceptions = Arc::new(ready.map_err(|error| Failure::read(Path::new(&path), error))?);
    }
    Ok(())
}

/// The items of a file, over the shapes that were compiled.
fn items(
    path: &str,
    text: &str,
    spec: &ExceptionSpec,
    schema: &Schema,
) -> Result<Vec<Item>, Failure> {
    let said = Exceptions::parse(path, text).and_then(|exceptions| exempt(&exceptions, schema));
    let said = said.map_err(|report| Failure::File(report.render(Style::Plain)))?;
    let number = |item: &Item| {
        let words = &said.shapes.get(item.shape as usize)?.words;
        spec.shapes.iter().position(|shape| shape.words == words)
    };
    said.items
        .iter()
        .map(|item| match number(item) {
            Some(shape) => Ok(Item { shape: shape as u32, ..item.clone() }),
            None => {
                let words = said.shapes.get(item.shape as usize).map_or("", |shape| &shape.words);
                let why = format!("no item of the build asks for: {words}; build again");
                Err(Failure::read(Path::new(path), why))
            }
        })
        .collect()
}
