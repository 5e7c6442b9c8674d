//! Breadth-first search: every state within the bounds, those with the shortest way first.

mod known;
mod path;

use std::panic::resume_unwind;
use std::time::Instant;

use quorate_sim::Violation;

use crate::system::{Next, System};
use known::{Known, Shard, StateId};

/// Parts of the known states, each of which one thread at a time adds to. Their number does not depend on the threads,
/// so that neither does the order in which states are found.
const SHARDS: usize = 16;
/// States that are expanded before what they lead to is looked up.
const BATCH: usize = 1 << 15;
/// States of a batch that a thread takes at once.
const BLOCK: usize = 256;

/// How far a search goes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Threads that work on it.
    pub threads: usize,
    /// It ends when so many states are known.
    pub states: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            threads: 1,
            states: usize::MAX,
        }
    }
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Outcome<M> {
    /// Different states.
    pub states: usize,
    /// Moves between them.
    pub moves: u64,
    /// Moves that led beyond the bounds of the world.
    pub beyond: u64,
    /// Moves on the longest of the shortest ways.
    pub depth: usize,
    /// Whether there is no other state within the bounds.
    pub complete: bool,
    /// Bytes that the known states take, their tables aside.
    pub bytes: usize,
    /// Seconds that it took.
    pub seconds: f64,
    /// What must not be, and a shortest way there.
    pub found: Option<Found<M>>,
}

/// A violation, and the moves that lead to it.
#[derive(Clone, Debug)]
pub struct Found<M> {
    /// What is wrong.
    pub violation: Violation,
    /// What happened.
    pub trace: Vec<M>,
}

/// Where something wrong was found: the place decides which of several is told.
type Wrong = (usize, StateId, Option<StateId>, Violation);

/// States that a block of a batch leads to.
struct Expanded {
    /// For each shard: words, and for each state their end, its parent and its fingerprint.
    words: Vec<Vec<u32>>,
    states: Vec<Vec<(usize, StateId, u64)>>,
    moves: u64,
    beyond: u64,
    wrong: Option<(StateId, Violation)>,
}

/// Looks at all states, until something is wrong or the limits are reached.
pub fn search<S: System>(system: &S, limits: Limits) -> Outcome<S::Move> {
    let began = Instant::now();
    let threads = limits.threads.max(1);
    let mut workers: Vec<S::Worker> = (0..threads).map(|_| system.worker()).collect();
    let mut outcome = Outcome {
        states: 0,
        moves: 0,
        beyond: 0,
        depth: 0,
        complete: false,
        bytes: 0,
        seconds: 0.0,
        found: None,
    };
    let mut known = Known::new(SHARDS);
    match begin(system, &mut workers[0], &mut known) {
        Ok(()) => {
            let found = explore(system, &mut workers, &mut known, limits, &mut outcome);
            outcome.found = found.map(|wrong| path::trace(system, &mut workers[0], &known, wrong));
        }
        Err(violation) => {
            let trace = Vec::new();
            outcome.found = Some(Found { violation, trace });
        }
    }
    (outcome.states, outcome.bytes) = (known.len(), known.bytes());
    outcome.seconds = began.elapsed().as_secs_f64();
    outcome
}

fn begin<S: System>(system: &S, worker: &mut S::Worker, known: &mut Known) -> Result<(), Violation> {
    let mut first = system.initial(worker)?;
    system.check(worker, &first)?;
    system.representative(worker, &mut first);
    let fingerprint = system.fingerprint(worker, &first);
    known.shard_mut(fingerprint).insert(&first, fingerprint, StateId::NONE);
    Ok(())
}

fn explore<S: System>(
    system: &S,
    workers: &mut [S::Worker],
    known: &mut Known,
    limits: Limits,
    outcome: &mut Outcome<S::Move>,
) -> Option<(StateId, Option<StateId>, Violation)> {
    let mut level = known.all();
    loop {
        let before = known.lens();
        for batch in level.chunks(BATCH) {
            let expanded = expand(system, workers, known, batch);
            outcome.moves += expanded.iter().map(|block| block.moves).sum::<u64>();
            outcome.beyond += expanded.iter().map(|block| block.beyond).sum::<u64>();
            if let Some(wrong) = merge(system, workers, known, &expanded) {
                outcome.depth += 1;
                return Some(wrong);
            }
            if known.len() >= limits.states {
                return None;
            }
        }
        level = known.since(&before);
        if level.is_empty() {
            outcome.complete = true;
            return None;
        }
        outcome.depth += 1;
    }
}

