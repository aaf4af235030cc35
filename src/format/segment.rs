//! The first two pages of a segment, and its trailer. `schema/FORMAT.md`, section "The segment", is the
//! specification.

use super::bytes::{FNV_BASIS, fnv1a64, u16_at, u32_at, u64_at};
use super::frame;
use crate::error::SegmentError;

/// The length of a page of the format in bytes. It does not depend on the page size of the machine.
pub(crate) const PAGE: usize = 4096;
/// `\x89FWS\r\n\x1a\n`: not valid text. A program that converts text damages these bytes, as it does with the
/// signature of PNG.
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
/// u64 in page 1: the state of the segment.
pub(crate) const STATE: usize = PAGE + 64;
/// u64 in page 1: the number of bytes that are known to be on disk.
pub(crate) const DURABLE: usize = PAGE + 128;
/// u64 in page 1: the checksum of the index of the segment, and its complement; 0 if the segment has no index.
pub(crate) const INDEX: usize = PAGE + 192;
/// u64 in page 1: the end of the stream ([`end_word`]). It is 0 unless this is the last segment and the end is known.
pub(crate) const END: usize = PAGE + 256;
/// u64 in page 1: the time of the end of the stream in nanoseconds since the Unix epoch.
pub(crate) const END_TIME: usize = END + 8;
/// The offset of the first frame.
pub(crate) const DATA_START: usize = 2 * PAGE;

/// The `STATE` of a sealed segment. The `STATE` of a live segment is 0.
pub(crate) const STATE_SEALED: u64 = 1;

/// The `END` of a stream that its own process has closed.
pub(crate) const END_STOPPED: u32 = 1;
/// The `END` of a stream whose process was dead when another process sealed or trimmed its last segment.
pub(crate) const END_DIED: u32 = 2;

/// The length of the payload of the trailer in bytes: six u64.
const TRAILER_PAYLOAD: usize = 48;
/// The length of the trailer in bytes. The trailer is at the end of the file.
pub(crate) const TRAILER_LEN: usize = frame::frame_len(TRAILER_PAYLOAD);

/// A compat flag: the file system does not support locks, so a lock cannot show whether the owner of the segment
/// lives.
pub(crate) const COMPAT_UNLOCKED: u32 = 1;
/// A compat flag: the owner has a write lock on the whole file (`F_OFD_SETLK`), which only a process that can write to the file
/// can take. Other locks do not show that the owner lives.
pub(crate) const COMPAT_WRITE_LOCK: u32 = 2;

/// An incompat flag: the segment can contain like entries.
pub(crate) const INCOMPAT_LIKE: u32 = 1;
/// The incompat flags that this version supports.
const INCOMPAT_KNOWN: u32 = INCOMPAT_LIKE;

/// The maximum file size: 1 GiB. 32-bit slots allow more, but the limit bounds the memory that a reader maps.
pub(crate) const MAX_SIZE: u64 = 1 << 30;

/// The highest version that this code supports. A reader refuses other major versions and accepts higher minor versions.
pub(crate) const VERSION: (u16, u16) = (1, 1);

/// Returns the version of a segment with the incompat flags `incompat`.
#[cfg(unix)]
pub(crate) const fn version_of(incompat: u32) -> (u16, u16) {
    if incompat & INCOMPAT_LIKE == 0 { (1, 0) } else { (1, 1) }
}
/// The 64-bit FNV-1a hash of the frozen schema of this version.
pub(crate) const SCHEMA_FINGERPRINT: u64 =
    fnv1a64(FNV_BASIS, include_bytes!("../../schema/baseline/log_entry.v1.fbs"));

const _: () = assert!(
    SALT == 28 && SEGMENT_ID == 32 && SIZE == 88 && ORDINAL == 144 && RESERVED == 152 && TRAILER_LEN == 64
);

