//! Messages of another group, and of leaders that contradict what is committed.

use quorate::Message;
use quorate::error::StepError;
use quorate::message::Payload;
use quorate_sim::judge::Judge;

use super::{breaks, holds};

#[test]
fn messages_name_their_group() {
    let names = |group| Judge::names_group(1, &Message::new(1, 2, 3, Payload::TimeoutNow).with_cluster_id(group), 7);
    holds(names(7));
    breaks("messages name their group", names(8));
    breaks("messages name their group", names(0));
}

#[test]
fn strangers_leave_no_trace() {
    let stray = Message::new(2, 1, 3, Payload::TimeoutNow).with_cluster_id(8);
    let foreign = |theirs| Err(StepError::ForeignCluster { theirs, ours: 7 });
    let answers = |answer: Result<(), StepError>, changed| Judge::strangers(1, &stray, &answer, changed);
    holds(answers(foreign(8), false));
    breaks("strangers leave no trace", answers(foreign(8), true));
    breaks("strangers leave no trace", answers(foreign(0), false));
    breaks("strangers leave no trace", answers(Ok(()), false));
    // Refused, but for something that was looked at too early.
    breaks("strangers leave no trace", answers(Err(StepError::MissingTerm), false));
}

#[test]
fn nobody_diverges() {
    let found = StepError::Diverged {
        index: 5,
        ours: 2,
        theirs: 3,
    };
    breaks("nobody diverges", Judge::agrees(1, &found, false));
    holds(Judge::agrees(1, &found, true)); // disks were lost
}
