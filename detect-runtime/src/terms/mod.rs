//! New-terms rules: combinations of values not seen within the history window.
//!
//! In: hits of the rule's query, and hits as history. Out:
//! [`Content::NewTerms`] at once when an unseen or expired combination comes.
//! Must not know what a field is called.
//!
//! A combination is new if it was not seen for longer than the history before
//! the event. The scheduled engine reports the oldest event of its window; a
//! stream reports the first that comes. Being seen hardly depends on order, so the
//! allowed lateness plays no part here: only an event that lags behind the clock
//! by more than an eighth of the history is counted as late and passed over.
//!
//! # The beginning
//!
//! While less than the history has passed since the earliest event, hit, tick or
//! history file, everything is new and nothing is meant. Until then combinations
//! are learned, and counted as [`Losses::learning`](crate::head::Losses) instead
//! of reported. [`Settings::history_complete`](crate::head::Settings) says that
//! what was learned is all there was, and reports from the first event on. A
//! program on live input ticks when it begins, so that the time runs from there
//! and not from the rule's first hit.
//!
//! # What the code generator emits
//!
//! A `static` [`NewTermsSpec`]. The row holds the rule's fields in their order.

mod fingerprint;
mod table;

use crate::head::{Content, Draft, Env, Head, Hit};
use crate::key::{KeyColumn, combinations, values};
use crate::state::{Decode, DecodeError, Encode, Reader};
use fingerprint::Seed;
use table::{LastSeen, slack};

/// Most combinations that an event of several values has, as in Kibana; the rest
/// is counted as evicted.
pub const COMBINATION_LIMIT: usize = 100;

/// A new-terms rule, as constant data.
#[derive(Clone, Copy, Debug)]
pub struct NewTermsSpec {
    /// Number of fields, 1 to 3; the row holds nothing else.
    pub fields: usize,
    /// Length of the history in milliseconds.
    pub history: i64,
}

/// Head of a new-terms rule.
#[derive(Clone, Debug)]
pub struct NewTerms {
    spec: &'static NewTermsSpec,
    seed: Seed,
    clock: i64,
    /// The earliest time known of.
    start: i64,
    seen: LastSeen,
}

impl NewTerms {
    /// A head without history for this rule.
    pub fn new(spec: &'static NewTermsSpec) -> NewTerms {
        NewTerms {
            spec,
            seed: Seed::random(),
            clock: i64::MIN,
            start: i64::MAX,
            seen: LastSeen::new(spec.history),
        }
    }

    /// Number of combinations remembered.
    pub fn terms(&self) -> usize {
        self.seen.len()
    }

    /// True while the history does not reach back far enough at the given time.
    pub fn is_learning(&self, time: i64) -> bool {
        time.saturating_sub(self.start) < self.spec.history
    }

    fn advance(&mut self, time: i64) {
        self.start = self.start.min(time);
        if time > self.clock {
            self.clock = time;
            self.seen.expire(time);
        }
    }

    /// Notes the hit's combinations and hands out the new ones.
    fn note(&mut self, hit: &Hit<'_>, env: &mut Env<'_>, mut new: impl FnMut(&[u8], &mut Env<'_>)) {
        let columns =
            (0..self.spec.fields).map(|n| KeyColumn { position: n as u16, optional: false });
        let found = combinations(hit.row, columns, COMBINATION_LIMIT, env.arena);
        env.losses.evicted += found.dropped;
        for key in found.keys {
            if !self.seen.see(self.seed.fingerprint(key), hit.time, self.clock) {
                new(key, env);
            }
        }
        if let Some(most) = env.settings.rule_memory {
            self.bound(most, env);
        }
    }
}

impl Head for NewTerms {
    fn hit(&mut self, hit: &Hit<'_>, env: &mut Env<'_>) {
        self.advance(hit.time);
        if hit.time < self.clock.saturating_sub(slack(self.spec.history)) {
            env.losses.late += 1;
            return;
        }
        let learning = self.is_learning(hit.time) && !env.settings.history_complete;
        self.note(hit, env, |key, env| {
            if learning {
                env.losses.learning += 1;
                return;
            }
            let terms = values(key);
            debug_assert!(terms.is_ok(), "the key was made a moment ago");
            env.drafts.push(Draft {
                time: hit.time,
                content: Content::NewTerms {
                    event: hit.share(),
                    terms: terms.unwrap_or_default().into(),
                },
                suppression: None,
            });
        });
    }

    fn learn(&mut self, hit: &Hit<'_>, env: &mut Env<'_>) {
        self.advance(hit.time);
        if hit.time >= self.clock.saturating_sub(self.spec.history) {
            self.note(hit, env, |_, _| {});
        }
    }

    fn tick(&mut self, time: i64, _env: &mut Env<'_>) {
        self.advance(time);
    }

    fn finish(&mut self, _env: &mut Env<'_>) {}

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.seed.0.to_le_bytes());
        out.extend_from_slice(&self.seed.1.to_le_bytes());
        self.clock.encode(out);
        self.start.encode(out);
        self.seen.encode(out);
    }

    fn decode(&mut self, from: &mut Reader<'_>) -> Result<(), DecodeError> {
        let seed = Seed(u64::from_le_bytes(from.array()?), u64::from_le_bytes(from.array()?));
        let (clock, start) = (i64::decode(from)?, i64::decode(from)?);
        let seen = LastSeen::decode(self.spec.history, from)?;
        *self = NewTerms { spec: self.spec, seed, clock, start, seen };
        Ok(())
    }

    fn memory(&self) -> usize {
        self.seen.bytes()
    }

