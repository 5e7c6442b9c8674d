//! What `check` finds where a group misbehaves: groups that should never meet, and disks that forget.

use quorate_script::{Kind, run};

/// What the last of these commands prints, one command a line.
fn last_of(commands: &str) -> String {
    let blocks = commands.trim().lines().map(|line| format!("{}\n----\n\n", line.trim()));
    let script = blocks.collect::<Vec<_>>().concat();
    let run = run(Kind::Interaction, &script).expect("a script");
    run.outputs().last().cloned().unwrap_or_default()
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
    let expected = [
        "VIOLATION election safety: 1 and 2 both lead term 1",
        "VIOLATION same configuration: at index 11 2 has another one than 1 had",
        "VIOLATION state machine safety: index 12 is 1/\"a\" at 1 and 1/\"b\" at 2",
        "VIOLATION log matching: index 12 is 1/\"a\" at 1 and 1/\"b\" at 2, which both have 1/12",
        "",
    ];
    assert_eq!(verdict, expected.join("\n"));
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
    let expected = [
        "VIOLATION leader completeness: 2 leads term 2 without 1/11, which 1 applied",
        "VIOLATION state machine safety: index 11 is 1/\"\" at 1 and 2/\"\" at 2",
        "",
    ];
    assert_eq!(verdict, expected.join("\n"));
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
         check",
    );
    let expected = "VIOLATION leader completeness: 2 leads term 2 without 1/11, which 1 committed\n";
    assert_eq!(verdict, expected);
}

/// Of a leader that stands still the lease does not count.
#[test]
fn two_leases_at_once() {
    let begin = "add-nodes 1 voters=(1) index=10 safe-defaults=true read-only=lease-based
         add-nodes 1 voters=(2) index=10 safe-defaults=true read-only=lease-based
         campaign 1
         stabilize";
    let both = "VIOLATION leases: 1 and 2 both hold one";
    let holds = |between: &str| {
        let verdict = last_of(&format!("{begin}\n{between}\ncampaign 2\nstabilize 2\ncheck"));
        verdict.lines().any(|line| line == both)
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
    let expected = "VIOLATION state machine safety: index 11 is 1/\"\" at 1 and a snapshot of term 2 at 3";
    assert!(verdict.lines().any(|line| line == expected), "{verdict}");
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
        "VIOLATION vote: node 1 voted for 1 and 2 in term 1 (across restarts)\n"
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
    let stale = "VIOLATION stale read: \"r\" at 2 is answered with 11, and 12 was committed before";
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
    assert_eq!(
        verdict,
        "VIOLATION poisoned: node 1: storage: broken storage: a committed entry that was not applied is gone\n"
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
    let verdict = last_of(&script("crash 2\nwipe 2"));
    let expected = "VIOLATION committed is durable on a quorum: 1 commits 1/12, which the disks of no quorum hold\n";
    assert_eq!(verdict, expected);
    assert_eq!(last_of(&script("crash 2")), "ok\n");
}

/// A process that restarts and takes what was written for what was synced.
#[test]
fn a_vote_that_is_not_on_the_disk() {
    let script = |first: &str| {
        format!(
            "add-nodes 3 voters=(1,2,3) index=10 safe-defaults=true prevote=false restart-silence=0
             campaign 1
             process-ready 1
             deliver 1->2 MsgVote keep=true
             {first}
             restart 2
             deliver 1->2 MsgVote
             process-ready 2
             check"
        )
    };
    let verdict = last_of(&script("take-ready 2"));
    let expected = "VIOLATION persist before send: 2 sends 2->1 MsgVoteResp Term:2 Log:0/0, \
        its disk holds term 0, vote 0 and a log up to 10\n";
    assert_eq!(verdict, expected);
    assert_eq!(last_of(&script("process-ready 2")), "ok\n");
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
    assert_eq!(
        verdict,
        "VIOLATION same state: at index 11 2 has another state than 1 had\n"
    );
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
    let expected = "VIOLATION same configuration: at index 13 2 has another one than 1 had\n";
    assert_eq!(run.outputs().last().map(String::as_str), Some(expected));
}

/// Alone, the last node with a memory has nobody to vote for it.
#[test]
fn nodes_that_recover_or_not() {
    let begin = "add-nodes 3 voters=(1,2,3) index=10 safe-defaults=true
         campaign 1
         stabilize
         propose 1 a
         crash 1";
    assert_eq!(last_of(&format!("{begin}\nrecover 2 3 tick=(2,3)")), "ok\n");
    let alone = last_of(&format!("{begin}\nlog-level silent\nrecover 2"));
    let expected = "VIOLATION liveness: no leader, after 60 election timeouts in which all was well at 2\n";
    assert_eq!(alone, expected);
    assert_eq!(last_of(&format!("{begin}\nrecover 1 2")), "node 1 is down\n");
    let refused = "tick=(..) says for each node how long its ticks are\n";
    assert_eq!(last_of(&format!("{begin}\nrecover 2 3 tick=(1)")), refused);
}
