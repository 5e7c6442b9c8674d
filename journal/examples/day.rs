//! A day of a small replicated register: founded on files, written to, read, crashed, grown, its leader replaced, its
//! quorum lost and recovered.
//!
//! ```text
//! cargo run -p quorate-journal --example day
//! ```

use std::path::{Path, PathBuf};

use quorate::bytes::Bytes;
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::replica::{Compaction, LocalGroup, MachineError, Outcome, Replica, StateMachine, Survivor};
use quorate::{ConfState, Config, Entry, MemoryStorage, NodeId};
use quorate_journal::Journal;

/// The state: all that was appended.
#[derive(Default)]
struct Text(String);

impl StateMachine for Text {
    type Response = usize;

    fn apply(&mut self, entry: &Entry) -> usize {
        self.0 += &String::from_utf8_lossy(&entry.data);
        self.0.len()
    }

    fn snapshot(&mut self) -> Result<Bytes, MachineError> {
        Ok(self.0.clone().into())
    }

    fn restore(&mut self, state: &Bytes) -> Result<(), MachineError> {
        self.0 = String::from_utf8(state.to_vec())?;
        Ok(())
    }
}

type Member = Replica<Journal, Text, &'static str>;
type Group = LocalGroup<Journal, Text, &'static str>;

/// Starts a node on its file: at each start with another seed.
fn start(directory: &Path, id: NodeId, seed: u64) -> Result<Member, MachineError> {
    let replica = Replica::new(
        Config::new(id, seed),
        Journal::open(path(directory, id))?,
        Text::default(),
    )?;
    Ok(replica.with_compaction(Compaction::new(20, 5)))
}

fn path(directory: &Path, id: NodeId) -> PathBuf {
    directory.join(format!("node-{id}"))
}

fn elect(group: &mut Group) -> Result<NodeId, MachineError> {
    group.run_until(100, |group| group.leader().is_some())?;
    Ok(group.leader().ok_or("nobody was elected")?)
}

fn leader(group: &mut Group) -> Result<&mut Member, MachineError> {
    Ok(group.leader_mut().ok_or("nobody leads")?)
}

/// Proposes a change at the leader, and waits until it is applied.
fn change(group: &mut Group, change: (ConfChangeKind, NodeId)) -> Result<(), MachineError> {
    leader(group)?.propose_conf_change(ConfChangeV2::new([change]), "the operator")?;
    group.settle()?;
    println!("{change:?}: {:?}", group.take_outcome(&"the operator"));
    Ok(())
}

fn main() -> Result<(), MachineError> {
    let directory = tempfile::tempdir()?;
    let directory = directory.path();
    // Founded, once: a file for each node.
    let (mut group, founders) = (Group::new(), ConfState::of_voters([1, 2, 3]));
    for id in [1, 2, 3] {
        Journal::found(path(directory, id), id, &founders, 0)?;
        group.add(start(directory, id, 1)?);
    }
    let first = elect(&mut group)?;

    // Written to: enough that snapshots are taken, and the log is compacted behind them.
    for _ in 0..50 {
        leader(&mut group)?.propose("to be or not; ", "a client")?;
        group.settle()?;
        assert!(matches!(group.take_outcome(&"a client"), Some(Outcome::Applied(_))));
    }

    // A proposal that nobody else has heard of when the leader's process ends: whoever knows where it was is told
    // later, by any node, that it may be made again.
    let lost = leader(&mut group)?.propose("lost; ", "a client")?;
    group.crash(first);
    assert_eq!(group.take_outcome(&"a client"), Some(Outcome::Unknown));
    let mut again = start(directory, first, 2)?;
    again.follow(lost, "a client that waits");
    let second = elect(&mut group)?;
    group.add(again);
    group.run(20)?;
    assert_eq!(group.take_outcome(&"a client that waits"), Some(Outcome::Superseded));

    // Read, at a follower, by a round of heartbeats.
    let follower = group.get_mut(first).ok_or("it was started")?;
    follower.read("a reader")?;
    group.settle()?;
    assert_eq!(group.take_outcome(&"a reader"), Some(Outcome::Readable));

    // Grown: a new node learns, and votes when it has caught up.
    Journal::join(path(directory, 4), 0, 0)?;
    group.add(start(directory, 4, 1)?);
    change(&mut group, (ConfChangeKind::AddLearnerNode, 4))?;
    group.run(30)?; // or until `catch_up` says so; a promotion that comes too early is refused
    leader(&mut group)?.propose_by(|node| node.propose_promotion(4), "promotion")?;
    group.settle()?;

    // The leader is replaced: it hands over, and its successor removes it.
    leader(&mut group)?.node_mut().transfer_leader_to_most_up_to_date()?;
    assert!(group.run_until(20, |group| group.leader().is_some_and(|id| id != second))?);
    change(&mut group, (ConfChangeKind::RemoveNode, second))?;
    group.remove(second);

    // The quorum is lost: of three files one is left. It becomes a group of its own, with all that it has ...
    drop(group);
    let survivor = Survivor::new(Journal::open(path(directory, 4))?, Text::default())?;
    let plan = survivor.inspect()?.plan(4)?.to_string();
    println!("{plan}"); // to be read, and signed off
    let random = 0x7e57; // from a good source
    let (mut old, recovered) = survivor.recover(&plan.parse()?, random)?;
    let cluster_id = recovered.cluster_id;
    old.replace_with(MemoryStorage::from(recovered))?;
    drop(old);
    let mut group = Group::new();
    group.add(start(directory, 4, 2)?);
    elect(&mut group)?;
    // ... and another node joins it, under an id that is as good as new.
    Journal::join(path(directory, 5), cluster_id, 0)?;
    group.add(start(directory, 5, 1)?);
    change(&mut group, (ConfChangeKind::AddNode, 5))?;
    leader(&mut group)?.propose("the question", "a client")?;
    group.settle()?;
    println!(
        "{:?}: {}",
        group.take_outcome(&"a client"),
        leader(&mut group)?.machine().0
    );
    Ok(())
}
