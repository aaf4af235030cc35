//! The first two pages of a segment, and its trailer. `schema/FORMAT.md`, "The segment", is the specification.

use super::bytes::{FNV_BASIS, fnv1a64, u16_at, u32_at, u64_at};
use super::frame;
use crate::error::SegmentError;

/// Bytes of a page of the format, whatever the machine's.
pub(crate) const PAGE: usize = 4096;
/// `\x89FWS\r\n\x1a\n`: not text, and damaged by what converts text (PNG's idea).
pub(crate) const MAGIC: [u8; 8] = [0x89, b'F', b'W', b'S', b'\r', b'\n', 0x1A, b'\n'];

const MAJOR: usize = 8;
const MINOR: usize = MAJOR + 2;
const PAGE_LEN: usize = MINOR + 2;
const COMPAT: usize = PAGE_LEN + 4;
const READ_ONLY_COMPAT: usize = COMPAT + 4;
const INCOMPAT: usize = READ_ONLY_COMPAT + 4;
const SALT: usize = INCOMPAT + 4;
const SEGMENT_ID: usize = SALT + 4;
const STREAM_ID: usize = SEGMENT_ID + 16;
const BOOT_ID: usize = STREAM_ID + 16;
const SEQUENCE: usize = BOOT_ID + 16;
const SIZE: usize = SEQUENCE + 8;
const DATA_START_AT: usize = SIZE + 8;
const CREATED: usize = DATA_START_AT + 8;
const PREVIOUS_ID: usize = CREATED + 8;
const PREVIOUS_END: usize = PREVIOUS_ID + 16;
const FINGERPRINT: usize = PREVIOUS_END + 8;
const ORDINAL: usize = FINGERPRINT + 8;
const RESERVED: usize = ORDINAL + 8;
const CRC: usize = PAGE - 4;

/// u64 in page 1: the slot after the last frame, and its complement.
pub(crate) const TAIL: usize = PAGE;
/// u64 in page 1.
pub(crate) const STATE: usize = PAGE + 64;
/// u64 in page 1: bytes known to be on disk.
pub(crate) const DURABLE: usize = PAGE + 128;
/// u64 in page 1: the checksum of the index beside the segment, and its complement; 0 where there is none.
pub(crate) const INDEX: usize = PAGE + 192;
/// u64 in page 1: how the stream ended ([`end_word`]); 0 unless this is its last segment, and that is known.
pub(crate) const END: usize = PAGE + 256;
/// u64 in page 1: when the stream ended, nanoseconds since the Unix epoch.
pub(crate) const END_TIME: usize = END + 8;
/// Where the frames begin.
pub(crate) const DATA_START: usize = 2 * PAGE;

/// `STATE` of a segment that is complete; 0 while it is being written.
pub(crate) const STATE_SEALED: u64 = 1;

/// `END` of a stream that its own process has completed.
pub(crate) const END_STOPPED: u32 = 1;
/// `END` of a stream whose process was gone when another process sealed or trimmed its last segment.
pub(crate) const END_DIED: u32 = 2;

/// Bytes of the trailer's payload: six u64.
const TRAILER_PAYLOAD: usize = 48;
/// Bytes of the trailer, at the very end of the file.
pub(crate) const TRAILER_LEN: usize = frame::frame_len(TRAILER_PAYLOAD);

/// A compat flag: the file system has no locks, so that nobody can tell by one whether the owner of the segment lives.
pub(crate) const COMPAT_UNLOCKED: u32 = 1;

/// The longest file: slots of 32 bits would reach further, and no reader should have to map more.
pub(crate) const MAX_SIZE: u64 = 1 << 30;

/// The version this code writes. A reader of another major version refuses; a higher minor one is read.
pub(crate) const VERSION: (u16, u16) = (1, 0);
/// FNV-1a (64 bits) of the frozen schema of this version.
pub(crate) const SCHEMA_FINGERPRINT: u64 =
    fnv1a64(FNV_BASIS, include_bytes!("../../schema/baseline/log_entry.v1.fbs"));

const _: () = assert!(
    SALT == 28 && SEGMENT_ID == 32 && SIZE == 88 && ORDINAL == 144 && RESERVED == 152 && TRAILER_LEN == 64
);

