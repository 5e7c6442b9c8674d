//! What leaders know of their members, and what followers commit.

use quorate::membership::ConfChangeSingle;
use quorate::message::{AppendResponse, Payload};
use quorate::quorum::Majority;
use quorate::status::{ReplicationState, RoleKind};
use quorate::{EntryId, Index, Message, NodeId, RawNode, Status, Term};

use super::super::Cluster;
use super::Led;
use crate::disk::Disk;
use crate::judge::{Judge, Verdict};
use crate::machine::StateMachine;
use crate::member::Member;

/// What a leader told a follower with a message.
#[derive(Clone, Copy)]
pub(crate) struct Told {
    term: Term,
    commit: Index,
    /// The message compares the logs up to here; zero if it does not.
    compared: Index,
}

impl Told {
    pub(crate) fn by(message: &Message) -> Option<Self> {
        let (commit, compared) = match &message.payload {
            Payload::Append(append) => (append.commit, append.prev.index + append.entries.len() as u64),
            Payload::Heartbeat(heartbeat) => (heartbeat.commit, 0),
            Payload::InstallSnapshot(snapshot) => (snapshot.metadata.index, snapshot.metadata.index),
            _ => return None,
        };
        let term = message.term;
        Some(Self { term, commit, compared })
    }
}

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    /// A leader, after anything happened there.
    pub(in super::super) fn judge_progress(&mut self, id: NodeId, status: &Status) -> Verdict {
        let member = &mut self.members[Self::position(id)];
        member.causes.stands = false;
        let mut led = std::mem::take(&mut member.causes.led);
        if led.term != status.hard_state.term {
            led = Led::of(status.hard_state.term);
        }
        let Some(node) = self.members[Self::position(id)].node() else {
            return Ok(());
        };
        let mut moved = std::mem::take(&mut led.resized);
        let (mut counts, mut members) = (false, 0);
        for progress in node.progress() {
            members += 1;
            counts |= progress.promised_ticks > 0;
            let peer = led.peers.entry(progress.id).or_default();
            Judge::matched_grows(id, progress.id, peer.matched, progress.matched)?;
            if peer.matched != progress.matched {
                moved = true;
                self.judge_matched(id, progress.id, progress.matched)?;
            }
            peer.matched = progress.matched;
            peer.next = progress.next;
            peer.probing = progress.state == ReplicationState::Probe;
            peer.promised = progress.promised_ticks;
        }
        if led.peers.len() != members {
            led.peers.retain(|id, _| node.membership().contains(*id));
        }
        let member = &mut self.members[Self::position(id)];
        member.causes.led = led;
        member.seen.counts_on_promises = counts;
        if moved { self.judge_held(id, status) } else { Ok(()) }
    }

    /// What a member is said to hold. (Unless it follows a later leader, who may have replaced it.)
    fn judge_matched(&self, id: NodeId, peer: NodeId, matched: Index) -> Verdict {
        let member = &self.members[Self::position(id)];
        let (Some(term), Some(node)) = (member.log.term(matched), member.node()) else {
            return Ok(());
        };
        let (last, named) = (EntryId { term, index: matched }, node.membership().identity(peer));
        let Some(other) = self.member(peer).filter(|_| !self.disks_forgot) else {
            return Ok(());
        };
        let terms = [
            other.log.hard_state.term,
            other.durable.hard_state.term,
            other.durable.last().term,
        ];
        let later = terms.into_iter().any(|other| other > member.seen.term);
        Judge::matched_is_held(id, peer, last, later || other.held_on(named, last))
    }

    /// What a quorum holds is committed. (Where there are commit groups more is asked for.)
    fn judge_held(&self, id: NodeId, status: &Status) -> Verdict {
        let member = &self.members[Self::position(id)];
        let Some(node) = member.node() else { return Ok(()) };
        if !node.config().settings().commit_groups.is_empty() {
            return Ok(());
        }
        let peers = &member.causes.led.peers;
        let half = |half: &Majority| {
            let matched = |id: &NodeId| peers.get(id).map_or(0, |peer| peer.matched);
            let mut held: Vec<Index> = half.ids().iter().map(matched).collect();
            held.sort_unstable();
            held.get(held.len().saturating_sub(1) / 2).copied()
        };
        let voters = node.membership().voters();
        let Some(incoming) = half(voters.incoming()) else {
            return Ok(());
        };
        let held = half(voters.outgoing()).map_or(incoming, |outgoing| outgoing.min(incoming));
        let commit = status.hard_state.commit;
        Judge::held_is_committed(id, status.hard_state.term, held, member.log.term(held), commit)
    }

    /// A message of its leader reached a node, which had committed up to `before`.
    pub(in super::super) fn judge_follower(&mut self, id: NodeId, told: Told, before: Index) -> Verdict {
        let member = &mut self.members[Self::position(id)];
        let Some(now) = member.node().map(|node| node.status().hard_state) else {
            return Ok(());
        };
        if now.term != told.term {
            return Ok(());
        }
        let (term, known) = member.causes.compared;
        let compared = if term == told.term {
            known.max(told.compared)
        } else {
            told.compared
        };
        member.causes.compared = (told.term, compared);
        if now.commit == before {
            return Ok(());
        }
        // What is of the leader's term came from the leader.
        let last = member.log.last();
        let matched = if last.term == told.term {
            compared.max(last.index)
        } else {
            compared
        };
        Judge::follows(id, before, now.commit, told.commit, matched)
    }

    /// A response is about to reach a leader: what it says of where the logs agree.
    pub(in super::super) fn note_response(&mut self, id: NodeId, message: &Message) {
        let Payload::AppendResponse(response) = &message.payload else {
            return;
        };
        let member = &mut self.members[Self::position(id)];
        if member.seen.role != RoleKind::Leader || member.seen.term != message.term {
            return;
        }
        // What is to be sent already was decided before.
        let quiet = member.node().is_some_and(|node| !node.has_ready());
        let Some(peer) = member.causes.led.peers.get_mut(&message.from) else {
            return;
        };
        match *response {
            AppendResponse::Rejected { index, hint, .. } if quiet && peer.probing && peer.next == index + 1 => {
                peer.rejected = Some((index, hint.index));
            }
            AppendResponse::Rejected { .. } => {}
            _ => peer.rejected = None,
        }
    }

    /// A leader probes.
    pub(in super::super) fn judge_probe(&mut self, id: NodeId, message: &Message) -> Verdict {
        let peers = &mut self.members[Self::position(id)].causes.led.peers;
        let Some(peer) = peers.get_mut(&message.to) else {
            return Ok(());
        };
        match &message.payload {
            Payload::Append(append) => match peer.rejected {
                Some(rejected) => Judge::heeds(id, message.to, append.prev.index, peer.matched, rejected),
                None => Ok(()),
            },
            Payload::InstallSnapshot(_) => {
                peer.rejected = None;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A leader applied a change of these: what it knew of them may begin anew.
    pub(in super::super) fn forget_progress<'a>(
        &mut self,
        id: NodeId,
        changed: impl Iterator<Item = &'a ConfChangeSingle>,
    ) {
        let led = &mut self.members[Self::position(id)].causes.led;
        for single in changed {
            led.peers.remove(&single.node_id);
        }
        led.resized = true;
    }

    /// What counts as uncommitted is in the log, and may not be applied yet. (With asynchronous writes it also counts until
    /// its own acknowledgement is back, which nobody else can tell.)
    pub(in super::super) fn judge_uncommitted(&self, id: NodeId, status: &Status) -> Verdict {
        let (counted, member) = (status.uncommitted_bytes, &self.members[Self::position(id)]);
        // What is not handed out yet may have overwritten what is known here.
        let unknown = member.node().is_none_or(RawNode::has_ready);
        if counted == 0 || counted == u64::MAX || unknown || member.config.settings().async_storage_writes {
            return Ok(());
        }
        let released = status
            .hard_state
            .commit
            .min(status.applied)
            .min(member.durable.last().index);
        let mut waiting = 0;
        for index in released + 1..=status.last_index {
            let entry = member
                .log
                .term(index)
                .and_then(|term| self.judge.stored(EntryId { term, index }));
            let Some(entry) = entry else { return Ok(()) };
            waiting += entry.data.len() as u64;
        }
        Judge::counts_what_waits(id, counted, waiting)
    }

    /// All that is still kept for somebody at a node, though nothing is under way; `None`: nothing.
    pub(in super::super) fn leftover(member: &Member<M, D>, core: impl Fn(NodeId) -> bool) -> Option<String> {
        let node = member.node()?;
        let status = node.status();
        if status.pending_reads > 0 {
            return Some(format!("{} keeps {} reads", member.id, status.pending_reads));
        }
        if status.uncommitted_bytes > 0 {
            let bytes = status.uncommitted_bytes;
            return Some(format!(
                "{} counts {bytes} bytes as uncommitted, and all is committed",
                member.id
            ));
        }
        let mut peers = node.progress().filter(|peer| core(peer.id));
        let stuck = peers.find(|peer| peer.matched != status.last_index || peer.inflight > 0)?;
        Some(format!("{} waits for what it has: {stuck}", member.id))
    }
}
