//! What a recovery makes of what it finds.

use quorate::membership::{ConfChangeKind, ConfChangeV2, Transition};
use quorate::recover::{self, RecoverError};
use quorate::status::RoleKind;
use quorate::{ConfState, Entry, EntryId, HardState, MemoryStorage, NodeId, RawNode, Storage};

use crate::support::{Cluster, config as quick};
use crate::{adding, change, data, inspected, is_recovered, join, recovered, recovered_with, started, store, three};

fn id(term: u64, index: u64) -> EntryId {
    EntryId { term, index }
}

/// One of three is left, with two entries that it knows to be committed and two that it does not. All are kept, the
/// group goes on, and the others join it under their old ids.
#[test]
fn one_of_three() {
    let entries = [data(2, 6), data(2, 7), data(4, 8), data(4, 9)];
    let survivor = store(three(), &entries, HardState::new(4, Some(3), 7));
    let (recovered, given) = recovered_with(&survivor, 2, 6, 99);
    assert_eq!(given, entries[1..]);
    assert_eq!(recovered.snapshot.id(), id(5, 9));
    assert_eq!(recovered.hard_state, HardState::new(5, None, 9));
    assert_eq!(recovered.snapshot.metadata.conf_state, ConfState::of_voters([2]));
    assert!(is_recovered(recovered.cluster_id));

    let mut cluster = started(&recovered);
    cluster.tick_all(30);
    assert_eq!(cluster.leader(), Some(2));
    join(&mut cluster, 2, &[1, 3], ConfChangeKind::AddNode);
    cluster.commit(2, "after");
    cluster.tick_all(5);
    for id in 1..=3 {
        assert_eq!(cluster.raw(id).membership().conf_state(), three());
        assert_eq!(cluster.data(id), ["after"], "{id}");
    }
    cluster.tick_all(20);
    // And it bears the loss of the survivor itself.
    cluster.nodes.remove(&2);
    cluster.tick_all(60);
    let leader = cluster.leader().expect("two of three");
    cluster.commit(leader, "without it");
    cluster.assert_consistent();
    assert!(cluster.errors.is_empty(), "{:?}", cluster.errors);
}

/// What is wrong with making the survivor the only voter by hand: a change above what is applied is made on top of that.
#[test]
fn the_trap() {
    let joint = ConfChangeV2::new([(ConfChangeKind::AddNode, 1), (ConfChangeKind::AddNode, 3)]);
    let entries = [change(2, 6, &joint), data(2, 7)];
    let survivor = store(three(), &entries, HardState::new(2, None, 7));

    let mut by_hand = survivor.clone();
    by_hand.set_conf_state(ConfState::of_voters([2]), 5);
    let mut cluster = Cluster::default();
    let mut config = quick(2);
    config.cluster_id = crate::OLD;
    cluster.add(config, by_hand).expect("it starts");
    cluster.tick_all(200);
    assert_eq!(cluster.leader(), None);
    assert_eq!(cluster.raw(2).membership().to_string(), "voters=(1 2 3)&&(2) autoleave");

    let mut cluster = started(&recovered(&survivor, 2, 1));
    cluster.tick_all(30);
    assert_eq!(cluster.leader(), Some(2));
    assert_eq!(cluster.raw(2).membership().to_string(), "voters=(2)");
    cluster.commit(2, "x");
    assert_eq!(cluster.data(2), ["x"]);
}

