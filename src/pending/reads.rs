//! What became of reads: a table from contexts, which it makes, to the caller's tokens.

use alloc::collections::{VecDeque, vec_deque};

use bytes::Bytes;

use super::{Refused, insert_sorted, pop};
use crate::config::ReadMode;
use crate::error::ReadError;
use crate::raw_node::RawNode;
use crate::ready::{ReadRefusal, ReadState};
use crate::storage::Storage;
use crate::types::Index;

/// Before the number in a context, so that the caller's own contexts are not taken for the table's.
const TAG: [u8; 8] = *b"pending:";

/// Reads that wait until they may be served, with the caller's tokens. For the loop see the
/// [module](crate::pending).
///
/// A node has one table as long as it lives. (Two would make the same contexts, and a read could be served by the
/// answer to an older one.) Answers that come in the order of the questions, as they nearly always do, cost the same
/// however many wait, but for a binary search. A table without tokens holds no memory.
///
/// ```
/// use quorate::pending::Reads;
/// # use quorate::{Config, ConfState, MemoryStorage, RawNode, bootstrap};
/// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
/// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
/// let mut reads = Reads::new();
/// let refused = reads.read(&mut node, "token").expect_err("nobody leads");
/// assert_eq!((refused.token, refused.to_string()), ("token", "no leader is known".to_string()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reads<T> {
    /// Not answered; by the numbers in their contexts.
    asked: VecDeque<(u64, T)>,
    /// By the index that must be applied.
    answered: VecDeque<(Index, T)>,
    refused: VecDeque<(T, ReadRefusal)>,
    /// Numbers are never used twice.
    next: u64,
}

pub(super) fn context(number: u64) -> Bytes {
    Bytes::copy_from_slice(&[TAG, number.to_le_bytes()].concat())
}

/// The number in a context of this table's.
fn number(context: &[u8]) -> Option<u64> {
    let number = context.strip_prefix(&TAG)?;
    number.try_into().ok().map(u64::from_le_bytes)
}

impl<T> Reads<T> {
    /// An empty table.
    pub const fn new() -> Self {
        Self {
            asked: VecDeque::new(),
            answered: VecDeque::new(),
            refused: VecDeque::new(),
            next: 0,
        }
    }

    /// [Asks](RawNode::read_index) at which index a read is linearizable.
    ///
    /// # Errors
    ///
    /// The token comes back.
    pub fn read<S: Storage>(&mut self, node: &mut RawNode<S>, token: T) -> Result<(), Refused<ReadError, T>> {
        self.ask(|context| node.read_index(context), token)
    }

    /// The same [in this mode](RawNode::read_index_with).
    ///
    /// # Errors
    ///
    /// The token comes back.
    pub fn read_with<S: Storage>(
        &mut self,
        node: &mut RawNode<S>,
        mode: ReadMode,
        token: T,
    ) -> Result<(), Refused<ReadError, T>> {
        self.ask(|context| node.read_index_with(mode, context), token)
    }

    fn ask(&mut self, ask: impl FnOnce(Bytes) -> Result<(), ReadError>, token: T) -> Result<(), Refused<ReadError, T>> {
        let number = self.next;
        self.next = number.wrapping_add(1);
        match ask(context(number)) {
            Ok(()) => {
                self.asked.push_back((number, token));
                Ok(())
            }
            Err(error) => Err(Refused { error, token }),
        }
    }

    /// Reads were answered ([`Ready::read_states`](crate::Ready::read_states)). Those that were not asked for here are
    /// left to the caller.
    pub fn on_read_states(&mut self, states: &[ReadState]) {
        for ReadState { context, outcome } in states {
            let place =
                number(context).and_then(|number| self.asked.binary_search_by_key(&number, |(number, _)| *number).ok());
            let Some((_, token)) = place.and_then(|place| self.asked.remove(place)) else {
                continue;
            };
            match *outcome {
                Ok(index) => insert_sorted(&mut self.answered, (index, token)),
                Err(refusal) => self.refused.push_back((token, refusal)),
            }
        }
        if self.asked.is_empty() {
            self.asked = VecDeque::new();
        }
    }

    /// Takes out what may be served now, by a state machine that has applied up to this index, and what was refused:
    /// ask again. What is not taken stays.
    ///
    /// The index is the state machine's own. Where entries are applied before `advance`, it is also
    /// [`Status::applied`](crate::Status::applied) after it.
    pub fn drain_settled(&mut self, applied: Index) -> impl Iterator<Item = (T, Result<(), ReadRefusal>)> + '_ {
        core::iter::from_fn(move || {
            if let Some((token, refusal)) = pop(&mut self.refused) {
                return Some((token, Err(refusal)));
            }
            let (index, _) = self.answered.front()?;
            let due = *index <= applied;
            due.then(|| pop(&mut self.answered))?.map(|(_, token)| (token, Ok(())))
        })
    }

    /// Ends the wait of those tokens as [`ReadRefusal::Timeout`]: their deadline has passed, or `|_| true` where the
    /// node ends. Looks at all that wait.
    pub fn give_up(&mut self, mut is_overdue: impl FnMut(&T) -> bool) {
        let refused = &mut self.refused;
        for queue in [&mut self.asked, &mut self.answered] {
            for _ in 0..queue.len() {
                match queue.pop_front() {
                    Some((_, token)) if is_overdue(&token) => refused.push_back((token, ReadRefusal::Timeout)),
                    kept => queue.extend(kept),
                }
            }
            if queue.is_empty() {
                *queue = VecDeque::new();
            }
        }
    }

    /// How many tokens are in the table, those that are settled and not taken out included.
    pub fn len(&self) -> usize {
        let waiting = self.asked.len().saturating_add(self.answered.len());
        waiting.saturating_add(self.refused.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Default for Reads<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// All tokens, where the table ends: none of these reads may be served.
impl<T> IntoIterator for Reads<T> {
    type Item = (T, ReadRefusal);
    type IntoIter = vec_deque::IntoIter<(T, ReadRefusal)>;

    fn into_iter(mut self) -> Self::IntoIter {
        self.give_up(|_| true);
        self.refused.into_iter()
    }
}
