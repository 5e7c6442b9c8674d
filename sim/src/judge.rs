//! What must hold after every step: the safety properties of the Raft paper's Figure 3 by their names,
//! and what they rest on.
//!
//! The judges are told what was seen ([`Judge`]'s methods, one an observation) and remember what that
//! rules out. They know nothing of how it came about, so that each can be tested by telling it a
//! history that breaks it.

mod changes;
mod configurations;
mod lease;
mod model;
mod node;
mod promise;
mod reads;
mod replicas;
mod replication;

use std::collections::BTreeMap;
use std::fmt;

use quorate::{CommitGroups, ConfState, Entry, EntryId, HardState, Index, NodeId, Term};

use crate::shadow::digest;
pub use crate::shadow::{Mark, Shadow};
use crate::values::{both, shown};
pub use configurations::Configurations;
pub(crate) use configurations::{are_in_two_groups, is_quorum};
pub use lease::Lease;
pub use model::after as configuration_after;
pub(crate) use replicas::COMPARED_EVERY;
pub(crate) use replicas::not_canonical;
pub use replicas::{Replica, Replicas};

/// A property that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which one.
    pub property: &'static str,
    /// What was seen.
    pub detail: String,
}

impl Violation {
    /// Of this property.
    pub fn new(property: &'static str, detail: impl Into<String>) -> Self {
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Committed {
    term: Term,
    digest: u64,
    /// The term of the leader that was first seen to know.
    by: Term,
}

/// A node, and which of its stores.
type Store = (NodeId, u64);

/// Remembers what was seen of all nodes, and says when something contradicts it.
///
/// It grows with the entries and terms that it is told of, some hundred bytes each, not with steps. Judges that were told
/// the same rule out the same: they can be compared, and are part of a state in the model checker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Judge {
    leaders: BTreeMap<Term, Store>,
    votes: BTreeMap<(Store, Term), NodeId>,
    /// How many stores a node has had before the one that it has.
    replaced: BTreeMap<NodeId, u64>,
    /// By index and term: the entry and the term of the entry before it.
    entries: BTreeMap<(Index, Term), (Entry, Term)>,
    /// Index 1 + position; the entries that every start has in common are given by `base`.
    committed: Vec<Committed>,
    base: Index,
    /// The highest index that was applied by anybody.
    applied: Index,
    /// Configurations by the index that switched to them.
    pub configurations: Configurations,
    /// What the state machines said and were.
    pub replicas: Replicas,
}

impl Judge {
    /// All logs begin after `base`.
    pub fn new(base: Index) -> Self {
        Self {
            base,
            applied: base,
            ..Self::default()
        }
    }

    /// The log of a node begins after this: what is up to there is not judged any more.
    pub fn begins(&mut self, index: Index) {
        let beyond = index.saturating_sub(self.base);
        let known = usize::try_from(beyond).unwrap_or(usize::MAX).min(self.committed.len());
        self.committed.drain(..known);
        self.base = self.base.max(index);
        self.applied = self.applied.max(index);
    }

    /// All logs begin after this.
    pub fn base(&self) -> Index {
        self.base
    }

    /// The highest index that any node knew to be committed.
    pub fn committed(&self) -> Index {
        self.base + self.committed.len() as u64
    }

    fn committed_at(&self, index: Index) -> Option<&Committed> {
        self.committed
            .get(usize::try_from(index.checked_sub(self.base + 1)?).ok()?)
    }

    /// From here on the node has another store, and the configurations of its group tell the two apart: what it votes
    /// and leads is another's.
    pub fn replaced(&mut self, node: NodeId) {
        *self.replaced.entry(node).or_default() += 1;
    }

    fn store(&self, node: NodeId) -> Store {
        (node, self.replaced.get(&node).copied().unwrap_or(0))
    }

    /// *Election safety*: at most one leader a term. It leads by its own vote too, which its disk holds.
    pub fn leads(&mut self, node: NodeId, term: Term, durable: HardState) -> Verdict {
        let store = self.store(node);
        let leader = *self.leaders.entry(term).or_insert(store);
        check(leader == store, "election safety", || {
            let (leader, store) = (leader.0, store.1);
            format!("{leader} and {node} both lead term {term} (the latter on its store {store})")
        })?;
        let voted = durable.term == term && durable.vote == Some(node);
        check(voted, "persist before send", || {
            format!("{node} leads term {term} without its own durable vote: {durable:?}")
        })
    }

    /// One vote a node and term, across restarts (section 5.2): one that was sent, or is on the disk.
    pub fn votes(&mut self, node: NodeId, term: Term, candidate: NodeId) -> Verdict {
        let first = *self.votes.entry((self.store(node), term)).or_insert(candidate);
        check(first == candidate, "one vote a term", || {
            format!("{node} votes in term {term} for {first} and for {candidate}")
        })
    }

    /// Whoever leads has the votes of a quorum of its configuration: sent, or on the disk.
    pub fn has_votes(&self, leader: NodeId, term: Term, members: &ConfState) -> Verdict {
        let stores = |node| 0..=self.replaced.get(&node).copied().unwrap_or(0);
        let voted = |node| stores(node).any(|store| self.votes.get(&((node, store), term)) == Some(&leader));
        check(is_quorum(members, voted), "elected by a quorum", || {
            format!("{leader} leads term {term} without the votes of a quorum of {members:?}")
        })
    }

