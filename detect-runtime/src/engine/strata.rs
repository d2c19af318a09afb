//! Rules over alerts: alerts come back as events.
//!
//! In: each alert as it was handed out. Out: its hits for the rules that read the index
//! of alerts. Must not know how an alert came to be, nor what a head does with a hit.
//!
//! The compiler gave each rule a stratum ([`Rule::stratum`]). A rule sees the alerts
//! of lower strata. Rules of one stratum lie on a cycle: one of them sees an alert of
//! another only if the alert copies an event, since such an alert names its ancestors,
//! and only if it is not among these; so every round ends. No rule sees its own
//! alerts, nor what descends from them.
//!
//! A rule without state takes its hits at once. The hits of one with state wait, also
//! those that come from the input, since an alert of a windowed rule comes long after
//! the time that it bears. When no alert of an earlier time can come any more (time
//! moves for all rules, or the input ends), stratum after stratum gets its hits in the
//! order of their times, and is brought to the same time before the next. So every
//! rule sees what it would have seen if all had run at each tick, one behind the other.

use super::Options;
use super::live::Live;
use super::old_names;
use super::scanner::{Scanner, Take};
use super::table::{HeadSpec, Rule, Table};
use crate::event::reference::Document;
use crate::head::{Content, Draft, Hit, Lent, Source};
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::{Warnings, check_row, keep_row, lend_row};
use bumpalo::Bump;
use memchr::memmem;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Positions of alerts: behind every event of the input.
const ALERTS_FROM: u64 = 1 << 63;

/// Bytes of waiting hits above which the oldest go before their time.
const MOST: usize = 256 << 20;

/// See the module.
pub(super) struct Strata {
    /// Numbers of the rules of each stratum.
    levels: Box<[Box<[usize]>]>,
    /// By rule: its stratum, if its hits wait there.
    waits: Box<[Option<u32>]>,
    options: Options,
    /// Some rule asks for fields of alerts by their old names.
    old_names: bool,
    /// Made for the first alert that comes back.
    scanner: Option<Box<Scanner>>,
    /// Alerts that were handed out and not scanned.
    fresh: VecDeque<Fresh>,
    /// By stratum, time and arrival.
    waiting: BTreeMap<(u32, i64, u64), Waiting>,
    bytes: usize,
    arrivals: u64,
    /// Alerts that came back.
    alerts: u64,
}

/// An alert that comes back.
pub(super) struct Fresh {
    rule: usize,
    /// It names its ancestors.
    traced: bool,
    line: Box<[u8]>,
}

/// A hit that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) rule: u32,
    time: i64,
    order: i64,
    position: u64,
    terms: u64,
    /// The row's values, encoded one behind the other.
    row: Box<[u8]>,
    source: Option<Arc<Source>>,
}

impl Strata {
    pub(super) fn new(table: &'static Table, options: &Options) -> Strata {
        let highest = table.rules.iter().map(|rule| rule.stratum).max().unwrap_or(0);
        let returns = options.alerts_return;
        let levels = (0..=highest).map(|stratum| {
            let rules = table.rules.iter().enumerate();
            rules.filter(|(_, rule)| rule.stratum == stratum).map(|(number, _)| number).collect()
        });
        let waits =
            |rule: &Rule| (returns && rule.stratum > 0 && has_state(rule)).then_some(rule.stratum);
        Strata {
            levels: levels.collect(),
            waits: table.rules.iter().map(waits).collect(),
            options: options.clone(),
            old_names: old_names::asked_for(table.fields),
            scanner: None,
            fresh: VecDeque::new(),
            waiting: BTreeMap::new(),
            bytes: 0,
            arrivals: 0,
            alerts: 0,
        }
    }

    /// Whether some rule reads alerts.
    pub(super) fn reads_alerts(&self) -> bool {
        self.options.alerts_return && self.levels.len() > 1
    }

    /// Numbers of the strata, rising.
    pub(super) fn numbers(&self) -> std::ops::Range<u32> {
        0..self.levels.len() as u32
    }

