//! A directory that is addressed by its descriptor.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use rustix::fs::{self, AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

use super::held::{FileId, Held};

/// The permissions of new files and directories, independent of the umask of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Modes {
    pub(crate) file: u32,
    pub(crate) directory: u32,
}

impl Default for Modes {
    fn default() -> Self {
        Self { file: 0o640, directory: 0o750 }
    }
}

/// An open directory and the files in it.
///
/// The descriptor stays valid if the process changes its working directory, and if the directory is renamed.
pub(crate) struct Folder {
    path: PathBuf,
    held: ArcSwap<Held>,
    id: FileId,
    modes: Modes,
    /// The number of names that were created, renamed or removed.
    changes: AtomicU64,
    /// The value of `changes` at the start of the last successful sync.
    synced: AtomicU64,
}

/// The access with which [`Folder::open_regular`] opens a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    ReadWrite,
}

impl Folder {
    /// Opens the directory `path`. Creates it, and the directories above it, if they do not exist, and makes their
    /// names durable.
    ///
    /// # Errors
    /// The errors of the file system, with the path and the call.
    pub(crate) fn make(path: &Path, modes: Modes) -> io::Result<Self> {
        match Self::open(path, modes) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened,
        }
        let parent = parent_of(path);
        if path.file_name().is_some() && parent != path {
            let above = Self::make(parent, modes)?;
            above.make_directory(path)?;
            above.sync_if_changed()?;
        }
        Self::open(path, modes)
    }

    /// Opens the directory `path`.
    ///
    /// # Errors
    /// The errors of the file system, with the path and the call.
    pub(crate) fn open(path: &Path, modes: Modes) -> io::Result<Self> {
        let directory = open_directory(path)?;
        let id = FileId::of(&directory)?;
        let held = ArcSwap::from_pointee(Held::new(directory)?);
        let (changes, synced) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Self { path: path.to_owned(), held, id, modes, changes, synced })
    }

    /// Creates the directory `path` in this one. An existing directory is not an error.
    fn make_directory(&self, path: &Path) -> io::Result<()> {
        let name = path.file_name().unwrap_or_default();
        let mode = mode_of(self.modes.directory);
        let here = self.descriptor()?;
        let Some(at) = here.get() else { return Err(lost(&self.path)) };
        match fs::mkdirat(at, name, mode) {
            Ok(()) => {}
            Err(Errno::EXIST) => return Ok(()),
            Err(error) => return Err(about(path, "mkdir", error)),
        }
        self.note_change();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if let Ok(made) = fs::openat(at, name, flags, Mode::empty()) {
            set_mode(&made.into(), self.modes.directory);
        }
        Ok(())
    }

    /// Returns the path by which the directory was opened.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the identity of the directory.
    pub(crate) fn id(&self) -> FileId {
        self.id
    }

    /// Returns the open directory. If its descriptor was closed or reused, the directory is opened again by its path.
    ///
    /// # Errors
    /// The errors of the file system, and [`io::ErrorKind::NotFound`] if the path refers to another directory now.
    pub(crate) fn descriptor(&self) -> io::Result<Arc<Held>> {
        let held = self.held.load_full();
        if held.get().is_some() {
            return Ok(held);
        }
        let held = Arc::new(Held::new(open_directory(&self.path)?)?);
        if held.id() != self.id {
            return Err(lost(&self.path));
        }
        self.held.store(Arc::clone(&held));
        Ok(held)
    }

    /// Calls `operate` with the open directory. Adds the call and the file to its error.
    fn with<T>(
        &self,
        call: &'static str,
        name: &OsStr,
        operate: impl FnOnce(&File) -> Result<T, Errno>,
    ) -> io::Result<T> {
        let held = self.descriptor()?;
        let Some(directory) = held.get() else { return Err(lost(&self.path)) };
        operate(directory).map_err(|error| about(&self.path.join(name), call, error))
    }

    /// Creates the file `name`, which must not exist, for reading and writing.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(crate) fn create_new(&self, name: &OsStr) -> io::Result<File> {
        self.create_with_mode(name, self.modes.file)
    }

    /// Creates a file as [`create_new`](Self::create_new) does. Only the owner can open it until
    /// [`publish`](Self::publish).
    ///
    /// # Errors
    /// The errors of the file system.
    pub(crate) fn create_private(&self, name: &OsStr) -> io::Result<File> {
        self.create_with_mode(name, self.modes.file & 0o600)
    }

    /// Sets the permissions of a file of [`create_private`](Self::create_private) to those of other new files.
    pub(crate) fn publish(&self, file: &File) {
        set_mode(file, self.modes.file);
    }

    /// Creates a file as [`create_new`](Self::create_new) does, with the permissions `mode`.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(crate) fn create_with_mode(&self, name: &OsStr, mode: u32) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file: File = self.with("open", name, |at| fs::openat(at, name, flags, mode_of(mode)))?.into();
        self.note_change();
        set_mode(&file, mode);
        Ok(file)
    }

    /// Opens the file `name`. Does not follow a symbolic link, and does not wait for the other end of a pipe.
    ///
    /// # Errors
    /// The errors of the file system, and [`io::ErrorKind::InvalidInput`] if the file is not a regular file.
    pub(crate) fn open_regular(&self, name: &OsStr, access: Access) -> io::Result<File> {
        let how = if access == Access::Read { OFlags::RDONLY } else { OFlags::RDWR };
        let flags = how | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file: File = self.with("open", name, |at| fs::openat(at, name, flags, Mode::empty()))?.into();
        let kind = fs::FileType::from_raw_mode(fs::fstat(&file)?.st_mode);
        if kind == fs::FileType::RegularFile {
            return Ok(file);
        }
        let error = io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
        Err(about(&self.path.join(name), "open", error))
    }

    /// Opens the file `name` for reading and writing if no other account can have created it or can change it. The
    /// file must belong to this process's account or to the account of the directory. Its group and other accounts
    /// must not have permission to write, unless the files of the log have these permissions.
    ///
    /// # Errors
    /// The errors of [`open_regular`](Self::open_regular), and [`io::ErrorKind::PermissionDenied`] for any other
    /// file.
    pub(crate) fn open_own(&self, name: &OsStr) -> io::Result<File> {
        let file = self.open_regular(name, Access::ReadWrite)?;
        let found = fs::fstat(&file)?;
        let is_ours = || {
            let account = rustix::process::geteuid().as_raw();
            found.st_uid == account || self.owner().is_ok_and(|owner| owner == found.st_uid)
        };
        let shared = Mode::from_raw_mode(found.st_mode) & mode_of(0o022 & !self.modes.file);
        if shared.is_empty() && is_ours() {
            return Ok(file);
        }
        let error = io::Error::new(io::ErrorKind::PermissionDenied, "other accounts can change this file");
        Err(about(&self.path.join(name), "open", error))
    }

    /// Opens the file `name` as [`open_own`](Self::open_own) does, if it has only one name. An account that can write
    /// to the directory could give other files of this account a name in it.
    ///
    /// # Errors
    /// The errors of [`open_own`](Self::open_own), and [`io::ErrorKind::PermissionDenied`] if the file has more than
    /// one name.
    pub(crate) fn open_only(&self, name: &OsStr) -> io::Result<File> {
        let file = self.open_own(name)?;
        if fs::fstat(&file)?.st_nlink == 1 {
            return Ok(file);
        }
        let error = io::Error::new(io::ErrorKind::PermissionDenied, "the file has more than one name");
        Err(about(&self.path.join(name), "open", error))
    }

    /// Returns the account that the directory belongs to.
    fn owner(&self) -> io::Result<u32> {
        self.with("stat", OsStr::new(""), |at| fs::fstat(at)).map(|found| found.st_uid)
    }

    /// Opens the directory itself again.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(crate) fn open_itself(&self) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        self.with("open", OsStr::new(""), |at| fs::openat(at, ".", flags, Mode::empty())).map(File::from)
    }

    /// Opens the file `name` for reading and writing if it is still the file `id`.
    ///
    /// # Errors
    /// The errors of the file system, and [`io::ErrorKind::NotFound`] if another file has the name.
    pub(crate) fn open_same(&self, name: &OsStr, id: FileId) -> io::Result<File> {
        let file = self.open_regular(name, Access::ReadWrite)?;
        if FileId::of(&file)? == id {
            return Ok(file);
        }
        let error = io::Error::new(io::ErrorKind::NotFound, "another file has this name now");
        Err(about(&self.path.join(name), "open", error))
    }

    /// Returns the result of `fstatat` for `name`, without following a symbolic link.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(crate) fn stat(&self, name: &OsStr) -> io::Result<fs::Stat> {
        self.with("stat", name, |at| fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW))
    }

    /// Calls `take` with each of `items` and the bytes on disk of the file with its name, or 0 if the file does not
    /// exist. Does not follow symbolic links.
    ///
    /// # Errors
    /// The errors of the directory.
    pub(crate) fn each_size<'a, T: 'a>(
        &self,
        items: impl Iterator<Item = (&'a OsString, &'a mut T)>,
        mut take: impl FnMut(&'a mut T, u64),
    ) -> io::Result<()> {
        self.with("stat", OsStr::new(""), |at| {
            for (name, item) in items {
                let found = fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW).ok();
                let blocks = found.and_then(|found| u64::try_from(found.st_blocks).ok()).unwrap_or(0);
                take(item, blocks.saturating_mul(512));
            }
            Ok(())
        })
    }

    /// Renames `from` to `to`, which must not exist.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(crate) fn rename_new(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        self.with("rename", to, |at| rename_new(at, from, to))?;
        self.note_change();
        Ok(())
    }

    /// Renames `from` to `to`, and replaces a file of that name.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(crate) fn rename_over(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        self.with("rename", to, |at| fs::renameat(at, from, at, to))?;
        self.note_change();
        Ok(())
    }

    /// Deletes the file `name`.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(crate) fn remove(&self, name: &OsStr) -> io::Result<()> {
        self.with("unlink", name, |at| fs::unlinkat(at, name, AtFlags::empty()))?;
        self.note_change();
        Ok(())
    }

    /// Returns the names in the directory, in any order.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(crate) fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        self.each_name(|name, _| names.push(name.to_owned()))?;
        Ok(names)
    }

    /// Calls `take` with each name in the directory and the number of its file, in any order.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(crate) fn each_name(&self, mut take: impl FnMut(&OsStr, u64)) -> io::Result<()> {
        self.with("read the directory", OsStr::new(""), |at| {
            for entry in fs::Dir::read_from(at)? {
                let entry = entry?;
                let name = entry.file_name().to_bytes();
                if name != b"." && name != b".." {
                    take(OsStr::from_bytes(name), entry.ino());
                }
            }
            Ok(())
        })
    }

    /// Returns the size and the kind of the file system, or `None` if the system does not report them.
    pub(crate) fn space(&self) -> Option<Space> {
        let found = self.with("fstatfs", OsStr::new(""), |at| fs::fstatfs(at)).ok()?;
        Some(Space::of(&found))
    }

    fn note_change(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// Makes the names durable that have changed since the last successful call.
    ///
    /// # Errors
    /// The errors of the disk.
    pub(crate) fn sync_if_changed(&self) -> io::Result<()> {
        let changes = self.changes.load(Ordering::Acquire);
        if self.synced.load(Ordering::Acquire) >= changes {
            return Ok(());
        }
        self.with("fsync", OsStr::new(""), |at| {
            let synced = at.sync_all();
            match synced.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO)) {
                // The file system cannot sync a directory, so the names cannot become more durable.
                Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok(()),
                synced => synced,
            }
        })?;
        self.synced.fetch_max(changes, Ordering::AcqRel);
        Ok(())
    }
}

