//! Texts: what patterns, folding and analysis mean.
//!
//! In: a text and a pattern. Out: whether and where it matches. Must not know
//! fields, events or which language wrote the pattern.

pub mod analysis;
pub mod dialect;
pub mod dissect;
pub mod edit;
mod fold;
pub mod glob;
pub mod grok;
pub mod lucene;
pub mod whole;

pub use crate::value::address::parse as address;
pub use fold::{equal, fold_char, fold_text, folded};
