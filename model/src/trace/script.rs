//! A trace as a script of the conformance runner (`quorate-script`): a plain regression test.

use std::fmt::Write;

use quorate_sim::Violation;

use crate::group::{Group, Move};

/// The script says nothing but its last verdict, `check`: it fails as long as the fault is there.
pub fn script(group: &Group, trace: &[Move], violation: &Violation) -> String {
    let steps = super::steps(group, trace);
    let mut text = format!("# {violation}\n# Found by quorate-model, by a shortest way.\n\n");
    for step in steps {
        let _ = writeln!(text, "{step:?}");
    }
    text
}
