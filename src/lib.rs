//! Facade.

pub use detect_runtime as runtime;
