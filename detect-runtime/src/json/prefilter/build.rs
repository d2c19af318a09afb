//! Builder of the table of literals.

use super::{BUCKETS, ENTRY, HEADER, MAGIC, MAX_LITERALS, TABLES, WINDOW};
use crate::test::Fold;

/// A literal that a line must hold to match.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Literal {
    /// The text, as the value has it (no escapes).
    text: String,
    /// Whether letters count as they are.
    folded: bool,
    /// Whether the value begins with it.
    start: bool,
    /// Whether the value ends with it.
    end: bool,
}

/// Why there is no table: these literals cannot be searched for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrefilterError {
    /// No literal, or too many.
    #[error("{0} literals; 1 to {MAX_LITERALS} can be searched for")]
    Count(usize),
    /// A literal that is too short to be rare.
    #[error("literal `{0}` is shorter than {WINDOW} bytes")]
    Short(String),
    /// A literal that is too long for the table.
    #[error("a literal of {0} bytes is too long")]
    Long(usize),
    /// A literal with letters that compare without case beyond ASCII.
    #[error("literal `{0}` compares without case and is not ASCII")]
    Fold(String),
    /// Bytes that are no table of this version.
    #[error("not a table of literals of this version")]
    Foreign,
}

impl Literal {
    /// A value that contains the text.
    ///
    /// # Errors
    /// [`PrefilterError::Fold`] if it compares without case and that reaches
    /// beyond ASCII (`Fold::Full`: the Kelvin sign folds to k, the long s to s).
    pub fn within(text: &str, fold: Fold) -> Result<Literal, PrefilterError> {
        Literal::new(text, fold, false, false)
    }

    /// A value that begins with the text.
    ///
    /// # Errors
    /// As for [`Literal::within`].
    pub fn prefix(text: &str, fold: Fold) -> Result<Literal, PrefilterError> {
        Literal::new(text, fold, true, false)
    }

    /// A value that ends with the text.
    ///
    /// # Errors
    /// As for [`Literal::within`].
    pub fn suffix(text: &str, fold: Fold) -> Result<Literal, PrefilterError> {
        Literal::new(text, fold, false, true)
    }

    /// A value that is the text.
    ///
    /// # Errors
    /// As for [`Literal::within`].
    pub fn whole(text: &str, fold: Fold) -> Result<Literal, PrefilterError> {
        Literal::new(text, fold, true, true)
    }

    fn new(text: &str, fold: Fold, start: bool, end: bool) -> Result<Literal, PrefilterError> {
        let folded = match fold {
            Fold::None => false,
            Fold::Ascii => true,
            Fold::Full if text.is_ascii() && !text.contains(['k', 'K', 's', 'S']) => true,
            Fold::Full => return Err(PrefilterError::Fold(text.to_owned())),
        };
        // A number or boolean stands in the line without quotes, and its text may
        // be any piece of one.
        let bare = text.bytes().all(|byte| b"0123456789+-.eE".contains(&byte))
            || "true".contains(&text.to_ascii_lowercase())
            || "false".contains(&text.to_ascii_lowercase());
        Ok(Literal { text: text.to_owned(), folded, start: start && !bare, end: end && !bare })
    }

