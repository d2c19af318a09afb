//! `DATE_EXTRACT`.

use super::{civil, weekday};
use crate::functions::signature::{Out, Param, Shape};
use crate::functions::single::refuse;
use crate::functions::{Argument, Signature, SignatureError};
use crate::value::date::{Civil, days_of_civil};
use crate::value::{Cx, Type, Value, Warning};

/// `DATE_EXTRACT(part, d)`: a part by its Java name (`ChronoField`), in any case. An
/// unknown part gives null and a warning, and is refused where it is constant.
pub fn date_extract<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    if let Some(answer) = refuse(cx, args) {
        return answer;
    }
    let [Value::Text(name), d] = *args else { return Value::Null };
    let Some(civil) = civil(d) else { return Value::Null };
    part(name, &civil).map_or_else(|| cx.warn(Warning::Argument), Value::Long)
}

/// A part by its name; `None` for an unknown one.
fn part(name: &str, civil: &Civil) -> Option<i64> {
    let (hour, minute) = (i64::from(civil.hour), i64::from(civil.minute));
    let (second, nano) = (i64::from(civil.second), i64::from(civil.nano));
    let (month, day) = (i64::from(civil.month), i64::from(civil.day));
    let second_of_day = hour * 3600 + minute * 60 + second;
    let day_of_year = civil.days() - days_of_civil(civil.year, 1, 1) + 1;
    let clock = |hour: i64, of: i64| if hour % of == 0 { of } else { hour % of };
    Some(match name.to_ascii_lowercase().as_str() {
        "aligned_day_of_week_in_month" => (day - 1) % 7 + 1,
        "aligned_day_of_week_in_year" => (day_of_year - 1) % 7 + 1,
        "aligned_week_of_month" => (day - 1) / 7 + 1,
        "aligned_week_of_year" => (day_of_year - 1) / 7 + 1,
        "ampm_of_day" => hour / 12,
        "clock_hour_of_ampm" => clock(hour, 12),
        "clock_hour_of_day" => clock(hour, 24),
        "day_of_month" => day,
        "day_of_week" => weekday(civil.days()) as i64 + 1,
        "day_of_year" => day_of_year,
        "epoch_day" => civil.days(),
        "era" => i64::from(civil.year > 0),
        "hour_of_ampm" => hour % 12,
        "hour_of_day" => hour,
        "instant_seconds" => civil.days() * 86_400 + second_of_day,
        "micro_of_day" => second_of_day * 1_000_000 + nano / 1000,
        "micro_of_second" => nano / 1000,
        "milli_of_day" => second_of_day * 1000 + nano / 1_000_000,
        "milli_of_second" => nano / 1_000_000,
        "minute_of_day" => hour * 60 + minute,
        "minute_of_hour" => minute,
        "month_of_year" => month,
        "nano_of_day" => second_of_day * 1_000_000_000 + nano,
        "nano_of_second" => nano,
        "offset_seconds" => 0,
        "proleptic_month" => civil.year * 12 + month - 1,
        "second_of_day" => second_of_day,
        "second_of_minute" => second,
        "year" => civil.year,
        "year_of_era" => {
            if civil.year > 0 {
                civil.year
            } else {
                1 - civil.year
            }
        }
        _ => return None,
    })
}

pub(super) fn types(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    let shape = Shape {
        required: &[Param::Text, Param::Date],
        optional: &[],
        repeated: None,
        out: Out::Is(Type::Long),
    };
    let signature = shape.resolve(args)?;
    match args.first().and_then(|arg| arg.constant) {
        Some(Value::Text(name)) if part(name, &Civil::of_millis(0)).is_none() => {
            let reason = format!("{name:?} is no part of a date");
            Err(SignatureError::Constant { index: 0, reason })
        }
        _ => Ok(signature),
    }
}