    /// Number of the rule at a place of a stratum.
    pub(super) fn rule(&self, stratum: u32, place: usize) -> Option<usize> {
        self.levels.get(stratum as usize)?.get(place).copied()
    }

    /// Whether hits of a rule wait.
    pub(super) fn waits(&self, rule: usize) -> bool {
        self.waits.get(rule).is_some_and(Option::is_some)
    }

    /// Lets a hit wait.
    pub(super) fn wait(&mut self, rule: usize, hit: &Hit<'_>, table: &Table) {
        let wants_event = table.rules.get(rule).is_some_and(wants_event);
        self.queue(Waiting::new(rule as u32, hit, wants_event));
    }

    /// The same with a hit of an alert.
    pub(super) fn queue(&mut self, waiting: Waiting) {
        let Some(Some(stratum)) = self.waits.get(waiting.rule as usize) else { return };
        self.bytes += waiting.bytes();
        self.arrivals += 1;
        self.waiting.insert((*stratum, waiting.time, self.arrivals), waiting);
    }

    /// The first hit in order of a stratum that is due by this time.
    pub(super) fn next_due(&mut self, stratum: u32, until: i64) -> Option<Waiting> {
        let first = self.waiting.range((stratum, i64::MIN, 0)..=(stratum, until, u64::MAX)).next();
        let key = *first?.0;
        self.take(key)
    }

    /// The oldest hit of all, if there are more than there is room for.
    pub(super) fn pushed_out(&mut self) -> Option<Waiting> {
        if self.bytes <= MOST { None } else { self.oldest() }
    }

    /// The oldest hit of all.
    pub(super) fn oldest(&mut self) -> Option<Waiting> {
        let key = self.firsts().min_by_key(|(stratum, time, arrival)| (*time, *stratum, *arrival));
        self.take(key?)
    }

    fn firsts(&self) -> impl Iterator<Item = (u32, i64, u64)> {
        self.numbers().filter_map(|stratum| {
            let all = self.waiting.range((stratum, i64::MIN, 0)..=(stratum, i64::MAX, u64::MAX));
            all.map(|(key, _)| *key).next()
        })
    }

    fn take(&mut self, key: (u32, i64, u64)) -> Option<Waiting> {
        let waiting = self.waiting.remove(&key)?;
        self.bytes -= waiting.bytes();
        Some(waiting)
    }

    /// Takes an alert as it is handed out.
    pub(super) fn came(&mut self, rule: usize, draft: &Draft, json: &str) {
        let content = &draft.content;
        let traced =
            !matches!(content, Content::Row { source: None, .. } | Content::Threshold { .. });
        let line = if self.old_names { old_names::added(json) } else { json.to_owned() };
        self.fresh.push_back(Fresh { rule, traced, line: line.into_bytes().into() });
    }

    /// Whether alerts came that were not scanned.
    pub(super) fn has_fresh(&self) -> bool {
        !self.fresh.is_empty()
    }

    /// The hits of the next alert that was not scanned, in the order of rules.
    pub(super) fn scan_fresh(
        &mut self,
        table: &'static Table,
        live: &Live,
    ) -> Option<Vec<Waiting>> {
        let fresh = self.fresh.pop_front()?;
        if self.scanner.is_none() {
            // The table was read when the engine was made.
            let scanner = Scanner::new(table, &self.options, readers(table, live)).ok()?;
            self.scanner = Some(Box::new(scanner));
        }
        let mut found = Found { table, fresh: &fresh, ancestors: None, hits: Vec::new() };
        let position = ALERTS_FROM | self.alerts;
        self.alerts += 1;
        if let Some(scanner) = &mut self.scanner {
            let outcome = scanner.line(&fresh.line, position, &mut found);
            debug_assert!(outcome.is_ok(), "an alert is an event");
        }
        Some(found.hits)
    }

