//! What became of proposals: a table from (term, index) to the caller's token.

use alloc::collections::{VecDeque, vec_deque};
use alloc::vec::Vec;

use bytes::Bytes;

use super::fate::{Fate, fate};
use super::{Refused, insert_sorted, pop};
use crate::error::ProposeError;
use crate::membership::AnyConfChange;
use crate::raft::Proposed;
use crate::raw_node::RawNode;
use crate::soft_state::RoleKind;
use crate::storage::Storage;
use crate::types::{EntryId, Index, NodeId, Term};

/// The proposal was passed on to the leader, and nobody will tell where it is in the log, if it arrives at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("passed on to node {leader}, and cannot be followed")]
#[non_exhaustive]
pub struct Forwarded {
    /// Who leads.
    pub leader: NodeId,
}

/// Proposals that wait for their fate, with the caller's tokens. For the rule and the loop see the
/// [module](crate::pending).
///
/// An entry that is told costs one comparison for each term in which this node led and whose proposals still wait:
/// that is nearly always one. A table without tokens holds no memory.
///
/// ```
/// use quorate::EntryId;
/// use quorate::pending::{Fate, Proposals};
///
/// let mut proposals = Proposals::new();
/// for index in 3..=12 {
///     proposals.follow(EntryId { term: 1, index }, index);
/// }
/// // Two of them were replicated before another node was elected, which opened its term.
/// let mut apply = |term, index| proposals.on_applied(EntryId { term, index });
/// assert_eq!((apply(1, 3), apply(1, 4), apply(2, 5)), (Some(3), Some(4), None));
/// let superseded: Vec<_> = proposals.drain_settled().collect();
/// assert_eq!(superseded, (5..=12).map(|index| (index, Fate::Superseded)).collect::<Vec<_>>());
/// assert!(proposals.is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Proposals<T> {
    /// In the order of their terms; none is empty.
    terms: VecDeque<OfTerm<T>>,
    settled: VecDeque<(T, Fate)>,
    /// The last that is known to be committed.
    committed: Option<EntryId>,
}

/// What waits of one term's proposals, in the order of their indexes. (Those of a later term may be lower: this node
/// led, lost a part of its log, and leads again.)
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct OfTerm<T> {
    term: Term,
    waiting: VecDeque<(Index, T)>,
}

/// Has a node propose, unless it would only pass the proposal on: where that ends, nobody tells.
fn propose_here<S: Storage>(
    node: &mut RawNode<S>,
    propose: impl FnOnce(&mut RawNode<S>) -> Result<Proposed, ProposeError>,
) -> Result<EntryId, ProposeError> {
    let now = node.status().soft_state;
    match now.leader {
        Some(leader) if now.role == RoleKind::Follower && node.poisoned().is_none() => {
            Err(ProposeError::NotLeader { leader })
        }
        Some(_) | None => match propose(node)? {
            Proposed::At { term, index } => Ok(EntryId { term, index }),
            // Only a follower does that.
            Proposed::Forwarded { leader } => Err(ProposeError::NotLeader { leader }),
        },
    }
}

impl<T> Proposals<T> {
    /// An empty table.
    pub const fn new() -> Self {
        Self {
            terms: VecDeque::new(),
            settled: VecDeque::new(),
            committed: None,
        }
    }

    // ----- proposing

