//! Table stages: what an ES|QL pipeline does to rows.
//!
//! In: a constant [`Program`] that generated code declares, and rows. Out: rows
//! of its output columns. Must not know windows, time or how rows were read.
//!
//! # A program
//!
//! A row is a slice of values, one a slot. A *frame* is the layout of the slots
//! between two STATS: frame 0 holds the fields of the event and everything that
//! EVAL and its kin compute; STATS begins the next frame with its aggregates in the
//! first slots, then its keys, then room for what later stages compute. KEEP, DROP
//! and RENAME leave no stage: they only decide what [`Program::output`] says.
//!
//! The stages up to [`Program::per_event`] run on each event, compiled
//! ([`run_rows`]); what they let through is the row of a hit. The others need the
//! rows of a whole window and run at each tick, as the heads in
//! [`window`](crate::window) do, or once over all rows ([`run_all`]).
//! `per_event` is the number of the first *breaker* (STATS, INLINE STATS, SORT,
//! LIMIT) or of the first stage that calls `now()`, whichever comes first: `now()` is the
//! tick, which no event knows.
//!
//! # What generated code emits
//!
//! For `... | EVAL n = LENGTH(user.name) | WHERE n > 3 | STATS c = COUNT() BY user.name | WHERE c < 5
//! | SORT c DESC | KEEP user.name, c` over events with `user.name` in slot 0:
//!
//! ```
//! use detect_runtime::aggregate::{self, Count};
//! use detect_runtime::table::{OutputColumn, Program, SortKey, Stage, StatsSpec};
//! use detect_runtime::value::{Cx, Type, Value};
//!
//! # fn length<'a>(_: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
//! #     if let Value::Text(t) = args[0] { Value::Integer(t.len() as i32) } else { Value::Null }
//! # }
//! // EVAL, and DISSECT and GROK alike: anything that only computes slots.
//! fn eval0<'a>(row: &mut [Value<'a>], cx: &Cx<'a>) {
//!     row[1] = length(cx, &[row[0]]);
//! }
//! fn where1<'a>(row: &[Value<'a>], _cx: &Cx<'a>) -> bool {
//!     matches!(row[1], Value::Integer(n) if n > 3)
//! }
//! detect_runtime::group! {
//!     struct Group2 { a0: Count }
//!     update(state, row, cx) { state.a0.update(&[], cx); }
//!     saturated(state) { state.a0.reached(5) }
//! }
//! fn keys2<'a>(row: &[Value<'a>], keys: &mut [Value<'a>], _cx: &Cx<'a>) {
//!     keys[0] = row[0];
//! }
//! fn where3<'a>(row: &[Value<'a>], _cx: &Cx<'a>) -> bool {
//!     matches!(row[0], Value::Long(c) if c < 5)
//! }
//! fn sort4<'a>(row: &[Value<'a>], _cx: &Cx<'a>) -> Value<'a> {
//!     row[0]
//! }
//!
//! static PROGRAM: Program = Program {
//!     frames: &[2, 2],
//!     stages: &[
//!         Stage::Eval(eval0),
//!         Stage::Where(where1),
//!         Stage::Stats(&StatsSpec {
//!             aggregates: 1,
//!             keys: 1,
//!             compute_keys: keys2,
//!             store: aggregate::store::<Group2>,
//!         }),
//!         Stage::Where(where3),
//!         Stage::Sort(&[SortKey { expr: sort4, descending: true, nulls_first: true }]),
//!     ],
//!     per_event: 2,
//!     output: &[
//!         OutputColumn { name: "user.name", ty: Type::Keyword, slot: 1 },
//!         OutputColumn { name: "c", ty: Type::Long, slot: 0 },
//!     ],
//!     aggregating: true,
//!     uses_now: false,
//! };
//!
//! # use detect_runtime::{table::{self, Resources}, value::Warnings};
//! let (arena, warnings) = (bumpalo::Bump::new(), Warnings::default());
//! let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
//! let rows = ["alice", "bob", "alice"].map(|user| vec![Value::Text(user), Value::Null]);
//! let table = table::run_all(&PROGRAM, rows, &cx, &Resources::default());
//! assert!(matches!(table[..], [[Value::Text("alice"), Value::Long(2)]]));
//! ```

mod limit;
mod lookup;
mod resources;
mod rows;
mod sort;
mod stats;

#[cfg(test)]
mod tests;

pub use lookup::{LookupError, LookupTable};
pub use resources::{Complete, Resources};
pub use rows::{Row, run_all, run_rows, run_table};
pub(crate) use rows::{output, widened};
pub(crate) use stats::lend_key;
pub use stats::split_keys;

