//! States that differ only by which voter is which are folded into one.
//!
//! A node cannot be renamed: what is inside it is its own affair. But what happened to it can, for messages are public.
//! So the image of a member under a permutation is what comes of the images of the events that made it, and
//! likewise for what is remembered of the past. That this is an image at all is what makes folding sound: where
//! nodes treat ids as names only, the image of a node does the image of what the node does. Each time an image is made
//! the messages that were sent are compared, and where they are not images of each other nothing is folded.

use std::sync::Arc;

use quorate::message::Payload;
use quorate::{Message, NodeId};

use super::Group;
use super::memory::{ByNumber, Done, Memory};
use crate::event::{Event, Happening};
use crate::member::Member;
use crate::note::Note;

/// What numbers are called under a permutation; `None` where there is no image.
#[derive(Debug, Default)]
pub(super) struct Images {
    members: ByNumber<Option<u32>>,
    messages: ByNumber<u32>,
    pasts: ByNumber<Option<u32>>,
    permutations: Vec<Permutation>,
}

/// By position: the id that stands in the place of the id there.
type Permutation = Arc<[NodeId]>;

impl Group {
    /// The least of all images of a state.
    pub(super) fn fold(&self, memory: &mut Memory, state: &mut Vec<u32>) {
        if memory.images.permutations.is_empty() {
            memory.images.permutations = permutations(&self.ids);
        }
        let mut best: Option<(Vec<u64>, Vec<u32>)> = None;
        for number in 1..memory.images.permutations.len() {
            let Some(image) = self.image(memory, state, number) else {
                continue;
            };
            let key = self.key(memory, &image);
            if best.as_ref().is_none_or(|(least, _)| key < *least) {
                best = Some((key, image));
            }
        }
        if let Some((_, image)) = best.filter(|(key, _)| *key < self.key(memory, state)) {
            *state = image;
        }
    }

    /// What states are compared by: the same in every run.
    fn key(&self, memory: &mut Memory, state: &[u32]) -> Vec<u64> {
        let (past, head) = (self.ids.len(), self.head());
        let words = state.iter().enumerate().map(|(place, word)| match place {
            _ if place < past => memory.members.fingerprint(*word),
            _ if place == past => memory.histories.fingerprint(*word),
            _ if place < head => u64::from(*word),
            _ => memory.messages.fingerprint(*word),
        });
        words.collect()
    }

    fn image(&self, memory: &mut Memory, state: &[u32], number: usize) -> Option<Vec<u32>> {
        let permutation = memory.images.permutations[number].clone();
        let mut image = state.to_vec();
        for (position, id) in permutation.iter().enumerate() {
            let place = self.position(*id)?;
            image[place] = self.member_image(memory, state[position], number)?;
            if self.layout.clocks() > 0 {
                let clock = self.layout.clock(self.budget(state), position);
                self.layout.set_clock(self.budget_mut(&mut image), place, clock);
            }
        }
        let past = self.ids.len();
        image[past] = self.past_image(memory, state[past], number)?;
        for place in self.head()..state.len() {
            image[place] = self.message_image(memory, state[place], number);
        }
        self.sort(memory, &mut image);
        Some(image)
    }

    fn message_image(&self, memory: &mut Memory, message: u32, number: usize) -> u32 {
        let key = u64::from(message) << 8 | number as u64;
        if let Some(image) = memory.images.messages.get(&key) {
            return *image;
        }
        let permutation = memory.images.permutations[number].clone();
        let renamed = self.message(&permutation, memory.messages.get(message));
        let image = memory.messages.number(renamed, ());
        memory.images.messages.insert(key, image);
        image
    }

    fn member_image(&self, memory: &mut Memory, member: u32, number: usize) -> Option<u32> {
        let key = u64::from(member) << 8 | number as u64;
        if let Some(image) = memory.images.members.get(&key) {
            return *image;
        }
        let image = self.make_member_image(memory, member, number);
        memory.images.members.insert(key, image);
        image
    }

