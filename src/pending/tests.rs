//! What the tables answer, case by case; whole groups are in `tests/themes/pending.rs` and `tests/properties.rs`.

use alloc::vec;
use alloc::vec::Vec;

use bytes::Bytes;

use super::{Fate, Proposals, Reads};
use crate::config::Config;
use crate::membership::{ConfChangeKind, ConfChangeV2};
use crate::membership_status::bootstrap;
use crate::raft::Proposed;
use crate::raw_node::RawNode;
use crate::ready::{ReadRefusal, ReadState};
use crate::storage::MemoryStorage;
use crate::types::{ConfState, EntryId, Index, Term};

use Fate::{Applied, Superseded, Unknown};

fn id(term: Term, index: Index) -> EntryId {
    EntryId { term, index }
}

/// Tokens are named by their term and index.
fn following(ids: &[(Term, Index)]) -> Proposals<(Term, Index)> {
    let mut proposals = Proposals::new();
    for &(term, index) in ids {
        proposals.follow(id(term, index), (term, index));
    }
    proposals
}

/// The module's table, for an entry (5, 5) and one that is committed; told before or after the token comes.
#[test]
fn what_one_committed_entry_says_of_another() {
    let rows = [
        // below
        ((4, 4), None),
        ((5, 4), None),
        ((6, 4), Some(Superseded)),
        // at the index
        ((4, 5), Some(Superseded)),
        ((5, 5), Some(Applied)),
        ((6, 5), Some(Superseded)),
        // above
        ((4, 6), Some(Superseded)),
        ((5, 6), Some(Applied)),
        ((6, 6), Some(Unknown)),
    ];
    for ((term, index), fate) in rows {
        let committed = id(term, index);
        let expected: Vec<_> = fate.map(|fate| ((5, 5), fate)).into_iter().collect();

        let mut proposals = following(&[(5, 5)]);
        proposals.on_snapshot(committed);
        assert_eq!(proposals.len(), 1);
        assert_eq!(proposals.drain_settled().collect::<Vec<_>>(), expected, "{committed}");
        assert_eq!(proposals.len(), 1 - expected.len());

        let mut proposals = Proposals::new();
        proposals.on_snapshot(committed);
        proposals.follow(id(5, 5), (5, 5));
        assert_eq!(
            proposals.drain_settled().collect::<Vec<_>>(),
            expected,
            "{committed}, before"
        );

        let mut proposals = following(&[(5, 5)]);
        let exact = proposals.on_applied(committed);
        assert_eq!(exact.is_some(), committed == id(5, 5), "{committed}, as an entry");
        let rest: Vec<_> = proposals.drain_settled().collect();
        assert_eq!(rest, if exact.is_some() { vec![] } else { expected });
    }
}

/// What is told, one after the other; what comes back as it is applied, and what is settled besides.
type Row = (
    &'static [(Term, Index)],
    &'static [(Term, Index)],
    &'static [((Term, Index), Fate)],
);

/// Tokens of a later term may have lower indexes than those of an earlier one.
#[test]
fn terms_may_overlap() {
    let all = [(2, 10), (2, 11), (4, 6), (4, 7), (4, 30), (9, 5), (9, 40)];
    let rows: [Row; 5] = [
        (&[(1, 4), (1, 5)], &[], &[((9, 5), Superseded)]),
        (
            &[(1, 4), (1, 5), (2, 6)],
            &[],
            &[((9, 5), Superseded), ((4, 6), Superseded)],
        ),
        (
            &[(2, 10)],
            &[(2, 10)],
            &[((4, 6), Superseded), ((4, 7), Superseded), ((9, 5), Superseded)],
        ),
        (
            &[(3, 5), (4, 6), (4, 7)],
            &[(4, 6), (4, 7)],
            &[((2, 10), Superseded), ((2, 11), Superseded), ((9, 5), Superseded)],
        ),
        (
            &[(9, 5), (9, 41)],
            &[(9, 5)],
            &[
                ((2, 10), Superseded),
                ((2, 11), Superseded),
                ((4, 6), Superseded),
                ((4, 7), Superseded),
                ((4, 30), Superseded),
                ((9, 40), Applied),
            ],
        ),
    ];
    for (told, applied, settled) in rows {
        let mut proposals = following(&all);
        let found: Vec<_> = told
            .iter()
            .filter_map(|(term, index)| proposals.on_applied(id(*term, *index)))
            .collect();
        assert_eq!(found, applied, "{told:?}");
        assert_eq!(proposals.drain_settled().collect::<Vec<_>>(), settled, "{told:?}");
        assert_eq!(proposals.len(), all.len() - applied.len() - settled.len());
        // What is told again, or followed in another order, changes nothing.
        for (term, index) in told {
            assert_eq!(proposals.on_applied(id(*term, *index)), None);
        }
        assert_eq!(proposals.drain_settled().count(), 0);
        let mut shuffled = following(&[all[6], all[1], all[3], all[0], all[5], all[2], all[4]]);
        assert_eq!(shuffled, following(&all));
        assert_eq!(
            told.iter()
                .filter(|(term, index)| shuffled.on_applied(id(*term, *index)).is_some())
                .count(),
            applied.len()
        );
    }
}

