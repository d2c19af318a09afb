//! WEIGHTED_AVG.

use super::Aggregate;
use super::sum::{Total, finite, number};
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::{Cx, Value, Warning};

/// `WEIGHTED_AVG(x, weight)`: sum of value times weight by the sum of weights.
/// Every value of a row has the row's weight. A row without value or weight is
/// left out; one with several weights is left out with a warning. Weights that
/// add up to zero give null and a warning. Double.
#[derive(Clone, Debug, Default)]
pub struct WeightedAvg {
    products: Total,
    weights: Total,
}

impl Aggregate for WeightedAvg {
    fn update<'a>(&mut self, args: &[Value<'a>], cx: &Cx<'a>) {
        let [values, weight, ..] = args else { return };
        if let Value::Multi(_) = weight {
            cx.warn(Warning::MultiValue);
            return;
        }
        let Some(weight) = number(weight) else { return };
        for value in values.as_slice().iter().filter_map(number) {
            self.products.add_double(value * weight);
            self.weights.add_double(weight);
        }
    }

    fn merge(&mut self, other: &WeightedAvg) {
        self.products.merge(&other.products);
        self.weights.merge(&other.weights);
    }

    fn finish<'a>(&self, cx: &Cx<'a>) -> Value<'a> {
        match (self.products.as_double(), self.weights.as_double()) {
            (Some(_), Some(0.0)) => cx.warn(Warning::DivisionByZero),
            (Some(products), Some(weights)) => finite(products / weights, cx),
            _ => Value::Null,
        }
    }

    fn heap(&self) -> usize {
        0
    }
}

impl Encode for WeightedAvg {
    fn encode(&self, out: &mut Vec<u8>) {
        self.products.encode(out);
        self.weights.encode(out);
    }
}

impl Decode for WeightedAvg {
    fn decode(from: &mut Reader<'_>) -> Result<WeightedAvg, DecodeError> {
        Ok(WeightedAvg { products: Total::decode(from)?, weights: Total::decode(from)? })
    }
}
