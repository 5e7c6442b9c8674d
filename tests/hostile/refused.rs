//! What is wrong with a message has a name of its own.

use quorate::error::{ChangeRefusal, ProposeError, StepError};
use quorate::types::NUMBER_MAX;

use crate::recipe::{Kind, Recipe};
use crate::session::step;
use crate::subjects::{Subject, subjects_in};
use crate::support::mode::Mode;

fn named(name: &str) -> Subject {
    let found = subjects_in(Mode::default())
        .into_iter()
        .find(|subject| subject.name == name);
    found.expect("a subject of this name")
}

/// What a peer might say, with the number at `position` (see [`Recipe`]) replaced.
fn refusal(subject: &Subject, kind: Kind, position: usize, number: u64) -> StepError {
    let from = if subject.id == 1 { 2 } else { 1 };
    let mut node = subject.cluster.raw(subject.id).clone();
    let mut recipe = Recipe::plausible(kind, from, &node);
    recipe.numbers[position] = number;
    let message = recipe.message();
    step(&mut node, message.clone()).expect_err(&message.to_string())
}

/// The same in another shape.
fn refusal_of_shape(subject: &Subject, kind: Kind, shape: usize) -> StepError {
    let mut node = subject.cluster.raw(subject.id).clone();
    let from = if subject.id == 1 { 2 } else { 1 };
    let recipe = Recipe {
        shape,
        ..Recipe::plausible(kind, from, &node)
    };
    step(&mut node, recipe.message()).expect_err("it is malformed")
}

#[test]
fn envelopes() {
    let follower = named("follower with a leader");
    let out_of_range = NUMBER_MAX + 1;
    let last = follower.cluster.raw(2).status().last_index;
    let cases = [
        (Kind::Heartbeat, 1, 3, StepError::Misrouted { to: 3, id: 2 }),
        (Kind::Heartbeat, 0, 0, StepError::ImpossibleSender { from: 0 }),
        (Kind::Heartbeat, 0, 2, StepError::ImpossibleSender { from: 2 }),
        (Kind::Rejected, 0, 2, StepError::ImpossibleSender { from: 2 }),
        (Kind::Rejected, 0, 4, StepError::UnknownPeer { from: 4 }),
        (Kind::VoteResponse, 0, 4, StepError::UnknownPeer { from: 4 }),
        (Kind::Append, 2, 0, StepError::MissingTerm),
        (Kind::TimeoutNow, 2, 0, StepError::MissingTerm),
        (Kind::RequestVote, 2, 0, StepError::MissingTerm),
        (Kind::Propose, 2, 1, StepError::UnexpectedTerm(1)),
        (Kind::ReadIndex, 2, 1, StepError::UnexpectedTerm(1)),
        (Kind::TimeoutNow, 2, out_of_range, StepError::OutOfRange("term")),
        (Kind::Append, 4, out_of_range, StepError::OutOfRange("prev")),
        (Kind::Append, 5, out_of_range, StepError::OutOfRange("commit")),
        (Kind::Append, 7, out_of_range, StepError::OutOfRange("entry")),
        (Kind::Accepted, 3, out_of_range, StepError::OutOfRange("index")),
        (Kind::Rejected, 3, out_of_range, StepError::OutOfRange("index")),
        (Kind::Rejected, 5, out_of_range, StepError::OutOfRange("hint")),
        (Kind::PreVote, 4, out_of_range, StepError::OutOfRange("last")),
        (
            Kind::InstallSnapshot,
            3,
            out_of_range,
            StepError::OutOfRange("snapshot"),
        ),
        (Kind::ReadIndexResponse, 3, out_of_range, StepError::OutOfRange("index")),
        (
            Kind::Heartbeat,
            3,
            last + 1,
            StepError::BeyondLog { index: last + 1, last },
        ),
    ];
    for (kind, position, number, expected) in cases {
        assert_eq!(refusal(&follower, kind, position, number), expected, "{kind:?}");
    }
}

#[test]
fn what_contradicts_itself() {
    let follower = named("follower with a leader");
    let term = follower.cluster.term(2);
    let numbers = [
        (Kind::Append, 3, term + 1),
        (Kind::Append, 6, term + 1),
        (Kind::Append, 6, 0),
        (Kind::Append, 7, 1),
        (Kind::RequestVote, 3, term + 2),
        (Kind::InstallSnapshot, 4, term + 1),
        (Kind::InstallSnapshot, 4, 0),
    ];
    for (kind, position, number) in numbers {
        let error = refusal(&follower, kind, position, number);
        assert!(matches!(error, StepError::Malformed(_)), "{kind:?} {position}: {error}");
    }
    for shape in 3..10 {
        let error = refusal_of_shape(&follower, Kind::Append, shape);
        assert!(matches!(error, StepError::Malformed(_)), "shape {shape}: {error}");
    }
    for shape in 4..11 {
        let error = refusal_of_shape(&follower, Kind::InstallSnapshot, shape);
        assert!(matches!(error, StepError::ConfState(_)), "shape {shape}: {error}");
    }
}

#[test]
fn what_a_leader_is_told() {
    let leader = named("leader");
    let last = leader.cluster.raw(1).status().last_index;
    let expected = StepError::BeyondLog { index: last + 1, last };
    assert_eq!(refusal(&leader, Kind::Accepted, 3, last + 1), expected);

    let proposal = |shape| match refusal_of_shape(&leader, Kind::Propose, shape) {
        StepError::Proposal(error) => error,
        error => panic!("shape {shape}: {error}"),
    };
    assert_eq!(proposal(1), ProposeError::Empty);
    for shape in [3, 4] {
        let undecodable = matches!(proposal(shape), ProposeError::Change(ChangeRefusal::Undecodable(_)));
        assert!(undecodable, "shape {shape}");
    }
    let invalid = proposal(6);
    assert!(
        matches!(invalid, ProposeError::Change(ChangeRefusal::Invalid(_))),
        "{invalid}"
    );
    for shape in [8, 9] {
        assert_eq!(proposal(shape), ProposeError::Change(ChangeRefusal::NotJoint));
    }
    assert!(matches!(
        proposal(10),
        ProposeError::Change(ChangeRefusal::Pending { .. })
    ));
}
