//! Bytes that etcd-io/raft wrote.
//!
//! The file is the one that `RAFT_VECTORS` names, or the one that lies beside this checkout. Each
//! line is a JSON object: `kind`, the bytes as `hex`, and the `fields` that they say. What we read
//! is compared as typed values; what we write is read back as the plain structs of the schema.

use std::path::PathBuf;
use std::{env, fs};

use bytes::Bytes;
use prost::Message as _;
use quorate::error::DecodeError;
use quorate::membership::{ConfChange, ConfChangeKind, ConfChangeSingle, ConfChangeV2, Transition};
use quorate::message::{Append, AppendResponse, Heartbeat, HeartbeatResponse, Payload, RequestVote, VoteResponse};
use quorate::types::{EntryKind, SnapshotMetadata};
use quorate::{ConfState, Entry, EntryId, HardState, Message, Snapshot, proto};
use serde_json::Value;

use crate::unhex;

pub(crate) struct Line {
    kind: String,
    pub(crate) bytes: Vec<u8>,
    fields: Value,
    /// Made up, with fields that the kind does not have, rather than sent by a node.
    synthetic: bool,
}

/// All lines; none, and a word about it, where there is no file.
pub(crate) fn all() -> Vec<Line> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let Some(path) = env::var_os("RAFT_VECTORS").map(|file| root.join(file)) else {
        eprintln!("skipped: RAFT_VECTORS is not set");
        return Vec::new();
    };
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(line).collect()
}

fn line(text: &str) -> Line {
    let line: Value = serde_json::from_str(text).expect("a JSON object");
    Line {
        kind: string(&line["kind"]).to_owned(),
        bytes: unhex(string(&line["hex"])),
        fields: line["fields"].clone(),
        synthetic: string(&line["note"]).starts_with("synthetic"),
    }
}

/// Reading the bytes gives the value; what is written of it says the same as the plain struct.
macro_rules! same {
    ($type:ident, $bytes:expr, $typed:expr, $plain:expr) => {{
        let read = $type::decode($bytes.as_slice()).expect("readable");
        assert_eq!(read, $typed);
        let written = proto::$type::decode(read.encode().as_slice());
        assert_eq!(written, Ok($plain));
    }};
}

#[test]
fn recorded_bytes_are_read_and_written_again() {
    for line in all() {
        let Line { bytes, fields, .. } = &line;
        match line.kind.as_str() {
            "Message" => message(&line),
            "LocalMessage" => {
                let kind = small(&fields["type"]);
                assert_eq!(Message::decode(bytes.as_slice()), Err(DecodeError::LocalKind(kind)));
            }
            "Entry" => same!(Entry, bytes, typed_entry(fields), plain_entry(fields)),
            "Snapshot" => same!(Snapshot, bytes, typed_snapshot(fields), plain_snapshot(fields)),
            "HardState" => same!(HardState, bytes, typed_hard_state(fields), plain_hard_state(fields)),
            "ConfState" => same!(ConfState, bytes, typed_conf_state(fields), plain_conf_state(fields)),
            "ConfChange" => same!(ConfChange, bytes, typed_change(fields), plain_change(fields)),
            "ConfChangeV2" => same!(ConfChangeV2, bytes, typed_change_v2(fields), plain_change_v2(fields)),
            other => panic!("nobody knows kind {other}"),
        }
    }
}

/// Synthetic messages have fields that their kind does not; these do not come back.
fn message(line: &Line) {
    let Line { bytes, fields, .. } = line;
    let payload = typed_payload(fields);
    let typed = Message::new(
        number(&fields["from"]),
        number(&fields["to"]),
        number(&fields["term"]),
        payload,
    );
    let used = used_fields(plain_message(fields));
    if !line.synthetic {
        assert_eq!(used, plain_message(fields), "a field that should be in use is not");
    }
    same!(Message, bytes, typed, used);
}

// What the fields say, typed.

