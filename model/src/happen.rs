//! An event happens to a member: what the node, its disk and its state machine do then, judged as far as one node
//! alone can be.

mod life;
mod observe;
mod turn;

use quorate::message::Payload;
use quorate::status::SnapshotStatus;
use quorate::{CommitGroups, ConfState, EntryId, Message, NodeId, Term};
use quorate_sim::judge::Judge;
use quorate_sim::{Verdict, Violation};

use crate::event::{Event, Happening, Tear};
use crate::member::Member;
use crate::note::Note;
use crate::rules::Rules;

/// What an event came to.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    pub(crate) member: Member,
    pub(crate) sent: Vec<Message>,
    pub(crate) notes: Vec<Note>,
    /// What a leader counts as committed: to be on the disks of a quorum.
    pub(crate) commits: Vec<Counted>,
    /// Begins to lead: to have the votes of a quorum.
    pub(crate) elected: Option<Elected>,
    /// Batches that a crash could interrupt: how many writes were not synced then.
    pub(crate) tears: Vec<usize>,
    /// Batches that were handed out, for the steps of a trace.
    pub(crate) readies: usize,
}

/// An entry that a leader counts as committed, by this configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Counted {
    pub(crate) entry: EntryId,
    pub(crate) members: ConfState,
    pub(crate) groups: CommitGroups,
}

/// Who begins to lead, in this term and by this configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Elected {
    pub(crate) term: Term,
    pub(crate) members: ConfState,
}

/// While an event happens.
struct Turn<'a> {
    rules: &'a Rules,
    effect: Effect,
    tear: Option<Tear>,
    torn: bool,
}

/// What comes of this, or `None` if nothing does: it is refused, or there is nobody that it could happen to.
pub(crate) fn happen(member: &Member, happening: &Happening, rules: &Rules) -> Result<Option<Effect>, Violation> {
    let mut turn = Turn {
        rules,
        effect: Effect {
            member: member.clone(),
            sent: Vec::new(),
            notes: Vec::new(),
            commits: Vec::new(),
            elected: None,
            tears: Vec::new(),
            readies: 0,
        },
        tear: happening.tear,
        torn: false,
    };
    if !turn.begin(&happening.event)? {
        return Ok(None);
    }
    if !turn.torn && rules.stores_at_once() {
        turn.run()?;
    }
    if happening.tear.is_some() && !turn.torn {
        return Ok(None); // there is no such batch
    }
    turn.finish(happening.settle)?;
    let Turn { effect, .. } = turn;
    let silent = effect.sent.is_empty() && effect.notes.is_empty() && effect.commits.is_empty();
    let nothing = silent && effect.member == *member && !matches!(happening.event, Event::Deliver(_) | Event::Tick(_));
    Ok((!nothing).then_some(effect))
}

/// A core's error where there should be none.
fn unexpected(node: NodeId, what: &str, error: &dyn std::error::Error) -> Violation {
    Violation::new("no unexpected errors", format!("{node}: {what}: {error}"))
}

