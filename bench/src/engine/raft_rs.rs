//! raft-rs: the loop of its own example, without what cannot happen here (snapshots and changes of
//! the configuration), and with every vector taken instead of cloned.

use raft::prelude::{ConfState, Config, Entry, HardState, Message, MessageType, RawNode};
use raft::storage::MemStorage;
use raft::ReadOnlyOption;
use slog::{Discard, Logger, o};

use super::{Engine, Log, MESSAGE_BYTES, RaftRs, Settings};
use crate::machine::Machine;

impl Engine for RaftRs {
    const NAME: &'static str = "raft-rs";
    const TELLS_DEADLINE: bool = false;

    type Message = Message;
    type Storage = MemStorage;

    #[cfg_attr(
        feature = "prost",
        expect(clippy::useless_conversion, reason = "not with the other codec")
    )]
    fn storage(settings: &Settings, log: &Log) -> MemStorage {
        let voters: Vec<u64> = (1..=settings.nodes).collect();
        let storage = MemStorage::new_with_conf_state(ConfState::from((voters, vec![])));
        for chunk in log.chunks() {
            let entry = |(term, index)| Entry {
                term,
                index,
                data: vec![1; log.payload].into(),
                ..Entry::default()
            };
            let entries: Vec<_> = chunk.into_iter().map(entry).collect();
            storage.wl().append(&entries).expect("in order");
        }
        if !log.is_empty() {
            storage.wl().set_hardstate(HardState {
                term: log.last_term(),
                commit: log.committed,
                ..HardState::default()
            });
        }
        storage
    }

    fn open(id: u64, settings: &Settings, storage: MemStorage, applied: u64) -> Self {
        let ticks = |ticks| usize::try_from(ticks).expect("a number of ticks");
        let mut config = Config {
            id,
            applied,
            election_tick: ticks(settings.election_ticks),
            heartbeat_tick: ticks(settings.heartbeat_ticks),
            max_size_per_msg: MESSAGE_BYTES,
            max_inflight_msgs: settings.inflight,
            check_quorum: true,
            pre_vote: true,
            batch_append: settings.batch_append,
            skip_bcast_commit: settings.late_notice,
            read_only_option: if settings.lease {
                ReadOnlyOption::LeaseBased
            } else {
                ReadOnlyOption::Safe
            },
            ..Config::default()
        };
        if let Some(bytes) = settings.page_bytes {
            config.max_committed_size_per_ready = bytes;
        }
        RawNode::new(&config, storage, &Logger::root(Discard, o!())).expect("valid settings")
    }

    fn campaign(&mut self) {
        self.campaign().expect("may campaign");
    }

    fn propose(&mut self, payload: Vec<u8>) {
        self.propose(Vec::new(), payload).expect("leads");
    }

    fn read_index(&mut self, context: Vec<u8>) {
        self.read_index(context);
    }

    fn step(&mut self, message: Message) {
        self.step(message).expect("an honest message");
    }

    fn tick(&mut self) {
        self.tick();
    }

    fn tick_and_ask(&mut self) -> bool {
        self.tick()
    }

    fn has_ready(&self) -> bool {
        self.has_ready()
    }

    fn handle_ready(&mut self, outbox: &mut Vec<Message>, machine: &mut Machine) -> bool {
        if !self.has_ready() {
            return false;
        }
        let mut ready = self.ready();
        machine.read(ready.read_states().len());
        outbox.append(&mut ready.take_messages());
        apply(ready.take_committed_entries(), machine);
        if !ready.entries().is_empty() {
            self.store().wl().append(ready.entries()).expect("in order");
        }
        if let Some(hard_state) = ready.hs() {
            self.store().wl().set_hardstate(hard_state.clone());
        }
        outbox.append(&mut ready.take_persisted_messages());
        let mut light = self.advance(ready);
        if let Some(commit) = light.commit_index() {
            self.store().wl().mut_hard_state().commit = commit;
        }
        outbox.append(&mut light.take_messages());
        apply(light.take_committed_entries(), machine);
        self.advance_apply();
        true
    }

    fn compact(&mut self, to: u64) {
        self.store().wl().compact(to).expect("applied entries are there");
    }

    fn addressee(message: &Message) -> u64 {
        message.to
    }

    fn is_rejection(message: &Message) -> bool {
        message.reject && message.get_msg_type() == MessageType::MsgAppendResponse
    }
}

fn apply(entries: Vec<Entry>, machine: &mut Machine) {
    for entry in entries {
        machine.apply(entry.index, &entry.data);
    }
}
