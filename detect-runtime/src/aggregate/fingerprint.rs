//! 64-bit fingerprints of values, the same in every process and build, so that
//! sets of them merge between shards and outlive a restart.
//!
//! SipHash-1-3 with a fixed key. Unlike multiply-and-fold hashes it has no values
//! that make whole families collide, so a person who chooses values on purpose
//! has to search about 2^32 of them for each pair.

use crate::state::Encode;
use crate::value::Value;

/// The fingerprint of a single value; equal values have equal ones. Among the
/// 3,000 values of an exact distinct count two different ones meet with a
/// probability below 3e-13.
pub fn fingerprint(value: &Value<'_>) -> u64 {
    match value {
        Value::Text(t) => sip13(6, t.as_bytes()),
        Value::Version(t) => sip13(10, t.as_bytes()),
        Value::Ip(a) => sip13(9, a),
        Value::Boolean(b) => sip13(1, &[u8::from(*b)]),
        Value::Integer(n) => sip13(2, &n.to_le_bytes()),
        Value::Long(n) => sip13(3, &n.to_le_bytes()),
        Value::UnsignedLong(n) => sip13(4, &n.to_le_bytes()),
        // 0.0 and -0.0 are equal.
        Value::Double(n) => sip13(5, &(n + 0.0).to_bits().to_le_bytes()),
        Value::Date(n) => sip13(7, &n.to_le_bytes()),
        Value::DateNanos(n) => sip13(8, &n.to_le_bytes()),
        other => {
            let mut bytes = Vec::new();
            other.encode(&mut bytes);
            sip13(11, &bytes)
        }
    }
}

/// SipHash-1-3 (Aumasson, Bernstein 2012; one round a block, three at the end)
/// with the first key word `tag` and the second 0.
pub(super) fn sip13(tag: u64, bytes: &[u8]) -> u64 {
    let mut v = [
        0x736f_6d65_7073_6575 ^ tag,
        0x646f_7261_6e64_6f6d,
        0x6c79_6765_6e65_7261 ^ tag,
        0x7465_6462_7974_6573,
    ];
    let mut blocks = bytes.chunks_exact(8);
    for block in blocks.by_ref() {
        let mut word = [0; 8];
        word.copy_from_slice(block);
        absorb(&mut v, u64::from_le_bytes(word));
    }
    let mut last = [0; 8];
    last[..blocks.remainder().len()].copy_from_slice(blocks.remainder());
    last[7] = bytes.len() as u8;
    absorb(&mut v, u64::from_le_bytes(last));
    v[2] ^= 0xff;
    for _ in 0..3 {
        round(&mut v);
    }
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

#[inline]
fn absorb(v: &mut [u64; 4], word: u64) {
    v[3] ^= word;
    round(v);
    v[0] ^= word;
}

#[inline]
fn round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[2] = v[2].wrapping_add(v[3]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[1]);
    v[0] = v[0].wrapping_add(v[3]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].rotate_left(32);
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::hash::Hasher;
    use std::hash::DefaultHasher;

    /// The standard library's default hasher is SipHash-1-3 with key 0.
    #[test]
    fn is_siphash_1_3() {
        for length in 0..40u8 {
            let bytes: Vec<u8> = (0..length).collect();
            let mut theirs = DefaultHasher::new();
            theirs.write(&bytes);
            assert_eq!(sip13(0, &bytes), theirs.finish(), "length {length}");
        }
    }
}
