//! Small file systems that a test can fill.
#![allow(dead_code)]

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A small file system in a private mount namespace. Only this thread and the processes that it starts can access the
/// file system. The file system is removed when the value is dropped.
pub struct Disk {
    temporary: tempfile::TempDir,
}

/// The kind of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file system in memory.
    Tmpfs,
    /// A file system with a journal on a file.
    Ext4,
    /// With blocks that files can share, on a file as its disk. At least 300 MiB.
    Xfs,
    /// The same, at least 110 MiB.
    Btrfs,
}

impl Disk {
    /// Mounts a file system of `bytes` bytes, which include the metadata of the file system.
    ///
    /// # Errors
    /// Returns the reason if the file system cannot be mounted.
    pub fn new(kind: Kind, bytes: u64) -> Result<Self, String> {
        let temporary = tempfile::tempdir().map_err(|error| error.to_string())?;
        let disk = Self { temporary };
        fs::create_dir(disk.root()).map_err(|error| error.to_string())?;
        // SAFETY: this system call accesses no memory of the process.
        if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
            return Err(format!("no mounts of one's own: {}", io::Error::last_os_error()));
        }
        run(Command::new("mount").args(["--make-rprivate", "/"]))?;
        match kind {
            Kind::Tmpfs => {
                let size = format!("size={bytes}");
                run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none"]).arg(disk.root()))?;
            }
            Kind::Ext4 | Kind::Xfs | Kind::Btrfs => {
                disk.mount_image(kind, &disk.temporary.path().join("image"), bytes)?;
            }
        }
        Ok(disk)
    }

    /// Mounts an ext4 of `bytes` bytes on a file in `below`. The file system `below` can have less free space than
    /// `bytes`.
    ///
    /// # Errors
    /// Returns the reason if the file system cannot be mounted.
    pub fn on(below: &Self, bytes: u64) -> Result<Self, String> {
        let disk = Self { temporary: tempfile::tempdir().map_err(|error| error.to_string())? };
        fs::create_dir(disk.root()).map_err(|error| error.to_string())?;
        disk.mount_image(Kind::Ext4, &below.root().join("image"), bytes)?;
        Ok(disk)
    }

    fn mount_image(&self, kind: Kind, image: &Path, bytes: u64) -> Result<(), String> {
        let file = File::create(image).map_err(|error| error.to_string())?;
        file.set_len(bytes).map_err(|error| error.to_string())?;
        let (program, options): (_, &[&str]) = match kind {
            Kind::Tmpfs | Kind::Ext4 => ("mkfs.ext4", &["-q", "-F", "-m", "0"]),
            Kind::Xfs => ("mkfs.xfs", &["-q", "-f", "-m", "reflink=1"]),
            Kind::Btrfs => ("mkfs.btrfs", &["-q", "-f", "-d", "single", "-m", "single"]),
        };
        run(Command::new(program).args(options).arg(image))?;
        run(Command::new("mount").args(["-o", "loop"]).arg(image).arg(self.root()))
    }

    /// Returns the mount point.
    pub fn root(&self) -> PathBuf {
        self.temporary.path().join("disk")
    }

    /// Mounts the file system again with another option: `ro`, `rw` or `abort`.
    pub fn remount(&self, option: &str) {
        let option = format!("remount,{option}");
        run(Command::new("mount").args(["-o", &option]).arg(self.root())).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.root().join("filler")
    }

    /// Allocates all free space except `left` bytes.
    pub fn fill(&self, left: u64) {
        let file = File::options().create(true).append(true).open(self.filler()).unwrap();
        let mut taken = 0;
        for step in [1 << 20, 64 << 10, 4096] {
            while self.free() >= left + step && allocate(&file, taken, step).is_ok() {
                taken += step;
            }
        }
        if left == 0 {
            while allocate(&file, taken, 4096).is_ok() {
                taken += 4096;
            }
        }
    }

    /// Frees the space that [`fill`](Self::fill) allocated.
    pub fn empty(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    /// Returns the number of bytes that a file can still allocate.
    pub fn free(&self) -> u64 {
        let root = std::ffi::CString::new(self.root().to_str().unwrap()).unwrap();
        // SAFETY: the type contains only numbers, so all zeros are a valid value.
        let mut found: libc::statvfs = unsafe { std::mem::zeroed() };
        // SAFETY: the path ends with a zero, and `found` is writable. Both outlive the call.
        assert_eq!(unsafe { libc::statvfs(root.as_ptr(), &raw mut found) }, 0);
        found.f_bavail * found.f_frsize
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A lazy unmount also succeeds if a process still uses the file system.
        let _ = Command::new("umount").arg("-l").arg(self.root()).status();
    }
}

fn allocate(file: &File, from: u64, len: u64) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let (from, len) = (from.try_into().unwrap(), len.try_into().unwrap());
    // SAFETY: this system call accesses no memory of the process, and the descriptor is open.
    match unsafe { libc::fallocate(file.as_raw_fd(), 0, from, len) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{}: {}", command.get_program().display(), String::from_utf8_lossy(&output.stderr).trim()))
}

/// Returns a file system, or `None` after it printed the reason to skip the test.
///
/// # Panics
/// Panics if root has no such file system in CI.
pub fn disk_or_skip(kind: Kind, bytes: u64) -> Option<Disk> {
    match Disk::new(kind, bytes) {
        Ok(disk) => Some(disk),
        Err(reason) => {
            // SAFETY: this system call accesses no memory of the process.
            let root = unsafe { libc::geteuid() } == 0;
            // XFS and btrfs need programs and a kernel that not every machine has.
            let is_common = matches!(kind, Kind::Tmpfs | Kind::Ext4);
            let is_ci = std::env::var_os("CI").is_some();
            assert!(!(is_common && root && is_ci), "root has no {kind:?} of its own: {reason}");
            println!("skipped: no {kind:?} of one's own here: {reason}");
            None
        }
    }
}

/// Returns the number of bytes that the files in `directory` occupy on disk, or `None` if the files changed during the
/// count.
pub fn taken(directory: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    let look = || -> io::Result<Vec<(u64, u64)>> {
        let mut files = Vec::new();
        for file in fs::read_dir(directory)? {
            let metadata = file?.metadata()?;
            files.push((metadata.ino(), metadata.blocks() * 512));
        }
        files.sort_unstable();
        Ok(files)
    };
    let (before, after) = (look().ok()?, look().ok()?);
    (before == after).then(|| before.iter().map(|(_, bytes)| bytes).sum())
}
