//! The face of a node.

// First, so that the documentation begins with these.
mod calls;

mod acks;
mod batch;
mod damaged;
mod explained;
mod inspect;
mod learners;
mod reads;
mod renumber;
mod told;

use alloc::boxed::Box;

use self::acks::AckNumbers;
use self::told::Told;
use crate::raft::Raft;

/// One member of one Raft group: a pure state machine that you drive.
///
/// **Take a [`Ready`](crate::Ready), send its messages, persist it, send what had to wait, apply, advance; and
/// between Readies tell the node what happens.** See the [crate documentation](crate) for the loop.
///
/// * What happens: [`tick`](Self::tick), [`step`](Self::step), [`propose`](Self::propose),
///   [`read_index`](Self::read_index) and the rest. They may be called while a Ready is out.
/// * What is to be done: [`ready`](Self::ready) and [`advance`](Self::advance), or with
///   [asynchronous storage writes](crate::Settings::async_storage_writes) [`acknowledge`](Self::acknowledge).
/// * What is: [`status`](Self::status), [`progress`](Self::progress), [`take_events`](Self::take_events).
///
/// A node can be cloned, compared and hashed if its storage can: equal nodes have equal futures, as long as
/// their storage answers. (What is still in memory of the stored log is not compared, and not asked for.) Events that
/// nobody took and the numbers of batches are part of that future; who looks for equal nodes takes the former, and has
/// the latter [counted anew](Self::renumber).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RawNode<S> {
    raft: Raft<S>,
    /// What the last Ready told.
    told: Told,
    readies: u64,
    /// Whether the last Ready is out. What it told is durable when it is persisted.
    outstanding: bool,
    /// With asynchronous storage writes.
    acks: Option<Box<AckNumbers>>,
}

impl<S> RawNode<S> {
    pub(crate) fn raft(&self) -> &Raft<S> {
        &self.raft
    }
}
