//! Cost of the stateful heads: time per event and bytes per key.
//!
//! Each case fills a head with so many keys first and prints what one of them
//! holds, the event's own line left out (`Head::memory` counts lines too).

use bumpalo::Bump;
use core::hint::black_box;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use detect_runtime::head::{Draft, Env, Head, Hit, Lent, Losses, Settings};
use detect_runtime::indicator::{Builder, EntrySpec, Matcher, ThreatSpec};
use detect_runtime::key::KeyColumn;
use detect_runtime::sequence::{Machine, SequenceSpec, TermSpec};
use detect_runtime::terms::{NewTerms, NewTermsSpec};
use detect_runtime::threshold::{Counter, ThresholdSpec};
use detect_runtime::value::{Type, Value, Warnings};
use std::sync::Arc;

const KEY: &[KeyColumn] = &[KeyColumn { position: 0, optional: false }];

const fn term(bit: u8) -> TermSpec {
    TermSpec { bit, keys: KEY, missing: false, join: None, captured: &[] }
}

static SEQUENCE: SequenceSpec = SequenceSpec {
    terms: &[term(0), term(1)],
    until: None,
    maxspan: Some(60_000_000),
    lookback: 540_000,
    delayed: false,
    tiebreaker: None,
    limits: &[],
};

static NEW_TERMS: NewTermsSpec = NewTermsSpec { fields: 2, history: 7 * 86_400_000 };

static THRESHOLD: ThresholdSpec = ThresholdSpec {
    fields: 1,
    value: u64::MAX,
    cardinality: None,
    interval: 300_000,
    lookback: 540_000,
};

static THREAT: ThreatSpec = ThreatSpec {
    mapping: &[&[EntrySpec {
        position: 0,
        field: "file.hash.sha256",
        ty: Type::Keyword,
        indicator: "threat.indicator.file.hash.sha256",
        negate: false,
    }]],
    indices: &[],
    filter: &[],
};

/// A head with its surroundings.
struct Bench {
    head: Box<dyn Head>,
    arena: Bump,
    settings: Settings,
    drafts: Vec<Draft>,
    losses: Losses,
    warnings: Warnings,
    time: i64,
    position: u64,
}

impl Bench {
    fn new(head: impl Head + 'static) -> Bench {
        Bench {
            head: Box::new(head),
            arena: Bump::new(),
            settings: Settings { history_complete: true, ..Settings::default() },
            drafts: Vec::new(),
            losses: Losses::default(),
            warnings: Warnings::default(),
            time: 0,
            position: 0,
        }
    }

    /// One event, a thousand of which share a millisecond.
    fn feed(&mut self, terms: u64, row: &[Value<'_>]) {
        self.position += 1;
        self.time = (self.position / 1000) as i64;
        let lent = Lent::new(b"{}", "");
        let hit = Hit {
            time: self.time,
            order: self.time * 1_000_000,
            position: self.position,
            row,
            terms,
            lineages: 0,
            source: Some(&lent),
        };
        let mut env = Env {
            arena: &self.arena,
            settings: &self.settings,
            drafts: &mut self.drafts,
            losses: &mut self.losses,
            warnings: &self.warnings,
        };
        self.head.hit(&hit, &mut env);
        self.arena.reset();
        if self.drafts.len() > 1000 {
            self.drafts.clear();
        }
    }

    fn report(&self, what: &str, keys: u64) {
        let bytes = self.head.memory() as f64 / keys as f64;
        println!("{what}: {bytes:.1} bytes each with {keys}");
    }
}

/// A key text as host ids and entity ids look, by number.
fn id(number: u64) -> String {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{mixed:016x}-{number:08x}")
}

fn sequence(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sequence");
    for keys in [1_000u64, 100_000, 1_000_000] {
        let mut bench = Bench::new(Machine::new(&SEQUENCE));
        for n in 0..keys {
            bench.feed(1, &[Value::Text(&id(n))]);
        }
        bench.report("sequence, a key with a pending sequence", keys);
        group.throughput(Throughput::Elements(1));
        let mut n = 0u64;
        let mut next = move || {
            n = n.wrapping_add(1);
            id(n.wrapping_mul(0x9e37_79b9) % keys)
        };
        group.bench_function(BenchmarkId::new("begin again", keys), |b| {
            b.iter_batched(
                &mut next,
                |key| bench.feed(1, &[Value::Text(&key)]),
                BatchSize::SmallInput,
            );
        });
        group.throughput(Throughput::Elements(2));
        group.bench_function(BenchmarkId::new("begin and complete", keys), |b| {
            b.iter_batched(
                &mut next,
                |key| {
                    bench.feed(1, &[Value::Text(&key)]);
                    bench.feed(2, &[Value::Text(&key)]);
                },
                BatchSize::SmallInput,
            );
        });
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("nothing waits", keys), |b| {
            b.iter(|| bench.feed(2, &[Value::Text("unknown")]));
        });
    }
    group.finish();
}

