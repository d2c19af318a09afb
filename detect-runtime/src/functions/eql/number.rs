//! Arithmetic and the reading of numbers.

use crate::value::{Cx, Value, Warning, number as doubles};

/// A number of an argument.
#[derive(Clone, Copy)]
enum Operand {
    Whole(i64),
    Decimal(f64),
}

fn operand(value: Value<'_>) -> Option<Operand> {
    match value {
        Value::Integer(n) => Some(Operand::Whole(n.into())),
        Value::Long(n) => Some(Operand::Whole(n)),
        Value::UnsignedLong(n) => {
            Some(i64::try_from(n).map_or(Operand::Decimal(n as f64), Operand::Whole))
        }
        Value::Double(n) => Some(Operand::Decimal(n)),
        _ => None,
    }
}

fn decimal(operand: Operand) -> f64 {
    match operand {
        Operand::Whole(n) => n as f64,
        Operand::Decimal(n) => n,
    }
}

/// Whole numbers with `whole` (`None` = out of range), else doubles.
fn binary<'a>(
    cx: &Cx<'a>,
    args: &[Value<'a>],
    whole: fn(i64, i64) -> Option<i64>,
    double: fn(f64, f64) -> f64,
) -> Value<'a> {
    let [a, b] = args else { return Value::Null };
    let (Some(a), Some(b)) = (operand(*a), operand(*b)) else { return Value::Null };
    if let (Operand::Whole(a), Operand::Whole(b)) = (a, b) {
        return whole(a, b).map_or_else(|| cx.warn(Warning::Overflow), Value::Long);
    }
    let result = double(decimal(a), decimal(b));
    if result.is_finite() { Value::Double(result) } else { cx.warn(Warning::Overflow) }
}

/// `a + b`.
pub fn add<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    binary(cx, args, i64::checked_add, |a, b| a + b)
}

/// `a - b`.
pub fn subtract<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    binary(cx, args, i64::checked_sub, |a, b| a - b)
}

/// `a * b`.
pub fn multiply<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    binary(cx, args, i64::checked_mul, |a, b| a * b)
}

/// `a / b`: of whole numbers the quotient cut off; null by 0.
pub fn divide<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    if by_zero(args) {
        return cx.warn(Warning::DivisionByZero);
    }
    binary(cx, args, i64::checked_div, |a, b| a / b)
}

/// `a % b` with the sign of `a`; null by 0.
pub fn modulo<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    if by_zero(args) {
        return cx.warn(Warning::DivisionByZero);
    }
    binary(cx, args, |a, b| Some(a.wrapping_rem(b)), |a, b| a % b)
}

fn by_zero(args: &[Value<'_>]) -> bool {
    args.get(1).and_then(|b| operand(*b)).is_some_and(|b| decimal(b) == 0.0)
}

/// `-a`.
pub fn negate<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    match args.first().and_then(|a| operand(*a)) {
        Some(Operand::Whole(n)) => {
            n.checked_neg().map_or_else(|| cx.warn(Warning::Overflow), Value::Long)
        }
        Some(Operand::Decimal(n)) => Value::Double(-n),
        None => Value::Null,
    }
}

/// `number(text[, base])`: whole numbers of base 2 to 36, decimals of base 10;
/// `0x` means base 16; blanks around and a sign are allowed. Anything else is
/// null.
pub fn number<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let Some(Value::Text(text)) = args.first() else { return Value::Null };
    let base = match args.get(1) {
        None | Some(Value::Null) => None,
        Some(base) => match operand(*base) {
            Some(Operand::Whole(base @ 2..=36)) => Some(base as u32),
            _ => return cx.warn(Warning::Argument),
        },
    };
    read(text.trim(), base).unwrap_or_else(|| cx.warn(Warning::Conversion))
}

fn read(text: &str, base: Option<u32>) -> Option<Value<'static>> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let hexadecimal = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    let (digits, base) = match hexadecimal {
        Some(rest) if base.is_none_or(|base| base == 16) => (rest, 16),
        _ => (digits, base.unwrap_or(10)),
    };
    if !digits.starts_with(['+', '-'])
        && let Ok(number) = i64::from_str_radix(digits, base)
    {
        return Some(Value::Long(if negative { -number } else { number }));
    }
    (base == 10).then(|| doubles::parse_double(text)).flatten().map(Value::Double)
}
