//! Pipelines that need the rows of a window themselves: SORT, LIMIT or INLINE STATS
//! before any STATS, or a `now()` before it.

use super::Schedule;
use super::clock::Clock;
use super::emission::{Standing, Tick, draft, over_nothing};
use super::in_range;
use crate::aggregate::fingerprint;
use crate::head::{Env, Head, Hit, Settings, Source};
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::table::{Program, Resources, Row, Stage, run_table};
use crate::value::{Cx, Value, check_row};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Keeps the rows of the window in their byte form and runs the stages from
/// [`Program::per_event`] on over all of them at each tick at which some came or
/// went.
pub struct RowHead {
    program: &'static Program,
    schedule: Schedule,
    resources: Arc<Resources>,
    clock: Clock,
    /// The last tick that ran or was seen to be empty.
    done: i64,
    /// Rows by time, those of one time by position.
    rows: BTreeMap<i64, Vec<Kept>>,
    /// A row came that a tick before should have seen.
    belated: bool,
    /// The next tick has to repeat the rows of this one.
    repeats: bool,
    standing: Standing,
    bytes: usize,
}

struct Kept {
    position: u64,
    /// Values one behind the other.
    row: Vec<u8>,
    /// Where rows are alerts on their event.
    source: Option<Arc<Source>>,
    /// Fingerprints of the expanded values with which it was given already.
    given: Vec<u64>,
}

impl Kept {
    fn memory(&self) -> usize {
        let source = self.source.as_ref().map_or(0, |source| source.line.len());
        size_of::<Kept>() + self.row.capacity() + self.given.capacity() * 8 + source
    }
}

impl RowHead {
    /// A head for the stages of `program` from [`Program::per_event`] on.
    pub fn new(
        program: &'static Program,
        schedule: Schedule,
        resources: Arc<Resources>,
    ) -> RowHead {
        RowHead {
            program,
            schedule,
            resources,
            clock: Clock::new(),
            done: i64::MIN,
            rows: BTreeMap::new(),
            belated: false,
            repeats: false,
            standing: Standing::default(),
            bytes: 0,
        }
    }

    fn run_until(&mut self, due: i64, env: &mut Env<'_>) {
        while let Some(tick) = self.next_tick(env.settings).filter(|tick| *tick <= due) {
            self.done = tick;
            let start = tick.saturating_sub(self.schedule.lookback());
            self.run(Tick { time: tick, start }, tick, env);
        }
        self.done = self.done.max(due);
    }

    /// The next tick at which a row comes or goes, or rows have to be given again.
    fn next_tick(&self, settings: &Settings) -> Option<i64> {
        let after = self.done.saturating_add(self.schedule.interval());
        let (oldest, _) = self.rows.first_key_value()?;
        let unseen = self.rows.range(self.done.saturating_add(1)..).next();
        let seen = *oldest <= self.done;
        let repeats = settings.faithful && self.repeats;
        if self.belated || (seen && (repeats || self.program.uses_now)) {
            return Some(after);
        }
        let entry = unseen.map(|(time, _)| self.schedule.tick_at(*time));
        let exit = self.schedule.last_tick(*oldest).saturating_add(self.schedule.interval());
        let next = entry.map_or(exit, |entry| entry.min(exit));
        Some(if self.done == i64::MIN { next } else { next.max(after) })
    }

    /// One tick over the rows up to `end`.
    fn run(&mut self, tick: Tick, end: i64, env: &mut Env<'_>) {
        self.belated = false;
        self.drop_until(tick.start);
        let cx = Cx { arena: env.arena, now: tick.time, warnings: env.warnings };
        let width = self.program.frames.first().copied().unwrap_or(0);
        let mut places = Vec::new();
        let mut rows = Vec::new();
        for (time, all) in self.rows.range(..=end) {
            for (index, kept) in all.iter().enumerate() {
                rows.push(Row {
                    values: lend_row(&kept.row, width, &cx),
                    origin: places.len() as u32,
                    key: None,
                });
                places.push((*time, index));
            }
        }
        let rows = if rows.is_empty() {
            rows
        } else {
            let stages = &self.program.stages[self.program.per_event..];
            let frames = self.program.frames.get(1..).unwrap_or(&[]);
            run_table(stages, frames, rows, &cx, &self.resources)
        };
        self.repeats = self.program.aggregating && !rows.is_empty();
        if self.program.aggregating {
            let fresh = self.standing.replace(&rows);
            let given = rows.iter().zip(fresh).filter(|(_, fresh)| env.settings.faithful || *fresh);
            for (number, (row, _)) in given.enumerate() {
                env.drafts.push(draft(self.program, row, tick, number as u32, None));
            }
            return;
        }
        let mut number = 0;
        for row in &rows {
            let identity = self.expanded(row.values);
            let (time, index) = places[row.origin as usize];
            let Some(kept) = self.rows.get_mut(&time).and_then(|all| all.get_mut(index)) else {
                continue;
            };
            if kept.given.contains(&identity) {
                continue;
            }
            self.bytes -= kept.memory();
            kept.given.push(identity);
            self.bytes += kept.memory();
            env.drafts.push(draft(self.program, row, tick, number, kept.source.clone()));
            number += 1;
        }
    }

