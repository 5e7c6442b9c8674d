//! How long a promise to a leader the disk keeps: see [`rules::lease`](crate::rules::lease).

/// In ticks. Not more than `u32::MAX`, so that an idle node stays small: a longer election timeout is
/// promised in part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KeptPromise {
    /// What the hard state says from now on.
    ticks: u32,
    /// What the disk says at least, whatever is on its way to it.
    durable: u32,
}

impl KeptPromise {
    /// What was stored.
    pub(crate) fn new(stored: u64) -> Self {
        let ticks = clamp(stored);
        Self { ticks, durable: ticks }
    }

    pub(crate) fn ticks(self) -> u32 {
        self.ticks
    }

    pub(crate) fn durable(self) -> u32 {
        self.durable
    }

    /// To be said before so long a promise is.
    pub(crate) fn raise(&mut self, ticks: u64) {
        self.ticks = self.ticks.max(clamp(ticks));
    }

    /// The disk has this, and nothing less is on its way to it.
    pub(crate) fn on_durable(&mut self, ticks: u64) {
        self.durable = self.durable.max(clamp(ticks)).min(self.ticks);
    }

    /// From now on the disk may have this. Only where no acknowledgement of more can come any more.
    pub(crate) fn lower(&mut self, ticks: u64) {
        self.ticks = self.ticks.min(clamp(ticks));
        self.durable = self.durable.min(self.ticks);
    }
}

fn clamp(ticks: u64) -> u32 {
    u32::try_from(ticks).unwrap_or(u32::MAX)
}
