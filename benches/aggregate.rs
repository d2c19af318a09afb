//! Cost of aggregates and windows: time an update and bytes a group for each kind,
//! hits into panes, ticks over many groups. Throughput is of values, or of hits
//! with the bytes of their rows; over a whole stream: `aggregate only` in `benches/scan.rs`.

use bumpalo::Bump;
use core::hint::black_box;
use core::time::Duration;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use detect_runtime::aggregate::{
    self, Absent, Aggregate, Avg, Centroid, Count, CountDistinct, Extent, First, Last, Max, Median,
    MedianAbsoluteDeviation, Min, Percentile, Present, Sample, StdDev, Sum, Top, Values, Variance,
    WeightedAvg,
};
use detect_runtime::head::{Draft, Env, Head, Hit, Losses, Settings};
use detect_runtime::table::{OutputColumn, Program, Resources, Stage, StatsSpec, run_all};
use detect_runtime::value::{Cx, Point, Type, Value, Warnings};
use detect_runtime::window::{self, Schedule};
use std::sync::Arc;

/// One update of a state that has seen 16 different values, which is also what the
/// printed bytes are of.
fn kind<A: Aggregate>(
    criterion: &mut Criterion,
    name: &str,
    parameters: &[Value<'static>],
    value: fn(i64) -> Value<'static>,
) {
    let (mut arena, warnings) = (Bump::new(), Warnings::default());
    let mut state = A::default();
    let values: Vec<Vec<Value<'static>>> =
        (0..16).map(|n| [&[value(n)], parameters].concat()).collect();
    {
        let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
        values.iter().for_each(|args| state.update(args, &cx));
    }
    let mut encoded = Vec::new();
    state.encode(&mut encoded);
    println!(
        "{name}: {} bytes open, {} bytes at rest",
        size_of::<A>() + state.heap(),
        encoded.len()
    );
    let mut group = criterion.benchmark_group("update");
    // Values of 16 updates, as they are handed in.
    let bytes: usize = values.iter().filter_map(|args| args.first()).map(size).sum();
    group.throughput(Throughput::ElementsAndBytes { elements: 1, bytes: (bytes / 16) as u64 });
    let mut next = values.iter().cycle();
    group.bench_function(name, |b| {
        arena.reset();
        let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
        b.iter(|| {
            if let Some(args) = next.next() {
                state.update(black_box(args), &cx);
            }
        });
    });
    group.finish();
}

/// Bytes of a value without its tag.
fn size(value: &Value<'_>) -> usize {
    match value {
        Value::Text(text) => text.len(),
        _ => size_of::<i64>(),
    }
}

/// A hit of [`Bench::feed`]: its key and a number.
fn one_hit() -> Throughput {
    let bytes = name(0).len() + size_of::<i64>();
    Throughput::ElementsAndBytes { elements: 1, bytes: bytes as u64 }
}

const TEXTS: [&str; 16] = [
    "4dd85ce3-d7db-484c-a73a-202d5bbc6d90",
    "4dd85ce3-d7db-484c-a73a-202d5bbc6d91",
    "4dd85ce3-d7db-484c-a73a-202d5bbc6d92",
    "4dd85ce3-d7db-484c-a73a-202d5bbc6d93",
    "4dd85ce3-d7db-484c-a73a-202d5bbc6d94",
    "4dd85ce3-d7db-484c-a73a-202d5bbc6d95",
    "4dd85ce3-d7db-484c-a73a-202d5bbc6d96",
    "4dd85ce3-d7db-484c-a73a-202d5bbc6d97",
    "4dd85ce3-d7db-484c-a73a-202d5bbc6d98",
    "4dd85ce3-d7db-484c-a73a-202d5bbc6d99",
    "4dd85ce3-d7db-484c-a73a-202d5bbc6d9a",
    "4dd85ce3-d7db-484c-a73a-202d5bbc6d9b",
    "4dd85ce3-d7db-484c-a73a-202d5bbc6d9c",
    "4dd85ce3-d7db-484c-a73a-202d5bbc6d9d",
    "4dd85ce3-d7db-484c-a73a-202d5bbc6d9e",
    "4dd85ce3-d7db-484c-a73a-202d5bbc6d9f",
];

fn text(n: i64) -> Value<'static> {
    Value::Text(TEXTS[n as usize % TEXTS.len()])
}

fn long(n: i64) -> Value<'static> {
    Value::Long(n * 7919 % 101)
}

fn double(n: i64) -> Value<'static> {
    Value::Double(n as f64 / 3.0)
}

fn point(n: i64) -> Value<'static> {
    static POINTS: [Point; 2] =
        [Point { x: 10.0, y: 50.0, geo: true }, Point { x: -70.5, y: 40.25, geo: true }];
    Value::Point(&POINTS[n as usize % POINTS.len()])
}

