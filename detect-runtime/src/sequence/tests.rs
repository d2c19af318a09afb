//! The machine against the reference's examples, against Elasticsearch's series
//! specifications, and against the batch formulation on random traces.

use super::oracle::{Match, Trace, matches};
use super::pending::NANOS;
use super::{Limit, Machine, SequenceSpec, TermSpec, UntilSpec};
use crate::head::trial::{Event, Trial, name};
use crate::head::{Content, Draft, Head, Settings, Whole};
use crate::key::KeyColumn;
use crate::state::Reader;
use crate::value::{Cx, Owned, Value};
use proptest::prelude::*;

const KEY: KeyColumn = KeyColumn { position: 0, optional: false };
const OPTIONAL: KeyColumn = KeyColumn { position: 0, optional: true };
const SECOND: KeyColumn = KeyColumn { position: 1, optional: true };

fn term(bit: u8, keys: &'static [KeyColumn]) -> TermSpec {
    TermSpec { bit, keys, missing: false, join: None, captured: &[] }
}

fn missing(bit: u8, keys: &'static [KeyColumn]) -> TermSpec {
    TermSpec { missing: true, ..term(bit, keys) }
}

fn spec(terms: Vec<TermSpec>, maxspan: Option<i64>, until: Option<UntilSpec>) -> SequenceSpec {
    SequenceSpec {
        terms: terms.leak(),
        until,
        maxspan,
        lookback: 1_000_000,
        delayed: false,
        tiebreaker: None,
        limits: &[],
    }
}

fn leak(spec: SequenceSpec) -> &'static SequenceSpec {
    Box::leak(Box::new(spec))
}

fn whole() -> Settings {
    Settings { whole: Some(Whole::default()), ..Settings::default() }
}

/// Feeds a trace in the order given; writes the state out and reads it back
/// before event `stop`.
fn run(
    spec: &'static SequenceSpec,
    trace: &[Trace],
    settings: &Settings,
    stop: Option<usize>,
) -> (Vec<Match>, Trial) {
    let mut machine = Machine::new(spec);
    let mut trial = Trial::new(settings.clone());
    for (at, event) in trace.iter().enumerate() {
        if stop == Some(at) {
            machine = reread(spec, &machine);
        }
        feed(&mut machine, event, &mut trial);
    }
    machine.finish(&mut trial.env());
    machine.tick(i64::MAX, &mut trial.env());
    if settings.whole.is_none() {
        assert_eq!((machine.keys(), machine.keys.held()), (0, 0), "all is freed and accounted for");
    }
    (trial.drafts.iter().map(found).collect(), trial)
}

fn reread(spec: &'static SequenceSpec, machine: &Machine) -> Machine {
    let mut bytes = Vec::new();
    machine.encode(&mut bytes);
    let mut copy = Machine::new(spec);
    copy.decode(&mut Reader::new(&bytes)).unwrap();
    let mut again = Vec::new();
    copy.encode(&mut again);
    assert_eq!(again, bytes, "the copy is the same state");
    assert!(copy.keys.held() <= machine.keys.held());
    copy
}

fn feed(machine: &mut Machine, event: &Trace, trial: &mut Trial) {
    let hit = Event {
        name: event.name.clone(),
        time: event.time,
        order: event.time * NANOS,
        position: event.position,
        terms: event.terms,
    };
    let lists: Vec<Vec<Value<'_>>> =
        event.fields.iter().map(|f| f.iter().map(|t| Value::Text(t)).collect()).collect();
    let mut row: Vec<Value<'_>> = lists.iter().map(|l| Value::from_slice(l)).collect();
    row.push(event.tie.map_or(Value::Null, Value::Long));
    trial.hit(machine, &hit, &row);
}

fn found(draft: &Draft) -> Match {
    let Content::Sequence { events, keys } = &draft.content else { panic!("not a sequence") };
    let keys = keys.iter().map(|k| match k {
        Owned::Text(t) => Some(t.to_string()),
        _ => None,
    });
    let events = events.iter().map(|e| e.as_ref().map_or("-".into(), name));
    (keys.collect(), events.collect())
}

