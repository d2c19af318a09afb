//! SUM, and the exact sums that AVG shares.

use super::Aggregate;
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::{Cx, Value, Warning};

/// `SUM(x)`: long for integers and longs, double for doubles. A long sum that
/// leaves 64 bits is null and a warning; that is decided for the whole sum, so it
/// does not depend on the order of rows. Doubles are summed with Neumaier's
/// compensation (1974), which keeps the error at one rounding.
#[derive(Clone, Debug, Default)]
pub struct Sum(Total);

/// A sum of numbers of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Total {
    /// Over no number.
    #[default]
    Empty,
    /// High and low half of a 128-bit sum, which no stream of 64-bit numbers fills.
    Whole(i64, u64),
    /// Sum and its compensation.
    Double(f64, f64),
}

impl Total {
    /// Adds a number; other values are ignored.
    pub(super) fn add(&mut self, value: &Value<'_>) {
        match value {
            Value::Integer(n) => self.add_whole(i128::from(*n)),
            Value::Long(n) => self.add_whole(i128::from(*n)),
            Value::UnsignedLong(n) => self.add_whole(i128::from(*n)),
            Value::Double(n) => self.add_double(*n),
            _ => {}
        }
    }

    fn add_whole(&mut self, n: i128) {
        if let Total::Double(..) = self {
            self.add_double(n as f64);
        } else {
            let sum = self.whole().wrapping_add(n);
            *self = Total::Whole((sum >> 64) as i64, sum as u64);
        }
    }

    pub(super) fn add_double(&mut self, n: f64) {
        let (sum, compensation) = match *self {
            Total::Empty => (0.0, 0.0),
            Total::Whole(..) => (self.whole() as f64, 0.0),
            Total::Double(sum, compensation) => (sum, compensation),
        };
        let next = sum + n;
        let lost = if sum.abs() >= n.abs() { (sum - next) + n } else { (n - next) + sum };
        *self = Total::Double(next, compensation + lost);
    }

    fn whole(&self) -> i128 {
        match *self {
            Total::Whole(high, low) => (i128::from(high) << 64) | i128::from(low),
            _ => 0,
        }
    }

    /// Adds another sum.
    pub(super) fn merge(&mut self, other: &Total) {
        match *other {
            Total::Empty => {}
            Total::Whole(..) => self.add_whole(other.whole()),
            Total::Double(sum, compensation) => {
                self.add_double(sum);
                if let Total::Double(_, mine) = self {
                    *mine += compensation;
                }
            }
        }
    }

    /// The sum as a double, `None` over no number.
    pub(super) fn as_double(&self) -> Option<f64> {
        match *self {
            Total::Empty => None,
            Total::Whole(..) => Some(self.whole() as f64),
            Total::Double(sum, compensation) => Some(sum + compensation),
        }
    }
}

/// A single number as a double.
pub(super) fn number(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Integer(n) => Some(f64::from(*n)),
        Value::Long(n) => Some(*n as f64),
        Value::UnsignedLong(n) => Some(*n as f64),
        Value::Double(n) => Some(*n),
        _ => None,
    }
}

/// A double result: null and a warning where it is not finite.
pub(super) fn finite<'a>(result: f64, cx: &Cx<'a>) -> Value<'a> {
    if result.is_finite() { Value::Double(result) } else { cx.warn(Warning::Overflow) }
}

impl Aggregate for Sum {
    fn update<'a>(&mut self, args: &[Value<'a>], _cx: &Cx<'a>) {
        for value in args.first().map_or(&[][..], Value::as_slice) {
            self.0.add(value);
        }
    }

    fn merge(&mut self, other: &Sum) {
        self.0.merge(&other.0);
    }

    fn finish<'a>(&self, cx: &Cx<'a>) -> Value<'a> {
        match self.0 {
            Total::Empty => Value::Null,
            Total::Whole(..) => match i64::try_from(self.0.whole()) {
                Ok(sum) => Value::Long(sum),
                Err(_) => cx.warn(Warning::Overflow),
            },
            Total::Double(sum, compensation) => finite(sum + compensation, cx),
        }
    }

    fn heap(&self) -> usize {
        0
    }
}

impl Encode for Total {
    fn encode(&self, out: &mut Vec<u8>) {
        match *self {
            Total::Empty => out.push(0),
            // Most sums fit 64 bits; zigzag keeps small ones small.
            Total::Whole(high, low) => {
                if let Ok(sum) = i64::try_from(self.whole()) {
                    out.push(1);
                    (((sum << 1) ^ (sum >> 63)) as u64).encode(out);
                } else {
                    out.push(2);
                    high.encode(out);
                    out.extend_from_slice(&low.to_le_bytes());
                }
            }
            Total::Double(sum, compensation) => {
                out.push(3);
                sum.encode(out);
                compensation.encode(out);
            }
        }
    }
}

impl Decode for Total {
    fn decode(from: &mut Reader<'_>) -> Result<Total, DecodeError> {
        Ok(match from.byte()? {
            0 => Total::Empty,
            1 => {
                let zigzag = u64::decode(from)?;
                let sum = (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
                Total::Whole(sum >> 63, sum as u64)
            }
            2 => Total::Whole(i64::decode(from)?, u64::from_le_bytes(from.array()?)),
            3 => Total::Double(f64::decode(from)?, f64::decode(from)?),
            tag => return Err(DecodeError::Tag { what: "sum", tag }),
        })
    }
}

impl Encode for Sum {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
}

impl Decode for Sum {
    fn decode(from: &mut Reader<'_>) -> Result<Sum, DecodeError> {
        Total::decode(from).map(Sum)
    }
}
