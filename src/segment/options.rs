//! The options of a new segment.

use crate::limits::Limits;

use super::resource::Resource;

/// The options of a new segment. The fields document the defaults and ranges.
///
/// ```
/// use fusewire::segment::{Resource, Segment, SegmentOptions, SegmentWriter};
///
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("one.fws");
/// let mut options = SegmentOptions::new(Resource::of_this_process("orders"));
/// options.size = 1 << 20;
/// options.file_mode = 0o600;
/// SegmentWriter::create(&path, &options)?.seal()?;
/// let resource = Segment::read_copy(&path)?;
/// let resource = resource.resource().unwrap();
/// assert_eq!(resource.get("service.name").and_then(|name| name.as_str()), Some("orders"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SegmentOptions {
    /// The size of the file in bytes, allocated at once. The default is 64 MiB. The size is rounded up to whole pages
    /// and clamped to the range from [`MIN_SIZE`](Self::MIN_SIZE) to [`MAX_SIZE`](Self::MAX_SIZE).
    pub size: u64,
    /// The limits of each entry.
    pub limits: Limits,
    /// The producer of the entries. It becomes the first frame.
    pub resource: Resource,
    /// The stream that the segment belongs to. The default is a random id.
    pub stream_id: [u8; 16],
    /// The position in the stream, from 0.
    pub sequence: u64,
    /// The id of the previous segment of the stream, or zero for the first segment.
    pub previous_id: [u8; 16],
    /// The offset at which the frames of the previous segment end.
    pub previous_end: u64,
    /// Whether the writer touches all pages when it creates the segment, so that no append causes a page fault. The
    /// default is `false`. This costs about 0.2 ms per MiB.
    pub prefault: bool,
    /// Whether an index is written next to the file when the segment is sealed, so that searches need not read the
    /// whole segment. The default is `true`. The index takes at most 2 % of the file's size, or 4 % with like entries. A
    /// segment with less than 64 KiB of frames has no index.
    pub index: bool,
    /// Whether each entry is written in full, in format 1.0. The default is `false`: the segment has format 1.1, and an entry
    /// can be a *like entry*, which contains its difference from an earlier entry of the segment. Such a segment is smaller.
    /// Readers of version 1.0 refuse it.
    pub self_contained: bool,
    /// The permissions of the file and of its index, independent of the umask of the process. The default is 0640. The
    /// owner can always read and write the file.
    pub file_mode: u32,
    /// The position in the order of creation in the directory, or 0 if it is unknown.
    pub(crate) ordinal: u64,
    /// Whether pages of the map that another program removes are replaced.
    pub(crate) guarded: bool,
}

impl SegmentOptions {
    /// The smallest size of a file: 16 KiB.
    pub const MIN_SIZE: u64 = 16 << 10;
    /// The largest size of a file: 1 GiB.
    pub const MAX_SIZE: u64 = crate::format::segment::MAX_SIZE;
    /// The default of [`self_contained`](Self::self_contained): `false`, which is format 1.1.
    pub const SELF_CONTAINED: bool = false;
    /// The default size of a file: 64 MiB.
    pub const DEFAULT_SIZE: u64 = 64 << 20;

    /// Returns the default options for entries of `resource`.
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
            self_contained: Self::SELF_CONTAINED,
            file_mode: 0o640,
            ordinal: 0,
            guarded: true,
        }
    }

    /// Returns the maximum number of bytes that the file and its index take on disk.
    #[cfg(unix)]
    pub(crate) fn bytes_on_disk(&self) -> u64 {
        let size = self.effective_size();
        size + if self.index { super::index::IndexBuilder::max_len(size, !self.self_contained) } else { 0 }
    }

    /// Returns the size of the file after rounding and clamping.
    ///
    /// ```
    /// use fusewire::segment::SegmentOptions;
    ///
    /// let mut options = SegmentOptions::default();
    /// options.size = 100_000;
    /// assert_eq!(options.effective_size(), 25 * 4096);
    /// ```
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

/// Returns a random identifier: a version 4 UUID. If the system has no random numbers, which is the case before its
/// first user process starts, the time and the process id replace them.
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
