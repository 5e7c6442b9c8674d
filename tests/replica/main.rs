//! Replicas: the loop that is ready made.

#[path = "../support/dice.rs"]
mod dice;
mod disk;
mod setup;
mod snapshots;
mod table;
mod world;

use quorate::bytes::Bytes;
use quorate::replica::{MachineError, StateMachine};
use quorate::{ConfState, Entry, Index, MemoryStorage, NodeId, bootstrap};

/// Remembers which commands it has applied, in order; the response is how many they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) commands: Vec<String>,
    /// Up to where it is durable by itself.
    pub(crate) kept: Index,
    /// Its next snapshot, or its next restore, fails.
    pub(crate) breaks: bool,
}

impl StateMachine for Log {
    type Response = usize;

    fn apply(&mut self, entry: &Entry) -> usize {
        assert!(entry.is_command(), "{entry}");
        self.commands.push(String::from_utf8_lossy(&entry.data).into_owned());
        self.commands.len()
    }

    fn snapshot(&mut self) -> Result<Bytes, MachineError> {
        self.check()?;
        Ok(self.commands.join(" ").into())
    }

    fn restore(&mut self, state: &Bytes) -> Result<(), MachineError> {
        self.check()?;
        self.commands = str::from_utf8(state)?.split_whitespace().map(str::to_owned).collect();
        Ok(())
    }

    fn applied(&self) -> Index {
        self.kept
    }
}

impl Log {
    fn check(&mut self) -> Result<(), MachineError> {
        if std::mem::take(&mut self.breaks) {
            return Err("it broke".into());
        }
        Ok(())
    }
}

pub(crate) fn founded(id: NodeId, voters: &[NodeId]) -> MemoryStorage {
    let conf_state = ConfState::of_voters(voters.iter().copied());
    let first = bootstrap(id, &MemoryStorage::new(), &conf_state).expect("an unused store");
    MemoryStorage::from_snapshot(first)
}
