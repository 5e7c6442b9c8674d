//! Why a node does not do what one would like it to: each situation, what is found, and how that reads.

#[path = "../corners/moody.rs"]
pub(crate) mod moody;

use std::fmt::{Debug, Display};

use quorate::message::{Payload, VoteResponse};
use quorate::types::{EntryKind, SnapshotMetadata};
use quorate::{ConfState, Config, Entry, EntryId, HardState, MemoryStorage, RawNode, Snapshot, Storage, StorageError};

use self::moody::Moody;
use crate::support::{Cluster, message, plain, store};
use crate::{accepted, alone, append, hear, heartbeat, leading, store_with};

/// A finding by the name of its variant, and the first line of its text.
fn told(finding: &impl Debug, text: &impl Display) -> String {
    let (name, text) = (format!("{finding:?}"), text.to_string());
    let end = name
        .find(|letter: char| !letter.is_alphanumeric())
        .unwrap_or(name.len());
    format!("{}: {}", &name[..end], text.lines().next().unwrap_or_default())
}

pub(crate) fn no_leader<S: Storage>(node: &RawNode<S>) -> Vec<String> {
    let findings = node.explain().no_leader;
    findings.iter().map(|finding| told(finding, finding)).collect()
}

pub(crate) fn index<S: Storage>(node: &RawNode<S>, index: u64) -> String {
    let explained = node.explain_index(index);
    told(&explained.finding, &explained)
}

pub(crate) fn peer<S: Storage>(node: &RawNode<S>, peer: u64) -> Vec<String> {
    let findings = node.explain_peer(peer).findings;
    findings.iter().map(|finding| told(finding, finding)).collect()
}

pub(crate) fn lease<S: Storage>(node: &RawNode<S>) -> String {
    let reason = node.explain().lease.expect_err("there is none");
    told(&reason, &reason)
}

/// A voter whose timeout has been drawn as 15 ticks.
fn drawn(settings: Config, storage: MemoryStorage) -> Cluster {
    let mut cluster = alone(settings, storage);
    cluster.node(1).set_election_timeout_draw(15);
    cluster
}

pub(crate) fn voters(ids: &[u64]) -> ConfState {
    ConfState::of_voters(ids.iter().copied())
}

fn named() -> ConfState {
    voters(&[1, 2, 3]).with_identities([(1, 0xd1), (2, 0xd2), (3, 0xd3)])
}

pub(crate) fn stored_in(conf_state: ConfState) -> MemoryStorage {
    let mut storage = store(&[1]);
    storage.set_conf_state(conf_state, 1);
    storage.sync();
    storage
}

pub(crate) fn granted(pre_vote: bool, granted: bool) -> Payload {
    Payload::VoteResponse(VoteResponse::new(granted).with_pre_vote(pre_vote))
}

/// A follower of node 2 in term 1 that its caller tells to forget it.
fn forgetful(settings: Config) -> Cluster {
    let mut cluster = drawn(settings, store(&[1, 2, 3]));
    hear(&mut cluster, 2, 1, heartbeat(1));
    cluster.node(1).set_election_timeout_draw(15);
    cluster.tick(1, 3);
    cluster.node(1).forget_leader().expect("a sound node");
    cluster
}

/// It has begun to campaign; the first answers are there.
fn campaigning(settings: Config, conf_state: ConfState, answers: &[(u64, bool)]) -> Cluster {
    let mut cluster = drawn(settings, stored_in(conf_state));
    // A term in which others can say no.
    hear(&mut cluster, 9, 1, heartbeat(1));
    cluster.node(1).forget_leader().expect("a sound node");
    cluster.tick(1, 10);
    cluster.node(1).campaign().expect("it may");
    cluster.node(1).set_election_timeout_draw(15);
    cluster.drain(1);
    let pre_vote = cluster.raw(1).config().settings().pre_vote;
    for (from, answer) in answers {
        let term = if pre_vote && !answer { 1 } else { 2 };
        hear(&mut cluster, *from, term, granted(pre_vote, *answer));
    }
    cluster
}

