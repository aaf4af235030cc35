//! Room in a directory: how much is taken, and what may be deleted.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::error::SegmentError;
use crate::failpoint;
use crate::format::frame::FrameKind;
use crate::segment::folder::{Access, Folder};
use crate::segment::index::{INDEX_EXTENSION, index_path, is_index_name};
use crate::segment::{Event, FILE_EXTENSION, Mode, Segment, State};

use super::listing::is_segment_name;
use super::turn::{LOCK_NAME, Turn};

/// A file that is being made is not touched for so long by others, even where it is not locked yet.
const MAKING: Duration = Duration::from_secs(10);

/// Waits for the turn to make a segment, and makes sure that the budget has `bytes` left.
///
/// # Errors
/// [`io::ErrorKind::QuotaExceeded`] where it has not, [`io::ErrorKind::ResourceBusy`] where another process does not
/// finish its turn, and those of the file system.
pub(super) fn reserve(folder: &Arc<Folder>, budget: Option<u64>, bytes: u64) -> io::Result<Turn> {
    let turn = Turn::wait(Arc::clone(folder));
    let Some(budget) = budget else { return turn.or_else(|_| Ok(Turn::without(Arc::clone(folder)))) };
    let turn = turn?;
    if taken(folder)?.saturating_add(bytes) > budget {
        return Err(io::ErrorKind::QuotaExceeded.into());
    }
    Ok(turn)
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
fn taken(folder: &Folder) -> io::Result<u64> {
    let mut bytes: u64 = 0;
    for name in folder.names()? {
        let path = Path::new(&name);
        if (is_segment_name(path) || is_index_name(path) || is_temporary(path) || name == LOCK_NAME)
            && let Ok(found) = folder.stat(&name)
        {
            bytes = bytes.saturating_add(u64::try_from(found.st_blocks).unwrap_or(0).saturating_mul(512));
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
fn segments(folder: &Folder) -> io::Result<Vec<OsString>> {
    let mut names = folder.names()?;
    names.retain(|name| is_segment_name(name.as_ref()));
    names.sort_unstable();
    Ok(names)
}

/// Maps the segment `name`.
fn open(folder: &Folder, name: &OsStr) -> io::Result<Segment> {
    Segment::map(&folder.open_regular(name, Access::Read)?)
}

/// Deletes the oldest segment that may be and can be. Whether there was one.
///
/// # Errors
/// Those of reading the directory.
pub(super) fn delete_oldest(folder: &Folder) -> io::Result<bool> {
    // One that cannot be deleted, as for lack of rights, must not keep the others.
    Ok(segments(folder)?.iter().any(|name| delete_if_abandoned(folder, name).unwrap_or(false)))
}

/// Deletes the segments whose last entry is older than `age`, and that may be and can be. How many they were.
///
/// # Errors
/// Those of reading the directory.
pub(super) fn delete_older(folder: &Folder, age: Duration) -> io::Result<u64> {
    let mut deleted = 0;
    let now = SystemTime::now();
    for name in segments(folder)? {
        let Some(written) = last_written(folder, &name) else { continue };
        if now.duration_since(written).is_ok_and(|found| found > age)
            && delete_if_abandoned(folder, &name).unwrap_or(false)
        {
            deleted += 1;
        }
    }
    Ok(deleted)
}

/// The time of the last entry where the segment says it, else that of the file's last change.
fn last_written(folder: &Folder, name: &OsStr) -> Option<SystemTime> {
    let file = folder.open_regular(name, Access::Read).ok()?;
    let latest =
        Segment::map(&file).ok()?.trailer().map(|trailer| trailer.max_time).filter(|time| *time != 0);
    match latest {
        Some(nanos) => SystemTime::UNIX_EPOCH.checked_add(Duration::from_nanos(nanos)),
        None => file.metadata().ok()?.modified().ok(),
    }
}

/// Deletes the segment unless somebody writes to it, or it is of a later version, of which we do not know what deleting
/// it would mean. Readers that have mapped it keep what they have.
fn delete_if_abandoned(folder: &Folder, name: &OsStr) -> io::Result<bool> {
    let file = match folder.open_regular(name, Access::Read) {
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
            Segment::map(&file).is_ok_and(|segment| segment.state() == State::Sealed)
        }
    };
    if !abandoned || is_of_a_later_version(&file) {
        return Ok(false);
    }
    failpoint::hit("retire");
    match folder.remove(name) {
        Ok(()) => {
            let _ = folder.remove(index_path(Path::new(name)).as_os_str());
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_of_a_later_version(file: &File) -> bool {
    let header = Segment::map(file).map(|segment| segment.header());
    matches!(header, Ok(Err(SegmentError::Version { .. } | SegmentError::Incompatible { .. })))
}

/// Deletes what processes left behind that died while they made a segment, before they used one, or while they deleted one:
/// nothing of it was ever read or written, or it is an index of nothing. Best effort.
pub(super) fn tidy(folder: &Folder) {
    for name in folder.names().unwrap_or_default() {
        let path = Path::new(&name);
        let is_rest = is_temporary(path)
            || is_index_name(path) && folder.stat(path.with_extension(FILE_EXTENSION).as_os_str()).is_err();
        if is_rest && is_left_behind(folder, &name) {
            let _ = folder.remove(&name);
        } else if is_segment_name(path) && is_unused(folder, &name) {
            let _ = delete_if_abandoned(folder, &name);
        }
    }
}

fn is_left_behind(folder: &Folder, name: &OsStr) -> bool {
    let Ok(file) = folder.open_regular(name, Access::Read) else { return false };
    let Ok(modified) = file.metadata().and_then(|metadata| metadata.modified()) else { return false };
    let old = SystemTime::now().duration_since(modified).is_ok_and(|age| age > MAKING);
    old && file.try_lock_shared().is_ok()
}

/// Whether it is intact, not sealed, and has nothing but its resource.
fn is_unused(folder: &Folder, name: &OsStr) -> bool {
    let Ok(segment) = open(folder, name) else { return false };
    if segment.header().is_err() || segment.state() == State::Sealed {
        return false;
    }
    let Ok(mut events) = segment.events(Mode::Recover) else { return false };
    events.all(|event| matches!(event, Ok(Event::Frame(frame)) if frame.kind == FrameKind::Resource))
}
