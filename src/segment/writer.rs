//! The exclusive writer of a segment: one thread encodes entries directly into the memory map.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::decode::EntryRef;
use crate::encode::{EntryWriter, encode};
use crate::error::{DecodeError, DecodeFault, EncodeError};
use crate::format::bytes::u64_at;
use crate::format::entry::TIME;
use crate::format::frame::{self, FrameKind};
use crate::format::segment::{self as layout, SegmentHeader, Trailer};
use crate::limits::Limits;
use crate::map::file::WriteMap;
use crate::severity::Severity;
use crate::trip::TripReport;

use super::create::{self, New};
use super::folder::Folder;
use super::held::Held;
use super::index::{self, IndexBuilder};
use super::like_encoder::{Form, LikeEncoder};
use super::options::SegmentOptions;
use super::scan::Mode;

/// The number of bytes for copies of bases. One writer has entries of many threads and sources.
const COPIES_LEN: usize = 1 << 20;

/// The reason why an entry was not appended. The segment is unchanged.
///
/// ```
/// use fusewire::segment::{AppendError, SegmentOptions, SegmentWriter};
///
/// let directory = tempfile::tempdir()?;
/// let mut options = SegmentOptions::default();
/// options.size = SegmentOptions::MIN_SIZE;
/// let mut writer = SegmentWriter::create(&directory.path().join("one.fws"), &options)?;
/// let error = loop {
///     if let Err(error) = writer.append(|entry| entry.set_body(&"x".repeat(1_000))) {
///         break error;
///     }
/// };
/// assert!(matches!(error, AppendError::Full { needed, available } if needed > available));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppendError {
    /// The segment has no space for the entry. Seal it and append to another segment.
    Full {
        /// The number of bytes that the frame needs.
        needed: u64,
        /// The number of free bytes in the segment.
        available: u64,
    },
    /// The circuit breaker refused the entry, as its limits require.
    Encode(EncodeError),
}

impl core::fmt::Display for AppendError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Full { needed, available } => {
                write!(f, "segment full: expected {needed} free bytes, found {available}")
            }
            Self::Encode(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AppendError {}

/// The error of a write to disk.
pub type SyncError = io::Error;

/// The error of a like entry that is appended without its base.
const DEPENDENT: DecodeError = DecodeError {
    offset: 0,
    field: "frame kind",
    fault: DecodeFault::Invalid { found: 8, expected: "a frame that does not depend on another frame" },
};

/// An entry that was appended and survives the process.
#[derive(Clone, Copy, Debug)]
pub struct Appended {
    /// The offset of its frame.
    pub offset: u64,
    /// The number of bytes of the frame: header, entry and padding.
    pub len: u64,
    /// The trips of the circuit breaker.
    pub report: TripReport,
}

/// The writer of a segment that it creates.
///
/// When [`append`](Self::append) returns, the entry is in the page cache. It survives SIGKILL and the OOM killer. It
/// survives a power cut only if a later [`flush`](Self::flush) has returned without an error.
///
/// If the writer is dropped without [`seal`](Self::seal), the segment stays readable to its last entry.
///
/// ```
/// use fusewire::segment::{Segment, SegmentOptions, SegmentWriter};
///
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("one.fws");
/// let mut writer = SegmentWriter::create(&path, &SegmentOptions::default())?;
/// writer.append(|entry| entry.set_body("paid"))?;
/// assert_eq!(writer.seal()?.entries, 1);
///
/// let segment = Segment::read_copy(&path)?;
/// assert_eq!(segment.entries()?.next().unwrap().body(), "paid");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SegmentWriter {
    map: WriteMap,
    file: Held,
    folder: Arc<Folder>,
    name: OsString,
    path: PathBuf,
    header: SegmentHeader,
    limits: Limits,
    /// The offset of the next frame.
    tail: usize,
    /// The offset after the last byte that can belong to a frame.
    end: usize,
    trailer: Trailer,
    /// The offset after the last byte that an incomplete append may have written after `tail`, or 0 if there was
    /// none. These bytes must be zero again before the next write.
    scribbled: usize,
    /// The number of bytes that are on disk.
    durable: usize,
    /// Whether an index is written when the segment is sealed.
    indexed: bool,
    /// The encoder of like entries, unless each entry is written in full.
    likes: Option<LikeEncoder>,
}

