//! The content of a directory: the state, owner, times and counts of segments, without reading sealed segments
//! completely.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::error::SegmentError;
use crate::format::bytes::u64_at;
use crate::format::frame;
use crate::format::segment::{self as layout, SegmentHeader, Trailer};
use crate::segment::create::boot_id;
use crate::segment::regular::{self, Links};
use crate::segment::scan::Access;
use crate::segment::{FILE_EXTENSION, lock};
use crate::zone::Zone;

use super::files::{FileId, FileInfo, is_log_file_name};
use super::reader::open::OpenSegment;

/// Whether the process that wrote a segment can still write to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The process lives and has the lock of the segment, which is not sealed.
    Alive,
    /// The lock is free, or the machine has been restarted since.
    Gone,
    /// The file system has no locks, so the state of the process is unknown.
    Unknown,
}

/// The way in which the process of a stream ended, as far as a segment of the stream shows it.
///
/// ```
/// use std::time::Duration;
/// use fusewire::log::{Log, StreamEnd, list};
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// log.append(|entry| entry.set_body("paid"));
/// assert_eq!(list(directory.path())?.segments[0].end, StreamEnd::Unknown);
/// log.close(Duration::from_secs(60))?;
/// assert_eq!(list(directory.path())?.segments[0].end, StreamEnd::Stopped);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamEnd {
    /// Unknown: the process lives, the segment is not the last one of its stream, or an earlier version wrote it.
    #[default]
    Unknown,
    /// The process closed the log, or exited with status 0 while the log was open.
    Stopped,
    /// The process was killed, or exited with another status while the log was open.
    Died,
}

/// The state of a segment.
///
/// ```
/// use std::time::Duration;
/// use fusewire::log::{Life, Log, list};
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// log.append(|entry| entry.set_body("paid"));
/// assert_eq!(list(directory.path())?.segments[0].life, Life::Live);
/// log.close(Duration::from_secs(60))?;
/// assert_eq!(list(directory.path())?.segments[0].life, Life::Sealed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// The segment is complete: its trailer is intact.
    Sealed,
    /// A live process writes to the segment.
    Live,
    /// The process ended before it sealed the segment, or the trailer is damaged.
    Crashed,
    /// The segment is not sealed and contains only its resource: it is preallocated, or its process ended before it
    /// was used.
    Empty,
}

/// Information about a segment, from its first pages and its trailer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SegmentInfo {
    /// The path of the file.
    pub path: PathBuf,
    /// The content of the first page, or its error. If the page is only damaged, the entries can still be found.
    pub header: Result<SegmentHeader, SegmentError>,
    /// The id of the stream. If the first page is damaged, the first four bytes come from the file name, and the
    /// others are zero.
    pub stream_id: [u8; 16],
    /// The position in the stream, from 0. If the first page is damaged, it comes from the file name.
    pub sequence: u64,
    /// The time of creation in nanoseconds since the Unix epoch. If the first page is damaged, it comes from the file
    /// name.
    pub created_unix_nano: u64,
    /// The length of the file in bytes.
    pub len: u64,
    /// The number of bytes that the file takes on disk. It is less than the length if unused space was released.
    pub disk_bytes: u64,
    /// Whether the process can still write to the segment.
    pub owner: Owner,
    /// The state of the segment.
    pub life: Life,
    /// The way in which the process ended. The value of the last segment applies to the stream.
    pub end: StreamEnd,
    /// The time at which the end was recorded, in nanoseconds since the Unix epoch, if it is known.
    pub ended_unix_nano: Option<u64>,
    /// The trailer, if the segment is sealed.
    pub trailer: Option<Trailer>,
    /// The number of entries, if it is known: from the trailer, or from [`list`], which reads unsealed segments.
    pub entries: Option<u64>,
    /// The earliest and the latest time of the entries in nanoseconds since the Unix epoch, if they are known.
    pub times: Option<(u64, u64)>,
    /// Whether the path may be a symbolic link.
    links: Links,
    /// The identity of the file that the path referred to.
    id: FileId,
}

/// The files of a log in a directory.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Listing {
    /// The segments, sorted by time of creation, stream and position in the stream.
    pub segments: Vec<SegmentInfo>,
    /// The files of lines and of frames outside segments, sorted by name.
    pub files: Vec<FileInfo>,
    /// The files with names of log files that could not be read.
    pub unreadable: Vec<(PathBuf, io::Error)>,
}

