//! The wire: what etcd-io/raft writes, we read; what we write, we read back; and no bytes at all
//! make the decoder panic.
//!
//! `RAFT_VECTORS` names a file of recorded bytes, one JSON object a line: `kind`, `hex` and the
//! `fields` they say.

#[path = "wire/arbitrary.rs"]
mod arbitrary;
#[path = "wire/recorded.rs"]
mod recorded;

use bytes::Bytes;
use proptest::prelude::*;
use quorate::error::{DecodeError, TransferRefusal};
use quorate::membership::{ConfChange, ConfChangeKind, ConfChangeV2, Transition};
use quorate::message::{Append, AppendResponse, Heartbeat, HeartbeatResponse, Payload, RequestVote, VoteResponse};
use quorate::types::{EntryKind, SnapshotMetadata};
use quorate::{ConfState, Entries, Entry, EntryId, HardState, Message, ReadMode, Snapshot};

/// The bytes that hexadecimal digits stand for; spaces are for the reader.
fn unhex(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| *byte != b' ').collect();
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("ASCII");
        u8::from_str_radix(pair, 16).expect("two hexadecimal digits")
    };
    digits.chunks(2).map(byte).collect()
}

fn message(payload: Payload) -> Message {
    Message::new(2, 1, 3, payload)
}

fn entry(index: u64, data: &'static str) -> Entry {
    Entry::new(3, index, data)
}

const AT: EntryId = EntryId { term: 5, index: 6 };

fn snapshot() -> Snapshot {
    Snapshot::new(
        SnapshotMetadata::new(
            EntryId { term: 5, index: 6 },
            ConfState::of_voters([1, 300])
                .with_learners([4])
                .with_voters_outgoing([1, 2])
                .with_learners_next([2])
                .with_auto_leave(true),
        ),
        "s",
    )
}

/// The fields that etcd-io/raft does not know.
fn extensions_by_hand() -> Vec<(&'static str, Message)> {
    vec![
        (
            "0806 1001 1802 2003 5001 900206 980205",
            message(Payload::VoteResponse(VoteResponse::new(false).with_committed(AT))),
        ),
        (
            "0803 1001 1802 2003 2805 3006 8802ac02",
            message(Payload::Append(Append::new(AT, 0, Entries::new()).with_joined_at(300))),
        ),
        (
            "0803 1001 1802 2003 2805 3006 a00201",
            message(Payload::Append(
                Append::new(AT, 0, Entries::new()).with_commit_only(true),
            )),
        ),
        (
            "0804 1001 1802 2003 3007 880200",
            message(Payload::AppendResponse(AppendResponse::accepted(7, Some(0)))),
        ),
        (
            "0809 1001 1802 2003 800200",
            message(Payload::HeartbeatResponse(
                HeartbeatResponse::new("").with_promised_ticks(Some(0)),
            )),
        ),
        (
            "0809 1001 1802 2003 e002ac02",
            message(Payload::HeartbeatResponse(
                HeartbeatResponse::new("").with_snapshot_request(300),
            )),
        ),
        ("080d 1001 1802 2003 a80204", message(Payload::transfer_leader(Some(4)))),
        (
            "080f 1001 1802 2003 3a03 220172 d80201",
            message(Payload::read_index_with(ReadMode::ReadIndex, "r")),
        ),
        (
            "080f 1001 1802 2003 3a03 220172 d80202",
            message(Payload::read_index_with(ReadMode::Lease, "r")),
        ),
        (
            "0825 1001 1802 2003 3006 5801",
            message(Payload::transfer_refused(6, TransferRefusal::Learner)),
        ),
    ]
}

