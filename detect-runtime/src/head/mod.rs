//! Stateful heads: what stands between the events that satisfy a rule and the
//! rule's alerts (aggregates over windows, sequences, thresholds, seen terms,
//! indicators).
//!
//! In: [`Hit`]s of one rule, in input order, and the movement of time. Out:
//! [`Draft`]s of alerts. A head must not know how an event was read, nor what an
//! alert looks like as JSON. Every head can write its state and read it back.

#[cfg(test)]
pub(crate) mod trial;

use crate::indicator::Indicators;
use crate::state::{DecodeError, Reader};
use crate::value::{Owned, Value, Warnings};
use bumpalo::Bump;
use std::cell::OnceCell;
use std::sync::Arc;

/// What the per-event part of a stateful rule hands over: the record that
/// threads, processes and machines exchange.
#[derive(Clone, Copy, Debug)]
pub struct Hit<'a> {
    /// Rule's time in milliseconds: `timestamp_override` where present, else
    /// `@timestamp`. Windows and lateness go by it.
    pub time: i64,
    /// `@timestamp` in nanoseconds; order and maxspan of sequences go by it.
    pub order: i64,
    /// Position of the event in the input; decides ties.
    pub position: u64,
    /// The fields that the head asked for, in its order. For a pipeline: the
    /// row behind its last per-event stage.
    pub row: &'a [Value<'a>],
    /// Sequences and samples: bit `k` = the event satisfies condition `k` by
    /// itself. Which term has which bit stands in the head's descriptor: the
    /// copies of a term `with runs` share one, `until` has its own.
    pub terms: u64,
    /// Rules that ask for process lineages: the hit is one if exactly these of the
    /// rule's lineages (a bit each) are those in which the event's process
    /// descends. The owner of the state knows; heads need not look.
    pub lineages: u64,
    /// The event, where the head's alerts are made from events.
    pub source: Option<&'a Lent<'a>>,
}

impl Hit<'_> {
    /// The event for keeping; empty where the hit came without one.
    pub fn share(&self) -> Arc<Source> {
        self.source.map_or_else(Arc::default, Lent::share)
    }
}

/// The event as it stands in the input. It is copied when the first head keeps
/// it, and all heads share that copy.
#[derive(Debug)]
pub struct Lent<'a> {
    line: &'a [u8],
    index: &'a str,
    shared: OnceCell<Arc<Source>>,
}

impl<'a> Lent<'a> {
    /// Lends a line and its index name; nothing is copied yet.
    pub fn new(line: &'a [u8], index: &'a str) -> Lent<'a> {
        Lent { line, index, shared: OnceCell::new() }
    }

    /// Lends an event that is kept already.
    pub fn kept(source: &'a Arc<Source>) -> Lent<'a> {
        Lent {
            line: &source.line,
            index: &source.index,
            shared: OnceCell::from(Arc::clone(source)),
        }
    }

    /// The line.
    pub fn line(&self) -> &'a [u8] {
        self.line
    }

    /// The index name, empty if none.
    pub fn index(&self) -> &'a str {
        self.index
    }

    /// The event for keeping.
    pub fn share(&self) -> Arc<Source> {
        Arc::clone(
            self.shared.get_or_init(|| {
                Arc::new(Source { line: self.line.into(), index: self.index.into() })
            }),
        )
    }
}

/// A source event that an alert copies or descends from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The line as it came.
    pub line: Box<[u8]>,
    /// Its index name, empty if none.
    pub index: Box<str>,
}

/// Surroundings of a call into a head.
pub struct Env<'e> {
    /// For intermediate values; reset by the engine.
    pub arena: &'e Bump,
    /// Settings of the run.
    pub settings: &'e Settings,
    /// Where alerts go.
    pub drafts: &'e mut Vec<Draft>,
    /// What was lost and why.
    pub losses: &'e mut Losses,
    /// Warnings of the rule's expressions.
    pub warnings: &'e Warnings,
}

/// How windows and emission behave in this run.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How far an event may lag behind the rule's clock, in milliseconds.
    pub lateness: i64,
    /// A row per tick, as the scheduled engine gives, instead of one when a
    /// group comes to satisfy the rule.
    pub faithful: bool,
    /// One window over all input instead of the rule's schedule; the tick is
    /// this time if given, else that of the latest event.
    pub whole: Option<Whole>,
    /// Bytes of state a rule may hold; what exceeds it goes oldest first.
    pub rule_memory: Option<usize>,
    /// Bytes of state that all rules together may hold; what exceeds it is let go by
    /// the rule that holds most, oldest first.
    pub max_memory: Option<usize>,
    /// What was seen before the input begins counts as complete: a term that
    /// was never seen is new from the first event on. Else a new-terms rule
    /// learns for the length of its history first.
    pub history_complete: bool,
    /// A rule makes no more than its `max_signals` alerts in one run; what is beyond
    /// is counted. Off, a rule makes what it finds.
    pub max_signals: bool,
}

/// One window over everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Whole {
    /// The tick in milliseconds.
    pub now: Option<i64>,
}

/// Counted losses of a head; none is silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Events behind the watermark.
    pub late: u64,
    /// Groups, pending sequences or terms dropped for lack of memory.
    pub evicted: u64,
    /// New terms not reported because the history is not yet as long as the
    /// rule asks.
    pub learning: u64,
    /// Matches absorbed by an alert that had been given already.
    pub suppressed: u64,
    /// Alerts beyond the rule's `max_signals`, where that is asked for.
    pub capped: u64,
}

