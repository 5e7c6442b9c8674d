//! Histories known right and known wrong, by name.

use std::collections::BTreeMap;

use quorate_sim::history::{Answer, History, OpId, Prefix, Reason, Request, append_register};

use super::violation;

const KEY: u64 = 7;

fn number(word: &str) -> Option<u64> {
    (word != "nothing").then(|| word.parse().expect("a number"))
}

fn list(words: &[&str]) -> Vec<u64> {
    words.iter().filter_map(|word| number(word)).collect()
}

fn prefix(values: &[u64]) -> Prefix {
    values.iter().fold(Prefix::EMPTY, |prefix, &value| prefix.then(value))
}

/// `a put 1 / b get / b is 1 / a done`: who calls what, and is answered.
fn history(text: &str) -> History {
    let mut history = History::default();
    let mut running: BTreeMap<&str, OpId> = BTreeMap::new();
    for event in text.split('/') {
        let words: Vec<_> = event.split_whitespace().collect();
        let request = match words[1..] {
            ["get"] => Request::Get,
            ["get", "list"] => Request::GetList,
            ["put", value] => Request::Put(value.parse().expect("a number")),
            ["set", new, "if", expected] => Request::CompareAndSet {
                expected: number(expected),
                new: new.parse().expect("a number"),
            },
            ["append", value] => Request::Append(value.parse().expect("a number")),
            ["done"] => {
                assert!(history.answer(running[words[0]], Answer::Done));
                continue;
            }
            ["is", value] => {
                assert!(history.answer(running[words[0]], Answer::Value(number(value))));
                continue;
            }
            ["list", ref values @ ..] => {
                assert!(history.answer(running[words[0]], Answer::List(prefix(&list(values)))));
                continue;
            }
            ["refused"] => {
                assert!(history.refuse(running[words[0]]));
                continue;
            }
            _ => panic!("{event}"),
        };
        running.insert(words[0], history.call(u64::from(words[0].as_bytes()[0]), KEY, request));
    }
    history
}

#[test]
fn right_histories_of_a_cell() {
    for (name, text) in [
        ("nothing happened", "a get"),
        ("one after the other", "a put 1 / a done / b get / b is 1"),
        ("a read while a write runs sees it", "a put 1 / b get / b is 1 / a done"),
        ("or not", "a put 1 / b get / b is nothing / a done"),
        (
            "two writes at a time, either order",
            "a put 1 / b put 2 / a done / b done / c get / c is 1",
        ),
        (
            "an unknown write that takes effect late",
            "a put 1 / b put 2 / b done / c get / c is 2 / c get / c is 1",
        ),
        (
            "an unknown write that never does",
            "a put 1 / b get / b is nothing / b get / b is nothing",
        ),
        (
            "one before the write it seems to follow",
            "a put 1 / b put 2 / b done / c get / c is 2 / c get / c is 2",
        ),
        ("a refused write", "a put 1 / a refused / b get / b is nothing"),
        (
            "one compare-and-set wins",
            "a set 1 if nothing / b set 2 if nothing / a is 2 / b done",
        ),
        (
            "a chain of them, the middle unknown",
            "a set 1 if nothing / a done / b set 2 if 1 / c set 3 if 2 / c done",
        ),
        (
            "the same value twice",
            "a put 1 / a done / b put 2 / b done / c put 1 / d get / d is 2 / d get / d is 1",
        ),
        (
            "a read that nobody waited for",
            "a put 1 / a done / b get / c put 2 / c done / c get / c is 2",
        ),
    ] {
        assert_eq!(violation(&history(text)), None, "{name}: {text}");
    }
}

fn words(contents: &[Option<u64>]) -> String {
    let word = |content: &Option<u64>| content.map_or("nothing".into(), |value| value.to_string());
    contents.iter().map(word).collect::<Vec<_>>().join(" or ")
}

#[test]
fn wrong_histories_of_a_cell() {
    for (name, text, completed, possible) in [
        (
            "a stale read",
            "a put 1 / a done / a put 2 / a done / b get / b is 1 / b get / b is 2",
            3,
            "2",
        ),
        ("a lost update", "a put 1 / a done / b get / b is nothing", 2, "1"),
        (
            "a write that is undone",
            "a put 1 / b get / b is 1 / b get / b is nothing",
            2,
            "1",
        ),
        (
            "two compare-and-sets win",
            "a set 1 if nothing / b set 2 if nothing / a done / b done",
            2,
            "nothing or 1",
        ),
        (
            "one that wins by a value that is gone",
            "a put 1 / a done / a put 2 / a done / b set 3 if 1 / b done",
            3,
            "2",
        ),
        (
            "one that lost and found what it wanted",
            "a put 1 / a done / b set 2 if 1 / b is 1 / b get / b is 1",
            2,
            "Unfit",
        ),
        (
            "one that lost against nothing",
            "a set 1 if nothing / a is 2",
            1,
            "nothing",
        ),
        (
            "a value that nobody wrote",
            "a put 1 / a done / b get / b is 3 / b get / b is 1",
            2,
            "1",
        ),
        ("from the future", "b get / b is 1 / a put 1 / a done", 1, "nothing"),
        (
            "a refused write took effect",
            "a put 1 / a refused / b get / b is 1",
            1,
            "nothing",
        ),
        (
            "back in time for another client",
            "a put 1 / b get / b is 1 / c get / c is nothing / a done",
            2,
            "1",
        ),
        (
            "two unknown writes, twice each",
            "a put 1 / b put 2 / c get / c is 1 / c get / c is 2 / c get / c is 1",
            3,
            "2",
        ),
        ("an answer to another question", "a put 1 / a is 1", 1, "Unfit"),
    ] {
        let found = violation(&history(text)).unwrap_or_else(|| panic!("{name}: {text}"));
        let given = match &found.reason {
            Reason::NoOrder { possible } => words(possible),
            reason => format!("{reason:?}"),
        };
        assert_eq!(
            (found.completed.len(), given.as_str()),
            (completed, possible),
            "{name}: {text}\n{found}"
        );
    }
}

