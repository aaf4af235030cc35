//! A reader of a hostile segment with valid checksums does not panic, does bounded work and returns the
//! intact entries. (`tests/damage/every_bit_flipped.rs` tests accidental damage.)

use crate::common::segments::{Fixture, read, segment};
use fusewire::segment::{Event, Events, LostReason, Mode, SegmentError, verify};

/// Lengths that cause overflows of sums and truncations of casts.
const EDGES: [u64; 12] = [
    0,
    1,
    15,
    16,
    8192,
    16_384,
    1 << 30,
    (1 << 30) + 16,
    u32::MAX as u64,
    i64::MAX as u64,
    u64::MAX - 15,
    u64::MAX,
];

#[test]
fn every_frame_length_at_its_edges() {
    for fixture in Fixture::both(4, true) {
        let (start, len) = fixture.frames[1];
        for payload in [0, 1, len - 17, len - 15, len, 7936, 1 << 20, (1 << 28) - 1] {
            let mut hostile = fixture.clone();
            hostile.splice(start, &(payload as u32 | 2 << 28).to_le_bytes());
            let (entries, lost) = read(&hostile.bytes);
            assert_eq!(entries, [0, 2, 3], "{payload}");
            assert_eq!((lost.len(), lost[0].len()), (1, len as u64), "{payload}");
        }
    }
}

#[test]
fn a_length_with_a_right_checksum_that_swallows_its_neighbour() {
    // Frame 1 contains frame 2 in its payload and has a valid checksum. The reader must return one frame, and no entry
    // from inside its payload.
    let mut fixture = Fixture::new(4, true);
    let ((start, len), (_, next)) = (fixture.frames[1], fixture.frames[2]);
    fixture.splice(start, &((len + next - 16) as u32).to_le_bytes());
    fixture.fix_frame(start, len + next);
    assert_eq!(read(&fixture.bytes), (vec![0, 1, 3], vec![]));
}

#[test]
fn a_like_entry_with_a_right_checksum_that_swallows_its_neighbour() {
    // The texts of a like entry end with its payload, so the longer payload is not a like entry.
    let mut fixture = Fixture::like(4, true);
    let ((start, len), (_, next)) = (fixture.frames[1], fixture.frames[2]);
    fixture.splice(start, &((len + next - 16) as u32).to_le_bytes());
    fixture.fix_frame(start, len + next);
    let (mut entries, mut unreadable) = (Vec::new(), Vec::new());
    for event in Events::new(&fixture.bytes, Mode::Recover).unwrap().thorough() {
        match event.unwrap() {
            Event::Entry(frame, _) => entries.push(frame.offset as usize),
            Event::Unreadable(frame, _) => unreadable.push(frame.offset as usize),
            Event::Frame(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((entries, unreadable), (vec![fixture.frames[0].0, fixture.frames[3].0], vec![start]));
}

#[test]
fn geometry_at_its_edges_is_refused_or_bounded() {
    for at in [88, 96] {
        for edge in EDGES {
            for mut fixture in Fixture::both(4, true) {
                fixture.splice(at, &edge.to_le_bytes());
                fixture.fix_header();
                for mode in [Mode::Strict, Mode::Recover] {
                    let Ok(events) = Events::new(&fixture.bytes, mode) else { continue };
                    let _ = events.thorough().count();
                }
                if let Ok(report) = verify(&segment(&fixture.bytes)) {
                    assert!(report.lost_bytes() <= 1 << 30, "{at} {edge} {report:?}");
                }
            }
        }
    }
}

#[test]
fn a_tail_at_its_edges_costs_no_entry() {
    for slot in [0, 1, 511, 512, 513, 1020, 1021, 1 << 26, u32::MAX] {
        for mut fixture in Fixture::both(4, false) {
            fixture.set_tail(slot);
            let (entries, lost) = read(&fixture.bytes);
            assert_eq!(entries, [0, 1, 2, 3], "{slot}");
            assert!(lost.iter().all(|range| range.end <= fixture.bytes.len() as u64), "{slot} {lost:?}");
            // Without the first page, only the length of the file bounds the tail.
            fixture.zero(0..4096);
            assert_eq!(read(&fixture.bytes).0, [0, 1, 2, 3], "{slot}");
        }
    }
}

/// Creates a segment in which every slot is the header of a frame with a valid tag and a bad checksum that extends to
/// the end of the file. The cost to hash each frame would be quadratic in the size of the file.
fn bomb(honest_between: bool) -> Fixture {
    let mut fixture = Fixture::new(0, false);
    let size = 4 << 20;
    fixture.bytes.resize(size, 0);
    fixture.splice(88, &(size as u64).to_le_bytes());
    fixture.fix_header();
    let (start, end) = (8192 + 4096, size - 64);
    let mut at = start;
    while at + 48 <= end {
        let reach = ((end - at - 16) as u64) | 2 << 28 | 0xBAD << 32;
        fixture.splice(at, &reach.to_le_bytes());
        let tag = fixture.salt() ^ (at / 16) as u32;
        fixture.splice(at + 8, &tag.to_le_bytes());
        at += 16;
        if honest_between {
            let tag = fixture.salt() ^ (at / 16) as u32;
            fixture.splice(at, &0_u64.to_le_bytes());
            fixture.splice(at + 8, &tag.to_le_bytes());
            fixture.bytes[at + 12] = 200;
            fixture.fix_frame(at, 16);
            at += 16;
        }
    }
    fixture
}

#[test]
fn a_bomb_of_false_frames_is_given_up() {
    let fixture = bomb(false);
    let last = Events::new(&fixture.bytes, Mode::Recover).unwrap().thorough().last().unwrap().unwrap();
    let Event::Lost(range) = last else { panic!("{last:?}") };
    assert_eq!(range.reason, LostReason::GaveUp);
    assert!(range.is_loss());
}

#[test]
fn a_bomb_with_honest_frames_between_is_given_up() {
    let fixture = bomb(true);
    let last = Events::new(&fixture.bytes, Mode::Recover).unwrap().thorough().last().unwrap().unwrap();
    let Event::Lost(range) = last else { panic!("{last:?}") };
    assert_eq!(range.reason, LostReason::GaveUp);
}

#[test]
fn a_file_longer_than_any_segment_is_not_read_into_memory() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("huge.fws");
    std::fs::File::create(&path).unwrap().set_len((1 << 30) + 1).unwrap();
    let error = fusewire::segment::Segment::read_copy(&path).err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge);
}

#[test]
fn noise_is_not_a_segment() {
    let noise: Vec<u8> =
        (0..20_000_u64).map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect();
    assert_eq!(Events::new(&noise, Mode::Strict).err(), Some(SegmentError::NotASegment));
    assert_eq!(Events::new(&noise, Mode::Recover).unwrap().thorough().count(), 0);
    assert_eq!(verify(&segment(&noise)).err(), Some(SegmentError::NotASegment));
}
