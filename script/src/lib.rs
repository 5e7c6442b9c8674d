//! Runs scenario scripts against `quorate`.
//!
//! A script is a text file of commands, each followed by what it printed. The languages are those
//! of etcd-io/raft's recorded scenarios, so that behaviour can be compared line for line, with
//! commands of our own for what they lack. This is a debugging aid: nothing here is part of the
//! library, which is used by its public API only.
//!
//! ```
//! use quorate_script::{Kind, run};
//! let script = "vote cfg=(1,2,3) votes=(y,y,_)\n----\nVoteWon\n";
//! let run = run(Kind::Quorum, script)?;
//! assert!(run.differences().is_empty());
//! assert_eq!(run.render(), script);
//! # Ok::<(), quorate_script::ParseError>(())
//! ```
//!
//! # The file
//!
//! A line that begins with `#` is a comment. A block is a command line, perhaps lines of input, a
//! line `----`, and what the command prints, up to a blank line; output that has blank lines itself
//! stands between doubled `----` lines. Arguments are words, `key=value` or `key=(value,value)`.
//! What is compared: all lines but log lines (first word `DEBUG`, `INFO`, `WARN`, `ERROR` or
//! `FATAL`), without trailing white space; no line at all is the same as `ok`.
//!
//! # Interaction
//!
//! Nodes have the ids 1, 2, 3 … in the order in which they are added; what they send waits in one
//! pool until it is delivered. They are set up like etcd-io/raft's
//! ([`Config::like_etcd`](quorate::Config::like_etcd)), with an election timeout of 3 ticks and a
//! heartbeat every tick. The state machine joins the data of all entries.
//!
//! | command | meaning |
//! |---|---|
//! | `add-nodes N [voters=(..)] [learners=(..)] [index=I] [content=S] …` | N nodes that begin with a snapshot of term 1; without one, with nothing. Settings: `inflight=K`, `prevote=B`, `checkquorum=B`, `read-only=safe\|lease-based`, `async-storage-writes=B`, `max-committed-size-per-ready=BYTES`, `disable-conf-change-validation=B`, `step-down-on-removal=B`, and those below |
//! | `campaign ID`, `forget-leader ID`, `report-unreachable ID PEER`, `transfer-leadership from=A [to=B]` | the calls of these names; without `to`, to the most up to date |
//! | `propose ID DATA` | propose; an error is printed |
//! | `propose-conf-change ID [v1=B] [transition=auto\|implicit\|explicit] [expected=I] [veto=B]`, input `v1 l2 r3 u4` | propose to make 1 a voter and 2 a learner, to remove 3 and update 4; without input, to leave the joint configuration. A change that is refused prints nothing. `expected`: only if the configuration is as of index I; `veto`: every node that applies it vetoes it |
//! | `process-ready ID...` | take one Ready of each: print it, persist, apply, send, advance; with asynchronous storage writes, print it, queue its tasks, send |
//! | `deliver-msgs ID... [drop=(..)] [type=T]` | deliver, or drop, what is in flight to these nodes |
//! | `process-append-thread ID...`, `process-apply-thread ID...` | do the oldest storage task of each |
//! | `stabilize [ID...] [log-level=L]` | all of that, until nothing moves |
//! | `tick-election ID`, `tick-heartbeat ID` | ticks of one election timeout, of one heartbeat interval |
//! | `set-randomized-election-timeout ID timeout=N` | replace the drawn election timeout until the next draw |
//! | `send-snapshot FROM TO` | put FROM's newest snapshot in flight |
//! | `compact ID TO` | drop the stored entries up to and including TO |
//! | `raft-log ID`, `raft-state`, `status ID` | the stored entries; every node's own view; the leader's view of its peers |
//! | `log-level L` | `none` silences everything but commands that fail, until changed; `silent` those too, but for `check` and `recover`: what a script is about is then their verdict alone |
//!
//! The commands of our own:
//!
//! | command | meaning |
//! |---|---|
//! | `crash ID [keep=K]` | the node stops at once: what was not synced is lost, but for the first K writes since the last sync (a snapshot, each entry, a hard state, a compaction count one each), and so are its storage tasks and its own acknowledgements; messages that it sent stay in flight |
//! | `restart ID [applied=I] [seed=S]` | the node is made anew from what is stored (one that runs is stopped first, and loses nothing that was written; what was not synced still is not). I is the last entry that its state machine remembers, by default all it applied; its stored snapshot may bring it further; S is by default one more than before |
//! | `read-index ID CONTEXT` | ask for a linearizable read; the answer shows in a Ready as `ReadStates "CONTEXT":INDEX`, or with the reason for a refusal in place of the index |
//! | `request-snapshot ID` | ask for a snapshot for ID's state machine alone, as if that were damaged (it is not here); the one that comes becomes the one that peers are handed, too |
//! | `report-snapshot FROM TO finished\|failed [snapshot=TERM/INDEX]` | tell FROM what became of its snapshot to TO; of the one it waits for, if none is named |
//! | `deliver-msgs … duplicate=true` | deliver, and leave the messages in flight to be delivered again; local ones are delivered once |
//! | `reorder-msgs ID` | reverse the order of what is in flight to ID; local messages keep their places |
//! | `cancel-conf-change ID` | ID vetoes the next configuration change that it applies |
//! | `counters ID` | the node's counters that are not zero |
//! | `events ID` | what happened since this was last asked, one event a line |
//! | `ticks ID N` | N ticks |
//! | `compact-to-applied ID [keep=K]` | make a snapshot of the state machine as it is, for peers, and compact the log to it, but for the last K entries before it; both are writes that the next sync makes durable |
//!
//! Single moves, so that what a simulation did can be written down step by step:
//!
//! | command | meaning |
//! |---|---|
//! | `deliver FROM->TO TYPE [nth=K] [keep=B]` | deliver one message: of those in flight of this sender, recipient and type the K-th oldest, from 0, or the last if there are fewer. With `keep` it stays in flight too, as a duplicate. `AppendThread` and `ApplyThread` may stand for the sender. Ids are decimal, as in all commands, though messages print them in hexadecimal |
//! | `lose FROM->TO TYPE [nth=K]` | drop it; what a node tells itself (its acknowledgements) is never lost and never doubled, but a message that was forwarded and comes back to its first sender may be |
//! | `take-ready ID` | the first half of `process-ready`: take a Ready and print it, send what may leave at once, write without a sync. With asynchronous storage writes, the same as `process-ready` |
//! | `persist ID` | the second half: sync if it must be, apply, print and send what had to wait, advance |
//! | `write-append ID` | the first half of `process-append-thread`: write the oldest task that is not written, without a sync; the sync of one makes all that are written durable |
//! | `acknowledge ID` | with asynchronous storage writes: deliver the oldest of the node's own acknowledgements |
//! | `wipe ID` | a node that crashed loses its disk; it restarts with nothing |
//! | `pause ID` | the node's process stands still until its next `ticks`: until then its lease does not count |
//! | `recover ID... [tick=(..)]` | these nodes are well and cut off from all others: time passes at them, each tick after so long (1), until one leads that has committed in its term, and everything in its log is committed and applied. Prints `VIOLATION liveness: …`, whatever the log level, if that takes more than 60 election timeouts |
//! | `check` | judge safety over all nodes and all that happened so far: `ok`, or a line `VIOLATION …` for each thing that cannot be, whatever the log level. Judged are the paper's properties (election safety, leader completeness, state machine safety, log matching), votes across restarts, commit indexes beyond the log, stale reads, two leases at once, poisoned nodes; the same state and configuration at the same index everywhere; that what a leader counts as committed is on the disks of a quorum, and what a message promises on the disk of its sender (where a node does as in the recordings, that is not asked) |
//!
//! Settings of our own for `add-nodes`: `election=N`, `min-election=N`, `max-election=N`, `rank=N`, `transfer-to-preferred=N`, `heartbeat=N`, `seed=S`
//! (1; the same for all, and one more with each restart), `lease-promises=B`, `lease-margin=N`, `restart-silence=N`,
//! `eager-appends=B`, `max-message-bytes=N`, `max-inflight-bytes=N`, `max-uncommitted-bytes=N`,
//! `snapshot-stall=N`, `prevote-without-checkquorum=B`, `fence-rejoined=B`, `commit-notice-on-removal=B`, `disable-proposal-forwarding=B`,
//! `commit-groups=1.1.2` (those of the nodes 1, 2 and so on, 0 for none), `commit-without-silent-groups=B`;
//! and `safe-defaults=true`, with which what is not set is as in [`Config::new`](quorate::Config::new),
//! the `index` may be 1, and the node keeps to quorate's ways where the recordings have others: vote
//! requests wait for a storage thread too, peers are sent the last snapshot that was installed or made
//! with `compact-to-applied` in place of one of the last applied entry, and `MustSync` prints what is
//! asked for.
//!
//! # Confchange
//!
//! `simple`, `enter-joint [autoleave=B]` and `leave-joint` change a bare configuration, which is
//! empty at first, by the changes in their input; they print it and the progress that a leader
//! would keep of each member.
//!
//! # Quorum
//!
//! `committed cfg=(..) [cfgj=(..)|cfgj=zero] idx=(..)` and `vote cfg=(..) [cfgj=..] votes=(..)`
//! count what the voters of `cfg`, and of `cfgj` where the quorum is joint, acknowledged (`_`:
//! unknown) or voted (`y`, `n`, `_`), given in the order in which their ids appear.

