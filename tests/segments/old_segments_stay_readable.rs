//! A strict read of a golden segment of each earlier format version returns the entries in its JSON file.
#![cfg(feature = "json")]

use std::path::Path;

use fusewire::json::write_entry;
use fusewire::segment::{Event, FrameKind, Mode, Segment, verify};

/// The golden segments and their frames other than entries. A single writer wrote the first segment. Many threads wrote
/// the second segment to a log that was closed. The process of the third segment was killed during two appends. The fourth
/// segment contains three entries of different shapes, and nine like entries that depend on them.
const KINDS: [(&str, &[FrameKind]); 4] = [
    ("v1.0", &[FrameKind::Resource, FrameKind::Private(200), FrameKind::Unknown(99)]),
    ("v1.0-log", &[FrameKind::Resource, FrameKind::Loss]),
    ("v1.0-killed", &[FrameKind::Resource]),
    ("v1.1", &[FrameKind::Resource]),
];

#[test]
fn every_golden_segment_reads_as_its_json_twin() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/golden");
    let mut segments = 0;
    for file in std::fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "fws") {
            continue;
        }
        segments += 1;
        let segment = Segment::read_copy(&path).unwrap();
        assert!(verify(&segment).unwrap().is_clean());
        let (mut json, mut others, mut like) = (String::new(), Vec::new(), 0);
        for event in segment.events(Mode::Strict).unwrap() {
            match event.unwrap() {
                Event::Entry(frame, entry) => {
                    like += u32::from(frame.kind == FrameKind::Like);
                    write_entry(&entry, &mut json).unwrap();
                    json.push('\n');
                }
                Event::Frame(frame) => others.push(frame.kind),
                // The process died before these appends were complete.
                Event::Lost(range) if !range.is_loss() => {}
                other => panic!("{other:?}"),
            }
        }
        let twin = std::fs::read_to_string(path.with_extension("jsonl")).unwrap();
        assert_eq!(json, twin, "{}", path.display());
        let (_, expected) = KINDS.iter().find(|(name, _)| path.file_stem().unwrap() == *name).unwrap();
        assert_eq!(others, *expected, "{}", path.display());
        assert_eq!(like, if path.ends_with("v1.1.fws") { 9 } else { 0 }, "{}", path.display());
    }
    assert_eq!(segments, KINDS.len());
}
