//! Windows against their definition: at every tick the stages run over exactly the
//! rows of its window.

use super::*;
use crate::aggregate::{self, Count, CountDistinct, Max, Sum, Values};
use crate::head::{Content, Draft, Env, Losses, Settings};
use crate::state::Reader;
use crate::table::{self, OutputColumn, SortKey, StatsSpec};
use crate::value::{Cx, Owned, Type, Value, Warnings};
use bumpalo::Bump;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Slots of a row: key (null, one or several), value, number, time.
const KEY: usize = 0;
const VALUE: usize = 1;
const NUMBER: usize = 2;
const TIME: usize = 3;

crate::group! {
    struct Bounded { a0: Count, a1: CountDistinct, a2: Values, a3: Sum }
    update(state, row, cx) {
        state.a0.update(&[], cx);
        state.a1.update(&[row[VALUE]], cx);
        state.a2.update(&[row[VALUE]], cx);
        state.a3.update(&[row[NUMBER]], cx);
    }
    saturated(state) { state.a0.reached(4) || state.a1.reached(3) }
}

crate::group! {
    struct Unbounded { a0: Count, a1: CountDistinct, a2: Values, a3: Sum }
    update(state, row, cx) {
        state.a0.update(&[], cx);
        state.a1.update(&[row[VALUE]], cx);
        state.a2.update(&[row[VALUE]], cx);
        state.a3.update(&[row[NUMBER]], cx);
    }
    saturated(state) { false }
}

crate::group! {
    struct OfGroups { a0: Count, a1: Max }
    update(state, row, cx) {
        state.a0.update(&[], cx);
        state.a1.update(&[row[0]], cx);
    }
    saturated(state) { false }
}

fn by_key<'a>(row: &[Value<'a>], keys: &mut [Value<'a>], _cx: &Cx<'a>) {
    keys[0] = row[KEY];
}

fn by_distinct<'a>(row: &[Value<'a>], keys: &mut [Value<'a>], _cx: &Cx<'a>) {
    keys[0] = row[1];
}

fn by_nothing<'a>(_row: &[Value<'a>], _keys: &mut [Value<'a>], _cx: &Cx<'a>) {}

fn few<'a>(row: &[Value<'a>], _cx: &Cx<'a>) -> bool {
    matches!((row[0], row[1]), (Value::Long(count), Value::Long(distinct))
        if count < 4 && distinct < 3)
}

fn many<'a>(row: &[Value<'a>], _cx: &Cx<'a>) -> bool {
    matches!(row[0], Value::Long(count) if count > 2)
}

fn recent<'a>(row: &[Value<'a>], cx: &Cx<'a>) -> bool {
    matches!(row[TIME], Value::Date(time) if time > cx.now - 7)
}

fn count_of_group<'a>(row: &[Value<'a>], _cx: &Cx<'a>) -> bool {
    matches!(row[4], Value::Long(count) if count > 1)
}

fn slot0<'a>(row: &[Value<'a>], _cx: &Cx<'a>) -> Value<'a> {
    row[0]
}

fn slot2<'a>(row: &[Value<'a>], _cx: &Cx<'a>) -> Value<'a> {
    row[NUMBER]
}

fn slot4<'a>(row: &[Value<'a>], _cx: &Cx<'a>) -> Value<'a> {
    row[4]
}

const fn key(expr: table::Expression, descending: bool) -> SortKey {
    SortKey { expr, descending, nulls_first: descending }
}

const fn output<const N: usize>() -> [OutputColumn; N] {
    let mut columns = [OutputColumn { name: "c", ty: Type::Keyword, slot: 0 }; N];
    let mut slot = 0;
    while slot < N {
        columns[slot].slot = slot;
        slot += 1;
    }
    columns
}

static BOUNDED: StatsSpec =
    StatsSpec { aggregates: 4, keys: 1, compute_keys: by_key, store: aggregate::store::<Bounded> };
static UNBOUNDED: StatsSpec = StatsSpec { store: aggregate::store::<Unbounded>, ..BOUNDED };
static TOTAL: StatsSpec = StatsSpec { keys: 0, compute_keys: by_nothing, ..UNBOUNDED };
static OF_GROUPS: StatsSpec = StatsSpec {
    aggregates: 2,
    keys: 1,
    compute_keys: by_distinct,
    store: aggregate::store::<OfGroups>,
};

const BASE: Program = Program {
    frames: &[4, 5],
    stages: &[],
    per_event: 0,
    output: &output::<5>(),
    aggregating: true,
    uses_now: false,
};

