//! One real server, number 1, whose peers are played by the test; and the words to play them with.
#![allow(unreachable_pub, reason = "a test program exports nothing")]

use quorate::message::{Append, AppendResponse, Heartbeat, HeartbeatResponse, Payload, RequestVote, VoteResponse};
use quorate::ready::ReadRefusal;
use quorate::status::RoleKind;
use quorate::types::SnapshotMetadata;
use quorate::{
    ConfState, Config, Entry, EntryId, Event, HardState, Index, MemoryStorage, Message, NodeId, Snapshot, Term,
};

use crate::support::{Cluster, message, plain};

/// The server under test.
pub const ME: NodeId = 1;

/// A group of which only one server is real. Everything that it says is handed to the test.
pub struct Bench {
    pub group: Cluster,
}

impl Bench {
    /// Server 1 of `servers`, with an unused log.
    pub fn new(config: Config, servers: u64) -> Self {
        Self::with_log(config, servers, &[], HardState::default())
    }

    /// Server 1 of `servers`, restarted with entries of these terms, the first at index 1.
    pub fn with_log(config: Config, servers: u64, terms: &[Term], hard_state: HardState) -> Self {
        let mut group = Cluster::default();
        let storage = log_store(servers, terms, hard_state);
        group.add(config, storage).expect("a legal store");
        Self { group }
    }

    /// Server 1 of a group in this configuration, with an unused log.
    pub fn member(config: Config, conf_state: ConfState) -> Self {
        let mut storage = MemoryStorage::new();
        storage.set_conf_state(conf_state, 0);
        storage.sync();
        let mut group = Cluster::default();
        group.add(config, storage).expect("a legal store");
        Self { group }
    }

    /// A follower of plain Raft with such a log, in such a term.
    pub fn follower(servers: u64, terms: &[Term], term: Term) -> Self {
        Self::with_log(plain(ME), servers, terms, in_term(term))
    }

    /// The leader of term 1 of plain Raft; its first entry is at index 1, and nobody has it yet.
    pub fn leader(servers: u64) -> Self {
        Self::leader_after(servers, &[], 0)
    }

    /// A leader that won the term after `term` with entries of these terms in its log.
    pub fn leader_after(servers: u64, terms: &[Term], term: Term) -> Self {
        let mut bench = Self::follower(servers, terms, term);
        bench.win();
        bench
    }

    /// Campaigns, by a pre-vote first if it is set so, and gets every vote.
    pub fn win(&mut self) {
        self.campaign();
        if self.role() == RoleKind::PreCandidate {
            self.hear_from_others(self.term() + 1, &vote_answer(true, true));
        }
        self.hear_from_others(self.term(), &granted());
        assert_eq!(self.role(), RoleKind::Leader);
    }

    /// Every other voter says the same.
    pub fn hear_from_others(&mut self, term: Term, payload: &Payload) -> Vec<Message> {
        let others = self.others();
        others
            .into_iter()
            .flat_map(|id| self.hear(id, term, payload.clone()))
            .collect()
    }

    pub fn others(&self) -> Vec<NodeId> {
        let voters = self.group.raw(ME).membership().voters().ids();
        voters.into_iter().filter(|id| *id != ME).collect()
    }

    // ----- what happens to it; each returns what the server says then

    /// A message arrives, which must be a legal one.
    pub fn hear(&mut self, from: NodeId, term: Term, payload: Payload) -> Vec<Message> {
        self.group.step(message(from, ME, term, payload));
        assert_eq!(self.group.errors, [], "a legal message");
        self.said()
    }

    pub fn campaign(&mut self) -> Vec<Message> {
        self.group.node(ME).campaign().expect("it may campaign");
        self.said()
    }

    pub fn tick(&mut self, ticks: u64) -> Vec<Message> {
        self.group.tick(ME, ticks);
        self.said()
    }

    pub fn propose(&mut self, data: &'static str) -> Vec<Message> {
        let _ = self.group.propose(ME, data);
        self.said()
    }

    /// A peer of this leader says that its log matches up to `index`.
    pub fn ack(&mut self, from: NodeId, index: Index) -> Vec<Message> {
        self.hear(from, self.term(), accepted(index))
    }

    /// Asks for a read under this name.
    pub fn read(&mut self, name: &'static str) -> Vec<Message> {
        self.group.node(ME).read_index(name).expect("it takes reads");
        self.said()
    }

    /// Persists, applies, and takes what was said.
    pub fn said(&mut self) -> Vec<Message> {
        self.group.drain(ME);
        self.group.take(|_| true)
    }

    // ----- what it is

    pub fn role(&self) -> RoleKind {
        self.group.role(ME)
    }

    pub fn term(&self) -> Term {
        self.group.term(ME)
    }

    pub fn vote(&self) -> Option<NodeId> {
        self.group.raw(ME).status().hard_state.vote
    }

    pub fn known_leader(&self) -> Option<NodeId> {
        self.group.raw(ME).status().soft_state.leader
    }

    pub fn committed(&self) -> Index {
        self.group.committed(ME)
    }

    /// Indexes of what the state machine was given, in that order.
    pub fn applied(&self) -> Vec<Index> {
        self.group.nodes[&ME].applied.iter().map(|entry| entry.index).collect()
    }

    /// The answers to reads so far, by name.
    pub fn reads(&self) -> Vec<(&str, Result<Index, ReadRefusal>)> {
        let reads = self.group.nodes[&ME].reads.iter();
        reads
            .map(|read| (std::str::from_utf8(&read.context).expect("a name"), read.outcome))
            .collect()
    }

