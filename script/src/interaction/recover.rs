//! Liveness: whether nodes that are well, and cut off from all others, get anywhere.

use std::collections::BTreeSet;

use quorate::Storage;
use quorate::status::RoleKind;
use quorate::types::NodeId;

use super::Interaction;
use super::cluster::Cluster;
use crate::output::{Failure, Output};
use quorate_sim::command::Command;

/// Within so many of the longest election timeouts.
const PATIENCE: u64 = 60;

impl Interaction {
    /// Fails if they do not: a failure is heard whatever the log level.
    pub(super) fn recover(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        command.only(&["tick"])?;
        let ids = command.ids()?;
        let mut lengths = command.list::<u64>("tick")?;
        if lengths.is_empty() {
            lengths.resize(ids.len(), 1);
        }
        if lengths.len() != ids.len() || lengths.contains(&0) {
            return Err(Failure::new("tick=(..) says for each node how long its ticks are"));
        }
        let clocks: Vec<(NodeId, u64)> = ids.into_iter().zip(lengths).collect();
        self.cluster.recover(&clocks, &mut out.muted(true))
    }
}

impl Cluster {
    /// Time passes at these nodes, a tick at each after so much; messages take none.
    fn recover(&mut self, clocks: &[(NodeId, u64)], out: &mut Output<'_>) -> Result<(), Failure> {
        let ids: Vec<NodeId> = clocks.iter().map(|(id, _)| *id).collect();
        let mut timeout = 0;
        for &id in &ids {
            self.node(id)?;
            let settings = self.member(id)?.config().settings();
            // Where the timeouts reach further, so does patience.
            let timeouts = settings.election_timeouts().end / 2;
            timeout = timeout.max(settings.election_timeout_ticks).max(timeouts);
        }
        self.pool.keep_between(&ids);
        let slowest = clocks.iter().map(|(_, length)| *length).max().unwrap_or(0);
        let patience = PATIENCE.saturating_mul(timeout).saturating_mul(slowest);
        let mut due: BTreeSet<(u64, NodeId)> = clocks.iter().map(|(id, length)| (*length, *id)).collect();
        while let Some((now, id)) = due.pop_first().filter(|(now, _)| *now <= patience) {
            let length = clocks.iter().find(|(other, _)| *other == id);
            due.extend(length.map(|(_, length)| (now.saturating_add(*length), id)));
            self.judge.resumed(id);
            self.node(id)?.tick()?;
            self.stabilize(&ids, out)?;
            if self.missing(&ids).is_none() {
                return Ok(());
            }
            self.member(id)?.offer_snapshot()?;
        }
        let (missing, words) = (
            self.missing(&ids).unwrap_or_default(),
            ids.iter().map(NodeId::to_string),
        );
        let words = words.collect::<Vec<_>>().join(" ");
        Err(Failure::new(format!(
            "VIOLATION liveness: {missing}, after {PATIENCE} election timeouts in which all was well at {words}"
        )))
    }

    /// What they still lack.
    fn missing(&self, ids: &[NodeId]) -> Option<String> {
        let well = || self.members.iter().filter(|member| ids.contains(&member.id()));
        let led = well().find_map(|member| {
            let node = member.running()?;
            let status = node.status();
            (status.soft_state.role == RoleKind::Leader).then_some((member, node, status))
        });
        let Some((leader, node, status)) = led else {
            return Some("no leader".to_owned());
        };
        let (id, last, commit) = (leader.id(), status.last_index, status.hard_state.commit);
        if leader.disk().term(commit) != Ok(status.hard_state.term) {
            return Some(format!("{id} has not committed in its term"));
        }
        if commit != last {
            return Some(format!("{id} has entries that are not committed"));
        }
        let members = node.membership().members();
        let behind = well().find(|member| members.contains(&member.id()) && member.applied() != last);
        behind.map(|member| format!("{} applied {} of {last}", member.id(), member.applied()))
    }
}
