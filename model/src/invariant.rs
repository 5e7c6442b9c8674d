//! What must hold in every state.

mod counted;

use std::fmt;
use std::sync::Arc;

use quorate::NodeId;
use quorate_sim::judge::Judge;
use quorate_sim::{Verdict, Violation};

use crate::member::Member;
use crate::note::History;
use crate::world::World;

/// The state as an invariant sees it.
#[derive(Debug)]
pub struct State<'a> {
    /// The members, in the order of their ids.
    pub members: &'a [Arc<Member>],
    /// What is remembered of the past.
    pub history: &'a History,
}

impl State<'_> {
    /// A member by its id.
    pub fn member(&self, id: NodeId) -> Option<&Member> {
        self.members
            .iter()
            .map(|member| &**member)
            .find(|member| member.id == id)
    }

    /// The members that lead.
    pub fn leaders(&self) -> impl Iterator<Item = &Member> {
        self.members
            .iter()
            .map(|member| &**member)
            .filter(|member| member.is_leader())
    }
}

/// A named property of a state.
#[derive(Clone)]
pub struct Invariant {
    /// What a violation is called.
    pub name: &'static str,
    holds: Arc<dyn Fn(&State<'_>) -> Verdict + Send + Sync>,
}

impl fmt::Debug for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invariant({:?})", self.name)
    }
}

impl Invariant {
    /// One of your own: `holds` says in words what is wrong if it does not.
    ///
    /// ```
    /// use quorate_model::Invariant;
    /// let one_leader = Invariant::new("one leader at a time", |state| {
    ///     let leaders = state.leaders().count();
    ///     if leaders < 2 { Ok(()) } else { Err(format!("{leaders} nodes lead")) }
    /// });
    /// assert_eq!(one_leader.name, "one leader at a time");
    /// ```
    pub fn new(name: &'static str, holds: impl Fn(&State<'_>) -> Result<(), String> + Send + Sync + 'static) -> Self {
        let holds = move |state: &State<'_>| holds(state).map_err(|detail| Violation::new(name, detail));
        Self::of(name, holds)
    }

    fn of(name: &'static str, holds: impl Fn(&State<'_>) -> Verdict + Send + Sync + 'static) -> Self {
        let holds = Arc::new(holds);
        Self { name, holds }
    }

    /// Whether it holds.
    pub fn check(&self, state: &State<'_>) -> Verdict {
        (self.holds)(state)
    }
}

/// What is checked in every world, beside what the judges are told of each move.
pub(crate) fn always(world: &World) -> Vec<Invariant> {
    let mut all = vec![
        Invariant::of("log matching", log_matching),
        Invariant::of("leader completeness", leader_completeness),
        Invariant::of("leases do not overlap", leases),
    ];
    // How far a promise can be off is known only of clocks that are bounded.
    if let Some(skew) = world.skew() {
        all.push(Invariant::of("promises are kept", move |state| {
            counted::promises(state, skew)
        }));
        all.push(Invariant::of("a lease rests on a quorum", move |state| {
            counted::leases(state, skew)
        }));
    }
    if !world.forgets_entries() {
        all.push(Invariant::of("what matches is on the disk", counted::matched));
    }
    all
}

/// *Log matching*: two logs that have an entry of one term at an index are the same up to there.
fn log_matching(state: &State<'_>) -> Verdict {
    for (position, one) in state.members.iter().enumerate() {
        for other in &state.members[position + 1..] {
            let (one, ours) = (one.id, &one.log);
            let (other, theirs) = (other.id, &other.log);
            let from = ours.base().index.max(theirs.base().index) + 1;
            let to = ours.last().index.min(theirs.last().index);
            let mut matched = false;
            for index in (from..=to).rev() {
                let (here, there) = (ours.entry(index), theirs.entry(index));
                matched |= here.map(|entry| entry.0) == there.map(|entry| entry.0);
                if matched && here != there {
                    let detail = format!("{one} and {other} have {here:?} and {there:?} at {index}, and match later");
                    return Err(Violation::new("log matching", detail));
                }
            }
        }
    }
    Ok(())
}

/// *Leader completeness*: what was committed under earlier leaders is in each leader's log.
fn leader_completeness(state: &State<'_>) -> Verdict {
    let mut leaders = state.leaders().filter(|leader| !leader.seen.begins);
    leaders.try_for_each(|leader| {
        let judge = &state.history.judge;
        judge.leader_holds(leader.id, leader.seen.term, &leader.log)
    })
}

/// While a leader holds a lease nobody leads a later term.
fn leases(state: &State<'_>) -> Verdict {
    for holder in state.leaders().filter(|leader| leader.seen.lease) {
        let later = state.leaders().find(|other| other.seen.term > holder.seen.term);
        if let Some(later) = later {
            Judge::leases(holder.id, true, later.id)?;
        }
    }
    Ok(())
}
