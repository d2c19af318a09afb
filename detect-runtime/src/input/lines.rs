//! Lines across chunks.

use crate::state::{Decode, DecodeError, Encode, Reader};

/// Longest line in bytes unless told otherwise.
pub const LINE_LIMIT: usize = 16 << 20;

/// A byte-order mark in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// A line with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'l> {
    /// Its bytes without line end; `None` if it is above the limit.
    pub bytes: Option<&'l [u8]>,
    /// Offset of its first byte in the input.
    pub offset: u64,
}

/// Cuts a stream into lines. Only a line that straddles chunks is copied.
///
/// ```
/// use detect_runtime::input::{LINE_LIMIT, Lines, each_line};
/// let mut lines = Lines::new(LINE_LIMIT);
/// let mut seen = Vec::new();
/// for chunk in ["{\"a\":1}\r\n\n{\"b\"", ":2}\n{\"c\":3}\n"] {
///     lines.feed(chunk.as_bytes(), &mut |body, offset| {
///         each_line(body, offset, LINE_LIMIT, |line| seen.push((line.offset, line.bytes.unwrap().len())));
///     });
/// }
/// assert_eq!(seen, [(0, 7), (10, 7), (18, 7)]);
/// ```
#[derive(Debug)]
pub struct Lines {
    /// The beginning of the line that the last chunk ended in.
    carry: Vec<u8>,
    /// Offset of that line.
    start: u64,
    /// Offset behind the last chunk.
    offset: u64,
    limit: usize,
}

impl Lines {
    /// At the start of an input; of a line above `limit` bytes no more than that
    /// is kept.
    pub fn new(limit: usize) -> Lines {
        Lines { carry: Vec::new(), start: 0, offset: 0, limit }
    }

    /// Bytes taken so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Offset behind the last line that was given. Of a line above the limit less is
    /// given than was taken, of an unterminated one a byte more.
    pub fn given(&self) -> u64 {
        self.start
    }

    /// Takes a chunk. Gives runs of whole lines, each with its line feed, and the
    /// offset of the run; what is left at the end of the chunk is kept.
    pub fn feed(&mut self, chunk: &[u8], take: &mut dyn FnMut(&[u8], u64)) {
        let mut at = self.offset;
        self.offset += chunk.len() as u64;
        let mut rest = chunk;
        if !self.carry.is_empty() {
            let end = memchr::memchr(b'\n', chunk).map_or(chunk.len(), |end| end + 1);
            let (head, behind) = chunk.split_at(end);
            self.keep(head);
            if !head.ends_with(b"\n") {
                return;
            }
            give(&self.carry, self.start, take);
            self.carry.clear();
            rest = behind;
            at += end as u64;
        }
        let whole = memchr::memrchr(b'\n', rest).map_or(0, |end| end + 1);
        let (body, tail) = rest.split_at(whole);
        give(body, at, take);
        self.start = at + whole as u64;
        self.keep(tail);
    }

    /// Passes over whole lines that somebody else takes. Only where the last chunk
    /// ended with a line feed, unless there are none.
    pub fn pass(&mut self, bytes: u64) {
        if bytes > 0 {
            self.offset += bytes;
            self.start = self.offset;
        }
    }

    /// Gives the unterminated last line, if there is one.
    pub fn finish(&mut self, take: &mut dyn FnMut(&[u8], u64)) {
        if !self.carry.is_empty() {
            self.carry.push(b'\n');
            give(&self.carry, self.start, take);
            self.carry.clear();
        }
        self.start = self.offset;
    }

