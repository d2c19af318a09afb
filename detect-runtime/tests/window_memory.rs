//! What a group costs beside its key, counted at the allocator: five days every
//! five minutes (1,441 panes) with a count and a distinct count of four values, and
//! groups that cannot pass HAVING.

use bumpalo::Bump;
use detect_runtime::aggregate::{self, Count, CountDistinct};
use detect_runtime::head::{Env, Hit, Losses, Settings, Whole};
use detect_runtime::table::{OutputColumn, Program, Stage, StatsSpec};
use detect_runtime::value::{Cx, Type, Value, Warnings};
use detect_runtime::window::{self, Schedule};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};

/// The system's allocator, with a count of what is taken.
struct Counting;

static TAKEN: AtomicIsize = AtomicIsize::new(0);

/// What glibc takes for a request: a header of 8 bytes, multiples of 16, at least 32.
fn taken(size: usize) -> isize {
    (size + 8).next_multiple_of(16).max(32) as isize
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.fetch_add(taken(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        TAKEN.fetch_sub(taken(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

detect_runtime::group! {
    struct Free { a0: Count, a1: CountDistinct }
    update(state, row, cx) {
        state.a0.update(&[], cx);
        state.a1.update(&[row[1]], cx);
    }
    saturated(state) { false }
}

detect_runtime::group! {
    struct Bounded { a0: Count, a1: CountDistinct }
    update(state, row, cx) {
        state.a0.update(&[], cx);
        state.a1.update(&[row[1]], cx);
    }
    saturated(state) { state.a1.reached(2) }
}

fn keys<'a>(row: &[Value<'a>], keys: &mut [Value<'a>], _cx: &Cx<'a>) {
    keys[0] = row[0];
}

fn never<'a>(_row: &[Value<'a>], _cx: &Cx<'a>) -> bool {
    false
}

static FREE: StatsSpec =
    StatsSpec { aggregates: 2, keys: 1, compute_keys: keys, store: aggregate::store::<Free> };
static BOUNDED: StatsSpec = StatsSpec { store: aggregate::store::<Bounded>, ..FREE };

const BASE: Program = Program {
    frames: &[2, 3],
    stages: &[],
    per_event: 0,
    output: &[OutputColumn { name: "key", ty: Type::Keyword, slot: 2 }],
    aggregating: true,
    uses_now: false,
};
static PROGRAM: Program = Program { stages: &[Stage::Stats(&FREE), Stage::Where(never)], ..BASE };
static HAVING: Program = Program { stages: &[Stage::Stats(&BOUNDED), Stage::Where(never)], ..BASE };

const MINUTE: i64 = 60_000;
const FIVE_DAYS: i64 = 7_205 * MINUTE;

/// Feeds `rows` (time, group, value) and gives the bytes taken a group beside keys.
fn bytes_per_group(
    program: &'static Program,
    settings: &Settings,
    groups: u64,
    rows: impl Iterator<Item = (i64, u64, i64)>,
) -> f64 {
    let before = TAKEN.load(Ordering::Relaxed);
    let schedule = Schedule::new(5 * MINUTE, FIVE_DAYS);
    let mut head = window::head(program, schedule, Arc::default());
    let (mut drafts, mut losses, warnings) = (Vec::new(), Losses::default(), Warnings::default());
    let mut arena = Bump::new();
    for (position, (time, group, value)) in rows.enumerate() {
        arena.reset();
        let name = format!("/usr/lib/some/program-{group:08}");
        let row = [Value::Text(&name), Value::Long(value)];
        let hit = Hit {
            time,
            order: 0,
            position: position as u64,
            row: &row,
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
    }
    drop(arena);
    assert!(drafts.is_empty());
    assert_eq!(losses, Losses::default());
    // A key: tag, length, text.
    let key = taken("/usr/lib/some/program-00000000".len() + 2);
    let all = TAKEN.load(Ordering::Relaxed) - before;
    let own = head.memory() as f64;
    let each = (all as f64) / groups as f64 - key as f64;
    // Our own account leaves out only what the allocator and growing vectors add.
    assert!(own < all as f64 * 1.05 && own > all as f64 * 0.5, "account {own}, taken {all}");
    drop(head);
    each
}

/// One test, for the count is that of the whole process.
#[test]
fn groups_stay_small() {
    let groups = 100_000u64;
    // Every group once in each quarter of the window, each time with another value.
    let spread = (0..4 * groups).map(|n| {
        let time = FIVE_DAYS * n as i64 / (4 * groups as i64);
        (time, n % groups, (n / groups) as i64)
    });
    let each = bytes_per_group(&PROGRAM, &Settings::default(), groups, spread);
    println!("1,441 panes, count and distinct count of four values: {each:.0} bytes a group");
    assert!(each <= 200.0, "{each}");

    // Every group four times in one pane, then idle.
    let burst = (0..4 * groups).map(|n| (1 + n as i64 / (4 * groups as i64), n % groups, n as i64));
    let later = (1..3).map(|n| (n * 5 * MINUTE + 2, 0, 0));
    let each =
        bytes_per_group(&PROGRAM, &Settings::default(), groups, burst.clone().chain(later.clone()));
    println!("four values in one pane: {each:.0} bytes a group");
    assert!(each <= 200.0, "{each}");

    // The same where two distinct values cannot pass: the key's place in the index
    // and 16 bytes; growing vectors double.
    for whole in [None, Some(Whole::default())] {
        let settings = Settings { whole, ..Settings::default() };
        let rows = burst.clone().chain(later.clone());
        let each = bytes_per_group(&HAVING, &settings, groups, rows);
        println!("groups that cannot pass: {each:.0} bytes a group with the key's index");
        assert!(each <= 60.0, "{each}");
    }
}