impl SegmentWriter {
    /// Creates the segment `path`, which must not exist.
    ///
    /// The file is allocated, mapped and filled with its first pages and its resource under a temporary name. Then it
    /// is renamed, so that a reader never finds an incomplete segment.
    ///
    /// # Errors
    /// The errors of the file system, including "no space left" and "already exists". After an error no file remains.
    /// Also [`io::ErrorKind::InvalidInput`] if the resource does not fit.
    pub fn create(path: &Path, options: &SegmentOptions) -> io::Result<Self> {
        let (folder, name) = create::folder_of(path, options.file_mode)?;
        create::segment(&folder, &name, options, |new| Self::make(new, path))
    }

    fn make(new: New<'_>, path: &Path) -> io::Result<Self> {
        let New { file, folder, name, header, options } = new;
        let Some(open) = file.get() else { return Err(io::ErrorKind::NotFound.into()) };
        let map = WriteMap::new(open, usize::try_from(header.size).unwrap_or(usize::MAX))?;
        let end = map.len() - layout::TRAILER_LEN;
        let limits = options.limits.clamped();
        let trailer = Trailer::default();
        let likes = if options.self_contained { None } else { Some(LikeEncoder::new(COPIES_LEN)?) };
        let mut writer = Self {
            map,
            file,
            folder: Arc::clone(folder),
            name: name.to_owned(),
            path: path.to_owned(),
            header,
            limits,
            tail: layout::DATA_START,
            end,
            trailer,
            scribbled: 0,
            durable: 0,
            indexed: options.index,
            likes,
        };
        if options.prefault {
            writer.map.prefault(0..writer.map.len());
        }
        writer.map.bytes_mut(0..layout::PAGE).copy_from_slice(&writer.header.to_page());
        writer.publish_tail();
        let resource = &options.resource;
        writer
            .append_as(FrameKind::Resource, |entry| resource.write_to(entry))
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        Ok(writer)
    }