/// A trace from `name:condition@time`, `name:conditions@time|key` or
/// `...|key,key` or `...|key/second`; conditions are letters, `A` is bit 0.
fn trace(text: &str) -> Vec<Trace> {
    let parse = |(position, word): (usize, &str)| {
        let (event, keys) = word.split_once('|').unwrap_or((word, ""));
        let (name, rest) = event.split_once(':').unwrap();
        let (terms, time) = rest.split_once('@').unwrap();
        let mut fields: Vec<Vec<String>> = keys
            .split('/')
            .map(|f| f.split(',').filter(|k| !k.is_empty()).map(String::from).collect())
            .collect();
        fields.resize(2, Vec::new());
        Trace {
            name: name.into(),
            time: time.parse().unwrap(),
            tie: None,
            position: position as u64,
            terms: terms.bytes().map(|b| 1 << (b - b'A')).sum(),
            fields,
        }
    };
    text.split_whitespace().enumerate().map(parse).collect()
}

/// Matches as text: events joined by a comma.
fn names(all: &[Match]) -> Vec<String> {
    all.iter().map(|m| m.1.join(",")).collect()
}

#[test]
fn examples_of_the_reference() {
    let abc = || vec![term(0, &[]), term(1, &[]), term(2, &[])];
    let leading = |most| {
        let terms = vec![missing(0, &[]), term(1, &[])];
        spec(terms, Some(most), None)
    };
    let both = |most| {
        let terms = vec![missing(0, &[]), term(1, &[]), missing(0, &[])];
        spec(terms, Some(most), None)
    };
    let pairs = |keys: &'static [KeyColumn]| spec(vec![term(0, keys), term(1, keys)], None, None);
    let runs = |keys: &'static [KeyColumn], until: Option<u8>| {
        let terms = vec![term(0, keys), term(1, keys), term(1, keys)];
        spec(terms, None, until.map(|bit| UntilSpec { bit, keys }))
    };
    let optional: &[KeyColumn] = &[OPTIONAL, SECOND];
    let required: &[KeyColumn] = &[KEY, SECOND];
    let ids = "11:A@1 12:A@2|/123 13:B@3|/123 14:B@4|/123 15:B@5|/123 16:B@6 17:B@6 \
               18:A@7|512/123 19:BC@8|512/123 20:BD@9|512/123 21:B@10|512/123 22:B@11|512/123";
    let minutes = "1:A@0 2:B@600001 3:A@1200001 4:B@1260001 5:B@1740001 6:B@1860001";
    let tags = "1:A@1|tag1,tag2 4:A@4|tag3,tag4 23:B@23|tag1,tag3,tag4";
    let items = "1:A@1|tag1,tag2 4:A@4|tag3,tag4/item1,item2,item3 23:B@23|tag1,tag3,tag4/item0,item1,item2";
    let nulls = "16:A@16|tag1,tag2 17:AB@17 19:B@19|tag1 20:B@20|tag2";
    let users = "1:A@1|r 2:A@2|r 3:B@3|u 4:B@4|r 5:B@5|r 6:A@6|u 7:A@7|r 8:B@8|u 9:C@9|r 10:C@10|u 11:C@11|r";
    let by = |keys: &'static [KeyColumn]| {
        spec(vec![term(0, keys), term(1, keys), term(2, keys)], None, None)
    };
    let table: Vec<(&str, SequenceSpec, &str, &[&str])> = vec![
        ("1", by(&[KEY]), users, &["2,4,9", "6,8,10"]),
        ("2a", spec(abc(), None, None), "1:A@1 2:B@2 3:A@3 4:C@4 5:B@5 6:C@6", &["1,2,4", "3,5,6"]),
        ("2b", spec(abc(), None, None), "1:A@1 2:B@2 3:A@3 4:B@4 5:C@5", &["3,4,5"]),
        ("2c", spec(abc(), None, None), "1:A@1 2:B@2 3:C@3 4:B@4", &["1,2,3"]),
        (
            "3",
            spec(vec![term(0, &[]), missing(1, &[]), term(0, &[])], Some(1000), None),
            "1:A@1 2:A@2 4:A@4",
            &["1,-,2", "2,-,4"],
        ),
        ("4", runs(optional, None), ids, &["12,13,14", "11,16,17", "18,19,20"]),
        ("4 required", runs(required, None), ids, &["18,19,20"]),
        ("4 until 20", runs(optional, Some(3)), ids, &["12,13,14", "11,16,17", "18,19,20"]),
        ("4 until 19", runs(optional, Some(2)), ids, &["12,13,14", "11,16,17"]),
        ("5 leading", leading(180_000), minutes, &["-,2", "-,5", "-,6"]),
        ("5 both 19m", both(1_140_000), minutes, &["-,2,-", "-,4,-", "-,5,-", "-,6,-"]),
        ("5 both 21m", both(1_260_000), minutes, &["-,4,-", "-,5,-", "-,6,-"]),
        (
            "6",
            spec(vec![term(0, &[]), term(0, &[]), missing(1, &[]), term(0, &[])], Some(1000), None),
            "1:A@0 2:A@1 3:B@2 4:A@3 5:A@4 6:B@5",
            &["2,4,-,5"],
        ),
        ("7", pairs(&[KEY]), tags, &["1,23", "4,23", "4,23"]),
        ("7 twice", pairs(&[KEY, SECOND]), items, &["4,23", "4,23", "4,23", "4,23"]),
        ("7 nulls", pairs(&[KEY]), nulls, &["16,19", "16,20"]),
        (
            "8 at the border",
            spec(vec![term(0, &[]), term(1, &[])], Some(5000), None),
            "1:A@0 2:B@5000 3:B@5000",
            &["1,2"],
        ),
        (
            "8 behind it",
            spec(vec![term(0, &[]), term(1, &[])], Some(5000), None),
            "1:A@0 2:B@5001 3:B@3000",
            &[],
        ),
    ];
    for (case, spec, events, expected) in table {
        let spec = leak(spec);
        let trace = trace(events);
        let (got, _) = run(spec, &trace, &whole(), None);
        if case != "8 behind it" {
            assert_eq!(names(&got), expected, "example {case}, whole");
        }
        let (mut got, _) = run(spec, &trace, &Settings::default(), None);
        got.sort_by_key(|m| expected.iter().position(|e| *e == m.1.join(",")));
        assert_eq!(names(&got), expected, "example {case}, stream");
    }
}

