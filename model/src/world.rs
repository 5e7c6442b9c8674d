//! A world: who is in a group, what may happen to it, how often, and what must hold.

mod check;

use quorate::membership::{ConfChangeKind, Transition};
use quorate::{NodeId, Settings};

use crate::budget::{KINDS, Kind};
use crate::error::COUNTED;
use crate::event::Event;
use crate::invariant::Invariant;
use crate::rules::Storing;

/// A group and everything that may happen to it: a value, from which [`Group`](crate::Group) is made.
///
/// Nothing happens that is not allowed. A node runs with [`settings`](Self::settings) in which its election timeout is
/// always the shortest, for a checker tries all orders of events, and every timeout is an order.
///
/// ```
/// use quorate_model::{Group, Kind, Limits, World, search};
/// let world = World::new(3).allow(Kind::Campaign, 1).allow(Kind::Propose, 1).max_in_flight(3);
/// let outcome = search(&Group::new(world)?, Limits::default());
/// assert!(outcome.complete && outcome.found.is_none());
/// # Ok::<(), quorate_model::WorldError>(())
/// ```
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) voters: Vec<NodeId>,
    pub(crate) joiners: Vec<NodeId>,
    pub(crate) named: bool,
    pub(crate) forgets_promises: bool,
    pub(crate) settings: Vec<(NodeId, Settings)>,
    pub(crate) again: Vec<(NodeId, Settings)>,
    pub(crate) storing: Storing,
    pub(crate) limits: [u8; KINDS.len()],
    pub(crate) nodes: Vec<(Kind, Vec<NodeId>)>,
    pub(crate) ticks: Vec<u64>,
    pub(crate) clocks: Option<Clocks>,
    pub(crate) changes: Vec<Change>,
    pub(crate) max_term: u64,
    pub(crate) max_in_flight: usize,
    pub(crate) crowded: bool,
    pub(crate) wipes_members: bool,
    pub(crate) ordered: bool,
    pub(crate) symmetric: bool,
    pub(crate) prelude: Vec<Before>,
    pub(crate) invariants: Vec<Invariant>,
}

/// How clocks may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clocks {
    /// Ticks of each.
    pub(crate) ticks: u8,
    /// By how many any two may differ at any time.
    pub(crate) skew: u8,
}

/// A change of the configuration that an operator may propose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// How it takes effect.
    pub transition: Transition,
    /// What it does. Where members are named, a node is added with the name of the store that it has then.
    pub parts: Vec<(ConfChangeKind, NodeId)>,
}

impl Change {
    /// One node, in one step.
    pub fn simple(kind: ConfChangeKind, node: NodeId) -> Self {
        Self {
            transition: Transition::Auto,
            parts: vec![(kind, node)],
        }
    }

    /// Several at once, through a joint configuration.
    pub fn joint(transition: Transition, parts: impl IntoIterator<Item = (ConfChangeKind, NodeId)>) -> Self {
        let parts = parts.into_iter().collect();
        Self { transition, parts }
    }

    /// The joint configuration is left.
    pub fn leave() -> Self {
        Self {
            transition: Transition::Auto,
            parts: Vec::new(),
        }
    }
}

/// What happened before the first state.
#[derive(Clone, Debug)]
pub(crate) enum Before {
    /// This, at this node.
    At(NodeId, Event),
    /// All messages arrive, one after the other, until none is left.
    Settle,
    /// All messages are lost.
    Silence,
}

impl World {
    /// A group of so many voters, to which nothing may happen yet but that messages arrive, in any order.
    ///
    /// Without ticks no time passes: so check-quorum, pre-vote, promises and the silence after a restart are off, until
    /// [`settings`](Self::settings) says otherwise.
    pub fn new(voters: u64) -> Self {
        let mut untimed = Settings::default();
        (untimed.pre_vote, untimed.check_quorum, untimed.lease_promises) = (false, false, false);
        untimed.restart_silence_ticks = Some(0);
        let world = Self {
            voters: (1..=voters).take(COUNTED).collect(),
            joiners: Vec::new(),
            named: false,
            forgets_promises: false,
            settings: Vec::new(),
            again: Vec::new(),
            storing: Storing::AtOnce,
            limits: [0; KINDS.len()],
            nodes: Vec::new(),
            ticks: vec![1],
            clocks: None,
            changes: Vec::new(),
            max_term: 3,
            max_in_flight: 4,
            crowded: false,
            wipes_members: false,
            ordered: false,
            symmetric: false,
            prelude: Vec::new(),
            invariants: Vec::new(),
        };
        world.settings(|settings| *settings = untimed.clone())
    }

