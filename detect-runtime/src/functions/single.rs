//! The common shape of functions: every argument is one value.

use super::{Prepared, Scalar};
use crate::value::{Cx, Value, Warning};

/// The answer to arguments that are not single values: null for a null, null and
/// a warning for a multi-value (esql.md 4.2); `None` if all are single.
pub(crate) fn refuse<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Option<Value<'a>> {
    let mut several = false;
    for arg in args {
        match arg {
            Value::Null => return Some(Value::Null),
            Value::Multi(_) => several = true,
            _ => {}
        }
    }
    several.then(|| cx.warn(Warning::MultiValue))
}

/// A double, or null and a warning if it is not finite.
pub(crate) fn finite<'a>(cx: &Cx<'a>, number: f64) -> Value<'a> {
    if number.is_finite() { Value::Double(number) } else { cx.warn(Warning::Overflow) }
}

/// Longest text that a function makes, in bytes.
pub(crate) const TEXT_LIMIT: usize = 1 << 20;

/// A number as a double.
pub(crate) fn double(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Integer(n) => Some(f64::from(n)),
        Value::Long(n) => Some(n as f64),
        Value::UnsignedLong(n) => Some(n as f64),
        Value::Double(n) => Some(n),
        _ => None,
    }
}

/// A whole number in 64 signed bits.
pub(crate) fn whole(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Integer(n) => Some(i64::from(n)),
        Value::Long(n) => Some(n),
        Value::UnsignedLong(n) => i64::try_from(n).ok(),
        _ => None,
    }
}

/// Applies a conversion to each value; those that fail are counted and left out.
pub(crate) fn each<'a>(
    cx: &Cx<'a>,
    value: Value<'a>,
    convert: impl Fn(Value<'a>) -> Result<Value<'a>, Warning>,
) -> Value<'a> {
    let Value::Multi(values) = value else {
        return match value {
            Value::Null => Value::Null,
            one => convert(one).unwrap_or_else(|warning| cx.warn(warning)),
        };
    };
    let mut out = bumpalo::collections::Vec::with_capacity_in(values.len(), cx.arena);
    for one in values {
        match convert(*one) {
            Ok(value) => out.push(value),
            Err(warning) => cx.warnings.add(warning),
        }
    }
    Value::from_slice(out.into_bump_slice())
}

/// What stands in for a prepared call where a constant part is missing: the function
/// itself, as it is.
pub(crate) struct Plain(pub(crate) Scalar);

impl Prepared for Plain {
    fn apply<'a>(&self, cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
        (self.0)(cx, args)
    }
}

/// Declares functions of single values by the patterns of their arguments:
/// `name |cx| { [Value::Text(s)] => result, ... }`.
macro_rules! scalar {
    ($($(#[$meta:meta])* $name:ident |$cx:ident| { $($arms:tt)* })*) => {$(
        $(#[$meta])*
        pub fn $name<'a>($cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
            if let Some(answer) = $crate::functions::single::refuse($cx, args) {
                return answer;
            }
            match *args {
                $($arms)*
                _ => Value::Null,
            }
        }
    )*};
}
pub(crate) use scalar;

/// An entry of the table of functions:
/// `function!("left", string::left, [Text, Int] => Is(Type::Keyword))`, with
/// `opt [..]` for optional and `more P` for repeated parameters before `=>`, or a
/// function `by f` in place of all that; `ready f` names what prepares it.
macro_rules! function {
    ($name:literal, $room:ident::$eval:ident, [$($p:expr),*]
        $(opt [$($o:expr),*])? $(more $m:expr)? => $out:expr $(, ready $ready:expr)?) => {
        $crate::functions::Function {
            name: $name,
            path: concat!(stringify!($room), "::", stringify!($eval)),
            eval: $eval,
            resolve: |args| {
                const SHAPE: $crate::functions::signature::Shape = {
                    #[allow(unused_imports, reason = "a list of parameters uses some of the names")]
                    use $crate::functions::signature::{Out::*, Param::*};
                    $crate::functions::signature::Shape {
                        required: &[$($p),*],
                        optional: &[$($($o),*)?],
                        repeated: $crate::functions::single::function!(@more $($m)?),
                        out: $out,
                    }
                };
                SHAPE.resolve(args)
            },
            prepare: $crate::functions::single::function!(@ready $($ready)?),
        }
    };
    ($name:literal, $room:ident::$eval:ident, by $resolve:expr $(, ready $ready:expr)?) => {
        $crate::functions::Function {
            name: $name,
            path: concat!(stringify!($room), "::", stringify!($eval)),
            eval: $eval,
            resolve: $resolve,
            prepare: $crate::functions::single::function!(@ready $($ready)?),
        }
    };
    (@more) => { None };
    (@more $m:expr) => { Some($m) };
    (@ready) => { None };
    (@ready $ready:expr) => { Some($ready) };
}
pub(crate) use function;
