//! Numbers (esql.md 5.3). Results that are not finite give null and a warning.

use super::Function;
use super::single::{double, finite, function, refuse, scalar, whole};
use crate::value::{Cx, Type, Value, Warning, compare, number};
use core::f64::consts;

/// A double function of one number.
macro_rules! real {
    ($($(#[$meta:meta])* $name:ident $apply:expr;)*) => {$(
        $(#[$meta])*
        pub fn $name<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
            if let Some(answer) = refuse(cx, args) {
                return answer;
            }
            let apply: fn(f64) -> f64 = $apply;
            match args.first().copied().and_then(double) {
                Some(number) => finite(cx, apply(number)),
                None => Value::Null,
            }
        }
    )*};
}

real! {
    /// `SQRT(n)`; a negative number gives null and a warning.
    sqrt f64::sqrt;
    /// `CBRT(n)`: cube root.
    cbrt f64::cbrt;
    /// `EXP(n)`.
    exp f64::exp;
    /// `SIGNUM(n)`: -1, 0 or 1.
    signum |n| if n == 0.0 { 0.0 } else { n.signum() };
    /// `SIN(n)`, n in radians.
    sin f64::sin;
    /// `COS(n)`, n in radians.
    cos f64::cos;
    /// `TAN(n)`, n in radians.
    tan f64::tan;
    /// `ASIN(n)`; outside -1 to 1 null and a warning.
    asin f64::asin;
    /// `ACOS(n)`; outside -1 to 1 null and a warning.
    acos f64::acos;
    /// `ATAN(n)`.
    atan f64::atan;
    /// `SINH(n)`.
    sinh f64::sinh;
    /// `COSH(n)`.
    cosh f64::cosh;
    /// `TANH(n)`.
    tanh f64::tanh;
    /// `ASINH(n)`.
    asinh f64::asinh;
    /// `ACOSH(n)`; below 1 null and a warning.
    acosh f64::acosh;
    /// `ATANH(n)`; outside -1 to 1 null and a warning.
    atanh f64::atanh;
    /// `TO_DEGREES(radians)` of a single number.
    degrees |n| n.to_degrees();
    /// `TO_RADIANS(degrees)` of a single number.
    radians |n| n.to_radians();
}

/// `TO_DEGREES(radians)`: value by value.
pub fn to_degrees<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    super::single::each(cx, args.first().copied().unwrap_or_default(), |value| {
        Ok(degrees(cx, &[value]))
    })
}

/// `TO_RADIANS(degrees)`: value by value.
pub fn to_radians<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    super::single::each(cx, args.first().copied().unwrap_or_default(), |value| {
        Ok(radians(cx, &[value]))
    })
}

