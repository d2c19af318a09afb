//! Threshold rules: events counted per combination of field values.
//!
//! In: hits of the rule's query. Out:
//! [`Content::Threshold`](crate::head::Content::Threshold) for each bucket that
//! reaches the threshold within the rule's window. Must not know what a field
//! is called.
//!
//! # What the code generator emits
//!
//! A `static` [`ThresholdSpec`]. The row holds the grouping fields first, in the
//! order of the rule, then the cardinality field if there is one.

/// A threshold rule, as constant data.
#[derive(Clone, Copy, Debug)]
pub struct ThresholdSpec {
    /// Number of grouping fields, 0 to 5; they are the first of the row.
    pub fields: usize,
    /// At least so many events.
    pub value: u64,
    /// At least so many distinct values of the field behind the grouping fields.
    pub cardinality: Option<u64>,
    /// Time between ticks in milliseconds.
    pub interval: i64,
    /// Length of the window in milliseconds.
    pub lookback: i64,
}
