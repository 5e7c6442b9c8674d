//! Does again what was recorded: the same steps on a fresh cluster, without clocks and dice. A step that
//! cannot be done (a message that was never sent, a node that is down) is left out, so that parts of a
//! recording can be replayed too.

mod recording;
mod world;

use crate::cluster::Cluster;
use crate::disk::Disk;
use crate::judge::{Verdict, Violation};
use crate::machine::StateMachine;
use crate::panics::caught;
use crate::parameters::Parameters;
use crate::step::Step;
use crate::trace::Trace;
use crate::workload::{Request, Workload};

pub use recording::{Recording, Unreadable};
pub(crate) use world::group_of;
pub use world::{World, world_of};

/// In microseconds.
const MILLISECOND: u64 = 1_000;

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
    alone(Cluster::<M, D>::drawn(parameters, make_disk), steps)
}

/// The same, with clients that are told what their operations came to. What they say of it is judged after
/// the last step, unless they do not know [what they asked](Workload::asks_again): then they are told nothing.
///
/// When a client gave up is not among the steps: it may be told more than in the run itself.
pub fn replay_clients<W: Workload, D: Disk>(
    parameters: &Parameters,
    steps: &[Step],
    clients: W,
    make_disk: impl Fn() -> D + 'static,
) -> Option<Broken> {
    with_clients(Cluster::drawn(parameters, make_disk), steps, clients)
}

/// The same, and what happened, for a [`timeline`](crate::timeline). A list of steps has no clock: each takes a
/// millisecond there.
pub fn replay_traced<W: Workload, D: Disk>(
    parameters: &Parameters,
    steps: &[Step],
    clients: W,
    make_disk: impl Fn() -> D + 'static,
) -> (Trace, Option<Broken>) {
    let cluster = Cluster::<W::Machine, D>::drawn(parameters, make_disk);
    traced(cluster, Trace::about(parameters), steps, clients)
}

fn traced<W: Workload, D: Disk>(
    cluster: Result<Cluster<W::Machine, D>, Violation>,
    about: Trace,
    steps: &[Step],
    clients: W,
) -> (Trace, Option<Broken>) {
    let mut cluster = match cluster {
        Ok(cluster) => cluster,
        Err(violation) => return (about, Some(Broken { steps: 0, violation })),
    };
    cluster.begin_trace(about);
    let broken = tell_clients(&mut cluster, steps, clients);
    let mut trace = cluster.trace.take().unwrap_or_default();
    trace.end(cluster.now, broken.as_ref().map(|broken| &broken.violation));
    (trace, broken)
}

fn alone<M: StateMachine, D: Disk>(cluster: Result<Cluster<M, D>, Violation>, steps: &[Step]) -> Option<Broken> {
    match cluster {
        Ok(mut cluster) => each(&mut cluster, steps, perform).err(),
        Err(violation) => Some(Broken { steps: 0, violation }),
    }
}

fn with_clients<W: Workload, D: Disk>(
    cluster: Result<Cluster<W::Machine, D>, Violation>,
    steps: &[Step],
    clients: W,
) -> Option<Broken> {
    match cluster {
        Ok(mut cluster) => tell_clients(&mut cluster, steps, clients),
        Err(violation) => Some(Broken { steps: 0, violation }),
    }
}

fn tell_clients<W: Workload, D: Disk>(
    cluster: &mut Cluster<W::Machine, D>,
    steps: &[Step],
    mut clients: W,
) -> Option<Broken> {
    let mut known = true;
    let replayed = each(cluster, steps, |cluster, step| {
        let verdict = caught(
            || "a client".to_owned(),
            || tell(cluster, step, &mut clients, &mut known),
        );
        cluster.sent.clear();
        verdict
    });
    let judged = replayed.and_then(|()| {
        let verdict = if known {
            caught(|| "verdict()".to_owned(), || clients.verdict())
        } else {
            Ok(())
        };
        verdict.map_err(|violation| Broken {
            steps: steps.len(),
            violation,
        })
    });
    judged.err()
}

/// Does one step, with clients.
fn tell<W: Workload, D: Disk>(
    cluster: &mut Cluster<W::Machine, D>,
    step: &Step,
    clients: &mut W,
    known: &mut bool,
) -> Verdict {
    for (operation, request) in asked(step) {
        *known = *known && clients.asks_again(operation, &request);
    }
    let verdict = cluster.step(step.clone());
    for (operation, outcome) in cluster.ended.drain(..).filter(|_| *known) {
        clients.ended(operation, &outcome);
    }
    for command in cluster.committed.drain(..).filter(|_| *known) {
        clients.committed(&command);
    }
    verdict
}

/// What clients ask for by this step, if they do.
fn asked(step: &Step) -> Vec<(u64, Request)> {
    match step {
        Step::Propose { operation, command, .. } => vec![(*operation, Request::Write(command.clone()))],
        Step::ProposeBatch {
            operation, commands, ..
        } => {
            let requests = commands.iter().cloned().map(Request::Write);
            (*operation..).zip(requests).collect()
        }
        Step::Read { operation, query, .. } => vec![(*operation, Request::Read(query.clone()))],
        _ => Vec::new(),
    }
}

fn each<M: StateMachine, D: Disk>(
    cluster: &mut Cluster<M, D>,
    steps: &[Step],
    mut perform: impl FnMut(&mut Cluster<M, D>, &Step) -> Verdict,
) -> Result<(), Broken> {
    for (done, step) in steps.iter().enumerate() {
        cluster.now += MILLISECOND;
        let steps = done + 1;
        perform(cluster, step).map_err(|violation| Broken { steps, violation })?;
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