/// Lists the segments in a directory, and the files of lines and of frames whose names have one of the
/// [`FILE_EXTENSIONS`](super::FILE_EXTENSIONS). If `path` is a file, the function lists only this file. Of a sealed segment,
/// the function reads the first pages and the trailer. It reads all other segments and files to count their entries.
/// [`list_uncounted`] does not count entries. A time in a line without an offset is in UTC; [`list_in_zone`] accepts another
/// zone.
///
/// # Errors
/// An error if the path cannot be read. The listing contains the error of a file that cannot be read.
///
/// ```
/// use fusewire::log::{Life, Log, list};
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// log.append(|entry| entry.set_body("paid"));
/// let listing = list(directory.path())?;
/// let live: Vec<_> = listing.segments.iter().filter(|segment| segment.entries == Some(1)).collect();
/// assert_eq!((live.len(), live[0].life), (1, Life::Live));
/// # drop(log);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn list(path: &Path) -> io::Result<Listing> {
    list_in_zone(path, &Zone::UTC)
}

/// Lists the same segments and files as [`list`]. A time in a line without an offset is in `zone`.
///
/// # Errors
/// An error if the path cannot be read. The listing contains the error of a file that cannot be read.
///
/// ```
/// use fusewire::Zone;
/// use fusewire::log::list_in_zone;
///
/// let directory = tempfile::tempdir()?;
/// std::fs::write(directory.path().join("app.jsonl"), "{\"time\":\"1970-01-01 01:00:01\"}\n")?;
/// let listing = list_in_zone(directory.path(), &Zone::fixed(3600))?;
/// # if !cfg!(feature = "json") {
/// #     return Ok(());
/// # }
/// let contents = listing.files[0].contents.unwrap();
/// assert_eq!(contents.times, Some((1_000_000_000, 1_000_000_000)));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn list_in_zone(path: &Path, zone: &Zone) -> io::Result<Listing> {
    list_by(path, counted, |path, links| FileInfo::counted(path, links, zone))
}

/// Lists the same segments and files as [`list`], and reads at most the first pages and the trailer of each. The
/// fields `entries` and `times` of a segment that is not sealed, and `contents` of a file, are `None`.
///
/// The duration is proportional to the number of files, and does not depend on their sizes.
///
/// # Errors
/// An error if the path cannot be read. The listing contains the error of a file that cannot be read.
///
/// ```
/// use fusewire::log::{Log, list_uncounted};
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// log.append(|entry| entry.set_body("paid"));
/// // The segment is not sealed, so its entries are not counted.
/// assert_eq!(list_uncounted(directory.path())?.segments[0].entries, None);
/// # drop(log);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn list_uncounted(path: &Path) -> io::Result<Listing> {
    list_by(path, |path, links| Ok(inspect(path, links)?.0), |path, links| Ok(FileInfo::open(path, links)?.0))
}

fn list_by(
    path: &Path,
    segment: impl Fn(&Path, Links) -> io::Result<SegmentInfo>,
    file: impl Fn(&Path, Links) -> io::Result<FileInfo>,
) -> io::Result<Listing> {
    let mut listing = Listing::default();
    if !fs::metadata(path)?.is_dir() {
        match is_segment(path, Links::Followed)? {
            true => listing.segments.push(segment(path, Links::Followed)?),
            false => listing.files.push(file(path, Links::Followed)?),
        }
        return Ok(listing);
    }
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        let listed = if is_segment_name(&path) {
            segment(&path, Links::Refused).map(|info| listing.segments.push(info))
        } else if is_log_file_name(&path) {
            file(&path, Links::Refused).map(|info| listing.files.push(info))
        } else {
            continue;
        };
        match listed {
            Ok(()) => {}
            // The file was deleted after its name was read, so it is omitted.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => listing.unreadable.push((path, error)),
        }
    }
    listing.segments.sort_by(|a, b| a.order().cmp(&b.order()));
    listing.files.sort_by(|a, b| a.path.cmp(&b.path));
    listing.unreadable.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(listing)
}

