//! A learner on its way to voter (thesis 4.2.1): rounds, and when it may be promoted.

use proptest::prelude::*;
use quorate::error::{ChangeRefusal, ProposeError};
use quorate::membership::{CatchUp, ConfChangeKind, ConfChangeV2};
use quorate::status::RoleKind;
use quorate::{ConfState, Config, Event, Index, Proposed};

use crate::support::{Cluster, config, store};
use crate::{accepted, alone, entries, hear, heartbeat, heartbeat_answer, lead, says};

/// An election timeout in ticks.
const TIMEOUT: u64 = 10;

/// Node 1 leads, the only voter, and node 2 learns and has answered nothing yet. The log ends at 2.
fn group(settings: Config) -> Cluster {
    group_with(settings, 0)
}

/// The same with so many entries more.
fn group_with(settings: Config, backlog: usize) -> Cluster {
    let mut storage = store(&[1]);
    storage.append(&entries(2, &vec![1; backlog])).expect("in order");
    storage.set_conf_state(ConfState::of_voters([1]).with_learners([2]), 1);
    storage.sync();
    let mut cluster = alone(settings, storage);
    cluster.node(1).campaign().expect("it may");
    says(&mut cluster);
    cluster
}

fn propose(cluster: &mut Cluster, count: u64) {
    for _ in 0..count {
        let _ = cluster.propose(1, "x");
    }
    says(cluster);
}

fn catch_up(cluster: &Cluster) -> CatchUp {
    cluster.raw(1).catch_up(2).expect("it learns")
}

/// Rounds, ticks of the last and of the present one, entries missing for the round and at all.
fn numbers(catch_up: &CatchUp) -> (u64, Option<u64>, u64, u64, u64) {
    let CatchUp {
        rounds,
        last_round_ticks,
        round_ticks,
        round_entries,
        entries,
        ..
    } = *catch_up;
    (rounds, last_round_ticks, round_ticks, round_entries, entries)
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Ticks(u64),
    /// All at once or one by one is the same.
    AtOnce(u64),
    Propose(u64),
    /// The learner acknowledges so many entries more, if there are as many.
    Accept(u64),
}
use Step::{Accept, AtOnce, Propose, Ticks};

fn take(cluster: &mut Cluster, step: Step) {
    match step {
        Ticks(ticks) => cluster.tick(1, ticks),
        AtOnce(ticks) => {
            let mut left = ticks;
            while left > 0 {
                left -= cluster.node(1).advance_ticks(left).expect("a sound node");
                cluster.drain(1);
            }
        }
        Propose(count) => propose(cluster, count),
        Accept(count) => {
            let matched = cluster
                .raw(1)
                .progress()
                .find(|peer| peer.id == 2)
                .map(|peer| peer.matched);
            let index = matched.expect("a member") + count;
            let index = index.min(cluster.raw(1).status().last_index);
            hear(cluster, 2, cluster.term(1), accepted(index));
        }
    }
    says(cluster);
}

/// The rounds of the thesis in calendar time: what a round is to replicate, and when it began.
#[derive(Clone, Copy, Debug, Default)]
struct Model {
    now: u64,
    last: Index,
    matched: Index,
    round: Option<(Index, u64)>,
    rounds: u64,
    took: Option<u64>,
}

impl Model {
    fn take(&mut self, step: Step) {
        match step {
            Ticks(ticks) | AtOnce(ticks) => {
                if self.round.is_none() && self.matched < self.last && ticks > 0 {
                    self.round = Some((self.last, self.now));
                }
                self.now += ticks;
            }
            Propose(count) => self.last += count,
            Accept(count) => self.matched = self.last.min(self.matched + count),
        }
        if let Some((target, began)) = self.round.filter(|(target, _)| self.matched >= *target) {
            (self.rounds, self.took) = (self.rounds + 1, Some(self.now - began));
            self.round = Some((self.last, self.now));
            if target == self.last || self.matched == self.last {
                (self.rounds, self.took, self.round) = (self.rounds + 1, Some(0), None);
            }
        }
    }

