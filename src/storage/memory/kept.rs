//! What is stored, in as few bytes as it needs: a process may hold many thousands of groups, most of them
//! idle.

use alloc::boxed::Box;

use bytes::Bytes;

use crate::types::{ConfState, EntryId, HardState, Index, NodeId, Snapshot, SnapshotMetadata, Term};

/// Who is voted for, and in which term; and the longest promise that may be outstanding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct KeptBallot {
    term: Term,
    /// Zero, which is no node's id, if there is none.
    vote: NodeId,
    /// No node promises more, however long its election timeout is.
    promised: u32,
}

impl KeptBallot {
    pub(super) fn of(hard_state: HardState) -> Self {
        Self {
            term: hard_state.term,
            vote: hard_state.vote.unwrap_or(0),
            promised: u32::try_from(hard_state.promised_ticks).unwrap_or(u32::MAX),
        }
    }

    pub(super) fn hard_state(self, commit: Index) -> HardState {
        let vote = Some(self.vote).filter(|&id| id != 0);
        HardState::new(self.term, vote, commit).with_promised_ticks(self.promised.into())
    }
}

/// A configuration. Most are of voters alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum KeptConfState {
    Voters(Box<[NodeId]>),
    /// With anything else.
    Full(Box<ConfState>),
}

impl From<ConfState> for KeptConfState {
    fn from(conf_state: ConfState) -> Self {
        match conf_state {
            ConfState {
                voters,
                learners,
                voters_outgoing,
                learners_next,
                auto_leave: false,
                identities,
            } if learners.is_empty()
                && voters_outgoing.is_empty()
                && learners_next.is_empty()
                && identities.is_empty() =>
            {
                Self::Voters(voters.into_boxed_slice())
            }
            full => Self::Full(Box::new(full)),
        }
    }
}

impl KeptConfState {
    pub(super) fn conf_state(&self) -> ConfState {
        match self {
            Self::Voters(voters) => ConfState::of_voters(voters.iter().copied()),
            Self::Full(full) => (**full).clone(),
        }
    }
}

/// A configuration, and the index that it is as of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct KeptConfiguration {
    pub(super) index: Index,
    pub(super) conf_state: KeptConfState,
}

/// A snapshot. Many have no data: they are the one that a group began with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct KeptSnapshot {
    pub(super) id: EntryId,
    pub(super) conf_state: KeptConfState,
    /// `None`: there is no byte of it.
    data: Option<Box<Bytes>>,
}

impl From<Snapshot> for KeptSnapshot {
    fn from(snapshot: Snapshot) -> Self {
        Self {
            id: snapshot.id(),
            conf_state: snapshot.metadata.conf_state.into(),
            data: (!snapshot.data.is_empty()).then(|| Box::new(snapshot.data)),
        }
    }
}

impl KeptSnapshot {
    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            data: self.data.as_deref().cloned().unwrap_or_default(),
            metadata: SnapshotMetadata {
                conf_state: self.conf_state.conf_state(),
                index: self.id.index,
                term: self.id.term,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same comes out as went in.
    #[test]
    fn nothing_is_lost() {
        let voters = ConfState::of_voters([3, 1, 2]);
        let others = [
            ConfState::default(),
            voters.clone().with_learners([4]),
            voters.clone().with_voters_outgoing([1]),
            voters.clone().with_learners_next([1]),
            voters.clone().with_auto_leave(true),
            voters.clone().with_identities([(1, 7)]),
        ];
        for (index, conf_state) in (0..).zip([voters].into_iter().chain(others)) {
            let metadata = SnapshotMetadata {
                conf_state,
                index,
                term: 7,
            };
            for data in [Bytes::new(), "state".into()] {
                let snapshot = Snapshot {
                    data,
                    metadata: metadata.clone(),
                };
                assert_eq!(KeptSnapshot::from(snapshot.clone()).snapshot(), snapshot);
            }
        }
        for vote in [None, Some(3)] {
            let hard_state = HardState::new(2, vote, 9).with_promised_ticks(7);
            assert_eq!(KeptBallot::of(hard_state).hard_state(9), hard_state);
        }
    }
}
