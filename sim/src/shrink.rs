//! Cuts a failing run down: to the fewest steps, nodes and faults that still break the same property.
//!
//! Every candidate is [replayed](crate::replay::replay), and kept if the property is broken by it too. What
//! remains is *1-minimal* unless the budget ran out: no single step can be left out.
//!
//! ```
//! use quorate_sim::disk::MemoryDisk;
//! use quorate_sim::parameters::{Parameters, Profile};
//! use quorate_sim::shrink::{Failing, shrink};
//! use quorate_sim::{StandardMachine, standard};
//!
//! // A profile in which nodes come back with an empty disk, under their old ids.
//! let parameters = Parameters::draw(9, Profile::OldIdEmptyDisk);
//! let report = standard(&parameters)?.recorded().run(5_000);
//! let failing = Failing::of(&parameters, report).expect("a violation");
//! let shrunk = shrink::<StandardMachine, _>(&failing, MemoryDisk::default).expect("it breaks again");
//! assert!(shrunk.steps.len() < 100);
//! # Ok::<(), quorate_sim::judge::Violation>(())
//! ```

mod clocks;
mod losses;
mod passes;
mod search;

use std::marker::PhantomData;

use crate::Report;
use crate::disk::Disk;
use crate::judge::Violation;
use crate::machine::StateMachine;
use crate::parameters::Parameters;
use crate::replay::{Broken, replay, replay_clients};
use crate::step::Step;
use crate::workload::Workload;

use search::{Bench, Search};

/// Steps that are replayed at most: a few seconds.
const BUDGET: u64 = 30_000_000;

/// A run that broke something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Its parameters.
    pub parameters: Parameters,
    /// What was done.
    pub steps: Vec<Step>,
    /// What broke.
    pub violation: Violation,
}

impl Failing {
    /// What a [recorded](crate::Driver::recorded) run reports, if something broke.
    pub fn of(parameters: &Parameters, report: Report) -> Option<Self> {
        Some(Self {
            parameters: parameters.clone(),
            steps: report.steps,
            violation: report.violation?,
        })
    }
}

/// A failing run that was cut down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// The parameters: those that the seed drew, with fewer voters and plainer settings if that will do.
    pub parameters: Parameters,
    /// The steps that are left.
    pub steps: Vec<Step>,
    /// What they break: the same property, perhaps at other nodes and terms.
    pub violation: Violation,
    /// Candidates that were replayed.
    pub replays: u64,
}

/// Cuts a run down. `None` if its replay does not break the same property.
///
/// Of a group that does not recover, the steps end with a [`Step::Recover`]: what is left is what it takes that
/// these nodes do not get anywhere although all goes well from then on. What rests on delays and clocks
/// during the recovery itself is not found by a replay; then the seed alone has to do. For what clients
/// were told, see [`shrink_clients`].
///
/// Where a property rests on clocks (leases), no node's time is cut but together with that of all others.
pub fn shrink<M: StateMachine, D: Disk>(
    failing: &Failing,
    make_disk: impl Fn() -> D + Clone + 'static,
) -> Option<Shrunk> {
    let replayed = {
        let make_disk = make_disk.clone();
        move |parameters: &Parameters, steps: &[Step]| replay::<M, D>(parameters, steps, make_disk.clone())
    };
    search::<M, D, _, _>(failing, replayed, make_disk)
}

/// The same, with the clients' [verdict](Workload::verdict) as one of the properties. `make_clients` gives
/// them as they were when the run began.
pub fn shrink_clients<W: Workload, D: Disk>(
    failing: &Failing,
    mut make_clients: impl FnMut() -> W,
    make_disk: impl Fn() -> D + Clone + 'static,
) -> Option<Shrunk> {
    let replayed = {
        let make_disk = make_disk.clone();
        move |parameters: &Parameters, steps: &[Step]| {
            replay_clients(parameters, steps, make_clients(), make_disk.clone())
        }
    };
    search::<W::Machine, D, _, _>(failing, replayed, make_disk)
}

fn search<M, D, R, F>(failing: &Failing, replayed: R, make_disk: F) -> Option<Shrunk>
where
    M: StateMachine,
    D: Disk,
    R: FnMut(&Parameters, &[Step]) -> Option<Broken>,
    F: Fn() -> D + Clone + 'static,
{
    let mut bench = Clusters::<M, _, _> {
        replayed,
        make_disk,
        machine: PhantomData,
    };
    let mut search = Search::begin(&mut bench, failing, BUDGET)?;
    passes::all(&mut search);
    Some(search.end())
}

/// Replays on fresh clusters with state machine `M`.
struct Clusters<M, R, F> {
    replayed: R,
    make_disk: F,
    machine: PhantomData<M>,
}

impl<M, D, R, F> Bench for Clusters<M, R, F>
where
    M: StateMachine,
    D: Disk,
    R: FnMut(&Parameters, &[Step]) -> Option<Broken>,
    F: Fn() -> D + Clone + 'static,
{
    fn replay(&mut self, parameters: &Parameters, steps: &[Step]) -> Option<Broken> {
        (self.replayed)(parameters, steps)
    }

    fn without_losses(&mut self, parameters: &Parameters, steps: &[Step]) -> Vec<Step> {
        losses::left_out::<M, D>(parameters, steps, self.make_disk.clone()).unwrap_or_default()
    }
}
