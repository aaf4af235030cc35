//! Reads of small configurations and baselines, with a maximum size.

use std::fs::{self, File, FileType};
use std::io::Read;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use serde::de::DeserializeOwned;

use crate::output::numbers::bytes;

/// The maximum size of a configuration, in bytes.
const CONFIG: u64 = 1 << 20;
/// The maximum size of a baseline, in bytes.
pub(crate) const BASELINE: u64 = 64 << 20;

/// Reads the text of a regular file or a pipe.
///
/// # Errors
/// Returns an error with the path if the file has another type, has more than `most` bytes, or is not UTF-8.
pub(crate) fn read(path: &Path, most: u64) -> Result<String> {
    let about = || path.display().to_string();
    expect_data(fs::metadata(path).with_context(about)?.file_type()).with_context(about)?;
    let mut text = Vec::new();
    File::open(path).with_context(about)?.take(most + 1).read_to_end(&mut text).with_context(about)?;
    if text.len() as u64 > most {
        bail!("{}: expected at most {}, found more", path.display(), bytes(most));
    }
    match String::from_utf8(text) {
        Ok(text) => Ok(text),
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            bail!("{}: offset {offset}: expected UTF-8, found other bytes", path.display())
        }
    }
}

/// A TOML file that was read.
pub(crate) struct Toml<'a> {
    path: &'a Path,
    text: String,
}

impl<'a> Toml<'a> {
    /// Reads a file of at most 1 MiB.
    ///
    /// # Errors
    /// Returns the errors of [`read`].
    pub(crate) fn read(path: &'a Path) -> Result<Self> {
        Ok(Self { path, text: read(path, CONFIG)? })
    }

    /// Returns the value of the text.
    ///
    /// # Errors
    /// Returns an error if the text is not TOML or has another type. The error contains the line, the column, the fault and the
    /// text of the line.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        toml::from_str(&self.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = self.text.lines().nth(self.lines_before(at)).unwrap_or_default();
            self.error(at, &format!("{} in `{}`", error.message(), line.trim()))
        })
    }

    /// Returns an error about the text at the byte offset `at`, with the file, the line and the column.
    pub(crate) fn error(&self, at: usize, message: &str) -> anyhow::Error {
        let before = self.text.get(..at).unwrap_or_default();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let (path, line) = (self.path.display(), self.lines_before(at) + 1);
        anyhow!("{path}: line {line}, column {column}: {message}")
    }

    fn lines_before(&self, at: usize) -> usize {
        self.text.get(..at).unwrap_or_default().matches('\n').count()
    }
}

/// Reads a TOML file of at most 1 MiB.
///
/// # Errors
/// Returns the errors of [`Toml::read`] and [`Toml::parse`].
pub(crate) fn toml<T: DeserializeOwned>(path: &Path) -> Result<T> {
    Toml::read(path)?.parse()
}

/// Checks that a file has an end: it is a regular file or a pipe.
///
/// # Errors
/// Returns an error with the type of the file.
pub(crate) fn expect_data(kind: FileType) -> Result<()> {
    let found = match kind {
        kind if kind.is_file() || kind.is_fifo() => return Ok(()),
        kind if kind.is_dir() => "a directory",
        kind if kind.is_char_device() => "a character device",
        kind if kind.is_block_device() => "a block device",
        kind if kind.is_socket() => "a socket",
        _ => "another type of file",
    };
    bail!("expected a file or a pipe, found {found}")
}
