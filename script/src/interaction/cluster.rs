//! All nodes of a script, and what is in flight between them.

use quorate::RawNode;
use quorate::types::NodeId;

use super::disk::Disk;
use super::judge::Judge;
use super::member::Member;
use super::pool::{Cargo, Parcel, Pool};
use super::request::Template;
use crate::output::Failure;

/// The nodes in the order in which they were added: ids 1, 2, 3 …
#[derive(Debug, Default)]
pub(crate) struct Cluster {
    pub(crate) members: Vec<Member>,
    pub(crate) pool: Pool,
    pub(crate) judge: Judge,
}

impl Cluster {
    /// Adds nodes that are all alike.
    pub(crate) fn add(&mut self, count: u64, template: &Template) -> Result<(), Failure> {
        for _ in 0..count {
            self.members.push(Member::new(self.next_id(), template)?);
        }
        Ok(())
    }

    /// Puts in flight what a node sends.
    pub(crate) fn send(&mut self, id: NodeId, parcels: Vec<Parcel>) {
        let sender = self.members.iter().find(|member| member.id() == id);
        for parcel in &parcels {
            if let (Cargo::Message(message), Some(sender)) = (&parcel.cargo, sender) {
                self.judge.sent(sender, message);
            }
        }
        self.pool.add(parcels);
    }

    /// Something happened to a node: it is judged.
    pub(crate) fn observe(&mut self, id: NodeId) {
        let mut members = self.members.iter_mut();
        if let Some(member) = members.find(|member| member.id() == id) {
            self.judge.observe(member);
        }
        self.judge.counted(&self.members, id);
    }

    pub(crate) fn observe_all(&mut self) {
        for member in &mut self.members {
            self.judge.observe(member);
        }
        for member in &self.members {
            self.judge.counted(&self.members, member.id());
        }
        self.judge.leases(&self.members);
    }

    /// A node stopped: its own acknowledgements are lost, and its reads.
    pub(crate) fn stopped(&mut self, id: NodeId) {
        self.pool.forget_acks(id);
        self.judge.stopped(id);
    }

    fn next_id(&self) -> NodeId {
        self.members.last().map_or(1, |member| member.id() + 1)
    }

    pub(crate) fn member(&mut self, id: NodeId) -> Result<&mut Member, Failure> {
        let member = self.members.iter_mut().find(|member| member.id() == id);
        member.ok_or_else(|| Failure::new(format!("there is no node {id}")))
    }

    pub(crate) fn node(&mut self, id: NodeId) -> Result<&mut RawNode<Disk>, Failure> {
        self.member(id)?.node()
    }
}
