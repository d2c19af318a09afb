//! A text test in the form in which it is searched for and verified.

use super::writer::Writer;
use detect_runtime::matcher::layout::{GLOB_END, GLOB_START, ONE};
use detect_runtime::test::{Fold, Piece, Test};
use detect_runtime::text::fold_char;

/// An item of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Literal(Vec<u8>),
    One,
}

/// A wildcard pattern, or a whole text (one segment bound to both ends).
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub(super) fold: Fold,
    /// What stands between the `*`; texts in the folding of the pattern.
    pub(super) segments: Vec<Vec<Item>>,
    /// The first segment stands at the start.
    pub(super) start: bool,
    /// The last segment stands at the end.
    pub(super) end: bool,
}

impl Pattern {
    /// The pattern of a test on whole texts; `None` for other tests.
    pub(super) fn of(test: &Test) -> Option<Pattern> {
        match test {
            Test::Equals { text, fold } => Some(Pattern {
                fold: *fold,
                segments: vec![literal(text, *fold)],
                start: true,
                end: true,
            }),
            Test::Glob { glob, fold } => Some(Pattern::of_pieces(&glob.0, *fold)),
            _ => None,
        }
    }

    fn of_pieces(pieces: &[Piece], fold: Fold) -> Pattern {
        let mut segments = vec![Vec::new()];
        for piece in pieces {
            let Some(segment) = segments.last_mut() else { break };
            match piece {
                Piece::Any => segments.push(Vec::new()),
                Piece::One => segment.push(Item::One),
                Piece::Literal(text) => {
                    for item in literal(text, fold) {
                        push(segment, item);
                    }
                }
            }
        }
        let whole = segments.len() == 1;
        let start = whole || segments.first().is_some_and(|segment| !segment.is_empty());
        let end = whole || segments.last().is_some_and(|segment| !segment.is_empty());
        if !whole {
            segments.retain(|segment| !segment.is_empty());
        }
        Pattern { fold, segments, start, end }
    }

    /// The whole text, if there is nothing to match but it.
    pub(super) fn whole_text(&self) -> Option<&[u8]> {
        match (self.start && self.end, self.segments.as_slice()) {
            (true, [segment]) => match segment.as_slice() {
                [] => Some(&[]),
                [Item::Literal(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// The literal at the start of every matching text.
    pub(super) fn prefix(&self) -> Option<&[u8]> {
        match self.segments.first()?.first()? {
            Item::Literal(text) if self.start => Some(text),
            _ => None,
        }
    }

    /// The literal at the end of every matching text.
    pub(super) fn suffix(&self) -> Option<&[u8]> {
        match self.segments.last()?.last()? {
            Item::Literal(text) if self.end => Some(text),
            _ => None,
        }
    }

    /// All literals.
    pub(super) fn literals(&self) -> impl Iterator<Item = &[u8]> {
        self.segments.iter().flatten().filter_map(|item| match item {
            Item::Literal(text) => Some(text.as_slice()),
            Item::One => None,
        })
    }

    /// True if the pattern asks nothing but that its one literal is found where
    /// it was looked for (`bound`: at the start or end).
    pub(super) fn is_just_a_literal(&self, at_start: bool, at_end: bool) -> bool {
        let comparable = self.fold != Fold::None
            || self.literals().all(|text| !text.iter().any(u8::is_ascii_alphabetic));
        let one = matches!(self.segments.as_slice(), [segment]
            if matches!(segment.as_slice(), [Item::Literal(_)]));
        comparable && one && self.start == at_start && self.end == at_end
    }

    /// Length that a matching text has at least, in bytes, and whether it is
    /// the only one. Full folding may change lengths, so nothing is said there.
    pub(super) fn length(&self) -> (u32, bool) {
        if self.fold == Fold::Full {
            return (0, false);
        }
        let items = self.segments.iter().flatten();
        let length: usize = items
            .map(|item| match item {
                Item::Literal(text) => text.len(),
                Item::One => 1,
            })
            .sum();
        (length as u32, self.whole_text().is_some())
    }

    /// Writes the glob and gives its offset.
    pub(super) fn write(&self, writer: &mut Writer) -> u32 {
        let flags = if self.start { GLOB_START } else { 0 } | if self.end { GLOB_END } else { 0 };
        let mut words = vec![flags, self.segments.len() as u32];
        for segment in &self.segments {
            words.push(segment.len() as u32);
            for item in segment {
                match item {
                    Item::Literal(text) => words.extend([writer.text(text), text.len() as u32]),
                    Item::One => words.extend([0, ONE]),
                }
            }
        }
        writer.words(&words)
    }
}

/// A literal folded for the search, which knows no case.
pub(super) fn search_text(literal: &[u8]) -> Vec<u8> {
    literal.to_ascii_lowercase()
}

fn literal(text: &str, fold: Fold) -> Vec<Item> {
    if text.is_empty() {
        return Vec::new();
    }
    let bytes = match fold {
        Fold::None => text.as_bytes().to_vec(),
        Fold::Ascii => text.to_ascii_lowercase().into_bytes(),
        Fold::Full => text.chars().map(fold_char).collect::<String>().into_bytes(),
    };
    vec![Item::Literal(bytes)]
}

fn push(segment: &mut Vec<Item>, item: Item) {
    match (segment.last_mut(), item) {
        (Some(Item::Literal(text)), Item::Literal(more)) => text.extend(more),
        (_, item) => segment.push(item),
    }
}