fn typed_payload(fields: &Value) -> Payload {
    let at = || EntryId {
        term: number(&fields["log_term"]),
        index: number(&fields["index"]),
    };
    let index = number(&fields["index"]);
    let commit = number(&fields["commit"]);
    let context = data(&fields["context"]);
    let yes = !flag(&fields["reject"]);
    let request = |pre_vote| {
        let forced = context == "CampaignTransfer";
        Payload::RequestVote(RequestVote::new(at()).with_pre_vote(pre_vote).with_forced(forced))
    };
    let answer = |pre_vote| Payload::VoteResponse(VoteResponse::new(yes).with_pre_vote(pre_vote));
    let entries = items(&fields["entries"], typed_entry);
    let the_read = || entries.first().map(|entry| entry.data.clone()).unwrap_or_default();
    match number(&fields["type"]) {
        2 => Payload::propose(entries),
        3 => Payload::Append(Append::new(at(), commit, entries)),
        4 if yes => Payload::AppendResponse(AppendResponse::accepted(index, None)),
        4 => Payload::AppendResponse(AppendResponse::rejected(
            index,
            EntryId {
                term: number(&fields["log_term"]),
                index: number(&fields["reject_hint"]),
            },
        )),
        5 => request(false),
        6 => answer(false),
        7 => Payload::InstallSnapshot(Box::new(typed_snapshot(&fields["snapshot"]))),
        8 => Payload::Heartbeat(Heartbeat::new(commit).with_context(context)),
        9 => Payload::HeartbeatResponse(HeartbeatResponse::new(context)),
        13 => Payload::transfer_leader(None),
        14 => Payload::TimeoutNow,
        15 => Payload::read_index(the_read()),
        16 => Payload::read_index_response(index, the_read()),
        17 => request(true),
        18 => answer(true),
        other => panic!("kind {other} is not for sending"),
    }
}

fn typed_entry(fields: &Value) -> Entry {
    Entry::new(number(&fields["term"]), number(&fields["index"]), data(&fields["data"]))
        .with_kind([EntryKind::Normal, EntryKind::ConfChange, EntryKind::ConfChangeV2][place(&fields["type"])])
}

fn typed_snapshot(fields: &Value) -> Snapshot {
    if fields.is_null() {
        return Snapshot::default();
    }
    Snapshot::new(
        SnapshotMetadata::new(
            EntryId {
                term: number(&fields["term"]),
                index: number(&fields["index"]),
            },
            typed_conf_state(&fields["conf_state"]),
        ),
        data(&fields["data"]),
    )
}

fn typed_hard_state(fields: &Value) -> HardState {
    HardState::new(
        number(&fields["term"]),
        Some(number(&fields["vote"])).filter(|vote| *vote > 0),
        number(&fields["commit"]),
    )
}

fn typed_conf_state(fields: &Value) -> ConfState {
    ConfState::of_voters(items(&fields["voters"], number))
        .with_learners(items(&fields["learners"], number))
        .with_voters_outgoing(items(&fields["voters_outgoing"], number))
        .with_learners_next(items(&fields["learners_next"], number))
        .with_auto_leave(flag(&fields["auto_leave"]))
}

fn typed_change_kind(number: &Value) -> ConfChangeKind {
    [
        ConfChangeKind::AddNode,
        ConfChangeKind::RemoveNode,
        ConfChangeKind::UpdateNode,
        ConfChangeKind::AddLearnerNode,
    ][place(number)]
}

fn typed_change(fields: &Value) -> ConfChange {
    ConfChange::new(typed_change_kind(&fields["type"]), number(&fields["node_id"]))
        .with_id(number(&fields["id"]))
        .with_context(data(&fields["context"]))
}

fn typed_change_v2(fields: &Value) -> ConfChangeV2 {
    let transitions = [Transition::Auto, Transition::JointImplicit, Transition::JointExplicit];
    ConfChangeV2::new(items(&fields["changes"], |fields| {
        ConfChangeSingle::new(typed_change_kind(&fields["type"]), number(&fields["node_id"]))
    }))
    .with_transition(transitions[place(&fields["transition"])])
    .with_context(data(&fields["context"]))
}

// What the fields say, as the plain structs of the schema.

/// The fields that the message's kind has; the others are cleared.
fn used_fields(all: proto::Message) -> proto::Message {
    let used = proto::Message {
        r#type: all.r#type,
        to: all.to,
        from: all.from,
        term: all.term,
        ..proto::Message::default()
    };
    let (log_term, index, entries, commit) = (all.log_term, all.index, all.entries, all.commit);
    let (reject, reject_hint, context) = (all.reject, all.reject_hint, all.context);
    match used.r#type {
        2 | 15 => proto::Message { entries, ..used },
        3 => proto::Message {
            log_term,
            index,
            entries,
            commit,
            ..used
        },
        4 if reject => proto::Message {
            log_term,
            index,
            reject,
            reject_hint,
            ..used
        },
        4 => proto::Message { index, ..used },
        5 | 17 => proto::Message {
            log_term,
            index,
            context: Some(context)
                .filter(|context| context == "CampaignTransfer")
                .unwrap_or_default(),
            ..used
        },
        6 | 18 => proto::Message { reject, ..used },
        7 => proto::Message {
            snapshot: all.snapshot.or_else(|| Some(plain_snapshot(&Value::Null))),
            ..used
        },
        8 => proto::Message {
            commit,
            context,
            ..used
        },
        9 => proto::Message { context, ..used },
        16 => proto::Message { index, entries, ..used },
        _ => used,
    }
}

