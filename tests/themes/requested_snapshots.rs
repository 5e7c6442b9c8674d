//! Snapshots that a follower asks for, because its state machine is damaged and its log is not (D38): the follower.

use quorate::error::{AcknowledgeError, CampaignError, CampaignRefusal, SnapshotError, SnapshotRequestError};
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::message::{Payload, VoteResponse};
use quorate::pending::{Fate, Proposals};
use quorate::ready::{ApplyTask, TaskResponse};
use quorate::status::RoleKind::Follower;
use quorate::types::EntryKind;
use quorate::{ConfState, Config, Entry, EntryId, Event, HardState, RawNode, Snapshot, Storage};

use SnapshotRequestError::{Diverged, Leading, NoLeader, NotMember, Pending};

use crate::snapshots::{snapshot, voters};
use crate::support::{Cluster, config, message, plain, store};
use crate::{alone, append, asked, events, hear, heartbeat, id, leading, request, says, store_with};

fn install(id: (u64, u64), conf_state: ConfState) -> Payload {
    Payload::InstallSnapshot(Box::new(snapshot(id, conf_state)))
}

fn three() -> ConfState {
    voters(&[1, 2, 3])
}

/// Node 1 of three follows node 2 in term 3. Its log holds 1/2 and entries of term 2 up to 8; it has applied up to 5.
fn follower(settings: Config) -> Cluster {
    let storage = store_with(3, &[1, 2, 2, 2, 2, 2, 2], HardState::new(3, None, 5));
    let mut cluster = alone(settings, storage);
    hear(&mut cluster, 2, 3, append((2, 8), &[], 5));
    assert_eq!(applied(&cluster), [2, 3, 4, 5]);
    events(&mut cluster);
    cluster
}

/// The same, when it has asked for a snapshot.
fn damaged(settings: Config) -> Cluster {
    let mut cluster = follower(settings);
    cluster.node(1).request_snapshot().expect("it follows");
    cluster
}

/// What was applied since the state machine last began anew.
fn applied(cluster: &Cluster) -> Vec<u64> {
    cluster.nodes[&1].applied.iter().map(|entry| entry.index).collect()
}

fn restored(cluster: &Cluster) -> Vec<String> {
    cluster.nodes[&1].restored.iter().map(ToString::to_string).collect()
}

const ANSWER: &str = "1->2 HeartbeatResponse term=3";

#[test]
fn who_may_ask() {
    let not_member = || {
        let mut cluster = alone(plain(1), store(&[2, 3]));
        hear(&mut cluster, 2, 1, heartbeat(1));
        cluster
    };
    let candidate = || {
        let mut cluster = follower(plain(1));
        cluster.node(1).campaign().expect("it may");
        cluster
    };
    let arrived = || {
        let mut cluster = damaged(plain(1));
        let arrives = message(2, 1, 3, install((2, 5), three()));
        cluster.node(1).step(arrives).expect("legal");
        assert_eq!(cluster.raw(1).status().snapshot_request, Some(5));
        cluster
    };
    let handed_out = || {
        let mut cluster = arrived();
        let node = cluster.node(1);
        let ready = node.ready().expect("a sound node").expect("the snapshot");
        let done = ready.persisted_by(|task| node.storage_mut().persist_task(task));
        assert!(done.expect("it works").snapshot().is_some());
        cluster
    };
    let installing = || {
        let mut cluster = follower(plain(1));
        let arrives = message(2, 1, 3, install((3, 20), three()));
        cluster.node(1).step(arrives).expect("legal");
        cluster
    };
    let diverged = || {
        let mut cluster = follower(plain(1));
        let contradicts = message(2, 1, 3, append((1, 5), &[3], 5));
        assert!(cluster.node(1).step(contradicts).is_err());
        cluster
    };
    let cases = [
        ("a follower", follower(plain(1)), Ok(()), ""),
        (
            "nobody leads",
            alone(plain(1), store(&[1, 2, 3])),
            Err(NoLeader),
            "no leader is known",
        ),
        ("a candidate", candidate(), Err(NoLeader), "no leader is known"),
        (
            "a leader",
            leading(3, plain(1)),
            Err(Leading),
            "this node leads, and has nobody to ask",
        ),
        (
            "no member",
            not_member(),
            Err(NotMember),
            "this node is not in the configuration",
        ),
        (
            "one that asks already",
            damaged(plain(1)),
            Err(Pending),
            "a snapshot is asked for already, or on its way to the state machine",
        ),
        (
            "it has come",
            arrived(),
            Err(Pending),
            "a snapshot is asked for already, or on its way to the state machine",
        ),
        (
            "it is handed out",
            handed_out(),
            Err(Pending),
            "a snapshot is asked for already, or on its way to the state machine",
        ),
        (
            "any other snapshot is handed out",
            installing(),
            Err(Pending),
            "a snapshot is asked for already, or on its way to the state machine",
        ),
        (
            "history is contradicted",
            diverged(),
            Err(Diverged),
            "a leader contradicts what is committed here",
        ),
    ];
    for (name, mut cluster, expected, text) in cases {
        let before = cluster.raw(1).clone();
        let outcome = cluster.node(1).request_snapshot();
        assert_eq!(outcome, expected, "{name}");
        if let Err(error) = outcome {
            assert_eq!(error.to_string(), text, "{name}");
            assert_eq!(*cluster.raw(1), before, "{name}: it is as before");
        }
    }
}

