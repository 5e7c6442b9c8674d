//! Which store counts for a member whose store is named. (Proof sketch: D28 in `docs/etcd-differences.md`.)
//!
//! A member is named by its id and the identity of its store in every quorum that is counted by a configuration with
//! that name. A store that was made anew, under the same id, has forgotten what it promised and acknowledged.

use crate::event::VoteRefusal;
use crate::membership::Membership;
use crate::types::{Identity, Index, NodeId};

/// Why a node's store does not count for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disowned {
    /// The configuration names another one.
    OtherStore,
    /// The configuration names none, though this one has an identity.
    Unnamed,
}

/// What a voter has to consider about the store of a candidate, beside its log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VoterStore {
    /// The configuration names another store for this voter, or none.
    pub(crate) disowned: Option<Disowned>,
    /// A leader counts on this voter's log up to here, and it does not reach there.
    pub(crate) lost: Option<Index>,
    /// The voter's configuration is as of this index.
    pub(crate) configured_at: Index,
    /// A change that is committed may name the candidate's store, and is not applied yet.
    pub(crate) may_be_named: bool,
}

/// A candidate, by what it says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CandidateStore {
    pub(crate) id: NodeId,
    pub(crate) identity: Identity,
    /// Its configuration is as of this index.
    pub(crate) configured_at: Index,
}

/// Whether a request for a vote is looked at. Where the stores of the two are not those that are named, it is only if
/// the candidate goes by a later configuration: there they may be.
pub(crate) fn may_vote(
    voter: VoterStore,
    membership: &Membership,
    candidate: CandidateStore,
) -> Result<(), VoteRefusal> {
    if let Some(index) = voter.lost {
        return Err(VoteRefusal::EntriesLost(index));
    }
    if candidate.configured_at > voter.configured_at {
        return Ok(());
    }
    match voter.disowned {
        Some(Disowned::OtherStore) => return Err(VoteRefusal::Disowned),
        Some(Disowned::Unnamed) => return Err(VoteRefusal::Unnamed),
        None => {}
    }
    if !membership.may_be(candidate.id, candidate.identity) {
        return Err(VoteRefusal::OtherIdentity(candidate.identity));
    }
    if voter.may_be_named && membership.identity(candidate.id).is_none() {
        return Err(VoteRefusal::UnappliedChange);
    }
    Ok(())
}

/// What a node may acknowledge of its log whose configuration names another store for it: what is committed without
/// it.
pub(crate) fn acknowledgeable(disowned: bool, matched: Index, committed: Index) -> Index {
    if disowned { matched.min(committed) } else { matched }
}
