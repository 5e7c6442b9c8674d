//! Commands of the script language as steps.

use std::str::FromStr;

use bytes::Bytes;
use quorate::membership::{ConfChangeV2, Transition};
use quorate::{EntryId, NodeId, ReadMode};

use super::{KINDS, MessageRef, Promises, Step, Well};
use crate::command::{Command, Misuse, bytes_of, changes, number};

/// Of one `ticks` command: each may send something.
const TICKS_MAX: u64 = 1_000_000;

/// How long the ticks of a node may be that is well, in microseconds: a thousand seconds.
const TICK_US_MAX: u64 = 1_000_000_000;

impl FromStr for Step {
    type Err = Misuse;

    fn from_str(line: &str) -> Result<Self, Misuse> {
        let command: Command = line.parse()?;
        Self::of_command(&command)?.ok_or_else(|| Misuse::new("unknown command"))
    }
}

impl Step {
    /// What a command does; `None` if there is no step of its name.
    pub fn of_command(command: &Command) -> Result<Option<Self>, Misuse> {
        Ok(Some(match command.name.as_str() {
            "ticks" => {
                let [node, ticks] = plain(command, "ID N")?;
                if ticks > TICKS_MAX {
                    return Err(Misuse::new(format!("at most {TICKS_MAX} ticks")));
                }
                Self::Tick { node, ticks }
            }
            "deliver" => Self::Deliver {
                message: message(command, "FROM->TO TYPE [nth=K] [keep=B]", &["nth", "keep"])?,
                keep: command.switch("keep")?,
            },
            "stray" => Self::Stray {
                message: message(command, "FROM->TO TYPE [nth=K] [group=other|none]", &["nth", "group"])?,
                named: match command.value::<String>("group")?.as_deref() {
                    None | Some("other") => true,
                    Some("none") => false,
                    Some(word) => return Err(Misuse::new(format!("the group is other or none, not {word}"))),
                },
            },
            "lose" => Self::Lose {
                message: message(command, "FROM->TO TYPE [nth=K]", &["nth"])?,
            },
            "crash" => Self::Crash {
                node: one(command, "ID [keep=K]", &["keep"])?,
                kept: command.value("keep")?.unwrap_or(0),
            },
            "compact-to-applied" => Self::Compact {
                node: one(command, "ID [keep=K]", &["keep"])?,
                keep: command.value("keep")?.unwrap_or(0),
            },
            "configure" => Self::Configure {
                node: one(command, "ID election=N lease-promises=B [restart-silence=N]", &PROMISES)?,
                promises: promises(command)?,
            },
            "recover" => recovery(command)?,
            _ => return Self::of_call(command),
        }))
    }

    fn of_call(command: &Command) -> Result<Option<Self>, Misuse> {
        Ok(Some(match command.name.as_str() {
            "propose" => {
                let (node, operation, command) = client(command, "ID DATA", &["operation"])?;
                Self::Propose {
                    node,
                    operation,
                    command,
                }
            }
            "read-index" => {
                let mode = read_mode(command)?;
                let (node, operation, query) = client(command, "ID CONTEXT", &["operation", "mode"])?;
                Self::Read {
                    node,
                    operation,
                    query,
                    mode,
                }
            }
            "propose-batch" => batch(command)?,
            "propose-conf-change" => change(command)?,
            "transfer-leadership" => transfer(command)?,
            "report-unreachable" => {
                let [node, peer] = plain(command, "ID PEER")?;
                Self::ReportUnreachable { node, peer }
            }
            "promote" => {
                let [node, learner] = plain(command, "ID LEARNER")?;
                Self::Promote { node, learner }
            }
            "storage" => storage(command)?,
            "corrupt" => {
                let [node, index] = plain(command, "ID INDEX")?;
                Self::Corrupt { node, index }
            }
            "report-snapshot" => report(command)?,
            _ => return Self::of_node(command),
        }))
    }

