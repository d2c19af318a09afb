//! Sequences that sleep: while nothing is pending only a first term, or a missing
//! event before it, can change anything.
//!
//! Terms that come meanwhile find no pending sequence to extend, to reject or to
//! drop, so all that is left of them is the time they bring.

use super::machine::Machine;
use super::reorder::Held;
use crate::head::{Env, Hit, Sleeper, Turn};

impl Sleeper for Machine {
    fn wakers(&self) -> u64 {
        self.shape.wake
    }

    fn is_asleep(&self) -> bool {
        self.keys.is_empty() && !self.reorder.has_waker()
    }

    fn is_restless(&self) -> bool {
        !self.reorder.is_empty()
    }

    fn clock(&self) -> i64 {
        self.clock
    }

    fn rouse(&mut self, clock: i64, env: &mut Env<'_>) {
        self.clock = self.clock.max(clock);
        let watermark = self.watermark(env.settings);
        self.release(watermark, env);
        self.settle(watermark, env);
    }

    fn raise(&mut self, bar: Option<Turn>) -> Option<Turn> {
        if let Some(bar) = bar {
            self.reorder.raise(bar);
        }
        self.reorder.bar.as_ref().map(|bar| (bar.order, bar.position))
    }

    fn precede(&mut self, time: i64) {
        self.preceding = time;
    }

    fn recall(&mut self, hit: &Hit<'_>) {
        self.arrivals = self.arrivals.wrapping_add(1);
        self.reorder.hold(Held::new(hit, self.tie(hit), self.arrivals));
    }
}
