//! Values that outlive their event: constants of a plan, keys and state of
//! stateful heads, columns of an alert.

use super::{Point, Value};
use crate::state::{Decode, DecodeError, Encode, Reader};
use bumpalo::Bump;
use core::hash::{Hash, Hasher};

/// [`Value`] with owned contents. Equality and hash go by kind and bits (a
/// double equals itself, whatever it is), so it serves as a grouping key.
#[derive(Clone, Debug, Default)]
pub enum Owned {
    /// No value.
    #[default]
    Null,
    /// See [`Value::Boolean`].
    Boolean(bool),
    /// See [`Value::Integer`].
    Integer(i32),
    /// See [`Value::Long`].
    Long(i64),
    /// See [`Value::UnsignedLong`].
    UnsignedLong(u64),
    /// See [`Value::Double`].
    Double(f64),
    /// See [`Value::Text`].
    Text(Box<str>),
    /// See [`Value::Date`].
    Date(i64),
    /// See [`Value::DateNanos`].
    DateNanos(i64),
    /// See [`Value::Ip`].
    Ip([u8; 16]),
    /// See [`Value::Version`].
    Version(Box<str>),
    /// See [`Value::Point`].
    Point(Box<Point>),
    /// See [`Value::Shape`].
    Shape(Box<str>),
    /// See [`Value::Period`].
    Period {
        /// Calendar months.
        months: i32,
        /// Days.
        days: i32,
    },
    /// See [`Value::Duration`].
    Duration(i64),
    /// See [`Value::Multi`].
    Multi(Box<[Owned]>),
}

impl Owned {
    /// Copies a value.
    pub fn of(value: Value<'_>) -> Owned {
        match value {
            Value::Null => Owned::Null,
            Value::Boolean(b) => Owned::Boolean(b),
            Value::Integer(n) => Owned::Integer(n),
            Value::Long(n) => Owned::Long(n),
            Value::UnsignedLong(n) => Owned::UnsignedLong(n),
            Value::Double(n) => Owned::Double(n),
            Value::Text(t) => Owned::Text(t.into()),
            Value::Date(n) => Owned::Date(n),
            Value::DateNanos(n) => Owned::DateNanos(n),
            Value::Ip(a) => Owned::Ip(a),
            Value::Version(t) => Owned::Version(t.into()),
            Value::Point(p) => Owned::Point(Box::new(*p)),
            Value::Shape(t) => Owned::Shape(t.into()),
            Value::Period { months, days } => Owned::Period { months, days },
            Value::Duration(n) => Owned::Duration(n),
            Value::Multi(all) => Owned::Multi(all.iter().map(|v| Owned::of(*v)).collect()),
        }
    }

    /// Lends the value; only a multi-value takes room in the arena.
    pub fn lend<'a>(&'a self, arena: &'a Bump) -> Value<'a> {
        match self {
            Owned::Multi(all) => {
                Value::from_slice(arena.alloc_slice_fill_iter(all.iter().map(|v| v.lend(arena))))
            }
            single => single.single().unwrap_or_default(),
        }
    }

    /// Equality with a borrowed value, by kind and bits as between two owned ones.
    pub fn is(&self, value: Value<'_>) -> bool {
        match (self, value) {
            (Owned::Null, Value::Null) => true,
            (Owned::Boolean(a), Value::Boolean(b)) => *a == b,
            (Owned::Integer(a), Value::Integer(b)) => *a == b,
            (Owned::Long(a), Value::Long(b))
            | (Owned::Date(a), Value::Date(b))
            | (Owned::DateNanos(a), Value::DateNanos(b))
            | (Owned::Duration(a), Value::Duration(b)) => *a == b,
            (Owned::UnsignedLong(a), Value::UnsignedLong(b)) => *a == b,
            (Owned::Double(a), Value::Double(b)) => a.to_bits() == b.to_bits(),
            (Owned::Text(a), Value::Text(b))
            | (Owned::Version(a), Value::Version(b))
            | (Owned::Shape(a), Value::Shape(b)) => &**a == b,
            (Owned::Ip(a), Value::Ip(b)) => *a == b,
            (Owned::Point(a), Value::Point(b)) => {
                (a.x.to_bits(), a.y.to_bits(), a.geo) == (b.x.to_bits(), b.y.to_bits(), b.geo)
            }
            (Owned::Period { months: a, days: b }, Value::Period { months: c, days: d }) => {
                (*a, *b) == (c, d)
            }
            (Owned::Multi(a), Value::Multi(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is(*b))
            }
            _ => false,
        }
    }

