//! A trace as a recording: what the simulator does again, and `quorate-script` runs.

use quorate_sim::Violation;
use quorate_sim::parameters::Names;
use quorate_sim::replay::{Recording, World};

use crate::group::{Group, Move};

/// The steps of a trace, with the cluster that they are done to. Printed it is a script of the conformance runner,
/// which fails at its end, `check`, as long as the fault is there; and the simulator can do it again.
pub fn recording(group: &Group, trace: &[Move], violation: &Violation) -> Recording {
    let settings = |id| group.rules().config(id, false).settings().clone();
    let world = group.world();
    Recording {
        about: format!("{violation}\nFound by quorate-model."),
        world: World {
            seed: 0,
            group: 1,
            names: if world.named { Names::Stores } else { Names::Ids },
            founders: world.voters.iter().map(|id| settings(*id)).collect(),
            joining: world.joiners.iter().map(|id| (*id, settings(*id))).collect(),
        },
        steps: super::steps(group, trace),
    }
}
