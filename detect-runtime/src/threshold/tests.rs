//! Thresholds by table, and against the definition run tick by tick.

use super::*;
use crate::head::Settings;
use crate::head::Whole;
use crate::head::trial::{Event, Trial};
use crate::value::{Owned, Value};
use proptest::prelude::*;

const SPEC: ThresholdSpec =
    ThresholdSpec { fields: 1, value: 2, cardinality: None, interval: 10, lookback: 25 };
static PAIR: ThresholdSpec = SPEC;
static ANY: ThresholdSpec = ThresholdSpec { fields: 0, value: 3, ..SPEC };
static TWO: ThresholdSpec = ThresholdSpec { fields: 2, ..SPEC };
static DISTINCT: ThresholdSpec = ThresholdSpec { cardinality: Some(2), ..SPEC };
static HOLE: ThresholdSpec = ThresholdSpec { lookback: 4, ..SPEC };

/// Values of the row's fields, and time.
type Row = (Vec<Vec<String>>, i64);

fn rows(text: &str) -> Vec<Row> {
    let parse = |word: &str| {
        let (fields, time) = word.split_once('@').unwrap();
        let list = |f: &str| f.split(',').filter(|v| !v.is_empty()).map(String::from).collect();
        (fields.split('/').map(list).collect(), time.parse().unwrap())
    };
    text.split_whitespace().map(parse).collect()
}

fn reread(spec: &'static ThresholdSpec, head: &Counter) -> Counter {
    let mut bytes = Vec::new();
    head.encode(&mut bytes);
    let mut copy = Counter::new(spec);
    copy.decode(&mut Reader::new(&bytes)).unwrap();
    assert_eq!(copy.buckets.held(), head.buckets.held());
    copy
}

/// Alerts as `terms:count[:cardinality] oldest-newest @tick`.
fn run(
    spec: &'static ThresholdSpec,
    settings: &Settings,
    rows: &[Row],
    stop: usize,
) -> (Vec<String>, Trial) {
    let mut head = Counter::new(spec);
    let mut trial = Trial::new(settings.clone());
    for (at, (fields, time)) in rows.iter().enumerate() {
        if at == stop {
            head = reread(spec, &head);
        }
        let lists: Vec<Vec<Value<'_>>> =
            fields.iter().map(|f| f.iter().map(|v| Value::Text(v)).collect()).collect();
        let row: Vec<Value<'_>> = lists.iter().map(|l| Value::from_slice(l)).collect();
        trial.hit(&mut head, &Event { time: *time, ..Event::default() }, &row);
    }
    head.finish(&mut trial.env());
    if settings.whole.is_none() {
        head.tick(1_000_000, &mut trial.env());
        assert_eq!(head.buckets.held(), 0, "all is freed and accounted for");
    }
    (trial.drafts.iter().map(show).collect(), trial)
}

fn show(draft: &Draft) -> String {
    let Content::Threshold { terms, count, cardinality, span } = &draft.content else {
        panic!("no threshold")
    };
    let text = |v: &Owned| match v {
        Owned::Text(t) => t.to_string(),
        other => format!("{other:?}"),
    };
    let terms = terms.iter().map(text).collect::<Vec<_>>().join("/");
    let cardinality = cardinality.map_or(String::new(), |c| format!(":{c}"));
    format!("{terms}:{count}{cardinality} {}-{} @{}", span.0, span.1, draft.time)
}

#[test]
fn thresholds_by_table() {
    // Rule, events, alerts, late.
    type Case = (&'static ThresholdSpec, &'static str, &'static [&'static str], u64);
    let table: &[Case] = &[
        (&PAIR, "a@1 a@2", &["a:2 1-2 @10"], 0),
        (&PAIR, "a@1 b@2 @3", &[], 0),
        (&PAIR, "a@10 a@11", &["a:2 10-11 @20"], 0),
        (&PAIR, "a@1 a@26", &[], 0),
        (&PAIR, "a@6 a@26", &["a:2 6-26 @30"], 0),
        (&PAIR, "a@5 a@26", &[], 0),
        (&PAIR, "a@1 a@2 a@11 a@12 a@13", &["a:2 1-2 @10", "a:3 11-13 @20"], 0),
        (&PAIR, "a@1 a@2 a@11", &["a:2 1-2 @10"], 0),
        (&PAIR, "a,b,a@1 b,a@2", &["a:2 1-2 @10", "b:2 1-2 @10"], 0),
        (&PAIR, "b@1 b@1 a@2 a@2 c@22", &["a:2 2-2 @10", "b:2 1-1 @10"], 0),
        (&PAIR, "a@6 b@21 a@7 a@29", &["a:3 6-29 @30"], 1),
        (&PAIR, "a@1 b@21 a@2 a@31", &[], 1),
        (&PAIR, "a@7 b@21 a@8", &["a:2 7-8 @30"], 1),
        (&PAIR, "a@7 a@8 b@21 a@9 a@8 a@22", &["a:2 7-8 @10", "a:2 9-22 @30"], 2),
        (&ANY, "@1 @2 @3", &[":3 1-3 @10"], 0),
        (&TWO, "a/x@1 a/y@2 a/x@3 a/@4", &["a/x:2 1-3 @10"], 0),
        (&DISTINCT, "a/x@1 a/x@2 a/x@11 a/y@12", &["a:4:2 1-12 @20"], 0),
        (&DISTINCT, "a/x,y@1 a/@2", &["a:2:2 1-2 @10"], 0),
        (&DISTINCT, "a/x,y@1", &[], 0),
        (&HOLE, "a@1 a@2 a@7 a@8", &["a:2 7-8 @10"], 0),
    ];
    for (spec, events, alerts, late) in table {
        let rows = rows(events);
        for stop in 0..=rows.len() {
            let (got, trial) = run(spec, &Settings::default(), &rows, stop);
            assert_eq!(
                (got, trial.losses.late),
                (alerts.iter().map(ToString::to_string).collect(), *late),
                "{events}"
            );
        }
    }
}