    fn bound(&mut self, most: usize, env: &mut Env<'_>) {
        if self.seen.bytes() > most {
            env.losses.evicted += self.seen.bound(most, self.clock);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::Settings;
    use crate::head::trial::{Event, Trial};
    use crate::value::{Owned, Value};

    static ONE: NewTermsSpec = NewTermsSpec { fields: 1, history: 100 };
    static TWO: NewTermsSpec = NewTermsSpec { fields: 2, history: 100 };

    /// Values of the fields, comma between several, and time; `~` before them
    /// makes a hit of the history, `tick` a tick.
    fn run(
        spec: &'static NewTermsSpec,
        complete: bool,
        events: &str,
        stop: usize,
    ) -> (String, Trial) {
        let mut head = NewTerms::new(spec);
        let settings = Settings { history_complete: complete, ..Settings::default() };
        let mut trial = Trial::new(settings);
        for (at, word) in events.split_whitespace().enumerate() {
            if at == stop {
                let mut bytes = Vec::new();
                head.encode(&mut bytes);
                head = NewTerms::new(spec);
                head.decode(&mut Reader::new(&bytes)).unwrap();
            }
            let (fields, time) = word.split_once('@').unwrap();
            let time = time.parse().unwrap();
            if fields == "tick" {
                head.tick(time, &mut trial.env());
                continue;
            }
            let lists: Vec<Vec<Value<'_>>> = fields
                .trim_start_matches('~')
                .split('/')
                .map(|f| f.split(',').filter(|v| !v.is_empty()).map(Value::Text).collect())
                .collect();
            let row: Vec<Value<'_>> = lists.iter().map(|l| Value::from_slice(l)).collect();
            let event = Event { time, ..Event::default() };
            if fields.starts_with('~') {
                event.lend(&row, |hit| head.learn(hit, &mut trial.env()));
            } else {
                trial.hit(&mut head, &event, &row);
            }
        }
        let shown: Vec<String> = trial.drafts.iter().map(show).collect();
        (shown.join(" "), trial)
    }

    fn show(draft: &Draft) -> String {
        let Content::NewTerms { terms, .. } = &draft.content else { panic!("not new terms") };
        let text = |v: &Owned| match v {
            Owned::Text(t) => t.to_string(),
            other => format!("{other:?}"),
        };
        format!("{}@{}", terms.iter().map(text).collect::<Vec<_>>().join("/"), draft.time)
    }

    #[test]
    fn new_terms_by_table() {
        // Rule, history is complete, events, alerts, learned, late.
        type Row = (&'static NewTermsSpec, bool, &'static str, &'static str, u64, u64);
        let table: &[Row] = &[
            (&ONE, true, "a@1 a@2 b@3 @4", "a@1 b@3", 0, 0),
            (&ONE, true, "a@0 a@100 a@201", "a@0 a@201", 0, 0),
            (&ONE, true, "a,b,a@0 b@1 c,b@2", "a@0 b@0 c@2", 0, 0),
            (&TWO, true, "a/x@0 b/y@1 a/y@2 a/x@3 /x@4", "a/x@0 b/y@1 a/y@2", 0, 0),
            (&TWO, true, "a,b/x,y@0 a/y@9", "a/x@0 a/y@0 b/x@0 b/y@0", 0, 0),
            (&ONE, false, "a@0 b@99 c@100 a@100 a@201", "c@100 a@201", 2, 0),
            (&ONE, false, "~a@0 b@60 tick@70 a@100 c@100", "c@100", 1, 0),
            (&ONE, false, "tick@0 a@100", "a@100", 0, 0),
            (&ONE, true, "~a@0 a@60 b@61", "b@61", 0, 0),
            (&ONE, true, "a@50 a@40 b@39 b@38 b@50", "a@50 b@39", 0, 0),
            (&ONE, true, "a@200 b@187 b@201", "a@200 b@201", 0, 1),
            (&ONE, true, "a@100 b@208 a@200", "a@100 b@208", 0, 0),
            (&ONE, false, "~a@0 ~b@200 ~a@50 a@200 b@200", "a@200", 0, 0),
        ];
        for (spec, complete, events, alerts, learned, late) in table {
            for stop in 0..events.split_whitespace().count() {
                let (got, trial) = run(spec, *complete, events, stop);
                let losses = (trial.losses.learning, trial.losses.late);
                assert_eq!((got.as_str(), losses), (*alerts, (*learned, *late)), "{events}");
            }
        }
    }

    #[test]
    fn at_most_a_hundred_combinations() {
        let values: Vec<String> = (0..15).map(|n| n.to_string()).collect();
        let (got, trial) = run(&TWO, true, &format!("{0}/{0}@0", values.join(",")), 0);
        assert_eq!(got.split(' ').count(), 100);
        assert_eq!(trial.losses.evicted, 125);
    }

    #[test]
    fn memory_is_bounded() {
        static LONG: NewTermsSpec = NewTermsSpec { fields: 1, history: 1_000_000 };
        let mut head = NewTerms::new(&LONG);
        let settings =
            Settings { rule_memory: Some(100_000), history_complete: true, ..Settings::default() };
        let mut trial = Trial::new(settings);
        for n in 0..20_000 {
            let event = Event { time: n * 50, ..Event::default() };
            trial.hit(&mut head, &event, &[Value::Long(n)]);
            assert!(head.memory() <= 100_000);
        }
        assert_eq!(trial.losses.evicted as usize + head.terms(), 20_000);
        assert!(head.terms() > 1000, "the newest stay: {}", head.terms());
    }
}
