//! A segment contains every entry whose append has returned, however its writer ends, and no part of any other
//! entry.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::common::segments::{read, strict};
use fusewire::limits::OnType;
use fusewire::segment::{
    AppendError, Event, Mode, Resource, Segment, SegmentOptions, SegmentWriter, State, verify,
};
use fusewire::{Kind, KindSet, Limits};

fn options(self_contained: bool) -> SegmentOptions {
    let mut options = SegmentOptions::new(Resource::empty());
    options.self_contained = self_contained;
    options.size = SegmentOptions::MIN_SIZE;
    options
}

fn append(writer: &mut SegmentWriter, n: u64) -> Result<u64, AppendError> {
    let appended = writer.append(|entry| {
        entry.set_time_unix_nano(1000 - n);
        entry.attr("n", &n);
    })?;
    Ok(appended.offset + appended.len)
}

fn names(directory: &Path) -> Vec<String> {
    let names = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).collect()
}

#[test]
fn a_writer_dropped_without_seal_leaves_every_entry() {
    for self_contained in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.fws");
        let mut writer = SegmentWriter::create(&path, &options(self_contained)).unwrap();
        for n in 0..20 {
            append(&mut writer, n).unwrap();
            // While the segment is live, a reader returns all entries that were appended before.
            let segment = Segment::read_copy(&path).unwrap();
            assert_eq!(segment.entries().unwrap().count() as u64, n + 1);
            assert_eq!(segment.state(), State::Open);
        }
        drop(writer);
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(read(&bytes), ((0..20).collect(), vec![]));
        assert!(strict(&bytes) && verify(&Segment::from_vec(bytes)).unwrap().is_clean());
    }
}

#[test]
fn a_full_segment_refuses_and_stays_clean() {
    for self_contained in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.fws");
        let mut writer = SegmentWriter::create(&path, &options(self_contained)).unwrap();
        let mut appended = 0;
        let (needed, available) = loop {
            match append(&mut writer, appended) {
                Ok(_) => appended += 1,
                Err(AppendError::Full { needed, available }) => break (needed, available),
                Err(error) => panic!("{error}"),
            }
        };
        assert!(needed > available, "{needed} {available}");
        let tail = writer.tail();
        assert_eq!(available, SegmentOptions::MIN_SIZE - 64 - tail);
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes[tail as usize..].iter().all(|byte| *byte == 0));
        // The segment still accepts smaller frames.
        while available - (writer.tail() - tail) >= 16 {
            writer
                .append_frame(fusewire::segment::FrameKind::Padding, fusewire::Severity::UNSPECIFIED, &[])
                .unwrap();
        }
        assert!(matches!(append(&mut writer, 0), Err(AppendError::Full { available: 0, .. })));
        let trailer = writer.seal().unwrap();
        assert_eq!((trailer.entries, trailer.data_end), (appended, SegmentOptions::MIN_SIZE - 64));
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(read(&bytes), ((0..appended).collect(), vec![]));
        assert!(verify(&Segment::from_vec(bytes)).unwrap().is_clean());
    }
}

#[test]
fn a_refused_entry_leaves_no_trace() {
    for self_contained in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.fws");
        let mut options = options(self_contained);
        options.limits = Limits { on_type: OnType::Reject, ..Limits::default() };
        options.limits.allowed_kinds = KindSet::ALL.without(Kind::Float);
        let mut writer = SegmentWriter::create(&path, &options).unwrap();
        append(&mut writer, 0).unwrap();
        let refused = writer.append(|entry| {
            entry.attr("text", &"x".repeat(500)).attr("f", &1.5);
        });
        assert!(matches!(refused, Err(AppendError::Encode(_))), "{refused:?}");
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes[writer.tail() as usize..].iter().all(|byte| *byte == 0));
        append(&mut writer, 1).unwrap();
        drop(writer);
        assert_eq!(read(&std::fs::read(&path).unwrap()), (vec![0, 1], vec![]));
    }
}

