//! Room in a directory: how much is taken, and what may be deleted.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::error::SegmentError;
use crate::failpoint;
use crate::format::bytes::u64_at;
use crate::format::segment::{self as layout, SegmentHeader, Trailer};
use crate::segment::folder::{Access, Folder};
use crate::segment::index::{INDEX_EXTENSION, index_path, is_index_name};
use crate::segment::{FILE_EXTENSION, SegmentOptions};

use super::listing::{is_segment_name, named};
use super::retention::{self, Ages, Facts, Reading, TOLERANCE};
use super::turn::{LOCK_NAME, Turn};

/// A file that is being made is not touched for so long by others, even where it is not locked yet.
const MAKING: Duration = Duration::from_secs(10);

/// How long to wait for the turn if there is room for a segment of every writer, so that the budget holds without one.
const PATIENCE: Duration = Duration::from_millis(50);
/// How long to wait for the turn if there is not.
const LONG_PATIENCE: Duration = Duration::from_millis(500);

/// Waits for the turn to make the segment that `options` are of, and makes sure that the budget has its bytes left. If
/// another process does not finish its turn, as when it is stopped, and there is ample room, this one goes on without.
///
/// # Errors
/// [`io::ErrorKind::QuotaExceeded`] where the budget has not, [`io::ErrorKind::ResourceBusy`] where another process does not
/// finish its turn, and those of the file system.
pub(super) fn reserve(
    folder: &Arc<Folder>,
    budget: Option<u64>,
    options: &SegmentOptions,
) -> io::Result<Turn> {
    let mut turn = Turn::wait(Arc::clone(folder), PATIENCE);
    let Some(budget) = budget else { return turn.or_else(|_| Turn::without(Arc::clone(folder))) };
    let bytes = options.bytes_on_disk();
    if turn.is_err() {
        let writers = 1 + other_writers(folder, &options.stream_id);
        if taken(folder)?.saturating_add(bytes.saturating_mul(1 + writers)) <= budget {
            return Turn::without(Arc::clone(folder));
        }
        turn = Turn::wait(Arc::clone(folder), LONG_PATIENCE);
    }
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
    use io::ErrorKind::{Interrupted, ResourceBusy};
    is_shortage(error) || matches!(error.kind(), ResourceBusy | Interrupted)
}

/// How many streams other than `own` have an owner that lives.
pub(super) fn other_writers(folder: &Folder, own: &[u8; 16]) -> u64 {
    let mut latest: BTreeMap<u32, (u64, OsString)> = BTreeMap::new();
    let own = u32::from_be_bytes([own[0], own[1], own[2], own[3]]);
    for name in folder.names().unwrap_or_default() {
        if is_segment_name(name.as_ref())
            && let Some((_, id, sequence)) = named(name.as_ref())
        {
            let stream = u32::from_be_bytes([id[0], id[1], id[2], id[3]]);
            let found = latest.get(&stream).is_some_and(|(latest, _)| *latest >= sequence);
            if stream != own && !found {
                latest.insert(stream, (sequence, name));
            }
        }
    }
    let lives = |name: &OsStr| {
        let file = folder.open_regular(name, Access::Read).ok()?;
        let lives = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
        let _ = file.unlock();
        Some(lives)
    };
    latest.values().filter(|(_, name)| lives(name) == Some(true)).count() as u64
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

/// The segments of the directory that this version may delete, and the facts that decide which comes first.
fn all_facts(folder: &Folder) -> io::Result<Vec<(OsString, Facts)>> {
    Ok(segments(folder)?
        .into_iter()
        .filter_map(|name| facts(folder, &name).map(|facts| (name, facts)))
        .collect())
}

/// The facts about one segment; `None`: it must not be deleted, or is gone.
fn facts(folder: &Folder, name: &OsStr) -> Option<Facts> {
    let file = folder.open_regular(name, Access::Read).ok()?;
    let mut pages = [0; layout::DATA_START];
    let read = file.read_at(&mut pages, 0).ok()?;
    let named = named(name.as_ref());
    let header = match (SegmentHeader::parse(&pages[..read]), named) {
        (Ok(header), _) => header,
        (Err(SegmentError::Version { .. } | SegmentError::Incompatible { .. }), _) | (Err(_), None) => {
            return None;
        }
        // Its first page is damaged. The name is all that is left of it.
        (Err(_), Some((created, stream_id, sequence))) => {
            let mut segment_id = stream_id;
            segment_id[8..].copy_from_slice(&sequence.to_le_bytes());
            let bytes = blocks(&file);
            let ended = is_abandoned(&file, true);
            return Some(Facts {
                segment_id,
                stream_id,
                sequence,
                created,
                bytes,
                ended,
                ..Facts::default()
            });
        }
    };
    let mut bytes = [0; layout::TRAILER_LEN];
    let trailer = Trailer::offset(header.size)
        .filter(|at| file.read_exact_at(&mut bytes, *at as u64).is_ok())
        .and_then(|at| Trailer::read(&bytes, at, header.salt));
    let word = |at| u64_at(&pages, at).unwrap_or(0);
    let end = layout::end_code(word(layout::END)).filter(|_| word(layout::END) != 0);
    let ended = trailer.is_some() || is_abandoned(&file, false);
    // Of a damaged segment it is not known when its last entry was written: before its process was found dead.
    let noted = Some(word(layout::END_TIME)).filter(|_| end == Some(layout::END_DIED));
    let last = trailer.map_or(noted, |trailer| Some(trailer.max_time)).filter(|time| *time != 0);
    Some(Facts {
        segment_id: header.segment_id,
        stream_id: header.stream_id,
        sequence: header.sequence,
        ordinal: header.ordinal,
        created: header.created_unix_nano,
        last,
        runs_back: trailer
            .is_some_and(|trailer| trailer.last_time.saturating_add(TOLERANCE) < trailer.max_time),
        bytes: blocks(&file),
        ended,
        died: end == Some(layout::END_DIED) || trailer.is_none() && ended,
    })
}

/// Bytes on disk.
fn blocks(file: &File) -> u64 {
    file.metadata().map_or(0, |found| found.blocks().saturating_mul(512))
}

/// Whether no process owns the segment. `unknown`: the answer if the file system has no locks.
fn is_abandoned(file: &File, unknown: bool) -> bool {
    // A shared lock, so that other processes that look at the same moment do not take this one for the owner.
    match file.try_lock_shared() {
        Ok(()) => {
            let _ = file.unlock();
            true
        }
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(_)) => unknown,
    }
}