static PROGRAMS: &[(&str, Program)] = &[
    (
        "a bound that saturates",
        Program {
            stages: &[
                Stage::Stats(&BOUNDED),
                Stage::Where(few),
                Stage::Sort(&[key(slot0, true), key(slot4, false)]),
            ],
            ..BASE
        },
    ),
    (
        "the same without bound",
        Program { stages: &[Stage::Stats(&UNBOUNDED), Stage::Where(few)], ..BASE },
    ),
    ("rows that grow", Program { stages: &[Stage::Stats(&UNBOUNDED), Stage::Where(many)], ..BASE }),
    (
        "the first two groups",
        Program {
            stages: &[
                Stage::Stats(&UNBOUNDED),
                Stage::Sort(&[key(slot0, true), key(slot4, false)]),
                Stage::Limit { count: 2, by: &[] },
            ],
            ..BASE
        },
    ),
    (
        "groups of groups",
        Program {
            frames: &[4, 5, 3],
            stages: &[Stage::Stats(&UNBOUNDED), Stage::Stats(&OF_GROUPS)],
            output: &output::<3>(),
            ..BASE
        },
    ),
    (
        "one group",
        Program {
            frames: &[4, 4],
            stages: &[Stage::Stats(&TOTAL), Stage::Where(many)],
            output: &output::<4>(),
            ..BASE
        },
    ),
    (
        "expanded values of a group",
        Program {
            stages: &[Stage::Stats(&UNBOUNDED), Stage::MvExpand(2), Stage::Where(few)],
            ..BASE
        },
    ),
    (
        "now() before STATS",
        Program {
            stages: &[Stage::Where(recent), Stage::Stats(&UNBOUNDED)],
            uses_now: true,
            ..BASE
        },
    ),
    (
        "the last rows, grouped",
        Program {
            stages: &[
                Stage::Sort(&[key(slot2, true)]),
                Stage::Limit { count: 3, by: &[] },
                Stage::Stats(&UNBOUNDED),
            ],
            ..BASE
        },
    ),
    (
        "events of groups",
        Program {
            frames: &[9],
            stages: &[
                Stage::InlineStats { stats: &UNBOUNDED, computed: None, into: &[4, 5, 6, 7, 8] },
                Stage::Where(count_of_group),
            ],
            output: &output::<4>(),
            aggregating: false,
            ..BASE
        },
    ),
    (
        "the first events, expanded",
        Program {
            frames: &[4],
            stages: &[
                Stage::Sort(&[key(slot2, false)]),
                Stage::Limit { count: 2, by: &[] },
                Stage::MvExpand(KEY),
            ],
            output: &output::<4>(),
            aggregating: false,
            ..BASE
        },
    ),
];

#[derive(Clone, Debug)]
struct Row {
    time: i64,
    keys: Vec<u8>,
    value: Option<u8>,
}

impl Row {
    fn values(&self, position: usize) -> Vec<Owned> {
        let text = |n: &u8| Owned::Text(format!("k{n}").into());
        let key = match self.keys.as_slice() {
            [] => Owned::Null,
            [one] => text(one),
            many => Owned::Multi(many.iter().map(text).collect()),
        };
        let value = self.value.map_or(Owned::Null, |n| Owned::Long(i64::from(n)));
        vec![key, value, Owned::Long(position as i64), Owned::Date(self.time)]
    }
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (0..150i64, prop::collection::vec(0..4u8, 0..3), prop::option::of(0..4u8))
        .prop_map(|(time, keys, value)| Row { time, keys, value });
    prop::collection::vec(row, 0..40)
}

/// Drafts as texts: tick and columns.
fn texts(drafts: &[Draft]) -> BTreeMap<i64, Vec<String>> {
    let mut ticks: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for draft in drafts {
        let Content::Row { columns, .. } = &draft.content else { panic!("a row") };
        ticks.entry(draft.time).or_default().push(format!("{columns:?}"));
    }
    for rows in ticks.values_mut() {
        rows.sort();
    }
    ticks
}

