//! A recording without its losses: messages that are lost stay in flight, and are never delivered.

use crate::cluster::Cluster;
use crate::disk::Disk;
use crate::judge::Violation;
use crate::machine::StateMachine;
use crate::member::Member;
use crate::parameters::Parameters;
use crate::replay::perform;
use crate::step::{MessageRef, Step};

/// The steps without those that lose a message. Nothing else changes: a loss is noticed by nobody, but
/// the messages that are delivered have other places among those in flight.
pub(super) fn left_out<M: StateMachine, D: Disk>(
    parameters: &Parameters,
    steps: &[Step],
    make_disk: impl Fn() -> D + Clone + 'static,
) -> Result<Vec<Step>, Violation> {
    let mut lossy = Cluster::<M, D>::drawn(parameters, make_disk.clone())?;
    let mut lossless = Cluster::<M, D>::drawn(parameters, make_disk)?;
    let mut left = Vec::new();
    for step in steps {
        let mut there = step.clone();
        let mut here = Some(step.clone());
        match step {
            Step::Lose { .. } => here = None,
            Step::Deliver { message, keep } => {
                // The same message has the same number in both, and not the same place.
                let Some(message) = lossy.find(*message).map(MessageRef::Id) else {
                    continue;
                };
                let keep = *keep;
                there = Step::Deliver { message, keep };
                here = lossless
                    .describe(message)
                    .map(|message| Step::Deliver { message, keep });
                let arrives = |step: &Step| {
                    step.node()
                        .and_then(|to| lossless.member(to))
                        .is_some_and(Member::is_up)
                };
                here = here.filter(|step| keep || arrives(step));
            }
            Step::Stray { message, named } => {
                let Some(message) = lossy.find(*message).map(MessageRef::Id) else {
                    continue;
                };
                let named = *named;
                there = Step::Stray { message, named };
                here = lossless.describe(message).map(|message| Step::Stray { message, named });
            }
            _ => {}
        }
        let verdict = perform(&mut lossy, &there);
        if let Some(step) = here {
            let same = perform(&mut lossless, &step);
            left.push(step);
            if verdict.and(same).is_err() {
                break;
            }
        }
    }
    Ok(left)
}
