//! What comes of calls: where a proposal is, how a read is confirmed, what is withdrawn.

use quorate::ReadMode;
use quorate_sim::judge::Judge;

use super::{breaks, holds, id};

#[test]
fn a_proposal_is_where_it_was_said_to_be() {
    holds(Judge::is_placed(1, id(5, 2), true));
    breaks(
        "a proposal is where it was said to be",
        Judge::is_placed(1, id(5, 2), false),
    );
}

#[test]
fn a_read_by_a_round_rests_on_no_lease() {
    holds(Judge::reads_as_asked(1, true, None)); // as the settings say
    holds(Judge::reads_as_asked(1, true, Some(ReadMode::Lease)));
    holds(Judge::reads_as_asked(1, false, Some(ReadMode::Lease))); // none is held
    holds(Judge::reads_as_asked(1, false, Some(ReadMode::ReadIndex)));
    breaks(
        "a read by a round rests on no lease",
        Judge::reads_as_asked(1, true, Some(ReadMode::ReadIndex)),
    );
}

#[test]
fn a_request_is_withdrawn_once() {
    holds(Judge::withdraws(1, Some(7)));
    breaks("a request is withdrawn once", Judge::withdraws(1, None));
}
