//! The engine: bytes of events in, alerts out.
//!
//! In: NDJSON in chunks of any size, the movement of time, partial records of
//! other shards. Out: alerts, bad lines, counts. Knows the constant table of a
//! ruleset and every room of the runtime; has no thread, no clock but that of
//! the events, no logger.
//!
//! The per-event part ([`Shard`]) is stateless and emits hits; the owner of the
//! state takes hits in input order. An engine is one shard and one owner; more
//! shards on the same input hand their hits over as [`Partials`], and because the
//! owner merges them in input order the alerts are the same for any number of
//! shards.

mod budget;
mod evaluator;
mod events;
mod lineage;
mod live;
mod naps;
mod old_names;
mod owner;
mod partial;
mod quota;
mod reference;
mod ring;
mod rows;
mod scanner;
mod shard;
mod sink;
mod stacked;
mod strata;
mod table;

pub use live::{Feed, FeedCounts, FeedError, Live, LiveRule};
pub use owner::RuleCounts;
pub use reference::{Reference, Traced};
pub use scanner::{ScanCounts, index_name};
pub use shard::{Partials, Shard};
pub use sink::{Alert, Sink};
pub use table::{
    Condition, Flag, HeadSpec, Heads, Holds, Need, Origin, Refused, Rule, Ruleset, Table,
};

use crate::alert::Format;
use crate::exception::ExceptionError;
use crate::head::{Hit, Settings};
use crate::input::{Counts, LINE_LIMIT, Lines};
use crate::json::layout::LayoutError;
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::table::Resources;
use crate::value::Warning;
use bumpalo::Bump;
use core::cell::RefCell;
use owner::Owner;
use scanner::Take;
use std::sync::Arc;
use thiserror::Error;

/// Constants of a ruleset that this version cannot read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TableError {
    /// The projector's layout.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The exceptions of a rule.
    #[error(transparent)]
    Exceptions(#[from] ExceptionError),
}

/// How an engine runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// Windows, lateness, emission, memory.
    pub settings: Settings,
    /// How alerts are written.
    pub format: Format,
    /// Index name of events that name neither index nor data stream.
    pub index: Option<String>,
    /// Longest line in bytes.
    pub line_limit: usize,
    /// How far events may be ahead of a clock; those further ahead are counted and
    /// do not reach stateful rules.
    pub horizon: Option<Horizon>,
    /// Walk every line, also those on which nothing can match: bad lines are found
    /// for certain then.
    pub walk_all: bool,
    /// Alerts come back as events for rules that read the index of alerts. Without,
    /// each rule sees the input alone, as who compares rules document by document
    /// wants it.
    pub alerts_return: bool,
    /// Reference mode, see [`Engine::reference`].
    pub reference: bool,
    /// Lookup tables and the completion service.
    pub resources: Arc<Resources>,
}

/// A bound to event times that moves with a clock, which the embedder gives: the
/// engine has none.
#[derive(Clone, Copy, Debug)]
pub struct Horizon {
    /// The time now, in milliseconds since 1970.
    pub clock: fn() -> i64,
    /// How far ahead of it an event may be, in milliseconds.
    pub ahead: i64,
}

impl Horizon {
    /// The latest time that is allowed now.
    fn latest(&self) -> i64 {
        (self.clock)().saturating_add(self.ahead)
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            settings: Settings::default(),
            format: Format::default(),
            index: None,
            line_limit: LINE_LIMIT,
            horizon: None,
            walk_all: false,
            alerts_return: true,
            reference: false,
            resources: Arc::default(),
        }
    }
}

/// A ruleset at work.
pub struct Engine<R: Ruleset> {
    rules: R,
    table: &'static Table,
    options: Options,
    shard: Shard,
    lines: Lines,
    /// Offset of the current input among all inputs.
    base: u64,
    owner: Owner,
    arena: Bump,
}

impl<R: Ruleset> Engine<R> {
    /// An engine with empty state.
    ///
    /// # Errors
    /// [`TableError`] if the table was written by another version.
    pub fn new(options: Options) -> Result<Engine<R>, TableError> {
        let table = R::table();
        let mut rules = R::new();
        let live = Arc::new(Live::new(table)?);
        *rules.heads() = Heads::new(table, &options.resources);
        let mut owner = Owner::new(table, &options, Arc::clone(&live));
        if options.reference {
            owner.stay_awake(rules.heads());
        } else {
            owner.lie_down(rules.heads());
        }
        Ok(Engine {
            rules,
            table,
            shard: Shard::new(table, &options, live)?,
            lines: Lines::new(options.line_limit),
            base: 0,
            owner,
            arena: Bump::new(),
            options,
        })
    }