    /// Changes the settings of all nodes.
    #[must_use]
    pub fn settings(mut self, change: impl Fn(&mut Settings)) -> Self {
        for id in self.ids() {
            change(self.settings_of(id));
        }
        self
    }

    /// Changes the settings of one node.
    #[must_use]
    pub fn settings_at(mut self, id: NodeId, change: impl Fn(&mut Settings)) -> Self {
        change(self.settings_of(id));
        self
    }

    fn settings_of(&mut self, id: NodeId) -> &mut Settings {
        let position = self.settings.iter().position(|(other, _)| *other == id);
        let position = position.unwrap_or_else(|| {
            let like = self
                .settings
                .first()
                .map_or_else(Settings::default, |(_, settings)| settings.clone());
            self.settings.push((id, like));
            self.settings.len() - 1
        });
        &mut self.settings[position].1
    }

    /// Changes the settings with which this node starts again after a crash.
    #[must_use]
    pub fn restarts_with(mut self, id: NodeId, change: impl Fn(&mut Settings)) -> Self {
        let like = self.settings_of(id).clone();
        let position = self.again.iter().position(|(other, _)| *other == id);
        let position = position.unwrap_or_else(|| {
            self.again.push((id, like));
            self.again.len() - 1
        });
        change(&mut self.again[position].1);
        self
    }

    /// Changes the settings with which nodes start again after a crash.
    #[must_use]
    pub fn restart_with(self, change: impl Fn(&mut Settings)) -> Self {
        let ids = self.ids();
        ids.into_iter().fold(self, |world, id| world.restarts_with(id, &change))
    }

    /// This node, the next after those that there are, is not a member at first: it runs on an empty disk.
    #[must_use]
    pub fn joiner(mut self, id: NodeId) -> Self {
        self.joiners.push(id);
        self.settings_of(id);
        self
    }

    /// Stores have identities, and members are named by them.
    #[must_use]
    pub fn named(self) -> Self {
        Self { named: true, ..self }
    }

    /// Disks do not keep what a node promised, as stores that were made for etcd-io/raft.
    #[must_use]
    pub fn forgets_promises(self) -> Self {
        Self {
            forgets_promises: true,
            ..self
        }
    }

    /// When batches are stored.
    #[must_use]
    pub fn storing(mut self, storing: Storing) -> Self {
        self.storing = storing;
        self.settings(move |settings| settings.async_storage_writes = storing == Storing::Asynchronous)
    }

    /// This may happen so many times, anywhere.
    #[must_use]
    pub fn allow(mut self, kind: Kind, times: u8) -> Self {
        self.limits[kind as usize] = times;
        self
    }

    /// This may happen so many times, at these nodes. (Of messages: to these.)
    #[must_use]
    pub fn allow_at(mut self, kind: Kind, times: u8, nodes: impl IntoIterator<Item = NodeId>) -> Self {
        self.nodes.push((kind, nodes.into_iter().collect()));
        self.allow(kind, times)
    }

    /// How many ticks may pass at once. [`Kind::Tick`] says how often.
    #[must_use]
    pub fn ticks(self, at_once: impl IntoIterator<Item = u64>) -> Self {
        let ticks = at_once.into_iter().collect();
        Self { ticks, ..self }
    }

    /// Time passes everywhere, also at nodes that are down: up to so many ticks at each node, one by one, and no two
    /// clocks ever differ by more than `skew` of them.
    #[must_use]
    pub fn clocks(self, ticks: u8, skew: u8) -> Self {
        let clocks = Some(Clocks { ticks, skew });
        Self { clocks, ..self }.allow(Kind::Tick, u8::MAX)
    }

