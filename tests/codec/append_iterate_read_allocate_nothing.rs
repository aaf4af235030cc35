//! The library appends, finds and reads an entry without a heap allocation.

use crate::common::counting::allocations;
use fusewire::segment::{Event, Mode, Resource, Segment, SegmentOptions, SegmentWriter};
use fusewire::{Limits, Severity, TraceContext, message};

fn writer(directory: &tempfile::TempDir, self_contained: bool) -> SegmentWriter {
    let mut options = SegmentOptions::new(Resource::of_this_process("test"));
    options.self_contained = self_contained;
    options.size = 1 << 20;
    SegmentWriter::create(&directory.path().join("a.fws"), &options).unwrap()
}

fn append_one(writer: &mut SegmentWriter, n: u64) -> bool {
    let appended = writer.append(|entry| {
        entry.set_time_unix_nano(1_700_000_000_000_000_000 + n);
        entry.set_severity(Severity::INFO);
        entry.set_trace(TraceContext { trace_id: n.into(), span_id: n, flags: 1 });
        entry.set_target("shop::checkout");
        entry.set_body_fmt(format_args!("order {n} paid"));
        entry.attr("n", &n).attr("ok", &true).attr("ratio", &0.5).attr("tags", &["eu", "new"]);
        let mut attributes = entry.attributes();
        let mut request = attributes.slot("request").map();
        request.entry("path", "/pay").entry("bytes", &[1_u64, 2, 3]);
        request.end();
    });
    appended.is_ok()
}

#[test]
fn append() -> std::io::Result<()> {
    append_in_format(true)?;
    append_in_format(false)
}

fn append_in_format(self_contained: bool) -> std::io::Result<()> {
    let directory = tempfile::tempdir()?;
    let mut writer = writer(&directory, self_contained);
    let work = || assert!((0..1000).all(|n| append_one(&mut writer, n)));
    assert_eq!(allocations(work).0, 0);
    // A full segment refuses entries without an allocation.
    while append_one(&mut writer, 0) {}
    let work = || assert!((0..100).all(|n| !append_one(&mut writer, n)));
    assert_eq!(allocations(work).0, 0);
    Ok(())
}

#[test]
fn iterate_and_read_in_every_mode() -> std::io::Result<()> {
    iterate_and_read(true)?;
    iterate_and_read(false)
}

fn iterate_and_read(self_contained: bool) -> std::io::Result<()> {
    let directory = tempfile::tempdir()?;
    let mut writer = writer(&directory, self_contained);
    assert!((0..1000).all(|n| append_one(&mut writer, n)));
    writer.seal()?;
    // SAFETY: no other process knows the file.
    let segment = unsafe { Segment::map(&directory.path().join("a.fws"))? };
    for mode in [Mode::Strict, Mode::Recover] {
        let mut seen = 0;
        let work = || {
            for event in segment.events(mode).unwrap() {
                let Event::Entry(_, entry) = event.unwrap() else { continue };
                assert!(entry.verify().is_ok() && entry.target() == "shop::checkout" && !entry.is_tripped());
                assert!(entry.get("request.bytes[2]").is_some() && entry.walk().count() == 12);
                seen += entry.attributes().filter(Result::is_ok).count();
            }
        };
        assert_eq!((allocations(work).0, seen), (0, 5000));
    }
    Ok(())
}

#[test]
fn reading_past_damage() -> std::io::Result<()> {
    // The damage hits the frames of entries, and not the base of the like entries.
    read_past_damage(true, (10_000..300_000).step_by(5000))?;
    read_past_damage(false, (10_000..80_000).step_by(1000))
}

fn read_past_damage(self_contained: bool, damage: impl Iterator<Item = usize>) -> std::io::Result<()> {
    let directory = tempfile::tempdir()?;
    let mut writer = writer(&directory, self_contained);
    assert!((0..1000).all(|n| append_one(&mut writer, n)));
    drop(writer);
    let mut bytes = std::fs::read(directory.path().join("a.fws"))?;
    for at in damage {
        bytes[at] ^= 1;
    }
    let segment = Segment::from_vec(bytes);
    let (mut entries, mut lost) = (0, 0);
    let work = || {
        for event in segment.events(Mode::Recover).unwrap() {
            match event {
                Ok(Event::Entry(..)) => entries += 1,
                Ok(Event::Lost(_)) => lost += 1,
                _ => {}
            }
        }
    };
    assert_eq!(allocations(work).0, 0);
    assert!(lost > 50 && entries + lost == 1000, "{entries} {lost}");
    Ok(())
}

#[test]
fn messages() {
    let mut buffer = [0; 1024];
    let work = || {
        for n in 0..1000_u64 {
            let message = message::write(&mut buffer, &Limits::default(), |entry| {
                entry.attr("n", &n);
            })
            .unwrap();
            assert!(message::read(message).unwrap().0.get("n").is_some());
        }
    };
    assert_eq!(allocations(work).0, 0);
}
