//! Conversions between types (`TO_...`, `x::type`): value by value; a value that
//! does not convert is counted and left out (esql.md 5.5).

use super::signature::{is_text, parse_span};
use super::single::{each, function};
use super::{Argument, Function, Signature, SignatureError};
use crate::value::address::LeadingZeros;
use crate::value::{
    Cx, Point, Type, Value, Warning, address, date, number, text, well_known_point,
};

/// One value to another, or why not.
type Converted<'a> = Result<Value<'a>, Warning>;

/// What a failed conversion is.
const FAILED: Warning = Warning::Conversion;

fn first<'a>(args: &[Value<'a>]) -> Value<'a> {
    args.first().copied().unwrap_or_default()
}

/// `TO_STRING(x)`: keyword text of anything: doubles as Java prints them, dates in
/// ISO form, addresses canonical.
pub fn to_string<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    each(cx, first(args), |value| text(value, cx.arena).map(Value::Text).ok_or(FAILED))
}

/// `TO_BOOLEAN(x)`: the text `true` in any case is true, every other text false;
/// a number is true unless it is 0.
pub fn to_boolean<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    each(cx, first(args), |value| {
        Ok(Value::Boolean(match value {
            Value::Boolean(b) => b,
            Value::Text(t) => t.eq_ignore_ascii_case("true"),
            Value::Integer(n) => n != 0,
            Value::Long(n) => n != 0,
            Value::UnsignedLong(n) => n != 0,
            Value::Double(n) => n != 0.0,
            _ => return Err(FAILED),
        }))
    })
}

/// `TO_INTEGER(x [, base])`: whole texts as they are, other texts as doubles;
/// doubles to the nearest, halves upwards; dates as milliseconds; out of range
/// (tested before rounding) fails.
pub fn to_integer<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let base = match base(cx, args) {
        Ok(base) => base,
        Err(answer) => return answer,
    };
    each(cx, first(args), |value| {
        let converted = match value {
            Value::Text(t) => match base {
                Some(base) => digits(t, base).and_then(|n| i32::try_from(n).ok()),
                None => t.parse().ok().or_else(|| number::to_i32(number::parse_double(t)?)),
            },
            Value::Double(n) => number::to_i32(n),
            other => signed(other).and_then(|n| i32::try_from(n).ok()),
        };
        converted.map(Value::Integer).ok_or(FAILED)
    })
}

/// `TO_LONG(x [, base])`: as [`to_integer`] with 64 bits; `date_nanos` gives
/// nanoseconds.
pub fn to_long<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let base = match base(cx, args) {
        Ok(base) => base,
        Err(answer) => return answer,
    };
    each(cx, first(args), |value| {
        let converted = match value {
            Value::Text(t) => match base {
                Some(base) => digits(t, base).and_then(|n| i64::try_from(n).ok()),
                None => t.parse().ok().or_else(|| number::to_i64(number::parse_double(t)?)),
            },
            Value::Double(n) => number::to_i64(n),
            other => signed(other).and_then(|n| i64::try_from(n).ok()),
        };
        converted.map(Value::Long).ok_or(FAILED)
    })
}

/// `TO_UNSIGNED_LONG(x)`: as [`to_long`] from 0 to 2^64 - 1.
pub fn to_unsigned_long<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    each(cx, first(args), |value| {
        let converted = match value {
            Value::Text(t) => t.parse().ok().or_else(|| number::to_u64(number::parse_double(t)?)),
            Value::Double(n) => number::to_u64(n),
            other => signed(other).and_then(|n| u64::try_from(n).ok()),
        };
        converted.map(Value::UnsignedLong).ok_or(FAILED)
    })
}

/// `TO_DOUBLE(x)`: texts as Java reads them, no infinities; dates as milliseconds.
pub fn to_double<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    each(cx, first(args), |value| {
        let converted = match value {
            Value::Text(t) => number::parse_double(t),
            Value::Double(n) => Some(n),
            other => signed(other).map(|n| n as f64),
        };
        converted.map(Value::Double).ok_or(FAILED)
    })
}

/// The optional base of a number text: nothing, or a base of 2 to 36.
fn base<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Result<Option<u32>, Value<'a>> {
    match args.get(1) {
        None => Ok(None),
        Some(Value::Null) => Err(Value::Null),
        Some(Value::Integer(base @ 2..=36)) => Ok(Some(*base as u32)),
        Some(_) => Err(cx.warn(Warning::Argument)),
    }
}