/// Gaps, a wrong order, one entry for two tokens, and numbers that are none: nothing panics, and what is said is true.
#[test]
fn a_wrong_caller_gets_no_wrong_answer() {
    let mut proposals = following(&[(0, 0), (1, 3), (1, 3), (1, 4), (Term::MAX, Index::MAX)]);
    // A gap: (1, 4) is committed, so that (1, 3) is.
    assert_eq!(proposals.on_applied(id(1, 4)), Some((1, 4)));
    let settled: Vec<_> = proposals.drain_settled().collect();
    assert_eq!(settled, [((0, 0), Unknown), ((1, 3), Applied), ((1, 3), Applied)]);
    assert_eq!(proposals.on_applied(id(1, 3)), None);
    // It was applied before anybody followed it.
    proposals.follow(id(1, 2), (1, 2));
    assert_eq!(proposals.drain_settled().next(), Some(((1, 2), Applied)));
    assert_eq!(proposals.on_applied(EntryId::default()), None);
    assert_eq!(
        proposals.on_applied(id(Term::MAX, Index::MAX)),
        Some((Term::MAX, Index::MAX))
    );
    assert!(proposals.is_empty());
    let at = Proposed::At { term: 1, index: 1 };
    assert!(proposals.track_batch(at, [(9, 0), (9, 1), (9, 2)]).is_ok());
    assert_eq!(proposals.drain_settled().count(), 3);
}

/// Who gives up is told so, once.
#[test]
fn giving_up() {
    let mut proposals = following(&[(1, 3), (1, 4), (2, 6)]);
    proposals.give_up(|(_, index)| *index == 4);
    proposals.give_up(|(_, index)| *index == 4);
    assert_eq!(proposals.drain_settled().collect::<Vec<_>>(), [((1, 4), Unknown)]);
    assert_eq!(proposals.on_applied(id(1, 3)), Some((1, 3)));
    assert_eq!(proposals.on_applied(id(1, 4)), None);
    proposals.on_snapshot(id(2, 5));
    proposals.follow(id(1, 6), (1, 6));
    let all: Vec<_> = proposals.into_iter().collect();
    assert_eq!(all, [((1, 6), Superseded), ((2, 6), Unknown)]);
}

/// A node by itself that leads; it commits and applies what it is given.
struct Alone {
    node: RawNode<MemoryStorage>,
    proposals: Proposals<&'static str>,
    reads: Reads<&'static str>,
    applied: Vec<&'static str>,
}

impl Alone {
    fn new() -> Self {
        let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1])).expect("an unused store");
        let node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first)).expect("a legal store");
        let (proposals, reads) = (Proposals::new(), Reads::new());
        let mut alone = Self {
            node,
            proposals,
            reads,
            applied: Vec::new(),
        };
        alone.node.campaign().expect("it may");
        alone.run();
        alone
    }

    fn run(&mut self) {
        while let Some(ready) = self.node.ready().expect("a sound node") {
            self.reads.on_read_states(ready.read_states());
            let persist = |task: &_| self.node.storage_mut().persist_task(task);
            let mut done = ready.persisted_by(persist).expect("a storage that works");
            for entry in &done.take_committed_entries() {
                if entry.is_conf_change() {
                    self.node.apply_conf_change(entry).expect("handed out");
                }
                self.applied.extend(self.proposals.on_applied(entry));
            }
            self.node.advance(done).expect("all is done");
        }
    }
}

