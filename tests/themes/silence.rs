//! After a restart a node does not know what it promised: it keeps silent until that would be over.

use quorate::error::{CampaignError, CampaignRefusal};
use quorate::event::VoteRefusal;
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::message::Payload;
use quorate::status::RoleKind::{Candidate, Follower, Leader};
use quorate::{ConfState, Config, Event, HardState, MemoryStorage};

use crate::support::{Cluster, plain};
use crate::{alone, append, asked, events, hear, heartbeat, request, says, store_with};

/// Plain settings, but for promises and so many ticks of silence.
fn silent(ticks: Option<u64>) -> Config {
    let mut config = plain(1);
    (
        config.settings_mut().lease_promises,
        config.settings_mut().restart_silence_ticks,
    ) = (true, ticks);
    config
}

/// A store of `n` voters in this term.
fn stored(n: u64, term: u64) -> MemoryStorage {
    store_with(n, &[], HardState::new(term, None, 1))
}

/// The setting, the stored term, and the ticks of silence. (With promises off, too: an earlier start
/// may have made them.)
#[test]
fn who_keeps_silent() {
    for promises in [true, false] {
        for (setting, term, expected) in [
            (None, 1, 10),
            (None, 7, 10),
            (None, 0, 0),
            (Some(0), 1, 0),
            (Some(3), 1, 3),
            (Some(3), 0, 0),
            (Some(50), 1, 50),
        ] {
            let mut settings = silent(setting);
            settings.settings_mut().lease_promises = promises;
            let mut cluster = alone(settings, stored(3, term));
            cluster.node(1).set_election_timeout_draw(1000);
            let outcome = cluster.node(1).campaign().err();
            let refusal = CampaignError::Refused(CampaignRefusal::Silent(expected));
            assert_eq!(
                outcome,
                Some(refusal).filter(|_| expected > 0),
                "{setting:?}, term {term}"
            );
            // On its last tick still, and then no more.
            if let Some(most) = expected.checked_sub(1) {
                cluster.tick(1, most);
                let refusal = CampaignError::Refused(CampaignRefusal::Silent(1));
                assert_eq!(cluster.node(1).campaign(), Err(refusal));
                cluster.tick(1, 1);
                assert_eq!(cluster.node(1).campaign(), Ok(()));
            }
        }
    }
}

/// Calls for an election in silence: dropped, forced ones too, without a word and without their
/// term.
#[test]
fn what_is_not_heard() {
    let calls = [
        (3, request(false, (1, 9), false)),
        (3, request(true, (1, 9), false)),
        (3, request(false, (1, 9), true)),
        (2, request(false, (1, 9), false)),
        (3, Payload::TimeoutNow),
        (2, Payload::TimeoutNow),
    ];
    for (term, payload) in calls {
        let mut cluster = alone(silent(None), stored(3, 2));
        let before = cluster.raw(1).status();
        let name = payload.name();
        assert!(asked(&mut cluster, 2, term, payload).is_empty(), "{name} in {term}");
        assert_eq!(cluster.raw(1).status(), before, "{name} in {term}");
        let told = events(&mut cluster);
        let silent = |event: &Event| match event {
            Event::VoteRefused { reason, .. } => *reason == VoteRefusal::Silent(10),
            Event::CampaignRefused { reason } => *reason == CampaignRefusal::Silent(10),
            _ => false,
        };
        assert!(told.len() == 1 && told.iter().all(silent), "{name} in {term}: {told:?}");
    }
    // A call of an earlier term could win nothing, and is answered as always.
    let mut cluster = alone(silent(None), stored(3, 2));
    let said = asked(&mut cluster, 2, 1, request(true, (1, 9), false));
    assert_eq!(said, ["1->2 PreVoteResponse term=2 refused"]);
}

/// What a leader says is handled and answered as always, promises included.
#[test]
fn what_is_heard() {
    let mut cluster = alone(silent(None), stored(3, 2));
    let said = asked(&mut cluster, 2, 2, heartbeat(1));
    assert_eq!(
        said,
        ["1->2 HeartbeatResponse term=2"],
        "the first promise is not stored yet"
    );
    let said = asked(&mut cluster, 2, 2, heartbeat(1));
    assert_eq!(said, ["1->2 HeartbeatResponse term=2 promised=10"]);
    let said = asked(&mut cluster, 2, 2, append((1, 1), &[2], 2));
    assert_eq!(said, ["1->2 AppendResponse term=2 accepted=2"]);
    assert_eq!(
        (cluster.committed(1), cluster.raw(1).status().soft_state.leader),
        (2, Some(2))
    );
    let said = asked(&mut cluster, 3, 4, append((2, 2), &[4], 3));
    assert_eq!(said, ["1->3 AppendResponse term=4 accepted=3"], "a later leader too");
    assert_eq!(cluster.term(1), 4);
    assert!(cluster.node(1).propose("a").is_ok(), "forwarded");
    assert!(cluster.node(1).read_index("r").is_ok(), "forwarded");
}

/// An election timeout that ends in silence passes; the next one does not.
#[test]
fn timeouts_in_silence() {
    let mut cluster = alone(silent(Some(15)), stored(3, 2));
    cluster.node(1).set_election_timeout_draw(11);
    cluster.tick(1, 11);
    assert_eq!((cluster.role(1), cluster.term(1)), (Follower, 2));
    let reason = CampaignRefusal::Silent(4);
    assert_eq!(events(&mut cluster), [Event::CampaignRefused { reason }]);
    cluster.tick(1, 11);
    assert_eq!((cluster.role(1), cluster.term(1)), (Candidate, 3));
}

