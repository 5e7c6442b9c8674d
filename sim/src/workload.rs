//! What clients ask for, and whether what they were told can be true.

mod standard;

use bytes::Bytes;

use crate::cluster::Outcome;
use crate::dice::Dice;
use crate::judge::Verdict;
use crate::machine::StateMachine;

pub use standard::Standard;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A command for the log.
    Write(Bytes),
    /// A linearizable read.
    Read(Bytes),
}

/// The clients of a run, and the judge of what they saw. Only [`ask`](Self::ask) has to be there: replicas
/// are compared whatever the clients are told.
pub trait Workload {
    /// The state machine that they talk to.
    type Machine: StateMachine;

    /// What a client asks for next. `operation` names it in [`ended`](Self::ended). A client waits for
    /// one thing at a time; one that gives up comes back under another number. Commands must differ from
    /// each other: write `operation` into them, say.
    fn ask(&mut self, operation: u64, client: u64, dice: &mut Dice) -> Request;

    /// A replay asks for what [`ask`](Self::ask) gave in the run that it repeats, perhaps with others left
    /// out in between. False, as where this is left out: these clients cannot tell, and what they were
    /// told is not judged again.
    fn asks_again(&mut self, operation: u64, request: &Request) -> bool {
        let _ = (operation, request);
        false
    }

    /// An operation has ended. One that is never heard of again has an unknown outcome.
    fn ended(&mut self, operation: u64, outcome: &Outcome) {
        let _ = (operation, outcome);
    }

    /// A command was committed; they come in their order, each once for each time that it is in the log.
    /// (A proposal that is forwarded may get there twice: see [`Sessions`](crate::machine::Sessions).)
    fn committed(&mut self, command: &Bytes) {
        let _ = command;
    }

    /// At the end of a run: whether all answers together can be true.
    fn verdict(&mut self) -> Verdict {
        Ok(())
    }
}
