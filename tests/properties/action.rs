//! What may be done to a group, and any sequence of it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use quorate::membership::{ConfChange, ConfChangeKind, ConfChangeSingle, ConfChangeV2, Transition};
use quorate::{Config, NodeId, ReadMode};

use super::episode::episode;
use super::member::{VETO, Work};

/// Nodes that exist, members or not.
pub(crate) const NODES: u64 = 5;

/// Stands for whoever leads in the highest term at the time, if anybody does.
pub(crate) const LEADER: NodeId = 0;

#[derive(Clone, Debug)]
pub(crate) enum Action {
    Tick(NodeId, u64),
    TickAll,
    Propose(NodeId, usize),
    Change(NodeId, ConfChangeV2),
    ChangeOne(NodeId, ConfChange),
    ChangeIfUnchanged(NodeId, ConfChangeV2, u64),
    /// In this mode, or in that of the settings.
    Read(NodeId, Option<ReadMode>),
    Campaign(NodeId),
    Transfer(NodeId, NodeId),
    TransferToBest(NodeId),
    ForgetLeader(NodeId),
    ReportUnreachable(NodeId, NodeId),
    ReportSnapshot(NodeId, NodeId, bool),
    StorageReady(NodeId),
    SetLimits(NodeId, u64),
    SetTimeout(NodeId, u64),
    Compact(NodeId, u64),
    Restart(NodeId, bool),
    Work(NodeId, Work),
    Drain(NodeId),
    /// Messages are named by where they are in the pool.
    Deliver(usize),
    Duplicate(usize),
    Lose(usize),
    /// All work, and then each message that is in the pool.
    Flow,
    /// The same until nothing moves.
    Settle,
    Cut(NodeId, NodeId),
    Isolate(NodeId),
    /// Two sides that do not hear each other; a bit for each node.
    Split(u8),
    Heal,
}

/// How a group begins.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) voters: u64,
    pub(crate) learners: u64,
    pub(crate) lease: bool,
    /// One for each node.
    pub(crate) configs: Vec<Config>,
}

pub(crate) fn node() -> impl Strategy<Value = NodeId> {
    prop_oneof![2 => Just(LEADER), 3 => 1..=NODES]
}

pub(crate) fn change() -> impl Strategy<Value = ConfChangeV2> {
    use ConfChangeKind::{AddLearnerNode, AddNode, RemoveNode, UpdateNode};
    let single = (
        select(vec![AddNode, AddNode, RemoveNode, AddLearnerNode, UpdateNode]),
        1..=NODES,
    )
        .prop_map(|(kind, node_id)| ConfChangeSingle::new(kind, node_id));
    let transition = select(vec![
        Transition::Auto,
        Transition::JointImplicit,
        Transition::JointExplicit,
    ]);
    let context = select(vec![&b""[..], b"", b"", VETO]);
    let any = (vec(single, 1..4), transition, context).prop_map(|(changes, transition, context)| {
        ConfChangeV2::new(changes)
            .with_transition(transition)
            .with_context(context)
    });
    prop_oneof![4 => any, 1 => Just(ConfChangeV2::leave_joint())]
}

fn change_one() -> impl Strategy<Value = ConfChange> {
    change().prop_map(|change| {
        let single = change.changes.first().copied().unwrap_or_default();
        ConfChange::new(single.kind, single.node_id)
            .with_id(7)
            .with_context(change.context)
    })
}

fn read_mode() -> impl Strategy<Value = Option<ReadMode>> {
    select(vec![None, None, Some(ReadMode::ReadIndex), Some(ReadMode::Lease)])
}

fn work() -> impl Strategy<Value = Work> {
    select(vec![Work::Ready, Work::Write, Work::Acknowledge, Work::Apply])
}

