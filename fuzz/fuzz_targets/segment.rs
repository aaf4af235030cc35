//! A target that reads any bytes as a segment, and again with repaired checksums. The reader does not panic, no lost
//! range overlaps a frame, and a recovering read accepts everything that a strict read accepts.
#![no_main]

use fusewire::decode::EntryRef;
use fusewire::segment::{Event, Events, Mode, Segment, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    let mut repaired = bytes.to_vec();
    fusewire_fuzz::repair_segment(&mut repaired);
    read(&repaired);
});

fn read(bytes: &[u8]) {
    let strict = Events::new(bytes, Mode::Strict).map(|events| events.take_while(Result::is_ok).count());
    let Ok(events) = Events::new(bytes, Mode::Recover) else { return };
    let events = events.thorough();
    let (mut end, mut count) = (0, 0);
    for event in events {
        let (start, next) = match event.expect("a recovering read does not fail") {
            Event::Lost(range) => (range.start, range.end),
            Event::Entry(frame, entry) => {
                // The full form of an entry is valid if the entry is.
                let (verified, mut expanded) = (entry.verify(), Vec::new());
                match entry.to_bytes(&mut expanded) {
                    Ok(bytes) => assert!(EntryRef::new(bytes).is_ok_and(|full| full.verify() == verified || verified.is_err())),
                    Err(_) => assert!(verified.is_err()),
                }
                (frame.offset, frame.offset + frame.len_on_disk())
            }
            Event::Frame(frame) | Event::Unreadable(frame, _) => (frame.offset, frame.offset + frame.len_on_disk()),
            _ => continue,
        };
        assert!(start >= end && next > start, "{start}..{next} after {end}");
        end = next;
        count += 1;
    }
    assert!(strict.unwrap_or(0) <= count);
    let _ = verify(&Segment::from_vec(bytes.to_vec()));
}
