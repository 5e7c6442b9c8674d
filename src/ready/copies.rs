//! Copies of a batch that is out, for tools that try several futures of one past.

use core::hash::{Hash, Hasher};
use core::sync::atomic::{AtomicBool, Ordering};

use super::{Persisted, Ready};

fn copy(flag: &AtomicBool) -> AtomicBool {
    AtomicBool::new(flag.load(Ordering::Relaxed))
}

/// For tools that clone a node together with what it handed out: simulators, model checkers. One of the copies is
/// advanced; a node refuses the other as [not its own](crate::error::AcknowledgeError::NotOutstanding).
impl Clone for Ready {
    fn clone(&self) -> Self {
        Self {
            batch: self.batch.clone(),
            seen: copy(&self.seen),
            snapshot_seen: copy(&self.snapshot_seen),
        }
    }
}

/// Equal batches hand out the same; whether somebody has looked at them does not count.
impl PartialEq for Ready {
    fn eq(&self, other: &Self) -> bool {
        self.batch == other.batch
    }
}

impl Eq for Ready {}

impl Hash for Ready {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.batch.hash(state);
    }
}

/// As for [`Ready`].
impl Clone for Persisted {
    fn clone(&self) -> Self {
        Self {
            batch: self.batch.clone(),
            seen: self.seen,
            snapshot_seen: copy(&self.snapshot_seen),
        }
    }
}

impl PartialEq for Persisted {
    fn eq(&self, other: &Self) -> bool {
        self.batch == other.batch
    }
}

impl Eq for Persisted {}

impl Hash for Persisted {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.batch.hash(state);
    }
}
