//! The input of commands: logs by path, other data as a stream.

pub(crate) mod selection;
pub(crate) mod settings;
pub(crate) mod spool;
pub(crate) mod streams;
pub(crate) mod time_point;

use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use fusewire::log::{FILE_EXTENSIONS, LogReader, ReadOptions, is_log_file_name, is_segment_name};
use fusewire::segment::{FILE_EXTENSION, Segment};

use crate::outcome::Outcome;
use crate::output::Terminal;

/// Checks that `path` contains a log: a segment, another file that is not empty, or a directory with segments or other log
/// files.
///
/// # Errors
/// Returns an error if `path` contains no log.
pub(crate) fn expect_log(path: &Path) -> Result<()> {
    let about = || path.display().to_string();
    let metadata = fs::metadata(path).with_context(about)?;
    if !metadata.is_dir() {
        let is_segment = path.extension().is_some_and(|extension| extension == FILE_EXTENSION);
        if metadata.len() == 0 && !is_segment {
            bail!("{}: the file is empty", path.display());
        }
        if metadata.is_file() {
            // A reader would report this error for all paths together.
            File::open(path).with_context(about)?;
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

/// The form of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Standard input or a pipe. It can be read once, in order.
    Stream,
    /// A file or a directory that contains a log.
    Log,
}

/// Returns the form of the input `path`.
///
/// # Errors
/// Returns an error if `path` contains no log.
pub(crate) fn form_of(path: &Path) -> Result<Form> {
    if is_stream(path)? {
        return Ok(Form::Stream);
    }
    expect_log(path).map(|()| Form::Log)
}

/// Returns `path` itself, or the segments and the other log files in this directory, sorted by name.
///
/// # Errors
/// Returns an error if the directory cannot be read.
pub(crate) fn files_of(path: &Path) -> Result<Vec<PathBuf>> {
    if is_stdin(path) || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let about = || path.display().to_string();
    let mut files = Vec::new();
    for entry in fs::read_dir(path).with_context(about)? {
        let path = entry.with_context(about)?.path();
        let is_log = is_segment_name(&path) || is_log_file_name(&path);
        if is_log && fs::symlink_metadata(&path).is_ok_and(|file| file.is_file() && file.len() > 0) {
            files.push(path);
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// Returns the paths that contain a log, and the outcome of the other paths. Reports an error for each of the other paths.
///
/// # Errors
/// Returns an error if no path contains a log.
pub(crate) fn usable(paths: &[PathBuf], terminal: &Terminal) -> Result<(Vec<PathBuf>, Outcome)> {
    let (mut usable, mut outcome) = (Vec::new(), Outcome::Clean);
    let mut last = None;
    for path in paths {
        match expect_log(path) {
            Ok(()) => usable.push(path.clone()),
            Err(error) => {
                outcome = outcome.max(of_error(&error));
                if let Some(earlier) = last.replace(error) {
                    terminal.complain(&earlier);
                }
            }
        }
    }
    match last {
        Some(last) if usable.is_empty() => return Err(last),
        Some(last) => terminal.complain(&last),
        None => {}
    }
    Ok((usable, outcome))
}

/// Returns the outcome of a command that reads other paths in addition to a path with this error. A path without a log
/// is a failure. A log that cannot be read is a loss.
pub(crate) fn of_error(error: &anyhow::Error) -> Outcome {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    if kind.is_some_and(|kind| kind != io::ErrorKind::NotFound) { Outcome::Lossy } else { Outcome::Failed }
}

/// Opens files and directories as one log.
pub(crate) fn open_logs(paths: &[PathBuf], options: ReadOptions) -> Result<LogReader> {
    let names = || paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    options.open(paths).with_context(names)
}

/// Returns whether a file is not a segment. `has_segment` is true if the reader found a segment in it.
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

/// Returns `path` itself, or all segment files in this directory, sorted by name.
///
/// # Errors
/// Returns an error if there is no segment.
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

/// Returns the name of a file for a list: relative to `path` if `path` is its directory.
pub(crate) fn short_name(file: &Path, path: &Path) -> String {
    if file == path {
        return spool::name_of(path).display().to_string();
    }
    file.strip_prefix(path)
        .ok()
        .filter(|rest| !rest.as_os_str().is_empty())
        .unwrap_or(file)
        .display()
        .to_string()
}

/// Returns the segment files in a directory, sorted by name.
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

/// Reads a segment file into memory.
pub(crate) fn open_segment(path: &Path) -> Result<Segment> {
    Segment::read_copy(path).with_context(|| path.display().to_string())
}

/// Returns whether `file` was deleted after the directory `path` was read. Retention deletes files, so this is not a
/// failure.
pub(crate) fn is_deleted(file: &Path, path: &Path) -> bool {
    let found = fs::symlink_metadata(file);
    path.is_dir() && found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Returns the permissions of new segments: 0640 without the bits of the umask.
pub(crate) fn segment_mode() -> u32 {
    use rustix::fs::Mode;
    // The only way to read the umask is to set it. No other thread creates files at this point.
    let umask = rustix::process::umask(Mode::from_raw_mode(0o077));
    rustix::process::umask(umask);
    0o640 & !umask.as_raw_mode()
}

/// Creates `directory` if it is missing.
///
/// # Errors
/// Returns an error if the directory contains a segment.
pub(crate) fn prepare_output(directory: &Path) -> Result<()> {
    let about = || directory.display().to_string();
    fs::create_dir_all(directory).with_context(about)?;
    if let Some(existing) = segments_in(directory).with_context(about)?.first() {
        bail!("{}: the segment already exists; choose a directory without segments", existing.display());
    }
    Ok(())
}

/// Returns whether the path is `-`, for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Returns whether the path is standard input or a pipe. Such input can be read only once.
pub(crate) fn is_stream(path: &Path) -> Result<bool> {
    if is_stdin(path) {
        return Ok(true);
    }
    let metadata = fs::metadata(path).with_context(|| path.display().to_string())?;
    Ok(!metadata.is_dir() && !metadata.is_file())
}

/// A stream of bytes, with its length if the length is known.
pub(crate) struct Stream {
    /// The bytes.
    pub(crate) reader: Box<dyn io::Read>,
    /// The number of bytes.
    pub(crate) len: Option<u64>,
    /// The name for messages.
    pub(crate) name: String,
    /// A descriptor that shows whether the stream has data, if the stream can have a pause.
    pub(crate) pauses: Option<OwnedFd>,
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
            pauses: io::stdin().as_fd().try_clone_to_owned().ok(),
        });
    }
    let name = path.display().to_string();
    let found = fs::metadata(path).with_context(|| name.clone())?;
    if found.is_dir() {
        bail!("{name}: expected a file, found a directory; name a file, or `-` for standard input");
    }
    // A device has no end.
    settings::expect_data(found.file_type()).with_context(|| name.clone())?;
    let file = File::open(path).with_context(|| name.clone())?;
    let metadata = file.metadata().with_context(|| name.clone())?;
    let len = metadata.is_file().then_some(metadata.len());
    // Without a descriptor, the last entry of several lines appears at the end of the stream.
    let pauses = if metadata.file_type().is_fifo() { file.as_fd().try_clone_to_owned().ok() } else { None };
    Ok(Stream { reader: Box::new(file), len, name, pauses })
}
