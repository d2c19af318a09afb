//! `DATE_DIFF`.

use super::civil;
use crate::functions::signature::{Out, Param, Shape};
use crate::functions::single::refuse;
use crate::functions::{Argument, Signature, SignatureError};
use crate::value::date::{Civil, civil_of_days};
use crate::value::{Cx, Type, Value, Warning};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// So many months.
    Months(i64),
    /// So many nanoseconds.
    Nanos(i128),
}

const SECOND: i128 = 1_000_000_000;

/// The unit of a name in any case. Mind: `m` is a month, `n` a minute.
fn unit(name: &str) -> Option<Unit> {
    Some(match name.to_ascii_lowercase().as_str() {
        "year" | "years" | "yyyy" | "yy" => Unit::Months(12),
        "quarter" | "quarters" | "qq" | "q" => Unit::Months(3),
        "month" | "months" | "mm" | "m" => Unit::Months(1),
        "dayofyear" | "dy" | "y" | "day" | "days" | "dd" | "d" | "weekday" | "weekdays" | "dw" => {
            Unit::Nanos(86_400 * SECOND)
        }
        "week" | "weeks" | "wk" | "ww" => Unit::Nanos(7 * 86_400 * SECOND),
        "hour" | "hours" | "hh" => Unit::Nanos(3600 * SECOND),
        "minute" | "minutes" | "mi" | "n" => Unit::Nanos(60 * SECOND),
        "second" | "seconds" | "ss" | "s" => Unit::Nanos(SECOND),
        "millisecond" | "milliseconds" | "ms" => Unit::Nanos(1_000_000),
        "microsecond" | "microseconds" | "mcs" => Unit::Nanos(1000),
        "nanosecond" | "nanoseconds" | "ns" => Unit::Nanos(1),
        _ => return None,
    })
}

/// `DATE_DIFF(unit, start, end)`: whole elapsed units from start to end, toward
/// zero. A result beyond 32 bits gives null and a warning.
pub fn date_diff<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    if let Some(answer) = refuse(cx, args) {
        return answer;
    }
    let [Value::Text(name), start, end] = *args else { return Value::Null };
    let (Some(start), Some(end)) = (civil(start), civil(end)) else { return Value::Null };
    let units = match unit(name) {
        Some(Unit::Months(months)) => i128::from(months_between(&start, &end) / months),
        Some(Unit::Nanos(nanos)) => (end.nanos() - start.nanos()) / nanos,
        None => return cx.warn(Warning::Argument),
    };
    i32::try_from(units).map_or_else(|_| cx.warn(Warning::Overflow), Value::Integer)
}

/// Whole months from one instant to another, as Java counts them
/// (`ChronoUnit.MONTHS.between`): a day that is not complete by the time of day does
/// not count, then years, months and days are compared as one number of which a
/// month has 32.
fn months_between(start: &Civil, end: &Civil) -> i64 {
    let time = |civil: &Civil| civil.nanos().rem_euclid(86_400 * SECOND);
    let packed = |days: i64| {
        let (year, month, day) = civil_of_days(days);
        (year * 12 + i64::from(month)) * 32 + i64::from(day)
    };
    let (from, mut to) = (start.days(), end.days());
    if to > from && time(end) < time(start) {
        to -= 1;
    } else if to < from && time(end) > time(start) {
        to += 1;
    }
    (packed(to) - packed(from)) / 32
}

pub(super) fn types(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    let shape = Shape {
        required: &[Param::Text, Param::Date, Param::Date],
        optional: &[],
        repeated: None,
        out: Out::Is(Type::Integer),
    };
    let signature = shape.resolve(args)?;
    match args.first().and_then(|arg| arg.constant) {
        Some(Value::Text(name)) if unit(name).is_none() => {
            let reason = format!("{name:?} is no unit of time");
            Err(SignatureError::Constant { index: 0, reason })
        }
        _ => Ok(signature),
    }
}
