//! No protocol at all: the leader gives every batch to everyone, who keeps and applies it. What the
//! loops themselves cost.

use std::collections::VecDeque;
use std::rc::Rc;

use super::{Engine, Log, Settings};
use crate::machine::Machine;

pub(crate) struct Floor {
    id: u64,
    nodes: u64,
    proposed: Vec<Vec<u8>>,
    arrived: Option<Batch>,
    log: VecDeque<Batch>,
    first: u64,
    next: u64,
}

/// Payloads that are shared by all.
type Batch = Rc<Vec<Vec<u8>>>;

pub(crate) struct Entries {
    to: u64,
    batch: Batch,
}

impl Engine for Floor {
    const NAME: &'static str = "floor";
    const TELLS_DEADLINE: bool = false;

    type Message = Entries;
    type Storage = VecDeque<Batch>;

    fn storage(_: &Settings, log: &Log) -> VecDeque<Batch> {
        let batch = |chunk: Vec<_>| Rc::new(vec![vec![1; log.payload]; chunk.len()]);
        log.chunks().map(batch).collect()
    }

    fn open(id: u64, settings: &Settings, log: VecDeque<Batch>, applied: u64) -> Self {
        Self {
            id,
            nodes: settings.nodes,
            proposed: Vec::new(),
            arrived: None,
            log,
            first: 1,
            next: applied + 1,
        }
    }

    fn campaign(&mut self) {}

    fn propose(&mut self, payload: Vec<u8>) {
        self.proposed.push(payload);
    }

    fn read_index(&mut self, _: Vec<u8>) {}

    fn step(&mut self, message: Entries) {
        self.arrived = Some(message.batch);
    }

    fn tick(&mut self) {}

    fn tick_and_ask(&mut self) -> bool {
        false
    }

    fn has_ready(&self) -> bool {
        self.arrived.is_some() || !self.proposed.is_empty()
    }

    fn handle_ready(&mut self, outbox: &mut Vec<Entries>, machine: &mut Machine) -> bool {
        if !self.proposed.is_empty() {
            let batch = Rc::new(std::mem::take(&mut self.proposed));
            outbox.extend((1..=self.nodes).filter(|&to| to != self.id).map(|to| Entries {
                to,
                batch: Rc::clone(&batch),
            }));
            self.arrived = Some(batch);
        }
        let Some(batch) = self.arrived.take() else {
            return false;
        };
        for payload in batch.iter() {
            machine.apply(self.next, payload);
            self.next += 1;
        }
        self.log.push_back(batch);
        true
    }

    fn compact(&mut self, to: u64) {
        while let Some(batch) = self
            .log
            .front()
            .filter(|batch| self.first + batch.len() as u64 <= to + 1)
        {
            self.first += batch.len() as u64;
            self.log.pop_front();
        }
    }

    fn addressee(message: &Entries) -> u64 {
        message.to
    }

    fn is_rejection(_: &Entries) -> bool {
        false
    }
}
