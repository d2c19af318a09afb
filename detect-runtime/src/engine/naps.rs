//! Rules that sleep: what the engine knows of each between the hits that its head
//! takes.
//!
//! A sequence rule with nothing pending waits for its first term. Hits of its other
//! terms, which are most of all hits, then only move the rule's clock: they are
//! noted in a [`Ring`], without row or key. A hit that wakes the rule is handed to
//! the head at once if it comes in order, because nothing before it counts. If it
//! belongs before hits that were noted and have not had their turn, those are
//! brought to the head first. So the head comes to the state that it would have
//! without sleep.

use super::ring::{Noted, Place, Ring};
use super::table::{HeadSpec, Heads, Rule, Table};
use crate::head::{Hit, Lent, Settings, Turn};

/// What a hit is to its rule before its row is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The head wants it.
    Wanted,
    /// It came too late.
    Late,
    /// Noted, or of no use.
    Done,
    /// Noted; the head holds hits that may be due now.
    Stir,
}

/// One rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nap {
    kind: Kind,
    pub(super) asleep: bool,
    pub(super) restless: bool,
    /// Bits of the terms that wake it.
    wake: u64,
    /// The rule's clock, at least that of its head.
    pub(super) clock: i64,
    /// Place of its last hit in the ring.
    last: Place,
    /// Its hits up to here were handed to the head.
    handed: Place,
    /// The last in order of its hits in the ring, and the largest of their times.
    most: Turn,
    peak: i64,
    /// The last in order of those that had their turn and left the ring.
    pub(super) bar: Option<Turn>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Takes every hit.
    Awake,
    Sequence,
    /// May be deaf.
    Threat,
}

/// All rules, by number, and the hits that were noted.
#[derive(Debug)]
pub(super) struct Naps {
    rules: Vec<Nap>,
    pub(super) ring: Ring,
}

impl Naps {
    /// No rule sleeps yet; [`Naps::settle`] says which do.
    pub(super) fn new(table: &'static Table, settings: &Settings) -> Naps {
        let nap = |rule: &Rule| Nap {
            kind: match rule.head {
                // Hits of rules over alerts wait elsewhere.
                HeadSpec::Sequence(_) if settings.whole.is_none() && rule.stratum == 0 => {
                    Kind::Sequence
                }
                HeadSpec::Threat(_) => Kind::Threat,
                _ => Kind::Awake,
            },
            asleep: false,
            restless: false,
            wake: 0,
            clock: i64::MIN,
            last: 0,
            handed: 0,
            most: (i64::MIN, 0),
            peak: i64::MIN,
            bar: None,
        };
        Naps { rules: table.rules.iter().map(nap).collect(), ring: Ring::default() }
    }

    /// From now on no rule sleeps.
    pub(super) fn forbid(&mut self) {
        for nap in &mut self.rules {
            (nap.kind, nap.asleep) = (Kind::Awake, false);
        }
    }

    /// Whether a rule might not want a hit.
    pub(super) fn is_choosy(&self, rule: usize) -> bool {
        self.rules.get(rule).is_some_and(|nap| nap.kind != Kind::Awake)
    }

    /// What is known of a rule that can sleep.
    pub(super) fn sleeper(&self, rule: usize) -> Option<&Nap> {
        self.rules.get(rule).filter(|nap| nap.kind == Kind::Sequence)
    }

    /// Asks whether the head wants a hit, which has no row yet, and notes it if
    /// not.
    pub(super) fn announce(
        &mut self,
        heads: &Heads,
        rule: usize,
        hit: &Hit<'_>,
        lateness: i64,
    ) -> Answer {
        let Some(nap) = self.rules.get_mut(rule) else { return Answer::Wanted };
        match nap.kind {
            Kind::Awake => Answer::Wanted,
            Kind::Threat => match heads.0.get(rule) {
                Some(head) if head.is_deaf() => Answer::Done,
                _ => Answer::Wanted,
            },
            Kind::Sequence if !nap.asleep || hit.terms & nap.wake != 0 => Answer::Wanted,
            Kind::Sequence => {
                if hit.time < nap.clock.saturating_sub(lateness) {
                    return Answer::Late;
                }
                nap.clock = nap.clock.max(hit.time);
                if lateness > 0
                    && let Some(lent) = hit.source
                {
                    nap.note(rule as u32, hit, lent, &mut self.ring);
                }
                if nap.restless { Answer::Stir } else { Answer::Done }
            }
        }
    }

    /// Takes over what the head says after it did something.
    pub(super) fn settle(&mut self, heads: &mut Heads, rule: usize) {
        let Some(nap) = self.rules.get_mut(rule).filter(|nap| nap.kind == Kind::Sequence) else {
            return;
        };
        let Some(sleeper) = heads.0.get_mut(rule).and_then(|head| head.sleeper()) else {
            nap.kind = Kind::Awake;
            return;
        };
        nap.wake = sleeper.wakers();
        nap.asleep = sleeper.is_asleep();
        nap.restless = sleeper.is_restless();
        nap.clock = nap.clock.max(sleeper.clock());
    }

