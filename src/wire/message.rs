//! Messages on the wire: one struct with a dozen fields, of which every kind uses a few.
//!
//! One table for each direction; what they say about a kind is said in `proto/raft.proto` too.

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;

use super::proto::{self, MessageType as Kind};
use super::{known, list, try_list};
use crate::config::ReadMode;
use crate::error::{DecodeError, TransferRefusal};
use crate::message::{
    Append, AppendResponse, Heartbeat, HeartbeatResponse, Message, Payload, RequestVote, VoteResponse,
};
use crate::types::{Entry, EntryId, Snapshot};

/// The context of a vote request that the leader itself ordered.
const FORCED: &[u8] = b"CampaignTransfer";

impl From<&Message> for proto::Message {
    fn from(message: &Message) -> Self {
        let wire = |kind: Kind| Self {
            r#type: kind.into(),
            to: message.to,
            from: message.from,
            term: message.term,
            cluster_id: message.cluster_id,
            identity: message.identity,
            ..Self::default()
        };
        match &message.payload {
            Payload::Propose { entries } => Self {
                entries: list(entries),
                ..wire(Kind::MsgProp)
            },
            Payload::Append(append) => Self {
                log_term: append.prev.term,
                index: append.prev.index,
                commit: append.commit,
                entries: list(&append.entries),
                joined: (append.joined_at > 0).then_some(append.joined_at),
                notice: append.commit_only,
                ..wire(Kind::MsgApp)
            },
            Payload::AppendResponse(response) => append_response(*response, wire(Kind::MsgAppResp)),
            Payload::RequestVote(request) => Self {
                log_term: request.last.term,
                index: request.last.index,
                context: Bytes::from_static(if request.forced { FORCED } else { b"" }),
                committed_index: request.committed.index,
                committed_term: request.committed.term,
                configured_at: request.configured_at,
                ..wire(if request.pre_vote {
                    Kind::MsgPreVote
                } else {
                    Kind::MsgVote
                })
            },
            Payload::VoteResponse(VoteResponse {
                pre_vote,
                granted,
                committed,
            }) => Self {
                reject: !granted,
                committed_index: committed.index,
                committed_term: committed.term,
                ..wire(if *pre_vote {
                    Kind::MsgPreVoteResp
                } else {
                    Kind::MsgVoteResp
                })
            },
            Payload::InstallSnapshot(snapshot) => Self {
                snapshot: Some((&**snapshot).into()),
                ..wire(Kind::MsgSnap)
            },
            Payload::Heartbeat(Heartbeat { commit, context }) => Self {
                commit: *commit,
                context: context.clone(),
                ..wire(Kind::MsgHeartbeat)
            },
            Payload::HeartbeatResponse(HeartbeatResponse {
                context,
                promised_ticks,
                rank,
                snapshot_request,
            }) => Self {
                context: context.clone(),
                promised_ticks: *promised_ticks,
                rank: u32::from(*rank),
                snapshot_request: *snapshot_request,
                ..wire(Kind::MsgHeartbeatResp)
            },
            Payload::TransferLeader { asker } => Self {
                asker: *asker,
                ..wire(Kind::MsgTransferLeader)
            },
            Payload::TransferRefused { to, reason } => Self {
                index: *to,
                reject_hint: refusal_number(*reason),
                ..wire(Kind::MsgTransferRefused)
            },
            Payload::TimeoutNow => wire(Kind::MsgTimeoutNow),
            Payload::ReadIndex { context, mode } => Self {
                entries: read_to_entries(context),
                read_mode: proto::ReadMode::from(*mode).into(),
                ..wire(Kind::MsgReadIndex)
            },
            Payload::ReadIndexResponse { index, context } => Self {
                index: *index,
                entries: read_to_entries(context),
                ..wire(Kind::MsgReadIndexResp)
            },
        }
    }
}

fn append_response(response: AppendResponse, wire: proto::Message) -> proto::Message {
    match response {
        AppendResponse::Accepted { index, joined_at } => proto::Message {
            index,
            joined: joined_at,
            ..wire
        },
        AppendResponse::Diverged { committed } => proto::Message {
            reject: true,
            diverged: true,
            index: committed.index,
            log_term: committed.term,
            reject_hint: committed.index,
            ..wire
        },
        AppendResponse::Rejected { index, hint } => proto::Message {
            reject: true,
            index,
            log_term: hint.term,
            reject_hint: hint.index,
            ..wire
        },
    }
}

impl TryFrom<proto::Message> for Message {
    type Error = DecodeError;

    fn try_from(wire: proto::Message) -> Result<Self, DecodeError> {
        let (from, to, term) = (wire.from, wire.to, wire.term);
        let (cluster_id, identity) = (wire.cluster_id, wire.identity);
        let payload = payload(wire)?;
        let message = Self::new(from, to, term, payload).with_cluster_id(cluster_id);
        Ok(if message.payload.carries_identity() {
            message.with_identity(identity)
        } else {
            message
        })
    }
}

