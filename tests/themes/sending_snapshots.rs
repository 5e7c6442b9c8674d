//! How a leader sends snapshots (section 7), and what it does about those that get lost.

use quorate::status::SnapshotStatus;
use quorate::{Config, EntryId, Event};

use crate::snapshots::{snapshot, voters};
use crate::support::{Cluster, config, message, plain};
use crate::{accepted, events, hear, heartbeat_answer, leading, progress, rejected, says};

/// A leader of three in term 1 whose log begins after 4; peer 2 has it all, peer 3 has said nothing.
fn compacted(settings: Config) -> Cluster {
    let mut cluster = leading(3, settings);
    hear(&mut cluster, 2, 1, accepted(2));
    for index in [3, 4] {
        let _ = cluster.propose(1, "a");
        says(&mut cluster);
        hear(&mut cluster, 2, 1, accepted(index));
    }
    cluster.compact(1);
    says(&mut cluster);
    events(&mut cluster);
    cluster
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Beat,
    Accept(u64),
    Reject(u64),
    /// Of the snapshot up to this index of term 1.
    Report(u64, SnapshotStatus),
    Unreachable,
    Propose,
    Compact,
    Ticks(u64),
}
use SnapshotStatus::{Failed, Finished};
use Step::{Accept, Beat, Compact, Propose, Reject, Report, Ticks, Unreachable};

/// What peer 3 does; what it is sent, heartbeats left out.
fn take(cluster: &mut Cluster, step: Step) -> String {
    let mut heard = |payload| cluster.node(1).step(message(3, 1, 1, payload)).expect("legal");
    match step {
        Beat => heard(heartbeat_answer()),
        Accept(index) => heard(accepted(index)),
        Reject(index) => heard(rejected(index, (0, 0))),
        Report(index, status) => {
            let snapshot = EntryId { term: 1, index };
            cluster
                .node(1)
                .report_snapshot(3, snapshot, status)
                .expect("a sound node");
        }
        Unreachable => cluster.node(1).report_unreachable(3).expect("a sound node"),
        Propose => {
            let last = cluster.raw(1).status().last_index;
            let _ = cluster.propose(1, "b");
            cluster.drain(1);
            cluster
                .node(1)
                .step(message(2, 1, 1, accepted(last + 1)))
                .expect("legal");
        }
        Compact => cluster.compact(1),
        Ticks(ticks) => cluster.tick(1, ticks),
    }
    let said = says(cluster)
        .into_iter()
        .filter(|text| text.starts_with("1->3") && !text.contains("Heartbeat"));
    let short = said.map(|text| text.trim_start_matches("1->3 ").replace(" term=1", ""));
    short.collect::<Vec<_>>().join("; ")
}

const SENT: &str = "InstallSnapshot snapshot=1/4 bytes=5";
const PENDING: &str = "Snapshot { pending: 4 } 0..5 paused";

/// A name; steps; what the last one makes the leader send to peer 3, and how it sees the peer then. An
/// unanswered snapshot is given up after six ticks.
type Case = (&'static str, &'static [Step], &'static str, &'static str);

fn check(cases: &[Case]) {
    for (name, steps, sent, then) in cases {
        let mut settings = plain(1);
        settings.settings_mut().snapshot_stall_ticks = Some(6);
        let mut cluster = compacted(settings);
        let last = steps.iter().map(|step| take(&mut cluster, *step)).last();
        assert_eq!(last.as_deref(), Some(*sent), "{name}: what is sent");
        assert_eq!(progress(&cluster, 3), *then, "{name}: progress");
    }
}

