use super::super::Limit;
use super::{SampleSpec, SampleTerm, Sampler};
use crate::head::Whole;
use crate::head::trial::{Event, Trial, name};
use crate::head::{Content, Draft, Head, Settings};
use crate::key::KeyColumn;
use crate::state::Reader;
use crate::value::{Owned, Value};
use proptest::prelude::*;

const KEY: KeyColumn = KeyColumn { position: 0, optional: true };
const SPEC: SampleSpec = SampleSpec {
    terms: &[
        SampleTerm { bit: 0, keys: &[KEY] },
        SampleTerm { bit: 1, keys: &[KEY] },
        SampleTerm { bit: 2, keys: &[KEY] },
    ],
    lookback: 10,
    per_key: 1,
    limits: &[],
};

/// Key (empty: none), conditions, time.
type Row = (&'static str, u64, i64);

fn feed(head: &mut Sampler, trial: &mut Trial, at: usize, (key, terms, time): Row) {
    let event =
        Event { name: at.to_string(), time, position: at as u64, terms, ..Event::default() };
    let key = if key.is_empty() { Value::Null } else { Value::Text(key) };
    trial.hit(head, &event, &[key]);
}

/// Samples as `key:event,event,event`.
fn run(spec: &'static SampleSpec, settings: &Settings, rows: &[Row], stop: usize) -> Vec<String> {
    let mut head = Sampler::new(spec);
    let mut trial = Trial::new(settings.clone());
    for (at, row) in rows.iter().enumerate() {
        if at == stop {
            let mut bytes = Vec::new();
            head.encode(&mut bytes);
            let memory = head.memory();
            head = Sampler::new(spec);
            head.decode(&mut Reader::new(&bytes)).unwrap();
            assert_eq!(head.memory(), memory);
        }
        feed(&mut head, &mut trial, at, *row);
    }
    head.finish(&mut trial.env());
    head.tick(i64::MAX / 2, &mut trial.env());
    if settings.whole.is_none() {
        head.tick(i64::MAX / 2 + 1000, &mut trial.env());
    }
    assert_eq!(head.memory(), 0, "all is freed and accounted for");
    trial.drafts.iter().map(show).collect()
}

fn show(draft: &Draft) -> String {
    let Content::Sequence { events, keys } = &draft.content else { panic!("not a sample") };
    let key = match &keys[0] {
        Owned::Text(t) => t,
        _ => "",
    };
    let events: Vec<String> = events.iter().flatten().map(name).collect();
    format!("{key}:{}", events.join(","))
}

fn whole() -> Settings {
    Settings { whole: Some(Whole::default()), ..Settings::default() }
}

#[test]
fn samples_by_table() {
    static TWO: SampleSpec = SampleSpec { per_key: 2, ..SPEC };
    static FIRST: SampleSpec = SampleSpec { limits: &[Limit::Head(1)], ..SPEC };
    static ONE: SampleSpec = SPEC;
    // What it shows, rule, stream or whole, events, samples.
    type Case = (&'static str, &'static SampleSpec, bool, &'static [Row], &'static [&'static str]);
    let table: &[Case] = &[
        (
            "any order",
            &ONE,
            false,
            &[("a", 4, 1), ("a", 1, 2), ("b", 2, 3), ("a", 2, 4)],
            &["a:1,3,0"],
        ),
        ("null is a key", &ONE, false, &[("", 1, 1), ("", 2, 2), ("", 4, 3)], &[":0,1,2"]),
        ("all different", &ONE, false, &[("a", 7, 1), ("a", 7, 2)], &[]),
        (
            "one event, many terms",
            &ONE,
            false,
            &[("a", 7, 1), ("a", 7, 2), ("a", 1, 3)],
            &["a:2,0,1"],
        ),
        ("out of the window", &ONE, false, &[("a", 1, 1), ("a", 2, 5), ("a", 4, 11)], &[]),
        ("just inside", &ONE, false, &[("a", 1, 1), ("a", 2, 5), ("a", 4, 10)], &["a:0,1,2"]),
        (
            "once per window",
            &ONE,
            false,
            &[
                ("a", 1, 1),
                ("a", 2, 2),
                ("a", 4, 3),
                ("a", 7, 5),
                ("a", 7, 6),
                ("a", 7, 7),
                ("b", 1, 40),
            ],
            &["a:0,1,2", "a:3,4,5"],
        ),
        (
            "keys ascend",
            &ONE,
            true,
            &[
                ("b", 7, 1),
                ("b", 7, 1),
                ("", 7, 1),
                ("a", 7, 1),
                ("a", 7, 1),
                ("a", 7, 1),
                ("b", 7, 1),
                ("", 7, 2),
                ("", 7, 900),
            ],
            &[":2,7,8", "a:3,4,5", "b:0,1,6"],
        ),
        (
            "two per key",
            &TWO,
            true,
            &[("a", 1, 1), ("a", 2, 1), ("a", 4, 1), ("a", 2, 1)],
            &["a:0,1,2", "a:0,3,2"],
        ),
        (
            "head",
            &FIRST,
            true,
            &[("b", 7, 1), ("b", 7, 1), ("b", 7, 1), ("a", 7, 1), ("a", 7, 1), ("a", 7, 1)],
            &["a:3,4,5"],
        ),
    ];
    for (what, spec, is_whole, rows, expected) in table {
        let settings = if *is_whole { whole() } else { Settings::default() };
        for stop in 0..=rows.len() {
            assert_eq!(run(spec, &settings, rows, stop), *expected, "{what}, stop {stop}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// With one window over everything a key is reported exactly if some
    /// choice of events fills all terms, and the choice is one.
    #[test]
    fn finds_a_sample_where_there_is_one(
        rows in prop::collection::vec((prop::sample::select(vec!["", "a"]), 0..8u64, 0..9i64), 0..9),
        stop in 0..9usize,
    ) {
        static ONE: SampleSpec = SPEC;
        let got = run(&ONE, &whole(), &rows, stop);
        let has = |n: usize, key: &str, bit: u64| rows[n].0 == key && rows[n].1 >> bit & 1 == 1;
        let all = 0..rows.len();
        for key in ["", "a"] {
            let mut ways = Vec::new();
            for i in all.clone().filter(|i| has(*i, key, 0)) {
                for j in all.clone().filter(|j| has(*j, key, 1) && *j != i) {
                    for k in all.clone().filter(|k| has(*k, key, 2) && *k != i && *k != j) {
                        ways.push(format!("{key}:{i},{j},{k}"));
                    }
                }
            }
            let of_key: Vec<&String> =
                got.iter().filter(|g| g.split(':').next() == Some(key)).collect();
            prop_assert_eq!(of_key.len(), usize::from(!ways.is_empty()));
            prop_assert!(of_key.iter().all(|g| ways.contains(g)));
        }
    }
}
