//! Snapshots that a follower asks for (D38): the leader, and whole groups.

use quorate::message::{HeartbeatResponse, Payload};
use quorate::status::SnapshotStatus::{self, Failed, Finished};
use quorate::{Config, Event, NodeId};

use crate::support::{Cluster, config, message, plain};
use crate::{accepted, events, hear, id, leading, progress, says};

/// A leader of three in term 1; both others have all of its log, up to 4.
fn leader(settings: Config) -> Cluster {
    let mut cluster = unheard(settings);
    hear(&mut cluster, 3, 1, accepted(4));
    cluster
}

/// The same before peer 3 has said anything.
fn unheard(settings: Config) -> Cluster {
    let mut cluster = leading(3, settings);
    hear(&mut cluster, 2, 1, accepted(2));
    for index in [3, 4] {
        let _ = cluster.propose(1, "a");
        says(&mut cluster);
        hear(&mut cluster, 2, 1, accepted(index));
    }
    events(&mut cluster);
    cluster
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Peer 3 asks; 0: not.
    Ask(u64),
    /// The leader takes a snapshot, up to 4 or later.
    Make,
    Retry,
    Ticks(u64),
    Report(u64, SnapshotStatus),
    Propose,
    Accept(u64),
}
use Step::{Accept, Ask, Make, Propose, Report, Retry, Ticks};

/// What peer 3 is sent then, heartbeats left out, and what the leader tells of snapshots.
fn take(cluster: &mut Cluster, step: Step) -> String {
    let mut heard = |payload| cluster.node(1).step(message(3, 1, 1, payload)).expect("legal");
    match step {
        Ask(at_least) => heard(Payload::HeartbeatResponse(
            HeartbeatResponse::new("").with_snapshot_request(at_least),
        )),
        Accept(index) => heard(accepted(index)),
        Make => cluster.compact(1),
        Retry => cluster.node(1).storage_ready().expect("a sound node"),
        Ticks(ticks) => cluster.tick(1, ticks),
        Report(index, status) => {
            let reported = cluster.node(1).report_snapshot(3, id(1, index), status);
            reported.expect("a sound node");
        }
        Propose => {
            let last = cluster.raw(1).status().last_index;
            let _ = cluster.propose(1, "b");
            cluster.drain(1);
            let acknowledged = message(2, 1, 1, accepted(last + 1));
            cluster.node(1).step(acknowledged).expect("legal");
        }
    }
    let said = says(cluster)
        .into_iter()
        .filter(|text| text.starts_with("1->3") && !text.contains("Heartbeat"));
    let mut short: Vec<_> = said
        .map(|text| text.trim_start_matches("1->3 ").replace(" term=1", ""))
        .collect();
    short.extend(events(cluster).iter().filter_map(|event| match event {
        Event::SnapshotNeeded { peer: 3, at_least } => Some(format!("needed: {at_least}")),
        Event::SnapshotStalled { .. } => Some("stalled".to_owned()),
        _ => None,
    }));
    short.join("; ")
}

const SENT: &str = "InstallSnapshot snapshot=1/4 bytes=5";
const FED: &str = "Replicate 4..5";