#[test]
fn one_window_over_everything() {
    let rows = rows("b@1 a@100 b@1000 a@10 c@7");
    for (now, tick) in [(None, 1000), (Some(5000), 5000)] {
        let settings = Settings { whole: Some(Whole { now }), ..Settings::default() };
        let expected = [format!("a:2 10-100 @{tick}"), format!("b:2 1-1000 @{tick}")];
        assert_eq!(run(&PAIR, &settings, &rows, 3).0, expected);
    }
}

#[test]
fn memory_is_bounded() {
    static WIDE: ThresholdSpec = ThresholdSpec { lookback: 1_000_000, ..SPEC };
    let mut head = Counter::new(&WIDE);
    let mut trial = Trial::new(Settings { rule_memory: Some(20_000), ..Settings::default() });
    for n in 0..5000 {
        let key = n.to_string();
        let event = Event { time: n * 3, ..Event::default() };
        trial.hit(&mut head, &event, &[Value::Text(&key)]);
        assert!(head.buckets.held() <= 20_000);
    }
    assert!((4000..5000).contains(&trial.losses.evicted), "{}", trial.losses.evicted);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// The definition of the scheduled engine: at each tick, the events of the
    /// window that are newer than the newest one of the bucket's alerts within the
    /// window.
    #[test]
    fn equals_the_definition(
        events in prop::collection::vec((0..8i64, 0..3usize, 0..3usize, 0..=6i64), 0..40),
        lookback in 10..40i64,
        value in 1..4u64,
        cardinality in prop::option::of(1..3u64),
        lateness in 0..=6i64,
        stop in 0..40usize,
    ) {
        let spec: &'static ThresholdSpec =
            Box::leak(Box::new(ThresholdSpec { value, cardinality, lookback, ..SPEC }));
        let mut time = 0;
        let mut rows: Vec<(i64, Row)> = Vec::new();
        for (step, key, other, delay) in events {
            time += step;
            let pick = |n: usize| vec![["a", "b", "c"][n].to_owned()];
            rows.push((time + delay.min(lateness), (vec![pick(key), pick(other)], time)));
        }
        rows.sort_by_key(|r| r.0);
        let rows: Vec<Row> = rows.into_iter().map(|r| r.1).collect();

        let mut expected = Vec::new();
        let mut signals: BTreeMap<&str, i64> = BTreeMap::new();
        for tick in (0..=time / 10 + 5).map(|n| n * 10) {
            for key in ["a", "b", "c"] {
                let from = tick - lookback;
                let used = signals.get(key).copied().filter(|s| *s > from).unwrap_or(from);
                let all: Vec<&Row> = rows
                    .iter()
                    .filter(|(f, t)| f[0][0] == key && *t > used && *t <= tick)
                    .collect();
                let distinct = all.iter().map(|r| &r.0[1]).collect::<BTreeSet<_>>().len() as u64;
                if all.len() as u64 >= value && distinct >= cardinality.unwrap_or(0) {
                    let times = || all.iter().map(|r| r.1);
                    let (oldest, newest) = (times().min().unwrap(), times().max().unwrap());
                    let cardinality = cardinality.map_or(String::new(), |_| format!(":{distinct}"));
                    expected.push(format!("{key}:{}{cardinality} {oldest}-{newest} @{tick}", all.len()));
                    signals.insert(key, newest);
                }
            }
        }
        let settings = Settings { lateness, ..Settings::default() };
        let (got, trial) = run(spec, &settings, &rows, stop);
        prop_assert_eq!(got, expected);
        prop_assert_eq!(trial.losses.late, 0);
    }
}
