//! Every reason, role, state and event in plain words: what operators read, pinned.

use quorate::error::{CampaignRefusal, ChangeRefusal, TransferRefusal};
use quorate::event::{IgnoredReason, StepDownReason, TransferAbort, VoteRefusal};
use quorate::ready::ReadRefusal;
use quorate::status::{Counters, ReplicationState, RoleKind, SoftState};
use quorate::types::EntryKind;
use quorate::{Event, Proposed, ReadMode};

use crate::leases::leased;
use crate::support::{Cluster, config, plain, store};
use crate::{accepted, alone, hear, heartbeat, id, leading};

#[test]
fn reasons_read() {
    let cases: [(&dyn std::fmt::Display, &str); 55] = [
        (&RoleKind::Follower, "follower"),
        (&RoleKind::PreCandidate, "pre-candidate"),
        (&RoleKind::Candidate, "candidate"),
        (&RoleKind::Leader, "leader"),
        (&EntryKind::Normal, "normal"),
        (&EntryKind::ConfChange, "configuration change"),
        (&EntryKind::ConfChangeV2, "configuration change, version 2"),
        (&ReadMode::ReadIndex, "by a round of heartbeats"),
        (&ReadMode::Lease, "by the lease"),
        (&ReadRefusal::LeaderChanged, "leadership changed"),
        (
            &ReadRefusal::Timeout,
            "the leader did not answer within an election timeout",
        ),
        (&ReadRefusal::Diverged, "a leader contradicts what is committed here"),
        (&Proposed::At { term: 3, index: 9 }, "at 3/9"),
        (&Proposed::Forwarded { leader: 2 }, "passed on to node 2"),
        (&ReplicationState::Probe, "probe"),
        (&ReplicationState::Replicate, "replicate"),
        (&ReplicationState::Snapshot { pending: id(3, 9) }, "snapshot 3/9 sent"),
        (&StepDownReason::HigherTerm, "there is a higher term"),
        (
            &StepDownReason::QuorumSilent,
            "a quorum was silent for an election timeout",
        ),
        (
            &StepDownReason::Removed,
            "it is no voter any more, or another store is named in its place",
        ),
        (
            &StepDownReason::Diverged,
            "a later leader contradicts what is committed here",
        ),
        (&VoteRefusal::LeaderAlive, "a leader is heard"),
        (&VoteRefusal::Promised(1), "a leader's lease is promised for 1 tick"),
        (&VoteRefusal::Promised(2), "a leader's lease is promised for 2 ticks"),
        (&VoteRefusal::Silent(3), "silent for 3 ticks after a restart"),
        (&VoteRefusal::Corrupt, "the storage is corrupt"),
        (
            &VoteRefusal::Disowned,
            "the configuration names another store for this node",
        ),
        (
            &VoteRefusal::Unnamed,
            "the configuration does not name this node's store",
        ),
        (
            &VoteRefusal::EntriesLost(9),
            "a leader counts on this log up to index 9, which does not reach there",
        ),
        (
            &VoteRefusal::OtherIdentity(0xe2),
            "the configuration names another store for the candidate than e2",
        ),
        (
            &VoteRefusal::OtherIdentity(0),
            "the configuration names a store for the candidate, which names none",
        ),
        (
            &VoteRefusal::UnappliedChange,
            "a committed change, which may name the candidate, waits to be applied",
        ),
        (&VoteRefusal::AlreadyVoted(2), "the vote of this term went to node 2"),
        (&VoteRefusal::HasLeader(2), "node 2 leads this term"),
        (&VoteRefusal::LogBehind, "the candidate's log is behind"),
        (&VoteRefusal::TermBehind, "the candidate's term is behind"),
        (&TransferAbort::Timeout, "it took longer than an election timeout"),
        (&TransferAbort::Replaced, "another transferee was named"),
        (&TransferAbort::NotVoter, "it is no voter any more"),
        (&TransferAbort::SteppedDown, "this node stopped leading before"),
        (&IgnoredReason::EarlierTerm, "it is of an earlier term"),
        (&IgnoredReason::WrongRole, "it does not fit the role"),
        (&IgnoredReason::NoLeader, "there is no leader to pass it on to"),
        (&IgnoredReason::NotAsked, "nobody waits for it"),
        (
            &IgnoredReason::Rejoined,
            "it is from before its sender was removed and added again",
        ),
        (&IgnoredReason::LogUnavailable, "the log cannot be read now"),
        (&IgnoredReason::Diverged, "a leader contradicted what is committed here"),
        (&SoftState::default(), "follower without a leader"),
        (&CampaignRefusal::NotVoter, "this node is no voter"),
        (&CampaignRefusal::SnapshotPending, "a snapshot waits to be stored"),
        (
            &CampaignRefusal::SnapshotRequested,
            "it waits for a snapshot that it asked for",
        ),
        (
            &CampaignRefusal::UnappliedChange,
            "a committed configuration change waits to be applied",
        ),
        (&TransferRefusal::Learner, "it is a learner"),
        (&TransferRefusal::Unknown, "it is not in the configuration"),
        (&Counters::default(), "messages: received=0 refused=0 sent=0"),
    ];
    for (word, text) in cases {
        assert_eq!(word.to_string(), text);
    }
    assert_eq!(IgnoredReason::ALL.len(), 7);
}

