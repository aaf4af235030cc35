//! The decoders of compressed data. Each takes bytes and gives bytes, and keeps its state between the calls.

use std::io::Read;

use bzip2::{Decompress as Bunzip2, Status as Bzip2Status};
use flate2::{Decompress as Gunzip, FlushDecompress, Status as GzipStatus};
use lzma_rust2::{Action, Status as XzStatus, XzStream};
use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::format::bytes::u32_at;
use crate::packing::{PackedFault, Packing};

/// The maximum memory of the xz decoder, in KiB. `xz -9` needs 64 MiB. The zstd decoder has the same bound.
const XZ_MEMORY: u32 = 128 << 10;
/// The maximum size of a zstd block, in bytes.
const ZSTD_BLOCK: usize = 128 << 10;
/// A number of input bytes with which every decoder makes progress.
pub(super) const ENOUGH: usize = ZSTD_BLOCK + 64;

/// The result of one step of a decoder.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    pub(super) consumed: usize,
    pub(super) produced: usize,
    /// Whether the compressed stream is complete.
    pub(super) is_end: bool,
}

/// A decoder of one compressed stream.
pub(super) enum Codec {
    Gzip(Box<Gunzip>),
    Zstd(Box<Zstd>),
    Bzip2(Box<Bunzip2>),
    Xz(Box<XzStream>),
}

impl Codec {
    /// Creates a decoder. Returns `None` if there is no decoder for the format.
    pub(super) fn new(packing: Packing) -> Option<Self> {
        Some(match packing {
            Packing::Gzip => Self::Gzip(Box::new(Gunzip::new_gzip(15))),
            Packing::Zstd => Self::Zstd(Box::default()),
            Packing::Bzip2 => Self::Bzip2(Box::new(Bunzip2::new(false))),
            Packing::Xz => Self::Xz(Box::new(XzStream::new_mem_limit(false, XZ_MEMORY))),
            Packing::Lz4 | Packing::Zip => return None,
        })
    }

    /// Decompresses a part of `input` to `output`. Without progress, the decoder needs more input.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, PackedFault> {
        let between = |before: (u64, u64), after: (u64, u64), is_end| Progress {
            consumed: usize::try_from(after.0 - before.0).unwrap_or(0),
            produced: usize::try_from(after.1 - before.1).unwrap_or(0),
            is_end,
        };
        match self {
            Self::Gzip(gzip) => {
                let before = (gzip.total_in(), gzip.total_out());
                let status = gzip
                    .decompress(input, output, FlushDecompress::None)
                    .map_err(|_| PackedFault::Invalid)?;
                let after = (gzip.total_in(), gzip.total_out());
                Ok(between(before, after, status == GzipStatus::StreamEnd))
            }
            Self::Bzip2(bzip2) => {
                let before = (bzip2.total_in(), bzip2.total_out());
                let status = bzip2.decompress(input, output).map_err(|_| PackedFault::Invalid)?;
                if status == Bzip2Status::MemNeeded {
                    return Err(PackedFault::TooLarge);
                }
                let after = (bzip2.total_in(), bzip2.total_out());
                Ok(between(before, after, status == Bzip2Status::StreamEnd))
            }
            Self::Xz(xz) => {
                let done = xz.process(input, output, Action::Run).map_err(|error| match error.kind() {
                    std::io::ErrorKind::OutOfMemory => PackedFault::TooLarge,
                    _ => PackedFault::Invalid,
                })?;
                Ok(Progress {
                    consumed: done.bytes_consumed,
                    produced: done.bytes_produced,
                    is_end: done.status == XzStatus::StreamEnd,
                })
            }
            Self::Zstd(zstd) => zstd.step(input, output),
        }
    }
}

/// A decoder of one zstd frame. It takes one block at a time: a few bytes of input can give a block of 128 KiB.
#[derive(Default)]
pub(super) struct Zstd {
    decoder: FrameDecoder,
    state: State,
    has_checksum: bool,
}

#[derive(Default)]
enum State {
    #[default]
    Header,
    /// A skippable frame with this number of bytes left.
    Skip(usize),
    Block,
    /// All blocks are decoded.
    Drain,
}

impl Zstd {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, PackedFault> {
        let consumed = match self.state {
            State::Header => self.header(input)?,
            State::Skip(left) => {
                let consumed = left.min(input.len());
                self.state = State::Skip(left - consumed);
                return Ok(Progress { consumed, produced: 0, is_end: left == consumed });
            }
            State::Block if self.decoder.can_collect() == 0 => self.block(input)?,
            State::Block | State::Drain => 0,
        };
        let produced = self.decoder.read(output).map_err(|_| PackedFault::Invalid)?;
        let is_end = matches!(self.state, State::Drain) && self.decoder.can_collect() == 0;
        let is_right = || self.decoder.get_checksum_from_data() == self.decoder.get_calculated_checksum();
        if is_end && self.has_checksum && !is_right() {
            return Err(PackedFault::Invalid);
        }
        Ok(Progress { consumed, produced, is_end })
    }

    /// Reads the header of a frame.
    fn header(&mut self, input: &[u8]) -> Result<usize, PackedFault> {
        let Some(magic) = u32_at(input, 0) else { return Ok(0) };
        if magic & 0xFFFF_FFF0 == 0x184D_2A50 {
            let Some(len) = u32_at(input, 4) else { return Ok(0) };
            self.state = State::Skip(len as usize);
            return Ok(8);
        }
        let Some(descriptor) = input.get(4) else { return Ok(0) };
        let is_single = descriptor >> 5 & 1 == 1;
        let window = usize::from(!is_single);
        let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
        let content = [usize::from(is_single), 2, 4, 8][usize::from(descriptor >> 6)];
        let Some(mut header) = input.get(..5 + window + dictionary + content) else { return Ok(0) };
        self.has_checksum = descriptor >> 2 & 1 == 1;
        let len = header.len();
        self.decoder.reset(&mut header).map_err(|error| match error {
            FrameDecoderError::WindowSizeTooBig { .. } => PackedFault::TooLarge,
            _ => PackedFault::Invalid,
        })?;
        self.state = State::Block;
        Ok(len)
    }

    /// Decodes a block.
    fn block(&mut self, input: &[u8]) -> Result<usize, PackedFault> {
        let &[a, b, c, ..] = input else { return Ok(0) };
        let header = u32::from_le_bytes([a, b, c, 0]);
        let (is_last, kind, size) = (header & 1 == 1, header >> 1 & 3, (header >> 3) as usize);
        if size > ZSTD_BLOCK {
            return Err(PackedFault::Invalid);
        }
        // A block of kind 1 repeats one byte.
        let content = if kind == 1 { 1 } else { size };
        let checksum = if is_last && self.has_checksum { 4 } else { 0 };
        let Some(block) = input.get(..3 + content + checksum) else { return Ok(0) };
        self.decoder
            .decode_blocks(block, BlockDecodingStrategy::UptoBlocks(1))
            .map_err(|_| PackedFault::Invalid)?;
        if is_last {
            self.state = State::Drain;
        }
        Ok(block.len())
    }
}
