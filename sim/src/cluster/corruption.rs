//! Storages that cannot read what they hold: the node goes on, and promises nothing.

use quorate::error::{
    AcknowledgeError, ApplyError, NodeError, ProposeError, ReadError, ReadyError, SnapshotRequestError,
};
use quorate::message::{AppendResponse, HeartbeatResponse, Payload, RequestVote, VoteResponse};
use quorate::ready::{AckKind, AppendTask, NotAdvanced, TaskResponse};
use quorate::{Index, Message, NodeId, Ready};

use super::{Cluster, unexpected};
use crate::disk::{Disk, Fault};
use crate::judge::{Judge, Verdict, Violation};
use crate::machine::StateMachine;
use crate::member::Member;
use crate::trace::What;

/// An error that may say that the storage is corrupt.
pub(super) trait MetCorrupt: std::error::Error + Sized {
    /// Whether it does.
    fn met_corrupt(&self) -> bool;
}

macro_rules! met_corrupt {
    ($($error:ty),*) => {
        $(impl MetCorrupt for $error {
            fn met_corrupt(&self) -> bool {
                matches!(self, Self::Node(NodeError::Corrupt { .. }))
            }
        })*
    };
}

met_corrupt!(
    AcknowledgeError,
    ApplyError,
    ProposeError,
    ReadError,
    ReadyError,
    SnapshotRequestError
);

impl MetCorrupt for NodeError {
    fn met_corrupt(&self) -> bool {
        matches!(self, Self::Corrupt { .. })
    }
}

impl MetCorrupt for NotAdvanced {
    fn met_corrupt(&self) -> bool {
        self.reason.met_corrupt()
    }
}

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    /// What is stored there cannot be read from here on; a crash heals it, as if it came back on another disk that has
    /// all that was synced.
    pub(super) fn corrupt(&mut self, id: NodeId, index: Index) -> Verdict {
        let Some(node) = self.member_mut(id).and_then(Member::node_mut) else {
            return Ok(());
        };
        if !node.storage_mut().inject(Fault::Corrupt(index)) {
            return Ok(());
        }
        self.members[Self::position(id)].corrupt = true;
        self.coverage.storages_corrupted += 1;
        self.note(id, || What::Note {
            kind: "disk",
            text: format!("it cannot read {index} any more"),
        });
        self.observe(id)
    }

    /// What a call came to; `None` if it met what cannot be read: then it may be done in part, and the node goes on.
    pub(super) fn unless_corrupt<T, E: MetCorrupt>(
        &mut self,
        id: NodeId,
        what: &str,
        outcome: Result<T, E>,
    ) -> Result<Option<T>, Violation> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.met_corrupt() && self.is_corrupt(id) => Ok(None),
            Err(error) => Err(unexpected(id, what, &error)),
        }
    }

    pub(super) fn is_corrupt(&self, id: NodeId) -> bool {
        self.member(id).is_some_and(|member| member.corrupt)
    }

    /// A node hands out a batch: if it knew before that it cannot read, there is no promise in it.
    pub(super) fn judge_quiet(id: NodeId, corrupt: Option<Index>, ready: &Ready) -> Verdict {
        let owed = ready.append_task().map(AppendTask::responses).unwrap_or_default();
        let owes = owed.iter().any(|response| match response {
            TaskResponse::Message(message) => promises(message),
            TaskResponse::Ack(ack) => matches!(ack.kind(), AckKind::Vote { .. }),
        });
        Judge::corrupt_is_quiet(id, corrupt, owes || ready.messages().iter().any(promises))
    }
}

/// A vote, a candidacy, an acknowledgement, or that nobody else is elected for a while.
fn promises(message: &Message) -> bool {
    match &message.payload {
        Payload::VoteResponse(VoteResponse { granted, .. }) => *granted,
        Payload::RequestVote(RequestVote { pre_vote, .. }) => !pre_vote,
        Payload::AppendResponse(AppendResponse::Accepted { .. }) => true,
        Payload::HeartbeatResponse(HeartbeatResponse { promised_ticks, .. }) => promised_ticks.is_some_and(|n| n > 0),
        _ => false,
    }
}