fn check<const N: usize>(events: [(Event, &str); N]) {
    for (event, text) in events {
        assert_eq!(event.to_string(), text);
    }
}

/// Every kind of event of an election.
#[test]
fn elections_read() {
    check([
        (
            Event::LeaderChanged { leader: None, term: 3 },
            "no leader is known in term 3",
        ),
        (
            Event::LeaderChanged {
                leader: Some(2),
                term: 3,
            },
            "node 2 leads term 3",
        ),
        (
            Event::BecameCandidate {
                term: 3,
                pre_vote: true,
            },
            "began a pre-vote for term 3",
        ),
        (
            Event::BecameCandidate {
                term: 3,
                pre_vote: false,
            },
            "became a candidate in term 3",
        ),
        (Event::BecameLeader { term: 3 }, "became the leader of term 3"),
        (
            Event::SteppedDown {
                reason: StepDownReason::HigherTerm,
                term: 3,
            },
            "stepped down as the leader of term 3: there is a higher term",
        ),
        (
            Event::CampaignRefused {
                reason: CampaignRefusal::NotVoter,
            },
            "did not campaign: this node is no voter",
        ),
        (
            Event::VoteRefused {
                candidate: 2,
                term: 3,
                pre_vote: true,
                reason: VoteRefusal::LogBehind,
            },
            "refused node 2 a pre-vote for term 3: the candidate's log is behind",
        ),
        (
            Event::VoteGranted {
                candidate: 2,
                term: 3,
                pre_vote: false,
            },
            "granted node 2 a vote for term 3",
        ),
        (
            Event::MessageIgnored {
                from: 2,
                kind: "Heartbeat",
                term: 3,
                reason: IgnoredReason::EarlierTerm,
            },
            "ignored Heartbeat of term 3 from node 2: it is of an earlier term",
        ),
    ]);
}

/// Every kind of event about peers and transfers.
#[test]
fn peers_and_transfers_read() {
    let (peer, to, snapshot) = (2, 2, id(3, 9));
    check([
        (
            Event::PeerUnreachable { peer },
            "node 2 is silent, or cannot be reached",
        ),
        (
            Event::PeerReachable { peer, silent_ticks: 12 },
            "node 2 is heard again, after 12 ticks",
        ),
        (
            Event::SnapshotNeeded { peer, at_least: 9 },
            "node 2 needs a snapshot that names it and covers index 9, and the storage has none",
        ),
        (Event::SnapshotSent { peer, snapshot }, "sent node 2 the snapshot 3/9"),
        (
            Event::SnapshotStalled { peer, snapshot },
            "node 2 did not answer the snapshot 3/9 in time",
        ),
        (
            Event::SnapshotRequested { at_least: 9 },
            "asks for a snapshot that covers index 9, for its state machine alone",
        ),
        (
            Event::SnapshotServed { snapshot },
            "received the snapshot 3/9, which it asked for",
        ),
        (Event::ReadDropped { from: 2 }, "dropped a read that node 2 forwarded"),
        (Event::TransferStarted { to }, "began to hand leadership to node 2"),
        (Event::TransferOrdered { to }, "told node 2 to campaign"),
        (
            Event::TransferRefused {
                to,
                reason: TransferRefusal::Learner,
            },
            "leadership is not handed to node 2: it is a learner",
        ),
        (
            Event::TransferAborted {
                to,
                reason: TransferAbort::Timeout,
            },
            "leadership was not handed to node 2: it took longer than an election timeout",
        ),
        (
            Event::PeerDiverged {
                peer,
                committed: id(3, 9),
            },
            "node 2 says that entry 3/9, committed there, contradicts this leader",
        ),
        (
            Event::PeerUnnamed {
                peer: 4,
                identity: 0xd4,
            },
            "the configuration does not name the store of node 4: d4",
        ),
        (
            Event::PeerLostEntries {
                peer,
                matched: 9,
                agreed: 7,
            },
            "node 2 had acknowledged the log up to index 9 and agrees only up to 7",
        ),
    ]);
}

