//! What the settings promise under each partial partition. The figures themselves are in
//! `docs/partitions.md`; here is what a change must not break, and one limit whose change must show.

#[path = "partitions/catch_up.rs"]
mod catch_up;

use std::ops::Range;

use quorate_sim::partitions::{Aid, ELECTION_TIMEOUT, Row, Scenario, Settings, WINDOW, measure, measure_aided};

use self::catch_up::{Rules, search};

const SEEDS: Range<u64> = 0..12;

/// For what does not depend on the seed.
const FEW: Range<u64> = 0..3;

/// Election timeouts in which a group with our defaults is back. The old leader notices within two, the
/// hub waits for up to two more; the fifth is to spare.
const PROMISED: u64 = 5;

fn row(scenario: Scenario, settings: Settings, seeds: Range<u64>) -> Row {
    measure(scenario, settings, seeds).unwrap()
}

fn aided(scenario: Scenario, settings: Settings, aid: Aid) -> Row {
    measure_aided(scenario, settings, aid, FEW).unwrap()
}

fn without_check_quorum() -> impl Iterator<Item = Settings> {
    Settings::ALL.into_iter().filter(|settings| !settings.check_quorum)
}

#[test]
fn the_defaults_are_those_of_the_core() {
    let config = quorate::Config::new(1, 1);
    let settings = Settings {
        pre_vote: config.settings().pre_vote,
        check_quorum: config.settings().check_quorum,
        lease_promises: config.settings().lease_promises,
    };
    assert_eq!(settings, Settings::DEFAULT);
    assert_eq!(config.settings().election_timeout_ticks, ELECTION_TIMEOUT);
}

#[test]
fn with_our_defaults_one_election_mends_quorum_loss_and_bridge() {
    for scenario in [Scenario::QuorumLoss, Scenario::Bridge] {
        let row = row(scenario, Settings::DEFAULT, SEEDS);
        assert_eq!(row.recovered, row.seeds, "{scenario}: {row}");
        assert!(
            row.ticks.worst <= Some(PROMISED * ELECTION_TIMEOUT),
            "{scenario}: {row}"
        );
        assert!(row.gap.worst <= PROMISED * ELECTION_TIMEOUT, "{scenario}: {row}");
        assert_eq!((row.leaders.worst, row.terms.worst), (1, 1), "{scenario}: {row}");
    }
}

#[test]
fn with_our_defaults_a_chain_notices_nothing() {
    let row = row(Scenario::Chained, Settings::DEFAULT, SEEDS);
    assert_eq!((row.busy, row.leaders.worst, row.terms.worst), (1000, 0, 0), "{row}");
}

/// A limit of Raft itself: only the hub reaches a majority, and its log cannot win.
#[test]
fn no_setting_mends_a_constrained_election() {
    for settings in Settings::ALL {
        let row = row(Scenario::ConstrainedElection, settings, FEW);
        assert_eq!((row.recovered, row.leaders.worst), (0, 0), "{row}");
        assert_eq!(row.gap.median, WINDOW * ELECTION_TIMEOUT, "{row}");
    }
}

/// What the long name of the opt-in says; and promises without check-quorum are no better.
#[test]
fn voters_that_stay_true_to_a_leader_that_never_gives_up_never_heal() {
    for settings in without_check_quorum().filter(|settings| settings.pre_vote || settings.lease_promises) {
        for scenario in [Scenario::QuorumLoss, Scenario::Bridge] {
            let row = row(scenario, settings, FEW);
            assert_eq!(row.recovered, 0, "{scenario}: {row}");
        }
    }
}

#[test]
fn a_transfer_to_the_hub_mends_what_settings_do_not() {
    for settings in without_check_quorum() {
        for scenario in [Scenario::QuorumLoss, Scenario::Bridge] {
            let row = aided(scenario, settings, Aid::Transfer);
            assert_eq!(row.recovered, row.seeds, "{scenario}: {row}");
        }
    }
}

#[test]
fn a_constrained_election_needs_a_link_between_two_who_have_the_log() {
    let scenario = Scenario::ConstrainedElection;
    let row = aided(scenario, Settings::DEFAULT, Aid::HealLeader);
    assert_eq!(row.recovered, 0, "{row}");
    let row = aided(scenario, Settings::DEFAULT, Aid::HealOthers);
    assert_eq!(row.recovered, row.seeds, "{row}");
    assert!(row.ticks.worst <= Some(PROMISED * ELECTION_TIMEOUT), "{row}");
}

#[test]
fn the_same_seeds_give_the_same_row() {
    let row = |seeds| measure(Scenario::Bridge, Settings::ALL[0], seeds).unwrap();
    assert_eq!(row(FEW), row(FEW));
    assert_ne!(row(FEW), row(3..6));
}

const SOUND: Rules = Rules {
    in_a_term_of_its_own: true,
    above_its_commit_index: true,
    at_least_as_up_to_date: true,
};

/// Walks of the model; `CATCH_UP_WALKS` asks for more.
fn walks() -> u64 {
    let walks = std::env::var("CATCH_UP_WALKS").ok();
    walks.and_then(|walks| walks.parse().ok()).unwrap_or(5_000)
}

/// The seeds were found by walking from 0 on.
#[test]
fn catch_up_breaks_without_each_of_its_rules() {
    for (rules, seed) in [
        (
            Rules {
                in_a_term_of_its_own: false,
                ..SOUND
            },
            315_954,
        ),
        (
            Rules {
                above_its_commit_index: false,
                ..SOUND
            },
            7_681_063,
        ),
        (
            Rules {
                at_least_as_up_to_date: false,
                ..SOUND
            },
            5_812,
        ),
    ] {
        let (broken, _) = search(rules, seed..seed + 1);
        let Some((_, steps)) = broken else {
            panic!("{rules:?} breaks nothing")
        };
        println!("{rules:?}\n{}\n", steps.join("\n"));
    }
}

#[test]
fn catch_up_with_all_of_its_rules_broke_nothing() {
    let (broken, taken_over) = search(SOUND, 0..walks());
    assert_eq!(broken, None);
    assert!(taken_over > walks() / 20, "{taken_over}");
    println!("{} walks, {taken_over} logs taken over", walks());
}
