//! What exceptions ask of an event, without the values that they ask for.

use super::Field;

/// Fields and operators of exceptions, all of which must hold.
#[derive(Clone, Debug)]
pub struct ExceptionShape {
    /// In words; shapes with the same words are the same.
    pub words: String,
    /// What is asked.
    pub entries: Vec<ShapeEntry>,
}

/// One question.
#[derive(Clone, Debug)]
pub struct ShapeEntry {
    /// The answer must be no.
    pub negate: bool,
    /// What is asked.
    pub ask: Ask,
}

/// Kinds of question.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Some value of the field passes one of the tests that an item gives.
    Value(Field),
    /// The same for the fields whose name matches.
    Pattern(String),
    /// The field has a value; an object counts if the flag says so.
    Exists(Field, bool),
    /// Some element of the array at the path satisfies all of these.
    Nested(String, Vec<Below>),
}

/// A question about an element of an array.
#[derive(Clone, Debug)]
pub struct Below {
    /// The answer must be no.
    pub negate: bool,
    /// Path below the element.
    pub path: String,
    /// Whether an item gives tests; else any value will do.
    pub value: bool,
}
