//! The bitmaps of a line.

use super::{BLOCK, Isa, check};
use crate::json::{Malformed, Reason};

/// Bitmaps of one line, a bit for each byte, least significant first. Reused
/// from line to line.
#[derive(Debug, Default)]
pub(crate) struct Index {
    quotes: Vec<u8>,
    opens: Vec<u8>,
    closes: Vec<u8>,
    backslashes: Vec<u8>,
    words: usize,
}

/// What the scan found about a line as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// There is a backslash.
    pub(crate) backslash: bool,
}

/// Bytes of a bitmap for each block of the line.
const WORD: usize = BLOCK / 8;

/// Bitmaps go on for this much behind the line, so that eight bytes can be read
/// from wherever a byte of the line has its bit.
const PADDING: usize = 2 * WORD;

impl Index {
    /// Fills the bitmaps and gives the line as text. Fails if a string is not well formed: unterminated,
    /// with a control character, a bad escape or bytes that are not UTF-8.
    #[inline(always)]
    pub(crate) fn scan<'l, I: Isa>(
        &mut self,
        isa: I,
        line: &'l [u8],
    ) -> Result<(&'l str, Shape), Malformed> {
        self.words = line.len().div_ceil(BLOCK);
        let size = self.words * WORD + PADDING;
        if self.quotes.len() < size {
            for map in [&mut self.quotes, &mut self.opens, &mut self.closes, &mut self.backslashes]
            {
                map.resize(size.next_power_of_two(), 0);
            }
        }
        let mut strings = Strings::default();
        let mut range = isa.range();
        let (blocks, tail) = line.as_chunks::<BLOCK>();
        let mut maps = self
            .quotes
            .as_chunks_mut::<WORD>()
            .0
            .iter_mut()
            .zip(self.opens.as_chunks_mut::<WORD>().0)
            .zip(self.closes.as_chunks_mut::<WORD>().0)
            .zip(self.backslashes.as_chunks_mut::<WORD>().0);
        for (block, (((quotes, opens), closes), backslashes)) in blocks.iter().zip(&mut maps) {
            let words = strings.step(isa, block, &mut range);
            *quotes = words.quotes.to_le_bytes();
            *opens = words.opens.to_le_bytes();
            *closes = words.closes.to_le_bytes();
            *backslashes = words.backslashes.to_le_bytes();
        }
        if !tail.is_empty()
            && let Some((((quotes, opens), closes), backslashes)) = maps.next()
        {
            let mut block = [b' '; BLOCK];
            block[..tail.len()].copy_from_slice(tail);
            let words = strings.step(isa, &block, &mut range);
            *quotes = words.quotes.to_le_bytes();
            *opens = words.opens.to_le_bytes();
            *closes = words.closes.to_le_bytes();
            *backslashes = words.backslashes.to_le_bytes();
        }
        if let Some((((quotes, opens), closes), backslashes)) = maps.next() {
            *quotes = [u8::MAX; WORD];
            (*opens, *closes, *backslashes) = ([0; WORD], [0; WORD], [0; WORD]);
        }
        if strings.errors | strings.inside | strings.escaped != 0 {
            return Err(check::strings(line).unwrap_or(Reason::UnterminatedString.at(line.len())));
        }
        if isa.controls(range)
            && let Some(malformed) = check::strings(line)
        {
            return Err(malformed);
        }
        if strings.unicode != 0 {
            check::unicode_escapes(line)?;
        }
        let text = if isa.wide(range) {
            check::utf8(line)?
        } else {
            // SAFETY: no byte of the line is above 0x7f: all of it went into the range.
            unsafe { core::str::from_utf8_unchecked(line) }
        };
        Ok((text, Shape { backslash: strings.backslashes != 0 }))
    }

    /// The quotes that begin and end strings.
    #[inline(always)]
    pub(crate) fn quotes(&self) -> Bits<'_> {
        Bits(&self.quotes)
    }

    /// The backslashes.
    #[inline(always)]
    pub(crate) fn backslashes(&self) -> Bits<'_> {
        Bits(&self.backslashes)
    }

    /// End (behind the closing bracket) of the object or array whose opening
    /// bracket stands before `from`. `room` is how many brackets may be open at
    /// once, that one included: `Err(true)` if they are more, `Err(false)` if the
    /// line ends before.
    #[inline(always)]
    pub(crate) fn close(&self, from: usize, room: usize) -> Result<usize, bool> {
        let mut depth = 1;
        let mut word = from / BLOCK;
        let mut mask = u64::MAX << (from % BLOCK);
        while word < self.words {
            let mut opens = Bits(&self.opens).window(word * BLOCK) & mask;
            let mut closes = Bits(&self.closes).window(word * BLOCK) & mask;
            let opened = opens.count_ones() as usize;
            let closed = closes.count_ones() as usize;
            if closed < depth && depth + opened <= room {
                depth = depth + opened - closed;
            } else {
                while closes != 0 {
                    let before = opens & (closes ^ (closes - 1));
                    depth += before.count_ones() as usize;
                    if depth > room {
                        return Err(true);
                    }
                    depth -= 1;
                    if depth == 0 {
                        return Ok(word * BLOCK + closes.trailing_zeros() as usize + 1);
                    }
                    opens ^= before;
                    closes &= closes - 1;
                }
                depth += opens.count_ones() as usize;
                if depth > room {
                    return Err(true);
                }
            }
            word += 1;
            mask = u64::MAX;
        }
        Err(false)
    }

    /// The bitmaps of quotes, opening and closing brackets, and backslashes.
    #[cfg(test)]
    pub(crate) fn bitmaps(&self) -> [&[u8]; 4] {
        [&self.quotes, &self.opens, &self.closes, &self.backslashes]
            .map(|map| &map[..self.words * WORD])
    }
}

