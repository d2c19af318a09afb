//! MIN and MAX.

use super::Aggregate;
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::{Cx, Owned, Value, compare};

/// `MIN(x)` in the order of [`compare`]. The argument's type.
#[derive(Clone, Debug, Default)]
pub struct Min(Owned);

/// `MAX(x)` in the order of [`compare`]. The argument's type.
#[derive(Clone, Debug, Default)]
pub struct Max(Owned);

macro_rules! extreme {
    ($name:ident, $better:ident) => {
        impl $name {
            fn see(&mut self, value: &Value<'_>) {
                let better = match self.0.single() {
                    None | Some(Value::Null) => true,
                    Some(best) => compare(value, &best).$better(),
                };
                if better {
                    self.0 = Owned::of(*value);
                }
            }
        }

        impl Aggregate for $name {
            fn update<'a>(&mut self, args: &[Value<'a>], _cx: &Cx<'a>) {
                for value in args.first().map_or(&[][..], Value::as_slice) {
                    self.see(value);
                }
            }

            fn merge(&mut self, other: &$name) {
                if let Some(value) = other.0.single().filter(|value| !value.is_null()) {
                    self.see(&value);
                }
            }

            fn finish<'a>(&self, cx: &Cx<'a>) -> Value<'a> {
                self.0.copy_in(cx.arena)
            }

            fn heap(&self) -> usize {
                self.0.heap()
            }
        }

        impl Encode for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                self.0.encode(out);
            }
        }

        impl Decode for $name {
            fn decode(from: &mut Reader<'_>) -> Result<$name, DecodeError> {
                Owned::decode(from).map($name)
            }
        }
    };
}
extreme!(Min, is_lt);
extreme!(Max, is_gt);