fn kinds(criterion: &mut Criterion) {
    kind::<Count>(criterion, "count", &[], text);
    kind::<CountDistinct>(criterion, "count_distinct", &[], text);
    kind::<Values>(criterion, "values", &[], text);
    kind::<Sum>(criterion, "sum of longs", &[], long);
    kind::<Sum>(criterion, "sum of doubles", &[], double);
    kind::<Avg>(criterion, "avg", &[], double);
    kind::<Max>(criterion, "max of longs", &[], long);
    kind::<Max>(criterion, "max of texts", &[], text);
    kind::<StdDev>(criterion, "std_dev", &[], double);
    kind::<Median>(criterion, "median", &[], double);
    kind::<Percentile>(criterion, "percentile", &[Value::Integer(95)], double);
    kind::<Top>(criterion, "top 3", &[Value::Integer(3), Value::Text("desc")], long);
    kind::<First>(criterion, "first", &[Value::Long(5)], text);
    kind::<Last>(criterion, "last", &[Value::Long(5)], text);
    kind::<Sample>(criterion, "sample 3", &[Value::Integer(3)], text);
    kind::<Min>(criterion, "min of longs", &[], long);
    kind::<Variance>(criterion, "variance", &[], double);
    kind::<MedianAbsoluteDeviation>(criterion, "median_absolute_deviation", &[], double);
    kind::<WeightedAvg>(criterion, "weighted_avg", &[Value::Double(2.0)], double);
    kind::<Present>(criterion, "present", &[], text);
    kind::<Absent>(criterion, "absent", &[], text);
    kind::<Centroid>(criterion, "st_centroid_agg", &[], point);
    kind::<Extent>(criterion, "st_extent_agg", &[], point);
}

detect_runtime::group! {
    struct Group { a0: Count, a1: CountDistinct }
    update(state, row, cx) {
        state.a0.update(&[], cx);
        state.a1.update(&[row[1]], cx);
    }
    saturated(state) { false }
}

fn compute_keys<'a>(row: &[Value<'a>], keys: &mut [Value<'a>], _cx: &Cx<'a>) {
    keys[0] = row[0];
}

fn never<'a>(row: &[Value<'a>], _cx: &Cx<'a>) -> bool {
    matches!(row[0], Value::Long(count) if count < 0)
}

static STATS: StatsSpec =
    StatsSpec { aggregates: 2, keys: 1, compute_keys, store: aggregate::store::<Group> };
static PROGRAM: Program = Program {
    frames: &[2, 3],
    stages: &[Stage::Stats(&STATS), Stage::Where(never)],
    per_event: 0,
    output: &[OutputColumn { name: "key", ty: Type::Keyword, slot: 2 }],
    aggregating: true,
    uses_now: false,
};

detect_runtime::group! {
    struct Bounded { a0: Count, a1: Values }
    update(state, row, cx) {
        state.a0.update(&[], cx);
        state.a1.update(&[row[1]], cx);
    }
    saturated(state) { state.a0.reached(5) }
}

fn few<'a>(row: &[Value<'a>], _cx: &Cx<'a>) -> bool {
    matches!(row[0], Value::Long(count) if count < 5)
}

static BOUNDED: StatsSpec =
    StatsSpec { aggregates: 2, keys: 1, compute_keys, store: aggregate::store::<Bounded> };
/// STATS behind which WHERE admits fewer than five.
static HAVING: Program =
    Program { frames: &[2, 3], stages: &[Stage::Stats(&BOUNDED), Stage::Where(few)], ..PROGRAM };
static JOINED: Program = Program {
    frames: &[5],
    stages: &[Stage::InlineStats { stats: &STATS, computed: None, into: &[2, 3, 4] }],
    per_event: 0,
    output: &[OutputColumn { name: "count", ty: Type::Long, slot: 2 }],
    aggregating: false,
    uses_now: false,
};

const MINUTE: i64 = 60_000;

/// A head with its surroundings.
struct Bench {
    head: Box<dyn Head>,
    arena: Bump,
    settings: Settings,
    drafts: Vec<Draft>,
    losses: Losses,
    warnings: Warnings,
    position: u64,
}

impl Bench {
    fn new(program: &'static Program, schedule: Schedule) -> Bench {
        Bench {
            head: window::head(program, schedule, Arc::default()),
            arena: Bump::new(),
            settings: Settings::default(),
            drafts: Vec::new(),
            losses: Losses::default(),
            warnings: Warnings::default(),
            position: 0,
        }
    }

