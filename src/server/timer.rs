//! Time, in ticks: everything that only time runs down, but for what belongs to a leader's peers.
//!
//! Times are kept as what has passed or what is left, never as a date, so that two nodes with the
//! same future are equal.

use core::hash::{Hash, Hasher};

use rand::Rng;
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

use crate::config::Config;

#[derive(Clone, Debug)]
pub(crate) struct Timer {
    /// Ticks since the election timer was last reset; a leader counts its quorum checks with it.
    elapsed: u64,
    /// A follower or candidate campaigns when so many ticks have passed: drawn from the settings' timeouts.
    timeout: u64,
    /// How many timeouts were drawn.
    draws: u32,
    /// What `elapsed` does not count of the ticks since a leader was heard: it began anew, or stopped at the timeout.
    /// Changes nothing that a node does, so that it is not compared.
    unheard: u32,
    /// Ticks for which a leader is promised that nobody else is elected.
    promised: u64,
    /// Ticks of silence after a restart.
    silent: u64,
    /// Ticks that could pass without anything being due, when that was last asked, and how many of them
    /// have not passed yet. Those that have are not counted above: see [`count`](Self::count).
    quiet: u32,
    quiet_left: u32,
}

impl Timer {
    pub(crate) fn new(config: &Config, silent: u64) -> Self {
        let mut timer = Self {
            elapsed: 0,
            timeout: 0,
            draws: 0,
            unheard: 0,
            promised: 0,
            silent,
            quiet: 0,
            quiet_left: 0,
        };
        timer.reset(config);
        timer
    }

    // ----- ticks that nobody looks at

    /// One tick passes, unless something may be due with it; `true` if it did. That is what most ticks of
    /// most nodes are: one word is read and written.
    #[inline]
    pub(crate) fn pass_quietly(&mut self) -> bool {
        let left = self.quiet_left.checked_sub(1);
        self.quiet_left = left.unwrap_or(0);
        left.is_some()
    }

    /// From now on ticks may pass quietly until the timeout, if nothing but this timer runs (`alone`).
    #[inline]
    pub(crate) fn set_alone(&mut self, alone: bool) {
        self.count();
        if alone {
            let quiet = self.until_timeout().saturating_sub(1);
            self.quiet = u32::try_from(quiet).unwrap_or(u32::MAX);
            self.quiet_left = self.quiet;
        }
    }

    /// Ticks that passed quietly and are not counted.
    #[inline]
    fn uncounted(&self) -> u64 {
        u64::from(self.quiet.saturating_sub(self.quiet_left))
    }

    /// Counts the ticks that passed quietly. To be called before anything changes; from here on no tick
    /// passes quietly.
    #[inline]
    fn count(&mut self) {
        if self.quiet > 0 {
            [self.elapsed, self.promised, self.silent] = [self.elapsed(), self.promised(), self.silent()];
            (self.quiet, self.quiet_left) = (0, 0);
        }
    }

    // ----- ticks that are looked at

    /// Begins anew with another timeout.
    pub(crate) fn reset(&mut self, config: &Config) {
        self.restart();
        self.redraw(config);
    }

    /// Another timeout, of which as much has passed as of the last. Where there is only one there is nothing to draw,
    /// and no draw is counted: how often decides nothing.
    pub(crate) fn redraw(&mut self, config: &Config) {
        self.count();
        let timeouts = config.settings().election_timeouts();
        if timeouts.end.saturating_sub(timeouts.start) == 1 {
            self.timeout = timeouts.start;
            return;
        }
        self.timeout = draw(config, self.draws.into());
        self.draws = self.draws.wrapping_add(1);
    }

    /// Begins anew with the same timeout.
    pub(crate) fn restart(&mut self) {
        self.count();
        self.add_unheard(self.elapsed);
        self.elapsed = 0;
    }

    /// Begins anew with the same timeout, because the leader was heard.
    pub(crate) fn hear(&mut self) {
        self.count();
        (self.elapsed, self.unheard) = (0, 0);
    }

    /// Ticks since the leader was heard; right where one is followed, and up to 2^32.
    pub(crate) fn since_heard(&self) -> u64 {
        self.elapsed().saturating_add(self.unheard.into())
    }

    fn add_unheard(&mut self, ticks: u64) {
        let ticks = u32::try_from(ticks).unwrap_or(u32::MAX);
        self.unheard = self.unheard.saturating_add(ticks);
    }

    /// The same where no leader was heard, so that what a node of its rank waits longer is behind it: that is waited
    /// once for each leader, or one of rank 0 that cannot win, and asks again and again for votes that this node may
    /// have to give, would keep it from standing itself for ever.
    pub(crate) fn restart_leaderless(&mut self, config: &Config) {
        self.count();
        let delay = config.settings().rank_delay();
        self.add_unheard(self.elapsed.saturating_sub(delay)); // what begins anew begins with it
        self.elapsed = delay;
    }

