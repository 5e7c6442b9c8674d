//! quorate: the loop of its README.

use quorate::{bootstrap, ConfState, Config, Entry, HardState, MemoryStorage, Message, RawNode, ReadMode};
use quorate::message::{AppendResponse, Payload};

use super::{Engine, Log, MESSAGE_BYTES, Quorate, Settings};
use crate::machine::Machine;

impl Engine for Quorate {
    const NAME: &'static str = "quorate";
    const TELLS_DEADLINE: bool = true;

    type Message = Message;
    type Storage = MemoryStorage;

    fn storage(settings: &Settings, log: &Log) -> MemoryStorage {
        let conf_state = ConfState::of_voters(1..=settings.nodes);
        let mut storage = MemoryStorage::new();
        if log.is_empty() {
            return MemoryStorage::from_snapshot(bootstrap(1, &storage, &conf_state).expect("an empty store"));
        }
        storage.set_conf_state(conf_state, 0);
        for chunk in log.chunks() {
            let entry = |(term, index)| Entry::new(term, index, vec![1; log.payload]);
            let entries: Vec<_> = chunk.into_iter().map(entry).collect();
            storage.append(&entries).expect("in order");
        }
        storage.set_hard_state(HardState::new(log.last_term(), None, log.committed));
        storage.sync();
        storage
    }

    fn open(id: u64, settings: &Settings, storage: MemoryStorage, applied: u64) -> Self {
        let mut config = Config::new(id, id);
        config.applied = applied;
        config.settings_mut().election_timeout_ticks = settings.election_ticks;
        config.settings_mut().heartbeat_interval_ticks = settings.heartbeat_ticks;
        if settings.lease {
            config.settings_mut().read_mode = ReadMode::Lease;
        }
        config.settings_mut().max_message_bytes = MESSAGE_BYTES;
        config.settings_mut().commit_notice_ticks = settings.late_notice.into();
        config.settings_mut().max_inflight_messages = settings.inflight;
        config.settings_mut().max_committed_bytes_per_ready = settings.page_bytes.unwrap_or(0);
        // So that an opened log can be voted for at once, as in raft-rs.
        config.settings_mut().restart_silence_ticks = Some(0);
        RawNode::new(config, storage).expect("valid settings")
    }

    fn campaign(&mut self) {
        self.campaign().expect("may campaign");
    }

    fn propose(&mut self, payload: Vec<u8>) {
        let _ = self.propose(payload).expect("leads");
    }

    fn read_index(&mut self, context: Vec<u8>) {
        self.read_index(context).expect("leads");
    }

    fn step(&mut self, message: Message) {
        self.step(message).expect("an honest message");
    }

    fn tick(&mut self) {
        self.tick().expect("a sound node");
    }

    fn tick_and_ask(&mut self) -> bool {
        self.tick().expect("a sound node");
        self.has_ready()
    }

    fn pass(&mut self, ticks: u64) {
        let passed = self.advance_ticks(ticks).expect("a sound node");
        debug_assert_eq!(passed, ticks);
    }

    fn quiet_ticks(&self) -> u64 {
        self.next_deadline().unwrap_or(u64::MAX)
    }

    fn has_ready(&self) -> bool {
        self.has_ready()
    }

    fn handle_ready(&mut self, outbox: &mut Vec<Message>, machine: &mut Machine) -> bool {
        let Some(mut ready) = self.ready().expect("a sound node") else {
            return false;
        };
        machine.read(ready.read_states().len());
        outbox.extend(ready.drain_messages());
        self.storage_mut().persist(&ready).expect("memory does not fail");
        let mut done = ready.persisted();
        outbox.extend(done.drain_messages());
        for entry in &done.take_committed_entries() {
            machine.apply(entry.index, &entry.data);
        }
        self.advance(done).expect("the Ready that was out");
        true
    }

    fn compact(&mut self, to: u64) {
        let storage = self.storage_mut();
        storage.compact(to).expect("applied entries are there");
        // Else the storage could still fall back to before.
        storage.sync();
    }

    fn addressee(message: &Message) -> u64 {
        message.to
    }

    fn is_rejection(message: &Message) -> bool {
        matches!(
            message.payload,
            Payload::AppendResponse(AppendResponse::Rejected { .. })
        )
    }
}
