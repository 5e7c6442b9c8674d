//! Traces and texts that are written to files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::Job;
use crate::disk::Disk;
use crate::timeline::write_page;
use crate::trace::Trace;
use crate::workload::Workload;

impl<W, D, C, F> Job<C, F>
where
    W: Workload + Clone,
    D: Disk + Clone + 'static,
    C: Fn(u64) -> W + Sync,
    F: Fn() -> D + Clone + Sync + 'static,
{
    /// Writes what happened to wherever it is wanted; these flags do it again.
    pub(super) fn show(&self, flags: &str, trace: &mut Trace) {
        trace.parameters = format!("{}\nreplay: {} {flags}", trace.parameters, self.program);
        if let Some(path) = &self.arguments.log {
            self.tell(path, &write_log(path, trace));
        }
        if let Some(path) = &self.arguments.timeline {
            self.tell(path, &write_page(trace, path));
        }
    }

    /// Whether it was written; else says why not.
    pub(super) fn tell(&self, path: &Path, written: &std::io::Result<()>) -> bool {
        if let Err(error) = written {
            eprintln!("{}: {error}", path.display());
            self.unwritten.store(true, Ordering::Relaxed);
        }
        written.is_ok()
    }
}

/// Where the page of what is left of a run goes, beside that of all of it.
pub(super) fn beside(path: &Path) -> PathBuf {
    path.with_extension("shrunk.html")
}

fn write_log(path: &Path, trace: &Trace) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for record in &trace.records {
        writeln!(file, "{record}")?;
    }
    file.flush()
}
