//! Time zones: the one place where instants become what clocks of a zone show.
//!
//! The functions of dates know UTC alone. For another zone a front end moves dates
//! to local time before a call and the result back behind it: `DATE_TRUNC(1 day, d)`
//! in zone z is `zone.to_instant(date_trunc(1 day, zone.to_local(d, z)), z)`.

use super::format::{to_utc, zone};
use super::millis;
use crate::functions::signature::{Out, Param, Shape};
use crate::functions::single::{Plain, refuse};
use crate::functions::{Argument, Prepared, Signature, SignatureError};
use crate::value::date::{self, Civil};
use crate::value::{Cx, Type, Value, Warning};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Whether a text is the id of a zone or an offset (`Europe/Paris`, `+02:00`, `Z`).
/// Ids are looked up in the system's time zone database.
///
/// ```
/// use detect_runtime::functions::date::is_zone;
/// assert!(is_zone("+02:00"));
/// assert!(!is_zone("Moon/Base"));
/// ```
pub fn is_zone(name: &str) -> bool {
    zone(name).is_some()
}

#[derive(Clone, Copy)]
enum Way {
    ToLocal,
    ToInstant,
    Print,
}

/// `zone.to_local(d, zone)`: the date whose UTC reading is what clocks of the zone
/// show at d. A zone that is none gives null and a warning.
pub fn to_local<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    by_name(cx, args, Way::ToLocal)
}

/// `zone.to_instant(d, zone)`: the inverse of [`to_local`]; where clocks are set back
/// the first of both instants, where they skip the time behind the gap.
pub fn to_instant<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    by_name(cx, args, Way::ToInstant)
}

/// `zone.print(d, zone)`: `yyyy-MM-dd'T'HH:mm:ss.SSS` of local time and the offset as
/// `+hh:mm` or `Z`.
pub fn print<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    by_name(cx, args, Way::Print)
}

fn by_name<'a>(cx: &Cx<'a>, args: &[Value<'a>], way: Way) -> Value<'a> {
    if let Some(answer) = refuse(cx, args) {
        return answer;
    }
    let [d, Value::Text(name)] = *args else { return Value::Null };
    match zone(name) {
        Some(zone) => moved(cx, d, &zone, way),
        None => cx.warn(Warning::Argument),
    }
}

fn moved<'a>(cx: &Cx<'a>, d: Value<'a>, zone: &TimeZone, way: Way) -> Value<'a> {
    let Some(at) = millis(d) else { return Value::Null };
    // Seconds east of UTC at the instant, or the instant of the local reading.
    let offset = || {
        let instant = Timestamp::from_millisecond(at).ok()?;
        Some(i64::from(zone.to_offset(instant).seconds()))
    };
    let target = match way {
        Way::ToInstant => to_utc(&Civil::of_millis(at), zone),
        Way::ToLocal | Way::Print => offset().and_then(|seconds| at.checked_add(seconds * 1000)),
    };
    let Some(target) = target else { return cx.warn(Warning::Overflow) };
    match (way, d) {
        (Way::Print, _) => {
            let seconds = (target - at) / 1000;
            let local = date::print(target);
            if seconds == 0 {
                return cx.text(&local);
            }
            let (sign, size) = (if seconds < 0 { '-' } else { '+' }, seconds.abs());
            let local = local.trim_end_matches('Z');
            cx.text(&format!("{local}{sign}{:02}:{:02}", size / 3600, size / 60 % 60))
        }
        (_, Value::DateNanos(nanos)) => (target - at)
            .checked_mul(1_000_000)
            .and_then(|shift| nanos.checked_add(shift))
            .map_or_else(|| cx.warn(Warning::Overflow), Value::DateNanos),
        _ => Value::Date(target),
    }
}

/// A zone that was looked up once.
struct InZone(TimeZone, Way);

impl Prepared for InZone {
    fn apply<'a>(&self, cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
        let d = args.first().copied().unwrap_or_default();
        refuse(cx, &[d]).unwrap_or_else(|| moved(cx, d, &self.0, self.1))
    }
}

fn ready(args: &[Option<Value<'_>>], way: Way) -> Result<Box<dyn Prepared>, SignatureError> {
    match args.get(1) {
        Some(Some(Value::Text(name))) => match zone(name) {
            Some(zone) => Ok(Box::new(InZone(zone, way))),
            None => Err(SignatureError::Constant {
                index: 1,
                reason: format!("{name:?} is no time zone known here"),
            }),
        },
        _ => Ok(Box::new(Plain(match way {
            Way::ToLocal => to_local,
            Way::ToInstant => to_instant,
            Way::Print => print,
        }))),
    }
}

pub(super) fn ready_to_local(
    args: &[Option<Value<'_>>],
) -> Result<Box<dyn Prepared>, SignatureError> {
    ready(args, Way::ToLocal)
}

pub(super) fn ready_to_instant(
    args: &[Option<Value<'_>>],
) -> Result<Box<dyn Prepared>, SignatureError> {
    ready(args, Way::ToInstant)
}

pub(super) fn ready_print(args: &[Option<Value<'_>>]) -> Result<Box<dyn Prepared>, SignatureError> {
    ready(args, Way::Print)
}

pub(super) fn types(args: &[Argument<'_>], text: bool) -> Result<Signature, SignatureError> {
    Shape {
        required: &[Param::Date, Param::Text],
        optional: &[],
        repeated: None,
        out: if text { Out::Is(Type::Keyword) } else { Out::Same(0) },
    }
    .resolve(args)
}
