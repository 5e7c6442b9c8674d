//! A majority, and who of it agrees.

use alloc::vec::Vec;
use core::fmt;

use crate::quorum::{Joint, Majority, VoteResult};
use crate::text::Ids;
use crate::types::NodeId;

/// One majority that has to agree, and who of it does. There are two while the configuration is joint (thesis 4.3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Half {
    /// Whether these are the voters as they were before a change that is under way.
    pub outgoing: bool,
    /// Who agrees.
    pub agree: Vec<NodeId>,
    /// Who refused.
    pub refuse: Vec<NodeId>,
    /// Of whom neither is known.
    pub missing: Vec<NodeId>,
    /// So many more have to agree; 0 if this half does.
    pub needed: usize,
    /// How it stands.
    pub result: VoteResult,
}

impl Half {
    /// The halves that there are, by what each voter said.
    pub(super) fn all(voters: &Joint, said: impl Fn(NodeId) -> Option<bool>) -> Vec<Self> {
        let halves = [(voters.incoming(), false), (voters.outgoing(), true)].into_iter();
        let halves = halves.filter(|(half, _)| !half.is_empty());
        halves.map(|(half, outgoing)| Self::of(half, outgoing, &said)).collect()
    }

    fn of(half: &Majority, outgoing: bool, said: impl Fn(NodeId) -> Option<bool>) -> Self {
        let who = |word| -> Vec<NodeId> {
            let ids = half.ids().iter().copied();
            ids.filter(|id| said(*id) == word).collect()
        };
        let agree = who(Some(true));
        Self {
            outgoing,
            needed: half.quorum_size().saturating_sub(agree.len()),
            agree,
            refuse: who(Some(false)),
            missing: who(None),
            result: half.vote_result(said),
        }
    }

    /// In words for those who agree, refuse, and are missing.
    pub(super) fn told<'a>(halves: &'a [Self], words: [&'a str; 3]) -> impl fmt::Display + 'a {
        Told { halves, words }
    }
}

struct Told<'a> {
    halves: &'a [Half],
    words: [&'a str; 3],
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, half) in self.halves.iter().enumerate() {
            f.write_str(if position == 0 { "" } else { "; " })?;
            if self.halves.len() > 1 {
                f.write_str(if half.outgoing {
                    "outgoing half: "
                } else {
                    "incoming half: "
                })?;
            }
            let lists = [&half.agree, &half.refuse, &half.missing].into_iter().zip(self.words);
            for (ids, word) in lists.filter(|(ids, _)| !ids.is_empty()) {
                write!(f, "{word} {}, ", Ids(ids))?;
            }
            match half.result {
                VoteResult::Won => f.write_str("which is a majority")?,
                VoteResult::Lost => f.write_str("which leaves no majority")?,
                VoteResult::Pending => write!(f, "{} more needed", half.needed)?,
            }
        }
        Ok(())
    }
}
