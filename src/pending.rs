//! I proposed; what became of it? I asked for a read; when may I serve it?
//!
//! Two tables of the caller's tokens (a channel to answer on, say): [`Proposals`] and [`Reads`]. They are plain data
//! beside the node, use nothing of it but its public calls, and know what they are told. Each token comes back exactly
//! once.
//!
//! ```
//! use quorate::pending::{Proposals, Reads};
//! # use quorate::{Config, ConfState, MemoryStorage, RawNode, bootstrap};
//! # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1]))?;
//! # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
//! # node.campaign()?;
//! # while let Some(ready) = node.ready()? {
//! #     let mut done = ready.persisted_by(|task| node.storage_mut().persist_task(task))?;
//! #     done.take_committed_entries();
//! #     node.advance(done)?;
//! # }
//! # let (mut answers, mut state) = (Vec::new(), Vec::new());
//! let (mut proposals, mut reads) = (Proposals::new(), Reads::new());
//! proposals.propose(&mut node, "x = 1", "the client that wants x")?;
//! reads.read(&mut node, "the client that reads")?;
//!
//! while let Some(ready) = node.ready()? {
//!     reads.on_read_states(ready.read_states());
//!     let mut done = ready.persisted_by(|task| node.storage_mut().persist_task(task))?;
//!     if let Some(snapshot) = done.snapshot() {
//!         // The state machine becomes what the snapshot says, and then ...
//!         proposals.on_snapshot(snapshot);
//!     }
//!     for entry in &done.take_committed_entries() {
//!         state.push(entry.data.clone());
//!         if let Some(client) = proposals.on_applied(entry) {
//!             answers.push(format!("{client}: done, as number {}", state.len()));
//!         }
//!     }
//!     node.advance(done)?;
//!     for (client, fate) in proposals.drain_settled() {
//!         answers.push(format!("{client}: {fate:?}")); // not here: nothing intervenes
//!     }
//!     for (client, outcome) in reads.drain_settled(node.status().applied) {
//!         answers.push(format!("{client}: {outcome:?}"));
//!     }
//! }
//! // The read may be served at once: what it must not miss was applied before it was asked for.
//! assert_eq!(answers, ["the client that reads: Ok(())", "the client that wants x: done, as number 1"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! With [asynchronous storage writes](crate::Settings::async_storage_writes) it is the same: tell each entry of an
//! [`ApplyTask`](crate::ready::ApplyTask) when it is applied, and a snapshot when the state machine has become it. If
//! another thread applies, it has the table behind a lock, or sends back what it applied.
//!
//! # The rule
//!
//! An entry is known by its term and index, in all logs and for ever. `(t, i)` is one that the leader of term `t` put
//! into its log for a proposal, `(T, j)` one that is known to be committed: it was applied here, or is the last that a
//! snapshot covers. What does the second say of the first?
//!
//! | | `i < j` | `i = j` | `i > j` |
//! |---|---|---|---|
//! | `t < T` | [`Unknown`](Fate::Unknown) | [`Superseded`](Fate::Superseded) | [`Superseded`](Fate::Superseded) |
//! | `t = T` | [`Applied`](Fate::Applied) | [`Applied`](Fate::Applied) | it waits |
//! | `t > T` | [`Superseded`](Fate::Superseded) | [`Superseded`](Fate::Superseded) | it waits |
//!
//! Why that is so, from Figure 3 of the paper:
//!
//! * All committed entries are one log, the same on every node (State Machine Safety), and from one index of a log to
//!   the next no term falls: a leader appends entries of its own term, behind entries of earlier ones. So two entries
//!   that differ are not both committed if they have one index, or if the one with the lower index has the higher term.
//!   That is `Superseded`: where `t < T` and `i >= j`, and where `t > T` and `i <= j`.
//! * A term has one leader (Election Safety), which in its term only appends (Leader Append-Only). It had `(t, i)` in
//!   its log when it appended `(t, j)` behind it, and any log that has the later one has the earlier (Log Matching). So
//!   `(t, i)` is committed if `(t, j)` is. That is `Applied`.
//! * If `t < T` and `i < j`, some entry is committed at `i`, and it may be `(t, i)` or not. Who applies entry after
//!   entry never comes here, for what was applied at `i` itself has told. It takes a snapshot that jumps over `i`.
//! * If `t >= T` and `i > j`, either may still come.
//!
//! **That an entry is cut off a log decides nothing.** A follower's log gets shorter where the leader has something
//! else ([`Event::LogTruncated`](crate::event::Event::LogTruncated)). But another node may still have what was cut, win
//! an election with it, and commit it (Figure 8 of the paper); then it comes back here, and is applied. Nor does it
//! decide anything that this node stepped down. Who proposes again at such a sign may have it applied twice.
//!
//! **No token waits for ever because of that.** A leader opens its term with an entry of its own. Once that is applied
//! here it settles every proposal of every earlier term, also where the log has become shorter and nobody proposes
//! anything more: the table's first row has no "it waits". What can wait for ever is a proposal on a node that hears of
//! no more commits, because it is cut off or removed, or finished ([`NodeError`](crate::error::NodeError)), or its
//! group has no quorum. It is the caller who has a clock: [`Proposals::give_up`].
//!
//! The rule asks for no order and for nothing to be complete, and what it says once it says for ever. Entries that are
//! told twice do nothing. Where some are left out, snapshots included, the next one that is told settles as much as it
//! can tell: at worst there is `Unknown` where there could have been more.
//!
//! # A barrier
//!
//! An empty entry changes nothing, and when it is applied all before it are: [`Proposals::propose`] it and wait for
//! [`Applied`](Fate::Applied). (It is what `Barrier` does in hashicorp/raft.)
//!
//! ```
//! # use quorate::{Config, ConfState, MemoryStorage, RawNode, bootstrap};
//! # use quorate::pending::Proposals;
//! # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1]))?;
//! # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
//! # node.campaign()?;
//! # let mut pending = Proposals::new();
//! # let mut passed = false;
//! # let mut asked = false;
//! # loop {
//! #     while let Some(ready) = node.ready()? {
//! #         let mut done = ready.persisted_by(|task| node.storage_mut().persist_task(task))?;
//! #         for entry in &done.take_committed_entries() {
//! #             if let Some(token) = pending.on_applied(entry) {
//! #                 passed = token == "the barrier";
//! #             }
//! #         }
//! #         node.advance(done)?;
//! #     }
//! #     if asked { break; }
//! #     asked = true;
//! pending.propose(&mut node, "", "the barrier")?;
//! # }
//! // ... and later, where entries are applied:
//! assert!(passed); // pending.on_applied(entry) == Some("the barrier")
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # After a restart
//!
//! The tables go with the process, and its clients do not know what became of what they had proposed: it may be
//! applied, now or later, or never. It is as `Unknown`. Two things help:
//!
//! * Clients number their proposals, and the state machine skips a number that it has applied (thesis 6.3). Then
//!   proposing again does no harm, and `Unknown` none either.
//! * A client that was told the [`EntryId`](crate::EntryId) of its entry can have it followed again, by any node that
//!   is yet to apply that entry: [`Proposals::follow`]. Best at the node that was started again, before its first Ready
//!   (the snapshot that it starts with needs not be told). At one that ran on it is too late as soon as an entry of the
//!   next leader is applied: what was applied or compacted before that is `Unknown` there.
//!
//! All this is within one history of the group. A [recovery](crate::recover) begins another, whose snapshot has the
//! last entry of the old one under a new term: what was proposed before is `Unknown` to whoever was not told before,
//! and is not to be followed there.
//!
//! Where only the node ended (it was poisoned, say) and another one is made from the same storage, the tables may stay.
//! What was proposed is followed as before. Reads are not answered any more: [`Reads::give_up`] all of them.

