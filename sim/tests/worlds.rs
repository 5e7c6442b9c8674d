//! Worlds that reach corners: it happens, and nothing breaks.

use quorate::NodeId;
use quorate::status::RoleKind;
use quorate_sim::cluster::Cluster;
use quorate_sim::coverage::Coverage;
use quorate_sim::machine::KvMap;
use quorate_sim::parameters::{Names, Spread};
use quorate_sim::step::Step;
use quorate_sim::{MemoryDisk, Parameters, Profile, simulate};

/// Runs with a change of their parameters.
fn seen(profile: Profile, change: impl Fn(&mut Parameters)) -> Coverage {
    let mut sum = Coverage::default();
    for seed in 0..40 {
        let mut parameters = Parameters::draw(seed, profile);
        (parameters.crash, parameters.loss, parameters.partition) = (500, 10_000, 500);
        (parameters.wipe, parameters.other_promises, parameters.retiming) = (0, 0, 0);
        change(&mut parameters);
        let report = simulate(&parameters, 3_000);
        assert_eq!(report.violation, None, "seed {seed}: {parameters}");
        sum.add(&report.coverage);
    }
    println!("{sum}");
    sum
}

#[test]
fn batches_and_reads_with_a_mode() {
    let seen = seen(Profile::Lease, |parameters| {
        (parameters.corners.batches, parameters.corners.read_modes) = (300_000, 500_000);
    });
    assert!(seen.batches_proposed > 100, "{seen}");
    assert!(seen.reads_with_a_mode > 100, "{seen}");
    assert!(seen.reads_by_lease > 20, "{seen}");
}

#[test]
fn requests_are_withdrawn() {
    let seen = seen(Profile::Swarm, |parameters| {
        (parameters.extras.damage, parameters.corners.withdrawal) = (20_000, 300_000);
    });
    assert!(seen.requests_withdrawn > 20, "{seen}");
}

#[test]
fn a_node_is_wiped_and_added_again_under_its_id() {
    let seen = seen(Profile::Membership, |parameters| {
        (parameters.voters, parameters.spares, parameters.change) = (3, 0, 0);
        (parameters.names, parameters.corners.rejoins) = (Names::Ids, 100_000);
    });
    assert!(seen.stores_forgotten > 20, "{seen}");
}

#[test]
fn storages_that_cannot_be_read() {
    let seen = seen(Profile::Swarm, |parameters| parameters.corners.corruption = 100_000);
    assert!(seen.storages_corrupted > 20, "{seen}");
    assert!(seen.corruptions_met > 5, "{seen}");
}

#[test]
fn state_machines_that_are_ahead_of_the_commit_index() {
    let seen = seen(Profile::Disk, |parameters| {
        (parameters.crash, parameters.asynchronous) = (20_000, Spread::Off);
        parameters.corners.durable_machines = Spread::On;
    });
    assert!(seen.machines_survived > 50, "{seen}");
    assert!(seen.machines_ahead > 5, "{seen}");
}

/// Three nodes, the first of which leads by the vote of the second; what it asked of the third is still on its way.
fn led() -> Cluster<KvMap, MemoryDisk> {
    let settings = |id| quorate::Config::new(id, 1);
    let mut cluster = Cluster::new(7, 3, MemoryDisk::default, settings).expect("a cluster");
    perform(&mut cluster, &["campaign 1"]);
    settle(&mut cluster, &[1, 2], &VOTES);
    settle(&mut cluster, &[1, 2, 3], &APPENDS);
    cluster
}

const VOTES: [&str; 4] = ["MsgPreVote", "MsgPreVoteResp", "MsgVote", "MsgVoteResp"];
const APPENDS: [&str; 2] = ["MsgApp", "MsgAppResp"];

fn perform(cluster: &mut Cluster<KvMap, MemoryDisk>, steps: &[&str]) {
    for step in steps {
        let parsed: Step = step.parse().expect("a step");
        cluster.step(parsed).unwrap_or_else(|broken| panic!("{step}: {broken}"));
    }
}

/// Batches, and messages of these kinds between these nodes, until nothing moves.
fn settle(cluster: &mut Cluster<KvMap, MemoryDisk>, nodes: &[NodeId], kinds: &[&str]) {
    for _ in 0..20 {
        for node in nodes {
            perform(cluster, &[&format!("ready {node}"), &format!("store {node}")]);
            for other in nodes.iter().filter(|other| *other != node) {
                for kind in kinds {
                    perform(cluster, &[&format!("deliver {node}->{other} {kind}")]);
                }
            }
        }
    }
}

