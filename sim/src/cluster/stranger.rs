//! Messages of another group, which an address that was used again may bring.

use quorate::status::ProgressStatus;
use quorate::types::{ClusterId, RECOVERED};
use quorate::{Message, RawNode, Status, Storage};

use super::Cluster;
use super::causes::Before;
use super::network::over_the_wire;
use crate::disk::Disk;
use crate::judge::{Judge, Verdict, Violation};
use crate::machine::StateMachine;
use crate::member::Member;
use crate::step::MessageRef;
use crate::trace::What;

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    /// A message arrives that is like this one, which stays in flight, but names another group (and a later term,
    /// so that it would do harm), or none.
    pub(super) fn stray(&mut self, which: MessageRef, named: bool) -> Verdict {
        let found = self.find(which).and_then(|name| self.pool.get(&name));
        let Some(mut stray) = found.cloned() else { return Ok(()) };
        let to = stray.to;
        let Some(member) = self.member_mut(to).filter(|member| member.is_up()) else {
            return Ok(());
        };
        let ours = member.config.cluster_id;
        // What was recovered never does: it may be from what it was.
        let accepts = member.config.settings().accept_without_cluster_id && ours & RECOVERED == 0;
        if ours == 0 {
            return Ok(()); // its disk knows no group: it takes everything
        }
        stray = stray.with_cluster_id(if named { another(ours) } else { 0 });
        stray.term += u64::from(named && stray.term > 0);
        self.note(to, || What::Note {
            kind: "fault",
            text: format!("a stray message of group {}: {stray}", stray.cluster_id),
        });
        if !named && accepts {
            self.coverage.unnamed_taken += 1;
            return self.receive(to, over_the_wire(stray)?);
        }
        self.refuse(stray).map(|_| ())
    }

    /// A message of another group arrives, and is refused if the node is up.
    pub(crate) fn refuse(&mut self, stray: Message) -> Result<bool, Violation> {
        let to = stray.to;
        let Some(node) = self.member_mut(to).and_then(Member::node_mut) else {
            return Ok(false);
        };
        let stray = over_the_wire(stray)?;
        let before = seen(node);
        let answer = node.step(stray.clone());
        let changed = seen(node) != before || !node.take_events().is_empty();
        Judge::strangers(to, &stray, &answer, changed)?;
        self.coverage.strays_refused += 1;
        Ok(true)
    }

    /// A message reaches a node.
    pub(super) fn receive(&mut self, to: u64, message: Message) -> Verdict {
        let seen = Before::of(self, to, &message);
        let (from, term, named) = (message.from, message.term, message.cluster_id != 0);
        let Some(node) = self.member_mut(to).and_then(Member::node_mut) else {
            return Ok(());
        };
        // A refusal is the sender's affair: a response from a node that was removed, say.
        match node.step(message) {
            Ok(()) => {
                let verdict = self.judge_delivery(to, seen);
                self.rule(verdict)?;
            }
            Err(error) => {
                let awaited = named && seen.is_some_and(|seen| seen.awaits(from, term));
                self.rule(Judge::hears_its_leader(to, awaited, &error))?;
                self.observe_refusal(to, &error)?;
            }
        }
        self.observe(to)
    }
}

fn another(group: ClusterId) -> ClusterId {
    group.wrapping_add(1).max(1)
}

/// All that a node shows of itself, but for how many messages it got.
fn seen<S: Storage>(node: &RawNode<S>) -> (Status, Vec<ProgressStatus>, Option<u64>, bool, u64) {
    let peers = node.progress().collect();
    let sent = node.counters().messages_sent;
    (node.status(), peers, node.next_deadline(), node.has_ready(), sent)
}