    /// [Proposes](RawNode::propose) an entry and follows it; where it is. It is never passed on to another node: a
    /// follower answers [`ProposeError::NotLeader`], so that the client can go there.
    ///
    /// # Errors
    ///
    /// The token comes back. Nothing was proposed, unless the error is [`ProposeError::Node`]: then it is as
    /// [`Fate::Unknown`].
    ///
    /// ```
    /// # use quorate::{bootstrap, ConfState, Config, MemoryStorage, Message, RawNode};
    /// # use quorate::error::ProposeError;
    /// # use quorate::message::{Heartbeat, Payload};
    /// # use quorate::pending::Proposals;
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// let mut proposals = Proposals::new();
    /// # let payload = Payload::Heartbeat(Heartbeat::new(0));
    /// node.step(Message::new(2, 1, 1, payload))?; // node 2 leads
    /// let refused = proposals.propose(&mut node, "x = 1", "token").expect_err("node 1 follows");
    /// assert_eq!((refused.error, refused.token), (ProposeError::NotLeader { leader: 2 }, "token"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn propose<S: Storage>(
        &mut self,
        node: &mut RawNode<S>,
        data: impl Into<Bytes>,
        token: T,
    ) -> Result<EntryId, Refused<ProposeError, T>> {
        self.propose_by(node, |node| node.propose(data), token)
    }

    /// [Proposes](RawNode::propose_batch) entries that follow each other, each with a token of its own; where the
    /// last one is. All of them or none; but of what is taken, some may be applied and the rest superseded.
    ///
    /// # Errors
    ///
    /// As of [`propose`](Self::propose), with all tokens.
    pub fn propose_batch<S: Storage, D: Into<Bytes>>(
        &mut self,
        node: &mut RawNode<S>,
        batch: impl IntoIterator<Item = (D, T)>,
    ) -> Result<EntryId, Refused<ProposeError, Vec<T>>> {
        let (data, tokens): (Vec<D>, Vec<T>) = batch.into_iter().unzip();
        match propose_here(node, |node| node.propose_batch(data)) {
            Ok(last) => {
                self.follow_batch(last, tokens);
                Ok(last)
            }
            Err(error) => Err(Refused { error, token: tokens }),
        }
    }

    /// [Proposes](RawNode::propose_conf_change) a configuration change and follows it; where it is. That it is applied
    /// does not say that it could be made: see [`Event::ChangeIgnored`](crate::Event::ChangeIgnored).
    ///
    /// # Errors
    ///
    /// As of [`propose`](Self::propose).
    pub fn propose_conf_change<S: Storage>(
        &mut self,
        node: &mut RawNode<S>,
        change: impl Into<AnyConfChange>,
        token: T,
    ) -> Result<EntryId, Refused<ProposeError, T>> {
        self.propose_by(node, |node| node.propose_conf_change(change), token)
    }

    /// Proposes one entry by another call of the node, and follows it; where it is.
    ///
    /// # Errors
    ///
    /// As of [`propose`](Self::propose).
    ///
    /// ```
    /// # use quorate::*;
    /// # use quorate::error::ProposeError;
    /// # use quorate::pending::Proposals;
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// let mut proposals = Proposals::new();
    /// let refused = proposals.propose_by(&mut node, |node| node.propose_promotion(4), "token");
    /// assert_eq!(refused.map_err(|refused| refused.error), Err(ProposeError::NoLeader));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn propose_by<S: Storage>(
        &mut self,
        node: &mut RawNode<S>,
        propose: impl FnOnce(&mut RawNode<S>) -> Result<Proposed, ProposeError>,
        token: T,
    ) -> Result<EntryId, Refused<ProposeError, T>> {
        match propose_here(node, propose) {
            Ok(id) => {
                self.follow(id, token);
                Ok(id)
            }
            Err(error) => Err(Refused { error, token }),
        }
    }

    /// Follows what the caller proposed itself. Of a batch this is the last entry, and that it is superseded says
    /// nothing of those before it: see [`track_batch`](Self::track_batch).
    ///
    /// # Errors
    ///
    /// The token comes back if the proposal was [`Forwarded`]: it is as [`Fate::Unknown`].
    ///
    /// ```
    /// # use quorate::Proposed;
    /// # use quorate::pending::{Forwarded, Proposals};
    /// let mut proposals = Proposals::new();
    /// assert!(proposals.track(Proposed::At { term: 2, index: 7 }, "a").is_ok());
    /// let refused = proposals.track(Proposed::Forwarded { leader: 3 }, "b").expect_err("it is on its way");
    /// assert_eq!((refused.error.leader, refused.token), (3, "b"));
    /// ```
    pub fn track(&mut self, proposed: Proposed, token: T) -> Result<EntryId, Refused<Forwarded, T>> {
        match proposed {
            Proposed::At { term, index } => {
                let id = EntryId { term, index };
                self.follow(id, token);
                Ok(id)
            }
            Proposed::Forwarded { leader } => Err(Refused {
                error: Forwarded { leader },
                token,
            }),
        }
    }

    /// Follows each entry of a batch that the caller proposed itself: as many tokens as the batch has entries.
    ///
    /// # Errors
    ///
    /// As of [`track`](Self::track), with all tokens.
    pub fn track_batch(
        &mut self,
        proposed: Proposed,
        tokens: impl IntoIterator<Item = T>,
    ) -> Result<EntryId, Refused<Forwarded, Vec<T>>> {
        let tokens: Vec<T> = tokens.into_iter().collect();
        match proposed {
            Proposed::At { term, index } => {
                let last = EntryId { term, index };
                self.follow_batch(last, tokens);
                Ok(last)
            }
            Proposed::Forwarded { leader } => Err(Refused {
                error: Forwarded { leader },
                token: tokens,
            }),
        }
    }

    fn follow_batch(&mut self, last: EntryId, tokens: Vec<T>) {
        let behind = |count: usize| last.index.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
        let count = tokens.len();
        for (number, token) in (1..).zip(tokens) {
            let index = behind(count.saturating_sub(number));
            self.follow(EntryId { index, ..last }, token);
        }
    }

    /// Follows an entry that a leader put into its log for a proposal, this node or another: wherever it was proposed,
    /// every node that is yet to apply what is at that index finds out what became of it. Where something behind it was
    /// told before, the token is settled at once, by the last that was told: in the same term as `Applied`, in a later
    /// one as `Unknown`, for the table does not remember what was applied.
    pub fn follow(&mut self, id: EntryId, token: T) {
        if let Some(fate) = self.committed.and_then(|committed| fate(id, committed)) {
            self.settled.push_back((token, fate));
            return;
        }
        let place = self.terms.partition_point(|of_term| of_term.term < id.term);
        if self.terms.get(place).is_none_or(|of_term| of_term.term != id.term) {
            let (term, waiting) = (id.term, VecDeque::new());
            self.terms.insert(place, OfTerm { term, waiting });
        }
        if let Some(of_term) = self.terms.get_mut(place) {
            insert_sorted(&mut of_term.waiting, (id.index, token));
        }
    }

    // ----- what happens

    /// An entry was applied: the token of this very one, if it was proposed here, to be answered. Tell each entry, the
    /// empty ones and configuration changes too, in the order of the log. What else it settles is in
    /// [`drain_settled`](Self::drain_settled).
    pub fn on_applied(&mut self, entry: impl Into<EntryId>) -> Option<T> {
        self.settle(entry.into())
    }

    /// The state machine has become what a snapshot says.
    pub fn on_snapshot(&mut self, snapshot: impl Into<EntryId>) {
        let last = self.settle(snapshot.into());
        self.settled.extend(last.map(|token| (token, Fate::Applied)));
    }

    /// An entry is known to be committed; its token.
    fn settle(&mut self, committed: EntryId) -> Option<T> {
        if self.committed.is_none_or(|known| known.index < committed.index) {
            self.committed = Some(committed);
        }
        let mut found = None;
        let mut emptied = false;
        for OfTerm { term, waiting } in &mut self.terms {
            // What it settles of one term is what has the lowest indexes.
            while let Some(&(index, _)) = waiting.front() {
                let id = EntryId { term: *term, index };
                let Some(fate) = fate(id, committed) else { break };
                let token = pop(waiting).map(|(_, token)| token);
                if id == committed && found.is_none() {
                    found = token;
                } else {
                    self.settled.extend(token.map(|token| (token, fate)));
                }
            }
            emptied |= waiting.is_empty();
        }
        if emptied {
            self.drop_empty();
        }
        found
    }

    fn drop_empty(&mut self) {
        self.terms.retain(|of_term| !of_term.waiting.is_empty());
        if self.terms.is_empty() {
            self.terms = VecDeque::new();
        }
    }

    /// Ends the wait of those tokens as [`Fate::Unknown`]: their deadline has passed, or `|_| true` where the node
    /// ends. Looks at all that wait.
    ///
    /// ```
    /// # use quorate::EntryId;
    /// # use quorate::pending::{Fate, Proposals};
    /// let mut proposals = Proposals::new();
    /// proposals.follow(EntryId { term: 1, index: 2 }, ("client 7", 1_000)); // and its deadline
    /// proposals.follow(EntryId { term: 1, index: 3 }, ("client 8", 2_000));
    /// let now = 1_500;
    /// proposals.give_up(|(_, deadline)| *deadline <= now);
    /// assert_eq!(proposals.drain_settled().next(), Some((("client 7", 1_000), Fate::Unknown)));
    /// ```
    pub fn give_up(&mut self, mut is_overdue: impl FnMut(&T) -> bool) {
        for OfTerm { waiting, .. } in &mut self.terms {
            for _ in 0..waiting.len() {
                match waiting.pop_front() {
                    Some((_, token)) if is_overdue(&token) => self.settled.push_back((token, Fate::Unknown)),
                    kept => waiting.extend(kept),
                }
            }
        }
        self.drop_empty();
    }

    /// Takes out what is settled, but for what [`on_applied`](Self::on_applied) returned. What is not taken stays.
    pub fn drain_settled(&mut self) -> impl Iterator<Item = (T, Fate)> + '_ {
        core::iter::from_fn(|| pop(&mut self.settled))
    }

    /// How many tokens are in the table, those that are settled and not taken out included.
    pub fn len(&self) -> usize {
        let waiting = self.terms.iter().map(|of_term| of_term.waiting.len());
        waiting.fold(self.settled.len(), usize::saturating_add)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty() && self.settled.is_empty()
    }
}

impl<T> Default for Proposals<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// All tokens, where the table ends: what waits is [`Fate::Unknown`].
impl<T> IntoIterator for Proposals<T> {
    type Item = (T, Fate);
    type IntoIter = vec_deque::IntoIter<(T, Fate)>;

    fn into_iter(mut self) -> Self::IntoIter {
        self.give_up(|_| true);
        self.settled.into_iter()
    }
}
