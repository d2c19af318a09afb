//! Comparing letters without case.

use crate::test::Fold;

/// Simple case folding of one character: the lower-case form of its upper-case
/// form where both are single characters (so `ſ` is `s`, `K` is `k`, `ς` is `σ`),
/// else the character itself.
///
/// ```
/// use detect_runtime::text::fold_char;
/// assert_eq!(fold_char('É'), 'é');
/// assert_eq!(fold_char('\u{212a}'), 'k');
/// assert_eq!(fold_char('ß'), 'ß');
/// ```
pub fn fold_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    match c {
        // Pairs that only the folding table joins; they have no single upper case.
        '\u{1fd3}' => '\u{390}',
        '\u{1fe3}' => '\u{3b0}',
        '\u{fb05}' => '\u{fb06}',
        _ => {
            let upper = lone(c, c.to_uppercase());
            lone(upper, upper.to_lowercase())
        }
    }
}

/// The only character of the mapping, else `c`.
fn lone(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// The character as it compares.
pub fn folded(c: char, fold: Fold) -> char {
    match fold {
        Fold::None => c,
        Fold::Ascii => c.to_ascii_lowercase(),
        Fold::Full => fold_char(c),
    }
}

/// Whether two texts are equal.
///
/// ```
/// use detect_runtime::test::Fold;
/// use detect_runtime::text::equal;
/// assert!(equal("CMD.exe", "cmd.EXE", Fold::Ascii));
/// assert!(!equal("É", "é", Fold::Ascii));
/// assert!(equal("É", "é", Fold::Full));
/// ```
pub fn equal(a: &str, b: &str, fold: Fold) -> bool {
    match fold {
        Fold::None => a == b,
        Fold::Ascii => a.eq_ignore_ascii_case(b),
        Fold::Full => a.chars().map(fold_char).eq(b.chars().map(fold_char)),
    }
}

/// The text with every character as it compares.
pub fn fold_text(text: &str, fold: Fold) -> String {
    match fold {
        Fold::None => text.to_owned(),
        Fold::Ascii => text.to_ascii_lowercase(),
        Fold::Full => text.chars().map(fold_char).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

    /// Two characters have one fold exactly if Unicode's simple folding, which
    /// `regex-syntax` holds as a table, puts them into one class.
    #[test]
    fn agrees_with_unicode_tables() {
        for c in (0..=0x2_0000).filter_map(char::from_u32) {
            let mut class = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
            assert!(class.try_case_fold_simple().is_ok());
            for range in class.iter() {
                for other in range.start()..=range.end() {
                    assert_eq!(fold_char(c), fold_char(other), "{c} {other}");
                }
            }
        }
    }
}
