//! The pages of a folder, and how often its indicators stand in it.

use super::Page;
use crate::compile::Planned;
use crate::diagnostic::Report;
use crate::lower;
use crate::predicate::{Kind, Predicate};
use crate::rule::{Folder, Rule};
use crate::schema::Schema;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Stack of a thread that compiles: what a main thread has. The depth of queries is
/// bounded with that in mind.
const STACK: usize = 8 << 20;

/// The rules of a folder with their pages.
#[derive(Debug)]
pub struct Catalogue {
    /// Rules that compile, sorted by path.
    pub entries: Vec<Entry>,
    /// Reports on files that do not.
    pub refused: Vec<Report>,
    /// Built-in field types with those of the folder.
    pub schema: Schema,
    /// Where each indicator stands.
    pub usage: Usage,
}

/// A rule with its plan and its page.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Rule and plan.
    pub planned: Planned,
    /// The page.
    pub page: Page,
    /// What is doubtful about the rule.
    pub warnings: Report,
}

/// In which rules of a catalogue each indicator stands.
#[derive(Clone, Debug, Default)]
pub struct Usage(HashMap<(String, Kind, Vec<String>), Vec<usize>>);

impl Usage {
    /// Numbers of the rules with this indicator, negated or not, rising.
    pub fn rules(&self, predicate: &Predicate) -> &[usize] {
        self.0.get(&key(predicate)).map_or(&[], Vec::as_slice)
    }

    /// Every indicator with the rules that have it.
    pub fn iter(&self) -> impl Iterator<Item = (&(String, Kind, Vec<String>), &[usize])> {
        self.0.iter().map(|(key, rules)| (key, rules.as_slice()))
    }

    fn of(entries: &[Entry]) -> Usage {
        let mut usage = Usage::default();
        for (number, entry) in entries.iter().enumerate() {
            for row in &entry.page.indicators {
                let rules = usage.0.entry(key(&row.predicate)).or_default();
                if rules.last() != Some(&number) {
                    rules.push(number);
                }
            }
        }
        usage
    }
}

fn key(predicate: &Predicate) -> (String, Kind, Vec<String>) {
    (predicate.field.clone(), predicate.kind, predicate.values.clone())
}

impl Catalogue {
    /// Compiles the rules of a folder as far as their plans, on all cores.
    pub fn of(folder: &Folder) -> Catalogue {
        let read = folder.ruleset();
        let mut refused = read.refused;
        let (mut entries, reports) = compile_all(&read.rules, &read.schema);
        refused.extend(reports);
        let usage = Usage::of(&entries);
        for entry in &mut entries {
            for row in &mut entry.page.indicators {
                row.corpus = usage.rules(&row.predicate).len().saturating_sub(1);
            }
        }
        Catalogue { entries, refused, schema: read.schema, usage }
    }

    /// Counts for a page that is not of this catalogue: in how many rules with another
    /// id its indicators stand.
    pub fn count(&self, page: &mut Page) {
        let other = |number: &&usize| {
            self.entries
                .get(**number)
                .is_some_and(|entry| entry.page.identity.id != page.identity.id)
        };
        let counts: Vec<usize> = page
            .indicators
            .iter()
            .map(|row| self.usage.rules(&row.predicate).iter().filter(other).count())
            .collect();
        for (row, count) in page.indicators.iter_mut().zip(counts) {
            row.corpus = count;
        }
    }
}

fn compile_all(rules: &[Rule], schema: &Schema) -> (Vec<Entry>, Vec<Report>) {
    let next = AtomicUsize::new(0);
    let done = Mutex::new((Vec::with_capacity(rules.len()), Vec::new()));
    let work = || {
        let (mut entries, mut refused) = (Vec::new(), Vec::new());
        while let Some(rule) = rules.get(next.fetch_add(1, Ordering::Relaxed)) {
            match compile(rule, schema) {
                Ok(entry) => entries.push(entry),
                Err(reports) => refused.extend(reports),
            }
        }
        if let Ok(mut done) = done.lock() {
            done.0.append(&mut entries);
            done.1.append(&mut refused);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(8));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let builder = std::thread::Builder::new().stack_size(STACK);
            // Where no thread is to be had, this one does the work.
            if builder.spawn_scoped(scope, work).is_err() {
                work();
            }
        }
    });
    let (mut entries, mut refused) = done.into_inner().unwrap_or_default();
    let path = |entry: &Entry| entry.planned.rule.path.clone();
    entries.sort_by_key(path);
    refused.sort_by(|a, b| a.path.cmp(&b.path));
    (entries, refused)
}

fn compile(rule: &Rule, schema: &Schema) -> Result<Entry, Vec<Report>> {
    let lowered = lower::compile(rule, schema)?;
    let warnings = rule.report([&rule.warnings[..], &lowered.warnings[..]].concat());
    let page = Page::of(rule, &lowered, schema);
    Ok(Entry { planned: Planned { rule: rule.clone(), lowered }, page, warnings })
}
