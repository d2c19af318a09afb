//! MEDIAN_ABSOLUTE_DEVIATION.

use super::percentile::add_all;
use super::sum::finite;
use super::{Aggregate, Digest};
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::{Cx, Value};

/// `MEDIAN_ABSOLUTE_DEVIATION(x)`: the median of the distances from the median;
/// see [`Digest`] for its exactness. Double.
#[derive(Clone, Debug, Default)]
pub struct MedianAbsoluteDeviation(Digest);

impl Aggregate for MedianAbsoluteDeviation {
    fn update<'a>(&mut self, args: &[Value<'a>], _cx: &Cx<'a>) {
        add_all(&mut self.0, args);
    }

    fn merge(&mut self, other: &MedianAbsoluteDeviation) {
        self.0.merge(&other.0);
    }

    fn finish<'a>(&self, cx: &Cx<'a>) -> Value<'a> {
        self.0.median_absolute_deviation().map_or(Value::Null, |x| finite(x, cx))
    }

    fn heap(&self) -> usize {
        self.0.heap()
    }
}

impl Encode for MedianAbsoluteDeviation {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
}

impl Decode for MedianAbsoluteDeviation {
    fn decode(from: &mut Reader<'_>) -> Result<MedianAbsoluteDeviation, DecodeError> {
        Digest::decode(from).map(MedianAbsoluteDeviation)
    }
}
