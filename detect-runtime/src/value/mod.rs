//! Typed values of one event or row.
//!
//! In: literals of the generated code, fields of an event. Out: values that
//! functions, aggregates and table stages work on. Must not know where a value
//! came from.

pub mod address;
pub mod date;
mod load;
pub mod number;
mod order;
mod owned;
mod print;
mod row;

pub(crate) use load::instant;
pub use load::{load, load_one, point, well_known_point};
pub use order::{compare, compare_versions};
pub use owned::Owned;
pub use print::text;
pub(crate) use row::{check_row, keep_row, lend_row};

use bumpalo::Bump;
use core::cell::Cell;

/// Type of a value or column, as ES|QL names them; the other languages use a
/// subset. `detect-compiler` resolves every expression to one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Type {
    /// The literal `null`, or a column that is always null.
    Null,
    /// true or false.
    Boolean,
    /// 32-bit signed integer.
    Integer,
    /// 64-bit signed integer.
    Long,
    /// 64-bit unsigned integer.
    UnsignedLong,
    /// 64-bit floating point, always finite.
    Double,
    /// UTF-8 text compared as a whole.
    Keyword,
    /// Analysed text; behaves as `Keyword` but for full-text tests.
    Text,
    /// Milliseconds since 1970-01-01T00:00Z.
    Date,
    /// Nanoseconds since 1970-01-01T00:00Z.
    DateNanos,
    /// IPv4 or IPv6 address, IPv4 in mapped form.
    Ip,
    /// Semantic version text, ordered as such.
    Version,
    /// Longitude and latitude in degrees.
    GeoPoint,
    /// x and y.
    CartesianPoint,
    /// Geometry other than a point, as WKT text.
    GeoShape,
    /// Geometry other than a point, as WKT text.
    CartesianShape,
    /// Calendar span: months and days.
    DatePeriod,
    /// Time span in milliseconds.
    TimeDuration,
    /// The whole source document.
    Source,
}

/// One value, `Copy`, borrowed from the event or from the event's arena.
///
/// A multi-value is a slice of at least two single, non-null values of one
/// type; one value is never a slice and no value is [`Value::Null`].
#[derive(Clone, Copy, Debug, Default)]
pub enum Value<'a> {
    /// No value.
    #[default]
    Null,
    /// See [`Type::Boolean`].
    Boolean(bool),
    /// See [`Type::Integer`].
    Integer(i32),
    /// See [`Type::Long`].
    Long(i64),
    /// See [`Type::UnsignedLong`].
    UnsignedLong(u64),
    /// See [`Type::Double`].
    Double(f64),
    /// Keyword, text, or the text of a source document.
    Text(&'a str),
    /// See [`Type::Date`].
    Date(i64),
    /// See [`Type::DateNanos`].
    DateNanos(i64),
    /// Address in network order, IPv4 as `::ffff:a.b.c.d`.
    Ip([u8; 16]),
    /// See [`Type::Version`].
    Version(&'a str),
    /// Longitude/latitude or x/y; the second member tells geographic points.
    Point(&'a Point),
    /// Well-known text of a shape that is no point.
    Shape(&'a str),
    /// Months and days.
    Period {
        /// Calendar months.
        months: i32,
        /// Days of 24 hours.
        days: i32,
    },
    /// Milliseconds.
    Duration(i64),
    /// At least two values of one type.
    Multi(&'a [Value<'a>]),
}

/// A point of the plane or of the globe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Longitude in degrees, or x.
    pub x: f64,
    /// Latitude in degrees, or y.
    pub y: f64,
    /// True for `geo_point`, false for `cartesian_point`.
    pub geo: bool,
}

impl Type {
    /// Whether a stored field of this type keeps its values without repeats.
    pub fn keeps_distinct(self) -> bool {
        matches!(self, Type::Keyword | Type::Ip | Type::Version)
    }
}

impl<'a> Value<'a> {
    /// The value as a slice: empty for null, one element for a single value.
    pub fn as_slice(&self) -> &[Value<'a>] {
        match self {
            Value::Null => &[],
            Value::Multi(values) => values,
            single => core::slice::from_ref(single),
        }
    }

    /// True for [`Value::Null`].
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Three-valued truth: `Some` for a single boolean, else `None`.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Value::Boolean(b) => Some(*b),
            _ => None,
        }
    }

    /// Makes the normal form of a list: null, the single value, or a multi-value.
    pub fn from_slice(values: &'a [Value<'a>]) -> Value<'a> {
        match values {
            [] => Value::Null,
            [one] => *one,
            many => Value::Multi(many),
        }
    }
}

/// Why an expression gave null; counted per rule, see [`Warnings`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Warning {
    /// A scalar function or operator saw more than one value.
    MultiValue,
    /// Division or modulo by zero.
    DivisionByZero,
    /// A result left the range of its type.
    Overflow,
    /// A conversion failed.
    Conversion,
    /// An argument of a function was outside its domain.
    Argument,
    /// A pattern computed per row is no pattern.
    Pattern,
    /// A text result above the size limit.
    TooLong,
    /// Fields of so many values that not every choice among them was tried
    /// ([`MOST_CHOICES`](crate::leaf::MOST_CHOICES)).
    Choices,
}

/// Number of kinds of [`Warning`].
pub const WARNING_KINDS: usize = 8;

/// Counters of [`Warning`]s, one a kind.
#[derive(Debug, Default)]
pub struct Warnings([Cell<u64>; WARNING_KINDS]);

impl Warnings {
    /// Counts one.
    pub fn add(&self, warning: Warning) {
        let cell = &self.0[warning as usize];
        cell.set(cell.get() + 1);
    }

    /// All counts, in order of the kinds.
    pub fn counts(&self) -> [u64; WARNING_KINDS] {
        self.0.each_ref().map(Cell::get)
    }

    /// Adds counts in order of the kinds.
    pub fn add_all(&self, counts: &[u64; WARNING_KINDS]) {
        for (own, count) in self.0.iter().zip(counts) {
            own.set(own.get() + count);
        }
    }

    /// The count of a kind.
    pub fn count(&self, warning: Warning) -> u64 {
        self.0[warning as usize].get()
    }
}

/// What every function gets beside its arguments: an arena that lives as long
/// as the row, the tick's time, and the warning counters of the rule.
#[derive(Clone, Copy)]
pub struct Cx<'a> {
    /// Arena of the event or table; results borrow from it.
    pub arena: &'a Bump,
    /// `now()`: the tick, in milliseconds since 1970.
    pub now: i64,
    /// Warning counters of the running rule.
    pub warnings: &'a Warnings,
}

impl<'a> Cx<'a> {
    /// Counts a warning and gives null, the answer to every failed value.
    pub fn warn(&self, warning: Warning) -> Value<'a> {
        self.warnings.add(warning);
        Value::Null
    }

    /// Copies a text into the arena.
    pub fn text(&self, text: &str) -> Value<'a> {
        Value::Text(self.arena.alloc_str(text))
    }
}
