//! No protocol at all: the leader gives every payload to everyone, who keeps and applies it. What the
//! loops themselves cost, and no library that keeps a log in memory can go below.

use std::rc::Rc;

use super::{Engine, Log, Settings};
use crate::machine::Machine;

pub(crate) struct Floor {
    id: u64,
    nodes: u64,
    waiting: Vec<Rc<Vec<u8>>>,
    log: Vec<Rc<Vec<u8>>>,
    /// Entries that were dropped from the log.
    dropped: usize,
}

pub(crate) struct Entries {
    to: u64,
    entries: Vec<Rc<Vec<u8>>>,
}

impl Engine for Floor {
    const NAME: &'static str = "floor";
    const TELLS_DEADLINE: bool = false;

    type Message = Entries;
    type Storage = ();

    fn storage(_: &Settings, _: &Log) {}

    fn open(id: u64, settings: &Settings, (): (), _: u64) -> Self {
        Self {
            id,
            nodes: settings.nodes,
            waiting: Vec::new(),
            log: Vec::new(),
            dropped: 0,
        }
    }

    fn campaign(&mut self) {}

    fn propose(&mut self, payload: Vec<u8>) {
        self.waiting.push(payload.into());
    }

    fn read_index(&mut self, _: Vec<u8>) {}

    fn step(&mut self, message: Entries) {
        self.waiting = message.entries;
    }

    fn tick(&mut self) {}

    fn tick_and_ask(&mut self) -> bool {
        false
    }

    fn has_ready(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn handle_ready(&mut self, outbox: &mut Vec<Entries>, machine: &mut Machine) -> bool {
        if !self.has_ready() {
            return false;
        }
        if self.id == 1 {
            outbox.extend((2..=self.nodes).map(|to| Entries {
                to,
                entries: self.waiting.clone(),
            }));
        }
        let before = self.dropped + self.log.len();
        for (payload, index) in self.waiting.iter().zip(before as u64 + 1..) {
            machine.apply(index, payload);
        }
        self.log.append(&mut self.waiting);
        true
    }

    fn compact(&mut self, to: u64) {
        let count = usize::try_from(to).expect("a small index") - self.dropped;
        self.log.drain(..count);
        self.dropped += count;
    }

    fn addressee(message: &Entries) -> u64 {
        message.to
    }

    fn is_rejection(_: &Entries) -> bool {
        false
    }
}
