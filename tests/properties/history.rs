//! All that ever happened in a group, and what the paper says must hold of it (Figure 3).

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use bytes::Bytes;
use quorate::membership::Membership;
use quorate::message::{Payload, VoteResponse};
use quorate::status::RoleKind;
use quorate::{ConfState, Entry, EntryId, HardState, Index, Message, NodeId, Snapshot, Status, Term};

use super::member::VETO;
use super::tables::Ledger;

/// The log that a node was seen to have: what it handed out to be persisted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// The entry before the first.
    pub(crate) base: EntryId,
    pub(crate) ids: Vec<EntryId>,
}

/// What a state machine is after applying up to an index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) index: Index,
    /// Of all payloads so far.
    pub(crate) digest: u64,
    pub(crate) members: ConfState,
}

#[derive(Clone, Debug)]
struct Leader {
    id: NodeId,
    /// Its log when it was elected; `None` if only its messages were seen.
    log: Option<Seen>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    leaders: BTreeMap<Term, Leader>,
    votes: BTreeMap<(NodeId, Term), NodeId>,
    /// Each entry that was ever in a log, with the one before it.
    entries: BTreeMap<EntryId, (EntryId, Entry)>,
    /// What is committed, and the term in which that was first known.
    committed: BTreeMap<Index, (EntryId, Term)>,
    states: BTreeMap<Index, State>,
    pub(crate) ledger: Ledger,
}

impl Seen {
    pub(crate) fn last(&self) -> EntryId {
        self.ids.last().copied().unwrap_or(self.base)
    }

    pub(crate) fn get(&self, index: Index) -> Option<EntryId> {
        let position = index.checked_sub(self.base.index + 1)?;
        self.ids.get(usize::try_from(position).ok()?).copied()
    }

    pub(crate) fn restore(&mut self, snapshot: &Snapshot) {
        (self.base, self.ids) = (snapshot.id(), Vec::new());
    }

    /// `entries` take the place of what was there; the id of the one before them.
    pub(crate) fn replace(&mut self, entries: &[Entry]) -> EntryId {
        let Some(first) = entries.first() else {
            return self.last();
        };
        let keep = first
            .index
            .checked_sub(self.base.index + 1)
            .expect("nothing before the log");
        let keep = usize::try_from(keep).expect("a short log");
        assert!(keep <= self.ids.len(), "no gap before {first}");
        self.ids.truncate(keep);
        let before = self.last();
        self.ids.extend(entries.iter().map(Entry::id));
        before
    }
}

