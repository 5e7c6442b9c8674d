//! Commit groups that are not heard, at a leader that commits without them: who is silent, and when that is over.

use quorate::{CommitGroups, Config, Event, NodeId};

use super::commit_groups::{grouped, told};
use crate::support::Cluster;
use crate::{accepted, hear, heartbeat_answer, leading, says};

const TIMEOUT: u64 = 10;

fn falling_back(id: NodeId, groups: &[u64]) -> Config {
    let mut config = grouped(id, groups);
    config.settings_mut().commit_without_silent_groups = true;
    config
}

/// A leader that is cut off from everybody is the silent one: the other zone is well, and what it does not have is not
/// committed. (It once was, in the tick in which the leader stepped down.)
#[test]
fn who_hears_no_quorum_calls_nobody_silent() {
    for ticks in 1..TIMEOUT {
        let mut cluster = Cluster::new(5, |id| falling_back(id, &[1, 1, 1, 2, 2]));
        cluster.elect(1);
        cluster.tick_all(ticks);
        for zone_two in [4, 5] {
            cluster.cut_one_way(1, zone_two);
        }
        let _ = cluster.propose(1, "x");
        for _ in 0..2 {
            (1..=3).for_each(|id| cluster.drain(id));
            cluster.deliver();
        }
        cluster.take(|_| true);
        cluster.heal();
        cluster.isolate(1);
        cluster.tick_all(3 * TIMEOUT);
        assert_eq!(cluster.data(1), Vec::<String>::new(), "{ticks}");
    }
}

/// Who turns the fall-back off, or clears the groups, ends the suspension, and is told so.
#[test]
fn a_suspension_has_an_end() {
    type Change = fn(&mut Config);
    let changes: [Change; 2] = [
        |next| next.settings_mut().commit_without_silent_groups = false,
        |next| next.settings_mut().commit_groups = CommitGroups::default(),
    ];
    for change in changes {
        let mut cluster = leading(3, falling_back(1, &[1, 1, 2]));
        hear(&mut cluster, 2, 1, accepted(2));
        let wait = |cluster: &mut Cluster| {
            for _ in 0..2 * TIMEOUT {
                cluster.tick(1, 1);
                hear(cluster, 2, 1, heartbeat_answer());
            }
            told(cluster)
        };
        assert!(matches!(wait(&mut cluster)[..], [Event::CommitGroupsSuspended { .. }]));
        let mut next = cluster.raw(1).config().clone();
        change(&mut next);
        cluster.node(1).set_config(next).expect("legal");
        assert!(matches!(wait(&mut cluster)[..], [Event::CommitGroupsRestored { .. }]));
    }
}

/// The groups are named as the reason only where a quorum has what is waited for.
#[test]
fn a_quorum_that_lacks_it_comes_first() {
    let mut cluster = leading(3, falling_back(1, &[1, 1, 2]));
    says(&mut cluster);
    assert_eq!(cluster.raw(1).explain_index(2).rule(), "section 5.3");
    hear(&mut cluster, 2, 1, accepted(2));
    assert_eq!(cluster.raw(1).explain_index(2).rule(), "D37");
}
