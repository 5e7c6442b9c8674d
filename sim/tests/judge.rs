//! The judges: for each property a history that breaks it, beside the nearest one that does not.

#[path = "judge/calls.rs"]
mod calls;
#[path = "judge/causes.rs"]
mod causes;
#[path = "judge/identities.rs"]
mod identities;
#[path = "judge/liars.rs"]
mod liars;
#[path = "judge/promises.rs"]
mod promises;
#[path = "judge/strangers.rs"]
mod strangers;
#[path = "judge/users.rs"]
mod users;

use quorate::types::SnapshotMetadata;
use quorate::{CommitGroups, ConfState, Entry, EntryId, HardState, Index, NodeId, Snapshot, Term};
use quorate_sim::judge::{Configurations, Judge, Mark, Replica, Replicas, Shadow, Violation};

/// What every log begins after.
const BASE: EntryId = EntryId { term: 1, index: 1 };

fn id(index: Index, term: Term) -> EntryId {
    EntryId { term, index }
}

fn entry(index: Index, term: Term, data: &'static str) -> Entry {
    Entry::new(term, index, data)
}

/// A log after [`BASE`] with entries of these terms.
fn log(terms: &[Term]) -> Shadow {
    let metadata = SnapshotMetadata::new(
        EntryId {
            term: BASE.term,
            index: BASE.index,
        },
        ConfState::default(),
    );
    let mut log = Shadow::of_snapshot(&Snapshot::new(metadata, ""));
    for (index, term) in (BASE.index + 1..).zip(terms) {
        log.apply(Mark::entry(&entry(index, *term, "")));
    }
    log
}

fn voted(term: Term, candidate: NodeId) -> HardState {
    HardState::new(term, Some(candidate), 0)
}

#[track_caller]
fn holds<T>(seen: Result<T, Violation>) -> T {
    match seen {
        Ok(seen) => seen,
        Err(violation) => panic!("this is legal: {violation}"),
    }
}

#[track_caller]
fn breaks<T>(property: &str, seen: Result<T, Violation>) {
    let found = seen.err().map(|violation| violation.property);
    assert_eq!(found, Some(property));
}

#[test]
fn election_safety() {
    let mut judge = Judge::new(BASE.index);
    holds(judge.leads(1, 2, voted(2, 1)));
    holds(judge.leads(1, 2, voted(2, 1))); // seen again
    holds(judge.leads(2, 3, voted(3, 2)));
    breaks("election safety", judge.leads(2, 2, voted(2, 2)));
}

#[test]
fn a_leader_has_its_own_vote_on_disk() {
    let mut judge = Judge::new(BASE.index);
    breaks("persist before send", judge.leads(1, 2, voted(1, 1)));
    breaks("persist before send", judge.leads(1, 2, voted(2, 3)));
    holds(judge.leads(1, 2, voted(2, 1)));
}

#[test]
fn one_vote_a_term() {
    let mut judge = Judge::new(BASE.index);
    holds(judge.votes(3, 2, 1));
    holds(judge.votes(3, 2, 1)); // the same answer to the same question
    holds(judge.votes(3, 3, 2)); // another term
    holds(judge.votes(2, 2, 2)); // another node
    breaks("one vote a term", judge.votes(3, 2, 2));
}

#[test]
fn log_matching() {
    let stores = |entry: Entry, prev| {
        let mut judge = Judge::new(BASE.index);
        holds(judge.stores(1, &self::entry(3, 3, "a"), Some(2)));
        judge.stores(2, &entry, prev)
    };
    holds(stores(entry(3, 3, "a"), Some(2)));
    holds(stores(entry(3, 4, "b"), Some(2))); // another term: another entry
    breaks("log matching", stores(entry(3, 3, "b"), Some(2))); // other data
    breaks("log matching", stores(entry(3, 3, "a"), Some(1))); // after another entry
    let mut change = entry(3, 3, "a");
    change.kind = quorate::types::EntryKind::ConfChangeV2;
    breaks("log matching", stores(change, Some(2))); // another kind
}