    /// `ticks` pass.
    pub(crate) fn advance(&mut self, ticks: u64, config: &Config) {
        let enough = self.timeout.max(config.settings().election_timeout_ticks);
        let passed = self.elapsed().saturating_add(ticks);
        self.advance_period(ticks, passed.min(enough));
        self.add_unheard(passed.saturating_sub(enough));
    }

    /// A leader's `ticks` pass; `elapsed` is where in its period it is then.
    pub(crate) fn advance_period(&mut self, ticks: u64, elapsed: u64) {
        self.count();
        self.elapsed = elapsed;
        self.promised = self.promised.saturating_sub(ticks);
        self.silent = self.silent.saturating_sub(ticks);
    }

    #[inline]
    pub(crate) fn elapsed(&self) -> u64 {
        self.elapsed.saturating_add(self.uncounted())
    }

    /// Ticks until the election timeout; at least one.
    #[inline]
    pub(crate) fn until_timeout(&self) -> u64 {
        self.timeout.saturating_sub(self.elapsed()).max(1)
    }

    pub(crate) fn is_timed_out(&self) -> bool {
        self.elapsed() >= self.timeout
    }

    /// Replaces the drawn timeout until the next draw.
    pub(crate) fn set_timeout(&mut self, ticks: u64) {
        self.count();
        self.timeout = ticks.max(1);
    }

    /// A leader is promised so many ticks from now, or as many as it was promised before.
    pub(crate) fn promise(&mut self, ticks: u64) {
        self.count();
        self.promised = self.promised.max(ticks);
    }

    #[inline]
    pub(crate) fn promised(&self) -> u64 {
        self.promised.saturating_sub(self.uncounted())
    }

    #[inline]
    pub(crate) fn silent(&self) -> u64 {
        self.silent.saturating_sub(self.uncounted())
    }

    /// What counts in comparisons: not who has counted already.
    fn contents(&self) -> [u64; 5] {
        let draws = self.draws.into();
        [self.elapsed(), self.timeout, draws, self.promised(), self.silent()]
    }
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        self.contents() == other.contents()
    }
}

impl Eq for Timer {}

impl Hash for Timer {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.contents().hash(state);
    }
}

/// One of the election timeouts. The generator is made afresh for each draw from what names the
/// draw, so that none lives in the state; reduced by multiplication, which is the same everywhere.
fn draw(config: &Config, number: u64) -> u64 {
    let scramble = |word: u64| Xoshiro256PlusPlus::seed_from_u64(word).next_u64();
    let random = scramble(scramble(scramble(config.seed) ^ config.id) ^ number);
    let timeouts = config.settings().election_timeouts();
    let range = u128::from(timeouts.end.saturating_sub(timeouts.start));
    let offset = u128::from(random).saturating_mul(range) >> 64;
    let offset = u64::try_from(offset).unwrap_or(0);
    timeouts.start.saturating_add(offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    /// Every timeout comes up about as often as any other, whichever of the three numbers
    /// that name a draw moves; and no two of them move together.
    #[test]
    fn draws_are_uniform_in_each_number() {
        for (shortest, longest) in [(None, None), (None, Some(16)), (Some(8), None), (Some(13), Some(21))] {
            let mut config = Config::new(1, 1);
            config.settings_mut().election_timeout_ticks = 8;
            config.settings_mut().min_election_timeout_ticks = shortest;
            config.settings_mut().max_election_timeout_ticks = longest;
            assert_eq!(config.validate(), Ok(()));
            draw_evenly(&mut config, shortest.unwrap_or(8));
        }
    }

    fn draw_evenly(config: &mut Config, shortest: u64) {
        let draws: [fn(&mut Config, u64) -> u64; 3] = [
            |config, step| draw(config, step),
            |config, step| draw(&config.for_node(step + 1, config.seed), 0),
            |config, step| draw(&config.for_node(config.id, step), 0),
        ];
        for one in draws {
            let mut counts = vec![0; 8];
            (0..8_000).for_each(|step| counts[usize::try_from(one(config, step) - shortest).unwrap()] += 1);
            assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
        }
    }

    /// The draws of these numbers, for ever and everywhere.
    #[test]
    fn draws_are_pinned() {
        let drawn = |seed| {
            (0..8)
                .map(|number| draw(&Config::new(1, seed), number))
                .collect::<vec::Vec<_>>()
        };
        assert_eq!(drawn(0), PINNED[0]);
        assert_eq!(drawn(u64::MAX), PINNED[1]);
    }

    const PINNED: [[u64; 8]; 2] = [[18, 11, 10, 15, 14, 12, 10, 13], [17, 14, 10, 16, 13, 17, 15, 18]];
}
