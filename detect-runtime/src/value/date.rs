//! Instants and the civil calendar (proleptic Gregorian, UTC).
//!
//! The calendar is plain arithmetic over days since 1970, so that every `i64` of
//! milliseconds has a date: libraries stop at the year 9999.

use core::fmt::Write;

/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;

/// An instant taken apart, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Year, 0 is 1 BC.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// 0 to 999,999,999.
    pub nano: u32,
}

impl Civil {
    /// Takes apart milliseconds since 1970.
    pub fn of_millis(millis: i64) -> Civil {
        let day = millis.div_euclid(DAY);
        let rest = millis.rem_euclid(DAY);
        let second = rest / 1000;
        let (year, month, date) = civil_of_days(day);
        Civil {
            year,
            month,
            day: date,
            hour: (second / 3600) as u8,
            minute: (second / 60 % 60) as u8,
            second: (second % 60) as u8,
            nano: (rest % 1000) as u32 * 1_000_000,
        }
    }

    /// Takes apart nanoseconds since 1970.
    pub fn of_nanos(nanos: i64) -> Civil {
        let whole = Civil::of_millis(nanos.div_euclid(1_000_000_000) * 1000);
        Civil { nano: nanos.rem_euclid(1_000_000_000) as u32, ..whole }
    }

    /// Days since 1970 of its date.
    pub fn days(&self) -> i64 {
        days_of_civil(self.year, self.month, self.day)
    }

    /// Milliseconds since 1970; `None` beyond 64 bits.
    pub fn millis(&self) -> Option<i64> {
        let second =
            i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        self.days().checked_mul(DAY)?.checked_add(second * 1000 + i64::from(self.nano / 1_000_000))
    }

    /// Nanoseconds since 1970.
    pub fn nanos(&self) -> i128 {
        let second =
            i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        (i128::from(self.days()) * 86_400 + i128::from(second)) * 1_000_000_000
            + i128::from(self.nano)
    }
}

/// Days since 1970 of a date; month 1 to 12, day from 1. Method: count from
/// 1 March, so that the leap day is the last of its year (H. Hinnant,
/// `days_from_civil`).
pub fn days_of_civil(year: i64, month: u8, day: u8) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let month = (i64::from(month) + 9) % 12;
    let of_year = (153 * month + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a number of days since 1970.
pub fn civil_of_days(days: i64) -> (i64, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = (of_year - (153 * month + 2) / 5 + 1) as u8;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month as u8, day)
}

