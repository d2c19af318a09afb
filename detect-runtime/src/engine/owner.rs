//! The owner of the state: takes hits in input order, runs the heads, turns
//! drafts into alerts.

use super::lineage::{Lineages, PROCESS};
use super::sink::{Alert, Sink};
use super::table::{HeadSpec, Heads, Rule, Table};
use crate::alert::{Format, Rating, Writer};
use crate::head::{Draft, Env, Head, Hit, Losses, Settings};
use crate::indicator::Matcher;
use crate::sequence::{Machine, Sampler};
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::suppression::Suppressed;
use crate::table::Resources;
use crate::terms::NewTerms;
use crate::threshold::Counter;

use crate::value::Warnings;
use crate::window::{self, Schedule};
use bumpalo::Bump;
use std::sync::Arc;

/// What a rule did so far.
#[derive(Debug, Default)]
pub struct RuleCounts {
    /// Events, or rows, that satisfied its per-event part.
    pub matches: u64,
    /// Alerts handed out.
    pub alerts: u64,
    /// What it lost.
    pub losses: Losses,
    /// Why values of its expressions became null.
    pub warnings: Warnings,
}

/// Runs the heads of a ruleset.
pub(super) struct Owner {
    table: &'static Table,
    settings: Settings,
    writer: Writer,
    ratings: Vec<Rating>,
    pub(super) counts: Vec<RuleCounts>,
    drafts: Vec<Draft>,
    arena: Bump,
    lineages: Lineages,
}

impl Heads {
    /// Heads with empty state.
    pub fn new(table: &'static Table, resources: &Arc<Resources>) -> Heads {
        Heads(table.rules.iter().map(|rule| build(rule, resources)).collect())
    }

    /// No heads yet: what a fresh ruleset holds until an engine takes it.
    pub const fn none() -> Heads {
        Heads(Vec::new())
    }
}

impl Owner {
    pub(super) fn new(table: &'static Table, settings: Settings, format: Format) -> Owner {
        Owner {
            table,
            settings,
            writer: Writer::new(format),
            ratings: table.rules.iter().map(|rule| rule.info.rating()).collect(),
            counts: table.rules.iter().map(|_| RuleCounts::default()).collect(),
            drafts: Vec::new(),
            arena: Bump::new(),
            lineages: Lineages::new(table),
        }
    }

    /// Hands a hit to its rule's head and its drafts on as alerts.
    pub(super) fn hit(&mut self, heads: &mut Heads, rule: u32, hit: &Hit<'_>, sink: &mut dyn Sink) {
        if rule == PROCESS {
            self.process(hit);
            return;
        }
        let rule = rule as usize;
        if !self.lineages.confirms(rule, hit) {
            return;
        }
        if let Some(counts) = self.counts.get_mut(rule) {
            counts.matches += 1;
        }
        self.with(heads, rule, sink, |head, env| head.hit(hit, env));
    }

    /// Takes a hit as history.
    pub(super) fn learn(&mut self, heads: &mut Heads, rule: u32, hit: &Hit<'_>) {
        if rule == PROCESS {
            self.process(hit);
            return;
        }
        let (rule, mut nowhere) = (rule as usize, Nowhere);
        if self.lineages.confirms(rule, hit) {
            self.with(heads, rule, &mut nowhere, |head, env| head.learn(hit, env));
        }
    }

    /// Takes a record about a process; what is dropped there is counted at the
    /// first rule that asks for lineages.
    fn process(&mut self, record: &Hit<'_>) {
        let evicted = self.lineages.see(record);
        let asks = |rule: &Rule| rule.lineages.1 > 0;
        if evicted > 0
            && let Some(rule) = self.table.rules.iter().position(asks)
            && let Some(counts) = self.counts.get_mut(rule)
        {
            counts.losses.evicted += evicted;
        }
    }

    /// Moves every rule's clock.
    pub(super) fn tick(&mut self, heads: &mut Heads, time: i64, sink: &mut dyn Sink) {
        for rule in 0..self.table.rules.len() {
            self.with(heads, rule, sink, |head, env| head.tick(time, env));
        }
    }

