//! What is wrong with what is stored now.

use quorate::types::NodeId;
use quorate::{Entries, Entry, Storage};

use crate::interaction::member::Member;
use crate::interaction::print::brief;

/// Commit indexes beyond the log, and logs that do not match.
pub(super) fn violations(members: &[Member]) -> Vec<String> {
    let mut found: Vec<String> = members.iter().filter_map(beyond).collect();
    for (position, one) in members.iter().enumerate() {
        for other in members.iter().skip(position + 1) {
            found.extend(mismatch(&log(one), &log(other)));
        }
    }
    found
}

fn log(member: &Member) -> (NodeId, Entries) {
    (member.id(), member.disk().memory().log())
}

fn beyond(member: &Member) -> Option<String> {
    let (id, memory) = (member.id(), member.disk().memory());
    let committed = memory.hard_state().commit;
    let last = memory.last_index().ok()?;
    (committed > last).then(|| format!("committed index {committed} is beyond the log of {id}, which ends at {last}"))
}

/// Log matching: logs that have an entry of one index and term in common are the same up to it.
fn mismatch((a, ours): &(NodeId, Entries), (b, theirs): &(NodeId, Entries)) -> Option<String> {
    let at = |entry: &Entry| theirs.binary_search_by_key(&entry.index, |entry| entry.index).ok();
    let pairs = ours.iter().filter_map(|entry| Some((entry, theirs.get(at(entry)?)?)));
    let mut common = None;
    for (one, other) in pairs.rev() {
        if common.is_none() && one.term == other.term {
            common = Some(one.id());
        }
        if let Some(common) = common.filter(|_| one != other) {
            let (index, one, other) = (one.index, brief(one), brief(other));
            let words =
                format!("log matching: index {index} is {one} at {a} and {other} at {b}, which both have {common}");
            return Some(words);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use quorate::{Entries, Entry};

    use super::mismatch;

    fn log(terms: &[(u64, &'static str)]) -> Entries {
        let entry =
            |(position, &(term, data)): (usize, &(u64, &'static str))| Entry::new(term, position as u64 + 5, data);
        terms.iter().enumerate().map(entry).collect()
    }

    #[test]
    fn what_follows_a_common_entry_may_differ_and_what_precedes_it_may_not() {
        let base = log(&[(1, "a"), (2, "b"), (2, "c")]);
        for (other, expected) in [
            (log(&[(1, "a"), (2, "b"), (3, "d"), (3, "e")]), None),
            (log(&[]), None),
            (log(&[(2, "x")]), None),
            (
                log(&[(1, "a"), (1, "x"), (2, "c")]),
                Some("log matching: index 6 is 2/\"b\" at 1 and 1/\"x\" at 2, which both have 2/7"),
            ),
            (
                log(&[(1, "a"), (2, "x")]),
                Some("log matching: index 6 is 2/\"b\" at 1 and 2/\"x\" at 2, which both have 2/6"),
            ),
        ] {
            assert_eq!(mismatch(&(1, base.clone()), &(2, other)).as_deref(), expected);
        }
    }
}