/// Node 1 restarts with the silence that is set by default.
fn restart(cluster: &mut Cluster) {
    let mut settings = silent(None);
    settings.seed = 1_000;
    cluster.restart_with(settings);
}

/// The only voter may campaign at once: nobody else can have been promised anything. That says
/// nothing about a vote for another.
#[test]
fn the_only_voter_campaigns_at_once() {
    let learners = ConfState::of_voters([1]).with_learners([2, 3]);
    let joint = ConfState::of_voters([1]).with_voters_outgoing([1, 2]);
    let learner = ConfState::of_voters([2]).with_learners([1]);
    for (conf_state, outcome) in [
        (ConfState::of_voters([1]), Ok(())),
        (learners, Ok(())),
        (ConfState::of_voters([1, 2]), Err(CampaignRefusal::Silent(10))),
        (joint, Err(CampaignRefusal::Silent(10))),
        (learner, Err(CampaignRefusal::NotVoter)),
        (ConfState::default(), Err(CampaignRefusal::NotVoter)),
    ] {
        let mut storage = stored(1, 2);
        storage.set_conf_state(conf_state.clone(), 1);
        storage.sync();
        let mut cluster = alone(silent(None), storage);
        for forced in [false, true] {
            let said = asked(&mut cluster, 2, 3, request(false, (1, 9), forced));
            assert!(said.is_empty() && cluster.term(1) == 2, "{conf_state:?}");
        }
        let campaign = cluster.node(1).campaign();
        assert_eq!(campaign, outcome.map_err(CampaignError::Refused), "{conf_state:?}");
    }
    // It leads, and is still silent towards others.
    let mut cluster = alone(silent(None), stored(1, 2));
    cluster.node(1).campaign().expect("alone");
    cluster.drain(1);
    assert_eq!(cluster.role(1), Leader);
    hear(&mut cluster, 2, 9, request(false, (3, 9), true));
    assert_eq!((cluster.role(1), cluster.term(1)), (Leader, 3));
}

/// Whether a node is alone is judged by what it has applied and by what its log holds beyond: now,
/// and again the next time.
#[test]
fn whoever_may_not_be_alone_is_silent() {
    for (kind, id, alone_afterwards) in [
        (ConfChangeKind::AddNode, 2, false),
        (ConfChangeKind::AddLearnerNode, 2, true),
        (ConfChangeKind::UpdateNode, 1, true),
    ] {
        let mut cluster = crate::leading(1, plain(1));
        let _ = cluster
            .node(1)
            .propose_conf_change(ConfChangeV2::new([(kind, id)]))
            .expect("it may");
        // The change is in the log and synced; that it is committed is written, and not synced.
        says(&mut cluster);
        assert_eq!(cluster.raw(1).status().applied, 3);
        restart(&mut cluster);
        assert_eq!(cluster.committed(1), 2);
        let silent = Err(CampaignError::Refused(CampaignRefusal::Silent(10)));
        assert_eq!(cluster.node(1).campaign(), silent, "{kind:?}");
        says(&mut cluster);
        assert_eq!(cluster.node(1).campaign(), silent, "{kind:?}: still not applied");
        cluster.tick(1, 10);
        cluster.node(1).set_election_timeout_draw(1000);
        let _ = cluster.node(1).campaign();
        says(&mut cluster);
        let leads = cluster.role(1) == Leader;
        assert!(leads, "{kind:?}: alone by what it has applied, {:?}", cluster.role(1));
        assert_eq!(
            cluster.raw(1).membership().is_sole_voter(1),
            alone_afterwards,
            "{kind:?}"
        );
    }
}

/// Two voters, of which one is removed: once that is applied, who is left is alone.
#[test]
fn whoever_gets_alone_may_campaign() {
    let mut cluster = crate::leading(2, plain(1));
    hear(&mut cluster, 2, 1, crate::accepted(2));
    let removal = ConfChangeV2::new([(ConfChangeKind::RemoveNode, 2)]);
    let _ = cluster.node(1).propose_conf_change(removal).expect("it may");
    says(&mut cluster);
    hear(&mut cluster, 2, 1, crate::accepted(3));
    let _ = cluster.propose(1, "its sync covers the commit index before");
    says(&mut cluster);
    restart(&mut cluster);
    assert_eq!(cluster.committed(1), 3);
    let silent = Err(CampaignError::Refused(CampaignRefusal::Silent(10)));
    assert_eq!(cluster.node(1).campaign(), silent, "the removal is not applied yet");
    cluster.drain(1);
    assert_eq!(cluster.node(1).campaign(), Ok(()));
    cluster.drain(1);
    assert_eq!(cluster.role(1), Leader);
}

/// A voter that restarts within a lease helps nobody to break it.
#[test]
fn a_restart_within_a_lease() {
    // Whatever the settings say: the promise is stored.
    for silence in [None, Some(0)] {
        let mut cluster = Cluster::new(3, |id| {
            let mut settings = crate::leases::leased(id);
            settings.settings_mut().restart_silence_ticks = silence;
            settings
        });
        cluster.elect(1);
        cluster.tick_all(2);
        cluster.isolate(1);
        for id in [2, 3] {
            cluster.restart(id);
        }
        let _ = cluster.node(3).campaign();
        cluster.settle();
        assert!(cluster.raw(1).status().lease_ticks > 0);
        assert_ne!(cluster.role(3), Leader, "silence: {silence:?}");
    }
}
