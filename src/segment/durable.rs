//! Writes of sealed segments to disk. After an error of the disk, a segment is checked and written again.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::failpoint;
use crate::format::frame::{self, FrameFault};
use crate::format::segment::{self as layout, SegmentHeader, Trailer};

use super::folder::Folder;

/// The reason why a segment may not be on disk.
#[derive(Debug)]
pub(crate) enum NotOnDisk {
    /// The write was not tried, or failed with a temporary error. Another sync can succeed.
    NotTried(io::Error),
    /// The disk returned an error for some bytes. The system reports the error once and then has no record of the
    /// pages that it could not write. The result of another sync therefore contains no information about these pages.
    Refused(io::Error),
}

impl NotOnDisk {
    /// Returns the kind of the error that the system reported.
    pub(crate) fn kind(&self) -> io::ErrorKind {
        match self {
            Self::NotTried(error) | Self::Refused(error) => error.kind(),
        }
    }

    /// Returns whether the disk returned an error for some bytes.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_))
    }
}

/// Writes the content of `file` to disk.
///
/// # Errors
/// The errors of the disk.
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
/// The errors of the disk.
pub(super) fn sync_names(folder: &Folder) -> Result<(), NotOnDisk> {
    folder.sync_if_changed().map_err(NotOnDisk::NotTried)
}

/// Writes the sealed segment number `sequence` of a stream to disk, and records in it that all of it is on disk.
/// `refused` is whether the disk returned an error for it before. If so, each frame is first checked and written
/// again. This is necessary because the system treats a page that it could not write as written until the page
/// changes.
///
/// # Errors
/// The errors of the file system, and [`io::ErrorKind::InvalidData`] if the file `name` is another segment or if a
/// frame is damaged. It is not an error if the segment has been deleted in the meantime.
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
    // This word is only a hint for readers, so it need not be on disk itself.
    let _ = file.write_all_at(&sealed.header.size.to_le_bytes(), layout::DURABLE as u64);
    Ok(())
}

/// A sealed segment that is read and written in parts, without a map. A page that the disk cannot read is then an
/// error and not a signal.
struct Sealed<'a> {
    file: &'a File,
    header: SegmentHeader,
}

/// The number of bytes that are read and written at a time, unless a frame is longer.
const PART: usize = 1 << 20;

impl<'a> Sealed<'a> {
    fn of(file: &'a File) -> io::Result<Self> {
        let mut page = [0; layout::PAGE];
        file.read_exact_at(&mut page, 0)?;
        let header = SegmentHeader::parse(&page).map_err(|error| invalid(&error.to_string()))?;
        Ok(Self { file, header })
    }

    /// Writes every byte of the segment again, unchanged.
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
        // The word after the frames is the word that closed the segment.
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

    /// Returns the number of bytes of complete and intact frames at the start of `bytes`, which begin at the offset
    /// `at`, and the number of bytes that an incomplete frame after them needs.
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
