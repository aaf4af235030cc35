//! The creation of a segment file: under a temporary name, locked, allocated, and renamed when it is complete.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use crate::failpoint;
use crate::format::segment::{self as layout, SegmentHeader};
use crate::map::clock::unix_nanos_now;

use super::folder::{Folder, Modes, about};
use super::held::Held;
use super::lock;
use super::options::{SegmentOptions, random_id};

/// A new segment file that still has its temporary name. [`segment`] passes it to the code that maps and fills it.
pub(super) struct New<'a> {
    pub(super) file: Held,
    pub(super) folder: &'a Arc<Folder>,
    pub(super) name: &'a OsStr,
    pub(super) header: SegmentHeader,
    pub(super) options: &'a SegmentOptions,
}

/// Creates the segment `name`, which must not exist. `make` maps the file and writes its first pages and its
/// resource. Until then the file has a name that readers ignore, so that a reader never finds an incomplete segment.
/// The name is durable after the next [`Folder::sync_if_changed`].
///
/// The file is locked for its owner ([`lock`]) until the owner's last descriptor of the file is closed.
pub(super) fn segment<T>(
    folder: &Arc<Folder>,
    name: &OsStr,
    options: &SegmentOptions,
    make: impl FnOnce(New<'_>) -> io::Result<T>,
) -> io::Result<T> {
    let temporary = temporary_name(name);
    // Other accounts can open the file only after it is locked.
    //
    // The identity of the file is stored before the slow calls. If the program reuses the number of the descriptor in
    // the meantime, the other file is neither changed nor closed.
    let made = Held::new(folder.create_private(&temporary)?)
        .and_then(|file| {
            let header = allocated(folder, file.get().ok_or(io::ErrorKind::NotFound)?, options)?;
            make(New { file, folder, name, header, options })
        })
        .map_err(|error| about(&folder.path().join(name), "make the segment", error))
        .and_then(|made| {
            failpoint::hit("prepare");
            folder.rename_new(&temporary, name).map(|()| made)
        });
    if made.is_err() {
        // The first error is returned; an error of the removal is ignored.
        let _ = folder.remove(&temporary);
    }
    failpoint::hit("prepared");
    made
}

/// Opens the directory of the file `path`, in which new files have the permissions `file_mode`, and returns the file's name in
/// it.
///
/// # Errors
/// The errors of the file system, and [`io::ErrorKind::InvalidInput`] for a path without a name.
pub(super) fn folder_of(path: &Path, file_mode: u32) -> io::Result<(Arc<Folder>, OsString)> {
    let invalid = || about(path, "open", io::Error::from(io::ErrorKind::InvalidInput));
    let path = std::path::absolute(path)?;
    let (folder, name) = path.parent().zip(path.file_name()).ok_or_else(invalid)?;
    let modes = Modes { file: file_mode & 0o777 | 0o600, ..Modes::default() };
    Ok((Arc::new(Folder::open(folder, modes)?), name.to_owned()))
}

fn allocated(folder: &Folder, file: &File, options: &SegmentOptions) -> io::Result<SegmentHeader> {
    if failpoint::hit("make") {
        return Err(io::ErrorKind::StorageFull.into());
    }
    let compat = lock::take(file);
    folder.publish(file);
    let size = options.effective_size();
    allocate(file, 0, size)?;
    let mut salt = [0; 4];
    salt.copy_from_slice(&random_id()[..4]);
    let incompat = if options.self_contained { 0 } else { layout::INCOMPAT_LIKE };
    Ok(SegmentHeader {
        version: layout::version_of(incompat),
        compat,
        read_only_compat: 0,
        incompat,
        salt: u32::from_le_bytes(salt),
        segment_id: random_id(),
        stream_id: options.stream_id,
        boot_id: boot_id(),
        sequence: options.sequence,
        size,
        data_start: layout::DATA_START as u64,
        created_unix_nano: unix_nanos_now(),
        previous_id: options.previous_id,
        previous_end: options.previous_end,
        schema_fingerprint: layout::SCHEMA_FINGERPRINT,
        ordinal: options.ordinal,
    })
}

/// Returns `.NAME.RANDOM.tmp`: a name that no reader takes for a segment and that no other writer creates.
pub(crate) fn temporary_name(name: &OsStr) -> OsString {
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{:08x}.tmp", u128::from_le_bytes(random_id()) >> 96));
    temporary
}

/// Extends the file from `from` to `size` bytes and allocates all of them on disk. A write through a map to a hole of a full
/// disk would cause SIGBUS.
pub(super) fn allocate(file: &File, from: u64, size: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    match rustix::io::retry_on_intr(|| {
        rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), from, size - from)
    }) {
        Ok(()) => return Ok(()),
        // Some file systems cannot allocate in advance, and some system call filters refuse the call.
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    write_zeros(file, from, size)
}

/// Allocates the bytes from `from` to `size` by writing zeros.
fn write_zeros(mut file: &File, from: u64, size: u64) -> io::Result<()> {
    let zeros = [0; 64 << 10];
    let mut left = size - from;
    io::Seek::seek(&mut file, io::SeekFrom::Start(from))?;
    while left > 0 {
        let part = usize::try_from(left).unwrap_or(zeros.len()).min(zeros.len());
        io::Write::write_all(&mut file, &zeros[..part])?;
        left -= part as u64;
    }
    Ok(())
}

/// Releases the whole pages between `from` and `to`. The map and the length do not change. If the file system does
/// not support this, the space stays allocated.
pub(super) fn punch(file: &File, from: usize, to: usize) {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::FallocateFlags;
        let (from, to) = (from.next_multiple_of(layout::PAGE), to / layout::PAGE * layout::PAGE);
        if from < to {
            let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            let _ = rustix::fs::fallocate(file, flags, from as u64, (to - from) as u64);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (file, from, to);
}

/// Creates the directory if it does not exist. Makes its name durable, and the names of the directories above it that
/// had to be created.
///
/// # Errors
/// The errors of the file system.
pub(crate) fn directory(path: &Path) -> io::Result<()> {
    Folder::make(path, Modes::default()).map(drop)
}

/// Returns the id of this boot of the machine, or zero if the system has none.
pub(crate) fn boot_id() -> [u8; 16] {
    static ID: OnceLock<[u8; 16]> = OnceLock::new();
    *ID.get_or_init(|| {
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
        u128::from_str_radix(&digits, 16).map_or([0; 16], u128::to_be_bytes)
    })
}
