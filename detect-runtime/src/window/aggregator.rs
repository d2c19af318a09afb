//! Pipelines whose first breaker is STATS.

use super::Schedule;
use super::clock::Clock;
use super::emission::{Standing, Tick, draft, over_nothing};
use super::groups::{Groups, Panes};
use super::in_range;
use crate::head::{Env, Head, Hit, Settings};
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::table::{Program, Resources, Row, Stage, StatsSpec, lend_key, run_table, split_keys};
use crate::value::{Cx, Value};
use bumpalo::Bump;
use std::sync::Arc;

/// Groups hits into panes; at a tick it computes the groups whose panes changed,
/// runs the later stages over their rows and gives drafts.
///
/// The stages behind STATS that look at one row only (the *local* ones) run a group
/// at a time. If nothing but SORT stands behind those, that is all: groups that did
/// not change need no second look. Otherwise (LIMIT, INLINE STATS, another STATS) the
/// rest runs over the rows of all groups that pass the local ones.
pub struct Aggregator {
    program: &'static Program,
    stats: &'static StatsSpec,
    schedule: Schedule,
    resources: Arc<Resources>,
    /// Number of the stage behind STATS, and of the first that is not local.
    tail: (usize, usize),
    /// Nothing but SORT and local stages stands behind the local ones.
    separable: bool,
    clock: Clock,
    /// The last tick that ran or was seen to be empty.
    done: i64,
    /// The last pane of the tick behind it.
    next: i32,
    /// Pane that counts as number 0; `None` before the first hit.
    origin: Option<i64>,
    /// Earliest time of a hit.
    earliest: i64,
    groups: Groups,
    standing: Standing,
    buffer: Vec<u8>,
}

impl Aggregator {
    /// A head for the stages of `program` from [`Program::per_event`] on, the first
    /// of which is `stats`.
    pub fn new(
        program: &'static Program,
        stats: &'static StatsSpec,
        schedule: Schedule,
        resources: Arc<Resources>,
    ) -> Aggregator {
        let behind = program.per_event + 1;
        let stages = program.stages.get(behind..).unwrap_or(&[]);
        let local = stages.iter().position(Stage::is_breaker).unwrap_or(stages.len());
        let alone = |stage: &Stage| matches!(stage, Stage::Sort(_)) || !stage.is_breaker();
        Aggregator {
            program,
            stats,
            schedule,
            resources,
            tail: (behind, behind + local),
            separable: stages[local..].iter().all(alone),
            clock: Clock::new(),
            done: i64::MIN,
            next: i32::MIN,
            origin: None,
            earliest: i64::MAX,
            groups: Groups::new((stats.store)()),
            standing: Standing::default(),
            buffer: Vec::new(),
        }
    }

    /// Pane number of a time; `None` if it is too far from the first event: more
    /// than 2^30 intervals.
    fn pane(&self, time: i64, settings: &Settings) -> Option<i32> {
        if settings.whole.is_some() {
            return Some(0);
        }
        self.relative(self.schedule.pane(time))
    }

    fn relative(&self, pane: i64) -> Option<i32> {
        let distance = pane.checked_sub(self.origin?)?;
        i32::try_from(distance).ok().filter(|pane| (-i32::MAX / 2..i32::MAX / 2).contains(pane))
    }

    fn absolute(&self, pane: i32) -> i64 {
        self.origin.unwrap_or(0).saturating_add(i64::from(pane))
    }

    fn panes(&self, tick: i64) -> Panes {
        let (first, last) = self.schedule.window(tick);
        let bounded = |pane: i64| {
            let distance = pane.saturating_sub(self.origin.unwrap_or(0));
            distance.clamp(i64::from(-i32::MAX / 2), i64::from(i32::MAX / 2)) as i32
        };
        (bounded(first), bounded(last))
    }

    /// The last pane of the next tick.
    fn pane_after_done(&self) -> i32 {
        self.panes(self.done.saturating_add(self.schedule.interval())).1
    }

    /// Runs every tick up to `due`.
    fn run_until(&mut self, due: i64, env: &mut Env<'_>) {
        if due <= self.done {
            return;
        }
        while let Some(tick) = self.next_tick(env.settings).filter(|tick| *tick <= due) {
            self.done = tick;
            let window = self.panes(tick);
            let start = tick.saturating_sub(self.schedule.lookback());
            self.run(Tick { time: tick, start }, window, env);
        }
        self.done = self.done.max(due);
        self.next = self.pane_after_done();
    }

