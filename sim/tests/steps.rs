//! Each step is a line of the script language, and that line is the step again.

use bytes::Bytes;
use proptest::prelude::*;
use quorate::membership::{ConfChangeKind, ConfChangeSingle, ConfChangeV2, Transition};
use quorate::{EntryId, ReadMode};
use quorate_sim::step::{KINDS, MessageRef, Promises, Step, Well};

fn message() -> impl Strategy<Value = MessageRef> {
    let named = (any::<u64>(), any::<u64>(), 0..KINDS.len(), any::<usize>());
    prop_oneof![
        any::<u64>().prop_map(MessageRef::Id),
        named.prop_map(|(from, to, kind, nth)| MessageRef::Nth {
            from,
            to,
            kind: KINDS[kind].0,
            nth
        }),
    ]
}

fn bytes() -> impl Strategy<Value = Bytes> {
    let text = prop_oneof!["[ -~]{0,8}", ".{0,8}", "[\\\\\"xu0-9a-f]{0,12}"];
    prop_oneof![
        text.prop_map(Bytes::from),
        prop::collection::vec(any::<u8>(), 0..12).prop_map(Bytes::from),
    ]
}

fn read_mode() -> impl Strategy<Value = Option<ReadMode>> {
    prop::sample::select(vec![None, Some(ReadMode::ReadIndex), Some(ReadMode::Lease)])
}

fn change() -> impl Strategy<Value = ConfChangeV2> {
    let kinds = [
        ConfChangeKind::AddNode,
        ConfChangeKind::AddLearnerNode,
        ConfChangeKind::RemoveNode,
        ConfChangeKind::UpdateNode,
    ];
    let ways = [Transition::Auto, Transition::JointImplicit, Transition::JointExplicit];
    let single = (
        prop::sample::select(kinds.to_vec()),
        any::<u64>(),
        prop_oneof![Just(0), any::<u64>()],
    );
    let single = single.prop_map(|(kind, id, identity)| ConfChangeSingle::new(kind, id).with_identity(identity));
    let parts = (
        prop::collection::vec(single, 0..4),
        prop::sample::select(ways.to_vec()),
        bytes(),
    );
    parts.prop_map(|(singles, way, context)| ConfChangeV2::new(singles).with_transition(way).with_context(context))
}

/// What names one node and nothing else.
fn of_node(node: u64) -> Vec<Step> {
    vec![
        Step::Ready { node },
        Step::Write { node },
        Step::Sync { node },
        Step::Persist { node },
        Step::Acknowledge { node },
        Step::Apply { node },
        Step::Restart { node },
        Step::RestartDurable { node },
        Step::Join { node },
        Step::Pause { node },
        Step::Wipe { node },
        Step::Campaign { node },
        Step::ForgetLeader { node },
        Step::RequestSnapshot { node },
        Step::WithdrawRequest { node },
    ]
}

