//! Appends that are on their way to a peer: a window in messages and in bytes.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::hash::{Hash, Hasher};

use crate::config::Config;
use crate::types::Index;

/// The window. An idle peer holds no buffer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inflights {
    /// Kept while it is empty, until it is put away.
    window: Option<Box<Window>>,
}

/// The window's contents, oldest first. Grows as needed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Window {
    /// Last index and payload bytes of each append.
    appends: VecDeque<(Index, u64)>,
    bytes: u64,
}

impl Inflights {
    /// Unless nothing is on its way.
    fn contents(&self) -> Option<&Window> {
        self.window.as_deref().filter(|window| !window.appends.is_empty())
    }

    pub(crate) fn len(&self) -> usize {
        self.window.as_ref().map_or(0, |window| window.appends.len())
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.window.as_ref().map_or(0, |window| window.bytes)
    }

    /// Whether another append must wait. The byte bound is soft: one append may overshoot it.
    pub(crate) fn is_full(&self, config: &Config) -> bool {
        self.len() >= config.settings().max_inflight_messages || self.bytes() >= config.settings().inflight_byte_cap()
    }

    pub(crate) fn add(&mut self, last: Index, bytes: u64) {
        let window = self.window.get_or_insert_default();
        window.appends.push_back((last, bytes));
        window.bytes = window.bytes.saturating_add(bytes);
    }

    /// Everything up to `index` arrived.
    pub(crate) fn free_to(&mut self, index: Index) {
        let Some(window) = &mut self.window else { return };
        while let Some(&(last, bytes)) = window.appends.front() {
            if last > index {
                return;
            }
            window.appends.pop_front();
            window.bytes = window.bytes.saturating_sub(bytes);
        }
    }

    /// Gives back the buffer if it is empty.
    pub(crate) fn put_away(&mut self) {
        self.window.take_if(|window| window.appends.is_empty());
    }
}

/// Equal are windows with the same contents, whatever is kept for more.
impl PartialEq for Inflights {
    fn eq(&self, other: &Self) -> bool {
        self.contents() == other.contents()
    }
}

impl Eq for Inflights {}

impl Hash for Inflights {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.contents().hash(state);
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
            config.settings_mut().max_inflight_messages = 4;
            config.settings_mut().max_message_bytes = 100;
            config.settings_mut().max_inflight_bytes = 100;
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
                prop_assert_eq!(window.bytes(), bytes);
                prop_assert_eq!(window.is_full(&config), model.len() >= 4 || bytes >= 100);
                prop_assert_eq!(window == Inflights::default(), model.is_empty());
                let mut idle = window.clone();
                idle.put_away();
                prop_assert_eq!((idle.window.is_none(), &idle), (model.is_empty(), &window));
            }
        }
    }
}
