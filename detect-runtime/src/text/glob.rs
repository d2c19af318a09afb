//! Wildcard patterns: `*` is any run of characters, `?` exactly one, line breaks
//! included, against the whole text.
//!
//! [`matches()`] is the plain meaning, one pass with a mark at the last `*`.
//! [`Pattern`] is the same, made ready: the pattern is cut at its `*` into
//! segments of fixed length in characters; the first and last are anchored, those
//! between are searched leftmost, which needs no going back.

use super::{fold_char, fold_text, folded};
use crate::test::{Fold, Glob, Piece};
use memchr::memmem::Finder;
use thiserror::Error;

/// A backslash that escapes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a backslash must stand before `*`, `?` or a backslash")]
pub struct EscapeError {
    /// Its byte offset.
    pub at: usize,
}

/// Reads a pattern in which every `*` and `?` is a wildcard.
///
/// ```
/// use detect_runtime::test::{Fold, Piece};
/// use detect_runtime::text::glob;
/// let pattern = glob::plain(r"C:\*.exe");
/// assert_eq!(pattern.0.len(), 3);
/// assert!(glob::matches(&pattern, r"c:\WINDOWS\cmd.EXE", Fold::Ascii));
/// ```
pub fn plain(pattern: &str) -> Glob {
    let mut pieces = Pieces::default();
    for c in pattern.chars() {
        pieces.push(c);
    }
    pieces.finish()
}

/// Reads a pattern in which a backslash makes `*`, `?` and itself literal.
///
/// ```
/// use detect_runtime::text::glob;
/// assert_eq!(glob::escaped(r"a\*"), Ok(glob::literal("a*")));
/// assert_eq!(glob::escaped(r"a\b").map_err(|e| e.at), Err(1));
/// ```
pub fn escaped(pattern: &str) -> Result<Glob, EscapeError> {
    let mut pieces = Pieces::default();
    let mut chars = pattern.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some((_, escaped @ ('*' | '?' | '\\'))) => pieces.literal(escaped),
                _ => return Err(EscapeError { at }),
            },
            c => pieces.push(c),
        }
    }
    Ok(pieces.finish())
}

/// The pattern that matches only this text.
pub fn literal(text: &str) -> Glob {
    let mut pieces = Pieces::default();
    text.chars().for_each(|c| pieces.literal(c));
    pieces.finish()
}

/// The normal form of a pattern: no empty or neighbouring literals, and in a run of
/// wildcards first the `?`, then at most one `*`. Patterns that differ only in this
/// become equal.
pub fn normal(glob: &Glob) -> Glob {
    let mut pieces = Pieces::default();
    for piece in &glob.0 {
        match piece {
            Piece::Literal(text) => text.chars().for_each(|c| pieces.literal(c)),
            Piece::Any => pieces.push('*'),
            Piece::One => pieces.push('?'),
        }
    }
    pieces.finish()
}

/// The text of a pattern without wildcards.
pub fn as_literal(glob: &Glob) -> Option<&str> {
    match glob.0.as_slice() {
        [] => Some(""),
        [Piece::Literal(text)] => Some(text),
        _ => None,
    }
}

/// A pattern under construction, always normal but for the wildcards at its end.
#[derive(Default)]
struct Pieces {
    done: Vec<Piece>,
    ones: usize,
    any: bool,
}

impl Pieces {
    fn push(&mut self, c: char) {
        match c {
            '*' => self.any = true,
            '?' => self.ones += 1,
            c => self.literal(c),
        }
    }

    fn literal(&mut self, c: char) {
        self.flush();
        match self.done.last_mut() {
            Some(Piece::Literal(text)) => text.push(c),
            _ => self.done.push(Piece::Literal(c.to_string())),
        }
    }

    fn flush(&mut self) {
        self.done.extend(core::iter::repeat_n(Piece::One, core::mem::take(&mut self.ones)));
        if core::mem::take(&mut self.any) {
            self.done.push(Piece::Any);
        }
    }

    fn finish(mut self) -> Glob {
        self.flush();
        Glob(self.done)
    }
}

