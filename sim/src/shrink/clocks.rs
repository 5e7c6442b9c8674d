//! Steps whose times matter. A recording has no other clocks than its ticks: where a property rests on
//! clocks that drift within bounds, leaving out the ticks of one node alone would break it unjustly.

use std::collections::BTreeMap;

use quorate::NodeId;

use crate::step::Step;

/// Whether it may be left out without a clock standing still.
pub(super) fn is_free(step: &Step) -> bool {
    !matches!(
        step,
        Step::Tick { .. }
            | Step::Pause { .. }
            | Step::Crash { .. }
            | Step::Restart { .. }
            | Step::RestartDurable { .. }
            | Step::Join { .. }
            | Step::Wipe { .. }
    )
}

/// The steps without the free ones from `start` to `end`, and with as much less time there as all nodes
/// that are up have in common: at no node does more or less time pass than at others because of that.
pub(super) fn cut(steps: &[Step], start: usize, end: usize, voters: u64) -> Vec<Step> {
    let mut passed: BTreeMap<NodeId, u64> = (1..=voters).map(|id| (id, 0)).collect();
    let mut down = Vec::new();
    for (at, step) in steps.iter().enumerate().take(end) {
        let inside = at >= start;
        match step {
            // Whoever is up for a part of it only might miss time in the other.
            Step::Restart { node } | Step::RestartDurable { node } | Step::Join { node } => {
                down.retain(|other| other != node);
                passed.insert(*node, 0);
            }
            Step::Crash { node, .. } if !inside => down.push(*node),
            Step::Tick { node, ticks } if inside => *passed.entry(*node).or_default() += ticks,
            _ => {}
        }
    }
    let up = passed.iter().filter(|(node, _)| !down.contains(node));
    let common = up.map(|(_, ticks)| *ticks).min().unwrap_or(0);
    let mut owed: BTreeMap<NodeId, u64> = passed.into_keys().map(|node| (node, common)).collect();
    let mut kept = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        match step {
            _ if !(start..end).contains(&at) => kept.push(step.clone()),
            Step::Tick { node, ticks } => {
                let owed = owed.entry(*node).or_default();
                let less = (*owed).min(*ticks);
                *owed -= less;
                if *ticks > less {
                    kept.push(Step::Tick {
                        node: *node,
                        ticks: ticks - less,
                    });
                }
            }
            step if is_free(step) => {}
            _ => kept.push(step.clone()),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks_of(id: NodeId, steps: &[Step]) -> u64 {
        let ticks = |step: &Step| match step {
            Step::Tick { node, ticks } if *node == id => *ticks,
            _ => 0,
        };
        steps.iter().map(ticks).sum()
    }

    /// Wherever it is cut, every node that is up loses the same: as much as passes at the slowest of them.
    #[test]
    fn a_cut_takes_the_same_time_from_each() {
        let tick = |node, ticks| Step::Tick { node, ticks };
        let campaign = Step::Campaign { node: 1 };
        let steps = [
            tick(1, 3),
            tick(2, 1),
            campaign.clone(),
            tick(3, 4),
            tick(1, 1),
            tick(2, 2),
            tick(3, 1),
            campaign,
        ];
        for start in 0..steps.len() {
            for end in start..=steps.len() {
                let kept = cut(&steps, start, end, 3);
                let lost = [1, 2, 3].map(|id| ticks_of(id, &steps) - ticks_of(id, &kept));
                let passed = [1, 2, 3].map(|id| ticks_of(id, &steps[start..end]));
                assert_eq!(Some(lost[0]), passed.into_iter().min(), "{start}..{end}");
                assert_eq!(lost, [lost[0]; 3], "{start}..{end}");
            }
        }
    }
}
