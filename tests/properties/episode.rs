//! Short stories in which safety is at stake; a random walk would seldom come across them.

use proptest::collection::vec as vec_of;
use proptest::prelude::*;
use proptest::sample::select;

use super::action::Action::{
    self, Campaign, Change, Compact, Cut, Flow, Heal, Isolate, Propose, Read, Restart, Settle, Split, Tick, TickAll,
    Transfer,
};
use super::action::{LEADER, NODES, change, node};

/// Everybody is asked what may be read.
fn reads() -> Vec<Action> {
    (1..=NODES).map(|id| Read(id, None)).collect()
}

fn rounds(count: usize) -> Vec<Action> {
    vec![vec![TickAll, Settle]; count].concat()
}

/// Somebody is elected by whoever can be reached, and commits something.
fn new_leader(id: u64) -> Vec<Action> {
    vec![Campaign(id), Settle, Propose(LEADER, 9), Settle]
}

/// Both sides of a split, a bit for each node; half of the time only one node is on the one side.
fn sides() -> impl Strategy<Value = u8> {
    prop_oneof![any::<u8>(), select(vec![0b10, 0b100, 0b1000])]
}

/// An election; the new leader is asked before it can have committed anything.
fn election() -> impl Strategy<Value = Vec<Action>> {
    (node(), 0_usize..4, 0_usize..4).prop_map(|(id, before, after)| {
        let propose = [vec![Propose(LEADER, 9)], vec![Flow; before]].concat();
        let campaign = [vec![Campaign(id)], vec![Flow; after], reads(), vec![Settle]].concat();
        [propose, campaign].concat()
    })
}

/// Some are cut off; after a while whoever can still be elected is.
fn split() -> impl Strategy<Value = Vec<Action>> {
    (sides(), node(), 0_usize..9)
        .prop_map(|(sides, id, ticks)| [vec![Split(sides)], rounds(ticks), new_leader(id), reads()].concat())
}

/// Those who may have promised something crash, and are asked to break their promise.
fn forgetful() -> impl Strategy<Value = Vec<Action>> {
    (sides(), 1..=NODES, 0_usize..3).prop_map(|(sides, id, ticks)| {
        let crash = (1..=NODES)
            .filter(|id| sides >> id & 1 == 0)
            .map(|id| Restart(id, true));
        let crashes = [vec![TickAll, Settle, Split(sides)], crash.collect(), rounds(ticks)].concat();
        [crashes, new_leader(id), reads()].concat()
    })
}

/// Leadership is handed over, and the old leader may not hear of it.
fn transfer() -> impl Strategy<Value = Vec<Action>> {
    (node(), 0_usize..4, sides()).prop_map(|(to, flows, sides)| {
        let begin = [vec![TickAll, Settle, Transfer(LEADER, to)], vec![Flow; flows]].concat();
        let end = vec![Split(sides), Settle, Propose(LEADER, 9), Settle];
        [begin, end, reads()].concat()
    })
}

/// One voter did not hear the leader for long and is free to elect another, with one that did; clocks
/// do not run at the same pace.
fn deaf() -> impl Strategy<Value = Vec<Action>> {
    let skew = vec_of((1..=NODES).prop_map(|id| Tick(id, 1)), 0..40);
    (1..=3_u64, 1..=3_u64, 2_usize..12, skew).prop_map(|(deaf, id, ticks, skew)| {
        let begin = [vec![Heal, Settle, Cut(LEADER, deaf), Cut(deaf, LEADER)], rounds(ticks)].concat();
        [begin, vec![Isolate(LEADER)], skew, new_leader(id), reads()].concat()
    })
}

/// The configuration changes while the leader does, and a snapshot tells of it.
fn changes() -> impl Strategy<Value = Vec<Action>> {
    (change(), change(), node(), 0_usize..6).prop_map(|(first, second, id, flows)| {
        let propose = [vec![Change(LEADER, first), Change(LEADER, second)], vec![Flow; flows]].concat();
        let end = vec![Compact(LEADER, 0), Campaign(id), Settle, TickAll, Settle];
        [propose, end].concat()
    })
}

pub(crate) fn episode() -> impl Strategy<Value = Vec<Action>> {
    let calm = (1_usize..12).prop_map(|count| [vec![Heal], rounds(count)].concat());
    prop_oneof![3 => election(), 3 => split(), 2 => forgetful(), 2 => transfer(), 2 => deaf(), 2 => changes(), 4 => calm]
}
