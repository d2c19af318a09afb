//! Alert suppression: matches with the same values of some fields make one alert.
//!
//! In: the drafts of any head, in faithful mode. Out: the drafts that are left, with
//! what they absorbed. Must not know how a rule matches.
//!
//! # Runs
//!
//! A match belongs to the *run* of the first tick at or after its time; the rows of
//! a windowed rule to that of their tick. The alert of a group is given when its run
//! is over, with the number of matches that the run adds to the first, as the
//! detection engine does at the end of a run. Without `duration` the group ends
//! with the run. With it, a match less than `duration` after the run that made the
//! group's alert is absorbed: the time does not slide. What is absorbed after the
//! alert was given cannot be written into it any more and is counted in
//! [`Losses::suppressed`](crate::head::Losses::suppressed).
//!
//! # Groups
//!
//! A `group_by` name is a column of the row if there is one, else a field of the
//! event; of a sequence, a field on which all its events agree. Several values
//! compare as a set (in sequences, in order). A threshold rule's groups are its
//! buckets. A missing value is a value of its own, or under
//! `doNotSuppress` lets the match pass as a plain alert.
//!
//! Alerts of indicator-match rules are given at once; all that they absorb is
//! counted.

mod held;
mod terms;

#[cfg(test)]
mod tests;

use crate::alert::SuppressionInfo;
use crate::head::{Content, Draft, Env, Head, Hit, Settings, Suppression};
use crate::indicator::Indicators;
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::Owned;
use crate::window::{Clock, Schedule};
use std::collections::HashMap;
use std::sync::Arc;

/// A head the drafts of which are suppressed.
pub struct Suppressed {
    inner: Box<dyn Head>,
    info: SuppressionInfo,
    /// Names of the columns of its rows.
    columns: Box<[&'static str]>,
    /// Only its ticks matter.
    schedule: Schedule,
    clock: Clock,
    groups: HashMap<Key, Group>,
    /// Groups whose alert has not been given, in order of their first match.
    waiting: Vec<Key>,
    /// Runs up to here have ended and gave their alerts.
    ended: i64,
}

/// The run, if groups end with it, and the terms in their byte form.
type Key = (i64, Box<[u8]>);

struct Group {
    terms: Box<[Owned]>,
    /// The run of its alert.
    run: i64,
    span: (i64, i64),
    count: u64,
    /// The alert, until it is given.
    draft: Option<Draft>,
}

impl Suppressed {
    /// Suppresses what `inner` gives. `columns` are the names of its row's columns,
    /// empty if it has none; `schedule` is the rule's.
    pub fn new(
        inner: Box<dyn Head>,
        info: SuppressionInfo,
        columns: impl IntoIterator<Item = &'static str>,
        schedule: Schedule,
    ) -> Suppressed {
        Suppressed {
            inner,
            info,
            columns: columns.into_iter().collect(),
            schedule,
            clock: Clock::new(),
            groups: HashMap::new(),
            waiting: Vec::new(),
            ended: i64::MIN,
        }
    }

    /// Lets the inner head act and takes what it gives.
    fn act(&mut self, env: &mut Env<'_>, act: impl FnOnce(&mut dyn Head, &mut Env<'_>)) {
        let settings = Settings { faithful: true, ..env.settings.clone() };
        let mut drafts = Vec::new();
        let mut inner = Env {
            arena: env.arena,
            settings: &settings,
            drafts: &mut drafts,
            losses: &mut *env.losses,
            warnings: env.warnings,
        };
        act(&mut *self.inner, &mut inner);
        if env.settings.whole.is_some() {
            drafts.into_iter().for_each(|draft| self.take(draft, env));
            return;
        }
        let due = self.clock.due(&self.schedule);
        let mut late = false;
        for draft in drafts {
            let run = self.run(draft.time, env.settings);
            // Before a match comes, the runs before its own are over: those of ticks
            // always, of events up to the watermark.
            let before = run.saturating_sub(1);
            self.end(if is_of_tick(&draft.content) { before } else { before.min(due) }, env);
            late |= run <= self.ended.max(due);
            self.take(draft, env);
        }
        if late {
            self.release(due, env);
        }
        self.end(due, env);
    }

    /// Ends runs, unless they have ended already.
    fn end(&mut self, due: i64, env: &mut Env<'_>) {
        if due > self.ended {
            self.ended = due;
            self.release(due, env);
        }
    }

    /// The run of a match.
    fn run(&self, time: i64, settings: &Settings) -> i64 {
        if settings.whole.is_some() { 0 } else { self.schedule.tick_at(time) }
    }

