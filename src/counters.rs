//! How often things happened, for metrics.

/// How often things happened since the node was made; they wrap around.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Counters {
    /// Messages taken in.
    pub messages_received: u64,
    /// Messages refused with an error.
    pub messages_refused: u64,
    /// Messages queued for other nodes.
    pub messages_sent: u64,
    /// Entries appended as a leader.
    pub entries_proposed: u64,
    /// Proposals refused as a leader.
    pub proposals_refused: u64,
    /// Campaigns begun, rehearsals not counted.
    pub campaigns: u64,
    /// Elections won.
    pub elections_won: u64,
    /// Snapshots sent.
    pub snapshots_sent: u64,
    /// Reads answered by a round of heartbeats.
    pub reads_by_round: u64,
    /// Reads answered by the lease.
    pub reads_by_lease: u64,
    /// Events that nobody fetched in time.
    pub events_dropped: u64,
}
