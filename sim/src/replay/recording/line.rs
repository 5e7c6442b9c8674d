//! One step, in a line.

use std::str::FromStr;

use bytes::Bytes;
use quorate::membership::ConfChangeV2;
use quorate::{EntryId, NodeId};

use crate::export::KINDS;
use crate::step::{MessageRef, Promises, Step, Well};

pub(crate) fn of(step: &Step) -> String {
    match step {
        Step::Tick { node, ticks } => format!("tick {node} {ticks}"),
        Step::Ready { node } => format!("ready {node}"),
        Step::Write { node } => format!("write {node}"),
        Step::Sync { node } => format!("sync {node}"),
        Step::Persist { node } => format!("persist {node}"),
        Step::Acknowledge { node } => format!("acknowledge {node}"),
        Step::Apply { node } => format!("apply {node}"),
        Step::Deliver { message, keep: false } => format!("deliver {}", name(message)),
        Step::Deliver { message, keep: true } => format!("duplicate {}", name(message)),
        Step::Stray { message, named: true } => format!("stray {}", name(message)),
        Step::Stray { message, named: false } => format!("unnamed {}", name(message)),
        Step::Lose { message } => format!("lose {}", name(message)),
        Step::Crash { node, kept } => format!("crash {node} {kept}"),
        Step::Restart { node } => format!("restart {node}"),
        Step::Join { node } => format!("join {node}"),
        Step::Pause { node } => format!("pause {node}"),
        Step::Configure { node, promises } => {
            let silence = promises
                .silence_ticks
                .map_or(String::new(), |ticks| format!(" {ticks}"));
            let promised = if promises.lease_promises { "on" } else { "off" };
            format!("configure {node} {} {promised}{silence}", promises.election_ticks)
        }
        Step::Wipe { node } => format!("wipe {node}"),
        Step::Propose {
            node,
            operation,
            command,
        } => format!("propose {node} {operation} {}", hex(command)),
        Step::Read { node, operation, query } => format!("read {node} {operation} {}", hex(query)),
        Step::Change { node, change, expected } => {
            let expected = expected.map_or(String::new(), |index| format!(" {index}"));
            format!("change {node} {}{expected}", hex(&change.encode()))
        }
        Step::Transfer { node, to } => {
            let to = to.map_or(String::new(), |to| format!(" {to}"));
            format!("transfer {node}{to}")
        }
        Step::Campaign { node } => format!("campaign {node}"),
        Step::ForgetLeader { node } => format!("forget-leader {node}"),
        Step::RequestSnapshot { node } => format!("request-snapshot {node}"),
        Step::ReportUnreachable { node, peer } => format!("report-unreachable {node} {peer}"),
        Step::ReportSnapshot {
            node,
            peer,
            snapshot,
            finished,
        } => {
            let outcome = if *finished { "finished" } else { "failed" };
            format!("report-snapshot {node} {peer} {snapshot} {outcome}")
        }
        Step::Compact { node, keep } => format!("compact {node} {keep}"),
        Step::Recover { core } => {
            let core = core.iter().map(|well| format!(" {}/{}", well.node, well.tick_us));
            format!("recover{}", core.collect::<String>())
        }
    }
}

