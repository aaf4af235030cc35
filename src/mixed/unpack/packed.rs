//! The decompression of an input.

use std::io::{self, Read};

use crate::packing::{PackedFault, Packing};
use crate::segment::{LostRange, LostReason};

use super::Head;
use super::codec::{Codec, ENOUGH};
use super::magic::{Magic, detect};

/// The size of the buffer of compressed bytes.
const BUFFER: usize = ENOUGH * 2;

/// An input that may be compressed.
pub(super) struct Packed<R> {
    input: R,
    state: State,
}

enum State {
    /// The first bytes have not been inspected.
    Start(Head),
    /// The input is not compressed; the first bytes are given first.
    Plain(Head),
    Packed(Box<Stream>),
}

/// The position in a compressed input.
struct Stream {
    packing: Packing,
    /// The decoder; `None` between two compressed streams.
    codec: Option<Codec>,
    buffer: Vec<u8>,
    start: usize,
    /// The offset of the beginning of the buffered bytes in the input.
    offset: u64,
    fault: Option<PackedFault>,
    /// The end of the lost range of the fault.
    end: u64,
    is_told: bool,
}

impl<R: Read> Packed<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, state: State::Start(Head::default()) }
    }

    pub(super) fn plain(input: R) -> Self {
        Self { input, state: State::Plain(Head::default()) }
    }

    pub(super) fn is_packed(&self) -> bool {
        matches!(self.state, State::Packed(_))
    }

    pub(super) fn get_ref(&self) -> &R {
        &self.input
    }

    pub(super) fn get_mut(&mut self) -> &mut R {
        &mut self.input
    }

    pub(super) fn into_inner(self) -> R {
        self.input
    }

    /// Inspects the first bytes. Returns `false` if the input has no bytes now.
    fn start(&mut self) -> io::Result<bool> {
        let State::Start(head) = &mut self.state else { return Ok(true) };
        head.read(&mut self.input, |bytes| detect(bytes) != Magic::Short)?;
        if head.bytes.is_empty() {
            return Ok(false);
        }
        let head = std::mem::take(head);
        self.state = match detect(&head.bytes) {
            Magic::Found(packing) => {
                let Some(codec) = Codec::new(packing) else {
                    self.state = State::Start(head);
                    return Err(unsupported(packing));
                };
                let codec = Some(codec);
                let (buffer, fault) = (head.bytes, None);
                State::Packed(Box::new(Stream {
                    packing,
                    codec,
                    buffer,
                    start: 0,
                    offset: 0,
                    fault,
                    end: 0,
                    is_told: false,
                }))
            }
            Magic::Short | Magic::None => State::Plain(head),
        };
        Ok(true)
    }

    /// Returns whether a compressed stream has begun and is incomplete, and its fault was not returned.
    #[cfg(unix)]
    pub(super) fn is_cut(&self) -> bool {
        matches!(&self.state, State::Packed(stream) if stream.codec.is_some() && !stream.is_told)
    }

    pub(super) fn take_fault(&mut self, settle: bool) -> Option<LostRange> {
        let State::Packed(stream) = &mut self.state else { return None };
        let is_short = settle && stream.codec.is_some();
        let fault = stream.fault.or_else(|| is_short.then_some(PackedFault::Truncated))?;
        if std::mem::replace(&mut stream.is_told, true) {
            return None;
        }
        let start =
            stream.offset + if fault == PackedFault::Truncated { stream.rest().len() as u64 } else { 0 };
        let reason = LostReason::Packed(stream.packing, fault);
        Some(LostRange { start, end: stream.end.max(start), reason })
    }
}

impl<R: Read> Read for Packed<R> {
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
            State::Packed(stream) => stream.read(&mut self.input, room),
            _ => self.read(room),
        }
    }
}

impl Stream {
    /// Returns the compressed bytes that are buffered.
    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or(&[])
    }

    fn read(&mut self, input: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
        while self.fault.is_none() {
            let Some(codec) = &mut self.codec else {
                if !self.begin(input)? {
                    break;
                }
                continue;
            };
            match codec.step(self.buffer.get(self.start..).unwrap_or(&[]), room) {
                Ok(done) => {
                    self.pass(done.consumed);
                    if done.is_end {
                        self.codec = None;
                    }
                    if done.produced > 0 {
                        return Ok(done.produced);
                    }
                    if done.consumed == 0 && !done.is_end && !self.fill(input)? {
                        break;
                    }
                }
                Err(fault) => self.fail(fault, input)?,
            }
        }
        Ok(0)
    }

    /// Begins the next compressed stream. Zeros can precede it. Returns `false` if there is none now.
    fn begin(&mut self, input: &mut impl Read) -> io::Result<bool> {
        loop {
            let zeros = self.rest().iter().take_while(|byte| **byte == 0).count();
            self.pass(zeros);
            match detect(self.rest()) {
                Magic::Found(packing) if packing == self.packing => {
                    self.codec = Codec::new(packing);
                    return Ok(true);
                }
                Magic::Short => {
                    if !self.fill(input)? {
                        if !self.rest().is_empty() {
                            self.fail(PackedFault::Trailing, input)?;
                        }
                        return Ok(false);
                    }
                }
                _ => {
                    self.fail(PackedFault::Trailing, input)?;
                    return Ok(false);
                }
            }
        }
    }

    fn pass(&mut self, len: usize) {
        self.start += len;
        self.offset += len as u64;
    }

    /// Reads more compressed bytes. Returns `false` if there are none now.
    fn fill(&mut self, input: &mut impl Read) -> io::Result<bool> {
        self.buffer.drain(..std::mem::take(&mut self.start));
        let used = self.buffer.len();
        if used >= BUFFER {
            // No valid data needs so many bytes for a step.
            self.fail(PackedFault::Invalid, input)?;
            return Ok(false);
        }
        self.buffer.resize(BUFFER, 0);
        let read = input.read(self.buffer.get_mut(used..).unwrap_or(&mut []));
        self.buffer.truncate(used + *read.as_ref().unwrap_or(&0));
        Ok(read? > 0)
    }

    /// Records a fault, and reads the input to its end to count the lost bytes.
    fn fail(&mut self, fault: PackedFault, input: &mut impl Read) -> io::Result<()> {
        self.fault = Some(fault);
        self.end = self.offset + self.rest().len() as u64;
        self.end += io::copy(input, &mut io::sink())?;
        Ok(())
    }
}

/// Returns the error for compressed data without a decoder.
fn unsupported(packing: Packing) -> io::Error {
    let text = format!("compressed files ({packing}) are not supported; decompress the file");
    io::Error::new(io::ErrorKind::Unsupported, text)
}
