//! How long messages take: most of them not long. Some are held until all that they were about is over; some links are
//! slow in one direction, or let go at once what they held for a while.

use quorate::NodeId;

use super::Driver;
use crate::disk::Disk;
use crate::workload::Workload;

/// What is wrong with a link, and until when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Upset {
    until: u64,
    holds: bool,
}

impl<W: Workload, D: Disk + 'static> Driver<W, D> {
    /// From now on, for a message of this size.
    pub(super) fn delay(&mut self, from: NodeId, to: NodeId, size: u64) -> u64 {
        if self.calm {
            return self.dice.wait(1_000);
        }
        let (delay, slow) = (self.parameters.delay_us, self.parameters.us_a_kilobyte);
        let wait = self.dice.wait(delay) + size * slow / 1024;
        let (held, ticks) = (self.parameters.corners.held, self.parameters.corners.held_ticks);
        if self.dice.chance_per_million(held) {
            self.cluster.coverage.messages_held += 1;
            return self.dice.between(1, ticks) * self.parameters.tick_us;
        }
        if let Some(wait) = self.hold_of_leaver(from) {
            return wait;
        }
        let now = self.clock.now;
        match self.upset_links.get(&(from, to)) {
            Some(Upset { until, holds: true }) if *until > now => until - now + self.dice.below(200),
            Some(Upset { until, holds: false }) if *until > now => {
                let ticks = self.dice.between(1, 3 * self.parameters.election_ticks);
                wait + ticks * self.parameters.tick_us
            }
            _ => wait,
        }
    }

    /// At each tick of a node, one of its links may become slow, or hold what it should deliver.
    pub(super) fn upset_a_link(&mut self, from: NodeId) {
        let (slow_link, burst) = (self.parameters.corners.slow_link, self.parameters.corners.burst);
        for (often, holds) in [(slow_link, false), (burst, true)] {
            if !self.dice.chance_per_million(often) {
                continue;
            }
            let to = self.dice.between(1, self.nodes.len() as u64);
            let ticks = self.dice.between(1, self.parameters.corners.link_ticks);
            let until = self.clock.now + ticks * self.parameters.tick_us;
            self.upset_links.insert((from, to), Upset { until, holds });
            self.cluster.coverage.links_upset += 1;
            self.note(from, "link", || {
                let what = if holds { "holds what is sent" } else { "is slow" };
                format!("the link to {to} {what} for {ticks} ticks")
            });
        }
    }
}
