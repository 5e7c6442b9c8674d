//! Steps as commands. Each is done on a cluster too, which says what it comes to.

use quorate::membership::{ConfChangeKind, ConfChangeV2, Transition};
use quorate::ready::AppendTask;
use quorate::{Index, NodeId};

use super::flight::Flight;
use super::settings;
use crate::cluster::{Cluster, FIRST, VETO};
use crate::disk::Disk;
use crate::judge::{Verdict, Violation};
use crate::machine::StateMachine;
use crate::member::{Life, Member};
use crate::parameters::{Names, Parameters};
use crate::step::{Step, Well};

/// Where stores have identities.
const NAMELESS: &str = "# What the runner cannot do: its stores have no identities, and changes name none.";

pub(super) struct Translator<M, D> {
    cluster: Cluster<M, D>,
    flight: Flight,
    commands: Vec<String>,
}

impl<M: StateMachine, D: Disk> Translator<M, D> {
    pub(super) fn begin(parameters: &Parameters, make_disk: impl Fn() -> D + 'static) -> Result<Self, Violation> {
        let cluster = Cluster::<M, D>::drawn(parameters, make_disk)?;
        let voters: Vec<String> = (1..=parameters.voters).map(|id| id.to_string()).collect();
        let begin = format!(" voters=({}) index={FIRST}", voters.join(","));
        let nodes = cluster.members.iter();
        let added = nodes.map(|member| add(member, cluster.seed_of(member.id, 1), &begin));
        let nameless = parameters.names != Names::Ids;
        let commands = nameless.then(|| NAMELESS.to_owned()).into_iter().chain(added).collect();
        let mut translator = Self {
            cluster,
            flight: Flight::default(),
            commands,
        };
        translator.note_sent();
        Ok(translator)
    }

    #[cfg(test)]
    pub(super) fn cluster(&self) -> &Cluster<M, D> {
        &self.cluster
    }

    /// The commands, one a block.
    pub(super) fn end(self) -> Vec<String> {
        self.commands
    }

    /// Does a step, and writes down what it is in the runner; nothing, if there it is nothing.
    pub(super) fn perform(&mut self, step: &Step) -> Verdict {
        if let Step::Deliver { message, .. } | Step::Lose { message } = step {
            let keep = matches!(step, Step::Deliver { keep: true, .. });
            return match self.cluster.find(*message) {
                Some(name) => self.deliver(step, name, keep),
                None => Ok(()),
            };
        }
        if let Step::Stray { message, named } = step {
            return match self.cluster.find(*message) {
                Some(name) => self.stray(step, name, *named),
                None => Ok(()),
            };
        }
        let commands = self.commands_of(step);
        let compactions = self.cluster.coverage.compactions;
        let seed = step.node().map_or(0, |node| self.cluster.next_seed(node));
        let known = self.cluster.members.len();
        let verdict = self.cluster.step(step.clone());
        self.note_sent();
        self.commands.extend(commands);
        match step {
            Step::Compact { node, keep } if self.cluster.coverage.compactions > compactions => {
                self.commands
                    .push(format!("compact-to-applied {node}{}", option("keep", *keep)));
            }
            Step::Join { .. } => {
                let added = self.cluster.members.get(known);
                self.commands.extend(added.map(|member| add(member, seed, "")));
            }
            _ => {}
        }
        verdict
    }

    fn note_sent(&mut self) {
        for name in std::mem::take(&mut self.cluster.sent) {
            if let Some(message) = self.cluster.pool.get(&name) {
                self.flight.add(name, message);
            }
        }
    }

    /// A message arrives, or it does not.
    fn deliver(&mut self, step: &Step, name: u64, keep: bool) -> Verdict {
        let Some((words, to)) = self.flight.words(name) else {
            return self.cluster.step(step.clone()); // everything in flight is known
        };
        let arrives = matches!(step, Step::Deliver { .. }) && self.cluster.member(to).is_some_and(Member::is_up);
        let verdict = self.cluster.step(step.clone());
        if keep && !self.cluster.sent.is_empty() {
            let copy = self.cluster.sent.remove(0);
            self.flight.rename(name, copy);
        } else {
            self.flight.remove(name);
        }
        self.note_sent();
        self.commands.extend(match (arrives, keep) {
            (true, true) => Some(format!("deliver {words} keep=true")),
            (true, false) => Some(format!("deliver {words}")),
            (false, true) => None,
            (false, false) => Some(format!("lose {words}")),
        });
        verdict
    }

