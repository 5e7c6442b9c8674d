//! What a thread remembers: what events do to members, and what they add to the past.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use hashbrown::HashMap;
use quorate::Message;
use quorate_sim::Violation;

use crate::event::{Happening, Tear};
use crate::happen::{Counted, Elected};
use crate::member::Member;
use crate::note::{History, Note};
use crate::tables::{Mirror, Shared};

/// Mixes the bits of a word.
pub(super) fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (word ^ (word >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

/// For keys that are numbers of ours.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = mix(self.0 ^ word);
    }
}

pub(super) type ByNumber<T> = HashMap<u64, T, BuildHasherDefault<Mix>>;

/// What a happening does to a member.
#[derive(Clone, Debug)]
pub(super) enum Done {
    Nothing,
    Wrong(Violation),
    To(Arc<Led>),
}

/// Where it leads.
#[derive(Debug)]
pub(super) struct Led {
    /// Among all that this thread remembers.
    pub(super) number: u32,
    pub(super) member: u32,
    pub(super) term: u64,
    pub(super) sent: Box<[u32]>,
    pub(super) notes: Arc<[Note]>,
    pub(super) commits: Vec<Counted>,
    pub(super) elected: Option<Elected>,
    pub(super) tears: Vec<usize>,
}

/// The member and what happened to it; nothing of those that a world begins with. Kept only where voters are alike.
pub(super) type FromEvent = Option<(u32, Arc<Happening>)>;
/// The past and what was seen then.
pub(super) type FromNotes = Option<(u32, Arc<[Note]>)>;

/// What a thread remembers from one state to the next.
#[derive(Debug)]
pub struct Memory {
    pub(super) members: Mirror<Member, FromEvent>,
    pub(super) messages: Mirror<Message>,
    pub(super) histories: Mirror<History, FromNotes>,
    /// By the numbers of a member and of a happening.
    pub(super) done: ByNumber<Done>,
    pub(super) leds: u32,
    /// By the numbers of a past and of what led on.
    pub(super) pasts: ByNumber<Result<u32, Violation>>,
    happenings: Vec<Happening>,
    numbers: std::collections::HashMap<Happening, u32>,
    /// By the number of a message, without and with what is written being synced.
    deliveries: [Vec<u32>; 2],
    tears: std::collections::HashMap<(u32, Tear), u32>,
    /// By a number and a permutation: what it is called then.
    pub(super) images: super::symmetry::Images,
    /// The state that is being made.
    pub(super) next: Vec<u32>,
}

impl Memory {
    pub(super) fn new(
        members: &Arc<Shared<Member, FromEvent>>,
        messages: &Arc<Shared<Message>>,
        histories: &Arc<Shared<History, FromNotes>>,
    ) -> Self {
        Self {
            members: Mirror::new(members),
            messages: Mirror::new(messages),
            histories: Mirror::new(histories),
            done: ByNumber::default(),
            leds: 0,
            pasts: ByNumber::default(),
            happenings: Vec::new(),
            numbers: std::collections::HashMap::new(),
            deliveries: [Vec::new(), Vec::new()],
            tears: std::collections::HashMap::new(),
            images: super::symmetry::Images::default(),
            next: Vec::new(),
        }
    }

    pub(super) fn happening(&self, number: u32) -> &Happening {
        &self.happenings[number as usize]
    }

    pub(super) fn number(&mut self, happening: Happening) -> u32 {
        if let Some(number) = self.numbers.get(&happening) {
            return *number;
        }
        let number = u32::try_from(self.happenings.len()).unwrap_or(u32::MAX);
        self.numbers.insert(happening.clone(), number);
        self.happenings.push(happening);
        number
    }

    /// The number of a message's arrival.
    pub(super) fn delivery(&mut self, message: u32, settle: bool) -> u32 {
        let place = message as usize;
        let known = &mut self.deliveries[usize::from(settle)];
        if known.len() <= place {
            known.resize(place + 1, u32::MAX);
        }
        if known[place] != u32::MAX {
            return known[place];
        }
        let message = (**self.messages.get(message)).clone();
        let event = crate::event::Event::Deliver(message);
        let tear = None;
        let number = self.number(Happening { event, tear, settle });
        self.deliveries[usize::from(settle)][place] = number;
        number
    }

    /// The same with a crash on the way.
    pub(super) fn torn(&mut self, number: u32, tear: Tear) -> u32 {
        if let Some(torn) = self.tears.get(&(number, tear)) {
            return *torn;
        }
        let mut happening = self.happenings[number as usize].clone();
        happening.tear = Some(tear);
        let torn = self.number(happening);
        self.tears.insert((number, tear), torn);
        torn
    }
}
