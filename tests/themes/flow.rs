//! How a leader feeds a peer: probing, streaming, and the window of appends on their way.

use quorate::message::Payload;
use quorate::{Config, Event};

use crate::support::{Cluster, config, plain};
use crate::{accepted, events, hear, heartbeat_answer, leading, progress, rejected};

/// What happens to a leader of three, and what peer 2 has to do with it.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// So many proposals of so many bytes, then a Ready.
    Propose(usize, usize),
    /// Peer 2 has the log up to here.
    Accept(u64),
    /// Peer 2 does not have the entry at the first index; it may agree at (term, index).
    Reject(u64, (u64, u64)),
    /// Peer 2 answers a heartbeat.
    Beat,
    /// Peer 2 cannot be reached.
    Unreachable,
    /// Peer 3 has the log up to here.
    Other(u64),
}
use Step::{Accept, Beat, Other, Propose, Reject, Unreachable};

/// Does the step; what peer 2 is sent, in short: `A1/2[3,4]c2` is an append after 1/2 of entries 3
/// and 4 with commit index 2.
pub(crate) fn take(cluster: &mut Cluster, step: Step) -> String {
    let mut heard = |from, payload| {
        cluster
            .node(1)
            .step(crate::message(from, 1, 1, payload))
            .expect("legal");
    };
    match step {
        Propose(count, bytes) => (0..count).for_each(|_| {
            let _ = cluster.node(1).propose(vec![b'x'; bytes]).expect("there is room");
        }),
        Accept(index) => heard(2, accepted(index)),
        Reject(index, hint) => heard(2, rejected(index, hint)),
        Beat => heard(2, heartbeat_answer()),
        Other(index) => heard(3, accepted(index)),
        Unreachable => cluster.node(1).report_unreachable(2).expect("a sound node"),
    }
    cluster.drain(1);
    let sent = cluster.take(|_| true).into_iter().filter(|message| message.to == 2);
    let text = |payload| match payload {
        Payload::Append(append) => {
            let indexes: Vec<u64> = append.entries.iter().map(|entry| entry.index).collect();
            format!("A{}{indexes:?}c{}", append.prev, append.commit).replace(' ', "")
        }
        Payload::InstallSnapshot(snapshot) => format!("S{}", snapshot.id()),
        other => other.name().to_string(),
    };
    sent.map(|message| text(message.payload)).collect::<Vec<_>>().join(" ")
}

/// A row: its name, the steps, what the last one makes the leader send to peer 2, and what the
/// leader thinks of peer 2 then: state, matched..next.
type Row = (&'static str, &'static [Step], &'static str, &'static str);

fn check(config: &Config, rows: &[Row]) {
    for (name, steps, sent, then) in rows {
        let mut cluster = leading(3, config.clone());
        let last = steps.iter().map(|step| take(&mut cluster, *step)).last();
        assert_eq!(last.unwrap_or_default(), *sent, "{name}: what is sent");
        assert_eq!(progress(&cluster, 2), *then, "{name}: progress");
    }
}

#[test]
fn probing_and_streaming() {
    check(
        &plain(1),
        &[
            ("the opening entry goes out as a probe", &[], "", "Probe 0..2 paused"),
            ("one probe at a time", &[Propose(1, 1)], "", "Probe 0..2 paused"),
            (
                "a heartbeat answer allows another",
                &[Beat],
                "A1/1[2]c1",
                "Probe 0..2 paused",
            ),
            (
                "with what was proposed meanwhile",
                &[Propose(1, 1), Beat],
                "A1/1[2,3]c1",
                "Probe 0..2 paused",
            ),
            ("an answer opens the stream", &[Accept(2)], "A1/2[]c2", "Replicate 2..3"),
            (
                "what waited follows at once",
                &[Propose(1, 1), Accept(2)],
                "A1/2[3]c2",
                "Replicate 2..4 inflight=1",
            ),
            (
                "the stream does not wait",
                &[Accept(2), Propose(1, 1), Propose(1, 1)],
                "A1/3[4]c2",
                "Replicate 2..5 inflight=2",
            ),
            (
                "an answer frees what it covers",
                &[Accept(2), Propose(1, 1), Propose(1, 1), Accept(3)],
                "A1/4[]c3",
                "Replicate 3..5 inflight=1",
            ),
            (
                "and all before it",
                &[Accept(2), Propose(1, 1), Propose(1, 1), Accept(4)],
                "A1/4[]c4",
                "Replicate 4..5",
            ),
            (
                "an answer that is old frees nothing",
                &[Accept(2), Propose(1, 1), Accept(2)],
                "",
                "Replicate 2..4 inflight=1",
            ),
            (
                "an answer that matched before ends a probe too",
                &[Accept(2), Unreachable, Accept(2)],
                "",
                "Replicate 2..3",
            ),
            (
                "a heartbeat answer from who has it all brings nothing",
                &[Accept(2), Beat],
                "",
                "Replicate 2..3",
            ),
            (
                "one from who lags brings a reminder",
                &[Accept(2), Propose(1, 1), Beat],
                "A1/3[]c2",
                "Replicate 2..4 inflight=1",
            ),
            (
                "an entry that another peer makes committed is told",
                &[Accept(2), Propose(1, 1), Other(3)],
                "A1/3[]c3",
                "Replicate 2..4 inflight=1",
            ),
        ],
    );
}

