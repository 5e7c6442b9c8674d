//! A node that takes a leader's word for what the log is (section 5.3), or waits for a leader.

mod snapshot;

use core::num::NonZero;

use bytes::Bytes;

pub(crate) use self::snapshot::on_snapshot;
use crate::config::ReadMode;
use crate::error::{Fault, ReadError};
use crate::event::{Event, IgnoredReason};
use crate::message::{Append, AppendResponse, HeartbeatResponse, Message, Payload};
use crate::read::{self, ForwardedReads};
use crate::ready::{ReadRefusal, ReadState};
use crate::rules::{commit, identity};
use crate::server::Server;
use crate::storage::Storage;
use crate::types::{EntryId, Index, NodeId};

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Follower {
    /// No node has the id 0.
    leader: Option<NonZero<NodeId>>,
    /// The log is known to match the leader's up to here, in this term.
    matched: Index,
    /// Reads that this node passed on to the leader.
    reads: ForwardedReads,
}

impl Follower {
    pub(crate) fn of(leader: Option<NodeId>) -> Self {
        Self {
            leader: leader.and_then(NonZero::new),
            ..Self::default()
        }
    }

    #[inline]
    pub(crate) fn leader(&self) -> Option<NonZero<NodeId>> {
        self.leader
    }

    pub(crate) fn pending_reads(&self) -> usize {
        self.reads.len()
    }

    /// A message from the leader of this term: it lives.
    pub(crate) fn hear<S: Storage>(&mut self, server: &mut Server<S>, leader: NodeId) {
        server.timer.hear();
        server.promise_leader();
        let leader = NonZero::new(leader);
        if self.leader != leader {
            self.refuse_reads(server, ReadRefusal::LeaderChanged);
            self.leader = leader;
        }
    }

    /// The caller no longer believes in the leader.
    pub(crate) fn forget_leader<S: Storage>(&mut self, server: &mut Server<S>) {
        self.leader = None;
        self.refuse_reads(server, ReadRefusal::LeaderChanged);
    }

    // ----- time

    /// Ticks until something other than the election timer is due.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.reads.deadline()
    }

    pub(crate) fn advance<S: Storage>(&mut self, server: &mut Server<S>, ticks: u64) {
        for context in self.reads.advance(ticks) {
            refuse(server, context, ReadRefusal::Timeout);
        }
    }

    // ----- reads

    /// Passes on a read of this node's own.
    pub(crate) fn read<S: Storage>(
        &mut self,
        server: &mut Server<S>,
        context: Bytes,
        mode: Option<ReadMode>,
    ) -> Result<(), ReadError> {
        self.leader.ok_or(ReadError::NoLeader)?;
        if self.reads.len() >= server.config.settings().max_pending_reads {
            return Err(ReadError::Full {
                pending: self.reads.len(),
            });
        }
        server.reads_forwarded = server.reads_forwarded.wrapping_add(1);
        let number = server.reads_forwarded;
        self.reads
            .push(number, context, server.config.settings().election_timeout_ticks);
        let context = read::context(server.config.seed, number);
        self.forward(server, server.id(), Payload::ReadIndex { context, mode });
        Ok(())
    }

    pub(crate) fn on_read_response<S: Storage>(
        &mut self,
        server: &mut Server<S>,
        from: NodeId,
        index: Index,
        context: &[u8],
    ) {
        let number = read::number(context, server.config.seed);
        if let Some(context) = number.and_then(|number| self.reads.take(number)) {
            let outcome = Ok(index);
            server.outbox.answer(ReadState { context, outcome });
        } else {
            server.ignore(from, "ReadIndexResponse", server.term(), IgnoredReason::NotAsked);
        }
    }

    /// Whatever waits for this leader has waited in vain.
    pub(crate) fn refuse_reads<S: Storage>(&mut self, server: &mut Server<S>, reason: ReadRefusal) {
        for context in self.reads.drain() {
            refuse(server, context, reason);
        }
    }

    /// Passes a call on to the leader under its first sender's name; `false` if there is none.
    pub(crate) fn forward<S: Storage>(&self, server: &mut Server<S>, from: NodeId, payload: Payload) -> bool {
        let Some(to) = self.leader.map(NonZero::get) else {
            return false;
        };
        let term = if payload.carries_term() { server.term() } else { 0 };
        server.forward(Message::new(from, to, term, payload).with_cluster_id(server.config.cluster_id));
        true
    }
}

fn refuse<S: Storage>(server: &mut Server<S>, context: Bytes, reason: ReadRefusal) {
    let outcome = Err(reason);
    server.outbox.answer(ReadState { context, outcome });
}

