//! What general JSON crates need for the twelve fields of the first rule, beside the
//! projector, over a file of events in memory: all ways in turn, medians of nine rounds,
//! times as multiples of the projector's.

use bumpalo::Bump;
use detect_runtime::event::FieldId;
use detect_runtime::json::layout::{FieldSpec, Flags, Layout, build};
use detect_runtime::json::projector::Projector;
use serde::Deserialize;
use serde::de::{self, SeqAccess, Visitor};
use sonic_rs::{JsonValueTrait, PointerTree};
use std::borrow::Cow;
use std::fmt;
use std::hint::black_box;
use std::marker::PhantomData;
use std::time::Instant;

const ROUNDS: usize = 9;

const RULE: [&str; 12] = [
    "@timestamp",
    "_id",
    "_index",
    "agent.id",
    "event.action",
    "event.type",
    "host.name",
    "host.os.type",
    "process.executable",
    "process.name",
    "process.parent.executable",
    "process.parent.name",
];

/// An event as these crates like it best: exactly the fields, nested, borrowed.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "@timestamp")]
    timestamp: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "_id")]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "_index")]
    index: Option<Cow<'a, str>>,
    #[serde(borrow)]
    agent: Option<Agent<'a>>,
    #[serde(borrow)]
    event: Option<Kind<'a>>,
    #[serde(borrow)]
    host: Option<Host<'a>>,
    #[serde(borrow)]
    process: Option<Process<'a>>,
}

#[derive(Deserialize)]
struct Agent<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow)]
    action: Option<Texts<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Texts<'a>>,
}

#[derive(Deserialize)]
struct Host<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    os: Option<Os<'a>>,
}

#[derive(Deserialize)]
struct Os<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Process<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    executable: Option<Cow<'a, str>>,
    #[serde(borrow)]
    parent: Option<Parent<'a>>,
}

#[derive(Deserialize)]
struct Parent<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    executable: Option<Cow<'a, str>>,
}

/// One text or several: the last, and how many.
struct Texts<'a>(Cow<'a, str>, u64);

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: de::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(OneOrMore(PhantomData))
    }
}

struct OneOrMore<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for OneOrMore<'a> {
    type Value = Texts<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or several")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Texts<'a>, E> {
        Ok(Texts(Cow::Borrowed(text), 1))
    }

    fn visit_str<E>(self, text: &str) -> Result<Texts<'a>, E> {
        Ok(Texts(Cow::Owned(text.to_owned()), 1))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Texts<'a>, A::Error> {
        let mut texts = Texts(Cow::Borrowed(""), 0);
        while let Some(Texts(text, _)) = all.next_element::<Texts<'a>>()? {
            texts = Texts(text, texts.1 + 1);
        }
        Ok(texts)
    }
}

impl Event<'_> {
    /// How many values it has.
    fn values(&self) -> u64 {
        let one = |text: &Option<Cow<'_, str>>| u64::from(black_box(text).is_some());
        let texts = |all: &Option<Texts<'_>>| all.as_ref().map_or(0, |all| black_box(all).1);
        let parent = |parent: &Parent<'_>| one(&parent.name) + one(&parent.executable);
        let process = self.process.as_ref().map_or(0, |process| {
            let above = process.parent.as_ref().map_or(0, parent);
            one(&process.name) + one(&process.executable) + above
        });
        let host = self
            .host
            .as_ref()
            .map_or(0, |host| one(&host.name) + host.os.as_ref().map_or(0, |os| one(&os.kind)));
        let event =
            self.event.as_ref().map_or(0, |event| texts(&event.action) + texts(&event.kind));
        let agent = self.agent.as_ref().map_or(0, |agent| one(&agent.id));
        one(&self.timestamp) + one(&self.id) + one(&self.index) + agent + event + host + process
    }
}

/// The fields' names as steps.
fn paths() -> Vec<Vec<&'static str>> {
    let steps = |path: &&'static str| match path.starts_with(['_', '@']) {
        true => vec![*path],
        false => path.split('.').collect(),
    };
    RULE.iter().map(steps).collect()
}

/// A way to the fields: how many values it finds in all lines.
type Way<'w> = (&'static str, Box<dyn FnMut() -> u64 + 'w>);

fn ours<'w>(lines: &'w [&'w [u8]], table: &'w [u8]) -> Way<'w> {
    let mut projector = Projector::new(Layout::new(table).expect("the table is ours"));
    let mut arena = Bump::new();
    let mut count = move || {
        let mut found = 0;
        for line in lines {
            arena.reset();
            let event = projector.project(line, &arena).expect("a good event");
            let fields = 0..RULE.len() as FieldId;
            found += fields.map(|field| event.values(field).count() as u64).sum::<u64>();
        }
        found
    };
    ("the projector", Box::new(move || count()))
}