/// What bounds the bytes in a directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) budget: Option<u64>,
    /// Whether the byte budget has room, so that it is the disk that has none.
    pub(super) is_in_budget: bool,
}

/// Deletes the first segment in the order of deletion that may be and can be. Whether there was one.
///
/// If the disk is full, other programs may have filled it. Then half of the budget is kept.
///
/// # Errors
/// Those of reading the directory.
pub(super) fn delete_oldest(folder: &Folder, limits: Limits) -> io::Result<bool> {
    let (names, facts): (Vec<_>, Vec<_>) = all_facts(folder)?.into_iter().unzip();
    let bytes = facts.iter().fold(0_u64, |sum, facts| sum.saturating_add(facts.bytes));
    let floor =
        if limits.is_in_budget { limits.budget.map_or_else(|| usual_budget(folder), Ok)? / 2 } else { 0 };
    let may_go = |facts: &Facts| facts.ended && bytes.saturating_sub(facts.bytes) >= floor;
    // One that cannot be deleted, as for lack of rights, must not keep the others.
    Ok(retention::order(&facts, limits.budget.unwrap_or(bytes) / 2)
        .into_iter()
        .any(|i| may_go(&facts[i]) && delete_if_abandoned(folder, &names[i]).unwrap_or(false)))
}

/// 1 GiB, or a tenth of the file system if that is less.
fn usual_budget(folder: &Folder) -> io::Result<u64> {
    let held = folder.descriptor()?;
    let open = held.get().ok_or(io::ErrorKind::NotFound)?;
    let found = rustix::fs::fstatvfs(open)?;
    Ok((found.f_blocks.saturating_mul(found.f_frsize) / 10).min(1 << 30))
}

/// Deletes the segments whose last entry is older than `max_age`, and that may be and can be. Returns their number.
///
/// # Errors
/// Those of reading the directory.
pub(super) fn delete_older(
    folder: &Folder,
    ages: &mut Ages,
    own: &[u8; 16],
    now: Reading,
    max_age: Duration,
) -> io::Result<u64> {
    let (names, facts): (Vec<_>, Vec<_>) = all_facts(folder)?.into_iter().unzip();
    let old = ages.too_old(&facts, own, now, max_age);
    let deleted = old.iter().filter(|i| delete_if_abandoned(folder, &names[**i]).unwrap_or(false));
    Ok(deleted.count() as u64)
}

/// Deletes the segment unless a process owns it. Readers that have mapped it keep it.
fn delete_if_abandoned(folder: &Folder, name: &OsStr) -> io::Result<bool> {
    let file = match folder.open_regular(name, Access::Read) {
        Ok(file) => file,
        // Another process was first.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let abandoned = match file.try_lock_shared() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => false,
        // Without locks only its trailer shows that no process writes to it any more.
        Err(TryLockError::Error(_)) => facts(folder, name).is_some_and(|facts| facts.ended),
    };
    if !abandoned {
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

/// Deletes files that dead processes left when they made or deleted a segment or an index. Best effort.
pub(super) fn tidy(folder: &Folder) {
    for name in folder.names().unwrap_or_default() {
        let path = Path::new(&name);
        let is_rest = is_temporary(path)
            || is_index_name(path) && folder.stat(path.with_extension(FILE_EXTENSION).as_os_str()).is_err();
        if is_rest && is_left_behind(folder, &name) {
            let _ = folder.remove(&name);
        }
    }
}

fn is_left_behind(folder: &Folder, name: &OsStr) -> bool {
    let Ok(file) = folder.open_regular(name, Access::Read) else { return false };
    let Ok(metadata) = file.metadata() else { return false };
    // A segment is locked before its space is allocated. For other files only the age shows that no process makes them any more.
    let is_segment = name.to_string_lossy().contains(&format!(".{FILE_EXTENSION}."));
    let was_locked = is_segment && metadata.len() > 0;
    let modified = metadata.modified().ok();
    let age = modified.and_then(|modified| SystemTime::now().duration_since(modified).ok());
    (was_locked || age.is_some_and(|age| age > MAKING)) && file.try_lock_shared().is_ok()
}
