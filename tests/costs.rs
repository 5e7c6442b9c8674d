//! What cannot be noisy of what quorate costs: allocations, bytes and messages, each with its bound.
//!
//! Times, and the same of other libraries, are in docs/performance.md.

use allocation_counter::measure;
use quorate::{ConfState, Config, MemoryStorage, Message, Payload, RawNode, bootstrap};

type Node = RawNode<MemoryStorage>;

/// A group whose messages arrive at once, and what was sent in it. Node 1 leads.
struct Group {
    nodes: Vec<Node>,
    sent: Vec<Message>,
    arriving: Vec<Message>,
    messages: u64,
    heartbeats: u64,
    applied: u64,
    reads: usize,
}

impl Group {
    fn new() -> Self {
        let first = bootstrap(&MemoryStorage::new(), &ConfState::of_voters([1, 2, 3])).unwrap();
        let node = |id| Node::new(Config::new(id, id), MemoryStorage::from_snapshot(first.clone())).unwrap();
        let mut group = Self {
            nodes: [1, 2, 3].map(node).into(),
            sent: Vec::new(),
            arriving: Vec::new(),
            messages: 0,
            heartbeats: 0,
            applied: 0,
            reads: 0,
        };
        group.nodes[0].campaign().unwrap();
        group.settle();
        group
    }

    /// Until nothing moves: the loop of the README, which gives the buffers back.
    fn settle(&mut self) {
        loop {
            let mut moved = false;
            for node in &mut self.nodes {
                while let Some(mut ready) = node.ready().unwrap() {
                    moved = true;
                    self.reads += ready.read_states().len();
                    self.sent.extend(ready.drain_messages());
                    node.storage_mut().persist(&ready).unwrap();
                    let mut done = ready.persisted();
                    self.sent.extend(done.drain_messages());
                    self.applied += done.take_committed_entries().len() as u64;
                    node.advance(done).unwrap();
                }
            }
            if !moved {
                return;
            }
            std::mem::swap(&mut self.sent, &mut self.arriving);
            for message in self.arriving.drain(..) {
                self.messages += 1;
                self.heartbeats += u64::from(matches!(message.payload, Payload::Heartbeat { .. }));
                self.nodes[usize::try_from(message.to).unwrap() - 1]
                    .step(message)
                    .unwrap();
            }
        }
    }

    /// So many payloads at once, each in a buffer of its own; then what comes of it.
    fn round(&mut self, batch: usize) {
        for _ in 0..batch {
            let _ = self.nodes[0].propose(vec![7; 256]).unwrap();
        }
        self.settle();
    }

    fn rounds(&mut self, batch: usize, rounds: usize) {
        for _ in 0..rounds {
            self.round(batch);
        }
    }

    fn compact(&mut self) {
        for node in &mut self.nodes {
            let applied = node.status().applied;
            node.storage_mut().compact(applied).unwrap();
            node.storage_mut().sync();
        }
    }
}

/// In the whole cluster of 3, the caller's buffer included: thousandths of an allocation a proposal.
fn allocations(batch: usize) -> u64 {
    let mut group = Group::new();
    group.rounds(batch, 100);
    group.compact();
    let rounds = 2048 / batch;
    let counted = measure(|| group.rounds(batch, rounds));
    assert_eq!(group.applied, 3 * (1 + 100 * batch + batch * rounds) as u64);
    counted.count_total * 1000 / (batch * rounds) as u64
}

#[test]
fn allocations_a_proposal() {
    for (batch, bound) in [(1, 4_100), (16, 1_250), (256, 1_050)] {
        let seen = allocations(batch);
        println!("batches of {batch}: {seen} thousandths of an allocation a proposal");
        assert!(seen <= bound, "batches of {batch}: {seen} > {bound}");
    }
}

/// A payload is in memory once, however many nodes of the process hold it.
#[test]
fn payloads_are_not_copied() {
    const SIZE: usize = 1 << 16;
    let mut group = Group::new();
    let counted = measure(|| {
        for _ in 0..10 {
            let _ = group.nodes[0].propose(vec![7; SIZE]).unwrap();
        }
        group.settle();
    });
    assert_eq!(group.applied, 3 * 11);
    let copies = counted.bytes_total / (10 * SIZE as u64);
    assert_eq!(copies, 1, "{} bytes", counted.bytes_total);
}

/// The value and all that it owns, its storage included, between two ticks.
#[test]
fn bytes_of_an_idle_replica() {
    for (position, bound) in [(0, 1_900), (2, 1_350)] {
        let mut group = Group::new();
        group.rounds(1, 5);
        group.compact();
        for node in &mut group.nodes {
            node.tick().unwrap();
        }
        group.settle();
        let node = group.nodes.swap_remove(position);
        let freed = measure(|| drop(node)).bytes_current;
        let bytes = u64::try_from(-freed).unwrap() + size_of::<Node>() as u64;
        println!("node {}: {bytes} bytes", position + 1);
        assert!(bytes <= bound, "node {}: {bytes} > {bound}", position + 1);
    }
}

/// An append to each of two followers, its answer, and the news that it is committed, however many
/// proposals there are.
#[test]
fn messages_a_round() {
    for batch in [1, 16, 256] {
        let mut group = Group::new();
        let before = group.messages;
        group.round(batch);
        assert_eq!(group.messages - before, 6);
    }
}

/// Reads that come together share a round of heartbeats.
#[test]
fn heartbeats_for_64_reads() {
    let mut group = Group::new();
    let before = group.messages;
    for read in 0..64_u8 {
        group.nodes[0].read_index(vec![read]).unwrap();
    }
    group.settle();
    assert_eq!((group.reads, group.heartbeats, group.messages - before), (64, 2, 4));
}
