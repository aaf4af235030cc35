//! The checksum of a frame is `zlib.crc32(bytes 8 to the end of the padding, length of the payload)`, so any language
//! with zlib can check a frame.

use crate::common::checksum::{commit_word, crc32};
use crate::common::segments::Fixture;
use fusewire::message::{self, MessageError};
use fusewire::segment::FrameFault;
use fusewire::{Limits, Severity};

#[test]
fn the_second_implementation_is_zlibs() {
    // The first value is the check value of CRC-32/ISO-HDLC. Python computed the others: `zlib.crc32(b"fusewire", 8)`
    // and `zlib.crc32(b"", 7)`.
    assert_eq!(crc32(0, b"123456789"), 0xCBF4_3926);
    assert_eq!(crc32(8, b"fusewire"), PYTHON);
    assert_eq!(crc32(7, b""), 7);
}

const PYTHON: u32 = 0x5348_F317;

#[test]
fn a_message_is_a_frame_of_salt_and_slot_zero() {
    let mut buffer = [0xEE; 512];
    let message = message::write(&mut buffer, &Limits::default(), |entry| {
        entry.set_severity(Severity::WARN);
        entry.set_body("a message");
    })
    .unwrap();
    let word = u64::from_le_bytes(*message.first_chunk().unwrap());
    let payload = (word & 0x0FFF_FFFF) as u32;
    assert_eq!(word, commit_word(message, payload));
    assert_eq!(message[8..16], [0, 0, 0, 0, 1, 13, 0, 0]);
    assert_eq!(message.len(), 16 + (payload as usize).next_multiple_of(16));
    assert!(message[16 + payload as usize..].iter().all(|byte| *byte == 0));
}

#[test]
fn every_frame_of_a_segment_has_the_stated_commit_word() {
    let fixture = Fixture::new(6, true);
    for (start, len) in fixture.frames.clone() {
        let frame = &fixture.bytes[start..start + len];
        let word = u64::from_le_bytes(*frame.first_chunk().unwrap());
        assert_eq!(word, commit_word(frame, (word & 0x0FFF_FFFF) as u32));
        assert_eq!(fixture.u32_at(start + 8), fixture.salt() ^ (start / 16) as u32);
    }
}

#[test]
fn messages_follow_one_another_and_any_flipped_bit_is_found() {
    let mut buffer = [0; 1024];
    let mut len = 0;
    for n in 0..3_u32 {
        len += message::write(&mut buffer[len..], &Limits::default(), |entry| {
            entry.attr("n", &n);
        })
        .unwrap()
        .len();
    }
    let mut rest = &buffer[..len];
    for n in 0..3 {
        let (entry, next) = message::read(rest).unwrap();
        assert_eq!(entry.get("n").and_then(|value| value.as_i128()), Some(n));
        rest = next;
    }
    assert!(rest.is_empty());
    let one = len / 3;
    for bit in 0..one * 8 {
        buffer[bit / 8] ^= 1 << (bit % 8);
        assert!(message::read(&buffer[..len]).is_err(), "bit {bit}");
        buffer[bit / 8] ^= 1 << (bit % 8);
    }
    for cut in 0..one {
        let error = message::read(&buffer[..cut]).err();
        assert!(matches!(error, Some(MessageError::Frame(FrameFault::Truncated { .. }))), "{cut} {error:?}");
    }
}

#[test]
fn a_buffer_too_small_says_exactly_what_is_needed() {
    let write = |buffer: &mut [u8]| {
        message::write(buffer, &Limits::default(), |entry| entry.set_body("exactly"))
            .map(|message| message.len())
    };
    let needed = write(&mut [0; 512]).unwrap();
    for len in 0..needed {
        let error = write(&mut vec![0; len]).unwrap_err();
        let expected = fusewire::error::EncodeError::BufferTooSmall { needed, available: len };
        assert_eq!(error, expected);
    }
    assert_eq!(write(&mut vec![0; needed]), Ok(needed));
}
