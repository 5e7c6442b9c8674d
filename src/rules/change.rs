//! When a configuration change may be appended: thesis chapter 4 and its corrigendum (2015).
//!
//! A change takes effect when it is applied. That is safe because a leader appends the next one
//! only when it has applied the last, learns whether an earlier leader left one by first committing
//! in its own term (which the election sets `pending` for), and nobody campaigns with a committed
//! change that it has not applied.

use crate::error::ChangeRefusal;
use crate::membership::{ConfChangeV2, Membership};
use crate::types::Index;

/// Judges a change at a leader whose log may hold another up to `pending`.
pub(crate) fn judge(
    change: &ConfChangeV2,
    membership: &Membership,
    pending: Index,
    applied: Index,
) -> Result<(), ChangeRefusal> {
    if pending > applied {
        return Err(ChangeRefusal::Pending {
            index: pending,
            applied,
        });
    }
    match (membership.is_joint(), change.changes.is_empty()) {
        (true, false) => Err(ChangeRefusal::Joint),
        (false, true) => Err(ChangeRefusal::NotJoint),
        _ => Ok(membership.change(change).map(|_| ())?),
    }
}
