//! Value matcher: all tests of a set, or all witness tests of a field, answered
//! in one look at a value.
//!
//! The text is folded to ASCII lower case once. In that form
//! - whole texts are found by one hash lookup,
//! - prefixes and suffixes by one lookup for each key length in use (a pattern
//!   is filed under the longest of 1, 2, 4, 8, 16, 32 bytes that its literal has),
//! - literals inside by a bit filter over each 4 (or, for short ones, 2) bytes,
//!   a lookup where the filter hits, and a comparison with the literal.
//!
//! What was found so is verified, a literal at most once a value, for all
//! patterns that share it: a case-sensitive pattern on the text as it came.
//! A text with bytes above 127 is looked at a second time in full folding if
//! some pattern asks for that.

use super::glob;
use super::hash::{Map, hash};
use super::layout::{Bytes, EXACT, FULL_FOLD, Part, SLOW, SMALL};
use super::slow::{Slow, in_ranges};
use crate::event::Raw;
use crate::test::Fold;

/// Sets of [`Fold`]s as bits.
const ALL_FOLDS: u32 = 0b111;
const FULL: u32 = 1 << Fold::Full as u32;

/// Buffers and stamps that a value matcher needs; kept from event to event.
#[derive(Debug)]
pub(crate) struct Scratch {
    folded: Vec<u8>,
    full: String,
    /// Per literal: stamp of the value in which it was found last.
    literals: Vec<u32>,
    stamp: u32,
}

impl Scratch {
    pub(crate) fn new(literals: usize) -> Scratch {
        Scratch { folded: Vec::new(), full: String::new(), literals: vec![0; literals], stamp: 0 }
    }

    /// Begins a look at a value.
    fn begin(&mut self) {
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.literals.fill(0);
            self.stamp = 1;
        }
    }

    fn fold_ascii(&mut self, text: &str) {
        self.folded.clear();
        self.folded.extend_from_slice(text.as_bytes());
        self.folded.make_ascii_lowercase();
    }

    fn fold_full(&mut self, text: &str) {
        self.full.clear();
        self.full.extend(text.chars().map(crate::text::fold_char));
    }
}

/// A value matcher in the tables.
#[derive(Clone, Copy)]
pub(crate) struct ValueMatcher<'t> {
    tables: Bytes<'t>,
    at: u32,
}

/// What a look at a value reads.
struct View<'v> {
    /// The text as it came.
    raw: &'v [u8],
    /// The text in the folding of this pass.
    folded: &'v [u8],
    /// Which patterns may answer in this pass.
    folds: u32,
    /// The value, for slow tests.
    value: Raw<'v>,
}

