//! What cannot be noisy of what quorate costs: allocations, bytes and messages, each with its bound.
//!
//! Times, and the same of other libraries, are in docs/performance.md.

use allocation_counter::measure;
use quorate::message::{Append, AppendResponse, Heartbeat, HeartbeatResponse, Payload, RequestVote};
use quorate::pending::{Proposals, Reads};
use quorate::{ConfState, Config, Entry, EntryId, MemoryStorage, Message, RawNode, ReadMode, bootstrap};

type Node = RawNode<MemoryStorage>;

/// A group whose messages arrive at once, and what was sent in it. Node 1 leads.
struct Group {
    nodes: Vec<Node>,
    sent: Vec<Message>,
    arriving: Vec<Message>,
    messages: u64,
    heartbeats: u64,
    applied: u64,
    reads: usize,
    /// All nodes have their settings from here, as on a host of many groups.
    settings: Config,
}

impl Group {
    fn new() -> Self {
        Self::of(false)
    }

    /// With the members' stores named, or not.
    fn of(named: bool) -> Self {
        Self::with(named, Config::new(1, 1))
    }

    fn with(named: bool, settings: Config) -> Self {
        let founders = ConfState::of_voters([1, 2, 3]);
        let named = |id| if named { 0xd0 + id } else { 0 };
        let identities = [1, 2, 3].map(|id| (id, named(id))).into_iter();
        let founders = founders.with_identities(identities.filter(|(_, identity)| *identity > 0));
        let node = |id| {
            let unused = MemoryStorage::new().with_identity(named(id));
            let first = bootstrap(id, &unused, &founders).unwrap();
            let storage = MemoryStorage::from_snapshot(first).with_identity(named(id));
            Node::new(settings.for_node(id, id), storage).unwrap()
        };
        let mut group = Self {
            nodes: [1, 2, 3].map(node).into(),
            sent: Vec::new(),
            arriving: Vec::new(),
            messages: 0,
            heartbeats: 0,
            applied: 0,
            reads: 0,
            settings,
        };
        group.nodes[0].campaign().unwrap();
        group.settle();
        group
    }

    /// Until nothing moves: the loop of the README, which gives the buffers back.
    fn settle(&mut self) {
        loop {
            let mut moved = false;
            for node in &mut self.nodes {
                while let Some(mut ready) = node.ready().unwrap() {
                    moved = true;
                    self.reads += ready.read_states().len();
                    self.sent.extend(ready.drain_messages());
                    node.storage_mut().persist(&ready).unwrap();
                    let mut done = ready.persisted();
                    self.sent.extend(done.drain_messages());
                    self.applied += done.take_committed_entries().len() as u64;
                    node.advance(done).unwrap();
                }
            }
            if !moved {
                return;
            }
            std::mem::swap(&mut self.sent, &mut self.arriving);
            for message in self.arriving.drain(..) {
                self.messages += 1;
                self.heartbeats += u64::from(matches!(message.payload, Payload::Heartbeat(_)));
                self.nodes[usize::try_from(message.to).unwrap() - 1]
                    .step(message)
                    .unwrap();
            }
        }
    }

    /// So many payloads at once, each in a buffer of its own; then what comes of it.
    fn round(&mut self, batch: usize) {
        for _ in 0..batch {
            let _ = self.nodes[0].propose(vec![7; 256]).unwrap();
        }
        self.settle();
    }

    fn rounds(&mut self, batch: usize, rounds: usize) {
        for _ in 0..rounds {
            self.round(batch);
        }
    }

    fn compact(&mut self) {
        for node in &mut self.nodes {
            let applied = node.status().applied;
            node.storage_mut().compact(applied).unwrap();
            node.storage_mut().sync();
        }
    }
}

/// In the whole cluster of 3, the caller's buffer included: thousandths of an allocation a proposal.
fn allocations(batch: usize) -> u64 {
    let mut group = Group::new();
    group.rounds(batch, 100);
    group.compact();
    let rounds = 2048 / batch;
    let counted = measure(|| group.rounds(batch, rounds));
    assert_eq!(group.applied, 3 * (1 + 100 * batch + batch * rounds) as u64);
    counted.count_total * 1000 / (batch * rounds) as u64
}