    fn take(&mut self, draft: Draft, env: &mut Env<'_>) {
        let terms = terms::terms(&self.info, &self.columns, &draft.content);
        if !self.info.missing_is_value && terms.iter().any(|term| matches!(term, Owned::Null)) {
            env.drafts.push(draft);
            return;
        }
        let run = self.run(draft.time, env.settings);
        let mut bytes = Vec::new();
        terms.encode(&mut bytes);
        let key = (if self.info.duration.is_none() { run } else { 0 }, bytes.into());
        if let Some(group) = self.groups.get_mut(&key)
            && group.run.abs_diff(run) < self.info.duration.unwrap_or(1).max(1) as u64
        {
            group.count += 1;
            group.span = (group.span.0.min(draft.time), group.span.1.max(draft.time));
            env.losses.suppressed += u64::from(group.draft.is_none());
            return;
        }
        let at_once = matches!(draft.content, Content::Threat { .. });
        let span = (draft.time, draft.time);
        let group = Group { terms, run, span, count: 0, draft: Some(draft) };
        if let Some(mut ended) = self.groups.insert(key.clone(), group) {
            self.waiting.retain(|waiting| *waiting != key);
            give(&mut ended, env);
        }
        if at_once && let Some(group) = self.groups.get_mut(&key) {
            give(group, env);
        } else {
            self.waiting.push(key);
        }
    }

    /// Gives the alerts of all runs up to `due` and forgets groups that can absorb
    /// no more.
    fn release(&mut self, due: i64, env: &mut Env<'_>) {
        if !self.waiting.is_empty() {
            let waiting = core::mem::take(&mut self.waiting);
            for key in waiting {
                match self.groups.get_mut(&key) {
                    Some(group) if group.run <= due => give(group, env),
                    Some(_) => self.waiting.push(key),
                    None => {}
                }
            }
        }
        let reach = self.info.duration.unwrap_or(1).max(1);
        self.groups
            .retain(|_, group| group.draft.is_some() || group.run.saturating_add(reach) > due);
    }
}

/// Whether the match is what a tick gave, not an event.
fn is_of_tick(content: &Content) -> bool {
    match content {
        Content::Row { window: (start, end, _), .. } => start < end,
        Content::Threshold { .. } => true,
        _ => false,
    }
}

fn give(group: &mut Group, env: &mut Env<'_>) {
    if let Some(draft) = group.draft.take() {
        let suppression =
            Suppression { terms: group.terms.clone(), span: group.span, count: group.count };
        env.drafts.push(Draft { suppression: Some(suppression), ..draft });
    }
}

impl Head for Suppressed {
    fn hit(&mut self, hit: &Hit<'_>, env: &mut Env<'_>) {
        self.clock.see(hit.time, env.settings);
        self.act(env, |inner, env| inner.hit(hit, env));
    }

    fn learn(&mut self, hit: &Hit<'_>, env: &mut Env<'_>) {
        self.act(env, |inner, env| inner.learn(hit, env));
    }

    fn replace_indicators(&mut self, set: &Arc<Indicators>) {
        self.inner.replace_indicators(set);
    }

    fn tick(&mut self, time: i64, env: &mut Env<'_>) {
        self.clock.advance(time, env.settings);
        self.act(env, |inner, env| inner.tick(time, env));
    }

    fn finish(&mut self, env: &mut Env<'_>) {
        self.act(env, |inner, env| inner.finish(env));
        for key in core::mem::take(&mut self.waiting) {
            if let Some(group) = self.groups.get_mut(&key) {
                give(group, env);
            }
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.inner.encode(out);
        self.clock.encode(out);
        // Those that wait first and in their order.
        let given = self.groups.iter().filter(|(_, group)| group.draft.is_none());
        let waiting = self.waiting.iter().filter_map(|key| Some((key, self.groups.get(key)?)));
        (self.groups.len() as u64).encode(out);
        for ((run, terms), group) in waiting.chain(given) {
            run.encode(out);
            terms.encode(out);
            group.terms.encode(out);
            group.run.encode(out);
            group.span.0.encode(out);
            group.span.1.encode(out);
            group.count.encode(out);
            held::encode(group.draft.as_ref(), out);
        }
    }

    fn decode(&mut self, from: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.inner.decode(from)?;
        self.clock = Clock::decode(from)?;
        self.ended = i64::MIN;
        self.groups.clear();
        self.waiting.clear();
        for _ in 0..from.length()? {
            let run = i64::decode(from)?;
            let length = from.length()?;
            let key: Key = (run, from.take(length)?.into());
            let group = Group {
                terms: Vec::decode(from)?.into(),
                run: i64::decode(from)?,
                span: (i64::decode(from)?, i64::decode(from)?),
                count: u64::decode(from)?,
                draft: held::decode(from)?,
            };
            if group.draft.is_some() {
                self.waiting.push(key.clone());
            }
            self.groups.insert(key, group);
        }
        Ok(())
    }

    fn memory(&self) -> usize {
        let groups = self.groups.iter().map(|((_, key), group)| {
            let terms = group.terms.iter().map(|term| size_of::<Owned>() + term.heap());
            size_of::<(Key, Group)>() + key.len() + terms.sum::<usize>()
        });
        self.inner.memory() + groups.sum::<usize>()
    }

    fn bound(&mut self, most: usize, env: &mut Env<'_>) {
        let own = self.memory() - self.inner.memory();
        self.act(env, |head, env| head.bound(most.saturating_sub(own), env));
    }
}
