//! A node with its store, its state machine and its clients: the loop, ready made.
//!
//! [`RawNode`] leaves everything to its caller. A [`Replica`] does what nearly every caller does with one, in the order
//! that is right: it persists, applies, restores, takes snapshots, compacts the log, and tells each client once what
//! became of its proposal or its read. What is left to you is a [`StateMachine`], the network and the clock: say when a
//! [tick](Replica::tick) has passed, hand in each [message](Replica::step) that arrives, and send what
//! [`turn`](Replica::turn) hands out.
//!
//! ```
//! use quorate::bytes::Bytes;
//! use quorate::replica::{MachineError, Outcome, Replica, StateMachine};
//! use quorate::{ConfState, Config, Entry, MemoryStorage, bootstrap};
//!
//! /// All words so far.
//! #[derive(Default)]
//! struct Words(String);
//!
//! impl StateMachine for Words {
//!     type Response = usize;
//!
//!     fn apply(&mut self, entry: &Entry) -> usize {
//!         self.0 += &String::from_utf8_lossy(&entry.data);
//!         self.0.len()
//!     }
//!
//!     fn snapshot(&mut self) -> Result<Bytes, MachineError> {
//!         Ok(self.0.clone().into())
//!     }
//!
//!     fn restore(&mut self, state: &Bytes) -> Result<(), MachineError> {
//!         self.0 = String::from_utf8(state.to_vec())?;
//!         Ok(())
//!     }
//! }
//!
//! let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1]))?;
//! let store = MemoryStorage::from_snapshot(first);
//! let mut replica = Replica::new(Config::new(1, 42), store, Words::default())?;
//! replica.node_mut().campaign()?; // or wait: replica.tick()
//! let mut outcomes = replica.turn(|message| println!("send {message}"))?;
//!
//! replica.propose("to be ", "a client")?; // the token: a channel to answer on, say
//! replica.read("a reader")?;
//! outcomes.extend(replica.turn(|message| println!("send {message}"))?);
//! assert_eq!(outcomes, [("a client", Outcome::Applied(6)), ("a reader", Outcome::Readable)]);
//! assert_eq!(replica.machine().0, "to be ");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! It is the loop of the README and nothing more: plain data, without a thread, a clock or a global, so that a test
//! replays it. It persists and applies within the turn. A state machine that takes its time, a disk that is written by
//! another thread, or one sync for a thousand groups, wants the [`RawNode`] itself: `examples/apply_later.rs`,
//! `examples/async_storage.rs`.

use alloc::vec::Vec;

use bytes::Bytes;

mod compaction;
mod local;
mod machine;
mod outcome;
mod survivor;
mod turn;

pub use self::compaction::Compaction;
pub use self::local::LocalGroup;
pub use self::machine::{MachineError, StateMachine};
pub use self::outcome::{Outcome, Outcomes, ReplicaError};
pub use self::survivor::Survivor;
use crate::config::{Config, ReadMode};
use crate::error::{ConfigError, NodeError, ProposeError, ReadError, StepError};
use crate::event::Event;
use crate::membership::AnyConfChange;
use crate::message::Message;
use crate::pending::{Proposals, Reads, Refused};
use crate::raft::Proposed;
use crate::raw_node::RawNode;
use crate::ready::Ready;
use crate::storage::Store;
use crate::types::{EntryId, Index};

/// A node on a store, with a state machine and its clients' tokens. See the [module](crate::replica).
#[derive(Debug)]
pub struct Replica<S, M: StateMachine, T> {
    node: RawNode<S>,
    machine: M,
    proposals: Proposals<T>,
    reads: Reads<T>,
    outcomes: Outcomes<T, M::Response>,
    events: Vec<Event>,
    /// What could not be persisted. It is tried again.
    unwritten: Option<Ready>,
    /// Something of which the node does not stop went wrong in this turn.
    setback: Option<ReplicaError>,
    stopped: bool,
    /// The last index that the state machine has applied.
    applied: Index,
    compaction: Compaction,
    /// The last index that the latest snapshot covers.
    snapshot: Index,
    /// What a new one has to cover, for a peer to which this one is of no use: it is too old, or does not name it.
    wanted: Option<Index>,
}

impl<S: Store, M: StateMachine, T> Replica<S, M, T> {
    /// Starts a node on what the store holds. The state machine is [restored](StateMachine::restore) from the latest
    /// snapshot, unless it says that it has [applied](StateMachine::applied) more than that, and is given the log after
    /// it again. [`Config::applied`] need not be set, and [`Config::cluster_id`] is the store's where it is 0.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Config`], [`Storage`](ReplicaError::Storage) and [`Machine`](ReplicaError::Machine).
    pub fn new(mut config: Config, store: S, mut machine: M) -> Result<Self, ReplicaError> {
        if config.settings().async_storage_writes {
            let (setting, bound) = ("async_storage_writes", "off: a replica writes within its turn");
            return Err(ConfigError::Bound { setting, bound }.into());
        }
        let (applied, snapshot) = survivor::restored(&store, &mut machine)?;
        config.applied = applied;
        if config.cluster_id == 0 {
            config.cluster_id = store.initial_state()?.cluster_id;
        }
        let node = RawNode::new(config, store)?;
        Ok(Self {
            applied: node.status().applied,
            node,
            machine,
            proposals: Proposals::new(),
            reads: Reads::new(),
            outcomes: Vec::new(),
            events: Vec::new(),
            unwritten: None,
            setback: None,
            stopped: false,
            compaction: Compaction::default(),
            snapshot,
            wanted: None,
        })
    }