    fn numbers(&self) -> (u64, Option<u64>, u64, u64, u64) {
        let (target, began) = self.round.unwrap_or((0, self.now));
        let missing = target.saturating_sub(self.matched);
        (
            self.rounds,
            self.took,
            self.now - began,
            missing,
            self.last - self.matched,
        )
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..12_u64).prop_map(Ticks),
        1 => (0..12_u64).prop_map(AtOnce),
        3 => (0..6_u64).prop_map(Propose),
        4 => (0..9_u64).prop_map(Accept),
    ]
}

proptest! {
    /// Whatever happens, the leader counts as the thesis does; and promotes by that alone.
    #[test]
    fn rounds_are_those_of_the_thesis(steps in prop::collection::vec(step(), 0..40)) {
        let mut cluster = group(config(1));
        let mut model = Model { last: 2, round: Some((2, 0)), ..Model::default() };
        for step in steps {
            take(&mut cluster, step);
            model.take(step);
            let seen = catch_up(&cluster);
            prop_assert_eq!(numbers(&seen), model.numbers(), "after {:?}", step);
            let in_time = |ticks: u64| ticks < TIMEOUT;
            let mut told = cluster.nodes[&1].events.iter().rev();
            let heard = told.find_map(is_heard).unwrap_or(true);
            let caught_up = seen.last_round_ticks.is_some_and(in_time) && in_time(seen.round_ticks);
            prop_assert_eq!(seen.caught_up, caught_up && heard);
        }
    }
}

fn is_heard(event: &Event) -> Option<bool> {
    match event {
        Event::PeerUnreachable { peer: 2 } => Some(false),
        Event::PeerReachable { peer: 2, .. } => Some(true),
        _ => None,
    }
}

/// Entries that come in and that the learner takes in, a tick; and after how many ticks it is promoted, with 200 entries
/// to begin with. (One round takes 20 ticks then; each is `load / link` times as long as the last.)
#[test]
fn who_is_slower_than_the_log_never_catches_up() {
    for (load, link, expected) in [
        (0, 10, Some(20)),
        (1, 10, Some(22)),
        (5, 10, Some(35)),
        (8, 10, Some(68)),
        (10, 10, None),
        (12, 10, None),
        (0, 100, Some(2)),
        (99, 100, Some(2)),
    ] {
        let mut cluster = group_with(config(1), 198);
        let promoted = (1..400).find(|_| {
            propose(&mut cluster, load);
            cluster.tick(1, 1);
            take(&mut cluster, Accept(link));
            let outcome = cluster.node(1).propose_promotion(2);
            let seen = cluster.raw(1).catch_up(2);
            match outcome {
                Ok(_) => true,
                Err(ProposeError::Change(ChangeRefusal::NotCaughtUp(told))) => {
                    assert!(!told.caught_up && Some(told) == seen, "{told}");
                    false
                }
                Err(error) => panic!("{error}"),
            }
        });
        assert_eq!(promoted, expected, "{load} in, {link} out");
    }
}

/// A learner that has it all, and is silent, or for which an entry waits too long.
#[test]
fn who_fell_silent_has_not_caught_up() {
    for reported in [false, true] {
        let mut cluster = group(config(1));
        take(&mut cluster, Accept(2));
        assert!(catch_up(&cluster).caught_up);
        if reported {
            cluster.node(1).report_unreachable(2).expect("a sound node");
        } else {
            cluster.tick(1, 2 * TIMEOUT);
        }
        assert!(!catch_up(&cluster).caught_up);
        hear(&mut cluster, 2, 1, heartbeat_answer());
        assert!(catch_up(&cluster).caught_up);
        propose(&mut cluster, 1);
        for tick in 1..=TIMEOUT {
            cluster.tick(1, 1);
            hear(&mut cluster, 2, 1, heartbeat_answer());
            assert_eq!(catch_up(&cluster).caught_up, tick < TIMEOUT, "at {tick}");
        }
        let text = "node 2 is 1 entries behind, after 2 rounds, the last of 0 ticks, 10 ticks into the next";
        assert_eq!(catch_up(&cluster).to_string(), text);
        take(&mut cluster, Accept(1));
        assert!(catch_up(&cluster).caught_up);
    }
}

