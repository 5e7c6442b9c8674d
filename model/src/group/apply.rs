//! From a state by a candidate to the next state.

use std::sync::Arc;

use quorate::NodeId;
use quorate_sim::Violation;
use quorate_sim::judge::Judge;

use super::candidates::Candidate;
use super::memory::{Done, Led, Memory};
use super::{Group, Move};
use crate::budget::Kind;
use crate::event::{Event, Tear};
use crate::happen::{Elected, happen};
use crate::rules::Storing;
use crate::system::Next;

/// What is told of each successor: by what it comes, and what it is.
type Visit<'a> = &'a mut dyn FnMut(&mut Memory, &Candidate, Next<'_>);

impl Group {
    /// All that may happen in a state.
    pub(super) fn explore(&self, memory: &mut Memory, state: &[u32], visit: Visit<'_>) {
        for candidate in self.candidates(memory, state) {
            let Some(led) = self.visit(memory, state, &candidate, visit) else {
                continue;
            };
            let node = self.ids[candidate.node];
            if led.tears.is_empty()
                || self.world.storing == Storing::Asynchronous
                || !self.affords(state, Kind::Crash, node)
            {
                continue;
            }
            for (ready, unsynced) in led.tears.iter().enumerate() {
                for kept in 0..=*unsynced {
                    let happening = memory.torn(candidate.happening, Tear { ready, kept });
                    let mut torn = candidate.clone();
                    torn.happening = happening;
                    torn.costs.push(Kind::Crash);
                    self.visit(memory, state, &torn, visit);
                }
            }
        }
    }

    /// One successor, if the candidate leads anywhere.
    fn visit(&self, memory: &mut Memory, state: &[u32], candidate: &Candidate, visit: Visit<'_>) -> Option<Arc<Led>> {
        if candidate.lost {
            let mut next = std::mem::take(&mut memory.next);
            self.prepare(&mut next, state, candidate);
            visit(memory, candidate, Next::State(&next));
            memory.next = next;
            return None;
        }
        match self.done(memory, state[candidate.node], candidate.happening) {
            Done::Nothing => None,
            Done::Wrong(violation) => {
                visit(memory, candidate, Next::Wrong(violation));
                None
            }
            Done::To(led) => {
                let mut next = std::mem::take(&mut memory.next);
                for dropped in self.dropped(state, candidate, led.sent.len()) {
                    let candidate = Candidate {
                        dropped,
                        ..candidate.clone()
                    };
                    match self.lead(memory, &mut next, state, &candidate, &led) {
                        Ok(true) => visit(memory, &candidate, Next::State(&next)),
                        Ok(false) => visit(memory, &candidate, Next::Beyond),
                        Err(violation) => visit(memory, &candidate, Next::Wrong(violation)),
                    }
                }
                memory.next = next;
                Some(led)
            }
        }
    }

    /// What this does to this member: looked up, or worked out.
    pub(super) fn done(&self, memory: &mut Memory, member: u32, happening: u32) -> Done {
        let key = u64::from(member) << 32 | u64::from(happening);
        if let Some(done) = memory.done.get(&key) {
            return done.clone();
        }
        let before = memory.members.get(member).clone();
        let done = match happen(&before, memory.happening(happening), &self.rules) {
            Ok(None) => Done::Nothing,
            Err(violation) => Done::Wrong(violation),
            Ok(Some(effect)) => {
                let term = effect.member.seen.term.max(effect.member.durable.hard_state.term);
                memory.leds += 1;
                let origin = self
                    .world
                    .symmetric
                    .then(|| (member, Arc::new(memory.happening(happening).clone())));
                Done::To(Arc::new(Led {
                    number: memory.leds,
                    member: memory.members.number(effect.member, origin),
                    term,
                    sent: effect
                        .sent
                        .into_iter()
                        .map(|message| memory.messages.number(message, ()))
                        .collect(),
                    notes: effect.notes.into(),
                    commits: effect.commits,
                    elected: effect.elected,
                    tears: effect.tears,
                }))
            }
        };
        memory.done.insert(key, done.clone());
        done
    }

    /// Which of the messages that are sent are lost at once, where no more may be in flight: as few as that, any.
    fn dropped(&self, state: &[u32], candidate: &Candidate, sent: usize) -> Vec<u32> {
        let taken = usize::from(candidate.message.is_some() && !candidate.keep);
        let flight = state.len() - self.head() - taken;
        let excess = (flight + sent).saturating_sub(self.world.max_in_flight.max(flight));
        if !self.world.crowded || excess == 0 {
            return vec![0];
        }
        let masks = 0..1_u32 << sent.min(16);
        masks.filter(|mask| mask.count_ones() as usize == excess).collect()
    }

    /// Without the message that arrives or is lost, and with what the candidate costs.
    fn prepare(&self, next: &mut Vec<u32>, state: &[u32], candidate: &Candidate) {
        next.clear();
        next.extend_from_slice(state);
        if let Some(place) = candidate.message.filter(|_| !candidate.keep) {
            next.remove(place);
        }
        for kind in &candidate.costs {
            self.layout.spend(self.budget_mut(next), *kind);
        }
        if candidate.ticks > 0 && self.layout.clocks() > 0 {
            let budget = self.budget_mut(next);
            let clock = self.layout.clock(budget, candidate.node) + candidate.ticks;
            self.layout.set_clock(budget, candidate.node, clock);
        }
    }

    /// The next state; `false` if that is beyond the bounds.
    pub(super) fn lead(
        &self,
        memory: &mut Memory,
        next: &mut Vec<u32>,
        state: &[u32],
        candidate: &Candidate,
        led: &Led,
    ) -> Result<bool, Violation> {
        self.prepare(next, state, candidate);
        next[candidate.node] = led.member;
        let past = self.ids.len();
        next[past] = remember(memory, state[past], led, self.world.symmetric)?;
        for counted in &led.commits {
            self.judge_durable(memory, next, self.ids[candidate.node], counted)?;
        }
        if let Some(elected) = &led.elected {
            self.judge_votes(memory, next, self.ids[candidate.node], elected)?;
        }
        let sent = led.sent.iter().enumerate();
        next.extend(
            sent.filter(|(place, _)| !is_dropped(candidate.dropped, *place))
                .map(|(_, sent)| *sent),
        );
        self.sort(memory, next);
        Ok(led.term <= self.world.max_term && next.len() - self.head() <= self.world.max_in_flight)
    }

    /// Messages in an order that does not depend on how the state was reached.
    pub(super) fn sort(&self, memory: &mut Memory, state: &mut [u32]) {
        let messages = &mut state[self.head()..];
        if self.world.ordered {
            messages.sort_by_cached_key(|number| {
                let message = memory.messages.get(*number);
                (message.from, message.to)
            });
            return;
        }
        if let Some(last) = messages.iter().max() {
            memory.messages.catch_up(*last);
        }
        messages.sort_unstable_by_key(|number| (memory.messages.fingerprint(*number), *number));
    }

    /// Who leads has the votes of a quorum, as far as disks still tell: in a later term, or on another one, they do not.
    fn judge_votes(
        &self,
        memory: &mut Memory,
        state: &[u32],
        leader: NodeId,
        elected: &Elected,
    ) -> Result<(), Violation> {
        if self.world.limit(Kind::Wipe) > 0 && !self.world.named {
            return Ok(());
        }
        let mut judge = Judge::new(0);
        for number in &state[..self.ids.len()] {
            let member = memory.members.get(*number);
            let (log, term) = (&member.durable, elected.term);
            let later = log.hard_state.term.max(log.last().term) > term || member.stores > 1 || log.last().index == 0;
            let voted = log.hard_state.term == term && log.hard_state.vote == Some(leader);
            if later || voted || member.id == leader {
                judge.votes(member.id, term, leader)?;
            }
        }
        judge.has_votes(leader, elected.term, &elected.members)
    }

    /// What a leader counts as committed is on the disks of a quorum.
    fn judge_durable(
        &self,
        memory: &mut Memory,
        state: &[u32],
        leader: NodeId,
        counted: &crate::happen::Counted,
    ) -> Result<(), Violation> {
        let numbers: Vec<u32> = state[..self.ids.len()].to_vec();
        let members: Vec<_> = numbers
            .iter()
            .map(|number| memory.members.get(*number).clone())
            .collect();
        let holds = |id: NodeId| {
            let member = self.position(id).map(|position| &members[position]);
            member.is_some_and(|member| member.held_on(counted.members.identity(id), counted.entry))
        };
        Judge::durable(leader, counted.entry, &counted.members, holds)?;
        // By another leader's word, and other settings perhaps.
        let own = self
            .position(leader)
            .is_some_and(|position| members[position].seen.term == counted.entry.term);
        if own {
            Judge::in_groups(leader, counted.entry, &counted.members, &counted.groups, holds)?;
        }
        Ok(())
    }

    pub(super) fn name(&self, memory: &mut Memory, state: &[u32], candidate: &Candidate) -> Move {
        if candidate.lost {
            let number = candidate.message.map_or(0, |place| state[place]);
            return Move::Lose((**memory.messages.get(number)).clone());
        }
        Move::At {
            node: self.ids[candidate.node],
            happening: memory.happening(candidate.happening).clone(),
            keep: candidate.keep,
            dropped: candidate.dropped,
        }
    }

    /// For what comes before the first state.
    pub(super) fn force(&self, memory: &mut Memory, node: usize, event: Event) -> Candidate {
        let settle = self.world.limit(Kind::Crash) == 0;
        let tear = None;
        Candidate::at(node, memory.number(crate::event::Happening { event, tear, settle }))
    }
}

/// Whether the message that was sent as this one is lost at once.
pub(crate) fn is_dropped(dropped: u32, place: usize) -> bool {
    u32::try_from(place).is_ok_and(|place| dropped.checked_shr(place).unwrap_or(0) & 1 == 1)
}

/// The past with what was seen.
fn remember(memory: &mut Memory, past: u32, led: &Led, symmetric: bool) -> Result<u32, Violation> {
    if led.notes.is_empty() {
        return Ok(past);
    }
    let key = u64::from(past) << 32 | u64::from(led.number);
    if let Some(known) = memory.pasts.get(&key) {
        return known.clone();
    }
    let mut history = (**memory.histories.get(past)).clone();
    let noted = led.notes.iter().try_for_each(|note| history.note(note));
    let origin = symmetric.then(|| (past, led.notes.clone()));
    let after = noted.map(|()| memory.histories.number(history, origin));
    memory.pasts.insert(key, after.clone());
    after
}
