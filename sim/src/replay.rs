//! Does again what was recorded: the same steps on a fresh cluster, without clocks and dice. A step that
//! cannot be done (a message that was never sent, a node that is down) is left out, so that parts of a
//! recording can be replayed too.

mod recording;
mod world;

use crate::cluster::Cluster;
use crate::disk::Disk;
use crate::judge::{Verdict, Violation};
use crate::machine::StateMachine;
use crate::parameters::Parameters;
use crate::step::Step;
use crate::workload::{Request, Workload};

pub use recording::{Recording, Unreadable};
pub(crate) use world::group_of;
pub use world::{World, world_of};

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
/// What the cluster judges is found again: safety, after each step, and by a last [`Step::Recover`] whether
/// a majority that is well makes progress. For what clients were told, see [`replay_clients`].
pub fn replay<M: StateMachine, D: Disk>(
    parameters: &Parameters,
    steps: &[Step],
    make_disk: impl Fn() -> D + 'static,
) -> Option<Broken> {
    let cluster = Cluster::drawn(parameters, make_disk);
    each::<M, D>(cluster, steps, |cluster, step| perform(cluster, step)).err()
}

/// The same, with clients that are told what their operations came to. What they say of it is judged after
/// the last step. `None` too if they do not know [what they asked](Workload::asks_again).
///
/// When a client gave up is not among the steps: it may be told more than in the run itself.
pub fn replay_clients<W: Workload, D: Disk>(
    parameters: &Parameters,
    steps: &[Step],
    mut clients: W,
    make_disk: impl Fn() -> D + 'static,
) -> Option<Broken> {
    let mut known = true;
    let cluster = Cluster::drawn(parameters, make_disk);
    let replayed = each::<W::Machine, D>(cluster, steps, |cluster, step| {
        tell(cluster, step, &mut clients, &mut known)
    });
    finish(replayed, steps.len(), &mut clients).filter(|_| known)
}

/// Does one step and tells the clients of it; `known` is whether they knew all that they asked.
fn tell<W: Workload, D: Disk>(
    cluster: &mut Cluster<W::Machine, D>,
    step: &Step,
    clients: &mut W,
    known: &mut bool,
) -> Verdict {
    if let Some((operation, request)) = asked(step) {
        *known &= clients.asks_again(operation, &request);
    }
    let verdict = cluster.step(step.clone());
    cluster.sent.clear();
    for (operation, outcome) in cluster.ended.drain(..) {
        clients.ended(operation, &outcome);
    }
    for command in cluster.committed.drain(..) {
        clients.committed(&command);
    }
    verdict
}

/// What broke, be it only in the eyes of clients after all these steps.
fn finish(replayed: Result<(), Broken>, steps: usize, clients: &mut impl Workload) -> Option<Broken> {
    let judged = replayed.and_then(|()| clients.verdict().map_err(|violation| Broken { steps, violation }));
    judged.err()
}

/// What a client asks for by this step, if one does.
fn asked(step: &Step) -> Option<(u64, Request)> {
    match step {
        Step::Propose { operation, command, .. } => Some((*operation, Request::Write(command.clone()))),
        Step::Read { operation, query, .. } => Some((*operation, Request::Read(query.clone()))),
        _ => None,
    }
}

fn each<M: StateMachine, D: Disk>(
    cluster: Result<Cluster<M, D>, Violation>,
    steps: &[Step],
    mut perform: impl FnMut(&mut Cluster<M, D>, &Step) -> Verdict,
) -> Result<(), Broken> {
    let broken = |steps, violation| Broken { steps, violation };
    let mut cluster = cluster.map_err(|violation| broken(0, violation))?;
    for (done, step) in steps.iter().enumerate() {
        perform(&mut cluster, step).map_err(|violation| broken(done + 1, violation))?;
    }
    Ok(())
}

/// Does one step, and forgets what a driver would have to be told.
pub(crate) fn perform<M: StateMachine, D: Disk>(cluster: &mut Cluster<M, D>, step: &Step) -> Verdict {
    let verdict = cluster.step(step.clone());
    cluster.sent.clear();
    cluster.ended.clear();
    cluster.committed.clear();
    verdict
}
