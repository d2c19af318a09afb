//! The per-event part: a line becomes an event, the event's candidates are
//! evaluated, conditions that hold become hits. Stateless: any number of
//! scanners can share an input.

use super::evaluator::{Evaluator, Walk};
use super::lineage::{self, PROCESS, Seen, Sources};
use super::live::Live;
use super::reference::Reference;
use super::rows;
use super::table::{HeadSpec, Rule, Table};
use super::{Horizon, Options};
use crate::event::reference::Document;
use crate::event::{Event, FieldId, Raw};
use crate::head::{Hit, Lent};
use crate::json::Malformed;
use crate::json::layout::{Layout, LayoutError};
use crate::json::projector::Projector;
use crate::matcher::{ALERTS, Memory, Probe};
use crate::table::{Resources, run_rows};
use crate::value::{Cx, Type, Value, WARNING_KINDS, Warnings};
use bumpalo::Bump;
use std::sync::Arc;

/// Takes hits by the number of their rule.
pub(super) trait Take {
    /// Announces a hit that has no row yet. False: the row is not wanted, and that
    /// was all.
    fn announce(&mut self, rule: u32, hit: &Hit<'_>) -> bool;

    /// Takes a hit.
    fn hit(&mut self, rule: u32, hit: &Hit<'_>);
}

/// What a scanner counts beside lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanCounts {
    /// Events without a readable time that satisfied a rule which needs one.
    pub untimed: u64,
    /// Events further ahead of the wall clock than allowed that satisfied a
    /// stateful rule; they were not handed to it.
    pub future: u64,
    /// Conditions that were evaluated; of equal ones, one.
    pub conditions: u64,
}

impl ScanCounts {
    /// Adds the counts of another shard.
    pub(super) fn add(&mut self, other: &ScanCounts) {
        self.untimed += other.untimed;
        self.future += other.future;
        self.conditions += other.conditions;
    }

    /// What was counted since.
    pub(super) fn since(&self, before: &ScanCounts) -> ScanCounts {
        ScanCounts {
            untimed: self.untimed - before.untimed,
            future: self.future - before.future,
            conditions: self.conditions - before.conditions,
        }
    }
}

/// See the module.
pub(super) struct Scanner {
    table: &'static Table,
    projector: Projector<'static>,
    memory: Memory,
    arena: Bump,
    candidates: Vec<u32>,
    warnings: Box<[Warnings]>,
    /// For what belongs to no rule.
    spare: Warnings,
    resources: Arc<Resources>,
    /// Index name of events that name none.
    index: Option<Box<str>>,
    /// How far events may be ahead.
    horizon: Option<Horizon>,
    /// `now()`, where the run has a fixed one.
    now: Option<i64>,
    /// `@timestamp`, by which an event says its own `now()`.
    timestamp: FieldId,
    /// Present in reference mode: evaluates in the place of projector and matchers.
    reference: Option<Box<Reference>>,
    /// The latest time that is not too far ahead, as of the last look at the clock.
    latest: i64,
    live: Arc<Live>,
    /// Whether some rule that runs asks for process lineages.
    follows_processes: bool,
    sources: Sources,
    pub(super) counts: ScanCounts,
}

impl Scanner {
    pub(super) fn new(
        table: &'static Table,
        options: &Options,
        live: Arc<Live>,
    ) -> Result<Scanner, LayoutError> {
        Ok(Scanner {
            table,
            projector: Projector::new(Layout::new(table.layout)?),
            memory: Memory::new(&table.matchers),
            arena: Bump::new(),
            candidates: Vec::new(),
            warnings: table.rules.iter().map(|_| Warnings::default()).collect(),
            spare: Warnings::default(),
            resources: Arc::clone(&options.resources),
            index: options.index.as_deref().map(Into::into),
            horizon: options.horizon,
            now: options.settings.whole.and_then(|whole| whole.now),
            timestamp: table
                .fields
                .iter()
                .position(|path| *path == "@timestamp")
                .map_or(FieldId::MAX, |number| number as FieldId),
            reference: options
                .reference
                .then(|| Reference::new(table).map(Box::new))
                .transpose()?,
            latest: i64::MAX,
            follows_processes: live.follows_processes(table),
            sources: Sources::of(table),
            live,
            counts: ScanCounts::default(),
        })
    }

