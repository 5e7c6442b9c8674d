//! Reads by lease are never stale: partitions, late messages, transfers, restarts, clocks that
//! drift as far as the margin allows.

use proptest::prelude::*;
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::status::RoleKind;
use quorate::{Config, Index, Message, NodeId, ReadMode};

use crate::leases::leased;
use crate::support::{Cluster, config};

/// A new leader can commit at the earliest when the old one's lease is over: the old one is cut off
/// at each tick of its lease in turn, and asked again and again.
#[test]
fn an_old_leader_does_not_answer_too_long() {
    for (draw, settings) in (10..20).flat_map(|draw| [(draw, leased as fn(NodeId) -> Config), (draw, config)]) {
        for cut_after in 1..12 {
            let mut cluster = Cluster::new(3, settings);
            cluster.elect(1);
            let _ = answers_now(&mut cluster); // from now on it measures its lease
            cluster.settle();
            cluster.tick_all(cut_after);
            cluster.isolate(1);
            for id in [2, 3] {
                cluster.node(id).set_election_timeout_draw(draw);
            }
            let mut by_lease = 0;
            for _ in 0..40 {
                by_lease += u64::from(answers_now(&mut cluster));
                cluster.tick_all(1);
                if let Some(leader) = cluster.leader().filter(|leader| *leader != 1) {
                    let _ = cluster.node(leader).propose("new");
                    cluster.settle();
                }
            }
            assert_eq!(by_lease, 8, "the lease of the last heartbeat");
            assert_ne!(cluster.leader(), Some(1));
        }
    }
}

/// Whether node 1 answers a read now; the answer must not be stale.
fn answers_now(cluster: &mut Cluster) -> bool {
    let committed = cluster.nodes.keys().map(|id| cluster.committed(*id)).max();
    let before = cluster.nodes[&1].reads.len();
    let _ = cluster.node(1).read_index_with(ReadMode::Lease, "now");
    cluster.drain(1);
    match cluster.nodes[&1].reads.get(before).map(|read| read.outcome) {
        Some(Ok(index)) => {
            assert!(Some(index) >= committed, "read {index}, but {committed:?} is committed");
            true
        }
        _ => false,
    }
}

/// A transferee that was ordered to campaign may win at any moment: the old leader does not answer
/// by its lease any more, be it that it hears nothing of the election.
#[test]
fn a_transfer_breaks_no_lease() {
    let mut cluster = Cluster::new(3, leased);
    cluster.elect(1);
    cluster.tick_all(2);
    cluster.node(1).transfer_leader(3).expect("a voter");
    cluster.drain(1);
    cluster.cut_one_way(3, 1);
    cluster.cut_one_way(2, 1);
    cluster.settle();
    assert_eq!((cluster.role(1), cluster.leader()), (RoleKind::Leader, Some(3)));
    cluster.commit(3, "new");
    assert!(!answers_now(&mut cluster));
}

/// Who is left as the only voter may campaign at once after a restart, whatever it promised before. So the
/// leader that is no voter any more, or will not be, does not rely on that promise: be it that it has not
/// applied the change.
#[test]
fn who_is_left_alone_breaks_no_lease() {
    for (kind, steps_down, applied) in [
        (ConfChangeKind::AddLearnerNode, false, true),
        (ConfChangeKind::RemoveNode, false, true),
        (ConfChangeKind::RemoveNode, true, true),
        (ConfChangeKind::AddLearnerNode, false, false),
        (ConfChangeKind::RemoveNode, true, false),
    ] {
        let mut cluster = Cluster::new(2, |id| {
            let mut config = silent(id);
            config.settings_mut().step_down_on_removal = steps_down;
            config
        });
        cluster.elect(1);
        cluster.tick_all(2);
        assert!(cluster.raw(1).status().lease_ticks > 0);
        let change = ConfChangeV2::new([(kind, 1)]);
        let _ = cluster.node(1).propose_conf_change(change).expect("it may");
        for id in [1, 2] {
            cluster.drain(id);
            cluster.deliver();
        }
        let mut ready = cluster
            .node(1)
            .ready()
            .expect("sound")
            .expect("the change is committed");
        ready
            .take_messages()
            .into_iter()
            .for_each(|message| cluster.step(message));
        cluster.drain(2);
        assert!(cluster.raw(2).membership().is_sole_voter(2));
        if applied {
            let node = cluster.node(1);
            node.storage_mut().persist(&ready).expect("memory");
            let mut done = ready.persisted();
            for entry in &done.take_committed_entries() {
                let _ = node.apply_conf_change(entry).expect("sound");
            }
            node.advance(done).expect("the Ready that is out");
        }
        cluster.cut(1, 2);
        cluster.compact(2);
        cluster.restart(2);
        cluster.node(2).campaign().expect("alone");
        cluster.drain(2);
        let _ = cluster.propose(2, "new");
        cluster.drain(2);
        assert!(cluster.committed(2) > cluster.committed(1));
        let case = format!("{kind:?}, steps down: {steps_down}, applied: {applied}");
        assert_eq!(cluster.raw(1).status().lease_ticks, 0, "{case}");
        assert!(!applied || !answers_now(&mut cluster), "{case}");
    }
}

// ----- at random

