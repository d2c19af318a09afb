//! Values of options: durations, sizes, shares.

/// Reads `60s`, `10m`, `1.5h`, `250ms`, `2d` as milliseconds.
pub(crate) fn duration(text: &str) -> Result<i64, String> {
    let digits = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let millis = match unit {
        "ms" => 1.0,
        "s" => 1e3,
        "m" => 60e3,
        "h" => 3600e3,
        "d" => 86_400e3,
        "" => return Err("a unit is missing: ms, s, m, h or d".to_owned()),
        other => return Err(format!("unknown unit `{other}`, expected ms, s, m, h or d")),
    };
    let number: f64 = number.trim().parse().map_err(|_| format!("`{number}` is no number"))?;
    let total = (number * millis).round();
    // Exact in a double, and some 285,000 years.
    if !(0.0..9e15).contains(&total) {
        return Err("out of range".to_owned());
    }
    Ok(total as i64)
}

/// Reads a time as `2026-01-31T12:00:00Z`, or in milliseconds since 1970.
pub(crate) fn time(text: &str) -> Result<i64, String> {
    use detect::runtime::value::date;
    let millis = text.parse().ok().or_else(|| date::parse(text).and_then(date::to_millis));
    millis.ok_or_else(|| "expected a time like 2026-01-31T12:00:00Z".to_owned())
}

/// Reads `16MiB`, `1G`, `500k`, `4096` as bytes; units are powers of 1024.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.to_ascii_lowercase().trim_end_matches("ib").trim_end_matches('b') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err(format!("unknown unit `{unit}`, expected KiB, MiB, GiB or TiB")),
    };
    let number: u64 = number.trim().parse().map_err(|_| format!("`{number}` is no number"))?;
    number.checked_shl(shift).filter(|size| size >> shift == number).ok_or("too large".to_owned())
}

/// Reads a number between 0 and 1, or a percentage: `0.002`, `0.2%`.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    let (number, scale) = match text.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    let share =
        number.trim().parse::<f64>().map_err(|_| format!("`{number}` is no number"))? / scale;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("expected 0 to 1".to_owned()) }
}

/// Reads a rate per second, from one in a day to a million.
pub(crate) fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.trim().parse().map_err(|_| format!("`{text}` is no number"))?;
    let admitted = 1.0 / 86_400.0..=1e6;
    if admitted.contains(&rate) { Ok(rate) } else { Err("expected 0.00002 to 1000000".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, expected) in [
            ("60s", Some(60_000)),
            ("250ms", Some(250)),
            ("1.5h", Some(5_400_000)),
            ("2d", Some(172_800_000)),
            ("0s", Some(0)),
            ("60", None),
            ("s", None),
            ("-1s", None),
            ("1w", None),
            ("1e300d", None),
            ("nan s", None),
        ] {
            assert_eq!(duration(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn times() {
        for (text, expected) in [
            ("1970-01-01T00:00:01Z", Some(1_000)),
            ("2500", Some(2_500)),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(time(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("4096", Some(4096)),
            ("16MiB", Some(16 << 20)),
            ("16mb", Some(16 << 20)),
            ("1G", Some(1 << 30)),
            ("99999999999999999G", None),
            ("x", None),
            ("1Q", None),
        ] {
            assert_eq!(size(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn shares() {
        for (text, expected) in
            [("0.25", Some(0.25)), ("25%", Some(0.25)), ("2", None), ("-1", None), ("x", None)]
        {
            assert_eq!(share(text).ok(), expected, "{text}");
        }
    }
}
