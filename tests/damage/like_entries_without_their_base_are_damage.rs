//! If the base of a like entry breaks a rule of the format, every reader reports the like entry as one lost range
//! with the reason, and continues after it.
#![cfg(unix)]

use std::path::Path;

use crate::common::checksum::crc32;
use crate::common::like::{self, put, set_tail};
use fusewire::Limits;
use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::error::DecodeFault;
use fusewire::log::{Found, LogEvent, LogReader, Scan, Visitor};
use fusewire::segment::{
    BaseFault, Event, Events, FrameFault, FrameKind, FrameRef, LostRange, LostReason, Mode, Resource,
    Segment, SegmentOptions, SegmentWriter, recover, verify, verify_file,
};
use fusewire::{Severity, like as format};

const SALT: usize = 28;

/// A segment under construction.
struct Builder {
    bytes: Vec<u8>,
    at: usize,
}

impl Builder {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.fws");
        let mut options = SegmentOptions::new(Resource::empty());
        options.size = 128 << 10;
        let writer = SegmentWriter::create(&path, &options).unwrap();
        let at = writer.tail() as usize;
        drop(writer);
        Self { bytes: like::converted(&std::fs::read(&path).unwrap()).bytes, at }
    }

    /// Appends a frame. Returns its slot.
    fn push(&mut self, kind: u8, payload: &[u8]) -> u32 {
        let slot = (self.at / 16) as u32;
        let kind = FrameKind::from_number(kind);
        let frame = FrameRef { offset: self.at as u64, kind, severity: Severity::INFO, payload };
        let salt = like::u32_at(&self.bytes, SALT);
        self.at += put(&mut self.bytes, self.at, salt, &frame);
        set_tail(&mut self.bytes, self.at);
        slot
    }
}

/// Returns an entry with `n = n`.
fn entry(n: u64, text: &str) -> Vec<u8> {
    let mut buffer = vec![0; 64 << 10];
    let write = |entry: &mut fusewire::encode::EntryWriter<'_>| {
        entry.set_time_unix_nano(1_700_000_000_000_000_000 + n);
        entry.set_severity(Severity::INFO);
        entry.set_body("an entry");
        entry.attr("n", &n).attr("text", text);
    };
    encode(&mut buffer, &Limits::default(), write).unwrap().bytes().to_vec()
}

/// Returns the like entry `n` with the base `entry(0, "")` at `slot`, and with the checksum of `base`.
fn like_entry(n: u64, slot: u32, base: &[u8]) -> Vec<u8> {
    let (own, full) = (entry(0, ""), entry(n, ""));
    let facts = format::base(&own).unwrap();
    let mut out = vec![0; format::scratch_len(&facts, full.len())];
    let len = format::convert(&full, &facts, slot, &mut out).unwrap();
    out.truncate(len);
    out[28..32].copy_from_slice(&crc32(base.len() as u32, base).to_le_bytes());
    out
}

fn number(entry: &EntryRef<'_>) -> i128 {
    entry.verify().unwrap();
    entry.get("n").unwrap().as_i128().unwrap()
}

#[derive(Default)]
struct Numbers(Vec<i128>);

impl Visitor for Numbers {
    fn entry(&mut self, found: &Found<'_>) {
        self.0.push(number(&found.entry));
    }
}

