//! If a part of a segment with like entries is damaged, a reader returns every entry except the damaged
//! entries and the entries that depend on them, and reports each of them with its range and its reason.

use crate::common::frames::frames;
use crate::common::like::{self, Like};
use crate::common::random::Random;
use crate::common::segments::Fixture;
use fusewire::segment::{Event, Events, LostReason, Mode, Segment, verify};

/// Returns a small segment: the entries 0 and 1 are bases of different shapes, and the others depend on one of them.
fn small(sealed: bool) -> Like {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.fws");
    let mut options = fusewire::segment::SegmentOptions::new(fusewire::segment::Resource::empty());
    // The full entries are converted below.
    options.self_contained = true;
    options.size = fusewire::segment::SegmentOptions::MIN_SIZE;
    let mut writer = fusewire::segment::SegmentWriter::create(&path, &options).unwrap();
    for i in 0..8_u64 {
        writer
            .append(|entry| {
                entry.set_time_unix_nano(1_700_000_000_000_000_000 + i);
                entry.set_body("an entry");
                entry.attr("n", &i);
                if i % 2 == 1 {
                    entry.attr("odd", "odd");
                }
            })
            .unwrap();
    }
    if sealed {
        writer.seal().unwrap();
    }
    let like = like::converted(&std::fs::read(&path).unwrap());
    let bases: Vec<_> = like.frames.iter().map(|(.., base)| *base).collect();
    assert_eq!(bases, [None, None, Some(0), Some(1), Some(0), Some(1), Some(0), Some(1)]);
    like
}

/// The result of a read: the numbers of the entries, and the lost ranges.
fn read(bytes: &[u8]) -> (Vec<usize>, Vec<(usize, usize, LostReason)>) {
    let (mut entries, mut lost) = (Vec::new(), Vec::new());
    for event in Events::new(bytes, Mode::Recover).unwrap() {
        match event.unwrap() {
            Event::Entry(_, entry) => {
                entry.verify().unwrap();
                assert_eq!(entry.body(), "an entry");
                entries.push(entry.get("n").unwrap().as_i128().unwrap() as usize);
            }
            Event::Lost(range) => lost.push((range.start as usize, range.end as usize, range.reason)),
            Event::Frame(_) => {}
            other => panic!("{other:?}"),
        }
    }
    (entries, lost)
}

