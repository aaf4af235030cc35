//! An inventory of the files of a directory, for a writer of the log.
//!
//! Each time that a segment is created, the budget needs the bytes of all files, and retention needs the facts about
//! all segments. Therefore facts that cannot change any more are remembered: those of a sealed segment without an
//! owner, by its name and the number of its file.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::error::SegmentError;
use crate::segment::folder::{Access, Folder};
use crate::segment::held::FileId;
use crate::segment::index::is_index_name;
use crate::segment::regular::Links;

use super::listing::{Owner, SegmentInfo, StreamEnd, is_segment_name, named};
use super::lock_file::LOCK_NAME;
use super::retention::{Facts, TOLERANCE};
use super::room::is_temporary;

/// The age after which the number of blocks of a file no longer changes. Some file systems count blocks only after
/// they have written the file.
const SETTLED: Duration = Duration::from_secs(30);

/// The files of a directory, as they were found last.
#[derive(Default)]
pub(super) struct Inventory {
    folder: Option<FileId>,
    files: HashMap<OsString, Known>,
    /// The number of times that the directory has been read.
    looks: u64,
}

/// The facts about a file.
struct Known {
    number: u64,
    /// The number of the read that last found the name.
    seen: u64,
    kind: Kind,
    /// The number of bytes on disk, or `None` if it is unknown.
    bytes: Option<u64>,
    /// The facts about a segment, or `None` if they have not been read.
    segment: Option<Facts>,
    /// Whether the facts can no longer change.
    is_final: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Segment,
    Other,
    /// A file whose length changes: one that is being created, or the lock file.
    Changing,
}

impl Kind {
    /// Returns the kind of a file that counts for the budget, or `None` for another file.
    fn of(name: &OsStr) -> Option<Self> {
        let path = Path::new(name);
        if is_segment_name(path) {
            Some(Self::Segment)
        } else if is_index_name(path) {
            Some(Self::Other)
        } else {
            (is_temporary(path) || name == LOCK_NAME).then_some(Self::Changing)
        }
    }
}

impl Inventory {
    /// Returns the bytes on disk of all segments of the directory and of their indexes, including files that are
    /// being created. A segment that was sealed after the first read may count with its earlier bytes.
    ///
    /// # Errors
    /// The errors of reading the directory.
    pub(super) fn bytes(&mut self, folder: &Folder) -> io::Result<u64> {
        self.look(folder)?;
        self.sum(folder)
    }

    /// Returns the number as [`bytes`](Self::bytes) does, with the current bytes of all files.
    ///
    /// # Errors
    /// The errors of reading the directory.
    pub(super) fn bytes_now(&mut self, folder: &Folder) -> io::Result<u64> {
        self.look(folder)?;
        for known in self.files.values_mut().filter(|known| !known.is_final) {
            known.bytes = None;
        }
        self.sum(folder)
    }

    /// Returns the bytes on disk of the files that were found when the directory was last read.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(super) fn sum(&mut self, folder: &Folder) -> io::Result<u64> {
        let unknown =
            self.files.iter_mut().filter(|(_, known)| known.bytes.is_none() || known.kind == Kind::Changing);
        folder.each_size(unknown, |known, bytes| known.bytes = Some(bytes))?;
        Ok(self.files.values().filter_map(|known| known.bytes).fold(0, u64::saturating_add))
    }

    /// Returns the names of all segments, indexes and temporary files of the directory.
    ///
    /// # Errors
    /// The errors of reading the directory.
    pub(super) fn names(&mut self, folder: &Folder) -> io::Result<Vec<OsString>> {
        self.look(folder)?;
        Ok(self.files.keys().cloned().collect())
    }

    /// Returns the names of the `most` newest segments, by name, that were found when the directory was last read.
    pub(super) fn newest(&self, most: usize) -> Vec<&OsStr> {
        let segments = self.files.iter().filter(|(_, known)| known.kind == Kind::Segment);
        let mut names: Vec<_> = segments.map(|(name, _)| name.as_os_str()).collect();
        if most < names.len() {
            // The names begin with the time of creation.
            let rest = names.len() - most;
            names.select_nth_unstable(rest);
            names.drain(..rest);
        }
        names
    }

    /// Returns the names of the segments that this version may delete, and the facts that determine the order of
    /// deletion.
    ///
    /// # Errors
    /// The errors of reading the directory.
    pub(super) fn segments(&mut self, folder: &Arc<Folder>) -> io::Result<(Vec<OsString>, Vec<Facts>)> {
        self.look(folder)?;
        let mut found = Vec::with_capacity(self.files.len());
        for (name, known) in self.files.iter_mut().filter(|(_, known)| known.kind == Kind::Segment) {
            if !known.is_final {
                known.read(folder, name);
            }
            if let Some(facts) = &known.segment {
                found.push((name.clone(), facts.clone()));
            }
        }
        found.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Ok(found.into_iter().unzip())
    }

    /// Returns the number of streams other than `own` whose process lives.
    ///
    /// # Errors
    /// The errors of reading the directory.
    pub(super) fn other_writers(&mut self, folder: &Arc<Folder>, own: &[u8; 16]) -> io::Result<u64> {
        let (_, facts) = self.segments(folder)?;
        let mut streams: Vec<_> =
            facts.iter().filter(|facts| !facts.ended).map(|facts| facts.stream_id).collect();
        streams.sort_unstable();
        streams.dedup();
        Ok(streams.iter().filter(|stream| *stream != own).count() as u64)
    }

    /// Reads the names in the directory, and forgets the files that are gone.
    ///
    /// # Errors
    /// The errors of reading the directory.
    pub(super) fn look(&mut self, folder: &Folder) -> io::Result<()> {
        if self.folder != Some(folder.id()) {
            *self = Self { folder: Some(folder.id()), ..Self::default() };
        }
        self.looks += 1;
        let seen = self.looks;
        let files = &mut self.files;
        folder.each_name(|name, number| {
            if let Some(known) = files.get_mut(name).filter(|known| known.number == number) {
                known.seen = seen;
            } else if let Some(kind) = Kind::of(name) {
                let (bytes, segment, is_final) = (None, None, false);
                files.insert(name.to_owned(), Known { number, seen, kind, bytes, segment, is_final });
            }
        })?;
        files.retain(|_, known| known.seen == seen);
        Ok(())
    }
}