/// An empty snapshot outside of a `MsgSnap` means none.
fn plain_message(fields: &Value) -> proto::Message {
    let snapshot = &fields["snapshot"];
    let kind = small(&fields["type"]);
    let has_snapshot = !snapshot.is_null() && (kind == 7 || number(&snapshot["index"]) > 0);
    proto::Message {
        r#type: kind,
        to: number(&fields["to"]),
        from: number(&fields["from"]),
        term: number(&fields["term"]),
        log_term: number(&fields["log_term"]),
        index: number(&fields["index"]),
        entries: items(&fields["entries"], plain_entry),
        commit: number(&fields["commit"]),
        snapshot: has_snapshot.then(|| plain_snapshot(snapshot)),
        reject: flag(&fields["reject"]),
        reject_hint: number(&fields["reject_hint"]),
        context: data(&fields["context"]),
        promised_ticks: None,
        joined: None,
        committed_index: 0,
        committed_term: 0,
        notice: false,
        cluster_id: 0,
        diverged: false,
        asker: None,
        identity: 0,
        configured_at: 0,
        read_mode: 0,
        rank: 0,
        snapshot_request: 0,
    }
}

fn plain_entry(fields: &Value) -> proto::Entry {
    proto::Entry {
        r#type: small(&fields["type"]),
        term: number(&fields["term"]),
        index: number(&fields["index"]),
        data: data(&fields["data"]),
    }
}

fn plain_snapshot(fields: &Value) -> proto::Snapshot {
    let empty = proto::SnapshotMetadata {
        conf_state: Some(proto::ConfState::default()),
        ..proto::SnapshotMetadata::default()
    };
    if fields.is_null() {
        return proto::Snapshot {
            data: Bytes::new(),
            metadata: Some(empty),
        };
    }
    proto::Snapshot {
        data: data(&fields["data"]),
        metadata: Some(proto::SnapshotMetadata {
            conf_state: Some(plain_conf_state(&fields["conf_state"])),
            index: number(&fields["index"]),
            term: number(&fields["term"]),
        }),
    }
}

fn plain_hard_state(fields: &Value) -> proto::HardState {
    proto::HardState {
        term: number(&fields["term"]),
        vote: number(&fields["vote"]),
        commit: number(&fields["commit"]),
        ..proto::HardState::default()
    }
}

fn plain_conf_state(fields: &Value) -> proto::ConfState {
    proto::ConfState {
        voters: items(&fields["voters"], number),
        learners: items(&fields["learners"], number),
        voters_outgoing: items(&fields["voters_outgoing"], number),
        learners_next: items(&fields["learners_next"], number),
        auto_leave: flag(&fields["auto_leave"]),
        identities: Vec::new(),
    }
}

fn plain_change(fields: &Value) -> proto::ConfChange {
    proto::ConfChange {
        checked: false,
        id: number(&fields["id"]),
        r#type: small(&fields["type"]),
        node_id: number(&fields["node_id"]),
        context: data(&fields["context"]),
    }
}

fn plain_change_v2(fields: &Value) -> proto::ConfChangeV2 {
    proto::ConfChangeV2 {
        checked: false,
        transition: small(&fields["transition"]),
        changes: items(&fields["changes"], |fields| proto::ConfChangeSingle {
            r#type: small(&fields["type"]),
            node_id: number(&fields["node_id"]),
            identity: 0,
        }),
        context: data(&fields["context"]),
    }
}

// JSON; a recording that does not look like this is no use.

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

fn small(value: &Value) -> i32 {
    i32::try_from(number(value)).expect("a small number")
}

fn place(value: &Value) -> usize {
    usize::try_from(number(value)).expect("a small number")
}

fn flag(value: &Value) -> bool {
    value.as_bool().expect("true or false")
}

fn string(value: &Value) -> &str {
    value.as_str().expect("a string")
}

fn data(value: &Value) -> Bytes {
    unhex(string(value)).into()
}

fn items<T>(value: &Value, item: impl Fn(&Value) -> T) -> Vec<T> {
    value.as_array().expect("a list").iter().map(item).collect()
}