/// Returns the information about the segment `path`, with counted entries.
fn counted(path: &Path, links: Links) -> io::Result<SegmentInfo> {
    let (info, file) = inspect(path, links)?;
    if info.trailer.is_some() {
        return Ok(info);
    }
    let mut open = OpenSegment::new(info, file, Access::default(), None)?;
    let count = open.count(|_, _, _| true);
    let mut info = open.into_info();
    info.entries = Some(count.entries);
    info.times = count.times;
    if info.life == Life::Empty && count.frames > 1 {
        // The frames are after a hole.
        info.life = if info.can_grow() { Life::Live } else { Life::Crashed };
    }
    Ok(info)
}

/// Returns whether a file of this name is a segment. A hidden file is not a segment: a writer gives a segment a
/// hidden name during its creation.
///
/// ```
/// use fusewire::log::is_segment_name;
///
/// assert!(is_segment_name("logs/00000001767225600000-9a3f0c11-00000000.fws".as_ref()));
/// assert!(!is_segment_name("logs/app.jsonl".as_ref()));
/// ```
#[must_use]
pub fn is_segment_name(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && path.extension().is_some_and(|extension| extension == FILE_EXTENSION)
}

/// Returns whether a file that the program named is a segment: it has the name of one, or it begins as one and is not
/// longer. The content of other files determines their format.
///
/// # Errors
/// The errors of the file system.
pub(super) fn is_segment(path: &Path, links: Links) -> io::Result<bool> {
    if is_segment_name(path) {
        return Ok(true);
    }
    let (file, metadata) = regular::open(path, links)?;
    let mut page = [0; layout::PAGE];
    let read = file.read_at(&mut page, 0)?;
    Ok(SegmentHeader::parse(&page[..read]).is_ok_and(|header| metadata.len() <= header.size))
}

/// Returns the information from the first pages and the trailer of the segment `path`, and the open file.
pub(super) fn inspect(path: &Path, links: Links) -> io::Result<(SegmentInfo, File)> {
    let (file, metadata) = regular::open(path, links)?;
    let info = SegmentInfo::of(path.to_owned(), links, &file, &metadata)?;
    Ok((info, file))
}

