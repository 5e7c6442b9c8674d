//! On small histories the judges agree with the definition of linearizability.

use std::collections::BTreeMap;

use proptest::prelude::*;
use quorate_sim::history::{Answer, History, Operation, Outcome, Reason, Request, append_register};

use super::TINY;
use super::atomic::{Shape, World};
use super::brute::explained;
use super::violation;

/// Compares the search with the definition: the verdict, how short the proof is, and what it suggests.
fn agrees_with_the_definition(history: &History) -> bool {
    let anything = |operations: &[Operation]| explained(operations, &|_| true);
    let right = anything(history.operations());
    let Some(found) = violation(history) else {
        assert!(right, "not linearizable: {history:#?}");
        return true;
    };
    let prefix: Vec<_> = found.completed.iter().chain(&found.pending).copied().collect();
    assert!(!right && !anything(&prefix), "linearizable: {found}");
    let with_last = |outcome: &dyn Fn(u64) -> (Request, Outcome)| {
        let last = found.completed.last().expect("a last one");
        let mut prefix = prefix.clone();
        for operation in prefix.iter_mut().filter(|operation| operation.id == last.id) {
            (operation.request, operation.outcome) = outcome(last.answered_at().expect("answered"));
        }
        anything(&prefix)
    };
    let request = found.completed.last().expect("a last one").request;
    assert!(with_last(&|_| (request, Outcome::Unknown)), "not the shortest: {found}");
    if let Reason::NoOrder { possible } = &found.reason {
        for value in (0..20).map(|value| (value > 0).then_some(value)) {
            let get = |at| {
                (
                    Request::Get,
                    Outcome::Answered {
                        at,
                        answer: Answer::Value(value),
                    },
                )
            };
            assert_eq!(with_last(&get), possible.contains(&value), "{value:?}: {found}");
        }
    }
    false
}

#[test]
fn spoiled_histories_are_judged_by_the_definition() {
    let mut right = 0;
    for seed in 0..4000 {
        println!("seed {seed}");
        let mut world = World::new(seed, TINY).run();
        assert!(agrees_with_the_definition(&world.history));
        world.spoil();
        right += u32::from(agrees_with_the_definition(&world.history));
    }
    assert!((400..3600).contains(&right), "one-sided: {right}");
}

#[test]
fn spoiled_lists_are_judged_by_the_definition() {
    let mut right = 0;
    for seed in 0..4000 {
        println!("seed {seed}");
        let mut world = World::new(seed, Shape { on_lists: 100, ..TINY }).run();
        let list = world.registers[&0].list.clone();
        assert_eq!(append_register(&world.history, 0, &list), Ok(()));
        world.spoil();
        let list = &world.registers[&0].list;
        let judged = append_register(&world.history, 0, list).is_ok();
        let defined = explained(world.history.operations(), &|registers| registers.list == *list);
        assert_eq!(judged, defined, "{list:?}: {:#?}", world.history);
        right += u32::from(judged);
    }
    assert!((400..3600).contains(&right), "one-sided: {right}");
}

/// A request, and an answer that may not even fit; few values, so that they are written more than once.
fn operation() -> impl Strategy<Value = (Request, Option<Answer>)> {
    let value = || prop_oneof![Just(None), (1..4u64).prop_map(Some)];
    let answer = prop_oneof![1 => Just(Answer::Done), 3 => value().prop_map(Answer::Value)];
    let write = (value(), 1..4u64, prop::option::weighted(0.7, answer))
        .prop_map(|(expected, new, answer)| (Request::CompareAndSet { expected, new }, answer));
    let put = (1..4u64, prop::bool::weighted(0.7))
        .prop_map(|(new, known)| (Request::Put(new), known.then_some(Answer::Done)));
    prop_oneof![3 => value().prop_map(|value| (Request::Get, Some(Answer::Value(value)))), 3 => put, 1 => write]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn any_history_is_judged_by_the_definition(
        operations in prop::collection::vec(operation(), 1..7),
        order in Just((0..12usize).map(|at| at / 2).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let mut history = History::default();
        let mut called = BTreeMap::new();
        for at in order {
            let Some(&(request, answer)) = operations.get(at) else { continue };
            match (called.get(&at), answer) {
                (None, _) => { called.insert(at, history.call(at as u64, 0, request)); }
                (Some(&id), Some(answer)) => prop_assert!(history.answer(id, answer)),
                (Some(_), None) => {}
            }
        }
        agrees_with_the_definition(&history);
    }
}
