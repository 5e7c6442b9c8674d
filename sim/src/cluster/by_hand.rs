//! A cluster that is set up and driven by hand: node by node, each begun from a snapshot of its own, with a look at
//! everything, and with what no [`Step`](crate::step::Step) is.

use std::collections::BTreeMap;

use bytes::Bytes;
use quorate::membership::AnyConfChange;
use quorate::ready::{Ack, AppendTask, ApplyTask};
use quorate::{ConfState, Config, Index, Message, NodeId, RawNode, Ready, Snapshot};

use super::lifecycle::Begin;
use super::{Cluster, Refusal, Seen, unexpected};
use crate::disk::{Disk, Write};
use crate::judge::Verdict;
use crate::machine::StateMachine;
use crate::member::{Life, Member};
use crate::replay::World;
use crate::shadow::marks;

/// Where the seeds of a node's starts come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seeds {
    /// The cluster draws them.
    Drawn,
    /// The first is that of its [`Config`]; each other is one more than the one before.
    Counted,
}

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    /// Without any nodes, and without a group that stores could name.
    ///
    /// ```
    /// use quorate::status::RoleKind;
    /// use quorate::types::SnapshotMetadata;
    /// use quorate::{ConfState, Config, EntryId, Snapshot};
    /// use quorate_sim::cluster::{Cluster, Seeds, Seen};
    /// use quorate_sim::machine::KvMap;
    /// use quorate_sim::MemoryDisk;
    ///
    /// let mut cluster = Cluster::<KvMap, _>::by_hand(MemoryDisk::default);
    /// cluster.watch();
    /// let metadata = SnapshotMetadata::new(EntryId { term: 1, index: 10 }, ConfState::of_voters([1]));
    /// cluster.add_node(Config::new(1, 7), Some(&Snapshot::new(metadata, "")), Seeds::Counted)?;
    /// for step in ["campaign 1", "ready 1", "recover 1"] {
    ///     cluster.step(step.parse()?)?;
    /// }
    /// assert_eq!(cluster.node(1).map(|node| node.status().soft_state.role), Some(RoleKind::Leader));
    /// assert!(cluster.take_seen().iter().any(|seen| matches!(seen, Seen::Ready(1, _))));
    /// assert_eq!(cluster.violations(), []);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn by_hand(make_disk: impl Fn() -> D + 'static) -> Self {
        let mut cluster = Self::empty(0, crate::parameters::Names::Ids, make_disk, |id| Config::new(id, 1));
        cluster.group = 0;
        cluster
    }

    /// From here on seeds, the group and the identities of stores are those of this world. (Its nodes are not added.)
    pub fn set_world(&mut self, world: &World) {
        (self.seed, self.group, self.names) = (world.seed, world.group, world.names);
        self.names_in_force = self.names != crate::parameters::Names::Later;
    }

    /// Adds a node under the next id, begun from a snapshot or with nothing. (Where the seeds are counted, it may have
    /// run before: it keeps its silence.)
    pub fn add_node(&mut self, config: Config, begin: Option<&Snapshot>, seeds: Seeds) -> Verdict {
        let id = self.members.len() as u64 + 1;
        let store = self.new_store(id, 1)?;
        if let Some(snapshot) = begin {
            self.judge.begins(snapshot.metadata.index);
            let state = &snapshot.metadata.conf_state;
            self.judge.configurations.begins(snapshot.metadata.index, state);
        }
        let seed = (seeds == Seeds::Counted).then_some(config.seed);
        self.add_as(config, seed, store, &begin.map_or(Begin::Empty, Begin::Founder))
    }

    /// The seed of the node's next start, where seeds are counted.
    pub fn set_next_seed(&mut self, id: NodeId, seed: u64) {
        if let Some(next) = self.member_mut(id).and_then(|member| member.next_seed.as_mut()) {
            *next = seed;
        }
    }

    /// The identity that the first store of a node has.
    pub fn first_identity(&self, id: NodeId) -> u64 {
        self.names.identity(self.seed, id, 1)
    }

    // ----- looking

    /// Every node's id.
    pub fn ids(&self) -> Vec<NodeId> {
        self.members.iter().map(|member| member.id).collect()
    }

    /// The node, unless it is down.
    pub fn node(&self, id: NodeId) -> Option<&RawNode<D>> {
        self.member(id).and_then(Member::node)
    }

    /// Its settings as of its next start.
    pub fn config(&self, id: NodeId) -> Option<&Config> {
        self.member(id).map(|member| &member.config)
    }

    /// The node's disk, unless that is lost.
    pub fn disk(&self, id: NodeId) -> Option<&D> {
        match &self.member(id)?.life {
            Life::Up(node) => Some(node.storage()),
            Life::Down(disk) => Some(disk),
            Life::Gone => None,
        }
    }

    /// The same; the judges know nothing of what is changed here.
    pub fn disk_mut(&mut self, id: NodeId) -> Option<&mut D> {
        match &mut self.member_mut(id)?.life {
            Life::Up(node) => Some(node.storage_mut()),
            Life::Down(disk) => Some(disk),
            Life::Gone => None,
        }
    }

    /// The node's state machine, and the index up to which it has applied.
    pub fn machine(&self, id: NodeId) -> Option<(&M, Index)> {
        self.member(id).map(|member| (&member.machine, member.applied))
    }

    /// The configuration as of this index, if anybody came there.
    pub fn configuration_at(&self, index: Index) -> Option<&ConfState> {
        self.judge.configurations.at(index)
    }

    /// Messages in flight, by the numbers by which [`MessageRef::Id`](crate::step::MessageRef::Id) names them: oldest first.
    pub fn in_flight(&self) -> &BTreeMap<u64, Message> {
        &self.pool
    }

    /// The numbers of messages that were sent since this was last asked.
    pub fn take_sent(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.sent)
    }

    /// The batch that is out, and whether it is written.
    pub fn batch(&self, id: NodeId) -> Option<(&Ready, bool)> {
        let batch = self.member(id)?.work.batch.as_ref();
        batch.map(|(ready, written)| (ready, *written))
    }

    /// With asynchronous writes: tasks that are written and not synced, and those that are not written.
    pub fn tasks(&self, id: NodeId) -> (Vec<&AppendTask>, Vec<&AppendTask>) {
        let work = self.member(id).map(|member| &member.work);
        work.map(|work| (work.written.iter().collect(), work.tasks.iter().collect()))
            .unwrap_or_default()
    }

    /// With asynchronous writes: what is to be applied next.
    pub fn next_apply(&self, id: NodeId) -> Option<&ApplyTask> {
        self.member(id)?.work.applies.front()
    }

    /// With asynchronous writes: the node's own acknowledgements that wait, numbered together with the messages.
    pub fn acknowledgements(&self, id: NodeId) -> impl Iterator<Item = (u64, &Ack)> {
        let acks = self.member(id).into_iter().flat_map(|member| &member.work.acks);
        acks.map(|(number, ack)| (*number, ack))
    }

    /// Writes of the node that a crash may lose.
    pub fn unsynced(&self, id: NodeId) -> usize {
        self.member(id).map_or(0, |member| member.marks.len())
    }

    // ----- doing

    /// Calls the node, if it is up, and judges what came of it.
    pub fn call<T>(&mut self, id: NodeId, call: impl FnOnce(&mut RawNode<D>) -> T) -> Option<T> {
        let result = self.member_mut(id).and_then(Member::node_mut).map(call);
        let verdict = self.observe(id);
        let _ = self.rule(verdict);
        result
    }

    /// A node proposes a change of either kind.
    pub fn propose_change(&mut self, id: NodeId, change: AnyConfChange, expected: Option<Index>) -> Verdict {
        let proposed = self.call(id, |node| match expected {
            Some(expected) => node.propose_conf_change_if_unchanged(change, expected),
            None => node.propose_conf_change(change),
        });
        if let Some(Err(error)) = proposed {
            self.saw(|| Seen::Refused(id, Refusal::Propose(error)));
        }
        Ok(())
    }

    /// A client reads, and the node is told this name of it.
    pub fn read_as(&mut self, id: NodeId, operation: u64, query: Bytes, context: Bytes) -> Verdict {
        self.read_with(id, operation, query, context, None)
    }

    /// The next change of the configuration that the node applies is vetoed there.
    pub fn veto_next_change(&mut self, id: NodeId) {
        if let Some(member) = self.member_mut(id) {
            member.vetoes = true;
        }
    }

    /// Something is written to a node's disk, be it down.
    pub fn write_to(&mut self, id: NodeId, write: Write) -> Verdict {
        let marks = marks(&write);
        let Some(disk) = self.disk_mut(id) else { return Ok(()) };
        disk.write(write).map_err(|error| unexpected(id, "a write", &error))?;
        self.members[Self::position(id)].marks.extend(marks);
        Ok(())
    }

    /// With asynchronous writes: syncs, and is done with the oldest task that is written, and no other.
    pub fn finish_oldest(&mut self, id: NodeId) -> Verdict {
        let verdict = self.sync_oldest(id);
        self.rule(verdict)
    }

    /// With asynchronous writes: the acknowledgement of this number gets back to its node, be it not the oldest.
    pub fn acknowledge_number(&mut self, id: NodeId, number: u64) -> Verdict {
        let verdict = self.acknowledge_if(id, |other| other == number);
        self.rule(verdict)
    }

    /// Puts a message in flight, as if the node sent it.
    pub fn put(&mut self, id: NodeId, message: Message) -> Verdict {
        let verdict = self.send(id, message);
        self.rule(verdict)
    }

    /// These messages change places: they arrive in this order from now on.
    pub fn reorder(&mut self, order: &[u64]) {
        let mut places: Vec<u64> = order.to_vec();
        places.sort_unstable();
        let messages: Vec<Message> = order.iter().filter_map(|number| self.pool.remove(number)).collect();
        self.pool.extend(places.into_iter().zip(messages));
    }
}
