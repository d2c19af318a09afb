//! The search itself.

use super::{ENTRY, HEADER, MAGIC, PrefilterError, TABLES, WINDOW};
use crate::json::scan::{BLOCK, Isa, Level, Sets, dispatch};

/// Finds the lines that hold a literal, or an escape that could hide one.
///
/// ```
/// use detect_runtime::json::prefilter::{Literal, Search, build};
/// use detect_runtime::test::Fold;
/// let table = build(&[Literal::whole("scp", Fold::None).unwrap()]).unwrap();
/// let search = Search::new(&table).unwrap();
/// let block = b"{\"n\":\"cp\"}\n{\"n\":\"scp\"}\n{\"n\":\"\\u0073cp\"}\n";
/// let mut hits = Vec::new();
/// let passed = search.each_hit(block, |line, offset| hits.push((line.len(), offset)));
/// assert_eq!((hits, passed), (vec![(11, 11), (16, 23)], 1));
/// ```
#[derive(Clone, Debug)]
pub struct Search<'t> {
    table: &'t [u8],
    count: usize,
    sets: Sets,
    level: Level,
    /// What may stand behind a backslash that makes a line a hit.
    escapes: &'static [u8],
}

impl<'t> Search<'t> {
    /// A search for the literals of a table made by [`build`](super::build).
    ///
    /// # Errors
    /// [`PrefilterError::Foreign`] if it is no such table.
    pub fn new(table: &'t [u8]) -> Result<Search<'t>, PrefilterError> {
        Search::with_level(table, Level::detect())
    }

    /// The same with chosen instructions.
    ///
    /// # Errors
    /// As for [`Search::new`].
    pub fn with_level(table: &'t [u8], level: Level) -> Result<Search<'t>, PrefilterError> {
        let header = table.first_chunk::<HEADER>().ok_or(PrefilterError::Foreign)?;
        let count = u16::from_le_bytes([header[4], header[5]]) as usize;
        let tables = table.get(HEADER..HEADER + TABLES).ok_or(PrefilterError::Foreign)?;
        if header[..4] != *MAGIC || table.len() < HEADER + TABLES + count * ENTRY {
            return Err(PrefilterError::Foreign);
        }
        let mut bytes = [[0; 128]; WINDOW];
        for (set, table) in bytes.iter_mut().zip(tables.as_chunks::<128>().0) {
            *set = *table;
        }
        let escapes: &[u8] = if header[6] == 0 { b"u" } else { b"u/" };
        Ok(Search { table, count, sets: Sets::new(bytes, escapes), level, escapes })
    }

    /// Gives each line of `body` (whole lines, each with its line feed) with a hit
    /// to `take`, without its line feed, together with its offset in `body`. The
    /// result is the number of lines that were passed over.
    pub fn each_hit<'b>(&self, body: &'b [u8], mut take: impl FnMut(&'b [u8], usize)) -> u64 {
        let mut passed = 0;
        let mut from = 0;
        loop {
            let found = self.find(body, from);
            passed += found.feeds;
            let Some(hit) = found.hit else { return passed };
            let start = memchr::memrchr(b'\n', &body[from..hit]).map_or(from, |end| from + end + 1);
            let end = memchr::memchr(b'\n', &body[hit..]).map_or(body.len(), |end| hit + end);
            // If the line began before the block of the hit, so did all lines before it.
            passed += lines(body.get(found.block..start).unwrap_or_default());
            take(&body[start..end], start);
            from = (end + 1).min(body.len());
        }
    }

    /// A position in a line with a hit, at or behind `from`.
    fn find(&self, body: &[u8], from: usize) -> Found {
        let mut found = Found { hit: None, block: from, feeds: 0 };
        loop {
            let (at, mut candidates, feeds) = self.candidates(body, found.block);
            found.feeds += feeds;
            found.block = at;
            if candidates == 0 {
                return found;
            }
            while candidates != 0 {
                let candidate = at + candidates.trailing_zeros() as usize;
                if self.confirm(body, candidate) {
                    found.hit = Some(candidate);
                    return found;
                }
                candidates &= candidates - 1;
            }
            found.feeds += lines(&body[at..body.len().min(at + BLOCK)]);
            found.block = at + BLOCK;
        }
    }

    /// The next block with candidates, a bit for each position in it, and the line
    /// feeds before it; at the end none.
    fn candidates(&self, body: &[u8], from: usize) -> (usize, u64, u64) {
        dispatch!(self.level, candidates, <> (
            sets: &Sets = &self.sets, body: &[u8] = body, from: usize = from
        ) -> (usize, u64, u64))
    }

    /// Whether a literal, or an escape that counts, has its window at `at`.
    #[inline(never)]
    fn confirm(&self, body: &[u8], at: usize) -> bool {
        if body.get(at) == Some(&b'\\')
            && body.get(at + 1).is_some_and(|next| self.escapes.contains(next))
        {
            let run = body[..at].iter().rev().take_while(|&&byte| byte == b'\\').count();
            if run % 2 == 0 {
                return true;
            }
        }
        (0..self.count).any(|index| self.holds(body, at, index))
    }

    /// Whether a literal has its window at `at`.
    fn holds(&self, body: &[u8], at: usize, index: usize) -> bool {
        let entry = &self.table[HEADER + TABLES + index * ENTRY..][..ENTRY];
        let offset = u32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]) as usize;
        let length = u16::from_le_bytes([entry[4], entry[5]]) as usize;
        let window = u16::from_le_bytes([entry[6], entry[7]]) as usize;
        let Some(start) = at.checked_sub(window) else { return false };
        let (Some(found), Some(wanted)) =
            (body.get(start..start + length), self.table.get(offset..offset + length))
        else {
            return false;
        };
        if entry[9] == 0 { found == wanted } else { found.eq_ignore_ascii_case(wanted) }
    }
}

/// Bytes that the look-up of one block reads.
const REACH: usize = BLOCK + WINDOW - 1;

/// What [`Search::find`] found.
struct Found {
    hit: Option<usize>,
    /// Where the block begins that the hit is in.
    block: usize,
    /// Line feeds from where the search began up to that block.
    feeds: u64,
}

/// Nothing is called in the loop, so the tables stay in registers. Line feeds are
/// counted on the way: the bytes are at hand, a second pass costs half as much again.
#[inline(always)]
fn candidates<I: Isa>(isa: I, sets: &Sets, body: &[u8], from: usize) -> (usize, u64, u64) {
    let (mut at, mut feeds) = (from, 0);
    while let Some(block) = body.get(at..).and_then(|rest| rest.first_chunk::<REACH>()) {
        let found = isa.look_up(sets, block);
        if found != 0 {
            return (at, found, feeds);
        }
        feeds += isa.feeds(block);
        at += BLOCK;
    }
    while let Some(rest) = body.get(at..).filter(|rest| !rest.is_empty()) {
        let mut block = [0; REACH];
        let length = rest.len().min(REACH);
        block[..length].copy_from_slice(&rest[..length]);
        let found = isa.look_up(sets, &block);
        if found != 0 {
            return (at, found, feeds);
        }
        feeds += isa.feeds(&block);
        at += BLOCK;
    }
    (at, 0, feeds)
}

fn lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
