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

use quorate::{ConfState, Config, MemoryStorage, Message, NodeId, RawNode, bootstrap};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long a tick is. An election timeout is ten of them, so a new leader takes 0.1 to 0.2 s.
const TICK: Duration = Duration::from_millis(10);
const NODES: [NodeId; 3] = [1, 2, 3];

/// What can happen to a node.
enum Input {
    /// Another node says something. On a real network this is `Message::decode` of what arrived.
    Message(Message),
    /// A client wants something replicated. The node answers on the channel when it is applied, and
    /// with an error if it cannot take it.
    Propose(String, Sender<Result<(), String>>),
    Stop,
}

fn main() -> Result<(), Failure> {
    // Every node of a new group begins with the same snapshot in its empty store.
    let snapshot = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters(NODES))?;
    let (senders, receivers): (Vec<_>, Vec<_>) = NODES.iter().map(|_| channel()).unzip();
    let servers: Vec<_> = NODES
        .into_iter()
        .zip(receivers)
        .map(|(id, inbox)| {
            let (peers, storage) = (senders.clone(), MemoryStorage::from_snapshot(snapshot.clone()));
            thread::spawn(move || serve(id, storage, &inbox, &peers))
        })
        .collect();

    for word in ["to", "be", "or", "not"] {
        propose_until_applied(word, &senders)?;
        println!("{word:?} is applied");
    }

    for inbox in &senders {
        inbox.send(Input::Stop)?;
    }
    for server in servers {
        println!("{}", server.join().map_err(|_| "a server panicked")??);
    }
    Ok(())
}

/// A client: asks one node after the other until one has it applied. (A real one would number its
/// proposals, since an answer may be lost after the proposal was not.)
fn propose_until_applied(word: &str, nodes: &[Sender<Input>]) -> Result<(), Failure> {
    for inbox in nodes.iter().cycle().take(1_000) {
        let (answer, answered) = channel();
        inbox.send(Input::Propose(word.to_owned(), answer))?;
        match answered.recv_timeout(TICK * 50) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(_no_leader_yet)) => thread::sleep(TICK),
            Err(_lost) => {}
        }
    }
    Err("nobody takes proposals".into())
}

/// A node's thread: waits for what happens, tells the node, and does what the node wants done.
fn serve(
    id: NodeId,
    storage: MemoryStorage,
    inbox: &Receiver<Input>,
    peers: &[Sender<Input>],
) -> Result<String, Failure> {
    // The seed must differ at each start of a node: here, take what the clock says.
    let seed = std::time::UNIX_EPOCH.elapsed()?.subsec_nanos().into();
    let mut node = RawNode::new(Config::new(id, seed), storage)?;
    let mut applied = Vec::new();
    let mut waiting: Vec<(String, Sender<Result<(), String>>)> = Vec::new();
    let mut next_tick = Instant::now() + TICK;

    loop {
        // 1. Wait until something happens, at the latest until the next tick.
        match inbox.recv_timeout(next_tick.saturating_duration_since(Instant::now())) {
            // An error here is the message's fault (a stale peer, a bug elsewhere): note it, go on.
            Ok(Input::Message(message)) => {
                if let Err(error) = node.step(message) {
                    eprintln!("node {id}: {error}");
                }
            }
            // On a follower this is passed on to the leader, and comes back like everything else.
            Ok(Input::Propose(word, answer)) => match node.propose(word.clone()) {
                Ok(_) => waiting.push((word, answer)),
                Err(error) => drop(answer.send(Err(error.to_string()))),
            },
            Ok(Input::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        // 2. Ticks that are due, however busy the inbox is.
        while Instant::now() >= next_tick {
            node.tick()?;
            next_tick += TICK;
        }
        // 3. Do what the node wants done, in this order.
        while let Some(mut ready) = node.ready()? {
            // These may leave before the disk has caught up ...
            send(ready.take_messages(), peers);
            // ... this is the disk: snapshot, entries, hard state, and a sync if it asks for one ...
            let mut done = ready.persisted_by(|task| node.storage_mut().persist_task(task))?;
            // ... and these promise what is now on it.
            send(done.take_messages(), peers);
            for entry in done.take_committed_entries() {
                if entry.is_conf_change() {
                    node.apply_conf_change(&entry)?;
                    continue;
                }
                let word = String::from_utf8_lossy(&entry.data).into_owned();
                waiting.retain(|(waits_for, answer)| *waits_for != word || answer.send(Ok(())).is_err());
                applied.push(word);
            }
            node.advance(done)?;
        }
    }
    let words: Vec<String> = applied.into_iter().filter(|word| !word.is_empty()).collect();
    Ok(format!("node {id} applied: {}", words.join(" ")))
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