/// Whatever the configuration is, the recovered one is of the survivor alone, and it leads: by row, the stored
/// configuration, changes above it, who survives, and what that is.
#[test]
fn any_configuration() {
    let joint = three().with_voters_outgoing([1, 4, 5]).with_auto_leave(true);
    let learners = ConfState::of_voters([1, 3]).with_learners([2]);
    let next = ConfState::of_voters([1])
        .with_voters_outgoing([1, 2])
        .with_learners_next([2]);
    let (add, remove) = (ConfChangeKind::AddNode, ConfChangeKind::RemoveNode);
    let mut explicit = ConfChangeV2::new([(add, 4), (remove, 1)]);
    explicit.transition = Transition::JointExplicit;
    let rows = [
        (three(), vec![], 2, "a voter", "1 3"),
        (joint, vec![], 4, "a voter", "1 2 3 5"),
        (learners.clone(), vec![], 2, "a learner", "1 3"),
        (learners, vec![adding(add, 2)], 2, "a learner", "1 3"),
        (next, vec![ConfChangeV2::leave_joint()], 2, "a voter", "1"),
        (three(), vec![explicit.clone()], 2, "a voter", "1 3 4"),
        (
            three(),
            vec![explicit.clone(), ConfChangeV2::leave_joint()],
            4,
            "no member",
            "1 2 3",
        ),
        (three(), vec![adding(remove, 2), adding(remove, 1)], 2, "a voter", "1 3"),
        (ConfState::of_voters([2]), vec![], 2, "a voter", "none"),
    ];
    for (conf_state, changes, survivor, standing, others) in rows {
        let entries: Vec<Entry> = (6..).zip(&changes).map(|(index, one)| change(3, index, one)).collect();
        let storage = store(conf_state.clone(), &entries, HardState::new(3, None, 5));
        let plan = recover::plan(&storage, survivor, 5).expect("a member").to_string();
        assert!(
            plan.contains(&format!("\nstanding: {standing}\n")),
            "{conf_state:?}: {plan}"
        );
        assert!(
            plan.contains(&format!("\nother nodes: {others}\n")),
            "{conf_state:?}: {plan}"
        );
        let mut cluster = started(&recovered(&storage, survivor, 3));
        cluster.tick_all(30);
        assert_eq!(cluster.leader(), Some(survivor), "{plan}");
        assert_eq!(
            cluster.raw(survivor).membership().conf_state(),
            ConfState::of_voters([survivor])
        );
    }
}

/// In a group whose members are named, the survivor keeps its name; and who is not named says so.
#[test]
fn named_stores() {
    let named = three().with_identities([(1, 0xd1), (2, 0xd2), (3, 0xd3)]);
    let rows = [
        (0xd2, named.clone(), "a voter"),
        (0xe2, named, "a member, but with another store"),
        (0xd2, three(), "a member, but its store is not named"),
        (0, three(), "a voter"),
    ];
    for (identity, conf_state, standing) in rows {
        let storage = store(conf_state, &[], HardState::new(2, None, 5)).with_identity(identity);
        let plan = recover::plan(&storage, 2, 0).expect("a member").to_string();
        assert!(plan.contains(&format!("\nstanding: {standing}\n")), "{plan}");
        let recovered = recovered(&storage, 2, 3);
        let written = MemoryStorage::from(recovered.clone());
        assert_eq!(written.initial_state().expect("works").identity, identity);
        let mut cluster = started(&recovered);
        assert!(!cluster.raw(2).status().disowned);
        cluster.tick_all(30);
        assert_eq!(cluster.leader(), Some(2));
    }
}

/// What is committed for sure, and why.
#[test]
fn committed_for_sure() {
    let add = |id| adding(ConfChangeKind::AddLearnerNode, id);
    // A leader that checks marks its changes: an extension field in the data.
    let marked = |index, one: &ConfChangeV2| {
        let mut entry = change(2, index, one);
        entry.data = [&entry.data[..], &[0x80, 0x02, 1]].concat().into();
        entry
    };
    let entries = [
        data(2, 6),
        change(2, 7, &add(4)),
        data(2, 8),
        marked(9, &add(5)),
        data(2, 10),
    ];
    let unmarked = [
        data(2, 6),
        change(2, 7, &add(4)),
        data(2, 8),
        change(2, 9, &add(5)),
        data(2, 10),
    ];
    for (entries, commit, applied, committed) in [
        (&unmarked, 0, 0, 5),   // the snapshot
        (&unmarked, 6, 0, 6),   // the hard state
        (&unmarked, 6, 8, 8),   // the state machine
        (&unmarked, 10, 0, 10), // nothing is in doubt
        (&entries, 6, 0, 7),    // the second change proves the first
        (&entries, 8, 0, 8),
    ] {
        let storage = store(three(), entries, HardState::new(2, None, commit));
        let inspection = inspected(&storage, applied);
        assert_eq!(inspection.committed, id(2, committed), "{commit} {applied}");
        let learners = [4, 5].iter().zip([7, 9]).filter(|(_, at)| *at <= committed);
        let learners: Vec<NodeId> = learners.map(|(id, _)| *id).collect();
        assert_eq!(inspection.configuration, three().with_learners(learners));
        let pending: Vec<u64> = inspection.changes.iter().map(|change| change.index).collect();
        let expected: Vec<u64> = [7, 9].into_iter().filter(|index| *index > committed).collect();
        assert_eq!(pending, expected);
        assert_eq!(inspection.last_configuration, three().with_learners([4, 5]));
    }
    // A configuration that was stored for later than what is applied.
    let mut storage = store(three(), &unmarked, HardState::new(2, None, 5));
    storage.set_conf_state(three().with_learners([4]), 8);
    let inspection = inspected(&storage, 6);
    assert_eq!((inspection.applied, inspection.committed.index), (6, 8));
    assert_eq!(inspection.configuration, three().with_learners([4]));
    // It has what it has, also if a change below was cancelled.
    let mut cancelled = storage.clone();
    cancelled.set_conf_state(three(), 8);
    let inspection = inspected(&cancelled, 6);
    assert_eq!(inspection.configuration, three());
    assert_eq!(inspection.last_configuration, three().with_learners([5]));
    let (_, given) = recovered_with(&storage, 2, 6, 1);
    assert_eq!(
        given,
        unmarked[1..],
        "what is not applied is to be applied all the same"
    );
}