use alloc::collections::VecDeque;

mod fate;
mod proposals;
mod reads;
#[cfg(test)]
mod tests;

pub use self::fate::Fate;
pub use self::proposals::{Forwarded, Proposals};
pub use self::reads::Reads;
use crate::error::{ProposeError, ReadError};

/// A call that was refused, and the token that came with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{error}")]
#[non_exhaustive]
pub struct Refused<E, T> {
    /// Why.
    pub error: E,
    /// What the caller gave; of a batch, a list of it.
    pub token: T,
}

impl<T> From<Refused<Self, T>> for ProposeError {
    fn from(refused: Refused<Self, T>) -> Self {
        refused.error
    }
}

impl<T> From<Refused<Self, T>> for ReadError {
    fn from(refused: Refused<Self, T>) -> Self {
        refused.error
    }
}

/// The oldest in the queue, which holds no buffer when it is empty.
fn pop<T>(queue: &mut VecDeque<T>) -> Option<T> {
    let first = queue.pop_front();
    if queue.is_empty() {
        *queue = VecDeque::new();
    }
    first
}

/// Puts `item` where its key belongs, behind its equals: at the end, as a rule.
fn insert_sorted<K: Ord, T>(queue: &mut VecDeque<(K, T)>, item: (K, T)) {
    let later = queue.iter().rev().take_while(|(key, _)| *key > item.0).count();
    queue.insert(queue.len().saturating_sub(later), item);
}
