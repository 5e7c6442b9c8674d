//! Figure 3: the five properties that are true at all times, whatever the network and the disks do.
//!
//! Five servers, and a random schedule of ticks, deliveries in any order, losses, duplicates,
//! proposals and crashes. After each step a witness looks at all servers. (That such schedules elect
//! leaders and commit, so that the properties say something, is a test too.)

use std::collections::BTreeMap;

use proptest::prelude::*;
use quorate::status::RoleKind;
use quorate::{Config, Entry, Index, NodeId, Term};

use crate::bench::log_of;
use crate::support::{self, Cluster, plain};

const SERVERS: u64 = 5;

#[derive(Clone, Copy, Debug)]
enum Step {
    Tick(NodeId, u64),
    /// Deliver the message at this place of the pool, wherever that is.
    Deliver(usize),
    /// Deliver it and keep it.
    Duplicate(usize),
    Lose(usize),
    DeliverAll,
    Propose(NodeId),
    Crash(NodeId),
}

fn step() -> impl Strategy<Value = Step> {
    let id = || 1..=SERVERS;
    prop_oneof![
        4 => (id(), 1..=20_u64).prop_map(|(id, ticks)| Step::Tick(id, ticks)),
        8 => any::<usize>().prop_map(Step::Deliver),
        2 => any::<usize>().prop_map(Step::Duplicate),
        2 => any::<usize>().prop_map(Step::Lose),
        4 => Just(Step::DeliverAll),
        4 => id().prop_map(Step::Propose),
        1 => id().prop_map(Step::Crash),
    ]
}

fn schedule() -> impl Strategy<Value = (bool, Vec<Step>)> {
    (any::<bool>(), prop::collection::vec(step(), 1..200))
}

/// Takes one step; then every server has nothing left to do, so that its log is in its storage.
fn take(group: &mut Cluster, step: Step) {
    let place = |pool: usize, index: usize| (pool > 0).then(|| index % pool.max(1));
    let pool = group.pool.len();
    match step {
        Step::Tick(id, ticks) => group.tick(id, ticks),
        Step::Deliver(index) => {
            let message = place(pool, index).and_then(|index| group.pool.remove(index));
            if let Some(message) = message {
                group.step(message);
            }
        }
        Step::Duplicate(index) => {
            let message = place(pool, index).map(|index| group.pool[index].clone());
            if let Some(message) = message {
                group.step(message);
            }
        }
        Step::Lose(index) => {
            place(pool, index).and_then(|index| group.pool.remove(index));
        }
        Step::DeliverAll => group.deliver(),
        Step::Propose(id) => {
            let _ = group.node(id).propose("command");
        }
        Step::Crash(id) => group.restart(id),
    }
    (1..=SERVERS).for_each(|id| group.drain(id));
}

/// What was ever seen.
#[derive(Debug, Default)]
struct Witness {
    leader_of: BTreeMap<Term, NodeId>,
    /// The last log of the leader of each term.
    leader_log: BTreeMap<Term, Vec<Entry>>,
    /// Each committed entry, with the lowest term in which a server knew that.
    committed: BTreeMap<Index, (Entry, Term)>,
    applied: BTreeMap<Index, Entry>,
}

/// Runs a schedule; `check` sees the group after each step, and what was seen before it.
fn run((guarded, steps): (bool, Vec<Step>), mut check: impl FnMut(&Cluster, &Witness)) -> Witness {
    let settings: fn(NodeId) -> Config = if guarded { support::config } else { plain };
    let mut group = Cluster::new(SERVERS, settings);
    let mut witness = Witness::default();
    for step in steps {
        take(&mut group, step);
        check(&group, &witness);
        witness.look(&group);
    }
    witness
}

impl Witness {
    fn look(&mut self, group: &Cluster) {
        for (id, node) in &group.nodes {
            let (term, log) = (group.term(*id), log_of(group, *id));
            if group.role(*id) == RoleKind::Leader {
                self.leader_of.entry(term).or_insert(*id);
                self.leader_log.insert(term, log.to_vec());
            }
            for entry in log.iter().filter(|entry| entry.index <= group.committed(*id)) {
                let seen = self
                    .committed
                    .entry(entry.index)
                    .or_insert_with(|| (entry.clone(), term));
                seen.1 = seen.1.min(term);
            }
            for entry in &node.applied {
                self.applied.entry(entry.index).or_insert_with(|| entry.clone());
            }
        }
    }
}

fn leaders(group: &Cluster) -> impl Iterator<Item = (NodeId, Term)> {
    let ids = group.nodes.keys().copied();
    ids.filter(|id| group.role(*id) == RoleKind::Leader)
        .map(|id| (id, group.term(id)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Election Safety: no term has two leaders.
    #[test]
    fn election_safety(schedule in schedule()) {
        run(schedule, |group, before| {
            for (id, term) in leaders(group) {
                let first = before.leader_of.get(&term).copied().unwrap_or(id);
                assert_eq!(first, id, "two leaders of term {term}");
            }
            let mut terms: Vec<Term> = leaders(group).map(|(_, term)| term).collect();
            terms.sort_unstable();
            assert!(terms.windows(2).all(|pair| pair[0] != pair[1]), "two leaders at once: {terms:?}");
        });
    }

    /// Leader Append-Only: a leader neither overwrites nor deletes entries of its log.
    #[test]
    fn leader_append_only(schedule in schedule()) {
        run(schedule, |group, before| {
            for (id, term) in leaders(group) {
                let earlier = before.leader_log.get(&term).map_or(&[][..], Vec::as_slice);
                assert!(log_of(group, id).starts_with(earlier), "the leader of term {term}");
            }
        });
    }

    /// Log Matching: logs that have an entry of one index and term are the same up to there.
    #[test]
    fn log_matching(schedule in schedule()) {
        run(schedule, |group, _| {
            for a in 1..=SERVERS {
                for b in a + 1..=SERVERS {
                    let (a, b) = (log_of(group, a), log_of(group, b));
                    let agree = a.iter().zip(b.iter()).rposition(|(a, b)| a.id() == b.id());
                    let common = agree.map_or(0, |position| position + 1);
                    assert_eq!(a[..common], b[..common]);
                }
            }
        });
    }

    /// Leader Completeness: what is committed in a term is in the logs of the leaders of all later ones.
    #[test]
    fn leader_completeness(schedule in schedule()) {
        run(schedule, |group, before| {
            for (id, term) in leaders(group) {
                let log = log_of(group, id);
                for (entry, _) in before.committed.values().filter(|(_, committed)| *committed < term) {
                    assert!(log.contains(entry), "the leader of term {term} lacks {entry}");
                }
            }
        });
    }

    /// State Machine Safety: no two servers apply different entries at one index.
    #[test]
    fn state_machine_safety(schedule in schedule()) {
        run(schedule, |group, before| {
            group.assert_consistent();
            for node in group.nodes.values() {
                for entry in &node.applied {
                    assert_eq!(before.applied.get(&entry.index).unwrap_or(entry), entry);
                }
            }
        });
    }
}

/// The schedules above are worth something: a fair part of them elects several leaders and commits.
#[test]
fn schedules_elect_and_commit() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut elected, mut committed) = (0, 0);
    for _ in 0..50 {
        let schedule = schedule().new_tree(&mut runner).expect("a schedule").current();
        let witness = run(schedule, |_, _| {});
        elected += witness.leader_of.len();
        committed += witness.committed.len();
    }
    assert!(
        elected >= 50 && committed >= 50,
        "{elected} leaders, {committed} entries"
    );
}
