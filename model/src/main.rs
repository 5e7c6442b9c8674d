//! Explores a world: `quorate-model -- WORLD`.

use std::fmt;
use std::io::{self, Write};

use clap::Parser;
use quorate_model::worlds::{Named, all, named};
use quorate_model::{Found, Group, Limits, Move, Outcome, System, search, trace, walk};

/// Explores every order of events within the bounds of a world, over the code that ships.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The world; more than one, one after the other.
    worlds: Vec<String>,
    /// Say which worlds there are; with `--small`, which small ones.
    #[arg(long)]
    list: bool,
    /// With `--list`: only worlds in which nothing wrong is to be found.
    #[arg(long)]
    holds: bool,
    /// All small worlds.
    #[arg(long)]
    small: bool,
    /// Threads that work on it.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Stop when so many states are known.
    #[arg(long, default_value_t = usize::MAX, hide_default_value = true)]
    states: usize,
    /// Random walks from this seed on in place of a search.
    #[arg(long, value_name = "SEED")]
    walk: Option<u64>,
    /// How many walks, if there are so many seeds.
    #[arg(long, default_value_t = 1000)]
    walks: u64,
    /// How many moves a walk has at most.
    #[arg(long, default_value_t = 200)]
    moves: usize,
    /// Print what is found as a script, and nothing else to the standard output: for quorate-script, and for quorate-sim
    /// --replay, which finds what the simulator judges too, and not what only an invariant of the world forbids.
    #[arg(long)]
    script: bool,
}

fn main() {
    let arguments = Arguments::parse();
    if arguments.list {
        let listed = all().into_iter().filter(|world| world.small || !arguments.small);
        let listed = listed.filter(|world| !world.breaks || !arguments.holds);
        for Named { name, about, .. } in listed {
            say(format_args!("{name:24} {about}"));
        }
        return;
    }
    let small = all().into_iter().filter(|world| arguments.small && world.small);
    let mut worlds: Vec<Named> = small.collect();
    for name in &arguments.worlds {
        match named(name) {
            Some(world) => worlds.push(world),
            None => fail(&format!("there is no world {name:?}: see --list")),
        }
    }
    if worlds.is_empty() {
        fail("which world? See --list");
    }
    let as_expected = worlds
        .iter()
        .filter(|world| explore(world, &arguments) == world.breaks)
        .count();
    if as_expected < worlds.len() {
        std::process::exit(1);
    }
}

/// A line of the standard output, which whoever reads it may close at any time.
fn say(line: fmt::Arguments<'_>) {
    if let Err(error) = writeln!(io::stdout(), "{line}")
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        eprintln!("the standard output: {error}");
    }
}

fn fail(why: &str) -> ! {
    eprintln!("{why}");
    std::process::exit(2);
}

/// Whether something wrong was found.
fn explore(world: &Named, arguments: &Arguments) -> bool {
    let group = match Group::new((world.world)()) {
        Ok(group) => group,
        Err(error) => fail(&format!("{}: {error}", world.name)),
    };
    let found = if let Some(seed) = arguments.walk {
        let found = walks(&group, seed, arguments);
        if found.is_none() {
            say(format_args!(
                "{}: up to {} walks, nothing wrong",
                world.name, arguments.walks
            ));
        }
        found
    } else {
        let limits = Limits {
            threads: arguments.threads,
            states: arguments.states,
        };
        let outcome = search(&group, limits);
        let row = row(world.name, &group, &outcome);
        if arguments.script {
            eprintln!("{row}"); // what goes to the standard output is a script
        } else {
            say(format_args!("{row}"));
        }
        outcome.found
    };
    if let Some(found) = &found {
        tell(&group, found, arguments.script);
    }
    found.is_some()
}

fn walks(group: &Group, seed: u64, arguments: &Arguments) -> Option<Found<Move>> {
    let mut memory = group.worker();
    let walks = usize::try_from(arguments.walks).unwrap_or(usize::MAX);
    (seed..=u64::MAX).take(walks).find_map(|seed| {
        let found = walk(group, &mut memory, seed, arguments.moves).found();
        found.inspect(|_| eprintln!("walk {seed}"))
    })
}

fn row(name: &str, group: &Group, outcome: &Outcome<Move>) -> String {
    let Outcome {
        states,
        moves,
        beyond,
        depth,
        bytes,
        ..
    } = *outcome;
    let how = match (&outcome.found, outcome.complete) {
        (Some(_), _) => "WRONG",
        (None, true) => "complete",
        (None, false) => "bounded",
    };
    let [members, messages, histories] = group.tables();
    let (seconds, each) = (outcome.seconds, bytes / states.max(1));
    format!(
        "{name}: {how}, {states} states, depth {depth}, {moves} moves, {beyond} beyond, {seconds:.1} s, \
         {each} bytes a state, {members} members, {messages} messages, {histories} pasts"
    )
}

fn tell(group: &Group, found: &Found<Move>, script: bool) {
    if script {
        say(format_args!(
            "{}",
            trace::recording(group, &found.trace, &found.violation)
        ));
        return;
    }
    say(format_args!("VIOLATION {}", found.violation));
    for (number, by) in found.trace.iter().enumerate() {
        say(format_args!("{:4} {by}", number + 1));
    }
}
