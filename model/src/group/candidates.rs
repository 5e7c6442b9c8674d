//! What may happen in a state.

use quorate::membership::{ConfChangeSingle, ConfChangeV2};
use quorate::{EntryId, NodeId};

use super::Group;
use super::memory::Memory;
use crate::budget::Kind;
use crate::event::{Event, Happening};
use crate::member::{Life, Member};
use crate::rules::Storing;
use crate::world::Change;

/// Something that may happen.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// The position of the node.
    pub(super) node: usize,
    /// The number of what happens there.
    pub(super) happening: u32,
    /// Where in the state the message is that arrives or is lost.
    pub(super) message: Option<usize>,
    pub(super) keep: bool,
    pub(super) lost: bool,
    pub(super) costs: Vec<Kind>,
    pub(super) ticks: u8,
    /// Of what is sent, that which does not fit: a bit each.
    pub(super) dropped: u32,
}

impl Candidate {
    pub(super) fn at(node: usize, happening: u32) -> Self {
        Self {
            node,
            happening,
            message: None,
            keep: false,
            lost: false,
            costs: Vec::new(),
            ticks: 0,
            dropped: 0,
        }
    }
}

impl Group {
    pub(super) fn candidates(&self, memory: &mut Memory, state: &[u32]) -> Vec<Candidate> {
        let mut all = Vec::new();
        self.messages(memory, state, &mut all);
        for node in 0..self.ids.len() {
            let member = memory.members.get(state[node]).clone();
            self.ticks(memory, state, node, &member, &mut all);
            match &member.life {
                Life::Up(_) => {
                    self.storage(memory, state, node, &mut all);
                    self.crashes(memory, state, node, &member, &mut all);
                    self.calls(memory, state, node, &member, &mut all);
                }
                Life::Down(_) => {
                    self.add(memory, state, node, Event::Restart, None, &mut all);
                    if self.world.wipes_members || self.is_removed(memory, state, member.id) {
                        self.pay(memory, state, node, Event::Wipe, Kind::Wipe, &mut all);
                    }
                }
                Life::Gone => {
                    let identity = self.identity(&member);
                    self.add(memory, state, node, Event::Join(identity), None, &mut all);
                }
            }
        }
        all
    }

    /// The name of the next store of this node.
    pub(super) fn identity(&self, member: &Member) -> u64 {
        if self.world.named {
            100 * member.id + member.stores + 1
        } else {
            0
        }
    }

    /// Whether the newest configuration that anybody applied does not have this node.
    fn is_removed(&self, memory: &mut Memory, state: &[u32], id: NodeId) -> bool {
        let history = memory.histories.get(state[self.ids.len()]);
        let latest = history.judge.configurations.latest();
        latest.is_some_and(|(_, members)| !members.contains(id))
    }

    /// Whether no crash can come any more.
    fn settles(&self, state: &[u32]) -> bool {
        self.layout.used(self.budget(state), Kind::Crash) >= self.world.limit(Kind::Crash)
    }

    fn add(
        &self,
        memory: &mut Memory,
        state: &[u32],
        node: usize,
        event: Event,
        cost: Option<Kind>,
        all: &mut Vec<Candidate>,
    ) {
        let (tear, settle) = (None, self.settles(state));
        let mut candidate = Candidate::at(node, memory.number(Happening { event, tear, settle }));
        candidate.costs.extend(cost);
        all.push(candidate);
    }

    /// The same, if it can be afforded.
    fn pay(&self, memory: &mut Memory, state: &[u32], node: usize, event: Event, kind: Kind, all: &mut Vec<Candidate>) {
        if self.affords(state, kind, self.ids[node]) {
            self.add(memory, state, node, event, Some(kind), all);
        }
    }

    fn messages(&self, memory: &mut Memory, state: &[u32], all: &mut Vec<Candidate>) {
        let settle = self.settles(state);
        let mut link = (0, 0);
        for place in self.head()..state.len() {
            let number = state[place];
            let repeats = place > self.head() && state[place - 1] == number;
            let message = memory.messages.get(number).clone();
            let first = !self.world.ordered || (message.from, message.to) != link;
            link = (message.from, message.to);
            let Some(node) = self.position(message.to).filter(|_| !repeats) else {
                continue;
            };
            let mut candidate = Candidate::at(node, memory.delivery(number, settle));
            candidate.message = Some(place);
            if self.affords(state, Kind::Lose, message.to) {
                let mut lost = candidate.clone();
                (lost.lost, lost.costs) = (true, vec![Kind::Lose]);
                all.push(lost);
            }
            if !first {
                if !self.affords(state, Kind::Reorder, message.to) {
                    continue;
                }
                candidate.costs.push(Kind::Reorder);
            }
            if self.affords(state, Kind::Duplicate, message.to) {
                let mut kept = candidate.clone();
                kept.keep = true;
                kept.costs.push(Kind::Duplicate);
                all.push(kept);
            }
            all.push(candidate);
        }
    }

