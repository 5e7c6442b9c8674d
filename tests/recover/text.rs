//! A plan as a text.

use proptest::prelude::*;
use quorate::membership::ConfChangeKind;
use quorate::recover::{self, Plan, PlanError};
use quorate::{ConfState, Entry, HardState, MemoryStorage};

use crate::{adding, change, data, store, three};

fn plan() -> Plan {
    let entries = [
        data(2, 6),
        data(4, 7),
        change(4, 8, &adding(ConfChangeKind::AddNode, 4)),
    ];
    let state = HardState::new(4, Some(3), 6).with_promised_ticks(10);
    let storage = store(three(), &entries, state).with_identity(0xd2);
    recover::plan(&storage, 2, 6).expect("a member")
}

/// All of it, for ever: a plan is carried from one program to another.
#[test]
fn a_plan_is_this_text() {
    let expected = "\
quorate recovery plan, version 1
node: 2
cluster id: 0000000000000007
identity: 00000000000000d2
term: 4
vote: 3
stored commit: 6
promised ticks: 10
log begins after: 2/5
last entry: 4/8
committed for sure: 2/6
applied: 6
entries after applied: b6e131183b906e7f
standing: a member, but its store is not named
last configuration: voters=(1 2 3 4)
other nodes: 1 3 4
Entries 7 to 8 may be committed or not. They are kept, and are committed from then on.
What was committed beyond entry 4/8 is lost, if anything was.
Node 2 begins a new group alone, at index 8 in term 5.
Every other node is stopped before, and joins it with an empty store, or never runs again.
digest: c2e5a1e3cad165de";
    assert_eq!(plan().to_string(), expected);
    assert_eq!(format!("{:016x}", plan().digest()), expected[expected.len() - 16..]);
}

/// What mail and editors do to a text does no harm.
#[test]
fn line_ends_and_blanks_do_not_matter() {
    let text = plan().to_string();
    for text in [
        format!("{text}\n"),
        format!("\n\n  {text}  \n\n"),
        text.replace('\n', "\r\n"),
        text.replace('\n', "  \t\n"),
    ] {
        assert_eq!(text.parse(), Ok(plan()), "{text}");
    }
}

/// The text with the digest that it should have.
fn signed(body: &str) -> String {
    let named = match format!("{body}\ndigest: 0").parse::<Plan>() {
        Err(PlanError::Digest { computed, .. }) => computed,
        other => panic!("{other:?}"),
    };
    format!("{body}\ndigest: {named:016x}")
}

/// What the digest does not find, because somebody made a new one.
#[test]
fn a_text_that_is_no_plan_though_its_digest_is_right() {
    let text = plan().to_string();
    let (body, _) = text.rsplit_once('\n').expect("many lines");
    assert_eq!(signed(body), text);
    for (from, to, line) in [
        ("node: 2", "node: x", 2),
        ("node: 2", "node: 02", 2),
        ("node: 2", "id: 2", 2),
        ("node: 2\n", "", 2),
        ("0000000000000007", "7", 3),
        ("vote: 3", "vote: nobody", 6),
        ("2/5", "2-5", 9),
        ("4/8\n", "4/\n", 10),
        ("applied: 6", "applied: 6 ", 0),
        ("Entries 7 to 8", "Entries 7 to 9", 17),
        ("never runs again.", "never runs again.\nGood luck.", 21),
        ("at index 8 in term 5.\n", "at index 8 in term 5.\n\n", 20),
        ("\nNode 2 begins a new group alone, at index 8 in term 5.", "", 19),
    ] {
        let edited = signed(&body.replacen(from, to, 1));
        match edited.parse::<Plan>() {
            Err(PlanError::Line { line: found, .. }) => assert_eq!(found, line, "{to}"),
            Ok(same) if line == 0 => assert_eq!(same, plan()),
            other => panic!("{to}: {other:?}"),
        }
    }
}

#[test]
fn other_texts() {
    let text = plan().to_string();
    let (first, rest) = text.split_once('\n').expect("many lines");
    let later = format!("{}\n{rest}", first.replace('1', "2"));
    let cut = text.rsplit_once('\n').expect("many lines").0;
    for other in ["", "digest: 0", "quorate recovery plan, version 1", rest, &later, cut] {
        assert_eq!(other.parse::<Plan>(), Err(PlanError::NotAPlan), "{other}");
    }
    let two = [text.clone(), text].join("\n");
    assert!(two.parse::<Plan>().is_err());
}

/// Every byte of it, with every other in its place, left out, or doubled.
#[test]
fn one_byte_of_it() {
    let text = plan().to_string();
    let equal_or_refused = |bytes: Vec<u8>| {
        let Ok(edited) = String::from_utf8(bytes) else { return };
        if let Ok(read) = edited.parse::<Plan>() {
            assert_eq!(read, plan(), "{edited}");
            assert_eq!(
                edited.split_whitespace().collect::<String>(),
                text.split_whitespace().collect::<String>()
            );
        }
    };
    for at in 0..text.len() {
        let bytes = text.as_bytes();
        for byte in 0..128 {
            let mut edited = bytes.to_vec();
            edited[at] = byte;
            equal_or_refused(edited);
            let mut edited = bytes.to_vec();
            edited.insert(at, byte);
            equal_or_refused(edited);
        }
        let mut edited = bytes.to_vec();
        edited.remove(at);
        equal_or_refused(edited);
    }
}

fn any_store() -> impl Strategy<Value = (MemoryStorage, u64)> {
    let numbers = (0..=u64::MAX, 0..=u64::MAX, 2..20_u64, 0..6_u64, 0..20_u64);
    let members = (1..4_u64, 0..3_usize, proptest::option::of(1..9_u64));
    (numbers, members).prop_map(
        |((group, identity, term, entries, promised), (voters, learners, vote))| {
            let conf_state = ConfState::of_voters(1..=voters).with_learners((9..).take(learners));
            let log: Vec<Entry> = (6..6 + entries).map(|index| data(term.max(2), index)).collect();
            let state = HardState::new(term, vote, 5 + entries / 2).with_promised_ticks(promised);
            let storage = store(conf_state, &log, state).with_identity(identity);
            (storage.with_cluster_id(group), 1 + term % voters)
        },
    )
}

proptest! {
    #[test]
    fn a_plan_is_read_as_it_was_written((storage, id) in any_store(), at in 0..4000_usize, byte in 0..128_u8) {
        let plan = recover::plan(&storage, id, 0).expect("a member");
        let text = plan.to_string();
        prop_assert_eq!(text.parse(), Ok(plan.clone()));
        let mut bytes = text.into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(read) = String::from_utf8(bytes).expect("ASCII").parse::<Plan>() {
            prop_assert_eq!(read, plan);
        }
    }

    /// Any text at all, and any part of a plan.
    #[test]
    fn nothing_panics(text in ".{0,200}", from in 0..900_usize, to in 0..900_usize) {
        let _ = text.parse::<Plan>();
        let plan = plan().to_string();
        let part = plan.get(from.min(plan.len())..to.min(plan.len())).unwrap_or_default();
        let _ = part.parse::<Plan>();
        let _ = format!("{part}{text}{plan}").parse::<Plan>();
    }
}
