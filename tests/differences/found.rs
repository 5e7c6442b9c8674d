//! D19 on: what simulation, profiles and readers found in what etcd-io/raft does.

use quorate::error::{AcknowledgeError, CampaignError, CampaignRefusal};
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::message::{Append, Heartbeat, Payload, RequestVote, VoteResponse};
use quorate::status::RoleKind;
use quorate::types::{EntryKind, SnapshotMetadata};
use quorate::{ConfState, Config, Entry, EntryId, HardState, RawNode, Snapshot};

use crate::support::{config, message, store};
use crate::{led_with, single};

/// Ticks until a follower campaigns, to which a hopeless candidate of ever higher terms talks each tick.
fn ticks_until_campaign(change: impl Fn(&mut Config)) -> u64 {
    let mut settings = config(1);
    settings.settings_mut().pre_vote = false;
    settings.settings_mut().check_quorum = false;
    settings.settings_mut().lease_promises = false;
    change(&mut settings);
    let mut cluster = single(settings, store(&[1, 2, 3]));
    (1..=100)
        .find(|tick| {
            let request = RequestVote::new(EntryId::default());
            cluster.step(message(3, 1, tick + 1, Payload::RequestVote(request)));
            cluster.tick(1, 1);
            cluster.role(1) == RoleKind::Candidate
        })
        .unwrap_or(u64::MAX)
}

#[test]
fn d19_a_higher_term_alone_resets_no_timer() {
    assert!(ticks_until_campaign(|_| {}) < 20);
    let like_etcd = ticks_until_campaign(|config| config.settings_mut().higher_term_resets_timer = true);
    assert_eq!(like_etcd, u64::MAX, "kept from campaigning by one that cannot win");
}

/// The entries of a batch reached the disk, its hard state did not.
#[test]
fn d20_a_torn_batch_lifts_the_term() {
    let mut storage = store(&[1, 2, 3]);
    let entry = Entry::new(4, 2, "");
    storage.append(&[entry]).unwrap();
    storage.set_hard_state(HardState::new(2, Some(3), 1));
    let node = RawNode::new(config(1), storage).unwrap();
    let HardState { term, vote, .. } = node.status().hard_state;
    assert_eq!((term, vote), (4, None));
}

/// Nodes 1 and 3 were removed, and applied that. Node 2, the only voter left, stores the entries and does
/// not know that they are committed; those whom it asks have one entry more, and will never stand for
/// election themselves.
fn whether_the_last_voter_leads(told: EntryId) -> bool {
    let change = ConfChangeV2::new([(ConfChangeKind::RemoveNode, 1), (ConfChangeKind::RemoveNode, 3)]);
    let data = [change.encode(), ConfChangeV2::leave_joint().encode()];
    let entries = (2..)
        .zip(data)
        .map(|(index, data)| Entry::new(1, index, data).with_kind(EntryKind::ConfChangeV2));
    let mut storage = store(&[1, 2, 3]);
    storage.append(&entries.collect::<Vec<_>>()).unwrap();
    storage.set_hard_state(HardState::new(1, Some(1), 1));
    let mut cluster = single(config(2), storage);
    for _ in 0..200 {
        cluster.tick(2, 1);
        for asked in cluster.take(|message| matches!(message.payload, Payload::RequestVote(_))) {
            let refusal = Payload::VoteResponse(VoteResponse::new(false).with_pre_vote(true).with_committed(told));
            cluster.step(message(asked.to, 2, 1, refusal));
        }
    }
    cluster.role(2) == RoleKind::Leader
}

#[test]
fn d21_votes_tell_what_is_committed() {
    assert!(whether_the_last_voter_leads(EntryId { term: 1, index: 3 }));
    assert!(
        !whether_the_last_voter_leads(EntryId::default()),
        "nobody can lead, for ever"
    );
    let another = EntryId { term: 9, index: 3 };
    assert!(!whether_the_last_voter_leads(another), "that is not the entry it has");
    let mut cluster = led_with(3, |_| {});
    cluster.commit(1, "a");
    let refused = |cluster: &mut crate::Cluster| {
        let request = RequestVote::new(EntryId::default()).with_forced(true);
        cluster.step(message(3, 2, 9, Payload::RequestVote(request)));
        cluster.drain(2);
        cluster.take(|message| message.from == 2 && matches!(message.payload, Payload::VoteResponse(_)))
    };
    let answers = refused(&mut cluster);
    let tells = |answer: &quorate::Message| matches!(answer.payload, Payload::VoteResponse(VoteResponse { granted: false, committed, .. }) if committed == EntryId { term: 1, index: 3 });
    assert!(answers.iter().any(tells), "{answers:?}");
}

