//! What a file of steps says, done again.

use std::path::Path;
use std::process::ExitCode;

use super::Job;
use super::shown::tell;
use crate::disk::Disk;
use crate::parameters::Parameters;
use crate::replay::{Recording, replay_traced};
use crate::timeline::write_page;
use crate::workload::Workload;

impl<W, D, C, F> Job<C, F>
where
    W: Workload,
    D: Disk + 'static,
    C: Fn(&Parameters) -> W + Sync,
    F: Fn() -> D + Clone + Sync + 'static,
{
    /// Fails if it still breaks something, or cannot be read.
    pub(super) fn replay(&self, path: &Path) -> ExitCode {
        let read = std::fs::read_to_string(path).map_err(|error| error.to_string());
        let recording = match read.and_then(|text| text.parse::<Recording>().map_err(|error| error.to_string())) {
            Ok(recording) => recording,
            Err(error) => {
                eprintln!("{}: {error}", path.display());
                return ExitCode::from(2);
            }
        };
        let Recording {
            parameters,
            steps,
            property,
        } = &recording;
        let clients = (self.clients)(parameters);
        let (mut trace, broken) = replay_traced(parameters, steps, clients, self.make_disk.clone());
        if let Some(page) = &self.arguments.timeline {
            let command = format!("{} --replay {}", self.program, path.display());
            trace.parameters = format!("{}\nreplay: {command}", trace.parameters);
            tell(page, &write_page(&trace, page));
        }
        let Some(broken) = broken else {
            let was = property.as_deref().unwrap_or("something");
            println!("{} steps, no violation; they broke: {was}", steps.len());
            return ExitCode::SUCCESS;
        };
        println!(
            "step {} of {}: VIOLATION {}",
            broken.steps,
            steps.len(),
            broken.violation
        );
        ExitCode::from(1)
    }
}