impl<'t> ValueMatcher<'t> {
    pub(crate) fn new(tables: Bytes<'t>, at: u32) -> ValueMatcher<'t> {
        ValueMatcher { tables, at }
    }

    #[inline]
    fn part(self, part: Part) -> u32 {
        self.tables.word(self.at, part as u32)
    }

    /// Gives the outputs of each test that the value passes to `hit`, until
    /// that returns true. True if it did. One output may be given twice.
    #[inline]
    pub(crate) fn look(
        self,
        value: Raw<'_>,
        scratch: &mut Scratch,
        slow: &mut Slow,
        hit: &mut impl FnMut(u32) -> bool,
    ) -> bool {
        let text = value.text();
        let flags = self.part(Part::Flags);
        if flags & SMALL != 0 {
            return self.small(text, flags, scratch, hit) || self.slow(value, slow, hit);
        }
        scratch.begin();
        scratch.fold_ascii(text);
        let Scratch { folded, literals, stamp, .. } = scratch;
        let mut work = Work { literals, stamp: *stamp, slow };
        let two_passes = flags & FULL_FOLD != 0 && !text.is_ascii();
        let folds = if two_passes { ALL_FOLDS & !FULL } else { ALL_FOLDS };
        let view = View { raw: text.as_bytes(), folded, folds, value };
        if self.texts(&view, &mut work, hit) {
            return true;
        }
        if two_passes && self.second_pass(value, scratch, slow, hit) {
            return true;
        }
        self.slow(value, slow, hit)
    }

    #[cold]
    fn second_pass(
        self,
        value: Raw<'_>,
        scratch: &mut Scratch,
        slow: &mut Slow,
        hit: &mut impl FnMut(u32) -> bool,
    ) -> bool {
        scratch.begin();
        scratch.fold_full(value.text());
        let Scratch { full, literals, stamp, .. } = scratch;
        let mut work = Work { literals, stamp: *stamp, slow };
        let raw = value.text().as_bytes();
        let view = View { raw, folded: full.as_bytes(), folds: FULL, value };
        self.texts(&view, &mut work, hit)
    }

    /// Few patterns, each tried by itself; the value is folded when the first
    /// of fitting length asks for it.
    fn small(
        self,
        text: &str,
        flags: u32,
        scratch: &mut Scratch,
        hit: &mut impl FnMut(u32) -> bool,
    ) -> bool {
        let full_differs = flags & FULL_FOLD != 0 && !text.is_ascii();
        let (mut folded, mut full) = (false, false);
        for pattern in Patterns::new(self.tables, self.part(Part::Always)) {
            if !pattern.fits(text.len()) {
                continue;
            }
            let view = match pattern.fold {
                fold if fold == Fold::None as u32 => text.as_bytes(),
                fold if fold == Fold::Full as u32 && full_differs => {
                    if !core::mem::replace(&mut full, true) {
                        scratch.fold_full(text);
                    }
                    scratch.full.as_bytes()
                }
                _ => {
                    if !core::mem::replace(&mut folded, true) {
                        scratch.fold_ascii(text);
                    }
                    &scratch.folded
                }
            };
            if glob::matches(self.tables, pattern.glob, view) && hit(pattern.outputs) {
                return true;
            }
        }
        false
    }

    #[inline]
    fn texts(
        self,
        view: &View<'_>,
        work: &mut Work<'_>,
        hit: &mut impl FnMut(u32) -> bool,
    ) -> bool {
        let (equal, prefix, suffix) =
            (self.part(Part::Equal), self.part(Part::Prefix), self.part(Part::Suffix));
        equal != 0 && self.equal(equal, view, hit)
            || prefix != 0 && self.classes(prefix, view, false, work, hit)
            || suffix != 0 && self.classes(suffix, view, true, work, hit)
            || self.search::<4>(self.part(Part::Search4), view, work, hit)
            || self.search::<2>(self.part(Part::Search2), view, work, hit)
            || self.patterns(self.part(Part::Always), view, work, hit)
    }

    #[inline]
    fn equal(self, map: u32, view: &View<'_>, hit: &mut impl FnMut(u32) -> bool) -> bool {
        let list = Map::new(map).get(self.tables, view.folded, hash(view.folded));
        if list == 0 {
            return false;
        }
        (0..self.tables.u32(list)).any(|index| {
            let at = list + 4 + 16 * index;
            let fold = self.tables.u32(at);
            view.folds & 1 << fold != 0
                && (fold != Fold::None as u32
                    || self.tables.slice(self.tables.u32(at + 4), self.tables.u32(at + 8))
                        == view.raw)
                && hit(self.tables.u32(at + 12))
        })
    }

    #[inline]
    fn classes(
        self,
        classes: u32,
        view: &View<'_>,
        from_end: bool,
        work: &mut Work<'_>,
        hit: &mut impl FnMut(u32) -> bool,
    ) -> bool {
        let length = view.folded.len();
        for index in 0..self.tables.u32(classes) {
            let at = classes + 4 + 8 * index;
            let key = self.tables.u32(at) as usize;
            // Classes come in rising order of key length.
            if key > length {
                return false;
            }
            let start = if from_end { length - key } else { 0 };
            let key = &view.folded[start..start + key];
            let list = Map::new(self.tables.u32(at + 4)).get(self.tables, key, hash(key));
            if list != 0 && self.literals(list, view, start, work, hit) {
                return true;
            }
        }
        false
    }

    #[inline]
    fn search<const GRAM: usize>(
        self,
        search: u32,
        view: &View<'_>,
        work: &mut Work<'_>,
        hit: &mut impl FnMut(u32) -> bool,
    ) -> bool {
        if search == 0 || view.folded.len() < GRAM {
            return false;
        }
        let size = self.tables.u32(search);
        let filter = self.tables.slice(self.tables.u32(search + 4), size);
        let map = Map::new(self.tables.u32(search + 8));
        let mut found = |at: usize| {
            let window = view.folded.get(at..at + GRAM).unwrap_or_default();
            let list = map.get(self.tables, window, hash(window));
            list != 0 && self.literals(list, view, at, work, hit)
        };
        match filter.len() {
            SMALL_FILTER => filter.first_chunk().is_some_and(|filter| {
                filtered::<GRAM, SMALL_FILTER>(view.folded, filter, &mut found)
            }),
            _ => filter.first_chunk().is_some_and(|filter| {
                filtered::<GRAM, LARGE_FILTER>(view.folded, filter, &mut found)
            }),
        }
    }

    /// The key or gram at `at` of the value is that of these literals.
    #[inline(never)]
    fn literals(
        self,
        list: u32,
        view: &View<'_>,
        at: usize,
        work: &mut Work<'_>,
        hit: &mut impl FnMut(u32) -> bool,
    ) -> bool {
        for index in 0..self.tables.u32(list) {
            let record = list + 4 + 20 * index;
            let id = self.tables.u32(record);
            if work.has_seen(id) {
                continue;
            }
            let literal =
                self.tables.slice(self.tables.u32(record + 8), self.tables.u32(record + 12));
            let start = at.wrapping_sub(self.tables.u32(record + 4) as usize);
            let found = view.folded.get(start..).is_some_and(|rest| rest.starts_with(literal));
            if !found {
                continue;
            }
            work.found(id);
            if self.patterns(self.tables.u32(record + 16), view, work, hit) {
                return true;
            }
        }
        false
    }

    #[inline]
    fn patterns(
        self,
        list: u32,
        view: &View<'_>,
        work: &mut Work<'_>,
        hit: &mut impl FnMut(u32) -> bool,
    ) -> bool {
        Patterns::new(self.tables, list).any(|pattern| {
            view.folds & 1 << pattern.fold != 0
                && pattern.fits(view.raw.len())
                && self.verify(&pattern, view, work)
                && hit(pattern.outputs)
        })
    }

    #[inline]
    fn verify(self, pattern: &Pattern, view: &View<'_>, work: &mut Work<'_>) -> bool {
        if pattern.slow {
            return work.slow.holds(self.tables, pattern.glob, view.value);
        }
        let text = if pattern.fold == Fold::None as u32 { view.raw } else { view.folded };
        pattern.glob == 0 || glob::matches(self.tables, pattern.glob, text)
    }

    #[inline]
    fn slow(self, value: Raw<'_>, slow: &mut Slow, hit: &mut impl FnMut(u32) -> bool) -> bool {
        let (list, unless_ascii, ranges) =
            (self.part(Part::Slow), self.part(Part::SlowUnlessAscii), self.part(Part::Ranges));
        list != 0 && slow.look(self.tables, list, value, hit)
            || unless_ascii != 0
                && !value.text().is_ascii()
                && slow.look(self.tables, unless_ascii, value, hit)
            || ranges != 0 && in_ranges(self.tables, ranges, value, hit)
    }

    /// True if a look costs more than finding out that the value was seen
    /// before: everything but whole texts alone.
    #[inline]
    pub(crate) fn is_costly(self) -> bool {
        const PARTS: [Part; 7] = [
            Part::Prefix,
            Part::Suffix,
            Part::Search4,
            Part::Search2,
            Part::Slow,
            Part::SlowUnlessAscii,
            Part::Ranges,
        ];
        PARTS.iter().any(|part| self.part(*part) != 0)
    }
}

/// Sizes of gram filters in bytes. Fixed sizes need no check of an index that
/// was cut to the size.
pub const SMALL_FILTER: usize = 1 << 10;
/// See [`SMALL_FILTER`].
pub const LARGE_FILTER: usize = 1 << 13;

/// Gives each position whose gram passes the filter to `found`, until that
/// returns true. Eight bytes are loaded for five grams, and there is one branch
/// for the five: a loop over single positions stood first in the profile.
#[inline]
fn filtered<const GRAM: usize, const SIZE: usize>(
    text: &[u8],
    filter: &[u8; SIZE],
    found: &mut impl FnMut(usize) -> bool,
) -> bool {
    let passes = |gram: u32| filter[gram_slot(gram, SIZE)];
    let mask = if GRAM == 4 { u32::MAX } else { 0xffff };
    let mut at = 0;
    while let Some(bytes) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*bytes);
        let grams: [u32; 5] = core::array::from_fn(|i| (word >> (8 * i)) as u32 & mask);
        if grams.iter().fold(0, |any, gram| any | passes(*gram)) != 0 {
            for (i, gram) in grams.iter().enumerate() {
                if passes(*gram) != 0 && found(at + i) {
                    return true;
                }
            }
        }
        at += 5;
    }
    let rest = text.get(at..).unwrap_or_default();
    rest.windows(GRAM).enumerate().any(|(i, window)| passes(gram(window)) != 0 && found(at + i))
}

