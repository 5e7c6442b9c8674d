//! The main job: three nodes in one process replicate the lines of a file through a crash.
//!
//! ```text
//! cargo run --release --example replicate -- README.md      (or lines on standard input)
//! ```
//!
//! Each node has its own storage and its own state machine, and compacts its log behind a snapshot now and then. Half
//! way through, the leader crashes with what it had not synced, and is started again from its own snapshot a while
//! later; by then the others' logs are cut, and it is sent one of theirs. At the end all replicas must have the same
//! hash; else the exit code is 1.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::process::ExitCode;
use std::time::Instant;

use quorate::status::RoleKind;
use quorate::{ConfState, Config, Index, MemoryStorage, Message, NodeId, RawNode, Snapshot, Storage, bootstrap};

type Failure = Box<dyn std::error::Error>;

const NODES: [NodeId; 3] = [1, 2, 3];
/// Lines proposed in one round. A round is one tick of every node.
const BATCH: usize = 64;
/// Entries after which a node takes a snapshot, and drops the log up to there.
const COMPACT_AFTER: u64 = 50;
/// Rounds for which the crashed node stays down.
const DOWN_ROUNDS: u32 = 30;
/// Rounds without a newly applied line after which something must be wrong.
const PATIENCE: u32 = 1_000;

fn main() -> Result<ExitCode, Failure> {
    let lines = read_lines()?;
    println!("{} lines to replicate on {} nodes", lines.len(), NODES.len());
    let mut group = Group::new()?;
    let started = Instant::now();
    let history = run(&mut group, &lines)?;
    Ok(report(&group, lines.len(), &history, started.elapsed().as_secs_f64()))
}

/// The lines of the file that is named, or of standard input.
fn read_lines() -> Result<Vec<String>, Failure> {
    let input: Box<dyn Read> = match std::env::args().nth(1) {
        Some(path) => Box::new(std::fs::File::open(&path).map_err(|error| format!("{path}: {error}"))?),
        None => Box::new(std::io::stdin()),
    };
    Ok(BufReader::new(input).lines().collect::<Result<_, _>>()?)
}

// ----- a replica

/// What the lines are replicated for: here it counts them and hashes them in order.
#[derive(Default)]
struct StateMachine {
    lines: u64,
    hash: u64,
}

impl StateMachine {
    /// All of it as bytes; none for the state that everything begins with.
    fn snapshot(&self) -> Vec<u8> {
        [self.lines.to_be_bytes(), self.hash.to_be_bytes()].concat()
    }

    fn restore(bytes: &[u8]) -> Self {
        let mut numbers = bytes
            .chunks_exact(8)
            .map(|chunk| chunk.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)));
        let (lines, hash) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        Self { lines, hash }
    }

    /// A proposal that got lost in a crash is made again, and perhaps it was not lost: each carries
    /// its line's number, and what was applied before is skipped.
    fn apply(&mut self, data: &[u8]) {
        if let Some((number, line)) = data.split_first_chunk::<8>()
            && u64::from_be_bytes(*number) == self.lines
        {
            self.lines += 1;
            // FNV-1a: bytes in, 64 bits out, on every platform the same.
            let bytes = line.iter().chain(b"\n");
            self.hash = bytes.fold(self.hash, |hash, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
            });
        }
    }
}

fn proposal(number: usize, line: &str) -> Vec<u8> {
    [&(number as u64).to_be_bytes(), line.as_bytes()].concat()
}

struct Replica {
    node: RawNode<MemoryStorage>,
    state: StateMachine,
    boots: u64,
}

impl Replica {
    /// Starts on what the storage holds: the state machine is in memory, begins with the last snapshot, and is given
    /// the log after that again.
    fn start(id: NodeId, boots: u64, storage: MemoryStorage) -> Result<Self, Failure> {
        let snapshot = storage.latest_snapshot().unwrap_or_default();
        let mut config = Config::new(id, boots);
        config.applied = snapshot.metadata.index;
        Ok(Self {
            node: RawNode::new(config, storage)?,
            state: StateMachine::restore(&snapshot.data),
            boots,
        })
    }

    /// Loses what was not synced.
    fn crash(self) -> (u64, MemoryStorage) {
        let mut storage = self.node.storage().clone();
        storage.crash();
        (self.boots, storage)
    }

