//! The files of a log that are not segments: lines, and frames outside segments, which other loggers and programs
//! write.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::limits::Limits;
use crate::mixed::{MixedEvent, MixedReader, WithoutTime};
use crate::segment::regular::{self, Links};
use crate::segment::{LostRange, LostReason};
use crate::zone::Zone;

/// The extensions of files of lines or frames that a reader of a directory reads: `app.jsonl`, and `app.jsonl.1`,
/// `app.log-20260102`, `app.log.2026-01-02` or `app.log.old` after a rotation. The reader derives the format from the bytes. The extension `fwm`, for
/// messages, is only a hint; a reader detects the content.
pub const FILE_EXTENSIONS: [&str; 5] = ["jsonl", "ndjson", "json", "log", "fwm"];

/// The extensions of compressed files, after the extension of a log. A reader derives the format from the bytes, and reports
/// files that it cannot decompress.
const COMPRESSED: [&str; 6] = ["gz", "zst", "xz", "bz2", "lz4", "zip"];

/// The extensions that programs add to the name of an earlier file of a log, besides numbers and dates.
const ROTATED: [&str; 2] = ["old", "bak"];

/// Information about a file that is not a segment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FileInfo {
    /// The path of the file.
    pub path: PathBuf,
    /// The length of the file in bytes when it was last examined.
    pub len: u64,
    /// The number of bytes that the file takes on disk.
    pub disk_bytes: u64,
    /// A summary of the content, if [`list`](super::list) has read the file.
    pub contents: Option<FileContents>,
    /// Whether the path may be a symbolic link.
    pub(super) links: Links,
}

/// A summary of the content of a file that is not a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileContents {
    /// The number of entries.
    pub entries: u64,
    /// The earliest and the latest time of the entries, in nanoseconds since the Unix epoch. `None` if no entry has a
    /// time.
    pub times: Option<(u64, u64)>,
    /// The number of bytes that are neither lines nor frames.
    pub lost_bytes: u64,
    /// The damage of the compressed data, if there is any. The range is empty if the data is truncated.
    pub damage: Option<LostRange>,
    /// The numbers of entries from lines without a time.
    pub without_time: WithoutTime,
}

/// A change of a file that a reader follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileChange {
    /// The file is shorter than the part that had been read, or has other bytes there: another program truncated or
    /// overwrote it. The reader starts again at its beginning. Entries that were written after the last read and
    /// before the change are lost without a count.
    Truncated {
        /// The number of bytes that had been read.
        read: u64,
        /// The length of the file now, in bytes.
        len: u64,
    },
    /// Another file has the name now, for example after a rotation. The reader reads it from its beginning, and reads
    /// the old file to its end.
    Replaced,
}

/// The identity of a file: its device and its number on the device. A renamed file keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct FileId(u64, u64);

impl FileInfo {
    /// Opens the file `path` and returns its metadata.
    ///
    /// # Errors
    /// The errors of the file system, and [`io::ErrorKind::InvalidInput`] if `path` is not a regular file.
    pub(super) fn open(path: &Path, links: Links) -> io::Result<(Self, FileId, File)> {
        let (file, metadata) = regular::open(path, links)?;
        let info = Self {
            path: path.to_owned(),
            len: metadata.len(),
            disk_bytes: metadata.blocks().saturating_mul(512),
            contents: None,
            links,
        };
        Ok((info, FileId::in_metadata(&metadata), file))
    }

    /// Reads the file `path` and returns its metadata with a summary of its content. `zone` is the zone of times in lines without
    /// an offset.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(super) fn counted(path: &Path, links: Links, zone: &Zone) -> io::Result<Self> {
        let (mut info, _, file) = Self::open(path, links)?;
        info.contents = Some(FileContents::of(file, zone)?);
        Ok(info)
    }
}

