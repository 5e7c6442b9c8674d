//! Snapshots whose bytes take another way than the messages: what is sent is a handle, and who receives it fetches the
//! bytes before its node hears of it. The recipe of `docs/snapshots.md`.

use std::collections::BTreeMap;

use bytes::Bytes;
use quorate::message::Payload;
use quorate::status::{RoleKind, SnapshotStatus};
use quorate::{EntryId, Event, Index, Message, NodeId, Snapshot};

use crate::progress;
use crate::support::Cluster;

const CHUNK: usize = 4;

/// A group of three in which node 1 leads; node 3 was cut off, and can be helped by a snapshot only.
struct Group {
    cluster: Cluster,
    /// What each host has on its disk, by handle.
    files: BTreeMap<NodeId, BTreeMap<Bytes, Vec<u8>>>,
    /// The message that waits at host 3 for its bytes; and those, as far as they are there.
    held: Option<Message>,
    fetched: Vec<u8>,
    /// Snapshots that were sent.
    sent: Vec<EntryId>,
}

impl Group {
    fn new() -> Self {
        let mut group = Self {
            cluster: Cluster::led(3),
            files: BTreeMap::new(),
            held: None,
            fetched: Vec::new(),
            sent: Vec::new(),
        };
        group.cluster.isolate(3);
        (0..5).for_each(|_| group.commit());
        group.compact();
        group.cluster.heal();
        group.tick(2);
        assert_eq!(group.sent.len(), 1, "it answered a heartbeat");
        group
    }

    /// A snapshot of what the leader has applied; only the handle of its bytes is stored with it.
    fn compact(&mut self) -> EntryId {
        let node = self.cluster.node(1);
        let metadata = node.snapshot_metadata().expect("between two Readies");
        let (id, bytes) = (
            metadata.id(),
            format!("the state as of {}", metadata.index).into_bytes(),
        );
        let handle = Bytes::from(format!("{id} {}", bytes.len()));
        let storage = node.storage_mut();
        storage
            .set_snapshot(Snapshot::new(metadata, handle.clone()))
            .expect("newer");
        storage.compact(id.index).expect("in the log");
        storage.sync();
        self.files.entry(1).or_default().insert(handle, bytes);
        id
    }

    fn commit(&mut self) {
        let _ = self.cluster.propose(1, "x");
        self.settle();
    }

    fn tick(&mut self, ticks: u64) {
        for _ in 0..ticks {
            (1..=3).for_each(|id| self.cluster.node(id).tick().expect("a sound node"));
            self.settle();
        }
    }

    /// Until nothing moves. Host 3 holds a message with a snapshot back, a later one in place of an earlier.
    fn settle(&mut self) {
        loop {
            (1..=3).for_each(|id| self.cluster.drain(id));
            let is_snapshot = |message: &Message| matches!(message.payload, Payload::InstallSnapshot(_));
            for message in self.cluster.take(is_snapshot) {
                assert_eq!(message.to, 3);
                if handle(Some(&message)) != handle(self.held.as_ref()) {
                    self.fetched.clear(); // of the same one, what is there is kept
                }
                self.sent.push(id(&message));
                self.held = Some(message);
            }
            if self.cluster.pool.is_empty() {
                return;
            }
            self.cluster.deliver();
        }
    }

    /// The next chunk of what host 3 wants, and whether it has it all.
    fn fetch(&mut self) -> bool {
        let handle = handle(self.held.as_ref()).expect("it wants something");
        let file = &self.files[&1][&handle];
        let end = file.len().min(self.fetched.len() + CHUNK);
        self.fetched.extend_from_slice(&file[self.fetched.len()..end]);
        self.fetched.len() == file.len()
    }

    /// The bytes are there and synced: now node 3 may hear of it.
    fn install(&mut self) -> Bytes {
        let message = self.held.take().expect("it wanted something");
        let handle = handle(Some(&message)).expect("of a snapshot");
        let bytes = std::mem::take(&mut self.fetched);
        self.files.entry(3).or_default().insert(handle.clone(), bytes);
        self.cluster.step(message);
        self.settle();
        handle
    }

    /// What node 3 would start from, which must be on its host's disk.
    fn state(&self) -> Option<&[u8]> {
        let snapshot = self.cluster.raw(3).storage().latest_snapshot()?;
        (!snapshot.data.is_empty()).then(|| &*self.files[&3][&snapshot.data])
    }

    fn report(&mut self, snapshot: EntryId, status: SnapshotStatus) {
        let node = self.cluster.node(1);
        node.report_snapshot(3, snapshot, status).expect("a sound node");
    }

    fn applied(&self, id: NodeId) -> Index {
        self.cluster.raw(id).status().applied
    }