impl Known {
    /// Reads the facts about the segment.
    fn read(&mut self, folder: &Arc<Folder>, name: &OsStr) {
        self.segment = None;
        let Ok((info, file)) = inspect_in(folder, name) else { return };
        self.bytes = Some(info.disk_bytes);
        self.segment = Facts::of(&info);
        self.is_final = info.trailer.is_some()
            && info.is_left(&file)
            && file.metadata().is_ok_and(|found| age_of(&found).is_some_and(|age| age > SETTLED));
    }
}

/// Returns the time since the last change of a file or of its inode.
fn age_of(found: &Metadata) -> Option<Duration> {
    use std::os::unix::fs::MetadataExt;
    let changed = Duration::new(u64::try_from(found.ctime()).ok()?, u32::try_from(found.ctime_nsec()).ok()?);
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?.checked_sub(changed)
}

/// Opens the segment `name` of the directory, and reads its first pages and its trailer.
///
/// # Errors
/// The errors of the file system.
pub(super) fn inspect_in(folder: &Folder, name: &OsStr) -> io::Result<(SegmentInfo, File)> {
    let file = folder.open_regular(name, Access::Read)?;
    let metadata = file.metadata()?;
    let info = SegmentInfo::of(folder.path().join(name), Links::Refused, &file, &metadata)?;
    Ok((info, file))
}

impl Facts {
    /// Returns the facts about a segment, or `None` for a file that this version must not delete.
    fn of(info: &SegmentInfo) -> Option<Self> {
        let ended = info.trailer.is_some() || info.owner == Owner::Gone;
        let common = Self {
            stream_id: info.stream_id,
            sequence: info.sequence,
            created: info.created_unix_nano,
            bytes: info.disk_bytes,
            ended,
            ..Self::default()
        };
        match &info.header {
            Err(SegmentError::Version { .. } | SegmentError::Incompatible { .. }) => None,
            // The first page is damaged, so only the name identifies the segment.
            Err(_) => {
                named(&info.path)?;
                let mut segment_id = info.stream_id;
                segment_id[8..].copy_from_slice(&info.sequence.to_le_bytes());
                Some(Self { segment_id, ..common })
            }
            Ok(header) => {
                // The time of the last entry of a damaged segment is unknown. It is earlier than the time at which
                // its process was found dead.
                let noted = info.ended_unix_nano.filter(|_| info.end == StreamEnd::Died);
                let last =
                    info.trailer.map_or(noted, |trailer| Some(trailer.max_time)).filter(|time| *time != 0);
                let runs_back = |trailer: crate::segment::Trailer| {
                    trailer.last_time.saturating_add(TOLERANCE) < trailer.max_time
                };
                Some(Self {
                    segment_id: header.segment_id,
                    ordinal: header.ordinal,
                    last,
                    runs_back: info.trailer.is_some_and(runs_back),
                    died: info.end == StreamEnd::Died,
                    ..common
                })
            }
        }
    }
}
