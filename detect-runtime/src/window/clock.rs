//! A rule's clock and what it says about ticks.

use super::Schedule;
use crate::head::Settings;
use crate::state::{Decode, DecodeError, Encode, Reader};

/// The rule's clock. Up to `complete` all events have been seen, or are late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    /// Largest time of a hit; `i64::MIN` before the first.
    pub(crate) latest: i64,
    complete: i64,
}

impl Clock {
    pub(crate) fn new() -> Clock {
        Clock { latest: i64::MIN, complete: i64::MIN }
    }

    /// A hit: others of the same time may follow.
    pub(crate) fn see(&mut self, time: i64, settings: &Settings) {
        self.latest = self.latest.max(time);
        let complete = self.latest.saturating_sub(settings.lateness).saturating_sub(1);
        self.complete = self.complete.max(complete);
    }

    /// Somebody says that it is `time` now.
    pub(crate) fn advance(&mut self, time: i64, settings: &Settings) {
        self.complete = self.complete.max(time.saturating_sub(settings.lateness));
    }

    /// True if a tick is due.
    pub(crate) fn has_reached(&self, tick: i64) -> bool {
        self.complete >= tick
    }

    /// The last tick that is due, `i64::MIN` before the first hit.
    pub(crate) fn due(&self, schedule: &Schedule) -> i64 {
        if self.complete == i64::MIN { i64::MIN } else { schedule.tick_before(self.complete) }
    }
}

impl Encode for Clock {
    fn encode(&self, out: &mut Vec<u8>) {
        self.latest.encode(out);
        self.complete.encode(out);
    }
}

impl Decode for Clock {
    fn decode(from: &mut Reader<'_>) -> Result<Clock, DecodeError> {
        Ok(Clock { latest: i64::decode(from)?, complete: i64::decode(from)? })
    }
}
