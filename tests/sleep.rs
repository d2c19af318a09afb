//! Rules that sleep against the same rules that take each hit at once: the alerts,
//! and what each rule counts, must be the same, whatever comes out of order, wherever
//! the run is cut, ticked, or taken up again.

use detect::runtime::engine::{Alert, Engine, Options, Sink};
use detect::runtime::head::Settings;
use proptest::prelude::*;
use std::fmt::Write;

/// Sequences of all kinds, by `@timestamp` and by ingestion time.
#[detect::ruleset(path = "tests/data/sleep")]
struct Rules;

/// Names of rules and identities of alerts, which hang on all their events.
#[derive(Default)]
struct Alerts(Vec<String>);

impl Sink for Alerts {
    fn alert(&mut self, alert: &Alert<'_>) {
        self.0.push(format!("{} {:.8}", alert.info.name, alert.uuid));
    }
}

/// One step of a run.
#[derive(Clone, Debug)]
enum Step {
    /// An event: seconds since the one before (or back), action, host, user, seconds
    /// until it was ingested, if it says so.
    Event(i64, char, u8, u8, Option<i64>),
    /// So many seconds behind the latest event it is now.
    Tick(i64),
    /// The state is written and read back.
    Restart,
    /// What comes up to the next cut goes through a shard.
    Shard,
}

fn step() -> impl Strategy<Value = Step> {
    let advance = prop_oneof![8 => 0..6i64, 2 => -25..0i64, 1 => 20..200i64];
    let action = prop_oneof![
        2 => Just('a'), 5 => Just('b'), 5 => Just('c'), 2 => Just('d'), 3 => Just('e')
    ];
    let delay = prop_oneof![2 => Just(None), 5 => (0..4i64).prop_map(Some), 1 => (-5..40i64).prop_map(Some)];
    prop_oneof![
        40 => (advance, action, 0..2u8, 0..2u8, delay)
            .prop_map(|(by, action, host, user, delay)| Step::Event(by, action, host, user, delay)),
        1 => (0..90i64).prop_map(Step::Tick),
        1 => Just(Step::Restart),
        1 => Just(Step::Shard),
    ]
}

/// Milliseconds at which runs begin.
const START: i64 = 1_770_000_000_000;

fn stamp(seconds: i64) -> i64 {
    START + seconds * 1000
}

fn engine(lateness: i64, awake: bool) -> Engine<Rules> {
    let settings = Settings { lateness: lateness * 1000, ..Settings::default() };
    let options = Options { settings, ..Options::default() };
    let mut engine = Engine::new(options).expect("a table of this version");
    if awake {
        engine.stay_awake();
    }
    engine
}

/// The alerts, then what each rule counted.
fn run(steps: &[Step], lateness: i64, awake: bool) -> (Vec<String>, Vec<(u64, u64)>) {
    let mut engine = engine(lateness, awake);
    let (mut alerts, mut counts) = (Alerts::default(), vec![(0, 0); 9]);
    let (mut at, mut position, mut shard) = (0, 1 << 32, None);
    for step in steps {
        match step {
            Step::Event(by, action, host, user, delay) => {
                at = (at + by).max(0);
                let mut line = format!(
                    r#"{{"@timestamp":{},"_index":"logs-x","host":{{"id":"h{host}","name":"u{host}"}},"user":{{"name":"u{user}"}},"event":{{"action":"{action}","category":"process""#,
                    stamp(at)
                );
                if let Some(delay) = delay {
                    let _ = write!(line, r#","ingested":{}"#, stamp(at + delay));
                }
                line.push_str("}}\n");
                if let Some(shard) = &mut shard {
                    let shard: &mut detect::runtime::engine::Shard = shard;
                    let partials = shard.scan(line.as_bytes(), position, false);
                    engine.merge(&partials, &mut alerts).expect("records are whole");
                } else {
                    engine.feed(line.as_bytes(), &mut alerts);
                }
                position += 1000;
                engine.end_input(&mut alerts);
            }
            Step::Tick(behind) => engine.tick(START + (at - behind) * 1000, &mut alerts),
            Step::Restart => {
                let state = engine.snapshot();
                for (sum, rule) in counts.iter_mut().zip(engine.rule_counts()) {
                    *sum = (sum.0 + rule.matches, sum.1 + rule.losses.late);
                }
                engine = self::engine(lateness, awake);
                engine.restore(&state).expect("a snapshot");
                shard = None;
            }
            Step::Shard => shard = Some(engine.shard().expect("a table of this version")),
        }
    }
    engine.finish(&mut alerts);
    for (sum, rule) in counts.iter_mut().zip(engine.rule_counts()) {
        *sum = (sum.0 + rule.matches, sum.1 + rule.losses.late);
    }
    (alerts.0, counts)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn sleep_changes_nothing(
        steps in prop::collection::vec(step(), 0..80),
        lateness in prop::sample::select(vec![0, 5, 30, 120]),
    ) {
        let (alerts, counts) = run(&steps, lateness, false);
        let (expected, expected_counts) = run(&steps, lateness, true);
        prop_assert_eq!(alerts, expected);
        prop_assert_eq!(counts, expected_counts);
    }
}
