//! The storage suite, on storages that keep its rules and on storages that do not.

/// [`MemoryDisk`](quorate_sim::disk::MemoryDisk) keeps every rule.
mod memory {
    use quorate_sim::disk::MemoryDisk;
    quorate_sim::storage_suite!(|_number| MemoryDisk::default());
}
