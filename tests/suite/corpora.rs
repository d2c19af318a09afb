//! Folders of public rules as compiled rulesets.

use detect::runtime::engine::{Alert, Engine, HeadSpec, Options, Ruleset, Sink, Table};
use detect::runtime::head::{Settings, Whole};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A folder with its ruleset.
pub(crate) struct Corpus {
    /// The folder.
    pub(crate) folder: &'static str,
    table: fn() -> &'static Table,
    set: fn(&Set<'_>, bool) -> Fired,
    matrix: fn(&[&str], bool) -> Vec<BTreeSet<usize>>,
}

/// Events for one rule.
#[derive(Clone, Copy)]
pub(crate) struct Set<'s> {
    /// Number of the rule.
    pub(crate) rule: usize,
    /// Lines in order of time.
    pub(crate) events: &'s [String],
}

/// What a rule did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fired {
    /// Events that satisfied its per-event part.
    pub(crate) matches: u64,
    /// Alerts.
    pub(crate) alerts: u64,
}

impl Corpus {
    /// The ruleset `R` is that of the folder.
    pub(crate) const fn of<R: Ruleset>(folder: &'static str) -> Corpus {
        Corpus { folder, table: R::table, set: set::<R>, matrix: matrix::<R> }
    }

    /// Number of the rule at a path below the folder.
    pub(crate) fn rule(&self, path: &str) -> Option<usize> {
        (self.table)().rules.iter().position(|rule| rule.info.path == path)
    }

    /// Where a rule's file is, compiled or not.
    pub(crate) fn file(&self, path: &str) -> Option<PathBuf> {
        Some(PathBuf::from(self.folder).join(path)).filter(|file| file.exists())
    }

    /// Why a rule is not compiled.
    pub(crate) fn refusal(&self, path: &str) -> &'static str {
        let refused = (self.table)().refused.iter().find(|refused| refused.path.ends_with(path));
        refused.map_or("it is not in the ruleset", |refused| refused.reason)
    }

    /// Runs a set through the ruleset with fresh state.
    pub(crate) fn fires(&self, set: &Set<'_>, reference: bool) -> Fired {
        (self.set)(set, reference)
    }

    /// For each rule the numbers of the lines that satisfy its per-event part,
    /// each line alone; nothing for sequences and samples.
    pub(crate) fn matches(&self, lines: &[&str], reference: bool) -> Vec<BTreeSet<usize>> {
        (self.matrix)(lines, reference)
    }
}

fn engine<R: Ruleset>(settings: Settings, reference: bool) -> Engine<R> {
    // With fresh state every value is new.
    let settings = Settings { history_complete: true, ..settings };
    let (walk_all, alerts_return) = (true, false);
    let options = Options { settings, walk_all, alerts_return, reference, ..Options::default() };
    Engine::new(options).unwrap_or_else(|error| panic!("{error}"))
}

fn set<R: Ruleset>(set: &Set<'_>, reference: bool) -> Fired {
    let mut engine = engine::<R>(Settings::default(), reference);
    for event in set.events {
        engine.feed(event.as_bytes(), &mut Nowhere);
        engine.feed(b"\n", &mut Nowhere);
    }
    engine.finish(&mut Nowhere);
    let counts = &engine.rule_counts()[set.rule];
    Fired { matches: counts.matches, alerts: counts.alerts }
}

fn matrix<R: Ruleset>(lines: &[&str], reference: bool) -> Vec<BTreeSet<usize>> {
    // One window over everything: no tick runs between two documents.
    let settings = Settings { whole: Some(Whole::default()), ..Settings::default() };
    let mut engine = engine::<R>(settings, reference);
    let mut seen = vec![0; R::table().rules.len()];
    let mut found = vec![BTreeSet::new(); seen.len()];
    for (number, line) in lines.iter().enumerate() {
        engine.feed(line.as_bytes(), &mut Nowhere);
        engine.feed(b"\n", &mut Nowhere);
        for ((counts, seen), found) in engine.rule_counts().iter().zip(&mut seen).zip(&mut found) {
            if counts.matches > *seen {
                *seen = counts.matches;
                found.insert(number);
            }
        }
    }
    for (rule, found) in R::table().rules.iter().zip(&mut found) {
        if matches!(rule.head, HeadSpec::Sequence(_) | HeadSpec::Sample(_)) {
            found.clear();
        }
    }
    found
}

struct Nowhere;

impl Sink for Nowhere {
    fn alert(&mut self, _: &Alert<'_>) {}
}