/// Each way of proposing gives each entry its token, and a refusal gives it back.
#[test]
fn every_way_of_proposing() {
    let mut alone = Alone::new();
    let change = || ConfChangeV2::new([(ConfChangeKind::AddLearnerNode, 2)]);
    let Alone { node, proposals, .. } = &mut alone;
    assert_eq!(proposals.propose(node, "x", "one").expect("it leads"), id(1, 3));
    let batch = [("y", "two"), ("z", "three")];
    assert_eq!(proposals.propose_batch(node, batch).expect("it leads"), id(1, 5));
    assert_eq!(
        proposals.propose_conf_change(node, change(), "four").expect("it leads"),
        id(1, 6)
    );
    let proposed = node.propose_batch(["a", "b"]).expect("it leads");
    assert_eq!(
        proposals.track_batch(proposed, ["five", "six"]).expect("it leads"),
        id(1, 8)
    );
    let proposed = node.propose("c").expect("it leads");
    assert_eq!(proposals.track(proposed, "seven").expect("it leads"), id(1, 9));

    let refused = proposals
        .propose_conf_change(node, change(), "eight")
        .expect_err("one at a time");
    assert_eq!(refused.token, "eight");
    let nothing: [(&str, &str); 0] = [];
    assert!(proposals.propose_batch(node, nothing).is_err());
    let forwarded = proposals.track_batch(Proposed::Forwarded { leader: 2 }, ["nine", "ten"]);
    assert_eq!(forwarded.expect_err("on its way").token, ["nine", "ten"]);

    alone.run();
    assert_eq!(alone.applied, ["one", "two", "three", "four", "five", "six", "seven"]);
    assert!(alone.proposals.is_empty());
}

/// A read is served when its index is applied, and not before; a refusal is handed on; what was asked elsewhere, or
/// answered before, is left alone.
#[test]
fn reads_wait_for_their_index() {
    let mut alone = Alone::new();
    let Alone { node, reads, .. } = &mut alone;
    for token in ["a", "b", "c", "d", "e"] {
        reads.read(node, token).expect("it leads");
    }
    let number = |number| super::reads::context(number);
    let state = |context: Bytes, outcome| ReadState { context, outcome };
    let states = [
        state(number(1), Ok(9)),
        state(number(0), Ok(7)),
        state(number(3), Err(ReadRefusal::LeaderChanged)),
        state(number(2), Ok(9)),
        state(number(2), Ok(1)),
        state(number(77), Ok(1)),
        state(4_u64.to_le_bytes().to_vec().into(), Ok(1)),
        state("pending:".into(), Ok(1)),
        state(Bytes::new(), Ok(1)),
    ];
    reads.on_read_states(&states);
    let changed = Err(ReadRefusal::LeaderChanged);
    assert_eq!(reads.drain_settled(6).collect::<Vec<_>>(), [("d", changed)]);
    assert_eq!(reads.drain_settled(8).collect::<Vec<_>>(), [("a", Ok(()))]);
    assert_eq!(
        reads.drain_settled(9).next(),
        Some(("b", Ok(()))),
        "what is not taken stays"
    );
    assert_eq!(reads.len(), 2);
    reads.give_up(|token| *token == "e");
    assert_eq!(
        reads.drain_settled(8).collect::<Vec<_>>(),
        [("e", Err(ReadRefusal::Timeout))]
    );
    assert_eq!(
        reads.clone().into_iter().collect::<Vec<_>>(),
        [("c", ReadRefusal::Timeout)]
    );
    assert_eq!(reads.drain_settled(Index::MAX).collect::<Vec<_>>(), [("c", Ok(()))]);
    assert!(reads.is_empty());
}