const HEARS_NONE: &str = "MayNotCampaign: it hears no leader, and may not campaign: ";
const WOULD_NOT: &str = "WouldNotVote: it would not vote for any of (2 3): ";

/// What keeps this node from campaigning keeps it from voting, too; it looks again after so many ticks.
fn neither(reason: &str, ticks: u64, rule: &str) -> [String; 2] {
    [
        format!("{HEARS_NONE}{reason}; it looks again in {ticks} ticks [{rule}]"),
        format!("{WOULD_NOT}{reason} [{rule}]"),
    ]
}

/// A follower without a leader: why it knows none.
#[test]
fn followers_that_wait() {
    let followed = || {
        let mut cluster = drawn(plain(1), store(&[1, 2, 3]));
        hear(&mut cluster, 2, 1, heartbeat(1));
        cluster
    };
    let changed = || {
        let mut storage = store(&[1, 2, 3]);
        let change = Entry::new(1, 3, "").with_kind(EntryKind::ConfChangeV2);
        let entries = [crate::entries(2, &[1]), vec![change]].concat();
        storage.append(&entries).expect("in order");
        storage.set_hard_state(HardState::new(1, None, 3));
        storage.sync();
        storage
    };
    let (mut silent, mut promised) = (plain(1), plain(1));
    silent.settings_mut().restart_silence_ticks = Some(4);
    promised.settings_mut().lease_promises = true;
    let restarted = store_with(3, &[], HardState::new(1, None, 1));
    let named = stored_in(named()).with_identity(0xe1);
    let waiting = "Waiting: it hears no leader, and campaigns in 15 ticks if that goes on [section 5.2]";
    let alone = |reason: &str| vec![format!("{HEARS_NONE}{reason}")];
    for (name, cluster, expected) in [
        ("a voter", drawn(plain(1), store(&[1, 2, 3])), vec![waiting.to_owned()]),
        ("a leader is known", followed(), vec![]),
        ("it leads", leading(3, plain(1)), vec![]),
        (
            "a learner",
            drawn(plain(1), stored_in(voters(&[2]).with_learners([1]))),
            alone("this node is no voter, but a learner [thesis 4.2.1]"),
        ),
        (
            "an empty store",
            drawn(plain(1), MemoryStorage::new()),
            alone("this node is no voter [thesis 4.2.1]"),
        ),
        (
            "in silence",
            drawn(silent, restarted),
            neither("silent for 4 ticks after a restart", 15, "D29").into(),
        ),
        (
            "promised",
            forgetful(promised),
            neither("a leader's lease is promised for 7 ticks", 12, "D1").into(),
        ),
        (
            "another store is named",
            drawn(plain(1), named),
            neither("the configuration names another store for this node", 15, "D28").into(),
        ),
        (
            "a change waits to be applied",
            drawn(plain(1), changed()),
            alone(
                "a committed configuration change waits to be applied, at index 3; it looks again in 15 ticks \
                 [thesis 4.1]",
            ),
        ),
    ] {
        assert_eq!(no_leader(cluster.raw(1)), expected, "{name}");
    }
}

