//! Files of a log that are no segments: lines and frames that stand alone, as other loggers and programs write them.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::limits::Limits;
use crate::mixed::{MixedEvent, MixedReader};
use crate::segment::regular::{self, Links};

/// What files of lines or frames are called, so that a reader of a directory takes them: `app.jsonl`, and `app.jsonl.1` or
/// `app.log-20260102` once they are rotated. What is in one, its bytes say: `fwm`, for messages, says it to people alone.
pub const FILE_EXTENSIONS: [&str; 5] = ["jsonl", "ndjson", "json", "log", "fwm"];

/// What compressed files are called. They are told, and not read.
const COMPRESSED: [&str; 6] = ["gz", "zst", "xz", "bz2", "lz4", "zip"];

/// What is known of a file that is no segment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FileInfo {
    /// The file.
    pub path: PathBuf,
    /// Bytes of the file when it was looked at last.
    pub len: u64,
    /// Bytes that it takes on disk.
    pub disk_bytes: u64,
    /// What is in it, where [`list`](super::list) has read it.
    pub contents: Option<FileContents>,
    /// Whether the path may be a symbolic link.
    pub(super) links: Links,
}

/// What is in a file that is no segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileContents {
    /// Entries.
    pub entries: u64,
    /// The earliest and the latest time of these, nanoseconds since the Unix epoch, where any has one.
    pub times: Option<(u64, u64)>,
    /// Bytes of which nothing can be made.
    pub lost_bytes: u64,
}

/// What has happened to a file that is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileChange {
    /// It is shorter than what had been read of it, or has other bytes there: it has been truncated, or overwritten. It is read
    /// from its beginning again. What had been written to it since it was read last is not known.
    Truncated {
        /// So many bytes of it had been read.
        read: u64,
        /// So many bytes it has now.
        len: u64,
    },
    /// Another file has its name, as when logs are rotated, and is read from its beginning. The one that had it is read to its
    /// end.
    Replaced,
}

/// Which file a path means: its device, its number there. A file that is renamed keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct FileId(u64, u64);

impl FileInfo {
    /// Opens the file `path` and returns its metadata.
    ///
    /// # Errors
    /// Returns errors of the file system, and [`io::ErrorKind::InvalidInput`] if `path` is not a regular file.
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

    /// The same, and what is in it.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn counted(path: &Path) -> io::Result<Self> {
        let (mut info, _, file) = Self::open(path, Links::Refused)?;
        info.contents = Some(FileContents::of(file)?);
        Ok(info)
    }
}

impl FileContents {
    fn of(file: File) -> io::Result<Self> {
        let mut contents = Self::default();
        let mut reader = MixedReader::at(file, 0, Limits::DEFAULT);
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
                MixedEvent::Lost { range } if range.is_loss() => contents.lost_bytes += range.len(),
                _ => {}
            }
        }
        Ok(contents)
    }
}

impl FileId {
    /// Which file `path` means now.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|metadata| Self::in_metadata(&metadata))
    }

    /// Which file the name `path` in a directory is, also if that is a symbolic link.
    pub(super) fn of_name(path: &Path) -> io::Result<Self> {
        fs::symlink_metadata(path).map(|metadata| Self::in_metadata(&metadata))
    }

    /// Which file `metadata` is of.
    pub(super) fn in_metadata(metadata: &Metadata) -> Self {
        Self(metadata.dev(), metadata.ino())
    }
}

/// What the name of a file says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameKind {
    /// Lines or frames.
    Log,
    /// The same, compressed.
    Compressed,
    /// Nothing that is known here.
    Other,
}

/// What the name of a file says that it is.
pub(super) fn kind_of_name(path: &Path) -> NameKind {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return NameKind::Other };
    let mut parts = name.split('.').skip(1);
    let is_hidden = name.starts_with('.');
    let log = parts.by_ref().find(|part| {
        let bare = part.split('-').next().unwrap_or(part);
        let is_dated = part
            .get(bare.len()..)
            .is_some_and(|date| date.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit()));
        FILE_EXTENSIONS.contains(&bare) && is_dated
    });
    if is_hidden || log.is_none() {
        return NameKind::Other;
    }
    let mut found = NameKind::Log;
    for part in parts {
        if COMPRESSED.contains(&part) {
            found = NameKind::Compressed;
        } else if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            // `app.log.jsonl` is one; `app.log.lock` is not.
            found = if FILE_EXTENSIONS.contains(&part) { found } else { NameKind::Other };
        }
        if found == NameKind::Other {
            break;
        }
    }
    found
}

/// Whether a reader of a directory takes a file of this name, or tells that it does not because it is compressed, though it is
/// no segment: it has one of the [`FILE_EXTENSIONS`].
#[must_use]
pub fn is_log_file_name(path: &Path) -> bool {
    kind_of_name(path) != NameKind::Other
}

/// The error of a compressed file.
pub(super) fn compressed() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "compressed files are not supported; decompress the file")
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
        ] {
            assert_eq!(kind_of_name(Path::new(name)), NameKind::Log, "{name}");
        }
        for name in ["a.log.1.gz", "a.jsonl.zst", "d/a.log-20260102.xz"] {
            assert_eq!(kind_of_name(Path::new(name)), NameKind::Compressed, "{name}");
        }
        for name in
            ["a.fws", "log", "a.gz", ".a.log", "a.log.lock", "a.logs", "a.log-old", "a.log.", "a.log.1.tmp"]
        {
            assert_eq!(kind_of_name(Path::new(name)), NameKind::Other, "{name}");
        }
    }
}