fn new_terms(criterion: &mut Criterion) {
    const TERMS: u64 = 10_000_000;
    let mut bench = Bench::new(NewTerms::new(&NEW_TERMS));
    for n in 0..TERMS {
        bench.feed(0, &[Value::Long(n as i64), Value::Text("host")]);
    }
    bench.report("new_terms, a combination of two fields", TERMS);
    let mut group = criterion.benchmark_group("new_terms");
    group.throughput(Throughput::Elements(1));
    let mut n = 0u64;
    group.bench_function(BenchmarkId::new("known", TERMS), |b| {
        b.iter(|| {
            n = n.wrapping_add(0x9e37_79b9) % TERMS;
            bench.feed(0, &[Value::Long(n as i64), Value::Text("host")]);
        });
    });
    let mut n = TERMS;
    group.bench_function(BenchmarkId::new("new", TERMS), |b| {
        b.iter(|| {
            n += 1;
            bench.feed(0, &[Value::Long(n as i64), Value::Text("host")]);
        });
    });
    group.finish();
}

fn threat_match(criterion: &mut Criterion) {
    const INDICATORS: u64 = 1_000_000;
    let mut builder = Builder::new(&THREAT);
    let started = std::time::Instant::now();
    for n in 0..INDICATORS {
        let line = format!(
            r#"{{"@timestamp":"2026-01-01T00:00:00Z","threat":{{"indicator":{{"file":{{"hash":{{"sha256":"{}"}}}},"type":"file"}}}}}}"#,
            id(n)
        );
        black_box(builder.line(line.as_bytes(), &mut |_| true)).ok();
    }
    let set = Arc::new(builder.finish());
    println!("threat_match: {INDICATORS} indicators read in {:.2?}", started.elapsed());
    let mut bench = Bench::new(Matcher::new(&THREAT));
    bench.head.replace_indicators(&set);
    bench.report("threat_match, an indicator with its document", INDICATORS);
    let mut group = criterion.benchmark_group("threat_match");
    group.throughput(Throughput::Elements(1));
    let mut n = 0u64;
    group.bench_function(BenchmarkId::new("miss", INDICATORS), |b| {
        b.iter_batched(
            || {
                n += 1;
                id(INDICATORS + n)
            },
            |hash| bench.feed(0, &[Value::Text(&hash)]),
            BatchSize::SmallInput,
        );
    });
    group.bench_function(BenchmarkId::new("match", INDICATORS), |b| {
        b.iter_batched(
            || {
                n = n.wrapping_add(0x9e37_79b9) % INDICATORS;
                id(n)
            },
            |hash| bench.feed(0, &[Value::Text(&hash)]),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn threshold(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("threshold");
    group.throughput(Throughput::Elements(1));
    for keys in [1_000u64, 100_000, 1_000_000] {
        let mut bench = Bench::new(Counter::new(&THRESHOLD));
        for n in 0..keys {
            bench.feed(0, &[Value::Text(&id(n))]);
        }
        bench.report("threshold, a bucket", keys);
        let mut n = 0u64;
        group.bench_function(BenchmarkId::new("count", keys), |b| {
            b.iter_batched(
                || {
                    n = n.wrapping_add(1);
                    id(n.wrapping_mul(0x9e37_79b9) % keys)
                },
                |key| bench.feed(0, &[Value::Text(&key)]),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = heads;
    config = Criterion::default().sample_size(20).measurement_time(core::time::Duration::from_secs(2));
    targets = sequence, new_terms, threat_match, threshold
}
criterion_main!(heads);