    /// Those that name a node and nothing else.
    fn of_node(command: &Command) -> Result<Option<Self>, Misuse> {
        let make: fn(NodeId) -> Self = match command.name.as_str() {
            "ready" => |node| Self::Ready { node },
            "write" => |node| Self::Write { node },
            "sync" => |node| Self::Sync { node },
            "store" => |node| Self::Persist { node },
            "acknowledge" => |node| Self::Acknowledge { node },
            "apply" => |node| Self::Apply { node },
            "restart" => |node| Self::Restart { node },
            "restart-durable" => |node| Self::RestartDurable { node },
            "join" => |node| Self::Join { node },
            "pause" => |node| Self::Pause { node },
            "wipe" => |node| Self::Wipe { node },
            "campaign" => |node| Self::Campaign { node },
            "forget-leader" => |node| Self::ForgetLeader { node },
            "request-snapshot" => |node| Self::RequestSnapshot { node },
            "withdraw-request" => |node| Self::WithdrawRequest { node },
            _ => return Ok(None),
        };
        one(command, "ID", &[]).map(make).map(Some)
    }
}

/// Numbers and no keys.
fn plain<const N: usize>(command: &Command, usage: &str) -> Result<[u64; N], Misuse> {
    command.only(&[])?;
    let words = command.exactly::<N>(usage)?;
    let mut numbers = [0; N];
    for (place, word) in numbers.iter_mut().zip(words) {
        *place = number(word)?;
    }
    Ok(numbers)
}

/// A node, and no keys but these.
fn one(command: &Command, usage: &str, keys: &[&str]) -> Result<NodeId, Misuse> {
    command.only(keys)?;
    let [node] = command.exactly(usage)?;
    number(node)
}

fn message(command: &Command, usage: &str, keys: &[&str]) -> Result<MessageRef, Misuse> {
    command.only(keys)?;
    if let Some(id) = command.words().next().and_then(|word| word.strip_prefix('#')) {
        command.exactly::<1>(usage)?;
        return Ok(MessageRef::Id(number(id)?));
    }
    let [route, kind] = command.exactly(usage)?;
    let known = KINDS.iter().find(|(_, known)| *known == kind);
    let (kind, _) = known.ok_or_else(|| Misuse::new(format!("unknown message type {kind}")))?;
    let parties = route.split_once("->");
    let parties = parties.and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    let Some((from, to)) = parties else {
        return Err(Misuse::new(format!("{route:?} does not say from whom and to whom")));
    };
    let nth = command.value("nth")?.unwrap_or(0);
    Ok(MessageRef::Nth { from, to, kind, nth })
}

fn client(command: &Command, usage: &str, keys: &[&str]) -> Result<(NodeId, u64, Bytes), Misuse> {
    command.only(keys)?;
    let [node, data] = command.exactly(usage)?;
    Ok((number(node)?, command.value("operation")?.unwrap_or(0), unquoted(data)?))
}

fn batch(command: &Command) -> Result<Step, Misuse> {
    command.only(&["operation"])?;
    let mut words = command.words();
    let node = words
        .next()
        .ok_or_else(|| Misuse::new("expected: propose-batch ID DATA..."))?;
    Ok(Step::ProposeBatch {
        node: number(node)?,
        operation: command.value("operation")?.unwrap_or(0),
        commands: words.map(unquoted).collect::<Result<_, _>>()?,
    })
}

fn unquoted(data: &str) -> Result<Bytes, Misuse> {
    bytes_of(data).ok_or_else(|| Misuse::new(format!("{data} is not quoted as it should be")))
}

/// How a read wants to be confirmed.
fn read_mode(command: &Command) -> Result<Option<ReadMode>, Misuse> {
    match command.value::<String>("mode")?.as_deref() {
        None => Ok(None),
        Some("safe") => Ok(Some(ReadMode::ReadIndex)),
        Some("lease-based") => Ok(Some(ReadMode::Lease)),
        Some(other) => Err(Misuse::new(format!(
            "a read's mode is safe or lease-based, not {other}"
        ))),
    }
}

/// What a [`Promises`] is written as.
const PROMISES: [&str; 3] = ["election", "lease-promises", "restart-silence"];

