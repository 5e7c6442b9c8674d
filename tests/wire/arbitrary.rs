//! Any value of each type that travels.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use quorate::error::TransferRefusal;
use quorate::membership::{ConfChange, ConfChangeKind, ConfChangeSingle, ConfChangeV2, Transition};
use quorate::message::{Append, AppendResponse, Heartbeat, HeartbeatResponse, Payload, RequestVote, VoteResponse};
use quorate::types::{EntryKind, SnapshotMetadata};
use quorate::{ConfState, Entry, EntryId, HardState, Message, ReadMode, Snapshot};

/// Numbers of every length: most draws of `any::<u64>()` need all ten bytes of a varint.
fn number() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0_u32..=64).prop_map(|(number, shift)| number.checked_shr(shift).unwrap_or(0))
}

fn data() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..200).prop_map(Bytes::from)
}

fn entry_id() -> impl Strategy<Value = EntryId> {
    (number(), number()).prop_map(|(term, index)| EntryId { term, index })
}

pub(crate) fn entry() -> impl Strategy<Value = Entry> {
    let kind = prop_oneof![
        Just(EntryKind::Normal),
        Just(EntryKind::ConfChange),
        Just(EntryKind::ConfChangeV2),
    ];
    (number(), number(), kind, data())
        .prop_map(|(term, index, kind, data)| Entry::new(term, index, data).with_kind(kind))
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    vec(entry(), 0..4)
}

pub(crate) fn conf_state() -> impl Strategy<Value = ConfState> {
    let nodes = || vec(number(), 0..4);
    (nodes(), nodes(), nodes(), nodes(), any::<bool>()).prop_map(
        |(voters, learners, voters_outgoing, learners_next, auto_leave)| {
            ConfState::of_voters(voters)
                .with_learners(learners)
                .with_voters_outgoing(voters_outgoing)
                .with_learners_next(learners_next)
                .with_auto_leave(auto_leave)
        },
    )
}

pub(crate) fn snapshot() -> impl Strategy<Value = Snapshot> {
    (data(), conf_state(), number(), number()).prop_map(|(data, conf_state, index, term)| {
        Snapshot::new(SnapshotMetadata::new(EntryId { term, index }, conf_state), data)
    })
}

pub(crate) fn hard_state() -> impl Strategy<Value = HardState> {
    (number(), 1..=u64::MAX, any::<bool>(), number(), number()).prop_map(|(term, vote, voted, commit, promised)| {
        HardState::new(term, voted.then_some(vote), commit).with_promised_ticks(promised)
    })
}

fn change_kind() -> impl Strategy<Value = ConfChangeKind> {
    prop_oneof![
        Just(ConfChangeKind::AddNode),
        Just(ConfChangeKind::RemoveNode),
        Just(ConfChangeKind::UpdateNode),
        Just(ConfChangeKind::AddLearnerNode),
    ]
}

pub(crate) fn conf_change() -> impl Strategy<Value = ConfChange> {
    (number(), change_kind(), number(), data())
        .prop_map(|(id, kind, node_id, context)| ConfChange::new(kind, node_id).with_id(id).with_context(context))
}

pub(crate) fn conf_change_v2() -> impl Strategy<Value = ConfChangeV2> {
    let transition = prop_oneof![
        Just(Transition::Auto),
        Just(Transition::JointImplicit),
        Just(Transition::JointExplicit),
    ];
    let single = (change_kind(), number(), number())
        .prop_map(|(kind, id, identity)| ConfChangeSingle::new(kind, id).with_identity(identity));
    (transition, vec(single, 0..4), data()).prop_map(|(transition, changes, context)| {
        ConfChangeV2::new(changes)
            .with_transition(transition)
            .with_context(context)
    })
}

fn payload() -> impl Strategy<Value = Payload> {
    let append = (entry_id(), number(), entries(), number(), any::<bool>()).prop_map(
        |(prev, commit, entries, joined, commit_only)| {
            let append = Append::new(prev, commit, entries);
            Payload::Append(append.with_joined_at(joined).with_commit_only(commit_only))
        },
    );
    let accepted = (number(), option::of(number())).prop_map(|(index, joined)| AppendResponse::accepted(index, joined));
    let rejected = (number(), entry_id()).prop_map(|(index, hint)| AppendResponse::rejected(index, hint));
    let diverged = entry_id().prop_map(AppendResponse::diverged);
    let request = (any::<(bool, bool)>(), entry_id(), entry_id(), number()).prop_map(
        |((pre_vote, forced), last, committed, configured_at)| {
            let request = RequestVote::new(last).with_pre_vote(pre_vote).with_forced(forced);
            Payload::RequestVote(request.with_committed(committed).with_configured_at(configured_at))
        },
    );
    prop_oneof![
        entries().prop_map(Payload::propose),
        append,
        prop_oneof![accepted, rejected, diverged].prop_map(Payload::AppendResponse),
        request,
        (any::<(bool, bool)>(), entry_id()).prop_map(|((pre_vote, granted), committed)| Payload::VoteResponse(
            VoteResponse::new(granted)
                .with_pre_vote(pre_vote)
                .with_committed(committed)
        )),
        snapshot().prop_map(|snapshot| Payload::InstallSnapshot(Box::new(snapshot))),
        (number(), data())
            .prop_map(|(commit, context)| Payload::Heartbeat(Heartbeat::new(commit).with_context(context))),
        (data(), option::of(number()), any::<u8>(), number()).prop_map(|(context, promised_ticks, rank, request)| {
            let response = HeartbeatResponse::new(context).with_promised_ticks(promised_ticks);
            Payload::HeartbeatResponse(response.with_rank(rank).with_snapshot_request(request))
        }),
        option::of(number()).prop_map(Payload::transfer_leader),
        (number(), any::<bool>()).prop_map(|(to, learner)| Payload::transfer_refused(
            to,
            if learner {
                TransferRefusal::Learner
            } else {
                TransferRefusal::Unknown
            }
        )),
        Just(Payload::TimeoutNow),
        (option::of(any::<bool>()), data()).prop_map(|(lease, context)| match lease {
            None => Payload::read_index(context),
            Some(true) => Payload::read_index_with(ReadMode::Lease, context),
            Some(false) => Payload::read_index_with(ReadMode::ReadIndex, context),
        }),
        (number(), data()).prop_map(|(index, context)| Payload::read_index_response(index, context)),
    ]
}

pub(crate) fn message() -> impl Strategy<Value = Message> {
    let numbers = (number(), number(), number(), any::<(u64, u64)>());
    (numbers, payload()).prop_map(|((from, to, term, (cluster_id, identity)), payload)| {
        let identity = if payload.carries_identity() { identity } else { 0 };
        let message = Message::new(from, to, term, payload);
        message.with_cluster_id(cluster_id).with_identity(identity)
    })
}

/// Fields that no message has (tags 81, 97, 113 ...), in each of the forms that fields have.
pub(crate) fn unknown_fields() -> impl Strategy<Value = Vec<u8>> {
    let field = (5_u8..128, 0_usize..4, any::<[u8; 8]>()).prop_map(|(tag, form, bytes)| {
        let key = |form: u8| [0x88 | form, tag];
        match form {
            0 => [&key(0)[..], &[bytes[0] | 0x80, bytes[1] & 0x7f]].concat(),
            1 => [&key(1)[..], &bytes].concat(),
            2 => [&key(2)[..], &[8], &bytes].concat(),
            _ => [&key(5)[..], &bytes[..4]].concat(),
        }
    });
    vec(field, 1..4).prop_map(|fields| fields.concat())
}
