//! Operators: arithmetic, comparison, IN.

use super::signature::{
    cast_literal, common_type, is_date, is_number, is_span, is_text, literal_beside,
};
use super::single::{double, finite, function, refuse, scalar, whole};
use super::{Argument, Function, Signature, SignatureError};
use crate::value::{Cx, Type, Value, Warning, compare, date};

/// Two numbers brought to the wider of their types.
enum Pair {
    Integer(i32, i32),
    Long(i64, i64),
    Unsigned(u64, u64),
    Double(f64, f64),
}

fn pair(a: Value<'_>, b: Value<'_>) -> Option<Pair> {
    Some(match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => Pair::Integer(a, b),
        (Value::UnsignedLong(a), Value::UnsignedLong(b)) => Pair::Unsigned(a, b),
        (Value::Double(_) | Value::UnsignedLong(_), _)
        | (_, Value::Double(_) | Value::UnsignedLong(_)) => Pair::Double(double(a)?, double(b)?),
        _ => Pair::Long(whole(a)?, whole(b)?),
    })
}

/// Calculates with a checked operation of each width. Overflow of the width and
/// doubles that are not finite give null and a warning (esql.md 4.6).
fn calculate<'a>(
    cx: &Cx<'a>,
    a: Value<'a>,
    b: Value<'a>,
    integer: fn(i32, i32) -> Option<i32>,
    long: fn(i64, i64) -> Option<i64>,
    unsigned: fn(u64, u64) -> Option<u64>,
    real: fn(f64, f64) -> f64,
) -> Value<'a> {
    let result = match pair(a, b) {
        None => return Value::Null,
        Some(Pair::Integer(a, b)) => integer(a, b).map(Value::Integer),
        Some(Pair::Long(a, b)) => long(a, b).map(Value::Long),
        Some(Pair::Unsigned(a, b)) => unsigned(a, b).map(Value::UnsignedLong),
        Some(Pair::Double(a, b)) => return finite(cx, real(a, b)),
    };
    result.unwrap_or_else(|| cx.warn(Warning::Overflow))
}

/// Moves a date by a span, `sign` 1 or -1.
fn shift<'a>(cx: &Cx<'a>, instant: Value<'a>, span: Value<'a>, sign: i64) -> Value<'a> {
    let nanos = matches!(instant, Value::DateNanos(_));
    let (Value::Date(at) | Value::DateNanos(at)) = instant else { return Value::Null };
    let (tick, day) = if nanos { (1_000_000, date::DAY * 1_000_000) } else { (1, date::DAY) };
    let moved = match span {
        Value::Duration(millis) => {
            millis.checked_mul(sign * tick).and_then(|ticks| at.checked_add(ticks))
        }
        Value::Period { months, days } => {
            let millis = at.div_euclid(tick);
            date::add_months(millis, sign * i64::from(months))
                .and_then(|moved| moved.checked_mul(tick))
                .and_then(|moved| moved.checked_add(at.rem_euclid(tick)))
                .and_then(|moved| moved.checked_add(i64::from(days).checked_mul(sign * day)?))
        }
        _ => return Value::Null,
    };
    match moved {
        Some(at) if nanos => Value::DateNanos(at),
        Some(at) => Value::Date(at),
        None => cx.warn(Warning::Overflow),
    }
}

/// Sum or difference of two spans of one kind.
fn join_spans<'a>(cx: &Cx<'a>, a: Value<'a>, b: Value<'a>, sign: i32) -> Value<'a> {
    let joined = match (a, b) {
        (Value::Duration(a), Value::Duration(b)) => {
            b.checked_mul(i64::from(sign)).and_then(|b| a.checked_add(b)).map(Value::Duration)
        }
        (Value::Period { months, days }, Value::Period { months: m, days: d }) => (|| {
            Some(Value::Period {
                months: months.checked_add(m.checked_mul(sign)?)?,
                days: days.checked_add(d.checked_mul(sign)?)?,
            })
        })(),
        _ => None,
    };
    joined.unwrap_or_else(|| cx.warn(Warning::Overflow))
}