/// It takes part in all but applying and standing for election, and says in each response what it asks for.
#[test]
fn while_it_waits() {
    for asynchronous in [false, true] {
        let mut settings = plain(1);
        settings.settings_mut().async_storage_writes = asynchronous;
        let mut cluster = damaged(settings);
        assert_eq!(events(&mut cluster), [Event::SnapshotRequested { at_least: 5 }]);
        assert_eq!(cluster.raw(1).status().snapshot_request, Some(5));
        let accepted = asked(&mut cluster, 2, 3, append((2, 8), &[3], 9));
        assert_eq!(accepted, ["1->2 AppendResponse term=3 accepted=9"]);
        let answer = asked(&mut cluster, 2, 3, heartbeat(9));
        assert_eq!(answer, [format!("{ANSWER} snapshot_request=5")]);
        assert_eq!((cluster.committed(1), applied(&cluster)), (9, vec![2, 3, 4, 5]));
        assert!(!cluster.raw(1).has_ready());
        let refusal = SnapshotError::Requested;
        let text = "the state machine waits for a snapshot that was asked for";
        assert_eq!(refusal.to_string(), text);
        assert_eq!(cluster.raw(1).snapshot_metadata(), Err(refusal), "it is damaged");
        let granted = asked(&mut cluster, 3, 4, request(false, (3, 9), false));
        assert_eq!(granted, ["1->3 VoteResponse term=4 granted"]);
        hear(&mut cluster, 3, 4, heartbeat(9));
        let reason = CampaignRefusal::SnapshotRequested;
        assert_eq!(cluster.node(1).campaign(), Err(CampaignError::Refused(reason)));
        events(&mut cluster);
        assert_eq!(asked(&mut cluster, 3, 4, Payload::TimeoutNow), [""; 0]);
        assert_eq!(events(&mut cluster), [Event::CampaignRefused { reason }]);
        cluster.tick(1, 40);
        assert!(events(&mut cluster).contains(&Event::CampaignRefused { reason }));
        assert_eq!(cluster.role(1), Follower);
        // The next leader is asked as well.
        let answer = asked(&mut cluster, 2, 5, heartbeat(9));
        assert_eq!(answer, ["1->2 HeartbeatResponse term=5 snapshot_request=5"]);
    }
}

