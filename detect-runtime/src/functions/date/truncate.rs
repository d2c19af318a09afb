//! `DATE_TRUNC` and `BUCKET`.

use super::{millis, weekday};
use crate::functions::signature::{self, Out, Param, Shape};
use crate::functions::single::{Plain, double, finite, refuse, whole};
use crate::functions::{Argument, Prepared, Signature, SignatureError};
use crate::value::date::{Civil, DAY};
use crate::value::{Cx, Type, Value, Warning};

/// A raster over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Multiples of so many milliseconds since 1970.
    Millis(i64),
    /// Weeks from Monday on.
    Week,
    /// Multiples of so many months, counted from January of the year 1.
    Months(i64),
}

impl Step {
    /// The raster of a span; `None` if it is not positive or mixes months and days.
    fn of(span: Value<'_>) -> Option<Step> {
        match span {
            Value::Duration(millis @ 1..) => Some(Step::Millis(millis)),
            Value::Period { months: 0, days: 7 } => Some(Step::Week),
            Value::Period { months: 0, days: days @ 1.. } => {
                Some(Step::Millis(i64::from(days) * DAY))
            }
            Value::Period { months: months @ 1.., days: 0 } => {
                Some(Step::Months(i64::from(months)))
            }
            _ => None,
        }
    }

    /// The last line of the raster that is not behind `at`; `None` beyond 64 bits.
    fn floor(self, at: i64) -> Option<i64> {
        match self {
            Step::Millis(step) => at.checked_sub(at.rem_euclid(step)),
            Step::Week => {
                let day = at.div_euclid(DAY);
                (day - weekday(day) as i64).checked_mul(DAY)
            }
            Step::Months(step) => {
                let civil = Civil::of_millis(at);
                let count = (civil.year - 1) * 12 + i64::from(civil.month) - 1;
                let count = count - count.rem_euclid(step);
                month_begin(count)
            }
        }
    }

    /// The line after `line`, which is one.
    fn next(self, line: i64) -> Option<i64> {
        match self {
            Step::Millis(step) => line.checked_add(step),
            Step::Week => line.checked_add(7 * DAY),
            Step::Months(step) => {
                let civil = Civil::of_millis(line);
                month_begin((civil.year - 1) * 12 + i64::from(civil.month) - 1 + step)
            }
        }
    }

    /// Cuts a date; the result has its type.
    fn cut<'a>(self, cx: &Cx<'a>, d: Value<'a>) -> Value<'a> {
        let line = millis(d).and_then(|at| self.floor(at));
        let line = match d {
            Value::Date(_) => line.map(Value::Date),
            Value::DateNanos(_) => {
                line.and_then(|line| line.checked_mul(1_000_000)).map(Value::DateNanos)
            }
            _ => return Value::Null,
        };
        line.unwrap_or_else(|| cx.warn(Warning::Overflow))
    }
}

/// Milliseconds at the beginning of a month, counted from January of the year 1.
fn month_begin(count: i64) -> Option<i64> {
    let (year, month) = (count.div_euclid(12) + 1, count.rem_euclid(12) as u8 + 1);
    Civil { year, month, day: 1, hour: 0, minute: 0, second: 0, nano: 0 }.millis()
}

/// `DATE_TRUNC(span, d)`: the begin of the span that holds the date. Durations and
/// days are counted from 1970, 7 days are ISO weeks, months from the year 1. A span
/// that is not positive, or mixed, gives null and a warning.
pub fn date_trunc<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    if let Some(answer) = refuse(cx, args) {
        return answer;
    }
    match *args {
        [span, d] => match Step::of(span) {
            Some(step) => step.cut(cx, d),
            None => cx.warn(Warning::Argument),
        },
        _ => Value::Null,
    }
}

/// A raster that is known, for the argument of that number.
struct Ready(Raster, usize);

impl Prepared for Ready {
    fn apply<'a>(&self, cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
        let d = args.get(self.1).copied().unwrap_or_default();
        refuse(cx, &[d]).unwrap_or_else(|| self.0.cut(cx, d))
    }
}

/// What BUCKET cuts by.
#[derive(Clone, Copy, Debug)]
enum Raster {
    Time(Step),
    Number(f64),
}

impl Raster {
    fn cut<'a>(self, cx: &Cx<'a>, value: Value<'a>) -> Value<'a> {
        match self {
            Raster::Time(step) => step.cut(cx, value),
            Raster::Number(0.0) => cx.warn(Warning::DivisionByZero),
            Raster::Number(step) => match double(value) {
                Some(n) => finite(cx, (n / step).floor() * step),
                None => Value::Null,
            },
        }
    }

