//! What became of a proposal and of a read, where leaders change and logs get shorter.

use quorate::message::Payload;
use quorate::pending::{Fate, Proposals, Reads};
use quorate::ready::ReadRefusal;
use quorate::types::SnapshotMetadata;
use quorate::{EntryId, Event, Index, Snapshot, Term};

use crate::support::{Cluster, plain};
use crate::{alone, append, entries, events, hear, heartbeat, id, leading, store_with};

/// Node 1 with the table that follows its proposals; a token is the index.
struct Followed {
    cluster: Cluster,
    proposals: Proposals<Index>,
    /// So many of the applied entries were told.
    told: usize,
    applied: Vec<Index>,
}

impl Followed {
    /// Node 1 of 5 leads term 1, whose opening entry has index 2, and has proposals at these indexes.
    fn proposing(last: Index) -> Self {
        let mut followed = Self {
            cluster: leading(5, plain(1)),
            proposals: Proposals::new(),
            told: 0,
            applied: Vec::new(),
        };
        for entry in entries(3, &vec![1; usize::try_from(last - 2).expect("few")]) {
            let node = followed.cluster.node(1);
            let proposed = followed.proposals.propose(node, entry.data, entry.index);
            assert_eq!(proposed.expect("it leads"), id(1, entry.index));
        }
        followed.cluster.drain(1);
        events(&mut followed.cluster);
        followed
    }

    /// Another node says something, and what is applied then is told.
    fn hear(&mut self, from: u64, term: Term, payload: Payload) {
        hear(&mut self.cluster, from, term, payload);
        let applied = &self.cluster.nodes[&1].applied;
        for entry in &applied[self.told..] {
            self.applied.extend(self.proposals.on_applied(entry));
        }
        self.told = applied.len();
    }

    fn hear_snapshot(&mut self, from: u64, term: Term, covers: (Term, Index)) {
        let snapshot = snapshot(covers);
        self.told = 0; // what was applied before is forgotten
        self.hear(from, term, Payload::InstallSnapshot(Box::new(snapshot.clone())));
        self.proposals.on_snapshot(&snapshot);
    }

    fn settled(&mut self) -> Vec<(Index, Fate)> {
        self.proposals.drain_settled().collect()
    }

    fn cuts(&mut self) -> Vec<(Index, Index)> {
        cuts(events(&mut self.cluster))
    }
}

fn cuts(events: Vec<Event>) -> Vec<(Index, Index)> {
    let cut = |event| match event {
        Event::LogTruncated { from, to } => Some((from, to)),
        _ => None,
    };
    events.into_iter().filter_map(cut).collect()
}

fn snapshot((term, index): (Term, Index)) -> Snapshot {
    let conf_state = quorate::ConfState::of_voters(1..=5);
    Snapshot::new(SnapshotMetadata::new(EntryId { term, index }, conf_state), "state")
}

/// Ten proposals, and one foreign entry in the place of the first: that it cuts the log says nothing, that it is
/// committed settles all of them, though nothing will ever be at the indexes of the others.
#[test]
fn one_foreign_entry_supersedes_all() {
    let mut node = Followed::proposing(12);
    node.hear(2, 2, append((1, 2), &[2], 2));
    assert_eq!(node.cuts(), [(3, 12)]);
    assert_eq!(
        (node.settled(), node.proposals.len()),
        (vec![], 10),
        "it stepped down, its log was cut"
    );
    node.hear(2, 2, heartbeat(3));
    let superseded: Vec<_> = (3..=12).map(|index| (index, Fate::Superseded)).collect();
    assert_eq!(node.settled(), superseded);
    assert!(node.applied.is_empty() && node.proposals.is_empty());
}

/// Figure 8: what was cut off here comes back with a leader that still has it, and is committed.
#[test]
fn what_was_cut_off_may_be_applied_after_all() {
    let mut node = Followed::proposing(4);
    node.hear(5, 2, append((1, 2), &[2], 2)); // from S5, which lacks (1, 3)
    assert_eq!((node.cuts(), node.settled()), (vec![(3, 4)], vec![]));
    node.hear(2, 3, append((1, 2), &[1, 3], 2)); // from S2, which has it
    assert_eq!((node.cuts(), node.settled()), (vec![(3, 3)], vec![]));
    node.hear(2, 3, heartbeat(3));
    assert_eq!((node.applied.clone(), node.settled()), (vec![3], vec![]));
    assert_eq!(node.proposals.len(), 1, "(1, 4) is superseded when (3, 4) is committed");
    node.hear(2, 3, heartbeat(4));
    assert_eq!(node.settled(), [(4, Fate::Superseded)]);
    assert!(node.proposals.is_empty());
}

