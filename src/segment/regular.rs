//! The opening of regular files by path.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;

/// Whether a path may be a symbolic link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    /// Links are followed. This is for a path that the user names.
    Followed,
    /// Links are refused. This is for a name that was found in a directory: any account that can write to the
    /// directory could have created the link.
    Refused,
}

/// Opens the regular file `path` for reading. Does not wait for the other end of a FIFO.
///
/// # Errors
/// The errors of the file system, and [`io::ErrorKind::InvalidInput`] if the file is not a regular file.
pub(crate) fn open(path: &Path, links: Links) -> io::Result<(File, Metadata)> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let follow = if links == Links::Refused { libc::O_NOFOLLOW } else { 0 };
        options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | follow);
    }
    let file = match options.open(path) {
        Ok(file) => file,
        // The error may come from a link that is not followed, or from a socket.
        Err(error) => {
            let found = if links == Links::Refused { fs::symlink_metadata(path) } else { fs::metadata(path) };
            return Err(match found {
                Ok(found) if !found.is_file() && !found.is_dir() => refusal(found.file_type(), links),
                _ => error,
            });
        }
    };
    let metadata = file.metadata()?;
    if metadata.is_file() { Ok((file, metadata)) } else { Err(refusal(metadata.file_type(), links)) }
}

/// Returns the error for a file of another type.
fn refusal(kind: fs::FileType, links: Links) -> io::Error {
    let text = if kind.is_symlink() {
        "not a regular file (symbolic link); skipped; name the path to follow the link".to_owned()
    } else {
        let skipped = if links == Links::Refused { "; skipped" } else { "" };
        format!("not a regular file ({}){skipped}", name_of(kind))
    };
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

fn name_of(kind: fs::FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let types = [
            (kind.is_fifo(), "FIFO"),
            (kind.is_socket(), "socket"),
            (kind.is_char_device(), "character device"),
            (kind.is_block_device(), "block device"),
        ];
        if let Some((_, name)) = types.into_iter().find(|(is_it, _)| *is_it) {
            return name;
        }
    }
    if kind.is_dir() { "directory" } else { "unknown type" }
}
