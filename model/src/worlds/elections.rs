//! Elections, replication and reads, where no time passes.

use quorate::CommitGroups;

use super::{Named, row};
use crate::budget::Kind;
use crate::event::Event;
use crate::world::World;

pub(super) const WORLDS: &[Named] = &[
    row(
        "pair",
        "two voters, terms to 3, a crash that tears any write, loss",
        pair,
    )
    .small(),
    row(
        "votes",
        "three voters, terms to 3, a crash: who is elected, and with which votes",
        votes,
    )
    .small(),
    row(
        "behind",
        "three voters, terms to 5, a crash: who is refused for its term stands again, but for one who does not know that",
        behind,
    ),
    row("terms", "three voters, terms to 3, two proposals, any order", terms),
    row(
        "figure-8",
        "the paper's Figure 8 from (a) on: terms to 4, one entry a message, three in flight, what is sent beside them lost",
        figure_8,
    ),
    row(
        "torn",
        "three voters, terms to 2, a crash at any moment that tears any batch",
        torn,
    ),
    row(
        "lossy",
        "links that keep the order, but for one message; loss and duplicates",
        lossy,
    ),
    row(
        "transfer",
        "leadership is handed over, with a proposal and a candidacy beside it",
        transfer,
    )
    .small(),
    row(
        "reads",
        "reads by rounds of heartbeats at leaders and followers, while another is elected",
        reads,
    ),
    row(
        "reads-wide",
        "the same with two reads at once and four messages in flight",
        reads_wide,
    ),
    row(
        "reads-restarted",
        "the same, with a leader that restarts while its rounds are under way",
        reads_restarted,
    ),
    row(
        "pre-vote",
        "pre-votes, and a voter that knows more than the candidate",
        pre_vote,
    ),
    row("mixed", "etcd's settings beside ours", mixed),
    row(
        "notices",
        "followers are told of what is committed with what is sent anyway, while one that tells at once is elected",
        notices,
    ),
    row(
        "groups",
        "four voters in two commit groups of three and one, while that one is elected",
        groups,
    )
    .small(),
];

fn pair() -> World {
    World::new(2)
        .allow(Kind::Campaign, 3)
        .allow(Kind::Propose, 1)
        .allow(Kind::Crash, 1)
        .allow(Kind::Lose, 1)
        .max_term(3)
        .max_in_flight(2)
}

fn votes() -> World {
    World::new(3)
        .symmetric()
        .allow(Kind::Campaign, 2)
        .allow(Kind::Crash, 1)
        .max_term(2)
        .max_in_flight(3)
}

/// Three candidacies make three terms; the others are of candidates that stood again.
fn behind() -> World {
    World::new(3)
        .settings_at(3, |settings| settings.refuse_stale_candidates = false)
        .allow(Kind::Campaign, 3)
        .allow(Kind::Crash, 1)
        .max_term(5)
        .max_in_flight(3)
}

fn terms() -> World {
    World::new(3)
        .symmetric()
        .allow(Kind::Campaign, 3)
        .allow(Kind::Propose, 2)
        .max_term(3)
        .max_in_flight(4)
}

/// Three are enough: a leader of term 3 counts an entry of term 1, and one that has an entry of term 2 is elected in
/// term 4. It begins as the figure does, in (a): the leader of term 1 has an entry that nobody else has.
fn figure_8() -> World {
    World::new(3)
        .settings(|settings| settings.max_message_bytes = 0)
        .led_by(1)
        .first(1, Event::Propose("x".into()))
        .first_silence()
        .allow_at(Kind::Campaign, 3, [1, 3])
        .allow(Kind::Lose, 1)
        .crowded()
        .max_term(4)
        .max_in_flight(3)
}

fn torn() -> World {
    World::new(3)
        .symmetric()
        .allow(Kind::Campaign, 2)
        .allow(Kind::Propose, 1)
        .allow(Kind::Crash, 1)
        .max_term(2)
        .max_in_flight(4)
}

fn lossy() -> World {
    World::new(3)
        .ordered()
        .led_by(1)
        .allow(Kind::Campaign, 1)
        .allow(Kind::Propose, 2)
        .allow(Kind::Lose, 2)
        .allow(Kind::Duplicate, 1)
        .allow(Kind::Reorder, 1)
        .max_term(2)
        .max_in_flight(4)
}

fn transfer() -> World {
    World::new(3)
        .led_by(1)
        .allow(Kind::Transfer, 1)
        .allow(Kind::Campaign, 1)
        .allow(Kind::Propose, 1)
        .max_term(3)
        .max_in_flight(3)
}

fn reads() -> World {
    World::new(3)
        .led_by(1)
        .first_silence()
        .allow_at(Kind::Campaign, 1, [2])
        .allow(Kind::Propose, 1)
        .allow(Kind::Read, 1)
        .max_term(2)
        .max_in_flight(3)
}

fn reads_wide() -> World {
    reads().allow(Kind::Read, 2).max_in_flight(4)
}

fn reads_restarted() -> World {
    World::new(3)
        .led_by(1)
        .allow_at(Kind::Campaign, 2, [1, 2])
        .allow_at(Kind::Propose, 1, [2])
        .allow_at(Kind::Read, 2, [1])
        .allow_at(Kind::Crash, 1, [1])
        .max_term(3)
        .max_in_flight(3)
}

fn pre_vote() -> World {
    let on = |settings: &mut quorate::Settings| {
        settings.pre_vote = true;
        settings.allow_pre_vote_without_check_quorum_which_never_heals_from_some_partitions = true;
    };
    World::new(3)
        .settings(on)
        .allow(Kind::Campaign, 3)
        .allow(Kind::Propose, 1)
        .allow(Kind::Lose, 1)
        .max_term(3)
        .max_in_flight(3)
}

fn mixed() -> World {
    let like_etcd = quorate::Config::like_etcd(1, 0).settings().clone();
    World::new(3)
        .settings_at(3, |settings| *settings = like_etcd.clone())
        .led_by(1)
        .allow_at(Kind::Campaign, 2, [2, 3])
        .allow(Kind::Propose, 1)
        .allow(Kind::Crash, 1)
        .max_term(3)
        .max_in_flight(3)
}

fn notices() -> World {
    World::new(3)
        .settings(|settings| {
            (settings.election_timeout_ticks, settings.heartbeat_interval_ticks) = (9, 3);
            settings.commit_notice_ticks = 2;
        })
        .settings_at(2, |settings| settings.commit_notice_ticks = 0)
        .led_by(1)
        .allow_at(Kind::Campaign, 1, [2])
        .allow_at(Kind::Tick, 3, [1])
        .allow(Kind::Propose, 2)
        .max_term(2)
        .max_in_flight(4)
}

/// Three voters of one group are a quorum and no two groups; one of each group are no quorum.
fn groups() -> World {
    World::new(4)
        .settings(|settings| settings.commit_groups = CommitGroups::new([(1, 1), (2, 1), (3, 1), (4, 2)]))
        .led_by(1)
        .allow_at(Kind::Campaign, 1, [4])
        .allow(Kind::Propose, 1)
        .crowded()
        .max_term(2)
        .max_in_flight(3)
}