#[test]
fn series_of_elasticsearch() {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/conformance/eql/sequences.series-spec");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: {path} is not there");
        return;
    };
    let mut lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with("//"));
    let mut count = 0;
    while let Some(title) = lines.next() {
        let stages: Vec<&str> = lines.by_ref().take_while(|l| *l != ";").collect();
        let expected: Vec<&str> = lines.by_ref().take_while(|l| *l != ";").collect();
        let (spec, trace) = series(&stages);
        for settings in [whole(), Settings::default()] {
            let (got, _) = run(spec, &trace, &settings, None);
            let got: Vec<String> = got.iter().map(|m| m.1.join(" ")).collect();
            let expected: Vec<String> = expected
                .iter()
                .map(|e| e.split('|').next_back().unwrap_or_default().to_owned())
                .collect();
            assert_eq!(got, expected, "{title}");
        }
        count += 1;
    }
    assert_eq!(count, 25, "series in the file");
}

/// One term for each line; the number of an event is its time.
fn series(stages: &[&str]) -> (&'static SequenceSpec, Vec<Trace>) {
    let keyed = stages.iter().any(|s| s.contains('|'));
    let keys: &[KeyColumn] = if keyed { &[KEY] } else { &[] };
    let mut trace = Vec::new();
    for (bit, stage) in stages.iter().enumerate() {
        for word in stage.split_whitespace() {
            let (key, event) = word.split_once('|').unwrap_or(("", word));
            if !event.starts_with('X') {
                trace.push(Trace {
                    name: event.into(),
                    time: event[1..].parse().unwrap(),
                    tie: None,
                    position: 0,
                    terms: 1 << bit,
                    fields: vec![vec![key.to_owned()], Vec::new()],
                });
            }
        }
    }
    trace.sort_by_key(|e| e.time);
    (0..).zip(&mut trace).for_each(|(n, e)| e.position = n);
    let terms = (0..stages.len()).map(|bit| term(bit as u8, keys)).collect();
    (leak(spec(terms, None, None)), trace)
}

