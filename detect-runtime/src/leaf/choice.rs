//! Expressions over fields of several values: whether some choice of one value for
//! each slot makes one true.
//!
//! By meaning all choices count, as many as the lengths of the arrays multiply to, and
//! arrays come from outside. Most expressions have one slot. Where two fields are
//! compared, the values are sorted and the answer is exact in n log n steps. What
//! is left is tried choice by choice, up to [`MOST_CHOICES`]: beyond that each field is
//! read up to the same number of values, and [`Warning::Choices`] counts it.

use crate::value::{Cx, Value, Warning};
use bumpalo::collections::Vec as ArenaVec;

/// Most choices that are tried for one expression on one event.
pub const MOST_CHOICES: usize = 1 << 16;

/// Pairs that are tried one by one rather than sorted.
const FEW: usize = 64;

/// How a comparison relates its two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `==`
    Equal,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
}

impl Relation {
    /// The relation that a function of this name decides.
    pub fn of(function: &str) -> Option<Relation> {
        Some(match function {
            "eql.equals" => Relation::Equal,
            "eql.less" => Relation::Less,
            "eql.less_equal" => Relation::LessEqual,
            _ => return None,
        })
    }
}

/// True if some choice of one value for each slot makes the expression true; a
/// slot without value is null.
///
/// ```
/// use bumpalo::Bump;
/// use detect_runtime::leaf::some_choice;
/// use detect_runtime::value::{Cx, Value, Warnings};
/// let (arena, warnings) = (Bump::new(), Warnings::default());
/// let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
/// let values = [Value::Multi(&[Value::Long(1), Value::Long(2)]), Value::Long(2)];
/// let equal = |slots: &[Value<'_>]| matches!(slots, [Value::Long(a), Value::Long(b)] if a == b);
/// assert!(some_choice(&values, &cx, |slots, _| Value::Boolean(equal(slots))));
/// ```
pub fn some_choice<'a>(
    slots: &[Value<'a>],
    cx: &Cx<'a>,
    eval: impl Fn(&[Value<'a>], &Cx<'a>) -> Value<'a>,
) -> bool {
    if !slots.iter().any(|slot| matches!(slot, Value::Multi(_))) {
        return eval(slots, cx).truth() == Some(true);
    }
    let reach = reach(slots, cx);
    let values = |slot: &Value<'a>| -> &'a [Value<'a>] {
        match slot {
            Value::Multi(all) => &all[..all.len().min(reach)],
            _ => &[],
        }
    };
    let chosen = cx.arena.alloc_slice_fill_iter(
        slots.iter().map(|slot| values(slot).first().copied().unwrap_or(*slot)),
    );
    let at = cx.arena.alloc_slice_fill_copy(slots.len(), 0usize);
    loop {
        if eval(chosen, cx).truth() == Some(true) {
            return true;
        }
        // The next combination, like the digits of an odometer: the first digit
        // that can turn does, those before it begin again.
        let turned = slots.iter().zip(&mut *at).zip(&mut *chosen).any(|((slot, at), chosen)| {
            let values = values(slot);
            *at += 1;
            let more = *at < values.len();
            if !more {
                *at = 0;
            }
            *chosen = values.get(*at).copied().unwrap_or(*chosen);
            more
        });
        if !turned {
            return false;
        }
    }
}

/// [`some_choice`] for an expression that compares its two slots.
pub fn some_pair<'a>(
    relation: Relation,
    slots: &[Value<'a>],
    cx: &Cx<'a>,
    eval: impl Fn(&[Value<'a>], &Cx<'a>) -> Value<'a>,
) -> bool {
    related(relation, slots, cx).unwrap_or_else(|| some_choice(slots, cx, eval))
}

/// Whether two slots of many values have values that relate so; `None` where it is
/// not worth the sorting, or where kinds are mixed and have no common order.
pub(crate) fn related<'a>(relation: Relation, slots: &[Value<'a>], cx: &Cx<'a>) -> Option<bool> {
    let [Value::Multi(left), Value::Multi(right)] = slots else { return None };
    if left.len().saturating_mul(right.len()) <= FEW {
        return None;
    }
    let (mut left, mut right) = (keys(left, cx)?, keys(right, cx)?);
    if core::mem::discriminant(left.first()?) != core::mem::discriminant(right.first()?) {
        return None;
    }
    Some(match relation {
        Relation::Equal => {
            left.sort_unstable();
            right.sort_unstable();
            meet(&left, &right)
        }
        Relation::Less => left.iter().min() < right.iter().max(),
        Relation::LessEqual => left.iter().min() <= right.iter().max(),
    })
}

