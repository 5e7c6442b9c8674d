//! How things read, for logs and for people.

use quorate::error::TransferRefusal;
use quorate::membership::{ConfChange, ConfChangeKind, ConfChangeV2};
use quorate::message::{Append, AppendResponse, HeartbeatResponse, Payload, RequestVote, VoteResponse};
use quorate::types::{EntryKind, SnapshotMetadata};
use quorate::{ConfState, Entry, EntryId, Event, HardState, Message, ReadMode, Snapshot};

use crate::support::{message, plain, store};
use crate::{accepted, alone, append, entries, hear, heartbeat, id, leading};

fn conf_change(change: impl Into<quorate::membership::AnyConfChange>) -> Entry {
    let mut cluster = leading(2, plain(1));
    let _ = cluster.node(1).propose_conf_change(change).expect("it may");
    cluster.drain(1);
    cluster.raw(1).storage().log().last().expect("it was appended").clone()
}

#[test]
fn entries_read() {
    let normal = |data: &'static [u8]| Entry::new(2, 7, data);
    let broken = normal(b"\x01").with_kind(EntryKind::ConfChange);
    let v1 = ConfChange::new(ConfChangeKind::RemoveNode, 3);
    let v2 = ConfChangeV2::new([
        (ConfChangeKind::AddNode, 4),
        (ConfChangeKind::AddLearnerNode, 5),
        (ConfChangeKind::UpdateNode, 2),
    ]);
    for (entry, expected) in [
        (normal(b""), "2/7 Normal \"\""),
        (normal(b"x = 1"), "2/7 Normal \"x = 1\""),
        (normal(b"\"\x00\xff\n"), "2/7 Normal \"\\\"\\x00\\xff\\n\""),
        (conf_change(v1), "1/3 ConfChange r3"),
        (conf_change(v2), "1/3 ConfChangeV2 v4 l5 u2"),
    ] {
        assert_eq!(entry.to_string(), expected);
    }
    assert!(broken.to_string().starts_with("2/7 ConfChange ("), "{broken}");
}

/// Encoded bytes of an entry: a field that is zero costs nothing, numbers are as long as they are.
#[test]
fn entries_have_a_length() {
    for (term, index, kind, payload, expected) in [
        (0, 0, EntryKind::Normal, 0, 0),
        (1, 1, EntryKind::Normal, 0, 4),
        (127, 128, EntryKind::Normal, 0, 5),
        (1, 1, EntryKind::Normal, 1, 7),
        (1, 1, EntryKind::ConfChange, 1, 9),
        (1, 1, EntryKind::ConfChangeV2, 127, 135),
        (1, 1, EntryKind::Normal, 128, 135),
        (u64::MAX, u64::MAX, EntryKind::Normal, 0, 22),
    ] {
        let entry = Entry::new(term, index, vec![b'x'; payload]).with_kind(kind);
        assert_eq!(entry.encoded_len(), expected, "{term}, {index}, {kind:?}, {payload}");
        assert_eq!(entry.payload_len(), u64::try_from(payload).expect("few"));
        let bytes = |entries| {
            message(
                1,
                2,
                1,
                Payload::Append(Append::new(EntryId::default(), 0, quorate::Entries::from(entries))),
            )
            .encode()
            .len()
        };
        if term == 1 {
            // On the wire it is so long, and a tag and a length before it.
            let prefix = if expected < 128 { 2 } else { 3 };
            let encoded = u64::try_from(bytes(vec![entry]) - bytes(vec![])).expect("few");
            assert_eq!(encoded, expected + prefix);
        }
    }
}

