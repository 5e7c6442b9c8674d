//! What a peer is sent next: entries, or a snapshot where the log does not reach back (section 5.3, section 7).

use alloc::boxed::Box;
use alloc::string::ToString;

use crate::entries::Entries;
use crate::error::Fault;
use crate::event::Event;
use crate::message::{Append, Payload};
use crate::progress::Progress;
use crate::server::Server;
use crate::storage::{Storage, StorageError};
use crate::types::{EntryId, NodeId};

/// Appends with entries, as long as there are entries and room in the window.
pub(super) fn all<S: Storage>(server: &mut Server<S>, to: NodeId, peer: &mut Progress) -> Result<(), Fault> {
    while peer.next() <= server.log.last_index() && append(server, to, peer, false)? {}
    Ok(())
}

/// One append with what the peer needs next; or a snapshot, if the log does not reach back. `true` if
/// something was sent.
pub(super) fn append<S: Storage>(
    server: &mut Server<S>,
    to: NodeId,
    peer: &mut Progress,
    even_if_empty: bool,
) -> Result<bool, Fault> {
    let (next, last) = (peer.next(), server.log.last_index());
    let nothing_new = next > last;
    if peer.is_paused() || (nothing_new && !even_if_empty) {
        return Ok(false);
    }
    let index = next.saturating_sub(1);
    let prev = match server.log.term(index) {
        Ok(term) => EntryId { term, index },
        Err(StorageError::TemporarilyUnavailable) => return Ok(false),
        Err(StorageError::Compacted | StorageError::Unavailable) => {
            return match peer.unanswered_snapshot() {
                // A snapshot went there and nobody knows whether it arrived: ask for it.
                Some(id) if even_if_empty => Ok(entries(server, to, peer, id, Entries::new())),
                Some(_) => Ok(false),
                None => snapshot(server, to, peer),
            };
        }
        Err(error) => return cannot_read(server, error),
    };
    let window_full = peer.inflights().is_some_and(|window| window.is_full(&server.config));
    let page = if window_full || nothing_new {
        Ok(Entries::new())
    } else {
        server
            .log
            .slice(next, last.saturating_add(1), server.config.settings().max_message_bytes)
    };
    match page {
        Ok(page) if page.is_empty() && !even_if_empty => Ok(false),
        Ok(page) => Ok(entries(server, to, peer, prev, page)),
        Err(StorageError::Compacted | StorageError::Unavailable) => {
            let unanswered = peer.unanswered_snapshot().is_some();
            match (even_if_empty, unanswered) {
                (false, _) => Ok(false),
                (true, true) => Ok(entries(server, to, peer, prev, Entries::new())),
                (true, false) => snapshot(server, to, peer),
            }
        }
        Err(StorageError::TemporarilyUnavailable) => Ok(false),
        Err(error) => cannot_read(server, error),
    }
}

fn entries<S: Storage>(
    server: &mut Server<S>,
    to: NodeId,
    peer: &mut Progress,
    prev: EntryId,
    entries: Entries,
) -> bool {
    let commit = server.log.committed();
    let commit_only = entries.is_empty() && peer.is_acknowledged() && !server.config.settings().eager_appends;
    let count = entries.len().try_into().unwrap_or(u64::MAX);
    let bytes = entries
        .iter()
        .fold(0, |sum: u64, entry| sum.saturating_add(entry.payload_len()));
    peer.sent(count, bytes, &server.config);
    peer.sent_commit(commit);
    let append = Append {
        prev,
        commit,
        entries,
        joined_at: peer.joined_at(),
        commit_only,
    };
    server.send(to, Payload::Append(append));
    true
}

/// A snapshot, to a peer that lives; `true` if one was sent.
fn snapshot<S: Storage>(server: &mut Server<S>, to: NodeId, peer: &mut Progress) -> Result<bool, Fault> {
    if !peer.is_recent_active() {
        return Ok(false);
    }
    let at_least = server.log.first_index()?.saturating_sub(1);
    let snapshot = match server.log.snapshot(to, at_least) {
        Ok(snapshot) if snapshot.metadata.index > server.log.last_index() => {
            let what = "a snapshot beyond the log's end";
            return Err(StorageError::Broken(what.to_string()).into());
        }
        // One that does not name the peer would be ignored there, and an older one of no use.
        Ok(snapshot) if snapshot.metadata.index >= at_least.max(1) && snapshot.metadata.conf_state.contains(to) => {
            snapshot
        }
        Ok(snapshot) => {
            let at_least = at_least.max(snapshot.metadata.index.saturating_add(1));
            server.event(Event::SnapshotNeeded { peer: to, at_least });
            return Ok(false);
        }
        Err(StorageError::TemporarilyUnavailable | StorageError::Compacted | StorageError::Unavailable) => {
            server.event(Event::SnapshotNeeded { peer: to, at_least });
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    };
    let id = snapshot.id();
    peer.become_snapshot(id, &server.config);
    server.counters.snapshots_sent = server.counters.snapshots_sent.wrapping_add(1);
    server.event(Event::SnapshotSent { peer: to, snapshot: id });
    server.send(to, Payload::InstallSnapshot(Box::new(snapshot)));
    Ok(true)
}

/// One entry that cannot be read is no reason to let the other peers wait.
fn cannot_read<S: Storage>(server: &mut Server<S>, error: StorageError) -> Result<bool, Fault> {
    match error {
        StorageError::Corrupt(index) => {
            server.mark_corrupt(index);
            Ok(false)
        }
        error => Err(error.into()),
    }
}
