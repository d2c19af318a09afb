//! PERCENTILE and MEDIAN.

use super::sum::{finite, number};
use super::{Aggregate, Digest};
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::{Cx, Value};

/// `PERCENTILE(x, p)`, `p` constant from 0 to 100; see [`Digest`] for its
/// exactness. Double.
#[derive(Clone, Debug, Default)]
pub struct Percentile {
    percentage: f64,
    digest: Digest,
}

/// `MEDIAN(x)`, the 50th percentile. Double.
#[derive(Clone, Debug, Default)]
pub struct Median(Digest);

/// Adds all numbers of the first argument.
pub(super) fn add_all(digest: &mut Digest, args: &[Value<'_>]) {
    for value in args.first().map_or(&[][..], Value::as_slice) {
        if let Some(x) = number(value) {
            digest.add(x);
        }
    }
}

impl Aggregate for Percentile {
    fn update<'a>(&mut self, args: &[Value<'a>], _cx: &Cx<'a>) {
        if let Some(percentage) = args.get(1).and_then(number) {
            self.percentage = percentage;
        }
        add_all(&mut self.digest, args);
    }

    fn merge(&mut self, other: &Percentile) {
        // A state over no row knows no percentage: it is 0 in both.
        self.percentage = self.percentage.max(other.percentage);
        self.digest.merge(&other.digest);
    }

    fn finish<'a>(&self, cx: &Cx<'a>) -> Value<'a> {
        self.digest.quantile(self.percentage / 100.0).map_or(Value::Null, |x| finite(x, cx))
    }

    fn heap(&self) -> usize {
        self.digest.heap()
    }
}

impl Aggregate for Median {
    fn update<'a>(&mut self, args: &[Value<'a>], _cx: &Cx<'a>) {
        add_all(&mut self.0, args);
    }

    fn merge(&mut self, other: &Median) {
        self.0.merge(&other.0);
    }

    fn finish<'a>(&self, cx: &Cx<'a>) -> Value<'a> {
        self.0.quantile(0.5).map_or(Value::Null, |x| finite(x, cx))
    }

    fn heap(&self) -> usize {
        self.0.heap()
    }
}

impl Encode for Percentile {
    fn encode(&self, out: &mut Vec<u8>) {
        self.percentage.encode(out);
        self.digest.encode(out);
    }
}

impl Decode for Percentile {
    fn decode(from: &mut Reader<'_>) -> Result<Percentile, DecodeError> {
        Ok(Percentile { percentage: f64::decode(from)?, digest: Digest::decode(from)? })
    }
}

impl Encode for Median {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
}

impl Decode for Median {
    fn decode(from: &mut Reader<'_>) -> Result<Median, DecodeError> {
        Digest::decode(from).map(Median)
    }
}