    /// What is refused leaves no trace, so that it is nothing in the runner; what is taken is a duplicate there.
    fn stray(&mut self, step: &Step, name: u64, named: bool) -> Verdict {
        let taken = self.flight.words(name).filter(|(_, to)| {
            let member = self.cluster.member(*to).filter(|member| member.is_up());
            let config = member
                .map(|member| &member.config)
                .filter(|config| config.cluster_id != 0);
            config.is_some_and(|config| !named && config.settings().accept_without_cluster_id)
        });
        let verdict = self.cluster.step(step.clone());
        self.note_sent();
        self.commands
            .extend(taken.map(|(words, _)| format!("deliver {words} keep=true")));
        verdict
    }

    fn commands_of(&self, step: &Step) -> Vec<String> {
        if let Step::Recover { core } = step {
            return self.recover(core);
        }
        if let Step::Configure { .. } = step {
            return vec![format!("# What the runner cannot do: {}", step)];
        }
        let Some(member) = step.node().and_then(|node| self.cluster.member(node)) else {
            return Vec::new();
        };
        let node = member.id;
        match step {
            Step::Restart { .. } | Step::Join { .. } | Step::Wipe { .. } => {
                self.start(member, step).into_iter().collect()
            }
            _ if !member.is_up() => Vec::new(),
            Step::Ready { .. } => Vec::from_iter(member.has_ready().then(|| format!("take-ready {node}"))),
            Step::Write { .. } => write(member).into_iter().collect(),
            Step::Sync { .. } => sync(member),
            Step::Persist { .. } => persist(member),
            Step::Acknowledge { .. } => {
                let waits = !member.work.acks.is_empty();
                Vec::from_iter(waits.then(|| format!("acknowledge {node}")))
            }
            Step::Apply { .. } => {
                let waits = !member.work.applies.is_empty();
                Vec::from_iter(waits.then(|| format!("process-apply-thread {node}")))
            }
            _ => vec![call(member, step)]
                .into_iter()
                .filter(|call| !call.is_empty())
                .collect(),
        }
    }

    /// Whoever is down starts first.
    fn recover(&self, core: &[Well]) -> Vec<String> {
        let known: Vec<(&Member<M, D>, u64)> = core
            .iter()
            .filter_map(|well| Some((self.cluster.member(well.node)?, well.tick_us)))
            .collect();
        let starts = known.iter().filter_map(|(member, _)| {
            let node = member.id;
            self.start(member, &Step::Restart { node })
        });
        let ids: Vec<String> = known.iter().map(|(member, _)| member.id.to_string()).collect();
        let lengths: Vec<String> = known.iter().map(|(_, length)| length.to_string()).collect();
        let alike = known
            .iter()
            .all(|(_, length)| known.first().is_some_and(|(_, first)| length == first));
        let clocks = if alike {
            String::new()
        } else {
            format!(" tick=({})", lengths.join(","))
        };
        starts.chain([format!("recover {}{clocks}", ids.join(" "))]).collect()
    }

    /// Where a node's life begins or ends on disk.
    fn start(&self, member: &Member<M, D>, step: &Step) -> Option<String> {
        let node = member.id;
        let seed = self.cluster.next_seed(node);
        match (step, &member.life) {
            (Step::Restart { .. }, Life::Down(disk)) => {
                let applied = disk.latest_snapshot().map_or(0, |snapshot| snapshot.metadata.index);
                Some(format!("restart {node} applied={applied} seed={seed}"))
            }
            (Step::Join { .. }, Life::Gone) => Some(format!("restart {node} seed={seed}")),
            (Step::Wipe { .. }, Life::Down(_)) => Some(format!("wipe {node}")),
            _ => None,
        }
    }
}

