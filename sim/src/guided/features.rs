//! What a moment of a run shows: what roles and terms there are, how the logs differ, what is in flight and how old it
//! is. Each feature is small and says nothing of ids and absolute terms, so that what is alike counts as alike.

use quorate::message::Payload;
use quorate::status::{ReplicationState, RoleKind};
use quorate::{Message, Term};

use crate::cluster::Cluster;
use crate::disk::Disk;
use crate::driver::Driver;
use crate::machine::StateMachine;
use crate::member::{Life, Member};
use crate::workload::Workload;

/// What there is to see now, each feature once.
pub(super) fn of<W: Workload, D: Disk + 'static>(run: &Driver<W, D>) -> Vec<u32> {
    let cluster = run.cluster();
    let newest = cluster.members.iter().map(|member| member.seen.term).max().unwrap_or(0);
    let mut found = Found::default();
    roles(&mut found, cluster, newest);
    membership(&mut found, cluster);
    logs(&mut found, cluster);
    disks(&mut found, cluster);
    for message in cluster.pool.values() {
        in_flight(&mut found, cluster, message);
    }
    for member in &cluster.members {
        node(&mut found, member, newest);
    }
    found.0.sort_unstable();
    found.0.dedup();
    found.0
}

/// The kind of a feature in the upper bits, what it is in the others.
#[derive(Default)]
struct Found(Vec<u32>);

impl Found {
    fn plain(&mut self, kind: u32, value: u32) {
        self.0.push(kind << 24 | (value & 0xff_ffff));
    }
}

/// A number up to three.
fn few(number: u64) -> u32 {
    u32::try_from(number.min(3)).unwrap_or(3)
}

/// A number by its size only: 0, 1, 2 to 4, 5 to 16, more.
fn size(number: u64) -> u32 {
    match number {
        0 | 1 => u32::from(number > 0),
        2..=4 => 2,
        5..=16 => 3,
        _ => 4,
    }
}

fn age(newest: Term, term: Term) -> u32 {
    u32::try_from(newest.saturating_sub(term).min(3)).unwrap_or(3)
}

/// How many are down, lead, campaign, and how far their terms are apart.
fn roles<M: StateMachine, D: Disk>(found: &mut Found, cluster: &Cluster<M, D>, newest: Term) {
    let (mut down, mut leaders, mut candidates, mut oldest) = (0, 0, 0, newest);
    for member in &cluster.members {
        match (&member.life, member.seen.role) {
            (Life::Gone | Life::Down(_), _) => down += 1,
            (Life::Up(_), RoleKind::Leader) => leaders += 1,
            (Life::Up(_), RoleKind::Follower) => oldest = oldest.min(member.seen.term),
            (Life::Up(_), _) => candidates += 1,
        }
    }
    found.plain(
        1,
        few(down) << 6 | few(leaders) << 4 | few(candidates) << 2 | age(newest, oldest),
    );
}

/// The newest configuration, who is still behind it, and changes on their way.
fn membership<M: StateMachine, D: Disk>(found: &mut Found, cluster: &Cluster<M, D>) {
    let Some((at, newest)) = cluster.judge.configurations.latest() else {
        return;
    };
    let lists = [
        &newest.voters,
        &newest.voters_outgoing,
        &newest.learners,
        &newest.learners_next,
    ];
    let lengths = lists.iter().map(|list| few(list.len() as u64));
    found.plain(2, lengths.fold(0, |all, length| all << 2 | length));
    let behind = cluster.members.iter().filter(|member| member.applied < at).count();
    let up = cluster.members.iter().filter_map(Member::node);
    let pending = up.filter(|node| node.membership_status().is_ok_and(|known| known.pending.is_some()));
    found.plain(3, few(behind as u64) << 2 | few(pending.count() as u64));
}

