//! A leader whose own disk stalls, with asynchronous writes: it commits by what the others acknowledge, so
//! that what it holds in memory needs a bound, somebody has to hear of it, and another may lead instead.

use quorate::error::ProposeError;
use quorate::event::TransferAbort;
use quorate::message::Payload;
use quorate::ready::TaskResponse;
use quorate::status::RoleKind;
use quorate::{Config, Event, Storage};

use crate::leading;
use crate::support::tasks::Tasks;
use crate::support::{Cluster, config};

/// An election timeout in ticks.
const TIMEOUT: u64 = 10;

fn asynchronous(id: u64) -> Config {
    let mut config = config(id);
    config.settings_mut().async_storage_writes = true;
    config.settings_mut().election_timeout_ticks = TIMEOUT;
    config
}

/// Node 1 leads; its disk does only what it is told to, those of the others everything at once.
struct Group {
    cluster: Cluster,
    tasks: Tasks,
    deaf_to_orders: bool,
}

impl Group {
    fn new(change: impl Fn(&mut Config)) -> Self {
        Self::of(3, change)
    }

    fn of(nodes: u64, change: impl Fn(&mut Config)) -> Self {
        let mut cluster = Cluster::new(nodes, |id| {
            let mut config = asynchronous(id);
            change(&mut config);
            config
        });
        cluster.elect(1);
        cluster.nodes.values_mut().for_each(|node| node.events.clear());
        Self {
            cluster,
            tasks: Tasks::default(),
            deaf_to_orders: false,
        }
    }

    /// Until nothing moves, node 1's disk apart.
    fn settle(&mut self) {
        loop {
            self.take_readies();
            self.others().for_each(|id| self.cluster.drain(id));
            if self.cluster.pool.is_empty() {
                return;
            }
            if self.deaf_to_orders {
                drop(self.cluster.take(|message| message.payload == Payload::TimeoutNow));
            }
            self.cluster.deliver();
        }
    }

    fn others(&self) -> impl Iterator<Item = u64> + use<> {
        (2..).take(self.cluster.nodes.len() - 1)
    }

    fn take_readies(&mut self) {
        let node = self.cluster.nodes.get_mut(&1).expect("a node");
        while let Some(mut ready) = node.raw.ready().expect("a sound node") {
            self.cluster.pool.extend(ready.take_messages());
            node.events.extend(ready.events().iter().cloned());
            node.applied.extend(self.tasks.queue(&mut ready).iter().cloned());
        }
        node.events.extend(node.raw.take_events());
    }

    fn propose(&mut self, bytes: usize) -> Result<(), ProposeError> {
        let outcome = self.cluster.node(1).propose(vec![b'x'; bytes]).map(|_| ());
        self.settle();
        outcome
    }

    fn tick(&mut self, ticks: u64) {
        for _ in 0..ticks {
            (1..)
                .take(self.cluster.nodes.len())
                .for_each(|id| self.cluster.node(id).tick().expect("a sound node"));
            self.settle();
        }
    }

    /// Node 1's disk does its oldest write, and everybody hears of it.
    fn write(&mut self) -> bool {
        let node = &mut self.cluster.nodes.get_mut(&1).expect("a node").raw;
        let written = self
            .tasks
            .write(|task| node.storage_mut().persist_task(task).expect("it works"));
        while self.tasks.apply(|_| true) {}
        while let Some(response) = self.tasks.due() {
            match response {
                TaskResponse::Message(message) => self.cluster.pool.push_back(message),
                TaskResponse::Ack(ack) => node.acknowledge(ack).expect("tasks in order"),
            }
        }
        self.settle();
        written
    }

    fn write_all(&mut self) {
        while self.write() {}
    }

    /// What node 1 told of transfers and of its disk since this was last asked.
    fn told(&mut self) -> Vec<Event> {
        let events = std::mem::take(&mut self.cluster.nodes.get_mut(&1).expect("a node").events);
        let ours = |event: &Event| {
            matches!(
                event,
                Event::DiskLagging { .. } | Event::TransferStarted { .. } | Event::TransferAborted { .. }
            )
        };
        events.into_iter().filter(ours).collect()
    }
}

fn lagging() -> Event {
    Event::DiskLagging { ticks: TIMEOUT }
}

/// What the others have on their disks commits, and counts until it is on the leader's own too.
#[test]
fn what_the_own_disk_has_not_acknowledged_counts() {
    let mut group = Group::new(|config| config.settings_mut().max_uncommitted_bytes = 10);
    assert_eq!(group.propose(6), Ok(()));
    let (last, committed) = (group.cluster.raw(1).status().last_index, group.cluster.committed(1));
    assert_eq!(committed, last, "by the others");
    assert_eq!(group.propose(5), Err(ProposeError::Full { waiting: 6 }));
    assert_eq!(group.propose(4), Ok(()));
    for _ in 0..2_000 {
        assert_eq!(group.propose(1024), Err(ProposeError::Full { waiting: 10 }));
    }
    assert_eq!(group.cluster.raw(1).status().uncommitted_bytes, 10);
    assert!(group.write());
    assert_eq!(group.propose(5), Ok(()), "the first is stored");
    group.write_all();
    assert_eq!(group.propose(1024), Ok(()), "one is always taken while nothing waits");
    group.write_all();
    assert_eq!(group.cluster.raw(1).status().uncommitted_bytes, 0);
    assert_eq!(group.cluster.data(2).len(), 4);
}

