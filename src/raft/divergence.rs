//! What a leader sends against what is committed here. The two agree, or one of the stores lost something
//! (Leader Completeness, section 5.4.3).

use super::Raft;
use crate::error::{Fault, StepError};
use crate::event::StepDownReason;
use crate::log::Log;
use crate::message::{Append, AppendResponse, Heartbeat, Message, Payload};
use crate::ready::ReadRefusal;
use crate::role::Role;
use crate::stop::Stop;
use crate::storage::Storage;
use crate::types::{EntryId, Index, Term};

/// A committed entry, and the term of another one in its place.
type Contradiction = (EntryId, Term);

impl<S: Storage> Raft<S> {
    /// Refuses what contradicts what is committed here, tells the leader, and marks this node. No term is
    /// adopted by it, nor a timer reset. A leader of an earlier term proves nothing.
    pub(super) fn check_history(&mut self, message: &Message) -> Result<(), Stop<StepError>> {
        let server = &mut self.server;
        if message.term < server.term() {
            return Ok(());
        }
        let found = match &message.payload {
            Payload::Append(append) => find_in_append(&server.log, append)?,
            Payload::InstallSnapshot(snapshot) => find(&server.log, snapshot.id())?,
            // A leader tells no commit index beyond what we acknowledged. Did we lose our store?
            Payload::Heartbeat(Heartbeat { commit: index, .. }) if *index > server.log.last_index() => {
                let (index, last) = (*index, server.log.last_index());
                let leader = self.role.leader(server.id());
                if message.term == server.term() && leader.is_none_or(|leader| leader == message.from) {
                    server.mark_lost_entries(index, message.from);
                }
                return Err(Stop::Refused(StepError::BeyondLog { index, last }));
            }
            _ => None,
        };
        let Some((committed, theirs)) = found else {
            return Ok(());
        };
        let EntryId { term: ours, index } = committed;
        server.mark_diverged(index, message.from);
        let payload = Payload::AppendResponse(AppendResponse::Diverged { committed });
        let response = server.message(message.from, message.term, payload);
        server.forward(response);
        self.stop_serving();
        Err(Stop::Refused(StepError::Diverged { index, ours, theirs }))
    }

    /// What is applied here may be wrong: nobody reads it any more, nor follows this node.
    fn stop_serving(&mut self) {
        match &mut self.role {
            Role::Follower(follower) => follower.refuse_reads(&mut self.server, ReadRefusal::Diverged),
            Role::PreCandidate(_) | Role::Candidate(_) => self.give_up(),
            Role::Leader(_) => self.step_down(StepDownReason::Diverged),
        }
    }
}

fn find_in_append<S: Storage>(log: &Log<S>, append: &Append) -> Result<Option<Contradiction>, Fault> {
    // A leader of etcd-io/raft may name the term of an entry that it compacted as 0.
    if append.prev.term > 0 {
        let found = find(log, append.prev)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    for entry in append.entries.iter().take_while(|entry| entry.index <= log.committed()) {
        let same_data = log
            .unstable_entry(entry.index)
            .is_none_or(|ours| ours.data == entry.data && ours.kind == entry.kind);
        match find(log, entry.id())? {
            None if same_data => {}
            None => return Ok(Some((entry.id(), entry.term))),
            found => return Ok(found),
        }
    }
    Ok(None)
}

/// Whether another entry is committed in the place of `theirs`.
fn find<S: Storage>(log: &Log<S>, theirs: EntryId) -> Result<Option<Contradiction>, Fault> {
    let index: Index = theirs.index;
    if index > log.committed() {
        return Ok(None);
    }
    let ours = log.known_term(index)?.filter(|&ours| ours != theirs.term);
    Ok(ours.map(|term| (EntryId { term, index }, theirs.term)))
}
