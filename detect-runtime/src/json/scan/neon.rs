//! NEON: a block is four registers; a comparison is narrowed to bits by adding
//! neighbours.

use super::{BLOCK, Classes, Isa, Portable, Sets, TEXT};
use core::arch::aarch64::{
    uint8x16_t, vandq_u8, vceqq_u8, vdupq_n_u8, vgetq_lane_u64, vld1q_u8, vmaxq_u8, vmaxvq_u8,
    vminq_u8, vminvq_u8, vorrq_u8, vpaddq_u8, vqtbl1q_u8, vreinterpretq_u64_u8, vshrq_n_u8,
    vtstq_u8,
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
    /// The lowest and the highest byte at each place of a quarter.
    type Range = [uint8x16_t; 2];

    #[inline(always)]
    fn range(self) -> [uint8x16_t; 2] {
        // SAFETY: `self` proves the feature.
        unsafe { [vdupq_n_u8(0x20); 2] }
    }

    #[inline(always)]
    fn classify(self, block: &[u8; BLOCK], range: &mut [uint8x16_t; 2]) -> Classes {
        // SAFETY: `self` proves the feature.
        unsafe {
            let bytes = load(block);
            for quarter in bytes {
                *range = [vminq_u8(range[0], quarter), vmaxq_u8(range[1], quarter)];
            }
            let braces = bytes.map(|quarter| vorrq_u8(quarter, vdupq_n_u8(0x20)));
            Classes {
                quotes: equal(bytes, b'"'),
                backslashes: equal(bytes, b'\\'),
                opens: equal(braces, b'{'),
                closes: equal(braces, b'}'),
            }
        }
    }

    #[inline(always)]
    fn controls(self, range: [uint8x16_t; 2]) -> bool {
        // SAFETY: `self` proves the feature.
        unsafe { vminvq_u8(range[0]) < 0x20 }
    }

    #[inline(always)]
    fn wide(self, range: [uint8x16_t; 2]) -> bool {
        // SAFETY: `self` proves the feature.
        unsafe { vmaxvq_u8(range[1]) > 0x7f }
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

    #[inline(always)]
    fn look_up(self, sets: &Sets, block: &[u8; BLOCK + 2]) -> u64 {
        // SAFETY: `self` proves the feature; each load reads 16 bytes of its array.
        unsafe {
            let found = core::array::from_fn(|quarter| {
                let sets = core::array::from_fn(|byte| {
                    let at = 16 * quarter + byte;
                    let bytes = vld1q_u8(block.as_ptr().add(at));
                    let [low, high] = &sets.nibbles[byte];
                    let low = vqtbl1q_u8(vld1q_u8(low.as_ptr()), vandq_u8(bytes, vdupq_n_u8(15)));
                    vandq_u8(low, vqtbl1q_u8(vld1q_u8(high.as_ptr()), vshrq_n_u8::<4>(bytes)))
                });
                let [first, second, third]: [uint8x16_t; 3] = sets;
                let all = vandq_u8(vandq_u8(first, second), third);
                vtstq_u8(all, all)
            });
            mask(found)
        }
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