/// Digits of a base, with sign and, for base 16, an optional `0x`.
fn digits(text: &str, base: u32) -> Option<i128> {
    let (sign, body) = match text.strip_prefix('-') {
        Some(body) => (-1, body),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let body = match base {
        16 => body.strip_prefix("0x").or_else(|| body.strip_prefix("0X")).unwrap_or(body),
        _ => body,
    };
    let unsigned = body.bytes().all(|byte| byte.is_ascii_alphanumeric());
    i128::from_str_radix(body, base).ok().filter(|_| unsigned).map(|n| sign * n)
}

/// Everything that is a whole number by nature.
fn signed(value: Value<'_>) -> Option<i128> {
    Some(match value {
        Value::Boolean(b) => i128::from(b),
        Value::Integer(n) => i128::from(n),
        Value::Long(n) | Value::Date(n) | Value::DateNanos(n) => i128::from(n),
        Value::UnsignedLong(n) => i128::from(n),
        _ => return None,
    })
}

/// `TO_DATETIME(x)`: texts in `strict_date_optional_time`, numbers as milliseconds
/// since 1970, nanoseconds cut to milliseconds.
pub fn to_datetime<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    each(cx, first(args), |value| {
        let converted = match value {
            Value::Date(at) => Some(at),
            Value::DateNanos(at) => Some(at.div_euclid(1_000_000)),
            Value::Text(t) => date::parse(t).and_then(date::to_millis),
            Value::Double(n) => number::to_i64(n),
            other => signed(other).and_then(|n| i64::try_from(n).ok()),
        };
        converted.map(Value::Date).ok_or(FAILED)
    })
}

/// `TO_DATE_NANOS(x)`: as [`to_datetime`], numbers as nanoseconds; nothing before
/// 1970 or after 2262 converts.
pub fn to_date_nanos<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    each(cx, first(args), |value| {
        let converted = match value {
            Value::DateNanos(at) => Some(i128::from(at)),
            Value::Date(at) => Some(i128::from(at) * 1_000_000),
            Value::Text(t) => date::parse(t),
            Value::Double(n) => number::to_i64(n).map(i128::from),
            other => signed(other),
        };
        let nanos = converted.filter(|n| *n >= 0).and_then(|n| i64::try_from(n).ok());
        nanos.map(Value::DateNanos).ok_or(FAILED)
    })
}

/// `TO_IP(x [, leading_zeros])`; the option is `reject` (default),
/// `octal` or `decimal`.
pub fn to_ip<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let zeros = match args.get(1) {
        None => LeadingZeros::Reject,
        Some(options) => match leading_zeros(*options) {
            Some(zeros) => zeros,
            None => return cx.warn(Warning::Argument),
        },
    };
    each(cx, first(args), |value| match value {
        Value::Ip(_) => Ok(value),
        Value::Text(t) => address::parse_with(t, zeros).map(Value::Ip).ok_or(FAILED),
        _ => Err(FAILED),
    })
}

fn leading_zeros(option: Value<'_>) -> Option<LeadingZeros> {
    match option {
        Value::Null | Value::Text("reject") => Some(LeadingZeros::Reject),
        Value::Text("octal") => Some(LeadingZeros::Octal),
        Value::Text("decimal") => Some(LeadingZeros::Decimal),
        _ => None,
    }
}

/// `TO_VERSION(x)`: every text is a version.
pub fn to_version<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    each(cx, first(args), |value| match value {
        Value::Text(t) | Value::Version(t) => Ok(Value::Version(t)),
        _ => Err(FAILED),
    })
}

fn to_point<'a>(cx: &Cx<'a>, value: Value<'a>, geo: bool) -> Converted<'a> {
    match value {
        Value::Point(_) => Ok(value),
        Value::Text(t) => {
            let point: Point = well_known_point(t, geo).ok_or(FAILED)?;
            Ok(Value::Point(cx.arena.alloc(point)))
        }
        _ => Err(FAILED),
    }
}

/// `TO_GEOPOINT(x)`: `POINT (longitude latitude)`.
pub fn to_geo_point<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    each(cx, first(args), |value| to_point(cx, value, true))
}

/// `TO_CARTESIANPOINT(x)`: `POINT (x y)`.
pub fn to_cartesian_point<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    each(cx, first(args), |value| to_point(cx, value, false))
}

/// `TO_GEOSHAPE(x)`, `TO_CARTESIANSHAPE(x)`: well-known text, kept as it is.
pub fn to_shape<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    each(cx, first(args), |value| match value {
        Value::Shape(_) => Ok(value),
        Value::Point(_) => text(value, cx.arena).map(Value::Shape).ok_or(FAILED),
        Value::Text(t) if is_shape(t) => Ok(Value::Shape(t)),
        _ => Err(FAILED),
    })
}

/// Begins with a geometry's name, ends in a bracket or is empty.
fn is_shape(text: &str) -> bool {
    const KINDS: [&str; 9] = [
        "POINT",
        "LINESTRING",
        "POLYGON",
        "MULTIPOINT",
        "MULTILINESTRING",
        "MULTIPOLYGON",
        "GEOMETRYCOLLECTION",
        "BBOX",
        "CIRCLE",
    ];
    let text = text.trim();
    let name = text.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
    let closed = text.ends_with(')') || text.to_ascii_uppercase().ends_with("EMPTY");
    closed && KINDS.iter().any(|kind| kind.eq_ignore_ascii_case(name))
}

