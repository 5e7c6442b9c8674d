//! Configuration changes: tables, a model that looks at each node by itself, and random histories.

use std::collections::BTreeSet;

use proptest::prelude::*;
use quorate::ConfState;
use quorate::membership::{
    ChangeError, Changed, ConfChangeKind, ConfChangeSingle, ConfChangeV2, Membership, Transition,
};

const KINDS: [(char, ConfChangeKind); 4] = [
    ('v', ConfChangeKind::AddNode),
    ('l', ConfChangeKind::AddLearnerNode),
    ('r', ConfChangeKind::RemoveNode),
    ('u', ConfChangeKind::UpdateNode),
];

/// "v1 l2 r3 u4#7": add a voter, add a learner, remove, update; whose store has this identity.
fn list(words: &str) -> Vec<ConfChangeSingle> {
    let single = |word: &str| {
        let (letter, id) = word.split_at(1);
        let (_, kind) = KINDS.into_iter().find(|(known, _)| letter.starts_with(*known)).unwrap();
        let (id, identity) = id.split_once('#').unwrap_or((id, "0"));
        ConfChangeSingle::new(kind, id.parse().unwrap()).with_identity(identity.parse().unwrap())
    };
    words.split_whitespace().map(single).collect()
}

fn state(voters: &[u64], learners: &[u64], outgoing: &[u64], next: &[u64]) -> ConfState {
    ConfState::of_voters(voters.to_vec())
        .with_learners(learners.to_vec())
        .with_voters_outgoing(outgoing.to_vec())
        .with_learners_next(next.to_vec())
}

fn group(voters: &[u64], learners: &[u64]) -> Membership {
    Membership::restore(&state(voters, learners, &[], &[])).unwrap()
}

/// The configuration, and who is fresh.
fn told(changed: Result<Changed, ChangeError>) -> String {
    match changed {
        Ok(changed) if changed.fresh.is_empty() => changed.membership.to_string(),
        Ok(changed) => format!("{} fresh={:?}", changed.membership, changed.fresh),
        Err(error) => error.to_string(),
    }
}

// ---- tables ----

#[test]
fn simple_changes() {
    let table = [
        // One voter more or less.
        ("v5", "voters=(1 2 3 5) learners=(4) fresh=[5]"),
        ("r3", "voters=(1 2) learners=(4)"),
        // Promotion and demotion keep what is known of a node's log.
        ("v4", "voters=(1 2 3 4)"),
        ("l3", "voters=(1 2) learners=(3 4)"),
        // Learners come and go in any number.
        ("l5 l6 r4", "voters=(1 2 3) learners=(5 6) fresh=[5, 6]"),
        // What is so already.
        ("v1", "voters=(1 2 3) learners=(4)"),
        ("l4", "voters=(1 2 3) learners=(4)"),
        ("r9", "voters=(1 2 3) learners=(4)"),
        ("u1 u4 u9", "voters=(1 2 3) learners=(4)"),
        // Zero is nobody.
        ("v0 l0 r0 u0", "voters=(1 2 3) learners=(4)"),
        // The order counts.
        ("v5 l5", "voters=(1 2 3) learners=(4 5) fresh=[5]"),
        ("l5 v5", "voters=(1 2 3 5) learners=(4) fresh=[5]"),
        ("l3 v3 l3 v3", "voters=(1 2 3) learners=(4)"),
        ("v5 r5", "voters=(1 2 3) learners=(4)"),
        // Removed and added again in one change: nothing is known of it any more.
        ("r3 v3", "voters=(1 2 3) learners=(4) fresh=[3]"),
        ("r3 l3", "voters=(1 2) learners=(3 4) fresh=[3]"),
        ("r4 l4", "voters=(1 2 3) learners=(4) fresh=[4]"),
        ("r4 v4", "voters=(1 2 3 4) fresh=[4]"),
        ("r3 v3 r3", "voters=(1 2) learners=(4)"),
        // Too much at once.
        ("v5 v6", "more than one voter changed without entering joint config"),
        ("v5 r1", "more than one voter changed without entering joint config"),
        ("l1 l2", "more than one voter changed without entering joint config"),
        ("v5 v4", "more than one voter changed without entering joint config"),
        ("r1 r2 r3", "removed all voters"),
        ("l1 l2 l3", "removed all voters"),
    ];
    for (words, expected) in table {
        assert_eq!(told(group(&[1, 2, 3], &[4]).simple(&list(words))), expected, "{words}");
    }
}

