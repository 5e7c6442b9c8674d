//! Tables in which each different value is once, under a number: states are made of these numbers.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

use hashbrown::HashTable;

/// A table that all threads share. A value keeps its number for good.
#[derive(Debug)]
pub(crate) struct Shared<T, O = ()> {
    inside: RwLock<Inside<T, O>>,
}

#[derive(Debug)]
struct Inside<T, O> {
    values: Vec<Row<T, O>>,
    numbers: HashTable<u32>,
}

/// A value, its fingerprint, and what it came of first.
#[derive(Debug)]
struct Row<T, O> {
    value: Arc<T>,
    fingerprint: u64,
    origin: O,
}

impl<T, O: Clone> Clone for Row<T, O> {
    fn clone(&self) -> Self {
        Self {
            value: self.value.clone(),
            fingerprint: self.fingerprint,
            origin: self.origin.clone(),
        }
    }
}

impl<T, O> Default for Shared<T, O> {
    fn default() -> Self {
        let inside = Inside {
            values: Vec::new(),
            numbers: HashTable::new(),
        };
        Self {
            inside: RwLock::new(inside),
        }
    }
}

/// The same in every run: which of two states comes first depends on it.
fn fingerprint<T: Hash>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl<T: Eq + Hash, O> Shared<T, O> {
    pub(crate) fn len(&self) -> usize {
        self.inside.read().unwrap_or_else(PoisonError::into_inner).values.len()
    }

    fn number(&self, value: T, origin: O) -> u32 {
        let hash = fingerprint(&value);
        {
            let inside = self.inside.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(number) = inside.find(hash, &value) {
                return number;
            }
        }
        let mut inside = self.inside.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = inside.find(hash, &value) {
            return number;
        }
        let number = u32::try_from(inside.values.len()).unwrap_or(u32::MAX);
        inside.values.push(Row {
            value: Arc::new(value),
            fingerprint: hash,
            origin,
        });
        let Inside { values, numbers } = &mut *inside;
        numbers.insert_unique(hash, number, |number| values[*number as usize].fingerprint);
        number
    }
}

impl<T: Eq, O> Inside<T, O> {
    fn find(&self, hash: u64, value: &T) -> Option<u32> {
        let same = |number: &u32| {
            let row = &self.values[*number as usize];
            row.fingerprint == hash && *row.value == *value
        };
        self.numbers.find(hash, same).copied()
    }
}

/// A thread's view of a table: what it has seen of it, without a lock.
#[derive(Debug)]
pub(crate) struct Mirror<T, O = ()> {
    shared: Arc<Shared<T, O>>,
    values: Vec<Row<T, O>>,
}

impl<T: Eq + Hash, O: Clone> Mirror<T, O> {
    pub(crate) fn new(shared: &Arc<Shared<T, O>>) -> Self {
        Self {
            shared: shared.clone(),
            values: Vec::new(),
        }
    }

    pub(crate) fn number(&mut self, value: T, origin: O) -> u32 {
        let number = self.shared.number(value, origin);
        self.catch_up(number);
        number
    }

    /// To be called before a number is looked up that another thread may have given.
    #[inline]
    pub(crate) fn catch_up(&mut self, number: u32) {
        if number as usize >= self.values.len() {
            let inside = self.shared.inside.read().unwrap_or_else(PoisonError::into_inner);
            let from = self.values.len();
            self.values.extend_from_slice(&inside.values[from..]);
        }
    }

    #[inline]
    pub(crate) fn get(&mut self, number: u32) -> &Arc<T> {
        self.catch_up(number);
        &self.values[number as usize].value
    }

    #[inline]
    pub(crate) fn fingerprint(&mut self, number: u32) -> u64 {
        self.catch_up(number);
        self.values[number as usize].fingerprint
    }

    /// What a value came of, when it was first seen.
    pub(crate) fn origin(&mut self, number: u32) -> O {
        self.catch_up(number);
        self.values[number as usize].origin.clone()
    }
}