use crate::aggregate::GroupStore;
use crate::value::{Cx, Type, Value};

/// An expression over a row.
pub type Expression = for<'a> fn(&[Value<'a>], &Cx<'a>) -> Value<'a>;

/// A condition on a row: true keeps it (false and null do not).
pub type Predicate = for<'a> fn(&[Value<'a>], &Cx<'a>) -> bool;

/// Computes slots of a row in place, left to right.
pub type Compute = for<'a> fn(&mut [Value<'a>], &Cx<'a>);

/// Computes the keys of a row into the second slice.
pub type ComputeKeys = for<'a> fn(&[Value<'a>], &mut [Value<'a>], &Cx<'a>);

/// A compiled pipeline. All constant.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Width of each frame in slots: one more than there are [`Stage::Stats`].
    pub frames: &'static [usize],
    /// The stages in order.
    pub stages: &'static [Stage],
    /// So many stages at the front run per event.
    pub per_event: usize,
    /// Columns of the result, with slots of the last frame.
    pub output: &'static [OutputColumn],
    /// True if there is a [`Stage::Stats`]: alerts are rows, not events.
    pub aggregating: bool,
    /// True if a stage behind `per_event` calls `now()`, so that its rows change
    /// from tick to tick without a new event.
    pub uses_now: bool,
}

/// A result column.
#[derive(Clone, Copy, Debug)]
pub struct OutputColumn {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// Its slot in the last frame.
    pub slot: usize,
}

/// One command.
#[derive(Clone, Copy, Debug)]
pub enum Stage {
    /// Keeps rows for which it is true.
    Where(Predicate),
    /// Computes slots: EVAL, DISSECT, GROK.
    Eval(Compute),
    /// One row per value of the slot; a null row stays.
    MvExpand(usize),
    /// Groups and aggregates. Begins a new frame.
    Stats(&'static StatsSpec),
    /// Groups and aggregates, joined back to each row.
    InlineStats {
        /// The computation.
        stats: &'static StatsSpec,
        /// Computes slots of a group's row, behind its aggregates and keys.
        computed: Option<Compute>,
        /// For each slot of a group's row the slot of the rows that it is joined to.
        into: &'static [usize],
    },
    /// Orders rows, stable.
    Sort(&'static [SortKey]),
    /// The first rows, of each group if `by` is not empty.
    Limit {
        /// How many.
        count: u64,
        /// Grouping; a multi-value is one value here.
        by: &'static [Expression],
    },
    /// Left join with a table given at run time.
    Lookup(&'static LookupSpec),
    /// Text from a program that the user names; null without one.
    Completion {
        /// The prompt.
        prompt: Expression,
        /// Target slot.
        slot: usize,
    },
    /// Keeps each row with this probability, decided by a hash of the row: the
    /// same input gives the same sample.
    Sample(f64),
}

impl Stage {
    /// True if a row's fate hangs on the other rows.
    pub fn is_breaker(&self) -> bool {
        matches!(
            self,
            Stage::Stats(_) | Stage::InlineStats { .. } | Stage::Sort(_) | Stage::Limit { .. }
        )
    }
}

/// A STATS.
#[derive(Clone, Copy, Debug)]
pub struct StatsSpec {
    /// Number of aggregates.
    pub aggregates: usize,
    /// Number of keys; 0 = one group of all rows.
    pub keys: usize,
    /// Computes the keys of a row.
    pub compute_keys: ComputeKeys,
    /// Makes the store of the group states:
    /// [`aggregate::store::<G>`](crate::aggregate::store).
    pub store: fn() -> Box<dyn GroupStore>,
}

/// A sort key.
#[derive(Clone, Copy, Debug)]
pub struct SortKey {
    /// What to sort by. Of several values the least counts, descending the greatest.
    pub expr: Expression,
    /// Descending.
    pub descending: bool,
    /// Nulls before everything else; the language's default is `descending`.
    pub nulls_first: bool,
}

/// LOOKUP JOIN and ENRICH.
#[derive(Clone, Copy, Debug)]
pub struct LookupSpec {
    /// Name of the table.
    pub table: &'static str,
    /// Left expression and column of the table; all must be equal.
    pub on: &'static [(Expression, &'static str)],
    /// Column of the table, its type here, target slot.
    pub outputs: &'static [(&'static str, Type, usize)],
    /// A row per match; else one row with multi-values.
    pub multiply: bool,
}