#[test]
fn joint_changes() {
    // The change, the configuration while joint, and after it.
    let table = [
        (
            "",
            "voters=(1 2 3)&&(1 2 3) learners=(4)",
            "voters=(1 2 3) learners=(4)",
        ),
        (
            "v5 r1 r2",
            "voters=(3 5)&&(1 2 3) learners=(4) fresh=[5]",
            "voters=(3 5) learners=(4)",
        ),
        // A demoted voter votes on in the outgoing half, and must not be a learner as yet.
        (
            "l1 l2",
            "voters=(3)&&(1 2 3) learners=(4) learners_next=(1 2)",
            "voters=(3) learners=(1 2 4)",
        ),
        (
            "l1 l1",
            "voters=(2 3)&&(1 2 3) learners=(4) learners_next=(1)",
            "voters=(2 3) learners=(1 4)",
        ),
        (
            "v4 l3",
            "voters=(1 2 4)&&(1 2 3) learners_next=(3)",
            "voters=(1 2 4) learners=(3)",
        ),
        // Second thoughts about a demotion.
        (
            "l1 v1",
            "voters=(1 2 3)&&(1 2 3) learners=(4)",
            "voters=(1 2 3) learners=(4)",
        ),
        (
            "l1 r1",
            "voters=(2 3)&&(1 2 3) learners=(4)",
            "voters=(2 3) learners=(4)",
        ),
        (
            "r1 l1",
            "voters=(2 3)&&(1 2 3) learners=(4) learners_next=(1)",
            "voters=(2 3) learners=(1 4)",
        ),
        // An outgoing voter stays a member, so that adding it again forgets nothing.
        (
            "r1 v1",
            "voters=(1 2 3)&&(1 2 3) learners=(4)",
            "voters=(1 2 3) learners=(4)",
        ),
        // A learner does not.
        ("r4 v4", "voters=(1 2 3 4)&&(1 2 3) fresh=[4]", "voters=(1 2 3 4)"),
        (
            "r4 l4",
            "voters=(1 2 3)&&(1 2 3) learners=(4) fresh=[4]",
            "voters=(1 2 3) learners=(4)",
        ),
        (
            "v5 l5",
            "voters=(1 2 3)&&(1 2 3) learners=(4 5) fresh=[5]",
            "voters=(1 2 3) learners=(4 5)",
        ),
        (
            "v5 r5 r9 u9 v0",
            "voters=(1 2 3)&&(1 2 3) learners=(4)",
            "voters=(1 2 3) learners=(4)",
        ),
        ("r1 r2 r3", "removed all voters", ""),
    ];
    for (words, joint, left) in table {
        let entered = group(&[1, 2, 3], &[4]).enter_joint(false, &list(words));
        assert_eq!(told(entered.clone()), joint, "{words}");
        if let Ok(entered) = entered {
            assert_eq!(told(entered.membership.leave_joint()), left, "{words}");
        }
    }
}

#[test]
fn what_a_joint_configuration_refuses() {
    let rest = group(&[1, 2], &[]);
    let joint = rest.enter_joint(false, &list("v3")).unwrap().membership;
    assert_eq!(joint.enter_joint(true, &list("v4")), Err(ChangeError::AlreadyJoint));
    assert_eq!(joint.simple(&list("v4")), Err(ChangeError::SimpleWhileJoint));
    assert_eq!(joint.simple(&[]), Err(ChangeError::SimpleWhileJoint));
    assert_eq!(rest.leave_joint(), Err(ChangeError::NotJoint));
    assert_eq!(Membership::default().leave_joint(), Err(ChangeError::NotJoint));

    let nobody = Membership::default();
    assert_eq!(
        nobody.enter_joint(false, &list("v1")),
        Err(ChangeError::JointWithoutVoters)
    );
    assert_eq!(nobody.simple(&list("l1")), Err(ChangeError::RemovedAllVoters));
    assert_eq!(
        told(nobody.simple(&list("l2 v1"))),
        "voters=(1) learners=(2) fresh=[1, 2]"
    );
}