#[test]
fn what_becomes_of_a_snapshot_as_reported() {
    let cases: [Case; 8] = [
        (
            "it arrived, says the caller",
            &[Beat, Report(4, Finished)],
            "",
            "Probe 0..5 paused",
        ),
        (
            "then a probe right after it",
            &[Beat, Propose, Report(4, Finished), Beat],
            "Append prev=1/4 commit=5 entries=[1/5 Normal \"b\"]",
            "Probe 0..5 paused",
        ),
        (
            "it did not, says the caller",
            &[Beat, Report(4, Failed)],
            "",
            "Probe 0..1 paused",
        ),
        ("then it is sent again", &[Beat, Report(4, Failed), Beat], SENT, PENDING),
        (
            "a report without a snapshot",
            &[Beat, Report(4, Finished), Report(4, Failed)],
            "",
            "Probe 0..5 paused",
        ),
        (
            "not another one",
            &[Beat, Report(3, Finished), Report(5, Failed)],
            "",
            PENDING,
        ),
        (
            "it arrived, and the log was compacted behind it",
            &[Beat, Propose, Compact, Accept(4)],
            "InstallSnapshot snapshot=1/5 bytes=5",
            "Snapshot { pending: 5 } 4..6 paused",
        ),
        (
            "so it did for the caller, who knows less than the peer",
            &[Beat, Propose, Compact, Report(4, Finished), Beat],
            "Append prev=1/4 commit=5",
            "Probe 0..5",
        ),
    ];
    check(&cases);
}

#[test]
fn how_a_leader_sends_snapshots() {
    let cases: [Case; 16] = [
        ("to whom it lives", &[Beat], SENT, PENDING),
        ("to whom it rejects", &[Reject(1)], SENT, PENDING),
        (
            "not to whom was never heard",
            &[Unreachable, Propose],
            "",
            "Probe 0..2 paused",
        ),
        ("nothing else meanwhile", &[Beat, Propose], "", PENDING),
        ("nor for an answer", &[Beat, Beat], "", PENDING),
        ("unreachable says nothing new", &[Beat, Unreachable], "", PENDING),
        ("it arrived, says the peer", &[Beat, Accept(4)], "", "Replicate 4..5"),
        (
            "and more",
            &[Beat, Propose, Accept(5)],
            "Append prev=1/5 commit=5 commit-only",
            "Replicate 5..6",
        ),
        (
            "what came meanwhile follows",
            &[Beat, Propose, Accept(4)],
            "Append prev=1/4 commit=5 entries=[1/5 Normal \"b\"]",
            "Replicate 4..6 inflight=1",
        ),
        (
            "the peer is further, and not within reach",
            &[Beat, Accept(3)],
            "",
            "Snapshot { pending: 4 } 3..5 paused",
        ),
        ("five ticks are not too long", &[Beat, Ticks(5)], "", PENDING),
        ("six are", &[Beat, Ticks(6)], "", "Probe 0..5 paused"),
        (
            "then it is probed after the snapshot",
            &[Beat, Ticks(6), Beat],
            "Append prev=1/4 commit=4",
            "Probe 0..5",
        ),
        ("and has it", &[Beat, Ticks(6), Beat, Accept(4)], "", "Replicate 4..5"),
        ("or has it not", &[Beat, Ticks(6), Beat, Reject(4)], SENT, PENDING),
        (
            "and has twice the time",
            &[Beat, Ticks(6), Beat, Reject(4), Ticks(11)],
            "",
            PENDING,
        ),
    ];
    check(&cases);
}

/// After a snapshot whose fate is unknown the log may begin even later: the peer is asked for that
/// very snapshot, at each heartbeat answer, until it says that it does not have it (D14).
#[test]
fn a_lost_snapshot_is_asked_for() {
    let mut settings = plain(1);
    settings.settings_mut().snapshot_stall_ticks = Some(6);
    let mut cluster = compacted(settings);
    for step in [Beat, Propose, Propose, Compact, Ticks(6)] {
        take(&mut cluster, step);
    }
    for _ in 0..3 {
        assert_eq!(take(&mut cluster, Beat), "Append prev=1/4 commit=6");
    }
    let mut has_it = cluster.clone();
    assert_eq!(take(&mut cluster, Reject(4)), "InstallSnapshot snapshot=1/6 bytes=5");
    assert!(
        take(&mut has_it, Accept(4)).starts_with("InstallSnapshot"),
        "and is fed, by the next one"
    );
    let told = events(&mut cluster);
    let expected = [
        Event::SnapshotSent {
            peer: 3,
            snapshot: EntryId { term: 1, index: 4 },
        },
        Event::SnapshotStalled {
            peer: 3,
            snapshot: EntryId { term: 1, index: 4 },
        },
        Event::SnapshotSent {
            peer: 3,
            snapshot: EntryId { term: 1, index: 6 },
        },
    ];
    assert_eq!(
        told.into_iter()
            .filter(|event| expected.contains(event))
            .collect::<Vec<_>>(),
        expected
    );
    assert_eq!(cluster.raw(1).counters().snapshots_sent, 2);
}

