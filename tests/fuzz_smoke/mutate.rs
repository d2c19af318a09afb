//! Mutated texts, the same in every run.

/// A linear congruential generator (Knuth's constants).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `n`, 0 for 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n.max(1)
    }
}

/// What parsers stumble over: ends of ranges, openings, escapes.
const PIECES: [&str; 40] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "\"\"\"",
    "\\",
    "\\u{0}",
    "\\Q",
    "%{",
    "%{WORD:a:int}",
    "*",
    "?",
    "+",
    "|",
    "&",
    "~",
    "not ",
    " and ",
    " or ",
    "-",
    "--",
    ":",
    "==",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "1e999",
    "0x",
    "{1000}",
    "{0,65535}",
    "\u{0}",
    "\u{fffd}\u{1f600}",
    "\n",
    "now-99999999999999999d",
    "9999-99-99T99:99:99.999999999+99:99",
    "::",
];

/// Openings that nest, with what closes them and what stands within.
const NESTS: [(&str, &str, &str); 10] = [
    ("(", "a", ")"),
    ("[", "1", "]"),
    ("{", "\"a\"", "}"),
    ("not ", "true", ""),
    ("-", "1", ""),
    ("length(", "a", ")"),
    ("(a or ", "a", ")"),
    ("(?:", "a", ")*"),
    ("a.", "a", ""),
    ("a=[", "1", "]"),
];

/// A text made of a seed by one to four changes.
pub(crate) fn mutate(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut text = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(4) {
        change(&mut text, seeds, random);
    }
    text.truncate(1 << 16);
    text
}

fn change(text: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let at = random.below(text.len() + 1);
    let end = (at + random.below(24)).min(text.len());
    match random.below(9) {
        0 if at < text.len() => text[at] ^= 1 << random.below(8),
        1 => text.truncate(at),
        2 => drop(text.drain(at..end)),
        3 => {
            let copy = text[at..end].repeat(1 + random.below(40));
            insert(text, at, &copy);
        }
        4 => swap_words(text, random),
        5 => {
            let other = &seeds[random.below(seeds.len())];
            let from = random.below(other.len() + 1);
            let to = (from + random.below(80)).min(other.len());
            insert(text, at, &other[from..to]);
        }
        6 => {
            let (open, inner, close) = NESTS[random.below(NESTS.len())];
            let depth = 1 << random.below(13);
            let nest = [&open.repeat(depth), inner, &close.repeat(depth)].concat();
            text.splice(at..end, nest.into_bytes());
        }
        _ => insert(text, at, PIECES[random.below(PIECES.len())].as_bytes()),
    }
}

fn insert(text: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    text.splice(at..at, bytes.iter().copied());
}

fn swap_words(text: &mut Vec<u8>, random: &mut Random) {
    let mut words: Vec<Vec<u8>> = text.split(|b| *b == b' ').map(<[u8]>::to_vec).collect();
    let (a, b) = (random.below(words.len()), random.below(words.len()));
    words.swap(a, b);
    *text = words.join(&b' ');
}
