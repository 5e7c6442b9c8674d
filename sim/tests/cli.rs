//! The command line over clients and a disk of one's own: what it writes, and what it answers.
#![cfg(feature = "cli")]

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use bytes::Bytes;
use quorate_sim::dice::Dice;
use quorate_sim::machine::Register;
use quorate_sim::{Malformed, MemoryDisk, Request, StateMachine, Workload, cli};

/// The simulator's register, but for one command in a hundred.
#[derive(Clone, Default)]
struct Fragile<const PANICS: bool>(Register);

impl<const PANICS: bool> StateMachine for Fragile<PANICS> {
    fn apply(&mut self, command: &Bytes) -> Bytes {
        assert!(!PANICS || !command.ends_with(&[77]), "77 is too much");
        self.0.apply(command)
    }

    fn query(&self, query: &Bytes) -> Bytes {
        self.0.query(query)
    }

    fn snapshot(&self) -> Bytes {
        self.0.snapshot()
    }

    fn restore(&mut self, snapshot: &Bytes) -> Result<(), Malformed> {
        self.0.restore(snapshot)
    }
}

#[derive(Default, Clone)]
struct Clients<const PANICS: bool>;

impl<const PANICS: bool> Workload for Clients<PANICS> {
    type Machine = Fragile<PANICS>;

    fn ask(&mut self, operation: u64, _: u64, _: &mut Dice) -> Request {
        Request::Write(operation.to_be_bytes().to_vec().into())
    }

    fn asks_again(&mut self, _: u64, _: &Request) -> bool {
        true
    }
}

fn run<const PANICS: bool>(flags: &str) -> bool {
    let arguments = ["own-clients"].into_iter().chain(flags.split_whitespace());
    let code = cli::run_with(arguments, |_| Clients::<PANICS>, MemoryDisk::default);
    format!("{code:?}") == format!("{:?}", ExitCode::SUCCESS)
}

fn file(name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cli");
    fs::create_dir_all(&directory).expect("space");
    directory.join(name)
}

#[test]
fn a_run_that_fails_is_kept_replayed_and_shown() {
    let [steps, page, again] = ["run.txt", "run.html", "again.html"].map(file);
    let shrunk = file("run.shrunk.html");
    let [keep, timeline] = [&steps, &page].map(|path| path.display());
    assert!(run::<false>("--seeds 20 --steps 500 --threads 2 --twice"));
    let flags = format!("--seeds 40 --steps 2000 --fail-fast --keep {keep} --timeline {timeline} --threads 1");
    assert!(!run::<true>(&flags), "it panics");
    let kept = fs::read_to_string(&steps).expect("steps");
    assert!(
        kept.starts_with("# nothing panics: ") && kept.lines().count() < 100,
        "{kept}"
    );
    let replay = format!("--replay {keep} --timeline {}", again.display());
    assert!(!run::<true>(&replay), "it panics again");
    assert!(run::<false>(&replay), "it does not, without the mistake");
    assert!(!run::<false>("--replay nowhere.steps"), "there is none");
    for shown in [&page, &shrunk] {
        let shown = fs::read_to_string(shown).expect("a page");
        assert!(shown.contains("77 is too much"), "it ends with what broke");
    }
    let replayed = fs::read_to_string(again).expect("a page");
    assert!(
        replayed.contains("own-clients --replay"),
        "and says how to see it again"
    );
}

#[test]
fn the_example_is_in_the_readme() {
    let example = include_str!("../examples/counter.rs");
    assert!(example.lines().count() <= 40);
    let (_, code) = example.split_once('\n').expect("lines");
    assert!(include_str!("../README.md").contains(code), "with each change of it");
}
