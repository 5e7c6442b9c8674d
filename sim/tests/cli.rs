//! The command line over clients and a disk of one's own: what it writes, and what it answers.
#![cfg(feature = "cli")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

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

/// Clients that only ask, and do not know later what.
#[derive(Default, Clone)]
struct Forgetful<const PANICS: bool>;

impl<const PANICS: bool> Workload for Forgetful<PANICS> {
    type Machine = Fragile<PANICS>;

    fn ask(&mut self, operation: u64, _: u64, _: &mut Dice) -> Request {
        Request::Write(operation.to_be_bytes().to_vec().into())
    }
}

fn run<const PANICS: bool>(flags: &str) -> bool {
    run_with(&Clients::<PANICS>, flags)
}

fn run_with(clients: &(impl Workload + Clone + Sync), flags: &str) -> bool {
    let arguments = ["own-clients"].into_iter().chain(flags.split_whitespace());
    let code = cli::run_with(arguments, |_| clients.clone(), MemoryDisk::default);
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
fn clients_that_forget_what_they_asked_take_no_violation_away() {
    let steps = file("forgetful.txt");
    let keep = steps.display();
    let flags = format!("--seeds 40 --steps 2000 --fail-fast --keep {keep} --threads 1");
    assert!(!run_with(&Forgetful::<true>, &flags), "it panics");
    let replay = format!("--replay {keep}");
    assert!(
        !run_with(&Forgetful::<true>, &replay),
        "it is cut down, and panics again"
    );
    assert!(
        run_with(&Forgetful::<false>, &replay),
        "it does not, without the mistake"
    );
}

#[test]
fn the_last_seed_is_the_last() {
    let last = u64::MAX;
    assert!(run::<false>(&format!("--seed {last} --seeds 3 --steps 50 --threads 2")));
}

#[test]
fn what_is_not_written_is_no_success() {
    for flags in ["--log /nowhere/log", "--timeline /nowhere/page.html"] {
        assert!(!run::<false>(&format!("--seed 1 --steps 50 {flags}")), "{flags}");
    }
    let [page, other] = ["once.html", "twice.html"].map(file);
    let flags = |log: &PathBuf| {
        format!(
            "--seed 1 --steps 50 --timeline {} --log {}",
            page.display(),
            log.display()
        )
    };
    assert!(run::<false>(&flags(&other)));
    assert!(!run::<false>(&flags(&page)), "one would overwrite the other");
}

#[test]
fn the_example_is_in_the_readme() {
    let example = include_str!("../examples/counter.rs");
    assert!(example.lines().count() <= 40);
    let (_, code) = example.split_once('\n').expect("lines");
    assert!(include_str!("../README.md").contains(code), "with each change of it");
}

#[test]
fn whoever_reads_the_output_may_close_it() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_quorate-sim"));
    let mut child = program
        .args(["--seeds", "1", "--steps", "10"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it is built");
    drop(child.stdout.take());
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), &b""[..]));
}
