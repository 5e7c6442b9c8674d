//! What an event shows of a node that the whole group is judged by, in its order.

use quorate::{ConfState, Entry, EntryId, HardState, Index, NodeId, Term};
use quorate_sim::Violation;
use quorate_sim::judge::{Judge, Shadow};

/// Something that was seen, for the judge.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Note {
    Leads(NodeId, Term, HardState),
    Commits(NodeId, Term, Index, Shadow),
    Believes(NodeId, EntryId),
    Applies(NodeId, Entry),
    Configured(NodeId, Index, ConfState),
    /// A snapshot has this configuration.
    IsAt(NodeId, Index, ConfState),
    Asked(u64),
    Answered(NodeId, u64, Index),
    Forgotten(u64),
    Replaced(NodeId),
}

/// What is remembered of the past: part of the state, for it decides what is wrong in the future.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct History {
    /// What was seen of all nodes.
    pub judge: Judge,
    /// Reads that wait, and what was committed when they were asked.
    pub reads: Vec<(u64, Index)>,
}

impl History {
    pub(crate) fn new(first: Index) -> Self {
        Self {
            judge: Judge::new(first),
            reads: Vec::new(),
        }
    }

    pub(crate) fn note(&mut self, note: &Note) -> Result<(), Violation> {
        let judge = &mut self.judge;
        match note {
            Note::Leads(node, term, durable) => judge.leads(*node, *term, *durable)?,
            Note::Commits(node, by, index, log) => {
                judge.commits(*node, *by, *index, log)?;
            }
            Note::Believes(node, id) => judge.believes(*node, *id)?,
            Note::Applies(node, entry) => {
                judge.applies(*node, entry)?;
            }
            Note::Configured(node, index, state) => judge.configurations.applies(*node, *index, state)?,
            Note::IsAt(node, index, state) => judge.configurations.is_at(*node, *index, state)?,
            Note::Asked(read) => self.reads.push((*read, judge.committed())),
            Note::Answered(node, read, index) => {
                if let Some(position) = self.reads.iter().position(|(waiting, _)| waiting == read) {
                    let (_, committed) = self.reads.remove(position);
                    Judge::reads(*node, *index, committed)?;
                }
            }
            Note::Forgotten(read) => self.reads.retain(|(waiting, _)| waiting != read),
            Note::Replaced(node) => judge.replaced(*node),
        }
        Ok(())
    }
}
