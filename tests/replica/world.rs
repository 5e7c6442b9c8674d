//! Random worlds: messages that are lost, late, repeated and overtake each other, full disks, crashes, snapshots at any
//! distance. Each token has one outcome, and it is true.
//!
//! Prints its seed; `QUORATE_REPLICA_SEED` replays it.

use std::collections::{BTreeMap, BTreeSet};

use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::replica::{Compaction, Outcome, Replica};
use quorate::{Config, Message, NodeId, ReadMode};

use crate::dice::Dice;
use crate::disk::Disk;
use crate::{Log, founded};

const WORLDS: u64 = 100;
const STEPS: u64 = 3_000;
const VOTERS: [NodeId; 3] = [1, 2, 3];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Token {
    Command(u64),
    Barrier(u64),
    Change(u64),
    /// A read, and how many commands had been acknowledged when it was asked for.
    Read(u64, usize),
}

type One = Replica<Disk, Log, Token>;

/// All that clients were told.
#[derive(Default)]
struct Told {
    waiting: BTreeSet<Token>,
    /// Commands whose response was told, by it.
    applied: BTreeMap<usize, u64>,
    superseded: BTreeSet<u64>,
    kinds: BTreeMap<&'static str, u64>,
}

impl Told {
    fn take(&mut self, token: Token, outcome: &Outcome<usize>, log: &Log) {
        assert!(
            self.waiting.remove(&token),
            "{token:?} has two outcomes, or was not asked for"
        );
        let kind = match (token, outcome) {
            (Token::Command(command), Outcome::Applied(response)) => {
                let other = self.applied.insert(*response, command);
                assert_eq!(other, None, "two commands are number {response}");
                "applied"
            }
            (Token::Command(command), Outcome::Superseded) => {
                self.superseded.insert(command);
                "superseded"
            }
            (Token::Barrier(_), Outcome::Passed) => "passed",
            (Token::Change(_), Outcome::Changed(_)) => "changed",
            (Token::Barrier(_) | Token::Change(_), Outcome::Superseded) => "superseded",
            (Token::Read(..), Outcome::NotReadable(_)) => "not readable",
            (Token::Read(_, acknowledged), Outcome::Readable) => {
                assert!(log.commands.len() >= acknowledged, "a stale read");
                "readable"
            }
            (_, Outcome::Unknown) if token < Token::Read(0, 0) => "unknown",
            (_, Outcome::Covered) if token < Token::Read(0, 0) => "covered",
            _ => panic!("{token:?}: {outcome:?}"),
        };
        *self.kinds.entry(kind).or_default() += 1;
    }

    fn acknowledged(&self) -> usize {
        self.applied.last_key_value().map_or(0, |(number, _)| *number)
    }
}

struct World {
    dice: Dice,
    replicas: BTreeMap<NodeId, One>,
    pool: Vec<Message>,
    told: Told,
    /// Whose messages do not arrive.
    cut: Option<NodeId>,
    /// Starts of nodes, and tokens.
    numbers: u64,
}

impl World {
    fn new(dice: Dice) -> Self {
        let replicas = BTreeMap::new();
        let (pool, told, numbers) = (Vec::new(), Told::default(), 0);
        let mut world = Self {
            dice,
            replicas,
            pool,
            told,
            cut: None,
            numbers,
        };
        for id in VOTERS {
            world.start(id, founded(id, &VOTERS).into());
        }
        world
    }