    /// The hits in the ring that must go to the head before this one, in input
    /// order, and up to where in the order all had their turn. `None`: it may go
    /// at once.
    pub(super) fn owed(
        &mut self,
        rule: usize,
        hit: Option<&Hit<'_>>,
        lateness: i64,
        bar: Option<Turn>,
    ) -> Option<(Vec<Noted>, Option<Turn>)> {
        let nap = self.rules.get_mut(rule)?;
        if !self.ring.holds(nap.last) {
            return None;
        }
        let due = nap.clock.saturating_sub(lateness);
        if let Some(hit) = hit
            && (hit.order, hit.position) > nap.most
            && hit.time > due
        {
            return None;
        }
        let had_turn = self.ring.chain(nap.last).filter(|noted| noted.time <= due);
        let bar = had_turn.map(|noted| Some(noted.ordinal())).fold(bar, Option::max);
        let waits = self.ring.chain(nap.last).filter(|noted| Some(noted.ordinal()) > bar);
        let mut owed: Vec<_> = waits.copied().collect();
        owed.reverse();
        (nap.handed, nap.last) = (nap.last, 0);
        Some((owed, bar))
    }

    /// Whether the oldest event of the ring should go now.
    pub(super) fn is_due(&self, lateness: i64) -> bool {
        self.ring.is_due(lateness)
            && (self.ring.is_full()
                || self.ring.oldest().all(|(place, noted)| {
                    self.rules
                        .get(noted.rule as usize)
                        .is_none_or(|nap| place <= nap.handed || nap.had_turn(noted, lateness))
                }))
    }

    /// Lets the oldest event of the ring go. Gives the hits that have not had
    /// their turn, for their heads.
    pub(super) fn let_go(&mut self, lateness: i64, owed: &mut Vec<Noted>) {
        for (place, noted) in self.ring.oldest() {
            let Some(nap) = self.rules.get_mut(noted.rule as usize) else { continue };
            if place <= nap.handed {
                continue;
            }
            if nap.had_turn(noted, lateness) {
                nap.bar = nap.bar.max(Some(noted.ordinal()));
            } else {
                owed.push(*noted);
            }
            if nap.last == place {
                nap.last = 0;
            }
        }
    }

    /// The largest time of a rule's hits in the ring; `i64::MIN` if there are none.
    pub(super) fn peak(&self, rule: usize) -> i64 {
        let nap = self.rules.get(rule).filter(|nap| self.ring.holds(nap.last));
        nap.map_or(i64::MIN, |nap| nap.peak)
    }

    /// Takes what is known of the hits that left the ring.
    pub(super) fn take_bar(&mut self, rule: usize) -> Option<Turn> {
        self.rules.get_mut(rule)?.bar.take()
    }

    /// The rule's clock is at least at `time`.
    pub(super) fn advance(&mut self, rule: usize, time: i64) {
        if let Some(nap) = self.rules.get_mut(rule) {
            nap.clock = nap.clock.max(time);
        }
    }

    /// The numbers of the rules that may have hits in the ring.
    pub(super) fn sleepers(&self) -> impl Iterator<Item = usize> + use<> {
        let all: Vec<usize> =
            (0..self.rules.len()).filter(|rule| self.sleeper(*rule).is_some()).collect();
        all.into_iter()
    }

    pub(super) fn memory(&self) -> usize {
        self.ring.memory() + self.rules.capacity() * size_of::<Nap>()
    }

    /// Forgets all that was noted.
    pub(super) fn forget(&mut self) {
        self.ring = Ring::default();
        for nap in &mut self.rules {
            (nap.last, nap.handed, nap.bar) = (0, 0, None);
        }
    }

    /// Begins anew: clocks are what the heads say.
    pub(super) fn restart(&mut self) {
        self.forget();
        for nap in &mut self.rules {
            nap.clock = i64::MIN;
        }
    }
}

impl Nap {
    /// Whether a noted hit would have gone through the head by now.
    fn had_turn(&self, noted: &Noted, lateness: i64) -> bool {
        noted.time <= self.clock.saturating_sub(lateness)
    }

    fn note(&mut self, rule: u32, hit: &Hit<'_>, lent: &Lent<'_>, ring: &mut Ring) {
        let turn = (hit.order, hit.position);
        let (most, peak) =
            if ring.holds(self.last) { (self.most, self.peak) } else { (turn, hit.time) };
        (self.most, self.peak) = (most.max(turn), peak.max(hit.time));
        self.last = ring.note(rule, hit, lent, self.last);
    }
}
