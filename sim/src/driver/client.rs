//! Clients: each asks for one thing at a time, of any node, and gives up after a while.

use bytes::Bytes;
use quorate::{NodeId, ReadMode};

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
        let favourite = self.leader().filter(|_| self.dice.chance_per_million(knows));
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
        let verdict = match self.workload.ask(operation, session, &mut self.dice) {
            Request::Write(command) => self.write(node, operation, command),
            Request::Read(query) => self.read(node, operation, query),
        };
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

    /// A command is proposed; in some runs others come with it, each of a client that asks for nothing else.
    fn write(&mut self, node: NodeId, operation: u64, command: Bytes) -> Verdict {
        let batches = self.parameters.corners.batches;
        if batches == 0 || !self.dice.chance_per_million(batches) {
            return self.perform_at(
                node,
                Step::Propose {
                    node,
                    operation,
                    command,
                },
            );
        }
        let mut commands = vec![command];
        for _ in 0..self.dice.between(0, 3) {
            let next = self.operations + 1;
            let client = self.passer_by(next);
            match self.workload.ask(next, client, &mut self.dice) {
                Request::Write(command) => commands.push(command),
                Request::Read(query) => {
                    // It asks beside them; what is proposed has other names, which count on.
                    self.operations += 1;
                    self.passers_by.insert(next);
                    self.read(node, next, query)?;
                    break;
                }
            }
            self.operations += 1;
            self.passers_by.insert(next);
        }
        self.perform_at(
            node,
            Step::ProposeBatch {
                node,
                operation,
                commands,
            },
        )
    }

    /// A client that comes once.
    pub(super) fn passer_by(&self, operation: u64) -> u64 {
        let clients = self.parameters.clients;
        clients.saturating_mul(1 << 32).saturating_add(operation)
    }

    /// In some runs a read says how it is to be confirmed: by a lease only where clocks are good for one.
    fn read(&mut self, node: NodeId, operation: u64, query: Bytes) -> Verdict {
        let (often, leases) = (self.parameters.corners.read_modes, self.parameters.has_leases());
        let mode = (often > 0 && self.dice.chance_per_million(often)).then(|| {
            let lease = leases && self.dice.chance_per_million(600_000);
            if lease { ReadMode::Lease } else { ReadMode::ReadIndex }
        });
        self.perform_at(
            node,
            Step::Read {
                node,
                operation,
                query,
                mode,
            },
        )
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
                if self.passers_by.remove(&operation) {
                    self.workload.ended(operation, &outcome);
                }
                continue;
            };
            if outcome == Outcome::Unknown {
                self.cluster.coverage.operations_unknown += 1;
                self.clients[position].sessions += 1;
            }
            self.workload.ended(operation, &outcome);
            self.clients[position].waits = None;
            let mut wait = self.dice.wait(self.parameters.think_us);
            if outcome == Outcome::Refused && !self.dice.chance_per_million(HASTE) {
                // Else most of what happens where nobody leads is that clients are refused.
                wait += self
                    .dice
                    .below(self.parameters.election_ticks * self.parameters.tick_us);
            }
            self.clock.after(wait, Due::Client(position as u64));
        }
    }
}
