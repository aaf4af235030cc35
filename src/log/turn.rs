//! The turn to change a directory, which the processes that share the directory take one after the other.

use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crate::segment::folder::Folder;
use crate::segment::held::{FileId, Held};

use super::directory::{Directory, highest_ordinal};
use super::inventory::Inventory;
use super::lock_file::{self, LOCK_NAME};

/// The number of the newest segments, by name, that are compared with the counter when it is first read.
const NEWEST: usize = 16;
/// The largest valid ordinal. No directory contains this number of segments.
const MAX_ORDINAL: u64 = 1 << 62;

/// The turn to change a directory. It is locked until this is dropped.
pub(super) struct Turn {
    lock: Option<Lock>,
    folder: Arc<Folder>,
}

struct Lock {
    file: Held,
    /// Whether the file is [`LOCK_NAME`], which contains the counter, and not the directory.
    counts: bool,
    /// Whether this process has the lock.
    locked: bool,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // An explicit call releases the lock. If this only closed the file, a child that was forked in the meantime
        // would keep the lock.
        let _ = self.file.get().filter(|_| self.locked).map(File::unlock);
    }
}

impl Turn {
    /// Waits for the turn for at most `patience`. If the file system has no locks, there are no turns, and this
    /// returns immediately.
    ///
    /// # Errors
    /// [`io::ErrorKind::ResourceBusy`] if another process does not finish its turn, and the errors of the file
    /// system.
    pub(super) fn wait(folder: Arc<Folder>, patience: Duration) -> io::Result<Self> {
        let deadline = Instant::now() + patience;
        loop {
            let (file, counts) = open(&folder)?;
            if !lock(&file, deadline)? {
                return Ok(Self { lock: None, folder });
            }
            let id = FileId::of(&file)?;
            let lock = Lock { file: Held::new(file)?, counts, locked: true };
            // If the file was deleted in the meantime, later processes lock another file.
            if !counts || folder.stat(OsStr::new(LOCK_NAME)).is_ok_and(|found| FileId::in_stat(&found) == id)
            {
                return Ok(Self { lock: Some(lock), folder });
            }
            if Instant::now() >= deadline {
                return Err(io::ErrorKind::ResourceBusy.into());
            }
        }
    }

    /// Continues without a turn, if the budget does not need one and another process does not finish its turn. Two
    /// segments may then have the same ordinal.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(super) fn without(folder: Arc<Folder>) -> io::Result<Self> {
        let (file, counts) = open(&folder)?;
        Ok(Self { lock: Some(Lock { file: Held::new(file)?, counts, locked: false }), folder })
    }

    /// Returns the next position in the order of creation in the directory, and stores it as used. Returns 0 if the
    /// file system has no locks.
    pub(super) fn next_ordinal(&self, directory: &Directory, inventory: &mut Inventory) -> u64 {
        let Some(lock) = &self.lock else { return 0 };
        let file = lock.file.get().filter(|_| lock.counts);
        let counted = file.and_then(read_counter);
        let known = match (counted, directory.ordinal.load(Ordering::Acquire)) {
            (Some(counted), known) if known > 0 => counted.max(known),
            // At the first read, the file may be an old copy. Without a counter, the headers determine the number.
            (counted, known) => {
                let most = if counted.is_some() { NEWEST } else { usize::MAX };
                if counted.is_none() {
                    let _ = inventory.look(&self.folder);
                }
                let highest = highest_ordinal(&self.folder, &inventory.newest(most));
                counted.unwrap_or(0).max(known).max(highest)
            }
        };
        let next = if known >= MAX_ORDINAL { 0 } else { known + 1 };
        if let Some(file) = file {
            // If the write fails, the headers are read the next time.
            let _ = file.write_all_at(&counter(next), 0);
        }
        directory.ordinal.store(next, Ordering::Release);
        next
    }
}

/// Opens the lock file, or the directory itself if that is not possible, for example without permission. Returns
/// whether it is the file.
fn open(folder: &Folder) -> io::Result<(File, bool)> {
    match lock_file::open(folder) {
        Ok(file) => Ok((file, true)),
        Err(_) => folder.open_itself().map(|file| (file, false)),
    }
}

/// Locks `file`. Returns `false` if the file system has no locks.
///
/// # Errors
/// [`io::ErrorKind::ResourceBusy`] if another process holds the lock until `deadline`.
fn lock(file: &File, deadline: Instant) -> io::Result<bool> {
    let mut pause = Duration::from_micros(50);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(pause),
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::ResourceBusy.into()),
            Err(TryLockError::Error(_)) => return Ok(false),
        }
        pause = (pause * 2).min(Duration::from_millis(1));
    }
}

/// Returns the stored form of the counter: the number and its complement.
fn counter(number: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    bytes[8..].copy_from_slice(&(!number).to_le_bytes());
    bytes
}

fn read_counter(file: &File) -> Option<u64> {
    let mut bytes = [0; 16];
    file.read_exact_at(&mut bytes, 0).ok()?;
    let number = u64::from_le_bytes(*bytes.first_chunk()?);
    (bytes == counter(number) && number <= MAX_ORDINAL).then_some(number)
}
