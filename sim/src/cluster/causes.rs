//! What the judges that see causes are told of: what each node says of itself, compared with what the others say.

mod changes;
mod leases;
mod reads;
mod replication;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use quorate::message::Payload;
use quorate::{Index, Message, NodeId, Status, Term};

use super::Cluster;
use crate::disk::Disk;
use crate::judge::Verdict;
use crate::machine::StateMachine;
pub(super) use changes::change_of;
use changes::proposed_changes;
use replication::Told;

/// What is remembered of one start of a node.
#[derive(Clone, Default)]
pub(crate) struct Causes {
    /// Where the changes of the configuration are that its log holds, as far as they are not applied.
    pub(crate) changes: Vec<Index>,
    /// In this term its leader's messages compared the logs up to here.
    pub(super) compared: (Term, Index),
    /// What it leads by: begun anew with each term.
    pub(super) led: Led,
    /// The process stands still: what it counts on is as of then.
    pub(super) stands: bool,
    /// What it sent to ask its leader for reads.
    pub(super) forwarded: BTreeSet<Bytes>,
}

/// What is remembered of a leader in its term.
#[derive(Clone, Default)]
pub(crate) struct Led {
    pub(super) term: Term,
    /// Its members, as it sees them.
    pub(super) peers: BTreeMap<NodeId, Peer>,
    /// It ordered another node to campaign.
    pub(super) gave_up: bool,
    /// Names of the heartbeats' rounds, and the first message of each.
    pub(super) rounds: VecDeque<(Bytes, u64)>,
    /// The latest round that a member responded to.
    pub(super) confirmed: BTreeMap<NodeId, u64>,
    /// Its configuration has changed, and what a quorum is.
    pub(super) resized: bool,
}

impl Led {
    fn of(term: Term) -> Self {
        Self {
            term,
            ..Self::default()
        }
    }
}

/// A member as its leader sees it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Peer {
    pub(super) matched: Index,
    pub(super) next: Index,
    pub(super) probing: bool,
    /// Ticks for which the leader counts on its promise.
    pub(super) promised: u64,
    /// Its last rejection: of which entry, and where the logs may agree.
    pub(super) rejected: Option<(Index, Index)>,
}

/// What a node was before a message reached it, as far as the message may change that.
pub(super) struct Before {
    status: Status,
    told: Option<Told>,
    /// Which of the proposed entries change the configuration.
    proposed: Option<Vec<bool>>,
    /// It is a response to a read, and whether to one of this start.
    asked: Option<bool>,
}

impl Before {
    /// `None` where nothing is compared.
    pub(super) fn of<M: StateMachine, D: Disk>(
        cluster: &mut Cluster<M, D>,
        id: NodeId,
        message: &Message,
    ) -> Option<Self> {
        cluster.note_response(id, message);
        cluster.note_confirmation(id, message);
        let member = cluster.member(id)?;
        let asked = match &message.payload {
            Payload::ReadIndexResponse { context, .. } => Some(member.causes.forwarded.contains(context)),
            _ => None,
        };
        let (told, proposed) = (Told::by(message), proposed_changes(message));
        let compared = told.is_some() || proposed.is_some() || asked.is_some();
        compared.then_some(())?;
        Some(Self {
            status: member.node()?.status(),
            told,
            proposed,
            asked,
        })
    }

    /// Whether it is a response to a read of this start, by the leader of this term.
    pub(super) fn awaits(&self, from: NodeId, term: Term) -> bool {
        let follows = self.status.soft_state.leader == Some(from) && self.status.hard_state.term == term;
        self.asked == Some(true) && follows
    }
}

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    /// A message was taken.
    pub(super) fn judge_delivery(&mut self, id: NodeId, before: Option<Before>) -> Verdict {
        let Some(before) = before else { return Ok(()) };
        if let Some(told) = before.told {
            self.judge_follower(id, told, before.status.hard_state.commit)?;
        }
        if let Some(proposed) = &before.proposed {
            self.judge_forwarded(id, proposed, &before.status)?;
        }
        match before.asked {
            Some(asked) => self.judge_read_response(id, asked, &before.status),
            None => Ok(()),
        }
    }
}
