//! Worlds that the search found, as it writes them: dead ones that are cured, and those beyond the boundary.

use crate::judge::{Known, Outcome, judge};
use crate::world::parse;

fn outcome(text: &str) -> Outcome {
    let (world, end) = parse(text).expect("a world");
    assert!(
        text.starts_with(&world.to_string()),
        "some moves are not possible: {world}"
    );
    judge(&world, end)
}

/// Found when refusals of an earlier term told nothing (`o02` in the museum), when requests did not (`o03`), and when who
/// cannot campaign did not tell its leader of a later term (D24).
#[test]
fn worlds_that_were_dead() {
    for text in [
        "Default vvv led by 3 to lvl JointImplicit : change beat3 3>2.1 3>2.0 2>3.1 3>2.1 stand2 propose 2>3.1 end Dies(1)",
        "Default vvv led by 2 to -lv Auto : change 2>3.0 3>2.0 wait3 2>3.0 propose propose 2>3.2 2>3.0 3>2.2 stand3 end Dies(1)",
        "Default vv- led by 2 to vvv Auto : change propose 2>1.0 1>2.0 2>3.0 2>1.0 compact 3>2.0 2>3.0 end Dies(2)",
        "AllOff v-v led by 3 to vvv Auto : change 3>1.0 1>3.0 propose 3>1.1 3>2.0 wait1 1>2.0 2>1.0 1>3.1 stand3 3>2.0 end Dies(3)",
    ] {
        let outcome = outcome(text);
        assert!(matches!(outcome, Outcome::Progress(..)), "{text}: {outcome:?}");
    }
}

/// Beyond the boundary: only a learner knows, whom nobody asks, or only the dead leader did; votes that tell nothing;
/// and as in etcd a leader that was removed leads on, and takes no proposals.
#[test]
fn worlds_beyond_the_boundary() {
    for (text, known) in [
        (
            "Default vvl led by 1 to -vl Auto : change 1>2.0 1>3.0 2>1.0 1>3.0 end Dies(1)",
            Known::Learner,
        ),
        (
            "VotesTellNothing vv- led by 2 to vvv Auto : change propose 2>1.0 1>2.0 2>3.0 2>1.0 compact 3>2.0 2>3.0 end Dies(2)",
            Known::Voter,
        ),
        (
            "VotesTellNothing vvv led by 3 to vl- Auto : change 3>1.0 1>3.0 3>1.0 3>1.0 propose 1>3.0 end Dies(2)",
            Known::OldVoter,
        ),
        (
            "LikeEtcd vvv led by 1 to vv- JointImplicit : change 1>3.0 end Restarts(1)",
            Known::Voter,
        ),
        (
            "Default v-v led by 3 to v-- JointImplicit : change 3>1.0 1>3.0 3>1.1 1>3.0 end Dies(3)",
            Known::Nobody,
        ),
    ] {
        assert_eq!(outcome(text), Outcome::Dead(known), "{text}");
    }
}

/// The world that `LIVENESS_WORLD` describes.
#[test]
fn the_world_that_is_asked_for() {
    if let Ok(text) = std::env::var("LIVENESS_WORLD") {
        println!("{:?}", outcome(&text));
    }
}
