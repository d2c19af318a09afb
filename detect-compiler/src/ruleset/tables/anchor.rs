//! Where to look for a pattern: the quality measure of literals.
//!
//! A pattern is filed under one key: the first or last 1, 2, 4, ... 32 bytes, or
//! a gram of 4 (else 2) bytes inside a literal. What a key costs is how often it
//! hits for nothing. Two signs of that are at hand when rules are compiled: how
//! often the key occurs in the values that statistics know of the field, and how
//! many patterns of the matcher have it (patterns name what is common: `c:\`,
//! `.exe`, `/usr/`). The measure of a key is
//!
//! ```text
//! share of known values that have it + 0.002 x patterns that have it
//!   + the cost of its kind
//! ```
//!
//! where the kinds cost: bound to an end 0, a gram of 4 bytes 0.01 (it needs the
//! scan over all positions), bound but shorter than 4 bytes 0.1, a gram of 2
//! bytes 0.5. The least measure wins.

use super::pattern::{Pattern, search_text};
use std::collections::HashMap;

/// Longest literal that is compared before the pattern is; longer ones are cut.
pub(super) const LONGEST_LITERAL: usize = 255;
/// Longest key at an end.
const LONGEST_KEY: usize = 32;

/// Where a pattern is filed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Anchor {
    /// Literal at the start; key: its first bytes.
    Prefix { literal: Vec<u8>, key: usize },
    /// Literal at the end; key: its last bytes.
    Suffix { literal: Vec<u8>, key: usize },
    /// Literal anywhere; its gram begins at `offset`.
    Gram { literal: Vec<u8>, offset: usize, length: usize },
    /// Nothing to look for.
    Nothing,
}

/// How often keys occur.
pub(super) struct Rarity<'s> {
    sample: &'s [(String, f64)],
    /// Share of known values by gram.
    grams: HashMap<[u8; 4], f64>,
    /// Patterns by key.
    patterns: HashMap<(u8, Vec<u8>), f64>,
}

const START: u8 = 0;
const END: u8 = 1;
const INSIDE: u8 = 2;

impl<'s> Rarity<'s> {
    /// For these patterns and values of the field with their shares.
    pub(super) fn new(sample: &'s [(String, f64)], patterns: &[Pattern]) -> Rarity<'s> {
        let mut grams = HashMap::new();
        for (value, share) in sample {
            let value = value.to_ascii_lowercase().into_bytes();
            let mut distinct: Vec<&[u8]> = value.windows(4).collect();
            distinct.sort_unstable();
            distinct.dedup();
            for gram in distinct {
                if let Some(gram) = gram.first_chunk::<4>() {
                    *grams.entry(*gram).or_default() += share;
                }
            }
        }
        let mut counts = HashMap::new();
        for pattern in patterns {
            for anchor in options(pattern) {
                *counts.entry(key(&anchor)).or_default() += 1.0;
            }
        }
        Rarity { sample, grams, patterns: counts }
    }

    /// The best place for a pattern. The same literal gets the same gram in all
    /// patterns, so they share it.
    pub(super) fn best(&self, pattern: &Pattern) -> Anchor {
        options(pattern)
            .into_iter()
            .map(|anchor| (self.measure(&anchor), anchor))
            .min_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)))
            .map_or(Anchor::Nothing, |(_, anchor)| anchor)
    }

    fn measure(&self, anchor: &Anchor) -> f64 {
        let key = key(anchor);
        let share = match anchor {
            Anchor::Gram { .. } => match key.1.first_chunk::<4>() {
                Some(gram) => self.grams.get(gram).copied().unwrap_or(0.0),
                None => 0.0,
            },
            _ => self
                .sample
                .iter()
                .filter(|(value, _)| {
                    let value = value.to_ascii_lowercase().into_bytes();
                    if key.0 == START { value.starts_with(&key.1) } else { value.ends_with(&key.1) }
                })
                .map(|(_, share)| share)
                .sum(),
        };
        let patterns = self.patterns.get(&key).copied().unwrap_or(1.0);
        let kind = match anchor {
            Anchor::Prefix { key, .. } | Anchor::Suffix { key, .. } if *key < 4 => 0.1,
            Anchor::Prefix { .. } | Anchor::Suffix { .. } => 0.0,
            Anchor::Gram { length: 4, .. } => 0.01,
            Anchor::Gram { .. } => 0.5,
            Anchor::Nothing => f64::MAX,
        };
        share + 0.002 * patterns + kind
    }
}

/// The key's kind and bytes.
fn key(anchor: &Anchor) -> (u8, Vec<u8>) {
    match anchor {
        Anchor::Prefix { literal, key } => (START, literal[..*key].to_vec()),
        Anchor::Suffix { literal, key } => (END, literal[literal.len() - key..].to_vec()),
        Anchor::Gram { literal, offset, length } => {
            (INSIDE, literal[*offset..offset + length].to_vec())
        }
        Anchor::Nothing => (INSIDE, Vec::new()),
    }
}

/// All places where a pattern may be filed.
fn options(pattern: &Pattern) -> Vec<Anchor> {
    let mut all = Vec::new();
    if let Some(prefix) = pattern.prefix() {
        let mut literal = search_text(prefix);
        literal.truncate(LONGEST_LITERAL);
        let key = key_length(literal.len());
        all.push(Anchor::Prefix { literal, key });
    }
    if let Some(suffix) = pattern.suffix() {
        let mut literal = search_text(suffix);
        literal.drain(..literal.len().saturating_sub(LONGEST_LITERAL));
        let key = key_length(literal.len());
        all.push(Anchor::Suffix { literal, key });
    }
    for literal in pattern.literals() {
        let mut literal = search_text(literal);
        literal.truncate(LONGEST_LITERAL);
        let length = match literal.len() {
            4.. => 4,
            2..4 => 2,
            _ => continue,
        };
        for offset in 0..=literal.len() - length {
            all.push(Anchor::Gram { literal: literal.clone(), offset, length });
        }
    }
    all
}

/// The longest key that a literal of this length has.
fn key_length(length: usize) -> usize {
    (1 << length.ilog2()).min(LONGEST_KEY)
}