    /// Copies the value, texts included, into the arena.
    pub fn copy_in<'a>(&self, arena: &'a Bump) -> Value<'a> {
        match self {
            Owned::Multi(all) => Value::from_slice(
                arena.alloc_slice_fill_iter(all.iter().map(|value| value.copy_in(arena))),
            ),
            single => single.single().unwrap_or_default().copy_in(arena),
        }
    }

    /// Lends everything but a multi-value, which has no value without an arena.
    pub fn single(&self) -> Option<Value<'_>> {
        Some(match self {
            Owned::Null => Value::Null,
            Owned::Boolean(b) => Value::Boolean(*b),
            Owned::Integer(n) => Value::Integer(*n),
            Owned::Long(n) => Value::Long(*n),
            Owned::UnsignedLong(n) => Value::UnsignedLong(*n),
            Owned::Double(n) => Value::Double(*n),
            Owned::Text(t) => Value::Text(t),
            Owned::Date(n) => Value::Date(*n),
            Owned::DateNanos(n) => Value::DateNanos(*n),
            Owned::Ip(a) => Value::Ip(*a),
            Owned::Version(t) => Value::Version(t),
            Owned::Point(p) => Value::Point(p),
            Owned::Shape(t) => Value::Shape(t),
            Owned::Period { months, days } => Value::Period { months: *months, days: *days },
            Owned::Duration(n) => Value::Duration(*n),
            Owned::Multi(_) => return None,
        })
    }

    fn tag(&self) -> u8 {
        self.single().map_or(MULTI, |value| value.tag())
    }

    /// Bytes on the heap beside the value itself.
    pub fn heap(&self) -> usize {
        match self {
            Owned::Text(t) | Owned::Version(t) | Owned::Shape(t) => t.len(),
            Owned::Point(_) => size_of::<Point>(),
            Owned::Multi(all) => all.iter().map(|value| size_of::<Owned>() + value.heap()).sum(),
            _ => 0,
        }
    }
}

/// Tag of a multi-value in the byte form.
const MULTI: u8 = 15;

impl<'a> Value<'a> {
    /// Copies the value, texts included, into another arena.
    pub fn copy_in<'b>(&self, arena: &'b Bump) -> Value<'b> {
        match *self {
            Value::Null => Value::Null,
            Value::Boolean(b) => Value::Boolean(b),
            Value::Integer(n) => Value::Integer(n),
            Value::Long(n) => Value::Long(n),
            Value::UnsignedLong(n) => Value::UnsignedLong(n),
            Value::Double(n) => Value::Double(n),
            Value::Text(t) => Value::Text(arena.alloc_str(t)),
            Value::Date(n) => Value::Date(n),
            Value::DateNanos(n) => Value::DateNanos(n),
            Value::Ip(a) => Value::Ip(a),
            Value::Version(t) => Value::Version(arena.alloc_str(t)),
            Value::Point(p) => Value::Point(arena.alloc(*p)),
            Value::Shape(t) => Value::Shape(arena.alloc_str(t)),
            Value::Period { months, days } => Value::Period { months, days },
            Value::Duration(n) => Value::Duration(n),
            Value::Multi(all) => Value::from_slice(
                arena.alloc_slice_fill_iter(all.iter().map(|value| value.copy_in(arena))),
            ),
        }
    }

    /// Tag in the byte form.
    fn tag(&self) -> u8 {
        match self {
            Value::Null => 0,
            Value::Boolean(_) => 1,
            Value::Integer(_) => 2,
            Value::Long(_) => 3,
            Value::UnsignedLong(_) => 4,
            Value::Double(_) => 5,
            Value::Text(_) => 6,
            Value::Date(_) => 7,
            Value::DateNanos(_) => 8,
            Value::Ip(_) => 9,
            Value::Version(_) => 10,
            Value::Point(_) => 11,
            Value::Shape(_) => 12,
            Value::Period { .. } => 13,
            Value::Duration(_) => 14,
            Value::Multi(_) => MULTI,
        }
    }

    /// Reads a value that borrows its texts from the bytes; points and
    /// multi-values take room in the arena.
    pub fn decode_in(from: &mut Reader<'a>, arena: &'a Bump) -> Result<Value<'a>, DecodeError> {
        Ok(match from.byte()? {
            0 => Value::Null,
            1 => Value::Boolean(bool::decode(from)?),
            2 => Value::Integer(i32::decode(from)?),
            3 => Value::Long(i64::decode(from)?),
            4 => Value::UnsignedLong(u64::decode(from)?),
            5 => Value::Double(f64::decode(from)?),
            6 => Value::Text(from.text()?),
            7 => Value::Date(i64::decode(from)?),
            8 => Value::DateNanos(i64::decode(from)?),
            9 => Value::Ip(from.array()?),
            10 => Value::Version(from.text()?),
            11 => Value::Point(arena.alloc(Point {
                x: f64::decode(from)?,
                y: f64::decode(from)?,
                geo: bool::decode(from)?,
            })),
            12 => Value::Shape(from.text()?),
            13 => Value::Period { months: i32::decode(from)?, days: i32::decode(from)? },
            14 => Value::Duration(i64::decode(from)?),
            MULTI => {
                let length = from.length()?;
                let all = arena.alloc_slice_fill_copy(length, Value::Null);
                for value in all.iter_mut() {
                    flat(from)?;
                    *value = Value::decode_in(from, arena)?;
                }
                Value::from_slice(all)
            }
            tag => return Err(DecodeError::Tag { what: "value", tag }),
        })
    }
}

