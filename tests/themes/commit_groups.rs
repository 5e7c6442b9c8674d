//! Commit groups: a leader that commits only what two of them hold. It may wait for as long as it likes; it must not go
//! ahead of a quorum.

use quorate::error::ConfigError;
use quorate::membership::{ConfChangeKind, ConfChangeV2, Transition};
use quorate::{CommitGroups, Config, Event, Index, NodeId};

use crate::support::{Cluster, config};
use crate::{accepted, events, hear, heartbeat_answer, leading, says};

/// An election timeout in ticks.
const TIMEOUT: u64 = 10;

/// The groups of nodes 1 to n; 0: none.
pub(crate) fn grouped(id: NodeId, groups: &[u64]) -> Config {
    let mut config = config(id);
    let members = (1..).zip(groups.iter().copied()).filter(|(_, group)| *group > 0);
    config.settings_mut().commit_groups = CommitGroups::new(members);
    config
}

fn set(cluster: &mut Cluster, id: NodeId, change: impl FnOnce(&mut Config)) -> Result<(), ConfigError> {
    let mut next = cluster.raw(id).config().clone();
    change(&mut next);
    cluster.node(id).set_config(next)
}

/// Node 1 leads voters that are in these groups, and its log ends at 6; the others acknowledge so much of it, and so much
/// is committed.
#[test]
fn what_two_groups_hold() {
    type Case = (&'static str, &'static [u64], &'static [Index], Index);
    let cases: [Case; 15] = [
        ("a quorum in two groups", &[1, 1, 2], &[3, 6], 6),
        ("a quorum in one group waits for the other", &[1, 1, 2], &[6, 4], 4),
        ("two groups are no quorum", &[1, 1, 1, 1, 2], &[0, 0, 0, 6], 1),
        ("nor are three", &[1, 2, 3, 3, 3], &[6, 0, 0, 0], 1),
        ("the slower of both rules", &[1, 1, 1, 2, 2], &[6, 5, 3, 2], 3),
        ("the best of the other group", &[1, 1, 1, 2, 2], &[6, 6, 2, 4], 4),
        (
            "two other groups without the leader's",
            &[1, 2, 2, 3, 3],
            &[5, 4, 0, 0],
            4,
        ),
        ("a leader alone in its group", &[1, 2, 2], &[5, 0], 5),
        ("each in its own group", &[1, 2, 3], &[4, 0], 4),
        ("one without a group counts for the quorum only", &[1, 0, 2], &[6, 2], 2),
        ("and so does a leader without one", &[0, 1, 2], &[6, 5], 5),
        ("there is but one group", &[1, 1, 1], &[6, 0], 6),
        ("or one and some without", &[1, 1, 0], &[6, 0], 6),
        ("or none", &[0, 0, 0], &[6, 0], 6),
        ("a group of strangers", &[1, 1, 1, 0, 0, 0, 9], &[6, 0], 6),
    ];
    for (name, groups, acks, expected) in cases {
        let voters = acks.len() + 1;
        let mut cluster = leading(u64::try_from(voters).expect("few"), grouped(1, groups));
        for _ in 0..4 {
            let _ = cluster.node(1).propose("x").expect("it leads");
        }
        says(&mut cluster);
        for (peer, ack) in (2..).zip(acks).filter(|(_, ack)| **ack > 0) {
            hear(&mut cluster, peer, 1, accepted(*ack));
        }
        assert_eq!(cluster.committed(1), expected, "{name}");
    }
}

/// What is acknowledged in any order: with groups never ahead of the plain rule, and never behind both rules.
#[test]
fn never_ahead_of_a_quorum() {
    for seed in 0..300_u64 {
        let mut dice = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut roll = |below: u64| {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            dice % below
        };
        let voters = 2 + roll(5);
        let groups: Vec<u64> = (0..voters).map(|_| roll(4)).collect();
        let mut clusters = [leading(voters, grouped(1, &groups)), leading(voters, config(1))];
        let mut acks = vec![0; usize::try_from(voters).expect("few")];
        for step in 0..40 {
            let (peer, ack) = (2 + roll(voters - 1), roll(8));
            let propose = roll(3) == 0;
            for cluster in &mut clusters {
                if propose {
                    let _ = cluster.node(1).propose("x").expect("it leads");
                    says(cluster);
                }
            }
            let last = clusters[0].raw(1).status().last_index;
            let ack = ack.min(last);
            for cluster in &mut clusters {
                hear(cluster, peer, 1, accepted(ack));
            }
            let at = |id: u64| usize::try_from(id - 1).expect("few");
            acks[at(peer)] = ack.max(acks[at(peer)]);
            acks[0] = last;
            let held = |index: Index| {
                let of = |id: &u64| acks[at(*id)] >= index;
                let mut known: Vec<u64> = (1..=voters).filter(of).map(|id| groups[at(id)]).collect();
                known.sort_unstable();
                known.dedup();
                known.iter().filter(|group| **group > 0).count()
            };
            let [committed, plainly] = [0, 1].map(|at| clusters[at].committed(1));
            assert!(
                committed <= plainly,
                "seed {seed}, step {step}: {committed} > {plainly}, {groups:?} {acks:?}"
            );
            let two = held(0) >= 2;
            let best = (2..=plainly).rev().find(|index| !two || held(*index) >= 2);
            assert_eq!(
                committed,
                best.unwrap_or(1),
                "seed {seed}, step {step}: {groups:?} {acks:?}"
            );
        }
    }
}

/// The leader's zone is lost when a client was told that its write is committed: it is in the other zone.
#[test]
fn what_is_acknowledged_outlives_a_zone() {
    let mut cluster = Cluster::new(5, |id| grouped(id, &[1, 1, 1, 2, 2]));
    cluster.elect(1);
    for (a, b) in [(1, 4), (1, 5), (2, 4), (2, 5), (3, 4), (3, 5)] {
        cluster.cut(a, b);
    }
    cluster.commit(1, "x");
    assert_eq!(cluster.data(1), Vec::<String>::new(), "a quorum has it, in one zone");
    cluster.heal();
    cluster.tick_all(2);
    assert_eq!(cluster.data(1), ["x"]);
    let holds = |cluster: &Cluster, id| cluster.raw(id).storage().log().iter().any(|entry| entry.data == "x");
    assert!(holds(&cluster, 4) || holds(&cluster, 5));
}

/// Node 1 leads nodes 2, of its group, and 3, of another, which is silent.
fn with_a_silent_group(falls_back: bool) -> Cluster {
    let mut settings = grouped(1, &[1, 1, 2]);
    settings.settings_mut().commit_without_silent_groups = falls_back;
    let mut cluster = leading(3, settings);
    hear(&mut cluster, 2, 1, accepted(2));
    hear(&mut cluster, 3, 1, accepted(2));
    let _ = cluster.node(1).propose("x").expect("it leads");
    says(&mut cluster);
    hear(&mut cluster, 2, 1, accepted(3));
    events(&mut cluster);
    cluster
}

pub(crate) fn told(cluster: &mut Cluster) -> Vec<Event> {
    let ours = |event: &Event| {
        matches!(
            event,
            Event::CommitGroupsSuspended { .. } | Event::CommitGroupsRestored { .. }
        )
    };
    events(cluster).into_iter().filter(ours).collect()
}

/// Ticks, at each of which node 2 answers, and node 3 if it is well.
fn pass(cluster: &mut Cluster, ticks: u64, well: bool) {
    for _ in 0..ticks {
        cluster.tick(1, 1);
        hear(cluster, 2, 1, heartbeat_answer());
        if well {
            hear(cluster, 3, 1, heartbeat_answer());
        }
    }
}

/// A quorum has the entry, and yet it is not committed: that is said, and where its rule is.
#[test]
fn what_waits_for_a_group_says_so() {
    let mut cluster = leading(3, grouped(1, &[1, 1, 2]));
    says(&mut cluster);
    hear(&mut cluster, 2, 1, accepted(2));
    let explained = cluster.raw(1).explain_index(2).to_string();
    let acknowledged = "index 2 is not committed: acknowledged by (1 2), lacking (3), which is a majority";
    let expected = format!("{acknowledged}; two commit groups hold the log up to index 0 [D37]");
    assert_eq!(explained.lines().next(), Some(expected.as_str()));
    hear(&mut cluster, 3, 1, accepted(2));
    let explained = cluster.raw(1).explain_index(2).to_string();
    assert_eq!(explained, "index 2 is committed [section 5.3]");
}

/// One whole group is down: by default nothing is committed, however long it takes.
#[test]
fn a_silent_group_is_waited_for() {
    let mut cluster = with_a_silent_group(false);
    pass(&mut cluster, 20 * TIMEOUT, false);
    assert_eq!((cluster.committed(1), told(&mut cluster)), (2, vec![]));
    hear(&mut cluster, 3, 1, accepted(3));
    assert_eq!(cluster.committed(1), 3);
}

/// With the setting a quorum commits alone when nobody of another group was heard for a whole election timeout, and not
/// any more when somebody is.
#[test]
fn a_silent_group_is_not_waited_for_by_a_setting() {
    let mut cluster = with_a_silent_group(true);
    pass(&mut cluster, TIMEOUT, true);
    pass(&mut cluster, TIMEOUT - 1, false);
    assert_eq!(
        (cluster.committed(1), told(&mut cluster)),
        (2, vec![]),
        "heard a moment ago"
    );
    pass(&mut cluster, TIMEOUT + 1, false);
    let suspended = Event::CommitGroupsSuspended { index: 2 };
    assert_eq!((cluster.committed(1), told(&mut cluster)), (3, vec![suspended]));
    let _ = cluster.node(1).propose("y").expect("it leads");
    says(&mut cluster);
    hear(&mut cluster, 2, 1, accepted(4));
    pass(&mut cluster, 3 * TIMEOUT, false);
    assert_eq!((cluster.committed(1), told(&mut cluster)), (4, vec![]), "told once");
    // It is heard again: what comes from here on waits for it.
    pass(&mut cluster, 1, true);
    assert_eq!(told(&mut cluster), [Event::CommitGroupsRestored { index: 4 }]);
    let _ = cluster.node(1).propose("z").expect("it leads");
    says(&mut cluster);
    hear(&mut cluster, 2, 1, accepted(5));
    pass(&mut cluster, 3 * TIMEOUT, true);
    assert_eq!((cluster.committed(1), told(&mut cluster)), (4, vec![]));
    hear(&mut cluster, 3, 1, accepted(5));
    assert_eq!(cluster.committed(1), 5);
}

/// A connection that breaks for a moment is no silence.
#[test]
fn a_report_is_no_silence() {
    let mut cluster = with_a_silent_group(true);
    cluster.node(1).report_unreachable(3).expect("sound");
    pass(&mut cluster, TIMEOUT, true);
    cluster.node(1).report_unreachable(3).expect("sound");
    pass(&mut cluster, TIMEOUT - 1, false);
    assert_eq!((cluster.committed(1), told(&mut cluster)), (2, vec![]));
}

/// Other settings count at once, for more and for less; a new leader goes by its own.
#[test]
fn groups_change() {
    let mut cluster = with_a_silent_group(false);
    assert!(!cluster.node(1).has_ready());
    set(&mut cluster, 1, |next| {
        next.settings_mut().commit_groups = CommitGroups::default();
    })
    .expect("they may change");
    assert!(cluster.node(1).has_ready());
    let said = says(&mut cluster);
    assert_eq!(cluster.committed(1), 3);
    assert!(said.iter().any(|said| said.contains("commit=3")), "{said:?}");
    set(&mut cluster, 1, |next| {
        next.settings_mut().commit_groups = CommitGroups::new([(1, 1), (3, 2)]);
    })
    .expect("they may change");
    assert!(!cluster.node(1).has_ready());
    let _ = cluster.node(1).propose("y").expect("it leads");
    says(&mut cluster);
    hear(&mut cluster, 2, 1, accepted(4));
    assert_eq!(cluster.committed(1), 3);

    let mut cluster = Cluster::new(3, |id| grouped(id, if id == 1 { &[1, 1, 2] } else { &[] }));
    cluster.elect(1);
    cluster.isolate(3);
    cluster.commit(1, "x");
    assert_eq!(cluster.data(1), Vec::<String>::new());
    cluster.node(1).transfer_leader(2).expect("a voter");
    cluster.settle();
    assert_eq!((cluster.leader(), cluster.data(2)), (Some(2), vec!["x".to_owned()]));
}

/// In a joint configuration each half asks for two groups, if it has them.
#[test]
fn each_half_asks() {
    // Outgoing 1 2 3, incoming 1 2 4 where 4 is of the group of 1 and 2: only the outgoing half has two groups; and where
    // it is of a third, both have.
    for (group_of_4, acks, expected) in [
        (1, [(2, true), (3, false), (4, true)], false),
        (1, [(2, true), (3, true), (4, false)], true),
        (3, [(2, true), (3, true), (4, false)], false),
        (3, [(2, false), (3, true), (4, true)], true),
    ] {
        let mut cluster = leading(3, grouped(1, &[1, 1, 2, group_of_4]));
        for peer in [2, 3] {
            hear(&mut cluster, peer, 1, accepted(2));
        }
        let change = ConfChangeV2::new([(ConfChangeKind::AddNode, 4), (ConfChangeKind::RemoveNode, 3)])
            .with_transition(Transition::JointExplicit);
        let _ = cluster.node(1).propose_conf_change(change).expect("it leads");
        says(&mut cluster);
        for peer in [2, 3] {
            hear(&mut cluster, peer, 1, accepted(3));
        }
        assert!(cluster.raw(1).membership().is_joint());
        let _ = cluster.node(1).propose("x").expect("it leads");
        says(&mut cluster);
        for (peer, acknowledges) in acks {
            if acknowledges {
                hear(&mut cluster, peer, 1, accepted(4));
            }
        }
        assert_eq!(cluster.committed(1) == 4, expected, "{group_of_4}, {acks:?}");
    }
}

/// A dead group cannot be removed without it, unless the setting says so or the groups are set otherwise.
#[test]
fn a_dead_group_is_removed() {
    for (falls_back, resets) in [(false, false), (false, true), (true, false)] {
        let mut cluster = Cluster::new(3, |id| {
            let mut config = grouped(id, &[1, 1, 2]);
            config.settings_mut().commit_without_silent_groups = falls_back;
            config
        });
        cluster.elect(1);
        cluster.isolate(3);
        if resets {
            set(&mut cluster, 1, |next| {
                next.settings_mut().commit_groups = CommitGroups::default();
            })
            .expect("legal");
        }
        cluster.tick_all(3 * TIMEOUT);
        let change = ConfChangeV2::new([(ConfChangeKind::RemoveNode, 3)]);
        let _ = cluster.node(1).propose_conf_change(change).expect("it leads");
        cluster.tick_all(3 * TIMEOUT);
        let removed = !cluster.raw(1).membership().contains(3);
        assert_eq!(removed, falls_back || resets, "{falls_back} {resets}");
        if removed {
            cluster.commit(1, "on");
            assert_eq!(cluster.data(2), ["on"], "only one group is left");
        }
    }
}

/// A voter of a third group that joins while another is silent ends the exception at once.
#[test]
fn a_third_group_joins() {
    let mut settings = grouped(1, &[1, 1, 2, 3]);
    settings.settings_mut().commit_without_silent_groups = true;
    let mut cluster = leading(3, settings);
    pass(&mut cluster, 2 * TIMEOUT, false);
    assert_eq!(told(&mut cluster), [Event::CommitGroupsSuspended { index: 1 }]);
    hear(&mut cluster, 2, 1, accepted(2));
    let change = ConfChangeV2::new([(ConfChangeKind::AddNode, 4)]);
    let _ = cluster.node(1).propose_conf_change(change).expect("it leads");
    says(&mut cluster);
    hear(&mut cluster, 2, 1, accepted(3));
    assert!(cluster.raw(1).membership().contains(4));
    assert_eq!(told(&mut cluster), [Event::CommitGroupsRestored { index: 3 }]);
    let _ = cluster.node(1).propose("x").expect("it leads");
    says(&mut cluster);
    hear(&mut cluster, 2, 1, accepted(4));
    assert_eq!(cluster.committed(1), 3, "two of four");
    hear(&mut cluster, 4, 1, accepted(4));
    assert_eq!(cluster.committed(1), 4);
}

/// What silence is, the check of the quorum says.
#[test]
fn silence_needs_check_quorum() {
    let mut settings = grouped(1, &[1, 1, 2]);
    settings.settings_mut().commit_without_silent_groups = true;
    assert_eq!(settings.validate(), Ok(()));
    (settings.settings_mut().pre_vote, settings.settings_mut().check_quorum) = (false, false);
    let refused = settings.validate();
    assert!(matches!(
        refused,
        Err(ConfigError::Bound {
            setting: "check_quorum",
            ..
        })
    ));
}