#[test]
fn allocations_a_proposal() {
    for (batch, bound) in [(1, 2_100), (16, 1_100), (256, 1_020)] {
        let seen = allocations(batch);
        println!("batches of {batch}: {seen} thousandths of an allocation a proposal");
        assert!(seen <= bound, "batches of {batch}: {seen} > {bound}");
    }
}

/// A payload is in memory once, however many nodes of the process hold it.
#[test]
fn payloads_are_not_copied() {
    const SIZE: usize = 1 << 16;
    let mut group = Group::new();
    let counted = measure(|| {
        for _ in 0..10 {
            let _ = group.nodes[0].propose(vec![7; SIZE]).unwrap();
        }
        group.settle();
    });
    assert_eq!(group.applied, 3 * 11);
    let copies = counted.bytes_total / (10 * SIZE as u64);
    assert_eq!(copies, 1, "{} bytes", counted.bytes_total);
}

/// What `act` leaves in memory, in bytes.
fn left(act: impl FnOnce()) -> u64 {
    u64::try_from(measure(act).bytes_current).unwrap()
}

fn entries(indexes: std::ops::Range<u64>) -> Vec<Entry> {
    let entry = |index| Entry::new(1, index, vec![7; 1000]);
    indexes.map(entry).collect()
}

/// Node 1 sends node 2 these entries, none of which is committed.
fn append(indexes: std::ops::Range<u64>) -> Message {
    let index = indexes.start - 1;
    let append = Append::new(EntryId { term: 1, index }, 2, entries(indexes));
    Message::new(1, 2, 1, Payload::Append(append))
}

/// A leader that probes again and again sends what is there already, and one entry more: the rest of its
/// messages is not kept for the sake of that one.
#[test]
fn overlapping_appends_are_not_kept() {
    let mut group = Group::new();
    let follower = &mut group.nodes[1];
    let held = left(|| {
        for end in 100..200 {
            follower.step(append(3..end)).unwrap();
            while let Some(ready) = follower.ready().unwrap() {
                follower.storage_mut().persist(&ready).unwrap();
                follower.advance(ready.persisted()).unwrap();
            }
        }
    });
    assert_eq!(follower.status().last_index, 198);
    assert!(held < 2 * 196 * 1000, "{held} bytes for 196 entries");
}

/// What came in many messages is handed to the disk at once: it is copied then, but not twice.
#[test]
fn what_many_appends_brought_is_copied_once() {
    let mut group = Group::new();
    let follower = &mut group.nodes[1];
    for first in (3..1027).step_by(64) {
        follower.step(append(first..first + 64)).unwrap();
    }
    let mut ready = None;
    let counted = measure(|| ready = follower.ready().unwrap());
    assert_eq!(ready.unwrap().entries().len(), 1024);
    let (held, peak) = (u64::try_from(counted.bytes_current).unwrap(), counted.bytes_max);
    assert!(peak < held + held / 10, "{peak} bytes at the peak for {held}");
}

/// However the entries came, and after a crash as before, what is compacted is freed.
#[test]
fn what_is_compacted_is_freed() {
    for (at_once, crash) in [(1, false), (1, true), (1000, false), (1000, true)] {
        let mut storage = MemoryStorage::new();
        let held = left(|| {
            for first in (1..=1000).step_by(at_once) {
                storage.append(&entries(first..first + at_once as u64)).unwrap();
            }
            storage.sync();
            if crash {
                storage.crash();
            }
            storage.compact(990).unwrap();
            storage.sync();
        });
        assert_eq!(storage.log().len(), 10);
        assert!(held < 30 * 1000, "{held} bytes for 10 entries: {at_once} {crash}");
    }
}