    /// Runs what the hit at this time makes due. False if no tick to come sees it.
    fn make_room(&mut self, time: i64, env: &mut Env<'_>) -> bool {
        if self.clock.has_reached(self.done.saturating_add(self.schedule.interval())) {
            self.run_until(self.clock.due(&self.schedule), env);
        }
        if time <= self.done {
            env.losses.late += 1;
            return self.schedule.last_tick(time) > self.done;
        }
        // A look-back shorter than the interval leaves holes.
        self.schedule.lookback() >= self.schedule.interval()
            || self.schedule.last_tick(time) >= self.schedule.tick_at(time)
    }

    /// The next tick at which something can be different, or in faithful mode has
    /// to be said again.
    fn next_tick(&self, settings: &Settings) -> Option<i64> {
        let after = self.done.saturating_add(self.schedule.interval());
        let repeats = settings.faithful && self.groups.passing.len() > 0;
        if (repeats || self.program.uses_now) && self.groups.first_leaving().is_some() {
            return Some(after);
        }
        let entry = self.groups.first_entering().map(|p| self.schedule.entry(self.absolute(p)));
        let exit = self.groups.first_leaving().map(|p| self.schedule.exit(self.absolute(p)));
        let next = match (entry, exit) {
            (Some(entry), Some(exit)) => entry.min(exit),
            (entry, exit) => entry.or(exit)?,
        };
        Some(if self.done == i64::MIN { next } else { next.max(after) })
    }

    /// One tick.
    fn run(&mut self, tick: Tick, window: Panes, env: &mut Env<'_>) {
        let mut groups = self.groups.advance(window);
        if self.program.uses_now {
            groups = self.groups.all().collect();
        } else if env.settings.faithful || !self.separable {
            groups.extend(self.groups.passing.iter());
            groups.sort_unstable();
            groups.dedup();
        }
        // Order by key: rows come in the same order whatever order groups came in.
        groups.sort_unstable_by(|a, b| self.groups.key(*a).cmp(self.groups.key(*b)));
        let cx = Cx { arena: env.arena, now: tick.time, warnings: env.warnings };
        let rows = self.local_rows(&groups, window, &cx);
        if self.separable {
            self.emit_separable(&groups, rows, tick, env);
        } else {
            self.emit_together(&groups, rows, tick, env);
        }
    }

    /// The rows of these groups behind the local stages. What groups without row
    /// computed is given back to the allocator from time to time.
    fn local_rows<'a>(&mut self, groups: &[u32], window: Panes, cx: &Cx<'a>) -> Vec<Row<'a>> {
        const CHUNK: usize = 256;
        let mut rows = Vec::new();
        let mut scratch = Bump::new();
        for chunk in groups.chunks(CHUNK) {
            scratch.reset();
            let local = Cx { arena: &scratch, ..*cx };
            let mut found = Vec::new();
            for group in chunk {
                if let Some(row) = self.group_row(*group, window, &local) {
                    found.push(row);
                }
            }
            let stages = &self.program.stages[self.tail.0..self.tail.1];
            for row in run_table(stages, &[], found, &local, &self.resources) {
                let values = row.values.iter().map(|value| value.copy_in(cx.arena));
                rows.push(Row {
                    values: cx.arena.alloc_slice_fill_iter(values),
                    origin: row.origin,
                    key: row.key.map(|key| &*cx.arena.alloc_slice_copy(key)),
                });
            }
        }
        rows
    }

    fn group_row<'a>(&mut self, group: u32, window: Panes, cx: &Cx<'a>) -> Option<Row<'a>> {
        let (aggregates, keys) = (self.stats.aggregates, self.stats.keys);
        let width = self.program.frames.get(1).copied().unwrap_or(0).max(aggregates + keys);
        let values = cx.arena.alloc_slice_fill_copy(width, Value::Null);
        if !self.groups.evaluate(group, window, &mut values[..aggregates], cx) {
            return None;
        }
        let key: &[u8] = cx.arena.alloc_slice_copy(self.groups.key(group));
        lend_key(key, &mut values[aggregates..aggregates + keys], cx);
        Some(Row { values, origin: group, key: Some(key) })
    }

    /// Nothing but SORT is left: a group's rows hang on no other group.
    fn emit_separable<'e>(
        &mut self,
        groups: &[u32],
        rows: Vec<Row<'e>>,
        tick: Tick,
        env: &mut Env<'e>,
    ) {
        let cx = Cx { arena: env.arena, now: tick.time, warnings: env.warnings };
        let rows = run_table(&self.program.stages[self.tail.1..], &[], rows, &cx, &self.resources);
        let given = rows
            .iter()
            .filter(|row| env.settings.faithful || !self.groups.passing.contains(row.origin));
        for (number, row) in given.enumerate() {
            env.drafts.push(draft(self.program, row, tick, number as u32, None));
        }
        let passing: std::collections::HashSet<u32> = rows.iter().map(|row| row.origin).collect();
        for group in groups {
            self.groups.passing.set(*group, passing.contains(group));
        }
    }

    /// Rows hang on each other: all of them are looked at.
    fn emit_together<'e>(
        &mut self,
        groups: &[u32],
        rows: Vec<Row<'e>>,
        tick: Tick,
        env: &mut Env<'e>,
    ) {
        let passing: std::collections::HashSet<u32> = rows.iter().map(|row| row.origin).collect();
        for group in groups {
            self.groups.passing.set(*group, passing.contains(group));
        }
        // A window without any group is none: STATS without BY gives no row there.
        let rows = if self.groups.first_leaving().is_none() {
            Vec::new()
        } else {
            let frames = self.program.frames.get(2..).unwrap_or(&[]);
            let stages = &self.program.stages[self.tail.1..];
            let cx = Cx { arena: env.arena, now: tick.time, warnings: env.warnings };
            run_table(stages, frames, rows, &cx, &self.resources)
        };
        let fresh = self.standing.replace(&rows);
        let given = rows.iter().zip(fresh).filter(|(_, fresh)| env.settings.faithful || *fresh);
        for (number, (row, _)) in given.enumerate() {
            env.drafts.push(draft(self.program, row, tick, number as u32, None));
        }
    }
}