/// Every field of every kind once. Type, to, from and term are `08.. 1001 1802 2003` in all of these.
fn by_hand() -> Vec<(&'static str, Message)> {
    let request = |pre_vote, forced| {
        message(Payload::RequestVote(
            RequestVote::new(AT).with_pre_vote(pre_vote).with_forced(forced),
        ))
    };
    let answer = |pre_vote, granted| {
        message(Payload::VoteResponse(
            VoteResponse::new(granted).with_pre_vote(pre_vote),
        ))
    };
    let context = Bytes::from_static(b"\x00\xff");
    vec![
        (
            "0802 1001 1802 2003 3a07 1003 1807 2201 78",
            message(Payload::propose(vec![entry(7, "x")])),
        ),
        (
            "0803 1001 1802 2003 2805 3006 3a04 1003 1807 3a06 0801 1003 1808 4009",
            message(Payload::Append(Append::new(
                AT,
                9,
                vec![entry(7, ""), entry(8, "").with_kind(EntryKind::ConfChange)],
            ))),
        ),
        (
            "0804 1001 1802 2003 30ffffffffffffffffff01",
            message(Payload::AppendResponse(AppendResponse::accepted(u64::MAX, None))),
        ),
        (
            "0804 1001 1802 2003 2805 3009 5001 5806",
            message(Payload::AppendResponse(AppendResponse::rejected(9, AT))),
        ),
        ("0805 1001 1802 2003 2805 3006", request(false, false)),
        (
            "0805 1001 1802 2003 2805 3006 6210 43616d706169676e5472616e73666572",
            request(false, true),
        ),
        ("0811 1001 1802 2003 2805 3006", request(true, false)),
        ("0806 1001 1802 2003", answer(false, true)),
        ("0806 1001 1802 2003 5001", answer(false, false)),
        ("0812 1001 1802 2003", answer(true, true)),
        ("0812 1001 1802 2003 5001", answer(true, false)),
        (
            "0807 1001 1802 2003 4a1a 0a0173 1215 0a0f 0801 08ac02 1004 1801 1802 2002 2801 1006 1805",
            message(Payload::InstallSnapshot(Box::new(snapshot()))),
        ),
        (
            "0808 1001 1802 2003 4009 620200ff",
            message(Payload::Heartbeat(Heartbeat::new(9).with_context(context.clone()))),
        ),
        (
            "0809 1001 1802 2003 620200ff",
            message(Payload::HeartbeatResponse(HeartbeatResponse::new(context.clone()))),
        ),
        ("080d 1001 1802 2003", message(Payload::transfer_leader(None))),
        ("080e 1001 1802 2003", message(Payload::TimeoutNow)),
        (
            "080f 1001 1802 2003 3a04 220200ff",
            message(Payload::read_index(context.clone())),
        ),
        (
            "0810 1001 1802 2003 3006 3a04 220200ff",
            message(Payload::read_index_response(6, context)),
        ),
    ]
}

#[test]
fn messages_have_the_bytes_of_the_schema() {
    for (hex, message) in by_hand().into_iter().chain(extensions_by_hand()) {
        assert_eq!(Message::decode(&*unhex(hex)), Ok(message.clone()), "{hex}");
        assert_eq!(message.encode(), unhex(hex), "{message}");
    }
}

#[test]
fn payloads_are_shared_with_the_bytes_they_came_in() {
    let propose = message(Payload::propose(vec![entry(7, "x")]));
    let bytes = Bytes::from(propose.encode());
    let Ok(Payload::Propose { entries, .. }) = Message::decode(bytes.clone()).map(|read| read.payload) else {
        panic!("not what was written");
    };
    assert!(bytes.as_ptr_range().contains(&entries[0].data.as_ptr()));
}

#[test]
fn what_a_kind_does_not_use_is_ignored() {
    let timeout_now = Ok(message(Payload::TimeoutNow));
    let more = [
        ("an entry of no known type", "3a020863"),
        ("index, commit and reject", "3006 4009 5001"),
        ("an empty snapshot", "4a00"),
        ("an empty snapshot with all its parts", "4a0a 0a00 1206 0a00 1000 1800"),
        ("etcd's vote and responses", "6805 7204 08131003"),
        ("promised ticks", "800207"),
    ];
    for (what, hex) in more {
        let bytes = unhex(&format!("080e 1001 1802 2003 {hex}"));
        assert_eq!(Message::decode(&*bytes), timeout_now, "{what}");
    }
    let no_snapshot = Payload::InstallSnapshot(Box::default());
    assert_eq!(
        Message::decode(&*unhex("0807 1001 1802 2003")),
        Ok(message(no_snapshot))
    );
}

