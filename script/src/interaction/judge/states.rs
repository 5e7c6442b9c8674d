//! State machines and configurations: the same everywhere at the same index.

use quorate::types::NodeId;
use quorate::{ConfState, Snapshot};

use super::Judge;
use crate::interaction::member::Member;
use crate::interaction::print;

impl Judge {
    /// A node's state machine is this now. Where it was given another entry that is said already, and
    /// that it is another then is no news.
    pub(super) fn is_at(&mut self, id: NodeId, state: &Snapshot) {
        let index = state.metadata.index;
        let (first, seen) = self.states.entry(index).or_insert_with(|| (id, state.clone()));
        let first = *first;
        let (data, conf_state) = (seen.data == state.data, same(seen, &state.metadata.conf_state));
        if self
            .violations
            .iter()
            .any(|words| words.starts_with("state machine safety"))
        {
            return;
        }
        if !data {
            self.violation(format!(
                "same state: at index {index} {id} has another state than {first} had"
            ));
        }
        if !conf_state {
            self.violation(format!(
                "same configuration: at index {index} {id} has another one than {first} had"
            ));
        }
    }

    /// What a node believes to be the configuration is that of what it has applied. (It may be ahead by a
    /// snapshot that is not installed yet.)
    pub(super) fn configured(&mut self, member: &Member) {
        let Some(node) = member.running() else { return };
        let (Ok(configuration), Some(state)) = (node.membership_status(), member.state()) else {
            return;
        };
        if configuration.index > state.metadata.index || same(state, &configuration.applied) {
            return;
        }
        let (id, index) = (member.id(), state.metadata.index);
        self.violation(format!(
            "same configuration: {id} has {}, what it applied up to {index} makes it {}",
            print::conf_state(&configuration.applied),
            print::conf_state(&state.metadata.conf_state)
        ));
    }
}

fn same(state: &Snapshot, other: &ConfState) -> bool {
    sorted(&state.metadata.conf_state) == sorted(other)
}

/// Scripts name the members in any order.
fn sorted(state: &ConfState) -> ConfState {
    let mut state = state.clone();
    for ids in [
        &mut state.voters,
        &mut state.voters_outgoing,
        &mut state.learners,
        &mut state.learners_next,
    ] {
        ids.sort_unstable();
    }
    state
}
