//! What `check` finds where a group misbehaves: groups that should never meet, and disks that forget.

use quorate_script::{Kind, run};

/// What the last of these commands prints, one command a line.
fn last_of(commands: &str) -> String {
    let blocks = commands.trim().lines().map(|line| format!("{}\n----\n\n", line.trim()));
    let script = blocks.collect::<Vec<_>>().concat();
    let run = run(Kind::Interaction, &script).expect("a script");
    run.outputs().last().cloned().unwrap_or_default()
}

/// The properties that are broken, each once, in the order in which that was seen.
fn broken(verdict: &str) -> Vec<&str> {
    let mut properties = Vec::new();
    for line in verdict.lines() {
        let property = line.strip_prefix("VIOLATION ").and_then(|line| line.split(':').next());
        let property = property.unwrap_or_else(|| panic!("{verdict}"));
        if !properties.contains(&property) {
            properties.push(property);
        }
    }
    properties
}

#[test]
fn two_groups_that_should_be_one() {
    let verdict = last_of(
        "add-nodes 1 voters=(1) index=10
         add-nodes 1 voters=(2) index=10
         campaign 1
         campaign 2
         stabilize
         propose 1 a
         propose 2 b
         stabilize
         log-level none
         check",
    );
    let properties = [
        "same configuration",
        "election safety",
        "log matching",
        "state machine safety",
    ];
    assert_eq!(broken(&verdict), properties, "{verdict}");
    assert!(
        verdict.contains("election safety: 1 and 2 both lead term 1"),
        "{verdict}"
    );
}

#[test]
fn a_leader_without_what_was_committed_before() {
    let verdict = last_of(
        "add-nodes 1 voters=(1) index=10
         add-nodes 1 voters=(2) index=10
         campaign 1
         stabilize
         campaign 2
         take-ready 2
         restart 2
         campaign 2
         stabilize
         check",
    );
    let properties = ["same configuration", "leader completeness", "state machine safety"];
    assert_eq!(broken(&verdict), properties, "{verdict}");
    assert!(
        verdict.contains("2 leads term 2 without 1/11, committed in term 1"),
        "{verdict}"
    );
}

/// Nobody has applied it yet.
#[test]
fn a_leader_without_what_is_known_to_be_committed() {
    let verdict = last_of(
        "add-nodes 1 voters=(1) index=10
         add-nodes 1 voters=(2) index=10
         campaign 1
         process-ready 1
         process-ready 1
         campaign 2
         take-ready 2
         restart 2
         campaign 2
         process-ready 2
         process-ready 2
         check",
    );
    assert!(
        verdict.contains("2 leads term 2 without 1/11, committed in term 1"),
        "{verdict}"
    );
}

/// Of a leader that stands still the lease does not count.
#[test]
fn two_leases_at_once() {
    let begin = "add-nodes 1 voters=(1) index=10 safe-defaults=true read-only=lease-based prevote=false
         add-nodes 1 voters=(2) index=10 safe-defaults=true read-only=lease-based prevote=false
         campaign 2
         take-ready 2
         restart 2
         campaign 1
         stabilize 1";
    let holds = |between: &str| {
        let verdict = last_of(&format!("{begin}\n{between}\ncampaign 2\nstabilize 2\ncheck"));
        verdict.contains("leases do not overlap: 1 holds a lease, and 2 leads a later term")
    };
    assert!(holds("check") && !holds("pause 1") && holds("pause 1\nticks 1 1"));
}

#[test]
fn a_snapshot_that_is_of_another_history() {
    let verdict = last_of(
        "add-nodes 1 voters=(1) index=10
         add-nodes 1 voters=(2) learners=(3) index=10
         add-nodes 1
         campaign 1
         stabilize
         campaign 2
         take-ready 2
         restart 2
         campaign 2
         stabilize 2
         send-snapshot 2 3
         stabilize 3
         check",
    );
    let expected = "VIOLATION state machine safety: 3 takes 2/11 for committed";
    assert!(verdict.lines().any(|line| line.starts_with(expected)), "{verdict}");
}

/// In the recordings' ways, vote requests do not wait for a storage thread.
#[test]
fn a_vote_that_was_promised_before_it_was_durable() {
    let steps = "campaign 1
         process-ready 1
         crash 1
         restart 1
         campaign 2
         process-ready 2
         process-append-thread 2
         deliver 2->1 MsgVote
         process-ready 1
         process-append-thread 1
         check";
    let add = "add-nodes 3 voters=(1,2,3) index=10 async-storage-writes=true";
    let verdict = last_of(&format!("{add}\n{steps}"));
    assert_eq!(
        verdict,
        "VIOLATION one vote a term: 1 votes in term 1 for 1 and for 2\n"
    );
    let own_ways = "safe-defaults=true prevote=false restart-silence=0";
    assert_eq!(last_of(&format!("{add} {own_ways}\n{steps}")), "ok\n");
}