/// The file system of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Space {
    /// The number of bytes of the whole file system, or `None` if it has no fixed size.
    pub(crate) total: Option<u64>,
    /// Whether the file system is in memory, so that allocated space uses memory.
    pub(crate) in_memory: bool,
}

impl Space {
    #[expect(clippy::allow_attributes, reason = "the widths and signs differ between systems")]
    #[allow(
        clippy::unnecessary_cast,
        clippy::cast_sign_loss,
        reason = "the widths and signs differ between systems"
    )]
    fn of(found: &fs::StatFs) -> Self {
        const TMPFS: u64 = 0x0102_1994;
        const RAMFS: u64 = 0x8584_58F6;
        let total = (found.f_blocks as u64).saturating_mul(found.f_bsize as u64);
        #[cfg(target_os = "linux")]
        let in_memory = matches!(found.f_type as u64 & 0xFFFF_FFFF, TMPFS | RAMFS);
        #[cfg(not(target_os = "linux"))]
        let in_memory = false;
        Self { total: Some(total).filter(|total| *total > 0), in_memory }
    }
}

fn open_directory(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened: Result<OwnedFd, _> = fs::openat(CWD, path, flags, Mode::empty());
    opened.map(File::from).map_err(|error| about(path, "open", error))
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}

#[expect(clippy::allow_attributes, reason = "the widths differ between systems")]
#[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "the widths differ between systems")]
fn mode_of(mode: u32) -> Mode {
    Mode::from_raw_mode((mode & 0o7777) as rustix::fs::RawMode)
}