/// A snapshot, and what becomes of it: the state machine's beginning and the entries after it, commit and last index,
/// and whether it is still asked for.
#[test]
fn what_it_takes() {
    type Case = (
        &'static str,
        (u64, u64),
        ConfState,
        &'static [&'static str],
        &'static [u64],
        u64,
        u64,
        bool,
    );
    const BEFORE: &[u64] = &[2, 3, 4, 5];
    let cases: [Case; 9] = [
        ("what it asked for", (2, 5), three(), &["2/5"], &[], 5, 8, false),
        (
            "a later one, and the log holds it",
            (2, 7),
            three(),
            &["2/7"],
            &[],
            7,
            8,
            false,
        ),
        ("up to the log's end", (2, 8), three(), &["2/8"], &[], 8, 8, false),
        (
            "the log has something else",
            (3, 7),
            three(),
            &["3/7"],
            &[],
            7,
            7,
            false,
        ),
        (
            "the log does not reach there",
            (3, 20),
            three(),
            &["3/20"],
            &[],
            20,
            20,
            false,
        ),
        ("too old", (2, 4), three(), &[], BEFORE, 5, 8, true),
        ("none", (0, 0), ConfState::default(), &[], BEFORE, 5, 8, true),
        (
            "of a group without this node",
            (2, 5),
            voters(&[2, 3]),
            &[],
            BEFORE,
            5,
            8,
            true,
        ),
        ("the same, later", (2, 7), voters(&[2, 3]), &[], BEFORE, 5, 8, true),
    ];
    for (name, covers, conf_state, becomes, then, commit, last, asks) in cases {
        for asynchronous in [false, true] {
            let mut settings = plain(1);
            settings.settings_mut().async_storage_writes = asynchronous;
            let mut cluster = damaged(settings);
            let before = cluster.raw(1).storage().log();
            let answer = asked(&mut cluster, 2, 3, install(covers, conf_state.clone()));
            let taken = answer == [format!("1->2 AppendResponse term=3 accepted={commit}")];
            assert!(taken, "{name}: {answer:?}");
            assert_eq!(restored(&cluster), becomes, "{name}");
            assert_eq!(applied(&cluster), then, "{name}");
            let status = cluster.raw(1).status();
            assert_eq!((status.hard_state.commit, status.last_index), (commit, last), "{name}");
            assert_eq!(status.applied, if asks { 5 } else { commit }, "{name}");
            assert_eq!(status.snapshot_request, asks.then_some(5), "{name}");
            let keeps_log = last == 8;
            assert_eq!(cluster.raw(1).storage().log() == before, keeps_log, "{name}");
            let id = EntryId {
                term: covers.0,
                index: covers.1,
            };
            let served = events(&mut cluster).contains(&Event::SnapshotServed { snapshot: id });
            assert_eq!(served, !asks, "{name}");
            let asks = if asks { " snapshot_request=5" } else { "" };
            assert_eq!(asked(&mut cluster, 2, 3, heartbeat(0)), [format!("{ANSWER}{asks}")]);
        }
    }
}

/// One that was not asked for, or comes twice, or from a deposed leader, leaves the state machine alone.
#[test]
fn what_was_not_asked_for() {
    let mut cluster = follower(plain(1));
    hear(&mut cluster, 2, 3, install((2, 5), three()));
    hear(&mut cluster, 2, 3, install((2, 7), three()));
    assert_eq!(
        (restored(&cluster).len(), applied(&cluster)),
        (0, vec![2, 3, 4, 5, 6, 7])
    );
    cluster.node(1).request_snapshot().expect("it follows");
    hear(&mut cluster, 2, 2, install((2, 7), three()));
    assert!(restored(&cluster).is_empty());
    hear(&mut cluster, 2, 3, install((2, 7), three()));
    hear(&mut cluster, 2, 3, install((2, 7), three()));
    assert_eq!(
        (restored(&cluster), applied(&cluster)),
        (vec!["2/7".to_owned()], vec![])
    );
}

/// What comes after it is handed out when the state machine has begun anew, each entry once; nothing of it was before.
#[test]
fn the_rest_of_the_log_follows() {
    let mut cluster = damaged(plain(1));
    hear(&mut cluster, 2, 3, append((2, 8), &[3, 3], 9));
    hear(&mut cluster, 2, 3, install((2, 6), three()));
    assert_eq!(
        (restored(&cluster), applied(&cluster)),
        (vec!["2/6".to_owned()], vec![7, 8, 9])
    );
    let status = cluster.raw(1).status();
    assert_eq!(
        (status.applied, status.last_index, status.snapshot_request),
        (9, 10, None)
    );
    // And again: another request is another snapshot.
    cluster.node(1).request_snapshot().expect("it is done");
    assert_eq!(cluster.raw(1).status().snapshot_request, Some(9));
    hear(&mut cluster, 2, 3, install((2, 6), three()));
    hear(&mut cluster, 2, 3, install((3, 9), three()));
    assert_eq!(
        (restored(&cluster), applied(&cluster)),
        (vec!["2/6".to_owned(), "3/9".to_owned()], vec![])
    );
}

