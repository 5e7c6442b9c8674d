//! The whole explanation as a text.

use core::fmt;

use super::{Explanation, IndexExplanation, NoLease};
use crate::config::ReadMode;
use crate::counters::Counters;
use crate::event::IgnoredReason;
use crate::text::ticks;

/// Refusals that are shown: the last ones.
const REFUSALS_MAX: usize = 8;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_headline(f)?;
        for finding in &self.no_leader {
            write!(f, "\n  {finding}")?;
        }
        self.fmt_store(f)?;
        if let Some(at_least) = self.status.snapshot_request {
            write!(
                f,
                "\nits state machine waits for a snapshot that it asked for, and that covers index {at_least}: \
                 until then it applies nothing more, and does not campaign [D38]"
            )?;
        }
        if let Some(index) = &self.uncommitted {
            write!(f, "\n{index}")?;
        }
        self.fmt_behind(f)?;
        self.fmt_lease(f)?;
        write!(f, "\nstatus of {}", self.status)?;
        write!(
            f,
            "\nconfiguration as of index {}: {}",
            self.configured_at, self.membership
        )?;
        for member in &self.progress {
            write!(f, "\n  {member}")?;
        }
        self.fmt_settings(f)?;
        self.fmt_refusals(f)?;
        write!(f, "\n{}", self.counters)
    }
}

impl Explanation {
    /// The answer in a line.
    fn fmt_headline(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, term) = (self.status.id, self.status.hard_state.term);
        match (&self.poisoned, self.status.soft_state.leader) {
            (Some(fault), _) => write!(f, "node {id} is poisoned: {fault}"),
            (None, None) => write!(f, "node {id} knows no leader in term {term}"),
            (None, Some(leader)) if leader == id => write!(f, "node {id} leads term {term}"),
            (None, Some(leader)) => {
                write!(f, "node {id} follows node {leader}, which leads term {term}")?;
                let silent = self.status.leader_silent_ticks;
                silent.map_or(Ok(()), |silent| write!(f, " and was heard {} ago", ticks(silent)))?;
                let left = self.election_ticks;
                left.map_or(Ok(()), |left| {
                    write!(f, "; it campaigns in {} if it hears no more", ticks(left))
                })
            }
        }
    }

    /// Whether its store counts for it.
    fn fmt_store(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.status.disowned, self.status.unnamed) {
            (true, true) => f.write_str(
                "\nthe configuration does not name its store: it takes part in nothing new until an UpdateNode names \
                 that [D28]",
            ),
            (true, false) => f.write_str(
                "\nthe configuration names another store for it: it takes part in nothing new until it is removed, \
                 and added with its own identity [D28]",
            ),
            (false, _) => Ok(()),
        }
    }

    /// Those that the index before does not name already.
    fn fmt_behind(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.uncommitted.iter().flat_map(IndexExplanation::lacking);
        let is_named = |id| named.clone().any(|peer| peer.id == id);
        let mut others = self.behind.iter().filter(|peer| !is_named(peer.id)).peekable();
        if others.peek().is_some() {
            f.write_str("\nbehind the end of the log:")?;
        }
        others.try_for_each(|peer| write!(f, "\n  {peer}"))
    }

    fn fmt_lease(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.lease {
            Ok(left) => write!(f, "\nlease: held for {}", ticks(*left)),
            Err(NoLease::NotLeader { .. } | NoLease::NotMeasured | NoLease::Poisoned(_)) => Ok(()),
            Err(reason) => write!(f, "\n{reason}"),
        }
    }

    fn fmt_settings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.settings;
        write!(
            f,
            "\nsettings: election_timeout_ticks={} heartbeat_interval_ticks={}",
            settings.election_timeout_ticks, settings.heartbeat_interval_ticks
        )?;
        for (name, on) in [
            ("pre_vote", settings.pre_vote),
            ("check_quorum", settings.check_quorum),
            ("lease_promises", settings.lease_promises),
            ("lease reads", settings.read_mode == ReadMode::Lease),
            ("async_storage_writes", settings.async_storage_writes),
        ] {
            write!(f, ", {name} {}", if on { "on" } else { "off" })?;
        }
        Ok(())
    }

    fn fmt_refusals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.refusals.len().saturating_sub(REFUSALS_MAX);
        if !self.refusals.is_empty() {
            f.write_str("\nsince the events were last fetched:")?;
        }
        if before > 0 {
            write!(f, "\n  ({before} more before these)")?;
        }
        let mut last = self.refusals.iter().skip(before);
        last.try_for_each(|event| write!(f, "\n  {event}"))
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "messages: received={} refused={} sent={}",
            self.messages_received, self.messages_refused, self.messages_sent
        )?;
        for (position, reason) in IgnoredReason::ALL
            .into_iter()
            .filter(|reason| self.ignored(*reason) > 0)
            .enumerate()
        {
            f.write_str(if position == 0 { "; ignored: " } else { ", " })?;
            write!(f, "{} because {reason}", self.ignored(reason))?;
        }
        Ok(())
    }
}
