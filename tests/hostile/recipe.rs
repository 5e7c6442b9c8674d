//! Messages as a handful of numbers, so that each number can be made hostile by itself: in turn, at
//! random, or as a fuzzer wants. Shared with the fuzz targets.

use bytes::Bytes;
use quorate::error::TransferRefusal;
use quorate::membership::{ConfChange, ConfChangeKind, ConfChangeV2, Transition};
use quorate::message::{Append, AppendResponse, Heartbeat, HeartbeatResponse, Payload, RequestVote, VoteResponse};
use quorate::types::{EntryKind, NUMBER_MAX, SnapshotMetadata};
use quorate::{ConfState, Entry, EntryId, Message, NodeId, RawNode, ReadMode, Snapshot, Storage};

/// Where choices come from.
pub(crate) trait Draw {
    /// A number from 0 up to and without `bound`, which is not 0.
    fn below(&mut self, bound: u64) -> u64;

    fn chance(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        let bound = u64::try_from(choices.len()).expect("a short list");
        choices[usize::try_from(self.below(bound)).expect("within the list")]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Propose,
    Append,
    Accepted,
    Rejected,
    RequestVote,
    PreVote,
    VoteResponse,
    PreVoteResponse,
    InstallSnapshot,
    Heartbeat,
    HeartbeatResponse,
    TransferLeader,
    TransferRefused,
    TimeoutNow,
    ReadIndex,
    ReadIndexResponse,
}

pub(crate) const KINDS: [Kind; 16] = [
    Kind::Propose,
    Kind::Append,
    Kind::Accepted,
    Kind::Rejected,
    Kind::RequestVote,
    Kind::PreVote,
    Kind::VoteResponse,
    Kind::PreVoteResponse,
    Kind::InstallSnapshot,
    Kind::Heartbeat,
    Kind::HeartbeatResponse,
    Kind::TransferLeader,
    Kind::TransferRefused,
    Kind::TimeoutNow,
    Kind::ReadIndex,
    Kind::ReadIndexResponse,
];

/// The numbers of a message: sender, recipient, term, and up to five of its kind.
pub(crate) const NUMBERS: usize = 8;
const FROM: usize = 0;
const TO: usize = 1;
const TERM: usize = 2;
/// Variants of what is not a number: entries, contexts, configurations, flags.
pub(crate) const SHAPES: usize = 12;

/// A message to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recipe {
    pub(crate) kind: Kind,
    pub(crate) numbers: [u64; 8],
    pub(crate) shape: usize,
}

/// A legal number, those around it, and the extremes.
fn around(legal: u64) -> [u64; 8] {
    [
        0,
        1,
        legal.saturating_sub(1),
        legal,
        legal.saturating_add(1),
        NUMBER_MAX,
        NUMBER_MAX + 1,
        u64::MAX,
    ]
}

impl Recipe {
    /// What `from` might say to this node, as the next thing it hears.
    pub(crate) fn plausible<S: Storage>(kind: Kind, from: NodeId, node: &RawNode<S>) -> Self {
        let status = node.status();
        let (term, last, commit) = (status.hard_state.term, status.last_index, status.hard_state.commit);
        let last_term = node.storage().term(last).unwrap_or(term);
        let own = match kind {
            Kind::Append => [last_term, last, commit, term, last + 1],
            Kind::Accepted | Kind::ReadIndexResponse => [last, 0, 0, 0, 0],
            Kind::Rejected => [last, last_term, commit, 0, 0],
            Kind::RequestVote | Kind::PreVote => [last_term, last, 0, 0, 0],
            Kind::InstallSnapshot => [last + 1, term, 0, 0, 0],
            Kind::Heartbeat => [commit, 0, 0, 0, 0],
            Kind::HeartbeatResponse => [10, 0, 0, 0, 0],
            _ => [0; 5],
        };
        let term = match kind {
            Kind::Propose | Kind::ReadIndex => 0,
            Kind::RequestVote | Kind::PreVote | Kind::PreVoteResponse => term + 1,
            _ => term,
        };
        let mut numbers = [from, status.id, term, 0, 0, 0, 0, 0];
        numbers[3..].copy_from_slice(&own);
        Self {
            kind,
            numbers,
            shape: 0,
        }
    }

    /// What to put in the place of one of the numbers: any member or stranger as the sender, else
    /// what is around the legal number.
    pub(crate) fn hostile(&self, position: usize) -> [u64; 8] {
        match position {
            FROM => [0, 1, 2, 3, 4, 5, NUMBER_MAX + 1, u64::MAX],
            _ => around(self.numbers[position]),
        }
    }