    /// The loop of the README: send, persist, send what had to wait, begin anew or apply, advance, compact.
    fn handle_readies(&mut self, network: &mut Vec<Message>) -> Result<(), Failure> {
        while let Some(mut ready) = self.node.ready()? {
            network.extend(ready.take_messages());
            let mut done = ready.persisted_by(|task| self.node.storage_mut().persist_task(task))?;
            network.extend(done.take_messages());
            if let Some(snapshot) = done.snapshot() {
                self.state = StateMachine::restore(&snapshot.data);
            }
            for entry in done.take_committed_entries() {
                if entry.is_conf_change() {
                    self.node.apply_conf_change(&entry)?;
                } else {
                    self.state.apply(&entry.data);
                }
            }
            self.node.advance(done)?;
            self.compact()?;
        }
        Ok(())
    }

    fn compact(&mut self) -> Result<(), Failure> {
        let applied = self.node.status().applied;
        if applied < self.node.storage().first_index()? + COMPACT_AFTER {
            return Ok(());
        }
        let snapshot = Snapshot::new(self.node.snapshot_metadata()?, self.state.snapshot());
        self.node.storage_mut().set_snapshot(snapshot)?;
        self.node.storage_mut().compact(applied)?;
        Ok(())
    }
}

// ----- the group

struct Group {
    up: BTreeMap<NodeId, Replica>,
    down: Option<(NodeId, u64, MemoryStorage)>,
}

impl Group {
    fn new() -> Result<Self, Failure> {
        let start = |id| {
            let first = bootstrap(id, &MemoryStorage::new(), &ConfState::of_voters(NODES))?;
            Ok((id, Replica::start(id, 1, MemoryStorage::from_snapshot(first))?))
        };
        Ok(Self {
            up: NODES.into_iter().map(start).collect::<Result<_, Failure>>()?,
            down: None,
        })
    }

    /// Readies and deliveries until nothing is left to do. Messages to a node that is down are lost.
    fn settle(&mut self) -> Result<(), Failure> {
        let mut network = Vec::new();
        loop {
            for replica in self.up.values_mut() {
                replica.handle_readies(&mut network)?;
            }
            if network.is_empty() {
                return Ok(());
            }
            for message in network.drain(..) {
                if let Some(replica) = self.up.get_mut(&message.to) {
                    replica.node.step(message)?;
                }
            }
        }
    }

    fn tick(&mut self) -> Result<(), Failure> {
        for replica in self.up.values_mut() {
            replica.node.tick()?;
        }
        Ok(())
    }

    fn leader(&mut self) -> Option<&mut Replica> {
        let leads = |replica: &&mut Replica| replica.node.status().soft_state.role == RoleKind::Leader;
        let leaders = self.up.values_mut().filter(leads);
        leaders.max_by_key(|replica| replica.node.status().hard_state.term)
    }

    /// Whether all replicas have all lines, and all logs are committed equally far.
    fn is_complete(&self, lines: u64) -> bool {
        let commit = |replica: &Replica| replica.node.status().hard_state.commit;
        let first = self.up.values().next().map_or(0, commit);
        self.up
            .values()
            .all(|replica| replica.state.lines == lines && commit(replica) == first)
    }

    fn crash(&mut self, id: NodeId) {
        if let Some(replica) = self.up.remove(&id) {
            let (boots, storage) = replica.crash();
            self.down = Some((id, boots, storage));
        }
    }

    /// Which node is started again, and as of which index its state machine is.
    fn restart(&mut self) -> Result<(NodeId, Index), Failure> {
        let (id, boots, storage) = self.down.take().ok_or("nobody is down")?;
        let replica = Replica::start(id, boots + 1, storage)?;
        let index = replica.node.status().applied;
        self.up.insert(id, replica);
        Ok((id, index))
    }

    fn snapshots_sent(&self) -> u64 {
        let counters = self.up.values().map(|replica| replica.node.counters());
        counters.map(|counters| counters.snapshots_sent).sum()
    }
}

// ----- the job

/// Who led in which term.
type History = BTreeMap<u64, NodeId>;

