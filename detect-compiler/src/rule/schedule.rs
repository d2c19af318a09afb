//! When a rule runs and how far it looks back: durations and date math.

use thiserror::Error;

/// Milliseconds of a second, minute, hour, day.
const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A rule's schedule. Windows are `(tick - delay - lookback, tick - delay]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Milliseconds between ticks.
    pub interval: i64,
    /// Length of the window in milliseconds: `to - from`.
    pub lookback: i64,
    /// Milliseconds from the window's end to the tick: `now - to`, 0 unless the
    /// rule sets `to`.
    pub delay: i64,
}

/// A time relative to a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relative {
    /// Milliseconds from the tick; negative = before it.
    pub offset: i64,
    /// The text rounds down to a unit (`now-30d/d`); that unit in milliseconds.
    pub rounded: Option<i64>,
}

/// Why a text is no duration or date math.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TimeError {
    /// Not `<number><unit>`.
    #[error("expected a number and a unit, such as `5m`")]
    Duration,
    /// Not a unit.
    #[error("unknown unit `{0}`, expected one of {1}")]
    Unit(String, &'static str),
    /// Not anchored at `now`.
    #[error("expected `now`, such as `now-9m`")]
    Anchor,
    /// Something else than `+`, `-` or `/` behind the anchor.
    #[error("expected `+`, `-` or `/`, found `{0}`")]
    Operator(char),
    /// Out of range.
    #[error("the time is out of range")]
    Overflow,
    /// Zero.
    #[error("the time must be above zero")]
    Zero,
}

/// Reads `5m`: units `s`, `m`, `h`, `d`.
///
/// ```
/// use detect_compiler::rule::parse_duration;
/// assert_eq!(parse_duration("15m"), Ok(900_000));
/// ```
pub fn parse_duration(text: &str) -> Result<i64, TimeError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if number.is_empty() || unit.is_empty() {
        return Err(TimeError::Duration);
    }
    let unit = match unit {
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        other => return Err(TimeError::Unit(other.to_owned(), "s, m, h, d")),
    };
    let millis = amount(number, unit)?;
    if millis == 0 { Err(TimeError::Zero) } else { Ok(millis) }
}

/// Reads date math anchored at `now`. A month counts 30 days, a year 365: a
/// window of a stream has one length.
///
/// ```
/// use detect_compiler::rule::parse_relative;
/// assert_eq!(parse_relative("now-9m").unwrap().offset, -540_000);
/// ```
pub fn parse_relative(text: &str) -> Result<Relative, TimeError> {
    let mut rest = text.trim().strip_prefix("now").ok_or(TimeError::Anchor)?;
    let mut time = Relative { offset: 0, rounded: None };
    while let Some(operator) = rest.chars().next() {
        rest = &rest[operator.len_utf8()..];
        match operator {
            '+' | '-' => {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                // Elasticsearch reads a missing number as 1 (`now-d`).
                let number = if digits == 0 { "1" } else { &rest[..digits] };
                let (unit, behind) = date_unit(&rest[digits..])?;
                let step = amount(number, unit)?;
                let step = if operator == '-' { -step } else { step };
                time.offset = time.offset.checked_add(step).ok_or(TimeError::Overflow)?;
                rest = behind;
            }
            '/' => {
                let (unit, behind) = date_unit(rest)?;
                time.rounded = Some(unit);
                rest = behind;
            }
            other => return Err(TimeError::Operator(other)),
        }
    }
    Ok(time)
}

fn amount(number: &str, unit: i64) -> Result<i64, TimeError> {
    let number: i64 = number.parse().map_err(|_| TimeError::Overflow)?;
    number.checked_mul(unit).ok_or(TimeError::Overflow)
}

fn date_unit(text: &str) -> Result<(i64, &str), TimeError> {
    let Some(letter) = text.chars().next() else {
        return Err(TimeError::Duration);
    };
    let unit = match letter {
        's' => SECOND,
        'm' => MINUTE,
        'h' | 'H' => HOUR,
        'd' => DAY,
        'w' => 7 * DAY,
        'M' => 30 * DAY,
        'y' => 365 * DAY,
        other => return Err(TimeError::Unit(other.to_string(), "s, m, h, d, w, M, y")),
    };
    Ok((unit, &text[letter.len_utf8()..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations() {
        let rows: &[(&str, Result<i64, TimeError>)] = &[
            ("30s", Ok(30_000)),
            ("5m", Ok(300_000)),
            ("1h", Ok(3_600_000)),
            ("1d", Ok(86_400_000)),
            ("", Err(TimeError::Duration)),
            ("5", Err(TimeError::Duration)),
            ("m", Err(TimeError::Duration)),
            ("-5m", Err(TimeError::Duration)),
            ("5 m", Err(TimeError::Unit(" m".into(), "s, m, h, d"))),
            ("5w", Err(TimeError::Unit("w".into(), "s, m, h, d"))),
            ("0m", Err(TimeError::Zero)),
            ("99999999999999999999m", Err(TimeError::Overflow)),
            ("9223372036854775807d", Err(TimeError::Overflow)),
        ];
        for (text, expected) in rows {
            assert_eq!(&parse_duration(text), expected, "{text}");
        }
    }

    #[test]
    fn date_math() {
        let at = |offset, rounded| Ok(Relative { offset, rounded });
        let rows: &[(&str, Result<Relative, TimeError>)] = &[
            ("now", at(0, None)),
            ("now-9m", at(-9 * MINUTE, None)),
            ("now-61m", at(-61 * MINUTE, None)),
            ("now-30d/d", at(-30 * DAY, Some(DAY))),
            ("now-1h+5m", at(-55 * MINUTE, None)),
            ("now-1M", at(-30 * DAY, None)),
            ("now-2w", at(-14 * DAY, None)),
            ("now-d", at(-DAY, None)),
            ("2024-01-01", Err(TimeError::Anchor)),
            ("now*3", Err(TimeError::Operator('*'))),
            ("now-3q", Err(TimeError::Unit("q".into(), "s, m, h, d, w, M, y"))),
            ("now-3", Err(TimeError::Duration)),
        ];
        for (text, expected) in rows {
            assert_eq!(&parse_relative(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,12}", behind in "now[-+/0-9smhdwMyé]{0,30}") {
            let _either = parse_duration(&text);
            let _either = parse_relative(&text);
            let _either = parse_relative(&behind);
        }
    }
}