// ----- what the leader says. Who is followed is known by now.

/// `AppendEntries` (Figure 2, receiver implementation 2 to 5). Not answered, and nothing changed, if
/// the log cannot be compared now: the leader says it again. Nor if the answer would tell it nothing.
pub(crate) fn on_append<S: Storage>(
    follower: &mut Follower,
    server: &mut Server<S>,
    from: NodeId,
    append: Append,
) -> Result<(), Fault> {
    let commit_only = append.commit_only && append.entries.is_empty();
    let answer = if append.prev.index < server.log.committed() {
        // What is committed matches for ever; say so instead of comparing it.
        Some(AppendResponse::Accepted {
            index: server.log.committed(),
            joined_at: Some(append.joined_at),
        })
    } else {
        match server.log.matches(append.prev)? {
            Some(true) => accept(follower, server, append)?,
            Some(false) => Some(reject(server, append.prev)?),
            None => None,
        }
    };
    if answer.is_none() {
        server.ignore(from, "Append", server.term(), IgnoredReason::LogUnavailable);
    }
    // A leader that says what is committed knows what we have.
    let answer = answer.filter(|answer| !commit_only || matches!(answer, AppendResponse::Rejected { .. }));
    if let Some(answer) = answer {
        acknowledge(server, from, answer);
    }
    Ok(())
}

/// Answers an append or a snapshot.
fn acknowledge<S: Storage>(server: &mut Server<S>, to: NodeId, answer: AppendResponse) {
    let answer = match answer {
        AppendResponse::Accepted { index, joined_at } => AppendResponse::Accepted {
            index: identity::acknowledgeable(server.is_disowned(), index, server.log.committed()),
            joined_at,
        },
        AppendResponse::Diverged { .. } | AppendResponse::Rejected { .. } => answer,
    };
    server.promise(to, server.term(), Payload::AppendResponse(answer));
}

fn accept<S: Storage>(
    follower: &mut Follower,
    server: &mut Server<S>,
    append: Append,
) -> Result<Option<AppendResponse>, Fault> {
    let Append {
        prev,
        commit,
        entries,
        joined_at,
        ..
    } = append;
    let matched = entries.last().map_or(prev.index, |entry| entry.index);
    let mut known = 0_usize;
    for entry in &entries {
        match server.log.matches(entry.id())? {
            Some(true) => known = known.saturating_add(1),
            Some(false) => break,
            None => return Ok(None),
        }
    }
    let news = if known == 0 {
        entries
    } else {
        entries.slice(known..usize::MAX)
    };
    if let Some(first) = news.first() {
        note_truncation(server, first.index);
    }
    server.log.append(news, &server.config)?;
    follower.matched = follower.matched.max(matched);
    server.log.commit(&commit::by_leader(commit, matched), &server.config)?;
    Ok(Some(AppendResponse::Accepted {
        index: matched,
        joined_at: Some(joined_at),
    }))
}

/// The log is about to be cut in the leader's favour, if it reaches `from`.
fn note_truncation<S: Storage>(server: &mut Server<S>, from: Index) {
    let to = server.log.last_index();
    if from <= to {
        server.event(Event::LogTruncated { from, to });
    }
}

/// Says where the logs may agree, so that the leader needs one probe for a whole term of ours.
fn reject<S: Storage>(server: &Server<S>, prev: EntryId) -> Result<AppendResponse, Fault> {
    let from = prev.index.min(server.log.last_index());
    Ok(AppendResponse::Rejected {
        index: prev.index,
        hint: server.log.agreement(from, prev.term)?,
    })
}

/// A heartbeat; its commit index is within our log, that was checked. It may have been meant for a log
/// that was here before, so that it is believed only as far as ours is known to match.
pub(crate) fn on_heartbeat<S: Storage>(
    follower: &Follower,
    server: &mut Server<S>,
    from: NodeId,
    commit: Index,
    context: Bytes,
) -> Result<(), Fault> {
    if commit > server.log.committed() {
        let matched = commit::matched_in_term(server.term(), server.log.last()?, follower.matched);
        server.log.commit(&commit::by_leader(commit, matched), &server.config)?;
    }
    let promised_ticks = server.sayable_promise();
    // Nor does another store confirm that its leader still leads.
    let context = if server.is_disowned() { Bytes::new() } else { context };
    let rank = server.config.settings().election_rank;
    server.send(
        from,
        Payload::HeartbeatResponse(HeartbeatResponse {
            context,
            promised_ticks,
            rank,
            snapshot_request: server.snapshot_to_ask_for(),
        }),
    );
    Ok(())
}
