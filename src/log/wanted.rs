//! A snapshot that this node asked for, because its state machine is damaged and its log is not: it replaces the state
//! machine, and nothing of the log.

use alloc::boxed::Box;

use super::{Log, ToApply};
use crate::config::Config;
use crate::entries::Entries;
use crate::storage::Storage;
use crate::types::{Index, Snapshot};

/// Nearly always nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Wanted(Option<Request>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Request {
    /// The snapshot covers what was handed out before: nothing of that is handed out again, and what is applied does
    /// not fall.
    at_least: Index,
    stage: Stage,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Asked,
    /// It came, and is handed out when it may be.
    Arrived(Box<Snapshot>),
    /// The state machine becomes what it says, up to here.
    HandedOut(Index),
}

impl Wanted {
    fn set_stage(&mut self, stage: Stage) {
        if let Some(request) = &mut self.0 {
            request.stage = stage;
        }
    }

    /// What arrived is handed out now.
    fn hand_out(&mut self) -> Option<Box<Snapshot>> {
        let request = self.0.as_mut()?;
        let Stage::Arrived(snapshot) = &mut request.stage else {
            return None;
        };
        let snapshot = core::mem::take(snapshot);
        request.stage = Stage::HandedOut(snapshot.metadata.index);
        Some(snapshot)
    }
}

impl<S: Storage> Log<S> {
    fn request(&self) -> Option<&Request> {
        self.rare.get()?.wanted.0.as_ref()
    }

    /// From the call until the state machine has become the snapshot: what that must cover.
    pub(crate) fn snapshot_request(&self) -> Option<Index> {
        self.request().map(|request| request.at_least)
    }

    /// What a snapshot must cover that is asked for and did not arrive.
    pub(crate) fn awaited_snapshot(&self) -> Option<Index> {
        let asked = self.request().filter(|request| request.stage == Stage::Asked);
        asked.map(|request| request.at_least)
    }

    /// A snapshot is asked for; what it must cover: all that was handed out, and the configuration.
    pub(crate) fn request_snapshot(&mut self, configured_at: Index) -> Index {
        let at_least = self.applying.max(configured_at).max(1);
        let stage = Stage::Asked;
        self.rare
            .edit(|rare| rare.wanted = Wanted(Some(Request { at_least, stage })));
        at_least
    }

    /// It is not asked for any more, nor handed out again.
    pub(crate) fn forget_request(&mut self) {
        if self.rare.get().is_some() {
            self.rare.edit(|rare| rare.wanted = Wanted::default());
        }
    }

    /// This is what was asked for; the log holds its last entry, and that is committed.
    pub(crate) fn take_up(&mut self, snapshot: Box<Snapshot>) {
        self.rare.edit(|rare| rare.wanted.set_stage(Stage::Arrived(snapshot)));
    }

    /// Whether entries may be handed out: not to a state machine that waits to be replaced.
    pub(super) fn may_hand_out_entries(&self) -> bool {
        self.request()
            .is_none_or(|request| matches!(request.stage, Stage::HandedOut(_)))
    }

    /// Whether the snapshot may be handed out: all that was handed out before is acknowledged, so that it comes last,
    /// and what it covers may be applied.
    pub(super) fn has_wanted(&self, config: &Config) -> bool {
        let covered = match self.request().map(|request| &request.stage) {
            Some(Stage::Arrived(snapshot)) => snapshot.metadata.index,
            Some(Stage::Asked | Stage::HandedOut(_)) | None => return false,
        };
        self.applied == self.applying && covered <= self.appliable(config)
    }

    /// The snapshot, if it may be handed out: once.
    pub(super) fn take_wanted(&mut self, config: &Config) -> Option<ToApply> {
        if !self.has_wanted(config) {
            return None;
        }
        let snapshot = self.rare.edit(|rare| rare.wanted.hand_out())?;
        self.applying = self.applying.max(snapshot.metadata.index);
        self.forget(config);
        Some(ToApply {
            snapshot: Some(snapshot),
            entries: Entries::new(),
        })
    }

    /// The state machine has applied up to `index`.
    pub(super) fn note_restored(&mut self, index: Index) {
        let restored = |request: &Request| matches!(request.stage, Stage::HandedOut(covered) if covered <= index);
        if self.request().is_some_and(restored) {
            self.forget_request();
        }
    }
}