/// Where the states of a batch lead, block by block.
fn expand<S: System>(system: &S, workers: &mut [S::Worker], known: &Known, batch: &[StateId]) -> Vec<Expanded> {
    let threads = workers.len();
    let blocks: Vec<&[StateId]> = batch.chunks(BLOCK).collect();
    let blocks = &blocks;
    let mut done: Vec<(usize, Expanded)> = std::thread::scope(|scope| {
        let running: Vec<_> = workers
            .iter_mut()
            .enumerate()
            .map(|(thread, worker)| {
                scope.spawn(move || {
                    let own = blocks.iter().enumerate().skip(thread).step_by(threads);
                    let done = own.map(|(number, block)| (number, expand_block(system, worker, known, block)));
                    done.collect::<Vec<_>>()
                })
            })
            .collect();
        running
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, block)| block).collect()
}

fn expand_block<S: System>(system: &S, worker: &mut S::Worker, known: &Known, block: &[StateId]) -> Expanded {
    let mut expanded = Expanded {
        words: vec![Vec::new(); SHARDS],
        states: vec![Vec::new(); SHARDS],
        moves: 0,
        beyond: 0,
        wrong: None,
    };
    let mut next: Vec<u32> = Vec::new();
    let mut found: Vec<(usize, usize)> = Vec::new();
    for id in block {
        let state = known.get(*id);
        next.clear();
        found.clear();
        system.successors(worker, state, &mut |follows| match follows {
            Next::State(state) => {
                next.extend_from_slice(state);
                found.push((next.len() - state.len(), next.len()));
            }
            Next::Beyond => expanded.beyond += 1,
            Next::Wrong(violation) if expanded.wrong.is_none() => expanded.wrong = Some((*id, violation)),
            Next::Wrong(_) => {}
        });
        for &(from, to) in &found {
            let mut state = next[from..to].to_vec();
            system.representative(worker, &mut state);
            let fingerprint = system.fingerprint(worker, &state);
            let shard = Known::shard_of(fingerprint, SHARDS);
            expanded.words[shard].extend_from_slice(&state);
            let end = expanded.words[shard].len();
            expanded.states[shard].push((end, *id, fingerprint));
            expanded.moves += 1;
        }
    }
    expanded
}

/// Adds what is new, and checks it; the first in order of what is wrong.
fn merge<S: System>(
    system: &S,
    workers: &mut [S::Worker],
    known: &mut Known,
    blocks: &[Expanded],
) -> Option<(StateId, Option<StateId>, Violation)> {
    let threads = workers.len();
    let mut shares: Vec<Vec<(usize, &mut Shard)>> = (0..threads).map(|_| Vec::new()).collect();
    for (number, shard) in known.shards_mut().iter_mut().enumerate() {
        shares[number % threads].push((number, shard));
    }
    let wrongs: Vec<Wrong> = std::thread::scope(|scope| {
        let running: Vec<_> = workers
            .iter_mut()
            .zip(shares)
            .map(|(worker, share)| scope.spawn(move || merge_share(system, worker, share, blocks)))
            .collect();
        running
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    let moves = blocks.iter().enumerate().filter_map(|(number, block)| {
        let (parent, violation) = block.wrong.clone()?;
        Some((number, parent, None, violation))
    });
    let first = wrongs
        .into_iter()
        .chain(moves)
        .min_by_key(|(number, parent, state, _)| (*number, *parent, *state));
    first.map(|(_, parent, state, violation)| (parent, state, violation))
}

fn merge_share<S: System>(
    system: &S,
    worker: &mut S::Worker,
    share: Vec<(usize, &mut Shard)>,
    blocks: &[Expanded],
) -> Vec<Wrong> {
    let mut wrongs = Vec::new();
    for (number, shard) in share {
        'blocks: for (block, expanded) in blocks.iter().enumerate() {
            let mut from = 0;
            for &(to, parent, fingerprint) in &expanded.states[number] {
                let state = &expanded.words[number][from..to];
                from = to;
                let Some(index) = shard.insert(state, fingerprint, parent) else {
                    continue;
                };
                if let Err(violation) = system.check(worker, state) {
                    wrongs.push((block, parent, Some(StateId::new(number, index)), violation));
                    break 'blocks;
                }
            }
        }
    }
    wrongs
}
