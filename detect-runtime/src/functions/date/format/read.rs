//! Reading texts by a pattern.

use super::super::{DAYS, MONTHS};
use super::item::{Item, Letter};
use super::to_utc;
use crate::value::date::{Civil, month_length};
use jiff::tz::TimeZone;

/// Milliseconds of a text that fits the pattern as a whole. Missing parts are filled
/// as Elasticsearch's `DateFormatters.from` does: the year 1970, the first month and
/// day; minutes and smaller parts count only behind an hour. Dates that do not exist
/// are none, and so are texts without year, month and hour.
pub(super) fn parse(items: &[Item], text: &str, zone: Option<&TimeZone>) -> Option<i64> {
    let mut fields = Fields::default();
    let rest = fields.items(items, text)?;
    if rest.is_empty() { fields.millis(zone) } else { None }
}

/// What was read.
#[derive(Clone, Debug, Default)]
struct Fields {
    year: Option<i64>,
    bc: bool,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    afternoon: Option<bool>,
    hour: Option<i64>,
    half_hour: Option<i64>,
    minute: i64,
    second: i64,
    nano: i64,
    nano_of_day: Option<i64>,
    offset: Option<i32>,
    zone: Option<TimeZone>,
}

impl Fields {
    /// Reads by the items, gives what is left.
    fn items<'t>(&mut self, items: &[Item], mut text: &'t str) -> Option<&'t str> {
        for (index, item) in items.iter().enumerate() {
            text = match item {
                Item::Literal(literal) => text.strip_prefix(literal.as_str())?,
                Item::Optional(inner) => {
                    let mut tried = self.clone();
                    match tried.items(inner, text) {
                        Some(rest) => {
                            *self = tried;
                            rest
                        }
                        None => text,
                    }
                }
                Item::Letter(letter, width) => {
                    // A number right behind makes this one as wide as it is written.
                    let fixed = matches!(
                        items.get(index + 1),
                        Some(Item::Letter(next, width)) if is_number(*next, *width)
                    );
                    self.letter(*letter, *width, fixed, text)?
                }
            };
        }
        Some(text)
    }

    fn letter<'t>(
        &mut self,
        letter: Letter,
        width: usize,
        fixed: bool,
        text: &'t str,
    ) -> Option<&'t str> {
        let digits = |least: usize, most: usize| number(text, least, most);
        // One letter: any width; more: exactly so many.
        let plain = || match (width, fixed) {
            (1, false) => digits(1, 19),
            (1, true) => digits(1, 1),
            (width, _) => digits(width, width),
        };
        let rest;
        match letter {
            Letter::Era => {
                let (bc, behind) = match text.strip_prefix("BC") {
                    Some(behind) => (true, behind),
                    None => (false, text.strip_prefix("AD")?),
                };
                self.bc = bc;
                rest = behind;
            }
            Letter::Year | Letter::YearOfEra | Letter::WeekYear => {
                let (year, behind) = match (width, fixed) {
                    (2, _) => {
                        let (year, behind) = digits(2, 2)?;
                        (2000 + year, behind)
                    }
                    (width, true) => digits(width, width)?,
                    (width, false) => signed_year(text, width)?,
                };
                (self.year, rest) = (Some(year), behind);
            }
            Letter::Month if width >= 3 => {
                let (month, behind) = named(text, &MONTHS, width)?;
                (self.month, rest) = (Some(month as i64 + 1), behind);
            }
            Letter::Month => {
                let (month, behind) = plain()?;
                (self.month, rest) = (Some(month), behind);
            }
            Letter::Day => {
                let (day, behind) = plain()?;
                (self.day, rest) = (Some(day), behind);
            }
            Letter::DayOfYear => {
                let (day, behind) = plain()?;
                (self.day_of_year, rest) = (Some(day), behind);
            }
            Letter::DayName => rest = named(text, &DAYS, width.max(3))?.1,
            Letter::DayNumber if width >= 3 => rest = named(text, &DAYS, width)?.1,
            // Read and not used: other fields say the same.
            Letter::DayNumber | Letter::Week | Letter::WeekOfMonth | Letter::Quarter => {
                rest = plain()?.1;
            }
            Letter::Half => {
                let half = text.get(..2)?;
                self.afternoon = Some(match half.to_ascii_uppercase().as_str() {
                    "AM" => false,
                    "PM" => true,
                    _ => return None,
                });
                rest = &text[2..];
            }
            Letter::Hour
            | Letter::ClockHour
            | Letter::HalfHour
            | Letter::ClockHalfHour
            | Letter::Minute
            | Letter::Second
            | Letter::Nano
            | Letter::MilliOfDay
            | Letter::NanoOfDay => {
                let (number, behind) = plain()?;
                self.clock(letter, number)?;
                rest = behind;
            }
            Letter::Fraction => {
                let (fraction, behind) = digits(width, width)?;
                let scale = 10i64.checked_pow(9u32.checked_sub(width as u32)?)?;
                (self.nano, rest) = (fraction * scale, behind);
            }
            Letter::OffsetX | Letter::Offsetx | Letter::OffsetZ | Letter::OffsetO => {
                let (seconds, behind) = offset(text, letter)?;
                (self.offset, rest) = (Some(seconds), behind);
            }
            Letter::Zone => {
                let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "/_+-:".contains(c)));
                let (name, behind) = text.split_at(end.unwrap_or(text.len()));
                (self.zone, rest) = (Some(super::zone(name)?), behind);
            }
        }
        Some(rest)
    }

    /// Keeps a number of the time of day.
    fn clock(&mut self, letter: Letter, number: i64) -> Option<()> {
        match letter {
            Letter::ClockHour => self.hour = Some(if number == 24 { 0 } else { number }),
            Letter::HalfHour => self.half_hour = Some(number),
            Letter::ClockHalfHour => self.half_hour = Some(if number == 12 { 0 } else { number }),
            Letter::Minute => self.minute = number,
            Letter::Second => self.second = number,
            Letter::Nano => self.nano = number,
            Letter::MilliOfDay => self.nano_of_day = Some(number.checked_mul(1_000_000)?),
            Letter::NanoOfDay => self.nano_of_day = Some(number),
            _ => self.hour = Some(number),
        }
        Some(())
    }

    fn millis(&self, zone: Option<&TimeZone>) -> Option<i64> {
        let year = match (self.year.unwrap_or(1970), self.bc) {
            (year, true) => 1 - year,
            (year, false) => year,
        };
        let timed = self.hour.is_some() || self.half_hour.is_some() || self.nano_of_day.is_some();
        if self.year.or(self.month).is_none() && !timed {
            return None;
        }
        // A day without its month counts only beside a time of day.
        let day = self.day.filter(|_| timed || self.month.is_some());
        let (mut month, mut day) = (self.month.unwrap_or(1), day.unwrap_or(1));
        if let (Some(of_year), None) = (self.day_of_year, self.month) {
            (month, day) = (1, of_year);
            while day > i64::from(month_length(year, month as u8)) {
                day -= i64::from(month_length(year, month as u8));
                month += 1;
            }
        }
        if !(1..=12).contains(&month)
            || !(1..=i64::from(month_length(year, month as u8))).contains(&day)
        {
            return None;
        }
        let hour = match (self.hour, self.half_hour) {
            (Some(hour), _) => hour,
            (None, Some(hour)) if hour < 12 => {
                hour + if self.afternoon == Some(true) { 12 } else { 0 }
            }
            (None, Some(_)) => return None,
            (None, None) => 0,
        };
        // Without an hour there is no time of day, whatever else is given.
        let (mut time, mut nano) =
            if timed { ((hour, self.minute, self.second), self.nano) } else { ((0, 0, 0), 0) };
        if let Some(of_day) = self.nano_of_day {
            let second = of_day / 1_000_000_000;
            time = (second / 3600, second / 60 % 60, second % 60);
            nano = of_day % 1_000_000_000;
        }
        let real =
            (0..24).contains(&time.0) && (0..60).contains(&time.1) && (0..60).contains(&time.2);
        if !real || !(0..1_000_000_000).contains(&nano) || year.abs() > 999_999_999 {
            return None;
        }
        let civil = Civil {
            year,
            month: month as u8,
            day: day as u8,
            hour: time.0 as u8,
            minute: time.1 as u8,
            second: time.2 as u8,
            nano: nano as u32,
        };
        match (self.offset, self.zone.as_ref().or(zone)) {
            (Some(seconds), _) => civil.millis()?.checked_sub(i64::from(seconds) * 1000),
            (None, Some(zone)) => to_utc(&civil, zone),
            (None, None) => civil.millis(),
        }
    }
}

