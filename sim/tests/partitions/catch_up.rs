//! A model of Raft with *candidate catch-up* (see `docs/partitions.md`), walked at random: with any of
//! its rules left out something breaks, and with all of them nothing did.
//!
//! The model is small: three nodes, a few terms and entries; an entry is its term and its place. What is
//! answered in time happens at once; acknowledgements, heartbeats and logs that are offered can also
//! arrive later, at any time and again and again. It shares no code with the core, which has no catch-up.

use std::ops::Range;

use quorate_sim::dice::Dice;

const NODES: usize = 3;
const MAJORITY: usize = 2;
const MAX_TERM: u64 = 5;
const MAX_LOG: usize = 4;

/// The rules under which a node takes over another's log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Only as a candidate, in a term that it has begun and before it asks for votes; else also as a
    /// follower (one that asks for pre-votes is one, as far as its term goes).
    pub(crate) in_a_term_of_its_own: bool,
    /// Only if that leaves what it knows to be committed.
    pub(crate) above_its_commit_index: bool,
    /// Only if the other's log is at least as up-to-date as its own.
    pub(crate) at_least_as_up_to_date: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Role {
    Follower,
    Candidate,
    Leader { matched: [usize; NODES] },
}

#[derive(Clone, Debug)]
struct Node {
    term: u64,
    voted: bool,
    role: Role,
    /// Terms of the entries.
    log: Vec<u64>,
    commit: usize,
}

/// What may arrive late.
#[derive(Clone, Debug, PartialEq)]
enum Late {
    Accepted {
        from: usize,
        to: usize,
        term: u64,
        index: usize,
    },
    Heartbeat {
        to: usize,
        term: u64,
        commit: usize,
    },
    Offer {
        log: Vec<u64>,
    },
}

struct World {
    rules: Rules,
    nodes: [Node; NODES],
    late: Vec<Late>,
    /// Terms of what anybody knew to be committed.
    committed: Vec<u64>,
    taken_over: u64,
    steps: Vec<String>,
}

fn last(log: &[u64]) -> (u64, usize) {
    (log.last().copied().unwrap_or(0), log.len())
}

fn common(ours: &[u64], theirs: &[u64]) -> usize {
    ours.iter()
        .zip(theirs)
        .take_while(|(ours, theirs)| ours == theirs)
        .count()
}

impl World {
    fn new(rules: Rules) -> Self {
        let node = Node {
            term: 1,
            voted: true,
            role: Role::Follower,
            log: vec![1],
            commit: 1,
        };
        Self {
            rules,
            nodes: std::array::from_fn(|_| node.clone()),
            late: Vec::new(),
            committed: vec![1],
            taken_over: 0,
            steps: Vec::new(),
        }
    }

    fn note(&mut self, what: impl FnOnce(&Self) -> String) {
        let text = what(self);
        self.steps.push(text);
    }

    /// Moves a commit index; whether that agrees with what was committed before.
    fn commit(&mut self, id: usize, to: usize) -> bool {
        let node = &mut self.nodes[id];
        node.commit = node.commit.max(to);
        let known = &node.log[..node.commit];
        let agrees = common(known, &self.committed) == known.len().min(self.committed.len());
        if known.len() > self.committed.len() {
            self.committed = known.to_vec();
        }
        agrees
    }

    /// Hears of a term; whether that is its own now.
    fn hear(&mut self, id: usize, term: u64) -> bool {
        let node = &mut self.nodes[id];
        if term > node.term {
            (node.term, node.voted, node.role) = (term, false, Role::Follower);
        }
        term == node.term
    }

    /// Stands in its next term or, as after some elections that nobody won, in one that is new to all.
    fn stand(&mut self, id: usize, other: usize, dice: &mut Dice) {
        let newest = self.nodes.iter().map(|node| node.term).max().unwrap_or(0);
        let node = &mut self.nodes[id];
        let next = if dice.below(4) == 0 { node.term } else { newest } + 1;
        if next > MAX_TERM || node.role != Role::Follower {
            return;
        }
        (node.term, node.voted, node.role) = (next, true, Role::Candidate);
        self.note(|_| format!("{id} stands in term {next}"));
        if dice.below(4) > 0 {
            self.ask(id, other);
        }
    }

    /// A candidate asks one other node for its vote, which is all that it needs.
    fn ask(&mut self, id: usize, voter: usize) {
        let Node { term, role, log, .. } = self.nodes[id].clone();
        if role != Role::Candidate || !self.hear(voter, term) {
            return;
        }
        let node = &mut self.nodes[voter];
        if !node.voted && last(&log) >= last(&node.log) {
            node.voted = true;
            let matched = [0; NODES];
            self.nodes[id].role = Role::Leader { matched };
            self.propose(id);
            self.note(|world| format!("{id} leads term {term} by {voter}: {:?}", world.nodes[id].log));
        } else {
            self.nodes[id].role = Role::Follower; // it may stand again, in another term
        }
    }

    fn propose(&mut self, id: usize) {
        let node = &mut self.nodes[id];
        if let Role::Leader { matched } = &mut node.role
            && node.log.len() < MAX_LOG
        {
            node.log.push(node.term);
            matched[id] = node.log.len();
        }
    }

