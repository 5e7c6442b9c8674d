//! Promises outlive restarts, whatever the settings are then: the hard state says how long a promise may be
//! outstanding, and nothing longer is said.

use quorate::error::{CampaignError, CampaignRefusal};
use quorate::ready::{AckKind, TaskResponse};
use quorate::status::RoleKind;
use quorate::storage::InitialState;
use quorate::{Config, HardState, MemoryStorage, RawNode, Storage, StorageError};

use crate::support::{Cluster, config, message, plain, store};
use crate::{alone, asked, hear, heartbeat, leases, store_with};

/// Plain settings, but for promises over this election timeout.
fn promising(ticks: u64) -> Config {
    let mut config = plain(1);
    (
        config.settings_mut().lease_promises,
        config.settings_mut().election_timeout_ticks,
    ) = (true, ticks);
    config
}

fn stored(promised: u64) -> MemoryStorage {
    store_with(3, &[2], HardState::new(2, None, 1).with_promised_ticks(promised))
}

fn kept(cluster: &Cluster) -> u64 {
    cluster.raw(1).storage().hard_state().promised_ticks
}

fn silence(node: &mut RawNode<MemoryStorage>) -> u64 {
    match node.campaign() {
        Err(CampaignError::Refused(CampaignRefusal::Silent(ticks))) => ticks,
        _ => 0,
    }
}

/// What is stored, the settings of the next start, and the ticks of silence.
#[test]
fn the_longer_of_what_is_stored_and_the_settings() {
    for (promised, timeout, promises, setting, expected) in [
        (20, 5, true, None, 20),
        (20, 5, false, None, 20),
        (20, 20, true, Some(0), 20),
        (20, 5, false, Some(0), 20),
        (20, 50, true, None, 50),
        (20, 5, true, Some(30), 30),
        (0, 5, true, None, 5),
        (0, 5, true, Some(0), 0),
    ] {
        let mut config = promising(timeout);
        (
            config.settings_mut().lease_promises,
            config.settings_mut().restart_silence_ticks,
        ) = (promises, setting);
        let mut node = RawNode::new(config, stored(promised)).expect("legal");
        assert_eq!(
            silence(&mut node),
            expected,
            "{promised} {timeout} {promises} {setting:?}"
        );
    }
}

/// A leader reads by a lease while two voters restart under other settings: nobody else leads before it ends.
#[test]
fn no_restart_ends_a_lease() {
    type Change = fn(&mut Config);
    let restarts: [(&str, Change); 3] = [
        ("a shorter election timeout", |config| {
            config.settings_mut().election_timeout_ticks = 5;
        }),
        ("promises off", |config| config.settings_mut().lease_promises = false),
        ("no silence", |config| {
            config.settings_mut().restart_silence_ticks = Some(0);
        }),
    ];
    for (name, change) in restarts {
        let mut cluster = Cluster::new(3, |id| {
            let mut config = leases::leased(id);
            config.settings_mut().election_timeout_ticks = 20;
            config
        });
        cluster.elect(1);
        for _ in 0..3 {
            cluster.tick_all(1);
        }
        let lease = cluster.raw(1).status().lease_ticks;
        assert!(lease > 0, "{name}");
        for id in [2, 3] {
            let mut config = cluster.raw(id).config().clone();
            config.seed += 100;
            change(&mut config);
            let storage = cluster.raw(id).storage().clone();
            let mut node = RawNode::new(config, storage).expect("legal");
            assert!(silence(&mut node) >= lease, "{name}");
        }
    }
}

/// Said is what is durable: the first promise waits for the disk, a longer one is said in part.
#[test]
fn what_is_said_is_durable() {
    let mut cluster = alone(promising(10), stored(0));
    assert_eq!(
        asked(&mut cluster, 2, 2, heartbeat(1)),
        ["1->2 HeartbeatResponse term=2"]
    );
    assert_eq!(kept(&cluster), 10);
    assert_eq!(
        asked(&mut cluster, 2, 2, heartbeat(1)),
        ["1->2 HeartbeatResponse term=2 promised=10"]
    );
    let mut longer = cluster.raw(1).config().clone();
    longer.settings_mut().election_timeout_ticks = 30;
    cluster.node(1).set_config(longer).expect("it may change");
    assert_eq!(
        asked(&mut cluster, 2, 2, heartbeat(1)),
        ["1->2 HeartbeatResponse term=2 promised=10"]
    );
    assert_eq!(kept(&cluster), 30);
    assert_eq!(
        asked(&mut cluster, 2, 2, heartbeat(1)),
        ["1->2 HeartbeatResponse term=2 promised=30"]
    );
}

/// Which hard states have to be synced: a longer promise, also beside a commit index.
#[test]
fn what_is_synced() {
    for (stored_ticks, commit, timeout, expected) in [
        (10, 1, 10, None),
        (10, 2, 10, Some((10, false))),
        (10, 1, 30, Some((30, true))),
        (10, 2, 30, Some((30, true))),
        (30, 1, 10, None),
        (30, 2, 30, Some((30, false))),
    ] {
        let hard_state = HardState::new(2, None, 1).with_promised_ticks(stored_ticks);
        let mut node = RawNode::new(promising(timeout), store_with(3, &[2], hard_state)).expect("legal");
        node.step(message(2, 1, 2, heartbeat(commit))).expect("legal");
        let ready = node.ready().expect("sound").expect("an answer");
        let written = ready
            .hard_state()
            .map(|state| (state.promised_ticks, ready.must_sync()));
        assert_eq!(written, expected, "{stored_ticks} {commit} {timeout}");
    }
}

