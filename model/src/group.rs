//! A world made ready to be explored.

pub(crate) mod apply;
mod candidates;
mod memory;
mod prelude;
mod symmetry;

use std::sync::Arc;

use quorate::{Config, Message, NodeId};
use quorate_sim::{Verdict, Violation};

use crate::budget::{Kind, Layout};
use crate::error::WorldError;
use crate::event::Happening;
use crate::invariant::{Invariant, State, always};
use crate::member::Member;
use crate::note::History;
use crate::rules::Rules;
use crate::system::{Next, System};
use crate::tables::Shared;
use crate::world::World;
pub use memory::Memory;
use memory::{FromEvent, FromNotes};

/// A world with its tables: the [`System`] of a Raft group.
///
/// A state is the numbers of its members and of what is remembered of the past, what was spent, and the numbers of the
/// messages in flight. What an event does to a member, it does in all states that have this member: that is worked out
/// once, and looked up from then on.
#[derive(Debug)]
pub struct Group {
    world: World,
    rules: Rules,
    layout: Layout,
    ids: Vec<NodeId>,
    invariants: Vec<Invariant>,
    members: Arc<Shared<Member, FromEvent>>,
    messages: Arc<Shared<Message>>,
    histories: Arc<Shared<History, FromNotes>>,
    first: Result<Vec<u32>, Violation>,
    prelude: Vec<Move>,
}

/// What leads from one state to another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Move {
    /// Something happens to a node.
    At {
        /// The node.
        node: NodeId,
        /// What.
        happening: Happening,
        /// The message that arrives stays in flight.
        keep: bool,
        /// Of the messages that are sent then, those that are lost at once, a bit each.
        dropped: u32,
    },
    /// A message is lost.
    Lose(Message),
}

impl Group {
    /// Checks the world, and takes it to its first state.
    pub fn new(world: World) -> Result<Self, WorldError> {
        world.check()?;
        let ids = world.ids();
        let rules = rules(&world)?;
        check_symmetry(&world)?;
        let clocks = world.clocks.map_or(0, |_| ids.len());
        let layout = Layout::new(&world.limits, clocks);
        let mut invariants = always(&world);
        invariants.extend(world.invariants.iter().cloned());
        let mut group = Self {
            world,
            rules,
            layout,
            ids,
            invariants,
            members: Arc::default(),
            messages: Arc::default(),
            histories: Arc::default(),
            first: Ok(Vec::new()),
            prelude: Vec::new(),
        };
        group.begin();
        Ok(group)
    }

    /// The world.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// What happened before the first state.
    pub fn prelude(&self) -> &[Move] {
        &self.prelude
    }

    /// How many different members, messages and pasts there were so far.
    pub fn tables(&self) -> [usize; 3] {
        [self.members.len(), self.messages.len(), self.histories.len()]
    }

    /// How many words come before the messages of a state.
    fn head(&self) -> usize {
        self.ids.len() + 1 + self.layout.words()
    }

    fn position(&self, id: NodeId) -> Option<usize> {
        self.ids.binary_search(&id).ok()
    }

    fn budget<'a>(&self, state: &'a [u32]) -> &'a [u32] {
        &state[self.ids.len() + 1..self.head()]
    }

    fn budget_mut<'a>(&self, state: &'a mut [u32]) -> &'a mut [u32] {
        let (from, to) = (self.ids.len() + 1, self.head());
        &mut state[from..to]
    }

    /// Whether this may happen once more, at this node.
    fn affords(&self, state: &[u32], kind: Kind, id: NodeId) -> bool {
        let limit = self.world.limit(kind);
        limit > 0 && self.layout.used(self.budget(state), kind) < limit && self.world.is_allowed_at(kind, id)
    }
}

impl System for Group {
    type Worker = Memory;
    type Move = Move;

    fn worker(&self) -> Memory {
        Memory::new(&self.members, &self.messages, &self.histories)
    }

    fn initial(&self, _: &mut Memory) -> Result<Vec<u32>, Violation> {
        self.first.clone()
    }

