//! AVX2: a block is two registers, a comparison ends in a move-mask.

use super::{BLOCK, Classes, Isa, Portable, Sets, TEXT};
use core::arch::x86_64::{
    __m256i, _mm_clmulepi64_si128, _mm_cvtsi128_si64, _mm_loadu_si128, _mm_set_epi64x,
    _mm_set1_epi8, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8,
    _mm256_loadu_si256, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8,
    _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi16, _mm256_sub_epi8,
};

/// AVX2 with PCLMULQDQ, BMI1, BMI2, LZCNT and POPCNT.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// The proof, if the processor has the instructions.
    pub(crate) fn detect() -> Option<Avx2> {
        (is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("pclmulqdq")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt"))
        .then_some(Avx2(()))
    }
}

/// A block in two registers.
type Halves = [__m256i; 2];

impl Isa for Avx2 {
    /// The lowest byte at each place of half a block, and all bytes ored together.
    type Range = [__m256i; 2];

    #[inline(always)]
    fn range(self) -> [__m256i; 2] {
        // SAFETY: `self` proves the features.
        unsafe { [_mm256_set1_epi8(0x20); 2] }
    }

    #[inline(always)]
    fn classify(self, block: &[u8; BLOCK], range: &mut [__m256i; 2]) -> Classes {
        // SAFETY: `self` proves the features.
        unsafe {
            let bytes = load(block);
            let braces = braces(bytes);
            let [low, high] = bytes;
            range[0] = _mm256_min_epu8(range[0], _mm256_min_epu8(low, high));
            range[1] = _mm256_or_si256(range[1], _mm256_or_si256(low, high));
            Classes {
                quotes: equal(bytes, b'"'),
                backslashes: equal(bytes, b'\\'),
                opens: equal(braces, b'{'),
                closes: equal(braces, b'}'),
            }
        }
    }

    #[inline(always)]
    fn controls(self, range: [__m256i; 2]) -> bool {
        // SAFETY: `self` proves the features.
        unsafe {
            let highest = _mm256_set1_epi8(0x1f);
            let low = _mm256_cmpeq_epi8(_mm256_min_epu8(range[0], highest), range[0]);
            _mm256_movemask_epi8(low) != 0
        }
    }

    #[inline(always)]
    fn wide(self, range: [__m256i; 2]) -> bool {
        // SAFETY: `self` proves the features.
        unsafe { _mm256_movemask_epi8(range[1]) != 0 }
    }

    #[inline(always)]
    fn escapes(self, block: &[u8; BLOCK]) -> (u64, u64) {
        // SAFETY: `self` proves the features.
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
        // SAFETY: `self` proves the features.
        unsafe {
            let product =
                _mm_clmulepi64_si128(_mm_set_epi64x(0, bits as i64), _mm_set1_epi8(-1), 0);
            _mm_cvtsi128_si64(product) as u64
        }
    }

    #[inline(always)]
    fn begins(self, line: &[u8], at: usize, text: &[u8; TEXT], length: usize) -> bool {
        debug_assert!(length <= TEXT);
        if at >= line.len().saturating_sub(TEXT - 1) {
            return Portable.begins(line, at, text, length);
        }
        // SAFETY: `self` proves the features. The first load reads 32 bytes from `at`,
        // where at least that many are left in `line`; the second the 32 of `text`.
        let equal = unsafe {
            let found = _mm256_loadu_si256(line.as_ptr().add(at).cast());
            let wanted = _mm256_loadu_si256(text.as_ptr().cast());
            _mm256_movemask_epi8(_mm256_cmpeq_epi8(found, wanted)) as u32
        };
        equal.trailing_ones() as usize >= length
    }

