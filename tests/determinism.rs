//! The same settings and the same calls give the same output, byte for byte, everywhere; and what
//! must not matter does not: how ticks are counted, whether a node was cloned, whether it logs.

#[path = "determinism/group.rs"]
mod group;
#[path = "determinism/host.rs"]
mod host;

use quorate::message::{Heartbeat, Payload};
use quorate::{ConfState, Config, MemoryStorage, Message, bootstrap};
use slog::{Discard, Logger, o};

use self::group::{Group, Node, groups, kinds};
use self::host::{Host, Input, Pace};

/// What the groups do, for ever and on every platform. Whoever changes what nodes say changes this.
const GOLDEN: [(&str, u64); 6] = [
    ("as it comes", 0x04dd_1d15_ca00_35b5),
    ("one voter", 0xb08c_98cd_a0a4_bbf3),
    ("lease reads", 0x1358_d2e8_8e99_7a85),
    ("asynchronous writes", 0x470f_9072_d3de_1888),
    ("plain Raft", 0x53ab_81b3_7b82_7764),
    ("slow and small", 0x6a2f_1a34_1f6f_4034),
];

#[test]
fn the_golden_trace() {
    let traces = groups().into_iter().map(|(name, group)| (name, group.trace().0));
    let traces: Vec<_> = traces.collect();
    assert_eq!(traces, GOLDEN, "if that is intended, pin these: {traces:#x?}");
}

#[test]
fn the_golden_groups_live_through_everything() {
    let mut said = std::collections::BTreeSet::new();
    let (mut reads, mut refused) = (0, 0);
    for (name, group) in groups() {
        assert!(group.leader().is_some(), "{name}: nobody leads in the end");
        for node in group.nodes.values() {
            let stepped = node.journal.iter().filter_map(|input| match input {
                Input::Step(message) => Some(message.payload.name()),
                _ => None,
            });
            said.extend(stepped);
            reads += node.host.reads.iter().filter(|read| read.outcome.is_ok()).count();
            refused += node.host.reads.iter().filter(|read| read.outcome.is_err()).count();
        }
    }
    assert_eq!(
        said.len(),
        14,
        "every kind of message travels, but for refused transfers: {said:?}"
    );
    assert!(reads > 50 && refused > 20, "{reads} reads answered, {refused} refused");
}

/// The node's life again, with ticks given in another way.
fn relive(node: &Node, pace: Pace, logger: Option<Logger>) -> Host {
    let mut host = Host::new(node.config.clone(), node.storage.clone(), pace, logger);
    let mut ticks = 0;
    for input in &node.journal {
        if let Input::Ticks(more) = input {
            ticks += more;
        } else {
            host.give(Input::Ticks(std::mem::take(&mut ticks)));
            host.give(input.clone());
        }
    }
    host.give(Input::Ticks(ticks));
    host
}

fn assert_same(name: &str, node: &Node, again: &Host) {
    let id = node.config.id;
    assert_eq!(node.host.trace, again.trace, "{name}: node {id} says something else");
    assert_eq!(
        node.host.events, again.events,
        "{name}: to node {id} something else happens"
    );
    assert!(node.host.raw == again.raw, "{name}: node {id} ends up different");
    assert_eq!(node.host.hash(), again.hash(), "{name}: node {id} hashes differently");
}

#[test]
fn ticks_may_be_given_in_any_portions() {
    for (name, group) in groups() {
        for node in group.nodes.values() {
            for pace in [
                Pace::OneByOne,
                Pace::AtOnce,
                Pace::Deadlines,
                Pace::Chunks(1),
                Pace::Chunks(2),
            ] {
                assert_same(name, node, &relive(node, pace, None));
            }
        }
    }
}

#[test]
fn logging_changes_nothing() {
    for (name, group) in groups() {
        for node in group.nodes.values() {
            let logger = Logger::root(Discard, o!());
            assert_same(name, node, &relive(node, Pace::OneByOne, Some(logger)));
        }
    }
}

/// A clone that is made anywhere in a life goes on in the same way, and does not touch the first.
#[test]
fn clones_have_equal_futures() {
    for (name, group) in groups() {
        for node in group.nodes.values() {
            let mut host = Host::new(node.config.clone(), node.storage.clone(), Pace::OneByOne, None);
            let mut clone = host.clone();
            for (position, input) in node.journal.iter().enumerate() {
                host.give(input.clone());
                clone.give(input.clone());
                if position % 97 == 0 {
                    assert!(host.raw == clone.raw && host.hash() == clone.hash());
                    clone = host.clone();
                }
            }
            assert_same(name, node, &host);
            assert_same(name, node, &clone);
        }
    }
}

