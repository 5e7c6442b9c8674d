//! Ten thousand random malformed messages a run and mode, alone and among legal traffic.
//!
//! Each run prints its seed; `QUORATE_HOSTILE_SEED` replays one.

use quorate::NodeId;

use crate::dice::Dice;
use crate::group::{assert_recovers, forges};
use crate::recipe::{Draw, Recipe};
use crate::session::{session, step};
use crate::subjects::{Subject, subjects};
use crate::support::Cluster;
use crate::support::mode::Mode;

const MESSAGES: u64 = 10_000;

impl Draw for Dice {
    fn below(&mut self, bound: u64) -> u64 {
        Dice::below(self, bound)
    }
}

fn dice() -> Dice {
    Dice::new("QUORATE_HOSTILE_SEED")
}

#[test]
fn no_session_of_messages_and_calls_breaks_a_node() {
    const OPERATIONS: usize = 50;
    let (mut dice, subjects) = (dice(), subjects());
    let sessions = 4 * MESSAGES / 50;
    for subject in subjects
        .iter()
        .cycle()
        .take(usize::try_from(sessions).expect("a small number"))
    {
        let mut node = subject.cluster.raw(subject.id).clone();
        let mode = (
            node.config().settings().async_storage_writes,
            node.config().settings().read_mode,
        );
        println!("{}: {mode:?}", subject.name);
        session(&mut dice, &mut node, OPERATIONS);
    }
}

/// Every message that is no forgery arrives for good; forgeries arrive at a copy of the node.
#[test]
fn nonsense_among_legal_traffic_never_makes_nodes_disagree() {
    let mut dice = dice();
    for mode in Mode::ALL {
        nonsense_in(mode, &mut dice);
    }
}

fn nonsense_in(mode: Mode, dice: &mut Dice) {
    println!("{mode:?}");
    let mut cluster = Cluster::new(3, |id| mode.config(id));
    let mut taken = 0;
    for _ in 0..MESSAGES {
        live(dice, &mut cluster);
        let target = 1 + dice.below(3);
        let message = Recipe::random(dice, cluster.raw(target)).message();
        if forges(&cluster, &message) {
            let _ = step(&mut cluster.raw(target).clone(), message);
        } else if step(cluster.node(target), message).is_ok() {
            taken += 1;
        }
    }
    assert!(
        taken > 100,
        "most messages that are no forgery should not be refused: {taken}"
    );
    cluster.assert_consistent();
    assert_recovers(&Subject {
        name: "a group after ten thousand messages",
        cluster,
        id: 1,
        recovers: true,
    });
}

/// A little of what goes on in a group, some of it lost on the way.
fn live(dice: &mut Dice, cluster: &mut Cluster) {
    let id: NodeId = 1 + dice.below(3);
    match dice.below(8) {
        0 => cluster.tick(id, 1),
        1 => drop(cluster.node(id).propose("legal")),
        2 => drop(cluster.node(id).read_index("read")),
        3 if dice.chance(50) => cluster.restart(id),
        4 if dice.chance(20) => cluster.pool.clear(),
        5 => (1..=3).for_each(|id| cluster.drain(id)),
        _ => {
            (1..=3).for_each(|id| cluster.drain(id));
            cluster.deliver();
        }
    }
}
