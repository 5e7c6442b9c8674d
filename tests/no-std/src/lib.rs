//! A static library without the standard library that runs a group of one. That it builds is the
//! test: its panic handler would be there twice if the core, or anything it depends on, used `std`.
//!
//! `CARGO_PROFILE_DEV_PANIC=abort cargo build --manifest-path tests/no-std/Cargo.toml`
#![no_std]

extern crate alloc;

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::panic::PanicInfo;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering};

use alloc::vec::Vec;

use quorate::{bootstrap, ConfState, Config, MemoryStorage, Message, RawNode};
use quorate::message::Payload;

const BYTES: usize = 1 << 20;

/// Memory that is handed out from front to back and never taken back.
struct Arena {
    memory: UnsafeCell<[u8; BYTES]>,
    used: AtomicUsize,
}

// Every part of the memory is handed out once.
unsafe impl Sync for Arena {}

unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(room) = layout.size().checked_add(layout.align()) else {
            return null_mut();
        };
        let start = self.used.fetch_add(room, Ordering::Relaxed);
        if start.checked_add(room).is_none_or(|end| end > BYTES) {
            return null_mut();
        }
        let base = self.memory.get().cast::<u8>().wrapping_add(start);
        base.wrapping_add(base.align_offset(layout.align()))
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ARENA: Arena = Arena {
    memory: UnsafeCell::new([0; BYTES]),
    used: AtomicUsize::new(0),
};

#[panic_handler]
fn on_panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// How many entries a group of one commits when one is proposed, and how long a message is as bytes.
#[unsafe(no_mangle)]
pub extern "C" fn quorate_no_std() -> usize {
    let message = Message::new(1, 2, 3, Payload::TimeoutNow);
    committed().map_or(0, |entries| entries.len()) + message.encode().len()
}

fn committed() -> Option<Vec<quorate::Entry>> {
    let snapshot = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1])).ok()?;
    let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(snapshot)).ok()?;
    node.campaign().ok()?;
    let mut committed = Vec::new();
    for _ in 0..2 {
        while let Some(ready) = node.ready().ok()? {
            node.storage_mut().persist(&ready).ok()?;
            let mut done = ready.persisted();
            committed.extend(done.take_committed_entries());
            node.advance(done).ok()?;
        }
        let _ = node.propose("x = 1").ok()?;
    }
    Some(committed)
}