    fn make_member_image(&self, memory: &mut Memory, member: u32, number: usize) -> Option<u32> {
        let permutation = memory.images.permutations[number].clone();
        let Some((before, happening)) = memory.members.origin(member) else {
            let id = self.renamed(&permutation, memory.members.get(member).id);
            return Some(memory.members.number(Member::new(id), None));
        };
        let ours = memory.number((*happening).clone());
        let Done::To(ours) = self.done(memory, before, ours) else {
            return None;
        };
        let before = self.member_image(memory, before, number)?;
        let happening = self.happening(&permutation, &happening);
        let happening = memory.number(happening);
        let Done::To(theirs) = self.done(memory, before, happening) else {
            return None;
        };
        let mut expected: Vec<u32> = ours
            .sent
            .iter()
            .map(|sent| self.message_image(memory, *sent, number))
            .collect();
        let mut sent = theirs.sent.to_vec();
        expected.sort_unstable();
        sent.sort_unstable();
        (expected == sent).then_some(theirs.member)
    }

    fn past_image(&self, memory: &mut Memory, past: u32, number: usize) -> Option<u32> {
        let key = u64::from(past) << 8 | number as u64;
        if let Some(image) = memory.images.pasts.get(&key) {
            return *image;
        }
        let image = match memory.histories.origin(past) {
            None => Some(past),
            Some((before, notes)) => self.past_image(memory, before, number).and_then(|before| {
                let permutation = memory.images.permutations[number].clone();
                let mut history = (**memory.histories.get(before)).clone();
                let notes: Vec<Note> = notes.iter().map(|note| self.note(&permutation, note)).collect();
                notes.iter().try_for_each(|note| history.note(note)).ok()?;
                let origin = Some((before, notes.into()));
                Some(memory.histories.number(history, origin))
            }),
        };
        memory.images.pasts.insert(key, image);
        image
    }

    fn renamed(&self, permutation: &Permutation, id: NodeId) -> NodeId {
        self.position(id).map_or(id, |position| permutation[position])
    }

    fn message(&self, permutation: &Permutation, message: &Message) -> Message {
        let mut renamed = message.clone();
        renamed.from = self.renamed(permutation, message.from);
        renamed.to = self.renamed(permutation, message.to);
        match &mut renamed.payload {
            Payload::TransferLeader { asker: Some(asker), .. } => *asker = self.renamed(permutation, *asker),
            Payload::TransferRefused { to, .. } => *to = self.renamed(permutation, *to),
            _ => {}
        }
        renamed
    }

    fn happening(&self, permutation: &Permutation, happening: &Happening) -> Happening {
        let event = match &happening.event {
            Event::Deliver(message) => Event::Deliver(self.message(permutation, message)),
            Event::Transfer(to) => Event::Transfer(self.renamed(permutation, *to)),
            Event::ReportUnreachable(peer) => Event::ReportUnreachable(self.renamed(permutation, *peer)),
            Event::ReportLost(peer, snapshot) => Event::ReportLost(self.renamed(permutation, *peer), *snapshot),
            other => other.clone(),
        };
        Happening {
            event,
            ..happening.clone()
        }
    }

    fn note(&self, permutation: &Permutation, note: &Note) -> Note {
        let mut renamed = note.clone();
        match &mut renamed {
            Note::Leads(node, _, durable) => {
                *node = self.renamed(permutation, *node);
                durable.vote = durable.vote.map(|vote| self.renamed(permutation, vote));
            }
            Note::Commits(node, ..)
            | Note::Believes(node, _)
            | Note::Applies(node, _)
            | Note::Configured(node, ..)
            | Note::IsAt(node, ..)
            | Note::Answered(node, ..)
            | Note::Replaced(node) => *node = self.renamed(permutation, *node),
            Note::Asked(_) | Note::Forgotten(_) => {}
        }
        renamed
    }
}

/// All of them, the one that changes nothing first.
fn permutations(ids: &[NodeId]) -> Vec<Permutation> {
    let mut all: Vec<Vec<NodeId>> = vec![Vec::new()];
    for _ in ids {
        let longer = all.iter().flat_map(|some| {
            let rest = ids.iter().filter(|id| !some.contains(id));
            rest.map(|id| [some.as_slice(), &[*id]].concat())
        });
        all = longer.collect();
    }
    all.into_iter().map(Into::into).collect()
}
