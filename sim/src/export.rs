//! Writes a run as a script of the conformance runner (`quorate-script`), one command a line and block, so
//! that what a simulation found stays as a plain regression test.
//!
//! The script says nothing but the verdict of its last command, `check` (or `recover`, before it): expected is `ok`, so that it fails
//! as long as the bug is there, and passes once it is mended, whatever the nodes do differently then.
//!
//! The nodes of the script have the settings and seeds of the simulation's, and do the same. What differs:
//!
//! * Commands are words of their own, as long as those of the simulation where sizes matter; the runner's
//!   state machine joins them.
//! * A batch is written when it is taken, not later. This shows where the state machine is compacted in
//!   between and a crash then keeps some of the writes.
//! * What a node promises is as in the beginning: a change of that is a comment.
//! * Stores have no identities, and changes name none: a comment says so where the simulation's do.
//! * `check` judges less than the simulation does: state machines of its own, no clients, no disks that
//!   lie. The nodes are left to themselves at the end, so that what went wrong shows. Where `check` does
//!   not know the property, a comment says so.

mod flight;
mod settings;
mod translate;

use std::fmt::Write;

use crate::disk::Disk;
use crate::judge::Violation;
use crate::machine::StateMachine;
use crate::parameters::Parameters;
use crate::step::Step;

use translate::Translator;

/// The properties that the runner's `check` and `recover` judge too.
const JUDGED: [&str; 13] = [
    "liveness",
    "election safety",
    "leader completeness",
    "state machine safety",
    "log matching",
    "one vote a term",
    "stale read",
    "leases do not overlap",
    "committed entries exist",
    "committed is durable on a quorum",
    "persist before send",
    "same configuration",
    "same state",
];

/// These steps on a cluster with these parameters, as a script.
pub fn script<M: StateMachine, D: Disk>(
    parameters: &Parameters,
    steps: &[Step],
    violation: &Violation,
    make_disk: impl Fn() -> D + 'static,
) -> Result<String, Violation> {
    let mut translator = Translator::<M, D>::begin(parameters, make_disk)?;
    for step in steps {
        if translator.perform(step).is_err() {
            break;
        }
    }
    let mut text = String::new();
    let (seed, profile) = (parameters.seed, parameters.profile);
    for line in violation.to_string().lines() {
        let _ = writeln!(text, "# {line}");
    }
    let _ = writeln!(
        text,
        "# Found by quorate-sim with seed {seed} under profile {profile}, and cut down."
    );
    if !JUDGED.contains(&violation.property) {
        let _ = writeln!(
            text,
            "# `check` may not see it: it does not judge {:?}.",
            violation.property
        );
    }
    text.push('\n');
    let recovers = steps.iter().find(|step| matches!(step, Step::Recover { .. }));
    let blocks = std::iter::once("log-level silent".to_owned())
        .chain(translator.end())
        .chain(recovers.is_none().then(|| "stabilize".to_owned()))
        .chain(["check".to_owned()]);
    for block in blocks {
        text.push_str(&block);
        text.push_str(if block.starts_with('#') {
            "\n\n"
        } else {
            "\n----\nok\n\n"
        });
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests;
