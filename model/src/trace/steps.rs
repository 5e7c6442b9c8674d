//! A trace as the steps that the simulator knows.

use bytes::Bytes;
use quorate::{Message, NodeId};
use quorate_sim::Violation;
use quorate_sim::step::{MessageRef, Promises, Step};

use crate::event::{Event, Happening};
use crate::group::apply::is_dropped;
use crate::group::{Group, Move};
use crate::happen::{Effect, happen};
use crate::member::Member;
use crate::rules::Storing;

/// The same moves, one after the other, on members and messages of their own: nothing is looked up here.
pub(super) struct Replay<'a> {
    group: &'a Group,
    pub(super) members: Vec<Member>,
    /// In the order in which they were sent.
    flight: Vec<Message>,
    pub(super) steps: Vec<Step>,
    operations: u64,
}

/// The steps of a trace, from the founding of the group on. What each node does by itself between two moves (hand out
/// what there is, store it) is spelt out.
pub fn steps(group: &Group, trace: &[Move]) -> Vec<Step> {
    let mut replay = Replay::new(group);
    for by in group.prelude().iter().chain(trace) {
        if replay.take(by).is_err() {
            break;
        }
    }
    replay.steps
}

impl<'a> Replay<'a> {
    pub(super) fn new(group: &'a Group) -> Self {
        Self {
            group,
            members: group.ids().iter().map(|id| Member::new(*id)).collect(),
            flight: Vec::new(),
            steps: Vec::new(),
            operations: 0,
        }
    }

    /// Takes a move; what is wrong with it comes last.
    pub(super) fn take(&mut self, by: &Move) -> Result<(), Violation> {
        match by {
            Move::Lose(message) => {
                if let Some((place, message)) = self.find(message) {
                    self.flight.remove(place);
                    self.steps.push(Step::Lose { message });
                }
                Ok(())
            }
            Move::At {
                node,
                happening,
                keep,
                dropped,
            } => self.happens(*node, happening, *keep, *dropped),
        }
    }

    fn happens(&mut self, node: NodeId, happening: &Happening, keep: bool, dropped: u32) -> Result<(), Violation> {
        let Some(position) = self.members.iter().position(|member| member.id == node) else {
            return Ok(());
        };
        let operation = self.operations;
        self.operations += 1;
        if let Event::Deliver(message) = &happening.event {
            let Some((place, reference)) = self.find(message) else {
                return Ok(());
            };
            if !keep {
                self.flight.remove(place);
            }
            let message = reference;
            self.steps.push(Step::Deliver { message, keep });
        } else {
            if matches!(happening.event, Event::Restart | Event::Configure) {
                self.steps.extend(configure(self.group, node));
            }
            self.steps.extend(step(node, &happening.event, operation));
        }
        let effect = happen(&self.members[position], happening, self.group.rules());
        let stores = self.group.rules().storing;
        let (readies, tear) = match &effect {
            Ok(Some(effect)) => (effect.readies, happening.tear),
            Ok(None) => (0, None),
            Err(_) => (1, happening.tear),
        };
        if stores == Storing::AtOnce {
            for ready in 0..readies {
                self.steps.extend([Step::Ready { node }, Step::Write { node }]);
                match tear.filter(|tear| tear.ready == ready) {
                    Some(tear) => self.steps.push(Step::Crash { node, kept: tear.kept }),
                    None => self.steps.push(Step::Sync { node }),
                }
            }
        } else if let Some(tear) = tear {
            self.steps.push(Step::Crash { node, kept: tear.kept });
        } else if stores == Storing::Later && happening.event == Event::Write {
            self.steps.push(Step::Sync { node });
        }
        if let Some(Effect { member, sent, .. }) = effect? {
            self.members[position] = member;
            self.send(sent, dropped);
        }
        Ok(())
    }

    /// Some are lost at once, where a world says so.
    fn send(&mut self, sent: Vec<Message>, dropped: u32) {
        let first = self.flight.len();
        self.flight.extend(sent);
        for place in (first..self.flight.len())
            .rev()
            .filter(|place| is_dropped(dropped, place - first))
        {
            let message = self.reference(&self.flight[place], place);
            self.flight.remove(place);
            self.steps.push(Step::Lose { message });
        }
    }

    /// Where a message is, and how another run finds it.
    fn find(&self, message: &Message) -> Option<(usize, MessageRef)> {
        let place = self.flight.iter().position(|other| other == message)?;
        Some((place, self.reference(message, place)))
    }

    fn reference(&self, message: &Message, place: usize) -> MessageRef {
        let (from, to, kind) = (message.from, message.to, message.payload.name());
        let alike = |other: &&Message| (other.from, other.to, other.payload.name()) == (from, to, kind);
        let nth = self.flight[..place].iter().filter(alike).count();
        MessageRef::Nth { from, to, kind, nth }
    }
}

/// What a node promises from its next start on, where that differs.
fn configure(group: &Group, node: NodeId) -> Option<Step> {
    let promises = |again| {
        let config = group.rules().config(node, again);
        let settings = config.settings();
        Promises {
            election_ticks: settings.election_timeout_ticks,
            lease_promises: settings.lease_promises,
            silence_ticks: settings.restart_silence_ticks,
        }
    };
    let promises = [promises(false), promises(true)];
    (promises[0] != promises[1]).then(|| Step::Configure {
        node,
        promises: promises[1],
    })
}

/// What an event is in the simulator; nothing where the group is founded, with which a simulation begins.
fn step(node: NodeId, event: &Event, operation: u64) -> Option<Step> {
    Some(match event {
        Event::Deliver(_) | Event::Found(..) | Event::Configure => return None,
        Event::Tick(ticks) => Step::Tick { node, ticks: *ticks },
        Event::Campaign => Step::Campaign { node },
        Event::Propose(command) => Step::Propose {
            node,
            operation,
            command: command.clone(),
        },
        Event::Read(read) => Step::Read {
            node,
            operation: 1 << 32 | read,
            query: Bytes::new(),
            mode: None,
        },
        Event::Change(change) => Step::Change {
            node,
            change: change.clone(),
            expected: None,
        },
        Event::Transfer(to) => Step::Transfer { node, to: Some(*to) },
        Event::ForgetLeader => Step::ForgetLeader { node },
        Event::RequestSnapshot => Step::RequestSnapshot { node },
        Event::ReportUnreachable(peer) => Step::ReportUnreachable { node, peer: *peer },
        Event::ReportLost(peer, snapshot) => Step::ReportSnapshot {
            node,
            peer: *peer,
            snapshot: *snapshot,
            finished: false,
        },
        Event::Compact => Step::Compact { node, keep: 0 },
        Event::Crash(kept) => Step::Crash { node, kept: *kept },
        Event::Restart => Step::Restart { node },
        Event::Wipe => Step::Wipe { node },
        Event::Join(_) => Step::Join { node },
        Event::Ready => Step::Ready { node },
        Event::Write => Step::Write { node },
        Event::Sync => Step::Sync { node },
        Event::Acknowledge => Step::Acknowledge { node },
        Event::Apply => Step::Apply { node },
    })
}
