//! GREATEST, LEAST and CLAMP. (CASE and COALESCE are special forms of the plan:
//! they evaluate lazily.)

use super::Function;
use super::single::{function, refuse};
use crate::value::{Cx, Value, compare};
use core::cmp::Ordering;

/// `GREATEST(a, ...)`: null if an argument is null; several values count by their
/// greatest; booleans: OR.
pub fn greatest<'a>(_cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    extreme(args, Ordering::Greater)
}

/// `LEAST(a, ...)`: null if an argument is null; several values count by their
/// least; booleans: AND.
pub fn least<'a>(_cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    extreme(args, Ordering::Less)
}

fn extreme<'a>(args: &[Value<'a>], wanted: Ordering) -> Value<'a> {
    let mut best = Value::Null;
    for arg in args {
        if arg.is_null() {
            return Value::Null;
        }
        for value in arg.as_slice() {
            if best.is_null() || compare(value, &best) == wanted {
                best = *value;
            }
        }
    }
    widen(best, args)
}

/// Brings a number to the widest number type among the arguments.
fn widen<'a>(number: Value<'a>, args: &[Value<'a>]) -> Value<'a> {
    let any = |kind: fn(&Value<'a>) -> bool| args.iter().any(|arg| arg.as_slice().iter().any(kind));
    match number {
        Value::Integer(n) if any(|v| matches!(v, Value::Double(_))) => Value::Double(f64::from(n)),
        Value::Long(n) if any(|v| matches!(v, Value::Double(_))) => Value::Double(n as f64),
        Value::Integer(n) if any(|v| matches!(v, Value::Long(_))) => Value::Long(i64::from(n)),
        other => other,
    }
}

/// `CLAMP(x, low, high)`: standard null and multi-value rules.
pub fn clamp<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    match *args {
        [x, low, high] => clamp_max(cx, &[clamp_min(cx, &[x, low]), high]),
        _ => Value::Null,
    }
}

/// `CLAMP_MIN(x, low)`: the greater of both.
pub fn clamp_min<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    refuse(cx, args).unwrap_or_else(|| extreme(args, Ordering::Greater))
}

/// `CLAMP_MAX(x, high)`: the lesser of both.
pub fn clamp_max<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    refuse(cx, args).unwrap_or_else(|| extreme(args, Ordering::Less))
}

/// The functions of this room.
pub(super) const FUNCTIONS: &[Function] = &[
    function!("greatest", conditional::greatest, [Ordered] more Like(0) => Common),
    function!("least", conditional::least, [Ordered] more Like(0) => Common),
    function!("clamp", conditional::clamp, [Ordered, Like(0), Like(0)] => Common),
    function!("clamp_min", conditional::clamp_min, [Ordered, Like(0)] => Common),
    function!("clamp_max", conditional::clamp_max, [Ordered, Like(0)] => Common),
];

#[cfg(test)]
mod tests {
    use crate::functions::trial::check;
    use crate::value::Value::{Boolean, Double, Integer, Long, Multi, Null, Text};

    #[test]
    fn table() {
        let many = Multi(&[Integer(3), Integer(9)]);
        check(&[
            ("greatest", &[Integer(1), many], "9"),
            ("greatest", &[Integer(1), Null], "null"),
            ("greatest", &[Integer(3), Double(2.5)], "3.0"),
            ("greatest", &[Boolean(false), Boolean(true)], "true"),
            ("least", &[Integer(4), many, Long(8)], "3"),
            ("least", &[Text("b"), Text("a")], "a"),
            ("clamp", &[Integer(7), Integer(1), Integer(5)], "5"),
            ("clamp", &[Integer(0), Integer(1), Integer(5)], "1"),
            ("clamp_min", &[many, Integer(1)], "!MultiValue null"),
            ("clamp_max", &[Text("b"), Text("a")], "a"),
        ]);
    }
}