    fn feed(&mut self, time: i64, key: &str, value: i64) {
        self.arena.reset();
        self.position += 1;
        let row = [Value::Text(key), Value::Long(value)];
        let hit = Hit {
            time,
            order: 0,
            position: self.position,
            row: &row,
            terms: 0,
            lineages: 0,
            source: None,
        };
        let mut env = Env {
            arena: &self.arena,
            settings: &self.settings,
            drafts: &mut self.drafts,
            losses: &mut self.losses,
            warnings: &self.warnings,
        };
        self.head.hit(&hit, &mut env);
    }
}

fn name(n: u64) -> String {
    format!("/usr/lib/some/program-{n:08}")
}

/// A hit into an open pane of a group that exists.
fn hits(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hit");
    group.throughput(one_hit());
    for groups in [1_000u64, 1_000_000] {
        let names: Vec<String> = (0..groups).map(name).collect();
        let mut bench = Bench::new(&PROGRAM, Schedule::new(5 * MINUTE, 9 * MINUTE));
        names.iter().for_each(|name| bench.feed(1, name, 0));
        let mut n = 0;
        group.bench_function(BenchmarkId::new("groups", groups), |b| {
            b.iter(|| {
                n = (n + 7919) % groups;
                bench.feed(1, &names[n as usize], (n % 4) as i64);
            });
        });
    }
    group.finish();
}

/// Five days every five minutes: a hit each 432 ms, each group in 4 or 64 panes of
/// the window; ticks are part of the time.
fn panes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("panes");
    group.throughput(one_hit());
    let five_days = 7_205 * MINUTE;
    for (groups, panes) in [(250_000u64, 4u64), (15_625, 64), (1, 1_000_000)] {
        let names: Vec<String> = (0..groups).map(name).collect();
        let mut bench = Bench::new(&PROGRAM, Schedule::new(5 * MINUTE, five_days));
        let hits = groups * panes;
        let mut n = 0;
        let mut next = || {
            let time = (n as i64).wrapping_mul(five_days) / hits as i64;
            bench.feed(time, &names[(n % groups) as usize], (n / groups % 4) as i64);
            n += 1;
            bench.head.memory()
        };
        let mut memory = 0;
        (0..hits).for_each(|_| memory = next());
        let keys = groups as usize * (name(0).len() + 2 + 16);
        println!(
            "{groups} groups, {panes} panes each: {} bytes a group beside its key",
            memory.saturating_sub(keys) / groups as usize
        );
        let id = BenchmarkId::new("five days every five minutes", format!("{groups} groups"));
        group.bench_function(id, |b| b.iter(&mut next));
    }
    group.finish();
}

/// Groups that cannot pass the WHERE behind STATS: a hit more, and bytes.
fn saturated(criterion: &mut Criterion) {
    const GROUPS: u64 = 100_000;
    let names: Vec<String> = (0..GROUPS).map(name).collect();
    let mut bench = Bench::new(&HAVING, Schedule::new(5 * MINUTE, 9 * MINUTE));
    let mut bytes = [0; 2];
    for (round, hits) in [(0, 4), (1, 1)] {
        for n in 0..hits {
            names.iter().for_each(|name| bench.feed(1 + n, name, n));
        }
        bytes[round] = bench.head.memory() / names.len();
    }
    // What stands in `memory` beside the key's text: its tag and length, the entry of the
    // index, the group's number where it expires.
    let key = name(0).len();
    println!(
        "a group of count and values: {} bytes open, {} when it cannot pass HAVING; its key has {key}",
        bytes[0], bytes[1]
    );
    let mut n = 0;
    criterion.bench_function("hit/saturated groups", |b| {
        b.iter(|| {
            n = (n + 7919) % GROUPS;
            bench.feed(9, &names[n as usize], 1);
        });
    });
}

/// INLINE STATS: a table of rows, each with the count and the distinct values of its group.
fn inline(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("inline stats");
    let (mut arena, warnings) = (Bump::new(), Warnings::default());
    for (rows, groups) in [(1_000u64, 10u64), (10_000, 1_000)] {
        let names: Vec<String> = (0..groups).map(name).collect();
        let rows: Vec<[Value<'_>; 2]> = (0..rows)
            .map(|n| [Value::Text(&names[(n % groups) as usize]), Value::Long((n % 4) as i64)])
            .collect();
        group.throughput(Throughput::Elements(rows.len() as u64));
        group.bench_function(format!("{} rows, {groups} groups", rows.len()), |b| {
            b.iter(|| {
                arena.reset();
                let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
                black_box(run_all(&JOINED, rows.iter().copied(), &cx, &Resources::default()).len())
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = aggregates;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(2));
    targets = kinds, hits, panes, saturated, inline
}
criterion_main!(aggregates);
