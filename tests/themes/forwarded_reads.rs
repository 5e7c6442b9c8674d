//! Reads that a follower passes on to its leader: each comes back at the follower, answered or
//! refused; none stays.

use bytes::Bytes;
use quorate::error::ReadError;
use quorate::message::Payload;
use quorate::ready::ReadRefusal;
use quorate::{Config, Event, Message, NodeId, ReadMode};

use crate::reads::{answered, answers, read};
use crate::support::{Cluster, config, message, plain, store};
use crate::{accepted, alone, append, events, hear, heartbeat, leading, request, says};

/// Node 1 of three follows node 2 in term 1.
fn following(config: Config) -> Cluster {
    let mut cluster = alone(config, store(&[1, 2, 3]));
    hear(&mut cluster, 2, 1, heartbeat(1));
    cluster
}

/// The reads that node 1 passes on now: to whom, under which name.
fn passed_on(cluster: &mut Cluster) -> Vec<(NodeId, Bytes)> {
    cluster.drain(1);
    let sent = cluster.take(|_| true).into_iter();
    let read = |message: Message| match message.payload {
        Payload::ReadIndex { context, .. } => Some((message.to, context)),
        _ => None,
    };
    sent.filter_map(read).collect()
}

fn index(index: u64, context: &Bytes) -> Payload {
    let context = context.clone();
    Payload::read_index_response(index, context)
}

/// The leader answers in any order, twice, and to other questions.
#[test]
fn answers_find_their_reads() {
    let mut cluster = following(plain(1));
    for name in ["a", "b", "b"] {
        read(&mut cluster, 1, name);
    }
    let sent = passed_on(&mut cluster);
    let names: Vec<Bytes> = sent.iter().map(|(_, name)| name.clone()).collect();
    assert!(sent.iter().all(|(to, _)| *to == 2));
    assert!(
        names[0] != names[1] && names[1] != names[2],
        "names of our own: {names:?}"
    );
    hear(&mut cluster, 2, 1, index(7, &names[1]));
    hear(&mut cluster, 2, 1, index(8, &names[1]));
    assert_eq!(answers(&mut cluster), answered(&["b"], Ok(7)), "once");
    hear(&mut cluster, 2, 1, index(9, &names[0].slice(..8)));
    hear(&mut cluster, 2, 1, index(9, &Bytes::from_static(b"a")));
    assert_eq!(answers(&mut cluster), [], "none of ours");
    hear(&mut cluster, 2, 1, index(6, &names[0]));
    hear(&mut cluster, 2, 1, index(6, &names[2]));
    assert_eq!(
        answers(&mut cluster),
        [answered(&["a"], Ok(6)), answered(&["b"], Ok(6))].concat()
    );
    assert_eq!(cluster.raw(1).status().pending_reads, 0);
}

/// An answer to a read of an earlier start is not taken for one of this start.
#[test]
fn answers_to_an_earlier_start() {
    let mut cluster = following(plain(1));
    read(&mut cluster, 1, "before");
    let (_, name) = passed_on(&mut cluster).remove(0);
    cluster.restart(1);
    hear(&mut cluster, 2, 1, heartbeat(1));
    read(&mut cluster, 1, "after");
    hear(&mut cluster, 2, 1, index(7, &name));
    assert_eq!(answers(&mut cluster), []);
    assert_eq!(cluster.raw(1).status().pending_reads, 1);
}