fn action() -> impl Strategy<Value = Action> {
    use Action::*;
    prop_oneof![
        6 => (node(), 1_u64..12).prop_map(|(id, ticks)| Tick(id, ticks)),
        8 => Just(TickAll),
        8 => (node(), 0_usize..40).prop_map(|(id, length)| Propose(id, length)),
        3 => (node(), change()).prop_map(|(id, change)| Change(id, change)),
        1 => (node(), change_one()).prop_map(|(id, change)| ChangeOne(id, change)),
        1 => (node(), change(), 0_u64..2).prop_map(|(id, change, behind)| ChangeIfUnchanged(id, change, behind)),
        5 => (node(), read_mode()).prop_map(|(id, mode)| Read(id, mode)),
        2 => node().prop_map(Campaign),
        1 => (node(), node()).prop_map(|(id, to)| Transfer(id, to)),
        1 => node().prop_map(TransferToBest),
        1 => node().prop_map(ForgetLeader),
        1 => (node(), node()).prop_map(|(id, peer)| ReportUnreachable(id, peer)),
        1 => (node(), node(), any::<bool>()).prop_map(|(id, peer, arrived)| ReportSnapshot(id, peer, arrived)),
        1 => node().prop_map(StorageReady),
        1 => (node(), 0_u64..300).prop_map(|(id, bytes)| SetLimits(id, bytes)),
        1 => (node(), 0_u64..20).prop_map(|(id, ticks)| SetTimeout(id, ticks)),
        2 => (node(), 0_u64..3).prop_map(|(id, keep)| Compact(id, keep)),
        2 => (node(), any::<bool>()).prop_map(|(id, keep_state)| Restart(id, keep_state)),
        12 => (node(), work()).prop_map(|(id, work)| Work(id, work)),
        8 => node().prop_map(Drain),
        14 => any::<usize>().prop_map(Deliver),
        2 => any::<usize>().prop_map(Duplicate),
        2 => any::<usize>().prop_map(Lose),
        4 => Just(Flow),
        4 => Just(Settle),
        1 => (node(), node()).prop_map(|(from, to)| Cut(from, to)),
        1 => node().prop_map(Isolate),
        1 => any::<u8>().prop_map(Split),
        2 => Just(Heal),
    ]
}

pub(crate) fn actions() -> impl Strategy<Value = Vec<Action>> {
    let alone = action().prop_map(|action| vec![action]);
    vec(prop_oneof![8 => alone, 1 => episode()], 0..120).prop_map(|parts| parts.concat())
}

/// Settings within what works together: lease reads need everybody's silence after a restart; groups
/// in which some use check-quorum or promises and others neither do not heal from all partitions, nor
/// do those with very different timeouts.
fn config(lease: bool, guarded: bool, promising: bool, election_timeout: u64) -> impl Strategy<Value = Config> {
    let limit = || prop_oneof![Just(0), 1_u64..100, Just(1 << 20)];
    let sizes = (limit(), limit(), limit(), 1_usize..5, 1_usize..5);
    let times = (1_u64..3, 0_u64..3, select(vec![None, Some(0), Some(9)]));
    (any::<[bool; 8]>(), sizes, times).prop_map(move |(switches, sizes, times)| {
        let mut config = Config::new(1, 0);
        let [pre_vote, silent, by_rounds, others @ ..] = switches;
        config.settings_mut().check_quorum = guarded || lease;
        config.settings_mut().pre_vote = pre_vote && config.settings().check_quorum;
        config.settings_mut().lease_promises = promising || lease;
        [
            config.settings_mut().eager_appends,
            config.settings_mut().async_storage_writes,
            config.settings_mut().disable_proposal_forwarding,
            config.settings_mut().step_down_on_removal,
            config.settings_mut().commit_notice_on_removal,
        ] = others;
        (
            config.settings_mut().max_message_bytes,
            config.settings_mut().max_committed_bytes_per_ready,
        ) = (sizes.0, sizes.1);
        config.settings_mut().max_uncommitted_bytes = sizes.2;
        (
            config.settings_mut().max_inflight_messages,
            config.settings_mut().max_pending_reads,
        ) = (sizes.3, sizes.4);
        config.settings_mut().election_timeout_ticks = election_timeout;
        config.settings_mut().heartbeat_interval_ticks = times.0;
        config.settings_mut().restart_silence_ticks = Some(times.1 * 2).filter(|_| !lease && silent);
        config.settings_mut().snapshot_stall_ticks = times.2;
        config.settings_mut().commit_notice_ticks = times.1;
        config.settings_mut().read_mode = if lease && !by_rounds {
            ReadMode::Lease
        } else {
            ReadMode::ReadIndex
        };
        config
    })
}

pub(crate) fn setup() -> impl Strategy<Value = Setup> {
    let sizes = (select(vec![1_u64, 2, 3, 3, 3, 4, 5]), 0_u64..3);
    (sizes, any::<[bool; 3]>(), 3_u64..8).prop_flat_map(|((voters, learners), [lease, guarded, promising], timeout)| {
        let learners = learners.min(NODES - voters);
        let nodes = usize::try_from(NODES).expect("few");
        vec(config(lease, guarded, promising, timeout), nodes).prop_map(move |configs| Setup {
            voters,
            learners,
            lease,
            configs,
        })
    })
}

/// Five voters that may campaign at any time, and do not campaign by themselves.
pub(crate) fn contested() -> impl Strategy<Value = Setup> {
    setup().prop_map(|mut setup| {
        (setup.voters, setup.learners, setup.lease) = (NODES, 0, false);
        for config in &mut setup.configs {
            (
                config.settings_mut().pre_vote,
                config.settings_mut().check_quorum,
                config.settings_mut().lease_promises,
            ) = (false, false, false);
            (
                config.settings_mut().read_mode,
                config.settings_mut().restart_silence_ticks,
            ) = (ReadMode::ReadIndex, Some(0));
        }
        setup
    })
}
