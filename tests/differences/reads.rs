//! D1, D2, D10, D12, D29: what a promise is, and what a read rests on.

use quorate::error::{CampaignError, CampaignRefusal};
use quorate::ready::ReadRefusal;
use quorate::status::RoleKind;
use quorate::{Config, RawNode, ReadMode};

use crate::support::{Cluster, config, plain, store};
use crate::{append, is_heartbeat, led_with, single, vote_request};

/// Sound leases: measured from what voters promised, and given up in time.
#[test]
fn d01_a_lease_is_what_a_quorum_promised() {
    for (promises, answered) in [(true, true), (false, false)] {
        let mut cluster = led_with(3, |config| {
            config.settings_mut().read_mode = ReadMode::Lease;
            config.settings_mut().lease_promises = promises;
        });
        cluster.tick_all(1);
        cluster.isolate(1);
        cluster.node(1).read_index("at once").unwrap();
        cluster.drain(1);
        assert_eq!(
            !cluster.nodes[&1].reads.is_empty(),
            answered,
            "without promises it goes by a round"
        );
        cluster.tick(1, 8);
        assert_eq!(cluster.raw(1).status().lease_ticks, 0);
        assert_eq!(
            cluster.role(1),
            RoleKind::Leader,
            "it ends before the quorum check notices"
        );
    }
}

/// The voter's half: what was promised holds when the leader is forgotten and after a restart, and can
/// be switched off.
#[test]
fn d01_a_voter_keeps_its_promise() {
    let hears_then_is_asked = |config: Config, restarts: bool, forced: bool| {
        let mut cluster = single(config.clone(), store(&[1, 2, 3]));
        cluster.step(append(2, 1, 1, (1, 1)));
        cluster.drain(1);
        let promised = cluster.raw(1).status().promised_ticks;
        assert_eq!(promised, if config.settings().lease_promises { 10 } else { 0 });
        cluster.node(1).forget_leader().unwrap();
        if restarts {
            cluster.restart_with(config);
        }
        cluster.step(vote_request(3, 1, 2, forced));
        cluster.drain(1);
        cluster.term(1) == 2
    };
    let (ours, etcd) = (Config::new(1, 7), Config::like_etcd(1, 7));
    assert!(!hears_then_is_asked(ours.clone(), false, false));
    assert!(
        hears_then_is_asked(ours.clone(), false, true),
        "the leader itself ordered it"
    );
    assert!(!hears_then_is_asked(ours.clone(), true, false));
    assert!(
        !hears_then_is_asked(ours, true, true),
        "nobody knows what was promised before"
    );
    for (restarts, forced) in [(false, false), (false, true), (true, false), (true, true)] {
        assert!(hears_then_is_asked(etcd.clone(), restarts, forced));
    }
}

/// A single voter's reads wait for a commit in its term, like everybody's.
#[test]
fn d02_a_single_voter_reads_after_it_has_committed_in_its_term() {
    let mut cluster = single(config(1), store(&[1]));
    cluster.node(1).campaign().unwrap();
    while cluster.role(1) != RoleKind::Leader {
        cluster.ready(1);
    }
    cluster.node(1).read_index("read").unwrap();
    assert_eq!(cluster.raw(1).status().pending_reads, 1);
    cluster.drain(1);
    assert_eq!(
        cluster.nodes[&1].reads[0].outcome,
        Ok(2),
        "the entry that opened the term"
    );
}

/// Reads share rounds of heartbeats, and every read comes back.
#[test]
fn d10_reads_between_two_readies_share_a_round() {
    for (eager, heartbeats) in [(false, 2), (true, 20)] {
        let mut cluster = led_with(3, |config| config.settings_mut().eager_appends = eager);
        for _ in 0..10 {
            cluster.node(1).read_index("read").unwrap();
        }
        cluster.drain(1);
        assert_eq!(
            cluster.pool.iter().filter(|message| is_heartbeat(message)).count(),
            heartbeats
        );
        cluster.settle();
        assert_eq!(cluster.nodes[&1].reads.len(), 10);
    }
    let mut cluster = Cluster::led(3);
    cluster.isolate(2);
    cluster.node(2).set_election_timeout_draw(19);
    for id in [1, 2] {
        cluster.node(id).read_index("read").unwrap();
    }
    cluster.cut(1, 3);
    cluster.tick(1, 30);
    cluster.tick(2, 9);
    assert_eq!(cluster.nodes[&2].reads, []);
    cluster.tick(2, 1);
    let refused = |id: u64| {
        cluster.nodes[&id]
            .reads
            .iter()
            .map(|read| read.outcome)
            .collect::<Vec<_>>()
    };
    assert_eq!(refused(1), [Err(ReadRefusal::LeaderChanged)]);
    assert_eq!(refused(2), [Err(ReadRefusal::Timeout)]);
}

