//! Help for whoever wraps one storage in another: to count, to break, to cache.

/// Writes methods of [`Storage`](crate::Storage) that ask a field which is a storage itself: those that are named, or
/// all of them.
///
/// ```
/// use quorate::storage::InitialState;
/// use quorate::{Entries, Index, MemoryStorage, NodeId, Snapshot, Storage, StorageError, Term};
///
/// /// A storage whose older entries are on another disk, which is slow.
/// struct Tiered {
///     recent: MemoryStorage,
///     cold_below: Index,
/// }
///
/// impl Storage for Tiered {
///     quorate::delegate_storage!(recent: initial_state, first_index, last_index, term, snapshot, keeps_promises);
///
///     fn entries(&self, low: Index, high: Index, max_bytes: u64) -> Result<Entries, StorageError> {
///         if low < self.cold_below {
///             return Err(StorageError::TemporarilyUnavailable);
///         }
///         self.recent.entries(low, high, max_bytes)
///     }
/// }
///
/// struct Plain(MemoryStorage);
///
/// impl Storage for Plain {
///     quorate::delegate_storage!(0);
/// }
/// # let storage = Tiered { recent: MemoryStorage::new(), cold_below: 1 };
/// # assert_eq!((storage.last_index(), Plain(storage.recent).last_index()), (Ok(0), Ok(0)));
/// ```
#[macro_export]
macro_rules! delegate_storage {
    ($field:tt) => {
        $crate::delegate_storage!(
            $field: initial_state, first_index, last_index, term, entries, snapshot, keeps_promises
        );
    };
    ($field:tt: $($method:ident),+ $(,)?) => {
        $($crate::delegate_storage!(@$method $field);)+
    };
    (@initial_state $field:tt) => {
        fn initial_state(&self) -> Result<$crate::storage::InitialState, $crate::StorageError> {
            $crate::Storage::initial_state(&self.$field)
        }
    };
    (@first_index $field:tt) => {
        fn first_index(&self) -> Result<$crate::Index, $crate::StorageError> {
            $crate::Storage::first_index(&self.$field)
        }
    };
    (@last_index $field:tt) => {
        fn last_index(&self) -> Result<$crate::Index, $crate::StorageError> {
            $crate::Storage::last_index(&self.$field)
        }
    };
    (@term $field:tt) => {
        fn term(&self, index: $crate::Index) -> Result<$crate::Term, $crate::StorageError> {
            $crate::Storage::term(&self.$field, index)
        }
    };
    (@entries $field:tt) => {
        fn entries(
            &self,
            low: $crate::Index,
            high: $crate::Index,
            max_bytes: u64,
        ) -> Result<$crate::Entries, $crate::StorageError> {
            $crate::Storage::entries(&self.$field, low, high, max_bytes)
        }
    };
    (@snapshot $field:tt) => {
        fn snapshot(
            &self,
            peer: $crate::NodeId,
            at_least: $crate::Index,
        ) -> Result<$crate::Snapshot, $crate::StorageError> {
            $crate::Storage::snapshot(&self.$field, peer, at_least)
        }
    };
    (@keeps_promises $field:tt) => {
        fn keeps_promises(&self) -> bool {
            $crate::Storage::keeps_promises(&self.$field)
        }
    };
}