    /// A leader makes a follower's log like its own, up to some index.
    fn append(&mut self, id: usize, to: usize, dice: &mut Dice) -> bool {
        let Node {
            term,
            role,
            log,
            commit,
            ..
        } = self.nodes[id].clone();
        if !matches!(role, Role::Leader { .. }) || !self.hear(to, term) {
            return true;
        }
        let index = 1 + pick(dice, log.len());
        let node = &mut self.nodes[to];
        node.role = Role::Follower;
        if common(&node.log, &log) < index {
            node.log = log[..index].to_vec();
        }
        let from = to;
        let accepted = Late::Accepted {
            from,
            to: id,
            term,
            index,
        };
        self.note(|_| format!("{to} accepts {index} entries of {id}, which knows {commit} to be committed"));
        let agrees = self.commit(to, commit.min(index));
        agrees && self.now_or_later(accepted, dice)
    }

    fn heartbeat(&mut self, id: usize, to: usize, dice: &mut Dice) -> bool {
        let Node { term, role, commit, .. } = self.nodes[id];
        let Role::Leader { matched } = role else { return true };
        let commit = commit.min(matched[to]);
        self.now_or_later(Late::Heartbeat { to, term, commit }, dice)
    }

    fn now_or_later(&mut self, message: Late, dice: &mut Dice) -> bool {
        if !self.late.contains(&message) {
            self.late.push(message.clone());
        }
        dice.below(2) == 0 || self.arrive(message, 0, dice)
    }

    fn arrive(&mut self, message: Late, id: usize, dice: &mut Dice) -> bool {
        match message {
            Late::Accepted { from, to, term, index } => !self.hear(to, term) || self.count(to, from, index),
            Late::Heartbeat { to, term, commit } => {
                if !self.hear(to, term) {
                    return true;
                }
                let node = &mut self.nodes[to];
                node.role = Role::Follower;
                let commit = commit.min(node.log.len());
                self.note(|_| format!("{to} is told that {commit} entries are committed"));
                self.commit(to, commit)
            }
            Late::Offer { log } => {
                self.take_over(id, &log, dice);
                self.commit(id, 0)
            }
        }
    }

    fn count(&mut self, id: usize, from: usize, index: usize) -> bool {
        let node = &mut self.nodes[id];
        let Role::Leader { matched } = &mut node.role else {
            return true;
        };
        matched[from] = matched[from].max(index);
        let mut counted = *matched;
        counted.sort_unstable();
        let index = counted[NODES - MAJORITY];
        if index <= node.commit || node.log[index - 1] != node.term {
            return true;
        }
        self.note(|_| format!("{id} commits {index} entries"));
        self.commit(id, index)
    }

    /// Takes over what an offer has, or the first part of that: a disk may tear it.
    fn take_over(&mut self, id: usize, theirs: &[u64], dice: &mut Dice) {
        let (rules, node) = (self.rules, &mut self.nodes[id]);
        let common = common(&node.log, theirs);
        let allowed = match node.role {
            Role::Leader { .. } => false,
            Role::Candidate => true,
            Role::Follower => !rules.in_a_term_of_its_own,
        } && last(theirs).0 <= node.term
            && common < theirs.len()
            && theirs.len() >= node.commit
            && (common >= node.commit || !rules.above_its_commit_index)
            && (last(theirs) >= last(&node.log) || !rules.at_least_as_up_to_date);
        if allowed {
            let least = (common + 1).max(node.commit);
            let kept = least + pick(dice, theirs.len() - least + 1);
            node.log = theirs[..kept].to_vec();
            self.taken_over += 1;
            self.note(|world| format!("{id} takes over {:?}", world.nodes[id].log));
        }
    }

    /// One step at random; whether nothing broke.
    fn step(&mut self, dice: &mut Dice, kind: usize) -> bool {
        let id = pick(dice, NODES);
        let other = (id + 1 + pick(dice, NODES - 1)) % NODES;
        match kind {
            0 => self.stand(id, other, dice),
            1 => self.ask(id, other),
            2 => return self.append(id, other, dice),
            3 => return self.heartbeat(id, other, dice),
            4 => self.propose(id),
            5 => self.nodes[id].role = Role::Follower, // a restart
            6 => {
                let log = self.nodes[id].log.clone();
                return self.now_or_later(Late::Offer { log }, dice);
            }
            _ => {
                let position = pick(dice, self.late.len());
                let message = self.late.get(position).cloned();
                return message.is_none_or(|message| self.arrive(message, id, dice));
            }
        }
        true
    }
}

fn pick(dice: &mut Dice, end: usize) -> usize {
    usize::try_from(dice.below(end as u64)).unwrap_or(0)
}

/// How a walk broke what was committed, if it did; and how often a log was taken over.
fn walk(rules: Rules, seed: u64) -> (Option<Vec<String>>, u64) {
    let mut dice = Dice::new(seed);
    // Each walk has its own mixture.
    let weights: [u64; 8] = [8, 8, 24, 8, 2, 4, 8, 16].map(|most| dice.between(1, most));
    let mut world = World::new(rules);
    for _ in 0..60 {
        let mut draw = dice.below(weights.iter().sum());
        let kind = weights.iter().take_while(|weight| {
            let passed = draw >= **weight;
            draw = draw.saturating_sub(**weight);
            passed
        });
        let kind = kind.count();
        if !world.step(&mut dice, kind) {
            return (Some(world.steps), world.taken_over);
        }
    }
    (None, world.taken_over)
}

/// The first seed that breaks, with its steps; and how often a log was taken over until then.
pub(crate) fn search(rules: Rules, seeds: Range<u64>) -> (Option<(u64, Vec<String>)>, u64) {
    let mut taken_over = 0;
    for seed in seeds {
        let (broken, times) = walk(rules, seed);
        taken_over += times;
        if let Some(steps) = broken {
            return (Some((seed, steps)), taken_over);
        }
    }
    (None, taken_over)
}
