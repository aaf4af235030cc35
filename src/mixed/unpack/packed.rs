//! The decompression of an input.

use std::io::{self, Read};

use crate::packing::{PackedFault, Packing};
use crate::segment::{LostRange, LostReason};

use super::codec::{Codec, ENOUGH};
use super::magic::{Magic, detect};
use super::stage::Converter;

/// The size of the buffer of compressed bytes.
const BUFFER: usize = ENOUGH * 2;

/// The position in a compressed input.
pub(super) struct Stream {
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

impl Converter for Stream {
    fn is_enough(head: &[u8]) -> bool {
        detect(head) != Magic::Short
    }

    fn new(head: &[u8]) -> io::Result<Option<Self>> {
        let Magic::Found(packing) = detect(head) else { return Ok(None) };
        let codec = Some(Codec::new(packing).ok_or_else(|| unsupported(packing))?);
        let buffer = head.to_vec();
        Ok(Some(Self { packing, codec, buffer, start: 0, offset: 0, fault: None, end: 0, is_told: false }))
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
}

impl Stream {
    /// Returns the compressed bytes that are buffered.
    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or(&[])
    }

    /// Returns whether a compressed stream has begun and is incomplete, and its fault was not returned.
    #[cfg(unix)]
    pub(super) fn is_cut(&self) -> bool {
        self.codec.is_some() && !self.is_told
    }

    /// Returns the range of a fault. `settle` is whether the input has ended. A fault is returned once.
    pub(super) fn take_fault(&mut self, settle: bool) -> Option<LostRange> {
        let is_short = settle && self.codec.is_some();
        let fault = self.fault.or_else(|| is_short.then_some(PackedFault::Truncated))?;
        if std::mem::replace(&mut self.is_told, true) {
            return None;
        }
        let start = self.offset + if fault == PackedFault::Truncated { self.rest().len() as u64 } else { 0 };
        let reason = LostReason::Packed(self.packing, fault);
        Some(LostRange { start, end: self.end.max(start), reason })
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