/// Sets the permissions that the umask removed. If this fails, the file has fewer permissions, never more.
fn set_mode(file: &File, mode: u32) {
    let mask = mode_of(0o7777);
    if fs::fstat(file).is_ok_and(|found| Mode::from_raw_mode(found.st_mode) & mask != mode_of(mode)) {
        let _ = fs::fchmod(file, mode_of(mode));
    }
}

/// Renames `from` to `to`. Never replaces an existing file.
fn rename_new(at: &File, from: &OsStr, to: &OsStr) -> Result<(), Errno> {
    #[cfg(target_os = "linux")]
    match fs::renameat_with(at, from, at, to, fs::RenameFlags::NOREPLACE) {
        // Some file systems do not support the flag, and some system call filters refuse the call.
        Err(Errno::INVAL | Errno::NOSYS | Errno::PERM) => {}
        renamed => return renamed,
    }
    match fs::linkat(at, from, at, to, AtFlags::empty()) {
        Ok(()) => return fs::unlinkat(at, from, AtFlags::empty()),
        Err(Errno::EXIST) => return Err(Errno::EXIST),
        // The file system has no links. A check before the rename is the best alternative.
        Err(_) => {}
    }
    match fs::statat(at, to, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => Err(Errno::EXIST),
        Err(_) => fs::renameat(at, from, at, to),
    }
}