    /// The bytes that stand in a line for it.
    fn spelled(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if self.start {
            bytes.push(b'"');
        }
        for character in self.text.chars() {
            match character {
                '"' => bytes.extend_from_slice(b"\\\""),
                '\\' => bytes.extend_from_slice(b"\\\\"),
                '\u{8}' => bytes.extend_from_slice(b"\\b"),
                '\u{c}' => bytes.extend_from_slice(b"\\f"),
                '\n' => bytes.extend_from_slice(b"\\n"),
                '\r' => bytes.extend_from_slice(b"\\r"),
                '\t' => bytes.extend_from_slice(b"\\t"),
                // Other control characters are spelled with `\u` only, which is a hit anyway.
                _ => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        if self.end {
            bytes.push(b'"');
        }
        bytes
    }
}

/// Makes the table of these literals. The same literals in any order give the
/// same bytes.
///
/// # Errors
/// [`PrefilterError`] if they cannot be searched for.
pub fn build(literals: &[Literal]) -> Result<Vec<u8>, PrefilterError> {
    if literals.is_empty() || literals.len() > MAX_LITERALS {
        return Err(PrefilterError::Count(literals.len()));
    }
    let mut needles = Vec::new();
    for literal in literals {
        let mut bytes = literal.spelled();
        if bytes.len() < WINDOW {
            return Err(PrefilterError::Short(literal.text.clone()));
        }
        if bytes.len() > u16::MAX as usize {
            return Err(PrefilterError::Long(bytes.len()));
        }
        if literal.folded {
            bytes.make_ascii_lowercase();
        }
        let at = rarest(&bytes);
        needles.push(Needle {
            window: bytes[at..at + WINDOW].to_vec(),
            bytes,
            at,
            folded: literal.folded,
        });
    }
    needles.sort();
    needles.dedup();
    let slash = literals.iter().any(|literal| literal.text.contains('/'));
    Ok(write(&needles, slash))
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Needle {
    /// First, so that needles with similar windows come into one bucket.
    window: Vec<u8>,
    bytes: Vec<u8>,
    at: usize,
    folded: bool,
}

fn write(needles: &[Needle], slash: bool) -> Vec<u8> {
    let mut table = Vec::new();
    table.extend_from_slice(MAGIC);
    table.extend_from_slice(&(needles.len() as u16).to_le_bytes());
    table.extend_from_slice(&u16::from(slash).to_le_bytes());
    let mut sets = [[0u8; 128]; WINDOW];
    for (index, needle) in needles.iter().enumerate() {
        let bucket = index * BUCKETS / needles.len().max(BUCKETS);
        for (set, &byte) in sets.iter_mut().zip(&needle.window) {
            set[(byte & 0x7f) as usize] |= 1 << bucket;
            if needle.folded {
                set[(byte.to_ascii_uppercase() & 0x7f) as usize] |= 1 << bucket;
            }
        }
    }
    table.extend(sets.iter().flatten());
    let mut offset = HEADER + TABLES + needles.len() * ENTRY;
    for (index, needle) in needles.iter().enumerate() {
        let bucket = index * BUCKETS / needles.len().max(BUCKETS);
        table.extend_from_slice(&(offset as u32).to_le_bytes());
        table.extend_from_slice(&(needle.bytes.len() as u16).to_le_bytes());
        table.extend_from_slice(&(needle.at as u16).to_le_bytes());
        table.extend_from_slice(&[bucket as u8, u8::from(needle.folded), 0, 0]);
        offset += needle.bytes.len();
    }
    for needle in needles {
        table.extend_from_slice(&needle.bytes);
    }
    table
}

/// Where the rarest window of a needle begins.
fn rarest(bytes: &[u8]) -> usize {
    let weight = |at: &usize| -> u32 {
        bytes[*at..at + WINDOW].iter().map(|&byte| u32::from(COMMON[(byte & 0x7f) as usize])).sum()
    };
    (0..=bytes.len() - WINDOW).min_by_key(weight).unwrap_or(0)
}

/// How common a byte is in security events: 16 plus the binary logarithm of its
/// share, measured on Linux endpoint events and on Windows event logs in ECS form.
#[rustfmt::skip]
const COMMON: [u8; 128] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    9, 0, 13, 4, 5, 3, 2, 3, 5, 5, 0, 7, 11, 10, 10, 8, 11, 10, 10, 10, 10, 10, 10, 9, 9, 9, 11, 4, 0, 7, 0, 0,
    5, 10, 8, 8, 8, 9, 7, 7, 7, 8, 6, 6, 8, 10, 9, 8, 7, 8, 8, 9, 10, 8, 6, 8, 5, 9, 8, 7, 10, 7, 0, 9,
    0, 11, 9, 11, 11, 12, 9, 9, 9, 11, 8, 8, 10, 10, 11, 11, 10, 5, 11, 11, 11, 9, 9, 9, 9, 9, 8, 9, 6, 9, 0, 0,
];
