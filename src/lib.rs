//! Detection rules compiled to native Rust.

pub use detect_macros::ruleset;
pub use detect_runtime as runtime;
