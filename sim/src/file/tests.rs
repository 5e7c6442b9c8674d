use std::collections::BTreeSet;

use super::*;

/// Synced "base", then two unsynced appends.
fn written() -> FakeFile {
    let mut file = FakeFile::new();
    file.append(b"base").unwrap();
    file.sync().unwrap();
    file.append(&[b'a'; 600]).unwrap();
    file.append(&[b'b'; 600]).unwrap();
    file
}

fn all(file: &FakeFile) -> &[u8] {
    file.read(0, usize::MAX)
}

#[test]
fn a_crash_keeps_the_first_changes() {
    for (kept, length) in [(0, 4), (1, 604), (2, 1204), (9, 1204)] {
        let mut file = written();
        assert_eq!((file.unsynced(), file.len()), (2, 1204));
        file.crash(kept);
        assert_eq!((file.unsynced(), file.len()), (0, length), "kept {kept}");
        assert_eq!(file.read(0, 4), b"base");
    }
}

#[test]
fn a_torn_crash_tears_and_reorders_but_leaves_what_is_synced() {
    let mut seen = BTreeSet::new();
    for seed in 0..200 {
        let mut file = written();
        file.crash_torn(seed);
        assert_eq!(file.read(0, 4), b"base", "seed {seed}");
        let (a, b) = (file.read(4, 600), file.read(604, 600));
        let whole = |bytes: &[u8], letter| bytes.len() == 600 && bytes.iter().all(|byte| *byte == letter);
        seen.insert(match (whole(a, b'a'), whole(b, b'b')) {
            (true, true) => "all",
            (true, false) if b.is_empty() => "a prefix",
            (false, true) if !a.contains(&b'a') => "reordered",
            (false, false) if a.is_empty() => "none",
            _ => "torn",
        });
        let unwritten = |byte: &&u8| !b"ab".contains(byte);
        seen.extend(file.read(4, 1200).iter().find(unwritten).map(|byte| match byte {
            0 => "zeros",
            _ => "noise",
        }));
        let mut again = written();
        again.crash_torn(seed);
        assert_eq!(again, file, "one seed, one outcome");
    }
    assert_eq!(seen.len(), 7, "{seen:?}");
}

#[test]
fn a_full_disk_takes_what_fits() {
    let mut file = FakeFile::new();
    file.set_capacity(Some(6));
    file.append(b"four").unwrap();
    assert_eq!(file.append(b"more").unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(all(&file), b"fourmo");
    assert!(file.set_len(7).is_err() && file.write_at(9, b"x").is_err());
    file.write_at(0, b"FOUR").unwrap();
    file.set_len(4).unwrap();
    file.set_capacity(None);
    file.append(b"more").unwrap();
    assert_eq!(all(&file), b"FOURmore");
}

#[test]
fn a_failing_write_writes_less_than_all() {
    let lengths: BTreeSet<_> = (0..50)
        .map(|seed| {
            let mut file = FakeFile::new();
            file.fail_next_write(seed);
            assert!(file.append(b"1234").is_err());
            assert!(file.append(b"").is_ok(), "only the next");
            file.len()
        })
        .collect();
    assert_eq!(lengths, BTreeSet::from([0, 1, 2, 3]));
}

#[test]
fn what_a_failing_sync_lost_no_later_sync_brings_back() {
    let mut survived = BTreeSet::new();
    for seed in 0..50 {
        let mut file = written();
        file.fail_next_sync(seed);
        assert!(file.sync().is_err());
        assert_eq!(file.len(), 1204, "it can still be read");
        file.append(b"c").unwrap();
        file.sync().unwrap();
        file.crash(0);
        assert_eq!(file.read(0, 4), b"base");
        assert_eq!(file.read(1204, 9), b"c", "what came after it is synced");
        survived.insert(file.read(4, 1200).iter().all(|byte| b"ab".contains(byte)));
    }
    assert_eq!(survived.len(), 2, "all of it, and not all of it");
}