/// A request for a vote promises that there is no other for this term, so that it waits for the disk.
#[test]
fn d12_vote_requests_wait_for_the_disk() {
    for (pre_vote, at_once, later) in [(false, 0, 2), (true, 2, 0)] {
        let mut settings = plain(1);
        (settings.settings_mut().pre_vote, settings.settings_mut().check_quorum) = (pre_vote, pre_vote);
        let mut cluster = single(settings, store(&[1, 2, 3]));
        let node = cluster.node(1);
        node.campaign().unwrap();
        let mut ready = node.ready().unwrap().unwrap();
        assert_eq!(ready.take_messages().len(), at_once);
        assert_eq!(ready.must_sync(), !pre_vote);
        node.storage_mut().persist(&ready).unwrap();
        assert_eq!(ready.persisted().take_messages().len(), later);
    }
}

/// A promise is stored before it is said, and no setting of the next start cuts it.
#[test]
fn d29_a_promise_outlives_a_restart_under_other_settings() {
    let mut cluster = led_with(3, |config| config.settings_mut().election_timeout_ticks = 20);
    cluster.tick_all(1);
    let mut config = cluster.raw(2).config().clone();
    (config.seed, config.settings_mut().election_timeout_ticks) = (99, 5);
    (
        config.settings_mut().lease_promises,
        config.settings_mut().restart_silence_ticks,
    ) = (false, Some(0));
    let mut storage = cluster.raw(2).storage().clone();
    storage.crash();
    let mut node = RawNode::new(config, storage).unwrap();
    let refused = CampaignError::Refused(CampaignRefusal::Silent(20));
    assert_eq!(node.campaign(), Err(refused));
}

/// A forwarded read has the time of the election timeout that it was asked under, and waits for no earlier one with more.
#[test]
fn d12_a_forwarded_read_has_its_own_time() {
    let mut cluster = single(Config::new(1, 7), store(&[1, 2, 3]));
    cluster.step(append(2, 1, 1, (1, 1)));
    cluster.node(1).read_index("first").unwrap();
    let mut shorter = cluster.raw(1).config().clone();
    shorter.settings_mut().election_timeout_ticks = 6;
    cluster.node(1).set_config(shorter).unwrap();
    cluster.node(1).read_index("second").unwrap();
    cluster.drain(1);
    cluster.tick(1, 6);
    let back: Vec<_> = cluster.nodes[&1].reads.iter().map(|read| &*read.context).collect();
    assert_eq!(back, [b"second"]);
    assert_eq!(cluster.nodes[&1].reads[0].outcome, Err(ReadRefusal::Timeout));
}

/// The silence after a restart, and what a leader counts on, are there to be looked at.
#[test]
fn d01_promises_and_silence_can_be_looked_at() {
    let mut cluster = led_with(3, |config| config.settings_mut().read_mode = ReadMode::Lease);
    cluster.tick_all(1);
    let counted: Vec<u64> = cluster.raw(1).progress().map(|peer| peer.promised_ticks).collect();
    assert_eq!(counted, [0, 10, 10]);
    let kept = cluster.raw(2).status();
    assert_eq!((kept.promised_ticks, kept.silent_ticks), (10, 0));
    cluster.restart(2);
    let kept = cluster.raw(2).status();
    assert_eq!((kept.promised_ticks, kept.silent_ticks), (0, 10));
    cluster.tick(2, 3);
    assert_eq!(cluster.raw(2).status().silent_ticks, 7);
}
