//! Thesis 10.2: the leader writes its disk in parallel to its followers (10.2.1), and does not wait for
//! one append to be answered before it sends the next (10.2.2).

use quorate::message::Payload;
use quorate::status::ReplicationState;

use crate::bench::{Bench, ME, accepted, appends, recipients};
use crate::support::message;

/// 10.2.1: what the leader appends goes to the followers before it is on its own disk.
#[test]
fn appends_leave_before_the_leader_has_written_them() {
    let mut bench = Bench::leader(3);
    bench.ack(2, 1);
    bench.ack(3, 1);
    let node = bench.group.node(ME);
    let _ = node.propose("x").unwrap();
    let mut ready = node.ready().unwrap().expect("an entry");
    assert!(ready.must_sync());
    let said = ready.take_messages();
    assert_eq!(recipients(&said, "Append"), [2, 3]);
    assert_eq!(appends(&said)[0].1.entries, ready.entries());
    assert_eq!(node.storage().log().len(), 1, "nothing is written yet");
}

/// 10.2.1: the leader counts itself for an entry only when its own write is durable; a majority of the
/// followers commits the entry even before that.
#[test]
fn the_leaders_own_write_counts_when_it_is_durable() {
    for (acknowledging, before, after) in [(&[][..], 1, 1), (&[2], 1, 2), (&[2, 3], 2, 2)] {
        let mut bench = Bench::leader(3);
        bench.ack(2, 1);
        bench.ack(3, 1);
        let node = bench.group.node(ME);
        let _ = node.propose("x").unwrap();
        let ready = node.ready().unwrap().expect("an entry");
        for peer in acknowledging {
            node.step(message(*peer, ME, 1, accepted(2))).unwrap();
        }
        assert_eq!(
            node.status().hard_state.commit,
            before,
            "{acknowledging:?} have it, the disk does not"
        );
        node.storage_mut().persist(&ready).unwrap();
        let done = ready.persisted();
        node.advance(done).unwrap();
        assert_eq!(
            node.status().hard_state.commit,
            after,
            "{acknowledging:?} have it, and the disk does"
        );
    }
}

/// The same with a storage that is written by another thread: commit does not wait for it, and the entry
/// is applied once it is on this disk too.
#[test]
fn a_slow_disk_does_not_hold_up_the_group() {
    let mut config = crate::support::plain(ME);
    config.settings_mut().async_storage_writes = true;
    let storage = crate::bench::log_store(3, &[], crate::bench::in_term(0));
    let mut node = quorate::RawNode::new(config, storage).unwrap();
    node.campaign().unwrap();
    let vote = node
        .ready()
        .unwrap()
        .expect("a vote")
        .take_append_task()
        .expect("to be written");
    node.storage_mut().persist_task(&vote).unwrap();
    for response in vote.done() {
        if let quorate::ready::TaskResponse::Ack(ack) = response {
            node.acknowledge(ack).unwrap();
        }
    }
    node.step(message(2, ME, 1, crate::bench::granted())).unwrap();
    let opening = node
        .ready()
        .unwrap()
        .expect("an entry")
        .take_append_task()
        .expect("to be written");
    for peer in [2, 3] {
        node.step(message(peer, ME, 1, accepted(1))).unwrap();
    }
    assert_eq!(node.status().hard_state.commit, 1);
    let mut ready = node.ready().unwrap().expect("the commit index");
    assert!(ready.take_apply_task().is_none(), "not on this disk yet");
    let commit = ready.take_append_task().expect("to be written");
    for task in [opening, commit] {
        node.storage_mut().persist_task(&task).unwrap();
        for response in task.done() {
            if let quorate::ready::TaskResponse::Ack(ack) = response {
                node.acknowledge(ack).unwrap();
            }
        }
    }
    let mut ready = node.ready().unwrap().expect("an entry to apply");
    assert_eq!(ready.take_apply_task().expect("one task").entries().len(), 1);
}

/// 10.2.2: a leader that knows where the logs agree moves nextIndex on with each append that it sends,
/// without waiting for the answer; the window bounds how many.
#[test]
fn appends_are_pipelined() {
    let mut config = crate::support::plain(ME);
    config.settings_mut().max_inflight_messages = 3;
    let mut bench = Bench::new(config, 3);
    bench.win();
    bench.ack(2, 1);
    let sent: Vec<usize> = (0..5).map(|_| appends(&bench.propose("x")).len()).collect();
    assert_eq!(sent, [1, 1, 1, 0, 0]);
    assert_eq!(bench.progress(2), (1, 5));
    let more = bench.ack(2, 2);
    assert_eq!(
        appends(&more)
            .iter()
            .map(|(_, append)| append.entries.len())
            .sum::<usize>(),
        2
    );
}

/// 10.2.2: if an append is lost, the follower refuses the next, and the leader goes back.
#[test]
fn a_lost_append_is_sent_again() {
    let mut bench = Bench::leader(3);
    bench.ack(2, 1);
    bench.propose("lost");
    bench.propose("refused");
    let rejected = Payload::AppendResponse(quorate::message::AppendResponse::rejected(
        2,
        quorate::EntryId { term: 1, index: 1 },
    ));
    let said = bench.hear(2, 1, rejected);
    let [(2, append)] = appends(&said)[..] else {
        panic!("one append: {said:?}")
    };
    assert_eq!((append.prev.index, append.entries.len()), (1, 2));
    let state = bench
        .group
        .raw(ME)
        .progress()
        .find(|peer| peer.id == 2)
        .map(|peer| peer.state);
    assert_eq!(state, Some(ReplicationState::Probe));
}
