//! Commit groups at a leader that is to commit in two of them: which are silent. (The rule: `rules/commit.rs`.)

use alloc::vec::Vec;

use super::{Leader, Rare};
use crate::error::Fault;
use crate::event::Event;
use crate::progress::Progress;
use crate::rules::commit::{self, Committed};
use crate::server::Server;
use crate::storage::Storage;
use crate::types::{Index, NodeId};

/// What such a leader remembers, where silent groups count for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Silence {
    /// Who did not answer between the last two checks of the quorum, and has not since.
    silent: Vec<NodeId>,
    /// Where two groups are asked for, no two can be heard (in a half of a joint configuration, perhaps): a quorum
    /// commits alone.
    suspended: bool,
}

impl Leader {
    /// Up to where two groups hold the log, if that is asked for.
    pub(crate) fn in_groups<S: Storage>(&self, server: &Server<S>) -> Option<Index> {
        let settings = server.config.settings();
        let groups = &settings.commit_groups;
        if groups.is_empty() {
            return None;
        }
        let silence = self.rare.get().map(|rare| &rare.silence);
        let silence = silence.filter(|_| settings.commit_without_silent_groups);
        server.membership.voters().index_in_two_groups(
            |id| self.peer(id).map(Progress::matched),
            |id| groups.group(id),
            |id| silence.is_some_and(|silence| silence.silent.contains(&id)),
        )
    }

    /// That more is committed than is known, if it is.
    fn count<S: Storage>(&self, server: &Server<S>) -> Option<Committed> {
        commit::by_counting(
            server.membership.voters(),
            |id| self.peer(id).map(Progress::matched),
            self.in_groups(server),
            self.term_start,
            server.log.last_index(),
            server.log.committed(),
        )
    }

    /// Moves the commit index as far as a quorum has the log, and two commit groups if that is asked for; `true` if it
    /// moved.
    pub(super) fn advance_commit<S: Storage>(&mut self, server: &mut Server<S>) -> Result<bool, Fault> {
        let Some(proof) = self.count(server) else {
            return Ok(false);
        };
        server.log.commit(&proof, &server.config)?;
        self.on_commit(server);
        Ok(true)
    }

    /// The settings may ask for other groups: what is committed by them comes with the next Ready.
    pub(crate) fn on_settings<S: Storage>(&mut self, server: &Server<S>) {
        self.unsent.commit = self.count(server).is_some();
    }

    /// A peer was heard.
    pub(super) fn end_silence<S: Storage>(&mut self, server: &mut Server<S>, peer: NodeId) {
        let is_silent = |silence: &Silence| silence.silent.contains(&peer);
        if self.rare.get().is_some_and(|rare| is_silent(&rare.silence)) {
            self.rare
                .edit(|rare| rare.silence.silent.retain(|silent| *silent != peer));
            self.note_suspension(server);
        }
    }

    /// The quorum is being checked: who did not answer since it was last is silent. But a leader that does not hear a
    /// quorum is cut off itself, and says nothing of others.
    pub(super) fn judge_silence<S: Storage>(&mut self, server: &mut Server<S>, quorum: bool) -> Result<(), Fault> {
        let settings = server.config.settings();
        let counts = quorum && settings.commit_without_silent_groups && !settings.commit_groups.is_empty();
        if !counts && self.rare.get().is_none() {
            return Ok(());
        }
        let id = server.id();
        let peers = self.peers.iter().filter(|(peer, _)| counts && *peer != id);
        let silent = peers.filter(|(_, progress)| !progress.is_recent_active());
        let silent = silent.map(|(peer, _)| *peer).collect();
        self.rare.edit(|rare| rare.silence.silent = silent);
        self.note_suspension(server);
        if self.advance_commit(server)? {
            self.tell_commit(server)?;
        }
        Ok(())
    }

    /// Tells whether a quorum commits alone, if that is news.
    pub(super) fn note_suspension<S: Storage>(&mut self, server: &mut Server<S>) {
        let groups = &server.config.settings().commit_groups;
        if groups.is_empty() && self.rare.get().is_none() {
            return;
        }
        let asks = |silent: &[NodeId]| {
            let voters = server.membership.voters();
            voters.halves_in_two_groups(|id| groups.group(id), |id| silent.contains(&id))
        };
        let silent = self.rare.get().map_or(&[][..], |rare| &rare.silence.silent);
        let (index, suspended) = (server.log.committed(), asks(silent) < asks(&[]));
        let silence = |rare: &mut Rare| core::mem::replace(&mut rare.silence.suspended, suspended);
        if self.rare.edit(silence) != suspended {
            server.event(if suspended {
                Event::CommitGroupsSuspended { index }
            } else {
                Event::CommitGroupsRestored { index }
            });
        }
    }
}
