//! Sealed segments on their way to disk: written there, or, after the disk has refused them, checked and written anew.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::failpoint;
use crate::format::frame::{self, FrameFault};
use crate::format::segment::{self as layout, SegmentHeader, Trailer};

use super::folder::Folder;

/// Why a segment is not known to be on disk.
#[derive(Debug)]
pub(crate) enum NotOnDisk {
    /// The disk has not been asked, or has not answered: it can be asked again.
    NotTried(io::Error),
    /// The disk has refused bytes. The system reports that once, and then forgets which pages it could not write: to ask again
    /// says nothing about them.
    Refused(io::Error),
}

impl NotOnDisk {
    /// What the system has reported.
    pub(crate) fn kind(&self) -> io::ErrorKind {
        match self {
            Self::NotTried(error) | Self::Refused(error) => error.kind(),
        }
    }

    /// Whether the disk has refused bytes.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_))
    }
}

/// Writes what has been stored in `file` to disk.
///
/// # Errors
/// Those of the disk.
pub(super) fn sync_data(file: &File) -> Result<(), NotOnDisk> {
    if failpoint::hit("sync") {
        return Err(NotOnDisk::Refused(io::Error::other("made to fail")));
    }
    let synced = file.sync_data().or_else(|error| match error.raw_os_error() {
        // A system call filter refuses `fdatasync`.
        Some(libc::EPERM | libc::ENOSYS) => file.sync_all(),
        _ => Err(error),
    });
    synced.map_err(|error| {
        let passes = error.raw_os_error().is_some_and(|code| {
            [libc::EINTR, libc::EAGAIN, libc::ENOMEM, libc::EMFILE, libc::ENFILE].contains(&code)
        });
        if passes { NotOnDisk::NotTried(error) } else { NotOnDisk::Refused(error) }
    })
}

/// Writes the names in `folder` to disk.
///
/// # Errors
/// Those of the disk.
pub(super) fn sync_names(folder: &Folder) -> Result<(), NotOnDisk> {
    folder.sync_if_changed().map_err(NotOnDisk::NotTried)
}

/// Writes segment number `sequence` of a stream, which is sealed, to disk, and notes in it that all of it is there. If it has
/// been `refused` before, each of its frames is checked and written anew first: a page that the system could not write to disk
/// passes for written from then on, until it is changed.
///
/// # Errors
/// Those of the file system, and [`io::ErrorKind::InvalidData`] if the file `name` is another one, or if a frame is damaged. A
/// segment that has been deleted meanwhile is no error.
pub(crate) fn sync_sealed(
    folder: &Folder,
    name: &OsStr,
    stream_id: &[u8; 16],
    sequence: u64,
    refused: bool,
) -> Result<(), NotOnDisk> {
    let file = match folder.open_own(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => file.map_err(NotOnDisk::NotTried)?,
    };
    let sealed = Sealed::of(&file).map_err(NotOnDisk::NotTried)?;
    if sealed.header.stream_id != *stream_id || sealed.header.sequence != sequence {
        return Err(NotOnDisk::NotTried(invalid("is another segment")));
    }
    if refused {
        sealed.write_anew().map_err(NotOnDisk::Refused)?;
    }
    sync_names(folder)?;
    sync_data(&file)?;
    // Only a hint to readers: it need not be on disk itself.
    let _ = file.write_all_at(&sealed.header.size.to_le_bytes(), layout::DURABLE as u64);
    Ok(())
}

/// A sealed segment that is read and written in parts, without a map: a page that the disk does not give back is an error
/// then, and not a signal.
struct Sealed<'a> {
    file: &'a File,
    header: SegmentHeader,
}

/// Bytes that are read and written at a time, unless a frame is longer.
const PART: usize = 1 << 20;

impl<'a> Sealed<'a> {
    fn of(file: &'a File) -> io::Result<Self> {
        let mut page = [0; layout::PAGE];
        file.read_exact_at(&mut page, 0)?;
        let header = SegmentHeader::parse(&page).map_err(|error| invalid(&error.to_string()))?;
        Ok(Self { file, header })
    }

    /// Stores every byte of the segment again, as it is.
    fn write_anew(&self) -> io::Result<()> {
        let mut pages = [0; layout::DATA_START];
        self.file.read_exact_at(&mut pages, 0)?;
        let at = Trailer::offset(self.header.size).ok_or_else(|| invalid("has no room for a trailer"))?;
        let mut trailer = [0; layout::TRAILER_LEN];
        self.file.read_exact_at(&mut trailer, at as u64)?;
        let data_end = Trailer::read(&trailer, at, self.header.salt)
            .and_then(|trailer| usize::try_from(trailer.data_end).ok())
            .ok_or_else(|| invalid("has no trailer"))?;
        self.write_frames(data_end)?;
        // Behind the frames stands the word that closed the segment.
        let mut closed = [0; 8];
        if data_end + closed.len() <= at {
            self.file.read_exact_at(&mut closed, data_end as u64)?;
            self.file.write_all_at(&closed, data_end as u64)?;
        }
        self.file.write_all_at(&trailer, at as u64)?;
        self.file.write_all_at(&pages, 0)
    }

    fn write_frames(&self, data_end: usize) -> io::Result<()> {
        let mut at = usize::try_from(self.header.data_start).unwrap_or(usize::MAX);
        let mut part = vec![0; PART.min(data_end)];
        while at < data_end {
            let len = part.len().min(data_end - at);
            self.file.read_exact_at(&mut part[..len], at as u64)?;
            match self.whole_frames(&part[..len], at)? {
                (0, needed) if at + needed <= data_end => part.resize(needed, 0),
                (0, _) => return Err(invalid("a frame is longer than the segment")),
                (whole, _) => {
                    self.file.write_all_at(&part[..whole], at as u64)?;
                    at += whole;
                }
            }
        }
        Ok(())
    }

    /// How many of `bytes`, which are those at `at`, are whole and intact frames, and how many a frame that is not whole needs.
    fn whole_frames(&self, bytes: &[u8], at: usize) -> io::Result<(usize, usize)> {
        let mut whole = 0;
        while whole < bytes.len() {
            let tag = frame::tag(self.header.salt, at + whole);
            match frame::parse(&bytes[whole..], at + whole, tag) {
                Ok(frame) => whole += frame::frame_len(frame.payload.len()),
                Err(FrameFault::Truncated { needed, .. }) => {
                    return Ok((whole, usize::try_from(needed).unwrap_or(usize::MAX)));
                }
                Err(_) => return Err(invalid("a frame is damaged")),
            }
        }
        Ok((whole, 0))
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
