//! Windows: pipelines that look at more than one event, run at the ticks of a
//! rule's schedule.
//!
//! In: hits whose rows come out of a program's per-event stages, and the movement
//! of time. Out: drafts of alerts, one a result row. Must not know how events are
//! read nor what an alert looks like.
//!
//! [`head`] makes the head that a program needs:
//!
//! | the first stage behind the per-event ones | head |
//! | --- | --- |
//! | none | [`EventRows`]: each hit is a result row, at once, without clock or state |
//! | STATS | [`Aggregator`]: groups hold mergeable states, pane by pane; a tick looks only at groups that changed |
//! | another breaker, or anything that calls `now()` | [`RowHead`]: keeps the rows of the window and runs the stages over all of them |
//!
//! # Time
//!
//! Ticks are the multiples of the interval. The tick `T` sees the window
//! `(T - lookback, T]`; it runs once the rule's clock (the largest [`Hit::time`] so
//! far) is more than the allowed lateness behind it, or when somebody says that
//! the time has come ([`Head::tick`]). A hit that arrives after a tick that should
//! have seen it is counted as late; it still counts at the ticks to come. Ticks
//! whose window holds no hit do not run: a STATS without BY gives no row then.
//!
//! # Emission
//!
//! `faithful`: every result row of every tick. `changes`: the rows of a group that
//! has none at the tick before. What a group is: the key of the last STATS; without
//! STATS the event together with what MV_EXPAND made of it, and then a row is given
//! once in either mode, as the detection engine drops repeats by event id.

mod aggregator;
mod clock;
mod emission;
mod event_rows;
mod groups;
mod row_head;
mod schedule;

#[cfg(test)]
mod tests;

pub use aggregator::Aggregator;
pub(crate) use clock::Clock;
pub use event_rows::EventRows;
pub use row_head::RowHead;
pub use schedule::Schedule;

#[allow(unused_imports)] // Named in the documentation above.
use crate::head::{Head, Hit};
use crate::table::{Program, Resources, Stage};
use std::sync::Arc;

/// Times that a window can hold: 285,000 years around 1970. What lies outside is
/// counted as late; the arithmetic of ticks stays far from its limits.
fn in_range(time: i64) -> bool {
    (-(1 << 53)..=1 << 53).contains(&time)
}

/// The head for a program.
pub fn head(
    program: &'static Program,
    schedule: Schedule,
    resources: Arc<Resources>,
) -> Box<dyn Head> {
    match program.stages.get(program.per_event) {
        None => Box::new(EventRows::new(program)),
        Some(Stage::Stats(stats)) => Box::new(Aggregator::new(program, stats, schedule, resources)),
        Some(_) => Box::new(RowHead::new(program, schedule, resources)),
    }
}
