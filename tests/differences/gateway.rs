//! D4, D6, D7, D8: what is refused, with a reason, where etcd-io/raft panics or goes on.

use quorate::{
    Config, ConfigError, Entries, Entry, EntryKind, Fault, InitialState, MemoryStorage, NodeId, Payload, Poisoned,
    ProposeError, RawNode, ReadyError, Snapshot, StepError, Storage, StorageError,
};

use crate::support::{Cluster, message, plain, store};
use crate::{accepted, append, led_with, single, vote_request};

/// What comes in cannot make a node panic: the error says whose fault it is.
#[test]
fn d04_input_is_refused_with_a_reason_instead_of_a_panic() {
    let mut cluster = Cluster::led(3);
    let beyond = Payload::Heartbeat {
        commit: 99,
        context: "".into(),
    };
    let undecodable = Entry {
        kind: EntryKind::ConfChange,
        data: "\u{ff}".into(),
        ..Entry::default()
    };
    let undecodable = Payload::Propose {
        entries: vec![undecodable],
    };
    let a_proposal = StepError::Proposal(ProposeError::Empty);
    let cases = [
        (
            1,
            message(2, 1, 0, Payload::Propose { entries: vec![] }),
            a_proposal.clone(),
        ),
        (1, message(2, 1, 0, undecodable), a_proposal),
        (1, accepted(2, 1, 1, 99), StepError::BeyondLog { index: 99, last: 2 }),
        (2, message(1, 2, 1, beyond), StepError::BeyondLog { index: 99, last: 2 }),
    ];
    for (id, message, like) in cases {
        let before = cluster.raw(id).clone();
        let error = cluster.node(id).step(message).unwrap_err();
        assert_eq!(
            core::mem::discriminant(&error),
            core::mem::discriminant(&like),
            "{error}"
        );
        assert!(*cluster.raw(id) == before);
    }
    let refused = RawNode::new(Config::new(0, 7), store(&[1]));
    assert!(matches!(refused, Err(ConfigError::Bound { setting: "id", .. })));

    let node = cluster.node(1);
    node.read_index("read").unwrap();
    let first = node.ready().unwrap();
    assert!(first.is_some());
    assert_eq!(node.ready().unwrap_err(), ReadyError::Outstanding);
}

/// A storage whose entries cannot be read any more.
#[derive(Clone)]
struct Breaks(MemoryStorage);

impl Storage for Breaks {
    fn initial_state(&self) -> Result<InitialState, StorageError> {
        self.0.initial_state()
    }
    fn first_index(&self) -> Result<u64, StorageError> {
        self.0.first_index()
    }
    fn last_index(&self) -> Result<u64, StorageError> {
        self.0.last_index()
    }
    fn term(&self, index: u64) -> Result<u64, StorageError> {
        self.0.term(index)
    }
    fn entries(&self, _low: u64, _high: u64, _max_bytes: u64) -> Result<Entries, StorageError> {
        Err(StorageError::Broken("no more".into()))
    }
    fn snapshot(&self, peer: NodeId, at_least: u64) -> Result<Snapshot, StorageError> {
        self.0.snapshot(peer, at_least)
    }
}

/// A storage that fails ends its own node, and says so at every call.
#[test]
fn d04_a_broken_storage_poisons_its_node_only() {
    let mut storage = store(&[1, 2, 3]);
    let entry = |index| Entry {
        term: 1,
        index,
        ..Entry::default()
    };
    storage.append(&[entry(2), entry(3)]).unwrap();
    let mut config = plain(1);
    // Or it would be read at the start.
    (config.max_uncommitted_bytes, config.disable_conf_change_validation) = (0, true);
    let mut node = RawNode::new(config, Breaks(storage)).unwrap();
    let commit = Payload::Heartbeat {
        commit: 3,
        context: "".into(),
    };
    node.step(message(2, 1, 1, commit)).unwrap();
    let cause = Fault::Storage(StorageError::Broken("no more".into()));
    let poisoned = Poisoned { cause: cause.clone() };
    assert_eq!(node.ready().unwrap_err(), ReadyError::Poisoned(poisoned.clone()));
    assert_eq!(node.tick(), Err(poisoned.clone()));
    assert_eq!(node.propose("more"), Err(ProposeError::Poisoned(poisoned)));
    assert!(!node.has_ready());
    assert_eq!((node.poisoned(), node.status().id), (Some(&cause), 1));
}

/// The cap on uncommitted bytes counts what is in the log, whoever put it there, and when.
#[test]
fn d06_the_uncommitted_cap_survives_elections_and_restarts() {
    for restarts in [false, true] {
        let mut cluster = Cluster::new(3, |id| {
            let mut config = plain(id);
            config.max_uncommitted_bytes = 10;
            config
        });
        cluster.elect(1);
        for id in [2, 3] {
            cluster.cut_one_way(1, id);
        }
        cluster.commit(1, "ten bytes!");
        if restarts {
            cluster.restart(1);
        } else {
            cluster.step(vote_request(3, 1, 2, false));
            cluster.drain(1);
        }
        assert_eq!(cluster.raw(1).status().uncommitted_bytes, 10);
        cluster.heal();
        cluster.elect(1);
        assert_eq!(cluster.data(1).len(), 1, "and is emptied by committing");
        assert_eq!(cluster.raw(1).status().uncommitted_bytes, 0);
    }
    let mut cluster = led_with(3, |config| config.max_uncommitted_bytes = 0);
    cluster.isolate(1);
    let all: Vec<bool> = (0..9).map(|_| cluster.node(1).propose("ten bytes!").is_ok()).collect();
    assert_eq!(all, [true; 9], "0 is no cap");
}

/// Pre-vote without check-quorum has to be asked for by its consequence.
#[test]
fn d07_pre_vote_without_check_quorum_needs_an_opt_in() {
    let mut config = Config::new(1, 7);
    config.check_quorum = false;
    assert!(matches!(
        config.validate(),
        Err(ConfigError::Bound {
            setting: "check_quorum",
            ..
        })
    ));
    config.allow_pre_vote_without_check_quorum_which_never_heals_from_some_partitions = true;
    assert_eq!(config.validate(), Ok(()));
}

/// Terms, addressees and senders are looked at before anything else.
#[test]
fn d08_an_envelope_that_cannot_be_right_is_refused() {
    let read = || Payload::ReadIndex { context: "".into() };
    let cases = [
        (append(2, 1, 0, (1, 1)), Err(StepError::MissingTerm)),
        (message(9, 1, 0, Payload::TimeoutNow), Err(StepError::MissingTerm)),
        (vote_request(2, 1, 0, false), Err(StepError::MissingTerm)),
        (message(2, 1, 5, read()), Err(StepError::UnexpectedTerm(5))),
        (append(2, 3, 1, (1, 1)), Err(StepError::Misrouted { to: 3, id: 1 })),
        (accepted(9, 1, 1, 1), Err(StepError::UnknownPeer { from: 9 })),
        // A stranger may ask; and what was forwarded is from whoever called first.
        (vote_request(9, 1, 5, false), Ok(())),
        (append(9, 1, 5, (1, 1)), Ok(())),
        (message(9, 1, 5, Payload::TransferLeader { asker: None }), Ok(())),
        (message(1, 1, 5, Payload::TransferLeader { asker: None }), Ok(())),
        (message(2, 1, 0, read()), Ok(())),
    ];
    for (message, expected) in cases {
        let mut cluster = single(plain(1), store(&[1, 2, 3]));
        assert_eq!(cluster.node(1).step(message.clone()), expected, "{message}");
    }
}