    /// What happened so far.
    pub fn events(&self) -> &[Event] {
        &self.group.nodes[&ME].events
    }

    /// Terms of the stored entries.
    pub fn log(&self) -> Vec<Term> {
        terms(&self.group.raw(ME).storage().log())
    }

    /// What this leader knows of a peer: `(matchIndex, nextIndex)`.
    pub fn progress(&self, peer: NodeId) -> (Index, Index) {
        let mut all = self.group.raw(ME).progress();
        let progress = all.find(|progress| progress.id == peer).expect("a member");
        (progress.matched, progress.next)
    }
}

// ----- stores and entries

/// A store of a group of servers 1 to `servers` whose log begins at index 1.
pub fn log_store(servers: u64, terms: &[Term], hard_state: HardState) -> MemoryStorage {
    let mut storage = MemoryStorage::new();
    storage.set_conf_state(ConfState::of_voters(1..=servers), 0);
    storage.append(&entries(1, terms)).expect("terms that do not fall");
    storage.set_hard_state(hard_state);
    storage.sync();
    storage
}

pub fn in_term(term: Term) -> HardState {
    HardState::new(term, None, 0)
}

/// Entries of these terms from index `first` on; what an entry says is given by its term and index.
pub fn entries(first: Index, terms: &[Term]) -> Vec<Entry> {
    let entry = |(index, term): (Index, &Term)| Entry::new(*term, index, format!("{term}/{index}"));
    (first..).zip(terms).map(entry).collect()
}

pub fn terms(log: &[Entry]) -> Vec<Term> {
    log.iter().map(|entry| entry.term).collect()
}

// ----- what servers say

/// `AppendEntries` with entries of these terms after the entry `prev`: (index, term).
pub fn append((index, term): (Index, Term), after: &[Term], commit: Index) -> Payload {
    Payload::Append(Append::new(EntryId { term, index }, commit, entries(index + 1, after)))
}

pub fn heartbeat(commit: Index) -> Payload {
    Payload::Heartbeat(Heartbeat::new(commit).with_context(Vec::new()))
}

/// The answer to the heartbeat that was sent to `from`, with a promise of so many ticks or none.
pub fn answer_to(said: &[Message], from: NodeId, promised_ticks: Option<u64>) -> Payload {
    let context = said.iter().find_map(|message| match &message.payload {
        Payload::Heartbeat(Heartbeat { context, .. }) if message.to == from => Some(context.clone()),
        _ => None,
    });
    Payload::HeartbeatResponse(
        HeartbeatResponse::new(context.expect("a heartbeat to that server")).with_promised_ticks(promised_ticks),
    )
}

/// `InstallSnapshot` up to `last`: (index, term), with these voters.
pub fn install_snapshot((index, term): (Index, Term), voters: &[NodeId]) -> Payload {
    Payload::InstallSnapshot(Box::new(Snapshot::new(
        SnapshotMetadata::new(EntryId { term, index }, ConfState::of_voters(voters.iter().copied())),
        "state",
    )))
}

pub fn heartbeat_answer() -> Payload {
    Payload::HeartbeatResponse(HeartbeatResponse::new(Vec::new()))
}

pub fn accepted(index: Index) -> Payload {
    Payload::AppendResponse(AppendResponse::accepted(index, Some(0)))
}

/// `RequestVote` of a candidate whose last entry is `last`: (index, term).
pub fn request_vote((index, term): (Index, Term)) -> Payload {
    Payload::RequestVote(RequestVote::new(EntryId { term, index }))
}

pub fn request_pre_vote((index, term): (Index, Term)) -> Payload {
    Payload::RequestVote(RequestVote::new(EntryId { term, index }).with_pre_vote(true))
}

/// `RequestVote` of a candidate that the leader itself told to stand.
pub fn request_forced_vote((index, term): (Index, Term)) -> Payload {
    Payload::RequestVote(RequestVote::new(EntryId { term, index }).with_forced(true))
}

pub fn granted() -> Payload {
    vote_answer(false, true)
}

pub fn refused() -> Payload {
    vote_answer(false, false)
}

pub fn vote_answer(pre_vote: bool, granted: bool) -> Payload {
    Payload::VoteResponse(VoteResponse::new(granted).with_pre_vote(pre_vote))
}

// ----- what was said

/// The appends among `messages`, with whom they are for.
pub fn appends(messages: &[Message]) -> Vec<(NodeId, &Append)> {
    messages
        .iter()
        .filter_map(|message| match &message.payload {
            Payload::Append(append) => Some((message.to, append)),
            _ => None,
        })
        .collect()
}

/// Whom messages of this kind are for.
pub fn recipients(messages: &[Message], kind: &str) -> Vec<NodeId> {
    let of_kind = messages.iter().filter(|message| message.payload.name() == kind);
    of_kind.map(|message| message.to).collect()
}

/// The only message that was said.
pub fn only(messages: Vec<Message>) -> Message {
    let [message] = <[Message; 1]>::try_from(messages).expect("one message");
    message
}

// ----- whole groups

/// Servers 1 to `servers` of plain Raft, real all of them, with logs that begin at index 1; server 1
/// leads in term 1.
pub fn plain_group(servers: u64) -> Cluster {
    let mut group = Cluster::default();
    for id in 1..=servers {
        group
            .add(plain(id), log_store(servers, &[], in_term(0)))
            .expect("a legal store");
    }
    group.elect(ME);
    group
}

/// The stored log of a server.
pub fn log_of(group: &Cluster, id: NodeId) -> quorate::Entries {
    group.raw(id).storage().log()
}
