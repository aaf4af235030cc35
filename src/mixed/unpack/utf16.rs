//! The conversion of UTF-16 with a byte order mark to UTF-8.

use std::io::{self, Read};

use crate::mixed::frame::{Outline, outline};
use crate::segment::{LostRange, LostReason};

use super::stage::Converter;

/// The byte order marks.
const LITTLE: [u8; 2] = [0xFF, 0xFE];
const BIG: [u8; 2] = [0xFE, 0xFF];
/// The size of a read, in bytes.
const STEP: usize = 16 << 10;

/// The position in an input of UTF-16.
pub(super) struct Text {
    is_big: bool,
    /// The bytes that are not converted: part of a character.
    rest: Vec<u8>,
    /// The offset of the end of these bytes in the input.
    offset: u64,
    out: String,
    given: usize,
}

impl Converter for Text {
    fn is_enough(head: &[u8]) -> bool {
        !LITTLE.starts_with(head) && !BIG.starts_with(head) || head.len() > 1
    }

    fn new(head: &[u8]) -> io::Result<Option<Self>> {
        let is_big = head.starts_with(&BIG);
        // The length of a frame can begin with the same bytes.
        let is_frame = matches!(outline(head), Outline::Frame(_));
        if is_frame || !is_big && !head.starts_with(&LITTLE) {
            return Ok(None);
        }
        let rest = head.get(2..).unwrap_or(&[]).to_vec();
        let mut text = Self { is_big, rest, offset: head.len() as u64, out: String::new(), given: 0 };
        text.convert();
        Ok(Some(text))
    }

    fn read(&mut self, input: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
        while self.given == self.out.len() {
            (self.given, _) = (0, self.out.clear());
            let used = self.rest.len();
            self.rest.resize(used + STEP, 0);
            let read = input.read(self.rest.get_mut(used..).unwrap_or(&mut []));
            self.rest.truncate(used + *read.as_ref().unwrap_or(&0));
            let read = read?;
            if read == 0 {
                return Ok(0);
            }
            self.offset += read as u64;
            self.convert();
        }
        let rest = self.out.as_bytes().get(self.given..).unwrap_or(&[]);
        let len = rest.len().min(room.len());
        room[..len].copy_from_slice(&rest[..len]);
        self.given += len;
        Ok(len)
    }
}

impl Text {
    /// Returns the range of an incomplete character at the end of the input.
    pub(super) fn take_rest(&mut self) -> Option<LostRange> {
        let len = std::mem::take(&mut self.rest).len() as u64;
        let range = LostRange { start: self.offset - len, end: self.offset, reason: LostReason::Neither };
        (len > 0).then_some(range)
    }

    /// Converts the complete characters. A surrogate without its pair becomes U+FFFD.
    fn convert(&mut self) {
        let unit =
            |pair: &[u8; 2]| if self.is_big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) };
        let (pairs, _) = self.rest.as_chunks::<2>();
        // The second half of a surrogate pair can be missing.
        let is_open = pairs.last().is_some_and(|pair| (0xD800..0xDC00).contains(&unit(pair)));
        let complete = pairs.len() - usize::from(is_open);
        let units = pairs.iter().take(complete).map(unit);
        self.out.extend(char::decode_utf16(units).map(|found| found.unwrap_or(char::REPLACEMENT_CHARACTER)));
        self.rest.drain(..complete * 2);
    }
}
