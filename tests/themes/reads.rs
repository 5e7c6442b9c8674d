//! Linearizable reads by a round of heartbeats (thesis 6.4): many share one, a quorum must answer
//! it, and every read comes back.

use bytes::Bytes;
use quorate::error::ReadError;
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::message::{Heartbeat, HeartbeatResponse, Payload, VoteResponse};
use quorate::ready::{ReadRefusal, ReadState};
use quorate::status::RoleKind::{Follower, Leader};
use quorate::{ConfState, Config, HardState, Index, MemoryStorage, NodeId, bootstrap};

use crate::support::{Cluster, config, message, plain, store};
use crate::{accepted, alone, hear, heartbeat, leading, says, store_with};

/// Asks node `id`; the calls that may be refused at once are not.
pub(crate) fn read(cluster: &mut Cluster, id: NodeId, context: &'static str) {
    cluster.node(id).read_index(context).expect("it takes reads");
}

/// The reads of node 1 that came back since this was last called.
pub(crate) fn answers(cluster: &mut Cluster) -> Vec<(String, Result<Index, ReadRefusal>)> {
    cluster.drain(1);
    let reads = std::mem::take(&mut cluster.nodes.get_mut(&1).expect("a node").reads);
    let text = |read: ReadState| (String::from_utf8_lossy(&read.context).into_owned(), read.outcome);
    reads.into_iter().map(text).collect()
}

pub(crate) fn answered(
    names: &[&str],
    outcome: Result<Index, ReadRefusal>,
) -> Vec<(String, Result<Index, ReadRefusal>)> {
    names.iter().map(|name| ((*name).to_string(), outcome)).collect()
}

/// The contexts of the heartbeats that node 1 sends now, one for each round.
pub(crate) fn rounds(cluster: &mut Cluster) -> Vec<Bytes> {
    cluster.drain(1);
    let sent = cluster.take(|_| true).into_iter().filter(|message| message.to == 2);
    let contexts = sent.filter_map(|message| match message.payload {
        Payload::Heartbeat(Heartbeat { context, .. }) => Some(context),
        _ => None,
    });
    contexts.collect()
}

pub(crate) fn confirm(cluster: &mut Cluster, from: NodeId, context: &Bytes) {
    let context = context.clone();
    hear(
        cluster,
        from,
        cluster.term(1),
        Payload::HeartbeatResponse(HeartbeatResponse::new(context)),
    );
}

/// Node 1 leads `n` voters and has committed its opening entry at index 2.
pub(crate) fn settled(n: u64) -> Cluster {
    let mut cluster = leading(n, plain(1));
    for peer in 2..=n {
        hear(&mut cluster, peer, 1, accepted(2));
    }
    cluster
}

/// Groups, who is down, who is asked, and whether the read is answered.
#[test]
fn who_answers() {
    for (n, down, at, answers) in [
        (1, &[][..], 1, true),
        (2, &[], 1, true),
        (2, &[2], 1, false),
        (3, &[], 1, true),
        (3, &[], 3, true),
        (3, &[3], 1, true),
        (3, &[3], 2, true),
        (3, &[2, 3], 1, false),
        (4, &[3, 4], 2, false),
        (5, &[4, 5], 2, true),
    ] {
        let mut cluster = Cluster::led(n);
        cluster.commit(1, "a");
        let committed = cluster.committed(1);
        for id in down {
            cluster.isolate(*id);
        }
        read(&mut cluster, at, "r");
        assert!(cluster.raw(at).has_ready());
        cluster.settle();
        let reads: Vec<_> = cluster.nodes[&at].reads.iter().map(|read| read.outcome).collect();
        assert_eq!(
            reads,
            Vec::from_iter(answers.then_some(Ok(committed))),
            "{down:?} of {n} down, at {at}"
        );
        assert_eq!(cluster.raw(at).status().pending_reads, usize::from(!answers));
        assert!(
            cluster
                .nodes
                .iter()
                .all(|(id, node)| *id == at || node.reads.is_empty())
        );
    }
}

