//! The owner of the state: takes hits in input order, runs the heads, turns
//! drafts into alerts.

use super::Options;
use super::lineage::{Lineages, PROCESS};
use super::live::Live;
use super::naps::{Answer, Naps};
use super::quota::Quota;
use super::ring::Noted;
use super::rows::Rows;
use super::sink::{Alert, Sink};
use super::strata::Strata;
use super::table::{HeadSpec, Heads, Rule, Table};
use crate::alert::Writer;
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
    pub(super) table: &'static Table,
    pub(super) settings: Settings,
    writer: Writer,
    pub(super) live: Arc<Live>,
    pub(super) counts: Vec<RuleCounts>,
    drafts: Vec<Draft>,
    /// By number of the rule.
    quotas: Vec<Quota>,
    arena: Bump,
    lineages: Lineages,
    pub(super) naps: Naps,
    pub(super) strata: Strata,
    /// Alerts are coming back.
    pub(super) returning: bool,
    /// Hits since all memory was measured.
    pub(super) unmeasured: u64,
    pub(super) waiting_arena: Bump,
    /// Time of the latest hit.
    pub(super) latest: Option<i64>,
    /// For hits that come without row, and for those of the ring.
    reread: Option<Rows>,
    recalled: Option<Rows>,
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
    pub(super) fn new(table: &'static Table, options: &Options, live: Arc<Live>) -> Owner {
        let settings = options.settings.clone();
        Owner {
            table,
            writer: Writer::new(options.format.clone()),
            live,
            counts: table.rules.iter().map(|_| RuleCounts::default()).collect(),
            drafts: Vec::new(),
            quotas: vec![Quota::default(); table.rules.len()],
            arena: Bump::new(),
            lineages: Lineages::new(table),
            naps: Naps::new(table, &settings),
            strata: Strata::new(table, options),
            returning: false,
            unmeasured: 0,
            waiting_arena: Bump::new(),
            latest: None,
            reread: None,
            recalled: None,
            settings,
        }
    }

    /// Asks whether a rule wants a hit that has no row yet; notes it if not.
    pub(super) fn announce(&mut self, heads: &mut Heads, number: u32, hit: &Hit<'_>) -> bool {
        let rule = number as usize;
        if number == PROCESS || !self.naps.is_choosy(rule) {
            return true;
        }
        if !self.lineages.confirms(rule, hit) {
            return false;
        }
        self.latest = self.latest.max(Some(hit.time));
        let lateness = self.settings.lateness;
        let answer = self.naps.announce(heads, rule, hit, lateness);
        if answer == Answer::Wanted {
            return true;
        }
        if let Some(counts) = self.counts.get_mut(rule) {
            counts.matches += 1;
            counts.losses.late += u64::from(answer == Answer::Late);
        }
        if answer == Answer::Stir {
            self.rouse(heads, rule, &mut Nowhere);
        }
        if self.naps.ring.is_fresh() {
            while self.naps.is_due(lateness) {
                self.let_go(heads);
            }
        }
        self.hold_to_memory(heads, &mut Nowhere);
        false
    }

    /// Goes on with other states of rules; heads get indicators that are others.
    pub(super) fn go_on_with(&mut self, heads: &mut Heads, live: &Arc<Live>) {
        for ((head, old), new) in heads.0.iter_mut().zip(&self.live.rules).zip(&live.rules) {
            if !Arc::ptr_eq(&old.indicators, &new.indicators) {
                head.replace_indicators(&new.indicators);
            }
        }
        self.live = Arc::clone(live);
        self.strata.go_on_with(self.table, live);
    }

    /// Hands a hit to its rule's head and its drafts on as alerts.
    pub(super) fn hit(&mut self, heads: &mut Heads, rule: u32, hit: &Hit<'_>, sink: &mut dyn Sink) {
        if rule == PROCESS {
            self.process(hit);
            return;
        }
        let rule = rule as usize;
        if !self.lineages.confirms(rule, hit) || !self.live.is_on(rule) {
            return;
        }
        self.count(rule);
        self.latest = self.latest.max(Some(hit.time));
        if self.strata.waits(rule) {
            self.strata.wait(rule, hit, self.table);
            self.make_room(heads, sink);
        } else {
            self.take(heads, rule, hit, sink);
        }
        self.hold_to_memory(heads, sink);
    }

    /// Counts a hit: when it comes, whenever its head gets it.
    pub(super) fn count(&mut self, rule: usize) {
        if let Some(counts) = self.counts.get_mut(rule) {
            counts.matches += 1;
        }
    }

    /// Hands a counted hit to its rule's head now.
    pub(super) fn take(
        &mut self,
        heads: &mut Heads,
        rule: usize,
        hit: &Hit<'_>,
        sink: &mut dyn Sink,
    ) {
        if self.naps.sleeper(rule).is_some() {
            self.wake(heads, rule, Some(hit), sink);
            self.with(heads, rule, sink, |head, env| head.hit(hit, env));
            self.naps.settle(heads, rule);
        } else {
            self.with(heads, rule, sink, |head, env| head.hit(hit, env));
        }
    }

    /// Hands over a hit that came without its row: reads its event again.
    pub(super) fn reread(
        &mut self,
        heads: &mut Heads,
        number: u32,
        hit: &Hit<'_>,
        sink: &mut dyn Sink,
    ) {
        let (table, mut rows) = (self.table, self.reread.take());
        if let (Some(rule), Some(lent)) = (table.rules.get(number as usize), hit.source)
            && let Some(rows) = opened(&mut rows, table)
        {
            rows.row(rule, lent, |row| self.hit(heads, number, &Hit { row, ..*hit }, sink));
        }
        self.reread = rows;
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
        let until = time.saturating_sub(self.settings.lateness);
        self.go_through(heads, until, sink, &mut |owner, heads, rule, sink| {
            if owner.naps.sleeper(rule).is_some_and(|nap| nap.asleep) {
                owner.naps.advance(rule, time);
                owner.rouse(heads, rule, sink);
                return;
            }
            owner.with(heads, rule, sink, |head, env| head.tick(time, env));
            owner.naps.settle(heads, rule);
        });
    }

    /// Ends the input of every rule.
    pub(super) fn finish(&mut self, heads: &mut Heads, sink: &mut dyn Sink) {
        self.go_through(heads, i64::MAX, sink, &mut |owner, heads, rule, sink| {
            owner.with(heads, rule, sink, |head, env| head.finish(env));
            owner.naps.settle(heads, rule);
        });
        self.naps.forget();
    }

    /// Lets rules sleep that can.
    pub(super) fn lie_down(&mut self, heads: &mut Heads) {
        for rule in self.naps.sleepers() {
            self.naps.settle(heads, rule);
        }
    }

    /// From now on each hit goes to its head at once.
    pub(super) fn stay_awake(&mut self, heads: &mut Heads) {
        self.wake_all(heads);
        self.naps.forbid();
    }

    /// Brings every head to the state that it would have without sleep.
    fn wake_all(&mut self, heads: &mut Heads) {
        for rule in self.naps.sleepers() {
            self.wake(heads, rule, None, &mut Nowhere);
            self.naps.settle(heads, rule);
        }
        self.naps.forget();
    }

    /// Makes a head ready for a hit (or for whatever may come): brings what it has
    /// to know of hits that were only noted.
    fn wake(&mut self, heads: &mut Heads, rule: usize, hit: Option<&Hit<'_>>, sink: &mut dyn Sink) {
        let Some(nap) = self.naps.sleeper(rule).copied() else { return };
        let Some(sleeper) = heads.0.get_mut(rule).and_then(|head| head.sleeper()) else { return };
        let bar = sleeper.raise(self.naps.take_bar(rule));
        let peak = self.naps.peak(rule);
        let owed = self.naps.owed(rule, hit, self.settings.lateness, bar);
        if let Some((owed, bar)) = &owed {
            sleeper.raise(*bar);
            sleeper.precede(i64::MIN);
            self.recall(heads, owed);
        } else if nap.asleep {
            sleeper.precede(peak);
        }
        if nap.asleep || owed.is_some() {
            self.rouse(heads, rule, sink);
        }
    }

    /// Moves a head's clock to where it belongs.
    fn rouse(&mut self, heads: &mut Heads, rule: usize, sink: &mut dyn Sink) {
        let Some(nap) = self.naps.sleeper(rule).copied() else { return };
        self.with(heads, rule, sink, |head, env| {
            if let Some(sleeper) = head.sleeper() {
                sleeper.rouse(nap.clock, env);
            }
        });
        self.naps.settle(heads, rule);
    }

    /// Brings noted hits to their heads.
    fn recall(&mut self, heads: &mut Heads, owed: &[Noted]) {
        let table = self.table;
        for noted in owed {
            let number = noted.rule as usize;
            if let (Some(rule), Some(lent)) = (table.rules.get(number), self.naps.ring.event(noted))
                && let Some(rows) = opened(&mut self.recalled, table)
                && let Some(sleeper) = heads.0.get_mut(number).and_then(|head| head.sleeper())
            {
                let Noted { time, order, position, terms, .. } = *noted;
                let source = Some(&lent);
                rows.row(rule, &lent, |row| {
                    let hit = Hit { time, order, position, row, terms, lineages: 0, source };
                    sleeper.recall(&hit);
                });
            }
        }
    }

    /// Lets the oldest event of the ring go; who may still need it takes it.
    pub(super) fn let_go(&mut self, heads: &mut Heads) {
        let mut owed = Vec::new();
        self.naps.let_go(self.settings.lateness, &mut owed);
        for noted in &owed {
            self.wake(heads, noted.rule as usize, None, &mut Nowhere);
        }
        self.naps.ring.drop_oldest();
    }

    pub(super) fn with(
        &mut self,
        heads: &mut Heads,
        rule: usize,
        sink: &mut dyn Sink,
        act: impl FnOnce(&mut dyn Head, &mut Env<'_>),
    ) {
        if !self.live.is_on(rule) {
            return;
        }
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
        if self.strata.has_fresh() {
            self.bring_back(heads, sink);
        }
    }

    fn hand_out(&mut self, rule: usize, sink: &mut dyn Sink) {
        let (Some(entry), Some(counts)) = (self.table.rules.get(rule), self.counts.get_mut(rule))
        else {
            return;
        };
        let Some(rating) = self.live.rules.get(rule).map(|live| live.rating) else { return };
        let quota = self.quotas.get_mut(rule).filter(|_| self.settings.max_signals);
        let (mut quota, whole) = (quota, self.settings.whole.is_some());
        let mut strata = self.strata.reads_alerts().then_some(&mut self.strata);
        for draft in self.drafts.drain(..) {
            if let Some(quota) = &mut quota
                && !quota.admits(entry.info, &draft, whole)
            {
                counts.losses.capped += 1;
                continue;
            }
            sink.draft(rule, &draft);
            self.writer.write(entry.info, rating, &draft, &mut |written| {
                counts.alerts += 1;
                sink.alert(&Alert {
                    rule,
                    info: entry.info,
                    json: written.json,
                    uuid: written.uuid,
                    building_block: written.building_block,
                });
                if let Some(strata) = &mut strata {
                    strata.came(rule, &draft, written.json);
                }
            });
        }
    }

    /// Warnings of a rule's per-event expressions over alerts.
    pub(super) fn warnings_over_alerts(&self, rule: usize) -> Option<&Warnings> {
        self.strata.warnings(rule)
    }

    /// Appends the state of all rules, each under the hash of its meaning.
    pub(super) fn encode(&mut self, heads: &mut Heads, out: &mut Vec<u8>) {
        self.wake_all(heads);
        (heads.0.len() as u64).encode(out);
        let mut state = Vec::new();
        for ((rule, head), quota) in self.table.rules.iter().zip(&heads.0).zip(&self.quotas) {
            state.clear();
            quota.encode(&mut state);
            head.encode(&mut state);
            out.extend_from_slice(&rule.meaning.to_le_bytes());
            (state.len() as u64).encode(out);
            out.extend_from_slice(&state);
        }
        self.lineages.encode(out);
        self.strata.encode(self.table, out);
        self.unmeasured.encode(out);
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
            if let (Some(head), Some(quota)) = (heads.0.get_mut(rule), self.quotas.get_mut(rule)) {
                let mut state = Reader::new(bytes);
                *quota = Quota::decode(&mut state)?;
                head.decode(&mut state)?;
                taken += 1;
            }
        }
        self.lineages.decode(from)?;
        self.strata.decode(self.table, from)?;
        self.unmeasured = u64::decode(from)?;
        self.naps.restart();
        self.lie_down(heads);
        Ok(taken)
    }

    /// Bytes of state.
    pub(super) fn memory(&self, heads: &Heads) -> usize {
        self.lineages.memory()
            + self.naps.memory()
            + self.strata.memory()
            + heads.0.iter().map(|head| head.memory()).sum::<usize>()
    }
}

fn opened<'r>(rows: &'r mut Option<Rows>, table: &'static Table) -> Option<&'r mut Rows> {
    if rows.is_none() {
        // The table was read when the shard was made.
        *rows = Rows::new(table).ok();
    }
    rows.as_mut()
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
