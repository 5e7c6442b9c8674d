//! Stores and their names: what is made for a node, what is founded with it, and what is lost.

use quorate::error::StepError;
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::types::{ClusterId, Identity};
use quorate::{ConfState, EntryId, Event, NodeId, Status, bootstrap};

use super::{Cluster, Refusal, Seen, unexpected};
use crate::disk::Disk;
use crate::judge::{Judge, Verdict, Violation};
use crate::machine::StateMachine;
use crate::member::{Life, Member};
use crate::parameters::Names;
use crate::shadow::Shadow;
use crate::trace::What;

/// A new disk, and what it says of itself.
pub(super) struct Store<D> {
    pub(super) disk: D,
    pub(super) cluster_id: ClusterId,
    pub(super) identity: Identity,
}

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    /// A new disk for a node that gets its `stores`-th, told its group and its identity.
    pub(super) fn new_store(&mut self, id: NodeId, stores: u64) -> Result<Store<D>, Violation> {
        let mut disk = (self.make_disk)();
        let told = disk.set_cluster_id(self.group);
        let drawn = self.names.identity(self.seed, id, stores);
        let named = drawn != 0 && disk.set_identity(drawn);
        let initial = disk
            .initial_state()
            .map_err(|error| unexpected(id, "its disk", &error))?;
        let (cluster_id, identity) = (initial.cluster_id, initial.identity);
        if (told && cluster_id != self.group) || (named && identity != drawn) {
            let ours = self.group;
            let detail = format!(
                "{id}: its new disk is {identity:x} of group {cluster_id} instead of {drawn:x} of group {ours}"
            );
            return Err(Violation::new("what was synced is there", detail));
        }
        Ok(Store {
            disk,
            cluster_id,
            identity,
        })
    }

    /// The configuration that these voters found.
    pub(super) fn first_conf_state(&self, stores: &[(NodeId, Store<D>)]) -> Result<ConfState, Violation> {
        let conf_state = ConfState::of_voters(stores.iter().map(|(id, _)| *id));
        if self.names == Names::Later {
            return Ok(conf_state);
        }
        let named = stores.iter().map(|(id, store)| (*id, store.identity));
        let conf_state = conf_state.with_identities(named.filter(|(_, identity)| *identity != 0));
        for (id, store) in stores {
            bootstrap(*id, &store.disk, &conf_state).map_err(|error| unexpected(*id, "bootstrap", &error))?;
        }
        Ok(conf_state)
    }

    /// Whether this node's store has an identity, by which it is named when it is added: then losing it is a failure
    /// like another.
    pub(crate) fn is_named(&self, id: NodeId) -> bool {
        self.member(id).is_some_and(|member| member.identity != 0)
    }

    /// A node's disk is lost. (Not before all members of a group are named: nobody could tell the next one from it.)
    pub(super) fn wipe(&mut self, id: NodeId) {
        let (in_force, forgets) = (self.names_in_force, self.forgets(id));
        let Some(member) = self.member_mut(id) else { return };
        if !matches!(member.life, Life::Down(_)) || !in_force {
            return;
        }
        member.life = Life::Gone;
        member.applied = 0;
        if member.identity != 0 {
            let lost = std::mem::take(&mut member.durable);
            member.lost.push((member.identity, lost));
            member.identity = 0;
        } else {
            member.forgets = forgets.is_some();
            member.forgot = forgets.or(member.forgot);
        }
        self.coverage.disks_lost += 1;
        self.note(id, || What::Note {
            kind: "disk",
            text: "its disk is lost".to_owned(),
        });
    }

    /// A node whose disk is lost gets another one.
    pub(super) fn replace_store(&mut self, id: NodeId) -> Verdict {
        let stores = self.member(id).map_or(1, |member| member.stores + 1);
        let Store {
            disk,
            cluster_id,
            identity,
        } = self.new_store(id, stores)?;
        let Some(member) = self.member_mut(id) else {
            return Ok(());
        };
        (
            member.config.cluster_id,
            member.config.settings_mut().accept_unnamed_store,
        ) = (cluster_id, false);
        (member.life, member.durable) = (Life::Down(disk), Shadow::default());
        if identity == 0 && std::mem::take(&mut member.forgets) {
            return self.rejoin(id);
        }
        (member.identity, member.stores) = (identity, stores);
        if identity == 0 {
            // What breaks then, a profile shows.
            self.disks_forgot = true;
            return self.restart(id);
        }
        member.fresh = true;
        self.judge.replaced(id);
        self.coverage.stores_replaced += 1;
        self.note(id, || What::Note {
            kind: "disk",
            text: format!("a new store, {identity:x}"),
        });
        self.restart(id)
    }

    /// Before all members are named, nobody is removed who might never hear of the names: it could not tell later who
    /// is another store.
    pub(super) fn comes_too_early(&self, change: &ConfChangeV2) -> bool {
        let removes = |kind| kind == ConfChangeKind::RemoveNode;
        !self.names_in_force && change.changes.iter().any(|single| removes(single.kind))
    }

    /// What a node says of names: who is disowned takes no part, and what is in force is in force for good.
    pub(super) fn observe_names(&mut self, id: NodeId, status: &Status) -> Verdict {
        let follows = status.soft_state.role == quorate::status::RoleKind::Follower;
        Judge::disowned(id, status.disowned && !follows, status.soft_state.role)?;
        let member = &mut self.members[Self::position(id)];
        let in_force = status.identities_in_force;
        let first = in_force && !std::mem::replace(&mut member.seen.in_force, in_force);
        self.coverage.identities_in_force += u64::from(first);
        self.names_in_force |= in_force;
        Ok(())
    }

    /// A node finds that a store was set back. (Of a peer a leader may say so for a late answer: then it has the entry, or
    /// what a leader of a later term wrote in its place.)
    pub(super) fn on_loss(&mut self, id: NodeId, event: &Event) -> Verdict {
        let member = &self.members[Self::position(id)];
        if let Event::PeerLostEntries { peer, matched, .. } = event {
            let named = member.node().and_then(|node| node.membership().identity(*peer));
            let entry = member.log.term(*matched).map(|term| EntryId { term, index: *matched });
            let has_it = |entry| self.member(*peer).is_some_and(|peer| peer.held_on(named, entry));
            let overwritten = self
                .member(*peer)
                .is_some_and(|peer| peer.durable_term() > member.seen.term);
            if overwritten || entry.is_none_or(has_it) {
                self.coverage.late_rejections += 1;
                return Ok(());
            }
        }
        let late = self.is_told_of_earlier_store(id, event);
        Judge::keeps_entries(id, event, self.disks_forgot || late)
    }

    /// A message was refused.
    pub(super) fn observe_refusal(&mut self, to: NodeId, error: &StepError) -> Verdict {
        self.coverage.messages_refused += 1;
        self.saw(|| Seen::Refused(to, Refusal::Message(error.clone())));
        match error {
            StepError::Diverged { .. } => Judge::agrees(to, error, self.disks_forgot),
            StepError::OtherIdentity { .. } => {
                self.coverage.strangers_refused += 1;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// What a disk says of its group and of itself is what its node was started with.
pub(super) fn check_made<M, D: Disk>(member: &Member<M, D>, disk: &D) -> Verdict {
    let initial = disk
        .initial_state()
        .map_err(|error| unexpected(member.id, "its disk", &error))?;
    let found = (initial.cluster_id, initial.identity);
    let expected = (member.config.cluster_id, member.identity);
    if found == expected {
        return Ok(());
    }
    let detail = format!(
        "{}: it is of group and identity {found:x?} instead of {expected:x?}",
        member.id
    );
    Err(Violation::new("what was synced is there", detail))
}

#[cfg(test)]
mod tests {
    use quorate::{Config, Entry, EntryId, Event};

    use super::Cluster;
    use crate::disk::MemoryDisk;
    use crate::machine::Register;
    use crate::shadow::Mark;

    /// Unless it has the entry, or what a later leader wrote in its place.
    #[test]
    fn a_late_rejection_is_no_lost_store() {
        let group = Cluster::<Register, _>::new(1, 2, MemoryDisk::default, |id| Config::new(id, 0));
        let mut group = group.expect("a group");
        let wrote = |term| Mark::entry(&Entry::new(term, 2, ""));
        let found = Event::PeerLostEntries {
            peer: 2,
            matched: 2,
            agreed: 1,
        };
        group.members[0].log.apply(wrote(3));
        group.members[0].seen.term = 3;
        let lost = group.on_loss(1, &found).expect_err("it has nothing");
        assert_eq!(lost.property, "no store is set back");
        for term in [3, 4] {
            group.members[1].durable.apply(wrote(term));
            let holds = EntryId { term, index: 2 };
            assert!(group.members[1].durable.holds(holds));
            assert_eq!(group.on_loss(1, &found), Ok(()), "an entry of term {term}");
        }
        group.members[1].durable.apply(wrote(2));
        assert!(group.on_loss(1, &found).is_err(), "one of an earlier term");
    }
}
