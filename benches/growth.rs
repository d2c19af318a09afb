//! Worst cases: inputs made to cost much, each at sizes that grow four times a step.
//! Linear work takes four times as long; the ratio of the last two steps is printed
//! beside criterion's figures, as the median of several passes.
//!
//! The rules (`benches/growth`) are such that each input reaches what it is meant
//! for: chains of wildcards, regular expressions, analysed text, rows of elements,
//! keys of groups and sequences.

use core::hint::black_box;
use criterion::{BatchSize, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use detect::runtime::engine::{Alert, Engine, Options, Sink};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

#[detect::ruleset(path = "benches/growth", allow = ["unbounded_group", "array_comparison"])]
struct Rules;

/// Elements or bytes of the smallest input of each kind, by what it grows in.
const ELEMENTS: usize = 6_250;
const BYTES: usize = 65_536;
/// How much a step grows, and how many there are: 100,000 elements, 1 MiB.
const STEP: usize = 4;
const STEPS: u32 = 3;

/// A kind of input: its name, its smallest size, the lines of a size.
type Kind = (&'static str, usize, fn(usize) -> String);

const KINDS: &[Kind] = &[
    ("a long value, no wildcard chain ends in it", BYTES, |n| with("command_line", &text("a", n))),
    ("a long value of many words", BYTES, |n| {
        event(&format!(r#","message":{}"#, text("alpha gamma ", n / 12)))
    }),
    ("an array of texts", ELEMENTS, |n| with("args", &array(n, |i| format!("\"aaaa{i}\"")))),
    ("an array of equal texts", ELEMENTS, |n| with("args", &array(n, |_| "\"aaaa\"".to_owned()))),
    ("an array in an array of objects", ELEMENTS, |n| {
        event(&format!(
            r#","process":[{}]"#,
            array(n, |i| format!(r#"{{"args":["a{i}"]}}"#)).trim_matches(['[', ']'])
        ))
    }),
    ("escapes", ELEMENTS, |n| with("command_line", &text("\\u0061", n))),
    ("escaped names", ELEMENTS, |n| {
        event(&(0..n).fold(String::new(), |mut all, i| {
            let _ = write!(all, r#","\u0070rocess.x{i}":1"#);
            all
        }))
    }),
    ("names that no rule reads", ELEMENTS, |n| {
        event(&(0..n).fold(String::new(), |mut all, i| {
            let _ = write!(all, r#","process.name{i}":"a""#);
            all
        }))
    }),
    ("one name again and again", ELEMENTS, |n| event(&r#","process.args":"a""#.repeat(n))),
    ("groups and pending keys, an event each", ELEMENTS, |n| {
        (0..n).fold(String::new(), |mut all, i| {
            all.push_str(&with(
                "entity_id",
                &format!("\"e{i}\",\"args\":\"g{i}\",\"command_line\":\"w {i}\""),
            ));
            all
        })
    }),
];

fn text(piece: &str, times: usize) -> String {
    format!("\"{}\"", piece.repeat(times))
}

fn array(elements: usize, element: impl Fn(usize) -> String) -> String {
    let all: Vec<String> = (0..elements).map(element).collect();
    format!("[{}]", all.join(","))
}

/// A line with a field of the process.
fn with(field: &str, value: &str) -> String {
    event(&format!(r#","process":{{"{field}":{value}}}"#))
}

fn event(more: &str) -> String {
    format!(
        r#"{{"@timestamp":"2026-11-24T00:00:00Z","event":{{"category":"process","kind":"event","type":"start"}},"host":{{"id":"h"}}{more}}}"#
    ) + "\n"
}

struct Nobody;

impl Sink for Nobody {
    fn alert(&mut self, alert: &Alert<'_>) {
        black_box(alert.json);
    }
}

fn engine() -> Engine<Rules> {
    Engine::new(Options::default()).expect("a table of this version")
}

/// Takes the lines as far as the heads.
fn run(mut engine: Engine<Rules>, lines: &str) -> Engine<Rules> {
    engine.feed(lines.as_bytes(), &mut Nobody);
    engine
}

/// Median time of a pass.
fn median(lines: &str) -> Duration {
    let mut times: Vec<Duration> = (0..7)
        .map(|_| {
            let engine = engine();
            let start = Instant::now();
            black_box(run(engine, lines));
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

fn growth(criterion: &mut Criterion) {
    for (name, smallest, lines) in KINDS {
        let mut group = criterion.benchmark_group(format!("growth: {name}"));
        group.sampling_mode(SamplingMode::Flat).sample_size(10);
        let mut last = Vec::new();
        for step in 0..STEPS {
            let size = smallest * STEP.pow(step);
            let input = lines(size);
            let counts = run(engine(), &input);
            let read = counts.counts().events;
            assert!(read > 0, "{name} of size {size} is read");
            group.throughput(Throughput::Bytes(input.len() as u64));
            group.bench_function(size.to_string(), |bencher| {
                bencher.iter_batched(engine, |engine| run(engine, &input), BatchSize::PerIteration);
            });
            last.push((input.len(), median(&input)));
        }
        group.finish();
        if let [.., (few, before), (many, after)] = last.as_slice() {
            let per_byte = |bytes: &usize, time: &Duration| time.as_nanos() as f64 / *bytes as f64;
            println!(
                "growth: {name}: {:.2} ns a byte, {:.2} times that of a quarter of the size",
                per_byte(many, after),
                per_byte(many, after) / per_byte(few, before)
            );
        }
    }
}

criterion_group!(benches, growth);
criterion_main!(benches);
