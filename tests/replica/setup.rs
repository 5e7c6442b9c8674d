//! Replicas and groups of them to begin with.

use quorate::replica::{LocalGroup, Outcomes, Replica, ReplicaError};
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
    assert_eq!(settled(&mut group), Ok(vec![]));
    assert_eq!(group.leader(), Some(1));
    group
}

pub(crate) fn leader(group: &mut Group) -> &mut One {
    group.get_mut(1).expect("it is there")
}

type Told = Result<Outcomes<&'static str, usize>, ReplicaError>;

/// What became of what clients wanted, when all is quiet.
pub(crate) fn settled(group: &mut Group) -> Told {
    group.settle()?;
    Ok(group.take_outcomes())
}

/// The same over a network that loses what node 1 sends.
pub(crate) fn settled_without_leader(group: &mut Group) -> Told {
    group.settle_through(|message| message.from != 1)?;
    Ok(group.take_outcomes())
}

/// The same, some ticks later.
pub(crate) fn run_until(group: &mut Group, ticks: u64, is_done: impl FnMut(&Group) -> bool) -> Told {
    group.run_until(ticks, is_done)?;
    Ok(group.take_outcomes())
}
