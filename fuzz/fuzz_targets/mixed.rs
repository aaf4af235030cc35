//! A target that reads any bytes as a stream of segments, frames and lines. Every event is valid, and no byte
//! is reported twice.
#![no_main]

use std::io::{BufReader, Read};

use fusewire::mixed::{Form, MixedEvent, MixedReader, PlainReader};
use fusewire::segment::{LostRange, LostReason};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // The offsets of the events are offsets in the plain form.
    let (mut input, mut plain) = (PlainReader::new(bytes), Vec::new());
    // Without the feature `compressed`, compressed data is an error.
    let Ok(_) = input.read_to_end(&mut plain) else { return };
    let (len, fault) = (plain.len() as u64, input.fault());
    read(bytes, len, fault);
    // Reads the same stream a few bytes at a time.
    read(BufReader::with_capacity(7, bytes), len, fault);
});

fn read(input: impl Read, len: u64, fault: Option<LostRange>) {
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
            // The fault of a converted input is a range of the input, not of the plain form.
            MixedEvent::Lost { range } if Some(range) == fault => {}
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