/// The first page of a segment. It is written once and never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The version of the format: major and minor number.
    pub version: (u16, u16),
    /// The flags of features that readers and writers may ignore.
    pub compat: u32,
    /// The flags of features that a reader may ignore. A program that does not support one of them must not change
    /// the file.
    pub read_only_compat: u32,
    /// The flags of features that a reader must not ignore. A program that does not support one of them must not read
    /// or change the file.
    pub incompat: u32,
    /// A random number. The tag of each frame depends on it.
    pub salt: u32,
    /// The id of this segment.
    pub segment_id: [u8; 16],
    /// The id of the stream: the sequence of segments that one process writes.
    pub stream_id: [u8; 16],
    /// The id of the boot of the machine on which the segment was created, or zero if unknown.
    pub boot_id: [u8; 16],
    /// The position in the stream, from 0.
    pub sequence: u64,
    /// The size of the file in bytes.
    pub size: u64,
    /// The offset of the first frame in bytes.
    pub data_start: u64,
    /// The time of creation in nanoseconds since the Unix epoch.
    pub created_unix_nano: u64,
    /// The id of the previous segment of the stream; zero in the first segment.
    pub previous_id: [u8; 16],
    /// The end of the frames in the previous segment: an offset in bytes.
    pub previous_end: u64,
    /// The hash of the schema of the entries.
    pub schema_fingerprint: u64,
    /// The position in the order of creation in the directory, from 1; 0 if unknown.
    pub ordinal: u64,
}

impl SegmentHeader {
    /// Returns whether the segment uses features that allow this version to read the file, but not to change it.
    #[must_use]
    pub const fn is_read_only(&self) -> bool {
        self.read_only_compat != 0
    }

    /// Returns whether the segment can contain like entries.
    pub(crate) const fn has_like_entries(&self) -> bool {
        self.incompat & INCOMPAT_LIKE != 0
    }

    /// Returns the bytes of the page.
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

    /// Parses the header of the segment `bytes`.
    ///
    /// The checks run in this order: signature, checksum, version, feature flags, geometry.
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
        if header.incompat & !INCOMPAT_KNOWN != 0 {
            return Err(SegmentError::Incompatible { flags: header.incompat & !INCOMPAT_KNOWN });
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

/// Returns the word with the slot of the next frame in the low half and its complement in the high half. A reader
/// uses the complement to detect a damaged word.
pub(crate) const fn tail_word(offset: usize) -> u64 {
    let slot = (offset / frame::ALIGN) as u64;
    slot | (u32::MAX as u64 - slot) << 32
}

/// Returns the offset of the next frame, or `None` if the word is damaged or the offset exceeds [`MAX_SIZE`].
pub(crate) const fn tail_offset(word: u64) -> Option<usize> {
    let (low, high) = (word & u32::MAX as u64, word >> 32);
    let offset = low * frame::ALIGN as u64;
    #[expect(clippy::cast_possible_truncation, reason = "at most MAX_SIZE")]
    if low + high == u32::MAX as u64 && offset <= MAX_SIZE { Some(offset as usize) } else { None }
}

/// Returns the word at [`INDEX`] for an index with this checksum.
#[cfg(unix)]
pub(crate) const fn index_word(checksum: u32) -> u64 {
    checksum as u64 | (!checksum as u64) << 32
}

/// Returns the checksum in a word at [`INDEX`], or `None` if the segment has no index or the word is damaged.
#[expect(clippy::cast_possible_truncation, reason = "halves")]
pub(crate) const fn index_checksum(word: u64) -> Option<u32> {
    let (low, high) = (word as u32, (word >> 32) as u32);
    if low == !high { Some(low) } else { None }
}

/// Returns the word at [`END`]: the code in the low half and its complement in the high half.
pub(crate) const fn end_word(code: u32) -> u64 {
    code as u64 | (!code as u64) << 32
}

/// Returns the code in a word at [`END`], or `None` if there is no code or the word is damaged.
#[expect(clippy::cast_possible_truncation, reason = "halves")]
pub(crate) const fn end_code(word: u64) -> Option<u32> {
    let (low, high) = (word as u32, (word >> 32) as u32);
    if low == !high { Some(low) } else { None }
}

/// A summary of a sealed segment, at the end of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Trailer {
    /// The number of entries.
    pub entries: u64,
    /// The end of the frames: the offset of the first byte after them.
    pub data_end: u64,
    /// The time of the first entry that has a time, in nanoseconds since the Unix epoch; 0 if no entry has one.
    pub first_time: u64,
    /// The time of the last entry that has a time.
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

    /// Returns the offset of the trailer in a segment of `size` bytes, with or without a trailer.
    pub(crate) fn offset(size: u64) -> Option<usize> {
        usize::try_from(size).ok()?.checked_sub(TRAILER_LEN).filter(|at| *at >= DATA_START)
    }

    /// Parses a trailer from `bytes`, the bytes at offset `at`. Returns `None` if the trailer is invalid.
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

    /// Adds an entry with this time to the summary.
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
