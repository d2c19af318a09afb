//! Compiler of detection rules: rule files in, tokens out.
//!
//! `rule` (TOML) -> front end (`esql`, `eql`, `kql`, `lucene`) -> `plan` ->
//! `ruleset` (optimiser over all rules) -> `code`. An ordinary library: it does
//! not know `proc_macro`.

pub mod code;
pub mod compile;
pub mod diagnostic;
pub mod eql;
pub mod esql;
pub mod expand;
pub mod filters;
pub mod hygiene;
pub mod kql;
pub mod lower;
pub mod lucene;
pub mod page;
pub mod plan;
pub mod predicate;
pub mod querydsl;
pub mod rule;
pub mod ruleset;
pub mod samples;
pub mod schema;