#[test]
fn a_read_that_misses_what_was_committed() {
    let begin = "add-nodes 1 voters=(1) index=10
         add-nodes 1 voters=(2) index=10
         campaign 1
         stabilize
         campaign 2
         stabilize";
    let late = format!("{begin}\npropose 1 a\nstabilize\nread-index 2 r\nstabilize\ncheck");
    let stale = "VIOLATION stale read: 2 reads at 11, 12 was committed before it was asked";
    assert!(last_of(&late).lines().any(|line| line == stale), "{}", last_of(&late));
    let early = format!("{begin}\nread-index 2 r\npropose 1 a\nstabilize\ncheck");
    assert!(!last_of(&early).contains("stale"), "{}", last_of(&early));
}

#[test]
fn a_node_that_is_poisoned() {
    let verdict = last_of(
        "add-nodes 1 voters=(1) index=10
         campaign 1
         stabilize
         propose 1 a
         take-ready 1
         compact 1 12
         persist 1
         process-ready 1
         check",
    );
    assert_eq!(broken(&verdict), ["no unexpected errors"], "{verdict}");
    assert!(
        verdict.contains("a committed entry that was not applied is gone"),
        "{verdict}"
    );
}

/// The disk that acknowledged is lost before the acknowledgement arrives.
#[test]
fn a_commit_that_no_quorum_of_disks_holds() {
    let script = |between: &str| {
        format!(
            "add-nodes 3 voters=(1,2,3) index=10
             campaign 1
             stabilize
             propose 1 a
             process-ready 1
             deliver 1->2 MsgApp
             process-ready 2
             {between}
             deliver 2->1 MsgAppResp
             check"
        )
    };
    let verdict = last_of(&script("crash 2\nwipe 2\nrestart 2"));
    assert_eq!(broken(&verdict), ["committed is durable on a quorum"], "{verdict}");
    assert_eq!(last_of(&script("crash 2")), "ok\n");
}

#[test]
fn state_machines_that_differ() {
    let verdict = last_of(
        "add-nodes 1 voters=(1) learners=(2) index=10 content=x
         add-nodes 1 voters=(1) learners=(2) index=10 content=y
         campaign 1
         stabilize
         check",
    );
    assert_eq!(broken(&verdict), ["same state"], "{verdict}");
}

#[test]
fn configurations_that_differ() {
    let begin = "add-nodes 2 voters=(1) learners=(2) index=10
         campaign 1
         stabilize
         cancel-conf-change 2
         propose 1 a";
    assert_eq!(last_of(&format!("{begin}\nstabilize\ncheck")), "ok\n");
    let blocks: Vec<&str> = begin.lines().map(str::trim).collect();
    let change = "stabilize\n----\n\npropose-conf-change 1 v1=true\nv2\n----\n\nstabilize\n----\n\ncheck\n----\n";
    let script = format!("{}\n----\n\n{change}", blocks.join("\n----\n\n"));
    let run = run(Kind::Interaction, &script).expect("a script");
    let verdict = run.outputs().last().expect("an output");
    assert_eq!(broken(verdict), ["same configuration"], "{verdict}");
}

/// Without their disks two of three have nobody to vote for.
#[test]
fn nodes_that_recover_or_not() {
    let begin = "add-nodes 3 voters=(1,2,3) index=10 safe-defaults=true
         campaign 1
         stabilize
         propose 1 a
         crash 1";
    assert_eq!(last_of(&format!("{begin}\nrecover 2 3 tick=(2,3)")), "ok\n");
    let lost = "wipe 1\ncrash 2\nwipe 2\nrestart 1\nrestart 2\nlog-level silent\nrecover 1 2";
    let verdict = last_of(&format!("{begin}\n{lost}"));
    assert!(
        verdict.starts_with("VIOLATION liveness: ") && verdict.contains("no leader"),
        "{verdict}"
    );
    assert_eq!(last_of(&format!("{begin}\nrecover 1 2")), "ok\n");
    let refused = "tick=(..) says for each node how long its ticks are\n";
    assert_eq!(last_of(&format!("{begin}\nrecover 2 3 tick=(1)")), refused);
}
