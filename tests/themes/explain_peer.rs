//! Why a peer is not fed.

use quorate::status::SnapshotStatus;
use quorate::{Config, RawNode, StorageError};

use crate::explain::moody::Moody;
use crate::explain::{drain, granted, index, lease, moody_leader, peer, stored_in, tell, voters};
use crate::support::{Cluster, message, plain, store};
use crate::{accepted, alone, hear, heartbeat, heartbeat_answer, id, leading, rejected};

const UP_TO_DATE: &str = "UpToDate: it is up to date [section 5.3]";

/// A peer that is asked where its log agrees, from `next` on.
fn probing(next: u64) -> String {
    format!(
        "Probing: where the logs agree is not known, and a probe from index {next} on, or a heartbeat, is to be \
         answered [section 5.3]"
    )
}

fn due(next: u64) -> String {
    format!("Due: nothing is in the way, entries from index {next} on are due [section 5.3]")
}

/// Node 1 leads: node 2 has its first entry and is sent so many more, a window of two; node 3 was never heard.
fn leads(proposals: usize) -> Cluster {
    let mut settings = plain(1);
    (
        settings.settings_mut().max_inflight_messages,
        settings.settings_mut().snapshot_stall_ticks,
    ) = (2, Some(30));
    let mut cluster = leading(3, settings);
    hear(&mut cluster, 2, 1, accepted(2));
    for _ in 0..proposals {
        let _ = cluster.propose(1, "abc");
        cluster.drain(1);
    }
    cluster
}

/// Who is fed by appends.
#[test]
fn what_is_not_fed() {
    let acknowledged = || {
        let mut cluster = leads(1);
        hear(&mut cluster, 2, 1, accepted(3));
        cluster
    };
    let proposed = || {
        let mut cluster = acknowledged();
        let _ = cluster.propose(1, "b");
        cluster
    };
    let silent = || {
        let mut cluster = leads(0);
        cluster.tick(1, 3);
        cluster
    };
    let unreachable = || {
        let mut cluster = leads(1);
        cluster.tick(1, 4);
        cluster.node(1).report_unreachable(2).expect("a sound node");
        cluster
    };
    let follower = || {
        let mut cluster = alone(plain(1), store(&[1, 2, 3]));
        hear(&mut cluster, 2, 1, heartbeat(1));
        cluster
    };
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    for (name, cluster, asked, expected) in [
        (
            "at a follower",
            follower(),
            3,
            owned(&["NotLeader: this node does not lead: ask node 2 [section 5.3]"]),
        ),
        (
            "a stranger",
            leads(0),
            9,
            owned(&["NotMember: it is not in the configuration [section 6]"]),
        ),
        ("itself", leads(1), 1, owned(&[UP_TO_DATE])),
        ("nothing new", leads(0), 2, owned(&[UP_TO_DATE])),
        ("acknowledged", acknowledged(), 2, owned(&[UP_TO_DATE])),
        (
            "with something on its way",
            leads(1),
            2,
            owned(&["AllSent: all was sent, and is not acknowledged, 1 append in flight [section 5.3]"]),
        ),
        ("before the Ready", proposed(), 2, vec![due(4)]),
        (
            "a full window",
            leads(3),
            2,
            owned(&["WindowFull: the window is full, 2 appends with 6 bytes in flight [thesis 10.2]"]),
        ),
        ("probed", leads(0), 3, vec![probing(2)]),
        (
            "and silent",
            silent(),
            3,
            vec![
                probing(2),
                "Silent: it was not heard for 3 ticks [thesis 6.2]".to_owned(),
            ],
        ),
        (
            "unreachable",
            unreachable(),
            2,
            vec![
                due(3),
                "Silent: it was not heard for 4 ticks, and counts as unreachable [thesis 6.2]".to_owned(),
            ],
        ),
    ] {
        assert_eq!(peer(cluster.raw(1), asked), expected, "{name}");
    }
}

/// Who needs a snapshot.
#[test]
fn snapshots_that_are_not_answered() {
    let snapshot = |report: Option<SnapshotStatus>| {
        let mut cluster = leads(0);
        hear(&mut cluster, 3, 1, heartbeat_answer());
        cluster.compact(1);
        hear(&mut cluster, 3, 1, rejected(1, (0, 0)));
        hear(&mut cluster, 3, 1, heartbeat_answer());
        if let Some(status) = report {
            let node = cluster.node(1);
            node.report_snapshot(3, id(1, 2), status).expect("a sound node");
        }
        cluster
    };
    for (report, expected) in [
        (
            None,
            "SnapshotSent: the snapshot 1/2 is not answered, and counts as lost in 30 ticks [D14]".to_owned(),
        ),
        (
            Some(SnapshotStatus::Finished),
            "SnapshotUnanswered: whether the snapshot 1/2 arrived is asked when a heartbeat is answered [D14]"
                .to_owned(),
        ),
        (Some(SnapshotStatus::Failed), probing(1)),
    ] {
        assert_eq!(peer(snapshot(report).raw(1), 3), [expected], "{report:?}");
    }
}

