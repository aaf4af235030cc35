//! How a segment is made.

use crate::limits::Limits;

use super::resource::Resource;

/// What a new segment shall be. See the fields for defaults and ranges.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SegmentOptions {
    /// Bytes of the file, allocated at once; default 64 MiB. Rounded up to whole pages, and moved into the range of
    /// [`MIN_SIZE`](Self::MIN_SIZE) to [`MAX_SIZE`](Self::MAX_SIZE).
    pub size: u64,
    /// Bounds of each entry.
    pub limits: Limits,
    /// What produces the entries; becomes the first frame.
    pub resource: Resource,
    /// The run of files it belongs to; default random.
    pub stream_id: [u8; 16],
    /// Its place in the stream, from 0.
    pub sequence: u64,
    /// The segment before it in the stream; zero for the first.
    pub previous_id: [u8; 16],
    /// Where the frames of the segment before it end.
    pub previous_end: u64,
    /// Touch all pages when the segment is made, so that no append has to; default off. Costs about 0.2 ms per MiB.
    pub prefault: bool,
    /// Write an index beside the file when it is sealed, so that searches need not read all of it; default on. It takes at
    /// most 2 % of the file's size more. A file with less than 64 KiB of frames gets none.
    pub index: bool,
    /// Its place in the order of creation in its directory; 0: not known.
    pub(crate) ordinal: u64,
}

impl SegmentOptions {
    /// The smallest file: 16 KiB.
    pub const MIN_SIZE: u64 = 16 << 10;
    /// The largest file: 1 GiB.
    pub const MAX_SIZE: u64 = crate::format::segment::MAX_SIZE;
    /// The default size: 64 MiB.
    pub const DEFAULT_SIZE: u64 = 64 << 20;

    /// The default options, for entries of `resource`.
    #[must_use]
    pub fn new(resource: Resource) -> Self {
        Self {
            size: Self::DEFAULT_SIZE,
            limits: Limits::default(),
            resource,
            stream_id: random_id(),
            sequence: 0,
            previous_id: [0; 16],
            previous_end: 0,
            prefault: false,
            index: true,
            ordinal: 0,
        }
    }

    /// Bytes that the file and its index take on disk, at most.
    #[cfg(unix)]
    pub(crate) fn bytes_on_disk(&self) -> u64 {
        let size = self.effective_size();
        size + if self.index { super::index::IndexBuilder::max_len(size) } else { 0 }
    }

    /// The size as it will be.
    #[must_use]
    pub fn effective_size(&self) -> u64 {
        self.size.clamp(Self::MIN_SIZE, Self::MAX_SIZE).next_multiple_of(crate::format::segment::PAGE as u64)
    }
}

impl Default for SegmentOptions {
    fn default() -> Self {
        Self::new(Resource::default())
    }
}

/// A random identifier, a version 4 UUID. Where the system has no random numbers, which is before its first user
/// process starts, it is the time and the process.
pub(crate) fn random_id() -> [u8; 16] {
    let mut id = [0; 16];
    if getrandom::fill(&mut id).is_err() {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let mixed = now.as_nanos() ^ u128::from(std::process::id()) << 96;
        id = mixed.to_le_bytes();
    }
    id[6] = id[6] & 0x0F | 0x40;
    id[8] = id[8] & 0x3F | 0x80;
    id
}
