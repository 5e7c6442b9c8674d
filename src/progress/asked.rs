//! A snapshot that a peer asks for, beside its log: how the peer is fed has nothing to do with it.

use super::Progress;
use super::past::Asked;
use crate::config::Config;
use crate::types::{EntryId, Index};

impl Progress {
    /// The peer says what a snapshot must cover that it asks for; 0: it asks for none.
    pub(crate) fn note_request(&mut self, at_least: Index) {
        if self.past.asked().at_least != at_least {
            self.past.set_request(at_least);
        }
    }

    /// What a snapshot must cover that the peer asks for, if it does.
    pub(crate) fn asks_for(&self) -> Option<Index> {
        Some(self.past.asked().at_least).filter(|at_least| *at_least > 0)
    }

    /// The same, where none is on its way.
    pub(crate) fn lacks_asked(&self) -> Option<Index> {
        let on_its_way = self.asked_on_its_way().is_some() || matches!(self.state, super::State::Snapshot(_));
        self.asks_for().filter(|_| !on_its_way)
    }

    /// The one that was sent, and the ticks until another is; `None`: never.
    pub(crate) fn asked_on_its_way(&self) -> Option<(EntryId, Option<u64>)> {
        let Asked { last, wait, .. } = self.past.asked();
        last.filter(|_| wait != Some(0)).map(|last| (last, wait))
    }

    /// It goes out.
    pub(crate) fn asked_sent(&mut self, id: EntryId, config: &Config) {
        self.past.asked_sent(id, config.settings().snapshot_stall());
    }

    /// Time passes for it.
    pub(crate) fn wait_for_asked(&mut self, ticks: u64) {
        self.past.pass_asked(ticks);
    }

    /// The caller reports that it did not arrive.
    pub(crate) fn asked_failed(&mut self, id: EntryId) {
        if self.past.asked().last == Some(id) {
            self.past.end_wait_for_asked();
        }
    }
}
