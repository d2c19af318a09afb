//! Functions of several values (esql.md 5.6). A single value counts as one of
//! several; null in, null out unless a function says otherwise.

mod set;
mod statistics;

use set::{Set, distinct};
pub use statistics::{
    mv_avg, mv_median, mv_median_absolute_deviation, mv_percentile, mv_pseries_weighted_sum, mv_sum,
};

use super::signature::{Out, Param, Shape};
use super::single::{TEXT_LIMIT, function};
use super::{Argument, Function, Signature, SignatureError};
use crate::value::{Cx, Type, Value, Warning, compare};
use bumpalo::collections::{String as ArenaString, Vec as ArenaVec};

fn first<'a>(args: &[Value<'a>]) -> Value<'a> {
    args.first().copied().unwrap_or_default()
}

/// Copies values into the arena as one value.
fn collect<'a>(cx: &Cx<'a>, values: impl Iterator<Item = Value<'a>>) -> Value<'a> {
    Value::from_slice(ArenaVec::from_iter_in(values, cx.arena).into_bump_slice())
}

/// `MV_COUNT(x)`: how many values; null for none.
pub fn mv_count<'a>(_cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    match first(args).as_slice().len() {
        0 => Value::Null,
        n => Value::Integer(i32::try_from(n).unwrap_or(i32::MAX)),
    }
}

/// `MV_FIRST(x)`: the first value in the order in which they stand.
pub fn mv_first<'a>(_cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    first(args).as_slice().first().copied().unwrap_or_default()
}

/// `MV_LAST(x)`: the last value in the order in which they stand.
pub fn mv_last<'a>(_cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    first(args).as_slice().last().copied().unwrap_or_default()
}

/// `MV_MIN(x)`: the least value.
pub fn mv_min<'a>(_cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    first(args).as_slice().iter().copied().min_by(compare).unwrap_or_default()
}

/// `MV_MAX(x)`: the greatest value.
pub fn mv_max<'a>(_cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    first(args).as_slice().iter().copied().max_by(compare).unwrap_or_default()
}

/// `MV_DEDUPE(x)`: first occurrences, in order.
pub fn mv_dedupe<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    match first(args) {
        Value::Multi(values) => collect(cx, distinct(values).into_iter()),
        other => other,
    }
}

/// `MV_APPEND(a, b)`: the values of a, then those of b; null if one is null.
pub fn mv_append<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    if args.iter().any(Value::is_null) {
        return Value::Null;
    }
    collect(cx, args.iter().flat_map(|arg| arg.as_slice().iter().copied()))
}

/// `MV_CONCAT(s, delimiter)`: the texts joined; null if one is null.
pub fn mv_concat<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let [values, delimiter] = args else { return Value::Null };
    let delimiter = match delimiter {
        Value::Text(delimiter) => delimiter,
        Value::Multi(_) => return cx.warn(Warning::MultiValue),
        _ => return Value::Null,
    };
    let Value::Multi(values) = values else { return *values };
    let mut out = ArenaString::new_in(cx.arena);
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push_str(delimiter);
        }
        if let Value::Text(text) = value {
            out.push_str(text);
        }
        if out.len() > TEXT_LIMIT {
            return cx.warn(Warning::TooLong);
        }
    }
    Value::Text(out.into_bump_str())
}

/// `MV_CONTAINS(superset, subset)`: whether all values of the second are among
/// those of the first. Never null: nothing is contained in everything. Empty texts
/// of the subset are not asked for (a quirk of the original).
pub fn mv_contains<'a>(_cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let [all, some] = args else { return Value::Null };
    let set = Set::of(all.as_slice());
    let asked = some.as_slice().iter().filter(|value| !matches!(value, Value::Text("")));
    Value::Boolean(asked.into_iter().all(|value| set.contains(value)))
}

/// `MV_INTERSECTS(a, b)`: whether a value is in both. Never null.
pub fn mv_intersects<'a>(_cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let [a, b] = args else { return Value::Null };
    let set = Set::of(b.as_slice());
    Value::Boolean(a.as_slice().iter().any(|value| set.contains(value)))
}