    /// An engine in reference mode: serde_json parses every line, and every
    /// condition is evaluated on every event by walking its plain form. Projector,
    /// field matchers, witnesses and search before parse have no part in it. It is
    /// some thousand times slower, and the measure of the fast way: both give the
    /// same alerts. Its shards are in reference mode too.
    ///
    /// # Errors
    /// [`TableError`] as for [`Engine::new`].
    pub fn reference(options: Options) -> Result<Engine<R>, TableError> {
        Engine::new(Options { reference: true, ..options })
    }

    /// The ruleset's constants.
    pub fn table(&self) -> &'static Table {
        self.table
    }

    /// Lets every head take every hit at once, also those that sleep: the alerts are
    /// the same. It is the measure of the way with sleep.
    pub fn stay_awake(&mut self) {
        self.owner.stay_awake(self.rules.heads());
    }

    /// What can change about the rules, as it is now.
    pub fn live(&self) -> &Arc<Live> {
        &self.owner.live
    }

    /// Goes on with other states, ratings, exceptions and indicators of rules. A
    /// line that was begun is evaluated with the new ones.
    pub fn go_on_with(&mut self, live: &Arc<Live>) {
        self.shard.go_on_with(live);
        self.owner.go_on_with(self.rules.heads(), live);
    }

    /// Takes the next bytes of the input.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut dyn Sink) {
        let Engine { rules, shard, lines, base, owner, .. } = self;
        let before = (shard.bytes(), lines.given());
        lines.feed(bytes, &mut |body, offset| {
            scan(shard, owner, rules.heads(), body, *base + offset, sink);
        });
        shard.set_bytes(before.0 + lines.given() - before.1);
    }

    /// Ends one input (a file): an unterminated last line is a line. State goes on.
    pub fn end_input(&mut self, sink: &mut dyn Sink) {
        let Engine { rules, shard, lines, base, owner, .. } = self;
        let before = (shard.bytes(), lines.given());
        lines.finish(&mut |body, offset| {
            scan(shard, owner, rules.heads(), body, *base + offset, sink);
        });
        shard.set_bytes(before.0 + lines.given() - before.1);
        self.base += self.lines.offset();
        self.lines = Lines::new(self.options.line_limit);
    }

    /// Moves every rule's clock to at least `time` (milliseconds since 1970). Rules over
    /// alerts that keep state take the alerts up to there only now, or when the input
    /// ends: a run without end calls this from time to time.
    pub fn tick(&mut self, time: i64, sink: &mut dyn Sink) {
        self.owner.tick(self.rules.heads(), time, sink);
    }

    /// The time of the latest event that met a rule, in milliseconds since 1970: from here a
    /// clock can go on while no event comes.
    pub fn clock(&self) -> Option<i64> {
        self.owner.latest
    }

    /// Ends the input for good: every tick runs whose window still holds an event.
    pub fn finish(&mut self, sink: &mut dyn Sink) {
        self.end_input(sink);
        self.owner.finish(self.rules.heads(), sink);
    }

    /// Takes bytes as history: rules that remember terms learn them, no rule
    /// alerts.
    pub fn learn(&mut self, bytes: &[u8]) {
        let Engine { rules, shard, owner, .. } = self;
        let mut lines = Lines::new(self.options.line_limit);
        let heads = rules.heads();
        let mut pupil = Pupil { owner, heads };
        let mut take = |body: &[u8], offset: u64| {
            shard.run(body, offset, &mut pupil, &mut |_, _| {});
        };
        lines.feed(bytes, &mut take);
        lines.finish(&mut take);
    }

    /// A stateless shard of this engine, for another thread or process.
    ///
    /// # Errors
    /// [`LayoutError`] as for [`Engine::new`].
    pub fn shard(&self) -> Result<Shard, LayoutError> {
        Shard::new(self.table, &self.options, Arc::clone(&self.owner.live))
    }

    /// Takes the hits of a shard. Partial records must come in input order.
    ///
    /// # Errors
    /// [`DecodeError`] if they were damaged on the way.
    pub fn merge(&mut self, partials: &Partials, sink: &mut dyn Sink) -> Result<(), DecodeError> {
        let Engine { rules, shard, owner, arena, .. } = self;
        shard.add(partials);
        for (bad, line) in &partials.bad {
            sink.bad_line(bad, line);
        }
        for (rule, counts) in &partials.warnings {
            if let Some(own) = owner.counts.get(*rule as usize) {
                own.warnings.add_all(counts);
            }
        }
        let heads = rules.heads();
        partial::decode(&partials.hits, arena, |rule, hit, rowless| {
            if owner.announce(heads, rule, hit) {
                if rowless {
                    owner.reread(heads, rule, hit, sink);
                } else {
                    owner.hit(heads, rule, hit, sink);
                }
            }
        })
    }

    /// What was read, by this engine and by the shards merged into it.
    pub fn counts(&self) -> &Counts {
        &self.shard.counts
    }

    /// What the per-event part counted.
    pub fn scan_counts(&self) -> &ScanCounts {
        self.shard.scan_counts()
    }

    /// What each rule did.
    pub fn rule_counts(&self) -> &[RuleCounts] {
        &self.owner.counts
    }

    /// How many values of a rule's expressions became null for this reason.
    pub fn warnings(&self, rule: usize, kind: Warning) -> u64 {
        let per_event = self.shard.warnings(rule).map_or(0, |warnings| warnings.count(kind));
        let over_alerts = self.owner.warnings_over_alerts(rule);
        let over_alerts = over_alerts.map_or(0, |warnings| warnings.count(kind));
        per_event
            + over_alerts
            + self.owner.counts.get(rule).map_or(0, |own| own.warnings.count(kind))
    }

    /// Bytes of state.
    pub fn memory(&mut self) -> usize {
        self.owner.memory(self.rules.heads())
    }

    /// The state as bytes: what lines were begun, and each rule's state under the
    /// hash of its meaning. Only between two calls of [`Engine::feed`].
    pub fn snapshot(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        self.base.encode(&mut out);
        self.lines.encode(&mut out);
        self.owner.encode(self.rules.heads(), &mut out);
        out
    }

    /// Goes on from a snapshot. Rules that changed since begin empty; gives the
    /// number of rules that took their state over.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are no snapshot; the engine's state is
    /// undefined then.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<usize, DecodeError> {
        let mut from = Reader::new(bytes);
        self.base = u64::decode(&mut from)?;
        self.lines = Lines::decode(&mut from, self.options.line_limit)?;
        self.owner.decode(self.rules.heads(), &mut from)
    }
}