#[test]
fn a_violation_can_be_read() {
    let found = violation(&history(
        "a put 1 / a done / b put 2 / c get / c is 2 / d get / d is 1 / d put 3",
    ));
    let text = "key 7: no order explains the last answer; a get in its place could have found 2\n  \
        #0 client 97 at 1-2: put 1 -> done\n  #2 client 99 at 4-5: get -> 2\n  #3 client 100 at 6-7: get -> 1\n  \
        #1 client 98 at 3-?: put 2, outcome unknown\n";
    assert_eq!(found.expect("a violation").to_string(), text);
}

#[test]
fn the_first_outcome_stands() {
    let mut history = history("a put 1 / a done");
    assert!(!history.refuse(OpId(0)));
    assert!(!history.answer(OpId(0), Answer::Value(None)));
    assert!(!history.answer(OpId(1), Answer::Done));
    assert_eq!(history, self::history("a put 1 / a done"));
}

#[test]
fn the_key_that_went_wrong_first_is_shown() {
    let mut history = History::default();
    let late = history.call(1, 1, Request::Get);
    let early = history.call(2, 2, Request::Get);
    history.answer(early, Answer::Value(Some(5)));
    history.answer(late, Answer::Value(Some(5)));
    assert_eq!(violation(&history).map(|violation| violation.key), Some(2));
}

#[test]
fn right_histories_of_a_list() {
    for (name, text, holds) in [
        ("nothing happened", "a get list / a list", ""),
        (
            "one after the other",
            "a append 1 / a list 1 / b append 2 / b list 1 2 / b get list / b list 1 2",
            "1 2",
        ),
        (
            "two at a time, either order",
            "a append 1 / b append 2 / a list 2 1 / b list 2",
            "2 1",
        ),
        (
            "unknown and there",
            "a append 1 / b get list / b list / b get list / b list 1",
            "1",
        ),
        (
            "unknown and seen by nobody",
            "a append 1 / b append 2 / b list 2",
            "2 1",
        ),
        ("unknown and not there", "a append 1 / b append 2 / b list 2", "2"),
        ("refused", "a append 1 / a refused / b append 2 / b list 2", "2"),
        (
            "reads that run at a time see either",
            "a append 1 / b get list / c get list / c list 1 / b list / a list 1",
            "1",
        ),
    ] {
        let holds = list(&holds.split_whitespace().collect::<Vec<_>>());
        assert_eq!(append_register(&history(text), KEY, &holds), Ok(()), "{name}: {text}");
    }
}

#[test]
fn wrong_histories_of_a_list() {
    let one = prefix(&[1]);
    for (name, text, holds, reason) in [
        (
            "a stale read",
            "a append 1 / a list 1 / b get list / b list",
            "1",
            Reason::Backwards,
        ),
        (
            "back in time",
            "a append 1 / b get list / b list 1 / c get list / c list / a list 1",
            "1",
            Reason::Backwards,
        ),
        (
            "against time",
            "a append 2 / a list 1 2 / b append 1 / b list 1",
            "1 2",
            Reason::Backwards,
        ),
        (
            "unknown, before its call",
            "a append 2 / a list 1 2 / b append 1",
            "1 2",
            Reason::Backwards,
        ),
        (
            "read before its call",
            "b get list / b list 1 / a append 1",
            "1",
            Reason::Backwards,
        ),
        (
            "reordered",
            "a append 1 / b append 2 / a list 1 / b list 1 2",
            "2 1",
            Reason::Forked {
                holds: Some(prefix(&[2])),
            },
        ),
        ("twice", "a append 1 / a list 1", "1 1", Reason::Twice(1)),
        (
            "twice, and seen",
            "a append 1 / a list 1 1",
            "1",
            Reason::Forked { holds: None },
        ),
        ("lost", "a append 1 / a list 1", "", Reason::Lost),
        (
            "lost in the middle",
            "a append 1 / a list 1 / b append 2 / b list 1 2",
            "2",
            Reason::Lost,
        ),
        ("refused and there", "a append 1 / a refused", "1", Reason::TookEffect),
        ("nobody's", "a append 1 / a list 1", "1 2", Reason::Unasked(2)),
        (
            "another's place",
            "a append 1 / b append 2 / b list 1",
            "1 2",
            Reason::Misplaced { holds: prefix(&[1, 2]) },
        ),
        ("one value for two", "a append 1 / b append 1", "1", Reason::Reused(1)),
        (
            "an answer to another question",
            "a append 1 / a done",
            "1",
            Reason::Unfit,
        ),
    ] {
        let holds = list(&holds.split_whitespace().collect::<Vec<_>>());
        let found = append_register(&history(text), KEY, &holds).expect_err(name);
        assert_eq!(found.reason, reason, "{name}: {text}\n{found}");
    }
    assert_ne!(one.then(2), prefix(&[2, 1]), "a digest that knows the order");
}
