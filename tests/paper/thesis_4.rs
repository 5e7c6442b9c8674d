//! Thesis chapter 4, "Cluster membership changes", with the correction of 2015: changes of one server
//! at a time, and what keeps them safe where a configuration takes effect when it is applied.

use quorate::error::{CampaignError, CampaignRefusal, ChangeRefusal, ProposeError};
use quorate::event::StepDownReason;
use quorate::membership::ConfChangeKind::{AddNode, RemoveNode};
use quorate::membership::ConfChangeV2;
use quorate::message::{Append, Payload};
use quorate::status::RoleKind;
use quorate::{Entry, EntryId, Event, MemoryStorage, NodeId};

use crate::bench::{Bench, ME, log_of, plain_group};
use crate::support::{Cluster, config, message, plain};

fn change(bench: &mut Bench, what: ConfChangeV2) -> Result<(), ProposeError> {
    let outcome = bench.group.node(ME).propose_conf_change(what).map(|_| ());
    bench.said();
    outcome
}

fn add(id: NodeId) -> ConfChangeV2 {
    ConfChangeV2::new([(AddNode, id)])
}

fn remove(id: NodeId) -> ConfChangeV2 {
    ConfChangeV2::new([(RemoveNode, id)])
}

/// An entry with this change, as a leader would send it.
fn entry(term: u64, index: u64, what: ConfChangeV2) -> Entry {
    let mut bench = Bench::leader(1);
    change(&mut bench, what).unwrap();
    let made = log_of(&bench.group, ME)[1].clone();
    Entry::new(term, index, made.data).with_kind(made.kind)
}

/// 4.1: adding or removing one server, any majority of the old group overlaps any of the new, so that
/// the change is made directly. More than one at once goes through a joint configuration.
#[test]
fn one_server_is_changed_directly_and_more_are_not() {
    let cases = [
        (add(4), "voters=(1 2 3 4)"),
        (remove(3), "voters=(1 2)"),
        (remove(2), "voters=(1 3)"),
        (
            ConfChangeV2::new([(AddNode, 4), (AddNode, 5)]),
            "voters=(1 2 3 4 5)&&(1 2 3) autoleave",
        ),
        (
            ConfChangeV2::new([(AddNode, 4), (RemoveNode, 3)]),
            "voters=(1 2 4)&&(1 2 3) autoleave",
        ),
    ];
    for (what, then) in cases {
        let mut bench = Bench::leader(3);
        bench.ack(2, 1);
        change(&mut bench, what).unwrap();
        bench.ack(2, 2);
        assert_eq!(bench.group.raw(ME).membership().to_string(), then);
    }
}

/// 4.1: the next change is not begun before the last is committed (here: applied).
#[test]
fn one_change_at_a_time() {
    let mut bench = Bench::leader(3);
    bench.ack(2, 1);
    change(&mut bench, add(4)).unwrap();
    let pending = ChangeRefusal::Pending { index: 2, applied: 1 };
    assert_eq!(change(&mut bench, add(5)), Err(ProposeError::Change(pending)));
    assert_eq!(bench.log().len(), 2, "nothing is appended in its place");
    bench.ack(2, 2);
    assert_eq!(change(&mut bench, add(5)), Ok(()));
}

/// The correction of 2015: a leader begins no change before it has committed an entry of its own term,
/// for its log may hold a change of an earlier leader. (If all of its log is applied, it holds none.)
#[test]
fn no_change_before_a_commit_in_the_leaders_term() {
    let mut bench = Bench::leader_after(3, &[1, 1], 1);
    let pending = ChangeRefusal::Pending { index: 2, applied: 0 };
    assert_eq!(change(&mut bench, add(4)), Err(ProposeError::Change(pending)));
    bench.ack(2, 2);
    assert!(
        change(&mut bench, add(4)).is_err(),
        "an old entry on a majority is not enough"
    );
    bench.ack(2, 3);
    assert_eq!(change(&mut bench, add(4)), Ok(()));
}