/// Whatever came between: two ticks later the buffers are gone.
#[test]
fn an_idle_node_holds_no_buffers() {
    let weight = |disturb: fn(&mut Node)| {
        let mut group = Group::new();
        group.rounds(1, 5);
        group.compact();
        let mut node = group.nodes.swap_remove(1);
        disturb(&mut node);
        node.tick().unwrap();
        node.tick().unwrap();
        assert!(!node.has_ready());
        -measure(|| drop(node)).bytes_current
    };
    let idle = weight(|_| {});
    let tick_while_a_ready_is_out = weight(|node| {
        let index = node.status().last_index;
        let entry = Entry::new(1, index + 1, "");
        let append = Append::new(EntryId { term: 1, index }, index + 1, [entry]);
        let message = Message::new(1, 2, 1, Payload::Append(append));
        node.step(message).unwrap();
        let ready = node.ready().unwrap().unwrap();
        node.storage_mut().persist(&ready).unwrap();
        node.tick().unwrap();
        let mut done = ready.persisted();
        assert_eq!(done.take_committed_entries().len(), 1);
        node.advance(done).unwrap();
        let applied = node.status().applied;
        node.storage_mut().compact(applied).unwrap();
        node.storage_mut().sync();
    });
    let event_without_a_ready = weight(|node| {
        let last = EntryId { term: 9, index: 9 };
        let request = RequestVote::new(last).with_pre_vote(true);
        let payload = Payload::RequestVote(request);
        let message = Message::new(3, 2, 9, payload);
        node.step(message).unwrap();
        assert!(!node.take_events().is_empty());
    });
    assert_eq!((tick_while_a_ready_is_out, event_without_a_ready), (idle, idle));
}

/// The value and all that it owns, its storage included, between two ticks. Its settings are there once for all.
#[test]
fn bytes_of_an_idle_replica() {
    for (position, named, bound) in [(0, false, 1_160), (2, false, 768), (0, true, 1_504), (2, true, 1_112)] {
        let mut group = Group::of(named);
        group.rounds(1, 5);
        group.compact();
        for node in &mut group.nodes {
            node.tick().unwrap();
        }
        group.settle();
        let node = group.nodes.swap_remove(position);
        assert_eq!(node.config().settings(), group.settings.settings());
        let freed = measure(|| drop(node)).bytes_current;
        let bytes = u64::try_from(-freed).unwrap() + size_of::<Node>() as u64;
        println!("node {}, named: {named}: {bytes} bytes", position + 1);
        assert!(
            bytes <= bound,
            "node {}, named: {named}: {bytes} > {bound}",
            position + 1
        );
    }
}

/// Heartbeats that ask for promises are no reads: right after them an idle group has no more in memory than without.
#[test]
fn bytes_of_an_idle_lease() {
    let bytes_after_heartbeats = |read_mode| {
        let mut settings = Config::new(1, 1);
        settings.settings_mut().read_mode = read_mode;
        let mut group = Group::with(false, settings);
        group.rounds(1, 5);
        group.compact();
        for _ in 0..5 {
            for node in &mut group.nodes {
                node.tick().unwrap();
            }
            group.settle();
        }
        let lease = group.nodes[0].status().lease_ticks;
        let bytes: Vec<i64> = group
            .nodes
            .into_iter()
            .map(|node| -measure(|| drop(node)).bytes_current)
            .collect();
        (lease > 0, bytes)
    };
    let (plain, leased) = (
        bytes_after_heartbeats(ReadMode::ReadIndex),
        bytes_after_heartbeats(ReadMode::Lease),
    );
    println!("plain: {plain:?}, with a lease: {leased:?}");
    assert_eq!((plain.0, leased.0), (false, true));
    assert_eq!(plain.1[1..], leased.1[1..]);
    assert!(leased.1[0] <= plain.1[0] + 256, "the rounds that it measures by");
}

/// A host of many groups has their settings in memory once.
#[test]
fn settings_are_shared() {
    let bytes = size_of::<quorate::Settings>();
    println!("settings: {bytes} bytes");
    assert!(bytes <= 208);
    let mut config = Config::new(1, 1);
    let shared = measure(|| drop(config.for_node(2, 2)));
    assert_eq!(shared.count_total, 0);
    let other = config.clone();
    let own = measure(|| config.settings_mut().election_timeout_ticks = 20);
    assert_eq!((own.count_total, other.settings().election_timeout_ticks), (1, 10));
}

