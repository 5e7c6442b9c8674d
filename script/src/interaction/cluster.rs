//! All nodes of a script, and what is in flight between them.

use quorate::types::NodeId;
use quorate::{Config, RawNode, Snapshot};

use super::disk::Disk;
use super::member::Member;
use super::pool::Pool;
use crate::output::Failure;

/// The nodes in the order in which they were added: ids 1, 2, 3 …
#[derive(Debug, Default)]
pub(crate) struct Cluster {
    pub(crate) members: Vec<Member>,
    pub(crate) pool: Pool,
}

impl Cluster {
    /// Adds nodes that all begin with the same snapshot.
    pub(crate) fn add(&mut self, count: u64, template: &Config, initial: &Snapshot) -> Result<(), Failure> {
        for _ in 0..count {
            let mut config = template.clone();
            config.id = self.next_id();
            self.members.push(Member::new(config, initial.clone())?);
        }
        Ok(())
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