    /// Looks at the clock, which decides what is too far ahead. Once for each run of
    /// lines is enough: a run is handed over as soon as it was read.
    pub(super) fn look_at_clock(&mut self) {
        self.latest = self.horizon.map_or(i64::MAX, |horizon| horizon.latest());
    }

    /// Goes on with other states and exceptions of rules.
    pub(super) fn go_on_with(&mut self, live: Arc<Live>) {
        self.follows_processes = live.follows_processes(self.table);
        self.live = live;
    }

    /// Scans one line (without its line feed) and emits its hits in the order of
    /// the rules. The line is at `position` in the input.
    pub(super) fn line(
        &mut self,
        line: &[u8],
        position: u64,
        take: &mut dyn Take,
    ) -> Result<(), Malformed> {
        self.arena.reset();
        self.candidates.clear();
        let cx = Cx { arena: &self.arena, now: 0, warnings: &self.spare };
        let surroundings = Surroundings {
            table: self.table,
            warnings: &self.warnings,
            latest: self.latest,
            now: self.now,
            timestamp: self.timestamp,
            live: &self.live,
            follows_processes: self.follows_processes,
            sources: &self.sources,
            resources: &self.resources,
            counts: &mut self.counts,
            take,
            position,
        };
        let index = self.index.as_deref();
        match &mut self.reference {
            None => {
                let event = self.projector.project(line, &self.arena)?;
                let index = name_of_index(self.table, &event, index);
                let mut probe = Probe::new(&self.table.matchers, &mut self.memory, &event, cx);
                probe.candidates(index, &mut self.candidates);
                surroundings.run(probe, index, &self.candidates);
            }
            Some(reference) => {
                let document = Document::parse(line)?;
                let (event, forms) = reference.event(&document, line, &self.arena);
                let index = name_of_index(self.table, &event, index);
                forms.candidates(index, &mut self.candidates);
                let walk = Walk::new(forms, &document, &event, cx);
                surroundings.run(walk, index, &self.candidates);
            }
        }
        Ok(())
    }

    /// The warnings of all rules that have some; they begin anew.
    pub(super) fn take_warnings(&mut self) -> Vec<(u32, [u64; WARNING_KINDS])> {
        let all = self.warnings.iter_mut().enumerate();
        let some = all.map(|(rule, own)| (rule as u32, core::mem::take(own).counts()));
        some.filter(|(_, counts)| counts.iter().any(|count| *count > 0)).collect()
    }

    /// Warnings of a rule's per-event expressions.
    pub(super) fn warnings(&self, rule: usize) -> Option<&Warnings> {
        self.warnings.get(rule)
    }
}

/// What an event meets on its way.
struct Surroundings<'s, 'e> {
    table: &'static Table,
    warnings: &'s [Warnings],
    latest: i64,
    now: Option<i64>,
    timestamp: FieldId,
    live: &'s Live,
    follows_processes: bool,
    sources: &'s Sources,
    resources: &'s Resources,
    counts: &'s mut ScanCounts,
    take: &'s mut (dyn Take + 'e),
    position: u64,
}

impl<'s> Surroundings<'s, '_> {
    /// Takes an event through its candidates, which are in rising order.
    #[inline]
    fn run<'a, E: Evaluator<'a>>(self, evaluator: E, index: Option<&str>, candidates: &[u32])
    where
        's: 'a,
    {
        let process = self
            .follows_processes
            .then(|| lineage::process(self.table, evaluator.event()))
            .flatten();
        if candidates.is_empty() && !process.is_some_and(|p| p.moves()) {
            return;
        }
        let lent = Lent::new(evaluator.event().line(), index.unwrap_or_default());
        let Surroundings { table, warnings, live, now, timestamp, .. } = self;
        let mut scan = Scan { at: self, evaluator, times: Times::default(), lent: &lent, process };
        let now = now.unwrap_or_else(|| scan.times.now(scan.evaluator.event(), timestamp));
        scan.evaluator.set_now(now);
        scan.process(candidates);
        let mut rest = candidates;
        while let Some(&first) = rest.first() {
            let Some(rule) = table.conditions.get(first as usize).map(|c| c.rule) else {
                break;
            };
            let same = |number: &&u32| {
                let condition = table.conditions.get(**number as usize);
                condition.is_some_and(|condition| condition.rule == rule)
            };
            let (own, others) = rest.split_at(rest.iter().take_while(same).count().max(1));
            rest = others;
            if !live.is_on(rule as usize) {
                continue;
            }
            if let Some(warnings) = warnings.get(rule as usize) {
                scan.evaluator.warn(warnings);
            }
            scan.rule(rule, own);
        }
    }
}