#[test]
fn messages_read() {
    let metadata = SnapshotMetadata::new(EntryId { term: 3, index: 9 }, ConfState::default());
    let snapshot = Snapshot::new(metadata, "state");
    let vote =
        |pre_vote, forced| Payload::RequestVote(RequestVote::new(id(2, 7)).with_pre_vote(pre_vote).with_forced(forced));
    let answer = |pre_vote, granted| Payload::VoteResponse(VoteResponse::new(granted).with_pre_vote(pre_vote));
    let heard =
        |promised_ticks| Payload::HeartbeatResponse(HeartbeatResponse::new("c").with_promised_ticks(promised_ticks));
    let rejected = Payload::AppendResponse(AppendResponse::rejected(9, id(2, 7)));
    let cases = [
        (append((2, 7), &[], 5), "Append term=3 prev=2/7 commit=5"),
        (
            append((2, 7), &[2, 3], 5),
            "Append term=3 prev=2/7 commit=5 entries=[2/8 Normal \"2/8\", 3/9 Normal \"3/9\"]",
        ),
        (accepted(7), "AppendResponse term=3 accepted=7"),
        (rejected, "AppendResponse term=3 rejected=9 hint=2/7"),
        (vote(false, false), "RequestVote term=3 last=2/7"),
        (vote(false, true), "RequestVote term=3 last=2/7 forced"),
        (vote(true, false), "PreVote term=3 last=2/7"),
        (answer(false, true), "VoteResponse term=3 granted"),
        (answer(true, false), "PreVoteResponse term=3 refused"),
        (heartbeat(5), "Heartbeat term=3 commit=5"),
        (heard(None), "HeartbeatResponse term=3"),
        (heard(Some(10)), "HeartbeatResponse term=3 promised=10"),
        (
            Payload::InstallSnapshot(Box::new(snapshot)),
            "InstallSnapshot term=3 snapshot=3/9 bytes=5",
        ),
        (Payload::transfer_leader(None), "TransferLeader term=3"),
        (Payload::transfer_leader(Some(1)), "TransferLeader term=3 asker=1"),
        (
            Payload::transfer_refused(4, TransferRefusal::Learner),
            "TransferRefused term=3 to=4: it is a learner",
        ),
        (Payload::TimeoutNow, "TimeoutNow term=3"),
        (Payload::read_index_response(5, "c"), "ReadIndexResponse term=3 index=5"),
    ];
    for (payload, expected) in cases {
        assert!(expected.starts_with(payload.name()));
        let message = message(1, 2, 3, payload);
        assert_eq!(message.to_string(), format!("1->2 {expected}"));
        assert_eq!(
            Message::decode(message.encode().as_slice()),
            Ok(message),
            "and as bytes it is the same"
        );
    }
    for (payload, expected) in [
        (
            Payload::propose(entries(0, &[0])),
            "1->2 Propose term=0 entries=[0/0 Normal \"0/0\"]",
        ),
        (Payload::read_index("c"), "1->2 ReadIndex term=0"),
        (
            Payload::read_index_with(ReadMode::Lease, "c"),
            "1->2 ReadIndex term=0 mode=Lease",
        ),
    ] {
        assert_eq!(message(1, 2, 0, payload).to_string(), expected);
    }
}

#[test]
fn a_ready_reads() {
    let mut cluster = alone(plain(1), store(&[1, 2, 3]));
    hear(&mut cluster, 2, 1, heartbeat(1));
    let node = cluster.node(1);
    node.step(message(2, 1, 1, append((1, 1), &[1, 1], 2))).expect("legal");
    node.read_index("r").expect("it follows");
    node.step(message(3, 1, 2, heartbeat(1))).expect("legal");
    let ready = node.ready().expect("a sound node").expect("something to do");
    let lines = [
        "Ready 2",
        "  Follower, leader 3",
        "  read r Err(LeaderChanged)",
        "  send 1->2 ReadIndex term=0",
        "  send 1->3 HeartbeatResponse term=2",
        "  persist #2 and sync",
        "    entry 1/2 Normal \"1/2\"",
        "    entry 1/3 Normal \"1/3\"",
        "    hard state term=2 commit=2",
        "    then send 1->2 AppendResponse term=1 accepted=3",
    ];
    let text = ready.to_string();
    for line in lines {
        assert!(text.lines().any(|told| told == line), "{line:?} is not in\n{text}");
    }
    assert!(text.ends_with("\n  apply 1/2 Normal \"1/2\""), "{text}");
}

#[test]
fn states_read() {
    for (state, expected) in [
        (HardState::default(), "term=0 commit=0"),
        (HardState::new(3, Some(2), 9), "term=3 vote=2 commit=9"),
    ] {
        assert_eq!(state.to_string(), expected);
    }
    assert_eq!(id(3, 9).to_string(), "3/9");
    let event = Event::BecameLeader { term: 3 };
    assert_eq!(event.to_string(), "became the leader of term 3");
}
