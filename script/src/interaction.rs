//! Several nodes, the messages between them, and the commands that move both.

mod cluster;
mod commands;
mod disk;
mod drive;
mod judge;
mod line;
mod machine;
mod member;
mod moves;
mod operator;
mod pool;
mod print;
mod recover;
mod request;

use crate::output::Output;
use crate::parse::Block;

use cluster::Cluster;

/// A script being run: its nodes, and whether it is heard.
#[derive(Debug, Default)]
pub(crate) struct Interaction {
    cluster: Cluster,
    /// `log-level none`: only commands that fail are heard.
    muted: bool,
    /// `log-level silent`: and of those only `check` and `recover`.
    silent: bool,
}

impl Interaction {
    /// Runs one command and gives what it printed.
    pub(crate) fn run(&mut self, block: &Block) -> String {
        let mut text = String::new();
        let outcome = self.dispatch(block, &mut Output::new(&mut text, self.muted));
        self.cluster.observe_all();
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
