//! Messages as a line of text.

use core::fmt;

use super::{AppendResponse, Heartbeat, HeartbeatResponse, Message, Payload};
use crate::types::Entry;

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            from,
            to,
            term,
            payload,
            ..
        } = self;
        write!(f, "{from}->{to} {} term={term}", payload.name())?;
        match payload {
            Payload::Propose { entries } => write_entries(f, entries),
            Payload::Append(append) => {
                write!(f, " prev={} commit={}", append.prev, append.commit)?;
                if append.joined_at > 0 {
                    write!(f, " joined={}", append.joined_at)?;
                }
                f.write_str(if append.commit_only { " commit-only" } else { "" })?;
                write_entries(f, &append.entries)
            }
            Payload::AppendResponse(AppendResponse::Accepted { index, .. }) => write!(f, " accepted={index}"),
            Payload::AppendResponse(AppendResponse::Diverged { committed }) => write!(f, " diverged={committed}"),
            Payload::AppendResponse(AppendResponse::Rejected { index, hint }) => {
                write!(f, " rejected={index} hint={hint}")
            }
            Payload::RequestVote(request) => {
                write!(
                    f,
                    " last={}{}",
                    request.last,
                    if request.forced { " forced" } else { "" }
                )
            }
            Payload::VoteResponse(response) => f.write_str(if response.granted { " granted" } else { " refused" }),
            Payload::InstallSnapshot(snapshot) => {
                write!(f, " snapshot={} bytes={}", snapshot.id(), snapshot.data.len())
            }
            Payload::Heartbeat(Heartbeat { commit, .. }) => write!(f, " commit={commit}"),
            Payload::HeartbeatResponse(response) => write_heartbeat_response(f, response),
            Payload::ReadIndexResponse { index, .. } => write!(f, " index={index}"),
            Payload::TransferLeader { asker: Some(asker) } => write!(f, " asker={asker}"),
            Payload::TransferRefused { to, reason } => write!(f, " to={to}: {reason}"),
            Payload::ReadIndex { mode: Some(mode), .. } => write!(f, " mode={mode:?}"),
            Payload::TransferLeader { asker: None } | Payload::TimeoutNow | Payload::ReadIndex { mode: None, .. } => {
                Ok(())
            }
        }
    }
}

fn write_heartbeat_response(f: &mut fmt::Formatter<'_>, response: &HeartbeatResponse) -> fmt::Result {
    if let Some(ticks) = response.promised_ticks {
        write!(f, " promised={ticks}")?;
    }
    let numbers = [
        ("rank", u64::from(response.rank)),
        ("snapshot_request", response.snapshot_request),
    ];
    let mut told = numbers.into_iter().filter(|(_, number)| *number > 0);
    told.try_for_each(|(name, number)| write!(f, " {name}={number}"))
}

fn write_entries(f: &mut fmt::Formatter<'_>, entries: &[Entry]) -> fmt::Result {
    for (position, entry) in entries.iter().enumerate() {
        f.write_str(if position == 0 { " entries=[" } else { ", " })?;
        write!(f, "{entry}")?;
    }
    f.write_str(if entries.is_empty() { "" } else { "]" })
}
