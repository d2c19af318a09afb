//! Indicator-match rules: events compared with a set of indicator documents.
//!
//! In: hits of the rule's query, and [`Indicators`] read from NDJSON files. Out:
//! [`Content::Threat`](crate::head::Content::Threat). Must not know where the
//! files come from or when they change.
//!
//! # What the code generator emits
//!
//! A `static` [`ThreatSpec`]. The row holds the mapped event fields.

/// An indicator-match rule, as constant data.
#[derive(Clone, Copy, Debug)]
pub struct ThreatSpec {
    /// Groups, one of which must hold; all entries of a group must hold for the
    /// same indicator.
    pub mapping: &'static [&'static [EntrySpec]],
}

/// One comparison of a mapping.
#[derive(Clone, Copy, Debug)]
pub struct EntrySpec {
    /// Position of the event's field in [`Hit::row`](crate::head::Hit::row).
    pub position: u16,
    /// Name of the event's field, for the alert.
    pub field: &'static str,
    /// Type of the event's field: how the indicator's value is read.
    pub ty: crate::value::Type,
    /// Path of the field in the indicator document.
    pub indicator: &'static str,
    /// The event must not contain the indicator's value.
    pub negate: bool,
}

/// A set of indicators with an index for one rule.
#[derive(Debug, Default)]
pub struct Indicators {}
