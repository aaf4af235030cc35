//! Temporary copies of standard input and pipes, for commands that read their input more than once or in any order.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

use super::{is_stdin, is_stream, open_stream};

/// The copies of this process: the path, the name for the user, and the file. The files have no name in a directory, so that
/// they disappear with the process.
static COPIES: OnceLock<Vec<(PathBuf, String, File)>> = OnceLock::new();

/// Replaces each stream in `paths` by the path of a copy. A path that cannot be read is kept, so that the command reports it.
///
/// # Errors
/// Returns an error if a stream is empty or cannot be copied.
pub(crate) fn replace_streams(paths: Vec<&mut PathBuf>) -> Result<()> {
    let mut copies = Vec::new();
    for path in paths {
        if !is_stream(path).unwrap_or(false) {
            continue;
        }
        // The command reports a device as an error.
        let stream = match open_stream(path) {
            Err(error) if is_stdin(path) => return Err(error),
            Err(_) => continue,
            Ok(stream) => stream,
        };
        let (mut reader, name) = (stream.reader, stream.name);
        let mut file = tempfile::tempfile().context("cannot create a temporary file")?;
        let copied = io::copy(&mut reader, &mut file).with_context(|| name.clone())?;
        if copied == 0 {
            bail!("{name}: the input is empty");
        }
        *path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
        copies.push((path.clone(), name, file));
    }
    _ = COPIES.set(copies);
    Ok(())
}

/// Returns the name of a path for the user: for a copy, the name of its stream.
pub(crate) fn name_of(path: &Path) -> Cow<'_, Path> {
    match COPIES.get().and_then(|copies| copies.iter().find(|(copy, _, _)| copy == path)) {
        Some((_, name, _)) => Cow::Owned(PathBuf::from(name)),
        None => Cow::Borrowed(path),
    }
}

/// Returns a message with the names of streams in place of the paths of their copies.
pub(crate) fn with_names(message: &str) -> Cow<'_, str> {
    let mut message = Cow::Borrowed(message);
    for (path, name, _) in COPIES.get().into_iter().flatten() {
        let path = format!("{}:", path.display());
        if message.contains(&path) {
            message = Cow::Owned(message.replace(&path, &format!("{name}:")));
        }
    }
    message
}