/// An answer in a member's name, from another store: until the member is heard.
#[test]
fn another_store_answers() {
    let conf_state = voters(&[1, 2]).with_identities([(1, 0xd1), (2, 0xd2)]);
    let mut cluster = alone(plain(1), stored_in(conf_state).with_identity(0xd1));
    cluster.node(1).campaign().expect("it may");
    cluster.drain(1);
    cluster.step(message(2, 1, 1, granted(false, true)).with_identity(0xd2));
    cluster.drain(1);
    assert_eq!(peer(cluster.raw(1), 2), [probing(2)]);
    let before = cluster.raw(1).clone();
    cluster.step(message(2, 1, 1, accepted(2)).with_identity(0xe2));
    assert!(*cluster.raw(1) == before, "it is refused, and changes nothing but this");
    let other = "OtherStore: another store answers in its name than d2, which the configuration names [D28]";
    assert_eq!(peer(cluster.raw(1), 2), [probing(2), other.to_owned()]);
    cluster.step(message(2, 1, 1, accepted(2)).with_identity(0xd2));
    assert_eq!(peer(cluster.raw(1), 2), [UP_TO_DATE]);
}

/// A leader of term 2 which has yet to send node 3 what it lacks from index 2 on, and whose storage is in such a mood.
fn in_a_mood(settings: Config, act: impl FnOnce(&mut Moody)) -> RawNode<Moody> {
    let mut node = moody_leader(settings);
    node.storage_mut().entries_error = Some(StorageError::TemporarilyUnavailable);
    tell(&mut node, 3, rejected(3, (1, 1)));
    node.storage_mut().entries_error = None;
    act(node.storage_mut());
    node
}

fn failing(error: StorageError) -> RawNode<Moody> {
    in_a_mood(plain(1), |storage| storage.entries_error = Some(error))
}

fn broken() -> StorageError {
    StorageError::Broken("no disk".to_owned())
}

/// What it lacks is compacted, and there is no snapshot.
fn compacted(storage: &mut Moody) {
    storage.memory.compact(3).expect("in the log");
    storage.snapshot_answer = Some(Err(StorageError::TemporarilyUnavailable));
}

/// Who is not fed because the storage does not give what it needs.
#[test]
fn what_the_storage_does_not_give() {
    let forgotten = || {
        let mut settings = plain(1);
        settings.settings_mut().check_quorum = true;
        let mut node = in_a_mood(settings, compacted);
        for _ in 0..10 {
            node.tick().expect("a sound node");
            drain(&mut node);
        }
        node
    };
    let answered = |error| {
        let mut node = failing(error);
        tell(&mut node, 3, heartbeat_answer());
        node
    };
    let cannot = "CannotRead: the storage cannot read what it needs:";
    let silent = "Silent: it was not heard for 10 ticks [thesis 6.2]";
    for (name, node, expected, further) in [
        ("it works again", in_a_mood(plain(1), |_| ()), due(2), None),
        (
            "not now",
            failing(StorageError::TemporarilyUnavailable),
            "StorageUnavailable: the storage cannot read index 2 now [D4]".to_owned(),
            None,
        ),
        (
            "corrupt",
            answered(StorageError::Corrupt(2)),
            format!("{cannot} the entry at index 2 is corrupt [D4]"),
            None,
        ),
        (
            "broken, and asked first",
            failing(broken()),
            format!("{cannot} broken storage: no disk [D4]"),
            None,
        ),
        (
            "broken",
            answered(broken()),
            "Poisoned: this node is poisoned: storage: broken storage: no disk [D4]".to_owned(),
            None,
        ),
        (
            "compacted meanwhile",
            failing(StorageError::Compacted),
            "SnapshotDue: it needs a snapshot, and gets one when it answers a heartbeat [section 7]".to_owned(),
            None,
        ),
        (
            "compacted, without a snapshot",
            in_a_mood(plain(1), compacted),
            "SnapshotMissing: it needs a snapshot that names it and covers index 3, and the storage has none [D17]"
                .to_owned(),
            None,
        ),
        (
            "and not heard since the last check",
            forgotten(),
            "SnapshotUnheard: it needs a snapshot, and gets one when it is heard [section 7]".to_owned(),
            Some(silent.to_owned()),
        ),
    ] {
        let expected: Vec<String> = [expected].into_iter().chain(further).collect();
        assert_eq!(peer(&node, 3), expected, "{name}");
    }
}

/// A poisoned leader commits nothing, and has no lease.
#[test]
fn a_poisoned_leader() {
    let mut node = failing(broken());
    let _ = node.propose("a").expect("it leads");
    let waiting = "Waiting: index 5 is not committed: lacking (1 2 3), 2 more needed [section 5.3]";
    assert_eq!(index(&node, 5), waiting);
    tell(&mut node, 3, heartbeat_answer());
    let poisoned = "poisoned, storage: broken storage: no disk [D4]";
    assert_eq!(
        index(&node, 5),
        format!("Poisoned: index 5 is not committed: {poisoned}")
    );
    assert_eq!(index(&node, 4), "Committed: index 4 is committed [section 5.3]");
    assert_eq!(
        lease(&node),
        "Poisoned: no lease: this node is poisoned: storage: broken storage: no disk [D4]"
    );
}