scalar! {
    /// `a + b`: numbers, date and span in either order, two spans of one kind.
    /// Standard null and multi-value rules; overflow gives null and a warning.
    add |cx| {
        [at @ (Value::Date(_) | Value::DateNanos(_)), by] => shift(cx, at, by, 1),
        [by, at @ (Value::Date(_) | Value::DateNanos(_))] => shift(cx, at, by, 1),
        [a @ (Value::Period { .. } | Value::Duration(_)), b] => join_spans(cx, a, b, 1),
        [a, b] => calculate(cx, a, b, i32::checked_add, i64::checked_add, u64::checked_add, |a, b| a + b),
    }

    /// `a - b`: numbers, a span from a date, two spans of one kind.
    subtract |cx| {
        [at @ (Value::Date(_) | Value::DateNanos(_)), by] => shift(cx, at, by, -1),
        [a @ (Value::Period { .. } | Value::Duration(_)), b] => join_spans(cx, a, b, -1),
        [a, b] => calculate(cx, a, b, i32::checked_sub, i64::checked_sub, u64::checked_sub, |a, b| a - b),
    }

    /// `a * b`.
    multiply |cx| {
        [a, b] => calculate(cx, a, b, i32::checked_mul, i64::checked_mul, u64::checked_mul, |a, b| a * b),
    }

    /// `a / b`: whole numbers truncate toward zero; a divisor of 0 gives null and
    /// a warning, for doubles too.
    divide |cx| {
        [_, b] if is_zero(b) => cx.warn(Warning::DivisionByZero),
        [a, b] => calculate(
            cx, a, b,
            |a, b| Some(a.wrapping_div(b)), |a, b| Some(a.wrapping_div(b)), u64::checked_div, |a, b| a / b,
        ),
    }

    /// `a % b`: remainder with the sign of `a`; a divisor of 0 gives null and a
    /// warning.
    modulo |cx| {
        [_, b] if is_zero(b) => cx.warn(Warning::DivisionByZero),
        [a, b] => calculate(
            cx, a, b,
            |a, b| Some(a.wrapping_rem(b)), |a, b| Some(a.wrapping_rem(b)), u64::checked_rem, |a, b| a % b,
        ),
    }

    /// `-a` of a signed number or a span.
    negate |cx| {
        [Value::Integer(n)] => n.checked_neg().map_or_else(|| cx.warn(Warning::Overflow), Value::Integer),
        [Value::Long(n)] => n.checked_neg().map_or_else(|| cx.warn(Warning::Overflow), Value::Long),
        [Value::Double(n)] => Value::Double(-n),
        [Value::Duration(n)] => n.checked_neg().map_or_else(|| cx.warn(Warning::Overflow), Value::Duration),
        [Value::Period { months, days }] => match (months.checked_neg(), days.checked_neg()) {
            (Some(months), Some(days)) => Value::Period { months, days },
            _ => cx.warn(Warning::Overflow),
        },
    }

    /// `a == b`: by size for numbers of any two types, by instant for dates, by
    /// bytes for texts.
    equals |cx| { [a, b] => Value::Boolean(compare(&a, &b).is_eq()), }

    /// `a != b`.
    not_equals |cx| { [a, b] => Value::Boolean(compare(&a, &b).is_ne()), }

    /// `a < b`.
    less |cx| { [a, b] => Value::Boolean(compare(&a, &b).is_lt()), }

    /// `a <= b`.
    less_equal |cx| { [a, b] => Value::Boolean(compare(&a, &b).is_le()), }

    /// `a > b`.
    greater |cx| { [a, b] => Value::Boolean(compare(&a, &b).is_gt()), }

    /// `a >= b`.
    greater_equal |cx| { [a, b] => Value::Boolean(compare(&a, &b).is_ge()), }
}