impl Head for Aggregator {
    fn hit(&mut self, hit: &Hit<'_>, env: &mut Env<'_>) {
        if !in_range(hit.time) {
            env.losses.late += 1;
            return;
        }
        self.clock.see(hit.time, env.settings);
        if self.origin.is_none() {
            self.origin = Some(self.schedule.pane(hit.time));
            self.next = self.pane_after_done();
        }
        self.earliest = self.earliest.min(hit.time);
        if env.settings.whole.is_none() && !self.make_room(hit.time, env) {
            return;
        }
        let Some(pane) = self.pane(hit.time, env.settings) else {
            env.losses.late += 1;
            return;
        };
        let next = if env.settings.whole.is_some() { 0 } else { self.next };
        let cx = Cx { arena: env.arena, now: hit.time, warnings: env.warnings };
        let keys = cx.arena.alloc_slice_fill_copy(self.stats.keys, Value::Null);
        (self.stats.compute_keys)(hit.row, keys, &cx);
        let mut buffer = core::mem::take(&mut self.buffer);
        let all = split_keys(keys, &mut buffer, &mut |key| {
            self.groups.update(key, pane, next, hit.row, &cx);
        });
        env.losses.evicted += u64::from(!all);
        self.buffer = buffer;
        if let Some(most) = env.settings.rule_memory {
            self.bound(most, env);
        }
    }

    fn tick(&mut self, time: i64, env: &mut Env<'_>) {
        self.clock.advance(time, env.settings);
        if env.settings.whole.is_none() {
            self.run_until(self.clock.due(&self.schedule), env);
        }
    }

    fn finish(&mut self, env: &mut Env<'_>) {
        let Some(whole) = env.settings.whole else {
            while let Some(tick) = self.next_tick(env.settings) {
                self.run_until(tick, env);
            }
            return;
        };
        if self.groups.first_entering().is_some() {
            let time = whole.now.unwrap_or(self.clock.latest);
            let start = self.earliest.saturating_sub(1);
            self.run(Tick { time, start }, (0, 0), env);
        } else {
            let time = whole.now.unwrap_or(self.clock.latest.max(0));
            over_nothing(self.program, &self.resources, time, env);
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.clock.encode(out);
        self.done.encode(out);
        self.origin.encode(out);
        self.earliest.encode(out);
        self.groups.encode(out);
        self.standing.encode(out);
    }

    fn decode(&mut self, from: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.clock = Clock::decode(from)?;
        self.done = i64::decode(from)?;
        self.origin = Option::decode(from)?;
        self.earliest = i64::decode(from)?;
        self.next = self.pane_after_done();
        self.groups.decode(from)?;
        self.standing = Standing::decode(from)?;
        Ok(())
    }

    fn memory(&self) -> usize {
        size_of::<Aggregator>() + self.groups.memory() + self.standing.memory()
    }

    fn bound(&mut self, most: usize, env: &mut Env<'_>) {
        while self.groups.memory() > most && self.groups.len() > 0 {
            env.losses.evicted += self.groups.evict();
        }
    }
}
