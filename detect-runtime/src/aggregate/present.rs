//! PRESENT and ABSENT.

use super::Aggregate;
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::{Cx, Value};

/// `PRESENT(x)`: true if some row has a value. Boolean, never null.
#[derive(Clone, Debug, Default)]
pub struct Present(bool);

/// `ABSENT(x)`: true if no row has a value. Boolean, never null.
#[derive(Clone, Debug, Default)]
pub struct Absent(bool);

macro_rules! presence {
    ($name:ident, $result:expr) => {
        impl Aggregate for $name {
            fn update<'a>(&mut self, args: &[Value<'a>], _cx: &Cx<'a>) {
                self.0 |= args.first().is_some_and(|value| !value.is_null());
            }

            fn merge(&mut self, other: &$name) {
                self.0 |= other.0;
            }

            fn finish<'a>(&self, _cx: &Cx<'a>) -> Value<'a> {
                let result: fn(bool) -> bool = $result;
                Value::Boolean(result(self.0))
            }

            fn heap(&self) -> usize {
                0
            }
        }

        impl Encode for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                self.0.encode(out);
            }
        }

        impl Decode for $name {
            fn decode(from: &mut Reader<'_>) -> Result<$name, DecodeError> {
                bool::decode(from).map($name)
            }
        }
    };
}
presence!(Present, |seen| seen);
presence!(Absent, |seen| !seen);