/// One event on its way through its candidates.
struct Scan<'l, 's, 'e, 'a, E> {
    at: Surroundings<'s, 'e>,
    evaluator: E,
    times: Times,
    lent: &'l Lent<'l>,
    /// The event's process, if some rule asks for lineages.
    process: Option<Seen<'a>>,
}

impl<'a, E: Evaluator<'a>> Scan<'_, '_, '_, 'a, E> {
    /// Hands on what the tree of processes must know of the event: that a process
    /// began or ended, that it is the source of a lineage, or that a rule may ask.
    fn process(&mut self, candidates: &[u32]) {
        let Some(process) = self.process else { return };
        let words =
            self.evaluator.cx().arena.alloc_slice_fill_copy(lineage::words(self.at.table), 0u64);
        let mut asked = process.moves();
        for &source in candidates.iter().filter(|candidate| self.at.sources.has(**candidate)) {
            let Some(condition) = self.at.table.conditions.get(source as usize) else { continue };
            if self.evaluator.holds(source, condition) {
                for number in lineage::numbers(self.at.table, source) {
                    words[number / 64] |= 1 << (number % 64);
                }
                asked = true;
            }
        }
        let asks = |candidate: &u32| {
            let condition = self.at.table.conditions.get(*candidate as usize)?;
            let rule = self.at.table.rules.get(condition.rule as usize)?;
            Some(condition.bits != 0 && rule.lineages.1 > 0)
        };
        if asked || candidates.iter().any(|candidate| asks(candidate) == Some(true)) {
            let (event, arena) = (self.evaluator.event(), self.evaluator.cx().arena);
            let hit = Hit {
                time: 0,
                order: 0,
                position: self.at.position,
                row: process.row(process.ancestors(event, arena), words, arena),
                terms: 0,
                lineages: 0,
                source: None,
            };
            self.at.take.hit(PROCESS, &hit);
        }
    }

    /// Evaluates the candidates of one rule, for each answer that the tree of
    /// processes might give.
    fn rule(&mut self, number: u32, candidates: &[u32]) {
        let Some(rule) = self.at.table.rules.get(number as usize) else { return };
        let answers = match (rule.lineages.1, self.process) {
            (0, _) | (_, None) => 1,
            (lineages, _) => 1u64 << lineages.min(lineage::MOST),
        };
        for lineages in 0..answers {
            self.evaluator.assume(lineages);
            let mut terms = 0;
            for &candidate in candidates {
                let condition = self.at.table.conditions.get(candidate as usize);
                let Some(condition) = condition.filter(|c| c.bits != 0) else { continue };
                let known = self.evaluator.is_known(candidate);
                self.at.counts.conditions += u64::from(!known);
                if self.evaluator.holds(candidate, condition) {
                    terms |= condition.bits;
                }
            }
            if terms != 0 && !self.exempt(number, rule) {
                self.hit(number, rule, terms, lineages);
            }
        }
        self.evaluator.assume(0);
    }

    /// Whether an exception of the rule exempts the event.
    fn exempt(&self, number: u32, rule: &Rule) -> bool {
        let Some(spec) = rule.exceptions else { return false };
        let live = self.at.live.rules.get(number as usize);
        live.is_some_and(|live| {
            !live.exceptions.is_empty() && self.evaluator.exempt(spec, &live.exceptions)
        })
    }

    fn hit(&mut self, number: u32, rule: &Rule, terms: u64, lineages: u64) {
        let order = self.times.order(self.evaluator.event(), rule.order);
        let time = self.times.rule(self.evaluator.event(), rule, order);
        let stateless = matches!(rule.head, HeadSpec::Events);
        let Some(time) = time.or(stateless.then_some(0)) else {
            self.at.counts.untimed += 1;
            return;
        };
        if !stateless && time > self.at.latest {
            self.at.counts.future += 1;
            return;
        }
        let order = order.unwrap_or(time.saturating_mul(1_000_000));
        let (position, source) = (self.at.position, Some(self.lent));
        let hit = Hit { time, order, position, row: &[], terms, lineages, source };
        if !self.at.take.announce(number, &hit) {
            return;
        }
        let row = self.row(number, rule);
        let HeadSpec::Pipeline(program) = rule.head else {
            self.at.take.hit(number, &Hit { row, ..hit });
            return;
        };
        let stages = program.stages.get(..program.per_event).unwrap_or_default();
        let (cx, resources, take) = (self.evaluator.cx(), self.at.resources, &mut *self.at.take);
        run_rows(stages, row, &cx, resources, &mut |row| {
            take.hit(number, &Hit { row, ..hit });
        });
    }