/// Other tools compare these words.
#[test]
fn refusals_in_words() {
    let words = [
        (ChangeError::AlreadyJoint, "config is already joint"),
        (ChangeError::JointWithoutVoters, "can't make a zero-voter config joint"),
        (ChangeError::NotJoint, "can't leave a non-joint config"),
        (
            ChangeError::SimpleWhileJoint,
            "can't apply simple config change in joint config",
        ),
        (
            ChangeError::MoreThanOneVoter,
            "more than one voter changed without entering joint config",
        ),
        (ChangeError::RemovedAllVoters, "removed all voters"),
    ];
    for (error, expected) in words {
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn the_transition_says_how() {
    use Transition::{Auto, JointExplicit, JointImplicit};
    let rest = group(&[1, 2, 3], &[]);
    let table = [
        (Auto, "v4", "voters=(1 2 3 4) fresh=[4]"),
        (Auto, "v4 r1", "voters=(2 3 4)&&(1 2 3) autoleave fresh=[4]"),
        (Auto, "", "can't leave a non-joint config"),
        (JointImplicit, "v4", "voters=(1 2 3 4)&&(1 2 3) autoleave fresh=[4]"),
        (JointImplicit, "", "voters=(1 2 3)&&(1 2 3) autoleave"),
        (JointExplicit, "v4", "voters=(1 2 3 4)&&(1 2 3) fresh=[4]"),
        (JointExplicit, "", "voters=(1 2 3)&&(1 2 3)"),
    ];
    for (transition, words, expected) in table {
        let change = ConfChangeV2::new(list(words)).with_transition(transition);
        assert_eq!(told(rest.change(&change)), expected, "{transition:?} {words}");
    }

    for auto_leave in [false, true] {
        let joint = rest.enter_joint(auto_leave, &list("v4 l1")).unwrap().membership;
        assert_eq!(joint.auto_leave(), auto_leave);
        let left = joint.change(&ConfChangeV2::leave_joint());
        assert_eq!(told(left), "voters=(2 3 4) learners=(1)");
    }
}

/// Whose store is named when, and which names are refused.
#[test]
fn who_is_who() {
    use ChangeError::{IdentityNeedsUpdate, IdentityOfNobody, OtherIdentity};
    let before = state(&[1, 2, 3], &[4], &[], &[]).with_identities([(2, 7), (4, 8)]);
    let before = Membership::restore(&before).unwrap();
    let other = |id, known, named| Err(OtherIdentity { id, known, named });
    let table = [
        // A new member, with a name and without.
        ("v5#9", Ok("2#7 4#8 5#9")),
        ("l5#9", Ok("2#7 4#8 5#9")),
        ("v5", Ok("2#7 4#8")),
        ("v5#9 v6#9", Ok("2#7 4#8 5#9 6#9")),
        ("v5#9 l5#9", Ok("2#7 4#8 5#9")),
        ("v5#9 l5#6", other(5, 9, 6)),
        // A member keeps its name, whatever becomes of it.
        ("v4", Ok("2#7 4#8")),
        ("v4#8", Ok("2#7 4#8")),
        ("l2", Ok("2#7 4#8")),
        ("r2 l2", Ok("2#7 4#8")),
        ("r2#7 v2#7", Ok("2#7 4#8")),
        ("v4#9", other(4, 8, 9)),
        ("r2 v2#9", other(2, 7, 9)),
        ("r2#9", other(2, 7, 9)),
        // An update names who has none, and does nothing else.
        ("u1#6", Ok("1#6 2#7 4#8")),
        ("u2#7", Ok("2#7 4#8")),
        ("u1", Ok("2#7 4#8")),
        ("u2#9", other(2, 7, 9)),
        ("u5#9", Err(IdentityOfNobody(5))),
        ("r5#9", Err(IdentityOfNobody(5))),
        ("u1#6 u3#6", Err(IdentityNeedsUpdate(1))),
        ("v1#6", Err(IdentityNeedsUpdate(1))),
        ("r1 v1#6", Err(IdentityNeedsUpdate(1))),
        // Who leaves takes its name along, once it is no voter at all.
        ("r4", Ok("2#7")),
        ("r2", Ok("4#8")),
        ("r2 r1", Ok("2#7 4#8")),
    ];
    for (changes, expected) in table {
        let changed = before.change(&ConfChangeV2::new(list(changes)));
        let names = |changed: Changed| {
            let names = changed.membership.identities().iter();
            let names: Vec<String> = names.map(|(id, identity)| format!("{id}#{identity}")).collect();
            names.join(" ")
        };
        assert_eq!(changed.map(names), expected.map(str::to_string), "{changes}");
    }
    let gone = before.enter_joint(true, &list("r2 v5#9")).unwrap().membership;
    assert_eq!(gone.identity(2), Some(7));
    let gone = gone.leave_joint().unwrap().membership;
    assert_eq!((gone.identity(2), gone.identity(5)), (None, Some(9)));
    // Back with another store, after two changes.
    let back = gone.change(&ConfChangeV2::new([
        ConfChangeSingle::new(ConfChangeKind::AddNode, 2).with_identity(6)
    ]));
    assert_eq!(back.unwrap().membership.identity(2), Some(6));
}

#[test]
fn what_is_no_configuration() {
    let auto_leave = |state: ConfState| state.with_auto_leave(true);
    let table = [
        (state(&[0, 1], &[], &[], &[]), ChangeError::ZeroId),
        (state(&[1], &[0], &[], &[]), ChangeError::ZeroId),
        (state(&[1], &[], &[1, 0], &[]), ChangeError::ZeroId),
        (state(&[1], &[], &[2], &[0]), ChangeError::ZeroId),
        (state(&[1, 2, 1], &[], &[], &[]), ChangeError::RepeatedId(1)),
        (state(&[1], &[3, 2, 3], &[], &[]), ChangeError::RepeatedId(3)),
        (state(&[1], &[], &[4, 4], &[]), ChangeError::RepeatedId(4)),
        (state(&[1], &[], &[2, 5], &[5, 5]), ChangeError::RepeatedId(5)),
        (
            state(&[1], &[], &[], &[]).with_identities([(2, 7)]),
            ChangeError::IdentityOfNobody(2),
        ),
        (
            state(&[1], &[], &[], &[]).with_identities([(1, 0)]),
            ChangeError::IdentityZero(1),
        ),
        (
            state(&[1], &[], &[], &[]).with_identities([(1, 7), (1, 7)]),
            ChangeError::RepeatedId(1),
        ),
        (state(&[], &[1], &[], &[]), ChangeError::NoVoters),
        (state(&[], &[], &[1], &[]), ChangeError::NoVoters),
        (state(&[], &[], &[1], &[1]), ChangeError::NoVoters),
        (auto_leave(ConfState::default()), ChangeError::NoVoters),
        (state(&[1, 2], &[2], &[], &[]), ChangeError::VoterLearns(2)),
        (state(&[1], &[2], &[2], &[]), ChangeError::VoterLearns(2)),
        (state(&[1], &[2], &[], &[2]), ChangeError::LearnsNextWithoutVoting(2)),
        (state(&[1], &[], &[2], &[3]), ChangeError::LearnsNextWithoutVoting(3)),
        (state(&[1], &[], &[1, 2], &[1]), ChangeError::LearnsNextAndVotes(1)),
        (
            auto_leave(state(&[1], &[], &[], &[])),
            ChangeError::AutoLeaveWithoutJoint,
        ),
    ];
    for (state, expected) in table {
        assert_eq!(Membership::restore(&state), Err(expected), "{state:?}");
    }
}

#[test]
fn restore_sorts() {
    let stored = state(&[9, 1, 5], &[8, 2], &[7, 6, 1], &[7, 6]);
    let restored = Membership::restore(&stored).unwrap();
    assert_eq!(
        restored.to_string(),
        "voters=(1 5 9)&&(1 6 7) learners=(2 8) learners_next=(6 7)"
    );
    assert_eq!(restored.members(), [1, 2, 5, 6, 7, 8, 9]);
    assert_eq!(Membership::restore(&ConfState::default()), Ok(Membership::default()));
}

// ---- random histories ----

/// One call that changes a configuration.
#[derive(Clone, Debug)]
enum Call {
    Simple(Vec<ConfChangeSingle>),
    EnterJoint(bool, Vec<ConfChangeSingle>),
    LeaveJoint,
    Change(ConfChangeV2),
}

impl Call {
    fn on(&self, membership: &Membership) -> Result<Changed, ChangeError> {
        match self {
            Self::Simple(changes) => membership.simple(changes),
            Self::EnterJoint(auto_leave, changes) => membership.enter_joint(*auto_leave, changes),
            Self::LeaveJoint => membership.leave_joint(),
            Self::Change(change) => membership.change(change),
        }
    }
}

/// Few ids, so that changes meet; zero among them.
fn single() -> impl Strategy<Value = ConfChangeSingle> {
    let kind = prop::sample::select(KINDS.map(|(_, kind)| kind).to_vec());
    let identity = prop_oneof![3 => Just(0), 1 => 1..3_u64];
    (kind, 0..8_u64, identity).prop_map(|(kind, id, identity)| ConfChangeSingle::new(kind, id).with_identity(identity))
}

fn singles() -> impl Strategy<Value = Vec<ConfChangeSingle>> {
    prop::collection::vec(single(), 0..6)
}

fn call() -> impl Strategy<Value = Call> {
    let transition = prop::sample::select(vec![
        Transition::Auto,
        Transition::JointImplicit,
        Transition::JointExplicit,
    ]);
    let change = (transition, singles())
        .prop_map(|(transition, changes)| ConfChangeV2::new(changes).with_transition(transition));
    prop_oneof![
        2 => single().prop_map(|change| Call::Simple(vec![change])),
        2 => singles().prop_map(Call::Simple),
        3 => (any::<bool>(), singles()).prop_map(|(auto, list)| Call::EnterJoint(auto, list)),
        3 => Just(Call::LeaveJoint),
        2 => change.prop_map(Call::Change),
    ]
}

/// Whatever can be reached from a group of some size; the calls that are refused do nothing.
fn reached() -> impl Strategy<Value = Membership> {
    let start = prop::sample::select(vec![
        group(&[1], &[2]),
        group(&[1, 2, 3], &[4]),
        group(&[1, 2, 3, 4, 5], &[6]),
    ]);
    (start, prop::collection::vec(call(), 0..12)).prop_map(|(start, calls)| {
        let step = |membership: Membership, call: &Call| match call.on(&membership) {
            Ok(changed) => changed.membership,
            Err(_) => membership,
        };
        calls.iter().fold(start, step)
    })
}

/// One that is not joint.
fn at_rest() -> impl Strategy<Value = Membership> {
    reached().prop_map(|membership| match membership.leave_joint() {
        Ok(left) => left.membership,
        Err(_) => membership,
    })
}

/// Any lists at all.
fn any_state() -> impl Strategy<Value = ConfState> {
    let id = prop_oneof![1 => Just(0), 30 => 1..9_u64];
    let ids = |most| prop::collection::vec(id.clone(), 0..most);
    let lists = (ids(4), ids(3), ids(4), ids(3));
    let identities = prop::collection::vec((id.clone(), 0..3_u64), 0..2);
    (lists, any::<bool>(), identities).prop_map(|((voters, learners, outgoing, next), auto_leave, identities)| {
        let state = state(&voters, &learners, &outgoing, &next);
        state.with_auto_leave(auto_leave).with_identities(identities)
    })
}

/// A legal state to which one thing was done that may or may not hurt.
fn touched_state() -> impl Strategy<Value = ConfState> {
    (reached(), 0..6_usize, 0..8_u64).prop_map(|(membership, part, id)| {
        let mut state = membership.conf_state();
        match part {
            0 => state.voters.push(id),
            1 => state.learners.push(id),
            2 => state.voters_outgoing.push(id),
            3 => state.learners_next.push(id),
            4 => state.identities.push((id, 1)),
            _ => state.auto_leave = !state.auto_leave,
        }
        state
    })
}

fn set(ids: &[u64]) -> BTreeSet<u64> {
    ids.iter().copied().collect()
}

/// The rules of a configuration, said in sets.
fn is_legal(state: &ConfState) -> bool {
    let lists = [
        &state.voters,
        &state.learners,
        &state.voters_outgoing,
        &state.learners_next,
    ];
    let [incoming, learners, outgoing, next] = lists.map(|ids| set(ids));
    let voters = &incoming | &outgoing;
    let lists_are_sets = lists.iter().all(|ids| set(ids).len() == ids.len() && !ids.contains(&0));
    let nothing = voters.is_empty() && learners.is_empty() && next.is_empty() && !state.auto_leave;
    let named: BTreeSet<u64> = state.identities.iter().map(|(id, _)| *id).collect();
    lists_are_sets
        && named.len() == state.identities.len()
        && named.is_subset(&(&voters | &learners))
        && state.identities.iter().all(|(_, identity)| *identity > 0)
        && (nothing || !incoming.is_empty())
        && learners.is_disjoint(&voters)
        && next.is_subset(&(&outgoing - &incoming))
        && (!outgoing.is_empty() || (next.is_empty() && !state.auto_leave))
}

fn sorted(mut state: ConfState) -> ConfState {
    state.voters.sort_unstable();
    state.learners.sort_unstable();
    state.voters_outgoing.sort_unstable();
    state.learners_next.sort_unstable();
    state.identities.sort_unstable();
    state
}

/// What a list of changes makes of one node. Nodes do not affect each other, so that this and the
/// voters it had before say all: the last word counts, and whoever is no member at some point and
/// one in the end is fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Node {
    votes: bool,
    learns: bool,
    fresh: bool,
}

fn model(before: &Membership, joint: bool, changes: &[ConfChangeSingle], id: u64) -> Node {
    let stays = joint && before.is_voter(id);
    let mut node = Node {
        votes: before.is_voter(id),
        learns: before.is_learner(id),
        fresh: !before.contains(id),
    };
    for change in changes.iter().filter(|change| change.node_id == id && id != 0) {
        (node.votes, node.learns) = match change.kind {
            ConfChangeKind::AddNode => (true, false),
            ConfChangeKind::AddLearnerNode => (false, true),
            ConfChangeKind::RemoveNode => (false, false),
            ConfChangeKind::UpdateNode => (node.votes, node.learns),
        };
        node.fresh |= !(node.votes || node.learns || stays);
    }
    node.fresh &= node.votes || node.learns;
    node
}

proptest! {
    #[test]
    fn every_history_keeps_the_rules(calls in prop::collection::vec(call(), 0..20)) {
        let mut membership = Membership::default();
        for call in calls {
            let before = membership.clone();
            let Ok(changed) = call.on(&membership) else {
                prop_assert_eq!(&membership, &before);
                continue;
            };
            let after = &changed.membership;
            prop_assert!(is_legal(&after.conf_state()), "{after}");
            prop_assert!(!after.voters().incoming().is_empty());
            prop_assert_eq!(Membership::restore(&after.conf_state()), Ok(after.clone()));

            // Everybody new is fresh, nobody who is gone, and the list is a sorted set.
            let fresh = set(&changed.fresh);
            prop_assert_eq!(fresh.iter().copied().collect::<Vec<_>>(), changed.fresh.clone());
            prop_assert!(fresh.iter().all(|&id| after.contains(id)));
            let new: BTreeSet<u64> = &set(&after.members()) - &set(&before.members());
            prop_assert!(new.is_subset(&fresh));

            // Whoever stays has the store it had; only an update by itself names that of who is there.
            for &(id, identity) in before.identities().iter().filter(|(id, _)| after.contains(*id)) {
                prop_assert_eq!(after.identity(id), Some(identity));
            }
            let named = |id: &&u64| before.identity(**id).is_none() && after.identity(**id).is_some();
            let newly = before.members().iter().filter(|id| after.contains(**id)).filter(named).count();
            let update = matches!(&call, Call::Simple(list) | Call::EnterJoint(_, list)
                | Call::Change(ConfChangeV2 { changes: list, .. })
                if matches!(&list[..], [one] if one.kind == ConfChangeKind::UpdateNode));
            prop_assert!(newly == 0 || (newly == 1 && update));
            membership = changed.membership;
        }
    }

    #[test]
    fn a_change_does_to_each_node_what_its_last_word_says(
        before in at_rest(), joint in any::<bool>(), changes in singles(),
    ) {
        let after = if joint {
            before.enter_joint(false, &changes)
        } else {
            before.simple(&changes)
        };
        let nodes: Vec<(u64, Node)> =
            (0..8).map(|id| (id, model(&before, joint, &changes, id))).collect();
        let turned = nodes.iter().filter(|(id, node)| node.votes != before.is_voter(*id)).count();
        let expected = if nodes.iter().all(|(_, node)| !node.votes) {
            Err(ChangeError::RemovedAllVoters)
        } else if turned > 1 && !joint {
            Err(ChangeError::MoreThanOneVoter)
        } else {
            Ok(nodes)
        };
        let seen = after.map(|after| {
            let incoming = after.membership.voters().incoming().clone();
            let next = after.membership.learners_next().to_vec();
            let node = |id| Node {
                votes: incoming.contains(id),
                learns: after.membership.is_learner(id) || next.contains(&id),
                fresh: after.fresh.contains(&id),
            };
            (0..8).map(|id| (id, node(id))).collect::<Vec<_>>()
        });
        prop_assert_eq!(seen, expected);
    }

    /// Who knows nothing of identities has the same members.
    #[test]
    fn identities_do_not_say_who_is_a_member(before in at_rest(), joint in any::<bool>(), changes in singles()) {
        let unnamed = |membership: Membership| membership.conf_state().with_identities([]);
        let make = |membership: &Membership, changes: &[ConfChangeSingle]| {
            let changed = if joint { membership.enter_joint(true, changes) } else { membership.simple(changes) };
            changed.map(|changed| unnamed(changed.membership))
        };
        let plain: Vec<_> = changes.iter().map(|single| single.with_identity(0)).collect();
        let nameless = Membership::restore(&unnamed(before.clone())).unwrap();
        prop_assert_eq!(make(&before, &changes), make(&nameless, &plain));
    }

    #[test]
    fn one_change_is_the_same_at_once_and_through_a_joint_configuration(
        before in at_rest(), change in single(), auto_leave in any::<bool>(),
    ) {
        let at_once = before.simple(&[change]);
        let through = before.enter_joint(auto_leave, &[change]).map(|entered| {
            let left = entered.membership.leave_joint().unwrap();
            assert!(left.fresh.is_empty());
            let mut changed = entered;
            changed.membership = left.membership;
            changed
        });
        prop_assert_eq!(at_once, through);
    }

    #[test]
    fn every_old_majority_meets_every_new_one(before in at_rest(), changes in singles()) {
        let Ok(after) = before.simple(&changes) else { return Ok(()) };
        let (old, new) = (before.voters().incoming(), after.membership.voters().incoming());
        let everybody = &set(old.ids()) | &set(new.ids());
        prop_assert!(old.quorum_size() + new.quorum_size() > everybody.len());
    }

    #[test]
    fn a_joint_configuration_needs_the_old_voters_until_it_is_left(
        before in at_rest(), changes in singles(),
    ) {
        let Ok(joint) = before.enter_joint(true, &changes) else { return Ok(()) };
        prop_assert_eq!(joint.membership.voters().outgoing(), before.voters().incoming());
        let left = joint.membership.leave_joint().unwrap().membership;
        prop_assert_eq!(left.voters().incoming(), joint.membership.voters().incoming());
        let learners = [joint.membership.learners(), joint.membership.learners_next()].concat();
        prop_assert_eq!(set(left.learners()), set(&learners));
    }

    #[test]
    fn a_change_made_twice_is_made_once(before in at_rest(), change in single()) {
        let Ok(once) = before.simple(&[change]) else { return Ok(()) };
        let again = once.membership.simple(&[change]).unwrap();
        prop_assert_eq!(&again.membership, &once.membership);
        prop_assert!(again.fresh.is_empty());
    }

    #[test]
    fn what_is_stored_comes_back(membership in reached()) {
        prop_assert_eq!(Membership::restore(&membership.conf_state()), Ok(membership));
    }

    #[test]
    fn the_order_in_a_store_does_not_matter(
        (membership, shuffled) in reached().prop_flat_map(|membership| {
            let state = membership.conf_state();
            let lists = (
                Just(state.voters).prop_shuffle(),
                Just(state.learners).prop_shuffle(),
                Just(state.voters_outgoing).prop_shuffle(),
                Just(state.learners_next).prop_shuffle(),
            );
            let shuffled = lists.prop_map(move |(voters, learners, outgoing, next)| self::state(&voters, &learners, &outgoing, &next).with_auto_leave(state.auto_leave).with_identities(state.identities.clone().into_iter().rev()));
            (Just(membership), shuffled)
        }),
    ) {
        prop_assert_eq!(Membership::restore(&shuffled), Ok(membership));
    }

    #[test]
    fn restore_takes_what_is_legal_and_nothing_else(
        state in prop_oneof![any_state(), touched_state()],
    ) {
        match Membership::restore(&state) {
            Ok(membership) => {
                prop_assert!(is_legal(&state));
                prop_assert_eq!(membership.conf_state(), sorted(state));
            }
            Err(_) => prop_assert!(!is_legal(&state)),
        }
    }
}