fn payload(wire: proto::Message) -> Result<Payload, DecodeError> {
    let kind = known("message type", wire.r#type)?;
    let snapshot = wire.snapshot.map(Snapshot::from).unwrap_or_default();
    if kind != Kind::MsgSnap && !snapshot.is_empty() {
        return Err(DecodeError::Malformed("a snapshot in a message of another kind"));
    }
    let at = EntryId {
        term: wire.log_term,
        index: wire.index,
    };
    let committed = EntryId {
        term: wire.committed_term,
        index: wire.committed_index,
    };
    Ok(match kind {
        Kind::MsgProp => Payload::Propose {
            entries: try_list(wire.entries)?,
        },
        Kind::MsgApp => Payload::Append(Append {
            prev: at,
            commit: wire.commit,
            entries: try_list::<_, Entry>(wire.entries)?.into(),
            joined_at: wire.joined.unwrap_or(0),
            commit_only: wire.notice,
        }),
        Kind::MsgAppResp if wire.reject && wire.diverged => {
            Payload::AppendResponse(AppendResponse::Diverged { committed: at })
        }
        Kind::MsgAppResp if wire.reject => Payload::AppendResponse(AppendResponse::Rejected {
            index: wire.index,
            hint: EntryId {
                term: wire.log_term,
                index: wire.reject_hint,
            },
        }),
        Kind::MsgAppResp => Payload::AppendResponse(AppendResponse::Accepted {
            index: wire.index,
            joined_at: wire.joined,
        }),
        Kind::MsgVote | Kind::MsgPreVote => Payload::RequestVote(
            RequestVote::new(at)
                .with_pre_vote(kind == Kind::MsgPreVote)
                .with_forced(wire.context == FORCED)
                .with_committed(committed)
                .with_configured_at(wire.configured_at),
        ),
        Kind::MsgVoteResp | Kind::MsgPreVoteResp => Payload::VoteResponse(VoteResponse {
            pre_vote: kind == Kind::MsgPreVoteResp,
            granted: !wire.reject,
            committed,
        }),
        Kind::MsgSnap => Payload::InstallSnapshot(Box::new(snapshot)),
        Kind::MsgHeartbeat => Payload::Heartbeat(Heartbeat {
            commit: wire.commit,
            context: wire.context,
        }),
        Kind::MsgHeartbeatResp => Payload::HeartbeatResponse(HeartbeatResponse {
            context: wire.context,
            promised_ticks: wire.promised_ticks,
            rank: u8::try_from(wire.rank).unwrap_or(u8::MAX),
            snapshot_request: wire.snapshot_request,
        }),
        Kind::MsgTransferLeader => Payload::TransferLeader { asker: wire.asker },
        Kind::MsgTransferRefused => Payload::TransferRefused {
            to: wire.index,
            reason: refusal(wire.reject_hint)?,
        },
        Kind::MsgTimeoutNow => Payload::TimeoutNow,
        Kind::MsgReadIndex => Payload::ReadIndex {
            context: read_from_entries(wire.entries)?,
            mode: known::<proto::ReadMode>("read mode", wire.read_mode)?.into(),
        },
        Kind::MsgReadIndexResp => Payload::ReadIndexResponse {
            index: wire.index,
            context: read_from_entries(wire.entries)?,
        },
        Kind::MsgHup
        | Kind::MsgBeat
        | Kind::MsgUnreachable
        | Kind::MsgSnapStatus
        | Kind::MsgCheckQuorum
        | Kind::MsgStorageAppend
        | Kind::MsgStorageAppendResp
        | Kind::MsgStorageApply
        | Kind::MsgStorageApplyResp
        | Kind::MsgForgetLeader => return Err(DecodeError::LocalKind(kind.into())),
    })
}

fn refusal_number(reason: TransferRefusal) -> u64 {
    match reason {
        TransferRefusal::Unknown => 0,
        TransferRefusal::Learner => 1,
    }
}

fn refusal(number: u64) -> Result<TransferRefusal, DecodeError> {
    match number {
        0 => Ok(TransferRefusal::Unknown),
        1 => Ok(TransferRefusal::Learner),
        _ => Err(DecodeError::Malformed("no reason to refuse a transfer")),
    }
}

impl From<Option<ReadMode>> for proto::ReadMode {
    fn from(mode: Option<ReadMode>) -> Self {
        match mode {
            None => Self::OfLeader,
            Some(ReadMode::ReadIndex) => Self::ReadIndex,
            Some(ReadMode::Lease) => Self::Lease,
        }
    }
}

impl From<proto::ReadMode> for Option<ReadMode> {
    fn from(mode: proto::ReadMode) -> Self {
        match mode {
            proto::ReadMode::OfLeader => None,
            proto::ReadMode::ReadIndex => Some(ReadMode::ReadIndex),
            proto::ReadMode::Lease => Some(ReadMode::Lease),
        }
    }
}

/// The name of a read travels as the data of an entry, not as the message's context; no name as no
/// entry.
fn read_to_entries(context: &Bytes) -> Vec<proto::Entry> {
    if context.is_empty() {
        return Vec::new();
    }
    Vec::from([proto::Entry {
        data: context.clone(),
        ..proto::Entry::default()
    }])
}

fn read_from_entries(entries: Vec<proto::Entry>) -> Result<Bytes, DecodeError> {
    let mut entries = entries.into_iter();
    let context = entries.next().map(|entry| entry.data).unwrap_or_default();
    if entries.next().is_some() {
        return Err(DecodeError::Malformed("a read has one name"));
    }
    Ok(context)
}