/// What happens during the wait for a leader, and how the reads come back, if they do.
type End = (&'static str, fn(&mut Cluster), Option<ReadRefusal>);

const CHANGED: Option<ReadRefusal> = Some(ReadRefusal::LeaderChanged);

const ENDS: [End; 14] = [
    ("another leader", |cluster| hear(cluster, 3, 2, heartbeat(1)), CHANGED),
    (
        "another who says that it leads this term",
        |cluster| hear(cluster, 3, 1, heartbeat(1)),
        CHANGED,
    ),
    (
        "the same leader in a later term",
        |cluster| hear(cluster, 2, 2, heartbeat(1)),
        CHANGED,
    ),
    (
        "a later term without a leader",
        |cluster| hear(cluster, 3, 2, accepted(0)),
        CHANGED,
    ),
    (
        "a vote",
        |cluster| hear(cluster, 3, 2, request(false, (1, 1), false)),
        CHANGED,
    ),
    (
        "an order to campaign",
        |cluster| hear(cluster, 2, 1, Payload::TimeoutNow),
        CHANGED,
    ),
    (
        "a campaign",
        |cluster| cluster.node(1).campaign().expect("it may"),
        CHANGED,
    ),
    (
        "a forgotten leader",
        |cluster| cluster.node(1).forget_leader().expect("a sound node"),
        CHANGED,
    ),
    (
        "a long wait",
        |cluster| {
            for _ in 0..10 {
                cluster.tick(1, 1);
                hear(cluster, 2, 1, heartbeat(1));
            }
        },
        Some(ReadRefusal::Timeout),
    ),
    (
        "a wait that is not so long",
        |cluster| {
            for _ in 0..9 {
                cluster.tick(1, 1);
                hear(cluster, 2, 1, heartbeat(1));
            }
        },
        None,
    ),
    (
        "an append",
        |cluster| hear(cluster, 2, 1, append((1, 1), &[1], 1)),
        None,
    ),
    (
        "a pre-vote",
        |cluster| hear(cluster, 3, 2, request(true, (1, 1), false)),
        None,
    ),
    (
        "a vote request of this term",
        |cluster| hear(cluster, 3, 1, request(false, (1, 1), false)),
        None,
    ),
    (
        "an earlier leader",
        |cluster| {
            hear(cluster, 2, 5, heartbeat(1));
            read(cluster, 1, "a");
            read(cluster, 1, "b");
            answers(cluster);
            hear(cluster, 3, 4, heartbeat(1));
        },
        None,
    ),
];

#[test]
fn reads_that_come_back_refused() {
    for (name, end, refusal) in ENDS {
        let mut cluster = following(plain(1));
        cluster.node(1).set_election_timeout_draw(19);
        for name in ["a", "b"] {
            read(&mut cluster, 1, name);
        }
        let sent = passed_on(&mut cluster);
        end(&mut cluster);
        let expected = refusal.map_or(vec![], |refusal| answered(&["a", "b"], Err(refusal)));
        assert_eq!(answers(&mut cluster), expected, "{name}");
        let waiting = if refusal.is_some() { 0 } else { 2 };
        assert_eq!(cluster.raw(1).status().pending_reads, waiting, "{name}");
        if refusal.is_some() {
            // An answer after that is none.
            let term = cluster.term(1);
            let _ = cluster.node(1).step(message(2, 1, term, index(7, &sent[0].1)));
            assert_eq!(answers(&mut cluster), [], "{name}");
        }
    }
}

/// Each read has an election timeout of its own; to run out is something a node does by itself.
#[test]
fn each_wait_has_its_own_end() {
    let mut cluster = following(plain(1));
    cluster.node(1).set_election_timeout_draw(100);
    read(&mut cluster, 1, "a");
    cluster.tick(1, 4);
    read(&mut cluster, 1, "b");
    assert_eq!(cluster.raw(1).next_deadline(), Some(6));
    cluster.tick(1, 6);
    assert_eq!(answers(&mut cluster), answered(&["a"], Err(ReadRefusal::Timeout)));
    assert_eq!(cluster.raw(1).next_deadline(), Some(4));
    assert_eq!(cluster.node(1).advance_ticks(50), Ok(4), "it stops for the Ready");
    assert_eq!(answers(&mut cluster), answered(&["b"], Err(ReadRefusal::Timeout)));
}

/// Only so many wait, at the follower and at the leader.
#[test]
fn only_so_many_wait() {
    let mut settings = plain(1);
    settings.settings_mut().max_pending_reads = 2;
    let mut leader = leading(3, settings.clone());
    hear(&mut leader, 2, 1, accepted(2));
    for mut cluster in [following(settings), leader.clone()] {
        for name in ["a", "b"] {
            read(&mut cluster, 1, name);
        }
        assert_eq!(cluster.node(1).read_index("c"), Err(ReadError::Full { pending: 2 }));
        assert_eq!(cluster.raw(1).status().pending_reads, 2);
    }
    events(&mut leader);
    for context in ["a", "b", "c"] {
        let payload = Payload::read_index(context);
        leader.node(1).step(message(2, 1, 0, payload)).expect("legal");
    }
    assert_eq!(leader.raw(1).status().pending_reads, 2);
    assert_eq!(
        events(&mut leader),
        [Event::ReadDropped { from: 2 }],
        "its timeout tells node 2"
    );
}

/// What becomes of another node's read: who it is answered by, or that it is dropped.
#[test]
fn reads_of_others() {
    let forwarded = || message(3, 1, 0, Payload::read_index("r"));
    // A follower passes it on under the first sender's name.
    let mut cluster = following(plain(1));
    cluster.node(1).step(forwarded()).expect("legal");
    cluster.drain(1);
    let sent = cluster.take(|_| true);
    assert_eq!(sent, [message(3, 2, 0, Payload::read_index("r"))]);
    assert_eq!(cluster.raw(1).status().pending_reads, 0);
    // And with the wish that it came with.
    let wish = || Payload::read_index_with(ReadMode::Lease, "r");
    cluster.node(1).step(message(3, 1, 0, wish())).expect("legal");
    cluster.drain(1);
    assert_eq!(cluster.take(|_| true), [message(3, 2, 0, wish())]);
    // Who knows no leader, or campaigns, drops it.
    for campaigns in [false, true] {
        let mut cluster = alone(plain(1), store(&[1, 2, 3]));
        if campaigns {
            cluster.node(1).campaign().expect("it may");
        }
        events(&mut cluster);
        cluster.node(1).step(forwarded()).expect("legal");
        assert_eq!(events(&mut cluster), [Event::ReadDropped { from: 3 }]);
    }
    // A leader answers the one who asked, in its own term.
    let mut cluster = leading(1, plain(1));
    says(&mut cluster);
    cluster.node(1).step(forwarded()).expect("legal");
    assert_eq!(says(&mut cluster), ["1->3 ReadIndexResponse term=1 index=2"]);
    assert!(answers(&mut cluster).is_empty());
}

/// Reads everywhere while leaders come and go: each comes back exactly once, and what is answered is
/// no older than what was committed when it was asked.
#[test]
fn none_stays_and_none_is_stale() {
    let mut cluster = Cluster::new(5, config);
    cluster.elect(1);
    let mut asked: Vec<(NodeId, String, u64)> = Vec::new();
    for step in 0_u64..60 {
        match step % 20 {
            3 => (2..=5).for_each(|id| cluster.cut(1 + step / 20, id)),
            13 => cluster.heal(),
            _ => {}
        }
        if let Some(leader) = cluster.leader() {
            let _ = cluster.node(leader).propose("x");
        }
        let committed = cluster.nodes.keys().map(|id| cluster.committed(*id)).max().unwrap_or(0);
        for id in 1..=5 {
            let name = format!("{id} at {step}");
            if cluster.node(id).read_index(name.clone()).is_ok() {
                asked.push((id, name, committed));
            }
        }
        cluster.tick_all(1);
    }
    cluster.heal();
    cluster.tick_all(40);
    let mut refused = 0;
    for (id, name, committed) in &asked {
        let node = &cluster.nodes[id];
        let back: Vec<_> = node
            .reads
            .iter()
            .filter(|read| read.context == name.as_bytes())
            .collect();
        assert_eq!(back.len(), 1, "{name}");
        match back[0].outcome {
            Ok(index) => assert!(
                index >= *committed,
                "{name} is answered with {index}, {committed} was committed"
            ),
            Err(_) => refused += 1,
        }
    }
    assert!(
        refused > 0 && refused < asked.len() / 2,
        "{refused} of {} refused",
        asked.len()
    );
}
