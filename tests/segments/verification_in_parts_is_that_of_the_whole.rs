//! `verify_file`, which reads a segment in parts, has the results of `verify` and `verify_index`, which have the whole
//! segment in memory. This holds for any damage of the segment.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::random::Random;
use fusewire::segment::{
    FileReport, Resource, Segment, SegmentOptions, SegmentWriter, verify, verify_file, verify_index,
};

const SIZE: u64 = 256 << 10;

/// Creates a segment with an index, or a segment of a writer that was dropped.
fn segment(path: &Path, entries: u64, sealed: bool) {
    let mut options = SegmentOptions::new(Resource::empty());
    options.size = SIZE;
    let mut writer = SegmentWriter::create(path, &options).unwrap();
    for n in 0..entries {
        let body = "x".repeat(n as usize % 200);
        writer
            .append(|entry| {
                entry.set_time_unix_nano(1_700_000_000_000_000_000 + n);
                entry.set_body(&body);
                entry.attr("n", &n);
            })
            .unwrap();
    }
    if sealed {
        writer.seal().unwrap();
    }
}

/// Asserts that both verifications of the file agree. Returns whether the segment is clean.
fn agree(path: &Path, about: &str) -> bool {
    let whole = Segment::read_copy(path).unwrap();
    let header = whole.header();
    let expected = verify(&whole);
    let index = if expected.is_ok() { verify_index(&whole, path) } else { Ok(None) };
    for copy in [false, true] {
        let FileReport { header: found, segment, index: found_index, .. } = verify_file(path, copy).unwrap();
        assert_eq!(found, header, "{about}, copy {copy}");
        assert_eq!(segment, expected, "{about}, copy {copy}");
        assert_eq!(format!("{found_index:?}"), format!("{index:?}"), "{about}, copy {copy}");
    }
    expected.is_ok_and(|report| report.is_clean())
        && index.is_ok_and(|defects| defects.unwrap_or_default().is_empty())
}

fn segments(directory: &Path) -> Vec<PathBuf> {
    let forms = [(600, true), (600, false), (3, true), (0, true), (0, false), (1, false)];
    let paths = forms.iter().enumerate().map(|(i, (entries, sealed))| {
        let path = directory.join(format!("{i}.fws"));
        segment(&path, *entries, *sealed);
        path
    });
    paths.collect()
}

#[test]
fn of_intact_segments() {
    let directory = tempfile::tempdir().unwrap();
    for path in segments(directory.path()) {
        assert!(agree(&path, &path.display().to_string()));
    }
}

#[test]
fn of_damaged_segments() {
    let directory = tempfile::tempdir().unwrap();
    let mut random = Random(31);
    let mut unclean = 0;
    for path in segments(directory.path()) {
        let whole = fs::read(&path).unwrap();
        for round in 0..30 {
            let mut bytes = whole.clone();
            for _ in 0..=random.below(2) {
                // Half of the damage is in the first 64 KiB, in the last 4 KiB or around the end of the frames.
                let len = bytes.len() as u64;
                let at = match random.below(4) {
                    0 => random.below(len.min(64 << 10)),
                    1 => len - 1 - random.below(len.min(4 << 10)),
                    _ => random.below(len),
                } as usize;
                let end = (at + 1 + random.below(300) as usize).min(bytes.len());
                match random.below(5) {
                    0 => bytes[at] ^= 1 << random.below(8),
                    1 => bytes[at..end].fill(0),
                    2 => bytes[at..end].fill_with(|| random.next() as u8),
                    3 => bytes[at / 16 * 16..end].iter_mut().for_each(|byte| *byte = !*byte),
                    _ => bytes.truncate(at.max(16)),
                }
            }
            fs::write(&path, &bytes).unwrap();
            unclean += u32::from(!agree(&path, &format!("{}, round {round}", path.display())));
        }
    }
    assert!(unclean > 100, "{unclean}");
}

#[test]
fn of_bytes_around_the_end_of_the_frames() {
    let directory = tempfile::tempdir().unwrap();
    for path in segments(directory.path()) {
        let whole = fs::read(&path).unwrap();
        let end = whole[..whole.len() - 64].iter().rposition(|byte| *byte != 0).unwrap() / 16 * 16;
        for at in (end.saturating_sub(64)..end + 96).step_by(8) {
            for byte in [0, 1, 0x20, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = byte;
                fs::write(&path, &bytes).unwrap();
                agree(&path, &format!("{}, byte {at} is {byte}", path.display()));
            }
        }
    }
}

#[test]
fn of_files_without_a_segment() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.fws");
    for bytes in [vec![], vec![0; 100], vec![0; 64 << 10], b"hello".repeat(5000), b"FUSE".to_vec()] {
        fs::write(&path, &bytes).unwrap();
        assert!(!agree(&path, &format!("{} bytes", bytes.len())));
    }
}