/// `MV_INTERSECTION(a, b)`: distinct values that are in both, in the order of a;
/// null if there are none.
pub fn mv_intersection<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let [a, b] = args else { return Value::Null };
    let set = Set::of(b.as_slice());
    collect(cx, distinct(a.as_slice()).into_iter().filter(|value| set.contains(value)))
}

/// `MV_UNION(a, b)`: distinct values of a, then of b; null counts as none.
pub fn mv_union<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let all: Vec<Value<'a>> = args.iter().flat_map(|arg| arg.as_slice().iter().copied()).collect();
    collect(cx, distinct(&all).into_iter())
}

/// `MV_DIFFERENCE(a, b)`: the values of a that are not in b, repeats kept; null if
/// none is left.
pub fn mv_difference<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let [a, b] = args else { return Value::Null };
    let set = Set::of(b.as_slice());
    collect(cx, a.as_slice().iter().copied().filter(|value| !set.contains(value)))
}

/// `MV_SLICE(x, start [, end])`: the values from one index to another, both
/// included, from 0; negative ones count from the end. An end before the start, or
/// from a negative to a positive index, gives null and a warning.
pub fn mv_slice<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let (values, start, end) = match *args {
        [values, Value::Integer(start)] => (values, start, start),
        [values, Value::Integer(start), Value::Integer(end)] => (values, start, end),
        [_, ref bounds @ ..] if bounds.iter().any(|b| matches!(b, Value::Multi(_))) => {
            return cx.warn(Warning::MultiValue);
        }
        _ => return Value::Null,
    };
    if values.is_null() {
        return Value::Null;
    }
    if !is_range(start, end) {
        return cx.warn(Warning::Argument);
    }
    let all = match values {
        Value::Multi(all) => all,
        ref single => core::slice::from_ref(&*cx.arena.alloc(*single)),
    };
    let length = all.len() as i64;
    let index = |n: i32| i64::from(n) + if n < 0 { length } else { 0 };
    let (from, to) = (index(start).max(0), index(end).min(length - 1));
    match all.get(from as usize..(to + 1).max(0) as usize) {
        Some(part) => Value::from_slice(part),
        None => Value::Null,
    }
}

fn is_range(start: i32, end: i32) -> bool {
    start <= end && (start >= 0 || end < 0)
}

fn slice_types(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    let signature = Shape {
        required: &[Param::Any, Param::Int],
        optional: &[Param::Int],
        repeated: None,
        out: Out::Same(0),
    }
    .resolve(args)?;
    let bound = |index: usize| match args.get(index)?.constant {
        Some(Value::Integer(bound)) => Some(bound),
        _ => None,
    };
    if let (Some(start), Some(end)) = (bound(1), bound(2))
        && !is_range(start, end)
    {
        let reason = format!("the slice from {start} to {end} has no values");
        return Err(SignatureError::Constant { index: 2, reason });
    }
    Ok(signature)
}

/// `MV_SORT(x [, "asc" | "desc"])`.
pub fn mv_sort<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let descending = match args.get(1) {
        None => false,
        Some(Value::Text(order)) => match descending(order) {
            Some(descending) => descending,
            None => return cx.warn(Warning::Argument),
        },
        Some(_) => return Value::Null,
    };
    let Value::Multi(values) = first(args) else { return first(args) };
    let mut sorted = ArenaVec::from_iter_in(values.iter().copied(), cx.arena);
    sorted.sort_by(|a, b| if descending { compare(b, a) } else { compare(a, b) });
    Value::from_slice(sorted.into_bump_slice())
}

fn descending(order: &str) -> Option<bool> {
    match order.to_ascii_lowercase().as_str() {
        "asc" => Some(false),
        "desc" => Some(true),
        _ => None,
    }
}

fn sort_types(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    if let Some(Argument { constant: Some(Value::Text(order)), .. }) = args.get(1)
        && descending(order).is_none()
    {
        let reason = format!("expected \"asc\" or \"desc\", got {order:?}");
        return Err(SignatureError::Constant { index: 1, reason });
    }
    let shape = Shape {
        required: &[Param::Ordered],
        optional: &[Param::Text],
        repeated: None,
        out: Out::Same(0),
    };
    shape.resolve(args)
}

