//! What may come in. A message is checked whole before anything of it is believed, so that a refused
//! one leaves no trace.

use alloc::boxed::Box;

use crate::config::Config;
use crate::error::StepError;
use crate::membership::Membership;
use crate::message::{Append, AppendResponse, Message, Payload, RequestVote, VoteResponse};
use crate::role::Role;
use crate::rules::history;
use crate::server::Server;
use crate::stop::Stop;
use crate::storage::Storage;
use crate::types::{ClusterId, EntryId, Identity, Index, NUMBER_MAX, NodeId, Snapshot, Term};

/// What the check found out that is needed later: the configuration of a snapshot.
pub(super) type Admitted = Option<Box<Membership>>;

pub(super) fn check<S: Storage>(
    server: &Server<S>,
    role: &Role,
    message: &Message,
) -> Result<Admitted, Stop<StepError>> {
    check_envelope(server, role, message)
        .and_then(|()| check_payload(server, role, message))
        .map_err(Stop::Refused)
}

fn check_envelope<S: Storage>(server: &Server<S>, role: &Role, message: &Message) -> Result<(), StepError> {
    check_cluster(&server.config, message.cluster_id)?;
    let (id, from, to, term) = (server.id(), message.from, message.to, message.term);
    let payload = &message.payload;
    if to != id {
        return Err(StepError::Misrouted { to, id });
    }
    // What was forwarded keeps its first sender, and may come back to it.
    if from == 0 || (from == id && !payload.is_forwarded()) {
        return Err(StepError::ImpossibleSender { from });
    }
    in_range(term, "term")?;
    match (payload.carries_term(), term) {
        (true, 0) => return Err(StepError::MissingTerm),
        (false, 1..) => return Err(StepError::UnexpectedTerm(term)),
        _ => {}
    }
    if payload.is_response() && !is_word_of_leader(server, role, message) {
        check_responder(&server.membership, from, message.identity)?;
    }
    Ok(())
}

/// A leader need be no member: it was removed and leads on, or its addition is not applied here. What it says to
/// whoever asked counts in no quorum. One of etcd-io/raft, whose messages name no group, may take another voter for
/// its quorum then.
fn is_word_of_leader<S: Storage>(server: &Server<S>, role: &Role, message: &Message) -> bool {
    let follows = role.leader(server.id()) == Some(message.from) && message.term == server.term();
    let counts_nowhere = match message.payload {
        Payload::ReadIndexResponse { .. } => message.cluster_id != 0,
        Payload::TransferRefused { .. } => true,
        _ => false,
    };
    follows && counts_nowhere && !server.membership.contains(message.from)
}

/// Only members are counted; and another store must not take the place of the one that the quorums are counted by.
fn check_responder(membership: &Membership, from: NodeId, identity: Identity) -> Result<(), StepError> {
    if !membership.contains(from) {
        return Err(StepError::UnknownPeer { from });
    }
    match membership.identity(from) {
        Some(known) if identity != known => Err(StepError::OtherIdentity { from, known, identity }),
        Some(_) | None => Ok(()),
    }
}

/// A stranger's message is not believed in anything.
fn check_cluster(config: &Config, theirs: ClusterId) -> Result<(), StepError> {
    let ours = config.cluster_id;
    if history::may_take(ours, theirs, config.settings().accept_without_cluster_id) {
        return Ok(());
    }
    Err(StepError::ForeignCluster { theirs, ours })
}

fn check_payload<S: Storage>(server: &Server<S>, role: &Role, message: &Message) -> Result<Admitted, StepError> {
    let last = server.log.last_index();
    match &message.payload {
        Payload::Append(append) => check_append(append, message.term)?,
        Payload::AppendResponse(response) => {
            let leads = message.term == server.term() && role.as_leader().is_some();
            check_append_response(*response, leads.then_some(last))?;
        }
        Payload::RequestVote(RequestVote {
            last,
            committed,
            configured_at,
            ..
        }) => {
            check_id(*last, "last")?;
            check_id(*committed, "committed")?;
            in_range(*configured_at, "configured_at")?;
            if last.term > message.term {
                return Err(StepError::Malformed("a log is ahead of its candidate's term"));
            }
        }
        Payload::InstallSnapshot(snapshot) => return check_snapshot(snapshot, message.term),
        Payload::VoteResponse(VoteResponse { committed, .. }) => check_id(*committed, "committed")?,
        Payload::ReadIndexResponse { index, .. } => in_range(*index, "index")?,
        Payload::HeartbeatResponse(response) => in_range(response.snapshot_request, "snapshot_request")?,
        Payload::Propose { .. }
        | Payload::Heartbeat(_)
        | Payload::TransferLeader { .. }
        | Payload::TransferRefused { .. }
        | Payload::TimeoutNow
        | Payload::ReadIndex { .. } => {}
    }
    Ok(None)
}

fn in_range(number: u64, name: &'static str) -> Result<(), StepError> {
    if number > NUMBER_MAX {
        return Err(StepError::OutOfRange(name));
    }
    Ok(())
}

fn check_id(id: EntryId, name: &'static str) -> Result<(), StepError> {
    in_range(id.term, name)?;
    in_range(id.index, name)
}

/// Entries must follow each other and what they are said to follow, and no term may fall.
fn check_append(append: &Append, term: Term) -> Result<(), StepError> {
    check_id(append.prev, "prev")?;
    in_range(append.commit, "commit")?;
    if append.prev.term > term {
        return Err(StepError::Malformed("an entry is ahead of its leader's term"));
    }
    // The last one has the highest index and term, or one of the entries is refused below.
    if let Some(last) = append.entries.last() {
        check_id(last.id(), "entry")?;
        if last.term > term {
            return Err(StepError::Malformed("an entry is ahead of its leader's term"));
        }
    }
    let mut prev = append.prev;
    for entry in &append.entries {
        if entry.index != prev.index.saturating_add(1) {
            return Err(StepError::Malformed("a gap between entries"));
        }
        if entry.term < prev.term || entry.term == 0 {
            return Err(StepError::Malformed("an entry of an earlier term than the one before"));
        }
        prev = entry.id();
    }
    Ok(())
}

/// `last`: of the leader that the answer is for, if that is what we are.
fn check_append_response(response: AppendResponse, last: Option<Index>) -> Result<(), StepError> {
    match response {
        AppendResponse::Accepted { index, .. } => {
            in_range(index, "index")?;
            match last {
                Some(last) if index > last => Err(StepError::BeyondLog { index, last }),
                _ => Ok(()),
            }
        }
        AppendResponse::Diverged { committed } => check_id(committed, "committed"),
        AppendResponse::Rejected { index, hint } => {
            in_range(index, "index")?;
            check_id(hint, "hint")
        }
    }
}

fn check_snapshot(snapshot: &Snapshot, term: Term) -> Result<Admitted, StepError> {
    let id = snapshot.id();
    check_id(id, "snapshot")?;
    if id.term > term {
        return Err(StepError::Malformed("a snapshot is ahead of its leader's term"));
    }
    if id.index > 0 && id.term == 0 {
        return Err(StepError::Malformed("a snapshot without a term"));
    }
    let membership = Membership::restore(&snapshot.metadata.conf_state)?;
    Ok(Some(Box::new(membership)))
}
