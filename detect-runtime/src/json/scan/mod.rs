//! The structural index of a line: where quotes and brackets stand.
//!
//! In: the bytes of one line. Out: bitmaps with a bit for each byte ([`Index`])
//! and the proof that every string of the line is well formed. Must not know
//! fields.
//!
//! The line is classified 64 bytes at a time. A quote counts if it is not
//! escaped, brackets count if they stand outside strings; what is inside a
//! string follows from the quotes by a prefix xor, which is a carry-less
//! multiplication by all ones (Langdale and Lemire, "Parsing gigabytes of JSON
//! per second", 2019).
//!
//! There is one algorithm and one implementation of [`Isa`] for each
//! instruction set. The whole scan and the whole walk of the projector are
//! compiled once for each of them, so nothing is dispatched inside a line.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod check;
mod index;
pub(crate) mod level;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
mod sets;

#[cfg(test)]
mod tests;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
pub(crate) use index::{Index, Shape};
pub use level::Level;
pub(crate) use level::dispatch;
#[cfg(target_arch = "aarch64")]
pub(crate) use neon::Neon;
pub(crate) use portable::Portable;
pub(crate) use sets::Sets;

/// Bytes that one step of the scan looks at.
pub(crate) const BLOCK: usize = 64;

/// Longest text that [`Isa::begins`] compares.
pub(crate) const TEXT: usize = 32;

/// One bit for each byte of a block, by what the byte is; strings are not
/// known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Classes {
    /// `"`
    pub(crate) quotes: u64,
    /// `\`
    pub(crate) backslashes: u64,
    /// `{` and `[`
    pub(crate) opens: u64,
    /// `}` and `]`
    pub(crate) closes: u64,
}

/// What an instruction set must do. A value of an implementing type is the
/// proof that the processor has the instructions.
pub(crate) trait Isa: Copy {
    /// What is remembered of all bytes that were classified: enough to tell whether
    /// one was below 0x20 or above 0x7f.
    type Range: Copy;

    /// The range of no bytes.
    fn range(self) -> Self::Range;

    /// Classifies the bytes of a block and adds them to a range.
    fn classify(self, block: &[u8; BLOCK], range: &mut Self::Range) -> Classes;

    /// Whether a byte of the range is below 0x20.
    fn controls(self, range: Self::Range) -> bool;

    /// Whether a byte of the range is above 0x7f.
    fn wide(self, range: Self::Range) -> bool;

    /// Bytes that can stand behind a backslash: all but `u`, and `u`.
    fn escapes(self, block: &[u8; BLOCK]) -> (u64, u64);

    /// Bit `i` of the result is the parity of bits `0..=i`.
    fn prefix_xor(self, bits: u64) -> u64;

    /// Whether the line continues at `at` with the first `length` bytes of
    /// `text`; bytes of `text` behind these are 0.
    fn begins(self, line: &[u8], at: usize, text: &[u8; TEXT], length: usize) -> bool;

    /// Number of decimal digits from `at`, counted up to 32.
    fn digits(self, line: &[u8], at: usize) -> usize;

    /// Positions of the first 64 bytes at which all three neighbouring bytes share
    /// a set.
    fn look_up(self, sets: &Sets, block: &[u8; BLOCK + 2]) -> u64;

    /// Line feeds among the first 64 bytes. Plain code becomes a comparison and a
    /// sum with the instructions of whatever it is inlined into.
    #[inline(always)]
    fn feeds(self, block: &[u8; BLOCK + 2]) -> u64 {
        let count: u8 = block[..BLOCK].iter().map(|&byte| u8::from(byte == b'\n')).sum();
        u64::from(count)
    }
}