    /// *Log matching*: two entries of one index and term are the same, and so are those before them.
    /// `prev` is the term of the entry before, or of the snapshot that the log begins after; a log that
    /// does not have it has a gap. Terms never fall along a log.
    pub fn stores(&mut self, node: NodeId, entry: &Entry, prev: Option<Term>) -> Verdict {
        let Some(prev) = prev.filter(|prev| *prev <= entry.term) else {
            let detail = format!("{node} stores {} after an entry of term {prev:?}", entry.id());
            return Err(Violation::new("logs have no gaps", detail));
        };
        let new = || (entry.clone(), prev);
        let (first, before) = self.entries.entry((entry.index, entry.term)).or_insert_with(new);
        check(first == entry && *before == prev, "log matching", || {
            let (ours, theirs) = both(&entry.data, &first.data);
            let id = entry.id();
            format!("{node} stores {id} with {ours} after term {prev}, {theirs} after term {before} was seen before")
        })
    }

    /// The entry that was stored under this term and index, by anybody.
    pub fn stored(&self, id: EntryId) -> Option<&Entry> {
        self.entries.get(&(id.index, id.term)).map(|(entry, _)| entry)
    }

    /// What is in that entry, for a reader.
    fn data_of(&self, id: EntryId) -> String {
        self.stored(id)
            .map_or_else(|| "unknown".to_owned(), |entry| shown(&entry.data))
    }

    /// *Leader completeness*: what was committed under earlier leaders is in this leader's log. Asked
    /// when a leader begins, and again when an earlier one turns out to have committed something.
    pub fn leader_holds(&self, node: NodeId, term: Term, log: &Shadow) -> Verdict {
        let Some(last) = self.committed.iter().rposition(|committed| committed.by < term) else {
            return Ok(());
        };
        let Committed { term: of, by, .. } = self.committed[last];
        let id = EntryId {
            term: of,
            index: self.base + 1 + last as u64,
        };
        check(log.holds(id), "leader completeness", || {
            format!(
                "{node} leads term {term} without {id}, committed in term {by}; its last is {}",
                log.last()
            )
        })
    }

    /// A node of term `by` knows that the entries up to `index` are committed: it has them, and where
    /// others knew before, they are the same. True if nobody knew of the last.
    pub fn commits(&mut self, node: NodeId, by: Term, index: Index, log: &Shadow) -> Result<bool, Violation> {
        let known = self.committed();
        let common = index.min(known);
        if let (Some(ours), Some((term, digest))) = (self.committed_at(common), log.entry(common)) {
            check(
                (ours.term, ours.digest) == (term, digest),
                "state machine safety",
                || {
                    let [here, there] = [term, ours.term].map(|term| EntryId { term, index: common });
                    let [new, old] = [here, there].map(|id| self.data_of(id));
                    format!("{node} commits {here} with {new}, and {there} with {old} was committed")
                },
            )?;
        }
        for at in known + 1..=index {
            let Some((term, digest)) = log.entry(at) else {
                return Err(Violation::new(
                    "committed entries exist",
                    format!("{node} commits {index}, but has no entry {at}"),
                ));
            };
            self.committed.push(Committed { term, digest, by });
        }
        Ok(index > known)
    }

    /// Whether this very entry is known to be committed.
    pub fn is_committed(&self, id: EntryId) -> bool {
        self.committed_at(id.index).is_some_and(|entry| entry.term == id.term)
    }

    /// A node takes this entry for committed: a snapshot stands for it, or it says so with a vote or a request for one.
    pub fn believes(&self, node: NodeId, id: EntryId) -> Verdict {
        let committed = self.committed_at(id.index).map(|entry| entry.term);
        check(
            id.index <= self.base || committed == Some(id.term),
            "state machine safety",
            || format!("{node} takes {id} for committed, where {committed:?} was committed"),
        )
    }

    /// *State machine safety*: nodes that apply an entry at an index apply the same one, and only what is
    /// committed. True for the first that does.
    pub fn applies(&mut self, node: NodeId, entry: &Entry) -> Result<bool, Violation> {
        if entry.index <= self.base {
            return Ok(false);
        }
        let Some(committed) = self.committed_at(entry.index) else {
            let detail = format!("{node} applies {}, which nobody has committed", entry.id());
            return Err(Violation::new("state machine safety", detail));
        };
        check(committed.digest == digest(entry), "state machine safety", || {
            let [id, there] = [entry.term, committed.term].map(|term| EntryId {
                term,
                index: entry.index,
            });
            let (new, old) = (shown(&entry.data), self.data_of(there));
            format!("{node} applies {id} with {new}, and {there} with {old} was committed")
        })?;
        let first = entry.index > self.applied;
        self.applied = self.applied.max(entry.index);
        Ok(first)
    }

    /// What a leader counts as committed is on the disks of a quorum, now. (A disk that was lost since
    /// counts: it had it when it said so.)
    pub fn durable(node: NodeId, last: EntryId, members: &ConfState, holds: impl Fn(NodeId) -> bool) -> Verdict {
        let held = is_quorum(members, holds);
        check(held, "committed is durable on a quorum", || {
            format!("{node} commits {last}, which is not on the disks of a quorum of {members:?}")
        })
    }

    /// What a leader counts as committed is on the disks of two commit groups, now, where it has to be.
    pub fn in_groups(
        node: NodeId,
        last: EntryId,
        members: &ConfState,
        groups: &CommitGroups,
        holds: impl Fn(NodeId) -> bool,
    ) -> Verdict {
        let held = are_in_two_groups(members, |id| groups.group(id), holds);
        check(held, "committed is durable in two groups", || {
            format!("{node} commits {last}, which is on the disks of one group alone: {members:?}, {groups:?}")
        })
    }
}