    /// Appends the content that `write` writes as one entry. Encodes the entry directly into the map.
    ///
    /// # Errors
    /// [`AppendError::Full`] if the entry does not fit; [`AppendError::Encode`] if the circuit breaker refuses it.
    #[inline]
    pub fn append(&mut self, write: impl FnOnce(&mut EntryWriter<'_>)) -> Result<Appended, AppendError> {
        self.append_as(FrameKind::Entry, write)
    }

    #[inline]
    fn append_as(
        &mut self,
        kind: FrameKind,
        write: impl FnOnce(&mut EntryWriter<'_>),
    ) -> Result<Appended, AppendError> {
        let start = self.tail + frame::HEADER_LEN;
        let room = self.end.saturating_sub(start).min(self.limits.max_entry_bytes as usize);
        if room > 0 {
            self.begin(start + room);
        }
        let space = self.map.bytes_mut(start..start + room);
        let limits = &self.limits;
        // The borrow of the map must end before the frame is closed, so only numbers leave this statement.
        let encoded = encode(space, limits, |entry| write(entry));
        let (len, touched, severity, report) = match encoded {
            Ok(entry) => (entry.len(), entry.touched(), entry.severity(), entry.report()),
            Err(error) => return Err(self.refuse(error)),
        };
        if kind == FrameKind::Entry {
            let entry = self.map.bytes_mut(start..start + len);
            self.trailer.note(u64_at(entry, TIME).unwrap_or(0));
        }
        // The encoder moves text.
        let scribbled = (start + touched).min(start + room);
        Ok(self.close(kind, len, scribbled, kind == FrameKind::Entry, severity, report))
    }

    /// Closes the frame at the tail, whose payload of `len` bytes is in place. If `is_own` is set, the payload is an entry in the
    /// layout of this crate, and can become a like entry. The bytes after the frame, up to `scribbled`, become unused space.
    #[inline]
    fn close(
        &mut self,
        kind: FrameKind,
        len: usize,
        scribbled: usize,
        is_own: bool,
        severity: Severity,
        report: TripReport,
    ) -> Appended {
        let start = self.tail + frame::HEADER_LEN;
        let (mut payload, mut stored, mut form) = (len, kind, Form::Full);
        if is_own && let Some(likes) = &mut self.likes {
            let entry = self.map.bytes_mut(start..start + len);
            form = likes.choose(&self.header.segment_id, self.tail, entry);
            if let Form::Like { len, .. } = form {
                entry[..len].copy_from_slice(&likes.frame()[frame::HEADER_LEN..][..len]);
                (payload, stored) = (len, FrameKind::Like);
            }
        }
        let framed = frame::frame_len(payload);
        // Unused space must be zero.
        self.map.bytes_mut(self.tail + framed..scribbled.max(self.tail + framed)).fill(0);
        let appended = self.commit(payload, stored, severity, report);
        if let Some(likes) = &mut self.likes {
            likes.committed(form, start - frame::HEADER_LEN, self.map.bytes_mut(start..start + payload));
        }
        appended
    }

    /// Begins an append that may write up to `end`. Restores the unused space after the tail if necessary, and writes
    /// the tag. From the tag a reader recognises an append whose process died before it was complete.
    #[inline]
    fn begin(&mut self, end: usize) {
        if self.scribbled != 0 {
            self.clean();
        }
        self.scribbled = end;
        let tag = frame::tag(self.header.salt, self.tail).to_le_bytes();
        let at = self.tail + frame::TAG;
        self.map.bytes_mut(at..at + tag.len()).copy_from_slice(&tag);
    }

    /// Sets unused space to zero again, after a refused entry or after a panic of the code that writes an entry.
    #[cold]
    fn clean(&mut self) {
        self.map.bytes_mut(self.tail..self.scribbled).fill(0);
        self.scribbled = 0;
    }

    /// Closes the frame at the tail. Its payload is already in place.
    #[inline]
    fn commit(
        &mut self,
        payload: usize,
        kind: FrameKind,
        severity: Severity,
        report: TripReport,
    ) -> Appended {
        let offset = self.tail;
        let len = frame::frame_len(payload);
        let tag = frame::tag(self.header.salt, offset);
        let word = frame::close(self.map.bytes_mut(offset..offset + len), payload, kind, severity, tag);
        self.map.store_release(offset, word);
        self.tail = offset + len;
        self.scribbled = 0;
        self.publish_tail();
        Appended { offset: offset as u64, len: len as u64, report }
    }

    #[cold]
    fn refuse(&mut self, error: EncodeError) -> AppendError {
        self.clean();
        match error {
            EncodeError::BufferTooSmall { needed, .. } => AppendError::Full {
                needed: frame::frame_len(needed) as u64,
                available: self.end.saturating_sub(self.tail) as u64,
            },
            error => AppendError::Encode(error),
        }
    }

    /// Appends a frame of any kind with an unchanged `payload`. This moves intact frames from one segment to another.
    ///
    /// # Errors
    /// [`AppendError::Full`] if the frame does not fit; [`AppendError::Encode`] for a frame of kind
    /// [`Like`](FrameKind::Like), which depends on another frame of its segment.
    pub fn append_frame(
        &mut self,
        kind: FrameKind,
        severity: Severity,
        payload: &[u8],
    ) -> Result<Appended, AppendError> {
        self.append_payload(kind, severity, payload, false)
    }

    /// Appends an encoded entry. In a segment of format 1.1, it can become a like entry, as in [`append`](Self::append).
    ///
    /// # Errors
    /// [`AppendError::Full`] if the frame does not fit.
    pub fn append_entry(&mut self, severity: Severity, payload: &[u8]) -> Result<Appended, AppendError> {
        self.append_payload(FrameKind::Entry, severity, payload, true)
    }

    fn append_payload(
        &mut self,
        kind: FrameKind,
        severity: Severity,
        payload: &[u8],
        may_be_like: bool,
    ) -> Result<Appended, AppendError> {
        if kind == FrameKind::Like {
            return Err(AppendError::Encode(EncodeError::Unreadable(DEPENDENT)));
        }
        let needed = frame::frame_len(payload.len());
        let available = self.end.saturating_sub(self.tail);
        if needed > available || payload.len() > frame::MAX_PAYLOAD {
            return Err(AppendError::Full { needed: needed as u64, available: available as u64 });
        }
        let start = self.tail + frame::HEADER_LEN;
        self.begin(self.tail + needed);
        self.map.bytes_mut(start..start + payload.len()).copy_from_slice(payload);
        let mut is_own = false;
        if kind == FrameKind::Entry {
            // The time has no fixed offset in an entry of another writer.
            let entry = EntryRef::new(payload);
            self.trailer.note(entry.as_ref().map_or(0, |entry| entry.time_unix_nano()));
            is_own = may_be_like && entry.is_ok_and(|entry| entry.is_canonical());
        }
        let end = start + payload.len();
        Ok(self.close(kind, payload.len(), end, is_own, severity, TripReport::default()))
    }

    /// Extends the segment to `size` bytes, rounded up to a multiple of 4 KiB. Does nothing if the segment is not shorter.
    ///
    /// ```
    /// use fusewire::segment::{SegmentOptions, SegmentWriter};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let mut options = SegmentOptions::default();
    /// options.size = SegmentOptions::MIN_SIZE;
    /// let mut writer = SegmentWriter::create(&directory.path().join("one.fws"), &options)?;
    /// let body = "x".repeat(12 << 10);
    /// assert!(writer.append(|entry| entry.set_body(&body)).is_err());
    /// writer.grow(2 * SegmentOptions::MIN_SIZE)?;
    /// writer.append(|entry| entry.set_body(&body))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The errors of the file system, and [`io::ErrorKind::FileTooLarge`] if `size` is greater than
    /// [`SegmentOptions::MAX_SIZE`]. The segment then has its previous size.
    pub fn grow(&mut self, size: u64) -> io::Result<()> {
        let (old, size) = (self.header.size, size.next_multiple_of(layout::PAGE as u64));
        if size > SegmentOptions::MAX_SIZE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if size <= old {
            return Ok(());
        }
        let file = self.file.get().ok_or(io::ErrorKind::NotFound)?;
        let len = usize::try_from(size).unwrap_or(usize::MAX);
        let map = create::allocate(file, old, size).and_then(|()| WriteMap::new(file, len));
        if map.is_err() {
            // The first error is returned; an error of the removal is ignored.
            let _ = file.set_len(old);
        }
        self.map = map?;
        self.header.size = size;
        self.end = len - layout::TRAILER_LEN;
        self.map.bytes_mut(0..layout::PAGE).copy_from_slice(&self.header.to_page());
        Ok(())
    }

    #[inline]
    fn publish_tail(&mut self) {
        self.map.store_release(layout::TAIL, layout::tail_word(self.tail));
    }

    /// Writes all appended entries to disk, and stores this position in the segment.
    ///
    /// # Errors
    /// The errors of the disk. After an error it is unknown which bytes of the segment are on disk. Do not flush it
    /// again; seal it and write to another segment.
    pub fn flush(&mut self) -> Result<(), SyncError> {
        // The first pages always change. Of the frames, only the new ones are written.
        let changed = self.durable.max(layout::DATA_START) / layout::PAGE * layout::PAGE;
        self.folder.sync_if_changed()?;
        self.map.sync(0..layout::DATA_START)?;
        self.map.sync(changed..self.tail)?;
        self.durable = self.tail;
        self.map.store_release(layout::DURABLE, self.tail as u64);
        self.map.sync(layout::DURABLE..layout::DURABLE + 8)
    }

    /// Completes the segment. Writes its trailer and its index, marks it sealed, writes it to disk, and returns its
    /// unused space to the file system. The length of the file does not change.
    ///
    /// # Errors
    /// The errors of the disk. The segment is readable after an error too.
    pub fn seal(mut self) -> Result<Trailer, SyncError> {
        if self.scribbled != 0 {
            self.clean();
        }
        self.trailer.data_end = self.tail as u64;
        let (data_end, at) = (self.tail, self.end);
        let payload = self.trailer.to_payload();
        let frame = self.map.bytes_mut(at..at + layout::TRAILER_LEN);
        frame[frame::HEADER_LEN..].copy_from_slice(&payload);
        let tag = frame::tag(self.header.salt, at);
        let word = frame::close(frame, payload.len(), FrameKind::Seal, Severity::UNSPECIFIED, tag);
        self.map.store_release(at, word);
        self.map.store_release(layout::STATE, layout::STATE_SEALED);
        if let Some(file) = self.file.get() {
            create::punch(file, data_end, at);
        }
        if self.indexed
            && let Some(index) = self.index()
            && let Ok(word) = index::write(&self.folder, &self.name, &index)
        {
            self.map.store_release(layout::INDEX, word);
        }
        self.flush()?;
        self.map.sync(at..at + layout::TRAILER_LEN)?;
        Ok(self.trailer)
    }

    fn index(&mut self) -> Option<Vec<u8>> {
        let (end, len) = (self.trailer.data_end, self.map.len());
        IndexBuilder::build(self.map.bytes_mut(0..len), &self.header, Some(end), Mode::Trust)
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the content of the first page.
    #[must_use]
    pub fn header(&self) -> &SegmentHeader {
        &self.header
    }

    /// Returns the offset of the next frame.
    #[must_use]
    pub fn tail(&self) -> u64 {
        self.tail as u64
    }

    /// Returns the number of entries appended.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.trailer.entries
    }
}
