//! Blocks of one input, which several threads take one after the other.
//!
//! A plain file is read at a place by whoever takes the block, so that reads run
//! side by side. What is unpacked, or comes through a pipe, has one reader at a
//! time.

use crate::cli::input::{Input, Plain};
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Where blocks come from.
pub(super) struct Blocks {
    /// Bytes of a block.
    size: usize,
    from: Origin,
}

enum Origin {
    Plain { file: Plain, next: AtomicU64 },
    Stream { input: Mutex<Stream>, read: AtomicU64 },
}

/// What has one reader at a time.
struct Stream {
    input: Input,
    number: u64,
    offset: u64,
    ended: bool,
}

/// A block that was taken, its bytes apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    /// Number from 0.
    pub(super) number: u64,
    /// Offset of its first byte.
    pub(super) offset: u64,
    /// Bytes of the buffer that it fills.
    pub(super) length: usize,
}

impl Blocks {
    pub(super) fn of(input: Input, size: usize) -> Blocks {
        let from = match input.plain() {
            Ok(file) => Origin::Plain { file, next: AtomicU64::new(0) },
            Err(input) => {
                let stream = Stream { input, number: 0, offset: 0, ended: false };
                Origin::Stream { input: Mutex::new(stream), read: AtomicU64::new(0) }
            }
        };
        Blocks { size, from }
    }

    /// A buffer for [`next`](Blocks::next).
    pub(super) fn buffer(&self) -> Vec<u8> {
        vec![0; self.size]
    }

    /// Reads the next block; `None` at the end, and after a fault.
    pub(super) fn next(&self, buffer: &mut [u8]) -> Option<(Taken, io::Result<()>)> {
        match &self.from {
            Origin::Plain { file, next } => {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let offset = number * self.size as u64;
                let left = file.length().checked_sub(offset).filter(|left| *left > 0)?;
                let wanted = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                let (length, outcome) =
                    fill(&mut buffer[..wanted], |rest, at| file.read_at(rest, offset + at));
                Some((Taken { number, offset, length }, outcome))
            }
            Origin::Stream { input, read } => {
                let mut stream = input.lock().unwrap_or_else(PoisonError::into_inner);
                if stream.ended {
                    return None;
                }
                let (length, outcome) = fill(buffer, |rest, _| stream.input.read(rest));
                read.store(stream.input.progress(), Ordering::Relaxed);
                stream.ended = length < buffer.len() || outcome.is_err();
                let taken = Taken { number: stream.number, offset: stream.offset, length };
                stream.number += 1;
                stream.offset += length as u64;
                Some((taken, outcome))
            }
        }
    }

    /// Bytes read from the file so far, packed.
    pub(super) fn progress(&self) -> u64 {
        match &self.from {
            Origin::Plain { file, next } => {
                file.length().min(next.load(Ordering::Relaxed) * self.size as u64)
            }
            Origin::Stream { read, .. } => read.load(Ordering::Relaxed),
        }
    }
}

/// Reads until the buffer is full, the input ends, or there is a fault.
fn fill(
    buffer: &mut [u8],
    mut read: impl FnMut(&mut [u8], u64) -> io::Result<usize>,
) -> (usize, io::Result<()>) {
    let mut length = 0;
    while length < buffer.len() {
        match read(&mut buffer[length..], length as u64) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (length, Err(error)),
        }
    }
    (length, Ok(()))
}