#[test]
fn who_forgot_a_vote_leads_and_is_asked() {
    let mut cluster = rejoined();
    perform(&mut cluster, &["transfer-leadership from=1 to=3"]);
    settle(&mut cluster, &[1, 3], &["MsgTimeoutNow"]);
    settle(&mut cluster, &[1, 2, 3], &VOTES);
    settle(&mut cluster, &[1, 2, 3], &APPENDS);
    let role = cluster.node(3).map(|node| node.status().soft_state.role);
    assert_eq!(role, Some(RoleKind::Leader));
    let dropped = cluster.coverage().dropped;
    perform(&mut cluster, &["propose 1 y operation=7", "read-index 1 r operation=8"]);
    settle(&mut cluster, &[1, 2, 3], &["MsgProp", "MsgReadIndex"]);
    assert_eq!(
        cluster.coverage().dropped,
        dropped,
        "what carries no term is not of an earlier life"
    );
}

#[test]
fn a_vote_that_is_forgotten_is_not_asked_for_again() {
    rejoined();
}

/// The third is removed, wiped, and added again.
fn rejoined() -> Cluster<KvMap, MemoryDisk> {
    let mut cluster = led();
    perform(&mut cluster, &["propose-conf-change 1 change=(r3)"]);
    settle(&mut cluster, &[1, 2, 3], &APPENDS);
    perform(&mut cluster, &["ticks 3 30", "crash 3", "wipe 3", "join 3"]);
    assert_eq!(cluster.coverage().stores_forgotten, 1);
    perform(&mut cluster, &["deliver 1->3 MsgVote"]);
    assert_eq!(cluster.coverage().dropped, 1);
    perform(
        &mut cluster,
        &["propose-conf-change 1 change=(v3)", "compact-to-applied 1"],
    );
    settle(&mut cluster, &[1, 2], &APPENDS);
    perform(&mut cluster, &["compact-to-applied 1", "propose 1 x", "ticks 1 1"]);
    let kinds = ["MsgApp", "MsgAppResp", "MsgHeartbeat", "MsgHeartbeatResp", "MsgSnap"];
    settle(&mut cluster, &[1, 2, 3], &kinds);
    let known = |id| cluster.node(id).map(|node| node.status().hard_state.commit);
    assert_eq!(known(3), known(1), "it is a member again");
    cluster
}

#[test]
fn who_is_still_a_member_forgets_nothing_soundly() {
    let mut cluster = led();
    perform(&mut cluster, &["ticks 3 30", "crash 3", "wipe 3", "join 3"]);
    assert_eq!(cluster.coverage().stores_forgotten, 0);
}

#[test]
fn a_late_response_that_tells_of_another_leader_takes_no_read() {
    let mut cluster = led();
    perform(
        &mut cluster,
        &["read-index 3 a operation=1", "ready 3", "crash 3", "restart 3"],
    );
    perform(&mut cluster, &["ticks 1 3"]);
    settle(&mut cluster, &[1, 2, 3], &["MsgHeartbeat", "MsgHeartbeatResp"]);
    perform(&mut cluster, &["transfer-leadership from=1 to=2"]);
    settle(&mut cluster, &[1, 2], &["MsgTimeoutNow"]);
    settle(&mut cluster, &[1, 2], &VOTES);
    settle(&mut cluster, &[1, 2], &APPENDS);
    perform(
        &mut cluster,
        &["read-index 3 b operation=2", "deliver 3->1 MsgReadIndex", "ready 1"],
    );
    perform(&mut cluster, &["deliver 3->2 MsgReadIndex"]);
    settle(&mut cluster, &[1, 2], &["MsgHeartbeat", "MsgHeartbeatResp"]);
    let pending = |cluster: &Cluster<_, _>| cluster.node(3).map(|node| node.status().pending_reads);
    assert_eq!(pending(&cluster), Some(1), "it waits for the earlier leader");
    perform(&mut cluster, &["deliver 2->3 MsgReadIndexResp"]);
    assert_eq!(pending(&cluster), Some(0), "which leads no more");
}
