//! What a logger costs that discards everything: next to nothing, is the promise.
//!
//! Lines are written when something happens, not when data flows. So there are two workloads: a
//! group at its daily work, and one that does nothing but elect.

mod group;
mod measure;

use quorate::{MemoryStorage, Proposed, RawNode};
use slog::{Discard, Drain, Level, LevelFilter, Logger, Never, OwnedKVList, Record, o};

use self::group::Group;
use self::measure::{Sample, Variant, Workload};

/// Samples of each way, unless the command line says otherwise.
const SAMPLES: usize = 61;

/// Prints the tables of the workloads whose names begin so; whether there was any.
pub(crate) fn measure(only: &str, samples: Option<usize>) -> bool {
    let meant = WORKLOADS.iter().filter(|workload| workload.name.starts_with(only));
    meant
        .map(|workload| println!("{}", measure::compare(workload, samples.unwrap_or(SAMPLES))))
        .count()
        > 0
}

/// Runs one way once; whether there is one of that name.
pub(crate) fn once(path: &str) -> bool {
    let found = variants().find(|(name, _)| name == path);
    found
        .map(|(_, variant)| println!("{} units of work", (variant.prepare)()()))
        .is_some()
}

pub(crate) fn paths() -> impl Iterator<Item = String> {
    variants().map(|(path, _)| path)
}

fn variants() -> impl Iterator<Item = (String, &'static Variant)> {
    WORKLOADS.iter().flat_map(|workload| {
        let named = |variant: &'static Variant| (format!("{}/{}", workload.name, variant.name), variant);
        workload.variants.iter().map(named)
    })
}

const WORKLOADS: &[Workload] = &[REPLICATION, ELECTIONS];

/// Proposals, heartbeats, and an election now and then.
const REPLICATION: Workload = Workload {
    name: "logger-replication",
    about: "3 nodes, 500 batches of 16 proposals with a tick each, an election every 25 batches",
    variants: &[
        Variant {
            name: "none",
            prepare: || replication(none),
        },
        Variant {
            name: "discard",
            prepare: || replication(discard),
        },
        Variant {
            name: "filtered",
            prepare: || replication(filtered),
        },
        Variant {
            name: "formatted",
            prepare: || replication(formatted),
        },
    ],
};

/// The worst case: half a dozen lines for every few messages.
const ELECTIONS: Workload = Workload {
    name: "logger-elections",
    about: "3 nodes, 1000 elections with a candidacy refused and a message ignored in each",
    variants: &[
        Variant {
            name: "none",
            prepare: || elections(none),
        },
        Variant {
            name: "discard",
            prepare: || elections(discard),
        },
        Variant {
            name: "filtered",
            prepare: || elections(filtered),
        },
        Variant {
            name: "formatted",
            prepare: || elections(formatted),
        },
    ],
};

type Node = RawNode<MemoryStorage>;

fn none(node: Node) -> Node {
    node
}

/// A logger that throws everything away.
fn discard(node: Node) -> Node {
    node.with_logger(Logger::root(Discard, o!()))
}

/// A drain that formats every line, unlike [`Discard`].
struct Sink;

impl Drain for Sink {
    type Ok = ();
    type Err = Never;

    fn log(&self, record: &Record<'_>, _: &OwnedKVList) -> Result<(), Never> {
        std::hint::black_box(record.msg().to_string());
        Ok(())
    }
}

/// A logger that would write warnings, of which there are none here.
fn filtered(node: Node) -> Node {
    node.with_logger(Logger::root(LevelFilter::new(Sink, Level::Warning).fuse(), o!()))
}

/// A logger that formats its lines and forgets them: shows that the comparison would notice.
fn formatted(node: Node) -> Node {
    node.with_logger(Logger::root(Sink, o!()))
}

fn replication(logging: fn(Node) -> Node) -> Sample {
    let mut group = Group::new(3, logging);
    Box::new(move || {
        for batch in 1..=500 {
            let leader = group.leader();
            for _ in 0..16 {
                let proposed = group.node(leader).propose(&b"sixteen bytes..."[..]);
                assert!(matches!(proposed, Ok(Proposed::At { .. })));
            }
            group.settle();
            group.tick();
            if batch % 25 == 0 {
                group.pass_on_leadership();
                group.compact();
            }
        }
        group.applied()
    })
}

fn elections(logging: fn(Node) -> Node) -> Sample {
    let mut group = Group::new(3, logging);
    Box::new(move || {
        for election in 1..=1000 {
            group.pass_on_leadership();
            if election % 25 == 0 {
                group.compact();
            }
        }
        group.applied()
    })
}
