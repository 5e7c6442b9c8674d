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

/// One node is elected by two others, and then has something to replicate and only one that hears it, or none: what it
/// appends may be cut off by the next, or committed by it though it was cut off elsewhere (Figure 8).
fn reign() -> impl Strategy<Value = Vec<Action>> {
    let others = (1..NODES, 1..NODES, 0..NODES);
    (1..=NODES, others, 1_usize..6, 0_usize..4, 0_usize..4).prop_map(|(id, (a, b, c), won, proposals, flows)| {
        let side = |by: &[u64]| {
            by.iter()
                .fold(0, |side, step| side | 1 << ((id - 1 + step) % NODES + 1))
        };
        let elected = [vec![Heal, Split(side(&[0, a, b])), Campaign(id)], vec![Flow; won]].concat();
        let heard = [
            vec![Heal, Split(side(&[0, c]))],
            vec![Propose(id, 9); proposals],
            vec![Flow; flows],
        ]
        .concat();
        [elected, heard].concat()
    })
}

/// Figure 8: S1 has something that only S2 hears of, and loses it to S5, which is elected by those who did not hear of
/// it; with them S2 may be elected next and commit it, before S1 hears of it, be it in a snapshot.
fn figure_8() -> impl Strategy<Value = Vec<Action>> {
    let nodes = Just([1, 2, 3, 4, 5]).prop_shuffle();
    let flows = (2_usize..5, 2_usize..9, 2_usize..5);
    (nodes, flows, 1_usize..4, 0_usize..3, any::<bool>()).prop_map(|(nodes, flows, proposals, more, compact)| {
        let [s1, s2, s3, s4, s5] = nodes;
        let among = |nodes: &[u64]| vec![Heal, Split(nodes.iter().fold(0, |side, id| side | 1 << id))];
        let elect = |id, others: &[u64], flows| [among(others), vec![Campaign(id)], vec![Flow; flows]].concat();
        let take = |id, other| [among(&[id, other]), vec![Propose(id, 9); proposals], vec![Flow; 2]].concat();
        let begin = [vec![Heal, Settle], elect(s1, &[s1, s2, s3, s5], 9), take(s1, s2)].concat();
        let lost = [elect(s5, &[s3, s4, s5], flows.0), take(s5, s1)].concat();
        let back = [
            elect(s2, &[s2, s3, s4], flows.1),
            vec![Propose(s2, 9); more],
            vec![Flow; more],
        ]
        .concat();
        let compact = (1..=NODES).filter(|_| compact).map(|id| Compact(id, 0)).collect();
        let end = [elect(s2, &[s1, s2, s3, s4], flows.2), vec![Heal, Settle]].concat();
        [begin, lost, back, compact, end].concat()
    })
}

/// Many reigns, in which some compact their log and some restart.
pub(crate) fn reigns() -> impl Strategy<Value = Vec<Action>> {
    let id = || 1..=NODES;
    let between = prop_oneof![
        4 => Just(vec![]),
        3 => (0_u64..2).prop_map(|keep| (1..=NODES).map(|id| Compact(id, keep)).collect()),
        1 => (id(), any::<bool>()).prop_map(|(id, keep_state)| vec![Restart(id, keep_state)]),
        1 => Just(vec![Heal, Settle]),
    ];
    let part = (reign(), between).prop_map(|(reign, between)| [reign, between].concat());
    vec_of(prop_oneof![4 => part, 1 => figure_8()], 3..16).prop_map(|parts| parts.concat())
}