    fn ticks(&self, memory: &mut Memory, state: &[u32], node: usize, member: &Member, all: &mut Vec<Candidate>) {
        let id = self.ids[node];
        if let Some(clocks) = self.world.clocks {
            let budget = self.budget(state);
            let now = self.layout.clock(budget, node);
            let slowest = (0..self.ids.len()).map(|node| self.layout.clock(budget, node)).min();
            if now < clocks.ticks && now < slowest.unwrap_or(0).saturating_add(clocks.skew) {
                self.add(memory, state, node, Event::Tick(1), None, all);
                all.iter_mut().rev().take(1).for_each(|candidate| candidate.ticks = 1);
            }
        } else if member.is_up() && self.affords(state, Kind::Tick, id) {
            for ticks in &self.world.ticks {
                self.pay(memory, state, node, Event::Tick(*ticks), Kind::Tick, all);
            }
        }
    }

    fn storage(&self, memory: &mut Memory, state: &[u32], node: usize, all: &mut Vec<Candidate>) {
        let events: &[Event] = match self.world.storing {
            Storing::AtOnce => &[],
            Storing::Later => &[Event::Ready, Event::Write],
            Storing::Asynchronous => &[
                Event::Ready,
                Event::Write,
                Event::Sync,
                Event::Acknowledge,
                Event::Apply,
            ],
        };
        for event in events {
            self.add(memory, state, node, event.clone(), None, all);
        }
    }

    fn crashes(&self, memory: &mut Memory, state: &[u32], node: usize, member: &Member, all: &mut Vec<Candidate>) {
        if self.affords(state, Kind::Crash, member.id) {
            for kept in 0..=member.marks.len() {
                self.add(memory, state, node, Event::Crash(kept), Some(Kind::Crash), all);
            }
        }
    }

    fn calls(&self, memory: &mut Memory, state: &[u32], node: usize, member: &Member, all: &mut Vec<Candidate>) {
        let used = |kind| self.layout.used(self.budget(state), kind);
        let peers = || self.ids.iter().copied().filter(|id| *id != member.id);
        if member.is_leader() {
            for (peer, snapshot) in snapshots_on_their_way(member) {
                self.pay(
                    memory,
                    state,
                    node,
                    Event::ReportLost(peer, snapshot),
                    Kind::Report,
                    all,
                );
            }
            let command = format!("w{}", used(Kind::Propose));
            self.pay(memory, state, node, Event::Propose(command.into()), Kind::Propose, all);
            for change in &self.world.changes {
                let change = self.change(memory, state, change);
                self.pay(memory, state, node, Event::Change(change), Kind::Change, all);
            }
            for peer in peers() {
                self.pay(memory, state, node, Event::Transfer(peer), Kind::Transfer, all);
                self.pay(memory, state, node, Event::ReportUnreachable(peer), Kind::Report, all);
            }
        } else {
            self.pay(memory, state, node, Event::Campaign, Kind::Campaign, all);
            self.pay(memory, state, node, Event::ForgetLeader, Kind::ForgetLeader, all);
            self.pay(memory, state, node, Event::RequestSnapshot, Kind::Request, all);
        }
        let read = Event::Read(u64::from(used(Kind::Read)));
        self.pay(memory, state, node, read, Kind::Read, all);
        self.pay(memory, state, node, Event::Compact, Kind::Compact, all);
        self.pay(memory, state, node, Event::Configure, Kind::Configure, all);
    }

    /// Nodes are added with the names of the stores that they have now.
    fn change(&self, memory: &mut Memory, state: &[u32], change: &Change) -> ConfChangeV2 {
        let identity = |memory: &mut Memory, id: NodeId| {
            let position = self.position(id).filter(|_| self.world.named);
            position.map_or(0, |position| memory.members.get(state[position]).identity)
        };
        let parts = change.parts.iter().map(|(kind, id)| {
            let mut single = ConfChangeSingle::new(*kind, *id);
            if matches!(
                kind,
                quorate::membership::ConfChangeKind::AddNode | quorate::membership::ConfChangeKind::AddLearnerNode
            ) {
                single = single.with_identity(identity(memory, *id));
            }
            single
        });
        let parts: Vec<ConfChangeSingle> = parts.collect();
        ConfChangeV2::new(parts).with_transition(change.transition)
    }
}

/// Snapshots that a leader waits for an answer to.
fn snapshots_on_their_way(leader: &Member) -> Vec<(NodeId, EntryId)> {
    let Some(node) = leader.node() else { return Vec::new() };
    let progress = node.progress();
    let waits = progress.filter_map(|peer| Some((peer.id, peer.state.pending_snapshot()?)));
    waits.collect()
}