#[test]
fn a_producer_that_panics_leaves_no_trace_in_what_follows() {
    for self_contained in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.fws");
        let mut writer = SegmentWriter::create(&path, &options(self_contained)).unwrap();
        append(&mut writer, 0).unwrap();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _ = writer.append(|entry| {
                entry.attr("long", &"x".repeat(2000));
                std::panic::resume_unwind(Box::new("the producer's own"));
            });
        }));
        assert!(panicked.is_err());
        // A reader finds an incomplete append at this moment.
        let bytes = std::fs::read(&path).unwrap();
        let (entries, lost) = read(&bytes);
        assert_eq!((entries, lost.iter().filter(|range| range.is_loss()).count()), (vec![0], 0));
        append(&mut writer, 1).unwrap();
        let tail = writer.tail() as usize;
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes[tail..].iter().all(|byte| *byte == 0));
        writer.seal().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(read(&bytes), (vec![0, 1], vec![]));
        assert!(verify(&Segment::from_vec(bytes)).unwrap().is_clean());
    }
}

#[test]
fn a_segment_is_allocated_appears_whole_and_replaces_nothing() {
    for self_contained in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.fws");
        let mut options = options(self_contained);
        options.size = 1 << 20;
        options.prefault = true;
        let writer = SegmentWriter::create(&path, &options).unwrap();
        let metadata = std::fs::metadata(&path).unwrap();
        assert_eq!(metadata.len(), 1 << 20);
        assert!(metadata.blocks() * 512 >= 1 << 20, "{} blocks", metadata.blocks());
        assert_eq!(names(directory.path()), ["a.fws"]);
        let before = std::fs::read(&path).unwrap();
        let error = SegmentWriter::create(&path, &options).err().unwrap();
        assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
        assert_eq!(names(directory.path()), ["a.fws"]);
        assert_eq!(std::fs::read(&path).unwrap(), before);
        drop(writer);

        let missing = directory.path().join("nowhere").join("a.fws");
        assert_eq!(
            SegmentWriter::create(&missing, &options).err().unwrap().kind(),
            std::io::ErrorKind::NotFound
        );
    }
}

#[test]
fn sealing_keeps_the_length_and_every_map() {
    for self_contained in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.fws");
        let mut options = options(self_contained);
        options.size = 1 << 20;
        let mut writer = SegmentWriter::create(&path, &options).unwrap();
        let end = (0..10).map(|n| append(&mut writer, n).unwrap()).last().unwrap();
        // SAFETY: no other program knows the file.
        let early = unsafe { Segment::map(&path).unwrap() };
        writer.flush().unwrap();
        assert_eq!(early.durable_up_to(), end);
        let trailer = writer.seal().unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 1 << 20);
        assert_eq!((trailer.entries, trailer.data_end), (10, end));
        assert_eq!((trailer.first_time, trailer.last_time), (1000, 991));
        assert_eq!((trailer.min_time, trailer.max_time), (991, 1000));
        // The map that was created before the seal contains the trailer and the whole file. Holes are zeros.
        assert_eq!((early.state(), early.trailer()), (State::Sealed, Some(trailer)));
        assert!(verify(&early).unwrap().is_clean());
        assert!(early.as_bytes()[end as usize..(1 << 20) - 64].iter().all(|byte| *byte == 0));
    }
}

#[test]
fn the_first_frame_tells_who_wrote() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.fws");
    let mut options = SegmentOptions::new(Resource::of_this_process("shop"));
    options.size = 64 << 10;
    SegmentWriter::create(&path, &options).unwrap().seal().unwrap();
    let segment = Segment::read_copy(&path).unwrap();
    let Some(Ok(Event::Frame(first))) = segment.events(Mode::Strict).unwrap().next() else {
        panic!("no frame")
    };
    assert_eq!(first.offset, segment.header().unwrap().data_start);
    let resource = segment.resource().unwrap();
    assert_eq!(resource.get("service.name").unwrap().as_str(), Some("shop"));
    assert_eq!(resource.get("process.pid").unwrap().as_i128(), Some(std::process::id().into()));
}
