//! What must hold after every step: the safety properties of the Raft paper's Figure 3 by their names,
//! and what they rest on.
//!
//! The judges are told what was seen ([`Judge`]'s methods, one an observation) and remember what that
//! rules out. They know nothing of how it came about, so that each can be tested by telling it a
//! history that breaks it.

mod configurations;

use std::collections::BTreeMap;
use std::fmt;

use quorate::{Entry, EntryId, Index, NodeId, Term};

use crate::shadow::{Shadow, digest};
pub use configurations::Configurations;

/// A property that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which one.
    pub property: &'static str,
    /// What was seen.
    pub detail: String,
}

impl Violation {
    pub(crate) fn new(property: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { property, detail }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.property, self.detail)
    }
}

impl std::error::Error for Violation {}

/// Whether what was seen is allowed.
pub type Verdict = Result<(), Violation>;

fn check(holds: bool, property: &'static str, detail: impl FnOnce() -> String) -> Verdict {
    if holds {
        Ok(())
    } else {
        Err(Violation::new(property, detail()))
    }
}

/// An entry that is known to be committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Committed {
    term: Term,
    digest: u64,
    /// The term of the leader that was first seen to know.
    by: Term,
}

/// Remembers what was seen of all nodes, and says when something contradicts it.
#[derive(Clone, Debug, Default)]
pub struct Judge {
    leaders: BTreeMap<Term, NodeId>,
    votes: BTreeMap<(NodeId, Term), NodeId>,
    /// By index and term: the entry's digest and the term of the entry before it.
    entries: BTreeMap<(Index, Term), (u64, Term)>,
    /// Index 1 + position; the entries that every start has in common are given by `base`.
    committed: Vec<Committed>,
    base: Index,
    applied: BTreeMap<Index, u64>,
    /// Configurations by the index that switched to them.
    pub configurations: Configurations,
}

impl Judge {
    /// All logs begin after `base`.
    pub fn new(base: Index) -> Self {
        Self {
            base,
            ..Self::default()
        }
    }

    /// The highest index that any node knew to be committed.
    pub fn committed(&self) -> Index {
        self.base + self.committed.len() as u64
    }

    fn committed_at(&self, index: Index) -> Option<&Committed> {
        self.committed
            .get(usize::try_from(index.checked_sub(self.base + 1)?).ok()?)
    }

    /// *Election safety*: at most one leader a term.
    pub fn leads(&mut self, node: NodeId, term: Term) -> Verdict {
        let leader = *self.leaders.entry(term).or_insert(node);
        check(leader == node, "election safety", || {
            format!("{leader} and {node} both lead term {term}")
        })
    }

    /// One vote a node and term, across restarts (section 5.2).
    pub fn votes(&mut self, node: NodeId, term: Term, candidate: NodeId) -> Verdict {
        let first = *self.votes.entry((node, term)).or_insert(candidate);
        check(first == candidate, "one vote a term", || {
            format!("{node} votes in term {term} for {first} and for {candidate}")
        })
    }

    /// *Log matching*: two entries of one index and term are the same, and so are those before them.
    /// `prev` is the term of the entry before, where it is known.
    pub fn stores(&mut self, node: NodeId, entry: &Entry, prev: Option<Term>) -> Verdict {
        let Some(prev) = prev else { return Ok(()) };
        let seen = (digest(entry), prev);
        let first = *self.entries.entry((entry.index, entry.term)).or_insert(seen);
        check(first == seen, "log matching", || {
            format!(
                "{node} stores another entry {} than was seen before, or after another one",
                entry.id()
            )
        })
    }

    /// *Leader append-only*: a leader never overwrites or deletes what is in its log. `kept` is the last
    /// entry that it wrote in this term.
    pub fn leader_writes(node: NodeId, entry: EntryId, kept: EntryId) -> Verdict {
        let overwrites = entry.term == kept.term && entry.index <= kept.index;
        check(!overwrites, "leader append-only", || {
            format!("{node} writes {entry} after {kept}, both as the leader")
        })
    }

    /// *Leader completeness*: what was committed under earlier leaders is in this leader's log.
    pub(crate) fn leader_begins(&self, node: NodeId, term: Term, log: &Shadow) -> Verdict {
        let earlier = self.committed.partition_point(|committed| committed.by < term);
        let Some(last) = earlier.checked_sub(1) else {
            return Ok(());
        };
        let id = EntryId {
            term: self.committed[last].term,
            index: self.base + 1 + last as u64,
        };
        check(log.holds(id), "leader completeness", || {
            let by = self.committed[last].by;
            format!(
                "{node} leads term {term} without {id}, committed in term {by}; its last is {}",
                log.last()
            )
        })
    }

    /// A node of term `by` knows that the entries up to `index` are committed.
    pub(crate) fn commits(&mut self, node: NodeId, by: Term, index: Index, log: &Shadow) -> Verdict {
        for at in self.committed() + 1..=index {
            let Some((term, digest)) = log.entry(at) else {
                return Err(Violation::new(
                    "committed entries exist",
                    format!("{node} commits {index}, but has no entry {at}"),
                ));
            };
            self.committed.push(Committed { term, digest, by });
        }
        let (ours, theirs) = (self.committed_at(index).map(|entry| entry.term), log.term(index));
        check(
            theirs.is_none() || ours.is_none() || ours == theirs,
            "state machine safety",
            || format!("{node} commits {index} of term {theirs:?}, it was committed with term {ours:?}"),
        )
    }

    /// *State machine safety*: nodes that apply an entry at an index apply the same one. True for the
    /// first that does.
    pub fn applies(&mut self, node: NodeId, entry: &Entry) -> Result<bool, Violation> {
        let seen = digest(entry);
        let committed = self.committed_at(entry.index).is_none_or(|first| first.digest == seen);
        let before = self.applied.len();
        let first = *self.applied.entry(entry.index).or_insert(seen);
        check(committed && first == seen, "state machine safety", || {
            format!("{node} applies {}, others had another entry there", entry.id())
        })?;
        Ok(self.applied.len() > before)
    }

    /// Terms, commit indexes and what is applied never fall while a node runs.
    pub fn monotone(node: NodeId, what: &'static str, before: u64, now: u64) -> Verdict {
        check(before <= now, "monotone", || {
            format!("{node}: {what} falls from {before} to {now}")
        })
    }

    /// A linearizable read is answered at an index not below what was committed when it was asked.
    pub fn reads(node: NodeId, index: Index, committed_before: Index) -> Verdict {
        check(index >= committed_before, "stale read", || {
            format!("{node} reads at {index}, {committed_before} was committed before it was asked")
        })
    }

    /// Two leaders never hold leases at once.
    pub fn leases(node: NodeId, other: Option<NodeId>) -> Verdict {
        check(other.is_none(), "leases do not overlap", || {
            format!("{node} and {} both hold a lease", other.unwrap_or(0))
        })
    }
}

/// What a message says and the disk does not hold: nothing leaves before what it promises is durable.
pub(crate) fn promise(holds: bool, detail: impl FnOnce() -> String) -> Verdict {
    check(holds, "persist before send", detail)
}