#[test]
fn rejections() {
    check(
        &plain(1),
        &[
            (
                "what matched is not rejected any more, by a probe either",
                &[Accept(2), Propose(3, 1), Unreachable, Beat, Reject(2, (1, 1))],
                "",
                "Probe 2..3 paused",
            ),
            (
                "below the log there is only the snapshot",
                &[Reject(1, (0, 0))],
                "S1/1",
                "Snapshot { pending: 1 } 0..2 paused",
            ),
            (
                "an answer to another probe is stale",
                &[Reject(5, (1, 1))],
                "",
                "Probe 0..2 paused",
            ),
            (
                "a stream that broke is probed from what matched",
                &[Accept(2), Propose(1, 1), Propose(1, 1), Reject(4, (1, 2))],
                "A1/2[3,4]c2",
                "Probe 2..3 paused",
            ),
            (
                "what matched is not rejected any more",
                &[Accept(2), Propose(1, 1), Reject(2, (1, 1))],
                "",
                "Replicate 2..4 inflight=1",
            ),
            (
                "a lost stream is probed from what matched",
                &[Accept(2), Propose(1, 1), Unreachable],
                "",
                "Probe 2..3",
            ),
            (
                "and sent again after a heartbeat answer",
                &[Accept(2), Propose(1, 1), Unreachable, Beat],
                "A1/2[3]c2",
                "Probe 2..3 paused",
            ),
            (
                "to be unreachable means nothing to a probe",
                &[Unreachable],
                "",
                "Probe 0..2 paused",
            ),
            (
                "a hint that the leader does not share is cut to where it may agree",
                &[Accept(2), Propose(1, 1), Reject(3, (7, 3))],
                "A1/2[3]c2",
                "Probe 2..3 paused",
            ),
        ],
    );
}

#[test]
fn windows_in_messages() {
    let mut config = plain(1);
    config.settings_mut().max_inflight_messages = 2;
    let with = |name, last: Option<Step>, sent, then| {
        let mut cluster = leading(3, config.clone());
        let full = [Accept(2), Propose(1, 1), Propose(1, 1), Propose(1, 1)];
        let steps = full.into_iter().chain(last);
        let last = steps.map(|step| take(&mut cluster, step)).last();
        assert_eq!(last.as_deref(), Some(sent), "{name}");
        assert_eq!(progress(&cluster, 2), then, "{name}");
    };
    with(
        "a third append waits",
        None,
        "",
        "Replicate 2..5 paused inflight=2 full",
    );
    with(
        "room for one",
        Some(Accept(3)),
        "A1/4[5]c3",
        "Replicate 3..6 paused inflight=2 full",
    );
    with(
        "room for all",
        Some(Accept(4)),
        "A1/4[5]c4",
        "Replicate 4..6 inflight=1",
    );
    with(
        "a stale answer makes no room",
        Some(Accept(2)),
        "",
        "Replicate 2..5 paused inflight=2 full",
    );
    with(
        "a heartbeat answer brings an empty append, lest all of the window were lost",
        Some(Beat),
        "A1/4[]c2",
        "Replicate 2..5 paused inflight=2 full",
    );
    with(
        "and its rejection begins anew",
        Some(Reject(4, (1, 2))),
        "A1/2[3,4,5]c2",
        "Probe 2..3 paused",
    );
}

/// A slow peer keeps nobody else waiting, and what became of peers is told in events.
#[test]
fn peers_are_fed_apart() {
    let mut cluster = leading(3, config(1));
    take(&mut cluster, Other(2));
    for _ in 0..3 {
        take(&mut cluster, Propose(1, 1));
    }
    assert_eq!(progress(&cluster, 2), "Probe 0..2 paused");
    assert_eq!(progress(&cluster, 3), "Replicate 2..6 inflight=3");
    assert_eq!(progress(&cluster, 1), "Replicate 5..6");
    let ids: Vec<u64> = cluster.raw(1).progress().map(|member| member.id).collect();
    assert_eq!(ids, [1, 2, 3]);

    events(&mut cluster);
    take(&mut cluster, Unreachable);
    take(&mut cluster, Accept(2));
    let told = events(&mut cluster);
    let heard = Event::PeerReachable {
        peer: 2,
        silent_ticks: 0,
    };
    assert_eq!(told, [Event::PeerUnreachable { peer: 2 }, heard]);

    let term = cluster.term(1) + 1;
    hear(&mut cluster, 2, term, crate::heartbeat(0));
    assert_eq!(cluster.raw(1).progress().count(), 0, "only a leader keeps track");
}
