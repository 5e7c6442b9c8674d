//! Who may stand for election: only a voter of the configuration (section 5.2, thesis 4.2.2) whose log can be read and
//! believed, that promised nobody not to (thesis 6.4.1), and that has applied the changes of the configuration that it
//! knows to be committed.

use super::identity::Disowned;
use crate::error::{CampaignRefusal, Fault};
use crate::stop::Stop;
use crate::types::Index;

/// What keeps a node from standing however long it waits: others, or its storage, have to help it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) votes: bool,
    pub(crate) snapshot_pending: bool,
    pub(crate) snapshot_requested: bool,
    /// The storage cannot be read here.
    pub(crate) corrupt: Option<Index>,
    pub(crate) disowned: Option<Disowned>,
    /// A leader counts on this log up to here, and it does not reach there.
    pub(crate) lost: Option<Index>,
    /// There is no later term, or no index for the entry that opens it.
    pub(crate) exhausted: bool,
}

/// What keeps it from standing now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) leads: bool,
    pub(crate) standing: Standing,
    /// Ticks of silence left after a restart.
    pub(crate) silent: u64,
    /// Ticks left of what it promised to a leader.
    pub(crate) promised: u64,
    /// The leader ordered it to stand (thesis 3.10), and has given up its lease.
    pub(crate) forced: bool,
}

/// Whether a node could stand, sooner or later.
pub(crate) fn may_ever_stand(standing: Standing) -> Result<(), CampaignRefusal> {
    match standing {
        Standing { votes: false, .. } => Err(CampaignRefusal::NotVoter),
        Standing {
            snapshot_pending: true, ..
        } => Err(CampaignRefusal::SnapshotPending),
        Standing {
            snapshot_requested: true,
            ..
        } => Err(CampaignRefusal::SnapshotRequested),
        Standing {
            corrupt: Some(index), ..
        } => Err(CampaignRefusal::Corrupt(index)),
        Standing {
            disowned: Some(Disowned::OtherStore),
            ..
        } => Err(CampaignRefusal::Disowned),
        Standing {
            disowned: Some(Disowned::Unnamed),
            ..
        } => Err(CampaignRefusal::Unnamed),
        Standing { lost: Some(index), .. } => Err(CampaignRefusal::EntriesLost(index)),
        Standing { exhausted: true, .. } => Err(CampaignRefusal::Exhausted),
        Standing { .. } => Ok(()),
    }
}

/// Whether a node may stand now. What has to be looked up in the log is asked for only where it decides: whether
/// the node is `alone`, so that nobody else can have been promised anything, and whether a change of the
/// configuration is known to be committed, and is `unapplied`.
pub(crate) fn may_stand(
    candidate: Candidate,
    alone: impl FnOnce() -> Result<bool, Fault>,
    unapplied: impl FnOnce() -> Result<bool, Fault>,
) -> Result<(), Stop<CampaignRefusal>> {
    let refused = |reason| Err(Stop::Refused(reason));
    let Candidate { silent, promised, .. } = candidate;
    if candidate.leads {
        return refused(CampaignRefusal::Leading);
    }
    may_ever_stand(candidate.standing).map_err(Stop::Refused)?;
    if silent > 0 && !alone()? {
        return refused(CampaignRefusal::Silent(silent));
    }
    if promised > 0 && !candidate.forced {
        return refused(CampaignRefusal::Promised(promised));
    }
    if unapplied()? {
        return refused(CampaignRefusal::UnappliedChange);
    }
    Ok(())
}
