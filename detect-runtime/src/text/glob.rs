//! Wildcard patterns.

use super::fold_char;
use crate::test::{Fold, Glob, Piece};

/// A [`Glob`] with its folding written into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    items: Box<[Item]>,
    fold: Fold,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    Char(char),
    Any,
    One,
}

impl Pattern {
    /// Makes a pattern ready.
    pub fn new(glob: &Glob, fold: Fold) -> Pattern {
        let mut items = Vec::new();
        for piece in &glob.0 {
            match piece {
                Piece::Literal(text) => {
                    items.extend(text.chars().map(|c| Item::Char(folded(c, fold))));
                }
                Piece::Any if items.last() == Some(&Item::Any) => {}
                Piece::Any => items.push(Item::Any),
                Piece::One => items.push(Item::One),
            }
        }
        Pattern { items: items.into(), fold }
    }

    /// True if the whole text matches.
    ///
    /// Between two `*` a run of characters and `?` is placed as far left as it
    /// fits; that leaves the most for what follows, so no earlier run is ever
    /// placed anew: at most (length of the text) x (length of one run) steps.
    ///
    /// ```
    /// use detect_runtime::test::{Fold, Glob, Piece};
    /// use detect_runtime::text::glob::Pattern;
    /// let glob = Glob(vec![Piece::Any, Piece::Literal("b?".into()), Piece::One]);
    /// assert!(Pattern::new(&glob, Fold::None).matches("ab?é"));
    /// assert!(!Pattern::new(&glob, Fold::None).matches("aB?é"));
    /// assert!(Pattern::new(&glob, Fold::Ascii).matches("aB?é"));
    /// ```
    pub fn matches(&self, text: &str) -> bool {
        let mut item = 0;
        let mut rest = text.chars();
        // Behind the last `*`: where its run begins, and the text it was tried at.
        let mut retry: Option<(usize, core::str::Chars<'_>)> = None;
        loop {
            let mut ahead = rest.clone();
            match (self.items.get(item), ahead.next()) {
                (Some(Item::Any), _) => {
                    item += 1;
                    retry = Some((item, rest.clone()));
                    continue;
                }
                (Some(Item::One), Some(_)) => {
                    item += 1;
                    rest = ahead;
                    continue;
                }
                (Some(Item::Char(wanted)), Some(c)) if *wanted == folded(c, self.fold) => {
                    item += 1;
                    rest = ahead;
                    continue;
                }
                (None, None) => return true,
                _ => {}
            }
            // The run does not fit here: one character further right.
            let Some((begin, from)) = &mut retry else { return false };
            if from.next().is_none() {
                return false;
            }
            item = *begin;
            rest = from.clone();
        }
    }
}

fn folded(c: char, fold: Fold) -> char {
    match fold {
        Fold::None => c,
        Fold::Ascii => c.to_ascii_lowercase(),
        Fold::Full => fold_char(c),
    }
}

/// True if the texts are equal under the folding.
pub fn equal(a: &str, b: &str, fold: Fold) -> bool {
    match fold {
        Fold::None => a == b,
        Fold::Ascii => a.eq_ignore_ascii_case(b),
        Fold::Full => a.chars().map(fold_char).eq(b.chars().map(fold_char)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition: recursion over pieces.
    fn naive(pattern: &[Item], text: &[char], fold: Fold) -> bool {
        match (pattern.first(), text.first()) {
            (None, None) => true,
            (Some(Item::Any), _) => {
                naive(&pattern[1..], text, fold)
                    || !text.is_empty() && naive(pattern, &text[1..], fold)
            }
            (Some(Item::One), Some(_)) => naive(&pattern[1..], &text[1..], fold),
            (Some(Item::Char(wanted)), Some(c)) => {
                *wanted == folded(*c, fold) && naive(&pattern[1..], &text[1..], fold)
            }
            _ => false,
        }
    }

    fn piece() -> impl Strategy<Value = Piece> {
        prop_oneof!["[abAé]{0,3}".prop_map(Piece::Literal), Just(Piece::Any), Just(Piece::One)]
    }

    proptest! {
        #[test]
        fn equals_its_definition(
            pieces in prop::collection::vec(piece(), 0..6),
            text in "[abAéÉ]{0,10}",
            fold in prop::sample::select(vec![Fold::None, Fold::Ascii, Fold::Full]),
        ) {
            let pattern = Pattern::new(&Glob(pieces), fold);
            let chars: Vec<char> = text.chars().collect();
            prop_assert_eq!(pattern.matches(&text), naive(&pattern.items, &chars, fold));
        }
    }

    #[test]
    fn many_stars_stay_cheap() {
        let mut pieces = Vec::new();
        for _ in 0..20 {
            pieces.extend([Piece::Any, Piece::Literal("a".into())]);
        }
        pieces.extend([Piece::Any, Piece::Literal("b".into())]);
        let text = "a".repeat(100_000);
        assert!(!Pattern::new(&Glob(pieces), Fold::None).matches(&text));
    }
}
