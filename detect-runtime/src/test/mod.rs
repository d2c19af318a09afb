//! Tests: what one predicate asks of one value of a field.
//!
//! In: a raw value and a [`Test`]. Out: whether it holds. This is the plain
//! meaning of every predicate: the reference mode calls it one predicate at a
//! time, field matchers are tables built from the same tests and are checked
//! against it. The front ends have chosen the test by language and field type,
//! so nothing here depends on either.

mod check;
mod codec;
mod constant;

pub use check::Check;
pub use constant::{Tests, check_value};

/// How letters compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Fold {
    /// Every byte counts.
    None,
    /// ASCII letters compare without case (Elasticsearch).
    Ascii,
    /// All letters compare without case, simple case folding (Endpoint).
    Full,
}

/// Order comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Order {
    /// `==`
    Equal,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

/// One test on one value. All texts are final: escapes of the language are
/// resolved, globs are in the form described at [`Test::Glob`].
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// The value's text equals this text.
    Equals {
        /// The text.
        text: String,
        /// Case.
        fold: Fold,
    },
    /// The value's whole text matches a wildcard pattern.
    Glob {
        /// The pattern.
        glob: Glob,
        /// Case.
        fold: Fold,
    },
    /// The value's whole text matches a regular expression, which the front
    /// end has translated into the syntax of the `regex-automata` crate, with
    /// case folding already written into it. Anchored at both ends.
    Regex {
        /// Pattern in `regex-syntax` form.
        pattern: String,
    },
    /// The value's text stands in this order to a text, by bytes.
    TextOrder {
        /// The comparison.
        order: Order,
        /// The text.
        text: String,
    },
    /// The value, a number or a text that reads as one, compares with a number.
    Number {
        /// The comparison.
        order: Order,
        /// The other side.
        number: Number,
    },
    /// The value is this boolean (or its text).
    Boolean(bool),
    /// The value is an address inside this block; a plain address is a block of
    /// its full length.
    Cidr {
        /// Network address, IPv4 in mapped form.
        address: [u8; 16],
        /// Prefix length in bits, 0..=128, IPv4 lengths have 96 added.
        bits: u8,
    },
    /// The value, an address, compares with an address.
    AddressOrder {
        /// The comparison.
        order: Order,
        /// The other side.
        address: [u8; 16],
    },
    /// The value, a date (text or epoch milliseconds), compares with an
    /// instant in nanoseconds since 1970.
    DateOrder {
        /// The comparison.
        order: Order,
        /// The other side.
        nanos: i128,
    },
    /// The value, a date, lies between two instants in nanoseconds since 1970,
    /// both included (a date literal without a time stands for its whole day).
    DateWithin {
        /// First instant.
        from: i128,
        /// Last instant.
        to: i128,
    },
    /// The value, a version text, compares with a version.
    VersionOrder {
        /// The comparison.
        order: Order,
        /// The other side.
        version: String,
    },
    /// Analysed text: one of these tokens occurs.
    AnyToken(Vec<String>),
    /// Analysed text: these tokens occur one behind the other.
    Phrase(Vec<String>),
    /// Analysed text: some single token matches the (lower-case) pattern.
    TokenGlob(Glob),
    /// The whole text is within this edit distance of the text.
    Fuzzy {
        /// The text.
        text: String,
        /// Greatest Levenshtein distance in characters.
        distance: u8,
    },
}

/// A number of a literal: whole numbers keep all 64 bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// Fits `i64`.
    Long(i64),
    /// Above `i64`, fits `u64`.
    UnsignedLong(u64),
    /// Everything else.
    Double(f64),
}

/// A wildcard pattern without escapes: the pieces say themselves what they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Glob(pub Vec<Piece>);

/// A piece of a [`Glob`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Piece {
    /// This text.
    Literal(String),
    /// Any run of characters, also none (`*`).
    Any,
    /// Exactly one character (`?`).
    One,
}