    /// A plausible message of which some numbers are hostile.
    pub(crate) fn random<S: Storage>(draw: &mut impl Draw, node: &RawNode<S>) -> Self {
        let kind = draw.pick(&KINDS);
        let mut recipe = Self::plausible(kind, draw.below(6), node);
        if draw.chance(2) {
            recipe.shape = usize::try_from(draw.below(12)).expect("a small number");
        }
        for position in 0..NUMBERS {
            // Whom it is for decides about everything else, so it is seldom wrong.
            let one_in = if position == TO { 32 } else { 3 };
            if draw.chance(one_in) {
                let extremes = if draw.chance(8) { 8 } else { 5 };
                recipe.numbers[position] = draw.pick(&recipe.hostile(position)[..extremes]);
            }
        }
        recipe
    }

    pub(crate) fn message(&self) -> Message {
        let message = Message::new(self.numbers[FROM], self.numbers[TO], self.numbers[TERM], self.payload());
        let identity = if message.payload.carries_identity() {
            self.numbers[TERM]
        } else {
            0
        };
        message.with_identity(identity)
    }

    fn payload(&self) -> Payload {
        let [_, _, _, a, b, c, ..] = self.numbers;
        let flag = self.shape.is_multiple_of(2);
        let request = |pre_vote| {
            let last = EntryId { term: a, index: b };
            let committed = EntryId { term: c, index: a };
            let request = RequestVote::new(last).with_pre_vote(pre_vote).with_forced(!flag);
            Payload::RequestVote(request.with_committed(committed).with_configured_at(c))
        };
        match self.kind {
            Kind::Propose => Payload::propose(proposal(self.shape)),
            Kind::Append => self.append(),
            Kind::Accepted => Payload::AppendResponse(AppendResponse::accepted(a, Some(0))),
            Kind::Rejected => Payload::AppendResponse(AppendResponse::rejected(a, EntryId { term: b, index: c })),
            Kind::RequestVote => request(false),
            Kind::PreVote => request(true),
            Kind::VoteResponse | Kind::PreVoteResponse => {
                Payload::VoteResponse(VoteResponse::new(flag).with_pre_vote(self.kind == Kind::PreVoteResponse))
            }
            Kind::InstallSnapshot => Payload::InstallSnapshot(Box::new(Snapshot::new(
                SnapshotMetadata::new(EntryId { term: b, index: a }, configuration(self.shape)),
                "state",
            ))),
            Kind::Heartbeat => Payload::Heartbeat(Heartbeat::new(a).with_context(context(self.shape))),
            Kind::HeartbeatResponse => Payload::HeartbeatResponse(
                HeartbeatResponse::new(context(self.shape)).with_promised_ticks(flag.then_some(a)),
            ),
            Kind::TransferLeader => Payload::transfer_leader(flag.then_some(a)),
            Kind::TransferRefused => Payload::transfer_refused(
                a,
                if flag {
                    TransferRefusal::Learner
                } else {
                    TransferRefusal::Unknown
                },
            ),
            Kind::TimeoutNow => Payload::TimeoutNow,
            Kind::ReadIndex if flag => Payload::read_index_with(ReadMode::Lease, context(self.shape)),
            Kind::ReadIndex => Payload::read_index(context(self.shape)),
            Kind::ReadIndexResponse => Payload::read_index_response(a, context(self.shape)),
        }
    }

    /// Entries from a term and an index on: in order, with gaps, twice, backwards, with terms that
    /// fall or come too early, a great many, and none.
    fn append(&self) -> Payload {
        let [_, _, message_term, prev_term, prev_index, commit, term, index] = self.numbers;
        let steps: &[(u64, u64)] = match self.shape {
            0 => &[(0, 0)],
            1 => &[],
            2 => &[(0, 0), (0, 1), (0, 2)],
            3 => &[(0, 0), (0, 2)],
            4 => &[(0, 0), (0, 0)],
            5 => &[(0, 1), (0, 0)],
            6 => &[(1, 0), (0, 1)],
            7 => &[(0, 0), (1, 1)],
            8 => &[(1, 0), (2, 1)],
            _ => &[(0, 0), (0, 1)],
        };
        let mut entries: Vec<Entry> = steps
            .iter()
            .map(|(later, further)| entry(term.wrapping_add(*later), index.wrapping_add(*further), ""))
            .collect();
        match self.shape {
            9 => entries
                .iter_mut()
                .for_each(|entry| entry.term = message_term.wrapping_add(1)),
            10 => {
                let many = (0..300).map(|step| entry(term, index.wrapping_add(step), "x"));
                entries = many.collect();
            }
            11 => (entries[0].kind, entries[0].data) = (EntryKind::ConfChange, GARBAGE),
            _ => {}
        }
        Payload::Append(
            Append::new(
                EntryId {
                    term: prev_term,
                    index: prev_index,
                },
                commit,
                entries,
            )
            .with_commit_only(prev_index % 2 == 0),
        )
    }
}

