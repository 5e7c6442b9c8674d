//! The search: every order of few moves, and walks of many.

use std::collections::{BTreeMap, HashSet, VecDeque};

use crate::judge::{Known, Outcome, judge};
use crate::profile::Profile;
use crate::scenario::Scenario;
use crate::world::{End, Move, World};

/// What was found in many worlds.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) states: u64,
    pub(crate) idle: u64,
    pub(crate) progress: BTreeMap<Known, u64>,
    pub(crate) dead: BTreeMap<Known, u64>,
    /// The first few dead worlds of each kind, shrunk.
    pub(crate) examples: BTreeMap<Known, Vec<String>>,
    pub(crate) slowest_leader: (u64, String),
    pub(crate) worst: (u64, String),
}

impl Found {
    pub(crate) fn dead_though(&self, known: Known) -> u64 {
        self.dead.get(&known).copied().unwrap_or(0)
    }

    fn judge(&mut self, world: &World, end: End) {
        match judge(world, end) {
            Outcome::NoMajority => self.idle += 1,
            Outcome::Progress(known, ticks, led) => {
                *self.progress.entry(known).or_default() += 1;
                if led > self.slowest_leader.0 {
                    self.slowest_leader = (led, format!("{world} end {end:?}"));
                }
                if ticks > self.worst.0 {
                    self.worst = (ticks, format!("{world} end {end:?}"));
                }
            }
            Outcome::Dead(known) => {
                *self.dead.entry(known).or_default() += 1;
                let examples = self.examples.entry(known).or_default();
                if examples.len() < 3 {
                    let shrunk = shrink(world, end, known);
                    let text = format!("{shrunk} end {end:?}");
                    if !examples.contains(&text) {
                        examples.push(text);
                    }
                }
            }
        }
    }
}

/// Leaves out moves as long as the world stays as dead.
fn shrink(world: &World, end: End, known: Known) -> World {
    let mut best = world.clone();
    let mut at = best.moves.len();
    while at > 0 {
        at -= 1;
        let mut moves: Vec<Move> = best.moves.clone();
        moves.remove(at);
        let shorter = World::replay(world.scenario, &moves);
        if shorter.moves.len() < best.moves.len() && judge(&shorter, end) == Outcome::Dead(known) {
            best = shorter;
            at = best.moves.len();
        }
    }
    best
}

/// All worlds within so many moves, each place judged once with every end.
pub(crate) fn exhaust(scenario: Scenario, depth: usize, found: &mut Found) {
    let mut seen = HashSet::new();
    let mut judged = HashSet::new();
    let mut queue = VecDeque::from([World::start(scenario)]);
    while let Some(world) = queue.pop_front() {
        if judged.insert(world.fingerprint()) {
            found.states += 1;
            for end in End::all() {
                found.judge(&world, end);
            }
        }
        if world.moves.len() == depth {
            continue;
        }
        for next in world.options() {
            let mut reached = world.clone();
            reached.make(next);
            if reached.moves.len() > world.moves.len() && seen.insert(reached.fingerprint_with_messages()) {
                queue.push_back(reached);
            }
        }
    }
}

/// A generator that is the same everywhere (xorshift).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let sides = u64::try_from(sides).expect("few sides");
        usize::try_from(self.0 % sides).expect("less than that")
    }
}

/// One walk; the places it comes through are judged with a random end each.
pub(crate) fn walk(start: &World, length: usize, dice: &mut Dice, judged: &mut HashSet<(u64, End)>, found: &mut Found) {
    let mut world = start.clone();
    let ends = End::all();
    for _ in 0..length {
        let mut options = world.options();
        // Mostly messages arrive: what else there is, is done now and then.
        let delivers: Vec<Move> = options
            .iter()
            .copied()
            .filter(|next| matches!(next, Move::Deliver(..)))
            .collect();
        if !delivers.is_empty() && dice.roll(10) < 6 {
            options = delivers;
        }
        if options.is_empty() {
            break;
        }
        world.make(options[dice.roll(options.len())]);
    }
    let end = ends[dice.roll(ends.len())];
    if judged.insert((world.fingerprint(), end)) {
        found.states += 1;
        found.judge(&world, end);
    }
}

/// How many walks from each start; `LIVENESS_WALKS` takes its place.
fn walks(default: u64) -> u64 {
    number("LIVENESS_WALKS", default)
}

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn walk_all(profile: Profile, walks: u64) -> Found {
    let mut found = Found::default();
    let mut dice = Dice(number("LIVENESS_SEED", 1) | 1 << 40);
    for scenario in Scenario::all(profile) {
        let start = World::start(scenario);
        let mut judged = HashSet::new();
        for _ in 0..walks {
            let length = 8 + dice.roll(30);
            walk(&start, length, &mut dice, &mut judged, &mut found);
        }
    }
    println!("{profile:?}, walks: {found:#?}");
    found
}

/// A voter that knows what is committed is enough.
#[test]
fn walks_by_default() {
    let found = walk_all(Profile::Default, walks(5));
    assert_eq!(found.dead_though(Known::Voter), 0, "{found:#?}");
    assert_eq!(found.dead_though(Known::OldVoter), 0, "{found:#?}");
}

/// The same under other settings, but for those that take the news away.
#[test]
fn walks_under_other_settings() {
    for profile in Profile::ALL.into_iter().filter(|profile| *profile != Profile::Default) {
        let found = walk_all(profile, walks(1));
        if profile.tells() {
            assert_eq!(found.dead_though(Known::Voter), 0, "{found:#?}");
            assert_eq!(found.dead_though(Known::OldVoter), 0, "{found:#?}");
        }
    }
}

/// Every order of the first few messages, for a removal, an addition and a demotion through a joint configuration.
#[test]
fn every_order_of_few_moves() {
    let depth = usize::try_from(number("LIVENESS_DEPTH", 5)).expect("a few moves");
    for name in [
        "Default vvl led by 1 to -vl Auto",
        "Default v-v led by 1 to vvv Auto",
        "Default vv- led by 1 to lv- JointExplicit",
    ] {
        let all = Scenario::all(Profile::Default);
        let scenario = all.into_iter().find(|scenario| scenario.to_string() == name);
        let mut found = Found::default();
        exhaust(scenario.expect("one of all"), depth, &mut found);
        println!("{name}, every order of {depth} moves: {found:#?}");
        assert_eq!(found.dead_though(Known::Voter), 0, "{found:#?}");
        assert_eq!(found.dead_though(Known::OldVoter), 0, "{found:#?}");
    }
}