/// Scans whole lines and hands the hits on at once.
fn scan(
    shard: &mut Shard,
    owner: &mut Owner,
    heads: &mut Heads,
    body: &[u8],
    offset: u64,
    sink: &mut dyn Sink,
) {
    // Hits and bad lines both go to the sink; they never come at the same time.
    let sink = RefCell::new(sink);
    let mut hand_over = HandOver { owner, heads, sink: &sink };
    shard.run(body, offset, &mut hand_over, &mut |bad, line| sink.borrow_mut().bad_line(bad, line));
}

/// Hands hits to the owner at once.
struct HandOver<'h, 's> {
    owner: &'h mut Owner,
    heads: &'h mut Heads,
    sink: &'h RefCell<&'s mut dyn Sink>,
}

impl Take for HandOver<'_, '_> {
    fn announce(&mut self, rule: u32, hit: &Hit<'_>) -> bool {
        self.owner.announce(self.heads, rule, hit)
    }

    fn hit(&mut self, rule: u32, hit: &Hit<'_>) {
        self.owner.hit(self.heads, rule, hit, &mut **self.sink.borrow_mut());
    }
}

/// Hands hits to the owner as history.
struct Pupil<'h> {
    owner: &'h mut Owner,
    heads: &'h mut Heads,
}

impl Take for Pupil<'_> {
    fn announce(&mut self, _rule: u32, _hit: &Hit<'_>) -> bool {
        true
    }

    fn hit(&mut self, rule: u32, hit: &Hit<'_>) {
        self.owner.learn(self.heads, rule, hit);
    }
}

impl<R: Ruleset> core::fmt::Debug for Engine<R> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Engine").field("rules", &self.table.rules.len()).finish_non_exhaustive()
    }
}