    /// Goes on with other states and exceptions of rules.
    pub(super) fn go_on_with(&mut self, table: &Table, live: &Live) {
        if let Some(scanner) = &mut self.scanner {
            scanner.go_on_with(readers(table, live));
        }
    }

    /// Warnings of a rule's per-event expressions over alerts.
    pub(super) fn warnings(&self, rule: usize) -> Option<&Warnings> {
        self.scanner.as_ref()?.warnings(rule)
    }

    /// Bytes of hits that wait.
    pub(super) fn memory(&self) -> usize {
        self.bytes
    }

    /// Appends what waits, each hit under the hash of its rule's meaning.
    pub(super) fn encode(&self, table: &Table, out: &mut Vec<u8>) {
        self.alerts.encode(out);
        (self.waiting.len() as u64).encode(out);
        let mut before: Option<&Arc<Source>> = None;
        // In order of arrival the hits of one event stand together.
        let mut all: Vec<_> = self.waiting.iter().collect();
        all.sort_unstable_by_key(|((_, _, arrival), _)| *arrival);
        for (_, waiting) in all {
            let rule = table.rules.get(waiting.rule as usize);
            out.extend_from_slice(&rule.map_or(0, |rule| rule.meaning).to_le_bytes());
            waiting.encode(before, out);
            before = waiting.source.as_ref().or(before);
        }
    }

    /// Reads back what waits; hits of rules that changed since are left out.
    pub(super) fn decode(
        &mut self,
        table: &Table,
        from: &mut Reader<'_>,
    ) -> Result<(), DecodeError> {
        self.fresh.clear();
        self.waiting.clear();
        (self.bytes, self.arrivals) = (0, 0);
        self.alerts = u64::decode(from)?;
        let mut before = None;
        for _ in 0..u64::decode(from)? {
            let meaning = u64::from_le_bytes(from.array()?);
            let mut waiting = Waiting::decode(&mut before, from)?;
            if let Some(rule) = table.rules.iter().position(|rule| rule.meaning == meaning) {
                waiting.rule = rule as u32;
                self.queue(waiting);
            }
        }
        Ok(())
    }
}

/// The states of rules as the scanner of alerts has them: only rules over alerts run.
fn readers(table: &Table, live: &Live) -> Arc<Live> {
    let mut live = live.clone();
    for (rule, live) in table.rules.iter().zip(&mut live.rules) {
        live.on &= rule.stratum > 0;
    }
    Arc::new(live)
}

/// Whether what a hit gives depends on others.
fn has_state(rule: &Rule) -> bool {
    let of_head = match rule.head {
        HeadSpec::Events | HeadSpec::Threat(_) => false,
        HeadSpec::Pipeline(program) => program.per_event < program.stages.len(),
        HeadSpec::Sequence(_)
        | HeadSpec::Sample(_)
        | HeadSpec::Threshold(_)
        | HeadSpec::NewTerms(_) => true,
    };
    of_head || rule.info.suppression.is_some()
}

/// Whether a rule's alerts are made from its events.
fn wants_event(rule: &Rule) -> bool {
    !rule.info.aggregating && !matches!(rule.head, HeadSpec::Threshold(_))
}

/// Takes the hits of one alert for the rules that may see it.
struct Found<'f> {
    table: &'static Table,
    fresh: &'f Fresh,
    /// Ids of the rules among its ancestors, once they were asked for.
    ancestors: Option<Vec<String>>,
    hits: Vec<Waiting>,
}

impl Found<'_> {
    fn is_seen_by(&mut self, number: u32) -> bool {
        let rules = self.table.rules;
        let (Some(reader), Some(source)) = (rules.get(number as usize), rules.get(self.fresh.rule))
        else {
            return false;
        };
        let of_cycle = source.stratum == reader.stratum && self.fresh.traced;
        if number as usize == self.fresh.rule || source.stratum >= reader.stratum && !of_cycle {
            return false;
        }
        !self.descends_from(reader.info.uuid)
    }

    fn descends_from(&mut self, uuid: &str) -> bool {
        let line = &self.fresh.line;
        if memmem::find(line, uuid.as_bytes()).is_none() {
            return false;
        }
        // The text may stand elsewhere, where whoever wrote the event put it.
        let ancestors = self.ancestors.get_or_insert_with(|| ancestors(line));
        ancestors.iter().any(|known| known == uuid)
    }
}