/// A multi-value holds single values: a damaged state must not nest them, which
/// would cost us the stack.
fn flat(from: &Reader<'_>) -> Result<(), DecodeError> {
    match from.rest().first() {
        Some(&MULTI) => Err(DecodeError::Tag { what: "single value", tag: MULTI }),
        _ => Ok(()),
    }
}

impl Encode for Value<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.tag());
        match self {
            Value::Null => {}
            Value::Boolean(b) => b.encode(out),
            Value::Integer(n) => n.encode(out),
            Value::Long(n) | Value::Date(n) | Value::DateNanos(n) | Value::Duration(n) => {
                n.encode(out);
            }
            Value::UnsignedLong(n) => n.encode(out),
            Value::Double(n) => n.encode(out),
            Value::Text(t) | Value::Version(t) | Value::Shape(t) => t.encode(out),
            Value::Ip(a) => out.extend_from_slice(a),
            Value::Point(p) => {
                p.x.encode(out);
                p.y.encode(out);
                p.geo.encode(out);
            }
            Value::Period { months, days } => {
                months.encode(out);
                days.encode(out);
            }
            Value::Multi(all) => all.encode(out),
        }
    }
}

impl PartialEq for Owned {
    fn eq(&self, other: &Owned) -> bool {
        match (self, other) {
            (Owned::Null, Owned::Null) => true,
            (Owned::Boolean(a), Owned::Boolean(b)) => a == b,
            (Owned::Integer(a), Owned::Integer(b)) => a == b,
            (Owned::Long(a), Owned::Long(b))
            | (Owned::Date(a), Owned::Date(b))
            | (Owned::DateNanos(a), Owned::DateNanos(b))
            | (Owned::Duration(a), Owned::Duration(b)) => a == b,
            (Owned::UnsignedLong(a), Owned::UnsignedLong(b)) => a == b,
            (Owned::Double(a), Owned::Double(b)) => a.to_bits() == b.to_bits(),
            (Owned::Text(a), Owned::Text(b))
            | (Owned::Version(a), Owned::Version(b))
            | (Owned::Shape(a), Owned::Shape(b)) => a == b,
            (Owned::Ip(a), Owned::Ip(b)) => a == b,
            (Owned::Point(a), Owned::Point(b)) => {
                (a.x.to_bits(), a.y.to_bits(), a.geo) == (b.x.to_bits(), b.y.to_bits(), b.geo)
            }
            (Owned::Period { months: a, days: b }, Owned::Period { months: c, days: d }) => {
                (a, b) == (c, d)
            }
            (Owned::Multi(a), Owned::Multi(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Owned {}

impl Hash for Owned {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u8(self.tag());
        match self {
            Owned::Null => {}
            Owned::Boolean(b) => b.hash(state),
            Owned::Integer(n) => n.hash(state),
            Owned::Long(n) | Owned::Date(n) | Owned::DateNanos(n) | Owned::Duration(n) => {
                n.hash(state);
            }
            Owned::UnsignedLong(n) => n.hash(state),
            Owned::Double(n) => n.to_bits().hash(state),
            Owned::Text(t) | Owned::Version(t) | Owned::Shape(t) => t.hash(state),
            Owned::Ip(a) => a.hash(state),
            Owned::Point(p) => (p.x.to_bits(), p.y.to_bits(), p.geo).hash(state),
            Owned::Period { months, days } => (months, days).hash(state),
            Owned::Multi(all) => all.hash(state),
        }
    }
}

impl Encode for Owned {
    fn encode(&self, out: &mut Vec<u8>) {
        match (self, self.single()) {
            (Owned::Multi(all), _) => {
                out.push(MULTI);
                all.encode(out);
            }
            (_, single) => single.unwrap_or_default().encode(out),
        }
    }
}

impl Decode for Owned {
    fn decode(from: &mut Reader<'_>) -> Result<Owned, DecodeError> {
        Ok(match from.byte()? {
            0 => Owned::Null,
            1 => Owned::Boolean(bool::decode(from)?),
            2 => Owned::Integer(i32::decode(from)?),
            3 => Owned::Long(i64::decode(from)?),
            4 => Owned::UnsignedLong(u64::decode(from)?),
            5 => Owned::Double(f64::decode(from)?),
            6 => Owned::Text(Box::decode(from)?),
            7 => Owned::Date(i64::decode(from)?),
            8 => Owned::DateNanos(i64::decode(from)?),
            9 => Owned::Ip(from.array()?),
            10 => Owned::Version(Box::decode(from)?),
            11 => Owned::Point(Box::new(Point {
                x: f64::decode(from)?,
                y: f64::decode(from)?,
                geo: bool::decode(from)?,
            })),
            12 => Owned::Shape(Box::decode(from)?),
            13 => Owned::Period { months: i32::decode(from)?, days: i32::decode(from)? },
            14 => Owned::Duration(i64::decode(from)?),
            MULTI => {
                let length = from.length()?;
                let mut all = Vec::with_capacity(length);
                for _ in 0..length {
                    flat(from)?;
                    all.push(Owned::decode(from)?);
                }
                Owned::Multi(all.into())
            }
            tag => return Err(DecodeError::Tag { what: "value", tag }),
        })
    }
}