/// `TO_DATEPERIOD(x)`: a text such as `3 days`.
pub fn to_date_period<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    each(cx, first(args), |value| match value {
        Value::Period { .. } => Ok(value),
        Value::Text(t) => {
            parse_span(t).filter(|span| matches!(span, Value::Period { .. })).ok_or(FAILED)
        }
        _ => Err(FAILED),
    })
}

/// `TO_TIMEDURATION(x)`: a text such as `3 hours`.
pub fn to_time_duration<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    each(cx, first(args), |value| match value {
        Value::Duration(_) => Ok(value),
        Value::Text(t) => {
            parse_span(t).filter(|span| matches!(span, Value::Duration(_))).ok_or(FAILED)
        }
        _ => Err(FAILED),
    })
}

/// Resolves a conversion: argument of one of these types, an optional second one.
fn conversion(
    args: &[Argument<'_>],
    from: &[Type],
    result: Type,
    second: Option<fn(Type) -> bool>,
) -> Result<Signature, SignatureError> {
    let most = 1 + usize::from(second.is_some());
    if args.is_empty() || args.len() > most {
        let expected = if most == 1 { "1" } else { "1 to 2" }.to_owned();
        return Err(SignatureError::Count { expected, got: args.len() });
    }
    let ty = args[0].ty;
    if ty != Type::Null && !from.contains(&ty) {
        let names: Vec<_> = from.iter().map(|ty| super::signature::name(*ty)).collect();
        let expected = format!("one of {}", names.join(", "));
        return Err(SignatureError::Type { index: 0, expected, got: ty });
    }
    if let (Some(arg), Some(takes)) = (args.get(1), second)
        && !takes(arg.ty)
    {
        let expected = "a base or options".to_owned();
        return Err(SignatureError::Type { index: 1, expected, got: arg.ty });
    }
    Ok(Signature { result, arguments: args.iter().map(|arg| arg.ty).collect() })
}

/// Types that are numbers or read as such.
const NUMERIC: &[Type] = &[
    Type::Boolean,
    Type::Integer,
    Type::Long,
    Type::UnsignedLong,
    Type::Double,
    Type::Keyword,
    Type::Text,
    Type::Date,
    Type::DateNanos,
];

fn integer_base(ty: Type) -> bool {
    matches!(ty, Type::Integer | Type::Null)
}

fn spans(args: &[Argument<'_>], ty: Type) -> Result<Signature, SignatureError> {
    let signature = conversion(args, &[Type::Keyword, Type::Text, ty], ty, None)?;
    if let Some(Value::Text(text)) = args[0].constant {
        let fits = match parse_span(text) {
            Some(Value::Period { .. }) => ty == Type::DatePeriod,
            Some(_) => ty == Type::TimeDuration,
            None => false,
        };
        if !fits {
            let reason = format!("cannot read {text:?} as {}", super::signature::name(ty));
            return Err(SignatureError::Constant { index: 0, reason });
        }
    }
    Ok(signature)
}

/// The functions of this room.
#[rustfmt::skip]
pub(super) const FUNCTIONS: &[Function] = &[
    function!("to_string", convert::to_string, [Any] => Is(Type::Keyword)),
    function!("to_text", convert::to_string, by |args| conversion(args, &[Type::Keyword, Type::Text], Type::Text, None)),
    function!("to_boolean", convert::to_boolean, by |args| conversion(args, &NUMERIC[..7], Type::Boolean, None)),
    function!("to_integer", convert::to_integer, by |args| conversion(args, NUMERIC, Type::Integer, Some(integer_base))),
    function!("to_long", convert::to_long, by |args| conversion(args, NUMERIC, Type::Long, Some(integer_base))),
    function!("to_unsigned_long", convert::to_unsigned_long, by |args| conversion(args, NUMERIC, Type::UnsignedLong, None)),
    function!("to_double", convert::to_double, by |args| conversion(args, NUMERIC, Type::Double, None)),
    function!("to_datetime", convert::to_datetime, by |args| conversion(args, &NUMERIC[1..], Type::Date, None)),
    function!("to_date_nanos", convert::to_date_nanos, by |args| conversion(args, &NUMERIC[1..], Type::DateNanos, None)),
    function!("to_ip", convert::to_ip, by |args| conversion(args, &[Type::Ip, Type::Keyword, Type::Text], Type::Ip, Some(is_text))),
    function!("to_version", convert::to_version, by |args| conversion(args, &[Type::Version, Type::Keyword, Type::Text], Type::Version, None)),
    function!("to_geopoint", convert::to_geo_point, by |args| conversion(args, &[Type::GeoPoint, Type::Keyword, Type::Text], Type::GeoPoint, None)),
    function!("to_cartesianpoint", convert::to_cartesian_point, by |args| conversion(args, &[Type::CartesianPoint, Type::Keyword, Type::Text], Type::CartesianPoint, None)),
    function!("to_geoshape", convert::to_shape, by |args| conversion(args, &[Type::GeoShape, Type::GeoPoint, Type::Keyword, Type::Text], Type::GeoShape, None)),
    function!("to_cartesianshape", convert::to_shape, by |args| conversion(args, &[Type::CartesianShape, Type::CartesianPoint, Type::Keyword, Type::Text], Type::CartesianShape, None)),
    function!("to_dateperiod", convert::to_date_period, by |args| spans(args, Type::DatePeriod)),
    function!("to_timeduration", convert::to_time_duration, by |args| spans(args, Type::TimeDuration)),
];

/// Name of the function that brings a value to a type; `None` for null.
pub(super) fn function_to(ty: Type) -> Option<&'static str> {
    Some(match ty {
        Type::Null | Type::Source => return None,
        Type::Boolean => "to_boolean",
        Type::Integer => "to_integer",
        Type::Long => "to_long",
        Type::UnsignedLong => "to_unsigned_long",
        Type::Double => "to_double",
        Type::Keyword => "to_string",
        Type::Text => "to_text",
        Type::Date => "to_datetime",
        Type::DateNanos => "to_date_nanos",
        Type::Ip => "to_ip",
        Type::Version => "to_version",
        Type::GeoPoint => "to_geopoint",
        Type::CartesianPoint => "to_cartesianpoint",
        Type::GeoShape => "to_geoshape",
        Type::CartesianShape => "to_cartesianshape",
        Type::DatePeriod => "to_dateperiod",
        Type::TimeDuration => "to_timeduration",
    })
}

#[cfg(test)]
mod tests {
    use crate::functions::trial::check;
    use crate::value::Value::{
        Boolean, Date, DateNanos, Double, Integer, Long, Multi, Null, Text, UnsignedLong,
    };

    #[test]
    fn table() {
        let mixed = Multi(&[Text("1"), Text("x"), Text("2.5")]);
        check(&[
            ("to_string", &[Double(3.0)], "3.0"),
            ("to_string", &[Null], "null"),
            ("to_boolean", &[Multi(&[Text("TRUE"), Text("yes")])], "[true, false]"),
            ("to_boolean", &[Integer(2)], "true"),
            ("to_integer", &[mixed], "!Conversion [1, 3]"),
            ("to_integer", &[Text("2147483647.2")], "!Conversion null"),
            ("to_integer", &[Date(5)], "5"),
            ("to_integer", &[Text("-ff"), Integer(16)], "-255"),
            ("to_integer", &[Text("1"), Integer(1)], "!Argument null"),
            ("to_long", &[Double(-1.5)], "-1"),
            ("to_long", &[UnsignedLong(u64::MAX)], "!Conversion null"),
            ("to_long", &[Text("0x10"), Integer(16)], "16"),
            ("to_unsigned_long", &[Text("18446744073709551615")], "18446744073709551615"),
            ("to_unsigned_long", &[Long(-1)], "!Conversion null"),
            ("to_double", &[Text("1e3")], "1000.0"),
            ("to_double", &[Text("NaN")], "!Conversion null"),
            ("to_datetime", &[Text("2024-01-01")], "2024-01-01T00:00:00.000Z"),
            ("to_datetime", &[Text("1")], "!Conversion null"),
            ("to_datetime", &[DateNanos(1_999_999)], "1970-01-01T00:00:00.001Z"),
            ("to_date_nanos", &[Date(1)], "1970-01-01T00:00:00.001Z"),
            ("to_date_nanos", &[Date(-1)], "!Conversion null"),
            ("to_ip", &[Text("1.1.1.010")], "!Conversion null"),
            ("to_ip", &[Text("1.1.1.010"), Text("octal")], "1.1.1.8"),
            ("to_version", &[Text("anything")], "anything"),
            ("to_geopoint", &[Text("POINT(1 2)")], "POINT (1.0 2.0)"),
            ("to_geopoint", &[Text("1,2")], "!Conversion null"),
            (
                "to_geoshape",
                &[Text("POLYGON((0 0, 1 1, 1 0, 0 0))")],
                "POLYGON((0 0, 1 1, 1 0, 0 0))",
            ),
            ("to_dateperiod", &[Text("3 days")], "P3D"),
            ("to_dateperiod", &[Text("3 hours")], "!Conversion null"),
            ("to_timeduration", &[Text("3 hours")], "PT3H"),
            ("to_boolean", &[Boolean(true)], "true"),
        ]);
    }
}
