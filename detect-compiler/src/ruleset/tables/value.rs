//! Writes value matchers.

use super::anchor::{Anchor, LONGEST_LITERAL, Rarity};
use super::map;
use super::pattern::{Pattern, search_text};
use super::ranges;
use super::required;
use super::writer::Writer;
use detect_runtime::matcher::layout::{EXACT, FULL_FOLD, PART_WORDS, Part, SLOW, SMALL};
use detect_runtime::matcher::value::{LARGE_FILTER, SMALL_FILTER, gram, gram_slot};
use detect_runtime::state::Encode;
use detect_runtime::test::{Fold, Test};
use std::collections::{BTreeMap, HashMap};

/// Up to so many patterns are cheaper tried one by one than searched for
/// together: below that the fold and the probes of a shared search cost more
/// than a few comparisons, most of which end at the length.
const SMALL_SET: usize = 3;

/// Up to so many grams are put into the small filter: one in 16 foreign grams
/// passes it then; the large filter has room for eight times as many.
const SMALL_FILTER_GRAMS: usize = SMALL_FILTER / 16;

/// What runs through all value matchers of the tables.
#[derive(Default)]
pub(super) struct Numbers {
    pub(super) literals: u32,
    /// Numbers of slow tests by their encoded form.
    slow: HashMap<Vec<u8>, u32>,
    /// Place of each encoded slow test: offset and length.
    slow_places: Vec<u32>,
}

impl Numbers {
    /// Writes the records of all slow tests: count and offset.
    pub(super) fn write_slow(&self, writer: &mut Writer) -> (u32, u32) {
        (self.slow.len() as u32, writer.words(&self.slow_places))
    }

    fn slow(&mut self, writer: &mut Writer, test: &Test) -> u32 {
        let mut encoded = Vec::new();
        test.encode(&mut encoded);
        let next = self.slow.len() as u32;
        let places = &mut self.slow_places;
        *self.slow.entry(encoded).or_insert_with_key(|encoded| {
            places.extend([writer.text(encoded), encoded.len() as u32]);
            next
        })
    }
}

/// A pattern with what it leads to.
#[derive(Clone, Debug)]
pub(super) struct Filed {
    pattern: Pattern,
    /// The pattern is only what a slow test of this number requires.
    slow: Option<u32>,
    outputs: u32,
}

/// Writes a matcher for these tests with their outputs and gives its offset;
/// `sample`: known values of the field.
pub(super) fn write(
    writer: &mut Writer,
    numbers: &mut Numbers,
    tests: &[(&Test, u32)],
    sample: &[(String, f64)],
) -> u32 {
    let sorted = Sorted::of(writer, numbers, tests);
    let mut parts = [0u32; PART_WORDS];
    let mut set = |part: Part, value: u32| parts[part as usize] = value;
    let mut flags = 0;
    if sorted.patterns.iter().any(|filed| filed.pattern.fold == Fold::Full) {
        flags |= FULL_FOLD;
    }
    let small = sorted.patterns.len() <= SMALL_SET
        && sorted.patterns.iter().all(|filed| filed.slow.is_none());
    if small {
        flags |= SMALL;
        set(Part::Always, pattern_list(writer, &sorted.patterns, |_| true));
    } else {
        let file = File::new(sorted.patterns, sample);
        set(Part::Equal, file.write_equal(writer));
        set(Part::Prefix, file.write_classes(writer, numbers, false));
        set(Part::Suffix, file.write_classes(writer, numbers, true));
        set(Part::Search4, file.write_search(writer, numbers, 4));
        set(Part::Search2, file.write_search(writer, numbers, 2));
        set(Part::Always, file.write_always(writer));
    }
    set(Part::Flags, flags);
    set(Part::Slow, slow_list(writer, &sorted.slow));
    set(Part::SlowUnlessAscii, slow_list(writer, &sorted.slow_unless_ascii));
    set(Part::Ranges, ranges::write(writer, &sorted.blocks));
    writer.words(&parts)
}

/// Tests by how they are answered.
#[derive(Default)]
struct Sorted {
    patterns: Vec<Filed>,
    /// Number of the test and outputs.
    slow: Vec<(u32, u32)>,
    slow_unless_ascii: Vec<(u32, u32)>,
    /// First address, last address, outputs.
    blocks: Vec<(u128, u128, u32)>,
}

