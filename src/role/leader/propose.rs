//! Proposals at the leader: which are taken into the log (section 5.3, first step).

use super::{Leader, leave_joint};
use crate::error::{ChangeRefusal, Fault, ProposeError};
use crate::rules::change;
use crate::server::Server;
use crate::stop::Stop;
use crate::storage::Storage;
use crate::types::{Entry, EntryId, Index, NUMBER_MAX};
use crate::wire;

/// What is proposed at once: one entry, without a list for it, or many.
pub(crate) trait Proposal: AsRef<[Entry]> + IntoIterator<Item = Entry> {}

impl<T: AsRef<[Entry]> + IntoIterator<Item = Entry>> Proposal for T {}

impl Leader {
    /// Appends proposed entries, all or none; where the last one is. `expected`: only if the
    /// configuration did not change after that index.
    pub(crate) fn propose<S: Storage>(
        &mut self,
        server: &mut Server<S>,
        entries: impl Proposal,
        expected: Option<Index>,
    ) -> Result<EntryId, Stop<ProposeError>> {
        let outcome = self.try_propose(server, entries, expected);
        if outcome.is_err() {
            server.counters.proposals_refused = server.counters.proposals_refused.wrapping_add(1);
        }
        outcome
    }

    fn try_propose<S: Storage>(
        &mut self,
        server: &mut Server<S>,
        entries: impl Proposal,
        expected: Option<Index>,
    ) -> Result<EntryId, Stop<ProposeError>> {
        if entries.as_ref().is_empty() {
            return Err(Stop::Refused(ProposeError::Empty));
        }
        if self.peer(server.id()).is_none() {
            return Err(Stop::Refused(ProposeError::Removed));
        }
        if let Some(to) = self.transferee() {
            return Err(Stop::Refused(ProposeError::Transferring { to }));
        }
        let proposed = u64::try_from(entries.as_ref().len()).unwrap_or(NUMBER_MAX);
        if server.log.last_index().saturating_add(proposed) > NUMBER_MAX {
            return Err(Stop::Refused(ProposeError::Exhausted));
        }
        if let Some(expected) = expected {
            check_expected(server, expected)?;
        }
        let changes = entries.as_ref().iter().any(Entry::is_conf_change);
        let change = if changes {
            self.check_changes(server, entries.as_ref())?
        } else {
            None
        };
        let bytes = entries
            .as_ref()
            .iter()
            .fold(0, |sum: u64, entry| sum.saturating_add(entry.payload_len()));
        if !server.log.has_room(bytes, &server.config) {
            let waiting = server.log.uncommitted_bytes();
            return Err(Stop::Refused(ProposeError::Full { waiting }));
        }
        let index = self.append(server, entries);
        self.pending_change = change.unwrap_or(self.pending_change);
        self.broadcast(server)?;
        let term = server.term();
        Ok(EntryId { term, index })
    }

    /// Judges the configuration changes among `entries`; where in the log the last one will be.
    fn check_changes<S: Storage>(
        &self,
        server: &Server<S>,
        entries: &[Entry],
    ) -> Result<Option<Index>, Stop<ProposeError>> {
        let mut pending = self.pending_change;
        let indexes = server.log.last_index().saturating_add(1)..;
        for (entry, index) in entries.iter().zip(indexes).filter(|(entry, _)| entry.is_conf_change()) {
            if !server.config.settings().disable_conf_change_validation {
                let refused = |refusal: ChangeRefusal| Stop::Refused(ProposeError::Change(refusal));
                let change = wire::decode_change(entry).map_err(|error| refused(ChangeRefusal::Undecodable(error)))?;
                let applied = server.log.applied();
                let change = change.into_v2();
                server.check_own_name(&change).map_err(refused)?;
                change::judge(&change, &server.membership, pending, applied).map_err(refused)?;
            }
            pending = index;
        }
        Ok((pending != self.pending_change).then_some(pending))
    }

    /// Entries were applied: if the configuration is joint and to be left without being told to,
    /// now is the time. Tried again at each application until it succeeds.
    pub(crate) fn leave_joint_if_due<S: Storage>(&mut self, server: &mut Server<S>) -> Result<(), Fault> {
        if !server.membership.auto_leave() || server.log.applied() < self.pending_change {
            return Ok(());
        }
        match self.propose(server, [leave_joint()], None) {
            Ok(_) | Err(Stop::Refused(_)) => Ok(()),
            Err(Stop::Fault(fault)) => Err(fault),
        }
    }
}

/// Compare-and-set: no configuration entry may be in the log after `expected`.
fn check_expected<S: Storage>(server: &Server<S>, expected: Index) -> Result<(), Stop<ProposeError>> {
    use crate::storage::StorageError::{Compacted, TemporarilyUnavailable, Unavailable};
    let refused = |refusal: ChangeRefusal| Err(Stop::Refused(ProposeError::Change(refusal)));
    let last = server.log.last_index();
    match server
        .log
        .find_change(expected, last, server.config.settings().max_applying_bytes())
    {
        Ok(None) => Ok(()),
        Ok(Some(entry)) => refused(ChangeRefusal::Changed {
            expected,
            changed: entry.index,
        }),
        Err(Compacted | Unavailable | TemporarilyUnavailable) => refused(ChangeRefusal::Unknown { expected }),
        Err(error) => Err(Stop::Fault(Fault::Storage(error))),
    }
}