mod compare;
mod confchange;
mod interaction;
mod output;
mod parse;
mod quorum;

use std::fmt;
use std::path::Path;
use std::str::FromStr;

pub use compare::Difference;
pub use parse::ParseError;

use parse::Script;

/// Which language a script speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Several nodes that exchange messages.
    Interaction,
    /// Configuration changes on a bare configuration.
    Confchange,
    /// Counting of votes and acknowledgements.
    Quorum,
}

impl Kind {
    /// The language of a file, told by the name of its folder.
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.parent()?.file_name()?.to_str()? {
            "interaction" | "random" => Some(Self::Interaction),
            folder => folder.parse().ok(),
        }
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        match name {
            "interaction" => Ok(Self::Interaction),
            "confchange" => Ok(Self::Confchange),
            "quorum" => Ok(Self::Quorum),
            _ => Err(UnknownKind(name.to_owned())),
        }
    }
}

/// No language has this name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnknownKind(String);

impl fmt::Display for UnknownKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown kind {:?}: interaction, confchange or quorum", self.0)
    }
}

impl std::error::Error for UnknownKind {}

/// A script that was run: what it said, and what our engine said.
#[derive(Clone, Debug)]
pub struct Run {
    script: Script,
    /// One for each block of the script.
    outputs: Vec<String>,
}

/// Runs every command of a script, whatever the earlier ones printed.
pub fn run(kind: Kind, text: &str) -> Result<Run, ParseError> {
    let script = Script::parse(text)?;
    let blocks = script.blocks();
    let outputs = match kind {
        Kind::Interaction => {
            let mut interaction = interaction::Interaction::default();
            blocks.map(|block| interaction.run(block)).collect()
        }
        Kind::Confchange => {
            let mut group = confchange::Group::default();
            blocks.map(|block| group.run(block)).collect()
        }
        Kind::Quorum => blocks.map(quorum::run).collect(),
    };
    Ok(Run { script, outputs })
}

impl Run {
    /// What each command printed, in order.
    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// The script with our output filled in; comments and blank lines stay.
    pub fn render(&self) -> String {
        self.script.render(&self.outputs)
    }

    /// Where our output is not what the script expects.
    pub fn differences(&self) -> Vec<Difference> {
        let pairs = self.script.blocks().zip(&self.outputs);
        pairs
            .filter_map(|(block, output)| compare::compare(block, output))
            .collect()
    }
}
