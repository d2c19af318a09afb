//! Dates (esql.md 5.4), in UTC; other zones by [`zone`].

mod difference;
mod extract;
pub(crate) mod format;
mod truncate;
mod zone;

pub use difference::date_diff;
pub use extract::date_extract;
pub use format::{date_format, date_parse};
pub use truncate::{bucket, date_trunc};
pub use zone::{is_zone, print, to_instant, to_local};

use super::Function;
use super::single::{function, refuse, scalar};
use crate::value::date::{Civil, DAY};
use crate::value::{Cx, Type, Value};

/// English names of the days from Monday on.
const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// English names of the months.
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Days since Monday of a number of days since 1970, which began on a Thursday.
fn weekday(days: i64) -> usize {
    (days + 3).rem_euclid(7) as usize
}

/// The instant of a date of either type.
fn civil(value: Value<'_>) -> Option<Civil> {
    match value {
        Value::Date(at) => Some(Civil::of_millis(at)),
        Value::DateNanos(at) => Some(Civil::of_nanos(at)),
        _ => None,
    }
}

/// Milliseconds since 1970 of a date of either type.
fn millis(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Date(at) => Some(at),
        Value::DateNanos(at) => Some(at.div_euclid(1_000_000)),
        _ => None,
    }
}

/// `NOW()`: the tick.
pub fn now<'a>(cx: &Cx<'a>, _args: &[Value<'a>]) -> Value<'a> {
    Value::Date(cx.now)
}

/// `TRANGE` on a timestamp: `trange(@timestamp, span)` is true of the span before
/// `now()`, `trange(@timestamp, from, to)` between two instants; the first instant
/// is excluded, the last included.
pub fn trange<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    if let Some(answer) = refuse(cx, args) {
        return answer;
    }
    let (at, from, to) = match *args {
        [at, span] => {
            let from = super::operator::subtract(cx, &[Value::Date(cx.now), span]);
            (millis(at), millis(from), Some(cx.now))
        }
        [at, from, to] => (millis(at), millis(from), millis(to)),
        _ => return Value::Null,
    };
    match (at, from, to) {
        (Some(at), Some(from), Some(to)) => Value::Boolean(from < at && at <= to),
        _ => Value::Null,
    }
}

scalar! {
    /// `DAY_NAME(d)`: the English name of the day of the week.
    day_name |cx| {
        [d] => millis(d).map_or(Value::Null, |at| Value::Text(DAYS[weekday(at.div_euclid(DAY))])),
    }

    /// `MONTH_NAME(d)`: the English name of the month.
    month_name |cx| {
        [d] => civil(d).map_or(Value::Null, |civil| Value::Text(MONTHS[usize::from(civil.month - 1) % 12])),
    }
}

/// The functions of this room.
#[rustfmt::skip]
pub(super) const FUNCTIONS: &[Function] = &[
    function!("now", date::now, [] => Is(Type::Date)),
    function!("trange", date::trange, [Date, Any] opt [Date] => Is(Type::Boolean)),
    function!("day_name", date::day_name, [Date] => Is(Type::Keyword)),
    function!("month_name", date::month_name, [Date] => Is(Type::Keyword)),
    function!("date_diff", date::date_diff, by difference::types),
    function!("date_extract", date::date_extract, by extract::types),
    function!("date_format", date::date_format, by format::format_types, ready format::ready_format),
    function!("date_parse", date::date_parse, by format::parse_types, ready format::ready_parse),
    function!("date_trunc", date::date_trunc, by truncate::trunc_types, ready truncate::ready_trunc),
    function!("zone.to_local", date::to_local, by |args| zone::types(args, false), ready zone::ready_to_local),
    function!("zone.to_instant", date::to_instant, by |args| zone::types(args, false), ready zone::ready_to_instant),
    function!("zone.print", date::print, by |args| zone::types(args, true), ready zone::ready_print),
    function!("bucket", date::bucket, by truncate::bucket_types, ready truncate::ready_bucket),
];

#[cfg(test)]
mod tests;
