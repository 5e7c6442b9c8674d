//! What a peer is sent next: entries, or a snapshot where the log does not reach back (section 5.3, section 7).

use alloc::boxed::Box;
use alloc::string::ToString;

use crate::entries::Entries;
use crate::error::Fault;
use crate::event::Event;
use crate::message::{Append, Payload};
use crate::progress::{Progress, ReplicationState};
use crate::server::Server;
use crate::storage::{Storage, StorageError};
use crate::types::{EntryId, Index, NodeId, Snapshot};

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
    let prev = match found(server.log.term(index)) {
        Ok(Found::Here(term)) => EntryId { term, index },
        Ok(Found::NotNow) => return Ok(false),
        Ok(Found::Gone) => {
            return match peer.unanswered_snapshot() {
                // A snapshot went there and nobody knows whether it arrived: ask for it.
                Some(id) if even_if_empty => Ok(entries(server, to, peer, id, Entries::new())),
                Some(_) => Ok(false),
                None => snapshot(server, to, peer),
            };
        }
        Err(error) => return cannot_read(server, error),
    };
    let page = if peer.is_window_full(&server.config) || nothing_new {
        Ok(Entries::new())
    } else {
        server
            .log
            .slice(next, last.saturating_add(1), server.config.settings().max_message_bytes)
    };
    match found(page) {
        Ok(Found::Here(page)) if page.is_empty() && !even_if_empty => Ok(false),
        Ok(Found::Here(page)) => Ok(entries(server, to, peer, prev, page)),
        Ok(Found::Gone) => {
            let unanswered = peer.unanswered_snapshot().is_some();
            match (even_if_empty, unanswered) {
                (false, _) => Ok(false),
                (true, true) => Ok(entries(server, to, peer, prev, Entries::new())),
                (true, false) => snapshot(server, to, peer),
            }
        }
        Ok(Found::NotNow) => Ok(false),
        Err(error) => cannot_read(server, error),
    }
}

/// What a log says that is asked for what a peer needs.
enum Found<T> {
    Here(T),
    /// To be asked again.
    NotNow,
    /// It is compacted, so that the peer needs a snapshot.
    Gone,
}

fn found<T>(answer: Result<T, StorageError>) -> Result<Found<T>, StorageError> {
    match answer {
        Ok(value) => Ok(Found::Here(value)),
        Err(StorageError::TemporarilyUnavailable) => Ok(Found::NotNow),
        Err(StorageError::Compacted | StorageError::Unavailable) => Ok(Found::Gone),
        Err(error) => Err(error),
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
    match find_snapshot(server, to, peer)? {
        Ok(snapshot) => {
            peer.become_snapshot(snapshot.id(), &server.config);
            send_snapshot(server, to, snapshot);
            Ok(true)
        }
        Err(missing) => {
            tell_missing(server, to, missing);
            Ok(false)
        }
    }
}

fn send_snapshot<S: Storage>(server: &mut Server<S>, to: NodeId, snapshot: Snapshot) {
    let id = snapshot.id();
    server.counters.snapshots_sent = server.counters.snapshots_sent.wrapping_add(1);
    server.event(Event::SnapshotSent { peer: to, snapshot: id });
    server.send(to, Payload::InstallSnapshot(Box::new(snapshot)));
}

fn tell_missing<S: Storage>(server: &mut Server<S>, to: NodeId, missing: NoSnapshot) {
    if let NoSnapshot::Missing { at_least } = missing {
        server.event(Event::SnapshotNeeded { peer: to, at_least });
    }
}

/// A snapshot that a peer asks for, whose log is fed as ever; unless one is on its way there.
pub(super) fn asked_snapshot<S: Storage>(server: &mut Server<S>, to: NodeId, peer: &mut Progress) -> Result<(), Fault> {
    let Some(at_least) = peer.lacks_asked() else {
        return Ok(());
    };
    match choose_snapshot(server, to, at_least)? {
        Ok(snapshot) => {
            peer.asked_sent(snapshot.id(), &server.config);
            send_snapshot(server, to, snapshot);
        }
        Err(missing) => tell_missing(server, to, missing),
    }
    Ok(())
}

/// Why a peer that needs a snapshot gets none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoSnapshot {
    /// It was not heard since the last check of the quorum.
    Unheard,
    /// The storage has none that names the peer and covers so much.
    Missing { at_least: Index },
}