/// Whoever does not look is told so, and nothing is written to the log's store.
#[test]
fn nobody_misses_it() {
    let mut cluster = damaged(plain(1));
    let node = cluster.node(1);
    node.step(message(2, 1, 3, install((2, 5), three()))).expect("legal");
    let ready = node.ready().expect("a sound node").expect("something to do");
    assert!(ready.snapshot().is_none() && ready.entries().is_empty());
    assert!(ready.append_task().is_none_or(|task| task.snapshot().is_none()));
    assert!(ready.to_string().contains("begin anew with snapshot 2/5"));
    let mut done = ready.persisted();
    assert!(done.take_committed_entries().is_empty());
    let refused = node.advance(done).expect_err("the snapshot was not looked at");
    assert_eq!(refused.reason, AcknowledgeError::NotRestored { index: 5 });
    let done = refused.batch.expect("it comes back");
    assert_eq!(done.snapshot().map(Snapshot::id), Some(id(2, 5)));
    node.advance(done).expect("it was looked at");
    assert_eq!(node.status().snapshot_request, None);
    assert_eq!(node.campaign(), Ok(()), "it may again");
}

/// With asynchronous writes: entries that were handed out come first, and what the snapshot covers must be stored.
#[test]
fn what_was_handed_out_comes_first() {
    let mut settings = plain(1);
    settings.settings_mut().async_storage_writes = true;
    let mut cluster = follower(settings);
    let node = cluster.node(1);
    let append_task = |node: &mut RawNode<_>| {
        let mut ready = node.ready().expect("a sound node").expect("something to do");
        (ready.take_append_task(), ready.take_apply_task())
    };
    node.step(message(2, 1, 3, heartbeat(6))).expect("legal");
    let (_, before) = append_task(node);
    let before = before.expect("entry 6");
    // Handed out, and not acknowledged: what is asked for covers it.
    node.request_snapshot().expect("it follows");
    assert_eq!(node.status().snapshot_request, Some(6));
    node.step(message(2, 1, 3, append((2, 8), &[3], 8))).expect("legal");
    node.step(message(2, 1, 3, install((3, 9), three()))).expect("legal");
    let (write, apply) = append_task(node);
    let write = write.expect("entry 9");
    assert!(apply.is_none() && write.snapshot().is_none());
    node.storage_mut().persist_task(&write).expect("it works");
    let acks = write.done().into_iter().filter_map(|response| match response {
        TaskResponse::Ack(ack) => Some(ack),
        TaskResponse::Message(_) => None,
    });
    for ack in acks {
        node.acknowledge(ack).expect("in order");
    }
    let handed = |node: &mut RawNode<_>| -> Option<ApplyTask> {
        node.ready()
            .expect("a sound node")
            .and_then(|mut ready| ready.take_apply_task())
    };
    assert!(handed(node).is_none(), "entry 6 is not acknowledged");
    node.acknowledge(before.done()).expect("in order");
    let task = handed(node).expect("now it is");
    assert_eq!(task.snapshot().map(Snapshot::id), Some(id(3, 9)));
    assert!(task.entries().is_empty());
    assert_eq!(node.request_snapshot(), Err(Pending));
    assert_eq!(
        (node.status().applied, node.withdraw_snapshot_request()),
        (6, Ok(false))
    );
    node.acknowledge(task.done()).expect("in order");
    assert_eq!((node.status().applied, node.status().snapshot_request), (9, None));
    // The other way round: the snapshot waits for the disk.
    node.request_snapshot().expect("it is done");
    node.step(message(2, 1, 3, append((3, 9), &[3], 9))).expect("legal");
    node.step(message(2, 1, 3, install((3, 10), three()))).expect("legal");
    let (write, apply) = append_task(node);
    assert!(apply.is_none(), "a crash would leave a state machine beyond its log");
    for response in write.expect("entry 10").done() {
        if let TaskResponse::Ack(ack) = response {
            node.acknowledge(ack).expect("in order");
        }
    }
    assert!(handed(node).is_some_and(|task| task.snapshot().is_some()));
}

fn adds(index: u64, node: u64) -> Entry {
    let change = ConfChangeV2::new([(ConfChangeKind::AddLearnerNode, node)]);
    Entry::new(2, index, change.encode()).with_kind(EntryKind::ConfChangeV2)
}