/// Every kind of event about the configuration and the store.
#[test]
fn changes_and_stores_read() {
    let leader = 2;
    check([
        (
            Event::DiskLagging { ticks: 1 },
            "this leader's disk owes what it owed 1 tick ago",
        ),
        (
            Event::MembershipChanged { index: 9, joint: true },
            "the configuration changed at index 9, and is joint",
        ),
        (
            Event::MembershipChanged { index: 9, joint: false },
            "the configuration changed at index 9",
        ),
        (
            Event::ChangeIgnored { index: 9, reason: None },
            "the change at index 9 was cancelled",
        ),
        (
            Event::ChangeIgnored {
                index: 9,
                reason: Some(ChangeRefusal::NotJoint),
            },
            "the change at index 9 was ignored: there is no joint configuration to leave",
        ),
        (Event::Removed { index: 9 }, "this node was removed at index 9"),
        (
            Event::Diverged { index: 9, leader },
            "node 2, a leader, contradicts what is committed here at index 9",
        ),
        (Event::SecondLeader { leader, term: 3 }, "node 2 leads term 3, too"),
        (
            Event::Disowned { index: 9, named: 0xd1 },
            "the configuration of index 9 names another store for this node: d1",
        ),
        (
            Event::Unnamed { index: 9 },
            "the configuration of index 9 does not name this node's store",
        ),
        (
            Event::EntriesLost { index: 9, leader },
            "node 2, a leader, counts on this log up to index 9, which does not reach there",
        ),
        (Event::StorageCorrupt { index: 9 }, "the storage is corrupt at index 9"),
    ]);
}

/// A node, and a member, in a line.
#[test]
fn states_read() {
    let status = |cluster: &Cluster| cluster.raw(1).status().to_string();
    let mut follower = alone(config(1), store(&[1, 2, 3]));
    assert_eq!(
        status(&follower),
        "node 1: follower without a leader, term=0 commit=1 applied=1 last=1"
    );
    hear(&mut follower, 2, 1, heartbeat(1));
    follower.tick(1, 3);
    follower.node(1).read_index("r").expect("it follows");
    assert_eq!(
        status(&follower),
        "node 1: follower of node 2, heard 3 ticks ago, term=1 commit=1 promised=10 applied=1 last=1 promised_ticks=7 \
         pending_reads=1"
    );
    let mut leader = leading(3, leased(1));
    hear(&mut leader, 2, 1, accepted(2));
    let _ = leader.propose(1, "abc");
    leader.drain(1);
    leader.node(1).report_unreachable(2).expect("a sound node");
    leader.tick(1, 1);
    leader.node(1).transfer_leader(3).expect("a voter");
    assert_eq!(
        status(&leader),
        "node 1: leader, term=1 vote=1 commit=2 applied=2 last=3 uncommitted_bytes=3 transferee=3"
    );
    let progress: Vec<String> = leader.raw(1).progress().map(|member| member.to_string()).collect();
    assert_eq!(
        progress,
        [
            "node 1: replicate, matched=3 next=4",
            "node 2: probe, matched=2 next=3, heard 1 tick ago, unreachable",
            "node 3: probe, matched=0 next=2 commit_lag=2, heard 1 tick ago, paused",
        ]
    );
    let mut window = plain(1);
    window.settings_mut().max_inflight_messages = 1;
    let mut full = leading(3, window);
    hear(&mut full, 2, 1, accepted(2));
    let _ = full.propose(1, "abc");
    full.drain(1);
    let progress: Vec<String> = full.raw(1).progress().map(|member| member.to_string()).collect();
    assert_eq!(
        progress[1],
        "node 2: replicate, matched=2 next=4 inflight=1, paused, window full"
    );
}