/// Days of a month.
pub fn month_length(year: i64, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Adds calendar months to milliseconds; a day that the month lacks becomes its
/// last day. `None` beyond 64 bits.
///
/// ```
/// use detect_runtime::value::date;
/// let january = date::parse("2024-01-31").unwrap();
/// assert_eq!(date::print(date::add_months(january as i64 / 1_000_000, 1).unwrap()),
///            "2024-02-29T00:00:00.000Z");
/// ```
pub fn add_months(millis: i64, months: i64) -> Option<i64> {
    let civil = Civil::of_millis(millis);
    let count = civil.year.checked_mul(12)?.checked_add(i64::from(civil.month) - 1)?;
    let count = count.checked_add(months)?;
    let (year, month) = (count.div_euclid(12), (count.rem_euclid(12) + 1) as u8);
    // Milliseconds in 64 bits reach 292 million years; farther dates would overflow on the way.
    if year.abs() > 300_000_000 {
        return None;
    }
    let day = civil.day.min(month_length(year, month));
    let moved = Civil { year, month, day, ..civil }.millis()?;
    moved.checked_add(millis.rem_euclid(1000) - moved.rem_euclid(1000))
}

/// Reads `strict_date_optional_time`: a year of four digits (before 0 with `-`, of
/// up to nine digits with `+`), then month, day, `T`
/// and hour, minute, second, fraction (1 to 9 digits behind `.` or `,`) as far as
/// given, and an offset (`Z`, `+hh`, `+hhmm`, `+hh:mm`) behind a time. Gives
/// nanoseconds since 1970; without offset UTC.
///
/// ```
/// use detect_runtime::value::date::parse;
/// assert_eq!(parse("1970-01-01T01:00:00.5+01:00"), Some(500_000_000));
/// assert_eq!(parse("1970"), Some(0));
/// assert_eq!(parse("1970-1-1"), None);
/// assert_eq!(parse("2023-02-29"), None);
/// ```
pub fn parse(text: &str) -> Option<i128> {
    let mut scan = Scan(text.as_bytes());
    let mut civil = Civil { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0, nano: 0 };
    civil.year = scan.year()?;
    if scan.take(b'-') {
        civil.month = scan.digits(2)? as u8;
        if scan.take(b'-') {
            civil.day = scan.digits(2)? as u8;
        }
    }
    let real = (1..=12).contains(&civil.month)
        && (1..=month_length(civil.year, civil.month)).contains(&civil.day);
    if !real {
        return None;
    }
    let mut offset = 0;
    if scan.take(b'T') && !scan.0.is_empty() {
        civil.hour = scan.digits(2)? as u8;
        if scan.take(b':') {
            civil.minute = scan.digits(2)? as u8;
            if scan.take(b':') {
                civil.second = scan.digits(2)? as u8;
                if scan.take(b'.') || scan.take(b',') {
                    civil.nano = scan.fraction()?;
                }
            }
        }
        offset = scan.offset()?;
    }
    let real = civil.hour < 24 && civil.minute < 60 && civil.second < 60 && scan.0.is_empty();
    real.then(|| civil.nanos() - i128::from(offset) * 1_000_000_000)
}

/// Reads a date as the mapping `strict_date_optional_time||epoch_millis` does.
pub fn parse_or_epoch(text: &str) -> Option<i128> {
    parse(text).or_else(|| text.parse::<i64>().ok().map(|millis| i128::from(millis) * 1_000_000))
}

/// Nanoseconds to milliseconds, downwards; `None` beyond 64 bits.
pub fn to_millis(nanos: i128) -> Option<i64> {
    i64::try_from(nanos.div_euclid(1_000_000)).ok()
}

/// Bytes still to be read.
struct Scan<'t>(&'t [u8]);

impl Scan<'_> {
    fn take(&mut self, byte: u8) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if *first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// Four digits, behind `-` too; behind `+` up to nine.
    fn year(&mut self) -> Option<i64> {
        if self.take(b'-') {
            return self.digits(4).map(|year| -i64::from(year));
        }
        if self.take(b'+') {
            let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
            return (4..=9).contains(&count).then(|| self.digits(count)).flatten().map(i64::from);
        }
        self.digits(4).map(i64::from)
    }

    fn digits(&mut self, count: usize) -> Option<u32> {
        let (head, rest) = self.0.split_at_checked(count)?;
        let number = head.iter().try_fold(0, |sum, byte| {
            byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0'))
        })?;
        self.0 = rest;
        Some(number)
    }

    /// 1 to 9 digits as nanoseconds.
    fn fraction(&mut self) -> Option<u32> {
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&count) {
            return None;
        }
        Some(self.digits(count)? * 10u32.pow(9 - count as u32))
    }

    /// Seconds east of UTC.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.0.first() {
            None => return Some(0),
            Some(b'Z') => {
                self.take(b'Z');
                return Some(0);
            }
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return None,
        };
        self.digits_after_sign().map(|seconds| sign * seconds)
    }

    fn digits_after_sign(&mut self) -> Option<i64> {
        self.0 = self.0.get(1..)?;
        let hour = self.digits(2)?;
        let minute = match self.0.first() {
            Some(b':') => {
                self.take(b':');
                self.digits(2)?
            }
            Some(byte) if byte.is_ascii_digit() => self.digits(2)?,
            _ => 0,
        };
        (hour <= 18 && minute < 60).then(|| i64::from(hour) * 3600 + i64::from(minute) * 60)
    }
}