impl Sorted {
    fn of(writer: &mut Writer, numbers: &mut Numbers, tests: &[(&Test, u32)]) -> Sorted {
        let mut sorted = Sorted::default();
        for &(test, outputs) in tests {
            if let Some(pattern) = Pattern::of(test) {
                sorted.patterns.push(Filed { pattern, slow: None, outputs });
                continue;
            }
            if let Test::Cidr { address, bits } = test {
                let (first, last) = ranges::block(*address, *bits);
                sorted.blocks.push((first, last, outputs));
                continue;
            }
            let number = numbers.slow(writer, test);
            let Some(required) = required::patterns(test) else {
                sorted.slow.push((number, outputs));
                continue;
            };
            for pattern in required.patterns {
                sorted.patterns.push(Filed { pattern, slow: Some(number), outputs });
            }
            if required.ascii_only {
                sorted.slow_unless_ascii.push((number, outputs));
            }
        }
        sorted
    }
}

/// Patterns by where they are filed.
struct File {
    equal: BTreeMap<Vec<u8>, Vec<Filed>>,
    anchored: BTreeMap<Anchor, Vec<Filed>>,
}

impl File {
    fn new(patterns: Vec<Filed>, sample: &[(String, f64)]) -> File {
        let (whole, wild): (Vec<_>, Vec<_>) =
            patterns.into_iter().partition(|filed| filed.pattern.whole_text().is_some());
        let mut equal: BTreeMap<Vec<u8>, Vec<Filed>> = BTreeMap::new();
        for filed in whole {
            let text = filed.pattern.whole_text().unwrap_or_default();
            equal.entry(search_text(text)).or_default().push(filed);
        }
        let only: Vec<Pattern> = wild.iter().map(|filed| filed.pattern.clone()).collect();
        let rarity = Rarity::new(sample, &only);
        let mut anchored: BTreeMap<Anchor, Vec<Filed>> = BTreeMap::new();
        for filed in wild {
            anchored.entry(rarity.best(&filed.pattern)).or_default().push(filed);
        }
        File { equal, anchored }
    }

    fn write_equal(&self, writer: &mut Writer) -> u32 {
        let mut entries = Vec::new();
        for (key, patterns) in &self.equal {
            let mut list = vec![patterns.len() as u32];
            for Filed { pattern, outputs, .. } in patterns {
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
        let small = grams.len() <= SMALL_FILTER_GRAMS;
        let size = if small { SMALL_FILTER } else { LARGE_FILTER };
        let mut filter = vec![0u8; size];
        for key in grams.keys() {
            filter[gram_slot(gram(key), size)] = 1;
        }
        let filter = writer.aligned(&filter);
        let map = literal_map(writer, numbers, grams);
        writer.words(&[size as u32, filter, map])
    }

    fn write_always(&self, writer: &mut Writer) -> u32 {
        let Some(patterns) = self.anchored.get(&Anchor::Nothing) else { return 0 };
        pattern_list(writer, patterns, |_| true)
    }
}

/// A literal that a key leads to.
struct Found<'f> {
    literal: &'f [u8],
    /// Where the key stands in it.
    offset: usize,
    patterns: &'f [Filed],
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
            let patterns = pattern_list(writer, found.patterns, |pattern| {
                !(whole && pattern.is_just_a_literal(found.start, found.end))
            });
            let length = found.literal.len() as u32;
            list.extend([numbers.literals, found.offset as u32, text, length, patterns]);
            numbers.literals += 1;
        }
        entries.push((key, writer.words(&list)));
    }
    map::write(writer, &entries)
}

/// Writes patterns; those that need it with the glob that verifies them.
fn pattern_list(
    writer: &mut Writer,
    patterns: &[Filed],
    must_verify: impl Fn(&Pattern) -> bool,
) -> u32 {
    if patterns.is_empty() {
        return 0;
    }
    let mut list = vec![patterns.len() as u32];
    for Filed { pattern, slow, outputs } in patterns {
        let (length, exact) = pattern.length();
        let mut kind = pattern.fold as u32 | if exact { EXACT } else { 0 };
        let verifier = match slow {
            Some(number) => {
                kind |= SLOW;
                *number
            }
            None if must_verify(pattern) => pattern.write(writer),
            None => 0,
        };
        list.extend([kind, length, verifier, *outputs]);
    }
    writer.words(&list)
}

fn slow_list(writer: &mut Writer, tests: &[(u32, u32)]) -> u32 {
    if tests.is_empty() {
        return 0;
    }
    let mut list = vec![tests.len() as u32];
    list.extend(tests.iter().flat_map(|(number, outputs)| [*number, *outputs]));
    writer.words(&list)
}