#[test]
fn limits_act_from_left_to_right() {
    for (limits, expected) in [
        (&[Limit::Head(2)][..], &["1,2", "3,4"][..]),
        (&[Limit::Tail(1)], &["5,6"]),
        (&[Limit::Tail(2), Limit::Head(1)], &["3,4"]),
        (&[Limit::Head(0)], &[]),
    ] {
        let pairs = spec(vec![term(0, &[]), term(1, &[])], None, None);
        let spec = leak(SequenceSpec { limits, ..pairs });
        let trace = trace("1:A@1 2:B@2 3:A@3 4:B@4 5:A@5 6:B@6");
        assert_eq!(names(&run(spec, &trace, &whole(), None).0), expected, "{limits:?}");
        assert_eq!(
            run(spec, &trace, &Settings::default(), None).0.len(),
            3,
            "a stream has no limits"
        );
    }
}

#[test]
fn a_join_that_fails_leaves_the_candidate() {
    fn same(captured: &[&[Value<'_>]], row: &[Value<'_>], _: &Cx<'_>) -> bool {
        matches!((captured[0], row), ([Value::Text(a)], [_, Value::Text(b), ..]) if a == b)
    }
    let first = TermSpec { captured: &[1], ..term(0, &[]) };
    let second = TermSpec { join: Some(same), ..term(1, &[]) };
    let spec = leak(spec(vec![first, second], None, None));
    let trace = trace("1:A@1|/x 2:B@2|/y 3:B@3|/x 4:B@4|/x");
    for stop in [None, Some(2)] {
        let (got, _) = run(spec, &trace, &Settings::default(), stop);
        assert_eq!(names(&got), ["1,3"]);
    }
}

#[test]
fn the_tiebreaker_orders_events_of_one_time() {
    let pair = spec(vec![term(0, &[]), term(1, &[])], None, None);
    let spec = leak(SequenceSpec { tiebreaker: Some(2), ..pair });
    let mut trace = trace("2:B@5 1:A@5 4:A@6 3:B@6");
    for (event, tie) in trace.iter_mut().zip([Some(20), Some(3), None, Some(i64::MAX)]) {
        event.tie = tie;
    }
    for settings in [whole(), Settings::default()] {
        assert_eq!(names(&run(spec, &trace, &settings, None).0), ["1,2"]);
    }
}

#[test]
fn late_events_are_counted() {
    let spec = leak(spec(vec![term(0, &[]), term(1, &[])], None, None));
    let settings = Settings { lateness: 5, ..Settings::default() };
    let (got, trial) = run(spec, &trace("1:A@10 2:B@20 3:A@15 4:A@14 5:B@16"), &settings, None);
    assert_eq!(names(&got), ["3,5"], "2 was taken by nobody: 3 and 5 came before it in order");
    assert_eq!(trial.losses.late, 1);
}

#[test]
fn memory_is_bounded_and_what_goes_is_counted() {
    let spec = leak(spec(vec![term(0, &[KEY]), term(1, &[KEY])], Some(1_000_000), None));
    let settings = Settings { rule_memory: Some(20_000), ..Settings::default() };
    let mut machine = Machine::new(spec);
    let mut trial = Trial::new(settings);
    for n in 0..10_000 {
        feed(&mut machine, &trace(&format!("{n}:A@{}|k{n}", n * 50))[0], &mut trial);
        assert!(machine.keys.held() <= 20_000);
    }
    assert_eq!(trial.losses.evicted as usize + machine.keys(), 10_000);
    assert!(machine.keys() > 20, "the newest stay: {}", machine.keys());
}

/// Descriptors of up to four terms with keys, missing terms and until.
fn any_spec() -> impl Strategy<Value = SequenceSpec> {
    let keys = prop::sample::select(vec![
        &[][..],
        &[KEY][..],
        &[OPTIONAL][..],
        &[KEY, SECOND][..],
        &[OPTIONAL, SECOND][..],
    ]);
    let swapped = |keys: &'static [KeyColumn]| -> &'static [KeyColumn] {
        if keys == [KEY] { &[KeyColumn { position: 1, optional: false }] } else { keys }
    };
    let any_term = (0..4u8, prop::bool::weighted(0.3), prop::bool::weighted(0.2));
    let terms = prop::collection::vec(any_term, 1..5);
    let maxspan = prop::option::weighted(0.7, 0..12i64);
    let until = prop::option::weighted(0.4, 0..4u8);
    (keys, terms, maxspan, until, any::<bool>()).prop_map(
        move |(keys, terms, maxspan, until, tiebreaker)| {
            let mut terms: Vec<TermSpec> = terms
                .into_iter()
                .map(|(bit, missing, other)| TermSpec {
                    missing,
                    ..term(bit, if other { swapped(keys) } else { keys })
                })
                .collect();
            if terms.iter().all(|t| t.missing) {
                terms[0].missing = false;
            }
            let maxspan = maxspan.or(terms.iter().any(|t| t.missing).then_some(6));
            let until = until.map(|bit| UntilSpec { bit, keys });
            let tiebreaker = tiebreaker.then_some(2);
            SequenceSpec { tiebreaker, ..spec(terms, maxspan, until) }
        },
    )
}

/// Events in a random order that is at most `lateness` off.
fn any_trace(lateness: i64) -> impl Strategy<Value = Vec<Trace>> {
    let field = || prop::collection::vec("[ab]", 0..3);
    let event = (0..5i64, 0..16u64, [field(), field()], prop::option::of(0..3i64), 0..=lateness);
    prop::collection::vec(event, 0..40).prop_map(|all| {
        let mut time = 0;
        let mut events: Vec<(i64, Trace)> = Vec::new();
        for (n, (step, terms, fields, tie, delay)) in all.into_iter().enumerate() {
            time += step / 2;
            let name = n.to_string();
            let fields = fields.into();
            events.push((time + delay, Trace { name, time, tie, position: 0, terms, fields }));
        }
        events.sort_by_key(|e| e.0);
        let mut trace: Vec<Trace> = events.into_iter().map(|e| e.1).collect();
        (0..).zip(&mut trace).for_each(|(n, e)| e.position = n);
        trace
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn equals_the_batch_formulation(
        spec in any_spec(),
        (lateness, trace) in (0..4i64).prop_flat_map(|l| (Just(l), any_trace(l))),
        stop in 0..40usize,
    ) {
        let spec = leak(spec);
        let trace: Vec<Trace> = trace
            .into_iter()
            .map(|mut e| { if spec.tiebreaker.is_none() { e.tie = None; } e })
            .collect();
        let expected = matches(spec, &trace);
        let (got, trial) = run(spec, &trace, &whole(), Some(stop));
        prop_assert_eq!(&got, &expected);
        prop_assert_eq!(trial.losses.late, 0);
        let settings = Settings { lateness, ..Settings::default() };
        let (mut got, trial) = run(spec, &trace, &settings, Some(stop));
        let (unbroken, _) = run(spec, &trace, &settings, None);
        prop_assert_eq!(&got, &unbroken);
        prop_assert_eq!(trial.losses.late, 0);
        let waits = spec.terms.last().is_some_and(|t| t.missing);
        if waits {
            let mut expected = expected;
            expected.sort();
            got.sort();
            prop_assert_eq!(&got, &expected);
        } else {
            prop_assert_eq!(&got, &expected);
        }
    }

    #[test]
    fn damaged_states_are_refused_or_read(
        trace in any_trace(3),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let terms = vec![missing(2, &[KEY]), term(0, &[KEY]), missing(3, &[KEY]), term(1, &[KEY]), missing(2, &[KEY])];
        let spec = leak(spec(terms, Some(6), None));
        let mut machine = Machine::new(spec);
        let mut trial = Trial::new(Settings { lateness: 3, ..Settings::default() });
        for event in &trace {
            feed(&mut machine, event, &mut trial);
        }
        let mut bytes = Vec::new();
        machine.encode(&mut bytes);
        for (at, byte) in damage {
            *at.get_mut(&mut bytes) = byte;
        }
        let mut copy = Machine::new(spec);
        if copy.decode(&mut Reader::new(&bytes)).is_ok() {
            for event in &trace {
                feed(&mut copy, event, &mut trial);
            }
            copy.finish(&mut trial.env());
        }
    }
}
