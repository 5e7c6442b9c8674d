//! What few nodes have: one word for the others, and no memory.

use alloc::boxed::Box;

/// A value that is nearly always the default. It is nowhere then, so that equal values are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Seldom<T>(Option<Box<T>>);

impl<T: Default + PartialEq> Seldom<T> {
    pub(crate) fn new(value: T) -> Self {
        Self((value != T::default()).then(|| Box::new(value)))
    }

    /// The value, unless it is the default.
    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_deref()
    }

    /// Changes the value.
    pub(crate) fn edit<R>(&mut self, act: impl FnOnce(&mut T) -> R) -> R {
        let mut value = self.0.take().unwrap_or_default();
        let outcome = act(&mut value);
        self.0 = (*value != T::default()).then_some(value);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_nowhere() {
        let mut value = Seldom::<u64>::default();
        assert_eq!(value.edit(|value| core::mem::replace(value, 7)), 0);
        assert_eq!(value.get(), Some(&7));
        value.edit(|value| *value = 0);
        assert_eq!(value, Seldom::default());
    }
}