/// This node leads again, with a shorter log: what it proposes now is below what it proposed then.
#[test]
fn later_proposals_at_lower_indexes() {
    let mut node = Followed::proposing(9);
    node.hear(5, 2, append((1, 2), &[2], 2));
    node.cluster = crate::lead(node.cluster, 5); // its opening entry is (3, 4)
    let raw = node.cluster.node(1);
    assert_eq!(node.proposals.propose(raw, "again", 50).expect("it leads"), id(3, 5));
    assert_eq!(
        node.proposals.propose(raw, "and again", 60).expect("it leads"),
        id(3, 6)
    );
    for acknowledged in [5, 6] {
        for peer in [2, 3] {
            node.hear(peer, 3, crate::accepted(acknowledged));
        }
    }
    assert_eq!(node.applied, [50, 60]);
    assert_eq!(
        node.settled(),
        (3..=9).map(|index| (index, Fate::Superseded)).collect::<Vec<_>>()
    );
    assert!(node.proposals.is_empty());
}

/// What a snapshot covers, and what it jumps over.
#[test]
fn snapshots_settle_what_they_can() {
    use Fate::{Applied, Superseded, Unknown};
    // The last entry that it covers; what becomes of (1, 3) to (1, 7), and how many of them wait.
    type Row = ((Term, Index), &'static [(Index, Fate)], usize);
    let rows: [Row; 4] = [
        ((1, 5), &[(3, Applied), (4, Applied), (5, Applied)], 2),
        (
            (2, 5),
            &[
                (3, Unknown),
                (4, Unknown),
                (5, Superseded),
                (6, Superseded),
                (7, Superseded),
            ],
            0,
        ),
        (
            (2, 8),
            &[(3, Unknown), (4, Unknown), (5, Unknown), (6, Unknown), (7, Unknown)],
            0,
        ),
        (
            (1, 8),
            &[(3, Applied), (4, Applied), (5, Applied), (6, Applied), (7, Applied)],
            0,
        ),
    ];
    for (covers, settled, wait) in rows {
        let mut node = Followed::proposing(7);
        node.hear(5, 2, append((1, 2), &[2], 2));
        assert_eq!(node.cuts(), [(3, 7)]);
        node.hear_snapshot(4, 3, covers);
        assert_eq!(node.cuts(), [(3, 3)], "{covers:?}");
        assert_eq!(
            (node.settled(), node.proposals.len()),
            (settled.to_vec(), wait),
            "{covers:?}"
        );
        // Then the next leader's opening entry.
        node.hear(4, 3, append(covers, &[3], covers.1 + 1));
        let rest: Vec<_> = (7 - wait as u64 + 1..=7).map(|index| (index, Superseded)).collect();
        assert_eq!((node.settled(), node.proposals.len()), (rest, 0), "{covers:?}");
    }
}

/// Nobody told of the snapshot: the next entry settles what it jumped over.
#[test]
fn a_snapshot_that_nobody_told_of() {
    let mut node = Followed::proposing(7);
    node.hear(5, 2, append((1, 2), &[2], 2));
    let install = Payload::InstallSnapshot(Box::new(snapshot((1, 5))));
    node.told = 0;
    node.hear(4, 3, install);
    assert_eq!(node.settled(), []);
    node.hear(4, 3, append((1, 5), &[3], 6));
    let fate = |index| if index < 6 { Fate::Unknown } else { Fate::Superseded };
    let expected = [3, 4, 5, 6, 7].map(|index| (index, fate(index)));
    assert_eq!(node.settled(), expected);
}

/// When a log is said to be cut: entries that were not known to be committed go, and at no other time.
#[test]
fn logs_that_are_cut_say_so() {
    type Row = (&'static str, Payload, &'static [(Index, Index)]);
    // To a log of entries 1/1 1/2 1/3 2/4 2/5, committed to 2; what the leader of term 4 says.
    let install = |covers| Payload::InstallSnapshot(Box::new(snapshot(covers)));
    let rows: [Row; 11] = [
        ("a heartbeat", heartbeat(2), &[]),
        ("nothing new", append((1, 2), &[1, 2], 2), &[]),
        ("no entries, in the middle", append((1, 3), &[], 2), &[]),
        ("all and more", append((1, 2), &[1, 2, 2, 3], 2), &[]),
        ("one more", append((2, 5), &[4], 2), &[]),
        ("a conflict at the end", append((2, 4), &[4], 2), &[(5, 5)]),
        (
            "a conflict behind what agrees",
            append((1, 2), &[1, 3, 3, 3], 2),
            &[(4, 5)],
        ),
        ("a conflict at the commit index", append((1, 2), &[4], 3), &[(3, 5)]),
        ("no agreement", append((3, 4), &[4], 2), &[]),
        ("a snapshot of what is there", install((2, 4)), &[]),
        ("a snapshot of something else", install((3, 4)), &[(3, 5)]),
    ];
    for (what, payload, expected) in rows {
        let hard_state = quorate::HardState::new(3, None, 2);
        let mut cluster = alone(plain(1), store_with(5, &[1, 1, 2, 2], hard_state));
        hear(&mut cluster, 2, 4, payload);
        assert_eq!(cuts(events(&mut cluster)), expected, "{what}");
        hear(&mut cluster, 2, 4, install((4, 20)));
        let rest = cluster.raw(1).status();
        assert_eq!((rest.last_index, rest.hard_state.commit), (20, 20), "{what}");
    }
    // A snapshot far ahead, where everything is committed: nothing is dropped that could come back.
    let hard_state = quorate::HardState::new(3, None, 5);
    let mut cluster = alone(plain(1), store_with(5, &[1, 1, 2, 2], hard_state));
    hear(&mut cluster, 2, 4, install((4, 20)));
    assert_eq!(cuts(events(&mut cluster)), []);
}

/// A follower's read waits until what the leader said is applied, by an entry or by a snapshot; and comes back when
/// another node leads.
#[test]
fn reads_at_a_follower() {
    let mut cluster = alone(plain(1), store_with(5, &[1], quorate::HardState::new(1, None, 2)));
    let mut reads = Reads::new();
    assert_eq!(reads.read(cluster.node(1), 'z').expect_err("nobody leads").token, 'z');
    hear(&mut cluster, 2, 2, heartbeat(2));
    let ask = |cluster: &mut Cluster, reads: &mut Reads<char>, token| {
        reads.read(cluster.node(1), token).expect("node 2 leads");
        cluster.drain(1);
        let asked = cluster.take(|_| true).pop().expect("the leader is asked");
        let Payload::ReadIndex { context, .. } = asked.payload else {
            panic!("not a read: {asked}");
        };
        context
    };
    let contexts = ['a', 'b', 'c', 'd'].map(|token| ask(&mut cluster, &mut reads, token));
    let [a, b, c, _] = contexts;
    for (context, index) in [(c, 20), (b, 3), (a, 2)] {
        hear(&mut cluster, 2, 2, Payload::read_index_response(index, context));
    }
    let served = |cluster: &mut Cluster, reads: &mut Reads<char>| -> Vec<_> {
        reads.on_read_states(&cluster.nodes[&1].reads); // some of them again
        reads.drain_settled(cluster.raw(1).status().applied).collect()
    };
    assert_eq!(
        served(&mut cluster, &mut reads),
        [('a', Ok(()))],
        "it is applied already"
    );
    hear(&mut cluster, 2, 2, append((1, 2), &[2], 3));
    assert_eq!(served(&mut cluster, &mut reads), [('b', Ok(()))]);
    hear(&mut cluster, 3, 3, heartbeat(3));
    assert_eq!(
        served(&mut cluster, &mut reads),
        [('d', Err(ReadRefusal::LeaderChanged))]
    );
    hear(
        &mut cluster,
        3,
        3,
        Payload::InstallSnapshot(Box::new(snapshot((3, 20)))),
    );
    assert_eq!(served(&mut cluster, &mut reads), [('c', Ok(()))]);
    assert!(reads.is_empty());
}
