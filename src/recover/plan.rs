//! A recovery as a text that an operator reads, signs, and hands on.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use super::digest::Digest;
use super::error::{PlanError, RecoverError};
use super::inspection::Inspection;
use crate::types::{ClusterId, EntryId, HardState, Identity, Index, NUMBER_MAX, NodeId, Term};

/// The first line of this version.
const TITLE: &str = "quorate recovery plan, version 1";

/// What is to be done to which store: made by [`Inspection::plan`], carried out by [`apply`](super::apply).
///
/// Its [`Display`](fmt::Display) is a plain text that ends with a digest, and [`FromStr`] reads it back. A text is
/// taken only as it was written, but for blanks at the ends of lines. The digest (FNV-1a, 64 bits) finds what was mixed
/// up, cut off or edited; it is no signature, and whoever means ill can make one for any text.
///
/// ```
/// use quorate::recover::{self, Plan};
/// use quorate::{bootstrap, ConfState, MemoryStorage};
/// let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
/// let plan = recover::inspect(&MemoryStorage::from_snapshot(first), 0)?.plan(2)?;
/// let text = plan.to_string();
/// assert_eq!(text.parse(), Ok(plan));
/// assert!(text.replace("node: 2", "node: 3").parse::<Plan>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    node_id: NodeId,
    cluster_id: ClusterId,
    identity: Identity,
    hard_state: HardState,
    base: EntryId,
    last: EntryId,
    committed: EntryId,
    applied: Index,
    tail: u64,
    standing: String,
    configuration: String,
    others: String,
}

impl Plan {
    pub(super) fn new(found: &Inspection, node_id: NodeId) -> Result<Self, RecoverError> {
        if !found.members.contains(&node_id) {
            return Err(RecoverError::NotMember { id: node_id });
        }
        let others: Vec<String> = found
            .members
            .iter()
            .filter(|id| **id != node_id)
            .map(ToString::to_string)
            .collect();
        let plan = Self {
            node_id,
            cluster_id: found.cluster_id,
            identity: found.identity,
            hard_state: found.hard_state,
            base: found.base,
            last: found.last,
            committed: found.committed,
            applied: found.applied,
            tail: found.tail,
            standing: found.standing(node_id).to_string(),
            configuration: Inspection::words(&found.last_configuration),
            others: if others.is_empty() {
                "none".to_string()
            } else {
                others.join(" ")
            },
        };
        // The recovered node campaigns in the term after the new one, and begins it with an entry.
        let numbers = [plan.new_term(), found.last.index];
        if numbers.iter().any(|number| *number >= NUMBER_MAX) {
            return Err(RecoverError::Exhausted);
        }
        Ok(plan)
    }

    /// The node that is to be the only member.
    pub fn node_id(&self) -> NodeId {
        self.node_id
    }

    /// The group that was.
    pub fn cluster_id(&self) -> ClusterId {
        self.cluster_id
    }

    /// The state machine has applied everything up to here ...
    pub fn applied(&self) -> Index {
        self.applied
    }

    /// ... and is to apply everything up to here: the last entry in the log.
    pub fn last(&self) -> EntryId {
        self.last
    }

    /// The term of the recovered store: above all that the store has seen, and above 1, in which groups begin.
    pub fn new_term(&self) -> Term {
        let seen = self.hard_state.term.max(self.last.term);
        seen.max(1).saturating_add(1)
    }

    /// The digest that the text ends with.
    pub fn digest(&self) -> u64 {
        digest(self.body().lines())
    }

    pub(super) fn identity(&self) -> Identity {
        self.identity
    }

    pub(super) fn hard_state(&self) -> HardState {
        self.hard_state
    }

    /// Whether a plan for this node, as the store is now, is this one.
    pub(super) fn check(&self, now: &Self) -> Result<(), RecoverError> {
        let mut both = self.fields().into_iter().zip(now.fields());
        match both.find(|(planned, found)| planned != found) {
            None => Ok(()),
            Some(((what, planned), (_, found))) => Err(RecoverError::Differs { what, planned, found }),
        }
    }