/// The news counts whatever the term of the message, and whether it asks, grants or refuses: in the term of its
/// sender, or a later one.
#[test]
fn d21_news_of_any_term_counts() {
    let committed = EntryId { term: 1, index: 2 };
    let answer = |pre_vote, granted| {
        Payload::VoteResponse(
            VoteResponse::new(granted)
                .with_pre_vote(pre_vote)
                .with_committed(committed),
        )
    };
    let ask = |pre_vote| {
        let request = RequestVote::new(EntryId::default()).with_pre_vote(pre_vote);
        Payload::RequestVote(request.with_committed(committed))
    };
    let all = [true, false].map(|pre_vote| [ask(pre_vote), answer(pre_vote, true), answer(pre_vote, false)]);
    for payload in all.into_iter().flatten() {
        for term in [3, 5, 7] {
            let mut storage = store(&[1, 2, 3]);
            let entry = Entry::new(1, 2, "");
            storage.append(&[entry]).unwrap();
            storage.set_hard_state(HardState::new(5, None, 1));
            let mut cluster = single(config(1), storage);
            cluster.step(message(2, 1, term, payload.clone()));
            // A pre-vote for term 7 that is granted, of a voter of term 6 perhaps, answers nothing that we asked.
            let stray = term == 7 && payload == answer(true, true);
            assert_eq!(
                cluster.committed(1),
                if stray { 1 } else { 2 },
                "{payload:?} of term {term}"
            );
        }
    }
}

/// A candidate hears that its own removal is committed, and applies it: it must not win any more, and lead a
/// group for good that does not count it.
#[test]
fn d21_a_candidate_that_is_removed_stands_no_more() {
    for pre_vote in [false, true] {
        let mut storage = store(&[1, 2, 3, 4, 5]);
        let removal = Entry::new(1, 2, ConfChangeV2::new([(ConfChangeKind::RemoveNode, 1)]).encode())
            .with_kind(EntryKind::ConfChangeV2);
        storage.append(&[removal]).unwrap();
        storage.set_hard_state(HardState::new(1, None, 1));
        let mut settings = config(1);
        settings.settings_mut().pre_vote = pre_vote;
        let mut cluster = single(settings, storage);
        cluster.node(1).campaign().unwrap();
        cluster.drain(1);
        let term = cluster.term(1);
        let mut answer = |from, term, granted, committed| {
            let answer = Payload::VoteResponse(
                VoteResponse::new(granted)
                    .with_pre_vote(pre_vote)
                    .with_committed(committed),
            );
            cluster.step(message(from, 1, term, answer));
            cluster.drain(1);
        };
        answer(2, term, false, EntryId { term: 1, index: 2 });
        for from in [3, 4, 5] {
            answer(from, term + u64::from(pre_vote), true, EntryId::default());
        }
        assert_eq!(cluster.raw(1).membership().to_string(), "voters=(2 3 4 5)");
        assert_eq!((cluster.role(1), cluster.term(1)), (RoleKind::Follower, term));
    }
}

/// A change was handed out to be applied; before that is done, a snapshot arrives that covers it.
#[test]
fn d22_a_change_that_a_snapshot_covers_is_not_made_again() {
    let change = ConfChangeV2::new([(ConfChangeKind::AddNode, 4)]);
    let late = Entry::new(1, 2, change.encode()).with_kind(EntryKind::ConfChangeV2);
    let mut storage = store(&[1, 2, 3]);
    storage.append(std::slice::from_ref(&late)).unwrap();
    storage.set_hard_state(HardState::new(1, None, 2));
    storage.sync();
    let mut cluster = single(config(2), storage);
    let _ready = cluster.node(2).ready().unwrap().expect("the change");
    let conf_state = ConfState::of_voters([1, 2]);
    let metadata = SnapshotMetadata::new(EntryId { term: 1, index: 9 }, conf_state.clone());
    let snapshot = Snapshot::new(metadata, "");
    cluster.step(message(1, 2, 1, Payload::InstallSnapshot(Box::new(snapshot))));
    let kept = cluster.node(2).apply_conf_change(&late).unwrap();
    assert_eq!(kept, conf_state);
    assert_eq!(cluster.raw(2).membership().members(), [1, 2]);
}

