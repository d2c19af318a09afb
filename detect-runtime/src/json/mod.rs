//! JSON at the speed of memory: from the bytes of a line to the fields that a
//! ruleset names.
//!
//! In: lines of NDJSON and constant byte tables ([`layout`], [`prefilter`]).
//! Out: filled [`Event`](crate::event::Event)s, or what is wrong with the line.
//! Must not know rules, tests or value types: a number stays text here.
//!
//! - [`layout`]: the table of wanted fields, built once at compile time.
//! - [`scan`]: where quotes and brackets stand, 64 bytes at a time.
//! - [`projector`]: one walk over a line, guided by how earlier lines looked.
//! - [`escape`]: what a string with backslashes means.
//! - [`prefilter`]: search before parse.

#![expect(
    clippy::inline_always,
    reason = "an instruction set's methods must be compiled inside the function that enables it"
)]

pub mod escape;
pub mod layout;
pub mod prefilter;
pub mod projector;
pub mod scan;

mod malformed;

pub use malformed::{Malformed, REASONS, Reason};

/// Deepest nesting of objects and arrays that a line may have.
pub const MAX_DEPTH: usize = 128;