/// Feeds rows in this order.
fn feed(
    program: &'static Program,
    schedule: Schedule,
    settings: &Settings,
    rows: &[(usize, &Row)],
    restarts: &[usize],
) -> (Vec<Draft>, Losses) {
    let mut head = head(program, schedule, Arc::default());
    let (mut drafts, mut losses, warnings) = (Vec::new(), Losses::default(), Warnings::default());
    // Time may be told before anything happens.
    let arena = Bump::new();
    let mut env = Env {
        arena: &arena,
        settings,
        drafts: &mut drafts,
        losses: &mut losses,
        warnings: &warnings,
    };
    head.tick(-1_000, &mut env);
    for (number, (position, row)) in rows.iter().enumerate() {
        let arena = Bump::new();
        let values = row.values(*position);
        let values: Vec<Value<'_>> = values.iter().map(|value| value.lend(&arena)).collect();
        let hit = Hit {
            time: row.time,
            order: 0,
            position: *position as u64,
            row: &values,
            terms: 0,
            lineages: 0,
            source: None,
        };
        let mut env = Env {
            arena: &arena,
            settings,
            drafts: &mut drafts,
            losses: &mut losses,
            warnings: &warnings,
        };
        head.hit(&hit, &mut env);
        if restarts.contains(&number) {
            let mut state = Vec::new();
            head.encode(&mut state);
            head = super::head(program, schedule, Arc::default());
            let mut reader = Reader::new(&state);
            head.decode(&mut reader).expect("own state");
            assert!(reader.is_empty());
        }
    }
    let arena = Bump::new();
    head.finish(&mut Env {
        arena: &arena,
        settings,
        drafts: &mut drafts,
        losses: &mut losses,
        warnings: &warnings,
    });
    (drafts, losses)
}

