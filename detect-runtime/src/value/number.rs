//! Numbers as texts.

use core::fmt::Write;

/// Prints a double as Java's `Double.toString`: shortest digits that read back
/// as the same double, plain from 10^-3 to below 10^7, else with an exponent.
///
/// ```
/// use detect_runtime::value::number::print;
/// assert_eq!(print(1.0), "1.0");
/// assert_eq!(print(1e10), "1.0E10");
/// assert_eq!(print(0.00012), "1.2E-4");
/// assert_eq!(print(9_999_999.0), "9999999.0");
/// ```
pub fn print(number: f64) -> String {
    let mut out = String::with_capacity(24);
    let size = number.abs();
    if number.is_nan() {
        out.push_str("NaN");
    } else if number.is_infinite() {
        out.push_str(if number > 0.0 { "Infinity" } else { "-Infinity" });
    } else if size == 0.0 || (1e-3..1e7).contains(&size) {
        // Writing into a String cannot fail.
        let _ = write!(out, "{number:?}");
    } else {
        let _ = write!(out, "{number:E}");
        if let (Some(exponent), None) = (out.find('E'), out.find('.')) {
            out.insert_str(exponent, ".0");
        }
    }
    out
}

/// Reads a finite double as Java's `Double.parseDouble` does: blanks around it,
/// sign, digits, exponent, a type letter. Hexadecimal forms are not read.
pub fn parse_double(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c: char| c <= ' ');
    let body = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    // Rust reads the words `inf`, `infinity` and `nan` too, Java spells them otherwise.
    if body.bytes().any(|byte| byte.is_ascii_alphabetic() && !matches!(byte, b'e' | b'E')) {
        return None;
    }
    body.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Rounds as Java's `Math.round`: halves upwards.
pub fn round_half_up(number: f64) -> f64 {
    let floor = number.floor();
    if number - floor >= 0.5 { floor + 1.0 } else { floor }
}

/// The `i32` nearest to a double; `None` outside its range, which is tested
/// before rounding.
pub fn to_i32(number: f64) -> Option<i32> {
    (f64::from(i32::MIN)..=f64::from(i32::MAX))
        .contains(&number)
        .then(|| round_half_up(number) as i32)
}

/// The `i64` nearest to a double; `None` outside its range.
pub fn to_i64(number: f64) -> Option<i64> {
    // 2^63 itself is out of range, though `i64::MAX as f64` rounds up to it.
    (number >= i64::MIN as f64 && number < -(i64::MIN as f64)).then(|| round_half_up(number) as i64)
}

/// The `u64` nearest to a double; `None` outside its range.
pub fn to_u64(number: f64) -> Option<u64> {
    (0.0..18_446_744_073_709_551_616.0).contains(&number).then(|| round_half_up(number) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prints_like_java() {
        for (number, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (0.001, "0.001"),
            (0.000999, "9.99E-4"),
            (1e7, "1.0E7"),
            (12345678.9, "1.23456789E7"),
            (-1.5e-10, "-1.5E-10"),
            (f64::MAX, "1.7976931348623157E308"),
        ] {
            assert_eq!(print(number), text);
        }
    }

    #[test]
    fn reads_like_java() {
        for (text, number) in [
            (" 1.5 ", Some(1.5)),
            ("1d", Some(1.0)),
            (".5", Some(0.5)),
            ("+1e3", Some(1000.0)),
            ("NaN", None),
            ("inf", None),
            ("infinity", None),
            ("1e999", None),
            ("", None),
            ("1 2", None),
        ] {
            assert_eq!(parse_double(text), number, "{text}");
        }
    }

    #[test]
    fn ranges() {
        assert_eq!(to_i32(2147483647.2), None);
        assert_eq!(to_i32(2.5), Some(3));
        assert_eq!(to_i32(-2.5), Some(-2));
        assert_eq!(to_i64(9223372036854775807.0), None);
        assert_eq!(to_i64(-9223372036854775808.0), Some(i64::MIN));
        assert_eq!(to_u64(18446744073709551615.0), None);
        assert_eq!(to_u64(-0.1), None);
        assert_eq!(round_half_up(0.49999999999999994), 0.0);
    }

    proptest! {
        #[test]
        fn print_reads_back(number in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
            prop_assert_eq!(parse_double(&print(number)), Some(number));
        }
    }
}
