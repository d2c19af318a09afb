//! The system's allocator with a counter a thread.

use detect::runtime::engine::{Alert, Engine, Options, Ruleset, Sink};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of this thread so far.
pub(crate) fn count() -> u64 {
    COUNT.try_with(Cell::get).unwrap_or(0)
}

struct Nowhere;

impl Sink for Nowhere {
    fn alert(&mut self, _alert: &Alert<'_>) {}
}

/// How many of the lines match nothing; none of them may allocate in the steady state.
pub(crate) fn quiet<R: Ruleset>(lines: &[impl AsRef<[u8]>], walk_all: bool) -> usize {
    let mut engine = Engine::<R>::new(Options { walk_all, ..Options::default() })
        .expect("a table of this version");
    let matches = |engine: &Engine<R>| -> u64 {
        engine.rule_counts().iter().map(|counts| counts.matches).sum()
    };
    // Twice to learn guards, glue and sizes.
    for line in lines.iter().chain(lines) {
        engine.feed(line.as_ref(), &mut Nowhere);
    }
    let mut quiet = 0;
    for line in lines.iter().map(AsRef::as_ref) {
        let (known, before) = (matches(&engine), count());
        engine.feed(line, &mut Nowhere);
        let made = count() - before;
        if matches(&engine) == known {
            quiet += 1;
            assert_eq!(made, 0, "on {}", String::from_utf8_lossy(line));
        }
    }
    quiet
}

fn add() {
    // At the end of a thread its counter may be gone already; nobody asks then.
    let _gone = COUNT.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call is handed to the system's allocator unchanged. Counting touches
// a thread-local cell with constant initial value and without destructor, so it
// neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add();
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `System` with this layout, as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add();
        // SAFETY: the caller's promise about `pointer` and `layout` is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
