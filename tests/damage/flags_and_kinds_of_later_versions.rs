//! A reader handles additions of later format versions. It applies the compatibility rules of
//! journald to unknown flags, and skips frames of unknown kinds by their length.

use crate::common::segments::{Fixture, read, segment, strict};
use fusewire::generated::wire;
use fusewire::segment::{
    Event, Events, FrameKind, Mode, Resource, Segment, SegmentError, SegmentOptions, SegmentWriter,
};
use fusewire::{Kind, Severity};

const VERSION: usize = 8;
const COMPAT: usize = 16;
const READ_ONLY_COMPAT: usize = 20;
const INCOMPAT: usize = 24;

fn with(at: usize, bytes: &[u8]) -> Fixture {
    let mut fixture = Fixture::new(3, true);
    fixture.splice(at, bytes);
    fixture.fix_header();
    fixture
}

#[test]
fn an_unknown_compatible_flag_changes_nothing() {
    let fixture = with(COMPAT, &[0, 0, 0, 0x80]);
    assert!(strict(&fixture.bytes));
    assert_eq!(read(&fixture.bytes), (vec![0, 1, 2], vec![]));
    assert!(!segment(&fixture.bytes).header().unwrap().is_read_only());
}

#[test]
fn an_unknown_read_only_compatible_flag_is_read_and_marked() {
    let fixture = with(READ_ONLY_COMPAT, &[1]);
    assert_eq!(read(&fixture.bytes), (vec![0, 1, 2], vec![]));
    assert!(segment(&fixture.bytes).header().unwrap().is_read_only());
}

#[test]
fn an_unknown_incompatible_flag_is_refused_in_every_mode() {
    let fixture = with(INCOMPAT, &[5]);
    for mode in [Mode::Strict, Mode::Recover] {
        let refused = Events::new(&fixture.bytes, mode).err();
        assert_eq!(refused, Some(SegmentError::Incompatible { flags: 4 }));
    }
}

#[test]
fn another_major_version_is_refused_and_a_higher_minor_one_is_read() {
    let fixture = with(VERSION, &[2, 0]);
    let refused = Events::new(&fixture.bytes, Mode::Recover).err();
    assert_eq!(refused, Some(SegmentError::Version { found: (2, 0) }));
    assert!(strict(&with(VERSION + 2, &[9, 0]).bytes));
}

#[test]
fn frames_of_any_kind_are_passed_over_by_their_length() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kinds.fws");
    let mut options = SegmentOptions::new(Resource::empty());
    options.size = 64 << 10;
    let mut writer = SegmentWriter::create(&path, &options).unwrap();
    for number in 0..=255 {
        let kind = FrameKind::from_number(number);
        assert_eq!(kind.number(), number);
        if kind == FrameKind::Like {
            // A like entry is not valid without its base.
            assert!(writer.append_frame(kind, Severity::UNSPECIFIED, &[8]).is_err());
        } else if kind != FrameKind::Entry {
            // The lengths include zero and all remainders modulo 16.
            writer
                .append_frame(kind, Severity::UNSPECIFIED, &vec![number; usize::from(number) % 40])
                .unwrap();
        }
        writer.append(|entry| entry.set_body_fmt(format_args!("{number}"))).unwrap();
    }
    writer.seal().unwrap();
    let segment = Segment::read_copy(&path).unwrap();
    let (mut entries, mut others) = (0, 0);
    for event in segment.events(Mode::Strict).unwrap() {
        match event.unwrap() {
            Event::Entry(_, entry) => {
                assert_eq!(entry.body(), entries.to_string().as_str());
                entries += 1;
            }
            Event::Frame(frame) if others > 0 => {
                assert!(frame.payload.iter().all(|byte| *byte == frame.kind.number()));
                others += 1;
            }
            Event::Frame(_) => others += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((entries, others), (256, 255));
}

/// `Dropped` of the schema is not a kind of values.
#[test]
fn the_kinds_are_those_of_the_schema() {
    let schema = wire::Kind::ENUM_VALUES.iter().filter(|kind| **kind != wire::Kind::Dropped);
    let schema: Vec<_> =
        schema.map(|kind| (kind.0, kind.variant_name().unwrap().to_ascii_lowercase())).collect();
    let kinds: Vec<_> = Kind::ALL.iter().map(|kind| (*kind as u8, kind.name().to_owned())).collect();
    assert_eq!(kinds, schema);
    for number in 0..=u8::MAX {
        let expected = Kind::ALL.into_iter().find(|kind| *kind as u8 == number);
        assert_eq!(Kind::from_number(number), expected);
    }
    let version = segment(&Fixture::new(1, true).bytes).header().unwrap().version;
    assert!(Kind::ALL.iter().all(|kind| kind.since() <= version));
}

#[test]
fn each_frame_kind_has_one_number_and_one_name() {
    let names: Vec<_> = FrameKind::ALL.iter().map(|kind| (kind.number(), kind.name())).collect();
    assert_eq!(
        names,
        [
            (1, "entry"),
            (2, "resource"),
            (3, "clock"),
            (4, "loss"),
            (5, "index"),
            (6, "seal"),
            (7, "padding"),
            (8, "like")
        ]
    );
    assert_eq!(FrameKind::from_number(9), FrameKind::Unknown(9));
    assert_eq!(FrameKind::from_number(128), FrameKind::Private(128));
}
