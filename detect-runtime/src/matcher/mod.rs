//! Matching: which conditions of a ruleset can hold for an event, and the truth
//! of the atoms that conditions ask for.
//!
//! In: the fields of one [`Event`](crate::event::Event) and the [`Tables`] that
//! the compiler wrote. Out: candidates, then answers to generated conditions
//! through a [`Probe`]. Must not know languages, rules or what a match leads to.
//!
//! An event's way: its guard values say which conditions are alive ([`guard`]),
//! the values of the fields that witnesses of these conditions stand on are
//! looked at, each once ([`value`]), and each condition with a witness hit is a
//! candidate. Everything else a condition asks is answered when it asks.

mod glob;
mod guard;
pub mod hash;
mod index;
pub mod layout;
mod probe;
mod recent;
mod slow;
pub mod value;

pub use index::{ALERTS, admit, index_of};
pub use probe::{Memory, Probe, Tables, Watch};
