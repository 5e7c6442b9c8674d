//! Preferred leaders: who stands first when a leader is lost, what that may not cost, and who hands over.

use quorate::event::TransferAbort;
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::message::{HeartbeatResponse, Payload};
use quorate::status::RoleKind;
use quorate::{Config, Event, NodeId};

use crate::support::{Cluster, config, plain, store};
use crate::{alone, asked, hear, heartbeat, heartbeat_answer, leading, request, store_with};

/// An election timeout in ticks.
const TIMEOUT: u64 = 10;

/// A node draws from ranges of one election timeout each.
fn longest(rank: u8) -> u64 {
    TIMEOUT * (u64::from(rank) + 2)
}

fn ranked(id: NodeId, ranks: &[u8], seed: u64, base: fn(NodeId) -> Config) -> Config {
    let mut config = base(id);
    config.seed = 1000 * seed + id;
    config.settings_mut().election_rank = ranks[usize::try_from(id).expect("few") - 1];
    config
}

/// Ticks until somebody leads; at most so many.
fn ticks_until_led(cluster: &mut Cluster, alive: &[NodeId], most: u64) -> Option<NodeId> {
    for _ in 0..most {
        for id in alive {
            cluster.node(*id).tick().expect("a sound node");
        }
        cluster.settle();
        let leads = |id: &&NodeId| cluster.role(**id) == RoleKind::Leader;
        if let Some(leader) = alive.iter().find(leads) {
            return Some(*leader);
        }
    }
    None
}

/// Ranks of nodes 1 to n, of whom node 1 leads and dies; who else is dead; who may lead then.
#[test]
fn who_stands_first() {
    type Case = (&'static str, &'static [u8], &'static [NodeId], &'static [NodeId]);
    let cases: [Case; 8] = [
        ("the lowest rank", &[0, 2, 1], &[], &[3]),
        ("whoever led", &[9, 1, 0], &[], &[3]),
        ("the preferred one is dead", &[0, 0, 1, 2, 3], &[2], &[3]),
        ("two equals", &[0, 1, 1], &[], &[2, 3]),
        ("two equals, one dead", &[2, 0, 0, 1, 1], &[2], &[3]),
        ("all equals", &[7, 7, 7], &[], &[2, 3]),
        ("one has a rank, the others none", &[0, 1, 0], &[], &[3]),
        ("nobody is left but those that come last", &[0, 0, 1, 3, 3], &[2], &[3]),
    ];
    for base in [config, plain] {
        for (name, ranks, dead, expected) in cases {
            for seed in 0..20 {
                let nodes = u64::try_from(ranks.len()).expect("few");
                let mut cluster = Cluster::new(nodes, |id| ranked(id, ranks, seed, base));
                cluster.elect(1);
                let alive: Vec<NodeId> = (2..=nodes).filter(|id| !dead.contains(id)).collect();
                (1..=nodes)
                    .filter(|id| !alive.contains(id))
                    .for_each(|id| cluster.isolate(id));
                let best = alive
                    .iter()
                    .map(|id| ranks[usize::try_from(*id).expect("few") - 1])
                    .min();
                // Two of one rank may tie, and try again.
                let most = longest(best.expect("somebody")) + 3 * longest(0);
                let leader = ticks_until_led(&mut cluster, &alive, most);
                assert!(
                    leader.is_some_and(|leader| expected.contains(&leader)),
                    "{name}, seed {seed}: {leader:?}"
                );
            }
        }
    }
}

/// One that is preferred and cannot win, for its log is behind, asks in vain, and keeps nobody out.
#[test]
fn one_that_is_behind_keeps_nobody_out() {
    for base in [config, plain] {
        for seed in 0..50 {
            let ranks = [3, 0, 1, 2, 2];
            let mut cluster = Cluster::new(5, |id| ranked(id, &ranks, seed, base));
            cluster.elect(1);
            cluster.isolate(2);
            cluster.commit(1, "x");
            cluster.heal();
            cluster.isolate(1);
            let leader = ticks_until_led(&mut cluster, &[2, 3, 4, 5], 4 * longest(2));
            assert!(leader.is_some_and(|leader| leader != 2), "seed {seed}: {leader:?}");
            cluster.commit(leader.expect("one"), "y");
            assert_eq!(cluster.data(2), ["x", "y"]);
            cluster.assert_consistent();
        }
    }
}

