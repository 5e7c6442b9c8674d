//! How often things go wrong, and how slow they are: what may change while a run is under way.

use super::{Corners, Parameters};

impl Parameters {
    /// Goes on with the rates of others. What is sound stays so: how far clocks are off, whose disks may be lost, and
    /// under which settings nodes run is not taken.
    pub(crate) fn take_rates(&mut self, other: &Self) {
        self.delay_us = other.delay_us;
        self.us_a_kilobyte = other.us_a_kilobyte;
        self.loss = other.loss;
        self.duplication = other.duplication;
        self.partition = other.partition;
        self.partition_ticks = other.partition_ticks;
        self.sync_us = other.sync_us;
        self.apply_us = other.apply_us;
        self.crash = other.crash;
        self.down_ticks = other.down_ticks;
        self.leader_fault = other.leader_fault;
        self.torn_batch = other.torn_batch;
        self.failing_disk = other.failing_disk;
        self.pause = other.pause;
        self.pause_ticks = other.pause_ticks;
        self.change = other.change;
        self.transfer = other.transfer;
        self.compaction = other.compaction;
        self.keep_entries = other.keep_entries;
        self.interference = other.interference;
        self.think_us = other.think_us;
        // What nodes are set to stays: they run under it.
        self.corners = Corners {
            small_bounds: self.corners.small_bounds,
            like_etcd: self.corners.like_etcd,
            lease_reads: self.corners.lease_reads,
            rejoins: self.corners.rejoins,
            durable_machines: self.corners.durable_machines,
            ..other.corners
        };
    }
}
