//! EQL `sample`: events of one key that fill all terms, in any order.

use super::Limit;
use crate::key::KeyColumn;

/// A sample rule, as constant data.
#[derive(Clone, Copy, Debug)]
pub struct SampleSpec {
    /// The terms in order.
    pub terms: &'static [SampleTerm],
    /// Length of the rule's window in milliseconds.
    pub lookback: i64,
    /// Most samples reported per key and window; 1 unless the request says more.
    pub per_key: u32,
    /// `head`/`tail` in the order written; they act on one window over all input.
    pub limits: &'static [Limit],
}

/// A term of a sample.
#[derive(Clone, Copy, Debug)]
pub struct SampleTerm {
    /// Bit of [`Hit::terms`](crate::head::Hit::terms).
    pub bit: u8,
    /// Key fields; the same number in each term.
    pub keys: &'static [KeyColumn],
}