/// Prints milliseconds as `yyyy-MM-ddTHH:mm:ss.SSSZ`.
pub fn print(millis: i64) -> String {
    let mut out = String::with_capacity(24);
    write(&mut out, &Civil::of_millis(millis), 3);
    out
}

/// Prints nanoseconds: as [`print()`], with 3 to 9 digits of fraction as needed.
pub fn print_nanos(nanos: i64) -> String {
    let mut out = String::with_capacity(30);
    let civil = Civil::of_nanos(nanos);
    let zeros = (1..=6).take_while(|n| civil.nano.is_multiple_of(10u32.pow(*n))).count();
    write(&mut out, &civil, 9 - zeros);
    out
}

fn write(out: &mut String, civil: &Civil, digits: usize) {
    let Civil { year, month, day, hour, minute, second, nano } = *civil;
    let sign = match year {
        ..0 => "-",
        0..=9999 => "",
        _ => "+",
    };
    let fraction = nano / 10u32.pow(9 - digits as u32);
    // Writing into a String cannot fail.
    let _ = write!(
        out,
        "{sign}{:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:0digits$}Z",
        year.unsigned_abs(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn readings() {
        for (text, nanos) in [
            ("2024-05-01", Some(1_714_521_600_000_000_000)),
            ("2024-05", Some(1_714_521_600_000_000_000)),
            ("2024-05-01T10:00:00Z", Some(1_714_557_600_000_000_000)),
            ("2024-05-01T10", Some(1_714_557_600_000_000_000)),
            ("2024-05-01T10:00:00,123456789-0130", Some(1_714_563_000_123_456_789)),
            ("2024-05-01T", Some(1_714_521_600_000_000_000)),
            ("2024-05-01 10:00:00", None),
            ("2024-13-01", None),
            ("2024-05-01T24:00:00", None),
            ("2024-05-01T10:00:00.", None),
            ("2024-05-01T10:00:00.1234567890", None),
            ("2024-05-01T10:00:00+", None),
            ("24-05-01", None),
            ("-0001-12-01", Some(-62_169_897_600_000_000_000)),
            ("+10000-01-01", Some(253_402_300_800_000_000_000)),
            ("", None),
            ("1714557600000", None),
        ] {
            assert_eq!(parse(text), nanos, "{text}");
        }
        assert_eq!(parse_or_epoch("1714557600000"), Some(1_714_557_600_000_000_000));
    }

    #[test]
    fn prints() {
        assert_eq!(print(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(print(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(print_nanos(1_500_000_000), "1970-01-01T00:00:01.500Z");
        assert_eq!(print_nanos(1_000_000_010), "1970-01-01T00:00:01.00000001Z");
        assert_eq!(print(i64::MAX), "+292278994-08-17T07:12:55.807Z");
    }

    proptest! {
        #[test]
        fn print_and_parse_are_inverse(millis in -62_167_219_200_000i64..253_402_300_800_000) {
            prop_assert_eq!(parse(&print(millis)).and_then(to_millis), Some(millis));
        }

        #[test]
        fn civil_is_inverse(millis in i64::MIN / 2..i64::MAX / 2) {
            prop_assert_eq!(Civil::of_millis(millis).millis(), Some(millis));
        }

        #[test]
        fn calendar_agrees_with_jiff(day in -4_000_000i32..2_900_000) {
            let (year, month, date) = civil_of_days(i64::from(day));
            if let (Ok(year), Ok(epoch)) = (i16::try_from(year), jiff::civil::Date::new(1970, 1, 1)) {
                let known = jiff::civil::Date::new(year, month as i8, date as i8);
                prop_assert!(known.is_ok() || !(-9999..=9999).contains(&year));
                if let Ok(known) = known {
                    let span = known.since((jiff::Unit::Day, epoch)).map(|span| span.get_days());
                    prop_assert_eq!(span.ok(), Some(day));
                }
            }
        }
    }
}