#[test]
fn logs_have_no_gaps() {
    let mut judge = Judge::new(BASE.index);
    holds(judge.stores(1, &entry(2, 2, ""), Some(2)));
    breaks("logs have no gaps", judge.stores(1, &entry(4, 2, ""), None));
    breaks("logs have no gaps", judge.stores(1, &entry(3, 1, ""), Some(2)));
    // What a snapshot stands for comes before what follows it; what is inside has no place any more.
    let mut log = log(&[2, 2]);
    log.apply(Mark::Install(id(10, 3)));
    assert_eq!((log.term(10), log.term(9), log.term(11)), (Some(3), None, None));
}

#[test]
fn leader_append_only() {
    holds(Judge::leader_writes(1, id(8, 3), id(7, 2)));
    breaks("leader append-only", Judge::leader_writes(1, id(7, 3), id(7, 3))); // its own entry
    breaks("leader append-only", Judge::leader_writes(1, id(7, 3), id(7, 2))); // an earlier leader's
    breaks("leader append-only", Judge::leader_writes(1, id(9, 3), id(7, 3)));
}

/// Figure 8: an entry of term 2 that is committed only in term 4 may be missing at the leader of term 3,
/// and must not at that of term 5.
#[test]
fn leader_completeness_goes_by_the_term_of_the_commit() {
    let mut judge = Judge::new(BASE.index);
    let (with, without) = (log(&[2, 4]), log(&[3]));
    holds(judge.leader_holds(5, 3, &without));
    holds(judge.commits(1, 4, 3, &with));
    holds(judge.leader_holds(5, 3, &without));
    breaks("leader completeness", judge.leader_holds(5, 5, &without));
    breaks("leader completeness", judge.leader_holds(5, 5, &log(&[2])));
    holds(judge.leader_holds(5, 5, &log(&[2, 4, 4])));
    let mut snapshot = Shadow::default();
    snapshot.apply(Mark::Install(id(7, 4)));
    holds(judge.leader_holds(5, 5, &snapshot)); // it covers them
}

/// An earlier leader that hears late of what it has committed: then the later one is asked again.
#[test]
fn leader_completeness_holds_for_what_is_found_out_later() {
    let mut judge = Judge::new(BASE.index);
    holds(judge.leader_holds(2, 3, &log(&[])));
    assert!(holds(judge.commits(1, 2, 2, &log(&[2]))));
    breaks("leader completeness", judge.leader_holds(2, 3, &log(&[])));
    holds(judge.leader_holds(2, 3, &log(&[2])));
    assert!(!holds(judge.commits(1, 2, 2, &log(&[2])))); // that was known
}

#[test]
fn state_machine_safety_of_commits() {
    let mut judge = Judge::new(BASE.index);
    holds(judge.commits(1, 2, 3, &log(&[2, 2])));
    holds(judge.commits(2, 3, 3, &log(&[2, 2, 3])));
    assert_eq!(judge.committed(), 3);
    breaks("state machine safety", judge.commits(2, 3, 3, &log(&[2, 3])));
    breaks("state machine safety", judge.commits(2, 3, 4, &log(&[2, 3, 3]))); // beyond what is known
    holds(judge.commits(2, 3, 4, &log(&[2, 2, 3])));
    // Somebody who is behind; and the same term, but other data.
    holds(judge.commits(3, 3, 2, &log(&[2])));
    breaks("state machine safety", judge.commits(3, 3, 2, &log(&[1])));
    let mut other = log(&[2]);
    other.apply(Mark::entry(&entry(3, 2, "other")));
    breaks("state machine safety", judge.commits(3, 3, 3, &other));
}

#[test]
fn committed_entries_exist() {
    let mut judge = Judge::new(BASE.index);
    holds(judge.commits(1, 2, 3, &log(&[2, 2])));
    breaks("committed entries exist", judge.commits(1, 2, 4, &log(&[2, 2])));
}

#[test]
fn state_machine_safety_of_what_is_applied() {
    let mut judge = Judge::new(BASE.index);
    breaks("state machine safety", judge.applies(1, &entry(2, 2, ""))); // nobody committed it
    holds(judge.commits(1, 2, 2, &log(&[2])));
    assert!(holds(judge.applies(1, &entry(2, 2, ""))));
    assert!(!holds(judge.applies(2, &entry(2, 2, "")))); // the second who does
    breaks("state machine safety", judge.applies(3, &entry(2, 3, "")));
    breaks("state machine safety", judge.applies(3, &entry(2, 2, "other")));
}