/// A segment's first page: written once, never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Format version: major, minor.
    pub version: (u16, u16),
    /// Features that a reader and a writer may ignore.
    pub compat: u32,
    /// Features that a reader may ignore; whoever does not know one must not change the file.
    pub read_only_compat: u32,
    /// Features that whoever does not know one must not touch the file for.
    pub incompat: u32,
    /// Random number that every frame's tag contains.
    pub salt: u32,
    /// This file.
    pub segment_id: [u8; 16],
    /// The run of files it belongs to: one process's.
    pub stream_id: [u8; 16],
    /// The boot of the machine it was made in; zero where not known.
    pub boot_id: [u8; 16],
    /// Its place in the stream, from 0.
    pub sequence: u64,
    /// Bytes of the file.
    pub size: u64,
    /// Offset of the first frame.
    pub data_start: u64,
    /// When it was made: nanoseconds since the Unix epoch.
    pub created_unix_nano: u64,
    /// The segment before it in the stream; zero for the first.
    pub previous_id: [u8; 16],
    /// Where the frames of the segment before it end.
    pub previous_end: u64,
    /// Which schema the entries are of.
    pub schema_fingerprint: u64,
    /// Its place in the order of creation in its directory, from 1; 0 where not known.
    pub ordinal: u64,
}

impl SegmentHeader {
    /// Whether it has features that this version may ignore when it reads, and must not when it changes the file.
    #[must_use]
    pub const fn is_read_only(&self) -> bool {
        self.read_only_compat != 0
    }

    /// The page as it is written.
    pub(crate) fn to_page(&self) -> [u8; PAGE] {
        let mut page = [0; PAGE];
        let mut put = |at: usize, bytes: &[u8]| page[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &MAGIC);
        put(MAJOR, &self.version.0.to_le_bytes());
        put(MINOR, &self.version.1.to_le_bytes());
        put(PAGE_LEN, &4096_u32.to_le_bytes());
        put(COMPAT, &self.compat.to_le_bytes());
        put(READ_ONLY_COMPAT, &self.read_only_compat.to_le_bytes());
        put(INCOMPAT, &self.incompat.to_le_bytes());
        put(SALT, &self.salt.to_le_bytes());
        put(SEGMENT_ID, &self.segment_id);
        put(STREAM_ID, &self.stream_id);
        put(BOOT_ID, &self.boot_id);
        put(SEQUENCE, &self.sequence.to_le_bytes());
        put(SIZE, &self.size.to_le_bytes());
        put(DATA_START_AT, &self.data_start.to_le_bytes());
        put(CREATED, &self.created_unix_nano.to_le_bytes());
        put(PREVIOUS_ID, &self.previous_id);
        put(PREVIOUS_END, &self.previous_end.to_le_bytes());
        put(FINGERPRINT, &self.schema_fingerprint.to_le_bytes());
        put(ORDINAL, &self.ordinal.to_le_bytes());
        let crc = crc32fast::hash(&page[..CRC]);
        page[CRC..].copy_from_slice(&crc.to_le_bytes());
        page
    }

    /// The header of the segment that `bytes` is.
    ///
    /// The checksum is looked at before anything is believed, the version and the flags before anything is done.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, SegmentError> {
        if !bytes.starts_with(&MAGIC) {
            return Err(SegmentError::NotASegment);
        }
        let Some(page) = bytes.get(..PAGE) else {
            return Err(SegmentError::TooShort { len: bytes.len() as u64, needed: PAGE as u64 });
        };
        let (u16_of, u32_of, u64_of) = (
            |at| u16_at(page, at).unwrap_or(0),
            |at| u32_at(page, at).unwrap_or(0),
            |at| u64_at(page, at).unwrap_or(0),
        );
        let id_of = |at: usize| page[at..].first_chunk().copied().unwrap_or([0; 16]);
        let (expected, found) = (crc32fast::hash(&page[..CRC]), u32_of(CRC));
        if expected != found {
            return Err(SegmentError::HeaderChecksum { expected, found });
        }
        let header = Self {
            version: (u16_of(MAJOR), u16_of(MINOR)),
            compat: u32_of(COMPAT),
            read_only_compat: u32_of(READ_ONLY_COMPAT),
            incompat: u32_of(INCOMPAT),
            salt: u32_of(SALT),
            segment_id: id_of(SEGMENT_ID),
            stream_id: id_of(STREAM_ID),
            boot_id: id_of(BOOT_ID),
            sequence: u64_of(SEQUENCE),
            size: u64_of(SIZE),
            data_start: u64_of(DATA_START_AT),
            created_unix_nano: u64_of(CREATED),
            previous_id: id_of(PREVIOUS_ID),
            previous_end: u64_of(PREVIOUS_END),
            schema_fingerprint: u64_of(FINGERPRINT),
            ordinal: u64_of(ORDINAL),
        };
        if header.version.0 != VERSION.0 {
            return Err(SegmentError::Version { found: header.version });
        }
        if header.incompat != 0 {
            return Err(SegmentError::Incompatible { flags: header.incompat });
        }
        let starts_well =
            header.data_start >= DATA_START as u64 && header.data_start.is_multiple_of(frame::ALIGN as u64);
        let fits = header.data_start <= MAX_SIZE
            && (header.data_start + TRAILER_LEN as u64..=MAX_SIZE).contains(&header.size);
        if !starts_well || !fits || !header.size.is_multiple_of(frame::ALIGN as u64) {
            return Err(SegmentError::Geometry { data_start: header.data_start, size: header.size });
        }
        Ok(header)
    }
}

