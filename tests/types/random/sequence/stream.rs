//! Random streams of events that are alike enough to make sequences.

use super::super::tree::{ADDRESSES, FIELDS, Scalar};
use super::super::{Event as Fields, Said};
use super::draw::ACTIONS;
use proptest::prelude::*;
use proptest::sample::select;

/// An event in its place of a stream.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) fields: Fields,
    /// Number in order of arrival.
    pub(super) number: usize,
    /// `@timestamp` in milliseconds since the stream's beginning.
    pub(super) time: i64,
    /// When it comes, likewise.
    pub(super) arrives: i64,
    /// Whether that is its `event.ingested`; else it has none.
    pub(super) says_so: bool,
    /// `event.sequence`.
    pub(super) tie: Option<i64>,
}

/// Milliseconds at which streams begin: 2026-01-01.
const START: i64 = 1_767_225_600_000;

/// Events in order of arrival, each at most so many milliseconds behind the latest.
pub(super) fn arrivals(delay: i64) -> impl Strategy<Value = Vec<Event>> {
    let steps = prop_oneof![
        3 => Just(0),
        8 => (0..3i64).prop_map(|n| n * 500),
        1 => Just(1),
        1 => (3..12i64).prop_map(|n| n * 1_000),
    ];
    let delay = prop_oneof![2 => Just(0), 1 => 0..=delay];
    let says_so = prop::bool::weighted(0.8);
    let event = (steps, fields(), prop::option::weighted(0.6, 0..3i64), delay, says_so);
    prop::collection::vec(event, 0..40).prop_map(|all| {
        let mut now = 0;
        let mut events = Vec::with_capacity(all.len());
        for (step, fields, tie, delay, says_so) in all {
            now += step;
            let arrives = now + delay;
            events.push(Event { fields, number: 0, time: now, arrives, says_so, tie });
        }
        events.sort_by_key(|event| event.arrives);
        let arrived = events.into_iter().enumerate();
        arrived.map(|(number, event)| Event { number, ..event }).collect()
    })
}

fn fields() -> impl Strategy<Value = Fields> {
    let said = FIELDS.map(|(field, _)| said(field));
    let dotted = prop::collection::vec(any::<bool>(), FIELDS.len());
    (said.to_vec(), dotted).prop_map(|(said, dotted)| Fields { said, dotted, host: 0, seconds: 0 })
}

fn said(field: &str) -> BoxedStrategy<Said> {
    let scalar = match field {
        "process.name" => select(&ACTIONS[..]).prop_map(Scalar::Text).boxed(),
        "process.pid" | "process.exit_code" => (0..2i64).prop_map(Scalar::Number).boxed(),
        "destination.ip" => select(&ADDRESSES[..2]).prop_map(Scalar::Text).boxed(),
        "process.code_signature.trusted" => any::<bool>().prop_map(Scalar::Boolean).boxed(),
        _ => select(&["x", "y"][..]).prop_map(Scalar::Text).boxed(),
    };
    let many = prop::collection::vec(prop::option::weighted(0.8, scalar.clone()), 0..4);
    let (one, rest) = if field == "process.name" { (16, 1) } else { (4, 1) };
    prop_oneof![
        rest => Just(Said::Nothing),
        rest => Just(Said::Null),
        one => scalar.prop_map(Said::One),
        rest => many.prop_map(Said::Many),
    ]
    .boxed()
}

/// The events as documents.
pub(super) fn lines(events: &[Event]) -> Vec<String> {
    let line = |event: &Event| {
        let mut json = event.fields.json(event.number);
        json["@timestamp"] = (START + event.time).into();
        if event.says_so {
            json["event"]["ingested"] = (START + event.arrives).into();
        }
        if let Some(tie) = event.tie {
            json["event"]["sequence"] = tie.into();
        }
        json.to_string()
    };
    events.iter().map(line).collect()
}
