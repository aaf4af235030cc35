//! A trailer or an index with valid checksums and wrong numbers is a defect. The report contains the place, the
//! expected number and the found number.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};

use fusewire::segment::{
    Defect, IndexDefect, Resource, Segment, SegmentOptions, SegmentWriter, verify, verify_index,
};
use fusewire::{Severity, TraceContext};

use crate::common::checksum::crc32;

const INDEX: usize = 4096 + 192;

/// Creates a sealed segment with an index.
fn sealed(directory: &Path) -> PathBuf {
    let mut options = SegmentOptions::new(Resource::empty());
    options.size = 256 << 10;
    let path = directory.join("a.fws");
    let mut writer = SegmentWriter::create(&path, &options).unwrap();
    for n in 0..600_u64 {
        let body = "x".repeat(100);
        writer
            .append(|entry| {
                entry.set_time_unix_nano(1_700_000_000_000_000_000 + n);
                entry.set_severity(if n == 450 { Severity::ERROR } else { Severity::INFO });
                entry.set_target(if n % 2 == 0 { "even" } else { "odd" });
                entry.set_trace(TraceContext { trace_id: 1 + u128::from(n), span_id: 1, flags: 0 });
                entry.set_body(&body);
            })
            .unwrap();
    }
    writer.seal().unwrap();
    path
}

/// Changes the trailer of a segment and repairs its checksum.
fn change_trailer(path: &Path, field: usize, value: u64) {
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.len() - 64;
    bytes[at + 16 + 8 * field..][..8].copy_from_slice(&value.to_le_bytes());
    let crc = crc32(48, &bytes[at + 8..]);
    bytes[at + 4..at + 8].copy_from_slice(&crc.to_le_bytes());
    fs::write(path, bytes).unwrap();
}

/// Changes an index, and repairs its checksums and the checksum that the segment stores.
fn change_index(path: &Path, change: impl FnOnce(&mut [u8], &dyn Fn(usize) -> usize)) {
    let index_path = path.with_extension("fwi");
    let mut index = fs::read(&index_path).unwrap();
    let word = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let before = index.clone();
    change(&mut index, &|section| word(&before, 48 + 16 * section) as usize);
    for section in 0..4 {
        let (at, len) = (word(&index, 48 + 16 * section) as usize, word(&index, 52 + 16 * section) as usize);
        let crc = crc32(0, &index[at..at + len]);
        index[56 + 16 * section..][..4].copy_from_slice(&crc.to_le_bytes());
    }
    let crc = crc32(0, &index[..112]);
    index[112..116].copy_from_slice(&crc.to_le_bytes());
    let mut bytes = fs::read(path).unwrap();
    bytes[INDEX..INDEX + 4].copy_from_slice(&crc.to_le_bytes());
    bytes[INDEX + 4..INDEX + 8].copy_from_slice(&(!crc).to_le_bytes());
    fs::write(path, bytes).unwrap();
    fs::write(index_path, index).unwrap();
}

fn index_defects(path: &Path) -> Option<Vec<IndexDefect>> {
    let segment = Segment::read_copy(path).unwrap();
    assert!(verify(&segment).unwrap().is_clean());
    verify_index(&segment, path).unwrap()
}

#[test]
fn each_field_of_a_trailer_is_compared() {
    let directory = tempfile::tempdir().unwrap();
    let path = sealed(directory.path());
    assert!(verify(&Segment::read_copy(&path).unwrap()).unwrap().is_clean());
    let whole = fs::read(&path).unwrap();
    let begin = 1_700_000_000_000_000_000;
    for (field, name, expected, found) in [
        (2, "first time", begin, 1),
        (3, "last time", begin + 599, 2),
        (4, "earliest time", begin, 3),
        (5, "latest time", begin + 599, u64::MAX),
    ] {
        change_trailer(&path, field, found);
        let report = verify(&Segment::read_copy(&path).unwrap()).unwrap();
        assert_eq!(report.defects, [Defect::TrailerField { field: name, expected, found }]);
        assert!(!report.is_clean());
        fs::write(&path, &whole).unwrap();
    }
    change_trailer(&path, 0, 599);
    let report = verify(&Segment::read_copy(&path).unwrap()).unwrap();
    assert!(report.miscounted() && !report.is_clean());
}

#[test]
fn each_section_of_an_index_is_compared() {
    let directory = tempfile::tempdir().unwrap();
    let path = sealed(directory.path());
    assert_eq!(index_defects(&path), Some(vec![]));
    let (segment, index) = (fs::read(&path).unwrap(), fs::read(path.with_extension("fwi")).unwrap());
    let restore = || {
        fs::write(&path, &segment).unwrap();
        fs::write(path.with_extension("fwi"), &index).unwrap();
    };
    let differs = |section, place: &str, expected, found| {
        let place = place.to_owned();
        Some(vec![IndexDefect::Differs { section, place, expected, found }])
    };
    // Zone 3 contains the entries 384 to 511, and one of them is the error.
    change_index(&path, |index, at| {
        index[at(0) + 3 * 64 + 20..][..4].copy_from_slice(&512_u32.to_le_bytes())
    });
    assert_eq!(index_defects(&path), differs("zones", "zone 3: severities", 1 << 17 | 1 << 9, 1 << 9));
    restore();
    change_index(&path, |index, at| index[at(1) + 450] = 9);
    assert_eq!(index_defects(&path), differs("column", "entry 450: severity", 17, 9));
    restore();
    change_index(&path, |index, at| index[at(3) + 8 * 17] = 0);
    assert_eq!(index_defects(&path), differs("counts", "entries of severity 17", 1, 0));
    restore();
    change_index(&path, |index, at| index[at(2)] ^= 0xff);
    let Some([IndexDefect::Differs { section: "traces", .. }]) = index_defects(&path).as_deref() else {
        panic!("{:?}", index_defects(&path));
    };
    restore();
    change_index(&path, |index, _| index[40..48].copy_from_slice(&7_u64.to_le_bytes()));
    assert_eq!(index_defects(&path), differs("header", "entries", 600, 7));
    restore();
    // The checksum of this index is not repaired.
    let mut damaged = index.clone();
    damaged[200] ^= 1;
    fs::write(path.with_extension("fwi"), damaged).unwrap();
    let Some([IndexDefect::Checksum { section: "zones", .. }]) = index_defects(&path).as_deref() else {
        panic!("{:?}", index_defects(&path));
    };
    let mut damaged = index.clone();
    damaged[40] ^= 1;
    fs::write(path.with_extension("fwi"), damaged).unwrap();
    let Some([IndexDefect::Header { .. }]) = index_defects(&path).as_deref() else {
        panic!("{:?}", index_defects(&path));
    };
    fs::remove_file(path.with_extension("fwi")).unwrap();
    assert_eq!(index_defects(&path), None);
}
