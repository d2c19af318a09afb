//! The program's allocator, which counts what each thread allocates: `detect
//! bench` shows that an event that matches nothing costs none.

use mimalloc::MiMalloc;
use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// Allocations of this thread so far.
pub(crate) fn count() -> u64 {
    COUNT.try_with(Cell::get).unwrap_or(0)
}

/// mimalloc with a counter a thread.
pub(crate) struct Counting(pub(crate) MiMalloc);

fn add() {
    // At the end of a thread its counter may be gone already; nobody asks then.
    let _gone = COUNT.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call is handed to mimalloc unchanged, which fulfils the contract
// of `GlobalAlloc`. Counting touches a thread-local cell with constant initial
// value and without destructor, so it neither allocates nor unwinds. There is no
// safe way to be an allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add();
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add();
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `self.0` with this layout, as the caller promises.
        unsafe { self.0.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add();
        // SAFETY: `pointer` came from `self.0` with this layout, as the caller promises.
        unsafe { self.0.realloc(pointer, layout, size) }
    }
}
