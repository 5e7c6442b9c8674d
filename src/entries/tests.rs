//! Runs against a plain vector: whatever is pushed, appended, cut and forgotten, they say what the vector
//! says, from where they begin.

use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::{Entries, Runs};
use crate::types::{Entry, Index};

/// What may happen. Numbers are reduced to what is legal at the time.
#[derive(Clone, Debug)]
enum Operation {
    Push,
    /// So many entries at once, of which the first few are cut off before.
    Append(usize, usize),
    Share,
    /// All but so many.
    Truncate(u64),
    /// Up to an index, of which so many more are stable, and so many bytes may stay.
    Forget(u64, u64, u64),
    CutFront(u64),
    PutAway,
}

use Operation::{Append, CutFront, Forget, Push, PutAway, Share, Truncate};

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        3 => Just(Push),
        3 => (0_usize..6, 0_usize..4).prop_map(|(count, cut)| Append(count, cut)),
        2 => Just(Share),
        2 => (0_u64..14).prop_map(Truncate),
        2 => (0_u64..12, 0_u64..6, 0_u64..60).prop_map(|(low, more, bytes)| Forget(low, more, bytes)),
        2 => (0_u64..12).prop_map(CutFront),
        1 => Just(PutAway),
    ]
}

fn entry(index: Index, number: u64) -> Entry {
    Entry {
        term: number % 7 + 1,
        index,
        data: vec![b'x'; usize::try_from(number % 5).unwrap()].into(),
        ..Entry::default()
    }
}

fn bytes<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> u64 {
    entries.into_iter().map(Entry::encoded_len).sum()
}

/// Runs beside all entries that were ever in them and not cut off at the end.
struct Pair {
    runs: Runs,
    model: Vec<Entry>,
    made: u64,
}

impl Pair {
    fn entry(&mut self, index: Index) -> Entry {
        self.made += 1;
        entry(index, self.made)
    }

    fn act(&mut self, operation: &Operation) {
        let (start, end) = (self.runs.start(), self.runs.end());
        match *operation {
            Push => {
                let entry = self.entry(end);
                self.runs.push(entry.clone());
                self.model.push(entry);
            }
            Append(count, cut) => {
                let first = end.saturating_sub(cut as u64).max(1);
                let cut = usize::try_from(end - first).unwrap();
                let message: Entries = (first..first + count as u64).map(|index| self.entry(index)).collect();
                let news = message.slice(cut..usize::MAX);
                self.runs.append(news.clone());
                self.model.extend(news);
            }
            Share => self.runs.share(),
            Truncate(to) => {
                let to = to.clamp(1, end);
                self.runs.truncate(to);
                self.model.retain(|entry| entry.index < to);
            }
            Forget(low, more, bytes) => {
                let (low, stable) = (low.min(end), (low + more).min(end));
                self.runs.forget(low, stable, bytes);
                assert!(self.runs.start() <= stable.max(start), "what is not stable stays");
            }
            CutFront(to) => {
                // As a store does it, which has nothing fresh.
                self.runs.share();
                self.runs.cut_front(to.clamp(start, end));
                assert_eq!(self.runs.start(), to.clamp(start, end));
            }
            PutAway => self.runs.put_away(),
        }
    }

    fn check(&self) {
        let Self { runs, model, .. } = self;
        let (start, end) = (runs.start(), runs.end());
        let kept: Vec<&Entry> = model.iter().filter(|entry| entry.index >= start).collect();
        assert_eq!(kept.len() as u64, end - start);
        for index in 0..end + 2 {
            let known = kept.iter().find(|entry| entry.index == index).copied();
            assert_eq!(runs.get(index), known, "{index}");
        }
        for (low, high) in (0..end + 2).flat_map(|low| (0..end + 2).map(move |high| (low, high))) {
            let part = kept.iter().filter(|entry| (low..high).contains(&entry.index));
            let part: Vec<&Entry> = part.copied().collect();
            assert_eq!(runs.range(low, high).collect::<Vec<_>>(), part);
            if (start..end).contains(&low) && low < high {
                self.check_slices(low, high, &part);
            }
        }
    }

    fn check_slices(&self, low: Index, high: Index, part: &[&Entry]) {
        for max_bytes in [0, 9, 30, u64::MAX] {
            let fits = |count: &usize| *count == 1 || bytes(part[..*count].iter().copied()) <= max_bytes;
            let count = (1..=part.len()).rev().find(fits).unwrap();
            let slice = self.runs.slice(low, high, max_bytes);
            assert_eq!(slice.iter().collect::<Vec<_>>(), part[..count]);
            assert_eq!(slice.encoded_len(), bytes(&slice));
        }
    }
}

proptest! {
    #[test]
    fn runs_are_a_vector(first in 1_u64..6, operations in prop::collection::vec(operation(), 0..30)) {
        let mut pair = Pair { runs: Runs::new(first), model: Vec::new(), made: 0 };
        for operation in &operations {
            pair.act(operation);
            pair.check();
        }
    }

    #[test]
    fn parts_of_parts(count in 0_u64..9, cuts in prop::collection::vec((0_usize..9, 0_usize..12), 0..4)) {
        let mut model: Vec<Entry> = (0..count).map(|index| entry(index, index)).collect();
        let mut entries: Entries = model.clone().into();
        for (start, end) in cuts {
            entries = entries.slice(start..end);
            model = model.into_iter().take(end).skip(start).collect();
            prop_assert_eq!(&entries, &model);
            prop_assert_eq!(entries.encoded_len(), bytes(&model));
            prop_assert_eq!(&entries.clone().alone(), &model);
            prop_assert_eq!(entries.clone().mostly_alone().encoded_len(), bytes(&model));
        }
    }
}

/// Two runs in a row: so many entries of so many bytes, and one more.
fn two_runs(count: usize, payload: usize) -> Runs {
    let entry = |index: usize| Entry::new(1, u64::try_from(index).unwrap(), vec![b'x'; payload]);
    let mut runs = Runs::new(1);
    runs.append((1..=count).map(entry).collect());
    runs.append([entry(count + 1)].into());
    runs
}

#[test]
fn a_large_run_is_given_out_alone() {
    const PAGE: u64 = 1 << 20;
    let end = |count: usize| u64::try_from(count).unwrap() + 2;
    for (count, payload, low, max_bytes, given) in [
        (300, 300, 1, PAGE, 300),
        (300, 300, 5, PAGE, 296),
        (300, 300, 1, u64::MAX, 301),
        (300, 300, 100, PAGE, 202), // what is left is little
        (200, 600, 1, PAGE, 201),
        (300, 100, 1, PAGE, 301),
        (300, 300, 1, 10, 1),
    ] {
        let runs = two_runs(count, payload);
        let slice = runs.slice(low, end(count), max_bytes);
        assert_eq!(slice.len(), given, "{count} of {payload} from {low} on");
        assert_eq!(slice.encoded_len(), bytes(&slice));
        let copied = !core::ptr::eq(slice.as_ptr(), runs.get(low).unwrap());
        assert_eq!(
            copied,
            given > count + 1 - usize::try_from(low).unwrap(),
            "{count} of {payload} from {low} on"
        );
    }
}
