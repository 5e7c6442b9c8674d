//! Clients: each asks for one thing at a time, of any node, and gives up after a while.

use quorate::NodeId;

use super::Driver;
use crate::clock::Due;
use crate::cluster::Outcome;
use crate::disk::Disk;
use crate::judge::Verdict;
use crate::step::Step;
use crate::workload::{Request, Workload};

/// Of a million refusals: the client asks again at once.
const HASTE: u64 = 100_000;

/// A client, as the driver sees it.
#[derive(Clone, Debug, Default)]
pub(super) struct Client {
    /// What it waits for, and where.
    waits: Option<(u64, NodeId)>,
    /// It begins a new session whenever it does not know what became of its last command.
    sessions: u64,
}

impl<W: Workload, D: Disk + 'static> Driver<W, D> {
    pub(super) fn on_client(&mut self, client: u64) -> Verdict {
        if self.calm {
            return Ok(());
        }
        let position = usize::try_from(client).unwrap_or(0);
        let nodes = self.running();
        let knows = self.parameters.corners.flow.max(500_000);
        let favourite = self.leader().filter(|_| self.dice.chance(knows));
        let Some(node) = favourite.or_else(|| self.dice.pick(&nodes).copied()) else {
            let wait = self.parameters.tick_us;
            self.clock.after(wait, Due::Client(client));
            return Ok(());
        };
        self.operations += 1;
        let operation = self.operations;
        self.clients[position].waits = Some((operation, node));
        self.waiting.insert(operation, position);
        let session = client + self.parameters.clients * self.clients[position].sessions;
        let step = match self.workload.ask(operation, session, &mut self.dice) {
            Request::Write(command) => Step::Propose {
                node,
                operation,
                command,
            },
            Request::Read(query) => Step::Read { node, operation, query },
        };
        let verdict = self.perform_at(node, step);
        if self.waits_for(client, operation) {
            let patience = self.dice.between(1, 3) * self.parameters.election_ticks * self.parameters.tick_us;
            self.clock.after(patience, Due::GiveUp { client, operation });
        }
        verdict
    }

    /// Whether a client still waits for this.
    pub(super) fn waits_for(&self, client: u64, operation: u64) -> bool {
        let client = self.clients.get(usize::try_from(client).unwrap_or(usize::MAX));
        client.is_some_and(|client| client.waits.is_some_and(|(waits, _)| waits == operation))
    }

    pub(super) fn on_patience_lost(&mut self, client: u64, operation: u64) {
        let position = usize::try_from(client).unwrap_or(0);
        if let Some((waits, node)) = self.clients[position].waits
            && waits == operation
        {
            self.cluster.give_up(node, operation);
            self.cluster.ended.push((operation, Outcome::Unknown));
            self.tell_clients();
        }
    }

    /// Whoever waited for what has ended asks for something else, after a while.
    pub(super) fn tell_clients(&mut self) {
        for (operation, outcome) in std::mem::take(&mut self.cluster.ended) {
            self.tell_probe(operation, &outcome);
            let Some(position) = self.waiting.remove(&operation) else {
                continue;
            };
            if outcome == Outcome::Unknown {
                self.cluster.coverage.operations_unknown += 1;
                self.clients[position].sessions += 1;
            }
            self.workload.ended(operation, &outcome);
            self.clients[position].waits = None;
            let mut wait = self.dice.wait(self.parameters.think_us);
            if outcome == Outcome::Refused && !self.dice.chance(HASTE) {
                // Else most of what happens where nobody leads is that clients are refused.
                wait += self
                    .dice
                    .below(self.parameters.election_ticks * self.parameters.tick_us);
            }
            self.clock.after(wait, Due::Client(position as u64));
        }
    }
}
