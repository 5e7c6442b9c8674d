//! A group whose stores may be lost, and its network.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use quorate::error::StepError;
use quorate::types::Identity;
use quorate::{ConfState, Config, MemoryStorage, Message, NodeId, RawNode, bootstrap};

use crate::dice::Dice;
use crate::history::History;
use crate::member::{Fate, Member};
use crate::operator::{self, Sight};
use crate::profile::Profile;

/// Messages that are on their way at most, and those that may come again.
const MESSAGES_MAX: usize = 400;
const SENT_MAX: usize = 2000;

/// How a group begins, and what may happen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Founding {
    Named,
    /// The stores are named one by one, and none is lost before the names are in force.
    NamedLater,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) members: BTreeMap<NodeId, Member>,
    pub(crate) history: History,
    pub(crate) profile: Profile,
    pub(crate) dice: Dice,
    pub(crate) pool: Vec<Message>,
    /// What was sent before, to whichever store.
    pub(crate) sent: Vec<Message>,
    pub(crate) cut: BTreeSet<(NodeId, NodeId)>,
    pub(crate) stopped: BTreeSet<NodeId>,
    founding: Founding,
    /// From then on stores are lost.
    pub(crate) in_force: bool,
    /// Once in so many times, what may be lost is lost.
    care: usize,
    /// Names stores, starts, proposals and reads.
    names: u64,
    pub(crate) losses: u64,
}

impl World {
    pub(crate) fn new(founding: Founding, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let profile = Profile::any(&mut dice);
        let founders: Vec<NodeId> = (1..=3 + u64::try_from(dice.roll(3)).expect("few")).collect();
        let mut world = Self {
            members: BTreeMap::new(),
            history: History::default(),
            profile,
            pool: Vec::new(),
            sent: Vec::new(),
            cut: BTreeSet::new(),
            stopped: BTreeSet::new(),
            founding,
            in_force: founding == Founding::Named,
            care: 1 + dice.roll(5),
            names: 1000,
            losses: 0,
            dice,
        };
        let mut conf_state = ConfState::of_voters(founders.clone());
        if founding == Founding::Named {
            conf_state = conf_state.with_identities(founders.iter().map(|id| (*id, 100 + id)));
        }
        // The others may be fed by it, so that what they were told can be told again.
        let only_one = world.dice.once_in(2);
        for id in 1..=5 {
            let mut storage = MemoryStorage::new().with_identity(100 + id);
            if founders.contains(&id) && (id == 1 || !only_one) {
                let unused = if founding == Founding::Named {
                    storage
                } else {
                    MemoryStorage::new()
                };
                let snapshot = bootstrap(id, &unused, &conf_state).expect("unused, and a member's");
                world.history.begin(&snapshot);
                storage = MemoryStorage::from_snapshot(snapshot).with_identity(100 + id);
            }
            let mut config = profile.config(id, &mut world.dice);
            config.settings_mut().accept_unnamed_store = founding == Founding::NamedLater;
            let member = Member::new(config, storage).expect("a legal store");
            world.members.insert(id, member);
        }
        world
    }

    fn name(&mut self) -> u64 {
        self.names += 1;
        self.names
    }

    pub(crate) fn ids(&self) -> Vec<NodeId> {
        let running = self.members.keys().copied();
        running.filter(|id| !self.stopped.contains(id)).collect()
    }

    pub(crate) fn running(&self) -> impl Iterator<Item = &Member> {
        self.members
            .values()
            .filter(|member| !self.stopped.contains(&member.who.id))
    }

    /// A node that runs.
    pub(crate) fn any(&mut self) -> NodeId {
        let ids = self.ids();
        self.dice.pick(&ids).unwrap_or(1)
    }

    pub(crate) fn any_leader(&mut self) -> Option<NodeId> {
        let ids: Vec<NodeId> = self.ids().into_iter().filter(|id| self.members[id].leads()).collect();
        self.dice.pick(&ids)
    }

