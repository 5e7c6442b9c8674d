//! What is stored, on the wire: entries, snapshots, hard states and configurations.

use super::{known, list, proto, try_list};
use crate::error::DecodeError;
use crate::membership::{ConfChange, ConfChangeKind, ConfChangeSingle, ConfChangeV2, Transition};
use crate::types::{ConfState, Entry, EntryKind, HardState, Identity, NodeId, Snapshot, SnapshotMetadata};

/// Pairs the names of an enum with those that the wire has for them.
macro_rules! pair {
    ($ours:ident, $theirs:ident: $($our:ident = $their:ident,)*) => {
        impl From<$ours> for proto::$theirs {
            fn from(value: $ours) -> Self {
                match value {
                    $($ours::$our => Self::$their,)*
                }
            }
        }

        impl From<proto::$theirs> for $ours {
            fn from(wire: proto::$theirs) -> Self {
                match wire {
                    $(proto::$theirs::$their => Self::$our,)*
                }
            }
        }
    };
}

pair! { EntryKind, EntryType:
    Normal = EntryNormal,
    ConfChange = EntryConfChange,
    ConfChangeV2 = EntryConfChangeV2,
}

pair! { ConfChangeKind, ConfChangeType:
    AddNode = ConfChangeAddNode,
    RemoveNode = ConfChangeRemoveNode,
    UpdateNode = ConfChangeUpdateNode,
    AddLearnerNode = ConfChangeAddLearnerNode,
}

pair! { Transition, ConfChangeTransition:
    Auto = Auto,
    JointImplicit = JointImplicit,
    JointExplicit = JointExplicit,
}

impl From<&Entry> for proto::Entry {
    fn from(entry: &Entry) -> Self {
        Self {
            r#type: proto::EntryType::from(entry.kind).into(),
            term: entry.term,
            index: entry.index,
            data: entry.data.clone(),
        }
    }
}

impl TryFrom<proto::Entry> for Entry {
    type Error = DecodeError;

    fn try_from(wire: proto::Entry) -> Result<Self, DecodeError> {
        Ok(Self {
            term: wire.term,
            index: wire.index,
            kind: known::<proto::EntryType>("entry type", wire.r#type)?.into(),
            data: wire.data,
        })
    }
}

impl From<&Snapshot> for proto::Snapshot {
    fn from(snapshot: &Snapshot) -> Self {
        Self {
            data: snapshot.data.clone(),
            metadata: Some((&snapshot.metadata).into()),
        }
    }
}

impl From<proto::Snapshot> for Snapshot {
    fn from(wire: proto::Snapshot) -> Self {
        Self {
            data: wire.data,
            metadata: wire.metadata.unwrap_or_default().into(),
        }
    }
}

impl From<&SnapshotMetadata> for proto::SnapshotMetadata {
    fn from(metadata: &SnapshotMetadata) -> Self {
        Self {
            conf_state: Some((&metadata.conf_state).into()),
            index: metadata.index,
            term: metadata.term,
        }
    }
}

impl From<proto::SnapshotMetadata> for SnapshotMetadata {
    fn from(wire: proto::SnapshotMetadata) -> Self {
        Self {
            conf_state: wire.conf_state.unwrap_or_default().into(),
            index: wire.index,
            term: wire.term,
        }
    }
}

impl From<&HardState> for proto::HardState {
    fn from(state: &HardState) -> Self {
        Self {
            term: state.term,
            vote: state.vote.unwrap_or(0),
            commit: state.commit,
            promised_ticks: state.promised_ticks,
        }
    }
}

impl From<proto::HardState> for HardState {
    fn from(wire: proto::HardState) -> Self {
        Self {
            term: wire.term,
            vote: (wire.vote != 0).then_some(wire.vote),
            commit: wire.commit,
            promised_ticks: wire.promised_ticks,
        }
    }
}

impl From<&ConfState> for proto::ConfState {
    fn from(state: &ConfState) -> Self {
        Self {
            voters: state.voters.clone(),
            learners: state.learners.clone(),
            voters_outgoing: state.voters_outgoing.clone(),
            learners_next: state.learners_next.clone(),
            auto_leave: state.auto_leave,
            identities: list(&state.identities),
        }
    }
}

impl From<proto::ConfState> for ConfState {
    fn from(wire: proto::ConfState) -> Self {
        Self {
            voters: wire.voters,
            learners: wire.learners,
            voters_outgoing: wire.voters_outgoing,
            learners_next: wire.learners_next,
            auto_leave: wire.auto_leave,
            identities: wire.identities.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<&(NodeId, Identity)> for proto::MemberIdentity {
    fn from(&(node_id, identity): &(NodeId, Identity)) -> Self {
        Self { node_id, identity }
    }
}

impl From<proto::MemberIdentity> for (NodeId, Identity) {
    fn from(wire: proto::MemberIdentity) -> Self {
        (wire.node_id, wire.identity)
    }
}

impl From<&ConfChange> for proto::ConfChange {
    fn from(change: &ConfChange) -> Self {
        Self {
            id: change.id,
            r#type: proto::ConfChangeType::from(change.kind).into(),
            node_id: change.node_id,
            context: change.context.clone(),
            checked: false,
        }
    }
}

impl TryFrom<proto::ConfChange> for ConfChange {
    type Error = DecodeError;

    fn try_from(wire: proto::ConfChange) -> Result<Self, DecodeError> {
        Ok(Self {
            id: wire.id,
            kind: known::<proto::ConfChangeType>("change type", wire.r#type)?.into(),
            node_id: wire.node_id,
            context: wire.context,
        })
    }
}

impl From<&ConfChangeSingle> for proto::ConfChangeSingle {
    fn from(change: &ConfChangeSingle) -> Self {
        Self {
            r#type: proto::ConfChangeType::from(change.kind).into(),
            node_id: change.node_id,
            identity: change.identity,
        }
    }
}

impl TryFrom<proto::ConfChangeSingle> for ConfChangeSingle {
    type Error = DecodeError;

    fn try_from(wire: proto::ConfChangeSingle) -> Result<Self, DecodeError> {
        Ok(Self {
            kind: known::<proto::ConfChangeType>("change type", wire.r#type)?.into(),
            node_id: wire.node_id,
            identity: wire.identity,
        })
    }
}

impl From<&ConfChangeV2> for proto::ConfChangeV2 {
    fn from(change: &ConfChangeV2) -> Self {
        Self {
            transition: proto::ConfChangeTransition::from(change.transition).into(),
            changes: list(&change.changes),
            context: change.context.clone(),
            checked: false,
        }
    }
}

impl TryFrom<proto::ConfChangeV2> for ConfChangeV2 {
    type Error = DecodeError;

    fn try_from(wire: proto::ConfChangeV2) -> Result<Self, DecodeError> {
        Ok(Self {
            transition: known::<proto::ConfChangeTransition>("transition", wire.transition)?.into(),
            changes: try_list(wire.changes)?,
            context: wire.context,
        })
    }
}
