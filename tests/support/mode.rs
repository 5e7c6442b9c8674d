//! Ways to run that have code of their own, and are worth running the same test in.

use quorate::{Config, NodeId, ReadMode};

use super::config;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mode {
    pub asynchronous: bool,
    pub lease: bool,
}

impl Mode {
    pub const ALL: [Self; 4] = [
        Self::of(false, false),
        Self::of(false, true),
        Self::of(true, false),
        Self::of(true, true),
    ];

    const fn of(asynchronous: bool, lease: bool) -> Self {
        Self { asynchronous, lease }
    }

    /// [`config`] in this mode. Leases are sound only with the silence after a restart.
    pub fn config(self, id: NodeId) -> Config {
        let mut config = config(id);
        config.settings_mut().async_storage_writes = self.asynchronous;
        if self.lease {
            config.settings_mut().read_mode = ReadMode::Lease;
            config.settings_mut().restart_silence_ticks = None;
        }
        config
    }
}
