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
use quorate::{ConfState, Config, Entry, MemoryStorage, NodeId, bootstrap};
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

type Group = LocalGroup<Journal, Text, &'static str>;
type Failure = Box<dyn std::error::Error>;

/// Starts a node on its file: at each start with another seed.
fn start(directory: &Path, id: NodeId, seed: u64) -> Result<Replica<Journal, Text, &'static str>, Failure> {
    let journal = Journal::open(path(directory, id))?;
    let replica = Replica::new(journal.configured(Config::new(id, seed)), journal, Text::default())?;
    Ok(replica.with_compaction(Compaction::new(20, 5)))
}

fn path(directory: &Path, id: NodeId) -> PathBuf {
    directory.join(format!("node-{id}"))
}

fn elect(group: &mut Group) -> Result<NodeId, Failure> {
    let outcomes = group.run_until(100, |group| group.leader().is_some())?;
    println!("elected {:?}; {outcomes:?}", group.leader());
    Ok(group.leader().ok_or("nobody was elected")?)
}

fn leader(group: &mut Group) -> Result<&mut Replica<Journal, Text, &'static str>, Failure> {
    let leader = group.leader().and_then(|id| group.get_mut(id));
    Ok(leader.ok_or("nobody leads")?)
}

fn main() -> Result<(), Failure> {
    let directory = tempfile::tempdir()?;
    let directory = directory.path();
    // Founded, once: a file for each node.
    let mut group = Group::new();
    for id in [1, 2, 3] {
        let first = bootstrap(id, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
        Journal::create(path(directory, id), MemoryStorage::from_snapshot(first))?;
        group.add(start(directory, id, 1)?);
    }
    let first = elect(&mut group)?;

    // Written to: enough that snapshots are taken, and the log is compacted behind them.
    for _ in 0..50 {
        leader(&mut group)?.propose("to be or not; ", "a client")?;
        assert!(matches!(group.settle()?[..], [("a client", Outcome::Applied(_))]));
    }

    // A proposal that nobody else has heard of when its leader crashes: its client learns that it may be made again.
    leader(&mut group)?.propose("lost; ", "a client that waits")?;
    group.settle_through(|message| message.from != first)?;
    let cut_off = group.remove(first).ok_or("it was there")?;
    let second = elect(&mut group)?;
    leader(&mut group)?.propose("that is ", "another client")?;
    group.settle()?;
    group.add(cut_off);
    println!("{:?}", group.run_until(20, |_| false)?);
    // ... a real crash forgets its clients. The file is as it was.
    drop(group.remove(first));
    group.add(start(directory, first, 2)?);

    // Read: at a follower, by a round of heartbeats.
    group.run_until(20, |_| false)?;
    group.get_mut(first).ok_or("it was started")?.read("a reader")?;
    assert_eq!(group.settle()?, [("a reader", Outcome::Readable)]);
    println!("{} bytes", group.get(first).ok_or("it was started")?.machine().0.len());

    // Grown: a new node learns, and votes when it has caught up.
    Journal::create(path(directory, 4), MemoryStorage::new())?;
    group.add(start(directory, 4, 1)?);
    let learner = ConfChangeV2::new([(ConfChangeKind::AddLearnerNode, 4)]);
    leader(&mut group)?.propose_conf_change(learner, "the operator")?;
    group.settle()?;
    while leader(&mut group)?
        .propose_by(|node| node.propose_promotion(4), "the operator")
        .is_err()
    {
        group.run_until(1, |_| false)?;
    }
    println!("{:?}", group.settle()?);

    // The leader is replaced: it hands over, and its successor removes it.
    leader(&mut group)?.node_mut().transfer_leader_to_most_up_to_date()?;
    group.run_until(20, |group| group.leader().is_some_and(|id| id != second))?;
    let remove = ConfChangeV2::new([(ConfChangeKind::RemoveNode, second)]);
    leader(&mut group)?.propose_conf_change(remove, "the operator")?;
    println!("{:?}", group.settle()?);
    group.remove(second);

    // The quorum is lost: of three files one is left. It becomes a group of its own, with all that it has.
    drop(group);
    let survivor = Survivor::new(Journal::open(path(directory, 4))?, Text::default())?;
    let plan = survivor.inspect()?.plan(4)?.to_string();
    println!("{plan}"); // to be read, and signed off
    let random = 0x7e57; // from a good source
    let (mut journal, recovered) = survivor.recover(&plan.parse()?, random)?;
    journal.replace_with(MemoryStorage::from(recovered))?;
    drop(journal);
    let mut group = Group::new();
    group.add(start(directory, 4, 2)?);
    elect(&mut group)?;
    leader(&mut group)?.propose("the question", "a client")?;
    println!("{:?}: {}", group.settle()?, leader(&mut group)?.machine().0);
    Ok(())
}
