//! Keyed 64-bit fingerprints: SipHash-1-3 (Aumasson, Bernstein 2012).
//!
//! The function is written here because fingerprints stand in saved states and
//! so must not change with a library. The key is random for each state, so no
//! input can aim at a collision.

/// A key for fingerprints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seed(pub(super) u64, pub(super) u64);

impl Seed {
    /// A random key.
    pub(super) fn random() -> Seed {
        use std::hash::{BuildHasher, RandomState};
        Seed(RandomState::new().hash_one(0), RandomState::new().hash_one(1))
    }

    /// The fingerprint of these bytes.
    pub(super) fn fingerprint(self, bytes: &[u8]) -> u64 {
        siphash::<1, 3>(self, bytes)
    }
}

fn siphash<const C: usize, const D: usize>(Seed(k0, k1): Seed, bytes: &[u8]) -> u64 {
    let mut v = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        absorb::<C>(&mut v, u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    last[7] = bytes.len() as u8;
    absorb::<C>(&mut v, u64::from_le_bytes(last));
    v[2] ^= 0xff;
    for _ in 0..D {
        round(&mut v);
    }
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

fn absorb<const C: usize>(v: &mut [u64; 4], word: u64) {
    v[3] ^= word;
    for _ in 0..C {
        round(v);
    }
    v[0] ^= word;
}

fn round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[2] = v[2].rotate_left(32);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the paper's appendix (key 00..0f, message 00..0e), which is
    /// for 2 and 4 rounds; the rounds are the only difference.
    #[test]
    fn agrees_with_the_paper() {
        let message: Vec<u8> = (0..15).collect();
        let seed = Seed(0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908);
        assert_eq!(siphash::<2, 4>(seed, &message), 0xa129_ca61_49be_45e5);
    }
}