/// All lines through a function of one.
fn each<'w>(
    lines: &'w [&'w [u8]],
    mut of: impl FnMut(&'w [u8]) -> u64 + 'w,
) -> Box<dyn FnMut() -> u64 + 'w> {
    Box::new(move || lines.iter().map(|line| of(line)).sum())
}

fn serde<'w>(lines: &'w [&'w [u8]], paths: &'w [Vec<&'static str>]) -> [Way<'w>; 2] {
    let value = each(lines, |line| {
        let event: serde_json::Value = serde_json::from_slice(line).expect("JSON");
        let count = |path: &Vec<&str>| {
            let found = path.iter().try_fold(&event, |at, step| at.get(step));
            found.map_or(0, |found| found.as_array().map_or(1, |all| all.len() as u64))
        };
        paths.iter().map(count).sum()
    });
    let typed =
        each(lines, |line| serde_json::from_slice::<Event<'_>>(line).expect("JSON").values());
    [("serde_json, Value", value), ("serde_json, struct", typed)]
}

/// This crate writes into the line, so each is copied first.
fn simd<'w>(lines: &'w [&'w [u8]], paths: &'w [Vec<&'static str>]) -> [Way<'w>; 2] {
    use simd_json::prelude::*;
    let (mut copy, mut buffers) = (Vec::new(), simd_json::Buffers::new(1 << 16));
    let value = each(lines, move |line| {
        copy.clear();
        copy.extend_from_slice(line);
        let event = simd_json::to_borrowed_value_with_buffers(&mut copy, &mut buffers);
        let event = event.expect("JSON");
        let count = |path: &Vec<&str>| {
            let found = path.iter().try_fold(&event, |at, step| at.get(*step));
            found.map_or(0, |found| found.as_array().map_or(1, |all| all.len() as u64))
        };
        paths.iter().map(count).sum()
    });
    let (mut copy, mut buffers) = (Vec::new(), simd_json::Buffers::new(1 << 16));
    let typed = each(lines, move |line| {
        copy.clear();
        copy.extend_from_slice(line);
        let event = simd_json::serde::from_slice_with_buffers(&mut copy, &mut buffers);
        let event: Event<'_> = event.expect("JSON");
        event.values()
    });
    [("simd-json, borrowed value", value), ("simd-json, struct", typed)]
}

fn sonic<'w>(lines: &'w [&'w [u8]], tree: &'w PointerTree) -> [Way<'w>; 2] {
    let typed = each(lines, |line| sonic_rs::from_slice::<Event<'_>>(line).expect("JSON").values());
    let lazy = each(lines, |line| {
        let all = sonic_rs::get_many(line, tree).expect("JSON");
        let count = |value: &sonic_rs::LazyValue<'_>| match value.is_array() {
            true => sonic_rs::to_array_iter(value.as_raw_str()).count() as u64,
            false => black_box(value.as_str()).map_or(0, |_| 1),
        };
        all.iter().flatten().map(count).sum()
    });
    [("sonic-rs, struct", typed), ("sonic-rs, get_many", lazy)]
}

fn main() {
    let path = std::env::args().nth(1).expect("a file of events");
    let bytes = std::fs::read(&path).expect("a file that can be read");
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').filter(|l| !l.is_empty()).collect();
    println!("{path}: {} events, {} bytes", lines.len(), bytes.len());
    let spec = |path: &&str| FieldSpec { path: (*path).to_owned(), flags: Flags::NONE };
    let table = build(&RULE.iter().map(spec).collect::<Vec<_>>()).expect("the paths are good");
    let paths = paths();
    let mut tree = PointerTree::new();
    paths.iter().for_each(|path| tree.add_path(path.iter()));
    let mut ways = vec![ours(&lines, &table)];
    ways.extend(serde(&lines, &paths));
    ways.extend(simd(&lines, &paths));
    ways.extend(sonic(&lines, &tree));
    let mut rows: Vec<(Vec<f64>, u64)> = vec![(Vec::new(), 0); ways.len()];
    for _ in 0..ROUNDS {
        for ((_, way), (times, found)) in ways.iter_mut().zip(&mut rows) {
            let begun = Instant::now();
            *found = way();
            times.push(begun.elapsed().as_secs_f64());
        }
    }
    rows.iter_mut().for_each(|(times, _)| times.sort_by(f64::total_cmp));
    let median = |times: &[f64]| times[ROUNDS / 2];
    for ((name, _), (times, found)) in ways.iter().zip(&rows) {
        let rate = bytes.len() as f64 / median(times) / 1e9;
        let ratio = median(times) / median(&rows[0].0);
        println!("{name:28} {rate:6.2} GB/s {ratio:6.1} times as long, {found} values");
    }
}