fn name(message: &MessageRef) -> String {
    match message {
        MessageRef::Id(id) => format!("#{id}"),
        MessageRef::Nth { from, to, kind, nth } => format!("{from}->{to} {kind} {nth}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    format!("x{}", digits.collect::<String>())
}

/// `None` if it is no step.
pub(super) fn read(line: &str) -> Option<Step> {
    let mut words = Words(line.split_whitespace());
    let step = match words.0.next()? {
        "deliver" => Step::Deliver {
            message: words.message()?,
            keep: false,
        },
        "duplicate" => Step::Deliver {
            message: words.message()?,
            keep: true,
        },
        "stray" => Step::Stray {
            message: words.message()?,
            named: true,
        },
        "unnamed" => Step::Stray {
            message: words.message()?,
            named: false,
        },
        "lose" => Step::Lose {
            message: words.message()?,
        },
        "recover" => Step::Recover {
            core: words.0.by_ref().map(well).collect::<Option<_>>()?,
        },
        name => {
            let node = words.next()?;
            at_node(name, node, &mut words)?
        }
    };
    words.0.next().is_none().then_some(step)
}

fn well(word: &str) -> Option<Well> {
    let (node, tick_us) = word.split_once('/')?;
    Some(Well {
        node: node.parse().ok()?,
        tick_us: tick_us.parse().ok()?,
    })
}

fn at_node(name: &str, node: NodeId, words: &mut Words<'_>) -> Option<Step> {
    Some(match name {
        "tick" => Step::Tick {
            node,
            ticks: words.next()?,
        },
        "ready" => Step::Ready { node },
        "write" => Step::Write { node },
        "sync" => Step::Sync { node },
        "persist" => Step::Persist { node },
        "acknowledge" => Step::Acknowledge { node },
        "apply" => Step::Apply { node },
        "crash" => Step::Crash {
            node,
            kept: words.next()?,
        },
        "restart" => Step::Restart { node },
        "join" => Step::Join { node },
        "pause" => Step::Pause { node },
        "configure" => Step::Configure {
            node,
            promises: words.promises()?,
        },
        "wipe" => Step::Wipe { node },
        "propose" => Step::Propose {
            node,
            operation: words.next()?,
            command: words.bytes()?,
        },
        "read" => Step::Read {
            node,
            operation: words.next()?,
            query: words.bytes()?,
        },
        "change" => Step::Change {
            node,
            change: ConfChangeV2::decode(&*words.bytes()?).ok()?,
            expected: words.optional().ok()?,
        },
        "transfer" => Step::Transfer {
            node,
            to: words.optional().ok()?,
        },
        "campaign" => Step::Campaign { node },
        "forget-leader" => Step::ForgetLeader { node },
        "request-snapshot" => Step::RequestSnapshot { node },
        "report-unreachable" => Step::ReportUnreachable {
            node,
            peer: words.next()?,
        },
        "report-snapshot" => Step::ReportSnapshot {
            node,
            peer: words.next()?,
            snapshot: words.entry_id()?,
            finished: match words.0.next()? {
                "finished" => true,
                "failed" => false,
                _ => return None,
            },
        },
        "compact" => Step::Compact {
            node,
            keep: words.next()?,
        },
        _ => return None,
    })
}

/// What is left of a line.
struct Words<'a>(std::str::SplitWhitespace<'a>);

impl Words<'_> {
    fn next<T: FromStr>(&mut self) -> Option<T> {
        self.0.next()?.parse().ok()
    }

    fn optional<T: FromStr>(&mut self) -> Result<Option<T>, T::Err> {
        self.0.next().map(str::parse).transpose()
    }

    fn promises(&mut self) -> Option<Promises> {
        Some(Promises {
            election_ticks: self.next()?,
            lease_promises: match self.0.next()? {
                "on" => true,
                "off" => false,
                _ => return None,
            },
            silence_ticks: self.optional().ok()?,
        })
    }

    fn entry_id(&mut self) -> Option<EntryId> {
        let (term, index) = self.0.next()?.split_once('/')?;
        Some(EntryId {
            term: term.parse().ok()?,
            index: index.parse().ok()?,
        })
    }

    fn bytes(&mut self) -> Option<Bytes> {
        let digits = self.0.next()?.strip_prefix('x')?.as_bytes();
        let digit = |byte: &u8| {
            char::from(*byte)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        };
        let pairs = digits.chunks(2).map(|pair| match pair {
            [high, low] => Some(digit(high)? * 16 + digit(low)?),
            _ => None,
        });
        pairs.collect::<Option<Vec<u8>>>().map(Bytes::from)
    }

    fn message(&mut self) -> Option<MessageRef> {
        let route = self.0.next()?;
        if let Some(id) = route.strip_prefix('#') {
            return id.parse().ok().map(MessageRef::Id);
        }
        let (from, to) = route.split_once("->")?;
        let kind = self.0.next()?;
        Some(MessageRef::Nth {
            from: from.parse().ok()?,
            to: to.parse().ok()?,
            kind: KINDS.iter().find(|(known, _)| *known == kind)?.0,
            nth: self.next()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{of, read};

    #[test]
    fn every_step_is_read_as_what_it_was() {
        let lines = "tick 1 5|ready 1|write 2|sync 1|persist 3|acknowledge 1|apply 1|deliver 1->2 Append 3|\
            duplicate 1->2 VoteResponse 0|stray 1->2 Append 0|unnamed #7|lose #7|crash 1 2|restart 1|join 4|pause 1|configure 1 12 on|configure 1 12 off 0|wipe 1|propose 1 17 x00ff|\
            read 1 18 x|change 1 x 9|change 1 x|transfer 1 2|transfer 1|campaign 1|forget-leader 1|\
            change 1 x120e080210018102c070fba38b261776|report-unreachable 1 2|report-snapshot 1 2 3/4 failed|report-snapshot 1 2 3/4 finished|compact 1 3|\
            recover 1/1 2/1000|recover";
        for line in lines.split('|') {
            let step = read(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(of(&step), line);
        }
        for line in [
            "",
            "jump 1",
            "tick 1",
            "ready 1 2",
            "deliver 1->2 Nothing 0",
            "propose 1 2 xf",
            "transfer 1 a",
            "report-snapshot 1 2 failed",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
