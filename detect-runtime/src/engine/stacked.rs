//! When rules over alerts get their hits: what the owner of the state does with
//! [`Strata`](super::strata::Strata).

use super::owner::Owner;
use super::sink::Sink;
use super::strata::Waiting;
use super::table::Heads;

impl Owner {
    /// Brings every rule to a time, stratum by stratum: first it takes what waits for
    /// it up to there, then it is advanced.
    pub(super) fn go_through(
        &mut self,
        heads: &mut Heads,
        until: i64,
        sink: &mut dyn Sink,
        advance: &mut dyn FnMut(&mut Owner, &mut Heads, usize, &mut dyn Sink),
    ) {
        for stratum in self.strata.numbers() {
            let mut first = self.strata.next_due(stratum, until);
            loop {
                while let Some(waiting) = first.take() {
                    self.deliver(heads, &waiting, sink);
                    first = self.strata.next_due(stratum, until);
                }
                let mut place = 0;
                while let Some(rule) = self.strata.rule(stratum, place) {
                    advance(self, heads, rule, sink);
                    place += 1;
                }
                // Rules of a cycle may have given alerts for one another.
                first = self.strata.next_due(stratum, until);
                if first.is_none() {
                    break;
                }
            }
        }
    }

    /// Hands a hit that waited to its head.
    pub(super) fn deliver(&mut self, heads: &mut Heads, waiting: &Waiting, sink: &mut dyn Sink) {
        let arena = core::mem::take(&mut self.waiting_arena);
        waiting.lend(&arena, |hit| self.take(heads, waiting.rule as usize, hit, sink));
        self.waiting_arena = arena;
        self.waiting_arena.reset();
    }

    /// Hands on hits that wait and that there is no room for, the oldest first.
    pub(super) fn make_room(&mut self, heads: &mut Heads, sink: &mut dyn Sink) {
        while let Some(waiting) = self.strata.pushed_out() {
            self.deliver(heads, &waiting, sink);
        }
    }

    /// Brings alerts that were handed out to the rules that read alerts. What these
    /// give at once comes back in its turn.
    pub(super) fn bring_back(&mut self, heads: &mut Heads, sink: &mut dyn Sink) {
        if core::mem::replace(&mut self.returning, true) {
            return;
        }
        while let Some(hits) = self.strata.scan_fresh(self.table, &self.live) {
            for waiting in hits {
                self.count(waiting.rule as usize);
                if self.strata.waits(waiting.rule as usize) {
                    self.strata.queue(waiting);
                } else {
                    self.deliver(heads, &waiting, sink);
                }
            }
        }
        self.returning = false;
        self.make_room(heads, sink);
    }
}
