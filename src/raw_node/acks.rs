//! Numbers for a node's own acknowledgements, so that none counts twice and none is skipped.

use crate::error::AcknowledgeError;
use crate::ready::AckKind;

/// Each kind is numbered by itself: what the storage's thread and the thread that applies say is
/// not ordered against each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct AckNumbers {
    pre_votes: Sequence,
    votes: Sequence,
    appends: Sequence,
    hard_states: Sequence,
    stored: Sequence,
    applied: Sequence,
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
}

impl AckNumbers {
    fn sequence(&mut self, kind: &AckKind) -> &mut Sequence {
        match kind {
            AckKind::Vote { pre_vote: true, .. } => &mut self.pre_votes,
            AckKind::Vote { .. } => &mut self.votes,
            AckKind::Append { .. } => &mut self.appends,
            AckKind::HardState { .. } => &mut self.hard_states,
            AckKind::Stored { .. } => &mut self.stored,
            AckKind::Applied { .. } => &mut self.applied,
        }
    }

    /// Whether no acknowledgement can come any more that a hard state is durable.
    pub(super) fn has_all_hard_states(&self) -> bool {
        self.hard_states.is_complete() && self.stored.is_complete()
    }

    /// The number of an acknowledgement that is to be given later.
    pub(super) fn issue(&mut self, kind: &AckKind) -> u64 {
        let sequence = self.sequence(kind);
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
        let sequence = self.sequence(kind);
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
        self.sequence(kind).acknowledged = number;
    }
}
