//! Thesis 3.10, "Leadership transfer extension", and the part of 4.2.3 that lets it pass.

use quorate::Event;
use quorate::error::{ProposeError, TransferError};
use quorate::event::TransferAbort;
use quorate::message::{Payload, RequestVote};
use quorate::status::RoleKind;

use crate::bench::{
    Bench, ME, append, granted, heartbeat, only, plain_group, recipients, request_forced_vote, request_vote,
};
use crate::support::{Cluster, config};

/// A leader of five with one committed entry that servers 2 and 3 have.
fn leader() -> Bench {
    let mut bench = Bench::leader(5);
    bench.ack(2, 1);
    bench.ack(3, 1);
    bench
}

fn transfer(bench: &mut Bench, to: u64) -> Vec<quorate::Message> {
    bench.group.node(ME).transfer_leader(to).unwrap();
    bench.said()
}

/// Step 1: the leader takes no more client requests.
#[test]
fn the_leader_stops_taking_requests() {
    let mut bench = leader();
    transfer(&mut bench, 2);
    let refused = Err(ProposeError::Transferring { to: 2 });
    assert_eq!(bench.group.node(ME).propose("x"), refused);
    assert_eq!(bench.log(), [1]);
}

/// Step 2: it brings the target's log up to its own; step 3: only then it sends `TimeoutNow`.
#[test]
fn the_target_is_brought_up_to_date_first() {
    let mut bench = leader();
    bench.propose("x");
    let said = transfer(&mut bench, 4);
    assert_eq!(recipients(&said, "TimeoutNow"), []);
    let said = bench.ack(4, 1);
    assert_eq!(recipients(&said, "TimeoutNow"), [], "it lacks an entry");
    let said = bench.ack(4, 2);
    assert_eq!(recipients(&said, "TimeoutNow"), [4]);

    let mut bench = leader();
    let said = transfer(&mut bench, 2);
    assert_eq!(recipients(&said, "TimeoutNow"), [2], "it has everything already");
}

/// The target does as if its election timer had fired: a new term, its own vote, requests to all; at
/// once, without a pre-vote, and whatever it promised to the leader. The requests say that the leader
/// ordered them.
#[test]
fn the_target_stands_at_once() {
    let mut bench = Bench::new(config(ME), 3);
    bench.hear(2, 1, append((0, 0), &[1], 0));
    let said = bench.hear(2, 1, Payload::TimeoutNow);
    assert_eq!(
        (bench.role(), bench.term(), bench.vote()),
        (RoleKind::Candidate, 2, Some(ME))
    );
    assert_eq!(recipients(&said, "RequestVote"), [2, 3]);
    let forced = |payload: &Payload| matches!(payload, Payload::RequestVote(RequestVote { forced: true, .. }));
    assert!(said.iter().all(|message| forced(&message.payload)));
}

/// 4.2.3: such a request is looked at even by those who hear the leader.
#[test]
fn the_vote_passes_by_the_leader_check() {
    for (request, answers) in [(request_vote((1, 1)), false), (request_forced_vote((1, 1)), true)] {
        let mut bench = Bench::new(config(ME), 3);
        bench.hear(2, 1, append((0, 0), &[1], 0));
        let said = bench.hear(3, 2, request);
        if answers {
            assert_eq!(
                (only(said).payload, bench.term(), bench.vote()),
                (granted(), 2, Some(3))
            );
        } else {
            assert_eq!((said, bench.term()), (vec![], 1));
        }
    }
}

/// When the target's request reaches it, the old leader steps down: the transfer is complete.
#[test]
fn the_old_leader_steps_down_and_the_target_leads() {
    for mut group in [plain_group(3), Cluster::led(3)] {
        group.commit(ME, "x");
        group.node(ME).transfer_leader(3).unwrap();
        group.settle();
        let roles = [1, 2, 3].map(|id| group.role(id));
        assert_eq!(roles, [RoleKind::Follower, RoleKind::Follower, RoleKind::Leader]);
        assert_eq!(group.term(3), 2);
        group.commit(3, "y");
        assert_eq!(group.data(ME), ["x", "y"]);
    }
}

/// If that takes longer than about an election timeout, the leader aborts and takes requests again.
#[test]
fn a_transfer_that_takes_too_long_is_aborted() {
    for target in [2, 4] {
        let mut bench = leader();
        bench.tick(7);
        transfer(&mut bench, target);
        bench.tick(9);
        assert!(bench.group.node(ME).propose("x").is_err());
        bench.tick(1);
        let reason = TransferAbort::Timeout;
        assert!(bench.events().contains(&Event::TransferAborted { to: target, reason }));
        bench.propose("x");
        assert_eq!((bench.role(), bench.log()), (RoleKind::Leader, vec![1, 1]));
    }
}

/// The target must be a voter; a second order replaces the first; a follower passes the order on.
#[test]
fn who_may_be_the_target() {
    let mut bench = leader();
    let node = bench.group.node(ME);
    assert_eq!(node.transfer_leader(9), Err(TransferError::Unknown { to: 9 }));
    transfer(&mut bench, 4);
    transfer(&mut bench, 2);
    assert_eq!(bench.group.raw(ME).status().transferee, Some(2));
    let mut follower = Bench::follower(3, &[], 0);
    assert_eq!(follower.group.node(ME).transfer_leader(3), Err(TransferError::NoLeader));
    follower.hear(2, 1, heartbeat(0));
    let order = only(transfer(&mut follower, 3));
    assert_eq!(
        (order.to, order.from, order.payload),
        (2, 3, Payload::transfer_leader(Some(1)))
    );
}