fn promises(command: &Command) -> Result<Promises, Misuse> {
    let (Some(election_ticks), true) = (command.value("election")?, command.has("lease-promises")) else {
        return Err(Misuse::new("election and lease-promises must be said"));
    };
    Ok(Promises {
        election_ticks,
        lease_promises: command.switch("lease-promises")?,
        silence_ticks: command.value("restart-silence")?,
    })
}

fn recovery(command: &Command) -> Result<Step, Misuse> {
    command.only(&["tick"])?;
    let ids = command.ids()?;
    let mut lengths = command.list::<u64>("tick")?;
    if lengths.is_empty() {
        lengths.resize(ids.len(), 1);
    }
    if lengths.len() != ids.len() {
        return Err(Misuse::new("tick=(..) says for each node how long its ticks are"));
    }
    if let Some(length) = lengths.iter().find(|length| !(1..=TICK_US_MAX).contains(*length)) {
        return Err(Misuse::new(format!("a tick is 1 to {TICK_US_MAX} long, not {length}")));
    }
    let wells = ids.into_iter().zip(lengths);
    let core = wells.map(|(node, tick_us)| Well { node, tick_us }).collect();
    Ok(Step::Recover { core })
}

fn change(command: &Command) -> Result<Step, Misuse> {
    let node = one(
        command,
        "ID change=(..) [transition=T] [context=S] [expected=I]",
        &["change", "transition", "context", "expected"],
    )?;
    let singles = command.list::<String>("change")?;
    let singles = singles.iter().map(|single| changes::single(single));
    let singles = singles.collect::<Result<Vec<_>, _>>()?;
    let context = command.value::<String>("context")?.unwrap_or_default();
    let context = bytes_of(&context).ok_or_else(|| Misuse::new("context is not quoted as it should be"))?;
    Ok(Step::Change {
        node,
        change: ConfChangeV2::new(singles)
            .with_transition(transition(command)?)
            .with_context(context),
        expected: command.value("expected")?,
    })
}

/// What is said of how the change is to be made.
pub fn transition(command: &Command) -> Result<Transition, Misuse> {
    Ok(match command.value::<String>("transition")?.as_deref() {
        None | Some("auto") => Transition::Auto,
        Some("implicit") => Transition::JointImplicit,
        Some("explicit") => Transition::JointExplicit,
        Some(other) => return Err(Misuse::new(format!("unknown transition {other}"))),
    })
}

fn transfer(command: &Command) -> Result<Step, Misuse> {
    command.only(&["from", "to"])?;
    let Some(node) = command.value("from")? else {
        return Err(Misuse::new("expected: transfer-leadership from=A [to=B]"));
    };
    let to = command.value("to")?;
    Ok(Step::Transfer { node, to })
}

fn storage(command: &Command) -> Result<Step, Misuse> {
    command.only(&[])?;
    let [node, word] = command.exactly("ID available|unavailable")?;
    let available = match word {
        "available" => true,
        "unavailable" => false,
        _ => return Err(Misuse::new("a storage is available or unavailable")),
    };
    let node = number(node)?;
    Ok(Step::Storage { node, available })
}

fn report(command: &Command) -> Result<Step, Misuse> {
    let [node, peer, outcome] = command.exactly("FROM TO finished|failed")?;
    let finished = match outcome {
        "finished" => true,
        "failed" => false,
        _ => return Err(Misuse::new("a snapshot is finished or failed")),
    };
    command.only(&["snapshot"])?;
    let snapshot = command.value::<String>("snapshot")?.unwrap_or("0/0".to_owned());
    Ok(Step::ReportSnapshot {
        node: number(node)?,
        peer: number(peer)?,
        snapshot: entry_id(&snapshot)?,
        finished,
    })
}

/// `TERM/INDEX`.
fn entry_id(words: &str) -> Result<EntryId, Misuse> {
    let Some((term, index)) = words.split_once('/') else {
        return Err(Misuse::new("a snapshot is named TERM/INDEX"));
    };
    let (term, index) = (number(term)?, number(index)?);
    Ok(EntryId { term, index })
}
