//! A group in one thread: what a node sends arrives at once, what it writes is durable at once.

use std::collections::VecDeque;

use quorate::{bootstrap, ConfState, Config, MemoryStorage, Message, NodeId, RawNode};
use quorate::status::RoleKind;

/// Nodes 1, 2, 3 … and the messages between them.
#[derive(Debug)]
pub(crate) struct Group {
    nodes: Vec<RawNode<MemoryStorage>>,
    inbox: VecDeque<Message>,
    /// The last message that was delivered, to be delivered again when it is out of date.
    last: Option<Message>,
    applied: u64,
}

impl Group {
    /// So many nodes, each changed by `finish`, with node 1 as their leader.
    pub(crate) fn new(size: u64, finish: impl Fn(RawNode<MemoryStorage>) -> RawNode<MemoryStorage>) -> Self {
        let conf_state = ConfState::of_voters(1..=size);
        let first = bootstrap(1, &MemoryStorage::new(), &conf_state).expect("an empty store");
        let node = |id| {
            let storage = MemoryStorage::from_snapshot(first.clone());
            finish(RawNode::new(Config::new(id, id), storage).expect("valid settings"))
        };
        let mut group = Self {
            nodes: (1..=size).map(node).collect(),
            inbox: VecDeque::new(),
            last: None,
            applied: 0,
        };
        group.node(1).campaign().expect("node 1 may campaign");
        group.settle();
        group
    }

    pub(crate) fn node(&mut self, id: NodeId) -> &mut RawNode<MemoryStorage> {
        let position = usize::try_from(id - 1).expect("a small id");
        &mut self.nodes[position]
    }

    pub(crate) fn leader(&self) -> NodeId {
        let leads = |node: &&RawNode<MemoryStorage>| node.status().soft_state.role == RoleKind::Leader;
        self.nodes.iter().find(leads).expect("somebody leads").config().id
    }

    /// Entries that were applied, on all nodes together.
    pub(crate) fn applied(&self) -> u64 {
        self.applied
    }

    /// A tick everywhere, and what comes of it.
    pub(crate) fn tick(&mut self) {
        self.nodes
            .iter_mut()
            .for_each(|node| node.tick().expect("a sound node"));
        self.settle();
    }

    /// Until nothing moves.
    pub(crate) fn settle(&mut self) {
        loop {
            let moved = self.nodes.iter_mut().fold(false, |moved, node| {
                let sent = handle_ready(node, &mut self.inbox);
                self.applied += sent.unwrap_or(0);
                moved || sent.is_some()
            });
            if !moved && self.inbox.is_empty() {
                return;
            }
            while let Some(message) = self.inbox.pop_front() {
                self.last = Some(message.clone());
                self.node(message.to).step(message).expect("an honest message");
            }
        }
    }

    /// Leadership goes to the next node. The last message before that arrives once more, and is
    /// ignored; a node that hears its leader may not stand for election itself.
    pub(crate) fn pass_on_leadership(&mut self) {
        let size = self.nodes.len() as u64;
        let old = self.leader();
        let new = old % size + 1;
        let stale = self.last.take();
        self.node(old).transfer_leader(new).expect("the leader may hand over");
        self.settle();
        assert_eq!(self.leader(), new);
        if let Some(message) = stale {
            self.node(message.to).step(message).expect("an old message is no error");
        }
        let bystander = self.node(new % size + 1);
        assert!(bystander.campaign().is_err());
        self.settle();
        assert_eq!(self.leader(), new);
    }

    /// Drops what is applied, so that memory does not grow.
    pub(crate) fn compact(&mut self) {
        for node in &mut self.nodes {
            let applied = node.status().applied;
            node.storage_mut().compact(applied).expect("applied entries are there");
        }
    }
}

/// All Readies of a node; `None` if there was none, else how many entries it applied.
fn handle_ready(node: &mut RawNode<MemoryStorage>, inbox: &mut VecDeque<Message>) -> Option<u64> {
    let mut applied = None;
    while let Some(mut ready) = node.ready().expect("a sound node") {
        inbox.extend(ready.take_messages());
        node.storage_mut().persist(&ready).expect("memory does not fail");
        let mut done = ready.persisted();
        inbox.extend(done.take_messages());
        *applied.get_or_insert(0) += done.take_committed_entries().len() as u64;
        node.advance(done).expect("the Ready that was out");
    }
    applied
}
