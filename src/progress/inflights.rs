//! Appends that are on their way to a peer: a window in messages and in bytes.

use alloc::collections::VecDeque;

use crate::config::Config;
use crate::types::Index;

/// The window's contents, oldest first. Grows as needed; an idle peer holds no buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Inflights {
    /// Last index and payload bytes of each append.
    appends: VecDeque<(Index, u64)>,
    bytes: u64,
}

impl Inflights {
    pub(crate) fn len(&self) -> usize {
        self.appends.len()
    }

    /// Whether another append must wait. The byte bound is soft: one append may overshoot it.
    pub(crate) fn is_full(&self, config: &Config) -> bool {
        self.appends.len() >= config.max_inflight_messages || self.bytes >= config.inflight_byte_cap()
    }

    pub(crate) fn add(&mut self, last: Index, bytes: u64) {
        self.appends.push_back((last, bytes));
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Everything up to `index` arrived.
    pub(crate) fn free_to(&mut self, index: Index) {
        while let Some(&(last, bytes)) = self.appends.front() {
            if last > index {
                return;
            }
            self.appends.pop_front();
            self.bytes = self.bytes.saturating_sub(bytes);
        }
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    proptest! {
        /// The window is a queue of (last, bytes) that is cut at the front.
        #[test]
        fn a_window_is_a_queue(steps in prop::collection::vec((0_u64..4, 0_u64..50, any::<bool>()), 0..60)) {
            let mut config = Config::new(1, 0);
            config.max_inflight_messages = 4;
            config.max_message_bytes = 100;
            config.max_inflight_bytes = 100;
            let (mut window, mut model, mut last) = (Inflights::default(), Vec::new(), 0);
            for (step, bytes, add) in steps {
                if add {
                    last += step;
                    window.add(last, bytes);
                    model.push((last, bytes));
                } else {
                    let index = last.saturating_sub(step);
                    window.free_to(index);
                    model.retain(|(last, _)| *last > index);
                }
                let bytes: u64 = model.iter().map(|(_, bytes)| bytes).sum();
                prop_assert_eq!(window.len(), model.len());
                prop_assert_eq!(window.bytes, bytes);
                prop_assert_eq!(window.is_full(&config), model.len() >= 4 || bytes >= 100);
                prop_assert!(!model.is_empty() || window.appends.capacity() == 0);
            }
        }
    }
}