impl Turn<'_> {
    fn id(&self) -> NodeId {
        self.effect.member.id
    }

    fn note(&mut self, note: Note) {
        self.effect.notes.push(note);
    }

    /// The event itself; `false` if it cannot happen.
    fn begin(&mut self, event: &Event) -> Result<bool, Violation> {
        match event {
            Event::Deliver(message) => self.deliver(message)?,
            Event::Tick(ticks) => self.tick(*ticks)?,
            Event::Crash(kept) => return self.crash(*kept),
            Event::Restart => return self.restart(),
            Event::Wipe => return Ok(self.wipe()),
            Event::Join(identity) => return self.join(*identity),
            Event::Found(snapshot, identity) => return self.found(snapshot, *identity),
            Event::Ready => return self.take_ready(),
            Event::Write => return self.write(),
            Event::Sync => return self.sync(),
            Event::Acknowledge => return self.acknowledge(),
            Event::Apply => return self.apply_task(),
            Event::Compact => return self.compact(),
            _ => return self.call(event),
        }
        Ok(true)
    }

    /// What a client, an operator or the transport asks of a node that runs; `false` if it is refused.
    fn call(&mut self, event: &Event) -> Result<bool, Violation> {
        let (id, later) = (self.id(), self.rules.config(self.id(), true));
        let Some(node) = self.effect.member.node_mut() else {
            return Ok(false);
        };
        let done = match event {
            Event::Configure => {
                let mut next = node.config().clone();
                next.settings_mut().election_timeout_ticks = later.settings().election_timeout_ticks;
                node.set_config(next).is_ok()
            }
            Event::Campaign => node.campaign().is_ok(),
            Event::Propose(command) => node.propose(command.clone()).is_ok(),
            Event::Read(read) => node.read_index(read.to_be_bytes().to_vec()).is_ok(),
            Event::Change(change) => node.propose_conf_change(change.clone()).is_ok(),
            Event::Transfer(to) => node.transfer_leader(*to).is_ok(),
            Event::ForgetLeader => node.forget_leader().is_ok(),
            Event::RequestSnapshot => node.request_snapshot().is_ok(),
            Event::ReportUnreachable(peer) => node.report_unreachable(*peer).is_ok(),
            Event::ReportLost(peer, snapshot) => node.report_snapshot(*peer, *snapshot, SnapshotStatus::Failed).is_ok(),
            _ => false,
        };
        if let Some(fault) = node.poisoned() {
            return Err(unexpected(id, "poisoned", fault));
        }
        if !done {
            return Ok(false);
        }
        if let Event::Read(read) = event {
            self.effect.member.reads.push(*read);
            self.note(Note::Asked(*read));
        }
        self.observe()?;
        Ok(true)
    }

    fn deliver(&mut self, message: &Message) -> Verdict {
        let id = self.id();
        let excused = self.rules.disks_forget;
        let Some(node) = self.effect.member.node_mut() else {
            return Ok(());
        };
        // A refusal is the sender's affair: a response from a node that was removed, say.
        if let Err(error) = node.step(message.clone())
            && matches!(error, quorate::error::StepError::Diverged { .. })
        {
            Judge::agrees(id, &error, excused)?;
        }
        self.observe()
    }

    fn tick(&mut self, ticks: u64) -> Verdict {
        let (id, before) = (self.id(), self.effect.member.seen);
        let mut left = ticks;
        while left > 0 {
            let Some(node) = self.effect.member.node_mut() else {
                return Ok(());
            };
            let mut by_one = node.clone();
            let used = node.advance_ticks(left);
            let used = used.map_err(|error| unexpected(id, "tick", &error))?;
            let ticked = (0..used).try_for_each(|_| by_one.tick());
            ticked.map_err(|error| unexpected(id, "tick", &error))?;
            if by_one != *node {
                let detail = format!("{id} is another node after {used} single ticks than after as many at once");
                return Err(Violation::new("ticks at once are ticks", detail));
            }
            left = left.saturating_sub(used.max(1));
        }
        self.observe()?;
        let now = self.effect.member.seen;
        Judge::runs_down(id, "promise", before.promised, ticks, now.promised)?;
        Judge::runs_down(id, "silence", before.silent, ticks, now.silent)
    }

    /// A message leaves.
    fn send(&mut self, message: Message) -> Verdict {
        let id = self.id();
        let member = &self.effect.member;
        Judge::names_group(id, &message, 0)?;
        Judge::sends(id, &message, &member.log, &member.durable)?;
        let tells = match &message.payload {
            Payload::RequestVote(request) => Some(request.committed),
            Payload::VoteResponse(response) => Some(response.committed),
            _ => None,
        };
        if let Some(committed) = tells.filter(|committed| committed.term > 0) {
            self.note(Note::Believes(id, committed));
        }
        self.effect.member.led.gave_up |= matches!(message.payload, Payload::TimeoutNow);
        self.effect.sent.push(message);
        Ok(())
    }
}
