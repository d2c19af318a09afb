//! The hash of table keys and the perfect-hash maps made with it.
//!
//! A key costs one pass of 16 bytes a step (a 64 x 64 -> 128 bit multiplication
//! folded to 64, as in wyhash). A map is perfect: buckets choose a displacement
//! at compile time such that no two keys share a slot. So a lookup reads one
//! displacement and one slot and compares one key, whatever the input: keys made
//! to collide cost an attacker's event nothing more.

use super::layout::Bytes;

const K0: u64 = 0xa076_1d64_78bd_642f;
const K1: u64 = 0xe703_7ed1_a0b4_28db;

#[inline]
fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[inline]
fn word(bytes: &[u8], at: usize) -> u64 {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk::<8>())
        .map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[inline]
fn half(bytes: &[u8], at: usize) -> u64 {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk::<4>())
        .map_or(0, |bytes| u64::from(u32::from_le_bytes(*bytes)))
}

/// Hash of a key.
#[inline]
pub fn hash(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    let mut state = K0 ^ length as u64;
    let (a, b) = match length {
        0 => (0, 0),
        1..4 => {
            let first = u64::from(bytes[0]);
            let middle = u64::from(bytes[length / 2]);
            let last = u64::from(bytes[length - 1]);
            (first << 16 | middle << 8 | last, 0)
        }
        4..=8 => (half(bytes, 0), half(bytes, length - 4)),
        9..=16 => (word(bytes, 0), word(bytes, length - 8)),
        _ => {
            let mut at = 0;
            while at + 16 < length {
                state = mix(word(bytes, at) ^ K1, word(bytes, at + 8) ^ state);
                at += 16;
            }
            (word(bytes, length - 16), word(bytes, length - 8))
        }
    };
    mix(K1 ^ length as u64, mix(a ^ K1, b ^ state))
}

/// Slot of a hash under a displacement.
#[inline]
pub const fn slot(hash: u64, displacement: u16, mask: u32) -> u32 {
    let step = (hash as u32) | 1;
    ((hash >> 32) as u32).wrapping_add(step.wrapping_mul(displacement as u32)) & mask
}

/// Bucket of a hash.
#[inline]
pub const fn bucket(hash: u64, mask: u32) -> u32 {
    (hash >> 16) as u32 & mask
}

/// Tag of a hash, which a slot keeps so that most foreign keys are refused
/// without a look at the key.
#[inline]
pub const fn tag(hash: u64) -> u32 {
    (hash >> 7) as u32 | 1
}

/// A map in the tables.
#[derive(Clone, Copy)]
pub(crate) struct Map {
    at: u32,
}

impl Map {
    pub(crate) fn new(at: u32) -> Map {
        Map { at }
    }

    /// The payload of a key, 0 if the map does not have it.
    #[inline]
    pub(crate) fn get(self, tables: Bytes<'_>, key: &[u8], hash: u64) -> u32 {
        let logs = tables.u32(self.at);
        let buckets = (1u32 << (logs & 31)).wrapping_sub(1);
        let slots = (1u32 << (logs >> 16 & 31)).wrapping_sub(1);
        let displacements = tables.u32(self.at + 4);
        let displacement = tables.u16(displacements + 2 * bucket(hash, buckets));
        let at = tables.u32(self.at + 8) + 16 * slot(hash, displacement, slots);
        let record = tables.slice(at, 16);
        let Some(record) = record.first_chunk::<16>() else { return 0 };
        let record = u128::from_le_bytes(*record);
        if record as u32 != tag(hash) {
            return 0;
        }
        let stored = tables.slice((record >> 32) as u32, (record >> 64) as u32);
        if stored == key { (record >> 96) as u32 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_counts() {
        for length in 1..70 {
            let text: Vec<u8> = (0..length).map(|i| i as u8).collect();
            let plain = hash(&text);
            for i in 0..length {
                let mut changed = text.clone();
                changed[i] ^= 0x20;
                assert_ne!(hash(&changed), plain, "byte {i} of {length}");
            }
            assert_ne!(hash(&text[..length - 1]), plain);
        }
    }
}