#[derive(Clone, Copy, Debug)]
enum Action {
    /// A tick at each node, beginning with this one; perhaps one clock misses it.
    Tick(NodeId, Option<NodeId>),
    /// Messages to and from this node are held back from now on, or let go.
    Hold(NodeId),
    LetGo,
    Isolate(NodeId),
    Heal,
    Propose,
    /// In the mode of the settings, or in another.
    Read(NodeId, Option<ReadMode>),
    ForgetLeader(NodeId),
    Campaign(NodeId),
    Transfer(NodeId),
    Restart(NodeId),
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let node = || 1..=3_u64;
    let mode = prop::sample::select(vec![None, Some(ReadMode::Lease), Some(ReadMode::ReadIndex)]);
    let action = prop_oneof![
        12 => (node(), prop::option::weighted(0.2, node())).prop_map(|(first, slow)| Action::Tick(first, slow)),
        2 => node().prop_map(Action::Hold),
        3 => Just(Action::LetGo),
        1 => node().prop_map(Action::Isolate),
        2 => Just(Action::Heal),
        4 => Just(Action::Propose),
        10 => (node(), mode).prop_map(|(id, mode)| Action::Read(id, mode)),
        1 => node().prop_map(Action::ForgetLeader),
        1 => node().prop_map(Action::Campaign),
        1 => node().prop_map(Action::Transfer),
        1 => node().prop_map(Action::Restart),
    ];
    prop::collection::vec(action, 1..250)
}

/// A group, what the network holds back, and the reads that were asked.
struct Run {
    cluster: Cluster,
    held_for: Option<NodeId>,
    held: Vec<Message>,
    /// Ticks since a clock last fell behind: one in two election timeouts may.
    since_drift: u64,
    /// Node, name, and what was committed anywhere at the time.
    asked: Vec<(NodeId, String, Index)>,
}

impl Run {
    fn new(settings: fn(NodeId) -> Config) -> Self {
        let mut cluster = Cluster::new(3, settings);
        cluster.elect(1);
        Self {
            cluster,
            held_for: None,
            held: Vec::new(),
            since_drift: 0,
            asked: Vec::new(),
        }
    }

    fn perform(&mut self, action: Action) {
        let cluster = &mut self.cluster;
        match action {
            Action::Tick(first, slow) => {
                self.since_drift += 1;
                let slow = slow.filter(|_| self.since_drift > 20);
                for id in (0..3).map(|step| (first + step) % 3 + 1).filter(|id| Some(*id) != slow) {
                    self.cluster.node(id).tick().expect("a sound node");
                    self.settle();
                }
                if slow.is_some() {
                    self.since_drift = 0;
                }
            }
            Action::Hold(id) => self.held_for = Some(id),
            Action::LetGo => {
                self.held_for = None;
                cluster.pool.extend(self.held.drain(..));
            }
            Action::Isolate(id) => cluster.isolate(id),
            Action::Heal => cluster.heal(),
            Action::Propose => (1..=3).for_each(|id| {
                if cluster.role(id) == RoleKind::Leader {
                    let _ = cluster.node(id).propose("x");
                }
            }),
            Action::Read(id, mode) => {
                let committed = (1..=3).map(|id| cluster.committed(id)).max().unwrap_or(0);
                let name = self.asked.len().to_string();
                let node = cluster.node(id);
                let asked = match mode {
                    None => node.read_index(name.clone()),
                    Some(mode) => node.read_index_with(mode, name.clone()),
                };
                if asked.is_ok() {
                    self.asked.push((id, name, committed));
                }
            }
            Action::ForgetLeader(id) => cluster.node(id).forget_leader().expect("a sound node"),
            Action::Campaign(id) => drop(cluster.node(id).campaign()),
            Action::Transfer(to) => drop(cluster.leader().map(|id| cluster.node(id).transfer_leader(to))),
            Action::Restart(id) => {
                let mut config = cluster.raw(id).config().clone();
                config.seed += 1_000_003;
                cluster.restart_with(config);
            }
        }
        self.settle();
    }

    fn settle(&mut self) {
        for _ in 0..1_000 {
            for id in 1..=3 {
                self.cluster.drain(id);
            }
            let held_for = self.held_for;
            let late = |message: &Message| held_for.is_some_and(|id| message.from == id || message.to == id);
            self.held.extend(self.cluster.take(late));
            if self.cluster.pool.is_empty() {
                return;
            }
            self.cluster.deliver();
        }
        panic!("the group does not come to rest");
    }

    fn check(&self) {
        for (id, name, committed) in &self.asked {
            let reads = self.cluster.nodes[id]
                .reads
                .iter()
                .filter(|read| read.context == name.as_bytes());
            for read in reads {
                if let Ok(index) = read.outcome {
                    assert!(
                        index >= *committed,
                        "read {name} at node {id}: {index}, {committed} was committed"
                    );
                }
            }
        }
        self.cluster.assert_consistent();
    }
}

fn silent_by_rounds(id: NodeId) -> Config {
    let mut config = config(id);
    config.settings_mut().restart_silence_ticks = None;
    config
}

fn silent(id: NodeId) -> Config {
    let mut config = leased(id);
    config.settings_mut().restart_silence_ticks = None;
    config
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the mode of the settings and of each read is.
    #[test]
    fn no_read_is_stale(actions in actions(), by_rounds: bool) {
        let mut run = Run::new(if by_rounds { silent_by_rounds } else { silent });
        for action in actions {
            run.perform(action);
        }
        run.check();
    }
}
