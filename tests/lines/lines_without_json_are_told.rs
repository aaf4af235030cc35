//! Without the feature `json`, a reader reports the bytes of JSON lines as unsupported and returns everything
//! else.
#![cfg(not(feature = "json"))]

use fusewire::mixed::{MixedEvent, MixedReader};
use fusewire::segment::LostReason;
use fusewire::{Limits, message};

#[test]
fn every_byte_of_them_and_no_frame() {
    let mut buffer = [0; 512];
    let frame = message::write(&mut buffer, &Limits::DEFAULT, |entry| entry.set_body("frame")).unwrap();
    let stream = [b"{\"a\":1}\n", &*frame, b"text\n{}\n", &*frame].concat();
    let mut reader = MixedReader::new(stream.as_slice());
    let (mut lost, mut frames) = (0, 0);
    while let Some(event) = reader.next().unwrap() {
        match event {
            MixedEvent::Lost { range } => {
                assert_eq!(range.reason, LostReason::Unsupported);
                assert!(range.reason.to_string().contains("json"));
                lost += range.len();
            }
            MixedEvent::Entry { entry, .. } => {
                assert_eq!(entry.body(), "frame");
                frames += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((lost, frames), (16, 2));
}
