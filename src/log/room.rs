//! Room in a directory: the bytes in use, and the files that may be deleted.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::failpoint;
use crate::segment::folder::{Access, Folder};
use crate::segment::index::{INDEX_EXTENSION, index_path, is_index_name};
use crate::segment::{FILE_EXTENSION, SegmentOptions, lock};

use super::inventory::{Inventory, inspect_in};
use super::listing::is_segment_name;
use super::lock_file::Claim;
use super::retention::{self, Ages, Facts, Reading};
use super::turn::Turn;

/// The age up to which other processes do not delete a file that is being created, even if it is not locked.
const MAKING: Duration = Duration::from_secs(10);

/// The wait for the turn if there is space for a segment of every writer. Then the budget holds without a turn.
const PATIENCE: Duration = Duration::from_millis(50);
/// The wait for the turn if there is less space.
const LONG_PATIENCE: Duration = Duration::from_millis(500);

/// Waits for the turn to create the segment of `options`, and checks that the budget has space for it. Another process
/// may not finish its turn, for example because it is stopped. If there is space for a segment of every writer, this
/// process then continues without a turn. `writers` is the number of other processes that write to the directory.
///
/// # Errors
/// - [`io::ErrorKind::QuotaExceeded`] if the budget has no space
/// - [`io::ErrorKind::ResourceBusy`] if another process does not finish its turn
/// - the errors of the file system
pub(super) fn reserve(
    folder: &Arc<Folder>,
    inventory: &mut Inventory,
    budget: Option<u64>,
    options: &SegmentOptions,
    writers: u64,
) -> io::Result<Turn> {
    let Some(budget) = budget else {
        return Turn::wait(Arc::clone(folder), PATIENCE).or_else(|_| Turn::without(Arc::clone(folder)));
    };
    let bytes = options.bytes_on_disk();
    // This read comes before the turn, so that during the turn only newer files are examined.
    inventory.sum(folder)?;
    let mut turn = Turn::wait(Arc::clone(folder), PATIENCE);
    if turn.is_err() {
        if inventory.bytes(folder)?.saturating_add(bytes.saturating_mul(1 + writers)) <= budget {
            return Turn::without(Arc::clone(folder));
        }
        turn = Turn::wait(Arc::clone(folder), LONG_PATIENCE);
    }
    let turn = turn?;
    let fits = |taken: u64| taken.saturating_add(bytes) <= budget;
    // Segments that were sealed since the last read have released space.
    if fits(inventory.bytes(folder)?) || fits(inventory.bytes_now(folder)?) {
        return Ok(turn);
    }
    Err(io::ErrorKind::QuotaExceeded.into())
}

/// Returns whether an error means that there is no space now, and that there may be space later.
pub(super) fn is_shortage(error: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded)
}

/// Returns whether an error may be temporary, so that a retry is useful.
pub(super) fn may_pass(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, ResourceBusy};
    is_shortage(error) || matches!(error.kind(), ResourceBusy | Interrupted)
}

/// Returns whether `path` is the name of a segment or an index that is being created.
pub(super) fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_ours = |extension| name.contains(&format!(".{extension}."));
    name.starts_with('.') && name.ends_with(".tmp") && (is_ours(FILE_EXTENSION) || is_ours(INDEX_EXTENSION))
}

/// The limits for the bytes in a directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) budget: Option<u64>,
    /// Whether the byte budget has space, so that the shortage is on the disk.
    pub(super) is_in_budget: bool,
}