/// The word that says where the next frame begins: the slot, and its complement above it. The sum of the halves is
/// always 2^32 - 1, and one `fetch_add` of [`tail_step`] keeps it so.
pub(crate) const fn tail_word(offset: usize) -> u64 {
    let slot = (offset / frame::ALIGN) as u64;
    slot | (u32::MAX as u64 - slot) << 32
}

/// Where the next frame begins, or `None` where the word is damaged or points where no segment reaches.
pub(crate) const fn tail_offset(word: u64) -> Option<usize> {
    let (low, high) = (word & u32::MAX as u64, word >> 32);
    let offset = low * frame::ALIGN as u64;
    #[expect(clippy::cast_possible_truncation, reason = "at most MAX_SIZE")]
    if low + high == u32::MAX as u64 && offset <= MAX_SIZE { Some(offset as usize) } else { None }
}

/// The word that names an index by its checksum.
#[cfg(unix)]
pub(crate) const fn index_word(checksum: u32) -> u64 {
    checksum as u64 | (!checksum as u64) << 32
}

/// The checksum of the index that `word` names, or `None` where it names none, or is damaged.
#[expect(clippy::cast_possible_truncation, reason = "halves")]
pub(crate) const fn index_checksum(word: u64) -> Option<u32> {
    let (low, high) = (word as u32, (word >> 32) as u32);
    if low == !high { Some(low) } else { None }
}

/// The word at [`END`]: the code, and its complement above it.
pub(crate) const fn end_word(code: u32) -> u64 {
    code as u64 | (!code as u64) << 32
}

/// The code of the word at [`END`]; `None` if there is none, or if the word is damaged.
#[expect(clippy::cast_possible_truncation, reason = "halves")]
pub(crate) const fn end_code(word: u64) -> Option<u32> {
    let (low, high) = (word as u32, (word >> 32) as u32);
    if low == !high { Some(low) } else { None }
}

/// What a sealed segment says of itself in its last bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Trailer {
    /// Entries in it.
    pub entries: u64,
    /// One past the last byte of its frames.
    pub data_end: u64,
    /// Time of the first entry with one, nanoseconds since the Unix epoch; 0 where none has.
    pub first_time: u64,
    /// Time of the last one.
    pub last_time: u64,
    /// The earliest time.
    pub min_time: u64,
    /// The latest time.
    pub max_time: u64,
}

impl Trailer {
    pub(crate) fn to_payload(self) -> [u8; TRAILER_PAYLOAD] {
        let fields =
            [self.entries, self.data_end, self.first_time, self.last_time, self.min_time, self.max_time];
        let mut payload = [0; TRAILER_PAYLOAD];
        for (bytes, field) in payload.as_chunks_mut::<8>().0.iter_mut().zip(fields) {
            *bytes = field.to_le_bytes();
        }
        payload
    }

    /// The trailer of the segment that `bytes` is, where it has one and it is whole.
    pub(crate) fn parse(bytes: &[u8], size: u64, salt: u32) -> Option<Self> {
        let at = Self::offset(size)?;
        Self::read(bytes.get(at..at + TRAILER_LEN)?, at, salt)
    }

    /// Where the trailer of a segment of `size` bytes is, or will be.
    pub(crate) fn offset(size: u64) -> Option<usize> {
        usize::try_from(size).ok()?.checked_sub(TRAILER_LEN).filter(|at| *at >= DATA_START)
    }

    /// The trailer that `bytes` is, which are the ones at `at`, where it is whole.
    pub(crate) fn read(bytes: &[u8], at: usize, salt: u32) -> Option<Self> {
        let seal = frame::parse(bytes, at, frame::tag(salt, at)).ok()?;
        let payload = Some(seal.payload).filter(|payload| payload.len() == TRAILER_PAYLOAD)?;
        let field = |i: usize| u64_at(payload, 8 * i).unwrap_or(0);
        let data_end = field(1);
        let sane = (DATA_START as u64..=at as u64).contains(&data_end)
            && data_end.is_multiple_of(frame::ALIGN as u64);
        (sane && seal.kind == frame::FrameKind::Seal).then(|| Self {
            entries: field(0),
            data_end,
            first_time: field(2),
            last_time: field(3),
            min_time: field(4),
            max_time: field(5),
        })
    }

    /// Takes note of an entry.
    pub(crate) fn note(&mut self, time: u64) {
        self.entries += 1;
        if time == 0 {
            return;
        }
        if self.first_time == 0 {
            (self.first_time, self.min_time) = (time, time);
        }
        self.last_time = time;
        self.min_time = self.min_time.min(time);
        self.max_time = self.max_time.max(time);
    }
}
