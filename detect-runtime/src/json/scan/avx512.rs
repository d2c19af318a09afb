//! AVX-512: a block is one register, a comparison is one mask.

use super::{BLOCK, Classes, Isa, TEXT};
use core::arch::x86_64::{
    _mm_clmulepi64_si128, _mm_cvtsi128_si64, _mm_set_epi64x, _mm_set1_epi8, _mm256_cmpeq_epi8,
    _mm256_cmple_epu8_mask, _mm256_loadu_si256, _mm256_mask_cmpneq_epu8_mask,
    _mm256_maskz_loadu_epi8, _mm256_movemask_epi8, _mm256_set1_epi8, _mm256_sub_epi8,
    _mm512_cmpeq_epi8_mask, _mm512_cmplt_epu8_mask, _mm512_loadu_si512, _mm512_movepi8_mask,
    _mm512_or_si512, _mm512_set1_epi8,
};

/// AVX-512 F, BW, VL, DQ, VBMI, with PCLMULQDQ, BMI and what AVX2 implies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// The proof, if the processor has the instructions.
    pub(crate) fn detect() -> Option<Avx512> {
        (is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vbmi")
            && super::Avx2::detect().is_some())
        .then_some(Avx512(()))
    }
}

impl Isa for Avx512 {
    #[inline(always)]
    fn classify(self, block: &[u8; BLOCK]) -> Classes {
        // SAFETY: `self` proves the features; the load reads the 64 bytes of `block`.
        unsafe {
            let bytes = _mm512_loadu_si512(block.as_ptr().cast());
            let braces = _mm512_or_si512(bytes, _mm512_set1_epi8(0x20));
            Classes {
                quotes: _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(b'"' as i8)),
                backslashes: _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(b'\\' as i8)),
                opens: _mm512_cmpeq_epi8_mask(braces, _mm512_set1_epi8(b'{' as i8)),
                closes: _mm512_cmpeq_epi8_mask(braces, _mm512_set1_epi8(b'}' as i8)),
                controls: _mm512_cmplt_epu8_mask(bytes, _mm512_set1_epi8(0x20)),
                wide: _mm512_movepi8_mask(bytes),
            }
        }
    }

    #[inline(always)]
    fn escapes(self, block: &[u8; BLOCK]) -> (u64, u64) {
        // SAFETY: `self` proves the features; the load reads the 64 bytes of `block`.
        unsafe {
            let bytes = _mm512_loadu_si512(block.as_ptr().cast());
            let is = |byte: u8| _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte as i8));
            let plain = is(b'"')
                | is(b'\\')
                | is(b'/')
                | is(b'b')
                | is(b'f')
                | is(b'n')
                | is(b'r')
                | is(b't');
            (plain, is(b'u'))
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
        if at < line.len().saturating_sub(TEXT - 1) {
            // SAFETY: `self` proves the features. The first load reads 32 bytes from `at`,
            // where at least that many are left in `line`; the second the 32 of `text`.
            let equal = unsafe {
                let found = _mm256_loadu_si256(line.as_ptr().add(at).cast());
                let wanted = _mm256_loadu_si256(text.as_ptr().cast());
                _mm256_movemask_epi8(_mm256_cmpeq_epi8(found, wanted)) as u32
            };
            return equal.trailing_ones() as usize >= length;
        }
        if at > line.len() || line.len() - at < length {
            return false;
        }
        let mask = ((1u64 << length) - 1) as u32;
        // SAFETY: `self` proves the features. The masked load reads `length` bytes from
        // `at`, which are inside `line`; the other load reads the 32 bytes of `text`.
        unsafe {
            let found = _mm256_maskz_loadu_epi8(mask, line.as_ptr().add(at).cast());
            let wanted = _mm256_loadu_si256(text.as_ptr().cast());
            _mm256_mask_cmpneq_epu8_mask(mask, found, wanted) == 0
        }
    }

    #[inline(always)]
    fn digits(self, line: &[u8], at: usize) -> usize {
        let Some(rest) = line.get(at..) else { return 0 };
        let mask = ((1u64 << rest.len().min(32)) - 1) as u32;
        // SAFETY: `self` proves the features. The masked load reads at most 32 bytes of
        // `rest`.
        unsafe {
            let found = _mm256_maskz_loadu_epi8(mask, rest.as_ptr().cast());
            let value = _mm256_sub_epi8(found, _mm256_set1_epi8(b'0' as i8));
            _mm256_cmple_epu8_mask(value, _mm256_set1_epi8(9)).trailing_ones() as usize
        }
    }
}
