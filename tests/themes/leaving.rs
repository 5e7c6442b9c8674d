//! A leader leaves its group: by itself, which costs an election, or having handed over, which costs nothing. The recipe
//! of `docs/membership.md`.

use quorate::error::{ChangeRefusal, ProposeError, StepError, TransferError, TransferRefusal};
use quorate::event::StepDownReason;
use quorate::membership::{ChangeError, ConfChangeKind, ConfChangeV2, Transition};
use quorate::message::Payload;
use quorate::status::RoleKind;
use quorate::{Event, NodeId, Proposed};

use crate::support::{Cluster, config, message, store};

/// An election timeout in ticks.
const TIMEOUT: u64 = 10;

/// The id of a group that has one.
const GROUP: u64 = 7;

fn removal(id: NodeId) -> ConfChangeV2 {
    ConfChangeV2::new([(ConfChangeKind::RemoveNode, id)])
}

/// Who takes proposals and is a member, if anybody does.
fn leader(cluster: &Cluster) -> Option<NodeId> {
    let leads = |id: &NodeId| {
        let node = cluster.raw(*id);
        cluster.role(*id) == RoleKind::Leader && node.membership().contains(*id)
    };
    cluster.nodes.keys().copied().find(leads)
}

/// Ticks until somebody leads, within three election timeouts.
fn leaderless(cluster: &mut Cluster) -> u64 {
    let mut ticks = 0;
    while leader(cluster).is_none() {
        assert!(ticks < 3 * TIMEOUT, "nobody is elected");
        cluster.tick_all(1);
        ticks += 1;
    }
    ticks
}

fn was_removed(cluster: &Cluster) -> bool {
    let events = &cluster.nodes[&1].events;
    events.iter().any(|event| matches!(event, Event::Removed { .. }))
}

/// By itself: an election timeout without a leader at the least.
#[test]
fn by_itself() {
    for n in 2..=5 {
        let mut cluster = Cluster::led(n);
        let _ = cluster.node(1).propose_conf_change(removal(1)).expect("it may");
        cluster.settle();
        assert!(was_removed(&cluster));
        let ticks = leaderless(&mut cluster);
        assert!(
            (TIMEOUT..=2 * TIMEOUT).contains(&ticks),
            "{ticks} ticks in a group of {n}"
        );
    }
}

/// It leads on as a learner, or as no member at all, and is added again: it has what it stored.
#[test]
fn a_leader_that_is_added_again_counts_its_own_log() {
    let learns = ConfChangeV2::new([(ConfChangeKind::AddLearnerNode, 1)]);
    let at_once = ConfChangeV2::new([(ConfChangeKind::RemoveNode, 1), (ConfChangeKind::AddNode, 1)]);
    let added = ConfChangeV2::new([(ConfChangeKind::AddNode, 1)]);
    let ways = [
        [learns, at_once.with_transition(Transition::JointExplicit)],
        [removal(1), added],
    ];
    for changes in ways {
        let mut cluster = Cluster::new(2, |id| {
            let mut config = config(id);
            config.settings_mut().step_down_on_removal = false;
            config.settings_mut().disable_conf_change_validation = true; // else it takes no change as no member
            config
        });
        cluster.elect(1);
        for change in changes {
            let _ = cluster.node(1).propose_conf_change(change).expect("it may");
        }
        cluster.settle();
        let node = cluster.raw(1);
        assert!(node.membership().is_voter(1));
        let own = node.progress().find(|peer| peer.id == 1).expect("a member");
        assert_eq!(own.matched, node.status().last_index);
    }
}

/// Three nodes of a named group; the first leads on though it was removed, by its settings.
fn led_on() -> Cluster {
    let mut cluster = Cluster::default();
    for id in 1..=3 {
        let mut config = config(id);
        config.cluster_id = GROUP;
        config.settings_mut().accept_without_cluster_id = true;
        config.settings_mut().step_down_on_removal = false;
        let named = store(&[1, 2, 3]).with_cluster_id(GROUP);
        cluster.add(config, named).expect("a legal store");
    }
    cluster.elect(1);
    let _ = cluster.node(1).propose_conf_change(removal(1)).expect("it may");
    cluster.settle();
    assert_eq!(cluster.role(1), RoleKind::Leader);
    assert!(!cluster.raw(2).membership().contains(1));
    cluster
}

