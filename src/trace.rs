//! Log lines: the only file that knows the logger. What is logged are events, and each message that is ignored.

use alloc::boxed::Box;

use slog::{Logger, debug, info, warn};

use crate::event::Event;
use crate::types::NodeId;

/// A logger, if the caller gave one; without, a line costs one comparison.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    logger: Option<Box<Logger>>,
}

impl Trace {
    pub(crate) fn set(&mut self, logger: Logger) {
        self.logger = Some(Box::new(logger));
    }

    pub(crate) fn event(&self, id: NodeId, event: &Event) {
        let Some(logger) = &self.logger else { return };
        match event {
            Event::StorageCorrupt { .. }
            | Event::ChangeIgnored { .. }
            | Event::Removed { .. }
            | Event::SnapshotStalled { .. } => warn!(logger, "{event}"; "id" => id),
            Event::VoteRefused { .. } | Event::CampaignRefused { .. } | Event::ReadDropped { .. } => {
                debug!(logger, "{event}"; "id" => id);
            }
            Event::MessageIgnored { .. } => {}
            Event::VoteGranted { .. } => debug!(logger, "{event}"; "id" => id),
            _ => info!(logger, "{event}"; "id" => id),
        }
    }

    /// A message that is ignored: told each time, not only once a tick.
    pub(crate) fn ignored(&self, id: NodeId, event: &Event) {
        if let Some(logger) = &self.logger {
            debug!(logger, "{event}"; "id" => id);
        }
    }
}
