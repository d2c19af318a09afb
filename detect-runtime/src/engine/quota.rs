//! `max_signals`: the most alerts that a rule makes in one run.
//!
//! A run is what a scheduled engine would do at one tick, that is what has a time
//! in (tick - interval, tick]; what comes late belongs to the run at hand. A match
//! counts once, however many documents tell of it (a sequence with its members), and so
//! do the matches that suppression absorbed into it.

use crate::alert::RuleInfo;
use crate::head::Draft;
use crate::state::{Decode, DecodeError, Encode, Reader};

/// What a rule made in the run at hand.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Quota {
    /// Number of the run: its tick divided by the interval.
    run: i64,
    made: u64,
}

impl Quota {
    /// Whether the rule may make this alert; `whole`: there is one run in all.
    pub(super) fn admits(&mut self, info: &RuleInfo, draft: &Draft, whole: bool) -> bool {
        let interval = info.interval.max(1);
        let run =
            if whole { 0 } else { draft.time.saturating_add(interval - 1).div_euclid(interval) };
        if run > self.run || self.made == 0 {
            *self = Quota { run, made: 0 };
        }
        let admits = self.made < u64::from(info.max_signals);
        let absorbed = draft.suppression.as_ref().map_or(0, |suppression| suppression.count);
        self.made = self.made.saturating_add(1 + absorbed);
        admits
    }
}

impl Encode for Quota {
    fn encode(&self, out: &mut Vec<u8>) {
        self.run.encode(out);
        self.made.encode(out);
    }
}

impl Decode for Quota {
    fn decode(from: &mut Reader<'_>) -> Result<Quota, DecodeError> {
        Ok(Quota { run: i64::decode(from)?, made: u64::decode(from)? })
    }
}