/// Whether a letter reads digits.
fn is_number(letter: Letter, width: usize) -> bool {
    match letter {
        Letter::Month | Letter::DayNumber | Letter::Quarter => width < 3,
        Letter::Era
        | Letter::DayName
        | Letter::Half
        | Letter::OffsetX
        | Letter::Offsetx
        | Letter::OffsetZ
        | Letter::OffsetO
        | Letter::Zone => false,
        _ => true,
    }
}

/// So many digits, as many as possible, and what follows.
fn number(text: &str, least: usize, most: usize) -> Option<(i64, &str)> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if count < least {
        return None;
    }
    let (digits, rest) = text.split_at(count);
    Some((digits.parse().ok()?, rest))
}

/// A year of at least so many digits; more need a `+`.
fn signed_year(text: &str, width: usize) -> Option<(i64, &str)> {
    if let Some(rest) = text.strip_prefix('-') {
        let (year, rest) = number(rest, width, 9)?;
        return Some((-year, rest));
    }
    match text.strip_prefix('+') {
        Some(rest) if width >= 4 => number(rest, width + 1, 9),
        _ if width >= 4 => number(text, width, width),
        _ => number(text, width, 9),
    }
}

/// The position of a name, short (3 letters) or full, in any case.
fn named<'t>(text: &'t str, names: &[&str], width: usize) -> Option<(usize, &'t str)> {
    names.iter().enumerate().find_map(|(index, name)| {
        let form = if width == 3 { &name[..3] } else { name };
        let (head, rest) = text.split_at_checked(form.len())?;
        head.eq_ignore_ascii_case(form).then_some((index, rest))
    })
}