    /// Node 1 leads on in term 1, and nobody else stood for election.
    fn is_calm(&self) -> bool {
        let roles = [1, 2, 3].map(|id| (self.cluster.role(id), self.cluster.term(id)));
        roles == [(RoleKind::Leader, 1), (RoleKind::Follower, 1), (RoleKind::Follower, 1)]
    }
}

fn handle(message: Option<&Message>) -> Option<Bytes> {
    match &message?.payload {
        Payload::InstallSnapshot(snapshot) => Some(snapshot.data.clone()),
        _ => None,
    }
}

fn id(message: &Message) -> EntryId {
    match &message.payload {
        Payload::InstallSnapshot(snapshot) => snapshot.id(),
        other => panic!("no snapshot: {other:?}"),
    }
}

/// In chunks, with the connection lost after any of them and taken up again there; the group goes on meanwhile. One
/// message is enough, and nobody reports anything: that it is installed the node says itself.
#[test]
fn bytes_in_chunks() {
    let chunks = "the state as of 7".len().div_ceil(CHUNK);
    for lost_after in 0..chunks {
        let mut group = Group::new();
        for chunk in 1..=chunks {
            if chunk - 1 == lost_after {
                group.tick(15);
            }
            assert_eq!(group.fetch(), chunk == chunks, "none is sent twice");
            group.tick(1);
            group.commit();
            assert_eq!((group.state(), group.is_calm()), (None, true));
            assert_eq!(group.applied(2), group.applied(1));
        }
        let handle = group.install();
        assert_eq!(group.state(), Some(&*group.files[&1][&handle]));
        group.tick(1);
        assert_eq!(group.applied(3), group.applied(1), "and all that came meanwhile");
        assert_eq!(progress(&group.cluster, 3), progress(&group.cluster, 2));
        assert_eq!((group.sent.len(), group.is_calm()), (1, true));
    }
}

/// A transfer that is given up is reported by name, and another is begun with the next answer to a heartbeat: of what
/// there is then. News of the first that comes late is none.
#[test]
fn a_transfer_that_is_given_up() {
    let mut group = Group::new();
    group.fetch();
    let first = group.sent[0];
    group.commit();
    let second = group.compact();
    group.tick(5);
    assert_eq!(group.sent, [first], "it waits");
    group.report(second, SnapshotStatus::Failed);
    group.tick(5);
    assert_eq!(group.sent, [first], "nobody asked for that");
    group.report(first, SnapshotStatus::Failed);
    group.tick(1);
    assert_eq!(group.sent, [first, second]);
    for status in [SnapshotStatus::Failed, SnapshotStatus::Finished] {
        group.report(first, status);
        group.tick(2);
    }
    assert_eq!(group.sent, [first, second]);
    while !group.fetch() {}
    group.install();
    group.tick(1);
    assert_eq!(
        group.state(),
        Some(format!("the state as of {}", second.index).as_bytes())
    );
    assert_eq!(group.applied(3), group.applied(1));
    assert_eq!(group.sent, [first, second]);
}

/// Told that it arrived when it was only fetched, the leader asks for it, and sends the message again: no byte is.
#[test]
fn a_report_that_is_too_early() {
    let mut group = Group::new();
    while !group.fetch() {}
    let first = group.sent[0];
    group.report(first, SnapshotStatus::Finished);
    group.tick(1);
    assert_eq!(group.sent, [first, first]);
    assert!(group.fetch(), "it is all there");
    group.install();
    assert_eq!(group.applied(3), group.applied(1));
}

/// The bytes never arrive and nobody says so: after a while the leader sends the message again, each time after twice
/// as long, and the group is none the worse. When they do arrive, the message that came last is as good as the first.
#[test]
fn bytes_that_never_arrive() {
    let mut group = Group::new();
    for _ in 0..100 {
        group.tick(15);
        group.commit();
        assert_eq!((group.state(), group.is_calm()), (None, true));
        assert_eq!(group.applied(2), group.applied(1));
    }
    let stalled = |event: &&Event| matches!(event, Event::SnapshotStalled { peer: 3, .. });
    let stalls = group.cluster.nodes[&1].events.iter().filter(stalled).count();
    assert_eq!((stalls, group.sent.len()), (4, 5), "after 100, 200, 400 and 800 ticks");
    while !group.fetch() {}
    group.install();
    group.tick(1);
    assert_eq!(group.applied(3), group.applied(1));
}

/// Another node leads when the bytes are there: the message is of an earlier term, which is no reason to install it.
#[test]
fn bytes_that_are_too_late() {
    let mut group = Group::new();
    while !group.fetch() {}
    group.cluster.node(1).transfer_leader(2).expect("a voter");
    group.tick(1);
    assert_eq!(group.cluster.leader(), Some(2));
    assert_eq!(group.applied(3), group.applied(2), "whose log reaches back");
    group.install();
    assert_eq!(group.state(), None);
    assert_eq!(group.cluster.errors, [], "nor is it an error");
}