/// Whether two sorted lists share something.
fn meet<T: Ord>(mut left: &[T], mut right: &[T]) -> bool {
    while let ([a, rest_left @ ..], [b, rest_right @ ..]) = (left, right) {
        match a.cmp(b) {
            core::cmp::Ordering::Less => left = rest_left,
            core::cmp::Ordering::Greater => right = rest_right,
            core::cmp::Ordering::Equal => return true,
        }
    }
    false
}

/// A value in the order that its kind has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Text(&'a str),
    Whole(i128),
    Address([u8; 16]),
}

/// The values as keys, if they are all of one kind.
fn keys<'a>(values: &[Value<'a>], cx: &Cx<'a>) -> Option<ArenaVec<'a, Key<'a>>> {
    let mut keys = ArenaVec::with_capacity_in(values.len(), cx.arena);
    for value in values {
        let key = match *value {
            Value::Text(text) => Key::Text(text),
            Value::Integer(n) => Key::Whole(n.into()),
            Value::Long(n) => Key::Whole(n.into()),
            Value::UnsignedLong(n) => Key::Whole(n.into()),
            Value::Ip(address) => Key::Address(address),
            _ => return None,
        };
        let first = keys.first().unwrap_or(&key);
        if core::mem::discriminant(first) != core::mem::discriminant(&key) {
            return None;
        }
        keys.push(key);
    }
    Some(keys)
}

