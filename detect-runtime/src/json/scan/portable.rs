//! Plain Rust, eight bytes at a time: the meaning of every other version.

use super::{BLOCK, Classes, Isa, Sets, TEXT};

/// No instructions beyond the target's own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable;

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

impl Isa for Portable {
    /// A top bit is set if a byte was below 0x20; if one was above 0x7f.
    type Range = [u64; 2];

    #[inline(always)]
    fn range(self) -> [u64; 2] {
        [0, 0]
    }

    #[inline(always)]
    fn classify(self, block: &[u8; BLOCK], range: &mut [u64; 2]) -> Classes {
        let mut classes = Classes { quotes: 0, backslashes: 0, opens: 0, closes: 0 };
        for (index, word) in words(block).enumerate() {
            let shift = 8 * index;
            // Bit 5 set maps `[` to `{` and `]` to `}`, and no other ASCII byte to either.
            let braces = word | (LOW * 0x20);
            classes.quotes |= gather(equal(word, b'"')) << shift;
            classes.backslashes |= gather(equal(word, b'\\')) << shift;
            classes.opens |= gather(equal(braces, b'{')) << shift;
            classes.closes |= gather(equal(braces, b'}')) << shift;
            range[0] |= equal(word & (LOW * 0xe0), 0);
            range[1] |= word & HIGH;
        }
        classes
    }

    #[inline(always)]
    fn controls(self, range: [u64; 2]) -> bool {
        range[0] != 0
    }

    #[inline(always)]
    fn wide(self, range: [u64; 2]) -> bool {
        range[1] != 0
    }

    #[inline(always)]
    fn escapes(self, block: &[u8; BLOCK]) -> (u64, u64) {
        let mut plain = 0;
        let mut unicode = 0;
        for (index, byte) in block.iter().enumerate() {
            plain |= u64::from(b"\"\\/bfnrt".contains(byte)) << index;
            unicode |= u64::from(*byte == b'u') << index;
        }
        (plain, unicode)
    }

    #[inline(always)]
    fn prefix_xor(self, mut bits: u64) -> u64 {
        for shift in [1, 2, 4, 8, 16, 32] {
            bits ^= bits << shift;
        }
        bits
    }

    #[inline(always)]
    fn begins(self, line: &[u8], at: usize, text: &[u8; TEXT], length: usize) -> bool {
        line.get(at..at + length).is_some_and(|found| found == &text[..length])
    }

    #[inline(always)]
    fn digits(self, line: &[u8], at: usize) -> usize {
        let rest = line.get(at..).unwrap_or_default();
        rest.iter().take(32).take_while(|byte| byte.is_ascii_digit()).count()
    }

    #[inline(always)]
    fn look_up(self, sets: &Sets, block: &[u8; BLOCK + 2]) -> u64 {
        let mut found = 0;
        for (at, bytes) in block.windows(3).enumerate() {
            let set = |byte: usize| sets.bytes[byte][(bytes[byte] & 0x7f) as usize];
            found |= u64::from(set(0) & set(1) & set(2) != 0) << at;
        }
        found
    }
}

#[inline(always)]
fn words(block: &[u8; BLOCK]) -> impl Iterator<Item = u64> {
    block.as_chunks::<8>().0.iter().map(|chunk| u64::from_le_bytes(*chunk))
}

/// 0x80 in each byte that equals `byte`, else 0. Adding 0x7f to the low seven
/// bits sets the top bit unless they are zero, without a carry between bytes.
#[inline(always)]
fn equal(word: u64, byte: u8) -> u64 {
    let difference = word ^ (LOW * u64::from(byte));
    !(((difference & !HIGH) + !HIGH) | difference) & HIGH
}

/// The top bits of the eight bytes as the low byte: the multiplication adds
/// bit `8i` shifted to bit `56 + i`, and no two products meet.
#[inline(always)]
fn gather(tops: u64) -> u64 {
    (tops >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}