/// The bytes of a gram as a number.
#[inline]
pub const fn gram(window: &[u8]) -> u32 {
    match *window {
        [a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
        [a, b] => u32::from_le_bytes([a, b, 0, 0]),
        _ => 0,
    }
}

/// Place of a gram in a filter of `size` bytes, a power of two. A byte and not a
/// bit for each gram: that saves the shifts in the loop over all positions.
#[inline]
pub const fn gram_slot(gram: u32, size: usize) -> usize {
    (gram.wrapping_mul(0x9e37_79b1) >> (u32::BITS - size.trailing_zeros())) as usize & (size - 1)
}

/// What is written while a value is looked at.
struct Work<'w> {
    /// Per literal: stamp of the value in which it was found last.
    literals: &'w mut [u32],
    stamp: u32,
    slow: &'w mut Slow,
}

impl Work<'_> {
    fn has_seen(&self, id: u32) -> bool {
        self.literals.get(id as usize) == Some(&self.stamp)
    }

    fn found(&mut self, id: u32) {
        if let Some(literal) = self.literals.get_mut(id as usize) {
            *literal = self.stamp;
        }
    }
}

/// A pattern's record.
struct Pattern {
    fold: u32,
    /// Shortest text in bytes.
    length: u32,
    /// It is the only length.
    exact: bool,
    /// A slow test verifies; `glob` is its number.
    slow: bool,
    glob: u32,
    outputs: u32,
}

impl Pattern {
    #[inline]
    fn fits(&self, length: usize) -> bool {
        if self.exact { length == self.length as usize } else { length >= self.length as usize }
    }
}

/// The records of a list of patterns.
struct Patterns<'t> {
    tables: Bytes<'t>,
    at: u32,
    left: u32,
}

impl<'t> Patterns<'t> {
    fn new(tables: Bytes<'t>, list: u32) -> Patterns<'t> {
        let left = if list == 0 { 0 } else { tables.u32(list) };
        Patterns { tables, at: list + 4, left }
    }
}

impl Iterator for Patterns<'_> {
    type Item = Pattern;

    #[inline]
    fn next(&mut self) -> Option<Pattern> {
        self.left = self.left.checked_sub(1)?;
        let kind = self.tables.u32(self.at);
        let pattern = Pattern {
            fold: kind & 3,
            exact: kind & EXACT != 0,
            slow: kind & SLOW != 0,
            length: self.tables.u32(self.at + 4),
            glob: self.tables.u32(self.at + 8),
            outputs: self.tables.u32(self.at + 12),
        };
        self.at += 16;
        Some(pattern)
    }
}
