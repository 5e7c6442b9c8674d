//! What a group must still be able to do, and which messages are lies that no group survives: Raft
//! trusts its members, so that what pretends to be a member's own word proves nothing.

use quorate::message::{AppendResponse, Heartbeat, Payload, VoteResponse};
use quorate::status::RoleKind;
use quorate::types::NUMBER_MAX;
use quorate::{EntryId, Message, NodeId, Storage};

use crate::session::diverges;
use crate::subjects::Subject;
use crate::support::Cluster;

/// Whether a message, if it is believed, forges what another member never said: a leadership, a
/// vote, an acknowledgement, a log; or changes who is in the group.
pub(crate) fn forges(cluster: &Cluster, message: &Message) -> bool {
    let Some(target) = cluster.nodes.get(&message.to).map(|node| node.raw.status()) else {
        return false;
    };
    let (ours, term) = (target.hard_state, message.term);
    let newest = cluster.nodes.keys().map(|id| cluster.term(*id)).max().unwrap_or(0);
    // Terms are used up, or skipped so far that nobody follows.
    if term > newest + 1 && term <= NUMBER_MAX {
        return true;
    }
    let leads = |id: NodeId| {
        let node = cluster.nodes.get(&id).map(|node| node.raw.status());
        node.is_some_and(|status| status.soft_state.role == RoleKind::Leader && status.hard_state.term == term)
    };
    let led = term < ours.term || leads(message.from);
    let committed = cluster.nodes.keys().map(|id| cluster.committed(*id)).max();
    if diverges(cluster.raw(message.to), message) {
        return true; // another history, which marks the node by design
    }
    match &message.payload {
        Payload::Append(append) => !led || (term >= ours.term && append.prev.index >= ours.commit),
        Payload::Heartbeat(Heartbeat { commit, .. }) => !led || *commit > ours.commit,
        Payload::InstallSnapshot(snapshot) => !led || snapshot.metadata.index > ours.commit,
        Payload::RequestVote(request) => {
            request.last > last_of(cluster, message.from) || Some(request.committed.index) > committed
        }
        Payload::VoteResponse(VoteResponse {
            pre_vote,
            granted,
            committed: told,
            ..
        }) => (*granted && !pre_vote && term == ours.term) || Some(told.index) > committed,
        Payload::AppendResponse(AppendResponse::Accepted { index, .. }) => {
            term == ours.term && cluster.nodes.contains_key(&message.from) && *index > cluster.committed(message.from)
        }
        Payload::Propose { entries, .. } => entries.iter().any(|entry| matches!(entry.conf_change(), Some(Ok(_)))),
        _ => false,
    }
}

/// The end of a node's stored log.
fn last_of(cluster: &Cluster, id: NodeId) -> EntryId {
    let Some(node) = cluster.nodes.get(&id) else {
        return EntryId::default();
    };
    let storage = node.raw.storage();
    let index = storage.last_index().expect("a storage that works");
    let term = storage.term(index).expect("the last entry's term");
    EntryId { term, index }
}

/// Good messages flow again: some node leads, and what it proposes reaches everybody.
pub(crate) fn assert_recovers(subject: &Subject) {
    if !subject.recovers {
        return;
    }
    let mut cluster = subject.cluster.clone();
    cluster.heal();
    let name = subject.name;
    for _ in 0..50 {
        cluster.tick_all(2);
        let Some(leader) = cluster.leader() else { continue };
        if cluster.node(leader).propose("after all").is_ok() {
            cluster.tick_all(30);
            let members = cluster.raw(leader).membership().members();
            let has_it = |id: &NodeId| cluster.data(*id).iter().any(|data| data == "after all");
            if members.iter().all(has_it) {
                cluster.assert_consistent();
                return;
            }
        }
    }
    let states: Vec<_> = cluster.nodes.values().map(|node| node.raw.status()).collect();
    panic!("{name}: the group does not commit any more: {states:#?}");
}
