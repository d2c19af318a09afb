//! AVG.

use super::Aggregate;
use super::sum::{Total, finite};
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::{Cx, Value};

/// `AVG(x)`: sum of all values by their number. Double.
#[derive(Clone, Debug, Default)]
pub struct Avg {
    sum: Total,
    count: u64,
}

impl Aggregate for Avg {
    fn update<'a>(&mut self, args: &[Value<'a>], _cx: &Cx<'a>) {
        for value in args.first().map_or(&[][..], Value::as_slice) {
            self.sum.add(value);
            self.count += 1;
        }
    }

    fn merge(&mut self, other: &Avg) {
        self.sum.merge(&other.sum);
        self.count = self.count.saturating_add(other.count);
    }

    fn finish<'a>(&self, cx: &Cx<'a>) -> Value<'a> {
        match self.sum.as_double() {
            Some(sum) if self.count > 0 => finite(sum / self.count as f64, cx),
            _ => Value::Null,
        }
    }

    fn heap(&self) -> usize {
        0
    }
}

impl Encode for Avg {
    fn encode(&self, out: &mut Vec<u8>) {
        self.sum.encode(out);
        self.count.encode(out);
    }
}

impl Decode for Avg {
    fn decode(from: &mut Reader<'_>) -> Result<Avg, DecodeError> {
        Ok(Avg { sum: Total::decode(from)?, count: u64::decode(from)? })
    }
}
