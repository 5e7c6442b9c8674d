//! A leader's own disk, where it is written asynchronously. A leader may commit before its disk has acknowledged
//! (thesis 10.2.1), so that nothing else shows that the disk has stalled.

use super::Leader;
use crate::config::Config;
use crate::event::Event;
use crate::server::Server;
use crate::storage::Storage;
use crate::types::{Index, NodeId};

/// For how long the disk owes what it owed when a tick passed. When it has stored that, whatever it owes then is
/// looked at next, so that one mark is enough: the lag is seen within two election timeouts, and within one if the
/// disk stores nothing at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct DiskLag {
    /// It owes the log up to here.
    owed: Index,
    /// Ticks since it was seen to.
    ticks: u64,
    /// That it lags was told, and it has not caught up since.
    told: bool,
}

impl DiskLag {
    /// Ticks until something is to be done about it, 0 for now; `None`: nothing.
    fn due(self, config: &Config, hands_over: bool) -> Option<u64> {
        let timeout = config.settings().election_timeout_ticks;
        let left = timeout.saturating_sub(self.ticks);
        if !self.told || (hands_over && left > 0) {
            return Some(left);
        }
        // A transfer has one election timeout, and the proposals have the next.
        let pause = timeout.saturating_mul(2);
        let since = self.ticks.saturating_sub(timeout).checked_rem(pause).unwrap_or(0);
        hands_over.then_some(if since == 0 { 0 } else { pause.saturating_sub(since) })
    }
}

impl Leader {
    fn disk_lag(&self) -> Option<DiskLag> {
        self.rare.get().and_then(|rare| rare.disk)
    }

    /// What the disk owes when so many ticks have passed without a word of it.
    fn disk_after<S: Storage>(&self, server: &Server<S>, ticks: u64) -> Option<DiskLag> {
        let (stored, last) = (server.log.stored(), server.log.last_index());
        if stored >= last || !server.config.settings().async_storage_writes {
            return None;
        }
        let before = self.disk_lag();
        if let Some(lag) = before.filter(|lag| lag.owed > stored) {
            let ticks = lag.ticks.saturating_add(ticks);
            return Some(DiskLag { ticks, ..lag });
        }
        Some(DiskLag {
            owed: last,
            ticks: ticks.saturating_sub(1), // it is the first of them that sees it
            told: before.is_some_and(|lag| lag.told && lag.ticks >= server.config.settings().election_timeout_ticks),
        })
    }

    fn hands_over<S: Storage>(&self, server: &Server<S>) -> bool {
        server.config.settings().transfer_when_disk_lags && !self.is_alone(server)
    }

    /// Ticks until something is due because of the disk.
    pub(super) fn disk_deadline<S: Storage>(&self, server: &Server<S>) -> Option<u64> {
        let lag = self.disk_after(server, 1)?;
        let left = lag.due(&server.config, self.hands_over(server))?;
        Some(left.saturating_add(1))
    }

    /// Ticks pass.
    pub(super) fn wait_for_disk<S: Storage>(&mut self, server: &Server<S>, ticks: u64) {
        if self.disk_lag().is_some() || server.log.has_unstable_entries() {
            let disk = self.disk_after(server, ticks);
            self.rare.edit(|rare| rare.disk = disk);
        }
    }

    /// A tick has passed: if the disk lags, says so once; who is to lead instead, if anybody.
    pub(super) fn judge_disk<S: Storage>(&mut self, server: &mut Server<S>) -> Option<NodeId> {
        let hands_over = self.hands_over(server);
        let lag = self.disk_lag()?;
        if lag.due(&server.config, hands_over) != Some(0) {
            return None;
        }
        if !lag.told {
            self.rare.edit(|rare| rare.disk = Some(DiskLag { told: true, ..lag }));
            server.event(Event::DiskLagging { ticks: lag.ticks });
        }
        // Who cannot store its vote must not be needed for the election: the others have committed without it.
        let dispensable = server.log.committed() > server.log.stored();
        self.most_up_to_date(server).filter(|_| hands_over && dispensable)
    }
}