/// Node 2 holds the removals of 3 and of itself, committed, and its application forgets them. Were it taken at its
/// word, it would lead the group of three with the vote of 3, which knows of neither, while 1 leads alone.
#[test]
fn d30_a_change_that_is_forgotten_is_asked_for() {
    let removal = |index, node| {
        Entry::new(
            1,
            index,
            ConfChangeV2::new([(ConfChangeKind::RemoveNode, node)]).encode(),
        )
        .with_kind(EntryKind::ConfChangeV2)
    };
    let mut cluster = single(config(2), store(&[1, 2, 3]));
    let append = Append::new(EntryId { term: 1, index: 1 }, 3, [removal(2, 3), removal(3, 2)]);
    cluster.step(message(1, 2, 1, Payload::Append(append)));
    let node = cluster.node(2);
    let ready = node.ready().unwrap().expect("entries to store and apply");
    let mut done = ready
        .persisted_by(|task| node.storage_mut().persist_task(task))
        .unwrap();
    let entries = done.take_committed_entries();
    for change in &entries {
        let refused = node.advance(done).expect_err("a change is missing");
        assert_eq!(
            refused.reason,
            AcknowledgeError::UnhandledChange { index: change.index }
        );
        assert_eq!(node.status().applied, 1);
        done = refused.batch.expect("it comes back");
        node.apply_conf_change(change).unwrap();
    }
    node.advance(done).unwrap();
    assert_eq!((node.status().applied, node.membership().members()), (3, vec![1]));
    assert_eq!(node.campaign(), Err(CampaignError::Refused(CampaignRefusal::NotVoter)));
}

/// The removals of 3 and of node 2 itself are applied, and the stored configuration is that of before. Node 2 would
/// lead the group of three with the vote of 3, which knows of neither, while 1 leads alone.
#[test]
fn d32_a_stored_configuration_is_brought_up_to_date() {
    let removal = |index, node| {
        Entry::new(
            1,
            index,
            ConfChangeV2::new([(ConfChangeKind::RemoveNode, node)]).encode(),
        )
        .with_kind(EntryKind::ConfChangeV2)
    };
    let mut storage = store(&[1, 2, 3]);
    storage.append(&[removal(2, 3), removal(3, 2)]).unwrap();
    storage.set_hard_state(HardState::new(1, None, 3));
    storage.sync();
    let mut settings = config(2);
    settings.applied = 3;
    let mut node = RawNode::new(settings, storage).unwrap();
    assert_eq!((node.membership().members(), node.configured_at()), (vec![1], 3));
    assert_eq!(node.campaign(), Err(CampaignError::Refused(CampaignRefusal::NotVoter)));
}

/// What a follower of term 5 that holds entry 1/2, acknowledged, answers to an append without entries.
fn answers_to_a_notice(notice: bool, prev: EntryId) -> usize {
    let mut cluster = single(config(2), store(&[1, 2, 3]));
    let append = |prev: EntryId, entries: Vec<Entry>, commit, commit_only| {
        let append = Append::new(prev, commit, entries).with_commit_only(commit_only);
        message(1, 2, 5, Payload::Append(append))
    };
    let entry = Entry::new(5, 2, "");
    cluster.step(append(EntryId { term: 1, index: 1 }, vec![entry], 1, false));
    cluster.drain(2);
    cluster.take(|_| true);
    cluster.step(append(prev, vec![], 2, notice));
    cluster.drain(2);
    cluster.take(|message| message.to == 1).len()
}

#[test]
fn d23_a_notice_of_what_is_committed_is_not_answered() {
    let (held, missing) = (EntryId { term: 5, index: 2 }, EntryId { term: 5, index: 3 });
    assert_eq!(answers_to_a_notice(true, held), 0);
    assert_eq!(answers_to_a_notice(false, held), 1, "a probe");
    assert_eq!(answers_to_a_notice(true, missing), 1, "an entry was lost after all");
    let notices = |change: fn(&mut Config)| {
        let mut cluster = led_with(3, change);
        let _ = cluster.propose(1, "a");
        cluster.drain(1);
        let mut notices = Vec::new();
        for _ in 0..3 {
            for message in cluster.take(|_| true) {
                if let Payload::Append(append) = &message.payload {
                    notices.extend(append.entries.is_empty().then_some(append.commit_only));
                }
                let to = message.to;
                cluster.step(message);
                cluster.drain(to);
            }
        }
        notices
    };
    assert_eq!(notices(|_| {}), [true, false], "node 3 has not answered yet");
    assert_eq!(
        notices(|config| config.settings_mut().eager_appends = true),
        [false, false],
        "as etcd"
    );
}

/// The log has an entry of term 1; a heartbeat of term 2 says that it is committed, and then that leader's append.
#[test]
fn d25_a_heartbeat_commits_what_is_known_to_match() {
    let mut storage = store(&[1, 2, 3]);
    let entry = |term, index| Entry::new(term, index, "");
    storage.append(&[entry(1, 2)]).unwrap();
    let mut cluster = single(config(1), storage);
    let beat = || {
        let context = bytes::Bytes::new();
        message(2, 1, 2, Payload::Heartbeat(Heartbeat::new(2).with_context(context)))
    };
    cluster.step(beat());
    assert_eq!(cluster.committed(1), 1);
    let append = Append::new(EntryId { term: 1, index: 2 }, 1, vec![entry(2, 3)]);
    cluster.step(message(2, 1, 2, Payload::Append(append)));
    cluster.step(beat());
    assert_eq!(cluster.committed(1), 2);
}
