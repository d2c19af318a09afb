//! Writes value matchers.

use super::anchor::{Anchor, LONGEST_LITERAL, Rarity};
use super::map;
use super::pattern::{Pattern, search_text};
use super::writer::Writer;
use detect_runtime::matcher::layout::{FULL_FOLD, PART_WORDS, Part, SMALL};
use detect_runtime::matcher::value::{gram, gram_bit};
use detect_runtime::state::Encode;
use detect_runtime::test::{Fold, Test};
use std::collections::{BTreeMap, HashMap};

/// Up to so many patterns are cheaper tried one by one than searched for
/// together: below that the fold and the probes of a shared search cost more
/// than a few comparisons, most of which end at the length.
const SMALL_SET: usize = 3;

/// Bits of a gram filter for each gram in it: one in 32 foreign grams passes,
/// and the filters of the largest fields (some 500 grams) still fill 2 KiB.
const FILTER_BITS: usize = 32;

/// Numbers that run through all value matchers of the tables.
#[derive(Default)]
pub(super) struct Numbers {
    pub(super) literals: u32,
    slow: HashMap<String, u32>,
}

impl Numbers {
    pub(super) fn slow_tests(&self) -> u32 {
        self.slow.len() as u32
    }
}

/// Writes a matcher for these tests with their outputs and gives its offset;
/// `sample`: known values of the field.
pub(super) fn write(
    writer: &mut Writer,
    numbers: &mut Numbers,
    tests: &[(&Test, u32)],
    sample: &[(String, f64)],
) -> u32 {
    let mut parts = [0u32; PART_WORDS];
    let mut patterns = Vec::new();
    let mut slow = Vec::new();
    let mut blocks = Vec::new();
    for (test, outputs) in tests {
        match (Pattern::of(test), test) {
            (Some(pattern), _) => patterns.push((pattern, *outputs)),
            (None, Test::Cidr { address, bits }) if *outputs == 0 => {
                blocks.push(block(*address, *bits));
            }
            (None, _) => slow.push((*test, *outputs)),
        }
    }
    let mut set = |part: Part, value: u32| parts[part as usize] = value;
    let mut flags = 0;
    if patterns.iter().any(|(pattern, _)| pattern.fold == Fold::Full) {
        flags |= FULL_FOLD;
    }
    if patterns.len() <= SMALL_SET {
        flags |= SMALL;
        let all: Vec<_> =
            patterns.iter().map(|(pattern, outputs)| (pattern, true, *outputs)).collect();
        set(Part::Always, pattern_list(writer, &all));
    } else {
        let filed = File::new(patterns, sample);
        set(Part::Equal, filed.write_equal(writer));
        set(Part::Prefix, filed.write_classes(writer, numbers, false));
        set(Part::Suffix, filed.write_classes(writer, numbers, true));
        set(Part::Search4, filed.write_search(writer, numbers, 4));
        set(Part::Search2, filed.write_search(writer, numbers, 2));
        set(Part::Always, filed.write_always(writer));
    }
    set(Part::Flags, flags);
    set(Part::Slow, slow_list(writer, numbers, &slow));
    set(Part::Ranges, ranges(writer, blocks));
    writer.words(&parts)
}

/// Patterns by where they are filed.
struct File {
    equal: BTreeMap<Vec<u8>, Vec<(Pattern, u32)>>,
    anchored: BTreeMap<Anchor, Vec<(Pattern, u32)>>,
}

impl File {
    fn new(patterns: Vec<(Pattern, u32)>, sample: &[(String, f64)]) -> File {
        let (whole, wild): (Vec<_>, Vec<_>) =
            patterns.into_iter().partition(|(pattern, _)| pattern.whole_text().is_some());
        let mut equal: BTreeMap<Vec<u8>, Vec<(Pattern, u32)>> = BTreeMap::new();
        for (pattern, outputs) in whole {
            let text = pattern.whole_text().unwrap_or_default();
            equal.entry(search_text(text)).or_default().push((pattern, outputs));
        }
        let only: Vec<Pattern> = wild.iter().map(|(pattern, _)| pattern.clone()).collect();
        let rarity = Rarity::new(sample, &only);
        let mut anchored: BTreeMap<Anchor, Vec<(Pattern, u32)>> = BTreeMap::new();
        for (pattern, outputs) in wild {
            anchored.entry(rarity.best(&pattern)).or_default().push((pattern, outputs));
        }
        File { equal, anchored }
    }

    fn write_equal(&self, writer: &mut Writer) -> u32 {
        let mut entries = Vec::new();
        for (key, patterns) in &self.equal {
            let mut list = vec![patterns.len() as u32];
            for (pattern, outputs) in patterns {
                let text = pattern.whole_text().unwrap_or_default();
                let at = writer.text(text);
                list.extend([pattern.fold as u32, at, text.len() as u32, *outputs]);
            }
            entries.push((key.clone(), writer.words(&list)));
        }
        map::write(writer, &entries)
    }