    /// The same, with snapshots taken at other distances.
    #[must_use]
    pub fn with_compaction(self, compaction: Compaction) -> Self {
        Self { compaction, ..self }
    }

    // ----- looking

    /// The node, to ask it: its status, its progress, an explanation.
    pub fn node(&self) -> &RawNode<S> {
        &self.node
    }

    /// The node, to have it campaign, transfer leadership, or take other settings. Its Readies are the
    /// [turn](Self::turn)'s: whoever takes one gets [`ReplicaError::Ready`] there until it is advanced.
    pub fn node_mut(&mut self) -> &mut RawNode<S> {
        &mut self.node
    }

    /// The state machine. Whether what is read there is linearizable, [`read`](Self::read) tells.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// The state machine, to serve reads that need it mutable.
    pub fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }

    /// What happened in the last [turn](Self::turn).
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    // ----- what happens

    /// A tick has passed. See [`RawNode::tick`].
    pub fn tick(&mut self) -> Result<(), NodeError> {
        self.node.tick()
    }

    /// A message has arrived. See [`RawNode::step`]: most errors are the message's fault and change nothing.
    pub fn step(&mut self, message: Message) -> Result<(), StepError> {
        self.node.step(message)
    }

    // ----- what clients want

    /// Proposes a command; where it is in the log. Its outcome comes from a [turn](Self::turn), once. An empty command
    /// is a barrier: it is not handed to the state machine, and [`Passed`](Outcome::Passed) when all before it are.
    ///
    /// # Errors
    ///
    /// The token comes back, and nothing was proposed unless the error is [`ProposeError::Node`]. A follower refuses
    /// with [`ProposeError::NotLeader`], and never passes the command on: where that ends, nobody could tell.
    pub fn propose(&mut self, command: impl Into<Bytes>, token: T) -> Result<EntryId, Refused<ProposeError, T>> {
        self.proposals.propose(&mut self.node, command, token)
    }

    /// Proposes a change of the members. The outcome is [`Changed`](Outcome::Changed).
    ///
    /// # Errors
    ///
    /// As of [`propose`](Self::propose).
    pub fn propose_conf_change(
        &mut self,
        change: impl Into<AnyConfChange>,
        token: T,
    ) -> Result<EntryId, Refused<ProposeError, T>> {
        self.proposals.propose_conf_change(&mut self.node, change, token)
    }

    /// Proposes by another call of the node, whose outcome is then followed:
    /// `|node| node.propose_promotion(4)`, say.
    ///
    /// # Errors
    ///
    /// As of [`propose`](Self::propose).
    pub fn propose_by(
        &mut self,
        propose: impl FnOnce(&mut RawNode<S>) -> Result<Proposed, ProposeError>,
        token: T,
    ) -> Result<EntryId, Refused<ProposeError, T>> {
        self.proposals.propose_by(&mut self.node, propose, token)
    }

    /// Follows an entry that a leader put into its log for a proposal, whichever node that was: so does a client that
    /// was told where its entry is before the process ended that led.
    ///
    /// Call it where that entry is yet to be applied: at a node that was just started, before its first turn. One that
    /// applied entries of a later term behind it does not know any more what was there, and says
    /// [`Unknown`](Outcome::Unknown); so does one whose snapshot covers it.
    pub fn follow(&mut self, entry: EntryId, token: T) {
        self.proposals.follow(entry, token);
    }

    /// Asks when a linearizable read may be served, at any node. When it is [`Readable`](Outcome::Readable), read from
    /// the [machine](Self::machine).
    ///
    /// # Errors
    ///
    /// The token comes back.
    pub fn read(&mut self, token: T) -> Result<(), Refused<ReadError, T>> {
        self.reads.read(&mut self.node, token)
    }

    /// The same [in this mode](RawNode::read_index_with), whatever the settings say.
    ///
    /// # Errors
    ///
    /// The token comes back.
    pub fn read_with(&mut self, mode: ReadMode, token: T) -> Result<(), Refused<ReadError, T>> {
        self.reads.read_with(&mut self.node, mode, token)
    }

    /// Ends the wait of those tokens, because their deadline has passed, say: the next [turn](Self::turn) has them as
    /// [`Unknown`](Outcome::Unknown), reads as [`NotReadable`](Outcome::NotReadable).
    pub fn give_up(&mut self, mut is_overdue: impl FnMut(&T) -> bool) {
        self.proposals.give_up(&mut is_overdue);
        self.reads.give_up(is_overdue);
    }

    /// What became of proposals and reads, and was handed out by no turn: because the last one failed. Where turns go
    /// on failing though most of their work is done (a disk that has room for entries and none for snapshots, say),
    /// clients are told so all the same.
    pub fn take_outcomes(&mut self) -> Outcomes<T, M::Response> {
        self.settle();
        core::mem::take(&mut self.outcomes)
    }

    // ----- the end

    /// Takes the replica apart: the store, from which a node can be started again, the state machine, and the outcomes
    /// that no turn has handed out. Proposals that still wait are [`Unknown`](Outcome::Unknown) then.
    pub fn into_parts(mut self) -> (S, M, Outcomes<T, M::Response>) {
        self.give_up(|_| true);
        let outcomes = self.take_outcomes();
        (self.node.into_storage(), self.machine, outcomes)
    }
}
