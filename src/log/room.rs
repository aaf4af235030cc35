//! Room in a directory: how much is taken, and what may be deleted.

use std::fs::{self, File, TryLockError};
use std::io;
use std::ops::RangeInclusive;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::error::SegmentError;
use crate::failpoint;
use crate::format::frame::FrameKind;
use crate::segment::index::{INDEX_EXTENSION, index_path, is_index_name};
use crate::segment::{Event, FILE_EXTENSION, Mode, Segment, State};

use super::listing::is_segment_name;

/// A file that is being made is not touched for so long by others, even where it is not locked yet.
const MAKING: Duration = Duration::from_secs(10);

/// The turn to make a segment, among the processes that share the directory.
pub(super) struct Turn {
    /// Locked as long as this lives.
    directory: Option<File>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        // By word, and not by closing the file: a child forked off meanwhile has it open, too, and would keep the lock.
        let _ = self.directory.as_ref().map(File::unlock);
    }
}

/// Waits for the turn to make a segment, where there is a budget, and makes sure that the budget has `bytes` left.
///
/// # Errors
/// [`io::ErrorKind::QuotaExceeded`] where it has not, [`io::ErrorKind::ResourceBusy`] where another process does not
/// finish its turn, and those of the file system.
pub(super) fn reserve(directory: &Path, budget: Option<u64>, bytes: u64) -> io::Result<Turn> {
    let Some(budget) = budget else { return Ok(Turn { directory: None }) };
    let turn = Turn { directory: lock_directory(directory)? };
    if taken(directory)?.saturating_add(bytes) > budget {
        return Err(io::ErrorKind::QuotaExceeded.into());
    }
    Ok(turn)
}

/// The lock on the directory itself; none where the file system has no locks.
fn lock_directory(directory: &Path) -> io::Result<Option<File>> {
    let file = File::open(directory)?;
    for _ in 0..200 {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

/// Whether an error says that there is no room now, and may be later.
pub(super) fn is_shortage(error: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded)
}

/// Whether an error may go away by itself, so that it is worth trying again.
pub(super) fn may_pass(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, ReadOnlyFilesystem, ResourceBusy};
    is_shortage(error) || matches!(error.kind(), ReadOnlyFilesystem | ResourceBusy | Interrupted)
}

/// Bytes on disk of all segments in the directory and their indexes, those that are being made included.
fn taken(directory: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        if (is_segment_name(&path) || is_index_name(&path) || is_temporary(&path))
            && let Ok(metadata) = entry.metadata()
        {
            bytes += metadata.blocks() * 512;
        }
    }
    Ok(bytes)
}

/// Whether it is the name of a segment or an index that is being made.
fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_ours = |extension| name.contains(&format!(".{extension}."));
    name.starts_with('.') && name.ends_with(".tmp") && (is_ours(FILE_EXTENSION) || is_ours(INDEX_EXTENSION))
}

/// The segments of the directory, oldest first.
fn segments(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
    let mut paths: Vec<_> =
        entries.iter().map(fs::DirEntry::path).filter(|path| is_segment_name(path)).collect();
    paths.sort_unstable();
    Ok(paths)
}

/// The segments of `stream_id` whose sequences are in one of `ranges`, oldest first.
///
/// # Errors
/// Those of reading the directory.
pub(super) fn of_stream(
    directory: &Path,
    stream_id: &[u8; 16],
    ranges: &[RangeInclusive<u64>],
) -> io::Result<Vec<PathBuf>> {
    let mut paths = segments(directory)?;
    paths.retain(|path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let sequence = name.rsplit('-').next().and_then(|digits| digits.parse().ok());
        sequence.is_some_and(|sequence| ranges.iter().any(|range| range.contains(&sequence)))
            && Segment::open_trusted(path)
                .is_ok_and(|segment| segment.header().is_ok_and(|header| header.stream_id == *stream_id))
    });
    Ok(paths)
}

/// Deletes the oldest segment that may be and can be. Whether there was one.
///
/// # Errors
/// Those of reading the directory.
pub(super) fn delete_oldest(directory: &Path) -> io::Result<bool> {
    // One that cannot be deleted, as for lack of rights, must not keep the others.
    Ok(segments(directory)?.iter().any(|path| delete_if_abandoned(path).unwrap_or(false)))
}

/// Deletes the segments whose last entry is older than `age`, and that may be and can be. How many they were.
///
/// # Errors
/// Those of reading the directory.
pub(super) fn delete_older(directory: &Path, age: Duration) -> io::Result<u64> {
    let mut deleted = 0;
    let now = SystemTime::now();
    for path in segments(directory)? {
        let Some(written) = last_written(&path) else { continue };
        if now.duration_since(written).is_ok_and(|found| found > age)
            && delete_if_abandoned(&path).unwrap_or(false)
        {
            deleted += 1;
        }
    }
    Ok(deleted)
}

/// The time of the last entry where the segment says it, else that of the file's last change.
fn last_written(path: &Path) -> Option<SystemTime> {
    let segment = Segment::open_trusted(path).ok()?;
    let latest = segment.trailer().map(|trailer| trailer.max_time).filter(|time| *time != 0);
    match latest {
        Some(nanos) => SystemTime::UNIX_EPOCH.checked_add(Duration::from_nanos(nanos)),
        None => fs::metadata(path).ok()?.modified().ok(),
    }
}

/// Deletes the segment unless somebody writes to it, or it is of a later version, of which we do not know what deleting
/// it would mean. Readers that have mapped it keep what they have.
fn delete_if_abandoned(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        // Another process was first.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    // A shared lock, so that others who look at the same moment do not take us for the owner.
    let abandoned = match file.try_lock_shared() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => false,
        // Without locks only its own word says that nobody writes to it any more.
        Err(TryLockError::Error(_)) => {
            Segment::open_trusted(path).is_ok_and(|segment| segment.state() == State::Sealed)
        }
    };
    if !abandoned || is_of_a_later_version(path) {
        return Ok(false);
    }
    failpoint::hit("retire");
    match fs::remove_file(path) {
        Ok(()) => {
            let _ = fs::remove_file(index_path(path));
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_of_a_later_version(path: &Path) -> bool {
    let header = Segment::open_trusted(path).map(|segment| segment.header());
    matches!(header, Ok(Err(SegmentError::Version { .. } | SegmentError::Incompatible { .. })))
}

/// Deletes what processes left behind that died while they made a segment, before they used one, or while they deleted one:
/// nothing of it was ever read or written, or it is an index of nothing. Best effort.
pub(super) fn tidy(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_rest =
            is_temporary(&path) || is_index_name(&path) && !path.with_extension(FILE_EXTENSION).exists();
        if is_rest && is_left_behind(&path) {
            let _ = fs::remove_file(&path);
        } else if is_segment_name(&path) && is_unused(&path) {
            let _ = delete_if_abandoned(&path);
        }
    }
}

fn is_left_behind(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let Ok(modified) = file.metadata().and_then(|metadata| metadata.modified()) else { return false };
    let old = SystemTime::now().duration_since(modified).is_ok_and(|age| age > MAKING);
    old && file.try_lock_shared().is_ok()
}

/// Whether it is intact, not sealed, and has nothing but its resource.
fn is_unused(path: &Path) -> bool {
    let Ok(segment) = Segment::open_trusted(path) else { return false };
    if segment.header().is_err() || segment.state() == State::Sealed {
        return false;
    }
    let Ok(mut events) = segment.events(Mode::Recover) else { return false };
    events.all(|event| matches!(event, Ok(Event::Frame(frame)) if frame.kind == FrameKind::Resource))
}