    pub(crate) fn call<T>(&mut self, id: NodeId, act: impl FnOnce(&mut RawNode<MemoryStorage>) -> T) -> T {
        let member = self.members.get_mut(&id).expect("a node");
        let outcome = act(&mut member.raw);
        member.check(&mut self.history);
        outcome
    }

    // ----- starts and losses

    fn start(&mut self, config: Config, storage: MemoryStorage) {
        let id = config.id;
        let member = Member::new(config, storage).expect("a legal store");
        self.members.insert(id, member);
    }

    pub(crate) fn restart(&mut self, id: NodeId) {
        let (keep, seed) = (self.dice.once_in(2), self.name());
        let (config, storage) = self.members[&id].crashed(keep, seed);
        self.start(config, storage);
    }

    /// The node starts again with a store that was made anew.
    pub(crate) fn lose(&mut self, id: NodeId) {
        let seed = self.name();
        // Now and then somebody forgets to give the new store an identity.
        // (In a group that was named later that is not safe: see `found.rs`.)
        let forgets = self.dice.once_in(10) && self.founding == Founding::Named;
        let identity: Identity = if forgets { 0 } else { seed };
        let mut config = self.members[&id].raw.config().clone();
        (config.seed, config.applied, config.settings_mut().accept_unnamed_store) = (seed, 0, false);
        self.losses += 1;
        self.start(config, MemoryStorage::new().with_identity(identity));
        if self.dice.once_in(3) {
            self.tell_again(id);
        }
    }

    // ----- work and messages

    fn fate(&mut self) -> Fate {
        if !self.dice.once_in(60) {
            return Fate::Done;
        }
        let fates = [Fate::Dropped, Fate::Torn, Fate::Stored];
        self.dice.pick(&fates).unwrap_or(Fate::Done)
    }

    /// One piece of work of a node; `false` if there was none.
    fn work(&mut self, id: NodeId, piece: usize, fate: Fate) -> bool {
        let member = self.members.get_mut(&id).expect("a node");
        let mut out = Vec::new();
        let done = if piece == 3 {
            member.ready(fate, &mut self.history, &mut out)
        } else {
            member.work(piece, &mut self.history, &mut out)
        };
        member.check(&mut self.history);
        self.sent.extend(out.iter().cloned());
        self.pool.extend(out);
        for (messages, max) in [(&mut self.sent, SENT_MAX), (&mut self.pool, MESSAGES_MAX)] {
            let surplus = messages.len().saturating_sub(max);
            messages.drain(..surplus);
        }
        if done && piece == 3 && fate != Fate::Done {
            self.restart(id);
        }
        done
    }

    pub(crate) fn drain(&mut self, id: NodeId, faults: bool) {
        while (0..4).rev().any(|piece| {
            let fate = if faults { self.fate() } else { Fate::Done };
            self.work(id, piece, fate)
        }) {}
    }

    pub(crate) fn deliver(&mut self, message: Message) {
        let (from, to) = (message.from, message.to);
        if self.cut.contains(&(from, to)) || self.stopped.contains(&to) {
            return;
        }
        match self.call(to, |raw| raw.step(message)) {
            Ok(())
            | Err(
                StepError::UnknownPeer { .. }
                | StepError::OtherIdentity { .. }
                | StepError::Proposal(_)
                | StepError::BeyondLog { .. },
            ) => {}
            Err(error) => panic!("from {from} to {to}: {error}"),
        }
    }

    pub(crate) fn flow(&mut self, faults: bool) {
        for id in self.ids() {
            self.drain(id, faults);
        }
        for message in std::mem::take(&mut self.pool) {
            self.deliver(message);
        }
        let in_force = self
            .ids()
            .into_iter()
            .any(|id| self.members[&id].raw.status().identities_in_force);
        self.in_force |= in_force;
    }

