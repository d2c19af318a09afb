//! Aggregates: what STATS computes over the rows of a group.
//!
//! In: argument values of one row after the other, and states of other panes or
//! shards. Out: one value a group. Must not know windows, keys or where rows come
//! from.
//!
//! An [`Aggregate`] is a mergeable state: `update` takes the values of one row,
//! `merge` another state over other rows, and the result is that of all rows
//! together, whatever the split. Every value of a multi-value counts, nulls are
//! skipped; a result over no value is null, but zero for counts. Constant
//! parameters (`PERCENTILE`'s percentage) come as the last arguments with every
//! row.
//!
//! # What generated code emits
//!
//! For each STATS one struct of exactly its aggregates, which implements
//! [`Group`] by the [`group!`](crate::group) macro. Only this part exists once a
//! rule; tables and windows see it through [`GroupStore`]. For
//!
//! ```text
//! STATS c = COUNT(), d = COUNT_DISTINCT(agent.id), p = PERCENTILE(bytes, 95) WHERE bytes > 0
//!    BY process.executable
//! | WHERE d == 1 AND c < 5
//! ```
//!
//! over a frame with `agent.id` in slot 0, `bytes` in 1, `process.executable` in 2:
//!
//! ```
//! use detect_runtime::aggregate::{self, Count, CountDistinct, Percentile};
//! use detect_runtime::table::StatsSpec;
//! use detect_runtime::value::{Cx, Value};
//!
//! detect_runtime::group! {
//!     struct Group0 { a0: CountDistinct, a1: Count, a2: Percentile }
//!     update(state, row, cx) {
//!         // The arguments of each aggregate as expressions over the row.
//!         state.a0.update(&[row[0]], cx);
//!         state.a1.update(&[], cx);
//!         // The aggregate's own WHERE.
//!         if matches!(row[1], Value::Long(bytes) if bytes > 0) {
//!             state.a2.update(&[row[1], Value::Integer(95)], cx);
//!         }
//!     }
//!     // What no window can come back from: bounds of the WHERE behind STATS.
//!     saturated(state) { state.a0.reached(2) || state.a1.reached(5) }
//! }
//!
//! fn keys<'a>(row: &[Value<'a>], keys: &mut [Value<'a>], _cx: &Cx<'a>) {
//!     keys[0] = row[2];
//! }
//!
//! static STATS: StatsSpec =
//!     StatsSpec { aggregates: 3, keys: 1, compute_keys: keys, store: aggregate::store::<Group0> };
//! # assert_eq!(STATS.aggregates, 3);
//! ```
//!
//! Results stand in the order of the fields. `saturated` must be monotone: once
//! true of a state, true after any update or merge; and it may only say true of
//! states that the WHERE directly behind STATS (before any other breaker) refuses.
//! Without such a bound it is `{ false }`.

mod avg;
mod count;
mod count_distinct;
mod deviation;
mod digest;
mod extreme;
mod fingerprint;
mod first_last;
mod group;
mod hyperloglog;
mod kinds;
mod median_absolute_deviation;
mod percentile;
mod present;
mod sample;
mod spatial;
mod sum;
mod top;
mod values;
mod weighted_avg;

#[cfg(test)]
mod tests;

pub use avg::Avg;
pub use count::Count;
pub use count_distinct::{CountDistinct, EXACT_DISTINCT};
pub use deviation::{StdDev, Variance};
pub use digest::{Digest, EXACT_QUANTILES};
pub use extreme::{Max, Min};
pub use fingerprint::fingerprint;
pub use first_last::{First, Last};
pub use group::{Group, GroupStore, Updated, store};
pub use hyperloglog::HyperLogLog;
pub use kinds::{Kind, lookup, names};
pub use median_absolute_deviation::MedianAbsoluteDeviation;
pub use percentile::{Median, Percentile};
pub use present::{Absent, Present};
pub use sample::Sample;
pub use spatial::{Centroid, Extent};
pub use sum::Sum;
pub use top::Top;
pub use values::Values;
pub use weighted_avg::WeightedAvg;

use crate::state::{Decode, Encode};
use crate::value::{Cx, Value};

/// A mergeable aggregate over the values of rows. `Default` is the state over no
/// row.
pub trait Aggregate: Default + Encode + Decode + Send + 'static {
    /// Takes the arguments of one row; constant parameters last.
    fn update<'a>(&mut self, args: &[Value<'a>], cx: &Cx<'a>);

    /// Takes a state over other rows of the same group.
    fn merge(&mut self, other: &Self);

    /// The result; texts are copied into the arena. A result that left its type's
    /// range is null and counts a warning.
    fn finish<'a>(&self, cx: &Cx<'a>) -> Value<'a>;

    /// Bytes on the heap beside the state's own size, in constant time.
    fn heap(&self) -> usize;
}