/// Deletes the first segment in the order of deletion that may be deleted and can be deleted. Returns whether there
/// was one.
///
/// If the disk is full, other programs may have filled it. Then half of the budget is kept.
///
/// # Errors
/// The errors of reading the directory.
pub(super) fn delete_oldest(
    folder: &Arc<Folder>,
    inventory: &mut Inventory,
    limits: Limits,
) -> io::Result<bool> {
    let (names, facts) = inventory.segments(folder)?;
    let bytes = facts.iter().fold(0_u64, |sum, facts| sum.saturating_add(facts.bytes));
    let floor =
        if limits.is_in_budget { limits.budget.map_or_else(|| usual_budget(folder), Ok)? / 2 } else { 0 };
    let may_go = |facts: &Facts| facts.ended && bytes.saturating_sub(facts.bytes) >= floor;
    // A segment that cannot be deleted, for example because of missing permissions, must not prevent the deletion of
    // others.
    Ok(retention::order(&facts, limits.budget.unwrap_or(bytes) / 2)
        .into_iter()
        .any(|i| may_go(&facts[i]) && delete_if_left(folder, &names[i]).unwrap_or(false)))
}

/// Returns 1 GiB, or a tenth of the file system if that is less.
fn usual_budget(folder: &Folder) -> io::Result<u64> {
    let held = folder.descriptor()?;
    let open = held.get().ok_or(io::ErrorKind::NotFound)?;
    let found = rustix::fs::fstatvfs(open)?;
    Ok((found.f_blocks.saturating_mul(found.f_frsize) / 10).min(1 << 30))
}

/// Deletes the segments whose last entry is older than `max_age`, if they may be deleted and can be deleted. Returns
/// their number.
///
/// # Errors
/// The errors of reading the directory.
pub(super) fn delete_older(
    folder: &Arc<Folder>,
    inventory: &mut Inventory,
    ages: &mut Ages,
    own: &[u8; 16],
    now: Reading,
    max_age: Duration,
) -> io::Result<u64> {
    let (names, facts) = inventory.segments(folder)?;
    let old = ages.too_old(&facts, own, now, max_age);
    let deleted = old.iter().filter(|i| delete_if_left(folder, &names[**i]).unwrap_or(false));
    Ok(deleted.count() as u64)
}

/// Deletes the segment unless a process owns it or completes it at this moment. Readers that have mapped it keep
/// their map.
fn delete_if_left(folder: &Arc<Folder>, name: &OsStr) -> io::Result<bool> {
    // If there is no file to lock, no process can hold a claim.
    let _claim = match Claim::take(folder, name) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
        claim => claim,
    };
    match inspect_in(folder, name) {
        Ok((info, file)) if info.is_left(&file) => {}
        // Another process deleted it first.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Ok(_) => return Ok(false),
        Err(error) => return Err(error),
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

/// Deletes the files that dead processes left when they created or deleted a segment or an index. `names` are all
/// names in the directory. Errors are ignored.
pub(super) fn tidy(folder: &Folder, names: &[OsString]) {
    let segments: HashSet<&OsStr> =
        names.iter().map(OsString::as_os_str).filter(|name| is_segment_name(name.as_ref())).collect();
    for name in names {
        let path = Path::new(name);
        let is_rest = is_temporary(path)
            || is_index_name(path)
                && !segments.contains(path.with_extension(FILE_EXTENSION).as_os_str())
                // Another process may have created the segment since the names were read.
                && folder.stat(path.with_extension(FILE_EXTENSION).as_os_str()).is_err();
        if is_rest && is_left_behind(folder, name) {
            let _ = folder.remove(name);
        }
    }
}

fn is_left_behind(folder: &Folder, name: &OsStr) -> bool {
    let Ok(file) = folder.open_regular(name, Access::Read) else { return false };
    let Ok(metadata) = file.metadata() else { return false };
    // A segment is locked before its space is allocated. For other files only the age shows that no process creates
    // them any more.
    let is_segment = name.to_string_lossy().contains(&format!(".{FILE_EXTENSION}."));
    let was_locked = is_segment && metadata.len() > 0;
    let modified = metadata.modified().ok();
    let age = modified.and_then(|modified| SystemTime::now().duration_since(modified).ok());
    (was_locked || age.is_some_and(|age| age > MAKING)) && lock::is_held(&file, None) == Some(false)
}
