//! Several nodes, the messages between them, and the commands that move both.

mod commands;
mod drive;
mod flight;
mod line;
mod look;
mod machine;
mod moves;
mod print;
mod recorded;
mod request;
mod stage;

use crate::output::Output;
use crate::parse::Block;

use stage::Stage;

/// A script being run: its nodes, and whether it is heard.
#[derive(Debug, Default)]
pub(crate) struct Interaction {
    stage: Stage,
    /// `log-level none`: only commands that fail are heard.
    muted: bool,
    /// `log-level silent`: and of those only `check` and `recover`.
    silent: bool,
}

impl Interaction {
    /// Runs one command and gives what it printed.
    pub(crate) fn run(&mut self, block: &Block) -> String {
        let mut text = String::new();
        let mut out = Output::new(&mut text, self.muted);
        let outcome = self.dispatch(&block.command, &block.input, &mut out);
        if let Err(failure) = outcome
            && (!self.silent || ["check", "recover"].contains(&block.command.name.as_str()))
        {
            text.push_str(failure.words());
            text.push('\n');
        }
        if text.is_empty() {
            text.push_str("ok\n");
        }
        text
    }
}
