//! D19 to D22: what simulation found in what etcd-io/raft does.

use quorate::{
    ConfChangeKind, ConfChangeV2, ConfState, Config, Entry, EntryId, EntryKind, HardState, Payload, RawNode,
    RequestVote, RoleKind, Snapshot, SnapshotMetadata,
};

use crate::support::{config, message, store};
use crate::{led_with, single};

/// Ticks until a follower campaigns, to which a hopeless candidate of ever higher terms talks each tick.
fn ticks_until_campaign(change: impl Fn(&mut Config)) -> u64 {
    let mut settings = config(1);
    settings.pre_vote = false;
    settings.check_quorum = false;
    settings.lease_promises = false;
    change(&mut settings);
    let mut cluster = single(settings, store(&[1, 2, 3]));
    (1..=100)
        .find(|tick| {
            let request = RequestVote {
                pre_vote: false,
                last: EntryId::default(),
                forced: false,
            };
            cluster.step(message(3, 1, tick + 1, Payload::RequestVote(request)));
            cluster.tick(1, 1);
            cluster.role(1) == RoleKind::Candidate
        })
        .unwrap_or(u64::MAX)
}

#[test]
fn d19_a_higher_term_alone_resets_no_timer() {
    assert!(ticks_until_campaign(|_| {}) < 20);
    let like_etcd = ticks_until_campaign(|config| config.higher_term_resets_timer = true);
    assert_eq!(like_etcd, u64::MAX, "kept from campaigning by one that cannot win");
}

/// The entries of a batch reached the disk, its hard state did not.
#[test]
fn d20_a_torn_batch_lifts_the_term() {
    let mut storage = store(&[1, 2, 3]);
    let entry = Entry {
        term: 4,
        index: 2,
        ..Entry::default()
    };
    storage.append(&[entry]).unwrap();
    storage.set_hard_state(HardState {
        term: 2,
        vote: Some(3),
        commit: 1,
    });
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
    let entries = (2..).zip(data).map(|(index, data)| Entry {
        term: 1,
        index,
        kind: EntryKind::ConfChangeV2,
        data: data.into(),
    });
    let mut storage = store(&[1, 2, 3]);
    storage.append(&entries.collect::<Vec<_>>()).unwrap();
    storage.set_hard_state(HardState {
        term: 1,
        vote: Some(1),
        commit: 1,
    });
    let mut cluster = single(config(2), storage);
    for _ in 0..200 {
        cluster.tick(2, 1);
        for asked in cluster.take(|message| matches!(message.payload, Payload::RequestVote(_))) {
            let refusal = Payload::VoteResponse {
                pre_vote: true,
                granted: false,
                committed: told,
            };
            cluster.step(message(asked.to, 2, 1, refusal));
        }
    }
    cluster.role(2) == RoleKind::Leader
}

#[test]
fn d21_a_refused_vote_tells_what_is_committed() {
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
        let request = RequestVote {
            pre_vote: false,
            last: EntryId::default(),
            forced: true,
        };
        cluster.step(message(3, 2, 9, Payload::RequestVote(request)));
        cluster.drain(2);
        cluster.take(|message| message.from == 2 && matches!(message.payload, Payload::VoteResponse { .. }))
    };
    let answers = refused(&mut cluster);
    let tells = |answer: &quorate::Message| matches!(answer.payload, Payload::VoteResponse { granted: false, committed, .. } if committed == EntryId { term: 1, index: 3 });
    assert!(answers.iter().any(tells), "{answers:?}");
}

/// A change was handed out to be applied; before that is done, a snapshot arrives that covers it.
#[test]
fn d22_a_change_that_a_snapshot_covers_is_not_made_again() {
    let mut cluster = single(config(2), store(&[1, 2, 3]));
    let conf_state = ConfState::of_voters([1, 2]);
    let metadata = SnapshotMetadata {
        conf_state: conf_state.clone(),
        index: 9,
        term: 1,
    };
    let snapshot = Snapshot {
        metadata,
        ..Snapshot::default()
    };
    cluster.step(message(1, 2, 1, Payload::InstallSnapshot(Box::new(snapshot))));
    let change = ConfChangeV2::new([(ConfChangeKind::AddNode, 4)]);
    let late = Entry {
        term: 1,
        index: 5,
        kind: EntryKind::ConfChangeV2,
        data: change.encode().into(),
    };
    let kept = cluster.node(2).apply_conf_change(&late).unwrap();
    assert_eq!(kept, conf_state);
    assert_eq!(cluster.raw(2).membership().members(), [1, 2]);
}