    /// Changes that may be proposed, each as often as [`Kind::Change`] allows.
    #[must_use]
    pub fn changes(self, changes: impl IntoIterator<Item = Change>) -> Self {
        let changes = changes.into_iter().collect();
        Self { changes, ..self }
    }

    /// No node goes beyond this term.
    #[must_use]
    pub fn max_term(self, max_term: u64) -> Self {
        Self { max_term, ..self }
    }

    /// No more messages are in flight. This bounds a world more than anything else.
    #[must_use]
    pub fn max_in_flight(self, max_in_flight: usize) -> Self {
        Self { max_in_flight, ..self }
    }

    /// What is sent while so many messages are in flight is lost; without this, nothing is sent then.
    #[must_use]
    pub fn crowded(self) -> Self {
        Self { crowded: true, ..self }
    }

    /// The disks of members may be lost too; without this, only of those that were removed.
    #[must_use]
    pub fn wipes_members(self) -> Self {
        Self {
            wipes_members: true,
            ..self
        }
    }

    /// Links keep the order of messages, but for what [`Kind::Reorder`] allows.
    #[must_use]
    pub fn ordered(self) -> Self {
        Self { ordered: true, ..self }
    }

    /// Of states that differ only by which voter is which, one is looked at. Sound where nothing tells voters apart:
    /// not where their settings differ, changes name them, or something may happen at some of them only; such worlds
    /// are refused.
    #[must_use]
    pub fn symmetric(self) -> Self {
        Self {
            symmetric: true,
            ..self
        }
    }

    /// Takes [`symmetric`](Self::symmetric) back.
    #[must_use]
    pub fn told_apart(self) -> Self {
        Self {
            symmetric: false,
            ..self
        }
    }

    /// Before the first state this happens at a node.
    #[must_use]
    pub fn first(mut self, id: NodeId, event: Event) -> Self {
        self.prelude.push(Before::At(id, event));
        self
    }

    /// Before the first state all messages arrive, and what they bring about, until there are none.
    #[must_use]
    pub fn first_settle(mut self) -> Self {
        self.prelude.push(Before::Settle);
        self
    }

    /// Before the first state all messages are lost.
    #[must_use]
    pub fn first_silence(mut self) -> Self {
        self.prelude.push(Before::Silence);
        self
    }

    /// Before the first state this node is elected, and everybody hears of it.
    #[must_use]
    pub fn led_by(self, id: NodeId) -> Self {
        self.first(id, Event::Campaign).first_settle()
    }

    /// This must hold in every state too.
    #[must_use]
    pub fn invariant(mut self, invariant: Invariant) -> Self {
        self.invariants.push(invariant);
        self
    }

    /// All nodes there are.
    pub(crate) fn ids(&self) -> Vec<NodeId> {
        let mut ids = [&self.voters[..], &self.joiners].concat();
        ids.sort_unstable();
        ids
    }

    /// Whether disks [do not keep](Self::forgets_promises) what a node promised.
    pub fn disks_forget_promises(&self) -> bool {
        self.forgets_promises
    }

    /// By how many ticks two clocks may differ, if that is bounded.
    pub(crate) fn skew(&self) -> Option<u8> {
        self.clocks.map(|clocks| clocks.skew)
    }

    /// Whether disks without a name are lost: committed entries may be contradicted.
    pub(crate) fn forgets_entries(&self) -> bool {
        self.limit(Kind::Wipe) > 0 && self.wipes_members && !self.named
    }

    pub(crate) fn limit(&self, kind: Kind) -> u8 {
        self.limits[kind as usize]
    }

    /// Whether this kind of thing may happen at this node.
    pub(crate) fn is_allowed_at(&self, kind: Kind, id: NodeId) -> bool {
        let mut named = self.nodes.iter().filter(|(of, _)| *of == kind);
        named.all(|(_, nodes)| nodes.contains(&id))
    }
}
