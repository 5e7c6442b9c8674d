//! Counting, against models that count in other ways.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use quorate::quorum::{Joint, Majority, VoteResult};

type Ids = BTreeSet<u64>;
type Acks = BTreeMap<u64, u64>;
type Votes = BTreeMap<u64, bool>;

/// Groups below and above the size up to which counting needs no allocation.
fn ids() -> impl Strategy<Value = Ids> {
    prop::collection::btree_set(1..=14_u64, 0..=10)
}

/// Few different numbers, so that many are equal, and the largest there is.
fn acks() -> impl Strategy<Value = Acks> {
    let index = prop_oneof![8 => 0..6_u64, 1 => Just(u64::MAX), 1 => any::<u64>()];
    prop::collection::btree_map(1..=14_u64, index, 0..=14)
}

fn votes() -> impl Strategy<Value = Votes> {
    prop::collection::btree_map(1..=14_u64, any::<bool>(), 0..=14)
}

fn majority(ids: &Ids) -> Majority {
    Majority::new(ids.iter().copied())
}

fn joint(incoming: &Ids, outgoing: &Ids) -> Joint {
    Joint::new(majority(incoming), majority(outgoing))
}

fn of(known: &Acks) -> impl Fn(u64) -> Option<u64> + '_ {
    |id| known.get(&id).copied()
}

fn by(votes: &Votes) -> impl Fn(u64) -> Option<bool> + '_ {
    |id| votes.get(&id).copied()
}

/// Tries every acknowledged index and keeps the best one that more than half of the voters have.
fn model_committed(ids: &Ids, acks: &Acks) -> u64 {
    if ids.is_empty() {
        return u64::MAX;
    }
    let has = |id: &u64, index: u64| acks.get(id).is_some_and(|&ack| ack >= index);
    acks.values()
        .copied()
        .filter(|&index| 2 * ids.iter().filter(|id| has(id, index)).count() > ids.len())
        .max()
        .unwrap_or(0)
}

/// Tries every acknowledged index and keeps the best one that voters of two groups have; nothing, if there are no two
/// groups to be heard.
fn model_in_groups(ids: &Ids, acks: &Acks, groups: &Acks, silent: &Ids) -> Option<u64> {
    let groups_of =
        |voters: &mut dyn Iterator<Item = &u64>| voters.filter_map(|id| groups.get(id)).collect::<BTreeSet<_>>().len();
    if groups_of(&mut ids.iter().filter(|id| !silent.contains(id))) < 2 {
        return None;
    }
    let ack = |id: &u64| acks.get(id).copied().unwrap_or(0);
    let held = |index: u64| groups_of(&mut ids.iter().filter(|id| ack(id) >= index)) >= 2;
    ids.iter().map(ack).filter(|&index| held(index)).max()
}

/// Plays every way in which the missing votes could come in, and sees whether it matters.
fn model_vote(ids: &Ids, votes: &Votes) -> VoteResult {
    if ids.is_empty() {
        return VoteResult::Won;
    }
    let granted = ids.iter().filter(|id| votes.get(id) == Some(&true)).count();
    let missing = ids.iter().filter(|id| !votes.contains_key(id)).count();
    let wins: Vec<bool> = (0..1_u32 << missing)
        .map(|ballots| 2 * (granted + ballots.count_ones() as usize) > ids.len())
        .collect();
    match (wins.iter().all(|&won| won), wins.iter().any(|&won| won)) {
        (true, _) => VoteResult::Won,
        (_, false) => VoteResult::Lost,
        (false, true) => VoteResult::Pending,
    }
}

