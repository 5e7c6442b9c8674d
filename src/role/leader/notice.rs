//! When followers are told of what is committed: at once, or with what is sent anyway.

use super::{Leader, send};
use crate::error::Fault;
use crate::server::Server;
use crate::storage::Storage;

impl Leader {
    /// Whether what is committed may wait to be told. A change of the configuration does not: members that do not know
    /// of it count, and campaign, by the one before.
    fn may_defer_notice<S: Storage>(&self, server: &Server<S>) -> bool {
        server.config.settings().commit_notice_ticks > 0 && self.pending_change <= server.log.applied()
    }

    /// More is committed.
    pub(super) fn tell_commit<S: Storage>(&mut self, server: &mut Server<S>) -> Result<(), Fault> {
        if self.tells_at_once(server) {
            return self.broadcast(server);
        }
        Ok(())
    }

    /// Whether a peer that can use the commit index is to have it at once; if not, it is owed.
    pub(super) fn tells_at_once<S: Storage>(&mut self, server: &Server<S>) -> bool {
        let at_once = !self.may_defer_notice(server);
        if !at_once {
            self.owe_notice(server);
        }
        at_once
    }

    /// The oldest that is owed counts.
    fn owe_notice<S: Storage>(&mut self, server: &Server<S>) {
        if self.notice_in == 0 && !self.is_alone(server) {
            self.notice_in = server.config.settings().commit_notice_ticks;
        }
    }

    /// A follower's read was answered, with an index that it may not know to be committed.
    pub(super) fn hasten_notice<S: Storage>(&mut self, server: &Server<S>) {
        // Whether or not a notice is owed already: the commit that the read waited for may be the one that owes it.
        self.unsent.appends |= server.config.settings().commit_notice_ticks > 0;
    }

    /// A tick passes. At the last one, those are told whom nothing else has told.
    pub(super) fn give_notice<S: Storage>(&mut self, server: &mut Server<S>) -> Result<(), Fault> {
        let due = self.notice_in == 1;
        self.wait_for_notice(1);
        if !due {
            return Ok(());
        }
        let committed = server.log.committed();
        self.each_peer(server, |server, to, peer| {
            if peer.can_use_commit(committed) {
                send::append(server, to, peer, true)?;
            }
            Ok(())
        })
    }

    /// Ticks pass in which none is due.
    pub(super) fn wait_for_notice(&mut self, ticks: u64) {
        self.notice_in = self.notice_in.saturating_sub(ticks);
    }

    /// Ticks until one is.
    pub(super) fn notice_deadline(&self) -> Option<u64> {
        (self.notice_in > 0).then_some(self.notice_in)
    }
}