    fn fingerprint(&self, memory: &mut Memory, state: &[u32]) -> u64 {
        let (nodes, head) = (self.ids.len(), self.head());
        let mut mixed = 0;
        for (position, word) in state.iter().enumerate() {
            let part = match position {
                _ if position < nodes => memory.members.fingerprint(*word),
                _ if position == nodes => memory.histories.fingerprint(*word),
                _ if position < head => u64::from(*word),
                _ => memory.messages.fingerprint(*word),
            };
            mixed = memory::mix(mixed ^ part);
        }
        mixed
    }

    fn check(&self, memory: &mut Memory, state: &[u32]) -> Verdict {
        let nodes = self.ids.len();
        let members: Vec<Arc<Member>> = state[..nodes]
            .iter()
            .map(|number| memory.members.get(*number).clone())
            .collect();
        let history = memory.histories.get(state[nodes]).clone();
        let state = State {
            members: &members,
            history: &history,
        };
        self.invariants.iter().try_for_each(|invariant| invariant.check(&state))
    }

    fn successors(&self, memory: &mut Memory, state: &[u32], each: &mut dyn FnMut(Next<'_>)) {
        self.explore(memory, state, &mut |_, _, next| each(next));
    }

    fn representative(&self, memory: &mut Memory, state: &mut Vec<u32>) {
        if self.world.symmetric {
            self.fold(memory, state);
        }
    }

    fn describe(&self, memory: &mut Memory, state: &[u32], successor: usize) -> Option<Move> {
        let (mut number, mut wanted) = (0, None);
        self.explore(memory, state, &mut |memory, candidate, _| {
            if number == successor {
                wanted = Some(self.name(memory, state, candidate));
            }
            number += 1;
        });
        wanted
    }
}

fn rules(world: &World) -> Result<Rules, WorldError> {
    let mut rules = Rules {
        storing: world.storing,
        counts_starts: world.limit(Kind::Read) > 0 && world.limit(Kind::Crash) > 0,
        disks_forget_promises: world.forgets_promises,
        disks_forget: world.forgets_entries(),
        ..Rules::default()
    };
    for (id, settings) in &world.settings {
        let again = world.again.iter().find(|(other, _)| other == id);
        let configs = [settings, again.map_or(settings, |(_, settings)| settings)].map(|settings| {
            let mut config = Config::new(*id, 0).with_settings(settings.clone());
            let settings = config.settings_mut();
            let shortest = settings
                .min_election_timeout_ticks
                .unwrap_or(settings.election_timeout_ticks);
            settings.max_election_timeout_ticks = Some(shortest.saturating_add(1));
            config
        });
        for config in &configs {
            config.validate().map_err(|error| WorldError::Settings(*id, error))?;
        }
        let [first, later] = configs;
        rules.configs.insert(*id, (first, later));
    }
    Ok(rules)
}

fn check_symmetry(world: &World) -> Result<(), WorldError> {
    let alike = |settings: &[(NodeId, quorate::Settings)]| settings.windows(2).all(|pair| pair[0].1 == pair[1].1);
    let reasons = [
        (
            !alike(&world.settings) || !alike(&world.again) || ![0, world.ids().len()].contains(&world.again.len()),
            "their settings differ",
        ),
        (!world.changes.is_empty(), "changes name them"),
        (world.named, "their stores have names"),
        (!world.nodes.is_empty(), "something may happen at some of them only"),
        (!world.joiners.is_empty(), "not all nodes vote"),
    ];
    match reasons.iter().find(|(tells, _)| world.symmetric && *tells) {
        Some((_, why)) => Err(WorldError::NotSymmetric(why)),
        None => Ok(()),
    }
}

impl Group {
    /// All nodes.
    pub(crate) fn ids(&self) -> &[NodeId] {
        &self.ids
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }
}

impl std::fmt::Display for Move {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lose(message) => write!(f, "lost: {message}"),
            Self::At {
                node,
                happening,
                keep,
                dropped,
            } => {
                match &happening.event {
                    crate::event::Event::Deliver(message) => write!(f, "{node}: {message}")?,
                    event => write!(f, "{node}: {event:?}")?,
                }
                if *keep {
                    f.write_str(" (another copy stays)")?;
                }
                if *dropped > 0 {
                    write!(f, ", {} messages are lost", dropped.count_ones())?;
                }
                match happening.tear {
                    Some(tear) => write!(f, ", and a crash in batch {} keeps {} writes", tear.ready, tear.kept),
                    None => Ok(()),
                }
            }
        }
    }
}
