//! A group in one thread: what a node sends arrives at once, what it writes is durable at once.

use crate::engine::{Engine, Log, Settings};
use crate::machine::Machine;

/// Entries that are left when the log is cut.
const KEPT: u64 = 1000;

/// Nodes 1, 2, 3 …, their state machines, and the messages between them.
pub(crate) struct Cluster<E: Engine> {
    pub(crate) nodes: Vec<E>,
    machines: Vec<Machine>,
    pub(crate) network: Network<E>,
    /// Messages that said that an append did not fit.
    pub(crate) rejections: u32,
}

/// Messages on their way. The buffers live as long as the group does.
pub(crate) struct Network<E: Engine> {
    sent: Vec<E::Message>,
    arriving: Vec<E::Message>,
}

impl<E: Engine> Network<E> {
    pub(crate) fn new() -> Self {
        Self {
            sent: Vec::new(),
            arriving: Vec::new(),
        }
    }
}

impl<E: Engine> Cluster<E> {
    /// A new group that node 1 leads.
    pub(crate) fn elected(settings: &Settings) -> Self {
        let nodes = 1..=settings.nodes;
        let open = |id| E::open(id, settings, E::storage(settings, &Log::default()), 0);
        let mut cluster = Self::of(nodes.map(open).collect());
        cluster.elect();
        cluster
    }

    /// Nodes 1, 2, 3 … as they are.
    pub(crate) fn of(nodes: Vec<E>) -> Self {
        Self {
            machines: vec![Machine::default(); nodes.len()],
            nodes,
            network: Network::new(),
            rejections: 0,
        }
    }

    /// Node 1 becomes the leader.
    pub(crate) fn elect(&mut self) {
        self.leader().campaign();
        self.settle();
    }

    pub(crate) fn leader(&mut self) -> &mut E {
        &mut self.nodes[0]
    }

    /// Reads that the leader may serve.
    pub(crate) fn reads(&self) -> usize {
        self.machines[0].reads
    }

    /// The last index that the node at this place has applied.
    pub(crate) fn applied(&self, place: usize) -> u64 {
        self.machines[place].applied
    }

    /// A tick everywhere, and what comes of it.
    pub(crate) fn tick(&mut self) {
        self.nodes.iter_mut().for_each(E::tick);
        self.settle();
    }

    /// Until nothing moves.
    pub(crate) fn settle(&mut self) {
        let Network { sent, arriving } = &mut self.network;
        loop {
            let mut moved = false;
            for (node, machine) in self.nodes.iter_mut().zip(&mut self.machines) {
                while node.handle_ready(sent, machine) {
                    moved = true;
                }
            }
            if !moved {
                return;
            }
            std::mem::swap(sent, arriving);
            for message in arriving.drain(..) {
                self.rejections += u32::from(E::is_rejection(&message));
                let to = usize::try_from(E::addressee(&message) - 1).expect("a small id");
                self.nodes[to].step(message);
            }
        }
    }

    /// Leaves the last entries of each log.
    pub(crate) fn cut(&mut self) {
        self.compact(KEPT);
    }

    /// Leaves so many applied entries of each log.
    pub(crate) fn compact(&mut self, kept: u64) {
        for (node, machine) in self.nodes.iter_mut().zip(&self.machines) {
            if machine.applied > kept + 1 {
                node.compact(machine.applied - kept);
            }
        }
    }

    /// The payloads that all replicas have applied, and their digest. Panics if they differ.
    pub(crate) fn agreed(&self) -> (u64, u64) {
        let state = |machine: &Machine| (machine.entries, machine.digest());
        let first = state(&self.machines[0]);
        assert!(
            self.machines.iter().all(|machine| state(machine) == first),
            "the replicas differ"
        );
        first
    }
}
