//! The judges that see causes: leases, progress, changes, reads.

use quorate::ConfState;
use quorate::error::StepError;
use quorate::membership::{ConfChangeKind::*, ConfChangeSingle, ConfChangeV2, Membership, Transition};
use quorate::quorum::{Joint, Majority};
use quorate_sim::dice::Dice;
use quorate_sim::judge::{Configurations, Judge, Lease, configuration_after};

use crate::{breaks, holds, id};

#[test]
fn promises_are_kept() {
    holds(Judge::promise_kept(1, 2, 7, 5, 2)); // as far as clocks may differ
    breaks("promises are kept", Judge::promise_kept(1, 2, 8, 5, 2));
    breaks("promises are kept", Judge::promise_kept(1, 2, 1, 0, 0));
}

#[test]
fn a_lease_rests_on_a_quorum_of_each_half() {
    let (three, four) = (Majority::new([1, 2, 3]), Majority::new([2, 3, 4, 5]));
    let (alone, moving) = (Joint::new(three.clone(), Majority::default()), Joint::new(four, three));
    let rests = |voters: &Joint, left: [Option<u64>; 6]| {
        let lease = Lease {
            leader: 1,
            ticks: 5,
            margin: 2,
            slack: 1,
        };
        Judge::lease_rests(lease, voters, |id| left[usize::try_from(id).unwrap()])
    };
    let property = "a lease rests on a quorum";
    holds(rests(&alone, [None, Some(0), Some(6), Some(0), None, None])); // the leader and node 2
    breaks(property, rests(&alone, [None, Some(9), Some(5), Some(0), None, None])); // one tick too short
    holds(rests(&alone, [None, Some(0), None, Some(0), None, None])); // node 2 is down
    holds(rests(&moving, [None, Some(0), Some(6), Some(6), Some(6), Some(0)]));
    breaks(
        property,
        rests(&moving, [None, Some(0), Some(6), Some(6), Some(0), Some(0)]),
    ); // two of four
    breaks(property, rests(&moving, [None, Some(0), Some(0), Some(0), None, None])); // none of the outgoing three
}

#[test]
fn who_may_hold_a_lease() {
    let property = "who may hold a lease";
    holds(Judge::lease_may_be_held(1, true, None, false));
    breaks(property, Judge::lease_may_be_held(1, false, None, false));
    breaks(property, Judge::lease_may_be_held(1, true, Some(7), false));
    breaks(property, Judge::lease_may_be_held(1, true, None, true));
}

#[test]
fn promises_run_down() {
    holds(Judge::runs_down(1, "promise", 5, 3, 2));
    holds(Judge::runs_down(1, "promise", 2, 3, 0));
    breaks("promises run down", Judge::runs_down(1, "promise", 5, 3, 1)); // too fast
    breaks("promises run down", Judge::runs_down(1, "silence", 5, 3, 3)); // too slowly
    holds(Judge::silence_ends(1, 5, 5));
    breaks("promises run down", Judge::silence_ends(1, 5, 6));
}

#[test]
fn what_a_leader_counts() {
    holds(Judge::matched_grows(1, 2, 7, 7));
    breaks("matched never falls", Judge::matched_grows(1, 2, 7, 6));
    holds(Judge::matched_is_held(1, 2, id(7, 3), true));
    breaks(
        "what matches is on the disk",
        Judge::matched_is_held(1, 2, id(7, 3), false),
    );
    holds(Judge::counts_what_waits(1, 25, 25));
    breaks("what waits is in the log", Judge::counts_what_waits(1, 26, 25));
    let property = "what a quorum holds is committed";
    holds(Judge::held_is_committed(1, 3, 7, Some(3), 7));
    holds(Judge::held_is_committed(1, 3, 7, Some(2), 5)); // of an earlier term: Figure 8
    breaks(property, Judge::held_is_committed(1, 3, 7, Some(3), 6));
}

#[test]
fn a_follower_commits_what_matches() {
    let property = "a follower commits what matches";
    holds(Judge::follows(2, 5, 7, 9, 7));
    holds(Judge::follows(2, 5, 5, 3, 3)); // it knew already
    breaks(property, Judge::follows(2, 5, 8, 9, 7)); // beyond what matches
    breaks(property, Judge::follows(2, 5, 7, 6, 7)); // beyond what was said
}

#[test]
fn a_hint_is_heeded() {
    holds(Judge::heeds(1, 2, 6, 0, (9, 6)));
    holds(Judge::heeds(1, 2, 8, 8, (9, 6))); // where the logs match
    holds(Judge::heeds(1, 2, 9, 0, (9, 6))); // the same question again: it may be lost
    breaks("a hint is heeded", Judge::heeds(1, 2, 7, 0, (9, 6)));
}