/// A candidate: who is missing.
#[test]
fn candidates_that_wait() {
    let mut asks_first = plain(1);
    (
        asks_first.settings_mut().pre_vote,
        asks_first.settings_mut().check_quorum,
    ) = (true, true);
    let joint = voters(&[1, 2, 3]).with_voters_outgoing([1, 4, 5]);
    let undecided = || {
        let mut cluster = drawn(plain(1), store(&[1, 2, 3]));
        cluster.node(1).campaign().expect("it may");
        cluster.node(1).set_election_timeout_draw(15);
        cluster
    };
    for (name, cluster, expected) in [
        (
            "a pre-candidate",
            campaigning(asks_first, voters(&[1, 2, 3, 4, 5]), &[(3, false), (5, true)]),
            "it asks for pre-votes for term 2: granted by (1 5), refused by (3), not answered by (2 4), 1 more needed; \
             who refused had a more up-to-date log; it tries again in 5 ticks [thesis 9.6]",
        ),
        (
            "a candidate",
            campaigning(plain(1), voters(&[1, 2, 3]), &[(3, false)]),
            "it campaigns for term 2: granted by (1), refused by (3), not answered by (2), 1 more needed; who refused \
             had voted for another, knew a leader, or had a more up-to-date log; it tries again in 15 ticks \
             [section 5.2]",
        ),
        (
            "whose configuration is joint",
            campaigning(plain(1), joint, &[(2, true), (4, false)]),
            "it campaigns for term 2: incoming half: granted by (1 2), not answered by (3), which is a majority; \
             outgoing half: granted by (1), refused by (4), not answered by (5), 1 more needed; who refused had voted \
             for another, knew a leader, or had a more up-to-date log; it tries again in 15 ticks [section 5.2]",
        ),
        (
            "before its own vote is durable",
            undecided(),
            "it campaigns for term 1: not answered by (1 2 3), 2 more needed; its own vote is not durable yet; it \
             tries again in 15 ticks [section 5.2]",
        ),
    ] {
        assert_eq!(
            no_leader(cluster.raw(1)),
            [format!("Campaigning: {expected}")],
            "{name}"
        );
    }
}

/// Handles Readies until there is none; what is to be sent is lost.
pub(crate) fn drain(node: &mut RawNode<Moody>) {
    while let Ok(Some(mut ready)) = node.ready() {
        ready.take_messages();
        node.storage_mut().memory.persist(&ready).expect("legal writes");
        let mut done = ready.persisted();
        done.take_messages();
        done.take_committed_entries();
        node.advance(done).expect("the Ready that is out");
    }
}

pub(crate) fn tell(node: &mut RawNode<Moody>, from: u64, payload: Payload) {
    let term = node.status().hard_state.term.max(1);
    let _ = node.step(message(from, 1, term, payload));
    drain(node);
}

/// Node 1 of the group 1, 2, 3, in term 1, with entries at 2 and 3 over a storage that may fail.
pub(crate) fn moody(committed: u64, settings: Config) -> RawNode<Moody> {
    let storage = store_with(3, &[1, 1], HardState::new(1, None, committed));
    let mut node = RawNode::new(settings, Moody::new(storage)).expect("a legal store");
    node.set_election_timeout_draw(15);
    node
}

/// The same leads term 2, and node 2 has acknowledged everything: the log ends at index 4.
pub(crate) fn moody_leader(settings: Config) -> RawNode<Moody> {
    let mut node = moody(1, settings);
    node.campaign().expect("it may");
    drain(&mut node);
    tell(&mut node, 2, granted(false, true));
    tell(&mut node, 2, accepted(4));
    node
}

