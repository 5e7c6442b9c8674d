//! Whose store is whose: a member may be named by its id and by an identity of its store, so that another store
//! under the same id is not taken for it.
//!
//! Identities never decide who is a member, and a member keeps its own for as long as it is one.

use super::{ChangeError, Changed, ConfChangeKind, ConfChangeSingle, Membership};
use crate::types::{Identity, NodeId};

impl Membership {
    /// The identity of the member's store, if it is named by one.
    ///
    /// ```
    /// use quorate::ConfState;
    /// use quorate::membership::Membership;
    /// let group = Membership::restore(&ConfState::of_voters([1, 2]).with_identities([(2, 0xd2)]))?;
    /// assert_eq!((group.identity(1), group.identity(2)), (None, Some(0xd2)));
    /// # Ok::<(), quorate::membership::ChangeError>(())
    /// ```
    #[inline]
    pub fn identity(&self, id: NodeId) -> Option<Identity> {
        let found = self.identities().iter().find(|(member, _)| *member == id);
        found.map(|(_, identity)| *identity)
    }

    /// The members whose stores are named, in the order of their ids.
    #[inline]
    pub fn identities(&self) -> &[(NodeId, Identity)] {
        self.others.get().map_or(&[], |others| &others.identities)
    }

    /// Whether so named a node may be the member: it has the member's store, or that has no name.
    #[inline]
    pub(crate) fn may_be(&self, id: NodeId, identity: Identity) -> bool {
        self.identity(id).is_none_or(|named| named == identity)
    }

    /// Whether the change gives no store another name, and one to a member only if it does nothing else.
    pub(super) fn check_identities(&self, changes: &[ConfChangeSingle]) -> Result<(), ChangeError> {
        for (position, single) in changes.iter().enumerate() {
            let (id, named) = (single.node_id, single.identity);
            if id == 0 || named == 0 {
                continue;
            }
            let earlier = changes.iter().take(position).filter(|earlier| earlier.node_id == id);
            let in_change = earlier.map(|earlier| earlier.identity).find(|&identity| identity != 0);
            let known = self.identity(id).or(in_change);
            match known {
                Some(known) if known != named => return Err(ChangeError::OtherIdentity { id, known, named }),
                None if self.contains(id) && !is_naming(changes) => return Err(ChangeError::IdentityNeedsUpdate(id)),
                None if !self.contains(id) && !is_adding(single.kind) => return Err(ChangeError::IdentityOfNobody(id)),
                Some(_) | None => {}
            }
        }
        Ok(())
    }
}

impl Changed {
    /// Gives the stores their names, when it is clear who is a member.
    pub(super) fn named(mut self, before: &Membership, changes: &[ConfChangeSingle]) -> Self {
        let named = changes.iter().filter(|single| single.identity != 0);
        let given = named.filter(|single| match single.kind {
            ConfChangeKind::AddNode | ConfChangeKind::AddLearnerNode => !before.contains(single.node_id),
            ConfChangeKind::UpdateNode => is_naming(changes) && before.identity(single.node_id).is_none(),
            ConfChangeKind::RemoveNode => false,
        });
        let mut identities = before.identities().to_vec();
        for single in given {
            identities.retain(|(id, _)| *id != single.node_id);
            identities.push((single.node_id, single.identity));
        }
        identities.retain(|(id, _)| self.membership.contains(*id));
        identities.sort_unstable();
        if identities != self.membership.identities() {
            self.membership.edit_others(|others| others.identities = identities);
        }
        self
    }
}

/// Whether this is the change that names the store of a member: that, and nothing else.
fn is_naming(changes: &[ConfChangeSingle]) -> bool {
    matches!(changes, [single] if single.kind == ConfChangeKind::UpdateNode)
}

fn is_adding(kind: ConfChangeKind) -> bool {
    matches!(kind, ConfChangeKind::AddNode | ConfChangeKind::AddLearnerNode)
}
