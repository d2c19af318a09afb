//! Search before parse: which lines can matter at all.
//!
//! In: literals of which every line that can match holds at least one, chosen at
//! compile time ([`build`]), and whole blocks of lines. Out: the lines with a hit
//! ([`Search`]). Must not know fields: a hit says "walk this line", no more.
//!
//! # Never a false negative
//!
//! A literal is searched in the spelling that JSON gives it: `"` as `\"`, `\` as
//! `\\`, line feed as `\n`. The only other spellings are `\u` escapes of any
//! character and `\/` for `/`. So a line that holds a `\u` is always a hit, and
//! so is one that holds a `\/` if some literal holds a `/`. A backslash that is
//! itself escaped (`C:\\users`) begins neither.
//!
//! # How
//!
//! Of each literal three neighbouring bytes are looked for, those that are rarest
//! in security events (not the first ones: literals that begin alike would make
//! that blunt). Each literal is in one of eight buckets; three tables, one for
//! each of the three bytes, give for a byte the buckets that have it there, and
//! the AND of three look-ups at neighbouring positions is the set of buckets
//! that may begin. 64 positions are looked up at once. This is the Teddy
//! algorithm of Hyperscan, with whole bytes in place of nibbles where AVX-512 has
//! a table look-up of 128 entries. A candidate is compared in full.

mod build;
mod search;

#[cfg(test)]
mod tests;

pub use build::{Literal, PrefilterError, build};
pub use search::Search;

/// Neighbouring bytes that are looked for.
const WINDOW: usize = 3;

/// Buckets, a bit each.
const BUCKETS: usize = 8;

/// Most literals.
const MAX_LITERALS: usize = 64;

/// The layout of the table: magic, number of literals u16, whether `\/` counts
/// u16; [`WINDOW`] tables of 128 sets of buckets; for each literal its offset u32,
/// length u16, offset of its window u16, bucket u8, fold u8, 0 u16; the literals.
const MAGIC: &[u8; 4] = b"DPF1";
const HEADER: usize = 8;
const TABLES: usize = WINDOW * 128;
const ENTRY: usize = 12;