/// Learners may ask too; who knows no leader is told so.
#[test]
fn who_may_ask() {
    let conf_state = ConfState::of_voters([1, 2]).with_learners([3]);
    let mut cluster = Cluster::default();
    for id in 1..=3 {
        let snapshot = bootstrap(1, &MemoryStorage::new(), &conf_state).expect("an unused store");
        cluster
            .add(config(id), MemoryStorage::from_snapshot(snapshot))
            .expect("a legal store");
    }
    cluster.elect(1);
    read(&mut cluster, 3, "learner");
    cluster.settle();
    assert_eq!(cluster.nodes[&3].reads[0].outcome, Ok(cluster.committed(1)));

    let mut follower = alone(plain(1), store(&[1, 2, 3]));
    assert_eq!(follower.node(1).read_index("r"), Err(ReadError::NoLeader));
    follower.node(1).campaign().expect("it may");
    assert_eq!(
        follower.node(1).read_index("r"),
        Err(ReadError::NoLeader),
        "a candidate"
    );
}

/// Reads between two Readies share a round; a round confirms what came before it was sent, and
/// nothing later.
#[test]
fn reads_share_rounds() {
    let mut cluster = settled(3);
    for name in ["a", "b", "c"] {
        read(&mut cluster, 1, name);
    }
    let first = rounds(&mut cluster);
    assert_eq!(first.len(), 1, "one round for three reads");
    read(&mut cluster, 1, "d");
    let second = rounds(&mut cluster);
    assert_eq!(second.len(), 1);
    confirm(&mut cluster, 2, &first[0]);
    assert_eq!(answers(&mut cluster), answered(&["a", "b", "c"], Ok(2)), "in order");
    confirm(&mut cluster, 3, &first[0]);
    assert_eq!(
        answers(&mut cluster),
        [],
        "the first round was sent before the fourth read"
    );
    confirm(&mut cluster, 3, &second[0]);
    assert_eq!(answers(&mut cluster), answered(&["d"], Ok(2)));
    assert_eq!(cluster.raw(1).counters().reads_by_round, 4);
    // Without reads, heartbeats ask nothing.
    cluster.tick(1, 1);
    assert_eq!(rounds(&mut cluster), [Bytes::new()]);
    // A later round confirms earlier reads too: the ordinary heartbeats repeat the question.
    read(&mut cluster, 1, "e");
    assert_eq!(rounds(&mut cluster).len(), 1, "lost on the way");
    cluster.tick(1, 1);
    let third = rounds(&mut cluster);
    confirm(&mut cluster, 2, &third[0]);
    assert_eq!(answers(&mut cluster), answered(&["e"], Ok(2)));
}

/// With appends sent at once, so are rounds; two reads of one name are two reads.
#[test]
fn eager_rounds() {
    let mut settings = plain(1);
    settings.settings_mut().eager_appends = true;
    let mut cluster = leading(2, settings);
    hear(&mut cluster, 2, 1, accepted(2));
    read(&mut cluster, 1, "twice");
    read(&mut cluster, 1, "twice");
    let sent = rounds(&mut cluster);
    assert_eq!(sent.len(), 2);
    confirm(&mut cluster, 2, &sent[1]);
    assert_eq!(answers(&mut cluster), answered(&["twice", "twice"], Ok(2)));
}

/// Answers that confirm nothing: of an earlier start with another seed, of a round that was never
/// sent, cut short, too long, empty.
#[test]
fn answers_to_other_questions() {
    let asked = |seed| {
        let mut settings = plain(1);
        settings.seed = seed;
        let mut cluster = leading(2, settings);
        hear(&mut cluster, 2, 1, accepted(2));
        read(&mut cluster, 1, "r");
        let context = rounds(&mut cluster).remove(0);
        (cluster, context)
    };
    let (_, earlier) = asked(1);
    let (mut cluster, now) = asked(2);
    assert_ne!(earlier, now);
    let mut never = now.to_vec();
    never[8] += 1;
    let longer = [&now[..], &[0]].concat();
    for wrong in [
        earlier,
        never.into(),
        longer.into(),
        now.slice(..15),
        now.slice(..8),
        Bytes::new(),
    ] {
        confirm(&mut cluster, 2, &wrong);
        assert_eq!(answers(&mut cluster), [], "{wrong:?}");
    }
    confirm(&mut cluster, 2, &now);
    assert_eq!(answers(&mut cluster), answered(&["r"], Ok(2)));
}

