//! An open file whose descriptor the program may close by mistake.

use std::fs::File;
use std::io;
use std::os::fd::IntoRawFd;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::map::fork;

/// The device of a file and its number on this device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId {
    pub(crate) device: u64,
    pub(crate) number: u64,
}

impl FileId {
    /// Returns the identity of an open file.
    ///
    /// # Errors
    /// The errors of `fstat`.
    pub(crate) fn of(file: &File) -> io::Result<Self> {
        Ok(Self::in_stat(&rustix::fs::fstat(file)?))
    }

    /// Returns the identity in the result of a `stat` call.
    #[cfg_attr(
        any(target_os = "linux", target_os = "android"),
        expect(clippy::useless_conversion, reason = "the widths differ between systems")
    )]
    #[allow(
        clippy::cast_sign_loss,
        clippy::unnecessary_cast,
        reason = "a bit pattern, whose width differs between systems"
    )]
    pub(crate) fn in_stat(stat: &rustix::fs::Stat) -> Self {
        Self { device: stat.st_dev as u64, number: stat.st_ino.into() }
    }
}

/// An open file that belongs to the log.
///
/// A program may close descriptors that it did not open, and the system then gives their numbers to other files. Each
/// use compares the file with the file that was opened first. If the number refers to another file, the number is not
/// used and not closed.
pub(crate) struct Held {
    file: Option<File>,
    device: AtomicU64,
    number: AtomicU64,
}

impl Held {
    /// Takes ownership of an open file.
    ///
    /// # Errors
    /// The errors of `fstat`.
    pub(crate) fn new(file: File) -> io::Result<Self> {
        let FileId { device, number } = FileId::of(&file)?;
        Ok(Self { file: Some(file), device: AtomicU64::new(device), number: AtomicU64::new(number) })
    }

    /// Returns the identity of the file that was opened.
    pub(crate) fn id(&self) -> FileId {
        FileId { device: self.device.load(Ordering::Relaxed), number: self.number.load(Ordering::Relaxed) }
    }

    /// Returns the file, or `None` if its descriptor is closed or refers to another file now.
    pub(crate) fn get(&self) -> Option<&File> {
        self.file.as_ref().filter(|file| FileId::of(file).is_ok_and(|found| found == self.id()))
    }

    /// Replaces the open file in a forked child by `/dev/null`, so that its lock belongs to the parent alone.
    pub(crate) fn leave(&self) {
        let Some(file) = self.get() else { return };
        fork::let_go(file);
        if let Ok(id) = FileId::of(file) {
            self.device.store(id.device, Ordering::Relaxed);
            self.number.store(id.number, Ordering::Relaxed);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.get().is_none() {
            // The number belongs to another file, so this code must not close it.
            let _ = self.file.take().map(IntoRawFd::into_raw_fd);
        }
    }
}