    /// Appends its state.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.start.encode(out);
        self.offset.encode(out);
        (self.carry.len() as u64).encode(out);
        out.extend_from_slice(&self.carry);
    }

    /// Reads a state.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are none.
    pub fn decode(from: &mut Reader<'_>, limit: usize) -> Result<Lines, DecodeError> {
        let start = u64::decode(from)?;
        let offset = u64::decode(from)?;
        let length = from.length()?;
        Ok(Lines { carry: from.take(length)?.to_vec(), start, offset, limit })
    }

    /// Appends to the carried line, which may grow five bytes above the limit: a
    /// byte-order mark, a carriage return, and one byte by which the line is told
    /// from one that just reaches the limit. Its line feed is kept in any case.
    fn keep(&mut self, bytes: &[u8]) {
        let room = (self.limit + 5).saturating_sub(self.carry.len());
        match bytes.get(..room) {
            Some(fitting) if fitting.len() < bytes.len() => {
                self.carry.extend_from_slice(fitting);
                if bytes.ends_with(b"\n") && !self.carry.ends_with(b"\n") {
                    self.carry.push(b'\n');
                }
            }
            _ => self.carry.extend_from_slice(bytes),
        }
    }
}

/// Gives a run, without the byte-order mark that an input may begin with.
fn give(run: &[u8], at: u64, take: &mut dyn FnMut(&[u8], u64)) {
    let (run, at) = match run.strip_prefix(MARK) {
        Some(marked) if at == 0 => (marked, MARK.len() as u64),
        _ => (run, at),
    };
    if !run.is_empty() {
        take(run, at);
    }
}

/// Cuts a run of whole lines and gives each that holds something.
pub fn each_line<'b>(body: &'b [u8], offset: u64, limit: usize, mut take: impl FnMut(Line<'b>)) {
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', body) {
        if let Some(line) = one_line(&body[start..end], offset + start as u64, limit) {
            take(line);
        }
        start = end + 1;
    }
}

/// The line of these bytes (without line feed); `None` if it is blank.
pub fn one_line(bytes: &[u8], offset: u64, limit: usize) -> Option<Line<'_>> {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    if bytes.first() != Some(&b'{') && bytes.iter().all(|b| matches!(b, b' ' | b'\t' | b'\r')) {
        return None;
    }
    Some(Line { bytes: (bytes.len() <= limit).then_some(bytes), offset })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines_of(chunks: &[&[u8]], limit: usize) -> Vec<(u64, Option<Vec<u8>>)> {
        let mut lines = Lines::new(limit);
        let mut seen = Vec::new();
        let mut take = |body: &[u8], offset: u64| {
            each_line(body, offset, limit, |line| {
                seen.push((line.offset, line.bytes.map(<[u8]>::to_vec)));
            });
        };
        for chunk in chunks {
            lines.feed(chunk, &mut take);
        }
        lines.finish(&mut take);
        seen
    }

    #[test]
    fn rows() {
        let line = |offset: u64, text: &str| (offset, Some(text.as_bytes().to_vec()));
        let rows: &[(&str, Vec<(u64, Option<Vec<u8>>)>)] = &[
            ("", vec![]),
            ("\n\r\n \t\n", vec![]),
            ("{}", vec![line(0, "{}")]),
            ("{}\r\n{}\r", vec![line(0, "{}"), line(4, "{}")]),
            ("\u{feff}{}\n\u{feff}{}\n", vec![line(3, "{}"), line(6, "\u{feff}{}")]),
            ("{\0}\n", vec![line(0, "{\0}")]),
            ("12345678\n123456789\n1\n", vec![line(0, "12345678"), (9, None), line(19, "1")]),
            ("12345678\r\n123456789", vec![line(0, "12345678"), (10, None)]),
        ];
        for (text, expected) in rows {
            assert_eq!(lines_of(&[text.as_bytes()], 8), *expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(text in "[a{}\r\n \u{feff}]{0,60}", cuts in prop::collection::vec(0usize..60, 0..6)) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let mut chunks = Vec::new();
            let mut from = 0;
            for cut in cuts {
                chunks.push(&bytes[from..cut]);
                from = cut;
            }
            chunks.push(&bytes[from..]);
            prop_assert_eq!(lines_of(&chunks, 8), lines_of(&[bytes], 8));
        }
    }
}