/// A leader that has not committed in its term does not know what is committed, be it alone; the
/// read waits, and is as of that commit.
#[test]
fn a_new_leader_commits_first() {
    for n in 1..=3 {
        let hard_state = HardState::new(1, None, 1);
        let mut cluster = alone(plain(1), store_with(n, &[1, 1], hard_state));
        let node = cluster.node(1);
        node.campaign().expect("it may");
        if n == 1 {
            // The vote, and then the opening entry, wait for the disk.
            let ready = node.ready().expect("a sound node").expect("something to do");
            node.storage_mut().persist(&ready).expect("it works");
            node.advance(ready.persisted()).expect("the one that is out");
        } else {
            cluster.drain(1);
            let payload = Payload::VoteResponse(VoteResponse::new(true));
            for peer in 2..=n {
                cluster
                    .node(1)
                    .step(message(peer, 1, 2, payload.clone()))
                    .expect("legal");
            }
        }
        assert_eq!(cluster.role(1), Leader);
        read(&mut cluster, 1, "r");
        assert_eq!(cluster.raw(1).status().pending_reads, 1, "{n} voters");
        let sent = rounds(&mut cluster);
        for context in sent.iter().filter(|context| !context.is_empty()) {
            for peer in 2..=n {
                confirm(&mut cluster, peer, context);
            }
        }
        if n > 1 {
            assert_eq!(answers(&mut cluster), [], "confirmed, but as of when?");
            hear(&mut cluster, 2, 2, accepted(3));
            assert_eq!(answers(&mut cluster), [], "an earlier term's entries do not count");
            for peer in 2..=n {
                hear(&mut cluster, peer, 2, accepted(4));
            }
        }
        assert_eq!(answers(&mut cluster), answered(&["r"], Ok(4)), "{n} voters");
    }
}

/// A read is as of its arrival, even if more is committed before it is confirmed.
#[test]
fn a_read_is_as_of_its_arrival() {
    let mut cluster = settled(3);
    read(&mut cluster, 1, "before");
    let sent = rounds(&mut cluster);
    let _ = cluster.propose(1, "a");
    says(&mut cluster);
    hear(&mut cluster, 3, 1, accepted(3));
    assert_eq!(cluster.committed(1), 3);
    confirm(&mut cluster, 2, &sent[0]);
    assert_eq!(answers(&mut cluster), answered(&["before"], Ok(2)));
}

/// What takes a leader's place away; each of its waiting reads comes back refused, once.
#[test]
fn reads_of_a_leader_that_was() {
    type Fall = fn(&mut Cluster);
    type Settings = fn(NodeId) -> Config;
    let falls: [(&str, Settings, Fall); 4] = [
        ("a later leader", plain, |cluster| hear(cluster, 2, 2, heartbeat(1))),
        ("a later candidate", plain, |cluster| {
            hear(cluster, 2, 2, crate::request(false, (1, 1), false));
        }),
        ("a silent quorum", config, |cluster| cluster.tick(1, 20)),
        ("its removal", config, |cluster| {
            let change = ConfChangeV2::new([(ConfChangeKind::RemoveNode, 1)]);
            let _ = cluster.node(1).propose_conf_change(change).expect("it may");
            says(cluster);
            hear(cluster, 2, 1, accepted(3));
        }),
    ];
    for (name, settings, fall) in falls {
        for committed in [true, false]
            .into_iter()
            .filter(|committed| *committed || name != "its removal")
        {
            let mut cluster = leading(3, settings(1));
            if committed {
                hear(&mut cluster, 2, 1, accepted(2));
            }
            for name in ["a", "b"] {
                read(&mut cluster, 1, name);
            }
            // Another node's read is with the leader too; it comes back there.
            cluster
                .node(1)
                .step(message(3, 1, 0, Payload::read_index("c")))
                .expect("legal");
            let sent = rounds(&mut cluster);
            assert_eq!(cluster.raw(1).status().pending_reads, 3, "{name}");
            fall(&mut cluster);
            assert_eq!(cluster.role(1), Follower, "{name}");
            assert_eq!(
                answers(&mut cluster),
                answered(&["a", "b"], Err(ReadRefusal::LeaderChanged)),
                "{name}"
            );
            assert_eq!(cluster.raw(1).status().pending_reads, 0, "{name}");
            let late = Payload::HeartbeatResponse(HeartbeatResponse::new(sent[0].clone()));
            let _ = cluster.node(1).step(message(2, 1, 1, late));
            assert_eq!(answers(&mut cluster), [], "{name}");
        }
    }
}
