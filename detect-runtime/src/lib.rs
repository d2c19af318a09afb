//! Runtime of compiled detection rules.
//!
//! In: bytes of NDJSON events and the constant tables and functions that
//! `detect-compiler` generated. Out: alerts. This crate knows no query language
//! and neither the compiler nor the macro; what a language means by null,
//! several values or case has been decided before it is reached here.

pub mod aggregate;
pub mod alert;
pub mod engine;
pub mod event;
pub mod exception;
pub mod functions;
pub mod head;
pub mod indicator;
pub mod input;
pub mod json;
pub mod key;
pub mod leaf;
pub mod lineage;
pub mod matcher;
pub mod plain;
pub mod rule_test;
pub mod sequence;
pub mod state;
pub mod suppression;
pub mod table;
pub mod terms;
pub mod test;
pub mod text;
pub mod threshold;
pub mod value;
pub mod window;
