//! Wildcard patterns checked in place.
//!
//! A pattern is cut at its `*` into segments. The first and the last one may be
//! bound to the ends of the text; each other one is placed as far left as it
//! fits behind the one before. As a segment has a fixed number of characters,
//! the leftmost place is also the one that ends first, so greedy placement is
//! exact and there is no backtracking over `*`: the time is linear in the text.

use super::layout::{Bytes, GLOB_END, GLOB_START, ONE};
use memchr::memmem;

/// Whether the whole text matches the glob at `at`.
pub(crate) fn matches(tables: Bytes<'_>, at: u32, text: &[u8]) -> bool {
    let flags = tables.u32(at);
    let count = tables.u32(at + 4);
    let mut segment = Segment::new(tables, at + 8);
    let mut rest = text;
    for index in 0..count {
        let starts = index == 0 && flags & GLOB_START != 0;
        let ends = index + 1 == count && flags & GLOB_END != 0;
        let end = match (starts, ends) {
            (true, true) => return segment.prefix(rest) == Some(rest.len()),
            (true, false) => segment.prefix(rest),
            (false, true) => return segment.is_suffix(rest),
            (false, false) => segment.find(rest),
        };
        let Some(end) = end else { return false };
        rest = rest.get(end..).unwrap_or_default();
        segment = segment.next();
    }
    true
}

/// A segment: items that follow each other.
#[derive(Clone, Copy)]
struct Segment<'t> {
    tables: Bytes<'t>,
    at: u32,
    items: u32,
}

impl<'t> Segment<'t> {
    fn new(tables: Bytes<'t>, at: u32) -> Segment<'t> {
        Segment { tables, at: at + 4, items: tables.u32(at) }
    }

    fn next(self) -> Segment<'t> {
        Segment::new(self.tables, self.at + 8 * self.items)
    }

    /// Literal number `index`; `None` for "any one character".
    #[inline]
    fn item(self, index: u32) -> Option<&'t [u8]> {
        let length = self.tables.u32(self.at + 8 * index + 4);
        (length != ONE).then(|| self.tables.slice(self.tables.u32(self.at + 8 * index), length))
    }

    /// Where the segment ends if it stands at the start of the text.
    #[inline]
    fn prefix(self, text: &[u8]) -> Option<usize> {
        let mut at = 0;
        for index in 0..self.items {
            let rest = text.get(at..)?;
            at += match self.item(index) {
                Some(literal) => rest.starts_with(literal).then_some(literal.len())?,
                None => first_char(rest)?,
            };
        }
        Some(at)
    }

    fn is_suffix(self, text: &[u8]) -> bool {
        let mut end = text.len();
        for index in (0..self.items).rev() {
            let Some(head) = text.get(..end) else { return false };
            let length = match self.item(index) {
                Some(literal) => head.ends_with(literal).then_some(literal.len()),
                None => last_char(head),
            };
            let Some(length) = length else { return false };
            end -= length;
        }
        true
    }

    /// End of the segment at its leftmost place.
    fn find(self, text: &[u8]) -> Option<usize> {
        if self.items == 0 {
            return Some(0);
        }
        match self.item(0) {
            Some(literal) if self.items == 1 => {
                memmem::find(text, literal).map(|at| at + literal.len())
            }
            Some(literal) => {
                let finder = memmem::Finder::new(literal);
                let mut from = 0;
                loop {
                    let at = from + finder.find(text.get(from..)?)?;
                    if let Some(end) = self.prefix(text.get(at..)?) {
                        return Some(at + end);
                    }
                    from = at + 1;
                }
            }
            None => {
                let mut at = 0;
                loop {
                    let rest = text.get(at..)?;
                    if let Some(end) = self.prefix(rest) {
                        return Some(at + end);
                    }
                    at += first_char(rest)?;
                }
            }
        }
    }
}

/// Length of the first character.
#[inline]
fn first_char(text: &[u8]) -> Option<usize> {
    let length = match text.first()? {
        0..0x80 => 1,
        0x80..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    };
    Some(length.min(text.len()))
}

/// Length of the last character.
#[inline]
fn last_char(text: &[u8]) -> Option<usize> {
    let start = text.iter().rposition(|byte| byte & 0xc0 != 0x80)?;
    Some(text.len() - start)
}