/// Node 2, who comes first, reaches only node 1, asks it for votes without end, and gets them. Node 1 comes last, and is
/// the only one that can win: the others are behind it, and node 5 is dead.
#[test]
fn votes_that_are_given_do_not_make_a_node_wait_for_its_rank_again() {
    let voted = quorate::HardState::new(1, None, 1);
    for seed in 0..50 {
        let mut cluster = Cluster::default();
        for (id, terms) in [(1, &[1][..]), (2, &[1]), (3, &[]), (4, &[])] {
            let settings = ranked(id, &[3, 0, 0, 0], seed, plain);
            cluster
                .add(settings, store_with(5, terms, voted))
                .expect("a legal store");
        }
        (3..=4).for_each(|id| cluster.cut(2, id));
        let leader = ticks_until_led(&mut cluster, &[1, 2, 3, 4], 60 * longest(0));
        assert_eq!(leader, Some(1), "seed {seed}");
    }
}

/// A node of rank 2 waits for it once for each leader: what happens, and from when to when it is due then.
#[test]
fn a_rank_counts_once_for_each_leader() {
    let (long, short) = (3 * TIMEOUT..4 * TIMEOUT, 1..2 * TIMEOUT);
    for base in [config, plain] {
        for seed in 0..50 {
            let mut cluster = alone(ranked(1, &[2], seed, base), store(&[1, 2, 3]));
            let due = |cluster: &Cluster| cluster.raw(1).next_deadline().expect("a voter acts by itself");
            assert!(long.contains(&due(&cluster)), "at the start");
            hear(&mut cluster, 2, 1, heartbeat(0));
            assert!(long.contains(&due(&cluster)), "it hears a leader");
            cluster.tick(1, TIMEOUT);
            asked(&mut cluster, 3, 2, request(true, (1, 9), false));
            let left = due(&cluster);
            assert!((2 * TIMEOUT..3 * TIMEOUT).contains(&left), "a pre-vote changes nothing");
            asked(&mut cluster, 3, 2, request(false, (1, 9), false));
            assert!(short.contains(&due(&cluster)), "it votes for another");
            hear(&mut cluster, 3, 2, heartbeat(0));
            assert!(long.contains(&due(&cluster)), "another leader");
            cluster.tick(1, longest(2));
            assert_ne!(cluster.role(1), RoleKind::Follower);
            assert!(short.contains(&due(&cluster)), "it stands itself");
            for refusal in [2, 3] {
                let pre_vote = cluster.role(1) == RoleKind::PreCandidate;
                let response = quorate::message::VoteResponse::new(false).with_pre_vote(pre_vote);
                let term = cluster.term(1);
                hear(&mut cluster, refusal, term, Payload::VoteResponse(response));
            }
            assert_eq!(cluster.role(1), RoleKind::Follower);
            assert!(short.contains(&due(&cluster)), "and is refused");
            let mut cluster = leading(3, ranked(1, &[2], seed, base));
            hear(&mut cluster, 2, 2, heartbeat_answer());
            assert_eq!(cluster.role(1), RoleKind::Follower);
            assert!(long.contains(&due(&cluster)), "who led waits for others");
        }
    }
}

// ----- handing over

/// So long has a preferred voter to keep up.
const AFTER: u64 = 3 * TIMEOUT;

fn hands_over(id: NodeId, ranks: &[u8]) -> Config {
    let mut config = ranked(id, ranks, 0, config);
    config.settings_mut().transfer_to_preferred_ticks = Some(AFTER);
    config
}

