//! STD_DEV and VARIANCE.

use super::Aggregate;
use super::sum::{finite, number};
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::{Cx, Value};

/// `VARIANCE(x)` of the population. Double.
#[derive(Clone, Debug, Default)]
pub struct Variance(Moments);

/// `STD_DEV(x)` of the population. Double.
#[derive(Clone, Debug, Default)]
pub struct StdDev(Moments);

/// Count, mean and sum of squared distances from it: Welford's update (1962),
/// merged as Chan, Golub and LeVeque (1979) do.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, x: f64) {
        self.count += 1;
        let distance = x - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (x - self.mean);
    }

    fn merge(&mut self, other: &Moments) {
        if other.count == 0 {
            return;
        }
        let (a, b) = (self.count as f64, other.count as f64);
        let distance = other.mean - self.mean;
        self.count = self.count.saturating_add(other.count);
        self.mean += distance * b / (a + b);
        self.squares += other.squares + distance * distance * a * b / (a + b);
    }

    fn variance(&self) -> Option<f64> {
        (self.count > 0).then(|| self.squares / self.count as f64)
    }

    fn update(&mut self, args: &[Value<'_>]) {
        for value in args.first().map_or(&[][..], Value::as_slice) {
            if let Some(x) = number(value) {
                self.add(x);
            }
        }
    }
}

macro_rules! deviation {
    ($name:ident, $result:expr) => {
        impl Aggregate for $name {
            fn update<'a>(&mut self, args: &[Value<'a>], _cx: &Cx<'a>) {
                self.0.update(args);
            }

            fn merge(&mut self, other: &$name) {
                self.0.merge(&other.0);
            }

            fn finish<'a>(&self, cx: &Cx<'a>) -> Value<'a> {
                let result: fn(f64) -> f64 = $result;
                self.0.variance().map_or(Value::Null, |variance| finite(result(variance), cx))
            }

            fn heap(&self) -> usize {
                0
            }
        }

        impl Encode for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                self.0.count.encode(out);
                self.0.mean.encode(out);
                self.0.squares.encode(out);
            }
        }

        impl Decode for $name {
            fn decode(from: &mut Reader<'_>) -> Result<$name, DecodeError> {
                Ok($name(Moments {
                    count: u64::decode(from)?,
                    mean: f64::decode(from)?,
                    squares: f64::decode(from)?,
                }))
            }
        }
    };
}
deviation!(Variance, |variance| variance);
deviation!(StdDev, f64::sqrt);