/// `PI()`.
pub fn pi<'a>(_cx: &Cx<'a>, _args: &[Value<'a>]) -> Value<'a> {
    Value::Double(consts::PI)
}

/// `E()`.
pub fn e<'a>(_cx: &Cx<'a>, _args: &[Value<'a>]) -> Value<'a> {
    Value::Double(consts::E)
}

/// `TAU()`.
pub fn tau<'a>(_cx: &Cx<'a>, _args: &[Value<'a>]) -> Value<'a> {
    Value::Double(consts::TAU)
}

scalar! {
    /// `ABS(n)`; that of the least integer overflows.
    abs |cx| {
        [Value::Integer(n)] => n.checked_abs().map_or_else(|| cx.warn(Warning::Overflow), Value::Integer),
        [Value::Long(n)] => n.checked_abs().map_or_else(|| cx.warn(Warning::Overflow), Value::Long),
        [Value::Double(n)] => Value::Double(n.abs()),
        [n] => n,
    }

    /// `CEIL(n)`: whole numbers as they are.
    ceil |cx| {
        [Value::Double(n)] => Value::Double(n.ceil()),
        [n] => n,
    }

    /// `FLOOR(n)`: whole numbers as they are.
    floor |cx| {
        [Value::Double(n)] => Value::Double(n.floor()),
        [n] => n,
    }

    /// `ROUND(n [, decimals])`: halves away from zero; negative decimals round left
    /// of the point.
    round |cx| {
        [n] => rounded(cx, n, 0),
        [n, decimals] => whole(decimals).map_or(Value::Null, |decimals| rounded(cx, n, decimals)),
    }

    /// `POW(base, exponent)`.
    pow |cx| {
        [base, exponent] => match (double(base), double(exponent)) {
            (Some(base), Some(exponent)) => finite(cx, base.powf(exponent)),
            _ => Value::Null,
        },
    }

    /// `LOG10(n)`: n <= 0 gives null and a warning.
    log10 |cx| {
        [n] => match double(n) {
            Some(n) if n > 0.0 => finite(cx, n.log10()),
            _ => cx.warn(Warning::Argument),
        },
    }

    /// `LOG(n)`, `LOG(base, n)`: numbers <= 0 and base 1 give null and a warning.
    log |cx| {
        [n] => match double(n) {
            Some(n) if n > 0.0 => finite(cx, n.ln()),
            _ => cx.warn(Warning::Argument),
        },
        [base, n] => match (double(base), double(n)) {
            (Some(base), Some(n)) if n > 0.0 && base > 0.0 && base != 1.0 => {
                finite(cx, n.ln() / base.ln())
            }
            _ => cx.warn(Warning::Argument),
        },
    }

    /// `ATAN2(y, x)`.
    atan2 |cx| {
        [y, x] => match (double(y), double(x)) {
            (Some(y), Some(x)) => Value::Double(y.atan2(x)),
            _ => Value::Null,
        },
    }

    /// `HYPOT(a, b)`.
    hypot |cx| {
        [a, b] => match (double(a), double(b)) {
            (Some(a), Some(b)) => finite(cx, a.hypot(b)),
            _ => Value::Null,
        },
    }

    /// `COPY_SIGN(size, sign)`.
    copy_sign |cx| {
        [Value::Integer(n), sign] => double(sign).map_or(Value::Null, |sign| {
            let size = i64::from(n).abs();
            let signed = if sign.is_sign_negative() { -size } else { size };
            i32::try_from(signed).map_or_else(|_| cx.warn(Warning::Overflow), Value::Integer)
        }),
        [Value::Long(n), sign] => double(sign).map_or(Value::Null, |sign| {
            let size = i128::from(n).abs();
            let signed = if sign.is_sign_negative() { -size } else { size };
            i64::try_from(signed).map_or_else(|_| cx.warn(Warning::Overflow), Value::Long)
        }),
        [Value::Double(n), sign] => double(sign).map_or(Value::Null, |sign| Value::Double(n.copysign(sign))),
    }

    /// `SCALB(n, exponent)`: n times 2 to the exponent.
    scalb |cx| {
        [n, exponent] => match (double(n), whole(exponent)) {
            (Some(n), Some(exponent)) => {
                // Two steps keep an intermediate power of two in range.
                let exponent = exponent.clamp(-4000, 4000) as i32;
                finite(cx, n * 2f64.powi(exponent / 2) * 2f64.powi(exponent - exponent / 2))
            }
            _ => Value::Null,
        },
    }
}

fn rounded<'a>(cx: &Cx<'a>, n: Value<'a>, decimals: i64) -> Value<'a> {
    match n {
        Value::Double(n) => Value::Double(round_double(n, decimals)),
        Value::Integer(_) | Value::Long(_) | Value::UnsignedLong(_) if decimals >= 0 => n,
        Value::Integer(m) => i32::try_from(round_whole(i128::from(m), decimals))
            .map_or_else(|_| cx.warn(Warning::Overflow), Value::Integer),
        Value::Long(m) => i64::try_from(round_whole(i128::from(m), decimals))
            .map_or_else(|_| cx.warn(Warning::Overflow), Value::Long),
        Value::UnsignedLong(m) => u64::try_from(round_whole(i128::from(m), decimals))
            .map_or_else(|_| cx.warn(Warning::Overflow), Value::UnsignedLong),
        _ => Value::Null,
    }
}

/// `round(|x| * 10^d) / 10^d` with the sign of x, halves up. Numbers without a
/// fraction at that place come back as they are.
fn round_double(n: f64, decimals: i64) -> f64 {
    let decimals = decimals.clamp(-400, 400) as i32;
    let scale = 10f64.powi(decimals);
    let scaled = n.abs() * scale;
    if scale == 0.0 {
        return 0.0;
    }
    // From 2^52 on doubles have no fraction.
    if !scaled.is_finite() || scaled >= 4_503_599_627_370_496.0 {
        return n;
    }
    let rounded = number::round_half_up(scaled);
    let size = if decimals < 0 { rounded * 10f64.powi(-decimals) } else { rounded / scale };
    size.copysign(n) + 0.0
}

/// Rounds to a multiple of `10^-decimals`, halves away from zero.
fn round_whole(n: i128, decimals: i64) -> i128 {
    match u32::try_from(-decimals).ok().and_then(|digits| 10i128.checked_pow(digits)) {
        Some(step) => (n.abs() + step / 2) / step * step * n.signum(),
        None => 0,
    }
}

/// `ROUND_TO(n, point, ...)`: the greatest point that is not above n, the least
/// point if all are above. Numbers and dates.
pub fn round_to<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    if let Some(answer) = refuse(cx, args) {
        return answer;
    }
    let Some((n, points)) = args.split_first() else { return Value::Null };
    let below = points.iter().filter(|point| compare(point, n).is_le());
    let found = below.max_by(|a, b| compare(a, b));
    let point = found.or_else(|| points.iter().min_by(|a, b| compare(a, b)));
    let point = point.copied().unwrap_or_default();
    let any = |kind: fn(&Value<'a>) -> bool| args.iter().any(kind);
    match point {
        Value::Integer(_) | Value::Long(_) if any(|v| matches!(v, Value::Double(_))) => {
            double(point).map_or(Value::Null, Value::Double)
        }
        Value::Integer(m) if any(|v| matches!(v, Value::Long(_))) => Value::Long(i64::from(m)),
        other => other,
    }
}

/// The functions of this room.
#[rustfmt::skip]
pub(super) const FUNCTIONS: &[Function] = &[
    function!("abs", math::abs, [Number] => Same(0)),
    function!("ceil", math::ceil, [Number] => Same(0)),
    function!("floor", math::floor, [Number] => Same(0)),
    function!("round", math::round, [Number] opt [Whole] => Same(0)),
    function!("round_to", math::round_to, [Ordered, Like(0)] more Like(0) => Common),
    function!("pow", math::pow, [Number, Number] => Is(Type::Double)),
    function!("sqrt", math::sqrt, [Number] => Is(Type::Double)),
    function!("cbrt", math::cbrt, [Number] => Is(Type::Double)),
    function!("exp", math::exp, [Number] => Is(Type::Double)),
    function!("log", math::log, [Number] opt [Number] => Is(Type::Double)),
    function!("log10", math::log10, [Number] => Is(Type::Double)),
    function!("signum", math::signum, [Number] => Is(Type::Double)),
    function!("sin", math::sin, [Number] => Is(Type::Double)),
    function!("cos", math::cos, [Number] => Is(Type::Double)),
    function!("tan", math::tan, [Number] => Is(Type::Double)),
    function!("asin", math::asin, [Number] => Is(Type::Double)),
    function!("acos", math::acos, [Number] => Is(Type::Double)),
    function!("atan", math::atan, [Number] => Is(Type::Double)),
    function!("atan2", math::atan2, [Number, Number] => Is(Type::Double)),
    function!("sinh", math::sinh, [Number] => Is(Type::Double)),
    function!("cosh", math::cosh, [Number] => Is(Type::Double)),
    function!("tanh", math::tanh, [Number] => Is(Type::Double)),
    function!("asinh", math::asinh, [Number] => Is(Type::Double)),
    function!("acosh", math::acosh, [Number] => Is(Type::Double)),
    function!("atanh", math::atanh, [Number] => Is(Type::Double)),
    function!("hypot", math::hypot, [Number, Number] => Is(Type::Double)),
    function!("copy_sign", math::copy_sign, [Signed, Number] => Same(0)),
    function!("scalb", math::scalb, [Number, Whole] => Is(Type::Double)),
    function!("to_degrees", math::to_degrees, [Number] => Is(Type::Double)),
    function!("to_radians", math::to_radians, [Number] => Is(Type::Double)),
    function!("pi", math::pi, [] => Is(Type::Double)),
    function!("e", math::e, [] => Is(Type::Double)),
    function!("tau", math::tau, [] => Is(Type::Double)),
];

#[cfg(test)]
mod tests {
    use crate::functions::trial::check;
    use crate::value::Value::{Date, Double, Integer, Long, Multi, Null, Text, UnsignedLong};

    #[test]
    fn table() {
        let two = Multi(&[Integer(1), Integer(2)]);
        check(&[
            ("abs", &[Integer(-3)], "3"),
            ("abs", &[Integer(i32::MIN)], "!Overflow null"),
            ("abs", &[Null], "null"),
            ("abs", &[two], "!MultiValue null"),
            ("ceil", &[Double(1.2)], "2.0"),
            ("ceil", &[Long(7)], "7"),
            ("floor", &[Double(-1.2)], "-2.0"),
            ("round", &[Double(2.5)], "3.0"),
            ("round", &[Double(-2.5)], "-3.0"),
            ("round", &[Double(1.25), Integer(1)], "1.3"),
            ("round", &[Double(1234.5), Integer(-2)], "1200.0"),
            ("round", &[Double(1e300), Integer(5)], "1.0E300"),
            ("round", &[Integer(1250), Integer(-2)], "1300"),
            ("round", &[Integer(-1250), Integer(-2)], "-1300"),
            ("round", &[Integer(12), Integer(3)], "12"),
            ("round", &[Integer(i32::MAX), Integer(-9)], "2000000000"),
            ("round", &[Integer(i32::MAX), Integer(-1)], "!Overflow null"),
            ("round", &[Long(5), Integer(-40)], "0"),
            ("round", &[UnsignedLong(u64::MAX), Integer(0)], "18446744073709551615"),
            ("round_to", &[Integer(1), Integer(2), Integer(-1), Integer(0)], "0"),
            ("round_to", &[Double(1.1), Integer(2), Integer(3)], "2.0"),
            ("round_to", &[Date(5), Date(9), Date(4)], "1970-01-01T00:00:00.004Z"),
            ("pow", &[Integer(2), Integer(10)], "1024.0"),
            ("pow", &[Integer(-4), Double(0.5)], "!Overflow null"),
            ("sqrt", &[Integer(-1)], "!Overflow null"),
            ("log", &[Integer(2), Double(8.0)], "3.0"),
            ("log", &[Integer(1), Integer(2)], "!Argument null"),
            ("log", &[Integer(0)], "!Argument null"),
            ("log10", &[Double(1000.0)], "3.0"),
            ("signum", &[Integer(-9)], "-1.0"),
            ("signum", &[Double(-0.0)], "0.0"),
            ("acos", &[Double(1.1)], "!Overflow null"),
            ("scalb", &[Double(3.0), Integer(4)], "48.0"),
            ("copy_sign", &[Integer(3), Double(-1.0)], "-3"),
            ("to_degrees", &[Double(core::f64::consts::PI)], "180.0"),
            ("pi", &[], "3.141592653589793"),
            ("sqrt", &[Text("x")], "null"),
        ]);
    }
}