    fn write_classes(&self, writer: &mut Writer, numbers: &mut Numbers, at_end: bool) -> u32 {
        // Key length, key, literals with their patterns.
        let mut classes: BTreeMap<usize, BTreeMap<Vec<u8>, Vec<Found<'_>>>> = BTreeMap::new();
        for (anchor, patterns) in &self.anchored {
            let (literal, key) = match anchor {
                Anchor::Prefix { literal, key } if !at_end => (literal, *key),
                Anchor::Suffix { literal, key } if at_end => (literal, *key),
                _ => continue,
            };
            let offset = if at_end { literal.len() - key } else { 0 };
            let bytes = literal[offset..offset + key].to_vec();
            let found = Found { literal, offset, patterns, start: !at_end, end: at_end };
            classes.entry(key).or_default().entry(bytes).or_default().push(found);
        }
        if classes.is_empty() {
            return 0;
        }
        let mut row = vec![classes.len() as u32];
        for (length, keys) in classes {
            row.extend([length as u32, literal_map(writer, numbers, keys)]);
        }
        writer.words(&row)
    }

    fn write_search(&self, writer: &mut Writer, numbers: &mut Numbers, size: usize) -> u32 {
        let mut grams: BTreeMap<Vec<u8>, Vec<Found<'_>>> = BTreeMap::new();
        for (anchor, patterns) in &self.anchored {
            let Anchor::Gram { literal, offset, length } = anchor else { continue };
            if *length != size {
                continue;
            }
            let key = literal[*offset..offset + length].to_vec();
            let found = Found { literal, offset: *offset, patterns, start: false, end: false };
            grams.entry(key).or_default().push(found);
        }
        if grams.is_empty() {
            return 0;
        }
        let log = (grams.len() * FILTER_BITS).next_power_of_two().ilog2();
        let mut filter = vec![0u8; 1 << log >> 3];
        for key in grams.keys() {
            let bit = gram_bit(gram(key), log);
            filter[bit as usize >> 3] |= 1 << (bit & 7);
        }
        let filter = writer.aligned(&filter);
        let map = literal_map(writer, numbers, grams);
        writer.words(&[log, filter, map])
    }

    fn write_always(&self, writer: &mut Writer) -> u32 {
        let Some(patterns) = self.anchored.get(&Anchor::Nothing) else { return 0 };
        let all: Vec<_> =
            patterns.iter().map(|(pattern, outputs)| (pattern, true, *outputs)).collect();
        pattern_list(writer, &all)
    }
}

/// A literal that a key leads to.
struct Found<'f> {
    literal: &'f [u8],
    /// Where the key stands in it.
    offset: usize,
    patterns: &'f [(Pattern, u32)],
    start: bool,
    end: bool,
}

fn literal_map(
    writer: &mut Writer,
    numbers: &mut Numbers,
    keys: BTreeMap<Vec<u8>, Vec<Found<'_>>>,
) -> u32 {
    let mut entries = Vec::new();
    for (key, literals) in keys {
        let mut list = vec![literals.len() as u32];
        for found in literals {
            let text = writer.text(found.literal);
            // A cut literal says less than its pattern.
            let whole = found.literal.len() < LONGEST_LITERAL;
            let patterns: Vec<_> = found
                .patterns
                .iter()
                .map(|(pattern, outputs)| {
                    let implied = whole && pattern.is_just_a_literal(found.start, found.end);
                    (pattern, !implied, *outputs)
                })
                .collect();
            let patterns = pattern_list(writer, &patterns);
            let length = found.literal.len() as u32;
            list.extend([numbers.literals, found.offset as u32, text, length, patterns]);
            numbers.literals += 1;
        }
        entries.push((key, writer.words(&list)));
    }
    map::write(writer, &entries)
}

/// Writes patterns, each with whether it has to be verified and its outputs.
fn pattern_list(writer: &mut Writer, patterns: &[(&Pattern, bool, u32)]) -> u32 {
    if patterns.is_empty() {
        return 0;
    }
    let mut list = vec![patterns.len() as u32];
    for (pattern, verify, outputs) in patterns {
        let (length, exact) = pattern.length();
        let glob = if *verify { pattern.write(writer) } else { 0 };
        list.extend([pattern.fold as u32 | u32::from(exact) << 2, length, glob, *outputs]);
    }
    writer.words(&list)
}

fn slow_list(writer: &mut Writer, numbers: &mut Numbers, tests: &[(&Test, u32)]) -> u32 {
    if tests.is_empty() {
        return 0;
    }
    let mut list = vec![tests.len() as u32];
    for (test, outputs) in tests {
        let next = numbers.slow.len() as u32;
        let number = *numbers.slow.entry(format!("{test:?}")).or_insert(next);
        let mut encoded = Vec::new();
        test.encode(&mut encoded);
        list.extend([number, writer.text(&encoded), encoded.len() as u32, *outputs]);
    }
    writer.words(&list)
}

/// First and last address of a block.
fn block(address: [u8; 16], bits: u8) -> (u128, u128) {
    let address = u128::from_be_bytes(address);
    let host = u128::MAX.checked_shr(u32::from(bits)).unwrap_or(0);
    (address & !host, address | host)
}

/// Writes the union of blocks as sorted, disjoint ranges.
fn ranges(writer: &mut Writer, mut blocks: Vec<(u128, u128)>) -> u32 {
    if blocks.is_empty() {
        return 0;
    }
    blocks.sort_unstable();
    let mut merged: Vec<(u128, u128)> = Vec::new();
    for (from, to) in blocks {
        match merged.last_mut() {
            Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    let mut bytes = (merged.len() as u32).to_le_bytes().to_vec();
    for (from, to) in merged {
        bytes.extend(from.to_be_bytes());
        bytes.extend(to.to_be_bytes());
    }
    writer.text(&bytes)
}
