//! The exclusive writer of a segment: one thread encodes straight into the map.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::decode::EntryRef;
use crate::encode::{EntryWriter, encode};
use crate::error::EncodeError;
use crate::format::bytes::u64_at;
use crate::format::entry::TIME;
use crate::format::frame::{self, FrameKind};
use crate::format::segment::{self as layout, SegmentHeader, Trailer};
use crate::limits::Limits;
use crate::map::file::WriteMap;
use crate::severity::Severity;
use crate::trip::TripReport;

use super::options::{SegmentOptions, random_id};

/// Why an entry was not appended. The segment is as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppendError {
    /// The segment has no room for the entry: seal it and write to another.
    Full {
        /// Bytes the frame needs.
        needed: u64,
        /// Bytes there are.
        available: u64,
    },
    /// The fuse was told to refuse the entry.
    Encode(EncodeError),
}

impl core::fmt::Display for AppendError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Full { needed, available } => {
                write!(f, "the segment is full: the frame needs {needed} bytes, there are {available}")
            }
            Self::Encode(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AppendError {}

/// Why bytes did not reach the disk.
pub type SyncError = io::Error;

/// An entry that survives the process from now on.
#[derive(Clone, Copy, Debug)]
pub struct Appended {
    /// Where its frame begins.
    pub offset: u64,
    /// Bytes of the frame: header, entry, padding.
    pub len: u64,
    /// What the fuse did to it.
    pub report: TripReport,
}

/// Writes a segment that it has made. When [`append`](Self::append) returns, the entry is in the page cache: it survives
/// SIGKILL and the OOM killer. What survives a power cut is what [`flush`](Self::flush) has returned for.
///
/// Dropped without [`seal`](Self::seal), the segment stays as it is: complete to its last entry, and readable.
pub struct SegmentWriter {
    map: WriteMap,
    file: File,
    path: PathBuf,
    header: SegmentHeader,
    limits: Limits,
    /// Where the next frame begins.
    tail: usize,
    /// One past the last byte that can belong to a frame.
    end: usize,
    trailer: Trailer,
    /// One past the last byte behind `tail` that an append which did not come to its end may have written; 0 where there
    /// was none. Unused space must be zero again before anything else is written.
    scribbled: usize,
    /// Bytes known to be on disk.
    durable: usize,
}

impl SegmentWriter {
    /// Makes the segment `path`, which must not exist: under a temporary name, allocated, mapped, with its first pages
    /// and its resource, and then renamed, so that no reader ever sees half a segment.
    ///
    /// # Errors
    /// Those of the file system, "no space left" and "already exists" among them; nothing is left behind then. Also
    /// [`io::ErrorKind::InvalidInput`] where the resource does not fit.
    pub fn create(path: &Path, options: &SegmentOptions) -> io::Result<Self> {
        let temporary = temporary_name(path);
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&temporary)?;
        let mut made = Self::make(file, path, options)
            .and_then(|writer| rename_to_new(&temporary, path).map(|()| writer));
        if made.is_err() {
            // The error that matters is the one being returned.
            let _ = std::fs::remove_file(&temporary);
        } else if let Err(error) = sync_directory(path) {
            let _ = std::fs::remove_file(path);
            made = Err(error);
        }
        made
    }

    fn make(file: File, path: &Path, options: &SegmentOptions) -> io::Result<Self> {
        let size = options.effective_size();
        allocate(&file, size)?;
        let map = WriteMap::new(&file)?;
        let mut salt = [0; 4];
        salt.copy_from_slice(&random_id()[..4]);
        let header = SegmentHeader {
            version: layout::VERSION,
            compat: 0,
            read_only_compat: 0,
            incompat: 0,
            salt: u32::from_le_bytes(salt),
            segment_id: random_id(),
            stream_id: options.stream_id,
            boot_id: boot_id(),
            sequence: options.sequence,
            size,
            data_start: layout::DATA_START as u64,
            created_unix_nano: unix_nanos_now(),
            previous_id: options.previous_id,
            previous_end: options.previous_end,
            schema_fingerprint: layout::SCHEMA_FINGERPRINT,
        };
        let end = map.len() - layout::TRAILER_LEN;
        let limits = options.limits.clamped();
        let trailer = Trailer::default();
        let mut writer = Self {
            map,
            file,
            path: path.to_owned(),
            header,
            limits,
            tail: layout::DATA_START,
            end,
            trailer,
            scribbled: 0,
            durable: 0,
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

    /// Appends what `write` writes as one entry, encoded straight into the map.
    ///
    /// # Errors
    /// [`AppendError::Full`] where it does not fit, and what the fuse was told to refuse it for.
    #[inline]
    pub fn append(&mut self, write: impl FnOnce(&mut EntryWriter<'_>)) -> Result<Appended, AppendError> {
        let appended = self.append_as(FrameKind::Entry, write)?;
        let payload = self.tail - usize::try_from(appended.len).unwrap_or(0) + frame::HEADER_LEN;
        let time = u64_at(self.map.bytes_mut(payload..self.tail), TIME).unwrap_or(0);
        self.trailer.note(time);
        Ok(appended)
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
        // The map's borrow must end before the frame is closed: only numbers leave.
        let encoded = encode(space, limits, |entry| write(entry));
        let (len, touched, severity, report) = match encoded {
            Ok(entry) => (entry.len(), entry.touched(), entry.severity(), entry.report()),
            Err(error) => return Err(self.refuse(error)),
        };
        let framed = frame::frame_len(len);
        // The encoder moves text; what it leaves behind is unused space again, and unused space is zero.
        let scribbled = (start + touched).min(start + room);
        self.map.bytes_mut(self.tail + framed..scribbled.max(self.tail + framed)).fill(0);
        Ok(self.commit(len, kind, severity, report))
    }

    /// Begins an append that may write up to `end`: leaves the space behind the tail as nobody has ever touched it, and
    /// writes the tag, by which a reader knows an append that its process did not live to complete.
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

    /// Makes unused space zero again: after a refused entry, and after one whose producer panicked.
    #[cold]
    fn clean(&mut self) {
        self.map.bytes_mut(self.tail..self.scribbled).fill(0);
        self.scribbled = 0;
    }

    /// Closes the frame at the tail over a payload that is in place.
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

    /// Appends a frame of any kind with `payload` as it is: how intact frames move from one segment to another.
    ///
    /// # Errors
    /// [`AppendError::Full`] where it does not fit.
    pub fn append_frame(
        &mut self,
        kind: FrameKind,
        severity: Severity,
        payload: &[u8],
    ) -> Result<Appended, AppendError> {
        let needed = frame::frame_len(payload.len());
        let available = self.end.saturating_sub(self.tail);
        if needed > available || payload.len() > frame::MAX_PAYLOAD {
            return Err(AppendError::Full { needed: needed as u64, available: available as u64 });
        }
        let start = self.tail + frame::HEADER_LEN;
        self.begin(self.tail + needed);
        self.map.bytes_mut(start..start + payload.len()).copy_from_slice(payload);
        if kind == FrameKind::Entry {
            // Another writer's entry may have its time anywhere.
            self.trailer.note(EntryRef::new(payload).map_or(0, |entry| entry.time_unix_nano()));
        }
        Ok(self.commit(payload.len(), kind, severity, TripReport::default()))
    }

    #[inline]
    fn publish_tail(&mut self) {
        self.map.store_release(layout::TAIL, layout::tail_word(self.tail));
    }

    /// Writes everything appended so far to disk, and notes in the segment how far that is.
    ///
    /// # Errors
    /// Those of the disk. After one, what of the segment is on disk is not known: do not flush it again, seal it and
    /// write to another.
    pub fn flush(&mut self) -> Result<(), SyncError> {
        // Page 1 is always among the changed ones; of the frames, only what is new.
        let changed = self.durable.max(layout::DATA_START) / layout::PAGE * layout::PAGE;
        self.map.sync(0..layout::DATA_START)?;
        self.map.sync(changed..self.tail)?;
        self.durable = self.tail;
        self.map.store_release(layout::DURABLE, self.tail as u64);
        self.map.sync(layout::DURABLE..layout::DURABLE + 8)
    }

    /// Completes the segment: writes its trailer, marks it sealed, writes it to disk, and gives the unused space in it
    /// back to the file system without changing its length.
    ///
    /// # Errors
    /// Those of the disk. The segment is readable all the same.
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
        punch(&self.file, data_end, at);
        self.flush()?;
        self.map.sync(at..at + layout::TRAILER_LEN)?;
        Ok(self.trailer)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its first page.
    #[must_use]
    pub fn header(&self) -> &SegmentHeader {
        &self.header
    }

    /// Where the next frame will begin.
    #[must_use]
    pub fn tail(&self) -> u64 {
        self.tail as u64
    }

    /// Entries appended so far.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.trailer.entries
    }
}

/// `.NAME.RANDOM.tmp` beside `path`: a name that no reader takes for a segment, and no other writer makes.
fn temporary_name(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{:08x}.tmp", u128::from_le_bytes(random_id()) >> 96));
    path.with_file_name(name)
}

/// Renames, and never over a file that exists.
fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Ok(()) => return Ok(()),
            // File systems that do not know the flag; the check below is the best there is.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if to.exists() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    std::fs::rename(from, to)
}

/// Makes the file `size` bytes long with space on disk behind every one: writing to a hole of a full disk through a map
/// is a SIGBUS.
fn allocate(file: &File, size: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    match rustix::io::retry_on_intr(|| {
        rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, size)
    }) {
        Ok(()) => return Ok(()),
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {}
        Err(error) => return Err(error.into()),
    }
    write_zeros(file, size)
}

/// For file systems that cannot allocate ahead.
fn write_zeros(mut file: &File, size: u64) -> io::Result<()> {
    let zeros = [0; 64 << 10];
    let mut left = size;
    while left > 0 {
        let part = usize::try_from(left).unwrap_or(zeros.len()).min(zeros.len());
        io::Write::write_all(&mut file, &zeros[..part])?;
        left -= part as u64;
    }
    Ok(())
}

/// Gives the whole pages between `from` and `to` back. The mapping and the length stay; where the file system cannot, the
/// space stays taken, which harms nobody.
fn punch(file: &File, from: usize, to: usize) {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::FallocateFlags;
        let (from, to) = (from.next_multiple_of(layout::PAGE), to / layout::PAGE * layout::PAGE);
        if from < to {
            let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            let _ = rustix::fs::fallocate(file, flags, from as u64, (to - from) as u64);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (file, from, to);
}

/// Makes the new name itself durable.
fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}

/// Which boot of the machine this is; zero where the system does not say.
fn boot_id() -> [u8; 16] {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    u128::from_str_radix(&digits, 16).map_or([0; 16], u128::to_be_bytes)
}

pub(crate) fn unix_nanos_now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}
