//! What was read, and what of it was no event.

use crate::json::{REASONS, Reason};
use core::fmt;

/// A line that is no event, or an event that a rule could not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Why.
    pub reason: Fault,
    /// Offset of its first byte in the input.
    pub offset: u64,
    /// Offset of the fault in the line.
    pub at: usize,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is no event; counted in [`Counts::bad`].
    Malformed(Reason),
    /// It is an event without a readable time that satisfied a rule which needs one;
    /// counted in [`ScanCounts::untimed`](crate::engine::ScanCounts::untimed).
    Untimed,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Malformed(reason) => reason.fmt(f),
            Fault::Untimed => f.write_str("no readable time"),
        }
    }
}

/// What was read so far. Every line is accounted for: events that were walked,
/// lines that search before parse never walked, and bad lines by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bytes, line feeds included.
    pub bytes: u64,
    /// Lines that hold something: walked, unread and bad ones.
    pub events: u64,
    /// Lines that were not walked because nothing in them can match.
    pub unread: u64,
    /// Bad lines, by the discriminant of their [`Reason`].
    pub bad: [u64; REASONS],
}

impl Counts {
    /// Bad lines with a reason.
    pub fn of(&self, reason: Reason) -> u64 {
        self.bad[reason as usize]
    }

    /// All bad lines.
    pub fn unparsable(&self) -> u64 {
        self.bad.iter().sum()
    }

    /// Counts a bad line.
    pub fn count(&mut self, reason: Reason) {
        self.bad[reason as usize] += 1;
    }

    /// What was counted since.
    #[must_use]
    pub fn since(&self, before: &Counts) -> Counts {
        let mut since = *self;
        since.bytes -= before.bytes;
        since.events -= before.events;
        since.unread -= before.unread;
        for (own, before) in since.bad.iter_mut().zip(before.bad) {
            *own -= before;
        }
        since
    }

    /// Adds the counts of another part of the input.
    pub fn add(&mut self, other: &Counts) {
        self.bytes += other.bytes;
        self.events += other.events;
        self.unread += other.unread;
        for (own, other) in self.bad.iter_mut().zip(other.bad) {
            *own += other;
        }
    }
}