fn find_snapshot<S: Storage>(
    server: &Server<S>,
    to: NodeId,
    peer: &Progress,
) -> Result<Result<Snapshot, NoSnapshot>, Fault> {
    if !peer.is_recent_active() {
        return Ok(Err(NoSnapshot::Unheard));
    }
    choose_snapshot(server, to, server.log.first_index()?.saturating_sub(1))
}

/// One that names the peer and covers so much.
fn choose_snapshot<S: Storage>(
    server: &Server<S>,
    to: NodeId,
    at_least: Index,
) -> Result<Result<Snapshot, NoSnapshot>, Fault> {
    match server.log.snapshot(to, at_least) {
        Ok(snapshot) if snapshot.metadata.index > server.log.last_index() => {
            let what = "a snapshot beyond the log's end";
            Err(StorageError::Broken(what.to_string()).into())
        }
        // One that does not name the peer would be ignored there, and an older one of no use.
        Ok(snapshot) if snapshot.metadata.index >= at_least.max(1) && snapshot.metadata.conf_state.contains(to) => {
            Ok(Ok(snapshot))
        }
        Ok(snapshot) => {
            let at_least = at_least.max(snapshot.metadata.index.saturating_add(1));
            Ok(Err(NoSnapshot::Missing { at_least }))
        }
        Err(StorageError::TemporarilyUnavailable | StorageError::Compacted | StorageError::Unavailable) => {
            Ok(Err(NoSnapshot::Missing { at_least }))
        }
        Err(error) => Err(error.into()),
    }
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

/// What keeps a peer from being sent entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// It has, or is being sent, all that there is.
    NothingNew,
    /// Where the logs agree is not known, and asked no more until something is answered.
    Probing,
    WindowFull,
    /// A snapshot is on its way.
    SnapshotSent(EntryId),
    /// A snapshot was sent, and nobody knows whether it arrived.
    SnapshotUnanswered(EntryId),
    /// It needs a snapshot, which goes out when it answers a heartbeat.
    SnapshotDue,
    NoSnapshot(NoSnapshot),
    /// The storage cannot read this now.
    NotNow(Index),
    /// The storage cannot read this at all.
    CannotRead(StorageError),
}

/// The questions of [`append`], in its order, asked without sending anything; `None`: nothing is in the way.
pub(super) fn obstacle<S: Storage>(server: &Server<S>, to: NodeId, peer: &Progress) -> Result<Option<Obstacle>, Fault> {
    let (next, last) = (peer.next(), server.log.last_index());
    match peer.state() {
        ReplicationState::Snapshot { pending } => return Ok(Some(Obstacle::SnapshotSent(pending))),
        ReplicationState::Probe if peer.is_paused() || next > last => {
            let unanswered = peer.unanswered_snapshot().map(Obstacle::SnapshotUnanswered);
            return Ok(Some(unanswered.unwrap_or(Obstacle::Probing)));
        }
        ReplicationState::Replicate if peer.is_paused() => return Ok(Some(Obstacle::WindowFull)),
        ReplicationState::Probe | ReplicationState::Replicate => {}
    }
    if next > last {
        return Ok(Some(Obstacle::NothingNew));
    }
    let index = next.saturating_sub(1);
    match found(server.log.term(index)) {
        Ok(Found::Here(_)) => {}
        Ok(Found::NotNow) => return Ok(Some(Obstacle::NotNow(index))),
        Ok(Found::Gone) => {
            return match peer.unanswered_snapshot() {
                Some(id) => Ok(Some(Obstacle::SnapshotUnanswered(id))),
                None => Ok(find_snapshot(server, to, peer)?.err().map(Obstacle::NoSnapshot)),
            };
        }
        Err(error) => return Ok(Some(Obstacle::CannotRead(error))),
    }
    if peer.is_window_full(&server.config) {
        return Ok(Some(Obstacle::WindowFull));
    }
    match found(server.log.slice(next, next.saturating_add(1), 0)) {
        Ok(Found::Here(_)) => Ok(None),
        Ok(Found::NotNow) => Ok(Some(Obstacle::NotNow(next))),
        Ok(Found::Gone) => {
            if let Some(id) = peer.unanswered_snapshot() {
                return Ok(Some(Obstacle::SnapshotUnanswered(id)));
            }
            let missing = find_snapshot(server, to, peer)?.err();
            Ok(Some(missing.map_or(Obstacle::SnapshotDue, Obstacle::NoSnapshot)))
        }
        Err(error) => Ok(Some(Obstacle::CannotRead(error))),
    }
}