/// An append to each of two followers, its answer, and the news that it is committed, however many
/// proposals there are.
#[test]
fn messages_a_round() {
    for batch in [1, 16, 256] {
        let mut group = Group::new();
        let before = group.messages;
        group.round(batch);
        assert_eq!(group.messages - before, 6);
    }
}

/// Reads that come together share a round of heartbeats.
#[test]
fn heartbeats_for_64_reads() {
    let mut group = Group::new();
    let before = group.messages;
    for read in 0..64_u8 {
        group.nodes[0].read_index(vec![read]).unwrap();
    }
    group.settle();
    assert_eq!((group.reads, group.heartbeats, group.messages - before), (64, 2, 4));
}

/// Rounds of one read each keep their buffers: what is allocated is the caller's context, the queue that waits, the
/// round's name, and that two heartbeats share it.
#[test]
fn allocations_of_a_read() {
    let mut group = Group::new();
    let mut rounds = |count: u64| {
        for read in 0..count {
            group.nodes[0].read_index(read.to_le_bytes().to_vec()).unwrap();
            group.settle();
        }
    };
    rounds(10);
    let counted = measure(|| rounds(100)).count_total;
    assert!(counted <= 400, "{counted} allocations in 100 reads");
}

/// On the wire, at index and commit index 10^6 in term 100: plain, with a group's id, and with the identities of stores.
#[test]
fn bytes_of_messages() {
    let id = EntryId {
        term: 100,
        index: 1_000_000,
    };
    let round = bytes::Bytes::from_static(&[0; 16]);
    let accepted = AppendResponse::accepted(id.index, Some(0));
    let vote = RequestVote::new(id).with_committed(id).with_configured_at(1_000);
    let commit = id.index;
    let context = bytes::Bytes::new();
    let cases = [
        (
            "heartbeat",
            Payload::Heartbeat(Heartbeat::new(commit).with_context(context)),
            [12, 22, 22],
        ),
        (
            "heartbeat of a round",
            Payload::Heartbeat(Heartbeat::new(commit).with_context(round.clone())),
            [30, 40, 40],
        ),
        (
            "answer to it",
            Payload::HeartbeatResponse(HeartbeatResponse::new(round).with_promised_ticks(Some(10))),
            [29, 39, 49],
        ),
        ("append response", Payload::AppendResponse(accepted), [15, 25, 35]),
        ("vote request", Payload::RequestVote(vote), [26, 36, 46]),
    ];
    for (name, payload, expected) in cases {
        let plain = Message::new(1, 2, 100, payload);
        let of_group = plain.clone().with_cluster_id(7);
        let identity = if plain.payload.carries_identity() { 9 } else { 0 };
        let named = of_group.clone().with_identity(identity);
        let seen = [plain, of_group, named].map(|message| message.encode().len());
        println!("{name}: {seen:?} bytes");
        assert_eq!(seen, expected, "{name}");
    }
}

/// A table of proposals costs nothing when it is empty, and a buffer that is used again and again when it is not.
#[test]
fn tables_of_what_is_pending() {
    let (mut proposals, mut reads) = (Proposals::new(), Reads::<u64>::new());
    let id = |index| EntryId { term: 1, index };
    let nothing = measure(|| {
        for index in 1..1_000 {
            assert_eq!(proposals.on_applied(id(index)), None);
            assert_eq!(proposals.drain_settled().next(), None);
            assert_eq!(reads.drain_settled(index).next(), None);
        }
    });
    assert_eq!(nothing.count_total, 0);
    let held = left(|| {
        for index in 2_000..2_100 {
            proposals.follow(id(index), index);
        }
        let flowing = measure(|| {
            for index in 2_100..12_100 {
                proposals.follow(id(index), index);
                assert_eq!(proposals.on_applied(id(index - 100)), Some(index - 100));
            }
        });
        assert!(flowing.count_total <= 1, "{} allocations", flowing.count_total);
        proposals.follow(EntryId { term: 2, index: 9 }, 9);
        proposals.give_up(|index| index % 2 == 0);
        proposals.on_applied(EntryId { term: 3, index: 20_000 });
        assert_eq!(proposals.drain_settled().count(), 101);
    });
    assert_eq!((held, proposals.is_empty()), (0, true));
}
