//! A descriptor that the program cannot turn into one of its own files by mistake.

use std::fs::File;
use std::io;
use std::os::fd::IntoRawFd;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::map::fork;

/// A file's device and its number on that device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId {
    pub(crate) device: u64,
    pub(crate) number: u64,
}

impl FileId {
    /// Returns the identity of an open file.
    ///
    /// # Errors
    /// Those of `fstat`.
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

/// An open file of the log's own.
///
/// A program may close descriptors that it did not open, and the system then gives their numbers to other files. Each
/// use compares the file with the one that was opened first. A number that now means another file is not used, and
/// not closed.
pub(crate) struct Held {
    file: Option<File>,
    device: AtomicU64,
    number: AtomicU64,
}

impl Held {
    /// Takes an open file over.
    ///
    /// # Errors
    /// Those of `fstat`.
    pub(crate) fn new(file: File) -> io::Result<Self> {
        let FileId { device, number } = FileId::of(&file)?;
        Ok(Self { file: Some(file), device: AtomicU64::new(device), number: AtomicU64::new(number) })
    }

    /// Returns the identity of the file that was opened.
    pub(crate) fn id(&self) -> FileId {
        FileId { device: self.device.load(Ordering::Relaxed), number: self.number.load(Ordering::Relaxed) }
    }

    /// Returns the file, or `None` if its descriptor is closed or means another file now.
    pub(crate) fn get(&self) -> Option<&File> {
        self.file.as_ref().filter(|file| FileId::of(file).is_ok_and(|found| found == self.id()))
    }

    /// In a forked child: replaces the open file by `/dev/null`, so that its lock belongs to the parent alone.
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
            // The number is not ours to close.
            let _ = self.file.take().map(IntoRawFd::into_raw_fd);
        }
    }
}
