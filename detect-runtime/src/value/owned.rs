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
            Owned::Multi(all) => {
                Value::from_slice(arena.alloc_slice_fill_iter(all.iter().map(|v| v.lend(arena))))
            }
        }
    }

    fn tag(&self) -> u8 {
        match self {
            Owned::Null => 0,
            Owned::Boolean(_) => 1,
            Owned::Integer(_) => 2,
            Owned::Long(_) => 3,
            Owned::UnsignedLong(_) => 4,
            Owned::Double(_) => 5,
            Owned::Text(_) => 6,
            Owned::Date(_) => 7,
            Owned::DateNanos(_) => 8,
            Owned::Ip(_) => 9,
            Owned::Version(_) => 10,
            Owned::Point(_) => 11,
            Owned::Shape(_) => 12,
            Owned::Period { .. } => 13,
            Owned::Duration(_) => 14,
            Owned::Multi(_) => 15,
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
        out.push(self.tag());
        match self {
            Owned::Null => {}
            Owned::Boolean(b) => b.encode(out),
            Owned::Integer(n) => n.encode(out),
            Owned::Long(n) | Owned::Date(n) | Owned::DateNanos(n) | Owned::Duration(n) => {
                n.encode(out);
            }
            Owned::UnsignedLong(n) => n.encode(out),
            Owned::Double(n) => n.encode(out),
            Owned::Text(t) | Owned::Version(t) | Owned::Shape(t) => t.encode(out),
            Owned::Ip(a) => out.extend_from_slice(a),
            Owned::Point(p) => {
                p.x.encode(out);
                p.y.encode(out);
                p.geo.encode(out);
            }
            Owned::Period { months, days } => {
                months.encode(out);
                days.encode(out);
            }
            Owned::Multi(all) => {
                (all.len() as u64).encode(out);
                for value in all {
                    value.encode(out);
                }
            }
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
            15 => Owned::Multi(Vec::<Owned>::decode(from)?.into()),
            tag => return Err(DecodeError::Tag { what: "value", tag }),
        })
    }
}