fn transfers(cluster: &mut Cluster, id: NodeId) -> Vec<Event> {
    cluster.drain(id);
    let events = std::mem::take(&mut cluster.nodes.get_mut(&id).expect("a node").events);
    let ours = |event: &Event| matches!(event, Event::TransferStarted { .. } | Event::TransferAborted { .. });
    events.into_iter().filter(ours).collect()
}

/// Node 1 leads: ranks, and who takes over when all is well, if anybody does.
#[test]
fn who_takes_over() {
    let cases: [(&str, &[u8], Option<NodeId>); 6] = [
        ("the lowest rank", &[2, 1, 0], Some(3)),
        ("the lowest id among equals", &[2, 1, 1], Some(2)),
        ("nobody is better", &[1, 1, 2], None),
        ("nor are equals", &[3, 3, 3], None),
        ("the first does not hand over", &[0, 1, 2], None),
        ("who says nothing has rank 0", &[1, 0, 1], Some(2)),
    ];
    for (name, ranks, expected) in cases {
        let mut cluster = Cluster::new(3, |id| hands_over(id, ranks));
        cluster.elect(1);
        cluster.commit(1, "x");
        cluster.tick_all(AFTER - 1);
        assert_eq!(transfers(&mut cluster, 1), [], "{name}: not yet");
        cluster.tick_all(2);
        assert_eq!(cluster.leader(), Some(expected.unwrap_or(1)), "{name}");
        // And so it stays.
        let term = cluster.term(1);
        cluster.tick_all(20 * AFTER);
        assert_eq!(
            (cluster.leader(), cluster.term(1)),
            (Some(expected.unwrap_or(1)), term),
            "{name}"
        );
        cluster.commit(expected.unwrap_or(1), "y");
        cluster.assert_consistent();
    }
}

/// Off is off, be it for want of the setting or of a rank to hand over to.
#[test]
fn nobody_hands_over_unasked() {
    let mut cluster = Cluster::new(3, |id| ranked(id, &[2, 1, 0], 0, config));
    cluster.elect(1);
    cluster.tick_all(20 * AFTER);
    assert_eq!((cluster.leader(), transfers(&mut cluster, 1)), (Some(1), vec![]));
}

/// A preferred voter that was away, or is behind, is not chosen until it has kept up for as long as it must.
#[test]
fn who_does_not_keep_up_is_not_chosen() {
    for (name, replicates, answers) in [("silent", false, false), ("behind", false, true)] {
        let mut cluster = Cluster::new(3, |id| hands_over(id, &[1, 0, 1]));
        cluster.elect(1);
        let lose = |cluster: &mut Cluster| {
            cluster.take(|message| match &message.payload {
                Payload::Append(_) => message.to == 2 && !replicates,
                _ => !answers && (message.to == 2 || message.from == 2),
            });
        };
        cluster.tick_all(1); // its rank is known
        for _ in 0..10 * AFTER {
            if answers {
                let _ = cluster.node(1).propose("x").expect("it leads");
            }
            for id in 1..=3 {
                if answers || id != 2 {
                    cluster.node(id).tick().expect("a sound node");
                }
            }
            for _ in 0..8 {
                (1..=3).for_each(|id| cluster.drain(id));
                lose(&mut cluster);
                cluster.deliver();
            }
        }
        assert_eq!(
            (cluster.leader(), transfers(&mut cluster, 1)),
            (Some(1), vec![]),
            "{name}"
        );
        cluster.settle();
        cluster.tick_all(AFTER - TIMEOUT);
        assert_eq!(transfers(&mut cluster, 1), [], "{name}: not at once");
        cluster.tick_all(3 * TIMEOUT);
        assert_eq!(cluster.leader(), Some(2), "{name}: some time");
    }
}

