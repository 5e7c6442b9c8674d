//! Taking up a stored log: what it says of itself must add up.

use alloc::string::ToString;

use super::Log;
use super::terms::TermRuns;
use super::uncommitted::Uncommitted;
use super::unstable::Unstable;
use crate::aside::Aside;
use crate::config::Config;
use crate::error::ConfigError;
use crate::membership::Membership;
use crate::rules::change;
use crate::rules::commit::{self, Committed};
use crate::seldom::Seldom;
use crate::storage::{InitialState, Storage, StorageError};
use crate::types::{EntryId, Index, NUMBER_MAX, Term};
use crate::wire;

/// Where a stored log begins and ends, and up to where it was committed and applied.
struct Bounds {
    first: Index,
    last: EntryId,
    commit: Index,
    applied: Index,
}

impl<S: Storage> Log<S> {
    /// Takes up a stored log. The commit index and `config.applied` are lifted to what must be true.
    pub(crate) fn new(storage: S, initial: &InitialState, config: &Config) -> Result<Self, ConfigError> {
        let bounds = Self::bounds(&storage, initial, config.applied)?;
        let mut log = Self {
            storage,
            unstable: Unstable::new(bounds.last.index),
            terms: Aside(TermRuns::new(bounds.last)),
            uncommitted: Uncommitted::default(),
            committed: bounds.commit,
            applying: bounds.applied,
            applied: bounds.applied,
            rare: Seldom::default(),
            applying_bytes: 0,
            applying_paused: false,
            unread_to: bounds.last.index,
            waiting: false,
        };
        log.learn_from_changes(config)?;
        log.measure_uncommitted(config)?;
        debug_assert!(bounds.first <= log.end());
        Ok(log)
    }

    fn bounds(storage: &S, initial: &InitialState, applied: Index) -> Result<Bounds, ConfigError> {
        let (first, last) = (storage.first_index()?, storage.last_index()?);
        let Some(before) = first.checked_sub(1) else {
            return Err(StorageError::Broken("the first index is 0".to_string()).into());
        };
        if last < before || last > NUMBER_MAX {
            return Err(StorageError::Broken("first and last index contradict each other".to_string()).into());
        }
        match applied {
            0 => {}
            _ if applied < before => {
                return Err(ConfigError::AppliedBehindSnapshot {
                    applied,
                    snapshot: before,
                });
            }
            _ if applied > last => return Err(ConfigError::AppliedBeyondLog { applied, last }),
            _ => {}
        }
        let (commit, configured) = (initial.hard_state.commit, initial.conf_state_index);
        if commit > last {
            return Err(ConfigError::CommitBeyondLog { commit, last });
        }
        if configured > last {
            return Err(ConfigError::ConfStateBeyondLog {
                index: configured,
                last,
            });
        }
        if configured < before {
            return Err(ConfigError::ConfStateBehindSnapshot {
                index: configured,
                snapshot: before,
            });
        }
        let applied = applied.max(before);
        let term = storage.term(last)?;
        Ok(Bounds {
            first,
            last: EntryId { term, index: last },
            // A commit index need not be synced, so that the state machine or the configuration may be ahead
            // of it.
            commit: commit.max(applied).max(configured),
            applied,
        })
    }

    /// Whether no leader is known to have been heard: there is a snapshot at most, which every node of the group begins
    /// with, and which is of term 1 by convention.
    pub(crate) fn is_new_store(&self, last_term: Term, config: &Config) -> Result<bool, StorageError> {
        let (first, last) = (self.first_index()?, self.last_index());
        let any_snapshot = !config.settings().snapshot_tells_term;
        Ok(last_term <= 1 && last < first && (last <= 1 || any_snapshot))
    }

    /// The configuration, and as of which index it is: what is applied, or later if it was stored for later. The
    /// changes that were applied since it was stored are made again.
    pub(crate) fn configuration(&self, initial: &InitialState, page: u64) -> Result<(Membership, Index), ConfigError> {
        let mut membership = Membership::restore(&initial.conf_state)?;
        let mut index = initial.conf_state_index;
        while let Some(entry) = self.find_change(index, self.applied, page)? {
            index = entry.index;
            if let Ok(changed) = change::apply(&entry, &membership) {
                membership = changed.membership;
            }
        }
        Ok((membership, initial.conf_state_index.max(self.applied)))
    }

    /// Commits what the stored log proves to be committed though its commit index does not say so: that may be
    /// lost, where a crash tore the batch that brought it. Later, if entries are temporarily unavailable.
    pub(crate) fn learn_from_changes(&mut self, config: &Config) -> Result<(), StorageError> {
        match self.proven_by_changes(config) {
            Ok(proof) => {
                self.unread_to = 0;
                if let Some(proof) = proof {
                    self.move_commit(&proof, config);
                }
                Ok(())
            }
            Err(StorageError::TemporarilyUnavailable) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn proven_by_changes(&self, config: &Config) -> Result<Option<Committed>, StorageError> {
        if config.settings().disable_conf_change_validation && !config.settings().mark_checked_changes {
            return Ok(None); // then two changes in a row prove nothing
        }
        let up_to = self.unread_to.min(self.last_index());
        let (mut last, mut proven) = (None, None);
        while let Some(change) = self.find_change(
            last.unwrap_or(self.committed),
            up_to,
            config.settings().max_applying_bytes(),
        )? {
            let before = last.replace(change.index);
            if !config.settings().mark_checked_changes || wire::is_checked(&change) {
                proven = before
                    .and_then(|index| commit::by_later_change(index, &change))
                    .or(proven);
            }
        }
        Ok(proven)
    }

    /// Measures what waits to be committed (or stored), page by page, and stops at the cap.
    pub(crate) fn measure_uncommitted(&mut self, config: &Config) -> Result<(), StorageError> {
        let mut measured = Uncommitted::default();
        let (cap, last) = (config.settings().uncommitted_cap(), self.last_index());
        if cap == u64::MAX {
            self.uncommitted = measured;
            return Ok(());
        }
        let mut next = self.appliable(config).saturating_add(1);
        while next <= last {
            if measured.bytes() >= cap {
                measured.stop_measuring(last);
                break;
            }
            match self.slice(next, last.saturating_add(1), config.settings().max_message_bytes) {
                Ok(entries) => {
                    next = next.saturating_add(entries.len().try_into().unwrap_or(u64::MAX));
                    measured.extend(&entries);
                }
                Err(StorageError::TemporarilyUnavailable) => {
                    measured.stop_measuring(last);
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        self.uncommitted = measured;
        Ok(())
    }
}