impl SegmentInfo {
    /// Reads the first pages and the trailer of `file`, which has the path `path`.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(super) fn of(path: PathBuf, links: Links, file: &File, metadata: &Metadata) -> io::Result<Self> {
        let mut pages = [0; layout::DATA_START];
        let read = file.read_at(&mut pages, 0)?;
        let header = SegmentHeader::parse(&pages[..read]);
        let (nanos, stream, sequence) = named(&path).unwrap_or_default();
        let mut info = Self {
            stream_id: header.as_ref().map_or(stream, |header| header.stream_id),
            sequence: header.as_ref().map_or(sequence, |header| header.sequence),
            created_unix_nano: header.as_ref().map_or(nanos, |header| header.created_unix_nano),
            header,
            len: metadata.len(),
            disk_bytes: metadata.blocks().saturating_mul(512),
            owner: Owner::Gone,
            life: Life::Sealed,
            end: StreamEnd::Unknown,
            ended_unix_nano: None,
            trailer: None,
            entries: None,
            times: None,
            links,
            id: FileId::in_metadata(metadata),
            path,
        };
        info.update(file);
        Ok(info)
    }

    /// Opens the same file again.
    ///
    /// # Errors
    /// The errors of the file system, and [`io::ErrorKind::NotFound`] if another file has the path now.
    pub(super) fn open(&self) -> io::Result<File> {
        let (file, metadata) = regular::open(&self.path, self.links)?;
        if FileId::in_metadata(&metadata) == self.id { Ok(file) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    /// Reads the state of the segment again.
    pub(super) fn update(&mut self, file: &File) {
        // A sealed segment has no owner and stays sealed.
        self.owner = Owner::Gone;
        self.trailer = self.trailer_in(file);
        if self.trailer.is_none() {
            // The owner is checked first: after its end, the segment no longer changes.
            self.owner = self.owner_of(file);
            self.trailer = self.trailer_in(file);
        }
        if let Some(trailer) = self.trailer {
            self.owner = Owner::Gone;
            self.entries = Some(trailer.entries);
            self.times = (trailer.max_time != 0).then_some((trailer.min_time, trailer.max_time));
        }
        self.life = match (self.trailer, self.owner) {
            (Some(_), _) => Life::Sealed,
            (None, _) if self.holds_nothing(file) => Life::Empty,
            (None, Owner::Gone) => Life::Crashed,
            // Without a header the place of the next frame is unknown.
            (None, _) if self.header.is_err() => Life::Crashed,
            (None, _) => Life::Live,
        };
        (self.end, self.ended_unix_nano) = self.end_in(file);
    }

    /// Returns the end of the stream and its time, according to the segment.
    fn end_in(&self, file: &File) -> (StreamEnd, Option<u64>) {
        let mut words = [0; 16];
        let is_read = self.header.is_ok() && file.read_exact_at(&mut words, layout::END as u64).is_ok();
        let word = |at| u64_at(&words, at).filter(|word| is_read && *word != 0);
        let end = match word(0).and_then(layout::end_code) {
            Some(layout::END_STOPPED) => StreamEnd::Stopped,
            Some(layout::END_DIED) => StreamEnd::Died,
            _ if self.trailer.is_none() && self.owner == Owner::Gone => StreamEnd::Died,
            _ => return (StreamEnd::Unknown, None),
        };
        (end, word(layout::END_TIME - layout::END))
    }

    /// Returns whether a process can still append to the segment.
    pub(super) fn can_grow(&self) -> bool {
        self.trailer.is_none() && self.owner != Owner::Gone && self.header.is_ok()
    }

    /// Returns whether no frame was ever appended after the resource.
    fn holds_nothing(&self, file: &File) -> bool {
        let Ok(header) = &self.header else { return false };
        let word_at = |at: u64| {
            let mut word = [0; 8];
            file.read_exact_at(&mut word, at).ok().map(|()| u64::from_le_bytes(word))
        };
        let resource = word_at(header.data_start).filter(|word| frame::is_committed(*word));
        let behind = |word| header.data_start + frame::frame_len(frame::payload_len(word)) as u64;
        resource
            .and_then(|word| word_at(behind(word)))
            .is_some_and(|word| word == 0 || frame::is_closed(word))
    }

    fn trailer_in(&self, file: &File) -> Option<Trailer> {
        let header = self.header.as_ref().ok()?;
        let at = Trailer::offset(header.size)?;
        let mut bytes = [0; layout::TRAILER_LEN];
        file.read_exact_at(&mut bytes, at as u64).ok()?;
        Trailer::read(&bytes, at, header.salt)
    }

    /// Returns whether the process that created the segment can still write to it. The process has a lock for this
    /// time.
    pub(super) fn owner_of(&self, file: &File) -> Owner {
        let header = self.header.as_ref().ok();
        match lock::is_held(file, header.map(|header| header.compat)) {
            Some(true) => return Owner::Alive,
            Some(false) => return Owner::Gone,
            None => {}
        }
        let Some(header) = header else { return Owner::Gone };
        let known = header.boot_id != [0; 16] && boot_id() != [0; 16];
        if known && !self.is_of_this_boot() { Owner::Gone } else { Owner::Unknown }
    }

    /// Returns whether no process can write to the segment any more, so that it may be deleted. The owner also has
    /// the lock until the index of a sealed segment is complete.
    pub(super) fn is_left(&self, file: &File) -> bool {
        let compat = self.header.as_ref().ok().map(|header| header.compat);
        lock::is_held(file, compat).map_or(!self.can_grow(), |held| !held)
    }

    /// Returns whether the machine has not been restarted since the segment was created. Returns `false` if this is
    /// unknown.
    #[must_use]
    pub fn is_of_this_boot(&self) -> bool {
        self.header.as_ref().is_ok_and(|header| header.boot_id != [0; 16] && header.boot_id == boot_id())
    }

    /// Returns the key by which segments are sorted.
    fn order(&self) -> (u64, [u8; 16], u64, &Path) {
        (self.created_unix_nano, self.stream_id, self.sequence, &self.path)
    }
}

/// Returns the time of creation, the stream and the position in the stream from the name of a segment.
pub(super) fn named(path: &Path) -> Option<(u64, [u8; 16], u64)> {
    let mut parts = path.file_stem()?.to_str()?.split('-');
    let (nanos, stream, sequence) = (parts.next()?, parts.next()?, parts.next()?);
    let mut stream_id = [0; 16];
    stream_id[..4].copy_from_slice(&u32::from_str_radix(stream, 16).ok()?.to_be_bytes());
    Some((nanos.parse().ok()?, stream_id, sequence.parse().ok()?))
}