/// Ids of the rules among an alert's ancestors.
fn ancestors(line: &[u8]) -> Vec<String> {
    let mut all = Vec::new();
    if let Ok(alert) = Document::parse(line) {
        alert.find("kibana.alert.ancestors.rule", &mut |found| {
            if let crate::event::reference::Found::Scalar(Document::Text(rule)) = found {
                all.push(rule.clone());
            }
        });
    }
    all
}

impl Take for Found<'_> {
    fn announce(&mut self, rule: u32, _hit: &Hit<'_>) -> bool {
        self.is_seen_by(rule)
    }

    fn hit(&mut self, rule: u32, hit: &Hit<'_>) {
        let wants_event = self.table.rules.get(rule as usize).is_some_and(wants_event);
        self.hits.push(Waiting::new(rule, hit, wants_event));
    }
}

impl Waiting {
    fn new(rule: u32, hit: &Hit<'_>, wants_event: bool) -> Waiting {
        Waiting {
            rule,
            time: hit.time,
            order: hit.order,
            position: hit.position,
            terms: hit.terms,
            row: keep_row(hit.row),
            source: hit.source.filter(|_| wants_event).map(Lent::share),
        }
    }

    /// Calls with the hit.
    pub(super) fn lend(&self, arena: &Bump, with: impl FnOnce(&Hit<'_>)) {
        let lent = self.source.as_ref().map(Lent::kept);
        with(&Hit {
            time: self.time,
            order: self.order,
            position: self.position,
            row: lend_row(&self.row, arena),
            terms: self.terms,
            lineages: 0,
            source: lent.as_ref(),
        });
    }

    fn bytes(&self) -> usize {
        // A source may be shared; each of its hits counts it in full.
        let source = self.source.as_ref().map_or(0, |s| s.line.len() + s.index.len());
        size_of::<((u32, i64, u64), Waiting)>() + self.row.len() + source
    }

    fn encode(&self, before: Option<&Arc<Source>>, out: &mut Vec<u8>) {
        self.time.encode(out);
        self.order.encode(out);
        self.position.encode(out);
        self.terms.encode(out);
        (self.row.len() as u64).encode(out);
        out.extend_from_slice(&self.row);
        match (&self.source, before) {
            (None, _) => out.push(NONE),
            (Some(source), Some(before)) if Arc::ptr_eq(source, before) => out.push(SAME),
            (Some(source), _) => {
                out.push(OWN);
                (source.line.len() as u64).encode(out);
                out.extend_from_slice(&source.line);
                source.index.encode(out);
            }
        }
    }

    fn decode(
        before: &mut Option<Arc<Source>>,
        from: &mut Reader<'_>,
    ) -> Result<Waiting, DecodeError> {
        let (time, order) = (i64::decode(from)?, i64::decode(from)?);
        let (position, terms) = (u64::decode(from)?, u64::decode(from)?);
        let length = from.length()?;
        let row = from.take(length)?;
        check_row(row)?;
        let source = match from.byte()? {
            NONE => None,
            SAME => before.clone(),
            OWN => {
                let length = from.length()?;
                let line = from.take(length)?.into();
                let index = from.text()?.into();
                *before = Some(Arc::new(Source { line, index }));
                before.clone()
            }
            tag => return Err(DecodeError::Tag { what: "source of a waiting hit", tag }),
        };
        Ok(Waiting { rule: 0, time, order, position, terms, row: row.into(), source })
    }
}

/// Whether a waiting hit has an event: no, the same as the one before, its own.
const NONE: u8 = 0;
const SAME: u8 = 1;
const OWN: u8 = 2;
