//! Character classes: sets of code points, printed as ranges.

use core::fmt::Write;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

/// A set of characters under construction.
#[derive(Clone, Debug)]
pub(super) struct Set(ClassUnicode);

impl Set {
    pub(super) fn empty() -> Set {
        Set(ClassUnicode::empty())
    }

    pub(super) fn range(from: char, to: char) -> Set {
        Set(ClassUnicode::new([ClassUnicodeRange::new(from, to)]))
    }

    pub(super) fn ranges(ranges: &[(char, char)]) -> Set {
        Set(ClassUnicode::new(ranges.iter().map(|(a, b)| ClassUnicodeRange::new(*a, *b))))
    }

    /// What a class of `regex-syntax` (`\p{..}`) holds; `None` if it knows no such.
    pub(super) fn named(class: &str) -> Option<Set> {
        let hir = regex_syntax::parse(class).ok()?;
        match hir.kind() {
            HirKind::Class(Class::Unicode(class)) => Some(Set(class.clone())),
            HirKind::Class(Class::Bytes(class)) => {
                let ranges = class.ranges().iter();
                let ranges =
                    ranges.map(|r| ClassUnicodeRange::new(r.start().into(), r.end().into()));
                Some(Set(ClassUnicode::new(ranges)))
            }
            HirKind::Literal(literal) => {
                let c = core::str::from_utf8(&literal.0).ok()?.chars().next()?;
                Some(Set::range(c, c))
            }
            _ => None,
        }
    }

    pub(super) fn union(&mut self, other: &Set) {
        self.0.union(&other.0);
    }

    pub(super) fn intersect(&mut self, other: &Set) {
        self.0.intersect(&other.0);
    }

    pub(super) fn negated(mut self) -> Set {
        self.0.negate();
        self
    }

    /// With the other cases of its letters: of ASCII letters, or of all.
    pub(super) fn folded(mut self, unicode: bool) -> Set {
        if unicode {
            // Fails only without case tables, which the default features have.
            let _ = self.0.try_case_fold_simple();
            return self;
        }
        let moved = |first: char, last: char, to: char| {
            let mut part = self.0.clone();
            part.intersect(&ClassUnicode::new([ClassUnicodeRange::new(first, last)]));
            let shift = |c: char| char::from((c as u8 - first as u8) + to as u8);
            let ranges: Vec<_> = part
                .iter()
                .map(|range| ClassUnicodeRange::new(shift(range.start()), shift(range.end())))
                .collect();
            ClassUnicode::new(ranges)
        };
        let (upper, lower) = (moved('a', 'z', 'A'), moved('A', 'Z', 'a'));
        self.0.union(&upper);
        self.0.union(&lower);
        self
    }

    /// The set as a class of a pattern.
    pub(super) fn print(&self, out: &mut String) {
        match self.0.ranges() {
            [] => out.push_str(r"[^\x{0}-\x{10FFFF}]"),
            [one] if one.start() == one.end() => literal(one.start(), out),
            ranges => {
                out.push('[');
                for range in ranges {
                    literal(range.start(), out);
                    if range.start() < range.end() {
                        out.push('-');
                        literal(range.end(), out);
                    }
                }
                out.push(']');
            }
        }
    }
}

/// A character that stands for itself, inside and outside of classes.
pub(super) fn literal(c: char, out: &mut String) {
    if c.is_ascii_alphanumeric() || c == '_' || (!c.is_ascii() && c.is_alphanumeric()) {
        out.push(c);
    } else {
        // Writing into a String cannot fail.
        let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
    }
}