/// How many values of each slot are read: all, unless there are more than
/// [`MOST_CHOICES`] choices among several of them.
pub(crate) fn reach<'a>(slots: &[Value<'a>], cx: &Cx<'a>) -> usize {
    let lengths = || slots.iter().map(|slot| slot.as_slice().len().max(1));
    let choices = |most: usize| {
        lengths().fold(1usize, |product, length| product.saturating_mul(length.min(most)))
    };
    if lengths().filter(|length| *length > 1).count() < 2 || choices(usize::MAX) <= MOST_CHOICES {
        return usize::MAX;
    }
    cx.warn(Warning::Choices);
    // The product grows with the number: the largest that is allowed, by halving.
    let (mut allowed, mut too_many) = (1, MOST_CHOICES + 1);
    while too_many - allowed > 1 {
        let middle = usize::midpoint(allowed, too_many);
        if choices(middle) <= MOST_CHOICES {
            allowed = middle;
        } else {
            too_many = middle;
        }
    }
    allowed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::lookup;
    use crate::value::Warnings;
    use bumpalo::Bump;
    use proptest::prelude::*;

    const NAMES: [&str; 3] = ["eql.equals", "eql.less", "eql.less_equal"];

    /// One value by a number: texts that are numbers too, whole numbers, addresses.
    fn value(arena: &Bump, kind: u8, n: u8) -> Value<'_> {
        match kind {
            0 => Value::Text(arena.alloc_str(&n.to_string())),
            1 => Value::Long(i64::from(n) - 100),
            2 => Value::UnsignedLong(n.into()),
            3 => Value::Ip([n; 16]),
            _ => Value::Double(f64::from(n)),
        }
    }

    fn slot<'a>(arena: &'a Bump, kind: u8, mixed: bool, numbers: &[u8]) -> Value<'a> {
        let kind = |n: u8| if mixed { n % 5 } else { kind };
        let values = numbers.iter().map(|n| value(arena, kind(*n), *n));
        match numbers {
            [] => Value::Null,
            [_] => values.last().unwrap_or_default(),
            _ => Value::Multi(arena.alloc_slice_fill_iter(values)),
        }
    }

    fn numbers() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..4),
            prop::collection::vec(any::<u8>(), 8..40)
        ]
    }

    proptest! {
        /// Sorting gives what trying every pair gives.
        #[test]
        fn pairs_are_all_pairs(
            kinds in (0u8..5, 0u8..5),
            mixed in (any::<bool>(), any::<bool>()),
            left in numbers(),
            right in numbers(),
        ) {
            let (arena, warnings) = (Bump::new(), Warnings::default());
            let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
            let slots = [
                slot(&arena, kinds.0, mixed.0, &left),
                slot(&arena, kinds.1, mixed.1, &right),
            ];
            for name in NAMES {
                let function = lookup(name).expect("a function of the table");
                let eval = |slots: &[Value<'_>], cx: &Cx<'_>| (function.eval)(cx, slots).truth();
                let (mut a, mut b) = (slots[0].as_slice().to_vec(), slots[1].as_slice().to_vec());
                for side in [&mut a, &mut b] {
                    if side.is_empty() {
                        side.push(Value::Null);
                    }
                }
                let every =
                    a.iter().any(|a| b.iter().any(|b| eval(&[*a, *b], &cx) == Some(true)));
                let relation = Relation::of(name).expect("a relation");
                let found = some_pair(relation, &slots, &cx, |s, cx| (function.eval)(cx, s));
                prop_assert_eq!(found, every, "{}", name);
                let found = some_choice(&slots, &cx, |s, cx| (function.eval)(cx, s));
                prop_assert_eq!(found, every, "{}, one by one", name);
            }
        }

        /// No more is tried than is allowed, and as much as fits into it.
        #[test]
        fn reach_is_the_largest_that_fits(lengths in prop::collection::vec(0usize..2000, 0..5)) {
            let (arena, warnings) = (Bump::new(), Warnings::default());
            let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
            let slots: Vec<Value<'_>> = lengths
                .iter()
                .map(|length| match length {
                    0 => Value::Null,
                    1 => Value::Long(1),
                    n => Value::Multi(arena.alloc_slice_fill_copy(*n, Value::Long(1))),
                })
                .collect();
            let reach = reach(&slots, &cx);
            let choices = |most: usize| {
                lengths.iter().map(|length| (*length).max(1).min(most)).fold(1, usize::saturating_mul)
            };
            let several = lengths.iter().filter(|length| **length > 1).count();
            if reach == usize::MAX {
                prop_assert!(several < 2 || choices(usize::MAX) <= MOST_CHOICES);
                prop_assert_eq!(warnings.count(Warning::Choices), 0);
            } else {
                prop_assert!(choices(reach) <= MOST_CHOICES && choices(reach + 1) > MOST_CHOICES);
                prop_assert_eq!(warnings.count(Warning::Choices), 1);
            }
        }
    }

    /// What an attacker sends: two arrays of a hundred thousand values that share
    /// nothing.
    #[test]
    fn long_arrays_take_no_quadratic_time() {
        let (arena, warnings) = (Bump::new(), Warnings::default());
        let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
        let array = |from: i64| {
            let values = (from..from + 100_000).map(Value::Long);
            Value::Multi(arena.alloc_slice_fill_iter(values.collect::<Vec<_>>()))
        };
        let slots = [array(0), array(1_000_000)];
        let mut calls = std::cell::Cell::new(0);
        let never = |_: &[Value<'_>], _: &Cx<'_>| {
            calls.set(calls.get() + 1);
            Value::Boolean(false)
        };
        assert!(!some_pair(Relation::Equal, &slots, &cx, never));
        assert_eq!(calls.take(), 0, "sorted");
        assert!(!some_choice(&slots, &cx, never));
        assert_eq!(*calls.get_mut(), 256 * 256);
        assert_eq!(warnings.count(Warning::Choices), 1);
    }
}
