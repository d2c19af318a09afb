//! Indicator-match rules: events compared with a set of indicator documents.
//!
//! In: hits of the rule's query, and [`Indicators`] read from NDJSON files. Out:
//! [`Content::Threat`], one a hit, however many indicators match. Must not know
//! where the files come from or when they change: the engine reads a new set with
//! a [`Builder`] (on any thread) and hands it over between two events.
//!
//! # What the code generator emits
//!
//! A `static` [`ThreatSpec`] for a [`Matcher`]. The row holds the mapped event
//! fields, each typed as its [`EntrySpec::ty`] says.

mod index;
mod set;

pub use set::{Builder, Indicators};

use crate::head::{Content, Draft, Env, Head, Hit, Indicator};
use crate::state::{DecodeError, Reader};
use crate::value::{Type, Value, text};
use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;
use index::{Probe, probes};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most indicators in an alert, as in Kibana.
pub const INDICATOR_LIMIT: usize = 200;

/// An indicator-match rule, as constant data.
#[derive(Clone, Copy, Debug)]
pub struct ThreatSpec {
    /// Groups, one of which must hold; all entries of a group must hold for the
    /// same indicator.
    pub mapping: &'static [&'static [EntrySpec]],
    /// Index patterns that name the rule's indicators.
    pub indices: &'static [&'static str],
    /// What an indicator document must satisfy, in plain form, encoded.
    pub filter: &'static [u8],
}

/// One comparison of a mapping.
#[derive(Clone, Copy, Debug)]
pub struct EntrySpec {
    /// Position of the event's field in [`Hit::row`].
    pub position: u16,
    /// Name of the event's field, for the alert.
    pub field: &'static str,
    /// Type of the event's field: how the indicator's value is read. For
    /// [`Type::Ip`] an indicator may be a block (`10.0.0.0/8`).
    pub ty: Type,
    /// Path of the field in the indicator document.
    pub indicator: &'static str,
    /// The event must not contain the indicator's value.
    pub negate: bool,
}

/// Head of an indicator-match rule. What it holds is no state: indicators are
/// data that changes while the program runs.
#[derive(Debug)]
pub struct Matcher {
    spec: &'static ThreatSpec,
    set: Arc<Indicators>,
}

impl Matcher {
    /// A head that knows no indicators yet.
    pub fn new(spec: &'static ThreatSpec) -> Matcher {
        Matcher { spec, set: Arc::default() }
    }

    /// The indicators in use.
    pub fn indicators(&self) -> &Arc<Indicators> {
        &self.set
    }

    /// Indicators that hold under one group.
    fn group(&self, number: usize, hit: &Hit<'_>, arena: &Bump, found: &mut Found) {
        let Some(index) = self.set.group(number) else { return };
        let entries = self.spec.mapping[number];
        let mut choices = ArenaVec::new_in(arena);
        for entry in entries.iter().filter(|e| !e.negate) {
            let value = value(hit, entry);
            choices.push(probes(value, entry, index, choices.len(), arena));
        }
        if choices.is_empty() {
            let all = index.participants().iter();
            self.take(all.copied(), entries, &[], hit, found);
            return;
        }
        if choices.iter().any(|c| c.is_empty()) {
            return;
        }
        let mut at = ArenaVec::from_iter_in(choices.iter().map(|_| 0), arena);
        loop {
            let mut key = ArenaVec::new_in(arena);
            let chosen: ArenaVec<'_, Probe<'_>> =
                ArenaVec::from_iter_in(choices.iter().zip(&at).map(|(c, i)| c[*i]), arena);
            chosen.iter().for_each(|probe| key.extend_from_slice_copy(probe.key));
            self.take(index.find(&key), entries, &chosen, hit, found);
            if found.is_full() || !turn(&mut at, &choices) {
                return;
            }
        }
    }

    /// Takes indicators whose negated entries hold too.
    fn take(
        &self,
        documents: impl Iterator<Item = u32>,
        entries: &'static [EntrySpec],
        chosen: &[Probe<'_>],
        hit: &Hit<'_>,
        found: &mut Found,
    ) {
        for document in documents {
            if found.is_full() {
                return;
            }
            let differs = |e: &EntrySpec| !self.set.contains(document, e, value(hit, e));
            if entries.iter().filter(|e| e.negate).all(differs) {
                found.documents.insert(document);
                let fields = entries.iter().filter(|e| !e.negate).map(|e| e.field);
                for (field, probe) in fields.zip(chosen) {
                    found.matches.insert((document, field, probe.text.into()));
                }
                if chosen.is_empty() {
                    found.matches.insert((document, "", Box::default()));
                }
            }
        }
    }
}

/// What has matched so far, in order of documents.
#[derive(Default)]
struct Found {
    documents: BTreeSet<u32>,
    matches: BTreeSet<(u32, &'static str, Box<str>)>,
}

impl Found {
    fn is_full(&self) -> bool {
        self.documents.len() >= INDICATOR_LIMIT
    }
}

/// The next combination; false after the last.
fn turn(at: &mut [usize], choices: &[&[Probe<'_>]]) -> bool {
    for (at, choices) in at.iter_mut().zip(choices).rev() {
        *at += 1;
        if *at < choices.len() {
            return true;
        }
        *at = 0;
    }
    false
}

fn value<'a>(hit: &Hit<'a>, entry: &EntrySpec) -> Value<'a> {
    hit.row.get(usize::from(entry.position)).copied().unwrap_or_default()
}

impl Head for Matcher {
    fn hit(&mut self, hit: &Hit<'_>, env: &mut Env<'_>) {
        let mut found = Found::default();
        for number in 0..self.spec.mapping.len() {
            self.group(number, hit, env.arena, &mut found);
        }
        if found.documents.is_empty() {
            return;
        }
        let matches = found.matches.into_iter().map(|(document, field, value)| {
            let (text, number, index) = self.set.document(document);
            Indicator { document: text.into(), field, value, number, index: Arc::clone(index) }
        });
        env.drafts.push(Draft {
            time: hit.time,
            content: Content::Threat { event: hit.share(), matches: matches.collect() },
            suppression: None,
        });
    }

    fn replace_indicators(&mut self, set: &Arc<Indicators>) {
        self.set = Arc::clone(set);
    }

    fn tick(&mut self, _time: i64, _env: &mut Env<'_>) {}

    fn finish(&mut self, _env: &mut Env<'_>) {}

    fn encode(&self, _out: &mut Vec<u8>) {}

    fn decode(&mut self, _from: &mut Reader<'_>) -> Result<(), DecodeError> {
        Ok(())
    }

    fn memory(&self) -> usize {
        self.set.memory()
    }

    fn is_deaf(&self) -> bool {
        self.set.is_empty()
    }
}

/// Text of a value for the alert.
fn shown<'a>(value: Value<'a>, arena: &'a Bump) -> &'a str {
    text(value, arena).unwrap_or_default()
}

#[cfg(test)]
mod tests;
