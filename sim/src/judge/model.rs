//! What a change makes of a configuration, worked out node by node and not by the core, whose changes are judged.

use std::collections::BTreeMap;

use quorate::membership::{ConfChangeKind, ConfChangeV2, Transition};
use quorate::types::Identity;
use quorate::{ConfState, NodeId};

/// What a node is in a configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Part {
    incoming: bool,
    outgoing: bool,
    learns: bool,
    learns_next: bool,
    identity: Option<Identity>,
}

impl Part {
    fn is_member(self) -> bool {
        self.incoming || self.outgoing || self.learns
    }
}

/// The configuration after this change; `None` if it cannot be made, and is ignored.
pub fn after(before: &ConfState, change: &ConfChangeV2) -> Option<ConfState> {
    let joint = !before.voters_outgoing.is_empty();
    let mut parts = parts_of(before);
    if change.changes.is_empty() && change.transition == Transition::Auto {
        joint.then(|| parts.values_mut().for_each(leave))?;
        return Some(state_of(&parts, false));
    }
    let (enters, auto_leave) = match change.transition {
        Transition::Auto => (change.changes.len() > 1, true),
        Transition::JointImplicit => (true, true),
        Transition::JointExplicit => (true, false),
    };
    if joint || (enters && before.voters.is_empty()) {
        return None;
    }
    if enters {
        parts.values_mut().for_each(|part| part.outgoing = part.incoming);
    }
    let old = parts.clone();
    for single in change.changes.iter().filter(|single| single.node_id != 0) {
        let part = parts.entry(single.node_id).or_default();
        if single.kind == ConfChangeKind::UpdateNode {
            continue;
        }
        (part.incoming, part.learns, part.learns_next) = match single.kind {
            ConfChangeKind::AddNode => (true, false, false),
            ConfChangeKind::AddLearnerNode => (false, !part.outgoing, part.outgoing),
            _ => (false, false, false),
        };
    }
    let was = |id: &NodeId| old.get(id).copied().unwrap_or_default();
    let moved = parts.iter().filter(|(id, part)| part.incoming != was(id).incoming);
    if !parts.values().any(|part| part.incoming) || (!enters && moved.count() > 1) {
        return None;
    }
    name(&mut parts, &old, change);
    Some(state_of(&parts, enters && auto_leave))
}

/// The outgoing half is gone, and who waited for that learns.
fn leave(part: &mut Part) {
    part.learns |= part.learns_next;
    (part.outgoing, part.learns_next) = (false, false);
}

/// Stores get the names that are given to nodes that were no members, or to a member by a change that does no more.
fn name(parts: &mut BTreeMap<NodeId, Part>, old: &BTreeMap<NodeId, Part>, change: &ConfChangeV2) {
    for single in change.changes.iter().filter(|single| single.identity != 0) {
        let was = old.get(&single.node_id).copied().unwrap_or_default();
        let given = match single.kind {
            ConfChangeKind::AddNode | ConfChangeKind::AddLearnerNode => !was.is_member(),
            ConfChangeKind::UpdateNode => change.changes.len() == 1 && was.identity.is_none(),
            _ => false,
        };
        if let Some(part) = parts.get_mut(&single.node_id).filter(|_| given) {
            part.identity = Some(single.identity);
        }
    }
}

fn parts_of(state: &ConfState) -> BTreeMap<NodeId, Part> {
    let mut parts: BTreeMap<NodeId, Part> = BTreeMap::new();
    let mut each = |ids: &[NodeId], set: fn(&mut Part)| ids.iter().for_each(|id| set(parts.entry(*id).or_default()));
    each(&state.voters, |part| part.incoming = true);
    each(&state.voters_outgoing, |part| part.outgoing = true);
    each(&state.learners, |part| part.learns = true);
    each(&state.learners_next, |part| part.learns_next = true);
    for (id, identity) in &state.identities {
        parts.entry(*id).or_default().identity = Some(*identity);
    }
    parts
}

fn state_of(parts: &BTreeMap<NodeId, Part>, auto_leave: bool) -> ConfState {
    let ids = |is: fn(&Part) -> bool| {
        let those = parts.iter().filter(|(_, part)| is(part));
        those.map(|(id, _)| *id).collect::<Vec<NodeId>>()
    };
    let members = parts.iter().filter(|(_, part)| part.is_member());
    ConfState::of_voters(ids(|part| part.incoming))
        .with_voters_outgoing(ids(|part| part.outgoing))
        .with_learners(ids(|part| part.learns))
        .with_learners_next(ids(|part| part.learns_next))
        .with_auto_leave(auto_leave)
        .with_identities(members.filter_map(|(id, part)| Some((*id, part.identity?))))
}