/// One bitmap.
#[derive(Clone, Copy)]
pub(crate) struct Bits<'m>(&'m [u8]);

impl Bits<'_> {
    /// Position of the first bit at or behind `from`; a position outside the line
    /// if there is none.
    #[inline(always)]
    pub(crate) fn first(self, from: usize) -> usize {
        let near = self.window(from);
        if near != 0 { from + near.trailing_zeros() as usize } else { self.first_far(from) }
    }

    #[inline(always)]
    fn first_far(self, from: usize) -> usize {
        let mut byte = (from >> 3) + WORD;
        loop {
            let word = self.window(byte << 3);
            if word != 0 {
                return (byte << 3) + word.trailing_zeros() as usize;
            }
            byte += WORD;
        }
    }

    /// Whether a bit is set in `from..to`.
    #[inline(always)]
    pub(crate) fn any(self, from: usize, to: usize) -> bool {
        let length = to - from;
        if length <= VALID {
            return self.window(from) & !(u64::MAX << length) != 0;
        }
        self.any_far(from, to)
    }

    #[cold]
    fn any_far(self, from: usize, to: usize) -> bool {
        let mut at = from;
        while at + VALID < to {
            if self.window(at) << (64 - VALID) != 0 {
                return true;
            }
            at += VALID;
        }
        self.window(at) & !(u64::MAX << (to - at)) != 0
    }

    /// The bits from `from` on, lowest first: at least [`VALID`] of them are
    /// valid, the others may be 0. Behind the map there is a set bit, where every
    /// search ends.
    #[inline(always)]
    fn window(self, from: usize) -> u64 {
        let byte = from >> 3;
        let starts = self.0.len().saturating_sub(WORD - 1);
        if byte >= starts {
            return 1;
        }
        // SAFETY: `byte < starts` means `byte + WORD <= self.0.len()`. Unchecked, because
        // `starts` does not change in the walk: one comparison is left of three, in
        // the longest chain of dependent instructions there is.
        let bytes = unsafe { self.0.as_ptr().add(byte).cast::<[u8; WORD]>().read() };
        u64::from_le_bytes(bytes) >> (from & 7)
    }
}

/// Bits of a [`Bits::window`] that are valid wherever it begins.
const VALID: usize = 57;

/// Bitmaps of one block.
struct Words {
    quotes: u64,
    opens: u64,
    closes: u64,
    backslashes: u64,
}

/// What goes from block to block.
#[derive(Default)]
struct Strings {
    /// All ones if the last block ended inside a string.
    inside: u64,
    /// 1 if it ended in a backslash that escapes what follows.
    escaped: u64,
    /// Not zero if something was wrong.
    errors: u64,
    /// Not zero if a backslash was seen.
    backslashes: u64,
    /// Not zero if `\u` was seen.
    unicode: u64,
}

impl Strings {
    #[inline(always)]
    fn step<I: Isa>(&mut self, isa: I, block: &[u8; BLOCK], range: &mut I::Range) -> Words {
        let classes = isa.classify(block, range);
        let escaped = if classes.backslashes | self.escaped == 0 {
            0
        } else {
            self.escape(classes.backslashes)
        };
        let quotes = classes.quotes & !escaped;
        let inside = isa.prefix_xor(quotes) ^ self.inside;
        self.inside = ((inside as i64) >> 63) as u64;
        if classes.backslashes | escaped != 0 {
            self.backslashes |= classes.backslashes;
            let (plain, unicode) = isa.escapes(block);
            self.errors |= (escaped & !(plain | unicode)) | (classes.backslashes & !inside);
            self.unicode |= escaped & unicode;
        }
        Words {
            quotes,
            opens: classes.opens & !inside,
            closes: classes.closes & !inside,
            backslashes: classes.backslashes,
        }
    }

    /// Which bytes are escaped, that is follow an odd run of backslashes. The
    /// subtraction lets a borrow run through each run of backslashes; where it
    /// comes out on an even or odd bit tells the parity of the run's length
    /// (the method of simdjson's escape scanner).
    #[inline(always)]
    fn escape(&mut self, backslashes: u64) -> u64 {
        const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;
        let starts = backslashes & !self.escaped;
        let followers = starts << 1;
        let runs = (followers | ODD).wrapping_sub(starts) ^ ODD;
        let escaped = runs ^ (backslashes | self.escaped);
        self.escaped = (runs & backslashes) >> 63;
        escaped
    }
}