#[test]
fn state_machine_safety_of_snapshots_and_hearsay() {
    let mut judge = Judge::new(BASE.index);
    holds(judge.believes(1, BASE)); // what every start has in common
    breaks("state machine safety", judge.believes(3, id(2, 2))); // nobody committed it
    holds(judge.commits(1, 2, 2, &log(&[2])));
    holds(judge.believes(3, id(2, 2)));
    breaks("state machine safety", judge.believes(3, id(2, 1)));
}

#[test]
fn monotone() {
    holds(Judge::monotone(1, "term", 4, 4));
    breaks("monotone", Judge::monotone(1, "term", 4, 3));
}

#[test]
fn applied_in_order() {
    holds(Judge::applies_next(1, id(5, 2), 4));
    breaks("applied in order", Judge::applies_next(1, id(6, 2), 4)); // one is left out
    breaks("applied in order", Judge::applies_next(1, id(4, 2), 4)); // twice
}

#[test]
fn stale_read() {
    holds(Judge::reads(2, 7, 7));
    breaks("stale read", Judge::reads(2, 6, 7));
}

#[test]
fn leases_do_not_overlap() {
    holds(Judge::leases(1, false, 2)); // a leader that does not know of its successor, without a lease
    breaks("leases do not overlap", Judge::leases(1, true, 2));
}

#[test]
fn elected_one_change_behind_at_most() {
    holds(Judge::elected(1, 0));
    holds(Judge::elected(1, 1)); // a change goes by the configuration before it
    breaks("elected one change behind at most", Judge::elected(1, 2));
}

#[test]
fn campaigns_one_change_behind_at_most() {
    holds(Judge::campaigns_one_behind(1, 1)); // the last one may be committed, and nobody can tell yet
    breaks("campaigns one change behind at most", Judge::campaigns_one_behind(1, 2));
}

#[test]
fn elected_by_a_quorum() {
    let mut joint = ConfState::of_voters([1, 2, 3]);
    joint.voters_outgoing = vec![3, 4, 5];
    let mut judge = Judge::new(0);
    for voter in [1, 2, 3] {
        holds(judge.votes(voter, 2, 1));
    }
    breaks("elected by a quorum", judge.has_votes(1, 2, &joint)); // three of five, and one of 3, 4 and 5
    holds(judge.votes(4, 1, 1)); // in another term
    breaks("elected by a quorum", judge.has_votes(1, 2, &joint));
    judge.replaced(3); // what it voted, it voted with the store that it had
    holds(judge.votes(5, 2, 1));
    holds(judge.has_votes(1, 2, &joint));
}

#[test]
fn committed_is_durable_on_a_quorum() {
    let durable =
        |members: &ConfState, disks: &[NodeId]| Judge::durable(1, id(7, 3), members, |id| disks.contains(&id));
    let three = ConfState::of_voters([1, 2, 3]);
    let moving = three.clone().with_voters_outgoing([3, 4, 5]);
    let four = ConfState::of_voters([1, 2, 3, 4]);
    let property = "committed is durable on a quorum";
    holds(durable(&three, &[2, 3])); // the leader's own disk may be behind
    breaks(property, durable(&three, &[1, 4]));
    breaks(property, durable(&four, &[1, 4])); // a half is no majority
    holds(durable(&moving, &[1, 3, 5]));
    breaks(property, durable(&moving, &[1, 2, 3])); // a majority of one half only
}

#[test]
fn committed_is_durable_in_two_groups() {
    let groups = CommitGroups::new([(1, 7), (2, 7), (3, 8), (4, 9)]);
    let durable = |members: &ConfState, disks: &[NodeId]| {
        Judge::in_groups(1, id(7, 3), members, &groups, |id| disks.contains(&id))
    };
    let three = ConfState::of_voters([1, 2, 3]);
    let moving = three.clone().with_voters_outgoing([1, 4, 5]);
    let property = "committed is durable in two groups";
    holds(durable(&three, &[2, 3]));
    breaks(property, durable(&three, &[1, 2]));
    holds(durable(&ConfState::of_voters([1, 2, 5]), &[1])); // 5 is in none
    holds(durable(&moving, &[1, 3, 4]));
    breaks(property, durable(&moving, &[1, 3])); // in one half only
    breaks(property, durable(&three, &[1, 2, 4])); // 4 does not vote
}

