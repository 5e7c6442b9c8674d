//! A snapshot arrives: it replaces log and state machine (section 7), or the state machine alone, if that is damaged
//! and this node asked for it.

use alloc::boxed::Box;

use super::{Follower, acknowledge, note_truncation};
use crate::error::Fault;
use crate::event::{Event, IgnoredReason};
use crate::membership::Membership;
use crate::message::AppendResponse;
use crate::rules::commit;
use crate::server::Server;
use crate::storage::Storage;
use crate::types::{Index, NodeId, Snapshot};

/// `InstallSnapshot` (section 7); its configuration was checked.
pub(crate) fn on_snapshot<S: Storage>(
    follower: &mut Follower,
    server: &mut Server<S>,
    from: NodeId,
    snapshot: Box<Snapshot>,
    membership: Membership,
) -> Result<(), Fault> {
    let restored = if server.diverged {
        Err(IgnoredReason::Diverged)
    } else {
        restore(follower, server, snapshot, membership)?.ok_or(IgnoredReason::LogUnavailable)
    };
    let index = match restored {
        Ok(true) => server.log.last_index(),
        Ok(false) => server.log.committed(),
        Err(reason) => {
            server.ignore(from, "InstallSnapshot", server.term(), reason);
            return Ok(());
        }
    };
    let answer = AppendResponse::Accepted {
        index,
        joined_at: Some(0),
    };
    acknowledge(server, from, answer);
    Ok(())
}

/// Replaces the log by the snapshot, unless that brings nothing; `None`: that cannot be told now.
fn restore<S: Storage>(
    follower: &mut Follower,
    server: &mut Server<S>,
    snapshot: Box<Snapshot>,
    membership: Membership,
) -> Result<Option<bool>, Fault> {
    let (id, committed) = (snapshot.id(), server.log.committed());
    let asked_for = server
        .log
        .awaited_snapshot()
        .is_some_and(|at_least| at_least <= id.index);
    if (id.index <= committed && !asked_for) || !membership.contains(server.id()) {
        return Ok(Some(false));
    }
    match server.log.matches(id)? {
        None => return Ok(None),
        Some(true) => {
            // The log holds it already: so much is committed, and the rest of the log stays.
            follower.matched = follower.matched.max(id.index);
            if let Some(proof) = commit::by_word(id, true) {
                server.log.commit(&proof, &server.config)?;
            }
            if asked_for {
                begin_anew(server, snapshot, membership);
            }
            return Ok(Some(false));
        }
        // Committed and compacted away: what it stands for is applied.
        Some(false) if id.index <= committed => return Ok(Some(false)),
        Some(false) => {}
    }
    note_truncation(server, committed.saturating_add(1));
    if server.log.awaited_snapshot().is_some() {
        server.event(Event::SnapshotServed { snapshot: id });
    }
    server.log.restore(snapshot);
    follower.matched = id.index;
    configure(server, id.index, membership);
    Ok(Some(true))
}

/// Takes up what was asked for. It covers what the configuration is as of, that was asked for as well.
fn begin_anew<S: Storage>(server: &mut Server<S>, snapshot: Box<Snapshot>, membership: Membership) {
    let id = snapshot.id();
    server.event(Event::SnapshotServed { snapshot: id });
    server.log.take_up(snapshot);
    if server.configured_at < id.index {
        configure(server, id.index, membership);
    }
}

/// The configuration is the snapshot's.
fn configure<S: Storage>(server: &mut Server<S>, index: Index, membership: Membership) {
    server.event(Event::MembershipChanged {
        index,
        joint: membership.is_joint(),
    });
    server.membership = membership;
    server.configured_at = index;
    server.note_name();
}