/// A name; steps and what comes of each; how the peer is fed at the end.
type Case = (&'static str, &'static [(Step, &'static str)], &'static str);

/// Six ticks are given to a snapshot.
fn check(cases: &[Case]) {
    for (name, steps, then) in cases {
        let mut settings = plain(1);
        settings.settings_mut().snapshot_stall_ticks = Some(6);
        let mut cluster = leader(settings);
        for (position, (step, expected)) in steps.iter().enumerate() {
            let sent = take(&mut cluster, *step);
            assert_eq!(sent, *expected, "{name}: {step:?}, number {position}");
        }
        assert_eq!(progress(&cluster, 3), *then, "{name}");
    }
}

#[test]
fn what_a_leader_sends() {
    check(&[
        ("nothing is asked for", &[(Make, ""), (Ask(0), ""), (Retry, "")], FED),
        ("there is one", &[(Make, ""), (Ask(4), SENT)], FED),
        ("one that covers more", &[(Make, ""), (Ask(1), SENT)], FED),
        (
            "there is none, until it is made",
            &[(Ask(4), "needed: 4"), (Ask(4), "needed: 4"), (Make, ""), (Ask(4), SENT)],
            FED,
        ),
        (
            "it is sent as soon as it is there",
            &[
                (Ask(4), "needed: 4"),
                (Make, ""),
                (Retry, SENT),
                (Retry, ""),
                (Ask(4), ""),
            ],
            FED,
        ),
        (
            "the present one does not do",
            &[(Make, ""), (Ask(5), "needed: 5"), (Retry, "needed: 5")],
            FED,
        ),
        (
            "again after six ticks, twelve and so on",
            &[
                (Make, ""),
                (Ask(4), SENT),
                (Ticks(5), ""),
                (Ask(4), ""),
                (Ticks(1), ""),
                (Ask(4), SENT),
                (Ticks(11), ""),
                (Ask(4), ""),
                (Ticks(1), ""),
                (Ask(4), SENT),
                (Ticks(23), ""),
                (Ask(4), ""),
                (Ticks(1), ""),
                (Ask(4), SENT),
            ],
            FED,
        ),
        (
            "nobody asks any more",
            &[(Make, ""), (Ask(4), SENT), (Ask(0), ""), (Ticks(40), ""), (Retry, "")],
            FED,
        ),
        (
            "another request",
            &[(Make, ""), (Ask(3), SENT), (Ask(0), ""), (Ask(3), SENT), (Ask(4), SENT)],
            FED,
        ),
        (
            "it got lost, says the caller",
            &[
                (Make, ""),
                (Ask(4), SENT),
                (Report(4, Finished), ""),
                (Ask(4), ""),
                (Report(3, Failed), ""),
                (Ask(4), ""),
                (Report(4, Failed), ""),
                (Ask(4), SENT),
            ],
            FED,
        ),
        (
            "the log goes on meanwhile",
            &[
                (Make, ""),
                (Ask(4), SENT),
                (
                    Propose,
                    "Append prev=1/4 commit=4 entries=[1/5 Normal \"b\"]; Append prev=1/5 commit=5",
                ),
                (Accept(4), ""),
                (Accept(5), ""),
            ],
            "Replicate 5..6",
        ),
        (
            "however far that is",
            &[(Ask(u64::MAX >> 8), "needed: 72057594037927935")],
            FED,
        ),
    ]);
}

/// Without a bound on the wait, only a report has it sent again.
#[test]
fn without_a_bound() {
    let mut settings = plain(1);
    settings.settings_mut().snapshot_stall_ticks = Some(0);
    let mut cluster = leader(settings);
    for (step, expected) in [
        (Make, ""),
        (Ask(4), SENT),
        (Ticks(1000), ""),
        (Ask(4), ""),
        (Report(4, Failed), ""),
        (Ask(4), SENT),
    ] {
        assert_eq!(take(&mut cluster, step), expected, "{step:?}");
    }
}

/// A peer whose log needs a snapshot gets one, and no other beside it.
#[test]
fn one_that_needs_it_for_its_log() {
    let mut settings = plain(1);
    settings.settings_mut().snapshot_stall_ticks = Some(6);
    let mut cluster = unheard(settings);
    for (step, expected) in [
        (Make, ""),
        (Ask(4), SENT),
        (Ask(4), ""),
        (Retry, ""),
        (Ticks(6), "stalled"),
        (Ask(4), SENT),
    ] {
        let sent = take(&mut cluster, step);
        let sent: Vec<_> = sent.split("; ").filter(|text| !text.starts_with("Append")).collect();
        assert_eq!(sent.join("; "), expected, "{step:?}");
    }
}

/// A number that no index reaches is refused before anything is made of it.
#[test]
fn a_request_out_of_range() {
    let mut cluster = leader(plain(1));
    let before = cluster.raw(1).clone();
    let response = HeartbeatResponse::new("").with_snapshot_request(u64::MAX);
    let answer = cluster
        .node(1)
        .step(message(3, 1, 1, Payload::HeartbeatResponse(response)));
    assert!(answer.is_err());
    assert_eq!(*cluster.raw(1), before);
}

/// Whoever waits does not campaign: leadership goes to another, if there is one.
#[test]
fn leadership_goes_past_it() {
    let mut cluster = leader(plain(1));
    let _ = cluster.propose(1, "b");
    cluster.drain(1);
    hear(&mut cluster, 3, 1, accepted(5));
    assert_eq!(cluster.raw(1).clone().transfer_leader_to_most_up_to_date(), Ok(3));
    take(&mut cluster, Ask(4));
    let told: Vec<_> = cluster
        .raw(1)
        .progress()
        .map(|member| member.snapshot_request)
        .collect();
    assert_eq!(told, [None, None, Some(4)]);
    hear(&mut cluster, 2, 1, accepted(4));
    assert_eq!(cluster.node(1).transfer_leader_to_most_up_to_date(), Ok(2));
}

#[test]
fn a_leader_explains_it() {
    let mut cluster = leader(plain(1));
    let told = |cluster: &Cluster| cluster.raw(1).explain_peer(3).to_string();
    take(&mut cluster, Ask(3));
    let waits = "node 3 (matched 4): it is up to date [section 5.3]; its state machine waits for a snapshot that covers \
                 index 3";
    assert_eq!(told(&cluster), format!("{waits} [D38]"));
    take(&mut cluster, Make);
    take(&mut cluster, Ask(3));
    assert_eq!(told(&cluster), format!("{waits}, and was sent 1/4 [D38]"));
    assert!(
        cluster
            .raw(1)
            .explain()
            .to_string()
            .contains("node 3: replicate, matched=4 next=5 snapshot_request=3")
    );
    take(&mut cluster, Ask(0));
    assert_eq!(told(&cluster), "node 3 (matched 4): it is up to date [section 5.3]");
}

// ----- groups

/// Nodes 1 to 3 with node 1 at their head; some entries are committed.
fn group(asynchronous: bool) -> Cluster {
    let mut cluster = Cluster::new(3, |id| {
        let mut settings = config(id);
        settings.settings_mut().async_storage_writes = asynchronous;
        settings
    });
    cluster.elect(1);
    for data in ["a", "b", "c"] {
        cluster.commit(1, data);
    }
    cluster
}

fn indexes(cluster: &Cluster, id: NodeId) -> Vec<u64> {
    cluster.nodes[&id].applied.iter().map(|entry| entry.index).collect()
}

/// The state machine begins anew, and is where the others are; the log was there all the time.
#[test]
fn a_group_heals_one_of_its_own() {
    for asynchronous in [false, true] {
        let mut cluster = group(asynchronous);
        cluster.node(3).request_snapshot().expect("it follows");
        cluster.commit(1, "d");
        let last = cluster.raw(3).status().last_index;
        assert_eq!(
            (cluster.committed(3), cluster.raw(3).status().applied),
            (last, last - 1)
        );
        cluster.tick_all(2);
        let needed = Event::SnapshotNeeded {
            peer: 3,
            at_least: last - 1,
        };
        assert!(cluster.nodes[&1].events.contains(&needed));
        assert!(cluster.nodes[&3].restored.is_empty());
        cluster.compact(1);
        cluster.commit(1, "e");
        cluster.tick_all(2);
        assert_eq!(
            cluster.nodes[&3].restored,
            [cluster.raw(1).storage().latest_snapshot().expect("one").id()]
        );
        assert_eq!(indexes(&cluster, 3), [last + 1], "{asynchronous}");
        assert_eq!(cluster.raw(3).storage().log().len(), 6, "its log is as it was");
        assert_eq!(cluster.raw(3).status().snapshot_request, None);
        cluster.tick_all(2);
        assert_eq!(
            cluster
                .raw(1)
                .progress()
                .filter_map(|member| member.snapshot_request)
                .count(),
            0
        );
        cluster.assert_consistent();
        // It is as good a leader as any.
        cluster.node(1).transfer_leader(3).expect("it leads");
        cluster.settle();
        assert_eq!(cluster.leader(), Some(3));
    }
}

/// The leader dies before it could help: the next one does.
#[test]
fn the_next_leader_helps() {
    let mut cluster = group(false);
    cluster.node(3).request_snapshot().expect("it follows");
    cluster.isolate(1);
    cluster.compact(2);
    cluster.tick_all(60);
    assert_eq!(cluster.leader(), Some(2), "node 3 votes, and does not stand");
    assert_eq!(cluster.nodes[&3].restored.len(), 1);
    assert_eq!(cluster.raw(3).status().apply_lag(), 0);
}

/// A log that falls behind meanwhile is fed a snapshot as ever, and one is enough for both.
#[test]
fn one_snapshot_for_log_and_state_machine() {
    let mut cluster = group(false);
    cluster.node(3).request_snapshot().expect("it follows");
    cluster.isolate(3);
    for data in ["d", "e", "f"] {
        cluster.commit(1, data);
    }
    cluster.compact(1);
    cluster.heal();
    cluster.tick_all(30);
    assert_eq!(cluster.nodes[&3].restored.len(), 1);
    assert_eq!(cluster.raw(3).status().snapshot_request, None);
    assert_eq!(cluster.raw(3).status().apply_lag(), 0);
}

/// An earlier version, or etcd-io/raft, does not see the request: it is withdrawn in the end.
#[test]
fn a_leader_that_does_not_know_it() {
    let mut cluster = group(false);
    cluster.compact(1);
    cluster.node(3).request_snapshot().expect("it follows");
    cluster.commit(1, "d");
    for _ in 0..50 {
        for id in 1..=3 {
            cluster.node(id).tick().expect("a sound node");
        }
        for _ in 0..5 {
            (1..=3).for_each(|id| cluster.drain(id));
            for mut message in cluster.take(|_| true) {
                if let Payload::HeartbeatResponse(response) = &mut message.payload {
                    response.snapshot_request = 0;
                }
                cluster.step(message);
            }
        }
    }
    assert_eq!((cluster.leader(), cluster.nodes[&3].restored.len()), (Some(1), 0));
    assert_eq!(cluster.raw(3).status().apply_lag(), 1);
    assert_eq!(cluster.node(3).withdraw_snapshot_request(), Ok(true));
    cluster.settle();
    assert_eq!(cluster.raw(3).status().apply_lag(), 0);
}

/// Only whoever waits has what was committed last: nobody leads until the leader is back, or the request withdrawn.
#[test]
fn a_group_that_needs_it() {
    let mut cluster = group(false);
    cluster.cut(1, 2);
    cluster.node(3).request_snapshot().expect("it follows");
    cluster.commit(1, "d"); // on nodes 1 and 3
    cluster.isolate(1);
    cluster.heal();
    cluster.isolate(1);
    cluster.tick_all(100);
    let leads = |cluster: &Cluster| [2, 3].map(|id| cluster.raw(id).status().soft_state.leader);
    assert_eq!(leads(&cluster), [None, None]);
    let text = cluster.raw(3).explain().to_string();
    assert!(
        text.contains("may not campaign: it waits for a snapshot that it asked for"),
        "{text}"
    );
    assert_eq!(cluster.node(3).withdraw_snapshot_request(), Ok(true));
    cluster.tick_all(60);
    assert_eq!(leads(&cluster), [Some(3), Some(3)]);
    // It hands over as soon as another has it all, and asks again.
    cluster.node(3).transfer_leader(2).expect("it leads");
    cluster.settle();
    cluster.node(3).request_snapshot().expect("it follows");
    cluster.compact(2);
    cluster.tick_all(3);
    assert_eq!(cluster.nodes[&3].restored.len(), 1);
}