fn call() -> impl Strategy<Value = Step> {
    prop_oneof![
        (any::<u64>(), any::<u64>(), bytes()).prop_map(|(node, operation, command)| Step::Propose {
            node,
            operation,
            command
        }),
        (any::<[u64; 2]>(), prop::collection::vec(bytes(), 0..4)).prop_map(|([node, operation], commands)| {
            Step::ProposeBatch {
                node,
                operation,
                commands,
            }
        }),
        (any::<u64>(), any::<u64>(), bytes(), read_mode()).prop_map(|(node, operation, query, mode)| Step::Read {
            node,
            operation,
            query,
            mode
        }),
        (any::<u64>(), change(), any::<Option<u64>>()).prop_map(|(node, change, expected)| Step::Change {
            node,
            change,
            expected
        }),
        (any::<u64>(), any::<Option<u64>>()).prop_map(|(node, to)| Step::Transfer { node, to }),
        (any::<u64>(), any::<u64>()).prop_map(|(node, peer)| Step::ReportUnreachable { node, peer }),
        (any::<[u64; 4]>(), any::<bool>()).prop_map(|([node, peer, term, index], finished)| Step::ReportSnapshot {
            node,
            peer,
            snapshot: EntryId { term, index },
            finished
        }),
        (any::<u64>(), any::<u64>()).prop_map(|(node, keep)| Step::Compact { node, keep }),
        (any::<u64>(), any::<u64>()).prop_map(|(node, learner)| Step::Promote { node, learner }),
        (any::<u64>(), any::<u64>()).prop_map(|(node, index)| Step::Corrupt { node, index }),
        (any::<u64>(), any::<bool>()).prop_map(|(node, available)| Step::Storage { node, available }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let wells = prop::collection::vec((any::<u64>(), 1..=1_000_000_000_u64), 0..4);
    prop_oneof![
        any::<u64>().prop_flat_map(|node| prop::sample::select(of_node(node))),
        call(),
        (any::<u64>(), 0..=1_000_000_u64).prop_map(|(node, ticks)| Step::Tick { node, ticks }),
        (message(), any::<bool>()).prop_map(|(message, keep)| Step::Deliver { message, keep }),
        (message(), any::<bool>()).prop_map(|(message, named)| Step::Stray { message, named }),
        message().prop_map(|message| Step::Lose { message }),
        (any::<u64>(), any::<usize>()).prop_map(|(node, kept)| Step::Crash { node, kept }),
        (any::<[u64; 2]>(), any::<bool>(), any::<Option<u64>>()).prop_map(
            |([node, election_ticks], lease_promises, silence_ticks)| Step::Configure {
                node,
                promises: Promises {
                    election_ticks,
                    lease_promises,
                    silence_ticks
                }
            }
        ),
        wells.prop_map(|wells| Step::Recover {
            core: wells
                .into_iter()
                .map(|(node, tick_us)| Well { node, tick_us })
                .collect()
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn every_step_is_read_as_what_it_was(step in step()) {
        let line = step.to_string();
        prop_assert_eq!(line.lines().count(), 1, "{}", line);
        prop_assert_eq!(line.parse::<Step>(), Ok(step), "{}", line);
    }

    #[test]
    fn any_line_is_a_step_or_is_refused(line in "[a-z->]{0,12}( [ -~]{0,12}){0,4}") {
        if let Ok(step) = line.parse::<Step>() {
            prop_assert_eq!(step.to_string().parse(), Ok(step));
        }
    }
}

#[test]
fn what_they_look_like() {
    let lines = "ticks 1 5|ready 1|write 2|sync 1|deliver 1->2 MsgApp nth=3|deliver 1->2 MsgVoteResp keep=true|\
        stray 1->2 MsgApp|stray #7 group=none|lose #7|crash 1 keep=2|crash 1|restart 1|join 4|\
        configure 1 election=12 lease-promises=true|configure 1 election=12 lease-promises=false restart-silence=0|\
        propose 1 \"\\x00\\xff\" operation=17|propose 1 w17 operation=0|read-index 1 \"\" operation=18|\
        propose-batch 1 \"\" w2 operation=17|propose-batch 1 operation=3|read-index 1 r operation=1 mode=safe|\
        read-index 1 r operation=1 mode=lease-based|withdraw-request 2|restart-durable 3|corrupt 3 17|\
        propose-conf-change 1 change=() expected=9|propose-conf-change 1 change=(v2:60fb,r3) transition=explicit|\
        propose-conf-change 1 change=(l2) context=veto|transfer-leadership from=1 to=2|transfer-leadership from=1|\
        report-snapshot 1 2 failed snapshot=3/4|compact-to-applied 1 keep=3|recover 1 2 tick=(1,1000)|recover 1|recover|\
        promote 1 2|storage 3 unavailable|storage 3 available";
    for line in lines.split('|') {
        let step: Step = line.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(step.to_string(), line);
    }
    for line in [
        "",
        "jump 1",
        "ticks 1",
        "ticks 1 1000001",
        "ready 1 2",
        "ready one",
        "ready 1 keep=1",
        "deliver 1->2 Nothing",
        "deliver #1 MsgApp",
        "propose 1 \"\\xf\"",
        "transfer-leadership to=1",
        "report-snapshot 1 2 lost",
        "configure 1 election=3",
        "stray 1->2 MsgApp group=3",
        "recover 1 tick=(1,2)",
        "recover 1 tick=(0)",
        "promote 1",
        "propose-batch",
        "read-index 1 r mode=stale",
        "storage 1 broken",
        "propose-conf-change 1 change=(x1)",
    ] {
        assert!(line.parse::<Step>().is_err(), "{line}");
    }
}