/// Tasks that are done at once are as good as batches: every node applies the same entries.
#[test]
fn the_same_entries_are_applied_in_both_modes() {
    let settings: [fn(&mut Config); 3] = [
        |_| {},
        |config| {
            (
                config.settings_mut().max_message_bytes,
                config.settings_mut().max_committed_bytes_per_ready,
            ) = (0, 30);
        },
        |config| (config.settings_mut().pre_vote, config.settings_mut().eager_appends) = (false, true),
    ];
    for (number, adjust) in settings.into_iter().enumerate() {
        let [batches, tasks] = [false, true].map(|asynchronous| {
            let mut group = Group::new(3, move |config| {
                adjust(config);
                config.settings_mut().async_storage_writes = asynchronous;
            });
            group.live();
            group
        });
        for (id, node) in &batches.nodes {
            let (one, other) = (&node.host, &tasks.nodes[id].host);
            assert_eq!(one.applied, other.applied, "settings {number}, node {id}");
            let commits = [one, other].map(|host| host.raw.status().hard_state);
            assert_eq!(commits[0], commits[1], "settings {number}, node {id}");
        }
    }
}

// ----- as many ticks as there are

fn host(id: u64, voters: &[u64], learners: &[u64]) -> Host {
    let conf_state = ConfState::of_voters(voters.iter().copied()).with_learners(learners.to_vec());
    let snapshot = bootstrap(voters[0], &MemoryStorage::new(), &conf_state).expect("an unused store");
    Host::new(
        Config::new(id, 1),
        MemoryStorage::from_snapshot(snapshot),
        Pace::AtOnce,
        None,
    )
}

/// All ticks there are, at once: how many pass before something happens, and how often it does.
fn for_ever(host: &mut Host) -> (u64, usize) {
    let used = host.raw.advance_ticks(u64::MAX).expect("a sound node");
    host.drain();
    let twice = host.raw.advance_ticks(u64::MAX).expect("a sound node");
    assert!(twice >= 1);
    host.drain();
    (used, host.sent.len())
}

fn heartbeat(from: u64, to: u64) -> Input {
    let payload = Payload::Heartbeat(Heartbeat::new(1).with_context(bytes::Bytes::new()));
    Input::Step(Message::new(from, to, 2, payload))
}

#[test]
fn endless_ticks_are_harmless() {
    let mut learner = host(2, &[1], &[2]);
    assert_eq!(for_ever(&mut learner), (u64::MAX, 0));
    learner.give(heartbeat(1, 2));
    assert_eq!(learner.raw.status().soft_state.leader, Some(1), "it listens as before");
    learner.give(Input::Read("r".into()));
    learner.sent.clear();
    assert_eq!(for_ever(&mut learner), (10, 0), "the forwarded read comes back");
    assert_eq!(learner.reads.len(), 1);

    let mut empty = Host::new(Config::new(1, 1), MemoryStorage::new(), Pace::AtOnce, None);
    assert_eq!(for_ever(&mut empty), (u64::MAX, 0));

    let mut leader = host(1, &[1], &[]);
    leader.give(Input::Campaign);
    assert_eq!(for_ever(&mut leader), (u64::MAX, 0));
    leader.give(Input::Read("r".into()));
    assert_eq!(for_ever(&mut leader), (u64::MAX, 0));
    assert_eq!(leader.reads.len(), 1);

    let mut follower = host(1, &[1, 2, 3], &[]);
    let (used, sent) = for_ever(&mut follower);
    assert!((10..20).contains(&used), "a timeout: {used}");
    assert_eq!(sent, 4, "two pre-votes, each asked of two");
}

/// A read that waits for the leader's own disk keeps waiting.
#[test]
fn endless_ticks_with_a_read_that_waits() {
    let mut leader = host(1, &[1], &[]);
    leader.raw.campaign().expect("it may campaign");
    while leader.raw.status().soft_state.leader.is_none() {
        let ready = leader.raw.ready().expect("a sound node").expect("a vote to store");
        leader.raw.storage_mut().persist(&ready).expect("a storage that works");
        leader.raw.advance(ready.persisted()).expect("the Ready that is out");
    }
    leader.raw.read_index("r").expect("it leads");
    assert_eq!(leader.raw.advance_ticks(u64::MAX), Ok(u64::MAX));
    assert_eq!(leader.raw.status().pending_reads, 1);
    leader.drain();
    assert_eq!((leader.reads.len(), leader.raw.status().pending_reads), (1, 0));
}

/// The groups that the other tests compare do differ from each other.
#[test]
fn another_seed_is_another_life() {
    let (_, founders, adjust) = kinds()[0];
    let trace = |adjust: fn(&mut Config)| {
        let mut group = Group::new(founders, adjust);
        group.rounds(50);
        group.trace()
    };
    assert_eq!(trace(adjust), trace(adjust));
    assert_ne!(trace(adjust), trace(|config| config.seed += 1));
}