/// A voter that cannot take over is tried again after as long as it had to keep up at first; meanwhile proposals are
/// taken, but for one election timeout.
#[test]
fn a_handover_that_fails_is_rare() {
    let mut cluster = Cluster::new(3, |id| hands_over(id, &[1, 0, 1]));
    cluster.elect(1);
    let (to, reason) = (2, TransferAbort::Timeout);
    let mut refused = 0;
    let rounds = 10;
    for _ in 0..rounds * AFTER {
        for id in 1..=3 {
            cluster.node(id).tick().expect("a sound node");
        }
        for _ in 0..8 {
            (1..=3).for_each(|id| cluster.drain(id));
            cluster.take(|message| message.payload == Payload::TimeoutNow);
            cluster.deliver();
        }
        refused += u64::from(cluster.node(1).propose("x").is_err());
    }
    let told = transfers(&mut cluster, 1);
    assert_eq!(cluster.leader(), Some(1));
    assert!(
        told.len() >= 8 && refused <= rounds * TIMEOUT,
        "{refused} refused, {told:?}"
    );
    let pairs = told.chunks(2).all(|pair| {
        pair[0] == Event::TransferStarted { to }
            && pair
                .get(1)
                .is_none_or(|end| *end == Event::TransferAborted { to, reason })
    });
    assert!(pairs, "{told:?}");
}

/// While the configuration changes nobody hands over, nor ever to a learner.
#[test]
fn not_while_the_configuration_changes() {
    let mut cluster = Cluster::new(3, |id| hands_over(id, &[1, 0, 1]));
    cluster.elect(1);
    let demote = ConfChangeV2::new([(ConfChangeKind::AddLearnerNode, 2)])
        .with_transition(quorate::membership::Transition::JointExplicit);
    let _ = cluster.node(1).propose_conf_change(demote).expect("it leads");
    cluster.settle();
    assert!(cluster.raw(1).membership().is_joint());
    cluster.tick_all(10 * AFTER);
    assert_eq!(
        (cluster.leader(), transfers(&mut cluster, 1)),
        (Some(1), vec![]),
        "joint"
    );
    let _ = cluster
        .node(1)
        .propose_conf_change(ConfChangeV2::leave_joint())
        .expect("it leads");
    cluster.settle();
    assert!(cluster.raw(1).membership().is_learner(2));
    cluster.tick_all(10 * AFTER);
    assert_eq!(
        (cluster.leader(), transfers(&mut cluster, 1)),
        (Some(1), vec![]),
        "a learner"
    );
}

/// The rank may change while a node runs, and counts from its next heartbeat response on; that of the leader too.
#[test]
fn ranks_change() {
    let mut cluster = Cluster::new(3, |id| hands_over(id, &[1, 1, 1]));
    cluster.elect(1);
    cluster.tick_all(AFTER);
    let set = |cluster: &mut Cluster, id, rank| {
        let mut next = cluster.raw(id).config().clone();
        next.settings_mut().election_rank = rank;
        cluster.node(id).set_config(next).expect("it may change");
    };
    set(&mut cluster, 3, 0);
    cluster.tick_all(AFTER + TIMEOUT);
    assert_eq!(cluster.leader(), Some(3));
    set(&mut cluster, 2, 0);
    set(&mut cluster, 3, 2);
    cluster.tick_all(AFTER + TIMEOUT);
    assert_eq!(cluster.leader(), Some(2));
}

/// What a peer says of its rank is a number from outside.
#[test]
fn a_rank_on_the_wire() {
    for rank in [0, 1, u8::MAX] {
        let payload = Payload::HeartbeatResponse(HeartbeatResponse::new("").with_rank(rank));
        let sent = quorate::Message::new(2, 1, 1, payload);
        let mut wire = quorate::proto::Message::from(&sent);
        assert_eq!(wire.rank, u32::from(rank));
        assert_eq!(quorate::Message::try_from(wire.clone()).as_ref(), Ok(&sent));
        wire.rank = 1 << 20;
        let known = quorate::Message::try_from(wire).expect("a message").payload;
        let expected = HeartbeatResponse::new("").with_rank(u8::MAX);
        assert_eq!(known, Payload::HeartbeatResponse(expected));
    }
}