    pub(crate) fn tick_all(&mut self) {
        for id in self.ids() {
            self.call(id, RawNode::tick).expect("a sound node");
        }
    }

    pub(crate) fn heal(&mut self) {
        self.cut.clear();
        self.stopped.clear();
    }

    // ----- what may happen

    /// Something happens.
    pub(crate) fn happen(&mut self) {
        match self.dice.roll(100) {
            0..30 => {
                let at = self.dice.roll(self.pool.len().max(1));
                if at < self.pool.len() {
                    let message = self.pool.remove(at);
                    self.deliver(message);
                }
            }
            30..46 => self.flow(true),
            46..54 => {
                let id = self.any();
                let ticks = 1 + self.dice.roll(12) as u64;
                self.call(id, |raw| raw.advance_ticks(ticks)).expect("a sound node");
            }
            54..62 => self.tick_all(),
            62..70 => {
                let (id, piece) = (self.any(), self.dice.roll(4));
                let fate = self.fate();
                self.work(id, piece, fate);
            }
            70..78 => self.speak(),
            78..82 => {
                let at = self.dice.roll(self.sent.len().max(1));
                if let Some(message) = self.sent.get(at).cloned() {
                    self.deliver(message);
                }
            }
            82 => {
                let kept = self.dice.roll(self.pool.len().max(1));
                self.pool.truncate(kept);
            }
            83..89 => self.operate(),
            89 => self.replace(),
            90..94 => {
                let rounds = self.dice.roll(25);
                self.rounds(rounds);
            }
            _ => self.fail(),
        }
    }

    /// For a while what can be reached works as it should.
    pub(crate) fn rounds(&mut self, count: usize) {
        if self.dice.once_in(3) {
            self.heal();
        }
        for _ in 0..count {
            self.tick_all();
            for _ in 0..4 {
                self.flow(true);
            }
        }
    }

    /// Clients and administrators say something.
    fn speak(&mut self) {
        let name = self.name();
        let id = if self.dice.once_in(4) {
            Some(self.any())
        } else {
            self.any_leader()
        };
        let Some(id) = id else { return };
        let other = self.any();
        match self.dice.roll(8) {
            0..4 => _ = self.call(id, |raw| raw.propose(name.to_le_bytes().to_vec())),
            4 | 5 => {
                let (context, committed) = (Bytes::copy_from_slice(&name.to_le_bytes()), self.history.last());
                if self.call(id, |raw| raw.read_index(context.clone())).is_ok() {
                    self.members
                        .get_mut(&id)
                        .expect("a node")
                        .reads
                        .insert(context, committed);
                }
            }
            6 => _ = self.call(id, |raw| raw.transfer_leader(other)),
            _ => _ = self.call(other, RawNode::campaign),
        }
    }

    fn operate(&mut self) {
        let Some(id) = self.any_leader() else { return };
        let stores = self.members.values().map(|member| (member.who.id, member.who.identity));
        let membership = self.members[&id].raw.membership().clone();
        let sight = Sight {
            membership: &membership,
            stores: stores.collect(),
            naming: !self.in_force,
        };
        if let Some(change) = operator::change(&sight, &mut self.dice) {
            let _ = self.call(id, |raw| raw.propose_conf_change(change));
        }
    }

    fn fail(&mut self) {
        let id = self.any();
        match self.dice.roll(11) {
            0 | 1 => self.restart(id),
            2 | 3 if self.in_force && self.dice.once_in(self.care) => self.lose(id),
            2..4 => {}
            4 => {
                let cut = self.dice.once_in(2);
                self.members.get_mut(&id).expect("a node").compact(cut);
            }
            5 => _ = self.stopped.insert(id),
            6 => _ = self.stopped.pop_first(),
            7 => {
                let other = self.any();
                self.cut.insert((id, other));
            }
            8 => self.isolate(id),
            _ => self.cut.clear(),
        }
    }
}
