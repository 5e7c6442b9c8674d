//! What comes before the first state: the group is founded, and what its world says first happens.

use quorate::types::SnapshotMetadata;
use quorate::{ConfState, EntryId, Index, Snapshot};
use quorate_sim::Violation;

use super::candidates::Candidate;
use super::memory::{Done, Memory};
use super::{Group, Move};
use crate::event::Event;
use crate::member::Member;
use crate::note::History;
use crate::system::System;
use crate::world::Before;

/// The first snapshot stands for this index.
const FIRST: Index = 1;

impl Group {
    pub(super) fn begin(&mut self) {
        let mut memory = self.worker();
        let mut moves = Vec::new();
        self.first = self.founded(&mut memory, &mut moves);
        self.prelude = moves;
    }

    fn founded(&self, memory: &mut Memory, moves: &mut Vec<Move>) -> Result<Vec<u32>, Violation> {
        let members: Vec<Member> = self.ids.iter().map(|id| Member::new(*id)).collect();
        let named = self
            .ids
            .iter()
            .zip(&members)
            .map(|(id, member)| (*id, self.identity(member)));
        let named: Vec<_> = named
            .filter(|(id, identity)| *identity != 0 && !self.world.joiners.contains(id))
            .collect();
        let conf_state = ConfState::of_voters(self.world.voters.iter().copied()).with_identities(named);
        let mut history = History::new(FIRST);
        history.judge.configurations.applies(0, FIRST, &conf_state)?;
        let metadata = SnapshotMetadata::new(EntryId { term: 1, index: FIRST }, conf_state);
        let first = Snapshot::new(metadata, 0_u64.to_be_bytes().to_vec());
        let identities: Vec<u64> = members.iter().map(|member| self.identity(member)).collect();
        let mut state: Vec<u32> = members
            .into_iter()
            .map(|member| memory.members.number(member, None))
            .collect();
        state.push(memory.histories.number(history, None));
        state.extend(std::iter::repeat_n(0, self.layout.words()));
        for (node, id) in self.ids.iter().enumerate() {
            let event = if self.world.joiners.contains(id) {
                Event::Join(identities[node])
            } else {
                Event::Found(first.clone(), identities[node])
            };
            state = self.forced(memory, &state, node, event, moves)?;
        }
        for before in &self.world.prelude {
            state = self.before(memory, state, before, moves)?;
        }
        Ok(state)
    }

    fn before(
        &self,
        memory: &mut Memory,
        mut state: Vec<u32>,
        before: &Before,
        moves: &mut Vec<Move>,
    ) -> Result<Vec<u32>, Violation> {
        match before {
            Before::At(id, event) => match self.position(*id) {
                Some(node) => self.forced(memory, &state, node, event.clone(), moves),
                None => Ok(state),
            },
            Before::Silence => {
                for number in state.drain(self.head()..) {
                    moves.push(Move::Lose((**memory.messages.get(number)).clone()));
                }
                Ok(state)
            }
            Before::Settle => {
                while state.len() > self.head() {
                    let place = self.head();
                    let message = memory.messages.get(state[place]).clone();
                    let node = self.position(message.to).unwrap_or(0);
                    let settle = self.world.limit(crate::Kind::Crash) == 0;
                    let mut candidate = Candidate::at(node, memory.delivery(state[place], settle));
                    candidate.message = Some(place);
                    state = self.taken(memory, &state, &candidate, moves)?;
                }
                Ok(state)
            }
        }
    }

    fn forced(
        &self,
        memory: &mut Memory,
        state: &[u32],
        node: usize,
        event: Event,
        moves: &mut Vec<Move>,
    ) -> Result<Vec<u32>, Violation> {
        let candidate = self.force(memory, node, event);
        self.taken(memory, state, &candidate, moves)
    }

    fn taken(
        &self,
        memory: &mut Memory,
        state: &[u32],
        candidate: &Candidate,
        moves: &mut Vec<Move>,
    ) -> Result<Vec<u32>, Violation> {
        moves.push(self.name(memory, state, candidate));
        match self.done(memory, state[candidate.node], candidate.happening) {
            Done::Nothing => Ok(state.to_vec()),
            Done::Wrong(violation) => Err(violation),
            Done::To(led) => {
                let mut next = Vec::new();
                self.lead(memory, &mut next, state, candidate, &led)?;
                Ok(next)
            }
        }
    }
}