#[test]
fn what_is_not_a_message_is_refused_with_the_reason() {
    let unknown = |what, number| DecodeError::Unknown { what, number };
    let stray = DecodeError::Malformed("a snapshot in a message of another kind");
    let one_name = DecodeError::Malformed("a read has one name");
    let table = [
        ("", DecodeError::LocalKind(0)),
        ("0818", unknown("message type", 24)),
        ("08ffffffffffffffffff01", unknown("message type", -1)),
        ("0802 3a020803", unknown("entry type", 3)),
        ("080f d80203", unknown("read mode", 3)),
        ("0803 4a04 1202 1001", stray),
        ("0810 3a00 3a00", one_name),
    ];
    for (hex, error) in table {
        assert_eq!(Message::decode(&*unhex(hex)), Err(error), "{hex}");
    }
    for kind in [0, 1, 10, 11, 12, 19, 20, 21, 22, 23] {
        let local = Err(DecodeError::LocalKind(i32::from(kind)));
        assert_eq!(Message::decode([8, kind].as_slice()), local);
    }
}

#[test]
fn bytes_that_are_not_protobuf_are_refused() {
    let table = [
        ("a field that ends early", "08"),
        ("a varint without end", "08ffffffffffffffffffff01"),
        ("a tag of zero", "0802 00"),
        ("a wire type that does not exist", "0802 0f"),
        ("a number where bytes belong", "0808 6001"),
        ("4 GiB of context, it says", "0808 62ffffffff0f"),
        ("2^64 - 1 bytes of entry, it says", "0803 3affffffffffffffffff01"),
        ("an entry that outgrows its message", "0803 3a02 2205 00"),
        ("4 GiB of packed voters, it says", "0807 4a07 1205 0a ffffffff0f"),
        ("a group that does not end", "0802 a302"),
    ];
    for (what, hex) in table {
        let refused = Message::decode(&*unhex(hex));
        assert!(matches!(refused, Err(DecodeError::Protobuf(_))), "{what}: {refused:?}");
    }
    let groups = unhex(&"a302".repeat(1 << 16));
    assert!(matches!(Message::decode(&*groups), Err(DecodeError::Protobuf(_))));
}

#[test]
fn changes_are_read_by_the_kind_of_their_entry() {
    let read = |kind, hex| {
        Entry::new(entry(7, "").term, 7, unhex(hex))
            .with_kind(kind)
            .conf_change()
    };
    let unknown = |what, number| Some(Err(DecodeError::Unknown { what, number }));
    let add = ConfChange::new(ConfChangeKind::AddLearnerNode, 4)
        .with_id(1)
        .with_context("c");
    let swap = ConfChangeV2::new([(ConfChangeKind::AddNode, 4), (ConfChangeKind::RemoveNode, 1)])
        .with_transition(Transition::JointExplicit)
        .with_context("c");
    let (v1, v2) = (EntryKind::ConfChange, EntryKind::ConfChangeV2);

    assert_eq!(read(EntryKind::Normal, "0801"), None);
    assert_eq!(read(v1, "0801 1003 1804 220163"), Some(Ok(add.into())));
    assert_eq!(read(v2, "0802 1202 1004 1204 0801 1001 1a0163"), Some(Ok(swap.into())));
    assert_eq!(read(v2, ""), Some(Ok(ConfChangeV2::leave_joint().into())));
    assert!(ConfChangeV2::leave_joint().encode().is_empty());

    assert_eq!(read(v1, "1004"), unknown("change type", 4));
    assert_eq!(read(v2, "1202 0804"), unknown("change type", 4));
    assert_eq!(read(v2, "0803"), unknown("transition", 3));
    assert!(matches!(read(v2, "12"), Some(Err(DecodeError::Protobuf(_)))));
}

