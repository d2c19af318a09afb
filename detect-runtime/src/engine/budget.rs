//! The memory of all rules together ([`Settings::max_memory`](crate::head::Settings)).
//!
//! Measured once for so many hits, so that the answer depends on the hits alone and
//! costs little. What exceeds the budget is let go by whoever holds most, the oldest
//! first: so a flood under one rule does not push out what the others know.

use super::owner::Owner;
use super::sink::Sink;
use super::table::Heads;

/// Hits from one measurement to the next.
const MEASURED_EVERY: u64 = 256;

/// Who holds memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    Rule(usize),
    /// Events noted for rules that sleep.
    Ring,
    /// Hits that wait for their stratum.
    Strata,
}

impl Owner {
    /// Counts a hit, and now and then looks whether the rules hold too much.
    pub(super) fn hold_to_memory(&mut self, heads: &mut Heads, sink: &mut dyn Sink) {
        let Some(most) = self.settings.max_memory else { return };
        self.unmeasured += 1;
        if self.unmeasured >= MEASURED_EVERY {
            self.unmeasured = 0;
            self.shrink(heads, most, sink);
        }
    }

    fn shrink(&mut self, heads: &mut Heads, most: usize, sink: &mut dyn Sink) {
        let mut held = self.memory(heads);
        if held <= most {
            return;
        }
        // With some room for what comes until it is measured again.
        let wanted = most - most / 16;
        let mut spent = Vec::new();
        while held > wanted {
            let Some((holder, bytes)) = self.largest(heads, &spent) else { return };
            self.let_go_of(heads, holder, bytes.saturating_sub(held - wanted), sink);
            spent.push(holder);
            held = self.memory(heads);
        }
    }

    /// Who holds most, those excepted that gave what they could.
    fn largest(&self, heads: &Heads, spent: &[Holder]) -> Option<(Holder, usize)> {
        let rules = heads.0.iter().enumerate();
        let rules = rules.map(|(rule, head)| (Holder::Rule(rule), head.memory()));
        let others =
            [(Holder::Ring, self.naps.ring.memory()), (Holder::Strata, self.strata.memory())];
        let all =
            rules.chain(others).filter(|(holder, bytes)| *bytes > 0 && !spent.contains(holder));
        all.max_by_key(|(_, bytes)| *bytes)
    }

    fn let_go_of(&mut self, heads: &mut Heads, holder: Holder, most: usize, sink: &mut dyn Sink) {
        match holder {
            Holder::Rule(rule) => {
                self.with(heads, rule, sink, |head, env| head.bound(most, env));
                self.naps.settle(heads, rule);
            }
            // Rules that still need an event take it themselves.
            Holder::Ring => {
                while self.naps.ring.memory() > most && !self.naps.ring.is_empty() {
                    self.let_go(heads);
                }
            }
            Holder::Strata => {
                while self.strata.memory() > most
                    && let Some(waiting) = self.strata.oldest()
                {
                    self.deliver(heads, &waiting, sink);
                }
            }
        }
    }
}