/// Who follows such a leader takes its responses to reads, and of nobody else who is no member any.
#[test]
fn who_leads_on_answers_reads() {
    let mut cluster = led_on();
    cluster.node(2).read_index("r").expect("it takes reads");
    cluster.settle();
    let reads: Vec<_> = cluster.nodes[&2].reads.iter().map(|read| read.outcome).collect();
    assert_eq!(reads, [Ok(cluster.committed(2))]);
    let term = cluster.term(2);
    let refused = [
        (1, term + 1, GROUP), // of another term it is not the leader's that is followed
        (9, term, GROUP),     // nor does 9 lead
        (1, term, 0),         // it may be a leader of etcd-io/raft, which takes 2 for its quorum
    ];
    for (from, term, group) in refused {
        let response = message(from, 2, term, Payload::read_index_response(9, "r")).with_cluster_id(group);
        let outcome = cluster.node(2).step(response);
        assert_eq!(outcome, Err(StepError::UnknownPeer { from }), "in {term}, of {group}");
    }
}

/// Who asks such a leader to hand over hears that it does not.
#[test]
fn who_leads_on_says_that_it_keeps_leadership() {
    let mut cluster = led_on();
    let refusal = Payload::transfer_refused(9, TransferRefusal::Unknown);
    let message = message(1, 2, cluster.term(2), refusal).with_cluster_id(GROUP);
    assert_eq!(cluster.node(2).step(message), Ok(()));
    cluster.settle();
    let heard = |event: &Event| matches!(event, Event::TransferRefused { to: 9, .. });
    assert!(cluster.nodes[&2].events.iter().any(heard));
}

/// Having handed over: there is a leader all the time, and the node may be stopped at once.
#[test]
fn having_handed_over() {
    for n in 2..=5 {
        for lost in [false, true] {
            let mut cluster = Cluster::led(n);
            cluster.commit(1, "a");
            let successor = cluster
                .node(1)
                .transfer_leader_to_most_up_to_date()
                .expect("there are others");
            cluster.settle();
            assert_eq!(leader(&cluster), Some(successor));
            let handed_over = |event: &Event| {
                matches!(
                    event,
                    Event::SteppedDown {
                        reason: StepDownReason::HigherTerm,
                        ..
                    }
                )
            };
            assert!(cluster.nodes[&1].events.iter().any(handed_over));
            let forwarded = Proposed::Forwarded { leader: successor };
            assert_eq!(cluster.node(1).propose_conf_change(removal(1)), Ok(forwarded));
            if lost {
                cluster.drain(1);
                cluster.pool.clear();
                cluster.tick_all(1);
                assert!(!was_removed(&cluster));
                assert_eq!(cluster.node(1).propose_conf_change(removal(1)), Ok(forwarded), "again");
            }
            cluster.settle();
            assert!(was_removed(&cluster), "it hears of it");
            cluster.nodes.remove(&1);
            assert_eq!(leaderless(&mut cluster), 0);
            let term = cluster.term(successor);
            cluster.commit(successor, "b");
            cluster.tick_all(3 * TIMEOUT);
            assert_eq!((leader(&cluster), cluster.term(successor)), (Some(successor), term));
            for id in 2..=n {
                assert_eq!(cluster.data(id), ["a", "b"]);
                assert!(!cluster.raw(id).membership().contains(1));
            }
            assert_eq!(cluster.errors, [], "nobody was told anything wrong");
        }
    }
}

/// The last one cannot leave, nor is there anybody to hand over to.
#[test]
fn the_last_one_stays() {
    let mut cluster = Cluster::led(1);
    assert_eq!(
        cluster.node(1).transfer_leader_to_most_up_to_date(),
        Err(TransferError::Nobody)
    );
    let refused = ProposeError::Change(ChangeRefusal::Invalid(ChangeError::RemovedAllVoters));
    assert_eq!(cluster.node(1).propose_conf_change(removal(1)), Err(refused));
}