/// Result rows with the identity of what they belong to: the key of the last STATS
/// (the columns behind its aggregates), else event and expanded key.
fn by_definition(
    program: &Program,
    schedule: Schedule,
    rows: &[Row],
    faithful: bool,
) -> BTreeMap<i64, Vec<String>> {
    let Some(first) = rows.iter().map(|row| row.time).min() else { return BTreeMap::new() };
    let last = rows.iter().map(|row| row.time).max().unwrap_or(first);
    let mut sorted: Vec<(usize, &Row)> = rows.iter().enumerate().collect();
    sorted.sort_by_key(|(position, row)| (row.time, *position));
    let mut ticks = BTreeMap::new();
    let mut before = HashSet::new();
    let mut tick = schedule.tick_at(first);
    while tick <= schedule.last_tick(last) {
        let (arena, warnings) = (Bump::new(), Warnings::default());
        let cx = Cx { arena: &arena, now: tick, warnings: &warnings };
        let window: Vec<Vec<Owned>> = sorted
            .iter()
            .filter(|(_, row)| tick - schedule.lookback() < row.time && row.time <= tick)
            .map(|(position, row)| row.values(*position))
            .collect();
        let table = if window.is_empty() {
            Vec::new()
        } else {
            let rows = window
                .iter()
                .map(|row| row.iter().map(|value| value.lend(&arena)).collect::<Vec<Value<'_>>>());
            table::run_all(program, rows, &cx, &Resources::default())
        };
        let identity = |row: &[Value<'_>]| match (program.aggregating, program.output.len()) {
            (true, 5) => format!("{:?}", row[4]),
            (true, 3) => format!("{:?}", row[2]),
            (true, _) => String::new(),
            (false, _) => format!("{:?} {:?}", row[NUMBER], row[KEY]),
        };
        let repeats = faithful && program.aggregating;
        // Equal expanded values of one event are one alert.
        let mut given = HashSet::new();
        let mut shown: Vec<String> = table
            .iter()
            .filter(|row| repeats || !before.contains(&identity(row)))
            .filter(|row| program.aggregating || given.insert(identity(row)))
            .map(|row| {
                let columns: Box<[Owned]> = row.iter().map(|value| Owned::of(*value)).collect();
                format!("{columns:?}")
            })
            .collect();
        shown.sort();
        if program.aggregating {
            before.clear();
        }
        before.extend(table.iter().map(|row| identity(row)));
        if !shown.is_empty() {
            ticks.insert(tick, shown);
        }
        tick += schedule.interval();
    }
    ticks
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn panes_equal_recomputation(
        rows in rows(),
        interval in 1..20i64,
        lookback in 1..60i64,
        jitter in prop::collection::vec(0..12i64, 40),
        restarts in prop::collection::vec(0..40usize, 0..3),
    ) {
        // Rows come up to the lateness after others that are later by time.
        let lateness = 12;
        let mut order: Vec<(usize, &Row)> = rows.iter().enumerate().collect();
        order.sort_by_key(|(position, row)| row.time + jitter[*position]);
        let schedule = Schedule::new(interval, lookback);
        for (name, program) in PROGRAMS {
            for faithful in [true, false] {
                let settings = Settings { lateness, faithful, ..Settings::default() };
                let (drafts, losses) = feed(program, schedule, &settings, &order, &restarts);
                prop_assert_eq!(losses, Losses::default());
                let right = by_definition(program, schedule, &rows, faithful);
                prop_assert_eq!(texts(&drafts), right, "{}, faithful {}", name, faithful);
            }
        }
    }

    /// A damaged state is refused or read, never a reason to panic.
    #[test]
    fn damaged_states(
        rows in rows(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let schedule = Schedule::new(10, 25);
        for (_, program) in PROGRAMS {
            let mut first = head(program, schedule, Arc::default());
            let mut trial = crate::head::trial::Trial::default();
            for (position, row) in rows.iter().enumerate() {
                let arena = Bump::new();
                let values = row.values(position);
                let values: Vec<Value<'_>> = values.iter().map(|v| v.lend(&arena)).collect();
                let event = crate::head::trial::Event { time: row.time, ..Default::default() };
                trial.hit(&mut *first, &event, &values);
            }
            let mut state = Vec::new();
            first.encode(&mut state);
            for (at, byte) in &damage {
                let at = at.index(state.len());
                state[at] = *byte;
            }
            let mut second = head(program, schedule, Arc::default());
            let _ = second.decode(&mut Reader::new(&state));
        }
    }
}

fn plain(time: i64) -> Row {
    Row { time, keys: vec![0], value: Some(0) }
}

#[test]
fn late_hits_are_counted_and_serve_later_ticks() {
    let program = &PROGRAMS[1].1;
    // Ticks 10, 20, ...; windows of 15. The hit at 30 makes tick 20 run.
    let rows = [plain(8), plain(30), plain(16), plain(14), plain(3)];
    let order: Vec<(usize, &Row)> = rows.iter().enumerate().collect();
    let settings = Settings { faithful: true, ..Settings::default() };
    let (drafts, losses) = feed(program, Schedule::new(10, 15), &settings, &order, &[]);
    // 16 and 14 miss tick 20 but 16 is in the window (15, 30]; 3 is in none that is to come.
    assert_eq!(losses, Losses { late: 3, ..Losses::default() });
    let counts: Vec<(i64, String)> = drafts
        .iter()
        .map(|draft| {
            let Content::Row { columns, .. } = &draft.content else { panic!("a row") };
            (draft.time, format!("{:?}", columns[0]))
        })
        .collect();
    let long = |n: i64| format!("Long({n})");
    assert_eq!(counts, [(10, long(1)), (20, long(1)), (30, long(2)), (40, long(1))]);
}

#[test]
fn gaps_cost_nothing() {
    // Two events two years apart, a tick every five minutes.
    let rows = [plain(0), plain(2 * 365 * 86_400_000)];
    let order: Vec<(usize, &Row)> = rows.iter().enumerate().collect();
    for faithful in [true, false] {
        let settings = Settings { faithful, ..Settings::default() };
        let schedule = Schedule::new(300_000, 540_000);
        let (drafts, _) = feed(&PROGRAMS[1].1, schedule, &settings, &order, &[]);
        let times: BTreeSet<i64> = drafts.iter().map(|draft| draft.time).collect();
        assert_eq!(times.len(), if faithful { 4 } else { 2 });
    }
}

#[test]
fn one_window_over_everything() {
    let rows: Vec<Row> = (0..3).map(|n| plain(n * 1_000_000)).collect();
    let order: Vec<(usize, &Row)> = rows.iter().enumerate().collect();
    for now in [None, Some(77)] {
        let whole = Some(crate::head::Whole { now });
        let settings = Settings { whole, ..Settings::default() };
        let (drafts, _) = feed(&PROGRAMS[1].1, Schedule::new(1, 1), &settings, &order, &[]);
        let [Draft { time, content: Content::Row { columns, window, .. }, .. }] = &drafts[..]
        else {
            panic!("one row")
        };
        assert!(matches!(columns[0], Owned::Long(3)));
        assert_eq!(*time, now.unwrap_or(2_000_000));
        assert_eq!(*window, (-1, *time, 0));
    }
}

#[test]
fn memory_is_held_and_losses_counted() {
    for program in [&PROGRAMS[2].1, &PROGRAMS[9].1] {
        let rows: Vec<Row> =
            (0..500).map(|n| Row { keys: vec![(n % 200) as u8], ..plain(n) }).collect();
        let settings = Settings { rule_memory: Some(20_000), ..Settings::default() };
        let mut head = head(program, Schedule::new(10, 1_000), Arc::default());
        let mut trial = crate::head::trial::Trial::new(settings);
        for (position, row) in rows.iter().enumerate() {
            let arena = Bump::new();
            let values = row.values(position);
            let values: Vec<Value<'_>> = values.iter().map(|value| value.lend(&arena)).collect();
            let event = crate::head::trial::Event { time: row.time, ..Default::default() };
            trial.hit(&mut *head, &event, &values);
            assert!(head.memory() <= 22_000, "{}", head.memory());
        }
        assert!(trial.losses.evicted > 100, "{:?}", trial.losses);
    }
}