/// Not protobuf.
const GARBAGE: Bytes = Bytes::from_static(b"\xff\xff\xff");

fn entry(term: u64, index: u64, data: &'static str) -> Entry {
    Entry::new(term, index, data)
}

/// What is proposed: nothing at all, data, and configuration changes good and bad.
fn proposal(shape: usize) -> Vec<Entry> {
    use ConfChangeKind::{AddLearnerNode, AddNode, RemoveNode};
    let raw = |kind, data| Entry::new(0, 0, data).with_kind(kind);
    let v2 = |changes: &[(ConfChangeKind, NodeId)]| {
        let change = ConfChangeV2::new(changes.iter().copied());
        raw(EntryKind::ConfChangeV2, change.encode().into())
    };
    let leave_explicitly = ConfChangeV2::default().with_transition(Transition::JointExplicit);
    let nobody = ConfChange::default();
    match shape {
        0 => vec![entry(0, 0, "data")],
        1 => vec![],
        2 => vec![entry(0, 0, "")],
        3 => vec![raw(EntryKind::ConfChange, GARBAGE)],
        4 => vec![raw(EntryKind::ConfChangeV2, GARBAGE)],
        5 => vec![raw(EntryKind::ConfChange, nobody.encode().into())],
        6 => vec![v2(&[
            (RemoveNode, 1),
            (RemoveNode, 2),
            (RemoveNode, 3),
            (RemoveNode, 4),
        ])],
        7 => vec![v2(&[(AddNode, u64::MAX), (AddLearnerNode, u64::MAX), (AddNode, 0)])],
        8 => vec![v2(&[])],
        9 => vec![raw(EntryKind::ConfChangeV2, leave_explicitly.encode().into())],
        10 => vec![
            v2(&[(AddNode, 2)]),
            entry(NUMBER_MAX, u64::MAX, "between"),
            v2(&[(AddNode, 3)]),
        ],
        _ => vec![entry(u64::MAX, u64::MAX, "numbers that mean nothing here")],
    }
}

/// What a snapshot may say about the group. The first three are configurations.
fn configuration(shape: usize) -> ConfState {
    let three = ConfState::of_voters([1, 2, 3]);
    let (learners, voters_outgoing, learners_next) = match shape {
        1 => (vec![4], vec![], vec![]),
        2 => (vec![4], vec![1, 2, 4], vec![]),
        3 => return ConfState::default(),
        4 => return ConfState::of_voters([0, 1, 2]),
        5 => return ConfState::of_voters([1, 1, 2]),
        6 => (vec![1], vec![], vec![]),
        7 => (vec![], vec![], vec![4]),
        8 => (vec![4, 4], vec![], vec![]),
        9 => (vec![], vec![0], vec![]),
        10 => {
            return ConfState::default().with_learners([1, 2]);
        }
        11 => {
            return three.with_auto_leave(true);
        }
        _ => (vec![], vec![], vec![]),
    };
    three
        .with_learners(learners)
        .with_voters_outgoing(voters_outgoing)
        .with_learners_next(learners_next)
}

/// Nothing, our own form, almost our own form, and far too much.
fn context(shape: usize) -> Bytes {
    match shape {
        0 | 1 => Bytes::new(),
        2 | 3 => Bytes::from_static(&[0xff; 16]),
        4 | 5 => Bytes::from([7_u64.to_le_bytes(), 1_u64.to_le_bytes()].concat()),
        6 | 7 => Bytes::from([14_u64.to_le_bytes(), u64::MAX.to_le_bytes()].concat()),
        8 => Bytes::from_static(&[0; 7]),
        9 => Bytes::from_static(&[1; 17]),
        _ => Bytes::from(vec![0xab; 1 << 16]),
    }
}
