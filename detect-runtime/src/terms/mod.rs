//! New-terms rules: combinations of values not seen within the history window.
//!
//! In: hits of the rule's query, and hits as history. Out:
//! [`Content::NewTerms`](crate::head::Content::NewTerms) at once when an unseen
//! or expired combination comes. Must not know what a field is called.
//!
//! # What the code generator emits
//!
//! A `static` [`NewTermsSpec`]. The row holds the rule's fields in their order.

/// A new-terms rule, as constant data.
#[derive(Clone, Copy, Debug)]
pub struct NewTermsSpec {
    /// Number of fields, 1 to 3; the row holds nothing else.
    pub fields: usize,
    /// Length of the history in milliseconds.
    pub history: i64,
}
