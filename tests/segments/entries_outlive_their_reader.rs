//! The shared bytes of a segment stay valid, without a copy, after the segment is closed and its file is
//! deleted.

use std::sync::Arc;
use std::thread;

use fusewire::decode::EntryRef;
use fusewire::segment::{Event, Mode, Resource, Segment, SegmentOptions, SegmentWriter};

#[test]
fn wherever_they_are_taken() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.fws");
    let mut options = SegmentOptions::new(Resource::empty());
    // The payload of a full entry is the whole entry.
    options.self_contained = true;
    let mut writer = SegmentWriter::create(&path, &options).unwrap();
    for n in 0..100_u64 {
        writer
            .append(|entry| {
                entry.attr("n", &n);
            })
            .unwrap();
    }
    writer.seal().unwrap();
    // SAFETY: no other process knows the file.
    let mapped = unsafe { Segment::map(&path).unwrap() };
    for segment in [mapped, Segment::read_copy(&path).unwrap()] {
        let segment = Arc::new(segment);
        let all = segment.shared_bytes();
        let mut taken = Vec::new();
        for event in segment.events(Mode::Strict).unwrap() {
            if let Event::Entry(frame, _) = event.unwrap() {
                let bytes = all.slice_ref(frame.payload);
                assert_eq!(bytes.as_ptr(), frame.payload.as_ptr());
                taken.push(bytes);
            }
        }
        drop((all, segment));
        if taken.len() == 100 {
            // The second segment is a copy in memory.
            let _ = std::fs::remove_file(&path);
        }
        let numbers = thread::spawn(move || {
            taken
                .iter()
                .map(|bytes| EntryRef::new(bytes).unwrap().get("n").unwrap().as_i128().unwrap())
                .collect::<Vec<_>>()
        });
        assert_eq!(numbers.join().unwrap(), (0..100).collect::<Vec<_>>());
    }
}
