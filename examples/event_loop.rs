//! The smallest real loop: a thread for each node, channels for a network, a timer for ticks.
//!
//! ```text
//! cargo run --example event_loop
//! ```
//!
//! Read it from `main` downwards; what a server around quorate has to do is in `serve`.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use quorate::pending::{Proposals, Reads};
use quorate::{ConfState, Config, Event, MemoryStorage, Message, NodeId, RawNode, Ready, Snapshot, bootstrap};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long a tick is. An election timeout is ten of them, so a new leader takes 0.1 to 0.2 s.
const TICK: Duration = Duration::from_millis(10);
const NODES: [NodeId; 3] = [1, 2, 3];

/// What can happen to a node.
enum Input {
    /// Another node says something. On a real network this is `Message::decode` of what arrived.
    Message(Message),
    /// A client wants something replicated. The node answers on the channel when it is applied, and
    /// with an error if it cannot take it or it came to nothing.
    Propose(String, Sender<Answer>),
    /// A client wants to know what is applied, nothing that was answered before being missing.
    Read(Sender<Answer>),
    Stop,
}

/// What a client is told: what it asked for, or why it is not told.
type Answer = Result<String, String>;

fn main() -> Result<(), Failure> {
    let (senders, receivers): (Vec<_>, Vec<_>) = NODES.iter().map(|_| channel()).unzip();
    let servers: Vec<_> = NODES
        .into_iter()
        .zip(receivers)
        .map(|(id, inbox)| {
            let peers = senders.clone();
            thread::spawn(move || serve(id, &inbox, &peers))
        })
        .collect();

    for word in ["to", "be", "or", "not"] {
        ask_until_answered(&senders, |answer| Input::Propose(word.to_owned(), answer))?;
        println!("{word:?} is applied");
    }
    println!("read: {}", ask_until_answered(&senders, Input::Read)?);

    for inbox in &senders {
        inbox.send(Input::Stop)?;
    }
    for server in servers {
        println!("{}", server.join().map_err(|_| "a server panicked")??);
    }
    Ok(())
}

/// A client: asks one node after the other until one has it done. (A real one would number its
/// proposals, since an answer may be lost after the proposal was not.)
fn ask_until_answered(nodes: &[Sender<Input>], ask: impl Fn(Sender<Answer>) -> Input) -> Result<String, Failure> {
    for inbox in nodes.iter().cycle().take(1_000) {
        let (answer, answered) = channel();
        inbox.send(ask(answer))?;
        match answered.recv_timeout(TICK * 50) {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(_no_leader_yet)) => thread::sleep(TICK),
            Err(_lost) => {}
        }
    }
    Err("nobody answers".into())
}

/// A node's thread: waits for what happens, tells the node, and does what the node wants done.
fn serve(id: NodeId, inbox: &Receiver<Input>, peers: &[Sender<Input>]) -> Result<String, Failure> {
    let mut server = Server::new(id)?;
    let mut next_tick = Instant::now() + TICK;
    loop {
        // 1. Wait until something happens, at the latest until the next tick.
        match inbox.recv_timeout(next_tick.saturating_duration_since(Instant::now())) {
            // An error here is the message's fault (a stale peer, a bug elsewhere): note it, go on.
            Ok(Input::Message(message)) => {
                if let Err(error) = server.node.step(message) {
                    eprintln!("node {id}: {error}");
                }
            }
            // A follower says who leads, and the channel comes back with the error.
            Ok(Input::Propose(word, answer)) => {
                if let Err(refused) = server.proposals.propose(&mut server.node, word, answer) {
                    tell(&refused.token, Err(refused.error.to_string()));
                }
            }
            Ok(Input::Read(answer)) => {
                if let Err(refused) = server.reads.read(&mut server.node, answer) {
                    tell(&refused.token, Err(refused.error.to_string()));
                }
            }
            Ok(Input::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        // 2. Ticks that are due, however busy the inbox is.
        while Instant::now() >= next_tick {
            server.node.tick()?;
            next_tick += TICK;
        }
        // 3. Do what the node wants done.
        while let Some(ready) = server.node.ready()? {
            server.handle(ready, peers)?;
        }
    }
    Ok(format!("node {id} applied: {}", server.state))
}

struct Server {
    node: RawNode<MemoryStorage>,
    /// The state machine: the words, with a space between them.
    state: String,
    proposals: Proposals<Sender<Answer>>,
    reads: Reads<Sender<Answer>>,
}

impl Server {
    fn new(id: NodeId) -> Result<Self, Failure> {
        // Every voter of a new group begins with the same snapshot in its empty store.
        let first = bootstrap(id, &MemoryStorage::new(), &ConfState::of_voters(NODES))?;
        // The seed must differ at each start of a node: here, take what the clock says.
        let seed = std::time::UNIX_EPOCH.elapsed()?.subsec_nanos().into();
        Ok(Self {
            node: RawNode::new(Config::new(id, seed), MemoryStorage::from_snapshot(first))?,
            state: String::new(),
            proposals: Proposals::new(),
            reads: Reads::new(),
        })
    }

    /// Does what a Ready says, in this order.
    fn handle(&mut self, mut ready: Ready, peers: &[Sender<Input>]) -> Result<(), Failure> {
        // These may leave before the disk has caught up ...
        send(ready.take_messages(), peers);
        self.reads.on_read_states(ready.read_states());
        let wanted = |event: &Event| matches!(event, Event::SnapshotNeeded { .. });
        let snapshot_is_wanted = ready.events().iter().any(wanted);
        // ... this is the disk: snapshot, entries, hard state, and a sync if it asks for one ...
        let mut done = ready.persisted_by(|task| self.node.storage_mut().persist_task(task))?;
        // ... and these promise what is now on it.
        send(done.take_messages(), peers);
        if let Some(snapshot) = done.snapshot() {
            self.state = String::from_utf8_lossy(&snapshot.data).into_owned();
            self.proposals.on_snapshot(snapshot);
        }
        for entry in &done.take_committed_entries() {
            if entry.is_conf_change() {
                self.node.apply_conf_change(entry)?;
            } else if !entry.data.is_empty() {
                self.state.extend([&*String::from_utf8_lossy(&entry.data), " "]);
            }
            if let Some(answer) = self.proposals.on_applied(entry) {
                tell(&answer, Ok(self.state.clone()));
            }
        }
        self.node.advance(done)?;
        // Another leader's entry was committed in the place of these: they came to nothing.
        for (answer, fate) in self.proposals.drain_settled() {
            tell(&answer, Err(format!("{fate:?}")));
        }
        for (answer, outcome) in self.reads.drain_settled(self.node.status().applied) {
            let text = outcome.map(|()| self.state.clone());
            tell(&answer, text.map_err(|refusal| format!("{refusal:?}")));
        }
        // Somebody is behind the beginning of the log. (One that grows would be compacted here as well.)
        if snapshot_is_wanted {
            let snapshot = Snapshot::new(self.node.snapshot_metadata()?, self.state.clone());
            self.node.storage_mut().set_snapshot(snapshot)?;
            self.node.storage_ready()?;
        }
        Ok(())
    }
}

/// A client that does not wait any more is no error.
fn tell(client: &Sender<Answer>, answer: Answer) {
    drop(client.send(answer));
}

/// A network may lose messages, so nothing is done about a peer that is gone.
fn send(messages: Vec<Message>, peers: &[Sender<Input>]) {
    for message in messages {
        let position = NODES.iter().position(|id| *id == message.to);
        if let Some(peer) = position.and_then(|position| peers.get(position)) {
            drop(peer.send(Input::Message(message)));
        }
    }
}
