//! Does again what was recorded: the same steps on a fresh cluster, without clocks and dice. A step that
//! cannot be done (a message that was never sent, a node that is down) is left out, so that parts of a
//! recording can be replayed too.

use crate::cluster::Cluster;
use crate::disk::Disk;
use crate::judge::Violation;
use crate::machine::StateMachine;
use crate::parameters::Parameters;
use crate::step::Step;

/// What broke in a replay, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// So many steps were done, the last of which broke it.
    pub steps: usize,
    /// What broke.
    pub violation: Violation,
}

/// Does these steps on a fresh cluster; `None` if nothing breaks.
///
/// What the cluster judges is found again: safety, after each step. What a
/// [driver](crate::Driver) judges at the end of a run (liveness, and what clients were told) is not.
pub fn replay<M: StateMachine, D: Disk>(
    parameters: &Parameters,
    steps: &[Step],
    make_disk: impl FnMut() -> D + 'static,
) -> Option<Broken> {
    let mut cluster = match Cluster::<M, D>::drawn(parameters, make_disk) {
        Ok(cluster) => cluster,
        Err(violation) => return Some(Broken { steps: 0, violation }),
    };
    steps
        .iter()
        .enumerate()
        .find_map(|(done, step)| match perform(&mut cluster, step) {
            Ok(()) => None,
            Err(violation) => Some(Broken {
                steps: done + 1,
                violation,
            }),
        })
}

/// Does one step, and forgets what a driver would have to be told.
pub(crate) fn perform<M: StateMachine, D: Disk>(cluster: &mut Cluster<M, D>, step: &Step) -> Result<(), Violation> {
    let verdict = cluster.step(step.clone());
    cluster.sent.clear();
    cluster.ended.clear();
    cluster.committed.clear();
    verdict
}