    fn get(&mut self, id: NodeId) -> &mut One {
        self.replicas.get_mut(&id).expect("it is there")
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn start(&mut self, id: NodeId, disk: Disk) {
        let mut config = Config::new(id, self.number());
        config.settings_mut().read_mode = self.dice.pick(&[ReadMode::ReadIndex, ReadMode::Lease]);
        let replica = Replica::new(config, disk, Log::default()).expect("what a crash leaves");
        let compaction = Compaction::new(1 + self.dice.below(40), self.dice.below(20));
        self.replicas.insert(id, replica.with_compaction(compaction));
    }

    fn turn(&mut self, id: NodeId) {
        let replica = self.replicas.get_mut(&id).expect("it is there");
        let pool = &mut self.pool;
        // An error is of its disk, which was told to fail; the next turn goes on.
        if let Ok(outcomes) = replica.turn(|message| pool.push(message)) {
            for (token, outcome) in outcomes {
                self.told.take(token, &outcome, replica.machine());
            }
        }
    }

    fn crash(&mut self, id: NodeId) {
        let (mut disk, log, rest) = self.replicas.remove(&id).expect("it is there").into_parts();
        for (token, outcome) in rest {
            self.told.take(token, &outcome, &log);
        }
        disk.memory.crash();
        disk.failing = 0;
        self.start(id, disk);
    }

    fn ask(&mut self, id: NodeId) {
        let number = self.number();
        let (kind, acknowledged) = (self.dice.below(12), self.told.acknowledged());
        let replica = self.replicas.get_mut(&id).expect("it is there");
        let (token, asked) = match kind {
            0..7 => {
                let token = Token::Command(number);
                (token, replica.propose(number.to_string(), token).is_ok())
            }
            7 => {
                let token = Token::Barrier(number);
                (token, replica.propose("", token).is_ok())
            }
            8 => {
                let token = Token::Change(number);
                let kinds = [ConfChangeKind::AddLearnerNode, ConfChangeKind::RemoveNode];
                let change = ConfChangeV2::new([(self.dice.pick(&kinds), 4)]);
                (token, replica.propose_conf_change(change, token).is_ok())
            }
            9 => {
                let token = Token::Read(number, acknowledged);
                (token, replica.read_with(ReadMode::ReadIndex, token).is_ok())
            }
            _ => {
                let token = Token::Read(number, acknowledged);
                (token, replica.read(token).is_ok())
            }
        };
        if asked {
            self.told.waiting.insert(token);
        }
    }

    /// A message arrives, is lost, or arrives and is still on its way.
    fn deliver(&mut self) {
        if self.pool.is_empty() {
            return;
        }
        let at = usize::try_from(self.dice.below(self.pool.len() as u64)).expect("small");
        let message = match self.dice.below(10) {
            0 => self.pool[at].clone(),
            1 => return drop(self.pool.swap_remove(at)),
            _ => self.pool.swap_remove(at),
        };
        let cut = [message.from, message.to].contains(&self.cut.unwrap_or(0));
        if let Some(replica) = self.replicas.get_mut(&message.to).filter(|_| !cut) {
            replica.step(message).ok();
        }
    }

    fn act(&mut self) {
        let id = self.dice.pick(&VOTERS);
        match self.dice.below(200) {
            0..80 => (0..6).for_each(|_| self.deliver()),
            80..170 => self.turn(id),
            170..178 => VOTERS.into_iter().for_each(|id| self.tick(id)),
            178..195 => self.ask(id),
            195 => self.cut = self.dice.pick(&[None, Some(1), Some(2), Some(3)]),
            196 => self.get(id).node_mut().storage_mut().failing = 2,
            197 => _ = self.get(id).take_snapshot(),
            198 => {
                let number = self.dice.below(self.numbers);
                let replica = self.get(id);
                replica.give_up(|token| matches!(token, Token::Command(named) if *named < number));
            }
            _ => self.crash(id),
        }
    }

    fn tick(&mut self, id: NodeId) {
        self.get(id).tick().expect("a sound node");
    }

    /// The network is well, and so are the disks, until everything is told.
    fn heal(&mut self) {
        for _ in 0..200 {
            for id in VOTERS {
                self.get(id).node_mut().storage_mut().failing = 0;
                self.tick(id);
            }
            let mut rounds = 0;
            while !self.pool.is_empty() || self.replicas.values().any(|replica| replica.node().has_ready()) {
                rounds += 1;
                assert!(rounds < 1_000, "it never settles");
                for message in std::mem::take(&mut self.pool) {
                    if let Some(replica) = self.replicas.get_mut(&message.to) {
                        replica.step(message).ok();
                    }
                }
                for id in VOTERS {
                    self.turn(id);
                }
            }
        }
    }

    fn judge(&self) {
        let logs: Vec<_> = self.replicas.values().map(One::machine).collect();
        assert!(logs.iter().all(|log| *log == logs[0]), "the replicas differ");
        let commands: Vec<u64> = logs[0]
            .commands
            .iter()
            .filter_map(|command| command.parse().ok())
            .collect();
        let each: BTreeSet<_> = commands.iter().copied().collect();
        assert_eq!(each.len(), commands.len(), "a command is applied twice");
        for (number, command) in &self.told.applied {
            assert_eq!(commands.get(number - 1), Some(command), "number {number}");
        }
        let found = each.intersection(&self.told.superseded).next();
        assert_eq!(found, None, "it was superseded");
        assert!(self.told.waiting.is_empty(), "{:?} wait", self.told.waiting);
    }
}

#[test]
fn each_token_has_one_outcome_which_is_true() {
    let mut dice = Dice::new("QUORATE_REPLICA_SEED");
    let mut kinds = BTreeMap::new();
    for _ in 0..WORLDS {
        let mut world = World::new(dice);
        (0..STEPS).for_each(|_| world.act());
        world.heal();
        world.judge();
        for (kind, count) in &world.told.kinds {
            *kinds.entry(*kind).or_insert(0) += count;
        }
        dice = world.dice;
    }
    println!("{kinds:?}");
    let met = [
        "applied",
        "superseded",
        "passed",
        "changed",
        "readable",
        "not readable",
        "unknown",
    ];
    assert!(met.iter().all(|kind| kinds.contains_key(kind)), "{kinds:?}");
}
