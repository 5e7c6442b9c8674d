//! What many seeds of one scenario and one setting came to, as a row of a table.

use std::fmt;

use super::{Aid, ELECTION_TIMEOUT, Outcome, Scenario, Settings, WINDOW};

/// What is in the middle and at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread<T> {
    /// Half of the seeds have no more.
    pub median: T,
    /// No seed has more.
    pub worst: T,
}

/// One row: a scenario under one setting, over many seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// How the network was cut.
    pub scenario: Scenario,
    /// How the nodes were set.
    pub settings: Settings,
    /// What was done about it.
    pub aid: Aid,
    /// Runs.
    pub seeds: usize,
    /// Runs in which something that was proposed after the cut (or the aid) was committed.
    pub recovered: usize,
    /// Ticks from the cut (or the aid) until then; `None` is never.
    pub ticks: Spread<Option<u64>>,
    /// Of a thousand ticks of all runs, on how many something was committed.
    pub busy: u64,
    /// The longest stretch without a commit, in ticks.
    pub gap: Spread<u64>,
    /// Leaders elected.
    pub leaders: Spread<u64>,
    /// Terms begun.
    pub terms: Spread<u64>,
}

impl Row {
    /// The columns that a row is printed with.
    pub const HEADER: &'static str = "\
| pre-vote / check-quorum | recovered | median | worst | longest gap | ticks with a commit | leaders elected | terms begun |
|---|---|---|---|---|---|---|---|";

    pub(super) fn new(scenario: Scenario, settings: Settings, aid: Aid, outcomes: &[Outcome]) -> Self {
        let seeds = outcomes.len();
        let ticks = spread(outcomes, |outcome| outcome.recovered.unwrap_or(u64::MAX));
        let in_time = |ticks| Some(ticks).filter(|ticks| *ticks < u64::MAX);
        let all_ticks = WINDOW * ELECTION_TIMEOUT * u64::try_from(seeds).unwrap_or(u64::MAX);
        let busy: u64 = outcomes.iter().map(|outcome| outcome.busy).sum();
        Self {
            scenario,
            settings,
            aid,
            seeds,
            recovered: outcomes.iter().filter(|outcome| outcome.recovered.is_some()).count(),
            ticks: Spread {
                median: in_time(ticks.median),
                worst: in_time(ticks.worst),
            },
            busy: (busy * 1000).checked_div(all_ticks).unwrap_or(0),
            gap: spread(outcomes, |outcome| outcome.gap),
            leaders: spread(outcomes, |outcome| outcome.leaders),
            terms: spread(outcomes, |outcome| outcome.terms),
        }
    }
}

fn spread(outcomes: &[Outcome], of: impl Fn(&Outcome) -> u64) -> Spread<u64> {
    let mut values: Vec<u64> = outcomes.iter().map(of).collect();
    values.sort_unstable();
    Spread {
        median: values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(0),
        worst: values.last().copied().unwrap_or(0),
    }
}

/// In Markdown; times in election timeouts.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { recovered, seeds, .. } = self;
        write!(f, "| {} | {recovered} of {seeds}", self.settings)?;
        let timeouts = |ticks: u64| format!("{}.{}", ticks / ELECTION_TIMEOUT, ticks % ELECTION_TIMEOUT);
        for ticks in [self.ticks.median, self.ticks.worst] {
            write!(f, " | {}", ticks.map_or("never".to_string(), timeouts))?;
        }
        write!(f, " | {} ({})", timeouts(self.gap.median), timeouts(self.gap.worst))?;
        write!(f, " | {}.{} %", self.busy / 10, self.busy % 10)?;
        for Spread { median, worst } in [self.leaders, self.terms] {
            write!(f, " | {median} ({worst})")?;
        }
        f.write_str(" |")
    }
}
