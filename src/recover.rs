//! Recovery from a lost quorum: of one survivor a new group is made, knowingly.
//!
//! Where a majority of the stores is lost for good, no election is ever won again, and some of what was committed may
//! be gone. Nobody can tell from what is left. This makes the best of it, step by step, and each says what it knows:
//!
//! 1. [`inspect`] the store of every survivor, with all nodes of the group stopped. [`best_of`] says which has most.
//! 2. [`Inspection::plan`] makes a [`Plan`] for that one: a text to be read and signed.
//! 3. [`apply`] takes the plan if the store is still as it was, and hands out the entries that the state machine has
//!    not applied, committed or not ([`Recovery::take_entries`]).
//! 4. [`Recovery::finish`] says what is to be stored: a snapshot of all that, and a new group id. Writing is yours.
//! 5. The node starts alone. All others are wiped, and join it as new nodes do.
//!
//! The whole log is kept, not only what is known to be committed: what clients were told to be committed may be known
//! here as an entry and no more. So an entry that was *never* committed may become so now.
//!
//! What tells the new group from the old is its id, whose [largest bit](crate::types::RECOVERED) says that it was
//! recovered: no message between the two is looked at, also if some nodes of the old group go on or are recovered as
//! well. `docs/lost-quorum.md` is an operator's guide; the argument is D35 in `docs/etcd-differences.md`.
//!
//! ```
//! use quorate::recover::{self, Plan};
//! use quorate::{ConfState, Config, Entry, MemoryStorage, RawNode, bootstrap};
//! use quorate::status::RoleKind;
//!
//! // What is left of three: node 2, which has applied the snapshot, and has two more entries.
//! let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
//! let mut survivor = MemoryStorage::from_snapshot(first);
//! survivor.append(&[
//!     Entry::new(1, 2, "x = 1"),
//!     Entry::new(1, 3, "y = 2"),
//! ])?;
//! let (applied, mut state) = (1, String::new());
//!
//! let inspection = recover::inspect(&survivor, applied)?;
//! assert!(inspection.to_string().contains("may be committed: entries 2 to 3"));
//! let signed = inspection.plan(2)?.to_string();
//!
//! let plan: Plan = signed.parse()?;
//! let mut recovery = recover::apply(&plan, &survivor)?;
//! while let Some(entries) = recovery.take_entries(1 << 20)? {
//!     for entry in entries.iter().filter(|entry| !entry.is_conf_change()) {
//!         state.push_str(&String::from_utf8_lossy(&entry.data));
//!     }
//! }
//! let random = 0x5eed; // from a good random source
//! let recovered = recovery.finish(state.into_bytes().into(), random)?;
//!
//! // In memory; on a disk: a new store, which takes the place of the old one in one step.
//! let store = MemoryStorage::from(recovered.clone());
//! recovered.verify(&store)?;
//! assert!(recover::apply(&plan, &store).is_err(), "once is enough");
//! let mut config = Config::new(2, 43);
//! (config.applied, config.cluster_id) = (3, recovered.cluster_id);
//! let mut node = RawNode::new(config, store)?;
//! assert!(node.campaign().is_err(), "a leader of the old group may hold a lease for a while");
//! node.advance_ticks(10)?;
//! node.campaign()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod digest;
mod error;
mod inspection;
mod plan;
mod recovery;

pub use error::{PlanError, RecoverError};
pub use inspection::Inspection;
pub use plan::Plan;
pub use recovery::{Recovered, Recovery};

use crate::storage::Storage;
use crate::types::{Index, NodeId};

/// Says what a store holds; `applied` as in [`Config::applied`](crate::Config::applied). No node must run on it.
///
/// The log is read from what is applied, or the stored configuration is as of, to its end: if an entry there cannot be
/// read, this store cannot be recovered.
///
/// ```
/// use quorate::{bootstrap, recover, ConfState, MemoryStorage};
/// let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
/// let inspection = recover::inspect(&MemoryStorage::from_snapshot(first), 0)?;
/// assert_eq!((inspection.committed, inspection.last.index), (inspection.last, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn inspect<S: Storage>(storage: &S, applied: Index) -> Result<Inspection, RecoverError> {
    inspection::read(storage, applied)
}

/// [Inspects](inspect) the store of node `id`, and makes a [plan](Inspection::plan) for it.
pub fn plan<S: Storage>(storage: &S, id: NodeId, applied: Index) -> Result<Plan, RecoverError> {
    inspect(storage, applied)?.plan(id)
}

/// The survivor to recover: of those that have all that any of them knows to be committed, the one whose last entry is
/// the greatest, by term and then by index. `None` if there are none, if they are of two groups, or if they
/// contradict each other.
///
/// It has everything that any survivor knows to be committed, and everything that was committed with the help of any
/// survivor (whose disk is none that was lost or set back). Of what only lost stores acknowledged it may have less than
/// another survivor: that was luck, and nothing tells.
///
/// ```
/// use quorate::{bootstrap, recover, ConfState, Entry, MemoryStorage};
/// let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3, 4, 5]))?;
/// let (one, mut other) = (MemoryStorage::from_snapshot(first.clone()), MemoryStorage::from_snapshot(first));
/// other.append(&[Entry::new(1, 2, "")])?;
/// let survivors = [recover::inspect(&one, 0)?, recover::inspect(&other, 0)?];
/// assert_eq!(recover::best_of(&survivors), Some(&survivors[1]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn best_of<'a>(survivors: impl IntoIterator<Item = &'a Inspection> + Clone) -> Option<&'a Inspection> {
    let known = survivors.clone().into_iter().map(|survivor| survivor.committed);
    let known = known.max_by_key(|committed| committed.index)?;
    let mut all = survivors.clone().into_iter();
    let group = all.next()?.cluster_id;
    if all.any(|survivor| survivor.cluster_id != group) {
        return None;
    }
    let holding = survivors.clone().into_iter().filter(|survivor| survivor.holds(known));
    let best = holding.max_by_key(|survivor| (survivor.last, survivor.committed.index))?;
    let agrees = survivors.into_iter().all(|survivor| best.holds(survivor.committed));
    agrees.then_some(best)
}

/// Begins to carry a plan out, over the store that it was made for.
///
/// # Errors
///
/// [`RecoverError::Differs`] if anything that the plan names is not as it was, [`RecoverError::AppliedBefore`] if the
/// store was recovered since.
pub fn apply<'a, S: Storage>(plan: &Plan, storage: &'a S) -> Result<Recovery<'a, S>, RecoverError> {
    recovery::begin(plan, storage)
}