#[test]
fn every_bit() {
    for sealed in [false, true] {
        let Like { bytes, frames, .. } = small(sealed);
        let like = small(sealed);
        assert_eq!(read(&bytes).0, (0..8).collect::<Vec<_>>());
        let mut damaged = bytes.clone();
        let bits = (0..like.end * 8).filter(|bit| bit / 8 >= 8192 || bit % 7 == 0);
        for bit in bits {
            damaged[bit / 8] ^= 1 << (bit % 8);
            let gone = like.lost_with(bit / 8);
            let (entries, lost) = read(&damaged);
            let expected: Vec<_> = (0..8).filter(|i| !gone.contains(i)).collect();
            assert_eq!(entries, expected, "bit {bit}");
            for (number, i) in gone.iter().enumerate() {
                let (start, len, _) = frames[*i];
                let (from, to, reason) = lost[number];
                assert_eq!((from, to), (start, start + len), "bit {bit}");
                assert_eq!(matches!(reason, LostReason::Base(_)), number > 0, "bit {bit}: {reason:?}");
            }
            let report = verify(&Segment::from_vec(damaged.clone()));
            if let Ok(report) = report {
                assert_eq!(report.entries as usize, entries.len(), "bit {bit}");
                assert!(gone.is_empty() || !report.is_clean(), "bit {bit}");
            }
            let strict =
                Events::new(&damaged, Mode::Strict).is_ok_and(|mut events| events.all(|event| event.is_ok()));
            assert!(!strict || gone.is_empty(), "bit {bit}");
            damaged[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn every_length() {
    for sealed in [false, true] {
        let like = small(sealed);
        for len in 0..like.bytes.len() {
            let (entries, _) = read(&like.bytes[..len]);
            let whole = like.frames.iter().filter(|(start, frame, _)| start + frame <= len).count();
            assert_eq!(entries, (0..whole).collect::<Vec<_>>(), "{len}");
        }
    }
}

/// Returns a segment of 256 KiB with entries of several shapes, and the number of its entries.
fn large() -> Like {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.fws");
    let mut options = fusewire::segment::SegmentOptions::new(fusewire::segment::Resource::empty());
    // The full entries are converted below.
    options.self_contained = true;
    options.size = 256 << 10;
    let mut writer = fusewire::segment::SegmentWriter::create(&path, &options).unwrap();
    for i in 0..700_u64 {
        // The number of shapes grows with the segment.
        let shape = i.pow(3) % (1 + i / 40);
        writer
            .append(|entry| {
                entry.set_time_unix_nano(1_700_000_000_000_000_000 + i);
                entry.set_body("an entry");
                entry.attr("n", &i);
                entry.attr(&format!("key{shape}"), &shape);
            })
            .unwrap();
    }
    writer.seal().unwrap();
    like::converted(&std::fs::read(&path).unwrap())
}

#[test]
fn every_page() {
    let like = large();
    assert!(like.frames.iter().filter(|(.., base)| base.is_some()).count() > 600);
    for page in (8192..like.end).step_by(4096) {
        lose_page(&like, page);
    }
}

/// Loses the page at `page` and checks the entries and the lost ranges.
fn lose_page(like: &Like, page: usize) {
    let mut damaged = like.bytes.clone();
    damaged[page..page + 4096].fill(0);
    let hit = |i: usize| {
        let (start, len, _) = like.frames[i];
        start < page + 4096 && page < start + len
    };
    let expected: Vec<_> = (0..like.frames.len())
        .filter(|i| !hit(*i) && like.frames[*i].2.is_none_or(|base| !hit(base)))
        .collect();
    let (entries, lost) = read(&damaged);
    assert_eq!(entries, expected, "page {page}");
    let without_base = lost.iter().filter(|(.., reason)| matches!(reason, LostReason::Base(_))).count();
    let own = (0..like.frames.len()).filter(|i| hit(*i)).count();
    assert_eq!(entries.len() + without_base + own, like.frames.len(), "page {page}");
    let report = verify(&Segment::from_vec(damaged)).unwrap();
    assert_eq!(report.entries as usize, entries.len());
    assert!(!report.is_clean());
}

/// Returns a segment of 4 MiB as a writer writes it, with entries of several shapes and long entries between them.
fn written() -> Like {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.fws");
    let mut options = fusewire::segment::SegmentOptions::new(fusewire::segment::Resource::empty());
    options.self_contained = false;
    options.size = 4 << 20;
    let mut writer = fusewire::segment::SegmentWriter::create(&path, &options).unwrap();
    let mut random = Random(5);
    for i in 0..12_000_u64 {
        let shape = random.below(1 + i / 500);
        writer
            .append(|entry| {
                entry.set_time_unix_nano(1_700_000_000_000_000_000 + i);
                entry.set_body("an entry");
                entry.attr("n", &i);
                entry.attr(&format!("key{shape}"), &shape);
                if i % 50 == 0 {
                    entry.attr("long", "x".repeat(random.below(15_000) as usize).as_str());
                }
            })
            .unwrap();
    }
    writer.seal().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let found: Vec<_> = frames(&bytes).into_iter().filter(|frame| frame.is_entry()).collect();
    let numbers: std::collections::HashMap<_, _> =
        found.iter().enumerate().map(|(i, frame)| (frame.slot(), i)).collect();
    let of = |frame: &crate::common::frames::Frame| {
        (frame.offset, frame.len, frame.base().map(|base| numbers[&base]))
    };
    let end = found.last().map_or(0, |frame| frame.offset + frame.len);
    Like { frames: found.iter().map(of).collect(), bytes, end }
}

/// A lost page costs the entries on it, and the dependants of the bases on it. A base has at most 64 dependants that are
/// more than 1 MiB after it.
#[test]
fn every_page_of_a_written_segment() {
    let like = written();
    assert!(like.end > 2 << 20, "{}", like.end);
    let mut far = vec![0; like.frames.len()];
    for (at, _, base) in &like.frames {
        if let Some(base) = base {
            far[*base] += usize::from(*at > like.frames[*base].0 + (1 << 20));
        }
    }
    assert!(far.iter().all(|dependants| *dependants <= 64), "{far:?}");
    let pages: Vec<usize> = (8192..like.end).step_by(4096).collect();
    let has_base = |page: &usize| {
        let on_page = |i: usize| (*page..page + 4096).contains(&like.frames[i].0);
        (0..like.frames.len()).any(|i| on_page(i) && like.frames[i].2.is_none())
    };
    let (with_base, without): (Vec<usize>, Vec<usize>) = pages.iter().partition(|page| has_base(page));
    assert!(with_base.len() > 20, "{}", with_base.len());
    for page in with_base.iter().step_by(5).chain(without.iter().step_by(30)) {
        lose_page(&like, *page);
    }
}

/// A like entry is not valid in a segment without the flag.
#[test]
fn without_the_flag() {
    let mut like = small(true);
    like.bytes[24] = 0;
    like::fix_header(&mut like.bytes);
    let events: Vec<_> = Events::new(&like.bytes, Mode::Recover).unwrap().map(Result::unwrap).collect();
    let entries = events.iter().filter(|event| matches!(event, Event::Entry(..))).count();
    let unreadable = events.iter().filter(|event| matches!(event, Event::Unreadable(..))).count();
    assert_eq!((entries, unreadable), (2, 6));
    let report = verify(&Segment::from_vec(like.bytes)).unwrap();
    assert_eq!((report.entries, report.invalid.len()), (2, 6));
}

#[test]
fn nothing_without_damage() {
    let fixture = Fixture::new(3, true);
    for bytes in [like::converted(&fixture.bytes).bytes, small(true).bytes, large().bytes] {
        assert!(verify(&Segment::from_vec(bytes)).unwrap().is_clean());
    }
}