    /// The raster of BUCKET's arguments behind the first: a size, or a number of
    /// buckets and the bounds of the range.
    fn of(args: &[Value<'_>]) -> Option<Raster> {
        match *args {
            [span @ (Value::Period { .. } | Value::Duration(_))] => {
                Step::of(span).map(Raster::Time)
            }
            [size] => double(size).map(Raster::Number),
            [count, from, to] => match (millis(from), millis(to)) {
                (Some(from), Some(to)) => Some(Raster::Time(human_step(whole(count)?, from, to))),
                _ => Some(Raster::Number(human_size(double(count)?, double(from)?, double(to)?))),
            },
            _ => None,
        }
    }
}

/// The smallest step of calendar and clock that people use which gives at most
/// `count` buckets from one instant to another.
fn human_step(count: i64, from: i64, to: i64) -> Step {
    const SECOND: i64 = 1000;
    const MINUTE: i64 = 60 * SECOND;
    const HOUR: i64 = 60 * MINUTE;
    const STEPS: [Step; 18] = [
        Step::Months(1),
        Step::Week,
        Step::Millis(DAY),
        Step::Millis(12 * HOUR),
        Step::Millis(3 * HOUR),
        Step::Millis(HOUR),
        Step::Millis(30 * MINUTE),
        Step::Millis(10 * MINUTE),
        Step::Millis(5 * MINUTE),
        Step::Millis(MINUTE),
        Step::Millis(30 * SECOND),
        Step::Millis(10 * SECOND),
        Step::Millis(5 * SECOND),
        Step::Millis(SECOND),
        Step::Millis(100),
        Step::Millis(50),
        Step::Millis(10),
        Step::Millis(1),
    ];
    let few = |step: &Step| {
        let lines = core::iter::successors(step.floor(from), |line| step.next(*line));
        let count = usize::try_from(count).unwrap_or(0);
        lines.skip(1).take(count).any(|line| line >= to)
    };
    STEPS.into_iter().take_while(few).last().unwrap_or(Step::Months(12))
}

/// The next power of ten, or half of it, that gives at most `count` buckets.
fn human_size(count: f64, from: f64, to: f64) -> f64 {
    let exact = (to - from) / count;
    let power = 10f64.powf(exact.log10().ceil());
    if exact < power / 2.0 { power / 2.0 } else { power }
}

/// `BUCKET(x, size)`: dates as [`date_trunc`], numbers as `floor(x / size) * size`.
/// `BUCKET(x, count, from, to)`: with the size that people would choose for at most
/// `count` buckets in a range.
pub fn bucket<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    if let Some(answer) = refuse(cx, args) {
        return answer;
    }
    match args {
        [value, rest @ ..] => match Raster::of(rest) {
            Some(raster) => raster.cut(cx, *value),
            None => cx.warn(Warning::Argument),
        },
        [] => Value::Null,
    }
}

fn bad_span(index: usize) -> SignatureError {
    let reason = "a span must be positive, of months or of days but not of both".into();
    SignatureError::Constant { index, reason }
}

pub(super) fn ready_trunc(args: &[Option<Value<'_>>]) -> Result<Box<dyn Prepared>, SignatureError> {
    match args.first().copied().flatten() {
        None | Some(Value::Null) => Ok(Box::new(Plain(date_trunc))),
        Some(span) => {
            let step = Step::of(span).ok_or_else(|| bad_span(0))?;
            Ok(Box::new(Ready(Raster::Time(step), 1)))
        }
    }
}

pub(super) fn ready_bucket(
    args: &[Option<Value<'_>>],
) -> Result<Box<dyn Prepared>, SignatureError> {
    let rest: Option<Vec<Value<'_>>> = args.iter().skip(1).copied().collect();
    match rest {
        Some(rest) if !rest.iter().any(Value::is_null) => {
            let raster = Raster::of(&rest).ok_or_else(|| bad_span(1))?;
            Ok(Box::new(Ready(raster, 0)))
        }
        _ => Ok(Box::new(Plain(bucket))),
    }
}

/// A constant span: the type it is cast to if it is a text.
fn check_span(index: usize, arg: &Argument<'_>) -> Result<(), SignatureError> {
    let span = match arg.constant {
        Some(Value::Text(text)) => signature::parse_span(text),
        other => other,
    };
    match span {
        None | Some(Value::Null) => Ok(()),
        Some(span) => Step::of(span).map(|_| ()).ok_or_else(|| bad_span(index)),
    }
}

pub(super) fn trunc_types(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    let shape = Shape {
        required: &[Param::Span, Param::Date],
        optional: &[],
        repeated: None,
        out: Out::Same(1),
    };
    let signature = shape.resolve(args)?;
    args.iter().take(1).try_for_each(|arg| check_span(0, arg))?;
    Ok(signature)
}

pub(super) fn bucket_types(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    const DATE: [Shape; 2] = [
        Shape {
            required: &[Param::Date, Param::Span],
            optional: &[],
            repeated: None,
            out: Out::Same(0),
        },
        Shape {
            required: &[Param::Date, Param::Int, Param::Date, Param::Date],
            optional: &[],
            repeated: None,
            out: Out::Same(0),
        },
    ];
    const NUMBER: [Shape; 2] = [
        Shape {
            required: &[Param::Signed, Param::Signed],
            optional: &[],
            repeated: None,
            out: Out::Is(Type::Double),
        },
        Shape {
            required: &[Param::Signed, Param::Int, Param::Signed, Param::Signed],
            optional: &[],
            repeated: None,
            out: Out::Is(Type::Double),
        },
    ];
    let [first, ..] = args else {
        return Err(SignatureError::Count { expected: "2 or 4".into(), got: 0 });
    };
    // A column without type takes that of the size.
    let dates = signature::is_date(first.ty)
        || (!signature::is_number(first.ty)
            && args
                .iter()
                .skip(1)
                .any(|arg| signature::is_span(arg.ty) || signature::is_date(arg.ty)));
    let shapes = if dates { &DATE } else { &NUMBER };
    let signature = match args.len() {
        2 => shapes[0].resolve(args)?,
        4 => shapes[1].resolve(args)?,
        got => return Err(SignatureError::Count { expected: "2 or 4".into(), got }),
    };
    if let (true, [_, size]) = (dates, args) {
        check_span(1, size)?;
    }
    Ok(signature)
}
