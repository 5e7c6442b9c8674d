//! Steps as commands of the script language, a line each.

use std::fmt;

use bytes::Bytes;
use quorate::ReadMode;
use quorate::membership::{ConfChangeV2, Transition};

use super::{MessageRef, Promises, Step, Well};
use crate::command::{changes, word_of};

/// The language's names for the kinds of messages, by [`quorate::message::Payload::name`].
pub const KINDS: [(&str, &str); 15] = [
    ("Propose", "MsgProp"),
    ("Append", "MsgApp"),
    ("AppendResponse", "MsgAppResp"),
    ("PreVote", "MsgPreVote"),
    ("RequestVote", "MsgVote"),
    ("PreVoteResponse", "MsgPreVoteResp"),
    ("VoteResponse", "MsgVoteResp"),
    ("InstallSnapshot", "MsgSnap"),
    ("Heartbeat", "MsgHeartbeat"),
    ("HeartbeatResponse", "MsgHeartbeatResp"),
    ("TransferLeader", "MsgTransferLeader"),
    ("TransferRefused", "MsgTransferRefused"),
    ("TimeoutNow", "MsgTimeoutNow"),
    ("ReadIndex", "MsgReadIndex"),
    ("ReadIndexResponse", "MsgReadIndexResp"),
];

/// The command that does this.
///
/// ```
/// use quorate_sim::step::Step;
/// let step: Step = "crash 3 keep=2".parse()?;
/// assert_eq!(step, Step::Crash { node: 3, kept: 2 });
/// assert_eq!(step.to_string(), "crash 3 keep=2");
/// # Ok::<(), quorate_sim::command::Misuse>(())
/// ```
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tick { node, ticks } => write!(f, "ticks {node} {ticks}"),
            Self::Ready { node } => write!(f, "ready {node}"),
            Self::Write { node } => write!(f, "write {node}"),
            Self::Sync { node } => write!(f, "sync {node}"),
            Self::Persist { node } => write!(f, "store {node}"),
            Self::Acknowledge { node } => write!(f, "acknowledge {node}"),
            Self::Apply { node } => write!(f, "apply {node}"),
            Self::Deliver { message, keep: false } => write!(f, "deliver {message}"),
            Self::Deliver { message, keep: true } => write!(f, "deliver {message} keep=true"),
            Self::Stray { message, named: true } => write!(f, "stray {message}"),
            Self::Stray { message, named: false } => write!(f, "stray {message} group=none"),
            Self::Lose { message } => write!(f, "lose {message}"),
            Self::Crash { node, kept: 0 } => write!(f, "crash {node}"),
            Self::Crash { node, kept } => write!(f, "crash {node} keep={kept}"),
            Self::Restart { node } => write!(f, "restart {node}"),
            Self::RestartDurable { node } => write!(f, "restart-durable {node}"),
            Self::Join { node } => write!(f, "join {node}"),
            Self::Pause { node } => write!(f, "pause {node}"),
            Self::Configure { node, promises } => write!(f, "configure {node} {promises}"),
            Self::Wipe { node } => write!(f, "wipe {node}"),
            Self::Recover { core } => write_recovery(f, core),
            _ => self.fmt_call(f),
        }
    }
}

impl Step {
    /// What clients and operators ask for.
    fn fmt_call(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Propose {
                node,
                operation,
                command,
            } => write!(f, "propose {node} {} operation={operation}", word_of(command)),
            Self::ProposeBatch {
                node,
                operation,
                commands,
            } => {
                let words: String = commands.iter().map(spaced).collect();
                write!(f, "propose-batch {node}{words} operation={operation}")
            }
            Self::Read {
                node,
                operation,
                query,
                mode,
            } => {
                let mode = match mode {
                    None => "",
                    Some(ReadMode::Lease) => " mode=lease-based",
                    Some(_) => " mode=safe",
                };
                write!(f, "read-index {node} {} operation={operation}{mode}", word_of(query))
            }
            Self::Change { node, change, expected } => {
                write!(f, "propose-conf-change {node} {}", Change(change))?;
                expected.map_or(Ok(()), |index| write!(f, " expected={index}"))
            }
            Self::Promote { node, learner } => write!(f, "promote {node} {learner}"),
            Self::Storage { node, available } => {
                let word = if *available { "available" } else { "unavailable" };
                write!(f, "storage {node} {word}")
            }
            Self::Corrupt { node, index } => write!(f, "corrupt {node} {index}"),
            Self::Transfer { node, to: Some(to) } => write!(f, "transfer-leadership from={node} to={to}"),
            Self::Transfer { node, to: None } => write!(f, "transfer-leadership from={node}"),
            Self::Campaign { node } => write!(f, "campaign {node}"),
            Self::ForgetLeader { node } => write!(f, "forget-leader {node}"),
            Self::RequestSnapshot { node } => write!(f, "request-snapshot {node}"),
            Self::WithdrawRequest { node } => write!(f, "withdraw-request {node}"),
            Self::ReportUnreachable { node, peer } => write!(f, "report-unreachable {node} {peer}"),
            Self::ReportSnapshot {
                node,
                peer,
                snapshot,
                finished,
            } => {
                let outcome = if *finished { "finished" } else { "failed" };
                write!(f, "report-snapshot {node} {peer} {outcome} snapshot={snapshot}")
            }
            Self::Compact { node, keep: 0 } => write!(f, "compact-to-applied {node}"),
            Self::Compact { node, keep } => write!(f, "compact-to-applied {node} keep={keep}"),
            _ => Ok(()), // the others are written above
        }
    }
}

fn spaced(command: &Bytes) -> String {
    format!(" {}", word_of(command))
}

fn write_recovery(f: &mut fmt::Formatter<'_>, core: &[Well]) -> fmt::Result {
    f.write_str("recover")?;
    core.iter().try_for_each(|well| write!(f, " {}", well.node))?;
    if core.iter().all(|well| well.tick_us == 1) {
        return Ok(());
    }
    let lengths: Vec<String> = core.iter().map(|well| well.tick_us.to_string()).collect();
    write!(f, " tick=({})", lengths.join(","))
}

impl fmt::Display for Promises {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "election={} lease-promises={}",
            self.election_ticks, self.lease_promises
        )?;
        self.silence_ticks
            .map_or(Ok(()), |ticks| write!(f, " restart-silence={ticks}"))
    }
}

/// A change of the configuration, as a command's arguments.
struct Change<'a>(&'a ConfChangeV2);

impl fmt::Display for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let singles: Vec<String> = self.0.changes.iter().map(changes::word_of).collect();
        write!(f, "change=({})", singles.join(","))?;
        f.write_str(match self.0.transition {
            Transition::Auto => "",
            Transition::JointImplicit => " transition=implicit",
            Transition::JointExplicit => " transition=explicit",
        })?;
        if self.0.context.is_empty() {
            return Ok(());
        }
        write!(f, " context={}", word_of(&self.0.context))
    }
}

impl fmt::Display for MessageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "#{id}"),
            Self::Nth { from, to, kind, nth } => {
                let known = KINDS.iter().find(|(name, _)| name == kind);
                write!(f, "{from}->{to} {}", known.map_or(*kind, |(_, kind)| kind))?;
                if *nth > 0 { write!(f, " nth={nth}") } else { Ok(()) }
            }
        }
    }
}
