//! The conversion of UTF-16 with a byte order mark to UTF-8.

use std::io::{self, Read};

use crate::mixed::frame::{Outline, outline};
use crate::segment::{LostRange, LostReason};

use super::Head;

/// The byte order marks.
const LITTLE: [u8; 2] = [0xFF, 0xFE];
const BIG: [u8; 2] = [0xFE, 0xFF];
/// The size of a read, in bytes.
const STEP: usize = 16 << 10;

/// An input that may be UTF-16.
pub(super) struct Utf16<R> {
    input: R,
    state: State,
}

enum State {
    /// The first bytes have not been inspected.
    Start(Head),
    /// The input is not UTF-16.
    Plain(Head),
    Utf16(Box<Text>),
}

struct Text {
    is_big: bool,
    /// The bytes that are not converted: part of a character.
    rest: Vec<u8>,
    /// The offset of the end of these bytes in the input.
    offset: u64,
    out: String,
    given: usize,
}

impl<R: Read> Utf16<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, state: State::Start(Head::default()) }
    }

    pub(super) fn plain(input: R) -> Self {
        Self { input, state: State::Plain(Head::default()) }
    }

    pub(super) fn is_converted(&self) -> bool {
        matches!(self.state, State::Utf16(_))
    }

    pub(super) fn input(&self) -> &R {
        &self.input
    }

    pub(super) fn input_mut(&mut self) -> &mut R {
        &mut self.input
    }

    pub(super) fn into_inner(self) -> R {
        self.input
    }

    /// Returns the range of an incomplete character at the end of the input.
    pub(super) fn take_rest(&mut self) -> Option<LostRange> {
        let State::Utf16(text) = &mut self.state else { return None };
        let len = std::mem::take(&mut text.rest).len() as u64;
        let range = LostRange { start: text.offset - len, end: text.offset, reason: LostReason::Neither };
        (len > 0).then_some(range)
    }

    /// Inspects the first bytes. Returns `false` if the input has no bytes now.
    fn start(&mut self) -> io::Result<bool> {
        let State::Start(head) = &mut self.state else { return Ok(true) };
        head.read(&mut self.input, |bytes| {
            !LITTLE.starts_with(bytes) && !BIG.starts_with(bytes) || bytes.len() > 1
        })?;
        if head.bytes.is_empty() {
            return Ok(false);
        }
        let head = std::mem::take(head);
        let is_big = head.bytes.starts_with(&BIG);
        // The length of a frame can begin with the same bytes.
        let is_frame = matches!(outline(&head.bytes), Outline::Frame(_));
        self.state = if (is_big || head.bytes.starts_with(&LITTLE)) && !is_frame {
            let offset = head.bytes.len() as u64;
            let mut text = Text { is_big, rest: head.bytes, offset, out: String::new(), given: 0 };
            text.rest.drain(..2);
            text.convert();
            State::Utf16(Box::new(text))
        } else {
            State::Plain(head)
        };
        Ok(true)
    }
}

impl<R: Read> Read for Utf16<R> {
    #[inline]
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if let State::Plain(head) = &mut self.state {
            let given = head.give(room);
            return if given > 0 { Ok(given) } else { self.input.read(room) };
        }
        if room.is_empty() || !self.start()? {
            return Ok(0);
        }
        match &mut self.state {
            State::Utf16(text) => text.read(&mut self.input, room),
            _ => self.read(room),
        }
    }
}

impl Text {
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