/// The configuration becomes the snapshot's; changes that it covers are not made again, later ones are.
#[test]
fn its_configuration_counts() {
    let mut storage = store(&[1, 2, 3]);
    storage
        .append(&[Entry::new(2, 2, ""), adds(3, 4), adds(4, 5), adds(5, 6)])
        .expect("in order");
    storage.set_hard_state(HardState::new(3, None, 2));
    storage.sync();
    for covers in 2..=5 {
        let mut cluster = alone(plain(1), storage.clone());
        hear(&mut cluster, 2, 3, append((2, 5), &[], 2));
        cluster.node(1).request_snapshot().expect("it follows");
        hear(&mut cluster, 2, 3, append((2, 5), &[], 5));
        assert_eq!(cluster.raw(1).membership().to_string(), "voters=(1 2 3)");
        let learners: Vec<u64> = (4..covers + 2).collect();
        let conf_state = three().with_learners(learners);
        let arrives = message(2, 1, 3, install((2, covers), conf_state.clone()));
        cluster.node(1).step(arrives).expect("legal");
        assert_eq!(cluster.raw(1).membership().conf_state(), conf_state, "at once");
        assert_eq!(cluster.raw(1).configured_at(), covers);
        cluster.drain(1);
        assert_eq!(applied(&cluster), (covers + 1..=5).collect::<Vec<_>>());
        assert_eq!(
            cluster.raw(1).membership().to_string(),
            "voters=(1 2 3) learners=(4 5 6)"
        );
        assert_eq!(cluster.nodes[&1].conf_state, three().with_learners([4, 5, 6]));
    }
}

/// A change that was handed out before is covered; and what is asked for is no older than the configuration.
#[test]
fn a_change_that_is_out() {
    let mut storage = store(&[1, 2, 3]);
    storage
        .append(&[Entry::new(2, 2, ""), adds(3, 4), adds(4, 5)])
        .expect("in order");
    storage.set_hard_state(HardState::new(3, None, 3));
    storage.sync();
    let mut cluster = alone(plain(1), storage.clone());
    let node = cluster.node(1);
    node.step(message(2, 1, 3, heartbeat(0))).expect("legal");
    let ready = node.ready().expect("a sound node").expect("what is committed");
    node.request_snapshot().expect("it follows");
    assert_eq!(node.status().snapshot_request, Some(3));
    node.step(message(2, 1, 3, append((2, 4), &[], 4))).expect("legal");
    let covers_both = three().with_learners([4, 5]);
    node.step(message(2, 1, 3, install((2, 4), covers_both.clone())))
        .expect("legal");
    let mut done = ready
        .persisted_by(|task| node.storage_mut().persist_task(task))
        .expect("it works");
    let out = done.take_committed_entries();
    assert_eq!(node.apply_conf_change(&out[1]), Ok(covers_both.clone()));
    node.advance(done).expect("it is done");
    cluster.drain(1);
    assert_eq!(
        (restored(&cluster), applied(&cluster)),
        (vec!["2/4".to_owned()], vec![])
    );
    assert_eq!(cluster.raw(1).membership().conf_state(), covers_both);
    // A stored configuration may be ahead of what is applied.
    storage.set_conf_state(three().with_learners([4, 5]), 4);
    let mut cluster = alone(plain(1), storage);
    cluster.node(1).step(message(2, 1, 3, heartbeat(0))).expect("legal");
    cluster.node(1).request_snapshot().expect("it follows");
    assert_eq!(cluster.raw(1).status().snapshot_request, Some(4));
}