/// A peer that was silent for an election timeout is not sent a snapshot that nobody may be there to
/// take; it gets it when it answers.
#[test]
fn a_silent_peer_gets_none() {
    for silent in [false, true] {
        let mut settings = config(1);
        settings.settings_mut().snapshot_stall_ticks = Some(0);
        let mut cluster = leading(3, settings);
        for peer in [2, 3] {
            hear(&mut cluster, peer, 1, accepted(2));
        }
        take(&mut cluster, Propose);
        cluster.compact(1);
        for tick in 0..18 {
            take(&mut cluster, Ticks(1));
            hear(&mut cluster, 2, 1, heartbeat_answer());
            if tick == 12 && !silent {
                take(&mut cluster, Beat);
            }
        }
        take(&mut cluster, Unreachable);
        let sent = "InstallSnapshot snapshot=1/3 bytes=5";
        assert_eq!(take(&mut cluster, Propose), if silent { "" } else { sent });
        assert_eq!(take(&mut cluster, Beat), if silent { sent } else { "" });
    }
}

/// A storage that has no snapshot yet: the need is told, nobody else waits, and it goes out as soon
/// as there is one.
#[test]
fn a_snapshot_that_is_not_there_yet() {
    let mut cluster = leading(3, plain(1));
    hear(&mut cluster, 2, 1, accepted(2));
    cluster.node(1).storage_mut().compact(2).expect("applied");
    events(&mut cluster);
    assert_eq!(take(&mut cluster, Beat), "");
    assert!(events(&mut cluster).contains(&Event::SnapshotNeeded { peer: 3, at_least: 2 }));
    take(&mut cluster, Propose);
    assert_eq!(progress(&cluster, 2), "Replicate 3..4");
    assert_eq!(progress(&cluster, 3), "Probe 0..2");
    cluster
        .node(1)
        .storage_mut()
        .set_snapshot(snapshot((1, 2), voters(&[1, 2, 3])))
        .expect("of what is applied");
    cluster.node(1).storage_ready().expect("a sound node");
    assert_eq!(says(&mut cluster), ["1->3 InstallSnapshot term=1 snapshot=1/2 bytes=5"]);
}

/// A follower that lags behind the beginning of the log, and a new one, catch up.
#[test]
fn laggards_catch_up() {
    let mut cluster = Cluster::new(3, config);
    cluster.elect(1);
    cluster.isolate(3);
    (0..5).for_each(|_| cluster.commit(1, "a"));
    cluster.compact(1);
    cluster.commit(1, "b");
    cluster.heal();
    cluster.tick_all(3);
    assert_eq!(cluster.committed(3), cluster.committed(1));
    assert_eq!(cluster.data(3), ["b"], "the rest came as a state");
    cluster.commit(1, "c");
    assert_eq!(cluster.data(3), ["b", "c"]);
    assert_eq!(progress(&cluster, 3), progress(&cluster, 2));
    cluster.assert_consistent();
}

/// The wait for the answer to a snapshot doubles, and no more than four times; when the peer makes headway it
/// begins anew (D14, D31).
#[test]
fn how_long_a_leader_waits() {
    let mut settings = plain(1);
    settings.settings_mut().snapshot_stall_ticks = Some(6);
    let mut cluster = compacted(settings);
    let mut waits = Vec::new();
    let mut ticks = 0;
    take(&mut cluster, Beat);
    while waits.len() < 8 {
        take(&mut cluster, Ticks(1));
        ticks += 1;
        if progress(&cluster, 3).starts_with("Probe") {
            waits.push(ticks);
            ticks = 0;
            take(&mut cluster, Beat);
            take(&mut cluster, Reject(4));
        }
    }
    assert_eq!(waits, [6, 12, 24, 48, 96, 96, 96, 96]);
    // It has it after all; another one is due, which begins as the first did.
    for step in [Propose, Compact, Accept(4), Ticks(5)] {
        take(&mut cluster, step);
    }
    assert_eq!(progress(&cluster, 3), "Snapshot { pending: 5 } 4..6 paused");
    take(&mut cluster, Ticks(1));
    assert_eq!(progress(&cluster, 3), "Probe 4..6 paused");
}
