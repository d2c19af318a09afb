//! Simple case folding.

/// The folded form of a character: two characters are equal without case if
/// their folded forms are. Upper and then lower case brings together what has
/// several lower-case forms (`s` and `ſ`, `σ` and `ς`). A character whose case
/// mapping has several characters stays as it is (`ß`, `İ`): the folding is
/// simple, lengths in characters do not change.
///
/// ```
/// use detect_runtime::text::fold_char;
/// assert_eq!(fold_char('K'), 'k');
/// assert_eq!(fold_char('\u{212a}'), 'k'); // KELVIN SIGN
/// assert_eq!(fold_char('ς'), fold_char('Σ'));
/// ```
pub fn fold_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    only(only(c, c.to_uppercase()), only(c, c.to_uppercase()).to_lowercase())
}

/// The only character of a mapping, `c` if there are several.
fn only(c: char, mut mapping: impl Iterator<Item = char>) -> char {
    match (mapping.next(), mapping.next()) {
        (Some(mapped), None) => mapped,
        _ => c,
    }
}
