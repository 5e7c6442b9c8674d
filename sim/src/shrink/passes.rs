//! What is tried, coarse first: whole kinds of steps, whole nodes, chunks, single steps, plainer steps.

use std::mem::{Discriminant, discriminant};

use quorate::NodeId;

use super::search::Search;
use crate::parameters::{Parameters, Spread};
use crate::step::{MessageRef, Step, Well};

/// Where a run is as short as this, it is tried from every step on.
const LATE_MAX: usize = 300;

/// All passes, until none of them gets anywhere.
pub(super) fn all(search: &mut Search<'_>) {
    loop {
        let before = (search.steps().to_vec(), search.parameters().clone());
        kinds(search);
        nodes(search);
        chunks(search);
        search.offer_without_losses();
        late_beginnings(search);
        restarts(search);
        merge_all_ticks(search);
        merge_ticks(search);
        plainer_steps(search);
        plainer_settings(search);
        if search.is_over() || before == (search.steps().to_vec(), search.parameters().clone()) {
            return;
        }
    }
}

/// Of one kind; then of one kind at one node; then messages of one kind on one link.
fn kinds(search: &mut Search<'_>) {
    by(search, discriminant);
    by(search, |step| (discriminant(step), step.node()));
    by(search, link);
}

/// Leaves out steps that are alike in this, if they are not all that there is.
fn by<K: PartialEq>(search: &mut Search<'_>, key: impl Fn(&Step) -> K) {
    let mut keys: Vec<K> = Vec::new();
    for step in search.steps() {
        let key = key(step);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    for wanted in keys {
        search.offer_without(|_, step| key(step) == wanted);
    }
}

type Link = (Discriminant<Step>, Option<(NodeId, NodeId, &'static str)>);

fn link(step: &Step) -> Link {
    let route = match step {
        Step::Deliver { message, .. } | Step::Stray { message, .. } | Step::Lose { message } => match message {
            MessageRef::Nth { from, to, kind, .. } => Some((*from, *to, *kind)),
            MessageRef::Id(_) => None,
        },
        _ => None,
    };
    (discriminant(step), route)
}

/// Everything at one node, and the node itself if it is the last of the voters.
fn nodes(search: &mut Search<'_>) {
    let last = search.steps().iter().filter_map(Step::node).max().unwrap_or(0);
    for node in (1..=last).rev() {
        search.offer_without(|_, step| step.concerns(node));
    }
    while search.parameters().voters > 1 {
        let mut fewer = search.parameters().clone();
        fewer.voters -= 1;
        let steps = search.steps().to_vec();
        if !search.offer(fewer, steps) {
            return;
        }
    }
}

/// Stretches of the run, halved down to single steps; the last first, since less depends on them.
fn chunks(search: &mut Search<'_>) {
    let mut size = search.steps().len().div_ceil(2);
    while size > 0 && !search.is_over() {
        let mut end = search.steps().len();
        while end > 0 {
            let start = end.saturating_sub(size);
            search.offer_cut(start, end);
            end = start.min(search.steps().len());
        }
        size /= 2;
    }
}

/// The run begins late: with a campaign in place of all that made a node lead.
fn late_beginnings(search: &mut Search<'_>) {
    let size = search.steps().len();
    if search.timed || size > LATE_MAX {
        return;
    }
    for end in (2..size).rev() {
        for node in 1..=search.parameters().voters {
            let rest = search.steps().iter().skip(end).cloned();
            let steps = std::iter::once(Step::Campaign { node }).chain(rest).collect();
            if search.offer_steps(steps) {
                return;
            }
        }
    }
}

/// A node that crashes and restarts goes on instead. (A restart also draws a new election timeout: more
/// time may have to pass in its place.)
fn restarts(search: &mut Search<'_>) {
    let patience = 2 * search.parameters().election_ticks;
    let mut at = search.steps().len();
    while at > 0 && !search.timed {
        at = (at - 1).min(search.steps().len().saturating_sub(1));
        let Some(Step::Crash { node, .. }) = search.steps().get(at).cloned() else {
            continue;
        };
        let mut later = search.steps().iter().enumerate().skip(at + 1);
        let Some((next, Step::Restart { .. } | Step::RestartDurable { .. })) =
            later.find(|(_, step)| step.node() == Some(node))
        else {
            continue;
        };
        let mut steps = search.steps().to_vec();
        steps.remove(next);
        steps.remove(at);
        if search.offer_steps(steps.clone()) {
            continue;
        }
        let mut after = steps.iter_mut().skip(at);
        if let Some(Step::Tick { ticks, .. }) =
            after.find(|step| matches!(step, Step::Tick { node: other, .. } if *other == node))
        {
            *ticks = patience.max(*ticks);
            search.offer_steps(steps);
        }
    }
}

/// Ticks of a node with nothing else at that node between them are one.
fn merge_all_ticks(search: &mut Search<'_>) {
    if search.timed {
        return;
    }
    let mut merged: Vec<Step> = Vec::new();
    for step in search.steps() {
        let Step::Tick { node, ticks } = step else {
            merged.push(step.clone());
            continue;
        };
        let before = merged.iter().rposition(|earlier| earlier.node() == Some(*node));
        match before.and_then(|at| merged.get_mut(at)) {
            Some(Step::Tick { ticks: so_far, .. }) => *so_far += ticks,
            _ => merged.push(step.clone()),
        }
    }
    search.offer_steps(merged);
}

/// Two ticks of a node become one, whatever happens between them.
fn merge_ticks(search: &mut Search<'_>) {
    let mut at = search.steps().len();
    while at > 0 && !search.timed {
        at = (at - 1).min(search.steps().len().saturating_sub(1));
        let Some(Step::Tick { node, ticks }) = search.steps().get(at).cloned() else {
            continue;
        };
        let mut steps = search.steps().to_vec();
        steps.remove(at);
        let next = steps
            .iter_mut()
            .skip(at)
            .find(|step| matches!(step, Step::Tick { node: other, .. } if *other == node));
        if let Some(Step::Tick { ticks: later, .. }) = next {
            *later += ticks;
            search.offer_steps(steps);
        }
    }
}

/// Messages arrive once, and in order; crashes tear nothing; time is short; few nodes are well at the end.
fn plainer_steps(search: &mut Search<'_>) {
    for at in 0..search.steps().len() {
        let plainer = match search.steps().get(at).cloned() {
            Some(Step::Deliver { message, keep: true }) => vec![Step::Deliver { message, keep: false }],
            Some(Step::Crash { node, kept: 1.. }) => vec![Step::Crash { node, kept: 0 }],
            Some(Step::RestartDurable { node }) => vec![Step::Restart { node }],
            Some(Step::Compact { node, keep: 1.. }) => vec![Step::Compact { node, keep: 0 }],
            Some(Step::Tick { node, ticks }) if !search.timed => {
                let shorter = [1, ticks / 2, ticks - 1];
                let shorter = shorter.into_iter().filter(|fewer| (1..ticks).contains(fewer));
                shorter.map(|ticks| Step::Tick { node, ticks }).collect()
            }
            Some(Step::Recover { core }) => plainer_ends(&core),
            _ => Vec::new(),
        };
        for step in plainer {
            let mut steps = search.steps().to_vec();
            if let Some(place) = steps.get_mut(at) {
                *place = step;
            }
            if search.offer_steps(steps) {
                break;
            }
        }
    }
}

/// Clocks are alike, or fewer nodes are well.
fn plainer_ends(core: &[Well]) -> Vec<Step> {
    let alike = core.iter().map(|well| Well { tick_us: 1, ..*well }).collect();
    let without = |left: &Well| core.iter().copied().filter(|well| well != left).collect();
    let plainer = std::iter::once(alike).chain(core.iter().map(without));
    plainer
        .filter(|plainer: &Vec<Well>| plainer != core)
        .map(|core| Step::Recover { core })
        .collect()
}

/// Settings that are as good as any.
fn plainer_settings(search: &mut Search<'_>) {
    let settings: [fn(&mut Parameters); 7] = [
        |parameters| parameters.asynchronous = Spread::Off,
        |parameters| parameters.small_messages = false,
        |parameters| parameters.small_windows = false,
        |parameters| parameters.forwarding = Spread::On,
        |parameters| parameters.pre_vote = Spread::Off,
        |parameters| parameters.leases = Spread::Off,
        |parameters| parameters.accept_unnamed = Spread::Off,
    ];
    for set in settings {
        let mut plainer = search.parameters().clone();
        set(&mut plainer);
        if plainer != *search.parameters() {
            let steps = search.steps().to_vec();
            search.offer(plainer, steps);
        }
    }
}
