//! Bytes under construction. Equal texts and equal records are written once.

use std::collections::HashMap;

/// The tables so far. Offset 0 is the header, so no record has it.
pub(super) struct Writer {
    bytes: Vec<u8>,
    known: HashMap<Vec<u8>, u32>,
}

impl Writer {
    /// With a header of so many `u32`s.
    pub(super) fn new(head: usize) -> Writer {
        Writer { bytes: vec![0; 4 * head], known: HashMap::new() }
    }

    /// Sets a `u32` of the header.
    pub(super) fn set_head(&mut self, index: u32, word: u32) {
        let at = 4 * index as usize;
        self.bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }

    /// Offset of these bytes, which are added if they are new.
    pub(super) fn text(&mut self, text: &[u8]) -> u32 {
        if let Some(&known) = self.known.get(text) {
            return known;
        }
        let at = self.bytes.len() as u32;
        self.bytes.extend_from_slice(text);
        self.known.insert(text.to_vec(), at);
        at
    }

    /// Offset of a row of `u32`s, shared with an equal one.
    pub(super) fn words(&mut self, words: &[u32]) -> u32 {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.text(&bytes)
    }

    /// Offset of a row of `u32`s behind its count.
    pub(super) fn counted(&mut self, words: &[u32]) -> u32 {
        let mut row = vec![words.len() as u32];
        row.extend_from_slice(words);
        self.words(&row)
    }

    /// The numbers of a row that [`Writer::counted`] wrote.
    pub(super) fn read_counted(&self, at: u32) -> Vec<u32> {
        let word = |index: usize| {
            let bytes = self.bytes.get(at as usize + 4 * index..)?;
            bytes.first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes))
        };
        let count = if at == 0 { 0 } else { word(0).unwrap_or(0) };
        (1..=count as usize).filter_map(word).collect()
    }

    /// Offset of bytes that start at a multiple of 64 and are not shared: what
    /// is read at random fills as few cache lines as it can.
    pub(super) fn aligned(&mut self, bytes: &[u8]) -> u32 {
        self.bytes.resize(self.bytes.len().next_multiple_of(64), 0);
        let at = self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        at
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
