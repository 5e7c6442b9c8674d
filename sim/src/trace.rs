//! What happened in a run, in order: for timelines and other eyes.

use std::fmt;

use quorate::status::RoleKind;
use quorate::{Index, NodeId, Term};

use crate::judge::Violation;
use crate::parameters::Parameters;

/// A run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The seed that replays it.
    pub seed: u64,
    /// The profile it ran under.
    pub profile: String,
    /// The parameters that the seed drew, for a reader.
    pub parameters: String,
    /// Every node that ever was, in the order of their ids.
    pub nodes: Vec<NodeId>,
    /// What happened; times never fall.
    pub records: Vec<Record>,
    /// What broke, if something did; the last record says so, too.
    pub violation: Option<String>,
}

impl Trace {
    /// Of a run with these parameters, in which nothing has happened yet.
    pub(crate) fn about(parameters: &Parameters) -> Self {
        Self {
            seed: parameters.seed,
            profile: parameters.profile.to_string(),
            parameters: parameters.to_string(),
            ..Self::default()
        }
    }

    /// The run is over, perhaps with a violation; the last record says so then.
    pub(crate) fn end(&mut self, at: u64, violation: Option<&Violation>) {
        self.violation = violation.map(ToString::to_string);
        let Some(text) = self.violation.clone() else { return };
        let is_told = |record: &Record| matches!(&record.what, What::Note { kind: "violation", .. });
        if !self.records.last().is_some_and(is_told) {
            let node = self.nodes.first().copied().unwrap_or(1);
            let kind = "violation";
            let what = What::Note { kind, text };
            self.records.push(Record { at, node, what });
        }
    }
}

/// Something that happened at a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Microseconds of simulated time since the beginning.
    pub at: u64,
    /// Where.
    pub node: NodeId,
    /// What.
    pub what: What,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The node's role, term or known leader is now this.
    Role {
        /// Its role.
        role: RoleKind,
        /// Its term.
        term: Term,
        /// Whom it follows, or itself.
        leader: Option<NodeId>,
    },
    /// A message left the node.
    Sent {
        /// Names the copy in flight; a duplicate has a name of its own.
        message: u64,
        /// For whom.
        to: NodeId,
        /// Its kind, as [`quorate::message::Payload::name`] gives it.
        kind: &'static str,
        /// All of it.
        text: String,
    },
    /// The message arrived at the node.
    Delivered {
        /// Its name.
        message: u64,
    },
    /// The network lost the message; `node` is its sender.
    Dropped {
        /// Its name.
        message: u64,
        /// Loss, a partition, or a recipient that is down.
        why: &'static str,
    },
    /// The node stopped at once.
    Crashed {
        /// Writes that were not synced and are lost.
        lost: usize,
    },
    /// The node runs again.
    Restarted,
    /// The node does nothing for a while.
    Paused,
    /// It goes on.
    Resumed,
    /// Nothing that the node sends gets to the other.
    Cut {
        /// The other.
        to: NodeId,
    },
    /// It gets there again.
    Mended {
        /// The other.
        to: NodeId,
    },
    /// The node knows that everything up to here is committed.
    Committed {
        /// Up to here.
        index: Index,
    },
    /// The node applied everything up to here.
    Applied {
        /// Up to here.
        index: Index,
    },
    /// The node's configuration is now this.
    Configured {
        /// Voters and learners, for a reader.
        text: String,
    },
    /// A client asked this node for something.
    Called {
        /// Names the operation.
        operation: u64,
        /// All of it.
        text: String,
    },
    /// The operation ended.
    Answered {
        /// Its name.
        operation: u64,
        /// The answer, or why there is none.
        text: String,
    },
    /// A fault of the disk, a change of the clock, a snapshot, a compaction, an event of the core; what broke.
    Note {
        /// Its kind, in a word: `disk`, `clock`, `snapshot`, `compaction`, `event`, `fault`, `violation`.
        kind: &'static str,
        /// All of it.
        text: String,
    },
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ms, us) = (self.at / 1_000, self.at % 1_000);
        write!(f, "{ms:>8}.{us:03} ms  {:>3}  {:?}", self.node, self.what)
    }
}