#[test]
fn same_configuration() {
    let (two, three) = (ConfState::of_voters([1, 2]), ConfState::of_voters([1, 2, 3]));
    let mut seen = Configurations::default();
    holds(seen.applies(0, 1, &two));
    holds(seen.applies(1, 5, &three));
    holds(seen.applies(2, 5, &three));
    breaks("same configuration", seen.applies(3, 5, &two));
    breaks("same configuration", seen.applies(3, 4, &three)); // others came to 5 without that change
    // As of any index the configuration is that of the last change up to it.
    holds(seen.is_at(3, 4, &two));
    holds(seen.is_at(3, 9, &three));
    breaks("same configuration", seen.is_at(3, 4, &three));
    breaks("same configuration", seen.is_at(3, 9, &two));
}

#[test]
fn quorums_overlap() {
    let follows = |before: &ConfState, after: &ConfState| {
        let mut seen = Configurations::default();
        holds(seen.applies(0, 1, before));
        seen.applies(1, 2, after)
    };
    let [three, four, five] = [3, 4, 5].map(|last| ConfState::of_voters(1..=last));
    holds(follows(&three, &four));
    holds(follows(&four, &three));
    breaks("quorums overlap", follows(&three, &five)); // two at once: {1 2} and {3 4 5}
    breaks("quorums overlap", follows(&five, &three));
    let joint = five.clone().with_voters_outgoing(three.voters.clone());
    holds(follows(&three, &joint));
    holds(follows(&joint, &five));
    let learner = three.clone().with_learners([4, 5]);
    holds(follows(&three, &learner));
    let other = ConfState::of_voters([4, 5, 6]);
    breaks("quorums overlap", follows(&joint, &other));
}

#[test]
fn same_answers_and_same_state() {
    let mut seen = Replicas::default();
    holds(seen.answers(1, 4, b"was 3"));
    holds(seen.answers(2, 4, b"was 3"));
    holds(seen.answers(1, 5, b"was 4"));
    breaks("same answers", seen.answers(1, 4, b"was 4")); // after a restart, say
    holds(seen.is_at(1, 4, b"3"));
    holds(seen.is_at(2, 4, b"3"));
    breaks("same state", seen.is_at(2, 4, b"3\0"));
}

#[test]
fn snapshots_are_canonical() {
    let mut seen = Replicas::default();
    holds(seen.is_at(1, 4, b"a=1 b=2"));
    breaks("snapshots are canonical", seen.is_at(2, 4, b"b=2 a=1"));
    holds(Replicas::restored(1, 4, b"a=1 b=2", b"a=1 b=2"));
    breaks(
        "snapshots are canonical",
        Replicas::restored(1, 4, b"a=1 b=2", b"b=2 a=1"),
    );
    breaks(
        "restore gives the state back",
        Replicas::restored(1, 4, b"a=1 b=2", b"a=1"),
    );
}

#[test]
fn differences_are_shown() {
    let told = |seen: Result<(), Violation>| seen.expect_err("they differ").detail;
    let mut seen = Replicas::default();
    let restored = Replica {
        node: 2,
        start: 3,
        restored: 7,
    };
    holds(seen.answers(1, 9, b"yes\xff"));
    let detail = told(seen.answers(restored, 9, b"no"));
    let expected = "node 2 (start 3, restored from the snapshot at 7) answers the command at 9 with b\"no\", and \
                    node 1 with b\"yes\\xff\"";
    assert_eq!(detail, expected);
    // Of long ones what is around the difference.
    let mut long = vec![b'x'; 1000];
    holds(seen.is_at(1, 9, &long));
    long[900] = b'y';
    let detail = told(seen.is_at(2, 9, &long));
    let shown = "xxxxxxxxxxxxxxxxyxxx";
    assert!(
        detail.contains(shown) && detail.contains("from byte 884 on, of 1000 bytes"),
        "{detail}"
    );
    assert!(detail.len() < 700, "{detail}");
}