/// A promise that is over leaves the hard state without a sync, and not before: neither while it is outstanding
/// nor while silence stands in for it.
#[test]
fn a_fall_waits_for_what_is_outstanding() {
    for ticks in [0, 19, 20] {
        let mut node = RawNode::new(promising(10), stored(30)).expect("legal");
        node.set_election_timeout_draw(1000);
        node.advance_ticks(ticks).expect("sound");
        node.step(message(2, 1, 2, heartbeat(2))).expect("legal");
        let ready = node.ready().expect("sound").expect("a commit index");
        let left = if ticks < 20 { 30 } else { 10 };
        let written = ready.hard_state().map(|state| state.promised_ticks);
        assert_eq!((written, ready.must_sync()), (Some(left), false), "{ticks}");
    }
}

/// Under a shorter election timeout what was promised stays promised.
#[test]
fn a_shorter_promise_does_not_cut_a_longer_one() {
    let mut cluster = alone(promising(30), stored(30));
    hear(&mut cluster, 2, 2, heartbeat(1));
    let mut shorter = cluster.raw(1).config().clone();
    shorter.settings_mut().election_timeout_ticks = 10;
    cluster.node(1).set_config(shorter).expect("it may change");
    cluster.node(1).set_election_timeout_draw(1000);
    for (ticks, left) in [(0, 30), (5, 25), (15, 10), (5, 10)] {
        cluster.tick(1, ticks);
        hear(&mut cluster, 2, 2, heartbeat(1));
        assert_eq!(cluster.raw(1).status().promised_ticks, left);
    }
    assert_eq!(cluster.role(1), RoleKind::Follower);
}

/// With asynchronous writes a hard state alone is acknowledged, and makes the promise of the task, and no later
/// one, durable.
#[test]
fn a_hard_state_alone_is_acknowledged() {
    let mut settings = promising(10);
    settings.settings_mut().async_storage_writes = true;
    let mut node = RawNode::new(settings, stored(0)).expect("legal");
    let said = |node: &mut RawNode<MemoryStorage>| {
        node.step(message(2, 1, 2, heartbeat(1))).expect("legal");
        let mut ready = node.ready().expect("sound").expect("an answer");
        (crate::texts(ready.take_messages()), ready.take_append_task())
    };
    let (texts, task) = said(&mut node);
    assert_eq!(texts, ["1->2 HeartbeatResponse term=2"]);
    let task = task.expect("the promise is stored");
    let mut longer = node.config().clone();
    longer.settings_mut().election_timeout_ticks = 30;
    node.set_config(longer).expect("it may change");
    let (_, second) = said(&mut node);
    node.storage_mut().persist_task(&task).expect("it works");
    for response in task.done() {
        let TaskResponse::Ack(ack) = response else {
            panic!("nothing else waits")
        };
        assert!(matches!(
            ack.kind(),
            AckKind::HardState {
                term: 2,
                promised_ticks: 10,
                ..
            }
        ));
        node.acknowledge(ack).expect("due");
    }
    assert_eq!(said(&mut node).0, ["1->2 HeartbeatResponse term=2 promised=10"]);
    drop(second);
}

/// With promises off nothing is kept.
#[test]
fn who_promises_nothing_keeps_nothing() {
    let mut cluster = alone(plain(1), store(&[1, 2, 3]));
    hear(&mut cluster, 2, 1, heartbeat(1));
    assert_eq!(kept(&cluster), 0);
    let mut cluster = alone(config(1), store(&[1, 2, 3]));
    hear(&mut cluster, 2, 1, heartbeat(1));
    assert_eq!(kept(&cluster), 10);
}

/// A store of an application that knows nothing of promises.
struct Forgetful(MemoryStorage);

impl Storage for Forgetful {
    quorate::delegate_storage!(0: first_index, last_index, term, entries, snapshot);

    fn initial_state(&self) -> Result<InitialState, StorageError> {
        let mut initial = self.0.initial_state()?;
        initial.hard_state = initial.hard_state.with_promised_ticks(0);
        Ok(initial)
    }
}

/// Over a store that keeps no promises, no more is said than the silence that the settings name: it is what the
/// next start under the same settings keeps to.
#[test]
fn a_store_that_keeps_no_promises() {
    for (setting, said) in [
        (None, ""),
        (Some(0), ""),
        (Some(4), " promised=4"),
        (Some(50), " promised=10"),
    ] {
        let mut config = promising(10);
        config.settings_mut().restart_silence_ticks = setting;
        let mut node = RawNode::new(config, Forgetful(stored(0))).expect("legal");
        for _ in 0..2 {
            node.step(message(2, 1, 2, heartbeat(1))).expect("legal");
            let mut ready = node.ready().expect("sound").expect("an answer");
            assert!(ready.hard_state().is_none(), "{setting:?}");
            let texts = crate::texts(ready.take_messages());
            assert_eq!(texts, [format!("1->2 HeartbeatResponse term=2{said}")], "{setting:?}");
            node.advance(ready.persisted()).expect("the Ready that is out");
        }
    }
}