    /// Ends the input of every rule.
    pub(super) fn finish(&mut self, heads: &mut Heads, sink: &mut dyn Sink) {
        for rule in 0..self.table.rules.len() {
            self.with(heads, rule, sink, |head, env| head.finish(env));
        }
    }

    fn with(
        &mut self,
        heads: &mut Heads,
        rule: usize,
        sink: &mut dyn Sink,
        act: impl FnOnce(&mut dyn Head, &mut Env<'_>),
    ) {
        let (Some(head), Some(counts)) = (heads.0.get_mut(rule), self.counts.get_mut(rule)) else {
            return;
        };
        act(
            head.as_mut(),
            &mut Env {
                arena: &self.arena,
                settings: &self.settings,
                drafts: &mut self.drafts,
                losses: &mut counts.losses,
                warnings: &counts.warnings,
            },
        );
        self.arena.reset();
        self.hand_out(rule, sink);
    }

    fn hand_out(&mut self, rule: usize, sink: &mut dyn Sink) {
        let (Some(entry), Some(counts)) = (self.table.rules.get(rule), self.counts.get_mut(rule))
        else {
            return;
        };
        let Some(rating) = self.ratings.get(rule) else { return };
        for draft in self.drafts.drain(..) {
            sink.draft(rule, &draft);
            self.writer.write(entry.info, *rating, &draft, &mut |written| {
                counts.alerts += 1;
                sink.alert(&Alert {
                    rule,
                    info: entry.info,
                    json: written.json,
                    uuid: written.uuid,
                    building_block: written.building_block,
                });
            });
        }
    }

    /// Appends the state of all rules, each under the hash of its meaning.
    pub(super) fn encode(&self, heads: &Heads, out: &mut Vec<u8>) {
        (heads.0.len() as u64).encode(out);
        let mut state = Vec::new();
        for (rule, head) in self.table.rules.iter().zip(&heads.0) {
            state.clear();
            head.encode(&mut state);
            out.extend_from_slice(&rule.meaning.to_le_bytes());
            (state.len() as u64).encode(out);
            out.extend_from_slice(&state);
        }
        self.lineages.encode(out);
    }

    /// Reads back the state of the rules that did not change since; the others
    /// begin empty. Gives the number of rules that took their state over.
    pub(super) fn decode(
        &mut self,
        heads: &mut Heads,
        from: &mut Reader<'_>,
    ) -> Result<usize, DecodeError> {
        let mut taken = 0;
        for _ in 0..u64::decode(from)? {
            let meaning = u64::from_le_bytes(from.array()?);
            let length = from.length()?;
            let bytes = from.take(length)?;
            let Some(rule) = self.table.rules.iter().position(|rule| rule.meaning == meaning)
            else {
                continue;
            };
            if let Some(head) = heads.0.get_mut(rule) {
                head.decode(&mut Reader::new(bytes))?;
                taken += 1;
            }
        }
        self.lineages.decode(from)?;
        Ok(taken)
    }

    /// Bytes of state.
    pub(super) fn memory(&self, heads: &Heads) -> usize {
        self.lineages.memory() + heads.0.iter().map(|head| head.memory()).sum::<usize>()
    }
}

struct Nowhere;

impl Sink for Nowhere {
    fn alert(&mut self, _alert: &Alert<'_>) {}
}

fn build(rule: &Rule, resources: &Arc<Resources>) -> Box<dyn Head> {
    let schedule = Schedule::new(rule.info.interval, rule.info.lookback);
    let head: Box<dyn Head> = match rule.head {
        HeadSpec::Events => Box::new(super::events::Events),
        HeadSpec::Pipeline(program) => window::head(program, schedule, Arc::clone(resources)),
        HeadSpec::Sequence(spec) => Box::new(Machine::new(spec)),
        HeadSpec::Sample(spec) => Box::new(Sampler::new(spec)),
        HeadSpec::Threshold(spec) => Box::new(Counter::new(spec)),
        HeadSpec::NewTerms(spec) => Box::new(NewTerms::new(spec)),
        HeadSpec::Threat(spec) => Box::new(Matcher::new(spec)),
    };
    match rule.info.suppression {
        Some(by) => {
            let columns = rule.info.columns.iter().copied();
            Box::new(Suppressed::new(head, by, columns, schedule))
        }
        None => head,
    }
}