#[test]
fn lists_of_numbers_are_read_packed_or_not() {
    let state = ConfState::of_voters([1, 300]);
    assert_eq!(ConfState::decode(&*unhex("0801 08ac02")), Ok(state.clone()));
    assert_eq!(ConfState::decode(&*unhex("0a03 01ac02")), Ok(state));
}

/// Whatever the bytes: if they are read at all, what was read is written and read again as the same.
macro_rules! survives {
    ($bytes:expr; $($type:ident)*) => {$(
        if let Ok(value) = $type::decode($bytes) {
            assert_eq!($type::decode(&*value.encode()), Ok(value));
        }
    )*};
}

fn survives(bytes: &[u8]) {
    survives!(bytes; Message Entry Snapshot HardState ConfState ConfChange ConfChangeV2);
}

#[test]
fn bytes_cut_anywhere_are_refused_or_a_message() {
    let by_hand = by_hand().into_iter().map(|(hex, _)| unhex(hex));
    for bytes in by_hand.chain(recorded::all().into_iter().map(|line| line.bytes)) {
        for length in 0..=bytes.len() {
            survives(&bytes[..length]);
        }
    }
}

proptest! {
    #[test]
    fn messages_come_back(message in arbitrary::message()) {
        let bytes = message.encode();
        prop_assert_eq!(Message::decode(&*bytes), Ok(message.clone()));
        prop_assert_eq!(Message::decode(Bytes::from(bytes)), Ok(message));
    }

    #[test]
    fn entries_come_back_and_know_their_length(entry in arbitrary::entry()) {
        let bytes = entry.encode();
        prop_assert_eq!(u64::try_from(bytes.len()), Ok(entry.encoded_len()));
        prop_assert_eq!(Entry::decode(&*bytes), Ok(entry));
    }

    #[test]
    fn what_is_stored_comes_back(
        snapshot in arbitrary::snapshot(),
        hard_state in arbitrary::hard_state(),
        conf_state in arbitrary::conf_state(),
        older in arbitrary::conf_change(),
        newer in arbitrary::conf_change_v2(),
    ) {
        prop_assert_eq!(Snapshot::decode(&*snapshot.encode()), Ok(snapshot));
        prop_assert_eq!(HardState::decode(&*hard_state.encode()), Ok(hard_state));
        prop_assert_eq!(ConfState::decode(&*conf_state.encode()), Ok(conf_state));
        prop_assert_eq!(ConfChange::decode(&*older.encode()), Ok(older));
        prop_assert_eq!(ConfChangeV2::decode(&*newer.encode()), Ok(newer));
    }

    #[test]
    fn unknown_fields_are_ignored(message in arbitrary::message(), unknown in arbitrary::unknown_fields()) {
        let bytes = [message.encode(), unknown].concat();
        prop_assert_eq!(Message::decode(&*bytes), Ok(message));
    }

    #[test]
    fn any_bytes_are_refused_or_a_message(bytes: Vec<u8>) {
        survives(&bytes);
    }

    #[test]
    fn damaged_messages_are_refused_or_a_message(
        message in arbitrary::message(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = message.encode();
        for (place, byte) in damage {
            *place.get_mut(&mut bytes) = byte; // a message has bytes: its kind is not 0
        }
        survives(&bytes);
    }
}

#[test]
fn a_message_is_written_into_a_buffer_or_refused_whole() {
    let order = message(Payload::TimeoutNow);
    let bytes = order.encode();
    let mut growing = b"before".to_vec();
    order.encode_to(&mut growing).expect("it grows");
    assert_eq!(growing, [b"before", bytes.as_slice()].concat());

    let mut fixed = vec![0; bytes.len()];
    let (last, rest) = fixed.split_last_mut().expect("bytes");
    let refused = order.encode_to(&mut &mut *rest).expect_err("a byte too little");
    assert_eq!((refused.needed, refused.room), (bytes.len(), bytes.len() - 1));
    assert!(rest.iter().all(|byte| *byte == 0));
    *last = 1;
    order.encode_to(&mut fixed.as_mut_slice()).expect("room");
    assert_eq!(fixed, bytes);
}
