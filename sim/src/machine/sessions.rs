//! Each command at most once (thesis 6.3): the network may deliver a forwarded proposal twice.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{Malformed, StateMachine, numbers, pack};

/// Applies a command of a client's session only if its number is above all earlier ones of that
/// session; repeats the last answer otherwise. Queries pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sessions<M> {
    machine: M,
    /// By client: the last number and its answer.
    last: BTreeMap<u64, (u64, Bytes)>,
}

impl<M> Sessions<M> {
    /// `command` as number `number` of a client's session; numbers begin at 1.
    pub fn encode(client: u64, number: u64, command: &[u8]) -> Bytes {
        let mut bytes = pack([client, number]);
        bytes.extend_from_slice(command);
        bytes.into()
    }

    /// Client and number of an encoded command.
    pub fn read(command: &[u8]) -> Option<(u64, u64)> {
        numbers(command).map(|[client, number]| (client, number))
    }
}

impl<M: StateMachine> StateMachine for Sessions<M> {
    fn apply(&mut self, command: &Bytes) -> Bytes {
        let Some((client, number)) = Self::read(command) else {
            return Bytes::new();
        };
        let (last, answer) = self.last.entry(client).or_default();
        if number > *last {
            (*last, *answer) = (number, self.machine.apply(&command.slice(16..)));
        }
        answer.clone()
    }

    fn query(&self, query: &Bytes) -> Bytes {
        self.machine.query(query)
    }

    fn snapshot(&self) -> Bytes {
        let mut bytes = pack([self.last.len() as u64]);
        for (client, (number, answer)) in &self.last {
            bytes.extend(pack([*client, *number, answer.len() as u64]));
            bytes.extend_from_slice(answer);
        }
        bytes.extend_from_slice(&self.machine.snapshot());
        bytes.into()
    }

    fn restore(&mut self, snapshot: &Bytes) -> Result<(), Malformed> {
        let [sessions] = numbers(snapshot).ok_or(Malformed)?;
        let mut rest = snapshot.slice(8..);
        let mut last = BTreeMap::new();
        for _ in 0..sessions {
            let [client, number, length] = numbers(&rest).ok_or(Malformed)?;
            let end = usize::try_from(length).ok().and_then(|length| length.checked_add(24));
            let end = end.filter(|end| *end <= rest.len()).ok_or(Malformed)?;
            last.insert(client, (number, rest.slice(24..end)));
            rest = rest.slice(end..);
        }
        self.machine.restore(&rest)?;
        self.last = last;
        Ok(())
    }

    fn command_in_words(command: &[u8]) -> String {
        match (Self::read(command), command.get(16..)) {
            (Some((client, number)), Some(command)) => {
                format!("{} (session {client}, number {number})", M::command_in_words(command))
            }
            _ => "no command of a session".to_owned(),
        }
    }

    fn query_in_words(query: &[u8]) -> String {
        M::query_in_words(query)
    }
}