/// The bug of 2015 itself. Server 1 adds server 5 and is cut off with that; server 2 wins with the votes
/// of 3 and 4 and removes server 1, which only 3 hears of. Were this committed by 2 and 3 alone, server 1
/// could come back, win with 4 and 5, and undo it. Here both changes are measured by the old group.
#[test]
fn the_schedule_of_the_correction_is_safe() {
    let mut group = plain_group(4);
    group.add(plain(5), MemoryStorage::new()).unwrap();
    for id in [2, 3, 4] {
        group.cut(ME, id); // not from server 5
    }
    let _ = group.node(ME).propose_conf_change(add(5)).unwrap();
    group.settle();
    group.node(2).campaign().unwrap();
    for _ in 0..2 {
        (2..=4).for_each(|id| group.drain(id));
        group.deliver();
    }
    assert_eq!(group.role(2), RoleKind::Leader);
    group.cut(2, 4);
    let _ = group.node(2).propose_conf_change(remove(ME)).unwrap();
    group.settle();
    assert_eq!(log_of(&group, 3), log_of(&group, 2));
    assert_eq!(
        group.raw(2).membership().to_string(),
        "voters=(1 2 3 4)",
        "two of four commit nothing"
    );

    group.restart(ME);
    group.heal();
    group.isolate(2);
    for _ in 0..3 {
        group.node(ME).campaign().unwrap();
        group.settle();
        assert_ne!(group.role(ME), RoleKind::Leader, "two of four elect nobody");
    }
    group.heal();
    group.elect(3);
    group.commit(3, "x");
    assert_eq!(group.data(4), ["x"], "and with all four there is a leader again");
    group.assert_consistent();
}

/// Nobody stands for election with a committed change that it has not applied: it might count by a
/// configuration that is two steps old.
#[test]
fn no_election_with_an_unapplied_change() {
    let mut bench = Bench::follower(3, &[], 0);
    let append = Append::new(EntryId::default(), 1, vec![entry(1, 1, add(4))]);
    let node = bench.group.node(ME);
    node.step(message(2, ME, 1, Payload::Append(append))).unwrap();
    let refusal = CampaignError::Refused(CampaignRefusal::UnappliedChange);
    assert_eq!(node.campaign(), Err(refusal.clone()));
    let mut done = {
        let ready = node.ready().unwrap().expect("an entry to store and apply");
        node.storage_mut().persist(&ready).unwrap();
        ready.persisted()
    };
    assert_eq!(node.campaign(), Err(refusal));
    for entry in done.take_committed_entries() {
        node.apply_conf_change(&entry).unwrap();
    }
    node.advance(done).unwrap();
    assert_eq!(node.campaign(), Ok(()));
}

/// A change that is only in the log, not committed, does not keep anybody from standing: it is not
/// the configuration yet.
#[test]
fn an_uncommitted_change_counts_for_nothing() {
    let mut bench = Bench::follower(3, &[], 0);
    let append = Append::new(EntryId::default(), 0, vec![entry(1, 1, add(4))]);
    bench.hear(2, 1, Payload::Append(append));
    let said = bench.campaign();
    assert_eq!(crate::bench::recipients(&said, "RequestVote"), [2, 3]);
}

/// 4.2.2: a leader that removes itself leads on until the change is committed (the thesis: not counting
/// itself; quorate: counting itself, for the old configuration holds until then), tells the others that
/// it is, and steps down. Then one of them is elected.
#[test]
fn a_leader_that_removes_itself_steps_down_when_that_is_committed() {
    let mut group = Cluster::led(3);
    let _ = group.node(ME).propose_conf_change(remove(ME)).unwrap();
    group.drain(ME);
    assert_eq!(group.role(ME), RoleKind::Leader);
    group.settle();
    let (reason, term) = (StepDownReason::Removed, 1);
    assert!(group.nodes[&ME].events.contains(&Event::SteppedDown { reason, term }));
    for id in 2..=3 {
        assert_eq!(group.raw(id).membership().to_string(), "voters=(2 3)");
    }
    group.tick_all(200);
    let leader = group.leader().expect("one of the two that are left");
    group.commit(leader, "x");
    assert_eq!(group.data(5 - leader), ["x"]);
}

/// 4.2.3: a server that was removed and does not know it stands for election again and again, with ever
/// higher terms and be it with an up-to-date log; it disrupts nothing. (It uses no pre-vote here.)
#[test]
fn a_removed_server_does_not_disrupt() {
    let mut group = Cluster::new(4, |id| if id == 4 { plain(4) } else { config(id) });
    group.elect(ME);
    group.isolate(4);
    let _ = group.node(ME).propose_conf_change(remove(4)).unwrap();
    group.settle();
    group.heal();
    for id in [ME, 2, 3] {
        group.cut_one_way(id, 4);
    }
    group.tick_all(200);
    assert!(group.term(4) > 5, "it tries");
    assert_eq!((group.role(ME), group.term(ME)), (RoleKind::Leader, 1));
    group.commit(ME, "x");
    assert_eq!(group.data(3), ["x"]);
}
