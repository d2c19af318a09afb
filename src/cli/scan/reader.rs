//! Bytes of a source, chunk by chunk, and its silences.
//!
//! A file is read by whoever asks. A pipe on which nothing comes would hold up everything;
//! it is read on a thread of its own, and whoever asks is told after a while that it is silent.

use crate::cli::input::{Input, Source};
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Chunks that are read ahead of a pipe.
const AHEAD: usize = 2;

/// What comes next.
pub(super) enum Next<'r> {
    /// These bytes.
    Bytes(&'r [u8]),
    /// Nothing, for so long now.
    Silence(Duration),
    /// The end.
    End,
    /// The source cannot be read on.
    Fault(io::Error),
}

/// A source that is read.
pub(super) struct Reader {
    chunk: Vec<u8>,
    from: From,
    /// Packed bytes that were read.
    read: Arc<AtomicU64>,
}

enum From {
    Input(Input),
    Pipe {
        chunks: Receiver<io::Result<Vec<u8>>>,
        /// Buffers that may be filled again.
        spent: Sender<Vec<u8>>,
        patience: Duration,
        /// When the last bytes came.
        last: Instant,
    },
}

impl Reader {
    /// Reads a source so many bytes at once. With `patience`, one that may be silent says so after this time.
    pub(super) fn new(
        source: &Source,
        input: Input,
        size: usize,
        patience: Option<Duration>,
    ) -> Reader {
        let read = input.meter();
        match patience.filter(|_| source.may_be_silent()) {
            None => Reader { chunk: vec![0; size], from: From::Input(input), read },
            Some(patience) => {
                let (to, chunks) = sync_channel(AHEAD);
                let (spent, again) = channel();
                // Nobody waits for it: it may stand in a read that never ends.
                thread::spawn(move || pump(input, size, &to, &again));
                let from = From::Pipe { chunks, spent, patience, last: Instant::now() };
                Reader { chunk: Vec::new(), from, read }
            }
        }
    }

    /// Waits for what comes next.
    pub(super) fn next(&mut self) -> Next<'_> {
        match &mut self.from {
            From::Input(input) => match fill(input, &mut self.chunk) {
                Ok(0) => Next::End,
                Ok(length) => Next::Bytes(&self.chunk[..length]),
                Err(error) => Next::Fault(error),
            },
            From::Pipe { chunks, spent, patience, last } => match chunks.recv_timeout(*patience) {
                Ok(Ok(chunk)) => {
                    // The other side may have ended already: then no buffer is wanted.
                    let _ended = spent.send(std::mem::replace(&mut self.chunk, chunk));
                    *last = Instant::now();
                    Next::Bytes(&self.chunk)
                }
                Ok(Err(error)) => Next::Fault(error),
                Err(RecvTimeoutError::Timeout) => Next::Silence(last.elapsed()),
                Err(RecvTimeoutError::Disconnected) => Next::End,
            },
        }
    }

    /// Packed bytes that were read.
    pub(super) fn progress(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

/// Reads a pipe to its end, or until nobody takes what is read.
fn pump(
    mut input: Input,
    size: usize,
    to: &SyncSender<io::Result<Vec<u8>>>,
    again: &Receiver<Vec<u8>>,
) {
    loop {
        let mut chunk = again.try_recv().unwrap_or_default();
        chunk.resize(size, 0);
        let read = fill(&mut input, &mut chunk);
        let last = match &read {
            Ok(0) => return,
            Ok(length) => {
                chunk.truncate(*length);
                false
            }
            Err(_) => true,
        };
        if to.send(read.map(|_| chunk)).is_err() || last {
            return;
        }
    }
}

/// Reads, however often it is interrupted.
fn fill(input: &mut Input, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