proptest! {
    #[test]
    fn committed_is_the_best_index_that_more_than_half_have(ids in ids(), acks in acks()) {
        let committed = majority(&ids).committed_index(of(&acks));
        prop_assert_eq!(committed, model_committed(&ids, &acks));
    }

    #[test]
    fn a_vote_is_decided_when_the_missing_ballots_cannot_matter(ids in ids(), votes in votes()) {
        prop_assert_eq!(majority(&ids).vote_result(by(&votes)), model_vote(&ids, &votes));
    }

    #[test]
    fn joint_decides_what_both_halves_decide(
        a in ids(), b in ids(), acks in acks(), votes in votes(),
    ) {
        let both = joint(&a, &b);
        let committed = model_committed(&a, &acks).min(model_committed(&b, &acks));
        prop_assert_eq!(both.committed_index(of(&acks)), committed);

        let result = match (model_vote(&a, &votes), model_vote(&b, &votes)) {
            (one, other) if one == other => one,
            (one, other) if [one, other].contains(&VoteResult::Lost) => VoteResult::Lost,
            _ => VoteResult::Pending,
        };
        prop_assert_eq!(both.vote_result(by(&votes)), result);
    }

    #[test]
    fn joint_with_itself_or_with_nobody_is_the_majority_alone(
        ids in ids(), acks in acks(), votes in votes(),
    ) {
        let alone = majority(&ids);
        let none = Ids::new();
        for same in [joint(&ids, &ids), joint(&ids, &none), joint(&none, &ids)] {
            prop_assert_eq!(same.committed_index(of(&acks)), alone.committed_index(of(&acks)));
            prop_assert_eq!(same.vote_result(by(&votes)), alone.vote_result(by(&votes)));
            prop_assert_eq!(same.ids(), alone.ids());
        }
    }

    #[test]
    fn two_groups_are_counted_in_each_half(
        a in ids(), b in ids(), acks in acks(), silent in ids(),
        groups in prop::collection::btree_map(1..=14_u64, 1..4_u64, 0..=14),
    ) {
        let group = |id| groups.get(&id).copied();
        let counted = joint(&a, &b).index_in_two_groups(of(&acks), group, |id| silent.contains(&id));
        let halves = [&a, &b].map(|ids| model_in_groups(ids, &acks, &groups, &silent));
        prop_assert_eq!(counted, halves.into_iter().flatten().min());
    }

    #[test]
    fn the_halves_have_equal_rights(a in ids(), b in ids(), acks in acks(), votes in votes()) {
        let (there, back) = (joint(&a, &b), joint(&b, &a));
        prop_assert_eq!(there.committed_index(of(&acks)), back.committed_index(of(&acks)));
        prop_assert_eq!(there.vote_result(by(&votes)), back.vote_result(by(&votes)));
        prop_assert_eq!(there.ids(), back.ids());
    }

    #[test]
    fn another_acknowledgement_never_takes_a_commit_back(
        a in ids(), b in ids(), acks in acks(), id in 1..=14_u64, more in 0..6_u64,
    ) {
        let both = joint(&a, &b);
        let mut later = acks.clone();
        let ack = later.entry(id).or_default();
        *ack = ack.saturating_add(more);
        prop_assert!(both.committed_index(of(&later)) >= both.committed_index(of(&acks)));
    }

    #[test]
    fn a_decided_vote_stays_decided(
        a in ids(), b in ids(), votes in votes(), id in 1..=14_u64, word in any::<bool>(),
    ) {
        let both = joint(&a, &b);
        let before = both.vote_result(by(&votes));
        let mut later = votes.clone();
        later.entry(id).or_insert(word);
        prop_assert!(before == VoteResult::Pending || both.vote_result(by(&later)) == before);
    }

    #[test]
    fn strangers_do_not_count(a in ids(), b in ids(), acks in acks(), votes in votes()) {
        let both = joint(&a, &b);
        let mut own_acks = acks.clone();
        own_acks.retain(|&id, _| both.contains(id));
        let mut own_votes = votes.clone();
        own_votes.retain(|&id, _| both.contains(id));
        prop_assert_eq!(both.committed_index(of(&acks)), both.committed_index(of(&own_acks)));
        prop_assert_eq!(both.vote_result(by(&votes)), both.vote_result(by(&own_votes)));
    }

    #[test]
    fn two_quorums_meet_and_no_smaller_ones_must(ids in ids()) {
        let group = majority(&ids);
        let quorum = group.quorum_size();
        if ids.is_empty() {
            prop_assert_eq!(quorum, 0);
        } else {
            prop_assert!(2 * quorum > group.len());
            prop_assert!(2 * (quorum - 1) <= group.len());
        }
    }

    #[test]
    fn ids_are_a_sorted_set(given in prop::collection::vec(any::<u64>(), 0..20)) {
        let set: Ids = given.iter().copied().collect();
        let group = Majority::new(given.iter().copied());
        prop_assert_eq!(group.ids(), set.iter().copied().collect::<Vec<_>>());
        prop_assert_eq!((group.len(), group.is_empty()), (set.len(), set.is_empty()));
        prop_assert!(given.iter().all(|&id| group.contains(id)));
        prop_assert_eq!(&group, &majority(&set));
    }

    #[test]
    fn joint_ids_are_the_union(a in ids(), b in ids(), stranger in 15..20_u64) {
        let both = joint(&a, &b);
        prop_assert_eq!(both.ids(), a.union(&b).copied().collect::<Vec<_>>());
        prop_assert!(both.ids().into_iter().all(|id| both.contains(id)));
        prop_assert!(!both.contains(stranger));
    }
}

/// Section 5.3's own picture: an entry is committed once it is stored on a majority.
#[test]
fn commit_by_group_size() {
    // What the voters 1, 2, 3 and so on have, and what is committed then.
    let table: [(&[u64], u64); 9] = [
        (&[7], 7),
        (&[7, 4], 4),
        (&[7, 4, 9], 7),
        (&[7, 4, 9, 8], 7),
        (&[5, 5, 4, 9, 9], 5),
        (&[1, 2, 3, 4, 5, 6, 7], 4),
        (&[1, 2, 3, 4, 5, 6, 7, 8], 4),
        (&[9, 8, 7, 6, 5, 4, 3, 2, 1], 5),
        (&[0, 0, 0, 0, 0, 6, 6, 6, 6, 6], 0),
    ];
    for (acks, committed) in table {
        let acks: Acks = (1..).zip(acks.iter().copied()).collect();
        let group = Majority::new(acks.keys().copied());
        assert_eq!(group.committed_index(of(&acks)), committed, "{acks:?}");
    }
}

/// The largest acknowledgement is told from the absence of voters by asking who votes.
#[test]
fn nobody_commits_everything_and_refuses_nothing() {
    let nobody = Joint::default();
    assert_eq!(nobody.committed_index(|_| None), u64::MAX);
    assert_eq!(nobody.vote_result(|_| Some(false)), VoteResult::Won);
    assert!(nobody.incoming().is_empty() && nobody.outgoing().is_empty() && nobody.ids().is_empty());
}

#[test]
fn displays() {
    let group = |ids: &[u64]| Majority::new(ids.iter().copied());
    assert_eq!(group(&[]).to_string(), "()");
    assert_eq!(group(&[12]).to_string(), "(12)");
    assert_eq!(group(&[3, 1, 2]).to_string(), "(1 2 3)");
    assert_eq!(Joint::new(group(&[3, 1]), group(&[])).to_string(), "(1 3)");
    assert_eq!(Joint::new(group(&[3, 1]), group(&[2])).to_string(), "(1 3)&&(2)");
}
