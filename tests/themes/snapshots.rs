//! What a follower makes of a snapshot (section 7).

use quorate::error::{CampaignError, CampaignRefusal, StepError};
use quorate::message::Payload;
use quorate::status::RoleKind::Follower;
use quorate::types::SnapshotMetadata;
use quorate::{ConfState, EntryId, HardState, NodeId, Snapshot};

use crate::support::{Cluster, message, plain, store};
use crate::{alone, append, asked, hear, says, store_with};

pub(crate) fn snapshot(id: (u64, u64), conf_state: ConfState) -> Snapshot {
    let (term, index) = id;
    let metadata = SnapshotMetadata::new(EntryId { term, index }, conf_state);
    Snapshot::new(metadata, "state")
}

fn install(id: (u64, u64), conf_state: ConfState) -> Payload {
    Payload::InstallSnapshot(Box::new(snapshot(id, conf_state)))
}

pub(crate) fn voters(ids: &[NodeId]) -> ConfState {
    ConfState::of_voters(ids.iter().copied())
}

/// A follower in term 3 whose log holds 1/2, 2/3 and 2/4, committed up to 2.
fn follower() -> Cluster {
    let hard_state = HardState::new(3, None, 2);
    alone(plain(1), store_with(3, &[1, 2, 2], hard_state))
}

/// A snapshot for that follower; up to where it accepts, its last and commit index and its
/// configuration then.
#[test]
fn what_a_follower_installs() {
    type Case = ((u64, u64), ConfState, u64, u64, u64, &'static str);
    const KEPT: &str = "voters=(1 2 3)";
    let three = || voters(&[1, 2, 3]);
    let learner = || voters(&[2, 3]).with_learners([1]);
    let leaving = || voters(&[2, 3]).with_voters_outgoing([1, 2]).with_auto_leave(true);
    let demoted = || voters(&[2, 3]).with_voters_outgoing([1, 2]).with_learners_next([1]);
    let cases: [Case; 15] = [
        // It replaces the log.
        ((3, 9), three(), 9, 9, 9, KEPT),
        ((1, 9), three(), 9, 9, 9, KEPT),
        ((3, 5), voters(&[1, 2]), 5, 5, 5, "voters=(1 2)"),
        ((3, 4), three(), 4, 4, 4, KEPT),
        ((3, 3), three(), 3, 3, 3, KEPT),
        ((3, 9), learner(), 9, 9, 9, "voters=(2 3) learners=(1)"),
        ((3, 9), leaving(), 9, 9, 9, "voters=(2 3)&&(1 2) autoleave"),
        ((3, 9), demoted(), 9, 9, 9, "voters=(2 3)&&(1 2) learners_next=(1)"),
        // The log holds it already: so much is committed.
        ((2, 3), three(), 3, 4, 3, KEPT),
        ((2, 4), three(), 4, 4, 4, KEPT),
        // It brings nothing.
        ((1, 2), three(), 2, 4, 2, KEPT),
        ((1, 1), three(), 2, 4, 2, KEPT),
        ((0, 0), ConfState::default(), 2, 4, 2, KEPT),
        // It is of a group without this node.
        ((3, 9), voters(&[2, 3]), 2, 4, 2, KEPT),
        ((3, 9), voters(&[2, 3]).with_learners([4]), 2, 4, 2, KEPT),
    ];
    for (id, conf_state, answer, last, commit, then) in cases {
        let name = format!("{id:?} {conf_state:?}");
        let mut cluster = follower();
        let said = asked(&mut cluster, 2, 3, install(id, conf_state));
        assert_eq!(
            said,
            [format!("1->2 AppendResponse term=3 accepted={answer}")],
            "{name}"
        );
        let status = cluster.raw(1).status();
        assert_eq!((status.last_index, status.hard_state.commit), (last, commit), "{name}");
        assert_eq!(cluster.raw(1).membership().to_string(), then, "{name}");
        // What follows fits.
        let term = cluster.raw(1).storage().log().last().map_or(id.0, |entry| entry.term);
        let said = asked(&mut cluster, 2, 3, append((term, last), &[3], last));
        assert_eq!(
            said,
            [format!("1->2 AppendResponse term=3 accepted={}", last + 1)],
            "{name}"
        );
    }
}

/// Snapshots that are refused whole, and one that is too late.
#[test]
fn snapshots_that_are_refused() {
    let twice = voters(&[1, 2, 2]);
    let cases = [
        (
            3,
            install((4, 9), voters(&[1, 2])),
            "malformed: a snapshot is ahead of its leader's term",
        ),
        (
            3,
            install((0, 9), voters(&[1, 2])),
            "malformed: a snapshot without a term",
        ),
        (3, install((3, u64::MAX), voters(&[1, 2])), "snapshot is out of range"),
        (
            3,
            install((3, 9), twice),
            "the snapshot's configuration: node 2 is listed twice in the same part",
        ),
    ];
    for (term, payload, text) in cases {
        let mut cluster = follower();
        let before = cluster.raw(1).clone();
        let error = cluster.node(1).step(message(2, 1, term, payload)).expect_err(text);
        assert_eq!(error.to_string(), text);
        assert!(!matches!(error, StepError::Node(_)));
        assert_eq!(*cluster.raw(1), before);
    }
    let mut cluster = follower();
    assert!(
        asked(&mut cluster, 2, 2, install((2, 9), voters(&[1, 2]))).is_empty(),
        "of an earlier term"
    );
    assert_eq!(cluster.raw(1).status().last_index, 4);
    // A candidate follows whoever sends one.
    let mut cluster = alone(plain(1), store(&[1, 2]));
    cluster.node(1).campaign().expect("it may");
    says(&mut cluster);
    hear(&mut cluster, 2, 1, install((1, 9), voters(&[1, 2])));
    assert_eq!((cluster.role(1), cluster.raw(1).status().last_index), (Follower, 9));
}

/// Until a snapshot is stored nothing is applied, answered or campaigned for; entries may come with
/// it in one Ready.
#[test]
fn a_snapshot_is_stored_first() {
    let mut cluster = follower();
    cluster.drain(1);
    let node = cluster.node(1);
    node.step(message(2, 1, 3, install((3, 9), voters(&[1, 2, 3]))))
        .expect("legal");
    node.step(message(2, 1, 3, append((3, 9), &[3, 3], 10))).expect("legal");
    let refused = CampaignError::Refused(CampaignRefusal::SnapshotPending);
    assert_eq!(node.campaign(), Err(refused));
    let ready = node.ready().expect("a sound node").expect("something to do");
    assert!(ready.messages().is_empty(), "the answers wait");
    assert!(ready.must_sync());
    assert_eq!(ready.snapshot().map(|snapshot| snapshot.metadata.index), Some(9));
    assert_eq!(
        ready.entries().iter().map(|entry| entry.index).collect::<Vec<_>>(),
        [10, 11]
    );
    assert_eq!(ready.hard_state(), Some(HardState::new(3, None, 10)));
    node.storage_mut().persist(&ready).expect("it works");
    let mut done = ready.persisted();
    assert!(done.take_committed_entries().is_empty(), "the next Ready brings them");
    assert_eq!(done.take_messages().len(), 2);
    node.advance(done).expect("the one that is out");
    assert_eq!(node.status().applied, 9);
    cluster.drain(1);
    let applied: Vec<u64> = cluster.nodes[&1].applied.iter().map(|entry| entry.index).collect();
    assert_eq!(applied.last(), Some(&10));
}