#[test]
fn logs_and_snapshots() {
    holds(Judge::replaces(2, id(7, 3), None));
    holds(Judge::replaces(2, id(7, 3), Some(2))); // another entry
    breaks(
        "a snapshot replaces only what differs",
        Judge::replaces(2, id(7, 3), Some(3)),
    );
    holds(Judge::term_covers(2, 3, id(7, 3)));
    breaks("no entry is of a later term", Judge::term_covers(2, 2, id(7, 3)));
    holds(Judge::idle(1, false));
    breaks("who has nothing to do says so", Judge::idle(1, true));
}

#[test]
fn who_cannot_read_promises_nothing() {
    holds(Judge::corrupt_is_quiet(1, None, true));
    holds(Judge::corrupt_is_quiet(1, Some(7), false));
    breaks(
        "who cannot read promises nothing",
        Judge::corrupt_is_quiet(1, Some(7), true),
    );
}

#[test]
fn changes_one_at_a_time() {
    holds(Judge::stores_change(1, 9, Some(7), 7));
    holds(Judge::stores_change(1, 9, None, 7));
    breaks("one change at a time", Judge::stores_change(1, 9, Some(8), 7));
    holds(Judge::campaigns(1, None, 7));
    breaks("no campaign beside a change", Judge::campaigns(1, Some(8), 7));
}

#[test]
fn reads_come_back_and_are_confirmed() {
    holds(Judge::reads_wait(1, 2, 3)); // one is another node's
    breaks("no read is forgotten", Judge::reads_wait(1, 2, 1));
    holds(Judge::read_comes_back(1, 7, 10, 10));
    breaks("reads come back", Judge::read_comes_back(1, 7, 11, 10));
    let voters = Joint::new(Majority::new([1, 2, 3]), Majority::new([1, 2, 4, 5]));
    holds(Judge::read_is_confirmed(1, &voters, |id| id == 2 || id == 4));
    breaks(
        "reads are confirmed after they were asked",
        Judge::read_is_confirmed(1, &voters, |id| id == 2 || id == 3), // two of the four
    );
    holds(Judge::read_was_asked(1, true, true));
    holds(Judge::read_was_asked(1, false, false));
    breaks("responses are to what was asked", Judge::read_was_asked(1, false, true));
    let unknown = StepError::UnknownPeer { from: 2 };
    holds(Judge::hears_its_leader(1, false, &unknown));
    holds(Judge::hears_its_leader(1, true, &StepError::MissingTerm));
    breaks("who is followed is heard", Judge::hears_its_leader(1, true, &unknown));
}

#[test]
fn changes_are_what_they_say() {
    let (one, two) = (ConfState::of_voters([1]), ConfState::of_voters([1, 2]));
    let add = ConfChangeV2::new([(AddNode, 2)]);
    let mut seen = Configurations::default();
    holds(seen.applies(1, 1, &one));
    holds(seen.follows(1, 5, Some(&add), &two));
    holds(seen.follows(1, 5, None, &one)); // vetoed
    breaks("changes are what they say", seen.follows(1, 5, Some(&add), &one));
    breaks("changes are what they say", seen.follows(1, 5, None, &two));
    let named = two.clone().with_identities([(2, 7)]);
    breaks("changes are what they say", seen.follows(1, 5, Some(&add), &named));
}

/// The model and the core agree on each change of each configuration that random ones lead to.
#[test]
fn the_model_of_changes_is_the_cores() {
    let kinds = [AddNode, AddLearnerNode, RemoveNode, UpdateNode];
    let ways = [
        Transition::Auto,
        Transition::Auto,
        Transition::JointImplicit,
        Transition::JointExplicit,
    ];
    for seed in 0..200 {
        let dice = &mut Dice::new(seed);
        let mut state = ConfState::of_voters([1, 2, 3]).with_identities([(1, 0x11)]);
        for step in 0..40 {
            let count = dice.below(4);
            let singles = (0..count).map(|_| {
                let single = ConfChangeSingle::new(*dice.pick(&kinds).unwrap(), dice.between(0, 6));
                single.with_identity(*dice.pick(&[0, 0, 0x11, 0x22]).unwrap())
            });
            let singles: Vec<_> = singles.collect();
            let change = ConfChangeV2::new(singles).with_transition(*dice.pick(&ways).unwrap());
            let known = Membership::restore(&state).unwrap();
            let Ok(made) = known.change(&change) else { continue }; // which also refuses names that are not given
            let model = configuration_after(&state, &change);
            assert_eq!(
                model,
                Some(made.membership.conf_state()),
                "seed {seed}, step {step}: {change:?}"
            );
            state = made.membership.conf_state();
        }
    }
}