/// `MV_ZIP(a, b [, delimiter])`: the values in pairs, joined by the delimiter
/// (default `,`); what the longer side has more stands alone; a null side counts as
/// empty.
pub fn mv_zip<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let (a, b, delimiter) = match args {
        [a, b] => (a, b, ","),
        [a, b, Value::Text(delimiter)] => (a, b, *delimiter),
        [_, _, Value::Multi(_)] => return cx.warn(Warning::MultiValue),
        _ => return Value::Null,
    };
    let (a, b) = (a.as_slice(), b.as_slice());
    let text = |value: Option<&Value<'a>>| match value {
        Some(Value::Text(text)) => Some(*text),
        _ => None,
    };
    let pairs =
        (0..a.len().max(b.len())).map(|index| match (text(a.get(index)), text(b.get(index))) {
            (Some(a), Some(b)) => {
                let mut pair = ArenaString::from_str_in(a, cx.arena);
                pair.push_str(delimiter);
                pair.push_str(b);
                Value::Text(pair.into_bump_str())
            }
            (Some(one), None) | (None, Some(one)) => Value::Text(one),
            (None, None) => Value::Null,
        });
    collect(cx, pairs)
}

/// The functions of this room.
#[rustfmt::skip]
pub(super) const FUNCTIONS: &[Function] = &[
    function!("mv_append", multivalue::mv_append, [Any, Like(0)] => Common),
    function!("mv_avg", multivalue::mv_avg, [Number] => Is(Type::Double)),
    function!("mv_concat", multivalue::mv_concat, [Text, Text] => Is(Type::Keyword)),
    function!("mv_contains", multivalue::mv_contains, [Any, Like(0)] => Is(Type::Boolean)),
    function!("mv_count", multivalue::mv_count, [Any] => Is(Type::Integer)),
    function!("mv_dedupe", multivalue::mv_dedupe, [Any] => Same(0)),
    function!("mv_difference", multivalue::mv_difference, [Any, Like(0)] => Common),
    function!("mv_first", multivalue::mv_first, [Any] => Same(0)),
    function!("mv_intersection", multivalue::mv_intersection, [Any, Like(0)] => Common),
    function!("mv_intersects", multivalue::mv_intersects, [Any, Like(0)] => Is(Type::Boolean)),
    function!("mv_last", multivalue::mv_last, [Any] => Same(0)),
    function!("mv_max", multivalue::mv_max, [Ordered] => Same(0)),
    function!("mv_median", multivalue::mv_median, [Number] => Same(0)),
    function!("mv_median_absolute_deviation", multivalue::mv_median_absolute_deviation, [Number] => Same(0)),
    function!("mv_min", multivalue::mv_min, [Ordered] => Same(0)),
    function!("mv_percentile", multivalue::mv_percentile, [Signed, Signed] => Same(0)),
    function!("mv_pseries_weighted_sum", multivalue::mv_pseries_weighted_sum, [Signed, Signed] => Is(Type::Double)),
    function!("mv_slice", multivalue::mv_slice, by slice_types),
    function!("mv_sort", multivalue::mv_sort, by sort_types),
    function!("mv_sum", multivalue::mv_sum, [Number] => Same(0)),
    function!("mv_union", multivalue::mv_union, [Any, Like(0)] => Common),
    function!("mv_zip", multivalue::mv_zip, [Text, Text] opt [Text] => Is(Type::Keyword)),
];

#[cfg(test)]
mod tests {
    use crate::functions::trial::check;
    use crate::value::Value::{Boolean, Double, Integer, Long, Multi, Null, Text};