    #[inline(always)]
    fn digits(self, line: &[u8], at: usize) -> usize {
        let Some(found) = line.get(at..at + 32) else {
            return Portable.digits(line, at);
        };
        // SAFETY: `self` proves the features; the load reads the 32 bytes of its slice.
        unsafe {
            let found = _mm256_loadu_si256(found.as_ptr().cast());
            let value = _mm256_sub_epi8(found, _mm256_set1_epi8(b'0' as i8));
            let nine = _mm256_set1_epi8(9);
            let digit = _mm256_cmpeq_epi8(_mm256_min_epu8(value, nine), value);
            (_mm256_movemask_epi8(digit) as u32).trailing_ones() as usize
        }
    }

    #[inline(always)]
    fn look_up(self, sets: &Sets, block: &[u8; BLOCK + 2]) -> u64 {
        // SAFETY: `self` proves the features.
        let [low, high] = unsafe { [shared(sets, block, 0), shared(sets, block, 32)] };
        u64::from(low) | (u64::from(high) << 32)
    }
}

// Functions, not closures: only these are inlined into a function with the features.

/// Positions from `at` to `at + 31` where three neighbouring bytes share a set.
///
/// # Safety
/// The processor must have AVX2; `at` is at most 32.
#[inline(always)]
unsafe fn shared(sets: &Sets, block: &[u8; BLOCK + 2], at: usize) -> u32 {
    // SAFETY: the caller has AVX2, and `at + byte` is at most 34.
    unsafe {
        let two = _mm256_and_si256(set(sets, block, at, 0), set(sets, block, at, 1));
        let all = _mm256_and_si256(two, set(sets, block, at, 2));
        !(_mm256_movemask_epi8(_mm256_cmpeq_epi8(all, _mm256_setzero_si256())) as u32)
    }
}

/// The sets that may have their byte number `byte` at positions from `at` on.
///
/// # Safety
/// The processor must have AVX2; `byte` is at most 2 and `at + byte` at most 34.
#[inline(always)]
unsafe fn set(sets: &Sets, block: &[u8; BLOCK + 2], at: usize, byte: usize) -> __m256i {
    let [low, high] = &sets.nibbles[byte];
    // SAFETY: the caller has AVX2. 32 bytes from at most 34 are inside the block of 66;
    // the other loads read the 16 bytes of a table.
    unsafe {
        let nibble = _mm256_set1_epi8(15);
        let bytes = _mm256_loadu_si256(block.as_ptr().add(at + byte).cast());
        let low = _mm256_broadcastsi128_si256(_mm_loadu_si128(low.as_ptr().cast()));
        let high = _mm256_broadcastsi128_si256(_mm_loadu_si128(high.as_ptr().cast()));
        let upper = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), nibble);
        _mm256_and_si256(
            _mm256_shuffle_epi8(low, _mm256_and_si256(bytes, nibble)),
            _mm256_shuffle_epi8(high, upper),
        )
    }
}

/// Both halves of a block.
///
/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn load(block: &[u8; BLOCK]) -> Halves {
    let (low, high) = block.split_at(32);
    // SAFETY: each load reads the 32 bytes of its half; the caller has AVX2.
    unsafe { [_mm256_loadu_si256(low.as_ptr().cast()), _mm256_loadu_si256(high.as_ptr().cast())] }
}

/// The top bits of all bytes.
///
/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn mask([low, high]: Halves) -> u64 {
    // SAFETY: the caller has AVX2.
    let (low, high) = unsafe { (_mm256_movemask_epi8(low), _mm256_movemask_epi8(high)) };
    u64::from(low as u32) | (u64::from(high as u32) << 32)
}

/// Which bytes equal `byte`.
///
/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn equal([low, high]: Halves, byte: u8) -> u64 {
    // SAFETY: the caller has AVX2.
    unsafe {
        let wanted = _mm256_set1_epi8(byte as i8);
        mask([_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted)])
    }
}

/// Both halves with bit 5 of each byte set, which maps `[` to `{` and `]` to `}`.
///
/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn braces([low, high]: Halves) -> Halves {
    // SAFETY: the caller has AVX2.
    unsafe {
        let bit = _mm256_set1_epi8(0x20);
        [_mm256_or_si256(low, bit), _mm256_or_si256(high, bit)]
    }
}
