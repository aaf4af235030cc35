//! A target that reads any bytes as a stream of segments, frames and lines. Every event is valid, and no byte
//! is reported twice.
#![no_main]

use std::io::{BufReader, Read};

use fusewire::mixed::{Form, MixedEvent, MixedReader};
use fusewire::segment::LostReason;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    read(bytes, bytes.len() as u64);
    // Reads the same stream a few bytes at a time.
    read(BufReader::with_capacity(7, bytes), bytes.len() as u64);
});

fn read(input: impl Read, len: u64) {
    let mut reader = MixedReader::new(input);
    let (mut told, mut entries) = (0, 0_u64);
    while let Some(event) = reader.next().expect("the input does not fail") {
        match event {
            MixedEvent::Entry { form, frame, entry } => {
                assert!(frame.offset < len);
                if form == Form::Line {
                    entry.verify().expect("we accept what we write");
                } else {
                    let _ = entry.verify();
                }
                entries += 1;
            }
            MixedEvent::Lost { range } => {
                assert!(range.start >= told && range.start < range.end, "{range:?} behind {told}");
                // The range of a truncated segment ends at the end that its header states.
                assert!(range.end <= len || range.reason == LostReason::Truncated, "{range:?}");
                told = range.end;
            }
            _ => {}
        }
    }
    assert_eq!(reader.offset(), len, "every byte has been read");
    assert!(entries <= 2 * len);
}
