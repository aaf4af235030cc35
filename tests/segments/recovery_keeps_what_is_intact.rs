//! Recovery copies the intact frames of a damaged segment byte by byte and never changes the original. If the copy is
//! full, a series continues in the next segment.

use crate::common::segments::{Fixture, read, segment};
use fusewire::Severity;
use fusewire::segment::{
    FrameKind, FrameRef, Mode, Resource, Segment, SegmentOptions, SegmentWriter, Series, file_name, recover,
    verify,
};

#[test]
fn intact_frames_are_copied_verbatim_and_the_input_stays() {
    let mut fixture = Fixture::new(8, false);
    fixture.flip((fixture.frames[2].0 + 30) * 8);
    fixture.flip((fixture.frames[5].0 + 3) * 8);
    fixture.zero(0..4096);
    let directory = tempfile::tempdir().unwrap();
    let (input, output) = (directory.path().join("in.fws"), directory.path().join("out.fws"));
    std::fs::write(&input, &fixture.bytes).unwrap();

    let mut options = SegmentOptions::new(Resource::empty());
    options.size = SegmentOptions::MIN_SIZE;
    let mut writer = SegmentWriter::create(&output, &options).unwrap();
    let mut payloads = Vec::new();
    let damaged = Segment::read_copy(&input).unwrap();
    let report = recover(&damaged, |frame| {
        if frame.kind == FrameKind::Entry {
            payloads.push(frame.payload.to_vec());
            writer.append_frame(frame.kind, frame.severity, frame.payload).map_err(std::io::Error::other)?;
        }
        Ok(())
    })
    .unwrap();
    writer.seal().unwrap();

    let (_, len) = fixture.frames[0];
    assert_eq!((report.entries, report.other_frames), (6, 1));
    assert_eq!((report.lost.len(), report.lost_bytes()), (2, 2 * len as u64));
    let kept = std::fs::read(&output).unwrap();
    assert_eq!(read(&kept), (vec![0, 1, 3, 4, 6, 7], vec![]));
    assert!(verify(&segment(&kept)).unwrap().is_clean());
    let originals = [0, 1, 3, 4, 6, 7].map(|i| fixture.frame(i));
    for (payload, original) in payloads.iter().zip(originals) {
        assert_eq!(payload[..], original[16..16 + payload.len()]);
    }
    assert_eq!(std::fs::read(&input).unwrap(), fixture.bytes);
}

#[test]
fn an_error_of_the_receiver_ends_the_recovery() {
    let full = |_: &FrameRef<'_>| Err(std::io::ErrorKind::StorageFull.into());
    let error = recover(&segment(&Fixture::new(1, true).bytes), full).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
}

#[test]
fn a_series_goes_on_in_the_next_segment_and_the_names_sort() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = SegmentOptions::new(Resource::empty());
    options.size = SegmentOptions::MIN_SIZE;
    let mut series = Series::create(&directory.path().join("made"), options).unwrap();
    for n in 0..200_u64 {
        series
            .append(|entry| {
                entry.attr("n", &n);
            })
            .unwrap();
    }
    assert_eq!(series.entries(), 200);
    let error = series.append(|entry| entry.set_body(&"x".repeat(12 << 10))).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge);
    let paths = series.finish().unwrap();
    assert!(paths.len() > 2 && paths.is_sorted(), "{paths:?}");

    let (mut entries, mut previous) = (Vec::new(), ([0; 16], 0));
    for (sequence, path) in paths.iter().enumerate() {
        let segment = Segment::read_copy(path).unwrap();
        let header = segment.header().unwrap();
        assert_eq!(
            (header.sequence, header.previous_id, header.previous_end),
            (sequence as u64, previous.0, previous.1)
        );
        previous = (header.segment_id, segment.trailer().unwrap().data_end);
        assert!(segment.events(Mode::Strict).unwrap().all(|event| event.is_ok()));
        entries.extend(read(segment.as_bytes()).0);
    }
    assert_eq!(entries, (0..200).collect::<Vec<_>>());
}

#[test]
fn a_segment_that_grows_contains_all_entries() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("grown.fws");
    let mut options = SegmentOptions::new(Resource::empty());
    (options.size, options.self_contained) = (SegmentOptions::MIN_SIZE, true);
    let mut writer = SegmentWriter::create(&path, &options).unwrap();
    for n in 0..400_u64 {
        if writer.append(|entry| _ = entry.attr("n", &n)).is_err() {
            let size = writer.header().size;
            // A smaller size has no effect.
            writer.grow(size - 1).unwrap();
            assert_eq!(writer.header().size, size);
            writer.grow(size + 1).unwrap();
            assert_eq!(writer.header().size, size + 4096);
            writer.append(|entry| _ = entry.attr("n", &n)).unwrap();
        }
    }
    assert_eq!(
        writer.grow(SegmentOptions::MAX_SIZE + 1).unwrap_err().kind(),
        std::io::ErrorKind::FileTooLarge
    );
    let size = writer.header().size;
    writer.seal().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert!(size > SegmentOptions::MIN_SIZE && bytes.len() as u64 == size, "{size}");
    assert!(verify(&segment(&bytes)).unwrap().is_clean());
    assert_eq!(read(&bytes), ((0..400).collect(), vec![]));
}

#[test]
fn a_frame_copied_by_a_series_keeps_its_severity_and_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = SegmentOptions::new(Resource::empty());
    options.size = SegmentOptions::MIN_SIZE;
    let mut series = Series::create(directory.path(), options).unwrap();
    let payload = vec![7; 5000];
    let frame =
        FrameRef { offset: 0, kind: FrameKind::Private(200), severity: Severity::FATAL, payload: &payload };
    for _ in 0..3 {
        series.append_frame(&frame).unwrap();
    }
    assert_eq!(series.finish().unwrap().len(), 3);
}

#[test]
fn names_sort_by_time_then_stream_then_place() {
    let [a, b] = [[1; 16], [2; 16]];
    let names = [
        file_name(0, &a, 0),
        file_name(9, &a, 0),
        file_name(10, &a, 9),
        file_name(10, &a, 10),
        file_name(10, &b, 0),
        file_name(1_790_000_000_000_000_000, &a, 0),
        file_name(u64::MAX, &a, 99_999_999),
    ];
    assert!(names.is_sorted(), "{names:?}");
}
