//! Detection rules compiled to native Rust.
//!
//! A rule file (Elastic rule TOML with ES|QL, EQL, KQL or Lucene) in a folder
//! becomes, while your crate compiles, a part of one struct. An [`Engine`] feeds
//! it NDJSON events and hands out alerts. There is no async runtime, no thread, no
//! logger and no global state.
//!
//! ```
//! use detect::{Engine, Options};
//!
//! /// Path of a folder or file, relative to `Cargo.toml`.
//! #[detect::ruleset(path = "rules")]
//! struct Rules;
//!
//! let mut engine = Engine::<Rules>::new(Options::default())?;
//! let mut alerts: Vec<String> = Vec::new();
//! // Bytes in chunks of any size, from wherever they come.
//! engine.feed(b"{\"@timestamp\":\"2026-01-01T00:00:00Z\",\"event\":{\"action\":\"exec\"}}\n", &mut alerts);
//! engine.finish(&mut alerts);
//! assert!(alerts.is_empty());
//! # Ok::<(), detect::runtime::engine::TableError>(())
//! ```

pub mod build;

/// The examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use detect_macros::{rule_tests, ruleset};
pub use detect_runtime as runtime;
pub use detect_runtime::engine::{Alert, Engine, Options, Ruleset, Shard, Sink};
