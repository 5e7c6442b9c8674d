//! Replicas and groups of them to begin with.

use quorate::replica::{LocalGroup, Replica};
use quorate::{Config, MemoryStorage, NodeId};

use crate::disk::Disk;
use crate::{Log, founded};

pub(crate) type One = Replica<Disk, Log, &'static str>;
pub(crate) type Group = LocalGroup<Disk, Log, &'static str>;

pub(crate) const VOTERS: [NodeId; 3] = [1, 2, 3];

pub(crate) fn replica(id: NodeId, memory: MemoryStorage) -> One {
    Replica::new(Config::new(id, 7 * id), memory.into(), Log::default()).expect("a legal store")
}

/// An only voter, which leads.
pub(crate) fn alone() -> One {
    let mut replica = replica(1, founded(1, &[1]));
    replica.node_mut().campaign().expect("a voter");
    assert_eq!(replica.turn(|_| {}), Ok(vec![]));
    replica
}

/// Node 1 leads.
pub(crate) fn group() -> Group {
    let mut group = Group::new();
    for id in VOTERS {
        group.add(replica(id, founded(id, &VOTERS)));
    }
    leader(&mut group).node_mut().campaign().expect("a voter");
    assert_eq!(group.settle(), Ok(vec![]));
    assert_eq!(group.leader(), Some(1));
    group
}

pub(crate) fn leader(group: &mut Group) -> &mut One {
    group.get_mut(1).expect("it is there")
}