/// Whether the whole text matches. No allocation; time at most the product of the
/// lengths.
pub fn matches(glob: &Glob, text: &str, fold: Fold) -> bool {
    // (piece, offset in its literal) and the rest of the text; the same at the last `*`.
    let (mut at, mut rest) = ((0, 0), text.chars());
    let mut retry: Option<((usize, usize), core::str::Chars<'_>)> = None;
    loop {
        let matched = match glob.0.get(at.0) {
            Some(Piece::Any) => {
                at = (at.0 + 1, 0);
                retry = Some((at, rest.clone()));
                continue;
            }
            Some(Piece::One) => {
                at = (at.0 + 1, 0);
                rest.next().is_some()
            }
            Some(Piece::Literal(literal)) => {
                if let Some(c) = literal[at.1..].chars().next() {
                    at.1 += c.len_utf8();
                    rest.next().is_some_and(|t| folded(t, fold) == folded(c, fold))
                } else {
                    at = (at.0 + 1, 0);
                    true
                }
            }
            None if rest.as_str().is_empty() => return true,
            None => false,
        };
        if !matched {
            let Some((after, from)) = &mut retry else { return false };
            if from.next().is_none() {
                return false;
            }
            at = *after;
            rest = from.clone();
        }
    }
}

/// A pattern made ready.
#[derive(Clone, Debug)]
pub struct Pattern {
    fold: Fold,
    /// What stands between the `*`; at least one.
    segments: Box<[Segment]>,
}

/// A run of literals and `?`.
#[derive(Clone, Debug)]
struct Segment {
    parts: Box<[Part]>,
    /// Length in characters.
    characters: usize,
    /// Searches the first part, if that is a literal and every byte counts.
    finder: Option<Finder<'static>>,
}

#[derive(Clone, Debug)]
enum Part {
    /// Folded.
    Literal(Box<str>),
    /// So many characters.
    Skip(usize),
}

impl Pattern {
    /// Makes a pattern ready.
    pub fn new(glob: &Glob, fold: Fold) -> Pattern {
        let segments = glob.0.split(|piece| *piece == Piece::Any);
        Pattern { fold, segments: segments.map(|pieces| Segment::new(pieces, fold)).collect() }
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let (first, rest) = match &*self.segments {
            [] => return bytes.is_empty(),
            [first, rest @ ..] => (first, rest),
        };
        let Some(mut at) = first.at(bytes, 0, self.fold) else { return false };
        let Some((last, between)) = rest.split_last() else { return at == bytes.len() };
        for segment in between {
            match segment.find(bytes, at, self.fold) {
                Some(end) => at = end,
                None => return false,
            }
        }
        let Some(begin) = back(bytes, last.characters) else { return false };
        begin >= at && last.at(bytes, begin, self.fold).is_some()
    }
}

impl Segment {
    fn new(pieces: &[Piece], fold: Fold) -> Segment {
        let mut parts: Vec<Part> = Vec::new();
        let mut characters = 0;
        for piece in pieces {
            match (piece, parts.last_mut()) {
                (Piece::Literal(text), _) => {
                    characters += text.chars().count();
                    parts.push(Part::Literal(fold_text(text, fold).into()));
                }
                (_, Some(Part::Skip(n))) => {
                    characters += 1;
                    *n += 1;
                }
                _ => {
                    characters += 1;
                    parts.push(Part::Skip(1));
                }
            }
        }
        let finder = match parts.first() {
            Some(Part::Literal(text)) if fold == Fold::None => {
                Some(Finder::new(text.as_bytes()).into_owned())
            }
            _ => None,
        };
        Segment { parts: parts.into(), characters, finder }
    }

    /// The end of the segment if it stands at this offset.
    fn at(&self, text: &[u8], mut at: usize, fold: Fold) -> Option<usize> {
        for part in &self.parts {
            at = match part {
                Part::Skip(n) => skip(text, at, *n)?,
                Part::Literal(literal) => literal_at(text, at, literal, fold)?,
            };
        }
        Some(at)
    }

    /// The end of the leftmost occurrence from this offset on.
    fn find(&self, text: &[u8], mut from: usize, fold: Fold) -> Option<usize> {
        loop {
            let begin = match &self.finder {
                Some(finder) => from + finder.find(text.get(from..)?)?,
                None => self.candidate(text, from, fold)?,
            };
            if let Some(end) = self.at(text, begin, fold) {
                return Some(end);
            }
            from = skip(text, begin, 1)?;
        }
    }

    /// The next offset at which the first part may stand.
    fn candidate(&self, text: &[u8], from: usize, fold: Fold) -> Option<usize> {
        match (self.parts.first(), fold) {
            (Some(Part::Literal(literal)), Fold::Ascii) => {
                let first = *literal.as_bytes().first()?;
                let found = memchr::memchr2(first, first.to_ascii_uppercase(), text.get(from..)?)?;
                Some(from + found)
            }
            _ => (from <= text.len()).then_some(from),
        }
    }
}

/// The offset behind a folded literal that stands at `at`.
fn literal_at(text: &[u8], at: usize, literal: &str, fold: Fold) -> Option<usize> {
    let rest = text.get(at..)?;
    if fold != Fold::Full {
        let head = rest.get(..literal.len())?;
        let equal = match fold {
            Fold::None => head == literal.as_bytes(),
            _ => head.eq_ignore_ascii_case(literal.as_bytes()),
        };
        return equal.then(|| at + literal.len());
    }
    let mut end = at;
    for wanted in literal.chars() {
        let next = skip(text, end, 1)?;
        let found = core::str::from_utf8(text.get(end..next)?).ok()?.chars().next()?;
        if fold_char(found) != wanted {
            return None;
        }
        end = next;
    }
    Some(end)
}

/// The offset `n` characters behind `at`; `None` beyond the end.
fn skip(text: &[u8], mut at: usize, n: usize) -> Option<usize> {
    for _ in 0..n {
        at += match text.get(at)? {
            0..0x80 => 1,
            0x80..0xe0 => 2,
            0xe0..0xf0 => 3,
            0xf0.. => 4,
        };
    }
    (at <= text.len()).then_some(at)
}

/// The offset `n` characters before the end; `None` if there are fewer.
fn back(text: &[u8], n: usize) -> Option<usize> {
    let mut at = text.len();
    for _ in 0..n {
        at = text.get(..at)?.iter().rposition(|byte| byte & 0xc0 != 0x80)?;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, word by word.
    fn naive(pattern: &[char], text: &[char], fold: Fold) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|n| naive(rest, &text[n..], fold)),
            Some(('?', rest)) => !text.is_empty() && naive(rest, &text[1..], fold),
            Some((c, rest)) => text.split_first().is_some_and(|(t, others)| {
                folded(*t, fold) == folded(*c, fold) && naive(rest, others, fold)
            }),
        }
    }

    #[test]
    fn table() {
        for (pattern, text, holds) in [
            ("", "", true),
            ("*", "", true),
            ("?", "", false),
            ("?", "é", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("*b*", "abc", true),
            ("a*a", "a", false),
            ("a*ab", "aab", true),
            ("*ab?d*", "abxabcd", true),
            ("?*?", "a", false),
            ("a\\*", "a\\*", true),
            ("*\n*", "a\nb", true),
        ] {
            let glob = plain(pattern);
            assert_eq!(matches(&glob, text, Fold::None), holds, "{pattern} {text}");
            assert_eq!(Pattern::new(&glob, Fold::None).matches(text), holds, "{pattern} {text}");
        }
    }

    #[test]
    fn normal_form() {
        assert_eq!(plain("a**?*b"), plain("a?*b"));
        let loose = Glob(vec![Piece::Literal("a".into()), Piece::Literal("b".into()), Piece::Any]);
        assert_eq!(normal(&loose), plain("ab*"));
        assert_eq!(as_literal(&plain("ab")), Some("ab"));
        assert_eq!(as_literal(&plain("a?")), None);
    }

    #[test]
    fn many_stars_stay_cheap() {
        let glob = plain(&format!("{}*b", "*a".repeat(20)));
        let text = "a".repeat(100_000);
        assert!(!Pattern::new(&glob, Fold::None).matches(&text));
        assert!(!matches(&glob, &text, Fold::Ascii));
    }

    proptest! {
        #[test]
        fn all_forms_agree(
            pattern in "[aAbBéÉ*?]{0,7}",
            text in "[aAbBéÉſ]{0,9}",
            fold in prop::sample::select(vec![Fold::None, Fold::Ascii, Fold::Full]),
        ) {
            let glob = plain(&pattern);
            let pattern: Vec<char> = pattern.chars().collect();
            let chars: Vec<char> = text.chars().collect();
            let expected = naive(&pattern, &chars, fold);
            prop_assert_eq!(matches(&glob, &text, fold), expected);
            prop_assert_eq!(Pattern::new(&glob, fold).matches(&text), expected);
        }
    }
}