/// An error of a system call, with the file and the call.
#[derive(Debug)]
struct CallError {
    path: PathBuf,
    call: &'static str,
    source: io::Error,
}

impl core::fmt::Display for CallError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}: {}", self.path.display(), self.call, self.source)
    }
}

impl std::error::Error for CallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Returns `error` with the file and the call in its message, and with the same kind.
pub(crate) fn about(path: &Path, call: &'static str, error: impl Into<io::Error>) -> io::Error {
    let source = error.into();
    if source.get_ref().is_some_and(|inner| inner.is::<CallError>()) {
        return source;
    }
    io::Error::new(source.kind(), CallError { path: path.to_owned(), call, source })
}

#[allow(dead_code, clippy::allow_attributes, reason = "for callers that tell transient errors from others")]
/// Returns the error number of the system, also if `error` contains a file and a call.
pub(crate) fn os_error(error: &io::Error) -> Option<i32> {
    error.raw_os_error().or_else(|| {
        error.get_ref().and_then(|inner| inner.downcast_ref::<CallError>()?.source.raw_os_error())
    })
}

fn lost(path: &Path) -> io::Error {
    let reason = "the descriptor of the directory was closed by the program, and the path names another one";
    about(path, "open", io::Error::new(io::ErrorKind::NotFound, reason))
}
