//! Escapes of JSON strings.
//!
//! In: the text between the quotes of a string. Out: the text that it stands
//! for. Half a surrogate pair stands for U+FFFD, the replacement character: a
//! name that a sensor cut in the middle of a character is still a name.

use bumpalo::Bump;
use bumpalo::collections::String as BumpString;

/// The text that `raw` stands for: `raw` itself if it holds no backslash, else a
/// copy in the arena.
///
/// ```
/// use bumpalo::Bump;
/// use detect_runtime::json::escape::resolve;
/// let arena = Bump::new();
/// assert_eq!(resolve(r"C:\\Windows\u0021", &arena), r"C:\Windows!");
/// assert_eq!(resolve(r"\ud83d\ude00 \ud83d", &arena), "\u{1f600} \u{fffd}");
/// ```
pub fn resolve<'a>(raw: &'a str, arena: &'a Bump) -> &'a str {
    if memchr::memchr(b'\\', raw.as_bytes()).is_none() {
        return raw;
    }
    let mut text = BumpString::with_capacity_in(raw.len(), arena);
    for piece in pieces(raw) {
        match piece {
            Piece::Plain(plain) => text.push_str(plain),
            Piece::Escaped(character) => text.push(character),
        }
    }
    text.into_bump_str()
}

/// Appends the text that `raw` stands for.
pub fn append(raw: &str, text: &mut String) {
    for piece in pieces(raw) {
        match piece {
            Piece::Plain(plain) => text.push_str(plain),
            Piece::Escaped(character) => text.push(character),
        }
    }
}

/// A part of a string.
enum Piece<'a> {
    /// Stands for itself.
    Plain(&'a str),
    /// What an escape stands for.
    Escaped(char),
}

fn pieces(mut rest: &str) -> impl Iterator<Item = Piece<'_>> {
    core::iter::from_fn(move || {
        let plain = memchr::memchr(b'\\', rest.as_bytes()).unwrap_or(rest.len());
        if plain > 0 {
            let (before, behind) = rest.split_at(plain);
            rest = behind;
            return Some(Piece::Plain(before));
        }
        let mut characters = rest.chars();
        characters.next()?;
        let character = match characters.next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let (character, length) = unicode(rest);
                rest = rest.get(length..).unwrap_or_default();
                return Some(Piece::Escaped(character));
            }
            Some(itself) => itself,
            None => char::REPLACEMENT_CHARACTER,
        };
        rest = characters.as_str();
        Some(Piece::Escaped(character))
    })
}

/// The character that a text beginning with `\u` begins with, and how many bytes
/// that takes.
fn unicode(text: &str) -> (char, usize) {
    let Some(unit) = unit(text) else { return (char::REPLACEMENT_CHARACTER, 2) };
    if let Some(character) = char::from_u32(unit) {
        return (character, 6);
    }
    let low = text.get(6..).filter(|next| next.starts_with(r"\u")).and_then(self::unit);
    match low {
        Some(low @ 0xdc00..=0xdfff) if unit < 0xdc00 => {
            let code = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
            (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
        }
        _ => (char::REPLACEMENT_CHARACTER, 6),
    }
}

/// The UTF-16 code unit of a `\uXXXX` at the start of a text.
fn unit(text: &str) -> Option<u32> {
    text.get(2..6).and_then(|digits| u32::from_str_radix(digits, 16).ok())
}