impl FileContents {
    fn of(file: File, zone: &Zone) -> io::Result<Self> {
        let mut contents = Self::default();
        let changed = file.metadata()?.modified()?;
        let reader = MixedReader::at(file, 0, Limits::READER).changed_at(changed);
        let mut reader = reader.line_zone(zone.clone());
        while let Some(event) = reader.next()? {
            match event {
                MixedEvent::Entry { entry, .. } => {
                    contents.entries += 1;
                    let time = entry.time_unix_nano();
                    if time != 0 {
                        let (min, max) = contents.times.unwrap_or((time, time));
                        contents.times = Some((min.min(time), max.max(time)));
                    }
                }
                MixedEvent::Lost { range } if range.is_damage() => {
                    contents.lost_bytes += range.len();
                    if matches!(range.reason, LostReason::Packed(..)) {
                        contents.damage = Some(range);
                    }
                }
                _ => {}
            }
        }
        contents.without_time = reader.without_time();
        Ok(contents)
    }
}

impl FileId {
    /// Returns the identity of the file that `path` refers to now.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|metadata| Self::in_metadata(&metadata))
    }

    /// Returns the identity of the directory entry `path`, without following a symbolic link.
    pub(super) fn of_name(path: &Path) -> io::Result<Self> {
        fs::symlink_metadata(path).map(|metadata| Self::in_metadata(&metadata))
    }

    /// Returns the identity of the file of `metadata`.
    pub(super) fn in_metadata(metadata: &Metadata) -> Self {
        Self(metadata.dev(), metadata.ino())
    }
}

/// Returns whether a reader of a directory reads a file of this name that is not a segment. Such a name contains one of the
/// [`FILE_EXTENSIONS`]; the extension of a compressed file can follow.
///
/// ```
/// use fusewire::log::is_log_file_name;
///
/// assert!(is_log_file_name("app.jsonl.1".as_ref()) && is_log_file_name("app.log-20260102.gz".as_ref()));
/// assert!(!is_log_file_name("README.md".as_ref()));
/// ```
#[must_use]
pub fn is_log_file_name(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    let mut parts = name.split('.').skip(1);
    let is_hidden = name.starts_with('.');
    let is_date = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'_'));
    let log = parts.by_ref().find(|part| {
        let bare = part.split(['-', '_']).next().unwrap_or(part);
        is_one_of(&FILE_EXTENSIONS, bare) && part.get(bare.len()..).is_some_and(is_date)
    });
    if is_hidden || log.is_none() {
        return false;
    }
    // `app.log.jsonl` is a log; `app.log.lock` is not.
    parts.all(|part| {
        let is_rotated = !part.is_empty() && is_date(part) || is_one_of(&ROTATED, part);
        is_rotated || is_one_of(&COMPRESSED, part) || is_one_of(&FILE_EXTENSIONS, part)
    })
}

/// Returns whether `part` of a file name is one of `names`, in upper or lower case.
fn is_one_of(names: &[&str], part: &str) -> bool {
    names.iter().any(|name| part.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_logs_are_told_from_others() {
        for name in [
            "a.jsonl",
            "a.b.ndjson",
            "a.log.1",
            "a.log-20260102",
            "a.2026-01-02.log",
            "a.fwm",
            "a.log.jsonl",
            "é.json",
            "a.log.1.gz",
            "a.jsonl.zst",
            "d/a.log-20260102.xz",
            "a.log.2026-01-02",
            "a.log.2026-01-02-10.gz",
            "a.log_2026-01-02",
            "a.log.2026-01-02_10-30.1",
            "a.log.old",
            "a.json.bak",
            "A.LOG",
        ] {
            assert!(is_log_file_name(Path::new(name)), "{name}");
        }
        for name in
            ["a.fws", "log", "a.gz", ".a.log", "a.log.lock", "a.logs", "a.log-old", "a.log.", "a.log.1.tmp"]
        {
            assert!(!is_log_file_name(Path::new(name)), "{name}");
        }
    }
}
