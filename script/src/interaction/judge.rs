//! Judges safety over all nodes that ever were: what `check` prints.
//!
//! The properties are those of the Raft paper's Figure 3, by their names, and linearizable reads.

mod disks;
mod logs;
mod states;

use std::collections::{BTreeMap, BTreeSet};

use quorate::message::{Payload, VoteResponse};
use quorate::ready::ReadState;
use quorate::status::RoleKind;
use quorate::types::{Index, NodeId, Term};
use quorate::{Entry, Message, Snapshot, Storage};

use super::member::{Fact, Member};
use super::print::brief;
use quorate_sim::command::quote;

/// What was seen so far, and what of it cannot be.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    leaders: BTreeMap<Term, NodeId>,
    /// What was committed when a leader was first seen to lead its term.
    began: BTreeMap<Term, Index>,
    /// Indexes up to which a leader committed in its own term, with that term and the leader.
    commits: BTreeMap<Index, (Term, NodeId)>,
    /// By whom an entry was applied first.
    applied: BTreeMap<Index, Applied>,
    /// What a node promised, durably or in a message.
    votes: BTreeMap<(NodeId, Term), NodeId>,
    reads: Vec<Asked>,
    /// Of a state machine, by index; and whose it was.
    states: BTreeMap<Index, (NodeId, Snapshot)>,
    /// How far a leader had counted in its term when it was last seen.
    counts: BTreeMap<NodeId, (Term, Index)>,
    /// Whose process stands still: what it answers by a lease it answers later, once it knows the time.
    paused: BTreeSet<NodeId>,
    /// What some node knows to be committed.
    committed: Index,
    /// In the order in which they were found.
    violations: Vec<String>,
}

#[derive(Debug)]
struct Applied {
    at: NodeId,
    entry: Entry,
    /// It was committed in this term, or earlier.
    committed_in: Term,
}

/// A read that waits for its answer.
#[derive(Debug)]
struct Asked {
    at: NodeId,
    context: Vec<u8>,
    /// What was committed when it was asked for.
    committed: Index,
}

impl Judge {
    /// All that is wrong, be it only now.
    pub(crate) fn verdict(&self, members: &[Member]) -> Vec<String> {
        let mut all = self.violations.clone();
        all.extend(logs::violations(members));
        all
    }

    fn violation(&mut self, words: String) {
        if !self.violations.contains(&words) {
            self.violations.push(words);
        }
    }

    /// A read was asked for.
    pub(crate) fn asked(&mut self, at: NodeId, context: Vec<u8>) {
        let committed = self.committed;
        self.reads.push(Asked { at, context, committed });
    }

    /// A node stopped: its reads will not be answered.
    pub(crate) fn stopped(&mut self, id: NodeId) {
        self.reads.retain(|asked| asked.at != id);
        self.resumed(id);
    }

    /// A node's process stands still, until time passes there.
    pub(crate) fn paused(&mut self, id: NodeId) {
        self.paused.insert(id);
    }

    /// Time passes at a node.
    pub(crate) fn resumed(&mut self, id: NodeId) {
        self.paused.remove(&id);
    }

    /// While a leader holds a lease nobody leads a later term: so two leases never overlap.
    pub(crate) fn leases(&mut self, members: &[Member]) {
        let led = |member: &Member| {
            let status = member.running()?.status();
            (status.soft_state.role == RoleKind::Leader).then_some(status.hard_state.term)
        };
        let running = members.iter().filter(|member| !self.paused.contains(&member.id()));
        let holders: Vec<&Member> = running.filter(|member| holds_lease(member)).collect();
        if let [one, other, ..] = holders[..] {
            self.violation(format!("leases: {} and {} both hold one", one.id(), other.id()));
        }
        let Some((earliest, holder)) = holders.iter().filter_map(|one| Some((led(one)?, one.id()))).min() else {
            return;
        };
        let later = members
            .iter()
            .find(|member| led(member).is_some_and(|term| term > earliest));
        if let Some(later) = later.map(Member::id) {
            self.violation(format!("leases: {holder} holds one, and {later} leads a later term"));
        }
    }

    /// A message leaves a node.
    pub(crate) fn sent(&mut self, sender: &Member, message: &Message) {
        self.promised(sender, message);
        let (from, term) = (message.from, message.term);
        match &message.payload {
            Payload::RequestVote(request) if !request.pre_vote => self.voted(from, term, from),
            Payload::VoteResponse(VoteResponse {
                pre_vote: false,
                granted: true,
                ..
            }) => self.voted(from, term, message.to),
            _ => {}
        }
    }

    fn voted(&mut self, id: NodeId, term: Term, whom: NodeId) {
        let first = *self.votes.entry((id, term)).or_insert(whom);
        if first != whom {
            let words = format!("vote: node {id} voted for {first} and {whom} in term {term} (across restarts)");
            self.violation(words);
        }
    }

