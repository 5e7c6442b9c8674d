//! What a node says of itself is compared with what a copy of it does when it is put to the test.

use quorate::error::CampaignError;
use quorate::explain::{Half, IndexFinding, NoLeader, NoLease, PeerFinding};
use quorate::message::{AppendResponse, Payload, RequestVote, VoteResponse};
use quorate::status::RoleKind;
use quorate::{EntryId, Event, MemoryStorage, Message, NodeId, RawNode, ReadMode};

type Node = RawNode<MemoryStorage>;

/// Text lines that a group of five may take.
const LINES_MAX: usize = 40;

/// How often each thing was put to the test.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tried {
    pub(crate) waiting: usize,
    pub(crate) refused: usize,
    pub(crate) elections: usize,
    pub(crate) unheard: usize,
    pub(crate) commits: usize,
    pub(crate) fed: usize,
    pub(crate) unfed: usize,
    pub(crate) leases: usize,
}

impl Tried {
    /// Whether nothing was left out.
    pub(crate) fn all(&self) -> bool {
        let Self {
            waiting,
            refused,
            elections,
            unheard,
            commits,
            fed,
            unfed,
            leases,
        } = *self;
        [waiting, refused, elections, unheard, commits, fed, unfed, leases]
            .iter()
            .all(|times| *times > 0)
    }
}

pub(crate) fn check(node: &Node, tried: &mut Tried) {
    let explanation = node.explain();
    let text = explanation.to_string();
    assert!(text.lines().count() <= LINES_MAX, "{text}");
    let leader = node.status().soft_state.leader;
    assert_eq!(explanation.no_leader.is_empty(), leader.is_some(), "{text}");
    for finding in &explanation.no_leader {
        check_no_leader(node, finding, tried);
    }
    if leader.is_none() {
        check_votes(node, &explanation.no_leader, tried);
    }
    check_indexes(node, tried);
    if leader == Some(node.status().id) {
        check_peers(node, tried);
        check_lease(node, &explanation.lease, tried);
    } else {
        assert!(explanation.lease.is_err());
    }
}

fn role(node: &Node) -> RoleKind {
    node.status().soft_state.role
}

fn check_no_leader(node: &Node, finding: &NoLeader, tried: &mut Tried) {
    let mut copy = node.clone();
    match finding {
        NoLeader::Waiting { ticks } => {
            tried.waiting += 1;
            assert_eq!(copy.advance_ticks(ticks - 1), Ok(ticks - 1));
            assert_eq!(role(&copy), RoleKind::Follower);
            assert_eq!(copy.advance_ticks(1), Ok(1));
            assert_ne!(role(&copy), RoleKind::Follower, "it campaigns then");
            let mut now = node.clone();
            assert_eq!(now.campaign(), Ok(()), "or when it is told to");
        }
        NoLeader::MayNotCampaign { reason, .. } => {
            tried.refused += 1;
            assert_eq!(copy.campaign(), Err(CampaignError::Refused(*reason)));
        }
        NoLeader::Campaigning {
            pre_vote, term, halves, ..
        } => {
            let id = node.status().id;
            let Some((last, rest)) = enough(halves, id) else { return };
            tried.elections += 1;
            let before = role(&copy);
            for from in rest {
                grant(&mut copy, from, *term, *pre_vote);
                assert_eq!(role(&copy), before, "one is needed still");
            }
            grant(&mut copy, last, *term, *pre_vote);
            assert_ne!(role(&copy), before, "these are enough");
        }
        NoLeader::WouldNotVote { .. } => {}
        other => panic!("a sound node with a storage that works: {other}"),
    }
}

/// Nodes whose word is enough where it is missing, without one that is needed; none if this node's own is.
fn enough(halves: &[Half], own: NodeId) -> Option<(NodeId, Vec<NodeId>)> {
    let mut chosen = Vec::new();
    for half in halves {
        let known = half.missing.iter().filter(|id| chosen.contains(*id)).count();
        let wanted = half.needed.saturating_sub(known);
        let others = half.missing.iter().filter(|id| **id != own && !chosen.contains(*id));
        let others: Vec<NodeId> = others.take(wanted).copied().collect();
        if others.len() < wanted {
            return None;
        }
        chosen.extend(others);
    }
    // Whoever was chosen last was chosen because of the last half that lacked somebody.
    chosen.pop().map(|last| (last, chosen))
}

fn grant(node: &mut Node, from: NodeId, term: u64, pre_vote: bool) {
    let payload = Payload::VoteResponse(VoteResponse::new(true).with_pre_vote(pre_vote));
    let message = Message::new(from, node.status().id, term, payload);
    node.step(message).expect("a member's vote");
}

