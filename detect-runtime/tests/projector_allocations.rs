//! An event that was read costs no heap allocation once its like was seen.

use bumpalo::Bump;
use detect_runtime::event::Raw;
use detect_runtime::json::layout::{FieldSpec, Flags, Layout, build};
use detect_runtime::json::prefilter;
use detect_runtime::json::projector::Projector;
use detect_runtime::test::Fold;
use std::alloc::{GlobalAlloc, Layout as Size, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, size: Size) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's own promise.
        unsafe { System.alloc(size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, size: Size) {
        // SAFETY: the caller's own promise.
        unsafe { System.dealloc(pointer, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(run: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    run();
    ALLOCATIONS.get() - before
}

/// Lines of several shapes: nested, dotted, escaped keys and values, arrays of
/// objects, numbers, white space, glue too long to be learned, a bad line.
fn lines() -> Vec<String> {
    let long = "k".repeat(300);
    let mut lines = vec![
        r#"{"process":{"name":"scp","args":["a","b\\c"],"pid":7}}"#.to_owned(),
        r#"{"process.name":"scp", "x":{"y":[{"z":1},{}]}, "process":{"pid":-1.5e3}}"#.to_owned(),
        r#"{"pro\u0063ess":{"n\u0061me":"s\u0063p","ok":true},"other":null}"#.to_owned(),
        format!(r#"{{"{long}\n":1,"process":{{"name":"x"}}}}"#),
        r#"{"process":{"name":"x"}"#.to_owned(),
        "{\"process\":{\"name\":\"\u{1f600}\"}}".to_owned(),
    ];
    for count in 0..40 {
        lines.push(format!(r#"{{"process":{{"args":[{}]}}}}"#, vec!["\"x\""; count].join(",")));
    }
    lines
}

#[test]
fn events_cost_none() {
    let fields = ["process.name", "process.args", "process.pid", "process", "x.y"].map(|path| {
        FieldSpec { path: path.to_owned(), flags: Flags::OBJECT.with(Flags::ELEMENTS) }
    });
    let table = build(&fields).unwrap();
    let mut projector = Projector::new(Layout::new(&table).unwrap());
    let mut arena = Bump::with_capacity(1 << 16);
    let lines = lines();
    let mut read = || {
        let mut length = 0;
        for line in &lines {
            arena.reset();
            let Ok(event) = projector.project(line.as_bytes(), &arena) else { continue };
            for &field in event.present() {
                length += event.values(field).map(Raw::text).map(str::len).sum::<usize>();
            }
            length += event.elements(1).count() + usize::from(event.has_object(3));
        }
        length
    };
    let first = read();
    let mut again = 0;
    let count = allocations(|| again = read());
    assert_eq!((count, first), (0, again));
}

#[test]
fn search_costs_none() {
    let table = prefilter::build(&[prefilter::Literal::whole("scp", Fold::None).unwrap()]).unwrap();
    let search = prefilter::Search::new(&table).unwrap();
    let body = lines().join("\n") + "\n";
    let mut hits = 0;
    let count = allocations(|| {
        search.each_hit(body.as_bytes(), |_, _| hits += 1);
    });
    assert_eq!(count, 0);
    assert!(hits > 0);
}
