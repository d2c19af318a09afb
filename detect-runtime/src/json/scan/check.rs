//! Slow looks at a line that the scan found reason for.

use crate::json::{Malformed, Reason};

/// The first thing that is wrong with the strings of a line.
#[cold]
#[inline(never)]
pub(super) fn strings(line: &[u8]) -> Option<Malformed> {
    let mut start = None;
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        match (start, byte) {
            (None, b'"') => start = Some(at),
            (None, b'\\') => return Some(Reason::Unexpected.at(at)),
            (None, _) => {}
            (Some(_), b'"') => start = None,
            (Some(_), 0..0x20) => return Some(Reason::Control.at(at)),
            (Some(_), b'\\') => {
                match line.get(at + 1) {
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u') => {}
                    Some(_) => return Some(Reason::Escape.at(at)),
                    None => {}
                }
                at += 1;
            }
            (Some(_), _) => {}
        }
        at += 1;
    }
    start.map(|start| Reason::UnterminatedString.at(start))
}

/// The line as text, if it is UTF-8.
#[cold]
#[inline(never)]
pub(super) fn utf8(line: &[u8]) -> Result<&str, Malformed> {
    core::str::from_utf8(line).map_err(|error| Reason::Utf8.at(error.valid_up_to()))
}

/// Checks that four hexadecimal digits stand behind each `\u` of a line whose
/// strings are otherwise well formed.
#[cold]
#[inline(never)]
pub(super) fn unicode_escapes(line: &[u8]) -> Result<(), Malformed> {
    let mut from = 0;
    while let Some(found) = memchr::memchr(b'\\', &line[from..]) {
        let at = from + found;
        from = (at + 2).min(line.len());
        if line.get(at + 1) == Some(&b'u') {
            let digits = line.get(at + 2..at + 6).unwrap_or_default();
            if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
                return Err(Reason::Escape.at(at));
            }
        }
    }
    Ok(())
}