/// Who can be asked about whom, and promote whom.
#[test]
fn who_may_promote_whom() {
    let refused = |refusal| Err(ProposeError::Change(refusal));
    let of = |cluster: &mut Cluster, peer| {
        let known = cluster.raw(1).catch_up(peer).is_some();
        (known, cluster.node(1).propose_promotion(peer).map(|_| ()))
    };
    let mut cluster = group(config(1));
    take(&mut cluster, Accept(2));
    for id in [0, 1, 3, u64::MAX] {
        let expected = (false, refused(ChangeRefusal::NotLearner { id }));
        assert_eq!(of(&mut cluster, id), expected, "{id}: a voter, or nobody");
    }
    assert_eq!(of(&mut cluster, 2), (true, Ok(())));
    let pending = ChangeRefusal::Pending { index: 3, applied: 2 };
    assert_eq!(of(&mut cluster, 2), (true, refused(pending)), "once");
    says(&mut cluster);
    assert!(cluster.raw(1).membership().is_voter(2));
    let voter = refused(ChangeRefusal::NotLearner { id: 2 });
    assert_eq!(of(&mut cluster, 2), (false, voter));
    // Nobody but a leader can tell, and a follower passes nothing on.
    let mut follower = alone(config(1), store(&[1, 2, 3]));
    assert_eq!(of(&mut follower, 2), (false, Err(ProposeError::NoLeader)));
    hear(&mut follower, 3, 1, heartbeat(1));
    assert_eq!(
        of(&mut follower, 2),
        (false, Err(ProposeError::NotLeader { leader: 3 }))
    );
    assert!(says(&mut follower).is_empty());
}

/// Each leader counts for itself, from when it leads or the node learns; who is demoted has all there is.
#[test]
fn when_counting_begins() {
    let mut cluster = group(config(1));
    take(&mut cluster, Accept(2));
    take(&mut cluster, Ticks(3));
    let term = cluster.term(1);
    hear(&mut cluster, 9, term + 1, heartbeat(2)); // somebody else led meanwhile
    assert_eq!(
        (cluster.role(1), cluster.raw(1).catch_up(2)),
        (RoleKind::Follower, None)
    );
    cluster.tick(1, TIMEOUT);
    let cluster = lead(cluster, 1);
    assert_eq!(numbers(&catch_up(&cluster)), (0, None, 0, 3, 3));
    // A newcomer has the whole log before it; and who is demoted nothing.
    let mut cluster = Cluster::led(3);
    for (kind, expected) in [
        (ConfChangeKind::AddLearnerNode, (1, Some(0), 0, 0, 0)),
        (ConfChangeKind::AddNode, (0, None, 0, 0, 0)),
    ] {
        let change = ConfChangeV2::new([(kind, 2)]);
        let _ = cluster.node(1).propose_conf_change(change).expect("it may");
        cluster.settle();
        let seen = cluster.raw(1).catch_up(2).as_ref().map(numbers);
        assert_eq!(
            seen,
            (kind == ConfChangeKind::AddLearnerNode).then_some(expected),
            "{kind:?}"
        );
    }
    let change = ConfChangeV2::new([(ConfChangeKind::AddLearnerNode, 4)]);
    let proposed = cluster.node(1).propose_conf_change(change).expect("it may");
    cluster.settle();
    let Proposed::At { index, .. } = proposed else {
        panic!("it leads")
    };
    let seen = cluster.raw(1).catch_up(4).as_ref().map(numbers);
    assert_eq!(seen, Some((0, None, 0, index, index)));
}
