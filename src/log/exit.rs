//! The mark in the logs that a program leaves open when it exits.
//!
//! A log in a static variable is never dropped. If the program exits with status 0 and without a
//! [`Guard`](super::Guard), its segments are not sealed, but the exit was normal. The mark shows this to readers. The
//! exit with another status is not marked: a panic in `main` has the status 101.

use std::sync::{Arc, Mutex, MutexGuard, Once, TryLockError, Weak};

use crate::map::exit::at_exit;

use super::core::Core;
use super::inside::Own;

static OPEN: Mutex<Vec<Weak<Core>>> = Mutex::new(Vec::new());
static REGISTERED: Once = Once::new();

/// Marks the log of `core` if the program exits while it is open.
pub(super) fn mark_at_exit(core: &Arc<Core>) {
    REGISTERED.call_once(|| at_exit(mark_all));
    if let Some(mut open) = open_logs() {
        open.retain(|core| core.strong_count() > 0);
        open.push(Arc::downgrade(core));
    }
}

/// Returns the open logs, or `None` if the lock is not free soon. In a forked child it may be locked forever by a thread
/// that only the parent has.
fn open_logs() -> Option<MutexGuard<'static, Vec<Weak<Core>>>> {
    for _ in 0..1_000 {
        match OPEN.try_lock() {
            Ok(open) => return Some(open),
            Err(TryLockError::Poisoned(open)) => return Some(open.into_inner()),
            Err(TryLockError::WouldBlock) => std::thread::yield_now(),
        }
    }
    None
}

extern "C" fn mark_all(status: libc::c_int, _: *mut libc::c_void) {
    // If an allocator calls `exit`, it can interrupt code of the log in the middle of a change of the segments.
    let Some(_own) = Own::enter().filter(|_| status == 0) else { return };
    let Some(open) = open_logs() else { return };
    for core in open.iter().filter_map(Weak::upgrade) {
        core.mark_stopped();
        // The last owner would close the log, which could wait for the disk.
        std::mem::forget(core);
    }
}
