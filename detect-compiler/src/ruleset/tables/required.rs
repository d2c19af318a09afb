//! Literals that a value must have for a slow test to pass: a test on analysed
//! text needs the letters of its tokens, a regular expression what stands in it
//! outside of choices. Where such a literal exists, the test is filed under it
//! and runs only for the few values that have it.

use super::pattern::{Item, Pattern};
use detect_runtime::test::{Fold, Piece, Test};
use regex_syntax::hir::{Class, Hir, HirKind};

/// Shorter literals are found in too many values.
const SHORTEST: usize = 3;

/// What a test requires.
pub(super) struct Required {
    /// One of these matches each value that passes.
    pub(super) patterns: Vec<Pattern>,
    /// That is certain for ASCII values only.
    pub(super) ascii_only: bool,
}

/// What a test requires; `None` if nothing is known.
pub(super) fn patterns(test: &Test) -> Option<Required> {
    let (literals, ascii_only) = literals(test)?;
    let patterns = literals.iter().map(|text| anywhere(text)).collect();
    Some(Required { patterns, ascii_only })
}

/// Texts one of which stands in each value that passes the test, and whether that
/// is certain for ASCII values only.
pub(in crate::ruleset) fn literals(test: &Test) -> Option<(Vec<String>, bool)> {
    let (literals, ascii_only) = match test {
        Test::AnyToken(tokens) => (tokens.clone(), true),
        Test::Phrase(tokens) => (vec![longest(tokens.iter().cloned())?], true),
        Test::TokenGlob(glob) => {
            let literals = glob.0.iter().filter_map(|piece| match piece {
                Piece::Literal(text) => Some(text.clone()),
                _ => None,
            });
            (vec![longest(literals)?], true)
        }
        Test::Regex { pattern } => (of_regex(&regex_syntax::parse(pattern).ok()?)?, false),
        _ => return None,
    };
    let usable = |text: &String| text.len() >= SHORTEST && text.is_ascii();
    (!literals.is_empty() && literals.iter().all(usable)).then_some((literals, ascii_only))
}

fn longest(texts: impl Iterator<Item = String>) -> Option<String> {
    texts.max_by_key(String::len)
}

fn anywhere(literal: &str) -> Pattern {
    let literal = literal.to_ascii_lowercase().into_bytes();
    let segments = vec![vec![Item::Literal(literal)]];
    Pattern { fold: Fold::Ascii, segments, start: false, end: false }
}

/// Texts one of which, in some case, is part of every text that the expression
/// matches.
fn of_regex(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Capture(capture) => of_regex(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => of_regex(&repetition.sub),
        HirKind::Alternation(branches) => {
            let mut all = Vec::new();
            for branch in branches {
                all.extend(of_regex(branch)?);
            }
            Some(all)
        }
        HirKind::Concat(parts) => of_concat(parts),
        HirKind::Literal(_) | HirKind::Class(_) => of_concat(core::slice::from_ref(hir)),
        _ => None,
    }
}

/// The longest run of letters, or what one of the parts requires.
fn of_concat(parts: &[Hir]) -> Option<Vec<String>> {
    let mut best: Option<Vec<String>> = None;
    let mut offer = |texts: Vec<String>| {
        let shortest = |texts: &Vec<String>| texts.iter().map(String::len).min().unwrap_or(0);
        if best.as_ref().is_none_or(|best| shortest(&texts) > shortest(best)) {
            best = Some(texts);
        }
    };
    let mut run = String::new();
    for part in parts {
        if let Some(text) = letters(part) {
            run.push_str(&text);
            continue;
        }
        offer(vec![core::mem::take(&mut run)]);
        if !matches!(part.kind(), HirKind::Class(_))
            && let Some(texts) = of_regex(part)
        {
            offer(texts);
        }
    }
    offer(vec![run]);
    best
}

/// The text of a literal, or the letter of a class of its two cases.
fn letters(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Literal(literal) => {
            core::str::from_utf8(&literal.0).ok().filter(|text| text.is_ascii()).map(str::to_owned)
        }
        HirKind::Class(Class::Unicode(class)) => {
            let mut chars = class.iter().flat_map(|range| range.start()..=range.end());
            match (chars.next(), chars.next(), chars.next()) {
                (Some(one), None, None) if one.is_ascii() => Some(one.to_string()),
                (Some(upper), Some(lower), None)
                    if upper.is_ascii_uppercase() && upper.to_ascii_lowercase() == lower =>
                {
                    Some(lower.to_string())
                }
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular_expressions() {
        let rows: [(&str, Option<&[&str]>); 8] = [
            ("abc.*", Some(&["abc"])),
            ("(?i)abd.*xyzw", Some(&["xyzw"])),
            ("[0-9]+evil[0-9]+", Some(&["evil"])),
            ("(one|three)x?", Some(&["one", "three"])),
            ("(?:aaaa|.*)", None),
            (".*", None),
            ("(?:long){2}", Some(&["long"])),
            ("x?yy", Some(&["yy"])),
        ];
        for (pattern, expected) in rows {
            let found = of_regex(&regex_syntax::parse(pattern).unwrap());
            let found = found.filter(|all| all.iter().all(|text| !text.is_empty()));
            let found: Option<Vec<&str>> =
                found.as_ref().map(|all| all.iter().map(String::as_str).collect());
            assert_eq!(found.as_deref(), expected, "{pattern}");
        }
    }
}
