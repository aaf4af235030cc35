//! The input of commands: logs by path, other data as a stream.

pub(crate) mod selection;
pub(crate) mod time_point;

use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use fusewire::log::{FILE_EXTENSIONS, LogReader, ReadOptions, is_log_file_name};
use fusewire::segment::{FILE_EXTENSION, Segment};

use crate::args::AccessArgs;

/// Makes sure that `path` has something to read: a file that is not empty, or a directory with segments, or with files of lines
/// or frames.
///
/// # Errors
/// Where it has not: that is never a silent nothing.
pub(crate) fn expect_log(path: &Path) -> Result<()> {
    let about = || path.display().to_string();
    let metadata = fs::metadata(path).with_context(about)?;
    if !metadata.is_dir() {
        let is_segment = path.extension().is_some_and(|extension| extension == FILE_EXTENSION);
        if metadata.len() == 0 && !is_segment {
            bail!("{}: the file is empty", path.display());
        }
        return Ok(());
    }
    for entry in fs::read_dir(path).with_context(about)? {
        let path = entry.with_context(about)?.path();
        if is_segment_name(&path) || is_log_file_name(&path) {
            return Ok(());
        }
    }
    bail!(nothing_in(path));
}

/// The same of each of `paths`.
///
/// # Errors
/// Of the first one that has nothing.
pub(crate) fn expect_logs(paths: &[PathBuf]) -> Result<()> {
    paths.iter().try_for_each(|path| expect_log(path))
}

/// Opens files and directories of them.
pub(crate) fn open_logs(paths: &[PathBuf], options: ReadOptions) -> Result<LogReader> {
    let names = || paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    options.open(paths).with_context(names)
}

/// Whether a file is no segment: `has_segment` is whether reading it has found one.
pub(crate) fn is_other_log(path: &Path, has_segment: bool) -> bool {
    !has_segment && !is_segment_name(path)
}

/// Returns the error for a directory without log files.
pub(crate) fn nothing_in(directory: &Path) -> String {
    format!(
        "{}: no segments and no other log files; expected *.{FILE_EXTENSION} or *.{}",
        directory.display(),
        FILE_EXTENSIONS.join(", *.")
    )
}

/// The segment files that `path` stands for: itself, or all in the directory, sorted by name.
///
/// # Errors
/// Where there is nothing to read: that is never a silent nothing.
pub(crate) fn segment_files(path: &Path) -> Result<Vec<PathBuf>> {
    let about = || path.display().to_string();
    if !fs::metadata(path).with_context(about)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let files = segments_in(path).with_context(about)?;
    if files.is_empty() {
        bail!("{}: no segments; expected *.{FILE_EXTENSION}", path.display());
    }
    Ok(files)
}

/// What to call one of the files of `path` in a list of them: its name alone where `path` is their directory.
pub(crate) fn short_name(file: &Path, path: &Path) -> String {
    file.strip_prefix(path)
        .ok()
        .filter(|rest| !rest.as_os_str().is_empty())
        .unwrap_or(file)
        .display()
        .to_string()
}

/// The segment files in a directory, sorted by name.
pub(crate) fn segments_in(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if is_segment_name(&path) {
            files.push(path);
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// Whether a file is called as segments are. One whose name begins with a dot is still being made.
fn is_segment_name(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && path.extension().is_some_and(|extension| extension == FILE_EXTENSION)
}

/// Opens a segment file: mapped, or copied where that is asked for.
pub(crate) fn open_segment(path: &Path, access: AccessArgs) -> Result<Segment> {
    let opened = if access.copy { Segment::read_copy(path) } else { Segment::open_trusted(path) };
    let segment = opened.with_context(|| path.display().to_string())?;
    segment.advise_sequential();
    Ok(segment)
}

/// Whether `file`, which could not be opened, was deleted since the directory `path` was read, as retention does: then it
/// is not there, and that is no failure.
pub(crate) fn is_deleted(file: &Path, path: &Path) -> bool {
    let found = fs::symlink_metadata(file);
    path.is_dir() && found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Makes `directory` ready to write a new log into: it exists, and holds no segment yet.
pub(crate) fn prepare_output(directory: &Path) -> Result<()> {
    let about = || directory.display().to_string();
    fs::create_dir_all(directory).with_context(about)?;
    if let Some(existing) = segments_in(directory).with_context(about)?.first() {
        bail!("{}: the segment already exists; choose a directory without segments", existing.display());
    }
    Ok(())
}

/// Whether the path means standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Whether the path is to be read front to back, once: standard input, or a pipe.
pub(crate) fn is_stream(path: &Path) -> Result<bool> {
    if is_stdin(path) {
        return Ok(true);
    }
    let metadata = fs::metadata(path).with_context(|| path.display().to_string())?;
    Ok(!metadata.is_dir() && !metadata.is_file())
}

/// A stream of bytes to read once, and how long it is where that is known.
pub(crate) struct Stream {
    /// The bytes.
    pub(crate) reader: Box<dyn io::Read>,
    /// How many there are.
    pub(crate) len: Option<u64>,
    /// What to call it in messages.
    pub(crate) name: String,
}

/// Opens a file, or standard input for `-`.
pub(crate) fn open_stream(path: &Path) -> Result<Stream> {
    if is_stdin(path) {
        if io::stdin().is_terminal() {
            bail!("standard input is a terminal; pipe data to it, or name a file");
        }
        return Ok(Stream {
            reader: Box::new(io::stdin().lock()),
            len: None,
            name: "standard input".to_owned(),
        });
    }
    let name = path.display().to_string();
    let file = File::open(path).with_context(|| name.clone())?;
    let metadata = file.metadata().with_context(|| name.clone())?;
    if metadata.is_dir() {
        bail!("{name}: expected a file, found a directory; name a file, or `-` for standard input");
    }
    let len = metadata.is_file().then_some(metadata.len());
    Ok(Stream { reader: Box::new(file), len, name })
}