impl State {
    /// The next state. A change that the application vetoes, or that cannot be made, changes nothing.
    pub(crate) fn apply(&mut self, entry: &Entry, vetoed: bool) {
        assert_eq!(entry.index, self.index + 1, "each entry is applied once and in order");
        self.index = entry.index;
        for byte in entry.data.iter().chain(&entry.term.to_le_bytes()) {
            self.digest = (self.digest ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
        if let Some(Ok(change)) = entry.conf_change().filter(|_| !vetoed) {
            let membership = Membership::restore(&self.members).expect("a configuration");
            if let Ok(changed) = membership.change(&change.into_v2()) {
                self.members = changed.membership.conf_state();
            }
        }
    }

    pub(crate) fn data(&self) -> Bytes {
        let digest = (self.digest != 0).then(|| self.digest.to_le_bytes()); // a group begins without data
        digest.map_or_else(Bytes::new, |digest| Bytes::copy_from_slice(&digest))
    }
}

impl History {
    pub(crate) fn commit(&self) -> Index {
        self.committed.keys().next_back().copied().unwrap_or(0)
    }

    pub(crate) fn committed_at(&self, index: Index) -> Option<EntryId> {
        self.committed.get(&index).map(|(id, _)| *id)
    }

    /// How many of these committed entries change the configuration.
    pub(crate) fn changes(&self, range: RangeInclusive<Index>) -> usize {
        let entries = range.filter_map(|index| self.entries.get(&self.committed.get(&index)?.0));
        entries.filter(|(_, entry)| entry.is_conf_change()).count()
    }

    /// Whether the application vetoes one of these committed changes.
    pub(crate) fn vetoes(&self, range: RangeInclusive<Index>) -> bool {
        let mut entries = range.filter_map(|index| self.entries.get(&self.committed.get(&index)?.0));
        entries.any(|(_, entry)| matches!(entry.conf_change(), Some(Ok(change)) if change.context() == VETO))
    }

    /// The last index in a range, its first one included, up to which somebody has applied.
    pub(crate) fn known_up_to(&self, low: Index, high: Index) -> Index {
        let known = self.states.range(low..=high.max(low)).next_back();
        known.map_or(low, |(index, _)| *index)
    }

    /// What was said to have become of proposals is what became of them.
    pub(crate) fn check_fates(&self) {
        self.ledger.check(|index| self.committed.get(&index).map(|(id, _)| *id));
    }

    pub(crate) fn state(&self, index: Index) -> &State {
        &self.states[&index]
    }

    /// State machine safety: whoever has applied up to an index is in the same state.
    pub(crate) fn reached(&mut self, state: &State) {
        let known = self.states.entry(state.index).or_insert_with(|| state.clone());
        assert_eq!(known, state, "one state for each index");
    }

    /// Log matching: an entry has the same content and the same predecessor wherever it is.
    pub(crate) fn entries(&mut self, before: EntryId, entries: &[Entry]) {
        let mut before = before;
        for entry in entries {
            let known = self
                .entries
                .entry(entry.id())
                .or_insert_with(|| (before, entry.clone()));
            assert_eq!(*known, (before, entry.clone()), "log matching");
            before = entry.id();
        }
    }

    /// Election safety: at most one leader in a term.
    fn leads(&mut self, id: NodeId, term: Term) -> &mut Leader {
        let leader = self.leaders.entry(term).or_insert(Leader { id, log: None });
        assert_eq!(leader.id, id, "one leader in term {term}");
        leader
    }

    /// One vote in a term, restarts or not.
    fn votes(&mut self, id: NodeId, term: Term, candidate: NodeId) {
        let vote = *self.votes.entry((id, term)).or_insert(candidate);
        assert_eq!(vote, candidate, "one vote of node {id} in term {term}");
    }

    pub(crate) fn sent(&mut self, message: &Message) {
        let Message { from, to, term, .. } = *message;
        match &message.payload {
            Payload::Append(append) => {
                self.leads(from, term);
                self.entries(append.prev, &append.entries);
            }
            Payload::InstallSnapshot(snapshot) => {
                self.leads(from, term);
                let state = self.state(snapshot.metadata.index);
                let told = (&snapshot.data, &snapshot.metadata.conf_state);
                assert_eq!(
                    told,
                    (&state.data(), &state.members),
                    "a snapshot is of what was applied"
                );
                assert_eq!(self.committed[&snapshot.metadata.index].0, snapshot.id());
            }
            Payload::Heartbeat(_) | Payload::TimeoutNow => _ = self.leads(from, term),
            Payload::RequestVote(request) if !request.pre_vote => self.votes(from, term, from),
            Payload::VoteResponse(VoteResponse {
                pre_vote: false,
                granted: true,
                ..
            }) => self.votes(from, term, to),
            _ => {}
        }
    }

    /// A leader has all that is committed in earlier terms.
    pub(crate) fn observe(&mut self, status: &Status, log: &Seen) {
        let term = status.hard_state.term;
        if status.soft_state.role == RoleKind::Leader && self.leads(status.id, term).log.is_none() {
            for (id, committed_in) in self.committed.values() {
                assert!(
                    *committed_in >= term || log.has(*id),
                    "the leader of term {term} lacks {id}"
                );
            }
            self.leads(status.id, term).log = Some(log.clone());
        }
    }

    /// The committed part of a log, but for what was `checked` before; up to where it is checked now.
    pub(crate) fn commits(&mut self, hard_state: HardState, log: &Seen, checked: Index) -> Index {
        let visible = hard_state.commit.min(log.last().index);
        for index in checked.max(log.base.index) + 1..=visible {
            self.committed(log.get(index).expect("within the log"), hard_state.term);
        }
        visible.max(checked)
    }

    /// Leader completeness: what is committed in a term is in the log of the leader of any later one.
    fn committed(&mut self, id: EntryId, term: Term) {
        if let Some((known, _)) = self.committed.get(&id.index) {
            assert_eq!(*known, id, "one committed entry at an index");
            return;
        }
        self.committed.insert(id.index, (id, term));
        for (later, leader) in self.leaders.range(term + 1..) {
            let has = leader.log.as_ref().is_none_or(|log| log.has(id));
            assert!(has, "the leader of term {later} lacks {id}");
        }
    }

    /// A group begins with a snapshot.
    pub(crate) fn begin(&mut self, snapshot: &Snapshot) {
        self.committed.insert(snapshot.metadata.index, (snapshot.id(), 0));
        self.reached(&State::default());
        let members = snapshot.metadata.conf_state.clone();
        self.reached(&State {
            index: snapshot.metadata.index,
            members,
            ..State::default()
        });
    }
}

impl Seen {
    /// What is before the log is committed; `observe` compares that.
    fn has(&self, id: EntryId) -> bool {
        id.index <= self.base.index || self.get(id.index) == Some(id)
    }
}
