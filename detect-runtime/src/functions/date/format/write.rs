//! Printing.

use super::super::{DAYS, MONTHS, weekday};
use super::item::{Item, Letter};
use crate::value::date::{Civil, days_of_civil};
use core::fmt::Write;

pub(super) fn print(items: &[Item], civil: &Civil) -> String {
    let mut out = String::new();
    write_items(items, civil, &mut out);
    out
}

fn write_items(items: &[Item], civil: &Civil, out: &mut String) {
    for item in items {
        match item {
            Item::Literal(text) => out.push_str(text),
            Item::Optional(inner) => write_items(inner, civil, out),
            Item::Letter(letter, width) => write_letter(*letter, *width, civil, out),
        }
    }
}

fn write_letter(letter: Letter, width: usize, civil: &Civil, out: &mut String) {
    let day = weekday(civil.days());
    let day_of_year = civil.days() - days_of_civil(civil.year, 1, 1) + 1;
    let (hour, half) = (i64::from(civil.hour), i64::from(civil.hour % 12));
    let second = hour * 3600 + i64::from(civil.minute) * 60 + i64::from(civil.second);
    match letter {
        Letter::Era => {
            let long = if civil.year > 0 { "Anno Domini" } else { "Before Christ" };
            let short = if civil.year > 0 { "AD" } else { "BC" };
            out.push_str(match width {
                4 => long,
                5 => &short[..1],
                _ => short,
            });
        }
        Letter::Year => year(civil.year, width, out),
        Letter::YearOfEra => {
            year(if civil.year > 0 { civil.year } else { 1 - civil.year }, width, out);
        }
        Letter::WeekYear => year(iso_week(civil.days()).0, width, out),
        Letter::Week => number(iso_week(civil.days()).1, width, out),
        Letter::WeekOfMonth => number(week_of_month(civil), width, out),
        Letter::Month if width < 3 => number(i64::from(civil.month), width, out),
        Letter::Month => name(MONTHS[usize::from(civil.month - 1) % 12], width, out),
        Letter::Quarter => {
            let quarter = i64::from(civil.month - 1) / 3 + 1;
            match width {
                1 | 2 => number(quarter, width, out),
                3 => put(out, format_args!("Q{quarter}")),
                4 => put(
                    out,
                    format_args!("{} quarter", ["1st", "2nd", "3rd", "4th"][quarter as usize - 1]),
                ),
                _ => number(quarter, 1, out),
            }
        }
        Letter::DayOfYear => number(day_of_year, width, out),
        Letter::Day => number(i64::from(civil.day), width, out),
        Letter::DayNumber if width < 3 => number(day as i64 + 1, width, out),
        Letter::DayNumber | Letter::DayName => name(DAYS[day], width.max(3), out),
        Letter::Half => out.push_str(if civil.hour < 12 { "AM" } else { "PM" }),
        Letter::Hour => number(hour, width, out),
        Letter::ClockHour => number(if hour == 0 { 24 } else { hour }, width, out),
        Letter::HalfHour => number(half, width, out),
        Letter::ClockHalfHour => number(if half == 0 { 12 } else { half }, width, out),
        Letter::Minute => number(i64::from(civil.minute), width, out),
        Letter::Second => number(i64::from(civil.second), width, out),
        Letter::Fraction => {
            let digits = format!("{:09}", civil.nano);
            out.push_str(digits.get(..width).unwrap_or(&digits));
        }
        Letter::MilliOfDay => number(second * 1000 + i64::from(civil.nano / 1_000_000), width, out),
        Letter::Nano => number(i64::from(civil.nano), width, out),
        Letter::NanoOfDay => number(second * 1_000_000_000 + i64::from(civil.nano), width, out),
        Letter::OffsetX | Letter::Zone => out.push('Z'),
        Letter::Offsetx => out.push_str(match width {
            1 => "+00",
            2 | 4 => "+0000",
            _ => "+00:00",
        }),
        Letter::OffsetZ => out.push_str(match width {
            1..=3 => "+0000",
            4 => "GMT",
            _ => "Z",
        }),
        Letter::OffsetO => out.push_str("GMT"),
    }
}

fn put(out: &mut String, text: core::fmt::Arguments<'_>) {
    // Writing into a String cannot fail.
    let _ = out.write_fmt(text);
}

fn number(n: i64, width: usize, out: &mut String) {
    put(out, format_args!("{n:0width$}"));
}

/// Two letters: the last two digits; else at least so many.
fn year(year: i64, width: usize, out: &mut String) {
    if width == 2 {
        return number(year.rem_euclid(100), 2, out);
    }
    if year < 0 {
        out.push('-');
    } else if width >= 4 && year >= 10i64.pow(width.min(18) as u32) {
        out.push('+');
    }
    number(year.abs(), width, out);
}

/// 3 letters: short, 4: full, 5: the first letter.
fn name(name: &str, width: usize, out: &mut String) {
    out.push_str(match width {
        3 => &name[..3],
        5 => &name[..1],
        _ => name,
    });
}

/// Week year and week of a day, ISO 8601: the week belongs to the year of its
/// Thursday.
fn iso_week(days: i64) -> (i64, i64) {
    let thursday = days - weekday(days) as i64 + 3;
    let (year, _, _) = crate::value::date::civil_of_days(thursday);
    (year, (thursday - days_of_civil(year, 1, 1)) / 7 + 1)
}

/// The week that holds the month's first Thursday is its first.
fn week_of_month(civil: &Civil) -> i64 {
    let first = weekday(days_of_civil(civil.year, civil.month, 1)) as i64;
    let week = (i64::from(civil.day) - 1 + first) / 7;
    if first <= 3 { week + 1 } else { week }
}
