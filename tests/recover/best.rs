//! Which survivor has the most.

use quorate::recover::best_of;
use quorate::{EntryId, HardState};

use crate::{OLD, data, inspected, store, three};

type Survivor = (&'static [u64], u64);

/// By row: of each survivor the terms of the entries from index 6 on and the stored commit index; and who is the best.
/// A zero after the terms: the log is compacted to there.
#[test]
fn the_best() {
    let rows: [(&[Survivor], Option<usize>); 9] = [
        (&[(&[2, 2], 6)], Some(0)),
        (&[(&[2, 2], 5), (&[2], 5)], Some(0)),
        (&[(&[2, 2, 2], 5), (&[3], 5)], Some(1)),
        (&[(&[2, 3], 5), (&[2, 3, 3], 7), (&[2, 3], 6)], Some(1)),
        // The same log: who knows more of it.
        (&[(&[2, 3], 6), (&[2, 3], 7), (&[2, 3], 5)], Some(1)),
        // Figure 8 of the paper: the second has the later entry, which contradicts what the first knows to be committed.
        (&[(&[2], 6), (&[3], 5)], Some(0)),
        (&[(&[2], 6), (&[3, 3], 5), (&[2, 4], 5)], Some(2)),
        // They contradict each other: a store was lost, or set back.
        (&[(&[2, 2], 7), (&[3], 6)], None),
        (&[], None),
    ];
    for (survivors, expected) in rows {
        let inspect = |(terms, commit): &Survivor| {
            let entries: Vec<_> = (6..).zip(*terms).map(|(index, term)| data(*term, index)).collect();
            inspected(&store(three(), &entries, HardState::new(9, None, *commit)), 0)
        };
        let survivors: Vec<_> = survivors.iter().map(inspect).collect();
        let best = best_of(&survivors);
        assert_eq!(best, expected.map(|at| &survivors[at]), "{survivors:#?}");
    }
}

#[test]
fn groups_are_not_compared() {
    let storage = store(three(), &[], HardState::new(2, None, 5));
    let ours = inspected(&storage, 0);
    let theirs = inspected(&storage.with_cluster_id(OLD + 1), 0);
    assert_eq!(best_of([&ours, &theirs]), None);
}

/// Every entry that is there, and none that is not.
#[test]
fn what_a_log_holds() {
    let terms = [2, 2, 3, 3, 3, 7, 9, 9];
    let entries: Vec<_> = (6..).zip(terms).map(|(index, term)| data(term, index)).collect();
    let inspection = inspected(&store(three(), &entries, HardState::new(9, None, 5)), 0);
    for index in 1..16 {
        for term in 0..11 {
            let there = match index {
                1..5 => true, // in the snapshot
                5 => term == 2,
                6..14 => terms[usize::try_from(index).expect("small") - 6] == term,
                _ => false,
            };
            assert_eq!(inspection.holds(EntryId { term, index }), there, "{term}/{index}");
        }
    }
}
