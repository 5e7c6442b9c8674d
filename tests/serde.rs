//! The feature `serde`: settings come from a file, status and events go to one.

use quorate::status::Counters;
use quorate::{CommitGroups, ConfState, Config, Event, MemoryStorage, RawNode, ReadMode, bootstrap};
use serde_json::{Value, from_value, json, to_value};

#[test]
fn settings_are_read_with_defaults_for_the_rest() {
    let read: Config = from_value(json!({
        "id": 1, "seed": 42, "settings": {
            "election_timeout_ticks": 20, "read_mode": "Lease", "commit_groups": [[2, 7], [1, 7], [3, 8]]
        }
    }))
    .expect("a config");
    let mut expected = Config::new(1, 42);
    expected.settings_mut().election_timeout_ticks = 20;
    expected.settings_mut().read_mode = ReadMode::Lease;
    expected.settings_mut().commit_groups = CommitGroups::new([(1, 7), (2, 7), (3, 8)]);
    assert_eq!(read, expected);
    let written = to_value(&read).expect("a value");
    assert_eq!(from_value::<Config>(written).expect("its own"), expected);
}

/// A misspelt setting must not be taken for its default.
#[test]
fn what_is_no_setting_is_refused() {
    for (what, config) in [
        (
            "a setting",
            json!({"id": 1, "seed": 42, "settings": {"election_timeout": 20}}),
        ),
        ("a field", json!({"id": 1, "seed": 42, "aplied": 7})),
        ("no seed", json!({"id": 1})),
        ("no number", json!({"id": -1, "seed": 42})),
    ] {
        assert!(from_value::<Config>(config).is_err(), "{what}");
    }
}

#[test]
fn status_and_events_are_written() {
    let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3])).expect("unused");
    let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first)).expect("legal");
    node.campaign().expect("it may");
    let status = to_value(node.status()).expect("a value");
    assert_eq!(status["soft_state"], json!({"leader": null, "role": "PreCandidate"}));
    assert_eq!(status["hard_state"]["commit"], json!(1));
    let events: Vec<Event> = node.take_events();
    let told = to_value(&events).expect("a value");
    assert_eq!(told, json!([{"BecameCandidate": {"term": 1, "pre_vote": true}}]));
    let counters = to_value(Counters::default()).expect("a value");
    assert_eq!(counters["messages_sent"], Value::from(0));
    let three = ConfState::of_voters([1, 2, 3]).with_identities([(1, 0xd1)]);
    let read: ConfState = from_value(to_value(&three).expect("a value")).expect("its own");
    assert_eq!(read, three);
}