    /// Every field, by its name.
    fn fields(&self) -> [(&'static str, String); 15] {
        let HardState {
            term,
            vote,
            commit,
            promised_ticks,
        } = self.hard_state;
        [
            ("node", self.node_id.to_string()),
            ("cluster id", alloc::format!("{:016x}", self.cluster_id)),
            ("identity", alloc::format!("{:016x}", self.identity)),
            ("term", term.to_string()),
            ("vote", vote.map_or_else(|| "none".to_string(), |id| id.to_string())),
            ("stored commit", commit.to_string()),
            ("promised ticks", promised_ticks.to_string()),
            ("log begins after", self.base.to_string()),
            ("last entry", self.last.to_string()),
            ("committed for sure", self.committed.to_string()),
            ("applied", self.applied.to_string()),
            ("entries after applied", alloc::format!("{:016x}", self.tail)),
            ("standing", self.standing.clone()),
            ("last configuration", self.configuration.clone()),
            ("other nodes", self.others.clone()),
        ]
    }

    /// The text without the digest.
    fn body(&self) -> String {
        let mut lines = Vec::from([TITLE.to_string()]);
        lines.extend(self.fields().map(|(name, value)| alloc::format!("{name}: {value}")));
        let (node, last, committed) = (self.node_id, self.last, self.committed.index);
        lines.push(match committed.saturating_add(1) {
            next if next > last.index => "Everything that is here is committed.".to_string(),
            next => alloc::format!(
                "Entries {next} to {} may be committed or not. They are kept, and are committed from then on.",
                last.index
            ),
        });
        lines.push(alloc::format!(
            "What was committed beyond entry {last} is lost, if anything was."
        ));
        lines.push(alloc::format!(
            "Node {node} begins a new group alone, at index {} in term {}.",
            last.index,
            self.new_term()
        ));
        lines.push(
            "Every other node is stopped before, and joins it with an empty store, or never runs again.".to_string(),
        );
        lines.join("\n")
    }
}

fn digest<'a>(lines: impl Iterator<Item = &'a str>) -> u64 {
    let add = |digest: Digest, line: &str| digest.bytes(line.as_bytes()).bytes(b"\n");
    lines.fold(Digest::EMPTY, add).value()
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\ndigest: {:016x}", self.body(), self.digest())
    }
}

impl FromStr for Plan {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Self, PlanError> {
        let lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
        let Some((last, body)) = lines.split_last() else {
            return Err(PlanError::NotAPlan);
        };
        let (Some(named), Some(&TITLE)) = (last.strip_prefix("digest: "), body.first()) else {
            return Err(PlanError::NotAPlan);
        };
        let computed = digest(body.iter().copied());
        if named != alloc::format!("{computed:016x}") {
            let named = named.to_string();
            return Err(PlanError::Digest { named, computed });
        }
        let plan = Fields { lines: body, next: 1 }.plan()?;
        let wanted = plan.body();
        let mut pairs = wanted.lines().zip(body.iter().copied().chain(core::iter::repeat("")));
        let wrong = pairs.position(|(wanted, found)| wanted != found);
        let surplus = (body.len() > wanted.lines().count()).then(|| wanted.lines().count());
        match wrong.or(surplus) {
            None => Ok(plan),
            Some(line) => Err(PlanError::Line {
                line: line.saturating_add(1),
                expected: wanted.lines().nth(line).unwrap_or("the digest").to_string(),
            }),
        }
    }
}

/// Reads field by field, in their order.
struct Fields<'a> {
    lines: &'a [&'a str],
    next: usize,
}

impl<'a> Fields<'a> {
    fn plan(mut self) -> Result<Plan, PlanError> {
        let number = |text: &str| text.parse().ok();
        let hexadecimal = |text: &str| u64::from_str_radix(text, 16).ok();
        Ok(Plan {
            node_id: self.take("node", number)?,
            cluster_id: self.take("cluster id", hexadecimal)?,
            identity: self.take("identity", hexadecimal)?,
            hard_state: HardState {
                term: self.take("term", number)?,
                vote: self.take("vote", |text| match text {
                    "none" => Some(None),
                    id => id.parse().ok().map(Some),
                })?,
                commit: self.take("stored commit", number)?,
                promised_ticks: self.take("promised ticks", number)?,
            },
            base: self.take("log begins after", entry_id)?,
            last: self.take("last entry", entry_id)?,
            committed: self.take("committed for sure", entry_id)?,
            applied: self.take("applied", number)?,
            tail: self.take("entries after applied", hexadecimal)?,
            standing: self.take("standing", |text| Some(text.to_string()))?,
            configuration: self.take("last configuration", |text| Some(text.to_string()))?,
            others: self.take("other nodes", |text| Some(text.to_string()))?,
        })
    }

    fn take<T>(&mut self, name: &str, read: impl FnOnce(&'a str) -> Option<T>) -> Result<T, PlanError> {
        let line = self.lines.get(self.next).copied().unwrap_or_default();
        self.next = self.next.saturating_add(1);
        let value = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(": "));
        value.and_then(read).ok_or_else(|| PlanError::Line {
            line: self.next,
            expected: alloc::format!("{name}: ..."),
        })
    }
}

fn entry_id(text: &str) -> Option<EntryId> {
    let (term, index) = text.split_once('/')?;
    Some(EntryId {
        term: term.parse().ok()?,
        index: index.parse().ok()?,
    })
}