/// What a storage that fails, and a lost one, have to do with it.
#[test]
fn no_leader_because_of_the_storage() {
    let broken = || {
        let mut node = moody(3, plain(1));
        node.storage_mut().entries_error = Some(StorageError::Broken("no disk".to_owned()));
        node
    };
    let mut corrupt = moody(1, plain(1));
    corrupt.storage_mut().entries_error = Some(StorageError::Corrupt(2));
    tell(&mut corrupt, 2, append((1, 3), &[], 3));
    corrupt.forget_leader().expect("a sound node");
    corrupt.set_election_timeout_draw(15);
    let expected = [
        format!("{HEARS_NONE}the storage is corrupt at index 2; it looks again in 15 ticks [D4]"),
        format!("{WOULD_NOT}the storage is corrupt [D4]"),
    ];
    assert_eq!(no_leader(&corrupt), expected);

    let mut poisoned = broken();
    assert!(poisoned.ready().is_err());
    let text = "Poisoned: it is poisoned, and does nothing any more: storage: broken storage: no disk [D4]";
    assert_eq!(no_leader(&poisoned), [text]);
    let text = poisoned.explain().to_string();
    assert!(text.starts_with("node 1 is poisoned: storage: "), "{text}");

    let unreadable = broken();
    let text = "Unreadable: it cannot tell whether it may campaign: storage: broken storage: no disk [D4]";
    assert_eq!(no_leader(&unreadable), [text]);
    assert_eq!(unreadable.poisoned(), None, "to ask changes nothing");

    let mut installing = alone(plain(1), store(&[1, 2, 3]));
    let metadata = SnapshotMetadata::new(EntryId { term: 1, index: 9 }, voters(&[1, 2, 3]));
    let snapshot = Payload::install_snapshot(Snapshot::new(metadata, "state"));
    installing.step(message(2, 1, 1, snapshot));
    installing.node(1).forget_leader().expect("a sound node");
    let text = format!("{HEARS_NONE}a snapshot waits to be stored [section 7]");
    assert_eq!(no_leader(installing.raw(1)), [text]);

    let mut lost = drawn(plain(1), stored_in(named()).with_identity(0xd1));
    hear(&mut lost, 2, 1, heartbeat(1));
    assert!(lost.node(1).step(message(2, 1, 1, heartbeat(7))).is_err());
    lost.node(1).forget_leader().expect("a sound node");
    lost.node(1).set_election_timeout_draw(15);
    let reason = "a leader counts on this log up to index 7, which does not reach there";
    assert_eq!(no_leader(lost.raw(1)), neither(reason, 15, "D28"));
}

/// The whole text at the leader of a group of five, of which two cannot be reached and one is slow.
#[test]
fn a_whole_text() {
    let mut cluster = Cluster::led(5);
    cluster.commit(1, "a");
    cluster.isolate(5);
    cluster.cut(1, 4);
    cluster.tick_all(3);
    cluster.commit(1, "b");
    cluster.cut(1, 3);
    let _ = cluster.propose(1, "c");
    cluster.settle();
    cluster.tick_all(6);
    cluster.node(1).report_unreachable(5).expect("a sound node");
    let text = cluster.raw(1).explain().to_string();
    let lines: Vec<&str> = text.lines().collect();
    let expected = [
        "node 1 leads term 1",
        "index 5 is not committed: acknowledged by (1 2), lacking (3 4 5), 1 more needed [section 5.3]",
        "  node 3 (matched 4): all was sent, and is not acknowledged, 1 append in flight [section 5.3]; it was not heard \
         for 6 ticks [thesis 6.2]",
        "  node 4 (matched 3): all was sent, and is not acknowledged, 2 appends in flight [section 5.3]; it was not \
         heard for 9 ticks [thesis 6.2]",
        "  node 5 (matched 3): nothing is in the way, entries from index 4 on are due [section 5.3]; it was not heard \
         for 9 ticks, and counts as unreachable [thesis 6.2]",
        "status of node 1: leader, term=1 vote=1 commit=4 applied=4 last=5 uncommitted_bytes=1",
        "configuration as of index 4: voters=(1 2 3 4 5)",
        "  node 1: replicate, matched=5 next=6",
        "  node 2: replicate, matched=5 next=6",
        "  node 3: replicate, matched=4 next=6 inflight=1, heard 6 ticks ago",
        "  node 4: replicate, matched=3 next=6 commit_lag=1 inflight=2, heard 9 ticks ago",
        "  node 5: probe, matched=3 next=4 commit_lag=1, heard 9 ticks ago, unreachable",
        "settings: election_timeout_ticks=10 heartbeat_interval_ticks=1, pre_vote on, check_quorum on, lease_promises \
         on, lease reads off, async_storage_writes off",
        "since the events were last fetched:",
        "  node 5 is silent, or cannot be reached",
        "messages: received=31 refused=0 sent=72; ignored: 4 because it does not fit the role",
    ];
    assert_eq!(lines, expected, "{text}");
    let text = cluster.raw(4).explain().to_string();
    let first = text.lines().next();
    assert_eq!(
        first,
        Some(
            "node 4 follows node 1, which leads term 1 and was heard 9 ticks ago; it campaigns in 4 ticks if it hears no more"
        ),
        "{text}"
    );
}