/// A restart forgets it, and so does who withdraws it. What has come cannot be withdrawn.
#[test]
fn how_it_ends() {
    let mut cluster = damaged(plain(1));
    hear(&mut cluster, 2, 3, append((2, 8), &[], 8));
    cluster.restart(1);
    assert_eq!(cluster.raw(1).status().snapshot_request, None);
    hear(&mut cluster, 2, 3, append((2, 8), &[], 8));
    assert_eq!(applied(&cluster), [2, 3, 4, 5, 6, 7, 8]);

    let mut cluster = damaged(plain(1));
    hear(&mut cluster, 2, 3, append((2, 8), &[], 8));
    assert_eq!(cluster.node(1).withdraw_snapshot_request(), Ok(true));
    assert_eq!(cluster.node(1).withdraw_snapshot_request(), Ok(false));
    cluster.drain(1);
    assert_eq!(applied(&cluster), [2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(asked(&mut cluster, 2, 3, heartbeat(0)), [ANSWER]);
    assert_eq!(cluster.node(1).campaign(), Ok(()));

    let mut cluster = damaged(plain(1));
    cluster
        .node(1)
        .step(message(2, 1, 3, install((2, 5), three())))
        .expect("legal");
    assert_eq!(cluster.node(1).withdraw_snapshot_request(), Ok(false));
    cluster.drain(1);
    assert_eq!(restored(&cluster), ["2/5"]);
}

/// One that is contradicted takes nothing more, and asks for nothing more; nor does it begin anew with what has come.
#[test]
fn who_is_contradicted_asks_no_more() {
    let contradicts = || message(2, 1, 3, append((1, 5), &[3], 5));
    let mut cluster = damaged(plain(1));
    assert!(cluster.node(1).step(contradicts()).is_err());
    says(&mut cluster);
    assert_eq!(asked(&mut cluster, 2, 3, heartbeat(0)), [ANSWER]);
    hear(&mut cluster, 2, 3, install((2, 5), three()));
    let mut later = damaged(plain(1));
    later
        .node(1)
        .step(message(2, 1, 3, install((2, 5), three())))
        .expect("legal");
    assert!(later.node(1).step(contradicts()).is_err());
    later.tick(1, 3);
    assert_eq!((restored(&cluster).len(), restored(&later).len()), (0, 0));
}

/// Each proposal has one fate, though the state machine begins anew: what the snapshot covers is applied without a
/// response, what comes after it has one.
#[test]
fn proposals_have_one_fate() {
    let mut proposals = Proposals::new();
    let mut cluster = damaged(plain(1));
    for index in 6..=8 {
        proposals.follow(id(2, index), index);
    }
    hear(&mut cluster, 2, 3, append((2, 8), &[3], 9));
    hear(&mut cluster, 2, 3, install((2, 7), three()));
    assert_eq!(restored(&cluster), ["2/7"]);
    proposals.on_snapshot(id(2, 7));
    let answered: Vec<u64> = cluster.nodes[&1]
        .applied
        .iter()
        .filter_map(|entry| proposals.on_applied(entry))
        .collect();
    let settled: Vec<_> = proposals.drain_settled().collect();
    assert_eq!(
        (answered, settled),
        (vec![8], vec![(6, Fate::Applied), (7, Fate::Applied)])
    );
}

/// What it acknowledged is there after a crash, whenever that comes: the snapshot touches nothing of the log.
#[test]
fn acknowledged_entries_outlive_it() {
    let mut cluster = damaged(config(1));
    let accepted = asked(&mut cluster, 2, 3, append((2, 8), &[3, 3], 5));
    assert_eq!(accepted, ["1->2 AppendResponse term=3 accepted=10"]);
    cluster
        .node(1)
        .step(message(2, 1, 3, install((2, 5), three())))
        .expect("legal");
    for _ in 0..4 {
        let last = |cluster: &Cluster| {
            let mut storage = cluster.raw(1).storage().clone();
            storage.crash();
            storage.last_index().expect("it works")
        };
        assert_eq!(last(&cluster), 10);
        cluster.ready(1);
    }
    assert_eq!(restored(&cluster), ["2/5"]);
    // Kept as one of its own, it is what the next start begins with.
    let node = cluster.node(1);
    node.storage_mut()
        .set_snapshot(snapshot((2, 5), three()))
        .expect("the log stands behind it");
    node.storage_mut().sync();
    let mut again = config(1);
    (again.applied, again.seed) = (5, 99);
    cluster.restart_with(again);
    assert_eq!(cluster.raw(1).status().last_index, 10);
}

/// A vote for itself from before does not count: who asks is a follower, and stays one.
#[test]
fn a_late_vote_makes_no_leader() {
    let mut cluster = damaged(plain(1));
    let vote = Payload::VoteResponse(VoteResponse::new(true));
    let _ = cluster.node(1).step(message(3, 1, 3, vote));
    says(&mut cluster);
    assert_eq!(cluster.role(1), Follower);
}

#[test]
fn it_explains_itself() {
    let mut cluster = damaged(plain(1));
    let text = cluster.raw(1).explain().to_string();
    let waits = "its state machine waits for a snapshot that it asked for, and that covers index 5: until then it \
                 applies nothing more, and does not campaign [D38]";
    assert!(text.contains(waits), "{text}");
    assert!(text.contains("snapshot_request=5"), "{text}");
    cluster.node(1).forget_leader().expect("a sound node");
    let text = cluster.raw(1).explain().to_string();
    let may_not = "it hears no leader, and may not campaign: it waits for a snapshot that it asked for";
    assert!(text.contains(may_not) && text.contains("[D38]"), "{text}");
}