/// The same bytes count when the bound is set while they wait, and not any more when it is taken away.
#[test]
fn a_bound_that_is_set_later_counts_them_too() {
    let mut group = Group::new(|config| config.settings_mut().max_uncommitted_bytes = 0);
    assert_eq!(group.propose(6), Ok(()));
    for (max, expected) in [(10, Err(ProposeError::Full { waiting: 6 })), (0, Ok(()))] {
        let mut config = group.cluster.raw(1).config().clone();
        config.settings_mut().max_uncommitted_bytes = max;
        group.cluster.node(1).set_config(config).expect("it may change");
        assert_eq!(group.propose(5), expected);
    }
}

/// In batches nothing counts but what waits to be committed, a Ready that is held or not.
#[test]
fn batches_count_what_waits_to_be_committed() {
    let mut group = Group::new(|config| {
        (
            config.settings_mut().async_storage_writes,
            config.settings_mut().max_uncommitted_bytes,
        ) = (false, 10);
    });
    let _ = group.cluster.node(1).propose("0123456789").expect("there is room");
    let mut held = group.cluster.node(1).ready().expect("sound").expect("an append");
    group.cluster.pool.extend(held.take_messages());
    group.cluster.deliver();
    (2..=3).for_each(|id| group.cluster.drain(id));
    group.cluster.deliver();
    assert_eq!(group.cluster.raw(1).status().uncommitted_bytes, 0);
    assert!(group.cluster.node(1).propose("0123456789").is_ok());
    assert_eq!(
        group.cluster.node(1).propose("x"),
        Err(ProposeError::Full { waiting: 10 })
    );
}

/// Once for each time that the disk falls behind; that of a follower concerns nobody.
#[test]
fn a_disk_that_lags_is_told_of_once() {
    let mut group = Group::new(|_| {});
    assert_eq!(group.propose(1), Ok(()));
    group.tick(TIMEOUT); // the first of them finds something to wait for
    assert_eq!(group.told(), []);
    group.tick(1);
    assert_eq!(group.told(), [lagging()]);
    group.tick(5 * TIMEOUT);
    assert_eq!(group.propose(1), Ok(()));
    assert_eq!((group.told(), group.cluster.role(1)), (vec![], RoleKind::Leader));
    group.write_all();
    group.tick(5 * TIMEOUT);
    assert_eq!(group.told(), [], "nothing is left to store");
    assert_eq!(group.propose(1), Ok(()));
    group.tick(TIMEOUT + 1);
    assert_eq!(group.told(), [lagging()], "it had caught up");
}

/// A busy disk always has something to store. One that needs less than an election timeout for it does
/// not lag; one that needs more lags all the time, which is told once.
#[test]
fn a_busy_disk_does_not_lag() {
    for (behind, expected) in [(1, 0), (TIMEOUT / 2, 0), (2 * TIMEOUT, 1)] {
        let mut group = Group::new(|_| {});
        for tick in 0..20 * TIMEOUT {
            assert_eq!(group.propose(1), Ok(()));
            group.tick(1);
            let due = (tick + 2).saturating_sub(behind);
            while group.cluster.raw(1).storage().last_index().expect("it works") < due {
                assert!(group.write());
            }
        }
        assert_eq!(group.told(), vec![lagging(); expected], "{behind} ticks behind");
        group.write_all();
        group.tick(1);
        assert_eq!(group.propose(1), Ok(()));
        group.tick(TIMEOUT + 1);
        assert_eq!(group.told(), [lagging()], "{behind} ticks behind, then stalled");
    }
}

/// In batches the loop itself waits for the disk, and the caller knows.
#[test]
fn batches_do_not_lag() {
    let mut node = Cluster::led(3);
    let _ = node.propose(1, "a");
    (0..3 * TIMEOUT).for_each(|_| node.node(1).tick().expect("a sound node"));
    let told = node.node(1).take_events();
    assert!(!told.contains(&lagging()), "{told:?}");
}

/// If it is set so, whoever has the most takes over; nothing that was committed is lost, also if the
/// disk never stored it.
#[test]
fn a_leader_with_a_disk_that_lags_hands_over() {
    for restarts in [false, true] {
        let mut group = Group::of(5, |config| config.settings_mut().transfer_when_disk_lags = true);
        group.cluster.cut(1, 2);
        assert_eq!(group.propose(1), Ok(()));
        group.tick(TIMEOUT);
        assert_eq!(group.told(), []);
        group.cluster.heal();
        group.cluster.cut_one_way(1, 2);
        group.tick(1);
        assert_eq!(group.told(), [lagging(), Event::TransferStarted { to: 3 }]);
        assert_eq!(group.cluster.leader(), Some(3));
        group.cluster.heal();
        if restarts {
            group.cluster.restart(1);
            group.tasks = Tasks::default();
        } else {
            group.write_all();
        }
        group.tick(2 * TIMEOUT);
        assert_eq!(group.cluster.leader(), Some(3));
        group.cluster.commit(3, "y");
        group.write_all();
        for id in 2..=3 {
            assert_eq!(group.cluster.data(id), ["x", "y"], "node {id}");
        }
        group.cluster.assert_consistent();
        assert_eq!(group.cluster.raw(1).status().applied, group.cluster.committed(3));
    }
}

