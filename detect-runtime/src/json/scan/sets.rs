//! Sets of byte sequences, for the search before parse.

/// For each of three neighbouring bytes the sets (a bit each, eight of them) that
/// have it there. A sequence may belong to a set if all three share the bit.
#[derive(Clone, Debug)]
pub(crate) struct Sets {
    /// By the low seven bits of the byte.
    pub(super) bytes: [[u8; 128]; 3],
    /// By its low nibble, and by its high one: a byte may be in a set if both are.
    pub(super) nibbles: [[[u8; 16]; 2]; 3],
}

impl Sets {
    /// The sets of a table, and in all of them each backslash before one of
    /// `escapes` and anything.
    pub(crate) fn new(mut bytes: [[u8; 128]; 3], escapes: &[u8]) -> Sets {
        bytes[0][b'\\' as usize] |= ESCAPES;
        for &byte in escapes {
            bytes[1][byte as usize] |= ESCAPES;
        }
        for set in &mut bytes[2] {
            *set |= ESCAPES;
        }
        let mut nibbles = [[[0; 16]; 2]; 3];
        for (nibbles, bytes) in nibbles.iter_mut().zip(&bytes) {
            for (byte, set) in bytes.iter().enumerate() {
                nibbles[0][byte & 0xf] |= set;
                nibbles[1][byte >> 4] |= set;
                nibbles[1][byte >> 4 | 8] |= set;
            }
        }
        Sets { bytes, nibbles }
    }
}

/// The set that escapes share with literals.
const ESCAPES: u8 = 0x80;