fn add<M, D>(member: &Member<M, D>, seed: u64, begin: &str) -> String {
    let settings = settings::words(&member.config);
    let command = format!("add-nodes 1{begin} safe-defaults=true seed={seed} {settings}");
    command.trim_end().to_owned()
}

/// A batch is written already when it is taken.
fn write<M, D: Disk>(member: &Member<M, D>) -> Option<String> {
    let node = member.id;
    let work = &member.work;
    match (&work.batch, work.tasks.front()) {
        (Some((ready, false)), _) if !ready.must_sync() => Some(format!("persist {node}")),
        (Some(_), _) | (None, None) => None,
        (None, Some(task)) if !AppendTask::must_sync(task) && work.written.is_empty() => {
            Some(format!("process-append-thread {node}"))
        }
        (None, Some(_)) => Some(format!("write-append {node}")),
    }
}

fn sync<M, D: Disk>(member: &Member<M, D>) -> Vec<String> {
    let node = member.id;
    match member.work.batch {
        Some((_, true)) => vec![format!("persist {node}")],
        _ => vec![format!("process-append-thread {node}"); member.work.written.len()],
    }
}

/// What is written already is done with the next task that is synced.
fn persist<M, D: Disk>(member: &Member<M, D>) -> Vec<String> {
    let node = member.id;
    let work = &member.work;
    match (&work.batch, work.tasks.front()) {
        (Some((_, false)), _) => vec![format!("persist {node}")],
        (Some(_), _) | (None, None) => Vec::new(),
        (None, Some(task)) if task.must_sync() || work.written.is_empty() => {
            vec![format!("process-append-thread {node}"); work.written.len() + 1]
        }
        (None, Some(_)) => vec![format!("write-append {node}")],
    }
}

/// What is asked of a node that is up; empty if it is nothing that the runner knows here.
fn call<M, D>(member: &Member<M, D>, step: &Step) -> String {
    match step {
        Step::Tick { node, ticks } => format!("ticks {node} {ticks}"),
        Step::Crash { node, kept } => format!("crash {node}{}", option("keep", *kept as u64)),
        Step::Pause { node } => format!("pause {node}"),
        Step::Propose {
            node,
            operation,
            command,
        } => {
            let length = if settings::sizes_matter(&member.config) {
                command.len()
            } else {
                0
            };
            format!("propose {node} {:_<length$}", format!("w{operation}"))
        }
        Step::Read { node, operation, .. } => format!("read-index {node} r{operation}"),
        Step::Change { node, change, expected } => change_words(*node, change, *expected),
        Step::Transfer { node, to: Some(to) } => format!("transfer-leadership from={node} to={to}"),
        Step::Transfer { node, to: None } => format!("transfer-leadership from={node}"),
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
            format!("report-snapshot {node} {peer} {outcome} snapshot={snapshot}")
        }
        _ => String::new(),
    }
}

fn change_words(node: NodeId, change: &ConfChangeV2, expected: Option<Index>) -> String {
    let transition = match change.transition {
        Transition::Auto => "",
        Transition::JointImplicit => " transition=implicit",
        Transition::JointExplicit => " transition=explicit",
    };
    let veto = if *change.context == *VETO { " veto=true" } else { "" };
    let expected = expected.map_or(String::new(), |index| format!(" expected={index}"));
    let changes = change.changes.iter().map(|single| {
        let letter = match single.kind {
            ConfChangeKind::AddNode => 'v',
            ConfChangeKind::AddLearnerNode => 'l',
            ConfChangeKind::RemoveNode => 'r',
            ConfChangeKind::UpdateNode => 'u',
        };
        format!("{letter}{}", single.node_id)
    });
    let changes: Vec<String> = changes.collect();
    let command = format!("propose-conf-change {node}{transition}{veto}{expected}");
    format!("{command}\n{}", changes.join(" ")).trim_end().to_owned()
}

fn option(key: &str, value: u64) -> String {
    if value == 0 {
        String::new()
    } else {
        format!(" {key}={value}")
    }
}