/// A transfer that comes to nothing is tried again after as long a rest, in which proposals are taken.
#[test]
fn a_transfer_that_failed_is_tried_again() {
    let mut group = Group::new(|config| config.settings_mut().transfer_when_disk_lags = true);
    group.deaf_to_orders = true;
    assert_eq!(group.propose(1), Ok(()));
    group.tick(TIMEOUT + 1);
    let (to, reason) = (2, TransferAbort::Timeout);
    let (started, aborted) = (Event::TransferStarted { to }, Event::TransferAborted { to, reason });
    assert_eq!(group.told(), [lagging(), started.clone()]);
    for round in 0..4 {
        assert_eq!(
            group.propose(1),
            Err(ProposeError::Transferring { to }),
            "round {round}"
        );
        group.tick(TIMEOUT - 1);
        assert_eq!(group.told(), []);
        group.tick(1);
        assert_eq!(group.told(), std::slice::from_ref(&aborted));
        group.tick(TIMEOUT - 1);
        assert_eq!((group.propose(1), group.told()), (Ok(()), vec![]), "round {round}");
        group.tick(1);
        assert_eq!(group.told(), std::slice::from_ref(&started));
    }
    group.tick(TIMEOUT);
    group.write_all();
    assert_eq!(group.told(), [aborted]);
    group.tick(10 * TIMEOUT);
    assert_eq!((group.told(), group.cluster.role(1)), (vec![], RoleKind::Leader));
}

/// A dead transferee is not chosen twice, and what an operator has begun goes on.
#[test]
fn another_is_chosen_for_one_that_is_dead() {
    let mut group = Group::of(5, |config| config.settings_mut().transfer_when_disk_lags = true);
    assert_eq!(group.propose(1), Ok(()));
    group.tick(TIMEOUT);
    group.cluster.isolate(2);
    group.tick(1);
    assert_eq!(group.told(), [lagging(), Event::TransferStarted { to: 2 }]);
    group.tick(2 * TIMEOUT);
    assert_eq!(group.cluster.leader(), Some(3));

    let mut group = Group::new(|config| config.settings_mut().transfer_when_disk_lags = true);
    group.deaf_to_orders = true;
    assert_eq!(group.propose(1), Ok(()));
    group.tick(TIMEOUT);
    group.cluster.node(1).transfer_leader(3).expect("a voter");
    group.tick(1);
    assert_eq!(group.told(), [Event::TransferStarted { to: 3 }, lagging()]);
}

/// Without this node's vote, which it cannot store, the others elect nobody if they are no quorum: then
/// nothing commits either way, and reads at least are answered here.
#[test]
fn who_is_needed_does_not_hand_over() {
    for nodes in [2, 3] {
        let mut group = Group::of(nodes, |config| config.settings_mut().transfer_when_disk_lags = true);
        if nodes == 3 {
            group.cluster.isolate(3);
        }
        assert_eq!(group.propose(1), Ok(()));
        group.tick(6 * TIMEOUT);
        assert_eq!((group.told(), group.cluster.leader()), (vec![lagging()], Some(1)));
        group.cluster.heal();
        group.tick(3 * TIMEOUT);
        assert_eq!(group.cluster.leader(), Some(if nodes == 3 { 2 } else { 1 }));
    }
}

/// In ticks one by one or at once the same happens at the same time, also where nothing else is due.
#[test]
fn the_lag_has_a_deadline() {
    for voters in [1, 3] {
        let mut settings = asynchronous(1);
        (
            settings.settings_mut().check_quorum,
            settings.settings_mut().pre_vote,
            settings.settings_mut().heartbeat_interval_ticks,
        ) = (false, false, 9);
        settings.settings_mut().transfer_when_disk_lags = true;
        let mut cluster = leading(voters, settings);
        assert_eq!(cluster.role(1), RoleKind::Leader);
        let node = cluster.node(1);
        let _ = node.propose("x").expect("it leads");
        assert_eq!(node.next_deadline(), Some(if voters == 1 { 11 } else { 9 }));
        for portion in 1..40 {
            let (mut slow, mut fast) = (node.clone(), node.clone());
            (0..portion).for_each(|_| slow.tick().expect("a sound node"));
            let mut left = portion;
            while left > 0 {
                left -= fast.advance_ticks(left).expect("a sound node");
            }
            assert_eq!(slow, fast, "{portion} ticks");
            assert_eq!(slow.take_events(), fast.take_events(), "{portion} ticks");
        }
        (0..100).for_each(|_| node.tick().expect("a sound node"));
        if voters == 1 {
            assert_eq!(node.next_deadline(), None);
            assert_eq!(node.advance_ticks(u64::MAX), Ok(u64::MAX));
        }
    }
}
