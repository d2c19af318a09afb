//! One event: the fields of a JSON document that the ruleset names.
//!
//! In: a line of NDJSON, through the projector (fast mode) or a serde_json
//! document (reference mode). Out: raw values by field number. Must not know
//! rules or languages.

/// Number of a field in the ruleset's field table.
pub type FieldId = u16;

/// A scalar of the document as it stands there, borrowed from the line (or, in
/// reference mode, from the arena). Nulls are dropped, arrays are flattened in
/// source order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Raw<'a> {
    /// A string with its escapes resolved.
    Text(&'a str),
    /// A number as written.
    Number(&'a str),
    /// true or false.
    Boolean(bool),
}
