//! A group whose quorum is lost: what is left on its disks, and the group that is made of one of them.

use quorate::recover::{self, Inspection, Plan, Recovered};
use quorate::types::ClusterId;
use quorate::{Config, Entry, Index, NodeId, Storage};

use super::identity::Store;
use super::lifecycle::Begin;
use super::{Cluster, unexpected};
use crate::disk::Disk;
use crate::judge::{Verdict, Violation, is_quorum};
use crate::machine::StateMachine;
use crate::member::{Life, Member};
use crate::parameters::Names;
use crate::shadow::{Shadow, digest};
use crate::trace::What;

const KEPT: &str = "a recovery keeps what the survivor has";

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    /// What is on the disk of a node that is down, if anything is.
    pub(crate) fn inspect(&self, id: NodeId) -> Result<Option<Inspection>, Violation> {
        let Some(Life::Down(disk)) = self.member(id).map(|member| &member.life) else {
            return Ok(None);
        };
        match recover::inspect(disk, 0) {
            Ok(inspection) => Ok(Some(inspection)),
            Err(recover::RecoverError::Empty) => Ok(None),
            Err(error) => Err(unexpected(id, "inspect", &error)),
        }
    }

    /// Whether these survivors have something in common with every quorum by which the last entry can have been
    /// committed: of the newest configuration, and of the one before.
    pub(crate) fn meet_every_quorum(&self, survivors: &[NodeId]) -> bool {
        let configurations = &self.judge.configurations;
        let Some((newest, state)) = configurations.latest() else {
            return false;
        };
        let before = configurations.at(newest.saturating_sub(1));
        [Some(state), before].into_iter().flatten().all(|state| {
            let named = |id| state.identity(id).unwrap_or(0);
            let has_store = |id| self.member(id).is_some_and(|member| member.identity == named(id));
            let survives = |id| survivors.contains(&id) && has_store(id);
            !is_quorum(state, |id| !survives(id))
        })
    }

    /// Whether the disk of this node holds everything that was ever committed.
    pub(crate) fn holds_all(&self, id: NodeId) -> Verdict {
        let durable = self.member(id).map(|member| &member.durable);
        let nothing = Shadow::default();
        self.judge.leader_holds(id, u64::MAX, durable.unwrap_or(&nothing))
    }

    /// Recovers the store of a node that is down. The store is lost to this group then.
    pub(crate) fn survive(&mut self, id: NodeId, random: ClusterId) -> Result<Option<Recovered>, Violation> {
        let Some(member) = self.member(id) else { return Ok(None) };
        let Life::Down(disk) = &member.life else {
            return Ok(None);
        };
        let refused = |error: recover::RecoverError| unexpected(id, "a recovery", &error);
        let (mut machine, mut applied) = (M::default(), 0);
        let snapshot = disk.latest_snapshot();
        let snapshot = snapshot.map_err(|error| unexpected(id, "its snapshot", &error))?;
        if !snapshot.is_empty() {
            applied = snapshot.metadata.index;
            let restored = machine.restore(&snapshot.data);
            restored.map_err(|error| unexpected(id, "its state machine", &error))?;
        }
        let text = match recover::plan(disk, id, applied) {
            Err(recover::RecoverError::NotMember { .. }) => return Ok(None),
            plan => plan.map_err(refused)?.to_string(),
        };
        let plan: Plan = text.parse().map_err(|error| unexpected(id, "a plan", &error))?;
        let mut recovery = recover::apply(&plan, disk).map_err(refused)?;
        while let Some(entries) = recovery.take_entries(200).map_err(refused)? {
            for entry in &entries {
                check_kept(member, entry, applied)?;
                applied = entry.index;
                if !entry.is_conf_change() && !entry.data.is_empty() {
                    machine.apply(&entry.data);
                }
            }
        }
        if applied != member.durable.last().index {
            let last = member.durable.last();
            return Err(Violation::new(
                KEPT,
                format!("{id}: {applied} is applied, and {last} is there"),
            ));
        }
        let state = machine.snapshot();
        let recovered = recovery.finish(state.clone(), random).map_err(refused)?;
        if self.judge.is_committed(member.durable.last()) {
            self.judge.replicas.is_at(id, applied, &state)?;
        }
        self.retire(id);
        Ok(Some(recovered))
    }

    /// A node is gone for good, and its disk with it.
    pub(crate) fn retire(&mut self, id: NodeId) {
        let Some(member) = self.member_mut(id) else { return };
        member.life = Life::Gone;
        let lost = std::mem::take(&mut member.durable);
        member.lost.push((std::mem::take(&mut member.identity), lost));
        self.note(id, || What::Note {
            kind: "disk",
            text: "it is gone for good".to_owned(),
        });
    }

    /// Where all logs begin.
    pub(crate) fn began_at(&self) -> Index {
        self.judge.base()
    }

    /// Of the entries up to this one, how many were known to be committed.
    pub(crate) fn committed_up_to(&self, last: Index) -> Index {
        self.judge.committed().min(last)
    }

    /// The group that begins with a recovered store; nodes up to `nodes` are there and have empty ones.
    pub(crate) fn of_recovered(
        seed: u64,
        recovered: &Recovered,
        nodes: u64,
        make_disk: impl Fn() -> D + 'static,
        settings: impl Fn(NodeId) -> Config + 'static,
    ) -> Result<Self, Violation> {
        let names = if recovered.identity == 0 {
            Names::Ids
        } else {
            Names::Stores
        };
        let mut cluster = Self::empty(seed, names, make_disk, settings);
        let metadata = &recovered.snapshot.metadata;
        cluster.judge = crate::judge::Judge::new(metadata.index);
        cluster.group = recovered.cluster_id;
        let configurations = &mut cluster.judge.configurations;
        configurations.applies(0, metadata.index, &metadata.conf_state)?;
        for id in 1..=nodes {
            if id == recovered.node_id {
                let store = cluster.recovered_store(recovered);
                cluster.add(id, store, &Begin::Recovered(recovered))?;
                cluster.verify(recovered)?;
            } else {
                let store = cluster.new_store(id, 1)?;
                cluster.add(id, store, &Begin::Empty)?;
            }
        }
        Ok(cluster)
    }

    fn recovered_store(&mut self, recovered: &Recovered) -> Store<D> {
        let mut disk = (self.make_disk)();
        let told = disk.set_cluster_id(recovered.cluster_id);
        let named = recovered.identity != 0 && disk.set_identity(recovered.identity);
        Store {
            disk,
            cluster_id: if told { recovered.cluster_id } else { 0 },
            identity: if named { recovered.identity } else { 0 },
        }
    }

    fn verify(&self, recovered: &Recovered) -> Verdict {
        let id = recovered.node_id;
        let Some(node) = self.member(id).and_then(Member::node) else {
            return Ok(());
        };
        let written = recovered.verify(node.storage());
        written.map_err(|error| unexpected(id, "its recovered store", &error))
    }
}

/// The entry is the one that was written there, and the next.
fn check_kept<M, D: Storage>(member: &Member<M, D>, entry: &Entry, applied: Index) -> Verdict {
    let held = member.durable.entry(entry.index) == Some((entry.term, digest(entry)));
    if held && entry.index == applied + 1 {
        return Ok(());
    }
    let detail = format!("{}: {} comes after {applied}", member.id, entry.id());
    Err(Violation::new(KEPT, detail))
}