    /// Looks at a node after something happened to it.
    pub(crate) fn observe(&mut self, member: &mut Member) {
        let facts = member.take_facts();
        let id = member.id();
        let durable = member.disk().durable_hard_state();
        if let Some(whom) = durable.vote {
            self.voted(id, durable.term, whom);
        }
        let status = member.running().map(quorate::RawNode::status);
        let term = status.map_or(durable.term, |status| status.hard_state.term);
        for fact in facts {
            match fact {
                Fact::Applied(entry) => self.applied(id, term, entry),
                Fact::Installed(last) => self.installed(id, last.term, last.index),
                Fact::IsAt(state) => self.is_at(id, &state),
                Fact::Answered(read) => self.answered(id, &read),
            }
        }
        self.configured(member);
        let Some(status) = status else { return };
        self.committed = self.committed.max(status.hard_state.commit);
        if status.soft_state.role == RoleKind::Leader {
            self.leads(member, term);
            self.commits(id, term, status.hard_state.commit);
        }
        if let Some(fault) = member.running().and_then(|node| node.poisoned()) {
            self.violation(format!("poisoned: node {id}: {fault}"));
        }
    }

    fn leads(&mut self, member: &Member, term: Term) {
        let id = member.id();
        match self.leaders.insert(term, id) {
            Some(same) if same == id => {}
            Some(other) => {
                self.leaders.insert(term, other);
                self.violation(format!("election safety: {other} and {id} both lead term {term}"));
            }
            None if member.is_stored() => self.check_completeness(member, term),
            None => {}
        }
    }

    /// A leader counts no entries but those of its own term.
    fn commits(&mut self, id: NodeId, term: Term, index: Index) {
        if index > *self.began.entry(term).or_insert(index) {
            self.commits.entry(index).or_insert((term, id));
        }
    }

    /// A new leader has all that was committed in earlier terms.
    fn check_completeness(&mut self, member: &Member, term: Term) {
        let lacks = |index: Index, of: Term| match member.disk().term(index) {
            Ok(stored) => stored != of,
            Err(error) => error != quorate::StorageError::Compacted,
        };
        let missing = self
            .applied
            .values()
            .find(|applied| applied.committed_in < term && lacks(applied.entry.index, applied.entry.term));
        if let Some(Applied { entry, at, .. }) = missing {
            let (leader, entry) = (member.id(), entry.id());
            let words = format!("leader completeness: {leader} leads term {term} without {entry}, which {at} applied");
            self.violation(words);
            return;
        }
        let earlier = |(index, (of, _)): &(&Index, &(Term, NodeId))| *of < term && lacks(**index, *of);
        if let Some((index, (of, at))) = self.commits.iter().find(earlier) {
            let leader = member.id();
            self.violation(format!(
                "leader completeness: {leader} leads term {term} without {of}/{index}, which {at} committed"
            ));
        }
    }

    fn applied(&mut self, at: NodeId, term: Term, entry: Entry) {
        let index = entry.index;
        let Some(first) = self.applied.get_mut(&index) else {
            let committed_in = term;
            self.applied.insert(
                index,
                Applied {
                    at,
                    entry,
                    committed_in,
                },
            );
            return;
        };
        first.committed_in = first.committed_in.min(term);
        if first.entry != entry {
            let (one, other) = (brief(&first.entry), brief(&entry));
            let words = format!(
                "state machine safety: index {index} is {one} at {} and {other} at {at}",
                first.at
            );
            self.violation(words);
        }
    }

    fn installed(&mut self, at: NodeId, term: Term, index: Index) {
        if let Some(Applied { entry, at: first, .. }) = self.applied.get(&index)
            && entry.term != term
        {
            let one = brief(entry);
            let words = format!(
                "state machine safety: index {index} is {one} at {first} and a snapshot of term {term} at {at}"
            );
            self.violation(words);
        }
    }

    fn answered(&mut self, at: NodeId, read: &ReadState) {
        let this = |asked: &Asked| asked.at == at && asked.context[..] == read.context[..];
        let Some(position) = self.reads.iter().position(this) else {
            return;
        };
        let committed = self.reads.remove(position).committed;
        if let Ok(index) = read.outcome
            && index < committed
        {
            let name = quote(&read.context);
            let words =
                format!("stale read: {name} at {at} is answered with {index}, and {committed} was committed before");
            self.violation(words);
        }
    }
}

/// By which it may answer reads: it has committed in its term.
fn holds_lease(member: &Member) -> bool {
    let Some(status) = member.running().map(quorate::RawNode::status) else {
        return false;
    };
    let term = status.hard_state.term;
    // What is not on its own disk yet is its own.
    let committed = member.disk().term(status.hard_state.commit).unwrap_or(term);
    status.lease_ticks > 0 && committed == term
}
