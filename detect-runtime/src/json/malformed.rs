//! What is wrong with a line.

/// A line that is no JSON object, and where that shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {offset}")]
pub struct Malformed {
    /// What is wrong.
    pub reason: Reason,
    /// Where, in bytes from the start of the line.
    pub offset: usize,
}

/// Kinds of malformed lines. The discriminant is the index of the kind's
/// counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[repr(u8)]
pub enum Reason {
    /// The line does not begin with `{`.
    #[error("not a JSON object")]
    NotObject,
    /// The line ends inside a string.
    #[error("unterminated string")]
    UnterminatedString,
    /// The line ends inside an object or array.
    #[error("unterminated object or array")]
    Unterminated,
    /// Something stands behind the object.
    #[error("text behind the object")]
    Trailing,
    /// A byte that cannot stand where it stands.
    #[error("unexpected character")]
    Unexpected,
    /// Something begins like a number and is none.
    #[error("malformed number")]
    Number,
    /// A backslash with something behind it that is no escape.
    #[error("malformed escape")]
    Escape,
    /// A byte below 0x20 inside a string.
    #[error("control character in a string")]
    Control,
    /// Bytes that are not UTF-8.
    #[error("invalid UTF-8")]
    Utf8,
    /// More than [`MAX_DEPTH`](super::MAX_DEPTH) objects and arrays in each other.
    #[error("nesting too deep")]
    TooDeep,
    /// The line is longer than the limit.
    #[error("line too long")]
    TooLong,
}

/// Number of [`Reason`]s.
pub const REASONS: usize = 11;

impl Reason {
    /// All reasons in the order of their discriminants.
    pub const ALL: [Reason; REASONS] = [
        Reason::NotObject,
        Reason::UnterminatedString,
        Reason::Unterminated,
        Reason::Trailing,
        Reason::Unexpected,
        Reason::Number,
        Reason::Escape,
        Reason::Control,
        Reason::Utf8,
        Reason::TooDeep,
        Reason::TooLong,
    ];

    /// The reason, found at an offset.
    pub(crate) fn at(self, offset: usize) -> Malformed {
        Malformed { reason: self, offset }
    }
}