/// Seconds of a whole text that is an offset.
pub(super) fn offset_of(text: &str) -> Option<i32> {
    match text.as_bytes().first()? {
        b'+' | b'-' => signed_offset(text).filter(|(_, rest)| rest.is_empty()).map(|(n, _)| n),
        _ => None,
    }
}

/// An offset as a letter reads it.
fn offset(text: &str, letter: Letter) -> Option<(i32, &str)> {
    match letter {
        Letter::OffsetO => match text.strip_prefix("GMT")? {
            rest if rest.starts_with(['+', '-']) => signed_offset(rest),
            rest => Some((0, rest)),
        },
        Letter::OffsetX if text.starts_with('Z') => Some((0, &text[1..])),
        Letter::OffsetZ if text.starts_with('Z') => Some((0, &text[1..])),
        _ => signed_offset(text),
    }
}

/// `+h`, `+hh`, `+hhmm`, `+hh:mm`, each with seconds where they are given.
fn signed_offset(text: &str) -> Option<(i32, &str)> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hour, mut rest) = number(&text[1..], 1, 2)?;
    let mut seconds = hour * 3600;
    for unit in [60, 1] {
        let behind = rest.strip_prefix(':').unwrap_or(rest);
        match number(behind, 2, 2) {
            Some((n, behind)) if n < 60 => {
                seconds += n * unit;
                rest = behind;
            }
            _ => break,
        }
    }
    (hour <= 18).then_some((sign * seconds as i32, rest))
}
