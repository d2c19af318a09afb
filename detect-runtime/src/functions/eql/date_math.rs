//! Date math of Elasticsearch: `now-2w/d`, `2024-01-31||+1M`, `2024-05`.
//!
//! Method: an anchor, then steps left to right: `+n` and `-n` of a unit add, `/`
//! rounds down to the unit, or up to its last instant where the value bounds
//! from above. Units are y, M, w (from Monday), d, h or H, m, s; UTC. Parts that
//! a date lacks are rounded in the same way. Source: Elasticsearch reference,
//! "Date math", and `range` query, "Date math rounding".

use crate::value::date::{self, Civil};
use crate::value::{Cx, Value};

const NANOS: i128 = 1_000_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// `date_math(text, up)`: the instant that the text means at the tick.
pub fn date_math<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let [Value::Text(text), Value::Boolean(up)] = args else { return Value::Null };
    resolve(text, cx.now, *up).and_then(date::to_millis).map_or(Value::Null, Value::Date)
}

/// True if the instant depends on the clock.
pub fn is_relative(text: &str) -> bool {
    text.starts_with("now")
}

/// The instant in nanoseconds since 1970; `None` if the text is no date.
///
/// ```
/// use detect_runtime::functions::eql::date_math::resolve;
/// use detect_runtime::value::date::parse;
/// assert_eq!(resolve("2024-05", 0, false), parse("2024-05-01"));
/// assert_eq!(resolve("2024-05", 0, true), parse("2024-05-31T23:59:59.999999999"));
/// assert_eq!(resolve("now-1d/d", 86_400_000 * 3 + 5, false), parse("1970-01-03"));
/// assert_eq!(resolve("2024-01-31||+1M", 0, false), parse("2024-02-29"));
/// assert_eq!(resolve("soon", 0, false), None);
/// ```
pub fn resolve(text: &str, now: i64, up: bool) -> Option<i128> {
    if let Some(steps) = text.strip_prefix("now") {
        return math(now, steps, up);
    }
    if let Some((anchor, steps)) = text.split_once("||") {
        let (from, _) = interval(anchor)?;
        return math(date::to_millis(from)?, steps, up);
    }
    let (from, to) = interval(text)?;
    Some(if up { to } else { from })
}

/// First and last nanosecond of what a date with missing parts stands for. Dates
/// are indexed in milliseconds, so an instant stands for one.
fn interval(text: &str) -> Option<(i128, i128)> {
    let from = date::parse_or_epoch(text)?;
    let epoch = date::parse(text).is_none();
    let local = text.find('T').map_or(text.len(), |t| {
        text[t..].find(['Z', '+', '-']).map_or(text.len(), |offset| t + offset)
    });
    let millis = date::to_millis(from)?;
    let next = match local {
        _ if epoch => millis.checked_add(1)?,
        4 => date::add_months(millis, 12)?,
        7 => date::add_months(millis, 1)?,
        10 | 11 => millis.checked_add(DAY)?,
        13 => millis.checked_add(HOUR)?,
        16 => millis.checked_add(MINUTE)?,
        19 => millis.checked_add(1000)?,
        length if length <= 23 => millis.checked_add(1)?,
        _ => return Some((from, from)),
    };
    Some((from, i128::from(next) * NANOS - 1))
}

fn math(mut millis: i64, mut steps: &str, up: bool) -> Option<i128> {
    let mut last = false;
    while let Some(operator) = steps.chars().next() {
        steps = &steps[operator.len_utf8()..];
        let digits = steps.len() - steps.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let count: i64 = if digits == 0 { 1 } else { steps[..digits].parse().ok()? };
        let unit = steps[digits..].chars().next()?;
        steps = &steps[digits + unit.len_utf8()..];
        last = operator == '/';
        millis = match operator {
            '+' => add(millis, count, unit)?,
            '-' => add(millis, count.checked_neg()?, unit)?,
            // Rounding up gives the first instant behind; one step back below.
            '/' if count == 1 && up => add(floor(millis, unit)?, 1, unit)?,
            '/' if count == 1 => floor(millis, unit)?,
            _ => return None,
        };
    }
    Some(i128::from(millis) * NANOS - i128::from(up && last))
}

fn add(millis: i64, count: i64, unit: char) -> Option<i64> {
    let length = match unit {
        'y' => return date::add_months(millis, count.checked_mul(12)?),
        'M' => return date::add_months(millis, count),
        'w' => 7 * DAY,
        'd' => DAY,
        'h' | 'H' => HOUR,
        'm' => MINUTE,
        's' => 1000,
        _ => return None,
    };
    millis.checked_add(count.checked_mul(length)?)
}

fn floor(millis: i64, unit: char) -> Option<i64> {
    let civil = Civil::of_millis(millis);
    let days = match unit {
        'y' => date::days_of_civil(civil.year, 1, 1),
        'M' => date::days_of_civil(civil.year, civil.month, 1),
        // 1970-01-01 was a Thursday.
        'w' => {
            let day = millis.div_euclid(DAY);
            day - (day + 3).rem_euclid(7)
        }
        'd' => millis.div_euclid(DAY),
        'h' | 'H' => return Some(millis - millis.rem_euclid(HOUR)),
        'm' => return Some(millis - millis.rem_euclid(MINUTE)),
        's' => return Some(millis - millis.rem_euclid(1000)),
        _ => return None,
    };
    days.checked_mul(DAY)
}