/// An alert in the making.
#[derive(Clone, Debug)]
pub struct Draft {
    /// `@timestamp` of the alert in milliseconds: the tick of a windowed rule,
    /// the rule's time of the event else.
    pub time: i64,
    /// What it is made of.
    pub content: Content,
    /// Present if the rule suppresses.
    pub suppression: Option<Suppression>,
}

/// Contents by kind of rule.
#[derive(Clone, Debug)]
pub enum Content {
    /// A copy of the event.
    Event(Arc<Source>),
    /// A result row of a pipeline; columns as in the plan's output. `source` is
    /// there where the rule does not aggregate.
    Row {
        /// Values of the output columns.
        columns: Box<[Owned]>,
        /// The event that the row comes from.
        source: Option<Arc<Source>>,
        /// Window (start, end] in milliseconds, and number of the row in it.
        window: (i64, i64, u32),
    },
    /// Events of a sequence or sample in order; `None` stands for a missing term.
    Sequence {
        /// The events.
        events: Vec<Option<Arc<Source>>>,
        /// Values of the join keys.
        keys: Box<[Owned]>,
    },
    /// A bucket of a threshold rule.
    Threshold {
        /// Grouping values in order of the rule's fields.
        terms: Box<[Owned]>,
        /// Events in the bucket.
        count: u64,
        /// Distinct values, if the rule asks.
        cardinality: Option<u64>,
        /// Time of the oldest and newest event in milliseconds.
        span: (i64, i64),
    },
    /// The first event with a new combination of values.
    NewTerms {
        /// The event.
        event: Arc<Source>,
        /// The combination.
        terms: Box<[Owned]>,
    },
    /// An event that indicators match.
    Threat {
        /// The event.
        event: Arc<Source>,
        /// Matched indicator documents (JSON text), event field, value.
        matches: Vec<Indicator>,
    },
}

/// One matched indicator.
#[derive(Clone, Debug)]
pub struct Indicator {
    /// The indicator's document as JSON text.
    pub document: Arc<str>,
    /// Field of the event that matched.
    pub field: &'static str,
    /// Its value.
    pub value: Box<str>,
    /// Number of the document in its file.
    pub number: u64,
    /// Index name or file that it came from.
    pub index: Arc<str>,
}

/// What suppression did.
#[derive(Clone, Debug)]
pub struct Suppression {
    /// Values of `group_by`, null for a missing one.
    pub terms: Box<[Owned]>,
    /// Time of the first and of the last match in milliseconds.
    pub span: (i64, i64),
    /// Matches absorbed beyond the first.
    pub count: u64,
}

/// A stateful head of one rule.
pub trait Head: Send {
    /// Takes a hit. The head keeps its own clock: the largest [`Hit::time`].
    fn hit(&mut self, hit: &Hit<'_>, env: &mut Env<'_>);

    /// Takes a hit as history that raises no alert (new-terms rules).
    fn learn(&mut self, _hit: &Hit<'_>, _env: &mut Env<'_>) {}

    /// Goes on with another set of indicators (indicator-match rules). The
    /// engine calls it between two events.
    fn replace_indicators(&mut self, _set: &Arc<Indicators>) {}

    /// Moves the clock to at least `time` (an outside tick, or the watermark of
    /// the slowest source) and runs every tick that has become due.
    fn tick(&mut self, time: i64, env: &mut Env<'_>);

    /// End of input: runs every tick whose window still holds an event and
    /// settles what waits for time to pass.
    fn finish(&mut self, env: &mut Env<'_>);

    /// Appends the state.
    fn encode(&self, out: &mut Vec<u8>);

    /// Replaces the state by one that [`Head::encode`] wrote.
    fn decode(&mut self, from: &mut Reader<'_>) -> Result<(), DecodeError>;

    /// Bytes of state held now.
    fn memory(&self) -> usize;

    /// Lets go of state, the oldest first, until so many bytes are left, and counts
    /// what is lost. What cannot be let go stays.
    fn bound(&mut self, _most: usize, _env: &mut Env<'_>) {}

    /// True while no hit at all can do anything, so that none need be made.
    fn is_deaf(&self) -> bool {
        false
    }

    /// The head as one that can sleep, if it can.
    fn sleeper(&mut self) -> Option<&mut dyn Sleeper> {
        None
    }
}

/// Place of an event in the order of a sequence: time, then position.
pub type Turn = (i64, u64);

/// A head that most of the time waits for a hit of a certain kind. While it
/// sleeps, other hits only move its clock; which of them matter after all is known
/// when one comes that wakes it and belongs before them.
///
/// What sleeps is the making of rows, keys and copies. The head must come to the
/// same state as if it had taken each hit at once; the engine keeps what was
/// announced to it meanwhile and brings it with [`Sleeper::recall`].
pub trait Sleeper {
    /// Bits of [`Hit::terms`] that wake it.
    fn wakers(&self) -> u64;

    /// Nothing is pending, and no hit that wakes waits for its place in the order.
    fn is_asleep(&self) -> bool;

    /// Hits wait for their place in the order, if only to be dropped.
    fn is_restless(&self) -> bool;

    /// The rule's clock; `i64::MIN` before the first hit.
    fn clock(&self) -> i64;

    /// Moves the clock to where announced hits brought it and lets go what had
    /// to wait until then. Only while it sleeps.
    fn rouse(&mut self, clock: i64, env: &mut Env<'_>);

    /// Hits up to this place in the order have had their turn, those above what
    /// it gives have not.
    fn raise(&mut self, bar: Option<Turn>) -> Option<Turn>;

    /// Announced hits that stand before all that it holds bring the time up to here,
    /// in the order of events; `i64::MIN` once it holds them itself.
    fn precede(&mut self, time: i64);

    /// Takes a hit that was announced before, as one that waits for its turn.
    fn recall(&mut self, hit: &Hit<'_>);
}