    /// What MV_EXPAND made of a row.
    fn expanded(&self, row: &[Value<'_>]) -> u64 {
        let slots = self.program.stages.iter().filter_map(|stage| match stage {
            Stage::MvExpand(slot) => row.get(*slot),
            _ => None,
        });
        slots.fold(0, |hash: u64, value| hash.rotate_left(11) ^ fingerprint(value))
    }

    fn drop_until(&mut self, start: i64) {
        while let Some(oldest) = self.rows.first_entry() {
            if *oldest.key() > start {
                break;
            }
            self.bytes -= oldest.remove().iter().map(Kept::memory).sum::<usize>();
        }
    }

    fn keep(&mut self, hit: &Hit<'_>, env: &mut Env<'_>) {
        let mut row = Vec::new();
        for value in hit.row {
            value.encode(&mut row);
        }
        let source = (!self.program.aggregating).then(|| hit.share());
        let kept = Kept { position: hit.position, row, source, given: Vec::new() };
        self.bytes += kept.memory();
        let all = self.rows.entry(hit.time).or_default();
        let at = all.partition_point(|other| other.position <= kept.position);
        all.insert(at, kept);
        if let Some(most) = env.settings.rule_memory {
            self.bound(most, env);
        }
    }
}

/// Reads a row that [`RowHead::keep`] wrote.
fn lend_row<'a>(bytes: &[u8], width: usize, cx: &Cx<'a>) -> &'a mut [Value<'a>] {
    let bytes: &[u8] = cx.arena.alloc_slice_copy(bytes);
    let mut from = Reader::new(bytes);
    let values = cx.arena.alloc_slice_fill_copy(width, Value::Null);
    for value in values.iter_mut() {
        if from.is_empty() {
            break;
        }
        // What does not parse was refused when it was decoded.
        *value = Value::decode_in(&mut from, cx.arena).unwrap_or_default();
    }
    values
}

impl Head for RowHead {
    fn hit(&mut self, hit: &Hit<'_>, env: &mut Env<'_>) {
        if !in_range(hit.time) {
            env.losses.late += 1;
            return;
        }
        self.clock.see(hit.time, env.settings);
        if env.settings.whole.is_none() {
            self.run_until(self.clock.due(&self.schedule), env);
            if hit.time <= self.done {
                env.losses.late += 1;
                if self.schedule.last_tick(hit.time) <= self.done {
                    return;
                }
                self.belated = true;
            }
        }
        self.keep(hit, env);
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
        if let Some((earliest, _)) = self.rows.first_key_value() {
            let start = earliest.saturating_sub(1);
            let time = whole.now.unwrap_or(self.clock.latest);
            self.run(Tick { time, start }, i64::MAX, env);
        } else {
            let time = whole.now.unwrap_or(self.clock.latest.max(0));
            over_nothing(self.program, &self.resources, time, env);
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.clock.encode(out);
        self.done.encode(out);
        self.belated.encode(out);
        self.repeats.encode(out);
        self.standing.encode(out);
        (self.rows.values().map(Vec::len).sum::<usize>() as u64).encode(out);
        for (time, kept) in
            self.rows.iter().flat_map(|(time, all)| all.iter().map(move |k| (time, k)))
        {
            time.encode(out);
            kept.position.encode(out);
            kept.row.encode(out);
            kept.source.is_some().encode(out);
            if let Some(source) = &kept.source {
                source.line.encode(out);
                source.index.encode(out);
            }
            (kept.given.len() as u64).encode(out);
            kept.given.iter().for_each(|given| given.encode(out));
        }
    }

    fn decode(&mut self, from: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.clock = Clock::decode(from)?;
        self.done = i64::decode(from)?;
        self.belated = bool::decode(from)?;
        self.repeats = bool::decode(from)?;
        self.standing = Standing::decode(from)?;
        self.rows.clear();
        self.bytes = 0;
        for _ in 0..from.length()? {
            let time = i64::decode(from)?;
            let position = u64::decode(from)?;
            let length = from.length()?;
            let row = from.take(length)?.to_vec();
            check_row(&row)?;
            let source = if bool::decode(from)? {
                let length = from.length()?;
                let line = from.take(length)?.into();
                Some(Arc::new(Source { line, index: Box::decode(from)? }))
            } else {
                None
            };
            let given = Vec::<u64>::decode(from)?;
            let kept = Kept { position, row, source, given };
            self.bytes += kept.memory();
            self.rows.entry(time).or_default().push(kept);
        }
        Ok(())
    }

    fn memory(&self) -> usize {
        size_of::<RowHead>() + self.bytes + self.standing.memory()
    }

    fn bound(&mut self, most: usize, env: &mut Env<'_>) {
        while self.bytes > most {
            let Some(oldest) = self.rows.pop_first() else { return };
            self.bytes -= oldest.1.iter().map(Kept::memory).sum::<usize>();
            env.losses.evicted += oldest.1.len() as u64;
        }
    }
}
