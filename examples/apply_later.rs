//! A state machine that takes its time, beside a disk that is written at once.
//!
//! ```text
//! cargo run --example apply_later
//! ```
//!
//! `advance` says that a Ready is persisted *and* applied. Who applies later than it persists uses
//! `async_storage_writes`, where each has an acknowledgement of its own, and does the append at once. The node
//! goes on, elects, replicates and commits, while entries queue up for the state machine.

use std::collections::VecDeque;

use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::ready::{ApplyTask, TaskResponse};
use quorate::{ConfState, Config, MemoryStorage, RawNode, bootstrap};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1]))?;
    let mut config = Config::new(1, 42);
    config.settings_mut().async_storage_writes = true;
    let mut node = RawNode::new(config, MemoryStorage::from_snapshot(first))?;
    let (mut queue, mut state) = (VecDeque::new(), Vec::new());

    node.campaign()?;
    store(&mut node, &mut queue)?;
    for command in ["x = 1", "y = 2"] {
        let _ = node.propose(command)?;
        store(&mut node, &mut queue)?;
    }
    let status = node.status();
    println!(
        "committed to {}, applied to {}",
        status.hard_state.commit, status.applied
    );

    apply_all(&mut node, &mut queue, &mut state)?;
    let _ = node.propose_conf_change(ConfChangeV2::new([(ConfChangeKind::AddLearnerNode, 2)]))?;
    store(&mut node, &mut queue)?;
    apply_all(&mut node, &mut queue, &mut state)?;
    println!("state: {}; {}", state.join(", "), node.membership());
    Ok(())
}

/// Sends, stores, acknowledges: whatever does not need the state machine.
fn store(node: &mut RawNode<MemoryStorage>, queue: &mut VecDeque<ApplyTask>) -> Result<(), Failure> {
    while let Some(mut ready) = node.ready()? {
        // A group of more than one would send `ready.take_messages()` here.
        if let Some(task) = ready.take_append_task() {
            node.storage_mut().persist_task(&task)?;
            for response in task.done() {
                match response {
                    TaskResponse::Message(message) => println!("send: {message}"),
                    TaskResponse::Ack(ack) => node.acknowledge(ack)?,
                }
            }
        }
        queue.extend(ready.take_apply_task());
    }
    Ok(())
}

/// Any time later, in order. Changes of the configuration go to the node before the task counts as done.
fn apply_all(
    node: &mut RawNode<MemoryStorage>,
    queue: &mut VecDeque<ApplyTask>,
    state: &mut Vec<String>,
) -> Result<(), Failure> {
    while let Some(task) = queue.pop_front() {
        for entry in task.entries() {
            if entry.is_conf_change() {
                node.apply_conf_change(entry)?;
            } else if !entry.data.is_empty() {
                state.push(String::from_utf8_lossy(&entry.data).into_owned());
            }
        }
        node.acknowledge(task.done())?;
        store(node, queue)?; // the next may have waited for this one
    }
    Ok(())
}

#[test]
fn what_is_applied_later_is_applied() {
    main().expect("nothing fails in memory");
}
