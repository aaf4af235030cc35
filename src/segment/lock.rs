//! The lock that shows that the owner of a segment lives.
//!
//! The owner has a write lock on the whole file (`F_OFD_SETLK`). It takes the lock before other processes can open
//! the file, and holds it until the segment is sealed. A write lock requires permission to write to the file, and
//! read locks do not count. Therefore a process that can only read a segment cannot appear as its owner. The owner
//! also has an exclusive `flock` for readers of version 1.0, which query that lock. The kernel releases both locks
//! when the owner ends.

use std::fs::{File, TryLockError};

use crate::format::segment::{COMPAT_UNLOCKED, COMPAT_WRITE_LOCK};
use crate::map::lock::{self, Part};

/// Takes the locks on `file`, which no other process can have open. Returns the compat flags of the segment, which
/// record the locks that it has.
pub(crate) fn take(file: &File) -> u32 {
    let writes = lock::lock(file, Part::ALL).is_ok();
    let flocks = file.try_lock().is_ok();
    match (writes, flocks) {
        (true, _) => COMPAT_WRITE_LOCK,
        (false, true) => 0,
        (false, false) => COMPAT_UNLOCKED,
    }
}

/// Releases the locks. If the owner only closed the file, a forked child that inherited the file would keep them.
pub(crate) fn release(file: &File) {
    let _ = lock::unlock(file, Part::ALL);
    let _ = file.unlock();
}

/// Returns whether a process other than the caller owns the segment, or `None` if no lock can show this. `compat`
/// contains the compat flags of the segment, or is `None` if its header is damaged.
pub(crate) fn is_held(file: &File, compat: Option<u32>) -> Option<bool> {
    let by_write_lock = || lock::locked_part(file, Part::ALL).ok().map(|part| part.is_some());
    match compat {
        Some(compat) if compat & COMPAT_UNLOCKED != 0 => None,
        Some(compat) if compat & COMPAT_WRITE_LOCK != 0 => by_write_lock().or_else(|| is_flocked(file)),
        // This is a segment of version 1.0.
        Some(_) => is_flocked(file),
        None if by_write_lock() == Some(true) => Some(true),
        None => is_flocked(file),
    }
}

/// Returns whether a process has an exclusive `flock` on the file, or `None` if the file system has no locks. The
/// query uses a shared lock, so that two simultaneous queries do not detect each other as the owner.
fn is_flocked(file: &File) -> Option<bool> {
    match file.try_lock_shared() {
        Ok(()) => {
            let _ = file.unlock();
            Some(false)
        }
        Err(TryLockError::WouldBlock) => Some(true),
        Err(TryLockError::Error(_)) => None,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn readers_cannot_pass_for_the_owner() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("file");
        let owner = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        assert_eq!(take(&owner), COMPAT_WRITE_LOCK);
        let reader = File::open(&path).unwrap();
        let stranger = File::open(&path).unwrap();
        for compat in [Some(COMPAT_WRITE_LOCK), Some(0), None] {
            assert_eq!(is_held(&reader, compat), Some(true));
        }
        assert_eq!(is_held(&reader, Some(COMPAT_WRITE_LOCK | COMPAT_UNLOCKED)), None);
        assert!(lock::lock(&stranger, Part::ALL).is_err());
        release(&owner);
        stranger.try_lock().unwrap();
        assert_eq!(is_held(&reader, Some(COMPAT_WRITE_LOCK)), Some(false));
        assert_eq!(is_held(&reader, Some(0)), Some(true));
    }
}
