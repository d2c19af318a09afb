//! COUNT.

use super::Aggregate;
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::{Cx, Value};

/// `COUNT()` counts rows (no argument), `COUNT(x)` values that are not null. Long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count(u64);

impl Count {
    /// True from `limit` on.
    #[inline]
    pub fn reached(&self, limit: u64) -> bool {
        self.0 >= limit
    }
}

impl Aggregate for Count {
    #[inline]
    fn update<'a>(&mut self, args: &[Value<'a>], _cx: &Cx<'a>) {
        self.0 += args.first().map_or(1, |value| value.as_slice().len() as u64);
    }

    fn merge(&mut self, other: &Count) {
        self.0 = self.0.saturating_add(other.0);
    }

    fn finish<'a>(&self, _cx: &Cx<'a>) -> Value<'a> {
        Value::Long(i64::try_from(self.0).unwrap_or(i64::MAX))
    }

    fn heap(&self) -> usize {
        0
    }
}

impl Encode for Count {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
}

impl Decode for Count {
    fn decode(from: &mut Reader<'_>) -> Result<Count, DecodeError> {
        u64::decode(from).map(Count)
    }
}
