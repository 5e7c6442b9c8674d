//! What may happen in a world how often, and how often it did.

/// A kind of thing that happens at a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Time passes at a node. (Where [clocks](crate::World::clocks) are bounded, it is counted for each node.)
    Tick,
    /// A node is made to campaign.
    Campaign,
    /// A client proposes a command at a leader.
    Propose,
    /// An operator proposes one of the [changes](crate::World::changes) at a leader.
    Change,
    /// An operator hands leadership over, at the leader.
    Transfer,
    /// A client reads.
    Read,
    /// A follower is made to forget its leader.
    ForgetLeader,
    /// A node stops at any moment, and any prefix of what it wrote and did not sync survives. It may start again.
    Crash,
    /// The disk of a node that is down is lost, and replaced by an empty one.
    Wipe,
    /// A message is lost.
    Lose,
    /// A message arrives, and another copy of it stays in flight.
    Duplicate,
    /// A message overtakes an earlier one on its link, in a world whose links keep the order.
    Reorder,
    /// A node makes a snapshot of its state machine, and drops the log up to there.
    Compact,
    /// A leader's transport reports that a peer cannot be reached, or that a snapshot did not arrive.
    Report,
    /// A state machine asks for a snapshot.
    Request,
    /// A node that runs takes the election timeout with which it [would start again](crate::World::restart_with).
    Configure,
}

/// All kinds.
pub const KINDS: [Kind; 16] = [
    Kind::Tick,
    Kind::Campaign,
    Kind::Propose,
    Kind::Change,
    Kind::Transfer,
    Kind::Read,
    Kind::ForgetLeader,
    Kind::Crash,
    Kind::Wipe,
    Kind::Lose,
    Kind::Duplicate,
    Kind::Reorder,
    Kind::Compact,
    Kind::Report,
    Kind::Request,
    Kind::Configure,
];

/// How often each kind happened, and how many ticks passed at each node: one byte each, those of kinds that a world
/// does not allow left out.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Where the byte of a kind is.
    places: [Option<usize>; KINDS.len()],
    /// Where the clocks begin, and how many there are.
    clocks: (usize, usize),
    words: usize,
}

impl Layout {
    pub(crate) fn new(limits: &[u8; KINDS.len()], clocks: usize) -> Self {
        let mut next = 0;
        let mut places = [None; KINDS.len()];
        for (place, limit) in places.iter_mut().zip(limits) {
            if *limit > 0 {
                *place = Some(next);
                next += 1;
            }
        }
        Self {
            places,
            clocks: (next, clocks),
            words: (next + clocks).div_ceil(4),
        }
    }

    pub(crate) fn words(&self) -> usize {
        self.words
    }

    pub(crate) fn used(&self, words: &[u32], kind: Kind) -> u8 {
        self.places[kind as usize].map_or(0, |place| byte(words, place))
    }

    pub(crate) fn spend(&self, words: &mut [u32], kind: Kind) {
        if let Some(place) = self.places[kind as usize] {
            set_byte(words, place, byte(words, place) + 1);
        }
    }

    pub(crate) fn clock(&self, words: &[u32], node: usize) -> u8 {
        byte(words, self.clocks.0 + node)
    }

    pub(crate) fn set_clock(&self, words: &mut [u32], node: usize, ticks: u8) {
        set_byte(words, self.clocks.0 + node, ticks);
    }

    pub(crate) fn clocks(&self) -> usize {
        self.clocks.1
    }
}

fn byte(words: &[u32], place: usize) -> u8 {
    words[place / 4].to_le_bytes()[place % 4]
}

fn set_byte(words: &mut [u32], place: usize, value: u8) {
    let mut bytes = words[place / 4].to_le_bytes();
    bytes[place % 4] = value;
    words[place / 4] = u32::from_le_bytes(bytes);
}