fn is_zero(value: Value<'_>) -> bool {
    matches!(value, Value::Integer(0) | Value::Long(0) | Value::UnsignedLong(0))
        || matches!(value, Value::Double(n) if n == 0.0)
}

/// `value IN (item, ...)` (esql.md 4.3): null for a null or multi-valued value and
/// if all items are null or multi-valued; true if an item equals; else null if an
/// item is null; else false.
pub fn is_in<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let Some((value, items)) = args.split_first() else { return Value::Null };
    if let Some(answer) = refuse(cx, core::slice::from_ref(value)) {
        return answer;
    }
    let (mut comparable, mut null) = (false, false);
    for item in items {
        match item {
            Value::Null => null = true,
            Value::Multi(_) => cx.warnings.add(Warning::MultiValue),
            item => {
                if compare(value, item).is_eq() {
                    return Value::Boolean(true);
                }
                comparable = true;
            }
        }
    }
    if null || !comparable { Value::Null } else { Value::Boolean(false) }
}

/// Types of `+` and `-`.
fn additive(args: &[Argument<'_>], minus: bool) -> Result<Signature, SignatureError> {
    let [a, b] = args else { return Err(count(2, args)) };
    let signature = |result, a, b| Ok(Signature { result, arguments: vec![a, b] });
    let literal = |arg: &Argument<'_>| is_text(arg.ty) && arg.constant.is_some();
    if is_date(a.ty) && (is_span(b.ty) || b.ty == Type::Null) {
        return signature(a.ty, a.ty, b.ty);
    }
    if literal(a) && is_span(b.ty) {
        let date = cast_literal(0, a, Type::Date)?;
        return signature(date, date, b.ty);
    }
    if !minus && is_date(b.ty) && (is_span(a.ty) || a.ty == Type::Null) {
        return signature(b.ty, a.ty, b.ty);
    }
    if !minus && literal(b) && is_span(a.ty) {
        let date = cast_literal(1, b, Type::Date)?;
        return signature(date, a.ty, date);
    }
    if is_span(a.ty) && (a.ty == b.ty || b.ty == Type::Null) {
        return signature(a.ty, a.ty, b.ty);
    }
    if is_span(b.ty) && a.ty == Type::Null {
        // A date that is always null.
        return signature(Type::Null, a.ty, b.ty);
    }
    numeric(args)
}

/// Types of arithmetic on two numbers: the wider one; `unsigned_long` only with
/// itself.
fn numeric(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    let [a, b] = args else { return Err(count(2, args)) };
    let ok = |ty| is_number(ty) || ty == Type::Null;
    for (index, arg) in args.iter().enumerate() {
        if !ok(arg.ty) {
            return Err(SignatureError::Type { index, expected: "a number".into(), got: arg.ty });
        }
    }
    let result = common_type(a.ty, b.ty).ok_or_else(|| mismatch(1, a.ty, b.ty))?;
    Ok(Signature { result, arguments: vec![a.ty, b.ty] })
}

fn negatable(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    let [arg] = args else { return Err(count(1, args)) };
    let ty = arg.ty;
    if (is_number(ty) && ty != Type::UnsignedLong) || is_span(ty) || ty == Type::Null {
        return Ok(Signature { result: ty, arguments: vec![ty] });
    }
    let expected = "integer, long, double or a time span".into();
    Err(SignatureError::Type { index: 0, expected, got: ty })
}

fn equatable(ty: Type) -> bool {
    !is_span(ty) && ty != Type::Source
}

fn orderable(ty: Type) -> bool {
    is_text(ty)
        || is_number(ty)
        || is_date(ty)
        || matches!(ty, Type::Ip | Type::Version | Type::Null)
}

/// Types of a comparison of the first argument with each other one (esql.md 3.2):
/// a text literal takes the type of the other side.
fn comparison(
    args: &[Argument<'_>],
    takes: fn(Type) -> bool,
    expected: &str,
) -> Result<Signature, SignatureError> {
    let refused = args.iter().position(|arg| !takes(arg.ty));
    if let Some(index) = refused {
        return Err(SignatureError::Type { index, expected: expected.into(), got: args[index].ty });
    }
    let literal = |arg: &Argument<'_>| is_text(arg.ty) && arg.constant.is_some();
    let typed = args.iter().find(|arg| !literal(arg) && arg.ty != Type::Null);
    // Numbers are not among these: a number against a text is a mistake.
    let target = typed.and_then(|arg| literal_beside(arg.ty)).filter(|ty| !is_number(*ty));
    let mut arguments = Vec::with_capacity(args.len());
    for (index, arg) in args.iter().enumerate() {
        arguments.push(match target {
            Some(ty) if literal(arg) => cast_literal(index, arg, ty)?,
            _ => arg.ty,
        });
    }
    let Some(first) = arguments.first() else { return Err(count(2, args)) };
    for (index, ty) in arguments.iter().enumerate().skip(1) {
        if common_type(*first, *ty).is_none() {
            return Err(mismatch(index, *first, args[index].ty));
        }
    }
    Ok(Signature { result: Type::Boolean, arguments })
}

fn equality(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    if args.len() != 2 {
        return Err(count(2, args));
    }
    comparison(args, equatable, "a type that can be compared")
}

fn ordering(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    if args.len() != 2 {
        return Err(count(2, args));
    }
    comparison(args, orderable, "a type that has an order")
}

fn membership(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    if args.len() < 2 {
        return Err(SignatureError::Count { expected: "at least 2".into(), got: args.len() });
    }
    comparison(args, equatable, "a type that can be compared")
}

fn mismatch(index: usize, beside: Type, got: Type) -> SignatureError {
    let expected = format!("of a type that goes with {}", super::signature::name(beside));
    SignatureError::Type { index, expected, got }
}

fn count(expected: usize, args: &[Argument<'_>]) -> SignatureError {
    SignatureError::Count { expected: expected.to_string(), got: args.len() }
}

/// The functions of this room.
pub(super) const FUNCTIONS: &[Function] = &[
    function!("add", operator::add, by | args | additive(args, false)),
    function!("subtract", operator::subtract, by | args | additive(args, true)),
    function!("multiply", operator::multiply, by numeric),
    function!("divide", operator::divide, by numeric),
    function!("modulo", operator::modulo, by numeric),
    function!("negate", operator::negate, by negatable),
    function!("equals", operator::equals, by equality),
    function!("not_equals", operator::not_equals, by equality),
    function!("less", operator::less, by ordering),
    function!("less_equal", operator::less_equal, by ordering),
    function!("greater", operator::greater, by ordering),
    function!("greater_equal", operator::greater_equal, by ordering),
    function!("in", operator::is_in, by membership),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::trial::check;
    use crate::value::Value::{
        Boolean, Date, DateNanos, Double, Duration, Integer, Long, Multi, Null, Text, UnsignedLong,
    };

    #[test]
    fn arithmetic_table() {
        let month = Value::Period { months: 1, days: 0 };
        check(&[
            ("add", &[Integer(1), Integer(2)], "3"),
            ("add", &[Integer(i32::MAX), Integer(1)], "!Overflow null"),
            ("add", &[Integer(i32::MAX), Long(1)], "2147483648"),
            ("add", &[Long(1), Double(0.5)], "1.5"),
            ("add", &[Double(f64::MAX), Double(f64::MAX)], "!Overflow null"),
            ("add", &[Date(0), month], "1970-02-01T00:00:00.000Z"),
            ("add", &[Duration(1), Date(0)], "1970-01-01T00:00:00.001Z"),
            ("add", &[DateNanos(7), month], "1970-02-01T00:00:00.000000007Z"),
            ("add", &[month, month], "P2M"),
            ("add", &[Date(i64::MAX), Duration(1)], "!Overflow null"),
            ("add", &[Null, Integer(1)], "null"),
            ("subtract", &[UnsignedLong(1), UnsignedLong(2)], "!Overflow null"),
            ("subtract", &[Date(0), month], "1969-12-01T00:00:00.000Z"),
            ("subtract", &[Duration(5), Duration(2)], "PT0.003S"),
            ("multiply", &[Long(i64::MAX), Integer(2)], "!Overflow null"),
            ("divide", &[Integer(-7), Integer(2)], "-3"),
            ("divide", &[Double(1.0), Integer(0)], "!DivisionByZero null"),
            ("divide", &[Integer(i32::MIN), Integer(-1)], "-2147483648"),
            ("modulo", &[Integer(-7), Integer(2)], "-1"),
            ("modulo", &[Double(5.5), Integer(2)], "1.5"),
            ("modulo", &[Long(1), Long(0)], "!DivisionByZero null"),
            ("negate", &[Integer(i32::MIN)], "!Overflow null"),
            ("negate", &[month], "P-1M"),
        ]);
    }

    #[test]
    fn comparison_table() {
        let two = Multi(&[Text("a"), Text("b")]);
        check(&[
            ("equals", &[Integer(1), Double(1.0)], "true"),
            ("equals", &[Text("a"), two], "!MultiValue null"),
            ("equals", &[Date(1), DateNanos(1_000_000)], "true"),
            ("not_equals", &[Null, Text("a")], "null"),
            ("less", &[Text("Z"), Text("a")], "true"),
            ("greater_equal", &[Long(2), Integer(2)], "true"),
            ("in", &[Text("a"), Text("b"), Text("a"), Null], "true"),
            ("in", &[Text("a"), Text("b"), Null], "null"),
            ("in", &[Text("a"), Text("b")], "false"),
            ("in", &[Text("a"), Null, Null], "null"),
            ("in", &[Null, Text("a")], "null"),
            ("in", &[two, Text("a")], "!MultiValue null"),
            ("in", &[Text("a"), two], "!MultiValue null"),
            ("in", &[Text("a"), two, Text("a")], "!MultiValue true"),
            ("is_null", &[Null], "true"),
            ("is_not_null", &[two], "true"),
            ("equals", &[Boolean(true), Boolean(false)], "false"),
        ]);
    }

    #[test]
    fn types() {
        use Type::{Boolean, DatePeriod, Double, Integer, Ip, Keyword, Long, UnsignedLong};
        let literal = |text| Argument { ty: Keyword, constant: Some(Value::Text(text)) };
        let of = |ty| Argument { ty, constant: None };
        let types = |name: &str, args: &[Argument<'_>]| {
            let resolve = crate::functions::lookup(name).map(|function| function.resolve);
            resolve.and_then(|resolve| resolve(args).ok()).map(|s| (s.result, s.arguments))
        };
        for (name, args, expected) in [
            ("add", [of(Integer), of(Long)], Some((Long, vec![Integer, Long]))),
            ("add", [of(UnsignedLong), of(Long)], None),
            ("add", [literal("1"), of(Integer)], None),
            (
                "add",
                [literal("2024-01-01"), of(DatePeriod)],
                Some((Type::Date, vec![Type::Date, DatePeriod])),
            ),
            ("subtract", [of(Type::Date), of(Type::Date)], None),
            ("equals", [of(Ip), literal("1.2.3.4")], Some((Boolean, vec![Ip, Ip]))),
            ("equals", [of(Ip), literal("1.2.3")], None),
            ("equals", [of(Keyword), of(Integer)], None),
            ("equals", [of(Integer), literal("1")], None),
            ("less", [of(Boolean), of(Boolean)], None),
            ("less", [of(Type::Null), of(Double)], Some((Boolean, vec![Type::Null, Double]))),
            (
                "in",
                [of(Type::Date), literal("2024-01-01")],
                Some((Boolean, vec![Type::Date, Type::Date])),
            ),
        ] {
            assert_eq!(types(name, &args), expected, "{name}({args:?})");
        }
    }
}
