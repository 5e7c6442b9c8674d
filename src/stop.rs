//! Why a call did not do what it was asked, inside the crate: somebody asked for too much, or the node
//! is broken. At the door the two part ways.

use crate::error::Fault;
use crate::storage::StorageError;

/// Why something did not take place: refused with a reason (and nothing changed), or the node is
/// broken.
#[derive(Debug)]
pub(crate) enum Stop<E> {
    Refused(E),
    Fault(Fault),
}

impl<E> From<Fault> for Stop<E> {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl<E> From<StorageError> for Stop<E> {
    fn from(error: StorageError) -> Self {
        Self::Fault(Fault::Storage(error))
    }
}

impl<E> Stop<E> {
    /// The same, with another type of reason.
    pub(crate) fn map<F>(self, refused: impl FnOnce(E) -> F) -> Stop<F> {
        match self {
            Self::Refused(reason) => Stop::Refused(refused(reason)),
            Self::Fault(fault) => Stop::Fault(fault),
        }
    }
}