fn run(group: &mut Group, lines: &[String]) -> Result<History, Failure> {
    let mut history = History::new();
    let mut client = Client::default();
    let (mut crash_due, mut down_for, mut idle) = (true, 0, 0);
    loop {
        let applied = client.propose_next(group, lines, &mut history)?;
        if crash_due && applied >= lines.len() / 2 && client.leader.is_some() {
            // It has taken proposals that nobody else has heard of: they will be lost.
            crash_due = false;
            let (term, id) = client.leader.unwrap_or_default();
            println!("  crash   node {id}, which leads in term {term}, after {applied} lines");
            group.crash(id);
        }
        group.settle()?;
        group.tick()?;
        group.settle()?;
        if group.down.is_some() {
            down_for += 1;
            if down_for > DOWN_ROUNDS {
                let (id, index) = group.restart()?;
                println!("  restart node {id}, from its snapshot at index {index}");
            }
        }
        if group.down.is_none() && !crash_due && group.is_complete(lines.len() as u64) {
            client.report(lines.len());
            return Ok(history);
        }
        idle = if client.made_progress { 0 } else { idle + 1 };
        if idle > PATIENCE {
            return Err("no line was applied for a long time".into());
        }
    }
}

/// Proposes the lines in order, to whoever leads.
#[derive(Default)]
struct Client {
    /// Term and id of the leader that proposals go to.
    leader: Option<(u64, NodeId)>,
    /// The next line to propose to it.
    next: usize,
    applied: usize,
    reported: usize,
    made_progress: bool,
}

impl Client {
    /// Proposes a batch; how many lines are applied at the leader.
    fn propose_next(&mut self, group: &mut Group, lines: &[String], history: &mut History) -> Result<usize, Failure> {
        let before = self.applied;
        if let Some(replica) = group.leader() {
            let status = replica.node.status();
            let leader = Some((status.hard_state.term, status.id));
            if self.leader != leader {
                println!("  elected node {} in term {}", status.id, status.hard_state.term);
                history.insert(status.hard_state.term, status.id);
                // What the last leader had not committed may be lost.
                (self.leader, self.next) = (leader, usize::try_from(replica.state.lines)?);
            }
            for (number, line) in lines.iter().enumerate().skip(self.next).take(BATCH) {
                // Where it is in the log does not matter here: its number tells what was applied.
                let _ = replica.node.propose(proposal(number, line))?;
                self.next = number + 1;
            }
            self.applied = self.applied.max(usize::try_from(replica.state.lines)?);
        }
        self.made_progress = self.applied != before;
        self.report(lines.len());
        Ok(self.applied)
    }

    /// A line for each tenth of the work that is done.
    fn report(&mut self, all: usize) {
        let tenth = (self.applied * 10).checked_div(all).unwrap_or(0);
        if tenth > self.reported {
            self.reported = tenth;
            println!("  {:>5} % applied, {} lines", tenth * 10, self.applied);
        }
    }
}

fn report(group: &Group, lines: usize, history: &History, seconds: f64) -> ExitCode {
    println!("\nnode  starts  term  leader  committed  lines  hash");
    let mut hashes = Vec::new();
    for (id, replica) in &group.up {
        let status = replica.node.status();
        let leader = status
            .soft_state
            .leader
            .map_or("none".to_owned(), |leader| leader.to_string());
        let hash = replica.state.hash;
        let (hard, state) = (status.hard_state, &replica.state);
        println!(
            "{id:>4}  {:>6}  {:>4}  {leader:>6}  {:>9}  {:>5}  {hash:016x}",
            replica.boots, hard.term, hard.commit, state.lines
        );
        hashes.push(hash);
    }
    let leaders: Vec<String> = history
        .iter()
        .map(|(term, id)| format!("{id} in term {term}"))
        .collect();
    println!(
        "\nleaders: {}; snapshots sent: {}",
        leaders.join(", "),
        group.snapshots_sent()
    );
    let count = u32::try_from(lines).map_or(f64::INFINITY, f64::from);
    println!(
        "{lines} lines in {seconds:.3} s: {:.0} entries per second",
        count / seconds
    );
    if hashes.iter().all(|hash| *hash == hashes[0]) {
        println!("the replicas agree");
        ExitCode::SUCCESS
    } else {
        eprintln!("the replicas DIFFER");
        ExitCode::FAILURE
    }
}
