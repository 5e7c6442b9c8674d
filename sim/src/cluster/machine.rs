//! State machines: what is asked of them, and whether their answers are those of the others.

use bytes::Bytes;
use quorate::{Entry, Index, NodeId, Snapshot};

use super::{Cluster, unexpected};
use crate::disk::Disk;
use crate::judge::{Replicas, Verdict, Violation, not_canonical};
use crate::machine::StateMachine;
use crate::member::Member;
use crate::panics::caught;

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    /// Applies a command.
    pub(super) fn command(&mut self, id: NodeId, entry: &Entry) -> Result<Bytes, Violation> {
        let member = &mut self.members[Self::position(id)];
        let (replica, index) = (member.replica(), entry.index);
        let words = || M::command_in_words(&entry.data);
        let answer = caught(
            || format!("{replica}, apply() of {} at {index},", words()),
            || Ok(member.machine.apply(&entry.data)),
        )?;
        let judged = self.judge.replicas.answers(replica, index, &answer);
        judged.map_err(|broken| {
            let detail = format!("{}; the command: {}", broken.detail, words());
            Violation { detail, ..broken }
        })?;
        Ok(answer)
    }

    pub(super) fn query(&self, id: NodeId, query: &Bytes) -> Result<Bytes, Violation> {
        let member = &self.members[Self::position(id)];
        caught(
            || format!("{}, query() of {},", member.replica(), M::query_in_words(query)),
            || Ok(member.machine.query(query)),
        )
    }

    /// All of its state, as it is now.
    pub(super) fn state(&self, id: NodeId) -> Result<Bytes, Violation> {
        state_of(&self.members[Self::position(id)])
    }

    /// The state machine becomes what the snapshot says, and gives it back.
    pub(super) fn restore(&mut self, id: NodeId, snapshot: &Snapshot) -> Verdict {
        let (index, data) = (snapshot.metadata.index, &snapshot.data);
        let member = &mut self.members[Self::position(id)];
        member.restored = index;
        let replica = member.replica();
        let restored = caught(
            || format!("{replica}, restore() of it,"),
            || Ok(member.machine.restore(data)),
        )?;
        restored.map_err(|error| unexpected(id, "a snapshot", &error))?;
        Replicas::restored(replica, index, data, &state_of(member)?)
    }

    /// The state machine of a node that has applied everything up to `index` is this.
    pub(super) fn judge_state(&mut self, id: NodeId, index: Index, state: &Bytes) -> Verdict {
        let replica = self.members[Self::position(id)].replica();
        let judged = self.judge.replicas.is_at(replica, index, state);
        let (Err(broken), Some((other, theirs))) = (&judged, self.judge.replicas.first_at(index)) else {
            return judged;
        };
        // Whether both mean the same is for the state machine to say.
        let (ours, again) = (normal::<M>(state), normal::<M>(theirs));
        if broken.property == "same state" && ours.is_some() && ours == again {
            return Err(not_canonical(replica, other, index, state, theirs));
        }
        judged
    }
}

fn state_of<M: StateMachine, D>(member: &Member<M, D>) -> Result<Bytes, Violation> {
    caught(
        || format!("{}, snapshot(),", member.replica()),
        || Ok(member.machine.snapshot()),
    )
}

/// The snapshot of a state machine that was restored from a snapshot.
fn normal<M: StateMachine>(snapshot: &[u8]) -> Option<Bytes> {
    let restored = || {
        let mut machine = M::default();
        let restored = machine.restore(&Bytes::copy_from_slice(snapshot));
        Ok(restored.ok().map(|()| machine.snapshot()))
    };
    caught(String::new, restored).ok().flatten()
}
