//! Whether a world makes sense, but for what the core says of its settings.

use super::{Before, World};
use crate::error::{TICKS_MAX, WorldError};
use crate::event::Event;
use crate::rules::Storing;

impl World {
    /// Whether all that it names is there, and makes sense.
    pub(crate) fn check(&self) -> Result<(), WorldError> {
        let ids = self.ids();
        if ids.is_empty() || ids.len() > 8 || self.voters.is_empty() {
            return Err(WorldError::Nodes(ids.len()));
        }
        if let Some((_, id)) = (1..).zip(&ids).find(|(next, id)| next != *id) {
            return Err(WorldError::NotNext(*id));
        }
        let named = self.nodes.iter().flat_map(|(_, nodes)| nodes);
        let set = self.settings.iter().chain(&self.again).map(|(id, _)| id);
        let first = self.prelude.iter().filter_map(|before| match before {
            Before::At(id, _) => Some(id),
            Before::Settle | Before::Silence => None,
        });
        if let Some(id) = named.chain(set).chain(first).find(|id| !ids.contains(id)) {
            return Err(WorldError::UnknownNode(*id));
        }
        let asynchronous = self.storing == Storing::Asynchronous;
        let mut all = self.settings.iter().chain(&self.again);
        if let Some((id, _)) = all.find(|(_, settings)| settings.async_storage_writes != asynchronous) {
            return Err(WorldError::Storing(*id));
        }
        let first = self.prelude.iter().filter_map(|before| match before {
            Before::At(_, Event::Tick(ticks)) => Some(ticks),
            Before::At(..) | Before::Settle | Before::Silence => None,
        });
        match self.ticks.iter().chain(first).find(|ticks| **ticks > TICKS_MAX) {
            Some(ticks) => Err(WorldError::Ticks(*ticks)),
            None => Ok(()),
        }
    }
}
