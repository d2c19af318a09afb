//! Three-valued logic: the truth tables of AND, OR and NOT, which generated code
//! evaluates lazily, and the tests for null.

use super::Function;
use super::single::function;
use crate::value::{Cx, Type, Value, Warning};

/// `AND`: false if one side is false, else null if one is null.
pub fn and<'a>(a: Value<'a>, b: Value<'a>) -> Value<'a> {
    match (a.truth(), b.truth()) {
        (Some(false), _) | (_, Some(false)) => Value::Boolean(false),
        (Some(true), Some(true)) => Value::Boolean(true),
        _ => Value::Null,
    }
}

/// `OR`: true if one side is true, else null if one is null.
pub fn or<'a>(a: Value<'a>, b: Value<'a>) -> Value<'a> {
    match (a.truth(), b.truth()) {
        (Some(true), _) | (_, Some(true)) => Value::Boolean(true),
        (Some(false), Some(false)) => Value::Boolean(false),
        _ => Value::Null,
    }
}

/// `NOT`: null stays null.
pub fn not(a: Value<'_>) -> Value<'_> {
    a.truth().map_or(Value::Null, |truth| Value::Boolean(!truth))
}

/// Whether a condition holds: true does; false, null and a multi-value (with a
/// warning) do not.
pub fn holds(cx: &Cx<'_>, condition: Value<'_>) -> bool {
    if matches!(condition, Value::Multi(_)) {
        cx.warnings.add(Warning::MultiValue);
    }
    condition.truth() == Some(true)
}

/// `IS NULL`: true for no value, never null.
pub fn is_null<'a>(_cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    Value::Boolean(args.first().is_none_or(Value::is_null))
}

/// `IS NOT NULL`: true for one value or several, never null.
pub fn is_not_null<'a>(_cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    Value::Boolean(args.first().is_some_and(|value| !value.is_null()))
}

/// The functions of this room.
pub(super) const FUNCTIONS: &[Function] = &[
    function!("is_null", logic::is_null, [Any] => Is(Type::Boolean)),
    function!("is_not_null", logic::is_not_null, [Any] => Is(Type::Boolean)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables() {
        let t = Value::Boolean(true);
        let f = Value::Boolean(false);
        let n = Value::Null;
        for (a, b, both, either) in [
            (t, t, Some(true), Some(true)),
            (t, f, Some(false), Some(true)),
            (t, n, None, Some(true)),
            (f, f, Some(false), Some(false)),
            (f, n, Some(false), None),
            (n, n, None, None),
        ] {
            assert_eq!(and(a, b).truth(), both);
            assert_eq!(and(b, a).truth(), both);
            assert_eq!(or(a, b).truth(), either);
            assert_eq!(or(b, a).truth(), either);
        }
        assert_eq!(not(t).truth(), Some(false));
        assert!(not(n).is_null());
    }
}
