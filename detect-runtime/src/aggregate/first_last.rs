//! FIRST and LAST.

use super::Aggregate;
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::{Cx, Owned, Value, compare};
use core::cmp::Ordering;

/// `FIRST(x, sort)`: `x`, as it is, of the row with the smallest `sort`. A row
/// without `sort` counts only where none has one; of several values of `sort` the
/// smallest counts. Of rows with equal `sort` that with the smaller `x` counts, so
/// that the order of rows does not matter.
#[derive(Clone, Debug, Default)]
pub struct First(Pick);

/// `LAST(x, sort)`: the same with the greatest `sort`.
#[derive(Clone, Debug, Default)]
pub struct Last(Pick);

/// `sort` and `x` of the best row so far.
#[derive(Clone, Debug, Default)]
struct Pick(Option<Box<(Owned, Owned)>>);

impl Pick {
    /// `wanted` is how the sort of a better row compares to that of the best one.
    fn see(&mut self, sort: Value<'_>, value: impl Fn() -> Owned, wanted: Ordering) {
        if let Some(best) = &self.0 {
            let known = best.0.single().unwrap_or_default();
            let order = match (sort.is_null(), known.is_null()) {
                (true, true) => Ordering::Equal,
                (true, false) => return,
                (false, true) => wanted,
                (false, false) => compare(&sort, &known),
            };
            if order != wanted && (order.is_ne() || !before(&value(), &best.1)) {
                return;
            }
        }
        self.0 = Some(Box::new((Owned::of(sort), value())));
    }

    fn update(&mut self, args: &[Value<'_>], wanted: Ordering) {
        let [value, sort, ..] = args else { return };
        let best = sort
            .as_slice()
            .iter()
            .copied()
            .reduce(|best, next| if compare(&next, &best) == wanted { next } else { best });
        self.see(best.unwrap_or_default(), || Owned::of(*value), wanted);
    }

    fn merge(&mut self, other: &Pick, wanted: Ordering) {
        if let Some(theirs) = &other.0 {
            self.see(theirs.0.single().unwrap_or_default(), || theirs.1.clone(), wanted);
        }
    }
}

/// An order of values of any kind.
fn before(a: &Owned, b: &Owned) -> bool {
    if let (Some(a), Some(b)) = (a.single(), b.single()) {
        return compare(&a, &b).is_lt();
    }
    let bytes = |value: &Owned| {
        let mut bytes = Vec::new();
        value.encode(&mut bytes);
        bytes
    };
    bytes(a) < bytes(b)
}

macro_rules! pick {
    ($name:ident, $wanted:expr) => {
        impl Aggregate for $name {
            fn update<'a>(&mut self, args: &[Value<'a>], _cx: &Cx<'a>) {
                self.0.update(args, $wanted);
            }

            fn merge(&mut self, other: &$name) {
                self.0.merge(&other.0, $wanted);
            }

            fn finish<'a>(&self, cx: &Cx<'a>) -> Value<'a> {
                self.0.0.as_ref().map_or(Value::Null, |best| best.1.copy_in(cx.arena))
            }

            fn heap(&self) -> usize {
                self.0
                    .0
                    .as_ref()
                    .map_or(0, |best| size_of::<(Owned, Owned)>() + best.0.heap() + best.1.heap())
            }
        }

        impl Encode for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                self.0.0.is_some().encode(out);
                if let Some(best) = &self.0.0 {
                    best.0.encode(out);
                    best.1.encode(out);
                }
            }
        }

        impl Decode for $name {
            fn decode(from: &mut Reader<'_>) -> Result<$name, DecodeError> {
                Ok($name(Pick(match bool::decode(from)? {
                    true => Some(Box::new((Owned::decode(from)?, Owned::decode(from)?))),
                    false => None,
                })))
            }
        }
    };
}
pick!(First, Ordering::Less);
pick!(Last, Ordering::Greater);
