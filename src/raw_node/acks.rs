//! Numbers for a node's own acknowledgements, so that none counts twice and none is skipped.

use crate::error::AcknowledgeError;
use crate::ready::{AckKind, ByKind};

/// Each kind is numbered by itself: what the storage's thread and the thread that applies say is
/// not ordered against each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct AckNumbers {
    sequences: ByKind<Sequence>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Sequence {
    issued: u64,
    acknowledged: u64,
}

impl Sequence {
    fn is_complete(self) -> bool {
        self.acknowledged == self.issued
    }

    /// Counts anew what is not acknowledged; by how much the numbers are less now.
    fn renumber(&mut self) -> u64 {
        let less = core::mem::take(&mut self.acknowledged);
        self.issued = self.issued.saturating_sub(less);
        less
    }
}

impl AckNumbers {
    /// Counts anew what is not acknowledged; by how much the numbers of each kind are less now.
    pub(super) fn renumber(&mut self) -> ByKind<u64> {
        self.sequences.map(Sequence::renumber)
    }

    /// Whether no acknowledgement can come any more that a hard state is durable.
    pub(super) fn has_all_hard_states(&self) -> bool {
        self.sequences.hard_states.is_complete() && self.sequences.stored.is_complete()
    }

    /// The number of an acknowledgement that is to be given later.
    pub(super) fn issue(&mut self, kind: &AckKind) -> u64 {
        let sequence = self.sequences.of_mut(kind);
        sequence.issued = sequence.issued.saturating_add(1);
        sequence.issued
    }

    /// Checks that this acknowledgement is due.
    pub(super) fn check(&mut self, number: u64, kind: &AckKind) -> Result<(), AcknowledgeError> {
        // These count by what they say, so that one may be lost; the others move on.
        let may_skip = matches!(
            kind,
            AckKind::Vote { .. } | AckKind::Append { .. } | AckKind::HardState { .. }
        );
        let sequence = self.sequences.of_mut(kind);
        let expected = sequence.acknowledged.saturating_add(1);
        if number < expected {
            return Err(AcknowledgeError::Repeated { number });
        }
        if number > sequence.issued || (number > expected && !may_skip) {
            return Err(AcknowledgeError::OutOfOrder { number, expected });
        }
        Ok(())
    }

    /// This acknowledgement counts.
    pub(super) fn acknowledge(&mut self, number: u64, kind: &AckKind) {
        self.sequences.of_mut(kind).acknowledged = number;
    }
}