    #[test]
    fn table() {
        let abc = Multi(&[Text("b"), Text("a"), Text("b"), Text("c")]);
        let ints = Multi(&[Integer(1), Integer(2), Integer(2), Integer(3)]);
        check(&[
            ("mv_count", &[abc], "4"),
            ("mv_count", &[Null], "null"),
            ("mv_first", &[abc], "b"),
            ("mv_last", &[abc], "c"),
            ("mv_min", &[abc], "a"),
            ("mv_max", &[ints], "3"),
            ("mv_max", &[Multi(&[Boolean(false), Boolean(true)])], "true"),
            ("mv_dedupe", &[abc], "[b, a, c]"),
            ("mv_append", &[Text("x"), abc], "[x, b, a, b, c]"),
            ("mv_append", &[Null, abc], "null"),
            ("mv_concat", &[abc, Text("-")], "b-a-b-c"),
            ("mv_concat", &[Text("x"), Text("-")], "x"),
            ("mv_concat", &[abc, Null], "null"),
            ("mv_contains", &[abc, Text("a")], "true"),
            ("mv_contains", &[abc, Multi(&[Text("a"), Text("x")])], "false"),
            ("mv_contains", &[abc, Text("")], "true"),
            ("mv_contains", &[Null, Null], "true"),
            ("mv_contains", &[Null, Text("a")], "false"),
            ("mv_intersects", &[abc, Text("a")], "true"),
            ("mv_intersects", &[abc, Null], "false"),
            ("mv_intersection", &[abc, Multi(&[Text("c"), Text("b")])], "[b, c]"),
            ("mv_intersection", &[abc, Text("x")], "null"),
            ("mv_intersection", &[abc, Null], "null"),
            ("mv_union", &[abc, Text("d")], "[b, a, c, d]"),
            ("mv_union", &[Null, ints], "[1, 2, 3]"),
            ("mv_difference", &[abc, Text("a")], "[b, b, c]"),
            ("mv_difference", &[abc, Null], "[b, a, b, c]"),
            ("mv_slice", &[ints, Integer(1)], "2"),
            ("mv_slice", &[ints, Integer(2), Integer(9)], "[2, 3]"),
            ("mv_slice", &[ints, Integer(-3), Integer(-1)], "[2, 2, 3]"),
            ("mv_slice", &[ints, Integer(-9), Integer(-3)], "[1, 2]"),
            ("mv_slice", &[ints, Integer(-9), Integer(-5)], "null"),
            ("mv_slice", &[ints, Integer(4), Integer(6)], "null"),
            ("mv_slice", &[Integer(7), Integer(0)], "7"),
            ("mv_slice", &[Integer(7), Integer(1)], "null"),
            ("mv_slice", &[ints, Integer(2), Integer(1)], "!Argument null"),
            ("mv_slice", &[ints, Integer(-1), Integer(1)], "!Argument null"),
            ("mv_sort", &[abc], "[a, b, b, c]"),
            ("mv_sort", &[abc, Text("DESC")], "[c, b, b, a]"),
            ("mv_sort", &[Text("x")], "x"),
            ("mv_zip", &[abc, Multi(&[Text("1"), Text("2")]), Text("-")], "[b-1, a-2, b, c]"),
            ("mv_zip", &[Text("x"), Null], "x"),
            ("mv_zip", &[Null, Null], "null"),
            ("mv_avg", &[ints], "2.0"),
            ("mv_sum", &[Multi(&[Integer(i32::MAX), Integer(1)])], "!Overflow null"),
            ("mv_sum", &[Multi(&[Long(1), Long(2)])], "3"),
            ("mv_sum", &[Multi(&[Double(0.1), Double(0.2), Double(0.3)])], "0.6"),
            ("mv_median", &[Multi(&[Integer(0), Integer(2), Integer(5), Integer(6)])], "3"),
            ("mv_median", &[Multi(&[Double(1.0), Double(4.0)])], "2.5"),
            (
                "mv_median_absolute_deviation",
                &[Multi(&[Integer(0), Integer(2), Integer(5), Integer(6)])],
                "2",
            ),
            ("mv_median_absolute_deviation", &[Integer(300)], "0"),
            ("mv_percentile", &[Multi(&[Integer(0), Integer(5), Integer(10)]), Integer(75)], "7"),
            ("mv_percentile", &[Multi(&[Double(0.0), Double(10.0)]), Double(75.0)], "7.5"),
            ("mv_percentile", &[ints, Integer(101)], "!Argument null"),
            (
                "mv_pseries_weighted_sum",
                &[Multi(&[Double(3.0), Double(10.0)]), Double(0.0)],
                "13.0",
            ),
        ]);
    }
}