/// Logs beside the longest of the latest term: the most that is missing, that differs, that is not committed.
fn logs<M: StateMachine, D: Disk>(found: &mut Found, cluster: &Cluster<M, D>) {
    let last = |member: &&Member<M, D>| (member.durable.last().term, member.durable.last().index);
    let Some(best) = cluster.members.iter().max_by_key(last) else {
        return;
    };
    let committed = cluster.judge.committed();
    let (mut terms, mut most) = (Vec::new(), [0; 3]);
    for member in &cluster.members {
        let (log, other) = (&member.log, &best.durable);
        let end = log.last().index.min(other.last().index);
        let low = end.saturating_sub(8).max(log.base().index);
        let differing = (low + 1..=end).filter(|at| log.term(*at) != other.term(*at)).count() as u64;
        let missing = other.last().index.saturating_sub(log.last().index);
        let uncommitted = log.last().index.saturating_sub(committed);
        for (most, now) in most.iter_mut().zip([differing, missing, uncommitted]) {
            *most = size(now).max(*most);
        }
        terms.push(log.last().term);
    }
    terms.sort_unstable();
    terms.dedup();
    found.plain(4, few(terms.len() as u64));
    (0..)
        .zip(most)
        .for_each(|(place, most)| found.plain(5, place << 8 | most));
}

/// What is not synced, what was torn off, what waits.
fn disks<M: StateMachine, D: Disk>(found: &mut Found, cluster: &Cluster<M, D>) {
    let base = cluster.judge.base();
    let count = |has: &dyn Fn(&Member<M, D>) -> bool| cluster.members.iter().filter(|member| has(member)).count();
    let counts = [
        count(&|member| !member.marks.is_empty()),
        count(&|member| member.durable.hard_state.term < member.durable.last().term),
        count(&|member| member.durable.base().index > base),
        count(&|member| !member.work.applies.is_empty()),
        count(&|member| member.work.tasks.len() + member.work.written.len() > 1),
        count(&|member| !member.lost.is_empty()),
    ];
    let places = (0..).zip(counts);
    places.for_each(|(place, count)| found.plain(6, place << 8 | few(count as u64)));
}

/// A message: its kind, and how old it is beside its recipient.
fn in_flight<M: StateMachine, D: Disk>(found: &mut Found, cluster: &Cluster<M, D>, message: &Message) {
    let Some(recipient) = cluster.member(message.to) else {
        return;
    };
    let term = recipient.seen.term;
    let relation = if message.term > term {
        4
    } else {
        age(term, message.term)
    };
    let last = recipient.log.last().index;
    let (kind, detail) = match &message.payload {
        Payload::RequestVote(request) => (0, u32::from(request.pre_vote)),
        Payload::VoteResponse(response) => (1, u32::from(response.pre_vote) * 2 + u32::from(response.granted)),
        Payload::Append(append) => {
            let prev = append.prev.index;
            (
                2,
                u32::from(prev < last) * 2 + u32::from(recipient.log.term(prev) == Some(append.prev.term)),
            )
        }
        Payload::AppendResponse(_) => (3, u32::from(recipient.is_leader())),
        Payload::Heartbeat(_) => (4, 0),
        Payload::HeartbeatResponse(_) => (5, u32::from(recipient.is_leader())),
        Payload::InstallSnapshot(snapshot) => (6, u32::from(snapshot.metadata.index <= last)),
        Payload::TimeoutNow => (7, u32::from(recipient.is_leader())),
        _ => (8, 0),
    };
    found.plain(7, kind << 8 | relation << 4 | detail);
}

/// What one node is in the middle of.
fn node<M: StateMachine, D: Disk>(found: &mut Found, member: &Member<M, D>, newest: Term) {
    let Some(node) = member.node() else { return };
    let status = node.status();
    let leads = status.soft_state.role == RoleKind::Leader;
    let flags = [
        leads,
        status.lease_ticks > 0,
        status.promised_ticks > 0,
        status.transferee.is_some(),
        status.pending_reads > 0,
        status.disowned || status.unnamed,
        member.damaged.is_some(),
        member.fresh,
        status.commit_lag() > 0,
        status.apply_lag() > 0,
        member.conf_state.voters.len() == 1,
        status.lost_entries.is_some(),
    ];
    let role = u32::from(leads) << 8 | u32::from(status.hard_state.term < newest) << 9;
    for (flag, place) in flags.iter().zip(0..) {
        if *flag {
            found.plain(8, role | place);
        }
    }
    for peer in node.progress().filter(|_| leads) {
        let state = match peer.state {
            ReplicationState::Probe => 0,
            ReplicationState::Replicate => 1,
            ReplicationState::Snapshot { .. } => 2,
        };
        let behind = size(status.last_index.saturating_sub(peer.matched));
        let flags = u32::from(peer.paused) << 2 | u32::from(peer.inflight_full) << 3 | u32::from(peer.learner) << 4;
        found.plain(9, state | flags | behind << 5);
    }
}