    /// The fields that the head wants, then room for what a pipeline computes.
    fn row(&mut self, number: u32, rule: &Rule) -> &'a mut [Value<'a>] {
        let cx = self.evaluator.cx();
        let width = match rule.head {
            HeadSpec::Pipeline(program) => program.frames.first().copied().unwrap_or(0),
            _ => 0,
        };
        let row = cx.arena.alloc_slice_fill_copy(width.max(rule.row.len()), Value::Null);
        rows::fill(row, rule, self.evaluator.event());
        for (own, flag) in rule.flags.iter().enumerate() {
            if let Some(slot) = row.get_mut(flag.slot) {
                *slot = Value::Boolean(self.evaluator.flag(number, own, flag));
            }
        }
        row
    }
}

/// Times of the event, read when the first hit asks.
#[derive(Default)]
struct Times {
    order: Option<(FieldId, Option<i64>)>,
    rule: Option<(FieldId, Option<i64>)>,
}

impl Times {
    /// `now()` of an event in milliseconds: the tick at which its rules see it first
    /// is no earlier than the event and, when events flow, hardly later. 0 without
    /// a time.
    fn now(&mut self, event: &Event<'_>, timestamp: FieldId) -> i64 {
        self.order(event, timestamp).map_or(0, |nanoseconds| nanoseconds.div_euclid(1_000_000))
    }

    /// `@timestamp`, or what stands for it, in nanoseconds.
    fn order(&mut self, event: &Event<'_>, field: FieldId) -> Option<i64> {
        match self.order {
            Some((known, time)) if known == field => time,
            _ => {
                let time = nanoseconds(event, field);
                self.order = Some((field, time));
                time
            }
        }
    }

    /// The rule's time in milliseconds.
    fn rule(&mut self, event: &Event<'_>, rule: &Rule, order: Option<i64>) -> Option<i64> {
        let own = rule.time.and_then(|field| match self.rule {
            Some((known, time)) if known == field => time,
            _ => {
                let time = nanoseconds(event, field);
                self.rule = Some((field, time));
                time
            }
        });
        own.or(order).map(|nanoseconds| nanoseconds.div_euclid(1_000_000))
    }
}

fn nanoseconds(event: &Event<'_>, field: FieldId) -> Option<i64> {
    match event.load(field, Type::DateNanos).as_slice().first() {
        Some(Value::DateNanos(time)) => Some(*time),
        _ => None,
    }
}

/// The name of the event's index, what the input was given as included.
fn name_of_index<'a>(table: &Table, event: &Event<'a>, given: Option<&'a str>) -> Option<&'a str> {
    index_name(table, event).or(given).or_else(|| beat_index(table, event))
}

/// The name of the event's index: `_index`, else that of alerts if the event is one
/// (what it copied of its source names another), else
/// `data_stream.type-dataset-namespace`, for which all three must be there.
pub fn index_name<'a>(table: &Table, event: &Event<'a>) -> Option<&'a str> {
    let first = |field: FieldId| match event.values(field).next() {
        Some(Raw::Text(text)) => Some(text),
        _ => None,
    };
    if let Some(index) = first(table.origin.index) {
        return Some(index);
    }
    if first(table.origin.alert).is_some() {
        return Some(ALERTS);
    }
    let dataset = first(table.origin.dataset)?;
    let kind = first(table.origin.stream_type)?;
    let namespace = first(table.origin.namespace)?;
    let arena = event.arena();
    let mut name = bumpalo::collections::String::with_capacity_in(
        kind.len() + dataset.len() + namespace.len() + 2,
        arena,
    );
    for piece in [kind, "-", dataset, "-", namespace] {
        name.push_str(piece);
    }
    Some(name.into_bump_str())
}

/// The index name that a Beat's event has by default (`winlogbeat-`), for events
/// that name neither index nor data stream.
fn beat_index<'a>(table: &Table, event: &Event<'a>) -> Option<&'a str> {
    match event.values(table.origin.beat).next() {
        Some(Raw::Text(beat)) => {
            let mut name = bumpalo::collections::String::from_str_in(beat, event.arena());
            name.push('-');
            Some(name.into_bump_str())
        }
        _ => None,
    }
}
