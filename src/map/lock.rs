//! Write locks on a part of a file that belong to the open file (`F_OFD_SETLK`).
//!
//! A process needs a descriptor opened for writing to take a write lock. The lock ends with the last descriptor of
//! the open file. Any process that can read the file can query the lock.

use std::fs::File;
use std::io;

/// A part of a file. It may be after the end of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) start: u64,
    /// The length in bytes. 0 extends the part to the largest offset.
    pub(crate) len: u64,
}

impl Part {
    /// The whole file, independent of its length.
    pub(crate) const ALL: Self = Self { start: 0, len: 0 };

    /// Returns the offset after the last one.
    pub(crate) fn end(self) -> u64 {
        if self.len == 0 { u64::MAX } else { self.start.saturating_add(self.len) }
    }
}

/// Takes the write lock on `part` without waiting.
///
/// # Errors
/// [`io::ErrorKind::WouldBlock`] if another process has a lock on the part, and the errors of the system, for example
/// if the system or the file system has no such locks.
pub(crate) fn lock(file: &File, part: Part) -> io::Result<()> {
    control(file, part, Operation::Lock).map(drop)
}

/// Releases the write lock on `part`.
///
/// # Errors
/// The errors of the system.
pub(crate) fn unlock(file: &File, part: Part) -> io::Result<()> {
    control(file, part, Operation::Unlock).map(drop)
}

/// Returns the part of a write lock that another open file has in `part`, or `None` if there is none. Read locks do
/// not count.
///
/// # Errors
/// The errors of the system, for example if the system or the file system has no such locks.
pub(crate) fn locked_part(file: &File, part: Part) -> io::Result<Option<Part>> {
    control(file, part, Operation::Ask)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Lock,
    Unlock,
    Ask,
}

#[cfg(target_os = "linux")]
#[expect(clippy::allow_attributes, reason = "the widths differ between systems")]
#[allow(
    clippy::useless_conversion,
    clippy::unnecessary_cast,
    clippy::cast_possible_truncation,
    reason = "the widths differ between systems; the constants are small"
)]
fn control(file: &File, part: Part, operation: Operation) -> io::Result<Option<Part>> {
    use std::os::fd::AsRawFd;
    let invalid = |_| io::Error::from(io::ErrorKind::InvalidInput);
    let (call, kind) = match operation {
        Operation::Lock => (libc::F_OFD_SETLK, libc::F_WRLCK),
        Operation::Unlock => (libc::F_OFD_SETLK, libc::F_UNLCK),
        // A read lock conflicts with write locks only.
        Operation::Ask => (libc::F_OFD_GETLK, libc::F_RDLCK),
    };
    // SAFETY: all zeros are a valid value of this type, which contains only numbers.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = kind as libc::c_short;
    lock.l_whence = libc::SEEK_SET as libc::c_short;
    lock.l_start = part.start.try_into().map_err(invalid)?;
    lock.l_len = part.len.try_into().map_err(invalid)?;
    // SAFETY: the descriptor is open while `file` is borrowed. The call reads and writes only `lock`, which outlives
    // it.
    if unsafe { libc::fcntl(file.as_raw_fd(), call, &raw mut lock) } == -1 {
        return Err(io::Error::last_os_error());
    }
    let is_free = operation != Operation::Ask || lock.l_type == libc::F_UNLCK as libc::c_short;
    let number = |found: libc::off_t| u64::try_from(found).unwrap_or(0);
    Ok((!is_free).then(|| Part { start: number(lock.l_start), len: number(lock.l_len) }))
}

#[cfg(not(target_os = "linux"))]
fn control(_: &File, _: Part, _: Operation) -> io::Result<Option<Part>> {
    Err(io::ErrorKind::Unsupported.into())
}