/// Each other voter stands in the next term, with a log that nobody is ahead of.
fn check_votes(node: &Node, findings: &[NoLeader], tried: &mut Tried) {
    let (id, term) = (node.status().id, node.status().hard_state.term + 1);
    for candidate in node
        .membership()
        .voters()
        .ids()
        .into_iter()
        .filter(|other| *other != id)
    {
        let refusal = findings.iter().find_map(|finding| match finding {
            NoLeader::WouldNotVote { candidates, reason } => candidates.contains(&candidate).then_some(*reason),
            _ => None,
        });
        tried.unheard += usize::from(refusal.is_some());
        let mut copy = node.clone();
        copy.take_events();
        let last = EntryId { term, index: 1 << 40 };
        let request = Payload::RequestVote(RequestVote::new(last));
        copy.step(Message::new(candidate, id, term, request)).expect("legal");
        let events = copy.take_events();
        match refusal {
            None => assert!(
                events.iter().any(|event| matches!(event, Event::VoteGranted { .. })),
                "{events:?}"
            ),
            Some(expected) => assert!(
                matches!(events[..], [Event::VoteRefused { reason, .. }] if reason == expected),
                "{events:?}"
            ),
        }
    }
}

fn check_indexes(node: &Node, tried: &mut Tried) {
    let status = node.status();
    let (commit, last, id) = (status.hard_state.commit, status.last_index, status.id);
    for index in commit.saturating_sub(1)..=last + 1 {
        let explained = node.explain_index(index);
        assert!(!explained.to_string().is_empty());
        let committed = matches!(explained.finding, IndexFinding::Committed);
        assert_eq!(committed, index <= commit);
        let beyond = matches!(explained.finding, IndexFinding::BeyondLog { .. });
        assert_eq!(beyond, index > last);
        let IndexFinding::Waiting { to_be_held, halves, .. } = explained.finding else {
            assert!(committed || beyond || role(node) != RoleKind::Leader);
            continue;
        };
        let Some((decisive, rest)) = enough(&halves, id) else {
            continue;
        };
        tried.commits += 1;
        let mut copy = node.clone();
        for from in rest {
            acknowledge(&mut copy, from, to_be_held);
            assert!(copy.status().hard_state.commit < index, "one is lacking still");
        }
        acknowledge(&mut copy, decisive, to_be_held);
        assert!(copy.status().hard_state.commit >= index, "these are enough");
    }
}

fn acknowledge(node: &mut Node, from: NodeId, index: u64) {
    let payload = Payload::AppendResponse(AppendResponse::accepted(index, None));
    let status = node.status();
    node.step(Message::new(from, status.id, status.hard_state.term, payload))
        .expect("a member's answer");
}

/// What is said to be due goes out as soon as the storage is asked again, and nothing else does.
fn check_peers(node: &Node, tried: &mut Tried) {
    let mut copy = node.clone();
    copy.storage_ready().expect("a sound node");
    for (before, after) in node.progress().zip(copy.progress()) {
        let explained = node.explain_peer(before.id);
        assert!(!explained.to_string().is_empty());
        let first = &explained.findings[0];
        let sent = (before.next, before.paused, before.state) != (after.next, after.paused, after.state);
        let due = matches!(first, PeerFinding::Due { .. });
        assert_eq!(sent, due, "{explained}: {before:?}");
        assert_eq!(explained.matched, before.matched);
        let last = node.status().last_index;
        assert_eq!(
            matches!(first, PeerFinding::UpToDate),
            before.matched == last,
            "{explained}: {before:?}"
        );
        tried.fed += usize::from(due);
        tried.unfed += usize::from(!due && before.matched < last);
    }
}

/// A read that may be is answered by the lease if there is one.
fn check_lease(node: &Node, lease: &Result<u64, NoLease>, tried: &mut Tried) {
    let mut copy = node.clone();
    // To ask for one is to have it measured from then on.
    let mode = if matches!(lease, Err(NoLease::NotMeasured)) {
        node.config().settings().read_mode
    } else {
        ReadMode::Lease
    };
    let _ = copy.read_index_with(mode, "whether there is a lease");
    let by_lease = copy.counters().reads_by_lease > node.counters().reads_by_lease;
    assert_eq!(by_lease, lease.is_ok());
    tried.leases += usize::from(lease.is_ok());
    if let Err(NoLease::NotPromised { halves, .. }) = lease {
        assert!(
            halves.iter().any(|half| half.needed > 0),
            "somebody's promise is lacking"
        );
    }
}
