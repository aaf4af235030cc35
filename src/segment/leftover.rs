//! Segments without any data, which a power cut leaves.
//!
//! The file system can keep the name and the length of a file and lose its bytes. Such a file has length 0 or
//! contains only zeros. A writer writes the first page before it gives the segment its name, so no process writes
//! such a file.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::format::segment as layout;

use super::folder::{Access, Folder};
use super::held::FileId;
use super::lock;
use super::salvage::{end_previous, next_data, stream_of};

/// The number of bytes that are read at a time.
const CHUNK: usize = 64 << 10;

/// Returns whether the file `name` has the name of a segment and does not begin like one, and no process owns it.
///
/// # Errors
/// The errors of the file system.
pub(crate) fn is_left(folder: &Folder, name: &OsStr) -> io::Result<bool> {
    if stream_of(name).is_none() {
        return Ok(false);
    }
    let file = folder.open_regular(name, Access::Read)?;
    let mut signature = [0; 8];
    let has_data = file.read_exact_at(&mut signature, 0).is_ok() && signature != [0; 8];
    Ok(!has_data && lock::is_held(&file, None) == Some(false))
}

/// Deletes the file `name` under the conditions of [`is_left`], if no other account can have created it and all its bytes
/// are zero. The caller has excluded other processes that salvage or delete segments. If the segment was the last one of
/// its stream, records in the segment before it that the process has ended. Returns whether it deleted the file.
///
/// # Errors
/// The errors of the file system, and the errors of [`Folder::open_only`].
pub(crate) fn remove(folder: &Folder, name: &OsStr) -> io::Result<bool> {
    let file = folder.open_only(name)?;
    if !is_left(folder, name)? || !is_zero(&file)? {
        return Ok(false);
    }
    let is_there =
        folder.stat(name).is_ok_and(|found| FileId::of(&file).is_ok_and(|id| FileId::in_stat(&found) == id));
    if !is_there {
        return Ok(false);
    }
    folder.remove(name)?;
    end_previous(folder, name, |header| !header.is_read_only());
    Ok(true)
}

fn is_zero(file: &File) -> io::Result<bool> {
    let len = file.metadata()?.len();
    if len > layout::MAX_SIZE {
        return Ok(false);
    }
    let end = usize::try_from(len).unwrap_or(usize::MAX);
    let mut buffer = vec![0; CHUNK];
    let mut at = 0;
    while let Some(data) = next_data(file, at, end)? {
        let part = &mut buffer[..CHUNK.min(end - data)];
        file.read_exact_at(part, data as u64)?;
        if part.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        at = data + part.len();
    }
    Ok(true)
}
