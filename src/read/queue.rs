//! A queue that is nearly always empty, and takes one word then.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Queue<T> {
    /// `None`, and never empty, where nothing waits.
    filled: Option<Box<Filled<T>>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Filled<T> {
    elements: VecDeque<T>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { filled: None }
    }
}

impl<T> Default for Filled<T> {
    fn default() -> Self {
        Self {
            elements: VecDeque::new(),
        }
    }
}

impl<T> Queue<T> {
    fn elements(&self) -> Option<&VecDeque<T>> {
        self.filled.as_ref().map(|filled| &filled.elements)
    }

    pub(super) fn len(&self) -> usize {
        self.elements().map_or(0, VecDeque::len)
    }

    pub(super) fn first(&self) -> Option<&T> {
        self.elements()?.front()
    }

    pub(super) fn get(&self, position: usize) -> Option<&T> {
        self.elements()?.get(position)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.elements().into_iter().flatten()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.filled.iter_mut().flat_map(|filled| &mut filled.elements)
    }

    pub(super) fn push(&mut self, element: T) {
        self.filled.get_or_insert_default().elements.push_back(element);
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        let element = self.filled.as_mut()?.elements.pop_front();
        self.drop_empty();
        element
    }

    /// The first element for which that holds.
    pub(super) fn remove_first(&mut self, is_wanted: impl FnMut(&T) -> bool) -> Option<T> {
        let position = self.elements()?.iter().position(is_wanted)?;
        let element = self.filled.as_mut()?.elements.remove(position);
        self.drop_empty();
        element
    }

    fn drop_empty(&mut self) {
        self.filled.take_if(|filled| filled.elements.is_empty());
    }

    pub(super) fn drain(self) -> impl Iterator<Item = T> {
        self.filled.into_iter().flat_map(|filled| filled.elements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_queue_is_a_vector(steps in prop::collection::vec((0..4, 0_u8..6), 0..30)) {
            let (mut queue, mut model) = (Queue::default(), Vec::new());
            for (step, number) in steps {
                match step {
                    0 | 1 => {
                        queue.push(number);
                        model.push(number);
                    }
                    2 => prop_assert_eq!(queue.pop(), (!model.is_empty()).then(|| model.remove(0))),
                    _ => {
                        let place = model.iter().position(|element| *element == number);
                        let removed = place.map(|place| model.remove(place));
                        prop_assert_eq!(queue.remove_first(|element| *element == number), removed);
                    }
                }
                prop_assert_eq!((queue.len(), queue.first()), (model.len(), model.first()));
                prop_assert!((0..model.len() + 2).all(|place| queue.get(place) == model.get(place)));
                prop_assert!(queue.iter().eq(model.iter()));
                prop_assert!(queue.iter_mut().eq(model.iter_mut()));
                prop_assert_eq!(queue.clone().drain().collect::<Vec<_>>(), model.clone());
                prop_assert_eq!(queue == Queue::default(), model.is_empty());
            }
        }
    }
}
