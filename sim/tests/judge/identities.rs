//! Stores that are told apart by their identities.

use quorate::status::RoleKind;
use quorate::{ConfState, Event};
use quorate_sim::judge::{Configurations, Judge};

use crate::{breaks, holds, voted};

/// Another store under the same id votes for itself; but it does not lead a term that the first one led.
#[test]
fn another_store_is_another_voter() {
    let mut judge = Judge::new(1);
    holds(judge.votes(1, 2, 3));
    holds(judge.leads(1, 3, voted(3, 1)));
    holds(judge.leads(1, 3, voted(3, 1)));
    judge.replaced(2); // a third one's store
    holds(judge.leads(1, 3, voted(3, 1)));
    breaks("one vote a term", judge.votes(1, 2, 2));
    judge.replaced(1);
    holds(judge.votes(1, 2, 2));
    breaks("one vote a term", judge.votes(1, 2, 3));
    breaks("election safety", judge.leads(1, 3, voted(3, 1)));
    holds(judge.leads(1, 4, voted(4, 1)));
}

#[test]
fn members_keep_their_stores() {
    let group = |names: &[(u64, u64)]| ConfState::of_voters([1, 2]).with_identities(names.iter().copied());
    let alone = ConfState::of_voters([1]).with_identities([(1, 7)]);
    for (next, sound) in [
        (group(&[(1, 7), (2, 8)]), true),
        (group(&[(1, 7), (2, 9)]), false),
        (group(&[(1, 7)]), false),
        (alone.clone(), true),
    ] {
        let mut seen = Configurations::default();
        holds(seen.applies(1, 1, &group(&[(1, 7)]))); // named one by one
        holds(seen.applies(1, 2, &group(&[(1, 7), (2, 8)])));
        let applied = seen.applies(1, 3, &next);
        if sound {
            holds(applied);
        } else {
            breaks("same configuration", applied);
        }
    }
    let mut seen = Configurations::default();
    holds(seen.applies(1, 2, &group(&[(1, 7), (2, 8)])));
    holds(seen.applies(1, 3, &alone));
    holds(seen.applies(1, 4, &group(&[(1, 7), (2, 9)]))); // removed in between
}

#[test]
fn who_is_disowned_takes_no_part() {
    holds(Judge::disowned(1, false, RoleKind::Follower));
    breaks(
        "who is disowned takes no part",
        Judge::disowned(1, true, RoleKind::Candidate),
    );
}

#[test]
fn no_store_is_set_back() {
    let lost = Event::EntriesLost { index: 5, leader: 2 };
    breaks("no store is set back", Judge::keeps_entries(1, &lost, false));
    holds(Judge::keeps_entries(1, &lost, true));
}
