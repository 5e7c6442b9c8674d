//! D34: a leader whose own disk stalls, with asynchronous writes.

use quorate::error::ProposeError;
use quorate::message::{Payload, VoteResponse};
use quorate::status::RoleKind;
use quorate::{Config, Event};

use crate::support::{Cluster, store};
use crate::{accepted, message, single};

/// Node 1 leads term 1, by the votes of the others; its disk does nothing from now on.
fn leader(change: impl Fn(&mut Config)) -> Cluster {
    let mut config = Config::like_etcd(1, 7);
    (
        config.settings_mut().async_storage_writes,
        config.settings_mut().check_quorum,
    ) = (true, false);
    change(&mut config);
    let mut cluster = single(config, store(&[1, 2, 3]));
    cluster.node(1).campaign().unwrap();
    cluster.drain(1);
    let vote = Payload::VoteResponse(VoteResponse::new(true));
    cluster.step(message(2, 1, 1, vote));
    assert_eq!(cluster.role(1), RoleKind::Leader);
    cluster
}

/// Proposes; the others store it, and the leader hands out what it has to write.
fn propose(cluster: &mut Cluster) -> Result<(), ProposeError> {
    cluster.node(1).propose("0123456789").map(|_| ())?;
    drop(cluster.node(1).ready().unwrap());
    let last = cluster.raw(1).status().last_index;
    cluster.step(accepted(2, 1, 1, last));
    cluster.step(accepted(3, 1, 1, last));
    assert_eq!(cluster.committed(1), last);
    Ok(())
}

fn events_of_an_election_timeout(cluster: &mut Cluster) -> Vec<Event> {
    cluster.node(1).take_events();
    (0..=10).for_each(|_| cluster.node(1).tick().unwrap());
    cluster.node(1).take_events()
}

#[test]
fn d34_a_leader_whose_disk_stalls_is_bounded_and_may_hand_over() {
    let mut cluster = leader(|config| {
        (
            config.settings_mut().max_uncommitted_bytes,
            config.settings_mut().transfer_when_disk_lags,
        ) = (20, true);
    });
    assert_eq!([(); 2].map(|()| propose(&mut cluster)), [Ok(()), Ok(())]);
    assert_eq!(propose(&mut cluster), Err(ProposeError::Full { waiting: 20 }));
    let told = events_of_an_election_timeout(&mut cluster);
    let expected = [
        Event::DiskLagging { ticks: 10 },
        Event::TransferStarted { to: 2 },
        Event::TransferOrdered { to: 2 },
    ];
    assert_eq!(told, expected);

    let mut cluster = leader(|_| {});
    assert_eq!([(); 99].map(|()| propose(&mut cluster)), [const { Ok(()) }; 99]);
    let told = events_of_an_election_timeout(&mut cluster);
    assert_eq!(
        told,
        [Event::DiskLagging { ticks: 10 }],
        "etcd's behaviour, but for the event"
    );
}