/// The report, whole.
#[test]
fn the_report() {
    let leave = ConfChangeV2::leave_joint();
    let undecodable = {
        let mut value = change(4, 9, &leave);
        value.data = "?".into();
        value
    };
    let entries = [
        data(2, 6),
        data(4, 7),
        change(4, 8, &adding(ConfChangeKind::AddNode, 4)),
        undecodable,
    ];
    let state = HardState::new(4, Some(3), 6).with_promised_ticks(10);
    let report = inspected(&store(three(), &entries, state).with_identity(0xd2), 0).to_string();
    let expected = [
        "store: identity d2 of group 7",
        "hard state: term=4 vote=3 commit=6 promised=10",
        "log: begins after 2/5, ends with 4/9; applied to 5",
        "committed for sure: up to 2/6",
        "may be committed: entries 7 to 9",
        "lost: what was committed beyond 4/9, if anything was; no store can say",
        "configuration as of 6: voters=(1 2 3)",
        "may be committed at 8: v4",
        "may be committed at 9: a change that cannot be read",
        "configuration as of 9, if all is committed: voters=(1 2 3 4)",
    ];
    assert_eq!(report.lines().collect::<Vec<_>>(), expected);
    let again = MemoryStorage::from(recovered(&store(three(), &entries, state), 2, 0x22));
    let report = inspected(&again, 0).to_string();
    let expected = [
        "store: identity 0 of group 8000000000000022, recovered before",
        "hard state: term=5 commit=9 promised=10",
        "log: begins after 5/9, ends with 5/9; applied to 9",
        "committed for sure: up to 5/9",
        "may be committed: nothing else that is here",
        "lost: what was committed beyond 5/9, if anything was; no store can say",
        "configuration as of 9: voters=(2)",
    ];
    assert_eq!(report.lines().collect::<Vec<_>>(), expected);
}

/// The term is above all that were seen, whichever is the greater, and a recovered group may be recovered again.
#[test]
fn terms_and_generations() {
    for (stored, last, term) in [(7, 3, 8), (3, 7, 8), (0, 2, 3), (1, 2, 3)] {
        let storage = store(three(), &[data(last, 6)], HardState::new(stored, None, 5));
        assert_eq!(recovered(&storage, 2, 1).hard_state.term, term);
    }
    let mut storage = store(three(), &[data(2, 6)], HardState::new(2, None, 5));
    for generation in 1..5 {
        let recovered = recovered(&storage, 2, generation);
        assert_eq!(recovered.snapshot.id(), id(2 + generation, 6));
        storage = recovered.into();
    }
    // One that never had more than the snapshot that a group begins with.
    let founded = crate::support::store(&[1, 2, 3]);
    let (recovered, given) = recovered_with(&founded, 3, 0, 1);
    assert_eq!((recovered.snapshot.id(), given.len()), (id(2, 1), 0));
    assert_eq!(
        recover::plan(&MemoryStorage::new(), 1, 0),
        Err(RecoverError::Empty),
        "that of a node that never joined"
    );
}

/// Nobody founds a group with the id of a recovered one, and it is no mistake to restart in one.
#[test]
fn the_id() {
    let recovered = recovered(&store(three(), &[], HardState::new(2, None, 5)), 2, 5);
    let unused = MemoryStorage::new().with_cluster_id(recovered.cluster_id);
    assert!(quorate::bootstrap(1, &unused, &three()).is_err());
    let node = RawNode::new(crate::config(2, recovered.cluster_id), MemoryStorage::from(recovered));
    assert_eq!(
        node.expect("a legal store").status().soft_state.role,
        RoleKind::Follower
    );
}
