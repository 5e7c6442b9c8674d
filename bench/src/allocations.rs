//! Counts allocations and bytes: numbers that repeat exactly, where times do not.

#![expect(
    unsafe_code,
    reason = "an allocator cannot be written without; it only counts and passes on"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The program has one thread, so counters are loaded and stored: an atomic addition would cost
/// several nanoseconds, and most where most is allocated.
struct Counter(AtomicU64);

impl Counter {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }
}

static COUNT: Counter = Counter::new();
static BYTES: Counter = Counter::new();
static LIVE: Counter = Counter::new();
static PEAK: Counter = Counter::new();

#[global_allocator]
static COUNTING: Counting = Counting;

struct Counting;

/// glibc gives freed memory back to the system at once, until a large block was freed: then it keeps
/// up to twice its size. So that this does not depend on who comes first, it happens at the beginning.
pub(crate) fn settle() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(31 << 20)));
}

/// The system hands out pages when they are first written to, which costs more than what is written to
/// them. For who does not want to measure that: the next so many bytes were written to before.
pub(crate) fn touch() {
    drop(std::hint::black_box(vec![1_u8; 30 << 20]));
}

/// How often memory was asked for since the program began.
pub(crate) fn so_far() -> u64 {
    COUNT.get()
}

/// How many bytes were asked for since the program began.
pub(crate) fn bytes_so_far() -> u64 {
    BYTES.get()
}

/// Bytes that are allocated now.
pub(crate) fn live() -> u64 {
    LIVE.get()
}

/// The most bytes that were allocated at once since [`forget_peak`].
pub(crate) fn peak() -> u64 {
    PEAK.get()
}

/// The peak is what is allocated now.
pub(crate) fn forget_peak() {
    PEAK.set(live());
}

fn allocated(size: usize) {
    COUNT.set(COUNT.get() + 1);
    BYTES.set(BYTES.get() + size as u64);
    LIVE.set(LIVE.get() + size as u64);
    PEAK.set(PEAK.get().max(LIVE.get()));
}

fn freed(size: usize) {
    LIVE.set(LIVE.get() - size as u64);
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allocated(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        freed(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        freed(layout.size());
        allocated(size);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
