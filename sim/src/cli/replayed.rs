//! What a file of steps says, done again.

use std::path::Path;
use std::process::ExitCode;

use super::Job;
use super::output::say;
use crate::disk::Disk;
use crate::replay::Recording;
use crate::timeline::write_page;
use crate::workload::Workload;

impl<W, D, C, F> Job<C, F>
where
    W: Workload + Clone,
    D: Disk + Clone + 'static,
    C: Fn(u64) -> W + Sync,
    F: Fn() -> D + Clone + Sync + 'static,
{
    /// Whether it still breaks something; else it cannot be read.
    pub(super) fn replay(&self, path: &Path) -> Result<bool, ExitCode> {
        let read = std::fs::read_to_string(path).map_err(|error| error.to_string());
        let recording = match read.and_then(|text| text.parse::<Recording>().map_err(|error| error.to_string())) {
            Ok(recording) => recording,
            Err(error) => {
                eprintln!("{}: {error}", path.display());
                return Err(ExitCode::from(2));
            }
        };
        let clients = (self.clients)(recording.world.seed);
        let (mut trace, broken) = recording.replay_traced(clients, self.make_disk.clone());
        if let Some(page) = &self.arguments.timeline {
            let command = format!("{} --replay {}", self.program, path.display());
            trace.parameters = format!("{}\nreplay: {command}", trace.parameters);
            self.tell(page, &write_page(&trace, page));
        }
        let all = recording.steps.len();
        let Some(broken) = broken else {
            say(format_args!(
                "{all} steps, no violation; they are said to be:\n{}",
                recording.about
            ));
            return Ok(false);
        };
        say(format_args!(
            "step {} of {all}: VIOLATION {}",
            broken.steps, broken.violation
        ));
        Ok(true)
    }
}
