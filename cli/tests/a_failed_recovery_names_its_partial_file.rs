//! If a recovery of a segment fails after the new segment exists, the new segment is sealed and contains the entries before the
//! failure. The error message contains its name and the number of its entries, and the sum includes these entries.

mod common;
#[path = "../../tests/common"]
mod shared {
    pub mod checksum;
    pub mod like;
}

use common::TempDir;
use fusewire::owned::OwnedValue;
use fusewire::segment::{AppendError, Resource, Segment, SegmentOptions, SegmentWriter};
use shared::like::fix_frame;

/// The offset of the first frame, which contains the resource.
const FIRST: usize = 8192;
/// The offset of the value of the first node of the resource.
const VALUE: usize = FIRST + 16 + 104 + 8;

#[test]
fn a_segment_without_space_for_its_entries() {
    let directory = TempDir::new().unwrap();
    let logs = directory.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let path = logs.join("a.fws");
    let text = OwnedValue::String("x".repeat(1_000));
    let empty = OwnedValue::String(String::new());
    let resource = Resource::empty().with("a", text).with("b", empty.clone()).with("c", empty);
    let mut options = SegmentOptions::new(resource);
    // Only segments of format 1.0 are recovered into a segment of the same size.
    (options.size, options.self_contained) = (SegmentOptions::MIN_SIZE, true);
    let mut writer = SegmentWriter::create(&path, &options).unwrap();
    let full = loop {
        if let Err(error) = writer.append(|entry| entry.set_body("an entry")) {
            break error;
        }
    };
    assert!(matches!(full, AppendError::Full { .. }), "{full}");
    let entries = writer.entries();
    writer.seal().unwrap();
    // In the resource, three attributes share one text. The new resource contains the text three times, so it needs the space of
    // entries.
    let mut bytes = std::fs::read(&path).unwrap();
    let span = VALUE..VALUE + 8;
    bytes.copy_within(span.clone(), VALUE + 16);
    bytes.copy_within(span, VALUE + 32);
    fix_frame(&mut bytes, FIRST);
    std::fs::write(&path, bytes).unwrap();

    let mut command = common::command(["recover", "logs", "--to", "recovered"]);
    let run = common::run(command.current_dir(directory.path()));
    assert_eq!(run.code, 2, "{run:?}");
    let verified = common::run(common::command(["verify", "recovered/a.fws"]).current_dir(directory.path()));
    assert_eq!(verified.code, 0, "{verified:?}");
    let kept = Segment::read_copy(&directory.path().join("recovered/a.fws")).unwrap();
    let kept = kept.trailer().unwrap().entries;
    assert!(entries - 20 < kept && kept < entries, "{kept} of {entries}");
    assert!(run.stderr.starts_with("fusewire: logs/a.fws: segment full: "), "{}", run.stderr);
    assert!(run.stderr.ends_with(&format!("; recovered/a.fws contains {kept} entries\n")), "{}", run.stderr);
    assert_eq!(
        run.stdout,
        format!("1 segment, {kept} entries recovered into recovered: 1 segment recovered in part\n")
    );
}