fn by_reader(path: &Path, is_copied: bool) -> (Vec<i128>, Vec<LostRange>) {
    let (mut entries, mut lost) = (Vec::new(), Vec::new());
    let mut reader = LogReader::options().copy(is_copied).open(&[path.to_owned()]).unwrap();
    while let Some(event) = reader.next() {
        match event {
            LogEvent::Entry { entry, .. } => entries.push(number(&entry)),
            LogEvent::Lost { range, .. } => lost.push(range),
            LogEvent::Frame { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    (entries, lost)
}

/// Asserts that all readers find the entries `expected`, and that they lose the like entry in the frame `at` only. Returns
/// the reason.
fn reason(segment: &Builder, at: u32, expected: &[i128]) -> BaseFault {
    let (bytes, offset) = (&segment.bytes, u64::from(at) * 16);
    let (mut entries, mut lost) = (Vec::new(), Vec::new());
    for event in Events::new(bytes, Mode::Recover).unwrap() {
        match event.unwrap() {
            Event::Entry(_, entry) => entries.push(number(&entry)),
            Event::Lost(range) => lost.push(range),
            Event::Frame(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(entries, expected);
    let [LostRange { start, end, reason: LostReason::Base(fault) }] = lost[..] else { panic!("{lost:?}") };
    let len = 16 + (like::u32_at(bytes, offset as usize) as u64 & 0x0FFF_FFFF).next_multiple_of(16);
    assert_eq!((start, end), (offset, offset + len));
    // A strict read ends there.
    let strict = Events::new(bytes, Mode::Strict).unwrap().find_map(Result::err);
    assert_eq!(strict, Some(lost[0]));

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.fws");
    std::fs::write(&path, bytes).unwrap();
    for is_copied in [false, true] {
        assert_eq!(by_reader(&path, is_copied), (entries.clone(), lost.clone()));
        let report = verify_file(&path, is_copied).unwrap().segment.unwrap();
        assert_eq!((report.entries as usize, &report.lost), (expected.len(), &lost));
        assert!(!report.is_clean() && report.invalid.is_empty() && report.lost_bytes() == len);
        let scanned = Scan::new([&path]).copy(is_copied).run(|_| true, Numbers::default).unwrap();
        let found: Vec<_> = scanned.visitors.into_iter().flat_map(|numbers| numbers.0).collect();
        assert_eq!((found, scanned.lost), (entries.clone(), vec![(path.clone(), lost[0])]));
    }
    let loaded = Segment::from_vec(bytes.clone());
    assert_eq!(verify(&loaded).unwrap().lost, lost);
    let mut kept = Vec::new();
    let recovered = recover(&loaded, |frame| {
        if frame.kind == FrameKind::Entry {
            kept.push(number(&EntryRef::new(frame.payload).unwrap()));
        }
        assert_ne!(frame.kind, FrameKind::Like);
        Ok(())
    });
    assert_eq!((kept, recovered.unwrap().lost), (entries, lost.clone()));
    assert!(lost[0].reason.to_string().starts_with("bad base"), "{}", lost[0].reason);
    fault
}

/// Returns the reason of a like entry whose base is `base` in a frame of kind `kind`. Other entries are before and after it.
fn with_base(kind: u8, base: &[u8], is_entry: bool) -> BaseFault {
    let mut segment = Builder::new();
    let full = segment.push(1, &entry(0, ""));
    let slot = segment.push(kind, base);
    let bad = segment.push(8, &like_entry(7, slot, base));
    segment.push(8, &like_entry(8, full, &entry(0, "")));
    let expected: &[i128] = if is_entry { &[0, 1, 8] } else { &[0, 8] };
    reason(&segment, bad, expected)
}

#[test]
fn no_frame_and_a_later_frame() {
    let own = entry(0, "");
    let later = |slot: u32| {
        let mut segment = Builder::new();
        let full = segment.push(1, &own);
        let bad = (segment.at / 16) as u32;
        let slot = if slot == 0 { bad + 64 / 16 * 2 } else { slot };
        segment.push(8, &like_entry(7, slot, &own));
        segment.push(1, &own);
        segment.push(8, &like_entry(8, full, &own));
        (slot, reason(&segment, bad, &[0, 0, 8]))
    };
    for slot in [0, 1, 511, 8191, 1 << 26, u32::MAX] {
        let (slot, reason) = later(slot);
        assert_eq!(reason, BaseFault::Slot { found: slot });
    }
    // Inside the first entry.
    let mut segment = Builder::new();
    let full = segment.push(1, &own);
    let bad = segment.push(8, &like_entry(7, full + 1, &own));
    segment.push(8, &like_entry(8, full, &own));
    assert!(matches!(reason(&segment, bad, &[0, 8]), BaseFault::Frame(_)));
}

#[test]
fn itself() {
    let own = entry(0, "");
    let mut segment = Builder::new();
    let full = segment.push(1, &own);
    let slot = (segment.at / 16) as u32;
    let bad = segment.push(8, &like_entry(7, slot, &own));
    segment.push(8, &like_entry(8, full, &own));
    assert_eq!(reason(&segment, bad, &[0, 8]), BaseFault::Slot { found: slot });
}

#[test]
fn a_like_entry() {
    let own = entry(0, "");
    let mut segment = Builder::new();
    let full = segment.push(1, &own);
    let chain = segment.push(8, &like_entry(8, full, &own));
    let bad = segment.push(8, &like_entry(7, chain, &own));
    segment.push(8, &like_entry(9, full, &own));
    assert_eq!(reason(&segment, bad, &[0, 8, 9]), BaseFault::Kind(FrameKind::Like));
}

#[test]
fn frames_of_other_kinds() {
    for kind in [2, 4, 128, 99] {
        let fault = with_base(kind, &entry(1, ""), false);
        assert_eq!(fault, BaseFault::Kind(FrameKind::from_number(kind)));
    }
}

#[test]
fn another_entry() {
    // The entry could be the base, but it is not the one that the writer used.
    let mut segment = Builder::new();
    let full = segment.push(1, &entry(0, ""));
    let other = segment.push(1, &entry(1, ""));
    let bad = segment.push(8, &like_entry(7, other, &entry(0, "")));
    segment.push(8, &like_entry(8, full, &entry(0, "")));
    let check = |bytes: &[u8]| crc32(bytes.len() as u32, bytes);
    let (expected, found) = (check(&entry(0, "")), check(&entry(1, "")));
    assert_eq!(reason(&segment, bad, &[0, 1, 8]), BaseFault::Check { expected, found });
}

#[test]
fn an_entry_that_is_too_long() {
    let long = entry(1, &"x".repeat(16 << 10));
    let BaseFault::Entry(error) = with_base(1, &long, true) else { panic!() };
    assert!(
        matches!(error.fault, DecodeFault::Invalid { found, .. } if found == long.len() as u64),
        "{error}"
    );
}

#[test]
fn entries_that_are_not_canonical() {
    // Another layout: the root table is 8 bytes later.
    let canonical = entry(1, "");
    let mut moved = vec![40, 0, 0, 0, 0, 0, 0, 0];
    moved.extend_from_slice(&canonical);
    assert!(matches!(with_base(1, &moved, true), BaseFault::Entry(_)));
    // Bytes after the text.
    let mut longer = canonical.clone();
    longer.extend_from_slice(&[0; 8]);
    assert!(matches!(with_base(1, &longer, true), BaseFault::Entry(_)));
    // Trips.
    let mut buffer = vec![0; 4096];
    let tight = Limits { max_string_bytes: 4, ..Limits::default() };
    let tripped =
        encode(&mut buffer, &tight, |entry| _ = entry.attr("n", &1).attr("text", "longer than that"));
    assert!(matches!(with_base(1, tripped.unwrap().bytes(), true), BaseFault::Entry(_)));
}

/// Keys and spans that overlap would expand to more bytes than the base and the like entry have.
#[test]
fn an_entry_whose_texts_overlap() {
    let mut base = entry(1, "the text of the attribute");
    let nodes = 104;
    assert_eq!(like::u32_at(&base, 100), 2);
    // The text becomes the whole text of the entry.
    let text = nodes + 2 * 16;
    let len = like::u32_at(&base, text);
    base[nodes + 24..nodes + 28].copy_from_slice(&0_u32.to_le_bytes());
    base[nodes + 28..nodes + 32].copy_from_slice(&len.to_le_bytes());
    let mut segment = Builder::new();
    let full = segment.push(1, &entry(0, ""));
    let mut like_segment = |base: &[u8]| {
        let slot = segment.push(2, &entry(3, ""));
        let slot = if base.is_empty() { slot } else { segment.push(1, base) };
        segment.push(8, &like_entry(7, slot, base))
    };
    let bad = like_segment(&base);
    segment.push(8, &like_entry(8, full, &entry(0, "")));
    let events: Vec<_> = Events::new(&segment.bytes, Mode::Recover).unwrap().map(Result::unwrap).collect();
    let lost: Vec<_> = events
        .iter()
        .filter_map(|event| if let Event::Lost(range) = event { Some(*range) } else { None })
        .collect();
    let [LostRange { start, reason: LostReason::Base(BaseFault::Entry(_)), .. }] = lost[..] else {
        panic!("{lost:?}")
    };
    assert_eq!(start, u64::from(bad) * 16);
}

#[test]
fn a_damaged_frame_and_a_frame_with_the_tag_of_another_place() {
    for damage in 0..3 {
        let mut segment = Builder::new();
        let full = segment.push(1, &entry(0, ""));
        let at = segment.at;
        let slot = segment.push(1, &entry(1, ""));
        let bad = segment.push(8, &like_entry(7, slot, &entry(1, "")));
        segment.push(8, &like_entry(8, full, &entry(0, "")));
        match damage {
            0 => segment.bytes[at + 40] ^= 1,
            1 => {
                segment.bytes[at + 8] ^= 1;
                like::fix_frame(&mut segment.bytes, at);
            }
            _ => segment.bytes[at..at + 16].fill(0),
        }
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.fws");
        std::fs::write(&path, &segment.bytes).unwrap();
        for is_copied in [false, true] {
            let (entries, lost) = by_reader(&path, is_copied);
            assert_eq!(entries, [0, 8]);
            let [own, dependant] = lost[..] else { panic!("{lost:?}") };
            assert_eq!((own.start, own.end, dependant.start), (at as u64, u64::from(bad) * 16, own.end));
            let LostReason::Base(BaseFault::Frame(fault)) = dependant.reason else { panic!("{dependant:?}") };
            assert_eq!(own.reason, LostReason::Damaged(fault));
            let kind = match fault {
                FrameFault::Checksum { .. } => 0,
                FrameFault::Misplaced { .. } => 1,
                FrameFault::Free => 2,
                other => panic!("{other:?}"),
            };
            assert_eq!(kind, damage);
        }
    }
}
