//! Changes of the configuration: one at a time, and not while another is under way.

use quorate::{Index, NodeId};

use super::{Judge, Verdict, check};

impl Judge {
    /// A leader stores a change of the configuration only when it has applied each earlier one in its log.
    pub fn stores_change(leader: NodeId, index: Index, earlier: Option<Index>, applied: Index) -> Verdict {
        check(
            earlier.is_none_or(|earlier| earlier <= applied),
            "one change at a time",
            || format!("{leader} stores a change at {index}, it has applied {applied} and another is at {earlier:?}"),
        )
    }

    /// Nobody begins a campaign with two changes in its log that it does not know to be committed: the second proves that
    /// the first is, and the configuration after the first is the oldest by which anybody may still be elected.
    pub fn campaigns_one_behind(node: NodeId, uncommitted: usize) -> Verdict {
        check(uncommitted < 2, "campaigns one change behind at most", || {
            format!("{node} campaigns with {uncommitted} changes in its log that it does not know to be committed")
        })
    }

    /// Nobody begins a campaign with a change that is committed and not applied.
    pub fn campaigns(node: NodeId, change: Option<Index>, applied: Index) -> Verdict {
        check(change.is_none(), "no campaign beside a change", || {
            format!("{node} campaigns, it has applied {applied} and committed a change at {change:?}")
        })
    }
}
