//! Which members may be lost together.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::types::NodeId;

/// Which commit group members are in: those of one group (a data centre, a zone) may be lost together. Any number
/// names a group; members that are not named are in none.
///
/// ```
/// use quorate::CommitGroups;
/// let groups = CommitGroups::new([(1, 100), (2, 100), (3, 200)]);
/// assert_eq!((groups.group(2), groups.group(3), groups.group(4)), (Some(100), Some(200), None));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(from = "Vec<(NodeId, u64)>", into = "Vec<(NodeId, u64)>")
)]
pub struct CommitGroups(Box<[(NodeId, u64)]>);

impl CommitGroups {
    /// These members in these groups; who is named more than once is where it is named first.
    pub fn new(members: impl IntoIterator<Item = (NodeId, u64)>) -> Self {
        let mut members: Vec<(NodeId, u64)> = members.into_iter().collect();
        members.sort_by_key(|(id, _)| *id);
        members.dedup_by_key(|(id, _)| *id);
        Self(members.into())
    }

    /// The group of a member.
    pub fn group(&self, id: NodeId) -> Option<u64> {
        let found = self.0.iter().find(|(member, _)| *member == id);
        found.map(|(_, group)| *group)
    }

    /// Whether nobody is in any group.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Members and their groups, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, u64)> + '_ {
        self.0.iter().copied()
    }
}

impl From<Vec<(NodeId, u64)>> for CommitGroups {
    fn from(members: Vec<(NodeId, u64)>) -> Self {
        Self::new(members)
    }
}

impl From<CommitGroups> for Vec<(NodeId, u64)> {
    fn from(groups: CommitGroups) -> Self {
        groups.0.into_vec()
    }
}
