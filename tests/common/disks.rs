//! Small file systems of a test's own, to be filled up.
#![allow(dead_code)]

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system that holds little, mounted where this thread and the processes it starts can see it, and nobody else:
/// when they are gone, it is.
pub struct Disk {
    temporary: tempfile::TempDir,
}

/// Which file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In memory.
    Tmpfs,
    /// With a journal, on a file as its disk.
    Ext4,
}

impl Disk {
    /// A disk with `bytes` bytes, less what the file system takes for itself.
    ///
    /// # Errors
    /// Why there can be none.
    pub fn new(kind: Kind, bytes: u64) -> Result<Self, String> {
        let temporary = tempfile::tempdir().map_err(|error| error.to_string())?;
        let disk = Self { temporary };
        fs::create_dir(disk.root()).map_err(|error| error.to_string())?;
        // SAFETY: a system call that touches no memory.
        if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
            return Err(format!("no mounts of one's own: {}", io::Error::last_os_error()));
        }
        run(Command::new("mount").args(["--make-rprivate", "/"]))?;
        match kind {
            Kind::Tmpfs => {
                let size = format!("size={bytes}");
                run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none"]).arg(disk.root()))?;
            }
            Kind::Ext4 => disk.mount_image(&disk.temporary.path().join("image"), bytes)?,
        }
        Ok(disk)
    }

    /// An ext4 whose disk is a file on `below`, which may have less room than the `bytes` it promises.
    ///
    /// # Errors
    /// Why there can be none.
    pub fn on(below: &Self, bytes: u64) -> Result<Self, String> {
        let disk = Self { temporary: tempfile::tempdir().map_err(|error| error.to_string())? };
        fs::create_dir(disk.root()).map_err(|error| error.to_string())?;
        disk.mount_image(&below.root().join("image"), bytes)?;
        Ok(disk)
    }

    fn mount_image(&self, image: &Path, bytes: u64) -> Result<(), String> {
        let file = File::create(image).map_err(|error| error.to_string())?;
        file.set_len(bytes).map_err(|error| error.to_string())?;
        run(Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0"]).arg(image))?;
        run(Command::new("mount").args(["-o", "loop"]).arg(image).arg(self.root()))
    }

    /// Where it is mounted.
    pub fn root(&self) -> PathBuf {
        self.temporary.path().join("disk")
    }

    /// Mounts it anew with other options: `ro`, `rw`, `abort`.
    pub fn remount(&self, option: &str) {
        let option = format!("remount,{option}");
        run(Command::new("mount").args(["-o", &option]).arg(self.root())).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.root().join("filler")
    }

    /// Takes all space but `left` bytes.
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

    /// Gives the space back that [`fill`](Self::fill) took.
    pub fn empty(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    /// Bytes that can be taken.
    pub fn free(&self) -> u64 {
        let root = std::ffi::CString::new(self.root().to_str().unwrap()).unwrap();
        // SAFETY: all zeros are a value of this type, which is numbers.
        let mut found: libc::statvfs = unsafe { std::mem::zeroed() };
        // SAFETY: the path ends with a zero, and `found` is writable; both outlive the call.
        assert_eq!(unsafe { libc::statvfs(root.as_ptr(), &raw mut found) }, 0);
        found.f_bavail * found.f_frsize
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // What is still in use goes with its last user.
        let _ = Command::new("umount").arg("-l").arg(self.root()).status();
    }
}

fn allocate(file: &File, from: u64, len: u64) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let (from, len) = (from.try_into().unwrap(), len.try_into().unwrap());
    // SAFETY: a system call that touches no memory, on a descriptor that is open.
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

/// Disk or reason to skip; root in CI has every disk.
pub fn disk_or_skip(kind: Kind, bytes: u64) -> Option<Disk> {
    match Disk::new(kind, bytes) {
        Ok(disk) => Some(disk),
        Err(reason) => {
            // SAFETY: a system call that touches no memory.
            let root = unsafe { libc::geteuid() } == 0;
            assert!(!root || std::env::var_os("CI").is_none(), "root has no {kind:?} of its own: {reason}");
            println!("skipped: no {kind:?} of one's own here: {reason}");
            None
        }
    }
}

/// Bytes that the files in `directory` take on disk; `None` where they changed while they were counted.
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
