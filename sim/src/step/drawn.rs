//! Steps that are made up: of a kind and a few numbers, any of which make one. By the features `arbitrary` and
//! `proptest`.
//!
//! They are those of a group of three that may grow to [`NODES`]: everything but what may break a sound group.

use bytes::Bytes;
use quorate::membership::{ConfChangeKind, ConfChangeV2, Transition};
use quorate::{EntryId, NodeId, ReadMode};

use super::{MessageRef, Step};

/// Ids go from 1 to this.
const NODES: u64 = 5;

/// What a node has to do comes up often, faults seldom, and time in between.
const KINDS: u8 = 64;

/// How many numbers a step is made of.
const NUMBERS: usize = 3;

fn of_numbers(kind: u8, [a, b, c]: [u8; NUMBERS]) -> Step {
    let node = node_of(a);
    match kind % KINDS {
        0..=9 => Step::Ready { node },
        10..=15 => Step::Write { node },
        16..=20 => Step::Sync { node },
        21..=26 => Step::Persist { node },
        27..=31 => Step::Acknowledge { node },
        32..=36 => Step::Apply { node },
        37..=47 => Step::Deliver {
            message: MessageRef::Id(a.into()),
            keep: b >= 224,
        },
        48..=51 => Step::Propose {
            node,
            operation: u64::from(b) * 256 + u64::from(c),
            command: Bytes::copy_from_slice(&[0, 0, 0, 0, 0, 0, b, c]),
        },
        52..=54 => Step::Tick {
            node,
            ticks: 1 + u64::from(b % 16),
        },
        kind => rare(kind, node, b, c),
    }
}

fn rare(kind: u8, node: NodeId, b: u8, c: u8) -> Step {
    let message = MessageRef::Id(c.into());
    match kind {
        55 => Step::Read {
            node,
            operation: u64::from(b) * 256 + u64::from(c),
            query: Bytes::copy_from_slice(&[b]),
            mode: (c >= 224).then_some(ReadMode::ReadIndex),
        },
        56 => Step::Crash {
            node,
            kept: usize::from(b % 8),
        },
        57 => Step::Restart { node },
        58 => Step::Campaign { node },
        59 => Step::Lose { message },
        60 => Step::Change {
            node,
            change: change(b),
            expected: None,
        },
        61 => Step::Compact {
            node,
            keep: u64::from(b % 4),
        },
        62 => asked(node, b, c),
        _ => match b % 7 {
            0 => Step::Join { node },
            1 => Step::Pause { node },
            2 => Step::WithdrawRequest { node },
            4 => Step::RestartDurable { node },
            5 => Step::Corrupt { node, index: c.into() },
            3 => Step::ProposeBatch {
                node,
                operation: u64::from(b) * 256 + u64::from(c),
                commands: (0..c % 4).map(|part| Bytes::copy_from_slice(&[part, b, c])).collect(),
            },
            _ => Step::Stray {
                message,
                named: b >= 128,
            },
        },
    }
}

/// What operators and transports say.
fn asked(node: NodeId, b: u8, c: u8) -> Step {
    let peer = node_of(c);
    match b % 6 {
        0 => Step::Transfer { node, to: Some(peer) },
        1 => Step::Transfer { node, to: None },
        2 => Step::ForgetLeader { node },
        3 => Step::RequestSnapshot { node },
        4 => Step::ReportUnreachable { node, peer },
        _ => Step::ReportSnapshot {
            node,
            peer,
            snapshot: EntryId {
                term: u64::from(b / 16),
                index: u64::from(c / 8),
            },
            finished: b >= 128,
        },
    }
}

/// One or two members change; or a joint configuration is left.
fn change(numbers: u8) -> ConfChangeV2 {
    use ConfChangeKind::{AddLearnerNode, AddNode, RemoveNode};
    let kind = [AddNode, AddLearnerNode, RemoveNode][usize::from(numbers / 8 % 3)];
    let first = (kind, node_of(numbers));
    match numbers / 32 {
        0..=3 => ConfChangeV2::new([first]),
        4 => ConfChangeV2::new([first, (AddNode, node_of(numbers + 1))]),
        5 => ConfChangeV2::new([first, (RemoveNode, node_of(numbers + 2))]),
        6 => ConfChangeV2::new([first, (AddLearnerNode, node_of(numbers / 2))])
            .with_transition(Transition::JointExplicit),
        _ => ConfChangeV2::default(),
    }
}

fn node_of(number: u8) -> NodeId {
    1 + u64::from(number) % NODES
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for Step {
    fn arbitrary(bytes: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(of_numbers(bytes.arbitrary()?, bytes.arbitrary()?))
    }

    fn size_hint(_depth: usize) -> (usize, Option<usize>) {
        (1 + NUMBERS, Some(1 + NUMBERS))
    }
}

/// Any step that may not break a sound group; for [`fuzz::steps`](crate::fuzz::steps).
///
/// ```
/// use proptest::{collection::vec, proptest};
/// use quorate_sim::{MemoryDisk, fuzz, machine::Register, step::any_step};
///
/// proptest!(|(seed: u64, steps in vec(any_step(), 0..200))| {
///     let run = fuzz::steps::<Register, _>(seed, &steps, MemoryDisk::default);
///     run.unwrap_or_else(|found| panic!("{found}"));
/// });
/// ```
#[cfg(feature = "proptest")]
pub fn any_step() -> impl proptest::strategy::Strategy<Value = Step> {
    use proptest::prelude::{Strategy, any};
    (0..KINDS, any::<[u8; NUMBERS]>()).prop_map(|(kind, numbers)| of_numbers(kind, numbers))
}
