//! NEON: a block is four registers; a comparison is narrowed to bits by adding
//! neighbours.

use super::{BLOCK, Classes, Isa, Portable, TEXT};
use core::arch::aarch64::{
    uint8x16_t, vandq_u8, vceqq_u8, vcgeq_u8, vcltq_u8, vdupq_n_u8, vgetq_lane_u64, vld1q_u8,
    vorrq_u8, vpaddq_u8, vreinterpretq_u64_u8,
};

/// Advanced SIMD, part of every 64-bit ARM target of Rust's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Neon(());

impl Neon {
    /// The proof, if the processor has the instructions.
    pub(crate) fn detect() -> Option<Neon> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Neon(()))
    }
}

/// A block in four registers.
type Quarters = [uint8x16_t; 4];

impl Isa for Neon {
    #[inline(always)]
    fn classify(self, block: &[u8; BLOCK]) -> Classes {
        // SAFETY: `self` proves the feature.
        unsafe {
            let bytes = load(block);
            let braces = bytes.map(|quarter| vorrq_u8(quarter, vdupq_n_u8(0x20)));
            Classes {
                quotes: equal(bytes, b'"'),
                backslashes: equal(bytes, b'\\'),
                opens: equal(braces, b'{'),
                closes: equal(braces, b'}'),
                controls: mask(bytes.map(|quarter| vcltq_u8(quarter, vdupq_n_u8(0x20)))),
                wide: mask(bytes.map(|quarter| vcgeq_u8(quarter, vdupq_n_u8(0x80)))),
            }
        }
    }

    #[inline(always)]
    fn escapes(self, block: &[u8; BLOCK]) -> (u64, u64) {
        // SAFETY: `self` proves the feature.
        unsafe {
            let bytes = load(block);
            let plain = equal(bytes, b'"')
                | equal(bytes, b'\\')
                | equal(bytes, b'/')
                | equal(bytes, b'b')
                | equal(bytes, b'f')
                | equal(bytes, b'n')
                | equal(bytes, b'r')
                | equal(bytes, b't');
            (plain, equal(bytes, b'u'))
        }
    }

    #[inline(always)]
    fn prefix_xor(self, bits: u64) -> u64 {
        Portable.prefix_xor(bits)
    }

    #[inline(always)]
    fn begins(self, line: &[u8], at: usize, text: &[u8; TEXT], length: usize) -> bool {
        Portable.begins(line, at, text, length)
    }

    #[inline(always)]
    fn digits(self, line: &[u8], at: usize) -> usize {
        Portable.digits(line, at)
    }
}

/// The four quarters of a block.
///
/// # Safety
/// The processor must have NEON.
#[inline(always)]
unsafe fn load(block: &[u8; BLOCK]) -> Quarters {
    // SAFETY: each load reads 16 bytes inside the block; the caller has NEON.
    core::array::from_fn(|quarter| unsafe { vld1q_u8(block.as_ptr().add(16 * quarter)) })
}

/// One bit for each byte that is all ones.
///
/// # Safety
/// The processor must have NEON.
#[inline(always)]
unsafe fn mask(quarters: Quarters) -> u64 {
    const BITS: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];
    // SAFETY: the load reads the 16 bytes of `BITS`; the caller has NEON.
    unsafe {
        let bits = vld1q_u8(BITS.as_ptr());
        let [a, b, c, d] = quarters.map(|quarter| vandq_u8(quarter, bits));
        let sums = vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d));
        vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(sums, sums)))
    }
}

/// Which bytes equal `byte`.
///
/// # Safety
/// The processor must have NEON.
#[inline(always)]
unsafe fn equal(quarters: Quarters, byte: u8) -> u64 {
    // SAFETY: the caller has NEON.
    unsafe { mask(quarters.map(|quarter| vceqq_u8(quarter, vdupq_n_u8(byte)))) }
}
