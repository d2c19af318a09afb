//! EQL sequences and samples: events joined by keys, in order or in any order.
//!
//! In: hits whose [`Hit::terms`](crate::head::Hit::terms) say which conditions
//! the event satisfies by itself, and a row with key fields. Out:
//! [`Content::Sequence`](crate::head::Content::Sequence). Must not know how the
//! conditions were evaluated.
//!
//! # What the code generator emits
//!
//! A `static` [`SequenceSpec`] for a [`Machine`] (or [`SampleSpec`] for a
//! [`Sampler`]), made of `&'static` slices and function pointers only:
//!
//! * [`TermSpec`] for each term of the plan in order, missing ones included and
//!   `runs` expanded. Terms with the same condition (the copies of a run) name
//!   the same bit of `Hit::terms`, so that it is evaluated once; with 64 bits
//!   there is room for 64 different conditions.
//! * The row holds every key field, the tiebreaker and every field that a join
//!   reads, in any order, each once; the descriptor refers to it by position.
//!   The tiebreaker is a single number or text.
//! * A term's join is a function over the values captured from earlier terms:
//!   `captured[t][i]` is the value that stood at position
//!   `terms[t].captured[i]` of the row of the event that was taken for term `t`
//!   (numbered as in `terms`; empty for missing and later terms). It is only
//!   called when the term's bit is set and a pending sequence waits for the term.
//!
//! An event that satisfies no term and not `until` need not be handed over.

mod codec;
mod keys;
mod machine;
#[cfg(test)]
mod oracle;
mod pending;
mod reorder;
mod sample;
mod shape;
mod sleep;
mod spec;
#[cfg(test)]
mod tests;

pub use machine::{DELAY_SPREAD, KEY_LIMIT, Machine};
pub use sample::{SampleSpec, SampleTerm, Sampler};
pub use spec::{Join, Limit, SequenceSpec, TermSpec, UntilSpec};
