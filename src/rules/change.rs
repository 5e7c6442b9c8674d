//! When a configuration change may be appended: thesis chapter 4 and its corrigendum (2015).
//!
//! A change takes effect when it is applied. That is safe because a leader appends the next one
//! only when it has applied the last, learns whether an earlier leader left one by first committing
//! in its own term (which the election sets `pending` for), and nobody campaigns with a committed
//! change that it has not applied.

use crate::error::ChangeRefusal;
use crate::membership::{Changed, ConfChangeV2, Membership};
use crate::types::{Entry, Index};
use crate::wire;

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

/// What a committed change makes of a configuration. One that cannot be made is ignored: the same on every replica, for
/// all have the same entry and configuration.
pub(crate) fn apply(entry: &Entry, membership: &Membership) -> Result<Changed, ChangeRefusal> {
    let change = wire::decode_change(entry).map_err(ChangeRefusal::Undecodable)?;
    Ok(membership.make(&change.into_v2())?)
}
